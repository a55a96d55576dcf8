import * as allure from 'allure-js-commons'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import { answerText } from './bytes.ts'
import { curl } from './curl.ts'
import { effectOf, type Effect } from './counts.ts'
import { titled } from '../fixtures/titled.ts'
import { WORDS } from './headline.ts'
import { explain } from './junit.ts'
import { addressesIn, linked } from './links.ts'
import { FILES } from './store.ts'
import { waiverLine } from './waived.ts'
import type { Run, Verdict } from '../fixtures/record.ts'
import { escapeMarkup, excerpt } from '../fixtures/text.ts'

/** Labels that Allure hides, for the listener in allure-reporter.ts. */
export const LABELS = { verdict: '_verdict', effect: '_effect', reason: '_reason', times: '_times' } as const

/** Allure's status for each effect: it counts as passed, failed and broken exactly what the record does. */
export const STATUS: Readonly<Record<Effect, allure.Status>> = {
  passed: allure.Status.PASSED,
  warning: allure.Status.SKIPPED,
  known: allure.Status.SKIPPED,
  waived: allure.Status.SKIPPED,
  failure: allure.Status.FAILED,
  blocked: allure.Status.SKIPPED,
  broken: allure.Status.BROKEN,
  inconclusive: allure.Status.SKIPPED,
  'not applicable': allure.Status.SKIPPED,
}

const SEVERITY = { MUST: allure.Severity.CRITICAL, SHOULD: allure.Severity.MINOR, MAY: allure.Severity.TRIVIAL } as const
const MOST_FINDINGS = 10

/** What Allure shows of a verdict, as plain data: made where the record is, and published in the thread of vitest's tests. */
export interface Publication {
  readonly id: string
  readonly name: string
  readonly epic: string
  readonly feature: string
  readonly severity: allure.Severity
  readonly tags: readonly string[]
  readonly labels: readonly (readonly [name: string, value: string])[]
  readonly description: string
  readonly links: readonly { readonly name: string; readonly url: string }[]
  readonly findings: readonly { readonly where: string; readonly got: string; readonly wanted: string }[]
  /** Findings that are left out. */
  readonly more: number
  readonly exchange?: { readonly id: string; readonly answer: string; readonly curl: string }
  readonly end:
    | { readonly kind: 'passed' }
    | { readonly kind: 'skipped'; readonly why: string }
    | { readonly kind: 'thrown'; readonly name: string; readonly message: string; readonly details: Readonly<Record<string, string>> }
}

/** What Allure shows of a verdict. Verdict and exchanges are the ones that the record returned: free of secrets. */
export function publicationOf(verdict: Verdict, exchanges: ReadonlyMap<string, Exchange>, run: Run): Publication {
  const effect = effectOf(verdict, run.failOn)
  const why = whyOf(verdict)
  const exchange = effect === 'failure' ? shownExchange(verdict, exchanges, run) : undefined
  return {
    id: verdict.id,
    name: nameOf(verdict, effect),
    epic: excerpt(run.target.name, 120),
    feature: excerpt(verdict.group, 120),
    severity: SEVERITY[verdict.level],
    tags: [...tagsOf(verdict, effect)],
    labels: [
      [LABELS.verdict, verdict.id],
      [LABELS.effect, effect],
      [LABELS.times, timesOf(verdict, exchanges)],
      ...(why === undefined ? [] : [[LABELS.reason, why] as const]),
    ],
    description: description(verdict),
    links: addressesIn(verdict.source),
    findings: verdict.findings
      .slice(0, MOST_FINDINGS)
      .map(({ where, got, wanted }) => ({ where: excerpt(where), got: excerpt(got), wanted: excerpt(wanted) })),
    more: Math.max(0, verdict.findings.length - MOST_FINDINGS),
    ...(exchange === undefined ? {} : { exchange }),
    end: endOf(verdict, effect, why),
  }
}

function endOf(verdict: Verdict, effect: Effect, why: string | undefined): Publication['end'] {
  if (effect === 'passed') return { kind: 'passed' }
  if (effect !== 'failure' && effect !== 'broken') return { kind: 'skipped', why: skippedBecause(effect, why) }
  const [finding] = verdict.findings
  const isFailure = effect === 'failure'
  return {
    kind: 'thrown',
    name: isFailure ? 'AssertionError' : effect,
    message: explain(verdict, 3).join('\n'),
    details: isFailure && finding ? { expected: excerpt(finding.wanted, 2000), actual: excerpt(finding.got, 2000) } : {},
  }
}

const nameOf = (verdict: Verdict, effect: Effect): string =>
  `${effect === 'passed' ? '' : `${WORDS[effect].sign} `}${excerpt(titled(verdict))}`

const whyOf = (verdict: Verdict): string | undefined => {
  const [first] = verdict.findings
  const found = first && `got ${first.got}, wanted ${first.wanted}, at ${first.where}`
  const why = verdict.waiver === undefined ? (verdict.reason ?? found) : waiverLine(verdict)
  return why === undefined ? undefined : excerpt(why, 1000)
}

/** What Allure shows of a result that it counts as skipped. */
export const skippedBecause = (effect: Effect, why = 'no reason recorded'): string =>
  why.startsWith(`${effect}: `) ? why : `${effect}: ${why}`

/** A result with another effect than it was written with. */
export function withEffect(result: allure.TestResult, verdict: Verdict, effect: Effect): allure.TestResult {
  const status = STATUS[effect]
  return {
    ...result,
    name: nameOf(verdict, effect),
    status,
    statusDetails: status === allure.Status.SKIPPED ? { message: skippedBecause(effect, whyOf(verdict)) } : result.statusDetails,
    labels: [
      ...result.labels.filter(({ name }) => name !== 'tag' && name !== LABELS.effect),
      { name: LABELS.effect, value: effect },
      ...[...tagsOf(verdict, effect)].map((value) => ({ name: 'tag', value })),
    ],
    descriptionHtml: description(verdict),
  }
}

/** The categories of the report go by the tag that says the effect; no tag of a suite can say it. */
function tagsOf(verdict: Verdict, effect: Effect): Set<string> {
  const own = verdict.tags.map((tag) => excerpt(tag, 60)).filter((tag) => !(tag in STATUS) && tag.toUpperCase() !== verdict.level)
  return new Set([verdict.level, ...(effect === 'passed' ? [] : [effect]), ...own])
}

let sequence = 0

/**
 * When it was judged, and how long the slowest of its exchanges took, in milliseconds. Allure sorts by the time: a fraction keeps the order of
 * verdicts of the same millisecond.
 */
function timesOf({ at, exchanges: ids }: Verdict, exchanges: ReadonlyMap<string, Exchange>): string {
  const slowest = Math.max(0, ...ids.map((id) => exchanges.get(id)?.duration ?? 0))
  return JSON.stringify([Date.parse(at) + (sequence++ % 1000) / 1000, Math.round(slowest)])
}

function description(verdict: Verdict): string {
  const { id, source, outcome, level, reason, findings } = verdict
  const rows = [
    ['Requirement', cell(id)],
    ['Level', cell(level)],
    ['Source', `<td>${linked(source, 600)}</td>`],
    ['Outcome', cell(outcome)],
    ...(reason === undefined ? [] : [['Reason', cell(reason)]]),
    ...(verdict.waiver === undefined ? [] : [['Waived', cell(waiverLine(verdict))]]),
  ]
  const facts = rows.map(([name, content]) => `<tr><th>${name}</th>${content}</tr>`).join('')
  if (findings.length === 0) return `<table>${facts}</table>`
  const breaches = findings.slice(0, MOST_FINDINGS).map(({ got, wanted, where, byte, exchange }) => {
    const place = `${where}${byte === undefined ? '' : `, byte ${byte}`}`
    return `<tr>${cell(got)}${cell(wanted)}${cell(place)}${cell(exchange)}</tr>`
  })
  return `<table>${facts}</table><table><tr><th>Got</th><th>Wanted</th><th>Where</th><th>Exchange</th></tr>${breaches.join('')}</table>`
}

function cell(text: string): string {
  return `<td>${escapeMarkup(excerpt(text, 600))}</td>`
}

/** Enough to see the breach; index.html has all bytes with their times. */
const ROOM = { whole: 4096, around: 1024 }

function shownExchange(
  { findings, exchanges: judged }: Verdict,
  exchanges: ReadonlyMap<string, Exchange>,
  run: Run,
): Publication['exchange'] {
  const exchange = exchanges.get(findings[0]?.exchange ?? judged[0] ?? '')
  if (exchange === undefined) return undefined
  const bytes = findings.flatMap((finding) => (finding.exchange === exchange.id && finding.byte !== undefined ? [finding.byte] : []))
  return {
    id: excerpt(exchange.id),
    answer: answerText(exchange, bytes.slice(0, MOST_FINDINGS), ROOM),
    curl: curl(exchange.request, run.target.baseUrl, recorded(exchange.id)),
  }
}

/** A large body is read from the record, beside the report. */
const recorded = (id: string) => ({ id, file: FILES.exchanges, above: ROOM.whole })
