import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { makeFolder } from '../../fixtures/make-folder.ts'
import { remakeFleet } from '../../reports/fleet/make.ts'
import { writePlan } from '../../reports/fleet/plan.ts'
import type { MemberResult } from '../../reports/fleet/results.ts'
import { FILES } from '../../reports/store.ts'
import type { Frozen } from './frozen.ts'
import { best, gapOf, openLedger, ownedBy, PART_BYTES } from './ledger.ts'
import type { Objects } from './objects.ts'

/**
 * Makes the reports of a run from what its pods handed over, in a folder. Resolves to the summary for the terminal and the exit code: the
 * gravest of all.
 */
export async function mergeRun(
  objects: Pick<Objects, 'configMap' | 'createConfigMap'>,
  run: string,
  { plan, uid }: Frozen,
  { folder, say, seconds }: { readonly folder: string; readonly say: (line: string) => void; readonly seconds: number },
): Promise<{ readonly text: string; readonly exitCode: number }> {
  const said = new Map<string, MemberResult>()
  const notes: string[] = []
  writePlan(folder, plan)
  for (const [index, { label, folder: own }] of plan.members.entries()) {
    // oxlint-disable-next-line no-await-in-loop -- one workspace's record in memory at a time
    const attempt = best(await openLedger(objects, { run, uid, index }, '').read())
    if (attempt === undefined) continue
    if (attempt.result !== undefined) said.set(label, attempt.result)
    const gap = gapOf(label, attempt)
    if (gap !== undefined) notes.push(gap)
    if (attempt.run === '') continue
    const at = join(folder, own)
    makeFolder(at)
    writeFileSync(join(at, FILES.run), attempt.run)
    writeFileSync(join(at, FILES.verdicts), attempt.verdicts)
    writeFileSync(join(at, FILES.exchanges), attempt.exchanges)
  }
  return remakeFleet(folder, plan, say, { said, seconds, notes, goesOn: 'start the Job again to judge the workspaces that are missing' })
}

/** Keeps the reports of a run beside what was handed over: the summary, and as far as one ConfigMap holds them the results and the page. */
export async function publish(objects: Pick<Objects, 'createConfigMap'>, run: string, uid: string, folder: string): Promise<void> {
  const packed = [FILES.summary, FILES.results, FILES.html].map(
    (name) => [`${name}.gz`, gzipSync(readFileSync(join(folder, name)))] as const,
  )
  let room = PART_BYTES
  const fitting = packed.filter(([, { length }]) => {
    if (length > room) return false
    room -= length
    return true
  })
  await objects.createConfigMap({
    metadata: { name: `${run}-report`, ...ownedBy({ run, uid }) },
    binaryData: Object.fromEntries(fitting.map(([name, bytes]) => [name, bytes.toString('base64')])),
  })
}
