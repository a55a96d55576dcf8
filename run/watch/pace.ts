import type { Counters } from '../../fixtures/load/counters.ts'
import { plural } from '../../fixtures/text.ts'

/** Why a server is left alone for now. */
export interface Postponed {
  readonly id: 'server-busy' | 'share-reached'
  readonly sentence: string
}

/** When one server is probed. */
export interface Pace {
  /** Whether so many requests may be sent to the model now, by what /metrics said this moment; undefined when they may. */
  readonly look: (counters: Counters | undefined, requests: number) => Postponed | undefined
  /** A probe has ended: so many requests reached the model, and whether the server turned some away (429). */
  readonly probed: (requests: number, refused: boolean) => void
  /** Milliseconds from one look to the next. */
  readonly waitMs: () => number
}

/** A server that stays busy is looked at after 1, 2 and then 4 intervals. */
const MOST_INTERVALS = 4

/**
 * The pace of the probes of one server. While requests wait there, nothing is sent. While others are served, probes are at most `share` (0 to
 * 1) of all that the server answers between two of them. Where it has no counters of vLLM the interval alone counts.
 */
export function createPace({ intervalMs, share }: { readonly intervalMs: number; readonly share: number }): Pace {
  /** The counters when the last probe began, or at the first look, and how much of what came since is ours. */
  let since: { readonly process: number | undefined; readonly requests: number; own: number } | undefined
  let busy = 0

  /** Requests of others that the server answered since the last probe; none when it is not the same process any more. */
  function othersIn({ process, requests = 0 }: Counters): number {
    if (since === undefined || since.process !== process || requests < since.requests) {
      since = { process, requests, own: 0 }
      return 0
    }
    return Math.max(0, requests - since.requests - since.own)
  }

  return {
    look(counters, requests) {
      if (counters?.requests === undefined) return undefined
      const others = othersIn(counters)
      const { waiting = 0, running = 0 } = counters
      if (waiting > 0) {
        busy += 1
        return { id: 'server-busy', sentence: `The server is busy: ${plural(waiting, 'request waits', 'requests wait')} in its queue.` }
      }
      if (running > 0 && requests / (others + requests) > share) {
        return {
          id: 'share-reached',
          sentence: `Others use the server, and ${plural(requests, 'request')} of a probe would be more than ${share * 100} % of those that it answers (CONFORMANCE_WATCH_SHARE).`,
        }
      }
      since = { process: counters.process, requests: counters.requests, own: 0 }
      return undefined
    },
    probed(requests, refused) {
      if (since !== undefined) since.own = requests
      busy = refused ? busy + 1 : 0
    },
    waitMs: () => intervalMs * Math.min(MOST_INTERVALS, 2 ** Math.max(0, busy - 1)),
  }
}
