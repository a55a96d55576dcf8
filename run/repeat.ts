import type { Exchange, Send } from '../fixtures/exchange/exchange.ts'
import type { Verdict, Waiver } from '../fixtures/record.ts'
import { makePlan, type PlanOptions, type Unit } from '../fixtures/run/plan.ts'
import { createRun, type RunOptions } from '../fixtures/run/run.ts'

/** What a check is asked again with. */
export interface Repeating {
  readonly units: readonly Unit[]
  readonly options: PlanOptions
  readonly run: Omit<RunOptions, 'units' | 'plan' | 'send' | 'onExchange'>
  readonly send: Send
  readonly keep: (exchange: Exchange) => void
  /** How often each check is tried in all. */
  readonly tries: number
}

/** Requests that trying these checks again never exceeds. */
export function repeatBound(checks: readonly string[], units: readonly Unit[], options: PlanOptions, tries: number): number {
  const made = options.made?.length ?? 0
  const repeated = units.filter(
    ({ planned: { id, tags } }) => checks.includes(id) && !tags.includes('contract') && !tags.includes('sample'),
  )
  return repeated.reduce((sum, unit) => sum + (makePlan([unit], options).bound.requests - made) * (tries - 1), 0)
}

/** Tries checks again that may differ from try to try; resolves to how often each failed, what was seen before included. */
export async function repeat(
  verdicts: readonly Verdict[],
  { units, options, run, send, keep, tries }: Repeating,
): Promise<ReadonlyMap<string, NonNullable<Waiver['failures']>>> {
  const found = new Map<string, NonNullable<Waiver['failures']>>()
  for (const verdict of verdicts) {
    const unit = units.find(({ planned }) => planned.id === verdict.id)
    if (unit === undefined) continue
    const plan = makePlan([unit], options)
    const seen = [verdict]
    for (let again = 2; again <= tries; again += 1) {
      const one = createRun({ ...run, units: [unit], plan, send: (id, request) => send(`again-${again}/${id}`, request), onExchange: keep })
      seen.push(await one.reach(verdict.id))
    }
    const judged = seen.filter(({ outcome }) => outcome === 'passed' || outcome === 'failed' || outcome === 'known')
    found.set(verdict.id, { failed: judged.filter(({ outcome }) => outcome !== 'passed').length, tries: judged.length })
  }
  return found
}
