import { join, resolve, sep } from 'node:path'
import { Status, type StepResult, type TestResult } from 'allure-js-commons'
import AllureVitestReporter from 'allure-vitest/reporter'
import type { Reporter, TestModule, Vitest } from 'vitest/node'
import { LABELS, skippedBecause, STATUS } from './allure.ts'
import type { Effect } from './counts.ts'
import { FILES } from './store.ts'

const SHOWN_LABELS: ReadonlySet<string> = new Set(['epic', 'feature', 'severity', 'tag', ...Object.values(LABELS)])
const ROOT = resolve(import.meta.dirname, '..') + sep

/**
 * allure-vitest as an entry of vitest's `reporters`; results go into the report folder. `failed` is told what it throws, which vitest would
 * print with its stack: a full disk is no defect of ours.
 */
export function allureReporter(
  folder: string,
  failed = (error: unknown): void => {
    throw error
  },
): Reporter {
  const reporter = new AllureVitestReporter({
    resultsDir: join(folder, FILES.allure),
    reportMatchers: false,
    listeners: [{ beforeTestResultWrite: clean, beforeStepStop: fail }],
  })
  const guarded =
    <T>(act: (given: T) => void) =>
    (given: T): void => {
      try {
        act(given)
      } catch (error) {
        failed(error)
      }
    }
  return {
    onInit: guarded((vitest: Vitest) => reporter.onInit(vitest)),
    onTestRunEnd: guarded((modules: readonly TestModule[]) => reporter.onTestRunEnd(modules)),
  }
}

/** Gives a result the status of its verdict and the reason of a skip, and removes what describes this machine. */
function clean(result: TestResult): void {
  const labelled = (name: string) => result.labels.find((label) => label.name === name)?.value
  const id = labelled(LABELS.verdict)
  const effect = Object.keys(STATUS).find((name): name is Effect => name === labelled(LABELS.effect))
  result.labels = result.labels.filter(({ name }) => SHOWN_LABELS.has(name))
  const { message, trace, ...values } = result.statusDetails
  result.statusDetails = { ...values, ...(message === undefined ? {} : { message: relative(message) }) }
  if (id === undefined || effect === undefined) {
    if (trace !== undefined) result.statusDetails.trace = relative(trace)
    return
  }
  result.fullName = id
  result.titlePath = []
  result.status = STATUS[effect]
  const [start, duration]: readonly [number, number] = JSON.parse(labelled(LABELS.times) ?? '[0,0]')
  result.start = start
  result.stop = start + duration
  if (result.status === Status.SKIPPED) result.statusDetails = { message: skippedBecause(effect, labelled(LABELS.reason)) }
}

/** Marks a step with a finding as failed, although nothing was thrown in it. */
function fail(step: StepResult): void {
  if (step.parameters.some(({ name }) => name === 'got')) step.status = Status.FAILED
}

/** Without the project's folder and without the frames of libraries. */
function relative(text: string): string {
  const own = text.split('\n').filter((line) => !/^\s*at .*(node_modules|node:)/.test(line))
  return own.join('\n').replaceAll(`file://${ROOT}`, '').replaceAll(ROOT, '')
}
