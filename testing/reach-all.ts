import type { Depth } from '../fixtures/depth.ts'
import type { Verdict } from '../fixtures/record.ts'
import { makePlan, unitsOf, type Scenarios } from '../fixtures/run/plan.ts'
import { createRun, type RunOptions } from '../fixtures/run/run.ts'

/**
 * Reaches every verdict of these scenarios and of the contract, without vitest, in the order of the plan. Rejects when more was sent than the
 * plan announces.
 */
export async function reachAll(
  scenarios: Scenarios,
  { depth = 'default', ...options }: Omit<RunOptions, 'units' | 'plan'> & { readonly depth?: Depth },
): Promise<readonly Verdict[]> {
  const units = unitsOf(scenarios)
  const plan = makePlan(units, { facts: { ...options.facts, views: () => [] }, made: options.made ?? [], depth })
  let requests = options.made?.length ?? 0
  const run = createRun({
    ...options,
    units,
    plan,
    send: (id, request) => {
      requests += 1
      return options.send(id, request)
    },
  })
  const verdicts = await Promise.all(plan.verdicts.map(({ id }) => run.reach(id)))
  if (requests > plan.bound.requests) throw new Error(`${requests} requests were sent, at most ${plan.bound.requests} were announced`)
  return verdicts
}
