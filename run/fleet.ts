import { quote } from 'shlex'
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { endBySignal } from '../fixtures/command.ts'
import { EXIT } from '../fixtures/exit-codes.ts'
import { MAX_REQUESTS } from '../fixtures/depth.ts'
import { mcpServers, type McpServers } from '../fixtures/mcp/servers.ts'
import { planFor, type Filter } from '../fixtures/run/filter.ts'
import type { Plan, Unit } from '../fixtures/run/plan.ts'
import type { Configuration, FleetTarget } from '../fixtures/target/configuration.ts'
import { oneName, wordsOf } from '../fixtures/target/selection.ts'
import type { FoundFleet, Member } from '../fixtures/target/workspaces.ts'
import { excerpt, plural } from '../fixtures/text.ts'
import { failureOf, UserMistake } from '../fixtures/user-mistake.ts'
import packageJson from '../package.json' with { type: 'json' }
import { readResults } from '../reports/earlier.ts'
import { fleetResults, fleetRun, verdictOf } from '../reports/fleet/aggregate.ts'
import { signFor } from '../reports/fleet/texts.ts'
import { readFleet, reportOnFleet, reportOnMembers } from '../reports/fleet/make.ts'
import { readPlan, recordedMember, removeStale, writePlan, type FleetPlan, type PlannedMember } from '../reports/fleet/plan.ts'
import { judgedMember, unjudgedMember, type FleetResults, type MemberPlace, type MemberResult } from '../reports/fleet/results.ts'
import { resultsOf } from '../reports/results.ts'
import { diskTrouble, FILES, RecordError, type Recording } from '../reports/store.ts'
import { causeLines } from '../reports/terminal.ts'
import { keepApart, type Apart } from './apart.ts'
import { againBound, judgeHere, NOTHING_KNOWN, type Judging } from './judging.ts'
import type { Terms } from './terms.ts'
import { typed } from '../fixtures/typed.ts'

/** What a fleet is judged by. */
export interface FleetJudging {
  readonly configuration: Configuration
  readonly target: FleetTarget
  readonly units: readonly Unit[]
  readonly terms: Terms
  readonly filter: Filter
  /** A line for the user. */
  readonly say: (line: string) => void
}

/**
 * Judges all workspaces that are meant, some at a time, in this process and without vitest: a vitest of its own for each would cost 300 MB and
 * seconds. Each record is on the disk as it is reached; what stays in memory of a workspace are kilobytes. Resolves to the exit code.
 */
export async function judgeFleet(judging: FleetJudging): Promise<number> {
  const { configuration, say } = judging
  const folder = configuration.reportDir
  // Before anything is asked: a filter or a folder that cannot be read ends the run.
  const bound = boundOf(judging)
  const before = readPlan(folder)
  const compare = configuration.compare === undefined ? undefined : keptEarlier(configuration.compare, configuration, before)
  const earlier = compare === undefined ? undefined : earlierFleet(compare)
  const going = configuration.resume && before !== undefined ? resumed(before, judging) : undefined
  let meaning = ' before anything was judged.'
  const ended = endBySignal(say, () => meaning)
  clear(folder)
  const plan = going ?? (await planOf(judging, bound))
  if (plan.members.length === 0) {
    for (const line of nothingFound(plan)) process.stdout.write(`${line}\n`)
    return EXIT.blocked
  }
  writePlan(folder, plan)

  const done = new Map<string, MemberResult>()
  if (configuration.resume) {
    for (const member of plan.members) {
      const result = recordedMember(folder, member)
      if (result !== undefined) done.set(member.label, result)
    }
  }
  const waiting = plan.members.filter(({ label }) => !done.has(label))
  if (done.size > 0) say(`${done.size} of ${plural(plan.members.length, 'workspace')} have their records already.`)
  say(budget(judging, bound, waiting.length))
  const began = Date.now()
  meaning = '. What was judged until then is kept; the same command with CONFORMANCE_RESUME=1 goes on with the rest.'
  try {
    await judgeAll(
      { ...judging, configuration: compare === undefined ? configuration : { ...configuration, compare } },
      waiting,
      (result) => {
        done.set(result.label, result)
        say(`[${done.size}/${plan.members.length}] ${progressOf(result)}`)
      },
    )
  } finally {
    ended()
  }
  if (!configuration.resume) removeStale(folder, before, plan)
  const run = fleetRun(plan, plan.notes, (Date.now() - began) / 1000)
  const members = [...plan.members.flatMap(({ label }) => done.get(label) ?? []), ...plan.unjudged]
  const fleet = fleetResults(run, members, earlier)
  const code = await report(folder, fleet, judging)
  rmSync(join(folder, EARLIER), { recursive: true, force: true })
  return code
}

/** What came of one workspace, in a line. */
export function progressOf(result: MemberResult): string {
  const cost = result.folder === undefined ? '' : ` (${plural(result.requests, 'request')}, ${result.seconds.toFixed(0)} s)`
  return `${signFor(result.exitCode)} ${result.label}: ${verdictOf(result)}${cost}`
}

/** Writes the reports of the fleet first, for whoever waits for it, then those of each workspace. */
async function report(folder: string, fleet: FleetResults, { say }: FleetJudging): Promise<number> {
  try {
    process.stdout.write(`\n${reportOnFleet(folder, fleet)}`)
    await reportOnMembers(folder, fleet, say)
    return fleet.run.exitCode
  } catch (error) {
    const code = diskTrouble(error, folder)
    if (code === undefined) throw error
    say(`The reports could not be written to ${folder} (${code}): make room, or name another folder in CONFORMANCE_REPORT_DIR.`)
    return EXIT.request
  }
}

/** The plan of a workspace of which nothing is known yet: what it may cost at most. */
export function boundOf({ configuration, units, filter }: FleetJudging): Plan {
  const plans = [true, false].map((hasKey) => planFor(units, filter, { facts: { ...NOTHING_KNOWN, hasKey }, depth: configuration.depth }))
  return plans.reduce((a, b) => (a.bound.tokens >= b.bound.tokens ? a : b))
}

const number = (value: number): string => value.toLocaleString('en-US')

/** Seconds that judging a workspace spends beside waiting for answers. */
const OVERHEAD_S = 5

/** What judging so many workspaces costs at most, in one line. */
export function budget({ configuration, units, terms }: FleetJudging, { bound, questions }: Plan, count: number): string {
  const { depth, fleetConcurrency, concurrency } = configuration
  const again = againBound({ configuration, units, terms }, { facts: NOTHING_KNOWN, depth })
  const requests = count * (MAX_REQUESTS[depth] + again)
  const seconds = Math.ceil(count / fleetConcurrency) * (Math.ceil(questions.length / concurrency) + OVERHEAD_S)
  return `${plural(count, 'workspace')}, ${fleetConcurrency} at once: at most ${number(requests)} requests and ${number(count * bound.tokens)} completion tokens, ${concurrency} at once for each; about ${Math.ceil(seconds / 60)} min when an answer takes one second.`
}

/** What a run that goes on has to share with the one that was cut short. */
function askedOf({ configuration, target, filter }: FleetJudging): Readonly<Record<string, string>> {
  const { wanted, namespaces, contexts } = target
  const { depth, tries, failOn, known, model, profile } = configuration
  return {
    ...('workspaces' in wanted ? { KAITO_WORKSPACE: wordsOf(wanted.workspaces) } : { KAITO_INFERENCESET: wordsOf(wanted.inferenceSets) }),
    KAITO_NAMESPACE: namespaces === undefined ? '' : wordsOf(namespaces),
    KUBE_CONTEXT: (contexts ?? []).join(', '),
    CONFORMANCE_DEPTH: depth,
    CONFORMANCE_TRIES: String(tries),
    CONFORMANCE_FAIL_ON: failOn,
    CONFORMANCE_KNOWN: known,
    CONFORMANCE_MODEL: model ?? '',
    CONFORMANCE_PROFILE: profile ?? '',
    '-t': filter.name ?? '',
    '--tags-filter': filter.tags ?? '',
  }
}

/** The plan of a fleet that was cut short. Throws a UserMistake when something else is asked for now. */
function resumed(plan: FleetPlan, judging: FleetJudging): FleetPlan {
  const now = askedOf(judging)
  const other = [...new Set([...Object.keys(now), ...Object.keys(plan.asked)])].find((name) => now[name] !== plan.asked[name])
  if (other === undefined) return plan
  throw new UserMistake(
    `CONFORMANCE_RESUME cannot go on in ${judging.configuration.reportDir}: ${other} was "${excerpt(plan.asked[other] ?? '')}" and is "${excerpt(now[other] ?? '')}": ask for the same, or unset CONFORMANCE_RESUME to judge all anew.`,
  )
}

/** Finds the workspaces. */
export async function planOf(judging: FleetJudging, bound: Plan): Promise<FleetPlan> {
  const { configuration, target, say } = judging
  if (configuration.resume) say(`No fleet was cut short in ${configuration.reportDir}: all workspaces are judged anew.`)
  const { findWorkspaces } = await import('../fixtures/target/workspaces.ts')
  const found = await findWorkspaces(target, process.env)
  for (const note of found.notes) say(note)
  const { members, unjudged } = placesOf(target, found)
  return {
    suite: packageJson.name,
    version: packageJson.version,
    started: new Date().toISOString(),
    depth: configuration.depth,
    ...(bound.filter === undefined ? {} : { filter: bound.filter }),
    asked: askedOf(judging),
    members,
    unjudged,
    unready: found.unready,
    notes: [],
  }
}

/** Labels and folders: names alone where one namespace is meant, else with what tells them apart. */
export function placesOf(
  { namespaces, contexts = [] }: FleetTarget,
  { members, leftOut, troubles }: FoundFleet,
): Pick<FleetPlan, 'members' | 'unjudged'> {
  const wide = contexts.length > 1
  const flat = !wide && (namespaces === undefined || oneName(namespaces) !== undefined)
  const partsOf = ({ context, namespace, name }: Member): string[] => [...(wide ? [context] : []), ...(flat ? [] : [namespace]), name]
  const placeOf = (member: Member): MemberPlace => ({ ...member, label: partsOf(member).join('/') })
  /** What names one of them to a run of its own. */
  const alone = ({ context, namespace, name }: Member): string =>
    [
      `KAITO_WORKSPACE=${name}`,
      ...(namespaces === undefined ? [] : [`KAITO_NAMESPACE=${namespace}`]),
      ...(contexts.length === 0 ? [] : [`KUBE_CONTEXT=${quote(context)}`]),
    ].join(' ')
  // A context may be called anything, a folder may not.
  const folderOf = (member: Member): string =>
    partsOf(member)
      .map((part) => encodeURIComponent(part).replace(/^\.+/, '_'))
      .join('/')
  return {
    members: members.map((member) => ({ ...placeOf(member), folder: folderOf(member) })),
    unjudged: [
      ...leftOut.map((member) =>
        unjudgedMember(placeOf(member), EXIT.blocked, `it is not ready: ${alone(member)} ${typed('test')} waits for it and says why`),
      ),
      ...troubles.map(({ where, cause }) =>
        unjudgedMember({ label: where, context: '', namespace: '', name: '' }, 3, cause.sentence, cause),
      ),
    ],
  }
}

/** Why there is nothing to judge, for the terminal. */
export function nothingFound({ unjudged }: FleetPlan): readonly string[] {
  return unjudged.flatMap(({ cause }) => (cause === undefined ? [] : causeLines(cause)))
}

/** The fleet to compare with. Throws a RecordError when there is nothing at that path. */
function earlierFleet(path: string): { readonly results: FleetResults; readonly from: string } | undefined {
  if (!existsSync(path))
    throw new RecordError(`There is no ${excerpt(path)}: give the report folder of an earlier run of several workspaces.`)
  const results = readFleet(path)
  return results && { results, from: path }
}

/** Where the results of an earlier fleet stay while a run that is compared with them writes over their folder. */
const EARLIER = '.earlier'

/** The folder to compare with: a copy of the results where the run writes over them, so that it can go on when it was killed. */
function keptEarlier(compare: string, { reportDir, resume }: Configuration, before: FleetPlan | undefined): string {
  if (![reportDir, join(reportDir, FILES.results)].some((path) => resolve(path) === resolve(compare))) return compare
  const kept = join(reportDir, EARLIER)
  if (resume && existsSync(kept)) return kept
  // Whole or not at all: a run that is killed meanwhile has written over nothing yet.
  const draft = `${kept}-draft`
  for (const folder of [kept, draft]) rmSync(folder, { recursive: true, force: true })
  for (const own of ['', ...(before?.members ?? []).map((member) => member.folder)]) {
    const results = join(reportDir, own, FILES.results)
    if (!existsSync(results)) continue
    mkdirSync(join(draft, own), { recursive: true })
    copyFileSync(results, join(draft, own, FILES.results))
  }
  if (existsSync(draft)) renameSync(draft, kept)
  return kept
}

/** Removes the reports of an earlier run, of one server or of a fleet, from the folder itself: what ends without reports leaves none that are older. */
function clear(folder: string): void {
  if (![FILES.run, FILES.fleet].some((name) => existsSync(join(folder, name)))) return
  for (const name of Object.values(FILES)) if (name !== FILES.fleet) rmSync(join(folder, name), { recursive: true, force: true })
}

/**
 * In step, all that are judged at once would hold the most that they ever hold at the same time: each begins when the one before has its
 * share of the answers, or after so many milliseconds, for that one may hang.
 */
const LATEST_TURN_MS = 5000

/** Judges workspaces, as many at once as the configuration says; each result is handed on as it is reached. Rejects for nothing that one of them does. */
export async function judgeAll(
  judging: FleetJudging,
  waiting: readonly PlannedMember[],
  reached: (result: MemberResult) => void,
): Promise<void> {
  const { configuration } = judging
  if (waiting.length === 0) return
  const { serveTime } = await import('../mocks/mcp/serve.ts')
  const timeDoor = await serveTime()
  // One for all: what an MCP server offers does not depend on the workspace, and the official one is a process of 80 MB.
  const mcp = mcpServers(configuration, timeDoor.url)
  const apart = keepApart()
  const queue = waiting.values()
  try {
    const turns = Array.from({ length: configuration.fleetConcurrency }, () => Promise.withResolvers<void>())
    turns[0]?.resolve()
    await Promise.all(
      turns.map(async ({ promise }, at) => {
        const next = (): void => turns[at + 1]?.resolve()
        await Promise.race([promise, delay(at * LATEST_TURN_MS, undefined, { ref: false })])
        for (const member of queue) reached(await guarded(judging, member, mcp, apart, (share) => share > 1 / turns.length && next()))
        next()
      }),
    )
  } finally {
    apart.close()
    await Promise.all([mcp.subject.close(), mcp.official?.close(), timeDoor.close()])
  }
}

/** Judges one workspace; whatever goes wrong is its result. */
async function guarded(
  judging: FleetJudging,
  member: PlannedMember,
  mcp: McpServers,
  apart: Apart,
  onShare: (share: number) => void,
): Promise<MemberResult> {
  const over = new AbortController()
  try {
    return await apart.run(() => judgeMember(judging, member, mcp, over.signal, onShare))
  } catch (error) {
    const { folder: _folder, ...place } = member
    const { text, exitCode } = failureOf(error)
    return unjudgedMember(place, exitCode, excerpt(text, 600))
  } finally {
    over.abort()
  }
}

/** The configuration of a run of its own for one workspace of a fleet; its record lies in `reportDir`. */
export const memberConfiguration = (
  configuration: Configuration,
  { apiKey }: FleetTarget,
  { name, namespace, context }: MemberPlace,
  reportDir: string,
): Configuration => ({
  ...configuration,
  target: { kind: 'cluster', workspace: name, namespace, context, ...(apiKey === undefined ? {} : { apiKey }) },
  reportDir,
})

async function judgeMember(
  judging: FleetJudging,
  member: PlannedMember,
  mcp: McpServers,
  signal: AbortSignal,
  onShare: (share: number) => void,
): Promise<MemberResult> {
  const { configuration, target: fleet, units, terms, filter, say } = judging
  const { folder, ...place } = member
  const compared = configuration.compare === undefined ? undefined : join(configuration.compare, folder)
  const about: Judging = {
    configuration: memberConfiguration(configuration, fleet, member, join(configuration.reportDir, folder)),
    units,
    filter,
    mcp,
    say,
    // Each is compared with its own earlier run, where there is one.
    terms:
      compared !== undefined && existsSync(compared) ? { ...terms, earlier: { results: readResults(compared), from: compared } } : terms,
  }
  const ended = await judgeHere(about, {
    say: (line) => say(`${member.label}: ${line}`),
    startMock: () => Promise.reject(new Error('a workspace is no mock')),
    signal,
    onShare,
  })
  // Nothing is left alone where `admit` is left out.
  return judgedMember(place, folder, resultsOf(ended as Recording))
}
