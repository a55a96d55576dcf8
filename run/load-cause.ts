import type { Evidence } from '../fixtures/cause/evidence.ts'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import type { LoadBreach } from '../fixtures/load/judge.ts'
import type { Cause } from '../fixtures/record.ts'
import { causeOfRun } from '../fixtures/target/cause-of-run.ts'
import type { Target } from '../fixtures/target/target.ts'
import type { Load } from './load-levels.ts'

/** The one cause of what the first level broke that breaks something, or of why it was refused; undefined where nothing is, or where nothing tells. */
export async function causeOfLoad(
  target: Target,
  { levels, exchanges }: Pick<Load, 'levels' | 'exchanges'>,
  hasKey: boolean,
): Promise<Cause | undefined> {
  const level = levels.find(({ breaches, refused }) => breaches.length > 0 || refused !== undefined)
  // What belongs to another request is no change of what a model wrote: the rule says all that is known.
  if (level === undefined || 'load.cross-talk' in level.broken) return undefined
  const byId = new Map(exchanges.map((exchange) => [exchange.id, exchange]))
  const rules = Map.groupBy(level.breaches, (breach) => ruleOf(breach, byId.get(breach.exchange)))
  const failed = [...rules].map(([id, found]): Evidence['failed'][number] => ({
    id,
    title: found[0]?.title ?? id,
    outcome: 'failed',
    findings: found,
  }))
  const refused = level.refused === undefined ? [] : [{ id: 'http.status', title: level.refused }]
  return causeOfRun(target, { hasKey, exchanges, failed: [...failed, ...refused] })
}

/** The rule of the contract that stands behind one of load: an answer that did not come broke HTTP, or its status is wrong. */
function ruleOf({ rule }: LoadBreach, exchange: Exchange | undefined): string {
  if (exchange === undefined || (rule !== 'load.answered' && rule !== 'load.history')) return rule
  return exchange.status === undefined || exchange.end.kind !== 'complete' ? 'http.complete' : 'http.status'
}
