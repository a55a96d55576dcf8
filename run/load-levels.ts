import { randomUUID } from 'node:crypto'
import type { RuleContext } from '../fixtures/contract/rule.ts'
import type { Exchange, Send } from '../fixtures/exchange/exchange.ts'
import { awaitIdle, compareCounters, readCounters } from '../fixtures/load/counters.ts'
import type { Sample } from '../fixtures/load/judge.ts'
import { levelOf, type Level } from '../fixtures/load/level.ts'
import type { Configuration } from '../fixtures/target/configuration.ts'
import { connect, type TargetFacts } from '../fixtures/target/target.ts'
import { play, playInThread, type Share } from './load-share.ts'

/** What a load is judged with. */
export interface LoadOptions {
  readonly target: TargetFacts
  readonly configuration: Configuration
  readonly context: RuleContext
  /** Requests at once, ascending; ignored in an open loop. */
  readonly sizes: readonly number[]
  /** What one level may send, and for how long. */
  readonly budget: Share['budget']
  /** Requests a second that arrive by chance; absent for a closed loop. */
  readonly rate?: number | undefined
  /** Threads that ask. */
  readonly workers: number
  /** A level that has ended, and how many of its requests were answered. */
  readonly onLevel: (level: Level, served: number) => void
}

/** What came of it. */
export interface Load {
  readonly levels: readonly Level[]
  /** Exchanges with a breach. */
  readonly evidence: readonly Exchange[]
  readonly findings: readonly string[]
  /** What was asked up to the first level that breaks something, in the order of sending. */
  readonly exchanges: readonly Exchange[]
}

/** Open loops are bounded by the budget alone; so many connections serve them. */
const OPEN_AT_ONCE = 512

/** Judges a server level by level, lowest first; a level at which nothing is answered is the last. */
export async function runLevels({ target, configuration, context, sizes, budget, rate, workers, onLevel }: LoadOptions): Promise<Load> {
  const open = rate !== undefined
  const model = target.server.model ?? ''
  const run = randomUUID().slice(0, 8)
  const levels: Level[] = []
  const evidence: Exchange[] = []
  const exchanges: Exchange[] = []
  let lowest: { readonly level: Level; readonly samples: readonly Sample[] } | undefined
  const watcher = connect(target, { ...configuration, concurrency: 1 })
  try {
    for (const size of open ? [rate] : sizes) {
      const before = await readCounters(watcher.send, `load/${run}.${size}.before`)
      const threads = open ? 1 : Math.min(workers, size)
      const shares = Array.from({ length: threads }, (_, thread): Share => {
        const users = open ? [0] : Array.from({ length: size }, (_none, user) => user).filter((user) => user % threads === thread)
        return {
          target,
          configuration,
          context,
          concurrency: open ? OPEN_AT_ONCE : users.length,
          model,
          run: `${run}-${size}`,
          users,
          budget: { ...budget, requests: Math.ceil(budget.requests / threads) },
          ...(open ? { rate } : {}),
        }
      })
      const results = await Promise.all(shares.map(threads === 1 ? play : playInThread))
      const samples = results.flatMap(({ judged }) => judged.samples)
      const after = await awaitIdle(watcher.send, `load/${run}.${size}.after`)
      const served = samples.filter((sample) => sample.served)
      const sent = {
        answered: served.length,
        tokens: served.reduce((sum, { tokens }) => sum + tokens, 0),
        busy: samples.reduce((sum, { busy }) => sum + busy, 0),
        unsure: samples.length - served.length,
      }
      const level = levelOf(
        {
          concurrency: size,
          duration: Math.max(...results.map(({ duration }) => duration)),
          judged: results.map(({ judged }) => judged),
          strain: results.map(({ strain }) => strain),
          ...compareCounters(before, after, sent, open ? `${size} a second` : `${size} at once`),
        },
        lowest,
      )
      lowest ??= { level, samples }
      if (levels.every(({ breaches }) => breaches.length === 0)) exchanges.push(...results.flatMap((result) => result.exchanges))
      levels.push(level)
      const proven = new Set(level.breaches.map(({ exchange }) => exchange))
      evidence.push(...results.flatMap((result) => result.evidence.filter(({ id }) => proven.has(id))))
      onLevel(level, served.length)
      if (served.length === 0) break
    }
    const findings = await unguarded(watcher.send, (concurrency) => connect(target, { ...configuration, concurrency }), model, levels)
    return { levels, evidence, findings, exchanges: exchanges.toSorted((one, other) => one.sentAt - other.sentAt) }
  } finally {
    await watcher.close()
  }
}

/** Where KAITO's queue guard refused chat requests: whether the other routes, which reach the same queue, are guarded too. */
async function unguarded(
  ask: Send,
  connectFor: (concurrency: number) => { readonly send: Send; readonly close: () => Promise<void> },
  model: string,
  levels: readonly Level[],
): Promise<readonly string[]> {
  const busy = levels.find((level) => level.busy > 0)
  const guarded = (await readCounters(ask, 'load/guard'))?.refused !== undefined
  if (busy === undefined || !guarded) return []
  const bodies = {
    '/v1/responses': { input: 'Count to 30.', max_output_tokens: 64 },
    '/v1/messages': { messages: [{ role: 'user', content: 'Count to 30.' }], max_tokens: 64 },
  }
  const open: string[] = []
  for (const [path, body] of Object.entries(bodies)) {
    const sender = connectFor(busy.concurrency)
    try {
      const answers = await Promise.all(
        Array.from({ length: busy.concurrency }, (_, index) =>
          sender.send(`load/guard${path}.${index}`, { method: 'POST', path, form: 'plain', body: JSON.stringify({ model, ...body }) }),
        ),
      )
      const there = answers.filter(({ status }) => status !== 404 && status !== 405)
      const refused = there.some(({ status, postponed }) => status === 429 || postponed.length > 0)
      if (there.length > 0 && !refused) open.push(path)
    } finally {
      await sender.close()
    }
  }
  return open.length === 0
    ? []
    : [
        `KAITO's queue guard refuses chat requests at ${busy.concurrency} at once, but none to ${open.join(' and ')}: those fill the queue unguarded (kaito presets/workspace/inference/vllm/rate_limit.py).`,
      ]
}
