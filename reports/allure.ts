import * as allure from 'allure-js-commons'
import type { TestContext } from 'vitest'
import { bodyBytes, type Exchange } from '../fixtures/exchange/exchange.ts'
import { answerText, hexDump, requestText, SMALL_BODY, timeline } from './attachments.ts'
import { curl } from './curl.ts'
import { effectOf, type Effect } from './counts.ts'
import { explain } from './junit.ts'
import { addressesIn, linked } from './links.ts'
import { waiverLine } from './waived.ts'
import type { Finding, Run, Verdict } from '../fixtures/record.ts'
import { escapeMarkup, excerpt } from '../fixtures/text.ts'

/** Labels that Allure hides, for the listener in allure-reporter.ts. */
export const LABELS = { verdict: '_verdict', effect: '_effect', reason: '_reason', times: '_times' } as const

/** Allure's status for each effect. A warning passes: it is shown, but not counted as a failure. */
export const STATUS: Readonly<Record<Effect, allure.Status>> = {
  passed: allure.Status.PASSED,
  warning: allure.Status.PASSED,
  known: allure.Status.PASSED,
  waived: allure.Status.SKIPPED,
  failure: allure.Status.FAILED,
  blocked: allure.Status.BROKEN,
  broken: allure.Status.BROKEN,
  inconclusive: allure.Status.SKIPPED,
  'not applicable': allure.Status.SKIPPED,
}

const SEVERITY = { MUST: allure.Severity.CRITICAL, SHOULD: allure.Severity.MINOR, MAY: allure.Severity.TRIVIAL } as const
const MOST_EXCHANGES = 3
const MOST_FINDINGS = 10

/**
 * Turns one verdict into one Allure result and ends the vitest test that it is called in: returns for passed and for a warning, throws
 * for failed, blocked and broken, skips for the rest. Verdict and exchanges are the ones that the record returned: free of secrets.
 */
export async function publish(
  verdict: Verdict,
  exchanges: ReadonlyMap<string, Exchange>,
  context: Pick<TestContext, 'skip'>,
  run: Run,
): Promise<void> {
  const effect = effectOf(verdict, run.failOn)
  await allure.displayName(effect === 'warning' || effect === 'known' ? `⚠ ${excerpt(verdict.title)}` : excerpt(verdict.title))
  await allure.testCaseId(verdict.id)
  await allure.historyId(verdict.id)
  await allure.epic(excerpt(run.target.name, 120))
  await allure.feature(excerpt(verdict.group, 120))
  await allure.severity(SEVERITY[verdict.level])
  await allure.tags(...tagsOf(verdict, effect))
  await allure.label(LABELS.verdict, verdict.id)
  await allure.label(LABELS.effect, effect)
  await allure.label(LABELS.times, timesOf(verdict, exchanges))
  const why = verdict.waiver === undefined ? verdict.reason : waiverLine(verdict)
  if (why !== undefined) await allure.label(LABELS.reason, excerpt(why, 1000))
  await allure.descriptionHtml(description(verdict))
  // Allure's frame around a description lets no link out of it.
  for (const { name, url } of addressesIn(verdict.source)) await allure.link(url, name)
  for (const { where, got, wanted } of verdict.findings.slice(0, MOST_FINDINGS)) {
    await allure.step(excerpt(where), async (step) => {
      await step.parameter('got', excerpt(got))
      await step.parameter('wanted', excerpt(wanted))
    })
  }
  if (verdict.findings.length > MOST_FINDINGS)
    await allure.logStep(`and ${verdict.findings.length - MOST_FINDINGS} more, in verdicts.jsonl`)
  if (effect !== 'passed' && effect !== 'not applicable') await attach(verdict, exchanges, run)

  switch (effect) {
    case 'failure':
      throw new VerdictError('AssertionError', verdict)
    case 'blocked':
    case 'broken':
      throw new VerdictError(effect, verdict)
    case 'waived':
      return context.skip(`waived: ${excerpt(waiverLine(verdict))}`)
    case 'inconclusive':
    case 'not applicable':
      return context.skip(`${effect}: ${excerpt(verdict.reason ?? 'no reason recorded')}`)
    case 'passed':
    case 'known':
    case 'warning':
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

class VerdictError extends Error {
  constructor(name: string, verdict: Verdict) {
    super(explain(verdict, 3).join('\n'))
    this.name = name
    this.stack = ''
    const [finding] = verdict.findings
    if (name === 'AssertionError' && finding)
      Object.assign(this, { expected: excerpt(finding.wanted, 2000), actual: excerpt(finding.got, 2000) })
  }
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

/** For each map of exchanges: which verdict shows a large exchange whole. */
const shownWhole = new WeakMap<ReadonlyMap<string, Exchange>, Map<string, string>>()

async function attach(verdict: Verdict, exchanges: ReadonlyMap<string, Exchange>, run: Run): Promise<void> {
  const ids = new Set([...verdict.findings.map(({ exchange }) => exchange), ...verdict.exchanges])
  for (const id of [...ids].slice(0, MOST_EXCHANGES)) {
    const exchange = exchanges.get(id)
    if (exchange) await allure.step(`Exchange ${excerpt(id)}`, () => attachExchange(exchange, verdict, exchanges, run))
  }
  if (ids.size > MOST_EXCHANGES) await allure.logStep(`and ${ids.size - MOST_EXCHANGES} more exchanges, in exchanges.jsonl`)
}

async function attachExchange(exchange: Exchange, verdict: Verdict, exchanges: ReadonlyMap<string, Exchange>, run: Run): Promise<void> {
  const finding: Finding | undefined = verdict.findings.find((one) => one.exchange === exchange.id)
  const bytes = bodyBytes(exchange)
  const whole = shownWhole.get(exchanges) ?? new Map<string, string>()
  shownWhole.set(exchanges, whole)
  const elsewhere = bytes.length > SMALL_BODY && whole.has(exchange.id)
  if (!elsewhere) whole.set(exchange.id, verdict.id)
  const answer = answerText(exchange, elsewhere ? SMALL_BODY : Number.POSITIVE_INFINITY, finding?.byte)
  const note = elsewhere ? `[the whole answer is attached to ${whole.get(exchange.id)}]\n\n` : ''
  const text = { contentType: allure.ContentType.TEXT, fileExtension: 'txt' }
  await allure.attachment('Request as sent', requestText(exchange.request), text)
  await allure.attachment('Answer as received', note + answer, text)
  if (exchange.chunks.length > 1 && !elsewhere) await allure.attachment('Arrival of its chunks', timeline(exchange), text)
  if (finding?.byte !== undefined) await allure.attachment(`Bytes around ${finding.byte}`, hexDump(bytes, finding.byte), text)
  await allure.attachment('The same request with curl', curl(exchange.request, run.target.baseUrl), text)
}
