import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import type { Depth } from '../../fixtures/depth.ts'
import { makeFolder } from '../../fixtures/make-folder.ts'
import { excerpt } from '../../fixtures/text.ts'
import { resultsOf } from '../results.ts'
import { FILES, readRecord, RecordError } from '../store.ts'
import { judgedMember, unjudgedMember, type MemberPlace, type MemberResult } from './results.ts'

/** A workspace that is to be judged, and the folder of its record beside the plan. */
export type PlannedMember = MemberPlace & { readonly folder: string }

/** What a fleet sets out to judge: written before the first request, so that a run that was killed can go on with the same workspaces. */
export interface FleetPlan {
  readonly suite: string
  readonly version: string
  readonly started: string
  readonly depth: Depth
  readonly filter?: string
  /** What was asked for, a variable to its words: a run that goes on has to ask for the same. */
  readonly asked: Readonly<Record<string, string>>
  readonly members: readonly PlannedMember[]
  /** What is known without judging: workspaces that are not ready, namespaces that cannot be read. */
  readonly unjudged: readonly MemberResult[]
  readonly unready: readonly string[]
  readonly notes: readonly string[]
}

/** Writes the plan of a fleet into its report folder, whole or not at all. */
export function writePlan(folder: string, plan: FleetPlan): void {
  makeFolder(folder)
  const draft = join(folder, `.${FILES.fleet}`)
  writeFileSync(draft, `${JSON.stringify(plan, null, 1)}\n`)
  renameSync(draft, join(folder, FILES.fleet))
}

/** The plan in a report folder; undefined when there is none. Throws a RecordError when it is damaged. */
export function readPlan(folder: string): FleetPlan | undefined {
  const path = join(folder, FILES.fleet)
  if (!existsSync(path)) return undefined
  try {
    const plan = JSON.parse(readFileSync(path, 'utf8')) as FleetPlan
    if (Array.isArray(plan.members) && Array.isArray(plan.unjudged)) return plan
  } catch {
    // Said below.
  }
  throw new RecordError(`The plan of a fleet in ${excerpt(path)} is damaged: remove that file, and judge the fleet anew.`)
}

/** What the record of a workspace says; undefined when it has none, or only one that was cut short and is not `accepted`. */
export function recordedMember(
  folder: string,
  { folder: own, ...place }: PlannedMember,
  cut: 'ignored' | 'accepted' = 'ignored',
): MemberResult | undefined {
  const path = join(folder, own)
  if (!existsSync(join(path, FILES.run))) return undefined
  const recording = readRecord(path)
  return recording.partial && cut === 'ignored' ? undefined : judgedMember(place, own, resultsOf(recording))
}

/** What a fleet says of a workspace that it did not come to. */
export const missedMember = ({ folder: _folder, ...place }: PlannedMember): MemberResult =>
  unjudgedMember(place, 3, 'the run was cut short before it')

/** Removes the records of an earlier fleet that are not part of this one. */
export function removeStale(folder: string, earlier: FleetPlan | undefined, now: FleetPlan): void {
  const kept = new Set(now.members.map((member) => member.folder))
  for (const { folder: own } of earlier?.members ?? []) {
    const path = resolve(folder, own)
    // Nothing is removed that is not the record of a run below the report folder.
    if (!kept.has(own) && path.startsWith(resolve(folder) + sep) && existsSync(join(path, FILES.run))) rmSync(path, { recursive: true })
  }
}
