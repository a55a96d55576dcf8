import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { Writable } from 'node:stream'
import { BroadcastChannel } from 'node:worker_threads'
import { startVitest, type CliOptions, type Reporter, type TestCase } from 'vitest/node'
import { messageOf } from '../fixtures/thrown.ts'
import type { Verdict } from '../fixtures/record.ts'
import type { Planned } from '../fixtures/run/plan.ts'
import { publicationOf, type Publication } from '../reports/allure.ts'
import { allureReporter } from '../reports/allure-reporter.ts'
import { compiledFolder, VITEST_HOME, withScratch } from '../reports/scratch.ts'
import { conformance } from './vitest-project.ts'
import { ask, type Begun, type Reached } from './judging.ts'

/** What the tests in vitest's thread are given. Plain data. */
export interface Given {
  readonly verdicts: readonly Planned[]
  /** Name of the BroadcastChannel between the tests and the run. */
  readonly channel: string
}

/** A test asks for its verdict, by its id. */
export interface Asked {
  readonly reach: string
}

/** What the run says to the tests. `problem`: why a verdict was not reached. */
export type Said = { readonly publication: Publication } | { readonly id: string; readonly problem: string }

declare module 'vitest' {
  interface ProvidedContext {
    conformance: Given
  }
}

const ROOT = resolve(import.meta.dirname, '..')

/** Takes what vitest prints, whether or not somebody still reads it: vitest waits until all of it is taken before it ends its thread. */
const outlet = (to: NodeJS.WriteStream): Writable =>
  new Writable({ write: (chunk, _encoding, taken) => void to.write(chunk, () => taken()) })

/**
 * Runs the plan as vitest's conformance project: one test for each verdict, with Allure's reporter beside ours. The tests ask for their
 * verdicts, and this process reaches them: what it needs for that is loaded once. `onVerdict` hears each of them. Resolves to all that was
 * kept, and to what went wrong with the suite itself.
 */
export async function reachByVitest(begun: Begun, onVerdict: (verdict: Verdict) => void): Promise<Reached> {
  const { plan, redactor } = begun
  const { reportDir } = begun.judging.configuration
  const problems: string[] = []
  const failed = (error: unknown): void => void problems.push(messageOf(error))
  const asking = ask(begun)
  // An open channel keeps the process alive: nothing may throw before it is sure to be closed.
  const channel = new BroadcastChannel(randomUUID())
  const tell = (said: Said): void => channel.postMessage(said)
  const run = redactor.value(begun.run)
  channel.addEventListener('message', (event) => {
    const { reach: id } = (event as MessageEvent).data as Asked
    asking
      .reach(id)
      .then((verdict) => {
        onVerdict(verdict)
        tell({ publication: publicationOf(verdict, asking.exchanges, run) })
      })
      .catch((error: unknown) => tell({ id, problem: messageOf(error) }))
  })
  const listeners = process.listeners('unhandledRejection')
  const reporter: Reporter = {
    onInit() {
      // vitest's own listener ends the process with 1, as if the server did not conform; without it Node hands a rejection to `failed`.
      for (const listener of process.listeners('unhandledRejection').filter((one) => !listeners.includes(one)))
        process.off('unhandledRejection', listener)
    },
    onTestCaseResult(testCase: TestCase) {
      if (testCase.meta().judged !== true && testCase.result().state === 'failed')
        problems.push(testCase.result().errors?.[0]?.message ?? 'a check broke')
    },
    onTestRunEnd(modules, errors) {
      for (const error of [...errors, ...modules.flatMap((module) => module.errors())]) problems.push(error.message)
    },
  }
  const allure = allureReporter(resolve(reportDir), failed)
  const exitCode = process.exitCode
  const compiled = compiledFolder()
  const home = process.env[VITEST_HOME]
  process.on('uncaughtException', failed)
  try {
    const vitest = await withScratch(reportDir, async (scratch) => {
      process.env[VITEST_HOME] = scratch
      const options: CliOptions = {
        ...conformance,
        root: ROOT,
        // Vite would write beside the file, which a read-only image forbids, or have Node strip its types at each run.
        config: false,
        run: true,
        watch: false,
        reporters: [reporter, allure],
        provide: {
          conformance: {
            verdicts: plan.verdicts,
            channel: channel.name,
          },
        },
        // The thread's own start is compiled code, too.
        env: compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled },
        maxConcurrency: 10_000,
        tags: [...new Set(plan.verdicts.flatMap(({ tags }) => tags))].map((name) => ({ name })),
      }
      // The .env has been read: of a pipe, which some keepers of secrets make it, Vite would wait for a second text.
      return await startVitest('test', [], options, { envDir: false }, { stdout: outlet(process.stdout), stderr: outlet(process.stderr) })
    })
    await vitest.close()
  } finally {
    // An open channel would keep the process alive.
    channel.close()
    await asking.close()
    process.off('uncaughtException', failed)
    process.exitCode = exitCode
    if (home === undefined) delete process.env[VITEST_HOME]
    else process.env[VITEST_HOME] = home
  }
  const { verdicts, exchanges } = asking
  if (problems.length === 0 && verdicts.length < plan.verdicts.length)
    problems.push(`only ${verdicts.length} of ${plan.verdicts.length} verdicts were reached`)
  return { problems, verdicts, exchanges }
}
