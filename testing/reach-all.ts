import type { Depth } from '../fixtures/depth.ts'
import type { Verdict } from '../fixtures/record.ts'
import { makePlan, unitsOf, type Scenarios } from '../fixtures/run/plan.ts'
import { createRun, type RunOptions } from '../fixtures/run/run.ts'

/** Reaches every verdict of these scenarios and of the contract, without vitest, in the order of the plan. */
export async function reachAll(
  scenarios: Scenarios,
  { depth = 'default', ...options }: Omit<RunOptions, 'units' | 'plan'> & { readonly depth?: Depth },
): Promise<readonly Verdict[]> {
  const units = unitsOf(scenarios)
  const plan = makePlan(units, { facts: { ...options.facts, views: () => [] }, made: options.made ?? [], depth })
  const run = createRun({ ...options, units, plan })
  return Promise.all(plan.verdicts.map(({ id }) => run.reach(id)))
}
