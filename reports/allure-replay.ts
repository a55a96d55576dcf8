import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Stage, Status } from 'allure-js-commons'
import { getMessageAndTraceFromError } from 'allure-js-commons/sdk'
import { ReporterRuntime, type Writer } from 'allure-js-commons/sdk/reporter'
import { MessageHolderTestRuntime, setGlobalTestRuntime, type TestRuntime } from 'allure-js-commons/sdk/runtime'
import { publish } from './allure.ts'
import { LISTENERS } from './allure-reporter.ts'
import type { Recording } from './store.ts'

/** How vitest's `skip` ends a test. */
class Skipped extends Error {}

const context = {
  skip(): never {
    throw new Skipped()
  },
}

/** Writes Allure's results of a record into a folder, which is emptied first. One at a time: Allure has one runtime for a process. */
export async function replay(results: string, { run, verdicts, exchanges }: Recording): Promise<void> {
  rmSync(results, { recursive: true, force: true })
  mkdirSync(results, { recursive: true })
  const reporter = new ReporterRuntime({ writer: writerInto(results), listeners: LISTENERS })
  for (const verdict of verdicts) {
    const said = new MessageHolderTestRuntime()
    // Its types were not written for exactOptionalPropertyTypes.
    setGlobalTestRuntime(said as TestRuntime)
    const uuid = reporter.startTest({ name: `${verdict.title} [${verdict.id}]` })
    let status: Status = Status.PASSED
    let details = {}
    try {
      await publish(verdict, exchanges, context, run)
    } catch (error) {
      if (error instanceof Skipped) status = Status.SKIPPED
      else {
        status = Status.FAILED
        details = getMessageAndTraceFromError(error as Error)
      }
    }
    reporter.updateTest(uuid, (result) => {
      reporter.applyRuntimeMessages(uuid, said.messages())
      Object.assign(result, { status, stage: Stage.FINISHED, statusDetails: details })
    })
    reporter.stopTest(uuid)
    reporter.writeTest(uuid)
  }
}

/** Allure's own writer waits for the disk after each of a thousand files, which nobody reads before the page is made. */
function writerInto(results: string): Writer {
  const put = (name: string, content: Buffer | object): void =>
    writeFileSync(join(results, name), Buffer.isBuffer(content) ? content : JSON.stringify(content))
  return {
    writeResult: (result) => put(`${result.uuid}-result.json`, result),
    writeGroup: (group) => put(`${group.uuid}-container.json`, group),
    writeAttachment: put,
    writeAttachmentFromPath: (name, from) => copyFileSync(from, join(results, name)),
    writeEnvironmentInfo: () => {},
    writeCategoriesDefinitions: () => {},
    writeGlobals: put,
  }
}
