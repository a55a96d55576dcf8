import {
  appendFileSync,
  createReadStream,
  createWriteStream,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { excerpt } from '../../fixtures/text.ts'
import { appendStepSummary, fleetAnnotations, withoutCommands } from '../annotations.ts'
import { fleetBadge } from '../badge.ts'
import { document, emptySuite, junitSuite, type Totals } from '../junit.ts'
import { isColored, makeReports, pathToType } from '../make.ts'
import { fleetSarif, sarifResults, unjudgedResults } from '../sarif.ts'
import { FILES, readRecord, RecordError } from '../store.ts'
import { fleetResults, fleetRun } from './aggregate.ts'
import { fleetPage } from './page.ts'
import { missedMember, recordedMember, type FleetPlan } from './plan.ts'
import { FLEET_SCHEMA_VERSION, fleetSchema, type FleetResults, type MemberResult } from './results.ts'
import { fleetMarkdown, fleetSummary } from './texts.ts'

/** The files of a fleet beside the folders of its workspaces. */
export const FLEET_FILES = {
  html: FILES.html,
  results: FILES.results,
  junit: FILES.junit,
  summary: FILES.summary,
  sarif: FILES.sarif,
  badge: FILES.badge,
} as const

/** Writes the page, results.json, summary.md and badge.json of a fleet, and returns its summary for the terminal, under GitHub Actions and Azure DevOps with annotations. */
export function reportOnFleet(folder: string, fleet: FleetResults): string {
  const put = (name: string, text: string): void => {
    const draft = join(folder, `.${name}`)
    writeFileSync(draft, text)
    renameSync(draft, join(folder, name))
  }
  put(FLEET_FILES.results, `${JSON.stringify(fleet, null, 1)}\n`)
  const text = fleetMarkdown(fleet)
  put(FLEET_FILES.summary, text)
  put(FLEET_FILES.html, fleetPage(fleet))
  put(FLEET_FILES.badge, fleetBadge(fleet))
  const unwritten = appendStepSummary(text, process.env)
  const report = pathToType(join(folder, FLEET_FILES.html))
  return [
    withoutCommands(fleetSummary(fleet, { color: isColored(process.stdout, process.env), report }), process.env),
    ...unwritten,
    ...fleetAnnotations(fleet, process.env).map((line) => `${line}\n`),
  ].join('')
}

/**
 * Makes the reports of each workspace in turn, junit.xml with a suite for each, and sarif.json: one record at a time is in memory. `say` is
 * told how far it is.
 */
export async function reportOnMembers(folder: string, fleet: FleetResults, say: (line: string) => void): Promise<void> {
  const { run, workspaces } = fleet
  const scanned: ReturnType<typeof sarifResults>[] = []
  const suites = join(folder, `.${FLEET_FILES.junit}.suites`)
  writeFileSync(suites, '')
  const totals: Totals[] = []
  const add = (one: Totals, lines: readonly string[]): void => {
    totals.push(one)
    appendFileSync(suites, `${lines.join('\n')}\n`)
  }
  for (const [index, member] of workspaces.entries()) {
    if (member.folder === undefined) {
      add({ name: member.label, tests: 1, failures: 0, errors: 1, time: '0.000' }, unjudgedSuite(member))
      scanned.push(unjudgedResults(member.label, member.headline))
    } else {
      const own = join(folder, member.folder)
      await makeReports(own, { color: false, allure: false })
      const recording = readRecord(own)
      scanned.push(sarifResults(recording, member.label))
      const suite = junitSuite(recording, member.label)
      add(suite.totals, suite.lines)
      // V8 keeps what a WeakRef of a parsed answer led to until the event loop turns: 17 MB for each workspace.
      await nextTurn()
    }
    if ((index + 1) % TOLD === 0) say(`Reports of ${index + 1} of ${workspaces.length} workspaces are made.`)
  }
  const sum = (key: 'tests' | 'failures' | 'errors'): number => totals.reduce((all, one) => all + one[key], 0)
  const [head = '', tail = ''] = document(
    { name: run.suite, tests: sum('tests'), failures: sum('failures'), errors: sum('errors'), time: run.seconds.toFixed(3) },
    [SUITES],
  ).split(`${SUITES}\n`)
  writeFileSync(join(folder, FLEET_FILES.sarif), fleetSarif(fleet, scanned))
  const draft = join(folder, `.${FLEET_FILES.junit}`)
  writeFileSync(draft, head)
  await pipeline(createReadStream(suites), createWriteStream(draft, { flags: 'a' }))
  appendFileSync(draft, tail)
  renameSync(draft, join(folder, FLEET_FILES.junit))
  rmSync(suites)
}

/** Workspaces after which the making of reports says how far it is. */
const TOLD = 20

/** Stands where the suites go. */
const SUITES = '\u0000'

function unjudgedSuite({ label, headline, cause }: MemberResult): readonly string[] {
  const details =
    cause === undefined
      ? []
      : [`Cause: ${cause.sentence} [${cause.layer}]`, ...cause.evidence.map((line) => `Evidence: ${line}`), `Remedy: ${cause.remedy}`]
  return emptySuite(label, headline, details)
}

/** What is known of a fleet beside what is on the disk. */
export interface Known {
  /** By label: why a workspace has no record. */
  readonly said?: ReadonlyMap<string, MemberResult>
  readonly seconds?: number
  readonly notes?: readonly string[]
  /** What goes on with workspaces that are missing. */
  readonly goesOn?: string
}

/**
 * Makes the reports of a fleet from what is on the disk, complete or cut short; returns its summary for the terminal, its exit code and
 * whether it is complete.
 */
export async function remakeFleet(
  folder: string,
  plan: FleetPlan,
  say: (line: string) => void,
  { said, seconds, notes = [], goesOn = 'CONFORMANCE_RESUME=1 goes on with the workspaces that are missing' }: Known = {},
): Promise<{ readonly text: string; readonly exitCode: number; readonly complete: boolean }> {
  const before = readFleet(folder)
  // Of the same run, as its plan says: what it was compared with, and why a workspace has no record, stands nowhere else.
  const same = before?.run.started === plan.started ? before : undefined
  const saidOf = (label: string): MemberResult | undefined =>
    said?.get(label) ?? same?.workspaces.find((member) => member.label === label && member.folder === undefined)
  const results = plan.members.map((member) => recordedMember(folder, member) ?? saidOf(member.label))
  const complete = results.every((result) => result !== undefined)
  const run = fleetRun(plan, [...notes, ...(complete ? [] : [`The run was cut short: ${goesOn}.`])], seconds ?? same?.run.seconds ?? 0)
  const judged = plan.members.map((member, index) => results[index] ?? recordedMember(folder, member, 'accepted') ?? missedMember(member))
  const made = fleetResults(run, [...judged, ...plan.unjudged])
  const fleet = same?.comparison === undefined ? made : { ...made, comparison: same.comparison }
  const text = reportOnFleet(folder, fleet)
  await reportOnMembers(folder, fleet, say)
  return { text, exitCode: fleet.run.exitCode, complete }
}

/** Reads the results of an earlier fleet: of its folder, or its results.json. Undefined when there are none; throws a RecordError for others. */
export function readFleet(path: string): FleetResults | undefined {
  const file = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? join(path, FLEET_FILES.results) : path
  if (!existsSync(file)) return undefined
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw new RecordError(`${excerpt(file)} cannot be read (no JSON): give the report folder of an earlier run.`)
  }
  const read = fleetSchema.safeParse(value)
  if (read.success) return read.data
  const version = typeof value === 'object' && value !== null && 'fleetSchemaVersion' in value ? value.fleetSchemaVersion : undefined
  if (version === undefined)
    throw new RecordError(`${excerpt(file)} holds no results of a fleet: give the report folder of an earlier run of several workspaces.`)
  const [issue] = read.error.issues
  const give = 'give the report folder of an earlier run of several workspaces'
  throw new RecordError(
    version === FLEET_SCHEMA_VERSION
      ? `${excerpt(file)} holds damaged results: ${excerpt(issue?.path.join('.') ?? '')}, ${issue?.message ?? ''}: ${give}.`
      : `${excerpt(file)} has fleet schema version ${excerpt(JSON.stringify(version))}, and this suite reads ${FLEET_SCHEMA_VERSION}: ${give}.`,
  )
}
