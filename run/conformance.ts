import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { BroadcastChannel, receiveMessageOnPort, type MessagePort } from 'node:worker_threads'
import { startVitest, type Reporter, type TestCase } from 'vitest/node'
import { messageOf } from '../fixtures/thrown.ts'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import { OWN_EXTENSION } from '../fixtures/own-extension.ts'
import type { Run, Verdict } from '../fixtures/record.ts'
import type { Plan } from '../fixtures/run/plan.ts'
import type { RunOptions } from '../fixtures/run/run.ts'
import type { Configuration } from '../fixtures/target/configuration.ts'
import type { TargetFacts } from '../fixtures/target/target.ts'
import { allureReporter } from '../reports/allure-reporter.ts'
import { VITEST_HOME, withScratch } from '../reports/scratch.ts'

/** What the run in vitest's thread is given. Plain data. */
export interface Given {
  readonly run: Run
  readonly target: TargetFacts
  readonly configuration: Configuration
  readonly facts: RunOptions['facts']
  readonly plan: Plan
  /** Where the local time server listens. */
  readonly timeUrl: string
}

/** What the run in vitest's thread says, as it happens: each exchange before the verdicts that are reached from it. */
export type RunEvent = { readonly verdict: Verdict } | { readonly exchange: Exchange }

declare module 'vitest' {
  interface ProvidedContext {
    conformance: Given & { readonly channel: string }
  }
}

const ROOT = resolve(import.meta.dirname, '..')

/**
 * Runs the plan as vitest's conformance project: one test for each verdict, with Allure's reporter beside ours. What is said is handed to
 * `keep`, which gives back what was kept of it. Resolves to all of it, and to what went wrong with the suite itself.
 */
export async function runVitest(
  given: Given,
  keep: { readonly verdict: (verdict: Verdict) => Verdict; readonly exchange: (exchange: Exchange) => Exchange },
): Promise<{ readonly problems: readonly string[]; readonly verdicts: readonly Verdict[]; readonly exchanges: readonly Exchange[] }> {
  const problems: string[] = []
  const verdicts: Verdict[] = []
  const exchanges: Exchange[] = []
  const take = (said: RunEvent): void => {
    try {
      if ('verdict' in said) verdicts.push(keep.verdict(said.verdict))
      else exchanges.push(keep.exchange(said.exchange))
    } catch (error) {
      problems.push(messageOf(error))
    }
  }
  const channel = new BroadcastChannel(randomUUID())
  channel.addEventListener('message', (event) => take((event as MessageEvent).data as RunEvent))
  const reporter: Reporter = {
    onTestCaseResult(testCase: TestCase) {
      if (testCase.meta().judged !== true && testCase.result().state === 'failed')
        problems.push(testCase.result().errors?.[0]?.message ?? 'a check broke')
    },
    onTestRunEnd(modules, errors) {
      for (const error of [...errors, ...modules.flatMap((module) => module.errors())]) problems.push(error.message)
    },
  }
  const allure = allureReporter(resolve(given.configuration.reportDir), (error) => void problems.push(messageOf(error)))
  const exitCode = process.exitCode
  const home = process.env[VITEST_HOME]
  const vitest = await withScratch(given.configuration.reportDir, async (scratch) => {
    process.env[VITEST_HOME] = scratch
    return await startVitest('test', [], {
      root: ROOT,
      config: resolve(ROOT, `vitest.config${OWN_EXTENSION}`),
      // Vite's own way writes beside the file, which a read-only image forbids.
      configLoader: 'native',
      run: true,
      watch: false,
      project: ['conformance'],
      reporters: [reporter, allure],
      provide: { conformance: { ...given, channel: channel.name } },
      maxConcurrency: 10_000,
      tags: [...new Set(given.plan.verdicts.flatMap(({ tags }) => tags))].map((name) => ({ name })),
    })
  })
    .catch((error: unknown) => {
      // An open channel would keep the process alive.
      channel.close()
      throw error
    })
    .finally(() => {
      if (home === undefined) delete process.env[VITEST_HOME]
      else process.env[VITEST_HOME] = home
    })
  await vitest.close()
  process.exitCode = exitCode
  // What was said last may not have been delivered yet. Node takes a BroadcastChannel here, its types do not know it.
  const port = channel as unknown as MessagePort
  for (let left = receiveMessageOnPort(port); left !== undefined; left = receiveMessageOnPort(port)) take(left.message as RunEvent)
  channel.close()
  if (problems.length === 0 && verdicts.length < given.plan.verdicts.length)
    problems.push(`only ${verdicts.length} of ${given.plan.verdicts.length} verdicts were reached`)
  return { problems, verdicts, exchanges }
}
