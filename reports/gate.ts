import type { Level, Outcome, Run, Verdict } from './record.ts'
import { plural } from './text.ts'

export type FailOn = Run['failOn']

/** What a verdict does to a run: a failed requirement is a failure where its level is held, else a warning. */
export type Effect = Exclude<Outcome, 'failed'> | 'failure' | 'warning'

/** The numbers of a run; every report takes its numbers from here. */
export interface Counts {
  readonly total: number
  readonly effect: Readonly<Record<Effect, number>>
  readonly outcome: Readonly<Record<Outcome, number>>
  readonly level: Readonly<Record<Level, Readonly<Record<Outcome, number>>>>
}

/** MUST is always held, SHOULD when the gate asks for it, MAY never. */
export function effectOf(verdict: Verdict, failOn: FailOn): Effect {
  if (verdict.outcome !== 'failed') return verdict.outcome
  return verdict.level === 'MUST' || (verdict.level === 'SHOULD' && failOn === 'should') ? 'failure' : 'warning'
}

const outcomes = () => ({ passed: 0, failed: 0, known: 0, blocked: 0, inconclusive: 0, 'not applicable': 0, broken: 0 })

export function counts(verdicts: readonly Verdict[], failOn: FailOn): Counts {
  const effect = { passed: 0, failure: 0, warning: 0, known: 0, blocked: 0, inconclusive: 0, 'not applicable': 0, broken: 0 }
  const outcome = outcomes()
  const level = { MUST: outcomes(), SHOULD: outcomes(), MAY: outcomes() }
  for (const verdict of verdicts) {
    effect[effectOf(verdict, failOn)]++
    outcome[verdict.outcome]++
    level[verdict.level][verdict.outcome]++
  }
  return { total: verdicts.length, effect, outcome, level }
}

/**
 * The exit code of a run and why, in one sentence: 0 conforms, 1 does not, 3 could not be judged, 4 our own defect.
 * Code 2, a wrong request, is known before there is a verdict. `blocked`: why nothing could be asked of the server, whatever else was judged.
 */
export function gate(
  verdicts: readonly Verdict[],
  failOn: FailOn,
  blocked?: string,
): { readonly code: 0 | 1 | 3 | 4; readonly sentence: string } {
  const { total, effect, outcome, level } = counts(verdicts, failOn)
  if (total === 0) return { code: 4, sentence: 'No requirement was judged: a run without verdicts proves nothing.' }
  if (outcome.broken > 0)
    return { code: 4, sentence: `${plural(outcome.broken, 'check')} broke: a defect of this suite, not of the server.` }
  if (blocked !== undefined) return { code: 3, sentence: blocked }
  if (failOn !== 'never' && effect.failure > 0) return { code: 1, sentence: `${plural(effect.failure, 'requirement')} failed.` }
  if (level.MUST.blocked > 0) return { code: 3, sentence: `${plural(level.MUST.blocked, 'MUST requirement')} could not be judged.` }
  if (outcome.passed + outcome.failed + outcome.known === 0) return { code: 3, sentence: 'No requirement could be judged.' }
  return {
    code: 0,
    sentence:
      effect.failure > 0
        ? `${plural(effect.failure, 'requirement')} failed; the gate is open.`
        : 'Every gated requirement that was judged holds.',
  }
}

/** The code of `gate` alone. */
export function exitCode(verdicts: readonly Verdict[], failOn: FailOn, blocked?: string): 0 | 1 | 3 | 4 {
  return gate(verdicts, failOn, blocked).code
}
