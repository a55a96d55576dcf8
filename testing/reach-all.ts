import { routeOf } from '../fixtures/contract/route.ts'
import type { Depth } from '../fixtures/depth.ts'
import type { Verdict } from '../fixtures/record.ts'
import { makePlan, unitsOf, type Scenarios, type Unit } from '../fixtures/run/plan.ts'
import { createRun, type RunOptions } from '../fixtures/run/run.ts'

/** Scenarios whose answers are judged together with those of every route: chats, what the server counted, and what it refused. */
const TOGETHER = new Set(['chat', 'metrics', 'bad-requests'])

const found = new WeakMap<Scenarios, readonly Unit[]>()

/** Every verdict of these scenarios and of the contract: found once for all runs of a process. */
function allUnits(scenarios: Scenarios): readonly Unit[] {
  const known = found.get(scenarios) ?? unitsOf(scenarios)
  found.set(scenarios, known)
  return known
}

/** Whether a verdict has to do with requests to this route: it needs the answer to one, or judges whatever was asked. */
const concerns = ({ questions, matter }: Unit, route: string): boolean =>
  'rule' in matter ||
  TOGETHER.has(matter.slug) ||
  questions.some(({ ask }) => ask.request !== undefined && routeOf(ask.request.path) === route)

/**
 * Reaches every verdict of these scenarios and of the contract, or those that concern one `route`, without vitest, in the order of the plan.
 * Rejects when more was sent than the plan announces.
 */
export async function reachAll(
  scenarios: Scenarios,
  {
    depth = 'default',
    route,
    ...options
  }: Omit<RunOptions, 'units' | 'plan'> & { readonly depth?: Depth; readonly route?: string | undefined },
): Promise<readonly Verdict[]> {
  const units = allUnits(scenarios).filter((unit) => route === undefined || concerns(unit, route))
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
