import { setTimeout as delay } from 'node:timers/promises'
import { EXIT } from '../../fixtures/exit-codes.ts'
import { excerpt } from '../../fixtures/text.ts'
import { failureOf } from '../../fixtures/user-mistake.ts'
import type { Configuration } from '../../fixtures/target/configuration.ts'
import { driftOf } from '../../reports/drift.ts'
import { conformanceOf, type MetricCause, type MetricPlace, type WatchMetrics } from '../../reports/metrics.ts'
import type { Results } from '../../reports/results.ts'
import { causeLines } from '../../reports/terminal.ts'
import type { Apart } from '../apart.ts'
import { createPace, type Postponed } from './pace.ts'
import { probe, type Probing } from './probe.ts'
import { findSubjects, type FoundSubjects, type Subject } from './subjects.ts'

/** What a watch needs. */
export interface Watching extends Probing {
  readonly configuration: Configuration
  readonly metrics: WatchMetrics
  readonly apart: Apart
  /** A line for the user: what is new. */
  readonly say: (line: string) => void
  /** A probe has ended, or was put off. */
  readonly onProbe?: (label: string) => void
}

/** What a watch says of itself. */
export interface Watch {
  /** Resolves when the watch was stopped and nothing is under way; rejects when it could not begin. */
  readonly ended: Promise<void>
  /** Why it does not do its work: a probe that should have ended long ago. Undefined while all is well. */
  readonly stuck: () => string | undefined
}

/** Longer than any probe takes by its own limits, in milliseconds: beyond it the watch is taken for stuck. */
const STUCK_MS = 30 * 60_000

/** Watches all servers that the configuration means until `signal` aborts; what is under way then is given up, and says nothing. */
export function watch(watching: Watching, signal: AbortSignal): Watch {
  /** When each server should have been probed at the latest. */
  const due = new Map<string, number>()
  return {
    ended: keepWatching(watching, signal, due),
    stuck: () => {
      const late = [...due].find(([, at]) => Date.now() - at > STUCK_MS)
      return late && `The probe of ${excerpt(late[0], 120)} should have ended at ${new Date(late[1]).toISOString()}.`
    },
  }
}

async function keepWatching(watching: Watching, signal: AbortSignal, due: Map<string, number>): Promise<void> {
  const { configuration, metrics, say, env } = watching
  const slots = createSlots(configuration.fleetConcurrency)
  const watched = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>()
  let troubled: readonly MetricPlace[] = []

  /** Begins to watch what is new, and ends the watch of what is gone. */
  function follow({ subjects, troubles }: FoundSubjects): void {
    for (const place of troubled) metrics.forget(place)
    troubled = troubles.map(({ place }) => place)
    for (const { place, cause } of troubles) metrics.unjudged(place, cause)
    for (const subject of subjects) {
      if (watched.has(subject.label)) continue
      const stop = new AbortController()
      const over = AbortSignal.any([signal, stop.signal])
      watched.set(subject.label, { stop, ended: watchOne(watching, subject, { signal: over, slots, due }) })
    }
    // Where something could not be read, what is missing may be there all the same.
    if (troubles.length > 0) return
    const labels = new Set(subjects.map(({ label }) => label))
    for (const [label, { stop }] of watched) {
      if (labels.has(label)) continue
      stop.abort()
      watched.delete(label)
      say(`${label} is gone: it is no longer watched.`)
    }
  }

  follow(await findSubjects(configuration, env))
  let said = ''
  while (!signal.aborted) {
    await pause(configuration.watch.intervalMs, signal)
    if (signal.aborted || configuration.target.kind !== 'fleet') continue
    try {
      follow(await findSubjects(configuration, env))
      said = ''
    } catch (error) {
      const { text } = failureOf(error)
      if (text !== said) say(text)
      said = text
    }
  }
  await Promise.all([...watched.values()].map(({ ended }) => ended))
}

/** What is known of one server from one probe to the next. */
interface Known {
  /** The first that was judged: what others are compared with, where no earlier run was named. */
  first?: Results
  /** What was said last, so that only news is said. */
  verdict?: string
  drift?: string | undefined
}

async function watchOne(
  watching: Watching,
  subject: Subject,
  { signal, slots, due }: { readonly signal: AbortSignal; readonly slots: Slots; readonly due: Map<string, number> },
): Promise<void> {
  const { metrics, apart, say, onProbe } = watching
  const { label, place, configuration } = subject
  const pace = createPace(configuration.watch)
  const known: Known = {}
  metrics.watched(place)
  while (!signal.aborted) {
    const free = await slots.take()
    due.set(label, Date.now())
    try {
      if (!signal.aborted) await apart.run(() => probeSubject(watching, subject, { pace, known, signal }))
    } catch (error) {
      const { text, exitCode } = failureOf(error)
      const cause = {
        id: exitCode === EXIT.request ? 'watch-mistake' : 'suite-defect',
        layer: 'watch',
        sentence: text.split('\n')[0] ?? text,
      }
      if (!signal.aborted) {
        metrics.unjudged(place, cause)
        news(known, `${label}: could not be judged: ${excerpt(text, 600)}`, say)
      }
    } finally {
      due.delete(label)
      free()
    }
    if (!signal.aborted) onProbe?.(label)
    await pause(pace.waitMs(), signal)
  }
  metrics.forget(place)
}

function news(known: Known, line: string, say: (line: string) => void): void {
  if (known.verdict !== line) say(line)
  known.verdict = line
}

async function probeSubject(
  watching: Watching,
  subject: Subject,
  { pace, known, signal }: { readonly pace: ReturnType<typeof createPace>; readonly known: Known; readonly signal: AbortSignal },
): Promise<void> {
  const { metrics, say } = watching
  const { label, place } = subject
  let postponed: Postponed | undefined
  const probed = await probe(subject, watching, {
    signal,
    admit(counters, requests) {
      postponed = pace.look(counters, requests)
      return postponed === undefined
    },
    ...(known.first === undefined ? {} : { earlier: { results: known.first, from: 'the first probe of this watch' } }),
  })
  if (probed === undefined) {
    if (postponed === undefined || signal.aborted) return
    metrics.postponed(place, { ...postponed, layer: 'watch' })
    // Numbers in the sentence are no news.
    if (known.verdict !== postponed.id) say(`${label}: not probed for now: ${postponed.sentence}`)
    known.verdict = postponed.id
    return
  }
  const { results, requests, refused, preset } = probed
  pace.probed(requests, refused)
  const { run, comparison } = results
  if (run.exitCode < 2) known.first ??= results
  // Nothing is known of a server that could not be judged.
  const drift = run.exitCode < 2 && comparison !== undefined ? driftOf(comparison) : undefined
  metrics.judged(preset === undefined ? place : { ...place, preset }, {
    results,
    requests,
    cause: causeIn(results),
    changes: drift?.count,
  })
  sayVerdict(label, results, known, say)
  if (drift !== undefined && drift.line !== '' && drift.line !== known.drift) say(`${label}: ${drift.line}`)
  known.drift = drift?.line ?? known.drift
}

/** Why a server is not known to conform; undefined when it conforms. */
function causeIn({ run, cause }: Results): MetricCause | undefined {
  if (run.exitCode === 0) return undefined
  return cause ?? { id: 'unknown', layer: 'unknown', sentence: run.headline }
}

const WORDS = ['conforms', 'does not conform', 'could not be judged'] as const

/** Says what a probe came to, where that is another verdict or another cause than before. */
function sayVerdict(label: string, results: Results, known: Known, say: (line: string) => void): void {
  const { run, cause, verdicts } = results
  const verdict = `${run.exitCode} ${causeIn(results)?.id ?? ''}`
  if (verdict === known.verdict) return
  known.verdict = verdict
  say(`${label}: ${WORDS[conformanceOf(run.exitCode)]}.`)
  if (run.exitCode === 0) return
  if (cause === undefined) {
    const failed = verdicts.filter(({ level, outcome }) => level === 'MUST' && (outcome === 'failed' || outcome === 'broken'))
    say(
      `  ${excerpt(run.headline)}: ${failed
        .slice(0, 5)
        .map(({ id }) => id)
        .join(', ')}`,
    )
    return
  }
  for (const line of causeLines(cause)) say(`  ${line}`)
}

/** Resolves after so many milliseconds, or when the signal aborts. */
const pause = (ms: number, signal: AbortSignal): Promise<void> => delay(ms, undefined, { signal }).catch(() => {})

/** So many may be under way at once; the others wait, first come, first served. */
interface Slots {
  /** Resolves to what gives the place back. */
  readonly take: () => Promise<() => void>
}

function createSlots(count: number): Slots {
  let free = count
  const waiting: (() => void)[] = []
  const give = (): void => {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }
  return {
    async take() {
      if (free > 0) free -= 1
      else await new Promise<void>((resolve) => waiting.push(resolve))
      return give
    },
  }
}
