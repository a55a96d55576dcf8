import type { Difference } from '../fixtures/cause/between.ts'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import type { Sender } from '../fixtures/exchange/send.ts'
import type { Configuration } from '../fixtures/target/configuration.ts'
import { connect, type Target } from '../fixtures/target/target.ts'
import type { Verdict } from '../fixtures/record.ts'
import { makePlan, type PlanOptions, type Unit } from '../fixtures/run/plan.ts'
import { createRun, type RunOptions } from '../fixtures/run/run.ts'

/** What is tried again, and the two ways. */
interface BothWays {
  readonly units: readonly Unit[]
  readonly options: Omit<PlanOptions, 'made'>
  readonly run: Omit<RunOptions, 'units' | 'plan' | 'send' | 'onExchange' | 'made'>
  /** Of the run, all. */
  readonly verdicts: readonly Verdict[]
  /** Those of them that failed or were blocked. */
  readonly failed: readonly Verdict[]
  readonly address: Sender
  readonly service: Sender
}

/** Compares the address of a target with the Service of the workspace behind it; undefined when there is no such way. */
export async function besideTheAddress(
  target: Target,
  configuration: Configuration,
  what: Omit<BothWays, 'address' | 'service'>,
  say: (line: string) => void,
): Promise<Difference | undefined> {
  const url = await target.beside()
  if (url === undefined) return undefined
  say('What failed is tried again, through the address and through the forwarded Service.')
  const [address, service] = [connect(target, configuration), connect({ ...target, baseUrl: url }, configuration)]
  try {
    return await compareWays({ ...what, address, service })
  } finally {
    await Promise.all([address.close(), service.close()])
  }
}

/** Questions that are asked each way at most: the failures of one hop look alike. */
const MOST_QUESTIONS = 16

/**
 * Tries requirements that failed through an address once more, there and through the Service: what fails again and holds through the Service
 * is the doing of what stands between. Undefined when nothing differs.
 */
async function compareWays({ units, options, run, verdicts, failed, address, service }: BothWays): Promise<Difference | undefined> {
  const chosen = choose(units, options, verdicts, failed)
  if (chosen.failing.length === 0) return undefined
  const reach = async (sender: Sender): Promise<{ reached: readonly Verdict[]; exchanges: ReadonlyMap<string, Exchange> }> => {
    const exchanges = new Map<string, Exchange>()
    const live = createRun({
      ...run,
      units: chosen.units,
      plan: makePlan(chosen.units, options),
      send: sender.send,
      onExchange: (exchange) => exchanges.set(exchange.id, exchange),
    })
    return { reached: await Promise.all(chosen.failing.map((id) => live.reach(id))), exchanges }
  }
  const through = await reach(address)
  const beside = await reach(service)
  const differing = through.reached.filter(
    ({ outcome }, at) => (outcome === 'failed' || outcome === 'blocked') && beside.reached[at]?.outcome === 'passed',
  )
  const ids = differing.flatMap(({ findings, exchanges }) => [...findings.map(({ exchange }) => exchange), ...exchanges])
  const id = [...through.exchanges.keys()].find((one) => ids.includes(one) && beside.exchanges.has(one))
  const [one, other] = [through.exchanges.get(id ?? ''), beside.exchanges.get(id ?? '')]
  return one && other && { tried: chosen.failing.length, held: differing.length, through: one, beside: other }
}

/** As many failed verdicts as that allows, with the requirements whose questions a rule of the contract looks at. */
function choose(
  units: readonly Unit[],
  options: Omit<PlanOptions, 'made'>,
  verdicts: readonly Verdict[],
  failed: readonly Verdict[],
): { readonly failing: readonly string[]; readonly units: readonly Unit[] } {
  const byId = new Map(units.map((unit) => [unit.planned.id, unit]))
  const failing: string[] = []
  let taken: readonly Unit[] = []
  for (const verdict of failed) {
    const unit = byId.get(verdict.id)
    if (unit === undefined || verdict.tags.includes('sample')) continue
    const found = verdict.findings[0]?.exchange
    const asking =
      unit.questions.length === 0 || verdict.tags.includes('contract')
        ? verdicts.find(({ id, exchanges, tags }) => id !== verdict.id && !tags.includes('contract') && exchanges.includes(found ?? ''))
        : undefined
    const more = [unit, ...(asking === undefined ? [] : [byId.get(asking.id) ?? unit])]
    const next = [...new Set([...taken, ...more])]
    if (makePlan(next, options).questions.length > MOST_QUESTIONS) continue
    taken = next
    failing.push(verdict.id)
  }
  return { failing, units: taken }
}
