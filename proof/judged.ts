import { agreement, compareParts } from '../fixtures/contract/agreement.ts'
import { readWithClient } from '../fixtures/contract/client.ts'
import { exchangeRules, judge, rules } from '../fixtures/contract/contract.ts'
import { canonical, parseJson } from '../fixtures/contract/json.ts'
import { familySpoken } from '../fixtures/contract/content.ts'
import { knownDefect, knownDefects, sentenceOf } from '../fixtures/contract/known.ts'
import type { KnownDefect } from '../fixtures/contract/known/defect.ts'
import { callMarkup } from '../fixtures/contract/markup.ts'
import { profileNamed, type Profile } from '../fixtures/contract/profiles.ts'
import { readExchange } from '../fixtures/contract/read.ts'
import type { Breach, RuleContext } from '../fixtures/contract/rule.ts'
import { shown } from '../fixtures/text.ts'
import { conditionOf, fields, list, namedChoice, type ChatRequest, type Intent, type View } from '../fixtures/contract/view.ts'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import { replyOf, type Check, type Facts, type Reply } from '../fixtures/scenario.ts'
import { loadScenarios } from '../run/scenarios.ts'
import { table } from './markdown.ts'
import type { Packed, Recorded } from '../mocks/recordings/answers.ts'
import { recordedDefects, type RecordedDefect, type Where } from '../mocks/recordings/defects.ts'

/** A breach of the contract in a recorded answer. */
export interface RecordedFinding {
  readonly version: string
  readonly recorded: Recorded
  /** Id of the rule; `recorded.…` are judgements that only a recording allows, because it tells what the model wrote. */
  readonly rule: string
  readonly level: 'MUST' | 'SHOULD' | 'MAY'
  readonly breach: Breach
  /** Id of the amber known defect that explains it. */
  readonly known: string | undefined
  /** Id of the red known defect that a run would name for it: by its bytes, and the parser that the server was started with. */
  readonly red: string | undefined
}

/** Wrong by the API, but answered or refused as the version sees fit: no rule but the general ones judges these. */
const STATUS_ONLY =
  /^error\.(?:schema|no-key|wrong-key|models-no-key|models-one|path-unknown|method)|^schema\.|^key-lower-case|^error\.(?:history-arguments|role-unknown|max-tokens-huge|content-type|stream-options|too-long|tool-type-custom|auto-without-tools|parameters-string)/

function intentOf(profile: Profile, { case: name, path }: Recorded): Intent {
  if (name.startsWith('error.tools-empty') && !profile.refusesEmptyTools) return { expect: 'status' }
  if (!/^\/v1\/(?:chat\/completions|models|responses|messages)$/.test(path) || STATUS_ONLY.test(name)) return { expect: 'status' }
  if (name.startsWith('error.')) return { expect: 'refusal' }
  return { expect: 'answer', ...(/(?:^|\.)truncated(?:\.|$)/.test(name) ? { truncated: true } : {}) }
}

function parsed(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  const json = parseJson(text ?? '')
  return json.ok ? fields(json.value) : undefined
}

const bodies = new Map<string | undefined, ReturnType<typeof parsed>>()

/** One object for each body, however often it was sent: a schema in it is then compiled once. */
function sentBody({ request }: Recorded): ReturnType<typeof parsed> {
  const known = bodies.get(request) ?? parsed(request)
  bodies.set(request, known)
  return known
}

/** The recording as an exchange of ours. */
export function exchangeOf(version: string, recorded: Recorded): Exchange {
  const { body, pieces = [[0, 0]], cut } = recorded
  return {
    id: `${version}/${recorded.parser}/${recorded.conditions}/${recorded.case}`,
    request: {
      method: recorded.method,
      path: recorded.path,
      form: sentBody(recorded)?.['stream'] === true ? 'stream' : 'plain',
      ...(recorded.request === undefined ? {} : { body: recorded.request }),
      ...(recorded.authorization === undefined
        ? {}
        : { authorization: recorded.authorization === null ? 'none' : { literal: recorded.authorization } }),
    },
    sentAt: 0,
    status: recorded.status,
    headers: recorded.headers,
    chunks: pieces.map(([at, offset], index) => ({ at, bytes: body.subarray(offset, pieces[index + 1]?.[1] ?? body.length) })),
    end: cut === undefined ? { kind: 'complete' } : { kind: 'cut', code: 'CLOSED', detail: cut },
    duration: pieces.at(-1)?.[0] ?? 0,
    postponed: [],
  }
}

function viewOfRecorded(profile: Profile, recorded: Recorded): View {
  const body = recorded.path === '/v1/chat/completions' && recorded.method === 'POST' ? sentBody(recorded) : undefined
  return readExchange(exchangeOf(profile.version ?? '', recorded), intentOf(profile, recorded), body as ChatRequest | undefined)
}

/** Answers that differ in nothing but ids and times are judged once. */
function sameness(profile: Profile, recorded: Recorded): string {
  const { request, status, headers, body, cut } = recorded
  const ids = new Map<string, string>()
  const text = Buffer.from(body)
    .toString('utf8')
    .replaceAll(/\b[0-9a-f]{16,32}\b|"created(?:_at)?":\d{10}|(?<="id":")[a-zA-Z0-9]{9}(?=")/g, (id) => {
      const stand = ids.get(id) ?? `#${ids.size}`
      ids.set(id, stand)
      return stand
    })
  const kept = headers.filter(([key]) => !/^(?:date|content-length)$/i.test(key))
  return JSON.stringify([request, status, kept, text, cut ?? null, intentOf(profile, recorded)])
}

interface ReadRecording {
  readonly view: View
  readonly breaches: readonly { readonly rule: string; readonly level: RecordedFinding['level']; readonly breach: Breach }[]
}

/** Every breach in every recorded answer, by every rule, the pair rules and what the recording knows of the model's own words. */
export async function judgeRecordings(
  packed: readonly Packed[],
): Promise<{ findings: RecordedFinding[]; exchanges: number; pairs: number }> {
  const findings: RecordedFinding[] = []
  const requirements = await requirementsOnCases()
  let exchanges = 0
  let pairs = 0
  for (const { version, exchanges: all } of packed) {
    const profile = profileNamed(version)
    if (profile === undefined) throw new Error(`no profile ${version}`)
    const memory = new Map<string, ReadRecording>()
    const views = new Map<string, View>()
    for (const [parser, recordedBy] of Map.groupBy(all, ({ parser: of, conditions }) => `${of}/${conditions}`)) {
      const models = recordedBy.find(({ path, status }) => path === '/v1/models' && status === 200)
      const listed = list(parsed(models && Buffer.from(models.body).toString('utf8'))?.['data'])
      const cards = listed.map((card) => fields(card) ?? {})
      const context: RuleContext = {
        profile,
        models: cards.map((card) => String(card['id'])),
        contextLength: cards.map((card) => card['max_model_len']).find((length) => typeof length === 'number'),
      }
      const shows = recordedBy.find(({ case: name }) => name === 'logprobs.auto')
      const family = shows && familySpoken([viewOfRecorded(profile, shows)])
      const add = (recorded: Recorded, view: View, rule: string, level: RecordedFinding['level'], breach: Breach): void => {
        const exchange = exchangeOf(version, recorded)
        const defect = knownDefect({ id: rule, got: breach.got, exchange, ...conditionOf(view), family, parser: recorded.parser }, profile)
        const [known, red] = defect?.shows === 'red' ? [undefined, defect.id] : [defect?.id, undefined]
        findings.push({ version, recorded, rule, level, breach, known, red })
      }
      exchanges += recordedBy.length
      const keys = new Map(recordedBy.map((recorded) => [recorded, `${context.models.join()} ${sameness(profile, recorded)}`]))
      await Promise.all(
        [...new Map(recordedBy.map((recorded) => [keys.get(recorded) ?? '', recorded]))].map(async ([key, recorded]) => {
          if (memory.has(key)) return
          const read = viewOfRecorded(profile, recorded)
          const view = { ...read, client: read.intent.expect === 'answer' ? await readWithClient(read) : undefined }
          const breaches = exchangeRules.flatMap((rule) =>
            (judge(rule, view, context) ?? []).map((breach) => ({ rule: rule.id, level: rule.level, breach })),
          )
          memory.set(key, { view, breaches })
        }),
      )
      for (const recorded of recordedBy) {
        const judged = memory.get(keys.get(recorded) ?? '') as ReadRecording
        views.set(`${parser}/${recorded.case}`, judged.view)
        for (const { rule, level, breach } of judged.breaches) add(recorded, judged.view, rule, level, breach)
        // A run judges no behaviour by a refusal.
        const judgeable = judged.view.intent.expect !== 'answer' || recorded.status === 200
        for (const { id, level, check } of requirements.filter(({ cases }) => judgeable && cases.test(recorded.case))) {
          const found = await check(replyOf(judged.view), { profile, hasKey: true, contextLength: context.contextLength, views: () => [] })
          if (found !== undefined && 'got' in found)
            add(recorded, judged.view, id, level, { where: found.where ?? '', got: found.got, wanted: found.wanted })
        }
        for (const { rule, breach } of ownWords(recorded, judged.view, profile)) add(recorded, judged.view, rule, 'MUST', breach)
      }
      for (const recorded of recordedBy) {
        const [plain, stream] = [views.get(`${parser}/${recorded.case.replace(/\.stream$/, '')}`), views.get(`${parser}/${recorded.case}`)]
        if (plain === undefined || stream === undefined || plain === stream || stream.intent.expect !== 'answer') continue
        if (stream.request === undefined || stream.intent.truncated === true) continue
        pairs += 1
        for (const rule of agreement) {
          const whole = [plain, stream].every(isWhole)
          if (rule.id !== 'agree.status' && (!whole || (rule.chance && (stream.request.n ?? 1) > 1))) continue
          const breach = compareParts(rule, plain, stream)
          if (breach !== undefined) add(recorded, stream, rule.id, rule.level, breach)
        }
      }
    }
  }
  return { findings, exchanges, pairs }
}

/** As in a run: only answers that were not cut off are compared. */
const isWhole = ({ exchange, answer }: View): boolean =>
  exchange.status === 200 && answer.error === undefined && answer.choices.every(({ finishReason }) => finishReason !== 'length')

/** Requirements of scenarios whose question a recorded case asks too, and which no rule of the contract stands in for. */
const REQUIREMENTS: readonly (readonly [slug: string, id: RegExp, cases: RegExp])[] = [
  ['bad-requests', /^bad\.schema-impossible$/, /^error\.schema-required$/],
  ['bad-requests', /^bad\.body-list$/, /^error\.body-list$/],
  ['zero-argument-tool', /^zero\.object$/, /^named\.zero(?:\.stream)?$/],
  ['truncation', /^truncation\.call$/, /^truncated\.required(?:\.stream)?$/],
  ['no-tool-choice', /^none\.no-call$/, /^none(?:\.stream)?$/],
]

async function requirementsOnCases(): Promise<
  readonly { id: string; level: RecordedFinding['level']; cases: RegExp; check: (reply: Reply, facts: Facts) => Check | Promise<Check> }[]
> {
  const scenarios = await loadScenarios(1)
  return REQUIREMENTS.flatMap(([slug, ids, cases]) =>
    (scenarios.get(slug)?.requirements ?? []).flatMap(({ id, level, kind }) =>
      ids.test(id) && 'each' in kind ? [{ id, level, cases, check: kind.each }] : [],
    ),
  )
}

/** What the scripted model says before a call when it is told to think aloud. */
const BEFORE = 'Let me look that up.'

/** What the model wrote against what arrived: a scripted model's words are known, so this needs no rule. */
function* ownWords(recorded: Recorded, view: View, { obeysParallelFalse }: Profile): Iterable<{ rule: string; breach: Breach }> {
  const { status, case: name, wrote } = recorded
  if (view.intent.expect !== 'answer' || view.request === undefined || status !== 200 || wrote === undefined) return
  if (view.intent.truncated === true || view.answer.error !== undefined) return
  const choice = view.request.tool_choice
  if (choice === 'none') return
  const calls = recorded.calls ?? jsonCalls(wrote, view)
  // A grammar made the model write something else than its script, and its text means calls that are not known.
  if (calls.length === 0 && callMarkup(wrote) !== undefined) return
  const written = calls.slice(0, view.request.parallel_tool_calls === false && obeysParallelFalse ? 1 : undefined).map(([callee, args]) => {
    const json = parseJson(JSON.stringify(args ?? {}))
    return `${callee} ${json.ok ? canonical(json.root) : ''}`
  })
  for (const { index, calls: made, content, finishReason } of view.answer.choices) {
    if (finishReason === 'length') continue
    const delivered = made.map((call) => {
      const json = parseJson(call.arguments)
      return `${call.name} ${json.ok ? canonical(json.root) : call.arguments}`
    })
    if (written.join('\n') !== delivered.join('\n')) {
      const rule = name.startsWith('auto.spaces') ? 'arguments.shapes.padded' : 'recorded.calls'
      yield { rule, breach: { where: `choice ${index}`, got: shown(delivered), wanted: shown(written) } }
    }
    const text = calls.length === 0 ? wrote.trim() : wrote.startsWith(BEFORE) ? BEFORE : ''
    if ((content ?? '').trim() !== text)
      yield { rule: 'recorded.content', breach: { where: `choice ${index}, content`, got: shown(content), wanted: shown(text) } }
  }
}

/** The calls of a text that a JSON schema constrained: the arguments alone under a named choice, a list of calls under required. */
function jsonCalls(wrote: string, view: View): readonly (readonly [string, unknown])[] {
  const json = parseJson(wrote)
  const name = namedChoice(view.request)
  if (!json.ok || (name === undefined && view.request?.tool_choice !== 'required')) return []
  if (name !== undefined && !Array.isArray(json.value)) return [[name, json.value]]
  return list(json.value).flatMap((raw) => {
    const call = fields(raw)
    return typeof call?.['name'] === 'string' ? [[call['name'], call['parameters'] ?? call['arguments']] as const] : []
  })
}

function fits(
  { versions, parsers, conditions, cases, rules: ids, got }: Where,
  { version, recorded, rule, breach }: RecordedFinding,
): boolean {
  return (
    versions?.includes(version) !== false &&
    parsers?.includes(recorded.parser) !== false &&
    conditions?.includes(recorded.conditions) !== false &&
    cases?.test(recorded.case) !== false &&
    ids?.test(rule) !== false &&
    got?.test(breach.got) !== false
  )
}

/** The entries of defects.ts that explain a finding: there has to be exactly one. */
export function explanations(finding: RecordedFinding): RecordedDefect[] {
  return recordedDefects.filter(({ where, known = [] }) =>
    finding.known === undefined
      ? where.some((part) => fits(part, finding))
      : known.some((part) => part.id === finding.known && fits(part, finding)),
  )
}

/** The known defects that an entry of defects.ts shows. */
export const shownBy = ({ of, known = [] }: RecordedDefect): readonly KnownDefect[] =>
  knownDefects.filter(({ id }) => id === of || known.some((part) => part.id === id))

/** docs/observed-defects.md: which defect the contract notices on the recordings, by which rules. */
export function defectsTable(findings: readonly RecordedFinding[]): string {
  const explained = Map.groupBy(findings, (finding) => explanations(finding)[0])
  const rows = recordedDefects
    .filter(({ number }) => number !== undefined)
    .map((entry) => {
      const own = explained.get(entry) ?? []
      const defects = shownBy(entry)
      const ids = (judged: 'contract' | 'requirement' | 'words'): string =>
        unique(own.filter(({ rule }) => kindOf(rule) === judged).map(({ rule }) => `\`${rule}\``)).join(' ')
      const noticed = ids('contract')
      const others = [ids('requirement'), entry.unnoticed ?? (noticed === '' ? "only the model's own words show it" : '')].filter(Boolean)
      const versions = unique(own.length > 0 ? own.map(({ version }) => version) : [entry.proof.version])
      const parsers = unique(own.length > 0 ? own.map(({ recorded }) => recorded.parser) : [entry.proof.parser])
      return [
        `<a id="${entry.number}"></a>${entry.number}`,
        defects.map(({ id }) => `\`${id}\``).join(' '),
        defects.map(sentenceOf).join(' '),
        versions.join(', '),
        parsers.join(', '),
        String(new Set(own.map(({ recorded }) => recorded)).size),
        noticed === '' ? `none: ${others.join('; ')}` : [noticed, ...(others.length > 0 ? [`(${others.join('; ')})`] : [])].join(' '),
        `${entry.proof.version} ${entry.proof.parser} \`${entry.proof.case}\``,
      ]
    })
  return [
    '# Observed defects of vLLM, and what the contract notices of them',
    '',
    'Made from the recorded answers in `mocks/recordings/answers` by `RENEW=1 npx vitest run --project self proof/recorded.test.ts`; do not edit.',
    'Other documents cite an entry by its number: observed defect 26. Known defect: its row in [known-defects.md](known-defects.md), with the upstream issue and what to do. Answers: how many recorded answers show it. Recording: version, parser and case of one of them.',
    '',
    table(['#', 'Known defect', 'What', 'Versions', 'Parsers', 'Answers', 'Rules of the contract that notice it', 'Recording'], rows),
    '',
  ].join('\n')
}

const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })
const unique = (values: readonly string[]): string[] => [...new Set(values)].toSorted(byNumber)

const contractIds = new Set(rules.map(({ id }) => id))

/** Who noticed: a rule, a requirement of a scenario, or the recording, which knows what the model wrote. */
function kindOf(rule: string): 'contract' | 'requirement' | 'words' {
  if (contractIds.has(rule)) return 'contract'
  return rule.startsWith('recorded.') ? 'words' : 'requirement'
}
