import { matchesGlob } from 'node:path'
import { coerce, satisfies } from 'semver'
import { isUnwaivable } from '../fixtures/core.ts'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import type { Identity, Outcome, Verdict, Waiver } from '../fixtures/record.ts'
import { plural } from '../fixtures/text.ts'
import { effectOf, type FailOn } from '../reports/counts.ts'
import type { WaiverEntry } from './waivers.ts'

/** What waivers are held against. */
export interface EndedRun {
  readonly verdicts: readonly Verdict[]
  readonly exchanges: ReadonlyMap<string, Exchange>
  readonly failOn: FailOn
  readonly identity: Identity
  /** Nothing could be asked, or the run was cut short: nothing is stale then. */
  readonly whole: boolean
  /** How often the checks that are expected to be flaky failed, by id. */
  readonly repeated: ReadonlyMap<string, NonNullable<Waiver['failures']>>
}

/** The verdicts with those waived that entries accept, and what became of each entry. */
export function judgeWaivers(
  entries: readonly WaiverEntry[],
  judged: EndedRun,
): { readonly verdicts: readonly Verdict[]; readonly waivers: readonly Waiver[] } {
  const results = entries.map((entry) => judgeEntry(entry, judged))
  const waivers = results.map(({ covered: _covered, ...waiver }) => waiver)
  const verdicts = judged.verdicts.map((verdict) => {
    const applied = results.filter(({ covered }) => covered.has(verdict.id))
    const parts = new Set(applied.flatMap(({ covered }) => covered.get(verdict.id) ?? []))
    const [first] = applied
    // What two entries cover of one rule, plain and streamed, they cover together.
    if (first === undefined || !partsOf(verdict, judged).every((part) => parts.has(part))) return verdict
    const { reason, link, owner, expires, daysLeft, at } = first
    const was: Outcome = verdict.outcome === 'passed' ? 'failed' : verdict.outcome
    return { ...verdict, outcome: 'waived' as const, waiver: { was, reason, link, owner, expires, daysLeft, at } }
  })
  const waived = new Set(verdicts.flatMap(({ id, outcome }) => (outcome === 'waived' ? [id] : [])))
  return { verdicts, waivers: waivers.map((waiver) => ({ ...waiver, verdicts: waiver.verdicts.filter((id) => waived.has(id)) })) }
}

/** What of a verdict an entry covers: all of it, or the answers of one form. */
type Part = 'all' | 'plain' | 'stream'

type Result = Waiver & { readonly covered: ReadonlyMap<string, readonly Part[]> }

const BOTH: readonly Part[] = ['all', 'plain', 'stream']

function judgeEntry(entry: WaiverEntry, judged: EndedRun): Result {
  const says = (
    state: Waiver['state'],
    note?: string,
    covered: Result['covered'] = new Map(),
    more: Pick<Waiver, 'failures'> = {},
  ): Result => ({
    ...entry,
    state,
    ...(note === undefined ? {} : { note }),
    verdicts: [...covered.keys()],
    ...more,
    covered,
  })
  const elsewhere = unmet(entry, judged.identity)
  if (elsewhere !== undefined) return says('elsewhere', elsewhere)
  if (!judged.whole) return says('unused', 'The run did not get as far as to judge it.')
  return entry.check.startsWith('cause:') ? judgeCause(entry, judged, says) : judgeCheck(entry, judged, says)
}

type Says = (state: Waiver['state'], note?: string, covered?: Result['covered'], more?: Pick<Waiver, 'failures'>) => Result

const expired = ({ daysLeft, expires }: WaiverEntry): string | undefined =>
  daysLeft < 0 ? `It ended on ${expires}, ${plural(-daysLeft, 'day')} ago: renew it with its owner, or take it out.` : undefined

function judgeCause(entry: WaiverEntry, { verdicts }: EndedRun, says: Says): Result {
  const id = entry.check.slice('cause:'.length)
  const over = expired(entry)
  if (over !== undefined) return says('expired', over)
  const explained = verdicts.filter(
    ({ outcome, cause, explainedBy }) => (outcome === 'failed' || outcome === 'blocked') && (cause ?? explainedBy)?.id === id,
  )
  if (explained.length === 0) return says('stale', `Nothing in this run has the cause ${id}: take the entry out.`)
  const core = explained.filter((verdict) => isUnwaivable(verdict.id))
  const note =
    core.length === 0
      ? undefined
      : `It explains ${core.map((verdict) => verdict.id).join(', ')} as well, which belong to the core and cannot be waived.`
  return says('applied', note, new Map(explained.filter((verdict) => !isUnwaivable(verdict.id)).map((verdict) => [verdict.id, BOTH])))
}

function judgeCheck(entry: WaiverEntry, judged: EndedRun, says: Says): Result {
  const { check, expect } = entry
  const [, bare = '', form] = /^(.*):(plain|stream)$/.exec(check) ?? []
  const whole = judged.verdicts.find(({ id }) => id === check)
  const verdict = whole ?? judged.verdicts.find(({ id }) => id === bare)
  if (verdict === undefined) return says('unused', 'Its check was not part of this run.')
  const part: Part = whole === undefined ? (form as Part) : 'all'
  const parts = partsOf(verdict, judged)
  const fails = verdict.outcome === 'failed' || verdict.outcome === 'known'
  const unjudged = [
    'not applicable',
    'broken',
    ...(expect === 'inconclusive' ? [] : ['inconclusive']),
    ...(expect === 'blocked' ? [] : ['blocked']),
  ]
  if (unjudged.includes(verdict.outcome)) return says('unused', `Its check was ${verdict.outcome}: nothing was judged.`)
  if (part !== 'all' && !verdict.exchanges.some((id) => judged.exchanges.get(id)?.request.form === part))
    return says('unused', `No ${part === 'plain' ? 'plain' : 'streamed'} answer was judged by it.`)
  const over = expired(entry)
  if (over !== undefined) return says('expired', over)

  const covered = new Map([[verdict.id, part === 'all' ? BOTH : [part]]])
  if (expect === 'flaky') {
    const failures = flakiness(verdict, part, judged)
    if (failures === undefined) return says('unused', 'It was not asked several times.')
    const { failed, tries } = failures
    const note = `It failed in ${failed} of ${plural(tries, 'try', 'tries')}${failed === tries ? ': if that stays so, expect failed' : failed === 0 ? ': if that stays so, take the entry out' : ''}.`
    return says('applied', note, failed === 0 ? new Map() : covered, { failures })
  }
  const happened = {
    failed: fails && (part === 'all' || parts.includes(part)),
    warning: fails && effectOf({ ...verdict, outcome: 'failed' }, judged.failOn) === 'warning' && (part === 'all' || parts.includes(part)),
    blocked: verdict.outcome === 'blocked',
    inconclusive: verdict.outcome === 'inconclusive',
  }[expect]
  if (!happened) {
    const answers = part === 'all' ? '' : ` in ${part === 'plain' ? 'plain' : 'streamed'} answers`
    const got = fails && part !== 'all' && !parts.includes(part) ? 'passed' : WORDS[verdict.outcome]
    return says(
      'stale',
      `It was expected to ${EXPECTED[expect]}${answers}, and it ${got}: ${got === 'passed' ? 'take the entry out' : 'look at it again'}.`,
    )
  }
  const rest = part === 'all' ? [] : parts.filter((one) => one !== part)
  return says(
    'applied',
    rest.length === 0
      ? undefined
      : `It fails in ${rest.includes('plain') ? 'plain' : 'streamed'} answers as well, which this entry does not cover.`,
    covered,
  )
}

const EXPECTED = { failed: 'fail', warning: 'warn', blocked: 'be blocked', inconclusive: 'be inconclusive' } as const

const WORDS: Readonly<Record<Outcome, string>> = {
  passed: 'passed',
  failed: 'failed',
  known: 'failed',
  waived: 'was waived',
  blocked: 'was blocked',
  inconclusive: 'was inconclusive',
  'not applicable': 'was not applicable',
  broken: 'broke',
}

/** How often a check that is expected to be flaky failed: a sample by its tries, a rule by its exchanges, a requirement by its repetitions. */
function flakiness(verdict: Verdict, part: Part, { exchanges, repeated }: EndedRun): Waiver['failures'] {
  if (verdict.rate !== undefined)
    return { failed: verdict.outcome === 'passed' ? 0 : verdict.rate.tries - verdict.rate.hits, tries: verdict.rate.tries }
  if (verdict.tags.includes('contract')) {
    const of = (id: string): boolean => part === 'all' || exchanges.get(id)?.request.form === part
    const failed = new Set(verdict.findings.map(({ exchange }) => exchange).filter(of))
    return { failed: failed.size, tries: new Set(verdict.exchanges.filter(of)).size }
  }
  return repeated.get(verdict.id)
}

/** Whether a verdict is to be tried again for an entry: it is expected to be flaky, here, and says nothing of a rate by itself. */
export function isRepeatable(entry: WaiverEntry, verdict: Verdict, identity: Identity): boolean {
  return (
    entry.expect === 'flaky' &&
    entry.check === verdict.id &&
    entry.daysLeft >= 0 &&
    unmet(entry, identity) === undefined &&
    verdict.rate === undefined &&
    !verdict.tags.includes('contract') &&
    ['passed', 'failed', 'known'].includes(verdict.outcome)
  )
}

/** The forms of answers that a verdict of the contract failed in; of any other verdict all of it. */
function partsOf(verdict: Verdict, { exchanges }: EndedRun): readonly Part[] {
  if (!verdict.tags.includes('contract') || verdict.findings.length === 0) return ['all']
  return [...new Set(verdict.findings.map(({ exchange }): Part => exchanges.get(exchange)?.request.form ?? 'all'))]
}

/** Which condition of an entry does not hold, or cannot be told to hold; undefined when all do. */
function unmet({ when }: WaiverEntry, { workspace, vllm, parser }: Identity): string | undefined {
  if (when?.workspace !== undefined) {
    if (workspace === undefined) return `It is for the workspace ${when.workspace}, and the target is no workspace.`
    const name = when.workspace.includes('/') ? workspace : (workspace.split('/').at(-1) ?? '')
    if (!matchesGlob(name, when.workspace)) return `It is for the workspace ${when.workspace}, not for ${workspace}.`
  }
  if (when?.vllm !== undefined) {
    if (vllm === undefined) return `It is for vLLM ${when.vllm}, and this server does not say its version.`
    const version = coerce(vllm)
    if (version === null || !satisfies(version, when.vllm)) return `It is for vLLM ${when.vllm}, not for ${vllm}.`
  }
  if (when?.parser !== undefined && when.parser !== parser)
    return parser === undefined
      ? `It is for the parser ${when.parser}, and that of this server is not known.`
      : `It is for the parser ${when.parser}, not for ${parser}.`
  return undefined
}
