import { EXIT } from '../../fixtures/exit-codes.ts'
import { excerpt, literally, plural } from '../../fixtures/text.ts'
import type { FleetPlan } from './plan.ts'
import { FLEET_SCHEMA_VERSION, type FleetResults, type MemberResult } from './results.ts'

/** Gravest first: what one of several runs ended with is what all of them end with. */
const GRAVEST = [EXIT.suite, EXIT.fails, EXIT.blocked, EXIT.request, EXIT.conforms]

/** The exit code of a fleet. */
export const gravest = (members: readonly Pick<MemberResult, 'exitCode'>[]): number =>
  GRAVEST.find((code) => members.some(({ exitCode }) => exitCode === code)) ?? EXIT.suite

/** What is known of a fleet beside its workspaces. */
export interface FleetRun extends Pick<FleetResults['run'], 'suite' | 'version' | 'started' | 'depth' | 'seconds' | 'notes'> {
  readonly filter?: string
  /** InferenceSets that are not ready: they fail the fleet, whatever their workspaces do. */
  readonly unready: readonly string[]
}

/** What a plan says of its fleet, with the notes and the seconds of one run of it. */
export const fleetRun = (
  { suite, version, started, depth, filter, unready }: FleetPlan,
  notes: readonly string[],
  seconds: number,
): FleetRun => ({ suite, version, started, depth, unready, notes: [...notes], seconds, ...(filter === undefined ? {} : { filter }) })

/** All that a fleet says, from what its workspaces said; `earlier` is what it is compared with. */
export function fleetResults(
  { unready, ...run }: FleetRun,
  members: readonly MemberResult[],
  earlier?: { readonly results: FleetResults; readonly from: string },
): FleetResults {
  const exitCode = gravest([...members, ...(unready.length > 0 ? [{ exitCode: EXIT.fails }] : [])])
  return {
    fleetSchemaVersion: FLEET_SCHEMA_VERSION,
    run: {
      ...run,
      ended: new Date().toISOString(),
      exitCode,
      headline: headlineOf(members),
      notes: [...run.notes, ...unready.map((set) => `${set} is not ready.`)],
      requests: sum(members.map(({ requests }) => requests)),
      tokens: sum(members.map(({ tokens }) => tokens)),
    },
    workspaces: [...members],
    causes: causesOf(members),
    outliers: outliersOf(members),
    ...(earlier === undefined ? {} : { comparison: compareFleets(earlier.results, members, earlier.from) }),
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)

function headlineOf(members: readonly MemberResult[]): string {
  // What stands for a namespace that could not be read has no name.
  const named = members.filter(({ name }) => name !== '')
  const places = members.length - named.length
  const count = (...codes: readonly number[]): number => named.filter(({ exitCode }) => codes.includes(exitCode)).length
  const [red, open, broken] = [count(EXIT.fails), count(EXIT.request, EXIT.blocked), count(EXIT.suite)]
  const all = plural(named.length, 'workspace')
  if (red + open + broken + places === 0) return `Tool calling works on ${named.length === 1 ? all : `all ${all}`}`
  const found = named.length === 0 ? 'no workspace' : all
  return `Tool calling on ${found}: ${[
    ...(count(0) > 0 ? [`${count(0)} ${count(0) === 1 ? 'conforms' : 'conform'}`] : []),
    ...(red > 0 ? [`${red} ${red === 1 ? 'does' : 'do'} not conform`] : []),
    ...(open > 0 ? [`${open} could not be judged`] : []),
    ...(broken > 0 ? [`${broken} met a defect of this suite`] : []),
    ...(places > 0 ? [`nothing was found in ${plural(places, 'place')}`] : []),
  ].join(', ')}`
}

type CauseGroup = FleetResults['causes'][number]

/** Ids that are named of many. */
const NAMED = 5

const few = (ids: readonly string[]): string =>
  `${ids.slice(0, NAMED).join(', ')}${ids.length > NAMED ? ` and ${ids.length - NAMED} more` : ''}`

/** Why workspaces do not conform: one group for each cause with one remedy, or for the same failures where no cause is known. */
function causesOf(members: readonly MemberResult[]): CauseGroup[] {
  const groups = new Map<string, { readonly group: CauseGroup; readonly first: MemberResult }>()
  for (const member of members) {
    if (member.exitCode === 0) continue
    const { cause } = member
    const about: Omit<CauseGroup, 'workspaces'> =
      cause === undefined
        ? { sentence: whyOf(member) }
        : {
            id: cause.id,
            layer: cause.layer,
            sentence: general(cause.sentence, member),
            remedy: general(cause.remedy, member),
            ...(cause.evidence[0] === undefined ? {} : { evidence: cause.evidence[0] }),
          }
    // One remedy mends all of a group; sentences differ in what each workspace has.
    const key = JSON.stringify(cause === undefined ? about : [about.id, about.remedy])
    const known = groups.get(key)
    if (known === undefined) groups.set(key, { first: member, group: { ...about, workspaces: [member.label] } })
    else known.group.workspaces.push(member.label)
  }
  return [...groups.values()]
    .map(({ group, first }) =>
      // Of one workspace alone, its own words can be pasted.
      group.workspaces.length === 1 && first.cause !== undefined
        ? { ...group, sentence: first.cause.sentence, remedy: first.cause.remedy }
        : group,
    )
    .toSorted((a, b) => b.workspaces.length - a.workspaces.length)
}

/** Why a workspace does not conform, where no cause is known. */
function whyOf(member: MemberResult): string {
  const { exitCode, failed, headline, label } = member
  if (exitCode === EXIT.fails && failed.length > 0)
    return `No single cause is known; ${plural(failed.length, 'requirement')} failed: ${few(failed)}.`
  const why = general(headline.replaceAll(label, 'WORKSPACE'), member)
  return `${why.slice(0, 1).toUpperCase()}${why.slice(1)}`
}

/** What stands before the name of a workspace, and of what bears its name. */
const BEFORE_NAME = String.raw`(?:workspace|inferenceset|pod|service|container|statefulset|deployment|svc|logs)[ /]|(?:workspace|service-name)=`

/** A text about one workspace, as it holds for others: `kubectl describe workspace WORKSPACE -n NAMESPACE`. */
export function general(
  text: string,
  { name, namespace, context, preset }: Pick<MemberResult, 'name' | 'namespace' | 'context' | 'preset'>,
): string {
  const word = `${literally(name)}(?!\\w)`
  const certain = name === '' ? text : text.replaceAll(new RegExp(`(?<=${BEFORE_NAME}|${literally(namespace)}/)${word}`, 'gi'), 'WORKSPACE')
  // Anywhere else `model` is a word, and phi-4 may be a model.
  const named =
    name === '' || /^[a-z]+$/.test(name)
      ? certain
      : certain
          .split(preset ?? name + name)
          .map((part) => part.replaceAll(new RegExp(`(?<![\\w.-])${word}`, 'g'), 'WORKSPACE'))
          .join(preset ?? name + name)
  return named
    .replaceAll(new RegExp(`((?:-n|--namespace|namespaces?|KAITO_NAMESPACE)[ =/])${literally(namespace)}(?![\\w-])`, 'g'), '$1NAMESPACE')
    .replaceAll(`${namespace}/WORKSPACE`, 'NAMESPACE/WORKSPACE')
    .replaceAll(new RegExp(`(context |KUBE_CONTEXT=)${literally(context)}(?![\\w-])`, 'g'), '$1CONTEXT')
}

/** What a workspace says, in a form that can be compared. */
const signatureOf = ({ exitCode, cause, failed }: MemberResult): string => JSON.stringify([exitCode, cause?.id, failed.toSorted()])

/** The verdict on a workspace in a few words. */
export function verdictOf({ exitCode, cause, failed, headline }: MemberResult): string {
  if (exitCode === EXIT.conforms) return 'conforms'
  const words = exitCode === EXIT.fails ? 'does not conform' : exitCode === EXIT.suite ? 'a defect of this suite' : 'could not be judged'
  const why = cause === undefined ? (failed.length > 0 ? `fails ${few(failed)}` : headline) : cause.id
  return `${words}: ${excerpt(why, 200)}`
}

/** What workspaces that should say the same have in common. */
const like = ({ preset, identity: { image, imageDigest } }: MemberResult): string | undefined =>
  preset === undefined || image === undefined
    ? undefined
    : `${preset} in ${image}${imageDigest === undefined ? '' : ` (${imageDigest.slice(0, 19)})`}`

/** Workspaces that say otherwise than those with the same preset and image. */
function outliersOf(members: readonly MemberResult[]): FleetResults['outliers'] {
  return [...Map.groupBy(members, like)].flatMap(([words, alike]) => {
    if (words === undefined || alike.length < 2) return []
    const [norm, ...others] = [...Map.groupBy(alike, signatureOf).values()].toSorted(
      (a, b) => b.length - a.length || (a[0]?.exitCode ?? 0) - (b[0]?.exitCode ?? 0),
    )
    const [usual] = norm ?? []
    if (norm === undefined || usual === undefined) return []
    return others.flat().map((odd) => ({
      workspace: odd.label,
      like: words,
      others: norm.length,
      verdict: verdictOf(odd),
      theirs: verdictOf(usual),
      differs: differences(usual.identity, odd.identity),
    }))
  })
}

type Texts = Readonly<Record<string, string | undefined>>

const pairs = (a: Texts, b: Texts, prefix: string): string[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((key) => a[key] !== b[key])
    .map((key) => `${prefix}${key}: ${b[key] ?? 'not set'} here, ${a[key] ?? 'not set'} there`)

/** In what two servers differ beside their workspace: flags and versions, as far as they are known of both. */
function differences(usual: MemberResult['identity'], odd: MemberResult['identity']): string[] {
  const flags = usual.arguments !== undefined && odd.arguments !== undefined ? pairs(usual.arguments, odd.arguments, '--') : []
  const beside = (['vllm', 'parser', 'image', 'imageDigest', 'kaito', 'replicas'] as const).filter(
    (key) => usual[key] !== undefined && odd[key] !== undefined,
  )
  const of = (identity: MemberResult['identity']): Texts => Object.fromEntries(beside.map((key) => [key, identity[key]]))
  return [...pairs(of(usual), of(odd), ''), ...flags].map((line) => excerpt(line, 200))
}

/** What is new in a fleet since an earlier run of it. */
function compareFleets(earlier: FleetResults, members: readonly MemberResult[], from: string): FleetResults['comparison'] {
  const before = new Map(earlier.workspaces.map((member) => [member.label, member]))
  const now = new Set(members.map(({ label }) => label))
  const both = members.flatMap((member) => {
    const old = before.get(member.label)
    return old === undefined ? [] : [{ old, member }]
  })
  const moves = (wanted: (old: MemberResult, member: MemberResult) => boolean) =>
    both
      .filter(({ old, member }) => wanted(old, member))
      .map(({ old, member }) => ({ workspace: member.label, before: verdictOf(old), now: verdictOf(member) }))
  return {
    with: { started: earlier.run.started, from },
    newlyFailing: moves((old, member) => old.exitCode === 0 && member.exitCode !== 0),
    newlyConforming: moves((old, member) => old.exitCode !== 0 && member.exitCode === 0),
    otherwise: moves((old, member) => old.exitCode !== 0 && member.exitCode !== 0 && signatureOf(old) !== signatureOf(member)),
    appeared: members.flatMap(({ label }) => (before.has(label) ? [] : [label])),
    vanished: earlier.workspaces.flatMap(({ label }) => (now.has(label) ? [] : [label])),
  }
}
