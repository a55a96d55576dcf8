import { familySpoken } from '../fixtures/contract/content.ts'
import { knownDefects, stands } from '../fixtures/contract/known.ts'
import type { KnownDefect } from '../fixtures/contract/known/defect.ts'
import { detectProfile, profileNamed } from '../fixtures/contract/profiles.ts'
import { viewOf, type ChatRequest, type View } from '../fixtures/contract/view.ts'
import { bodyText } from '../fixtures/exchange/body.ts'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import { EXIT } from '../fixtures/exit-codes.ts'
import { breaksCore, isCore } from '../fixtures/core.ts'
import { counts, effectOf, type Counts, type Effect } from './counts.ts'
import { failingWaivers, gate } from './gate.ts'
import type { Run, Verdict } from '../fixtures/record.ts'
import type { Recording } from './store.ts'
import { excerpt, lowered, plural } from '../fixtures/text.ts'
import { releaseIn } from '../fixtures/version.ts'

/** What a run says in one sentence, and the lists that every report shows in the same order. */
export interface Headline {
  readonly state: 'works' | 'fails' | 'unjudged'
  readonly sentence: string
  /** What limits the sentence: part of the suite, cut short, own defects. */
  readonly notes: readonly string[]
  readonly numbers: Counts
}

/** What a record says in one sentence, with what limits it and its numbers. */
export function headline(recording: Recording): Headline {
  const { run, verdicts, partial } = recording
  const numbers = counts(verdicts, run.failOn)
  const { effect, outcome, level, total } = numbers
  const { code, sentence: reason, otherwise } = gate(recording)
  const where = excerpt(run.target.name, 120)
  const judged = level.MUST.passed + level.MUST.failed + (run.failOn === 'should' ? level.SHOULD.passed + level.SHOULD.failed : 0)
  // The tally below counts warnings and SHOULD as well.
  const held = run.failOn === 'should' ? 'requirement' : 'MUST requirement'
  const blocked = level.MUST.blocked + (run.failOn === 'should' ? level.SHOULD.blocked : 0)
  const known = knownOf(verdicts).length
  const wrongWaivers = failingWaivers(run)
  const notes = [
    run.target.kind === 'mock' && 'The target was the mock of this suite, not a server.',
    partial && `The run was cut short after ${total} of ${run.planned} verdicts.`,
    releaseNote(recording),
    run.filter !== undefined && `Only part of the suite was asked for: ${excerpt(run.filter)}.`,
    outcome.broken > 0 && `${plural(outcome.broken, 'check')} broke: a defect of this suite, not of the server.`,
    effect.failure > 0 && level.MUST.blocked > 0 && `${plural(level.MUST.blocked, 'MUST requirement')} could not be judged.`,
    effect.failure > 0 && run.failOn === 'never' && 'The gate is open: failures do not change the exit code.',
    run.gate === 'new' && `Only what fails newly fails this run (CONFORMANCE_GATE=new): ${lowered(reason)}`,
    ...wrongWaivers.map(
      ({ at, check, state, note = '' }) => `${excerpt(at)}: the waiver of ${excerpt(check, 120)} is ${state}: ${lowered(excerpt(note))}`,
    ),
  ].filter((note) => note !== false && note !== undefined)

  if (effect.failure > 0 && run.blocked === undefined && otherwise === undefined) {
    const failed = `${effect.failure} of ${plural(judged, held)} failed`
    // A run in which none of them passed has not seen tool calling work.
    const core =
      withEffect({ run, verdicts }, 'failure').some(isCore) ||
      breaksCore(run.ended?.cause?.id ?? '') ||
      (run.filter === undefined && !verdicts.some((verdict) => verdict.outcome === 'passed' && isCore(verdict)))
    // A failure of the MCP server says nothing about the server under test.
    const isBeside = withEffect({ run, verdicts }, 'failure').every(({ cause }) => cause !== undefined)
    const rest = verdicts.some((verdict) => verdict.outcome === 'passed' && !verdict.tags.includes('mcp'))
    const sentence =
      isBeside && rest && isAsked(recording)
        ? `Tool calling works on ${where}, but NOT with the MCP server: ${failed}`
        : isBeside && run.filter !== undefined
          ? `Tool calling does NOT work with the MCP server, and nothing else was asked of ${where}: ${failed}`
          : core
            ? `Tool calling does NOT work on ${where}: ${failed}`
            : `Tool calling works on ${where}, but it does NOT conform: ${failed}`
    return { state: 'fails', sentence, notes, numbers }
  }
  const why =
    total === 0
      ? 'no requirement was reached'
      : outcome.broken > 0
        ? 'the suite itself failed'
        : otherwise !== undefined
          ? `${plural(effect.failure, 'requirement')} failed ${otherwise}`
          : run.blocked !== undefined && effect.failure > 0
            ? `${plural(effect.failure, 'requirement')} failed before the model could be asked`
            : level.MUST.blocked > 0
              ? `${blocked} of ${plural(blocked + judged, held)} blocked`
              : outcome.passed + outcome.failed + outcome.known + outcome.waived === 0
                ? 'nothing could be judged'
                : partial
                  ? 'the run was cut short, with no failure until then'
                  : code === EXIT.blocked
                    ? lowered(reason).replace(/\.$/, '')
                    : undefined
  if (why !== undefined) return { state: 'unjudged', sentence: `Tool calling could not be judged on ${where}: ${why}`, notes, numbers }
  const accepted = [
    known > 0 && `${plural(known, 'known defect')} of ${excerpt(run.server.name)}`,
    outcome.waived > 0 && plural(outcome.waived, 'waived requirement'),
  ].filter((part) => part !== false)
  const within = accepted.length === 0 ? '' : `, with ${accepted.join(' and ')}`
  const works = isAsked(recording)
    ? `Tool calling works on ${where}${within}${run.filter === undefined ? '' : ', as far as it was asked'}`
    : `What was asked of ${where} holds${within}, but no answer of its model was asked for: this says nothing of tool calling`
  if (wrongWaivers.length > 0 && run.failOn !== 'never')
    return {
      state: 'fails',
      sentence: `${works}, but ${plural(wrongWaivers.length, 'waiver')} no longer ${wrongWaivers.length === 1 ? 'holds' : 'hold'}`,
      notes,
      numbers,
    }
  return { state: 'works', sentence: works, notes, numbers }
}

/** The release that answers name by their fingerprint, where what lies before the server hid it from the choice of the profile. */
function releaseNote({ run: { server }, exchanges }: Recording): string | undefined {
  if (server.name.startsWith('vLLM ') && /\d/.test(server.name)) return undefined
  const [release, ...others] = new Set([...exchanges.values()].flatMap((exchange) => releaseIn(bodyText(exchange)) ?? []))
  if (release === undefined || others.length > 0) return undefined
  const { id } = detectProfile({ version: release }).profile
  return id === server.profile
    ? undefined
    : `Its answers name vLLM ${release} in system_fingerprint: CONFORMANCE_PROFILE=${id} judges by that release.`
}

/** Whether an answer of the model is part of the record: a filter may leave all of them out. */
const isAsked = ({ run, exchanges }: Recording): boolean =>
  run.filter === undefined || [...exchanges.values()].some(({ request, status }) => request.method === 'POST' && status === 200)

/** Each effect, and what a run that was cut short never reached: how every report names it. */
export const WORDS = {
  passed: { sign: '✓', word: 'passed' },
  failure: { sign: '✗', word: 'failed' },
  warning: { sign: '!', word: 'warning' },
  known: { sign: '◆', word: 'known' },
  waived: { sign: '◇', word: 'waived' },
  broken: { sign: '‼', word: 'broken' },
  blocked: { sign: '⊘', word: 'blocked' },
  inconclusive: { sign: '?', word: 'inconclusive' },
  'not applicable': { sign: '–', word: 'not applicable' },
  'not reached': { sign: '…', word: 'not reached' },
} as const satisfies Readonly<Record<Effect | 'not reached', { readonly sign: string; readonly word: string }>>

/** An effect, or that a verdict was never reached. */
export type Shown = keyof typeof WORDS

/** The effects that occur, with how many verdicts each and the word for them; together they are all that was planned. */
export function tallies({
  run,
  verdicts,
  partial,
}: Pick<Recording, 'run' | 'verdicts' | 'partial'>): { readonly effect: Shown; readonly count: number; readonly word: string }[] {
  const numbers = { ...counts(verdicts, run.failOn).effect, 'not reached': partial ? Math.max(0, run.planned - verdicts.length) : 0 }
  return (Object.keys(WORDS) as Shown[])
    .map((effect) => ({
      effect,
      count: numbers[effect],
      word: effect === 'warning' && numbers.warning > 1 ? 'warnings' : WORDS[effect].word,
    }))
    .filter(({ count }) => count > 0)
}

/** `150 passed · 2 failed · …`, without the zeros. */
export function tally(recording: Pick<Recording, 'run' | 'verdicts' | 'partial'>): string {
  return (
    tallies(recording)
      .map(({ count, word }) => `${count} ${word}`)
      .join(' · ') || 'no verdicts'
  )
}

/** `2026-11-22 16:00 UTC`: the one form of a time in reports for people. */
export function time(iso: string): string {
  const date = new Date(iso)
  return Number.isNaN(date.valueOf()) ? excerpt(iso) : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** Verdicts with this effect, in the order of the record. */
export function withEffect({ run, verdicts }: Pick<Recording, 'run' | 'verdicts'>, effect: Effect): Verdict[] {
  return verdicts.filter((verdict) => effectOf(verdict, run.failOn) === effect)
}

/** What was blocked for another reason than the cause of the run, which stands above every list. */
export const blockedOtherwise = (recording: Pick<Recording, 'run' | 'verdicts'>): Verdict[] =>
  withEffect(recording, 'blocked').filter((verdict) => !saysCause(verdict, recording.run))

/** Whether the reason of a verdict is the cause of the run, or stands below it as its evidence. */
export const saysCause = ({ reason }: Verdict, { ended }: Run): boolean =>
  reason !== undefined && (ended?.cause?.sentence.startsWith(reason) === true || ended?.cause?.evidence.includes(reason) === true)

/** The rates that samples reached, each once. */
export function rates({ verdicts }: Recording): { readonly title: string; readonly seen: string; readonly outcome: string }[] {
  const told = verdicts.flatMap(({ title, outcome, reason, tags }) =>
    tags.includes('sample') && reason !== undefined && (outcome === 'passed' || outcome === 'failed')
      ? [{ title, seen: reason, outcome }]
      : [],
  )
  return [...new Map(told.map((one) => [JSON.stringify(one), one])).values()]
}

/** Reasons of these verdicts with how many share each, most frequent first. */
export function reasons(verdicts: readonly Verdict[]): (readonly [reason: string, count: number])[] {
  const groups = Map.groupBy(verdicts, ({ reason }) => reason ?? 'no reason recorded')
  return [...groups].map(([reason, { length }]) => [reason, length] as const).toSorted((a, b) => b[1] - a[1])
}

/** Whether the server of a blocked run said anything of itself: the profile of one that did not is nobody's. */
export const isHeard = ({ server, blocked }: Pick<Run, 'server' | 'blocked'>): boolean => blocked === undefined || server.name !== 'unknown'

/** `vLLM 0.25.1, profile vllm-0.25 (GET /version says so)`; of a server that was not heard only that it is unknown. */
export function serverLine({ run }: Recording): string {
  const { server } = run
  if (!isHeard(run)) return server.name
  return `${excerpt(server.name, 80)}, profile ${excerpt(server.profile, 80)} (${excerpt(server.profileReason, 160)})`
}

/** `85 requests, 3541 tokens, 1.3 s`; of a run that was cut short only the requests. */
export function costLine({ run: { ended }, exchanges }: Recording): string {
  return ended
    ? `${plural(ended.requests, 'request')}, ${plural(ended.tokens, 'token')}, ${ended.seconds.toFixed(1)} s`
    : plural(exchanges.size, 'request')
}

/** `phi-4-mini (also served: other)`, or `none named`. */
export function modelLine({ run: { server } }: Recording): string {
  const others = server.models.filter((name) => name !== server.model)
  const also = others.length > 0 ? ` (also served: ${excerpt(others.join(', '), 200)})` : ''
  return server.model === undefined
    ? others.length > 0
      ? excerpt(others.join(', '), 200)
      : 'none named'
    : `${excerpt(server.model, 120)}${also}`
}

/** The known defects of the engine that showed, each with the verdicts that it explains. */
export function knownOf(
  verdicts: readonly Verdict[],
): { readonly id: string; readonly what: string; readonly issue: string; readonly verdicts: readonly Verdict[] }[] {
  const found = new Map<string, { id: string; what: string; issue: string; verdicts: Verdict[] }>()
  for (const verdict of verdicts) {
    if (verdict.outcome !== 'known') continue
    for (const defect of verdict.known ?? []) {
      const entry = found.get(defect.id) ?? { ...defect, verdicts: [] }
      entry.verdicts.push(verdict)
      found.set(defect.id, entry)
    }
  }
  return [...found.values()]
}

/** Amber known defects of the release that a complete run did not meet, with any parser or with that of the model's family. */
export function absentOf({ run, verdicts, exchanges, partial }: Recording): readonly KnownDefect[] {
  const version = profileNamed(run.server.profile)?.version
  if (version === undefined || partial || run.filter !== undefined || run.ended?.cause !== undefined || run.target.kind === 'mock')
    return []
  const met = new Set(verdicts.flatMap(({ known }) => known ?? []).map(({ id }) => id))
  const family = familySpoken([...exchanges.values()].flatMap(chatViewOf))
  const concerned = ({ parsers }: KnownDefect): boolean => parsers === 'all' || (family !== undefined && parsers.includes(family))
  return knownDefects.filter(
    (defect) => defect.shows === 'amber' && concerned(defect) && stands(defect, version, family) && !met.has(defect.id),
  )
}

/** An answer whose logprobs may show the model's own words. */
function chatViewOf(exchange: Exchange): View[] {
  const { path, body } = exchange.request
  if (path !== '/v1/chat/completions' || body?.includes('"logprobs":true') !== true || exchange.status !== 200) return []
  return [viewOf(exchange, { expect: 'answer' }, JSON.parse(body) as ChatRequest)]
}

/** What stands in place of a cause where requirements fail and none is known; undefined where none is missing. */
export function unexplained(recording: Recording): string | undefined {
  const { run } = recording
  if (run.ended?.cause !== undefined || run.blocked !== undefined) return undefined
  const failures = withEffect(recording, 'failure').length
  if (failures + withEffect(recording, 'blocked').length === 0) return undefined
  const alike = agreement(recording)
  if (alike !== undefined || failures === 0) return alike
  if (failures > 1) return 'No single cause explains most of what failed; see each failure below.'
  const none = run.server.name === 'unknown' ? 'Nothing' : `It is no known defect of ${excerpt(run.server.name, 80)}, and nothing else`
  return `${none} explains what failed; see the failure below.`
}

/** What most chat requests were answered in place of an answer: `53 of 60 chat requests were answered 451: …`. */
function agreement({ exchanges }: Recording): string | undefined {
  const asked = [...exchanges.values()].filter(({ request }) => request.path === '/v1/chat/completions')
  const refused = Map.groupBy(
    asked.filter(({ status }) => status !== undefined && status >= 400),
    ({ status }) => status,
  )
  const [most] = [...refused].toSorted(([, a], [, b]) => b.length - a.length)
  // Requests that are wrong on purpose are refused by a server that works.
  if (most === undefined || most[1].length * 2 < asked.length) return undefined
  const [status, alike] = most
  const [first] = alike
  const body = first === undefined ? '' : bodyText(first).trim()
  return `${alike.length} of ${plural(asked.length, 'chat request')} were answered ${status}${body === '' ? '' : `: ${excerpt(body, 200)}`}`
}
