import { causeCatalogue } from '../fixtures/cause-catalogue.ts'
import { idOf } from '../fixtures/causes.ts'
import type { Unit } from '../fixtures/run/plan.ts'
import type { Configuration } from '../fixtures/target/configuration.ts'
import { readResults } from '../reports/earlier.ts'
import type { Results } from '../reports/results.ts'
import { loadWaivers, type Names, type WaiverEntry } from './waivers.ts'

/** What the user brings to a run beside its target: what is accepted, and what it is held against. */
export interface Terms {
  readonly waivers: readonly WaiverEntry[]
  readonly earlier?: { readonly results: Results; readonly from: string }
}

/** What a waiver may name. */
export const namesOf = (units: readonly Unit[]): Names => ({
  verdicts: new Map(units.map(({ planned }) => [planned.id, planned])),
  causes: new Set(causeCatalogue.flatMap((wordings) => Object.keys(wordings).map(idOf))),
})

/** Reads waivers and the earlier run before anything is asked. Throws a UserMistake or a RecordError. */
export function readTerms({ target, waivers, compare }: Configuration, units: readonly Unit[], now: Date): Terms {
  return {
    waivers: loadWaivers(waivers, namesOf(units), now),
    // Several workspaces are compared one by one, each in its own run.
    ...(compare === undefined || target.kind === 'fleet' ? {} : { earlier: { results: readResults(compare), from: compare } }),
  }
}
