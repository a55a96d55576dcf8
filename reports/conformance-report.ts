import { stringify } from 'yaml'
import { excerpt } from '../fixtures/text.ts'
import type { Level, Verdict } from '../fixtures/record.ts'
import { effectOf } from './counts.ts'
import { headline } from './headline.ts'
import type { Recording } from './store.ts'

interface ReportProfile {
  readonly result: 'success' | 'partial' | 'failure'
  readonly statistics: { readonly Passed: number; readonly Failed: number; readonly Skipped: number }
  readonly failedTests?: readonly string[]
  readonly skippedTests?: readonly { readonly name: string; readonly reason: string }[]
}

/**
 * The record in the form of the ConformanceReport of gateway-api (conformance/apis/v1): every MUST is core, SHOULD and MAY are extended.
 * A profile succeeds only when the whole suite was run and all of it that applies to the server passed.
 */
export function conformanceReport(recording: Recording): string {
  const { run, verdicts, partial } = recording
  const of = (...levels: readonly Level[]): ReportProfile =>
    profile(
      recording,
      verdicts.filter(({ level }) => levels.includes(level)),
    )
  const vllm = run.server.name.startsWith('vLLM')
  const report = {
    apiVersion: 'tool-calling-conformance/v1',
    kind: 'ConformanceReport',
    date: run.ended?.at ?? run.started,
    implementation: {
      organization: vllm ? 'vllm-project' : 'unknown',
      project: vllm ? 'vllm' : excerpt(run.server.name, 120),
      url: vllm ? 'https://github.com/vllm-project/vllm' : excerpt(run.target.baseUrl),
      version: run.server.identity?.vllm ?? 'unknown',
      ...(run.server.model === undefined ? {} : { model: excerpt(run.server.model, 200) }),
      ...(run.server.identity?.kaito === undefined ? {} : { kaito: run.server.identity.kaito }),
      target: excerpt(run.target.name, 200),
    },
    suite: { name: run.suite.name, version: run.suite.version },
    mode: run.filter === undefined ? 'default' : `filtered: ${excerpt(run.filter)}`,
    depth: run.depth ?? 'default',
    complete: !partial && run.filter === undefined && run.depth !== 'smoke',
    profiles: [
      {
        name: 'tool-calling',
        core: of('MUST'),
        extended: of('SHOULD', 'MAY'),
        summary: excerpt(headline(recording).sentence, 400),
      },
    ],
  }
  return stringify(report, { lineWidth: 0 })
}

function profile({ run, partial }: Recording, verdicts: readonly Verdict[]): ReportProfile {
  const passed = verdicts.filter(({ outcome }) => outcome === 'passed')
  const failed = verdicts.filter(({ outcome }) => outcome === 'failed' || outcome === 'broken')
  const skipped = verdicts.filter((verdict) => !passed.includes(verdict) && !failed.includes(verdict))
  // What the server does not promise is no gap of the run.
  const gaps = skipped.filter(({ outcome }) => outcome !== 'not applicable')
  const whole = !partial && run.depth !== 'smoke' && run.filter === undefined && run.blocked === undefined && passed.length > 0
  return {
    result: failed.length > 0 ? 'failure' : whole && gaps.length === 0 ? 'success' : 'partial',
    statistics: { Passed: passed.length, Failed: failed.length, Skipped: skipped.length },
    ...(failed.length === 0 ? {} : { failedTests: failed.map(({ id }) => id) }),
    ...(skipped.length === 0
      ? {}
      : {
          skippedTests: skipped.map((verdict) => ({
            name: verdict.id,
            reason: `${effectOf(verdict, run.failOn)}: ${excerpt(verdict.waiver?.reason ?? verdict.reason ?? 'no reason recorded', 300)}`,
          })),
        }),
  }
}
