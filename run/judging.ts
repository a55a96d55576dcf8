import { setTimeout as delay } from 'node:timers/promises'
import { messageOf } from '../fixtures/thrown.ts'
import { loadClient } from '../fixtures/contract/client.ts'
import { newest, profileFor } from '../fixtures/contract/profiles.ts'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import { createRedactor, type Redactor } from '../fixtures/exchange/redact.ts'
import { mcpCause } from '../fixtures/mcp/cause.ts'
import type { McpServers } from '../fixtures/mcp/servers.ts'
import type { Run, Verdict } from '../fixtures/record.ts'
import { planFor, type Filter } from '../fixtures/run/filter.ts'
import type { Plan, PlanOptions, Unit } from '../fixtures/run/plan.ts'
import { createRun } from '../fixtures/run/run.ts'
import { causeOfRun } from '../fixtures/target/cause-of-run.ts'
import type { Configuration } from '../fixtures/target/configuration.ts'
import { contextLengthOf } from '../fixtures/cause/context-length.ts'
import { clientsFor, connect, resolveTarget, secretsOf, type Target, type TargetTools } from '../fixtures/target/target.ts'
import packageJson from '../package.json' with { type: 'json' }
import { effectOf } from '../reports/counts.ts'
import { diskTrouble, openRecord, RecordError, type Recorder, type Recording } from '../reports/store.ts'
import { besideTheAddress } from './both-ways.ts'
import { endRun } from './end.ts'
import { knownFlags } from './identity.ts'
import { repeat, repeatBound } from './repeat.ts'
import type { Terms } from './terms.ts'

/** What judging a server needs beside the server. */
export interface Judging {
  readonly configuration: Configuration
  readonly units: readonly Unit[]
  readonly terms: Terms
  readonly filter: Filter
  readonly mcp: McpServers
  /** A line for the user. */
  readonly say: (line: string) => void
}

/** A run whose record is open. */
export interface Begun {
  readonly judging: Judging
  readonly target: Target
  readonly run: Run
  readonly plan: Plan
  readonly options: PlanOptions
  readonly record: Recorder
  readonly redactor: Redactor
  /** Epoch milliseconds. */
  readonly began: number
}

/** What came of a plan: all that was kept of it, and what went wrong with the suite itself. */
export interface Reached {
  readonly problems: readonly string[]
  readonly verdicts: readonly Verdict[]
  /** By their ids. */
  readonly exchanges: ReadonlyMap<string, Exchange>
}

/** Plans what to ask of a target and opens its record. Throws a FilterError or a RecordError. */
export function begin(target: Target, judging: Judging, began: number): Begun {
  const { configuration, units, filter, mcp } = judging
  const { readiness } = target
  const { profile, reason } = profileFor(readiness, configuration.profile)
  const options: PlanOptions = {
    facts: {
      profile,
      hasKey: target.keyed,
      contextLength: contextLengthOf(target),
      cluster: target.cluster,
      parser: knownFlags(target, configuration)?.['tool-call-parser'],
      mcp,
      clients: clientsFor(target, configuration, readiness.model),
      views: () => [],
    },
    made: readiness.exchanges,
    depth: configuration.depth,
  }
  const plan = planFor(units, filter, options)
  const run: Run = {
    suite: { name: packageJson.name, version: packageJson.version },
    target: target.run,
    server: {
      ...target.server,
      profile: profile.id,
      profileReason: reason,
    },
    started: new Date(began).toISOString(),
    planned: plan.verdicts.length,
    ...(plan.filter === undefined ? {} : { filter: plan.filter }),
    failOn: configuration.failOn,
    depth: configuration.depth,
    gate: configuration.gate,
    ...(configuration.sarifFile === undefined ? {} : { manifest: configuration.sarifFile }),
    ...(readiness.status === 'blocked' ? { blocked: readiness.cause?.sentence ?? 'the server is not ready' } : {}),
  }
  const redactor = createRedactor(secretsOf(target))
  const record = openRecord(configuration.reportDir, run, redactor)
  return { judging, target, run, plan, options, record, redactor, began }
}

/** The facts of a server of which nothing is known yet: what a run may cost at most is planned by them. */
export const NOTHING_KNOWN = { profile: newest, hasKey: true, contextLength: undefined, views: () => [] }

/** Requests that waivers of flaky checks may add. */
export const againBound = (
  { units, terms, configuration }: Pick<Judging, 'units' | 'terms' | 'configuration'>,
  options: PlanOptions,
): number =>
  repeatBound(
    terms.waivers.filter(({ expect }) => expect === 'flaky').map(({ check }) => check),
    units,
    options,
    configuration.tries,
  )

/** The asking of a run that has begun: what is reached is in its record before it is handed on. */
export interface Asking {
  /** Reaches one verdict of the plan. Rejects for an id that is not in it or was reached before, and where the record cannot be written. */
  readonly reach: (id: string) => Promise<Verdict>
  readonly verdicts: readonly Verdict[]
  /** By their ids, in the order in which they ended. */
  readonly exchanges: ReadonlyMap<string, Exchange>
  /** Ends what is under way, which then fails. */
  readonly close: () => Promise<void>
}

/** Asks the server of a run that has begun. `onShare` hears what share of the requests that it may take has been answered. */
export function ask({ judging, target, run, plan, options, record }: Begun, onShare: (share: number) => void = () => {}): Asking {
  const { configuration, units } = judging
  const verdicts: Verdict[] = []
  const exchanges = new Map<string, Exchange>()
  const keep = (exchange: Exchange): void => {
    exchanges.set(exchange.id, record.keep(exchange))
    onShare(exchanges.size / plan.bound.requests)
  }
  target.readiness.exchanges.forEach(keep)
  const sender = connect(target, configuration)
  // What loading takes would else fall into the times of the first answers.
  const loaded = loadClient()
  const live = createRun({
    units,
    plan,
    send: sender.send,
    model: run.server.model ?? '',
    models: run.server.models,
    facts: options.facts,
    made: target.readiness.exchanges,
    knownFails: configuration.known === 'fail',
    blocked: target.readiness.cause?.sentence,
    onExchange: keep,
  })
  return {
    async reach(id) {
      await loaded
      const verdict = record.append(await live.reach(id))
      verdicts.push(verdict)
      return verdict
    },
    verdicts,
    exchanges,
    close: () => sender.close(),
  }
}

/** Reaches every verdict of a plan without vitest. `signal` ends it early: what is under way then fails. `onShare` as for `ask`. */
async function reachHere(begun: Begun, signal: AbortSignal, onShare?: (share: number) => void): Promise<Reached> {
  const asking = ask(begun, onShare)
  const stop = (): void => void asking.close()
  signal.addEventListener('abort', stop)
  const problems: string[] = []
  try {
    await Promise.all(begun.plan.verdicts.map(({ id }) => asking.reach(id).catch((error: unknown) => void problems.push(messageOf(error)))))
  } finally {
    signal.removeEventListener('abort', stop)
    await asking.close()
  }
  return { problems, verdicts: asking.verdicts, exchanges: asking.exchanges }
}

/** Names the cause of what was reached, applies waivers and comparison, and ends the record. */
export async function conclude(begun: Begun, { problems, verdicts, exchanges }: Reached): Promise<Recording> {
  const { judging, target, run, options, record, began } = begun
  const { configuration, units, terms } = judging
  const failed = verdicts.filter(
    (verdict) => effectOf(verdict, configuration.failOn) === 'failure' || (verdict.outcome === 'blocked' && verdict.level === 'MUST'),
  )
  const inference = failed.filter(({ cause }) => cause === undefined)
  const asking = { model: run.server.model ?? '', models: run.server.models, facts: options.facts }
  const found = await causeOfRun(
    target,
    {
      hasKey: target.mockKey !== undefined || ('apiKey' in configuration.target && configuration.target.apiKey !== undefined),
      exchanges: [...exchanges.values()],
      failed: inference,
      parser: options.facts.parser,
    },
    () => besideTheAddress(target, configuration, { units, options, run: asking, verdicts, failed: inference }, judging.say),
  )
  const cause = found ?? mcpCause(verdicts, inference.length === 0)
  const ended = await endRun({
    run,
    verdicts,
    exchanges,
    cause,
    target,
    configuration,
    terms,
    began,
    problems: problems.filter((problem) => diskTrouble(problem, configuration.reportDir) === undefined),
    repeat: async (again) => {
      const sender = connect(target, configuration)
      const about = { ...asking, made: target.readiness.exchanges }
      const { tries } = configuration
      return repeat(again, {
        units,
        options,
        run: about,
        send: sender.send,
        keep: (exchange) => void record.keep(exchange),
        tries,
      }).finally(() => sender.close())
    },
  })
  record.end(ended.run, ended.verdicts)
  return ended
}

/** Every step is bounded by itself; this is what all of them together may take, in milliseconds, so that not even a defect of ours holds others. */
const limitMs = ({ timeoutMs, concurrency }: Configuration, { bound }: Plan): number =>
  2 * timeoutMs * (Math.ceil(bound.requests / concurrency) + 5) + 120_000

/** How one server of several is judged in this process. */
export interface HereTools extends TargetTools {
  /** Ends the judging early; what comes of it then says nothing. */
  readonly signal: AbortSignal
  /** The target to judge once it is known, before anything is asked of its model; undefined leaves it alone. Default: that which was resolved. */
  readonly admit?: (target: Target) => Target | undefined
  /** Hears what share of the requests that the judging may take has been answered. */
  readonly onShare?: (share: number) => void
}

/**
 * Judges one server in this process, without vitest, from its address to the end of its record; undefined when it was left alone. Rejects
 * with a UserMistake, or a RecordError when the record cannot be written.
 */
export async function judgeHere(
  judging: Judging,
  { signal, admit = (target) => target, onShare, ...tools }: HereTools,
): Promise<Recording | undefined> {
  const { configuration } = judging
  const began = Date.now()
  const resolved = await resolveTarget(configuration, tools)
  const closed = new AbortController()
  const close = (): void => closed.abort()
  signal.addEventListener('abort', close)
  try {
    const target = admit(resolved)
    if (target === undefined) return undefined
    const begun = begin(target, judging, began)
    const ended = await Promise.race([
      reachHere(begun, closed.signal, onShare).then((reached) => conclude(begun, reached)),
      delay(limitMs(configuration, begun.plan), undefined, { signal: closed.signal, ref: false }).then(() => {
        throw new Error('the judging of this server did not come to an end')
      }),
    ])
    if (begun.record.trouble !== undefined)
      throw new RecordError(
        `The record of ${target.run.name} could not be written (${begun.record.trouble}): make room, or name another folder in CONFORMANCE_REPORT_DIR.`,
      )
    return ended
  } finally {
    signal.removeEventListener('abort', close)
    closed.abort()
    await resolved.close()
  }
}
