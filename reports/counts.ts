import type { Level, Outcome, Run, Verdict } from '../fixtures/record.ts'

/** The lowest level whose failure fails a run. */
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

/** Whether a failed requirement of this level fails the run. */
export const failsRun = (level: Level, failOn: FailOn): boolean => level === 'MUST' || (level === 'SHOULD' && failOn === 'should')

/** MUST is always held, SHOULD when the gate asks for it, MAY never. */
export function effectOf(verdict: Verdict, failOn: FailOn): Effect {
  if (verdict.outcome !== 'failed') return verdict.outcome
  return failsRun(verdict.level, failOn) ? 'failure' : 'warning'
}

const outcomes = () => ({ passed: 0, failed: 0, known: 0, waived: 0, blocked: 0, inconclusive: 0, 'not applicable': 0, broken: 0 })

/** Counts verdicts by effect, by outcome, and by level and outcome. */
export function counts(verdicts: readonly Verdict[], failOn: FailOn): Counts {
  const effect = { passed: 0, failure: 0, warning: 0, known: 0, waived: 0, blocked: 0, inconclusive: 0, 'not applicable': 0, broken: 0 }
  const outcome = outcomes()
  const level = { MUST: outcomes(), SHOULD: outcomes(), MAY: outcomes() }
  for (const verdict of verdicts) {
    effect[effectOf(verdict, failOn)]++
    outcome[verdict.outcome]++
    level[verdict.level][verdict.outcome]++
  }
  return { total: verdicts.length, effect, outcome, level }
}
