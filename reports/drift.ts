import { excerpt } from '../fixtures/text.ts'
import { time } from './headline.ts'
import type { Results } from './results.ts'

/** What changed about a server since an earlier run. */
export interface Drift {
  /** Facts of the server and verdicts that are not as they were. */
  readonly count: number
  /** All of it in one line; empty when nothing changed. */
  readonly line: string
}

type Comparison = NonNullable<Results['comparison']>

/** Ids that are named of one kind of change. */
const NAMED = 3

/** What a release of the engine brings with it. */
const FOLLOWS: ReadonlySet<string> = new Set(['server', 'profile'])

/**
 * What changed since an earlier run: the server first, then the verdicts. Another address of the same workspace is no change: a pod reaches
 * it by another name than a laptop.
 */
export function driftOf({ with: earlier, server, newlyFailing, newlyPassing, changed, appeared }: Comparison): Drift {
  const isNewer = server.some(({ what }) => what === 'vLLM')
  const facts = server
    .filter(({ what }) => what !== 'target' && !(isNewer && FOLLOWS.has(what)))
    .map(({ what, before, now }) => `${excerpt(what, 60)} ${excerpt(before, 60)} → ${excerpt(now, 60)}`)
  const kinds = [
    ['fails newly', [...newlyFailing, ...appeared.filter(({ now }) => now === 'failed')]],
    ['passes newly', newlyPassing],
    ['judged otherwise', changed],
  ] as const
  const verdicts = kinds.flatMap(([words, changes]) => (changes.length === 0 ? [] : [`${words}: ${few(changes.map(({ id }) => id))}`]))
  const parts = [...facts, ...verdicts]
  return {
    count: facts.length + kinds.reduce((sum, [, changes]) => sum + changes.length, 0),
    line: parts.length === 0 ? '' : `Since the run of ${time(earlier.started)}: ${parts.join('; ')}.`,
  }
}

const few = (ids: readonly string[]): string =>
  `${ids
    .slice(0, NAMED)
    .map((id) => excerpt(id, 80))
    .join(', ')}${ids.length > NAMED ? ` and ${ids.length - NAMED} more` : ''}`
