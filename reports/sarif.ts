import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { linksOf } from '../fixtures/source.ts'
import { excerpt, plural } from '../fixtures/text.ts'
import type { Run, Verdict } from '../fixtures/record.ts'
import { counts, type Effect } from './counts.ts'
import type { FleetResults } from './fleet/results.ts'
import { reasons, withEffect } from './headline.ts'
import { waiverLine } from './waived.ts'
import { problemsOf, type RunProblem } from './problems.ts'
import type { Recording } from './store.ts'

const ROOT = resolve(import.meta.dirname, '..')
/** GitHub shows no more of one run. */
const MOST_RESULTS = 5_000

const LEVELS = {
  failure: 'error',
  broken: 'error',
  warning: 'warning',
  known: 'note',
  waived: 'note',
} as const satisfies Partial<Record<Effect, string>>
type Told = keyof typeof LEVELS

interface Place {
  readonly file: string
  readonly line: number
}

/**
 * The record as SARIF 2.1.0: a result for all that is not green, gravest first. Where: in the manifest that the run names, else in the waiver
 * file, else where the suite states the requirement.
 */
export function sarif(recording: Recording): string {
  const { run } = recording
  const { results, rules } = sarifResults(recording)
  return logOf({
    suite: run.suite.name,
    version: run.suite.version,
    category: category(run),
    invocation: {
      executionSuccessful: !recording.partial,
      ...(run.ended === undefined ? {} : { exitCode: run.ended.exitCode, endTimeUtc: run.ended.at }),
      startTimeUtc: run.started,
    },
    results,
    rules,
    properties: { counts: counts(recording.verdicts, run.failOn).effect },
  })
}

/**
 * What code scanning is told of one run, gravest first: what could not be judged once for each reason. `workspace` is named by each result,
 * where there are several.
 */
export function sarifResults(recording: Recording, workspace?: string) {
  const { run } = recording
  const of = (effects: readonly Told[]) =>
    effects.flatMap((effect) => withEffect(recording, effect).map((verdict) => ({ verdict, effect })))
  const [grave, mild] = [of(['failure', 'broken']), of(['warning', 'waived', 'known'])]
  const blocked = reasons(withEffect(recording, 'blocked'))
  const problems = problemsOf(recording)
  const waiverFile = run.ended?.waivers?.[0]?.at.replace(/:\d+$/, '')
  const stand = run.manifest ?? waiverFile
  const told = (one: (typeof grave)[number]) => resultOf(one.verdict, one.effect, run, stand)
  const results = [
    ...problems.map((problem) => problemResult(problem, run, stand)),
    ...grave.map(told),
    ...blocked.map(([reason, count]) => blockedResult(reason, count, run, stand)),
    ...mild.map(told),
  ].slice(0, MOST_RESULTS)
  return {
    results:
      workspace === undefined
        ? results
        : results.map((one) => ({ ...one, message: { text: `${excerpt(workspace, 120)}: ${one.message.text}` } })),
    rules: [
      ...problems.map(({ kind }) => problemRule(kind)),
      ...(blocked.length > 0 ? [problemRule('blocked')] : []),
      ...[...grave, ...mild].map(({ verdict }) => ruleOf(verdict)),
    ].slice(0, MOST_RESULTS),
  }
}

type Results = ReturnType<typeof sarifResults>

/** A workspace of a fleet of which there is no record: why, as a result. */
export function unjudgedResults(label: string, headline: string): Results {
  return {
    results: [
      {
        ruleId: 'run.empty',
        level: 'error',
        message: { text: `${excerpt(label, 120)}: ${excerpt(headline, 600)}` },
        locations: [location(NOWHERE)],
        partialFingerprints: fingerprint('run.empty', label),
        properties: { effect: 'blocked' },
      },
    ],
    rules: [problemRule('empty')],
  }
}

/** The results of all workspaces of a fleet as one run: GitHub takes no more than 20 runs of a file. */
export function fleetSarif({ run }: FleetResults, parts: readonly Results[]): string {
  const levels = ['error', 'warning', 'note']
  return logOf({
    suite: run.suite,
    version: run.version,
    category: 'fleet',
    invocation: { executionSuccessful: true, exitCode: run.exitCode, startTimeUtc: run.started, endTimeUtc: run.ended },
    results: parts.flatMap(({ results }) => results).toSorted((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level)),
    rules: parts.flatMap(({ rules }) => rules),
    properties: {},
  })
}

function logOf({
  suite,
  version,
  category: of,
  invocation,
  results,
  rules,
  properties,
}: Results & {
  readonly suite: string
  readonly version: string
  readonly category: string
  readonly invocation: object
  readonly properties: object
}): string {
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: suite,
            semanticVersion: version,
            informationUri: 'https://learn.microsoft.com/en-us/azure/aks/ai-toolchain-operator-tool-calling',
            rules: [...new Map(rules.map((rule) => [rule.id, rule])).values()],
          },
        },
        automationDetails: { id: `tool-calling/${of}/` },
        invocations: [invocation],
        results: results.slice(0, MOST_RESULTS),
        properties,
      },
    ],
  }
  return `${JSON.stringify(log, null, 1)}\n`
}

/** What is judged, so that it stays the same in every run: a port and a tag change, the workspace or the host do not. */
function subject({ target, server }: Run): string {
  if (server.identity?.workspace !== undefined) return server.identity.workspace
  if (target.kind === 'image') return target.name.replace(/@.*$/, '').replace(/:[^/:]*$/, '')
  if (target.kind === 'mock') return 'mock'
  return URL.parse(target.baseUrl)?.hostname ?? target.name
}

const category = (run: Run): string =>
  subject(run)
    .replaceAll(/[^\w.-]+/g, '-')
    .slice(0, 100)

/** The only fingerprint that GitHub reads; without numbers of lines, so that an alert stays the same when a file changes. */
const fingerprint = (id: string, of: string) => ({
  primaryLocationLineHash: `${createHash('sha256').update(`${id}\n${of}`).digest('hex').slice(0, 32)}:1`,
})

const location = ({ file, line }: Place) => ({
  physicalLocation: {
    artifactLocation: { uri: encodeURI(file.toWellFormed().replaceAll('\\', '/').replace(/^\.\//, '')) },
    region: { startLine: line },
  },
})

function resultOf(verdict: Verdict, effect: Told, run: Run, stand: string | undefined) {
  const { id, waiver, reason, findings } = verdict
  const [first, ...others] = findings
  const seen =
    first === undefined
      ? excerpt(reason ?? 'no reason recorded', 600)
      : `got ${excerpt(first.got)}, wanted ${excerpt(first.wanted)}, at ${excerpt(first.where)}`
  const prefix = {
    failure: '',
    broken: 'Broken, a defect of the suite: ',
    warning: '',
    known: 'Known defect: ',
    waived: 'Waived: ',
  }[effect]
  const told =
    effect === 'waived' ? `${waiverLine(verdict)}. ${seen}` : effect === 'known' ? `${excerpt(reason ?? '', 400)}. ${seen}` : seen
  const rest = others.length > 0 ? ` (and ${others.length} more)` : ''
  const own = placeOf(verdict)
  const at = waiver === undefined ? undefined : placeIn(waiver.at)
  return {
    ruleId: id,
    level: LEVELS[effect],
    message: { text: `${excerpt(verdict.title, 300)}: ${prefix}${told}${rest}` },
    locations: [location(at ?? (stand === undefined ? own : { file: stand, line: 1 }))],
    partialFingerprints: fingerprint(id, subject(run)),
    ...(waiver === undefined
      ? {}
      : { suppressions: [{ kind: 'external', status: 'accepted', justification: excerpt(waiverLine(verdict), 600) }] }),
    properties: { effect },
  }
}

function ruleOf({ id, title, group, level, source, tags }: Verdict) {
  const links = linksOf(source)
  const markdown = links.map(({ text, url }) => (url?.startsWith('https://') === true ? `[${plain(text)}](${url})` : plain(text))).join('')
  const first = links.find(({ url }) => url?.startsWith('https://') === true)?.url
  return {
    id,
    name: id,
    shortDescription: { text: excerpt(title, 300) },
    fullDescription: { text: `${excerpt(title, 300)} (${excerpt(group, 120)})` },
    help: {
      text: `${excerpt(title, 300)}\nSource: ${excerpt(source, 500)}`,
      markdown: `**${plain(title)}**\n\nGroup: ${plain(group)}\n\nSource: ${markdown}\n\nThe bytes of request and answer, and a curl command that does it again, are in the report of the run (index.html).`,
    },
    ...(first === undefined ? {} : { helpUri: first }),
    defaultConfiguration: { level: level === 'MUST' ? 'error' : level === 'SHOULD' ? 'warning' : 'note' },
    properties: { tags: [...new Set([level, ...tags])].slice(0, 10).map((tag) => excerpt(tag, 60)) },
  }
}

function problemRule(kind: RunProblem['kind'] | 'blocked') {
  const text = {
    blocked: 'A run can judge what it asks for',
    cut: 'A run ends when every requirement was judged',
    empty: 'A run judges at least one requirement',
    waiver: 'A waiver holds: it is not expired, and what it expects happens',
  }[kind]
  return {
    id: `run.${kind}`,
    name: `run.${kind}`,
    shortDescription: { text },
    fullDescription: { text },
    help: { text, markdown: text },
    defaultConfiguration: { level: 'error' },
    properties: { tags: ['run'] },
  }
}

function blockedResult(reason: string, count: number, run: Run, stand: string | undefined) {
  const cause = run.ended?.cause
  return {
    ruleId: 'run.blocked',
    level: 'error',
    message: { text: `${plural(count, 'requirement')} could not be judged: ${excerpt(reason, 600)}` },
    locations: [location({ file: stand ?? NOWHERE.file, line: 1 })],
    // A sentence may hold what differs from run to run.
    partialFingerprints: fingerprint(`run.blocked ${reason === cause?.sentence ? cause.id : reason}`, subject(run)),
    properties: { effect: 'blocked' },
  }
}

function problemResult({ kind, title, message, at }: RunProblem, run: Run, stand: string | undefined) {
  return {
    ruleId: `run.${kind}`,
    level: 'error',
    message: { text: `${excerpt(title)}: ${excerpt(message, 600)}` },
    locations: [location(at === undefined ? { file: stand ?? NOWHERE.file, line: 1 } : placeIn(at))],
    partialFingerprints: fingerprint(`run.${kind} ${title}`, subject(run)),
    properties: { effect: 'failure' },
  }
}

/** Where the suite begins: for what has no place of its own. */
const NOWHERE: Place = { file: 'suites/conformance.test.js', line: 1 }

/** `conformance.waivers.yaml:3` */
function placeIn(at: string): Place {
  const [, file = at, line = '1'] = /^(.*):(\d+)$/.exec(at) ?? []
  return { file, line: Number(line) }
}

/** Foreign text in Markdown. */
const plain = (text: string): string => excerpt(text, 500).replaceAll(/[\\`*_[\]<>|#!]/g, String.raw`\$&`)

let places: ReadonlyMap<string, Place> | undefined

/** Where the suite states a requirement: its scenario's file, or the file of its rule, and the line with its id. */
function placeOf({ id, tags }: Verdict): Place {
  places ??= new Map(
    ['suites', 'fixtures/contract']
      .flatMap((folder) =>
        readdirSync(join(ROOT, folder))
          .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
          .flatMap((name) =>
            readFileSync(join(ROOT, folder, name), 'utf8')
              .split('\n')
              .flatMap((text, index) =>
                [...text.matchAll(/'([a-z0-9-]+(?:\.[a-z0-9_-]+)+)'/g)].map(
                  ([, found = '']) => [found, { file: `${folder}/${name}`, line: index + 1 }] as const,
                ),
              ),
          ),
      )
      .toReversed(),
  )
  const bare = id.replace(/:(?:plain|stream)$/, '')
  const slug = tags.find(
    (tag) => tag !== 'contract' && tag !== 'plain' && tag !== 'stream' && tag !== 'sample' && !['must', 'should', 'may'].includes(tag),
  )
  return (
    places.get(bare) ?? {
      file: tags.includes('contract') || slug === undefined ? 'fixtures/contract/contract.ts' : `suites/${slug}.ts`,
      line: 1,
    }
  )
}
