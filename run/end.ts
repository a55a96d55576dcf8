import { EXIT } from '../fixtures/exit-codes.ts'
import { bodyText } from '../fixtures/exchange/body.ts'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import type { Cause, Run, Verdict, Waiver } from '../fixtures/record.ts'
import type { Configuration } from '../fixtures/target/configuration.ts'
import type { TargetFacts } from '../fixtures/target/target.ts'
import { compare } from '../reports/comparison.ts'
import { gate } from '../reports/gate.ts'
import { resultsOf } from '../reports/results.ts'
import { explained, type Recording } from '../reports/store.ts'
import { identityOf } from './identity.ts'
import { isRepeatable, judgeWaivers } from './judge-waivers.ts'
import type { Terms } from './terms.ts'

/** What a run has when all verdicts are reached. */
export interface Ending {
  readonly run: Run
  readonly verdicts: readonly Verdict[]
  /** By their ids. */
  readonly exchanges: ReadonlyMap<string, Exchange>
  readonly cause: Cause | undefined
  readonly target: TargetFacts
  readonly configuration: Configuration
  readonly terms: Terms
  /** What went wrong with the suite itself. */
  readonly problems: readonly string[]
  /** Epoch milliseconds. */
  readonly began: number
  /** Tries verdicts again; resolves to how often each failed. */
  readonly repeat: (verdicts: readonly Verdict[]) => Promise<ReadonlyMap<string, NonNullable<Waiver['failures']>>>
}

/** The record of a run that has ended: its verdicts with waivers applied, what changed since an earlier run, and the exit code. */
export async function endRun(ending: Ending): Promise<Recording> {
  const { run, exchanges, cause, target, configuration, terms, problems, began, repeat } = ending
  const answers = [...exchanges.values()]
  const identity = identityOf(target, configuration, answers)
  const told = explained(ending.verdicts, cause)
  const repeatable = told.filter((verdict) => terms.waivers.some((entry) => isRepeatable(entry, verdict, identity)))
  const { verdicts, waivers } = judgeWaivers(terms.waivers, {
    verdicts: told,
    exchanges,
    failOn: run.failOn,
    identity,
    whole: run.blocked === undefined && problems.length === 0,
    repeated: repeatable.length === 0 ? new Map() : await repeat(repeatable),
  })
  const ended: NonNullable<Run['ended']> = {
    at: new Date().toISOString(),
    exitCode: EXIT.conforms,
    requests: exchanges.size,
    tokens: answers.reduce((sum, exchange) => sum + tokensOf(bodyText(exchange)), 0),
    seconds: Math.round((Date.now() - began) / 100) / 10,
    ...(cause === undefined ? {} : { cause }),
    ...(waivers.length === 0 ? {} : { waivers }),
  }
  const recordingOf = (last: NonNullable<Run['ended']>): Recording => ({
    run: { ...run, server: { ...run.server, identity }, ended: last },
    verdicts,
    exchanges,
    partial: false,
  })
  const { earlier } = terms
  const compared =
    earlier === undefined ? ended : { ...ended, comparison: compare(earlier.results, resultsOf(recordingOf(ended)), earlier.from) }
  return recordingOf({ ...compared, exitCode: problems.length > 0 ? EXIT.suite : gate(recordingOf(compared)).code })
}

/** Completion tokens that an answer reports: the last count, as usage may stand in every chunk. */
function tokensOf(body: string): number {
  return Number([...body.matchAll(/"completion_tokens": ?(\d+)/g)].at(-1)?.[1] ?? 0)
}
