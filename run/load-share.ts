import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { RuleContext } from '../fixtures/contract/rule.ts'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import { drive, type Drive } from '../fixtures/load/drive.ts'
import { judgeAnswers, type Judged } from '../fixtures/load/judge.ts'
import { watchSelf, type Strain } from '../fixtures/load/watch.ts'
import type { Configuration } from '../fixtures/target/configuration.ts'
import { connect, type TargetFacts } from '../fixtures/target/target.ts'

/** What one thread does of a level. Plain data. */
export interface Share extends Omit<Drive, 'send' | 'random'> {
  readonly target: TargetFacts
  readonly configuration: Configuration
  readonly context: RuleContext
  /** Requests at once. */
  readonly concurrency: number
}

/** What came of it. */
export interface ShareResult {
  readonly duration: number
  readonly judged: Judged
  readonly strain: Strain
  /** The exchanges that may prove a breach, for their bytes: some breaches show only beside other levels. */
  readonly evidence: readonly Exchange[]
  /** What a cause is looked for in: all exchanges, or the first of very many. */
  readonly exchanges: readonly Exchange[]
}

/** Exchanges of a share beyond this number say nothing new of a cause. */
const MOST_EXCHANGES = 1000

/** Exchanges of each kind that a share keeps beyond its judgement. */
const MOST_EVIDENCE = 20

/** Exchanges with a breach, with empty deltas, and with an id that was there before. */
function suspects({ breaches, samples, ids }: Judged): ReadonlySet<string> {
  const broken = breaches.map(({ exchange }) => exchange)
  const empty = samples.flatMap((sample) => ((sample.empty ?? 0) > 0 ? [sample.id] : []))
  const seen = new Set<string>()
  const repeated = ids.flatMap(([id, exchange]) => {
    const isRepeated = seen.has(id)
    seen.add(id)
    return isRepeated ? [exchange] : []
  })
  return new Set([broken, empty, repeated].flatMap((kind) => [...new Set(kind)].slice(0, MOST_EVIDENCE)))
}

/** Plays one share of a level in this thread, then judges it. */
export async function play({ target, configuration, context, concurrency, ...share }: Share): Promise<ShareResult> {
  const sender = connect(target, { ...configuration, concurrency })
  const strainOf = watchSelf()
  try {
    const { asked, duration } = await drive({ ...share, send: sender.send })
    const strain = strainOf()
    const judged = judgeAnswers(asked, context)
    const kept = suspects(judged)
    const exchanges = asked.map(({ exchange }) => exchange)
    return {
      duration,
      judged,
      strain,
      evidence: exchanges.filter(({ id }) => kept.has(id)),
      exchanges: exchanges.slice(0, MOST_EXCHANGES),
    }
  } finally {
    await sender.close()
  }
}

/** Plays one share in a thread of its own. Rejects when that thread breaks. */
export const playInThread = (share: Share): Promise<ShareResult> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: share })
    worker.once('message', resolve)
    worker.once('error', reject)
  })

if (!isMainThread && parentPort !== null) parentPort.postMessage(await play(workerData as Share))
