import { Counter, Gauge, Registry } from 'prom-client'
import { EXIT } from '../fixtures/exit-codes.ts'
import { excerpt } from '../fixtures/text.ts'
import type { Results } from './results.ts'

/** A server as its metrics name it; one that is known by its address alone has that as `workspace`. */
export interface MetricPlace {
  /** Empty where all are of one. */
  readonly context: string
  readonly namespace: string
  readonly workspace: string
  readonly preset?: string
}

/** Why a server is not known to conform. */
export interface MetricCause {
  readonly id: string
  readonly layer: string
  readonly sentence: string
}

/** What `toolcalling_conformance` says: 0 conforms, 1 does not conform, 2 could not be judged. */
export type Conformance = 0 | 1 | 2

/** What is shown of one server. */
interface Shown {
  cause?: MetricCause
  preset?: string
  says?: Conformance
}

/** The conformance that an exit code of a run stands for. */
export const conformanceOf = (exitCode: number): Conformance => (exitCode === EXIT.conforms ? 0 : exitCode === EXIT.fails ? 1 : 2)

/** What a probe says. */
export interface Said {
  readonly results: Pick<Results, 'run' | 'verdicts'>
  /** Those that reached for the model. */
  readonly requests: number
  /** Undefined when it conforms. */
  readonly cause: MetricCause | undefined
  /** How much differs from an earlier run; undefined where there is none. */
  readonly changes: number | undefined
}

/** Metrics of servers that are watched, for Prometheus. */
export interface WatchMetrics {
  readonly registry: Registry
  /** From now on the server is watched. */
  readonly watched: (place: MetricPlace) => void
  /** It was probed. */
  readonly judged: (place: MetricPlace, said: Said) => void
  /** It could not be judged at all, not even as far as a record. */
  readonly unjudged: (place: MetricPlace, cause: MetricCause) => void
  /** It was left alone. */
  readonly postponed: (place: MetricPlace, cause: MetricCause) => void
  /** It is no longer watched. */
  readonly forget: (place: MetricPlace) => void
}

const now = (): number => Date.now() / 1000
const LEVELS = ['MUST', 'SHOULD', 'MAY'] as const
const PLACE = ['context', 'namespace', 'workspace'] as const
const of = ({ context, namespace, workspace }: MetricPlace) => ({ context, namespace, workspace })

const keyOf = (place: MetricPlace): string => JSON.stringify(of(place))

const labelsOf = (place: MetricPlace, { id, layer, sentence }: MetricCause) => ({ ...of(place), cause: id, layer, sentence })

/** Makes the metrics, with nothing in them. */
export function createWatchMetrics(): WatchMetrics {
  const registry = new Registry()
  const gauge = <T extends string>(name: string, help: string, labelNames: readonly T[]): Gauge<T> =>
    new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] })
  const conformance = gauge('toolcalling_conformance', '0 conforms, 1 does not conform, 2 could not be judged; of the last probe.', [
    ...PLACE,
    'preset',
  ])
  const failed = gauge('toolcalling_failed_requirements', 'Requirements that failed in the last probe, by level.', [...PLACE, 'level'])
  const cause = gauge('toolcalling_cause_info', 'Why a server is not known to conform: 1, with the cause as labels.', [
    ...PLACE,
    'cause',
    'layer',
    'sentence',
  ])
  const seconds = gauge('toolcalling_run_seconds', 'Seconds that the last probe took.', PLACE)
  const lastRun = gauge('toolcalling_last_run_timestamp_seconds', 'When the last probe ended.', PLACE)
  const lastSuccess = gauge('toolcalling_last_success_timestamp_seconds', 'When the last probe ended that conforms.', PLACE)
  const since = gauge('toolcalling_watched_since_timestamp_seconds', 'When the watch of this server began.', PLACE)
  const drift = gauge('toolcalling_drift', 'What differs from the run that it is compared with: facts of the server and verdicts.', PLACE)
  const requests = new Counter({
    name: 'toolcalling_requests_total',
    help: 'Requests of probes that reached for the model.',
    labelNames: [...PLACE],
    registers: [registry],
  })
  const postponements = new Counter({
    name: 'toolcalling_postponed_total',
    help: 'Probes that were put off because the server is in use, by reason.',
    labelNames: [...PLACE, 'reason'],
    registers: [registry],
  })
  const shown = new Map<string, Shown>()
  const stateOf = (place: MetricPlace): Shown => {
    const known = shown.get(keyOf(place)) ?? {}
    shown.set(keyOf(place), known)
    return known
  }

  /** A cause keeps the words with which it was first named: numbers in a sentence would make a series of each probe. */
  function show(place: MetricPlace, next: MetricCause | undefined): void {
    const state = stateOf(place)
    if (state.cause?.id === next?.id) return
    if (state.cause !== undefined) cause.remove(labelsOf(place, state.cause))
    delete state.cause
    if (next === undefined) return
    state.cause = { ...next, sentence: excerpt(next.sentence, 240) }
    cause.set(labelsOf(place, state.cause), 1)
  }
  function say(place: MetricPlace, says: Conformance): void {
    const state = stateOf(place)
    const preset = place.preset ?? ''
    if (state.preset !== undefined && state.preset !== preset) conformance.remove({ ...of(place), preset: state.preset })
    Object.assign(state, { preset, says })
    conformance.set({ ...of(place), preset }, says)
    lastRun.set(of(place), now())
  }

  return {
    registry,
    watched: (place) => since.set(of(place), now()),
    judged(place, { results: { run, verdicts }, requests: sent, cause: why, changes }) {
      const says = conformanceOf(run.exitCode)
      say(place, says)
      requests.inc(of(place), sent)
      for (const level of LEVELS)
        failed.set({ ...of(place), level }, verdicts.filter((one) => one.level === level && one.outcome === 'failed').length)
      seconds.set(of(place), run.seconds ?? 0)
      if (says === 0) lastSuccess.set(of(place), now())
      if (changes !== undefined) drift.set(of(place), changes)
      show(place, why)
    },
    unjudged(place, why) {
      say(place, 2)
      show(place, why)
    },
    postponed(place, why) {
      postponements.inc({ ...of(place), reason: why.id })
      // What is wrong stays wrong while nobody looks.
      if ((stateOf(place).says ?? 0) === 0) show(place, why)
    },
    forget(place) {
      show(place, undefined)
      conformance.remove({ ...of(place), preset: stateOf(place).preset ?? '' })
      shown.delete(keyOf(place))
      for (const level of LEVELS) failed.remove({ ...of(place), level })
      for (const one of [seconds, lastRun, lastSuccess, since, drift]) one.remove(of(place))
      requests.remove(of(place))
      for (const reason of ['server-busy', 'share-reached']) postponements.remove({ ...of(place), reason })
    },
  }
}
