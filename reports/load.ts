import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { readGiven } from '../fixtures/given-file.ts'
import { EXIT } from '../fixtures/exit-codes.ts'
import { codeOf } from '../fixtures/thrown.ts'
import { bodyText } from '../fixtures/exchange/body.ts'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import type { Redactor } from '../fixtures/exchange/redact.ts'
import { differenceOf, type Figure, type Level } from '../fixtures/load/level.ts'
import type { Held } from '../fixtures/load/thresholds.ts'
import type { LoadBreach } from '../fixtures/load/judge.ts'
import { makeFolder } from '../fixtures/make-folder.ts'
import { escapeMarkup, excerpt, plural } from '../fixtures/text.ts'
import type { Cause } from '../fixtures/record.ts'
import { documentOf } from './document.ts'
import { time } from './headline.ts'
import { RecordError } from './store.ts'
import { causeLines } from './terminal.ts'
import { typed } from '../fixtures/typed.ts'

/** A load that was judged. */
export interface LoadRecord {
  readonly schema: 1
  readonly target: string
  readonly server: string
  readonly model: string
  readonly started: string
  /** `closed`: each user asks when its answer has ended; `open`: requests arrive however many are unanswered. */
  readonly loop: 'closed' | 'open'
  /** Requests a second, open loop only. */
  readonly rate?: number
  readonly levels: readonly Level[]
  /** Why the first level breaks that breaks something, where the answers tell. */
  readonly cause?: Cause
  readonly thresholds: readonly Held[]
  /** What holds of the server whatever the level. */
  readonly findings: readonly string[]
  readonly exitCode: number
}

const figure = z.looseObject({ value: z.number(), low: z.number(), high: z.number() })
const percentiles = z.looseObject({ p50: figure, p95: figure, p99: figure })
const earlierLoad = z.looseObject({
  schema: z.literal(1),
  target: z.string(),
  started: z.string(),
  levels: z.array(
    z.looseObject({
      concurrency: z.number(),
      seconds: z.number(),
      goodput: z.number(),
      firstCall: percentiles.optional(),
      whole: percentiles.optional(),
      rate: z.looseObject({ errors: z.number(), of: z.number(), interval: z.tuple([z.number(), z.number()]) }),
      breaches: z.array(z.looseObject({ rule: z.string() })),
    }),
  ),
})

/** What a later load needs of an earlier one. */
export type EarlierLoad = z.infer<typeof earlierLoad>

/** File of a load in its folder. */
export const LOAD_FILES = { results: 'results.json', page: 'index.html', evidence: 'exchanges.json' } as const

/** Reads the results of an earlier load, by its folder or its file. Throws RecordError when it is none. */
export function readLoad(from: string): EarlierLoad {
  for (const file of [from, join(from, LOAD_FILES.results)]) {
    try {
      return earlierLoad.parse(JSON.parse(readGiven(file).toString()))
    } catch {
      continue
    }
  }
  throw new RecordError(`${from} holds no results of a load: give the folder or the results.json that ${typed('load')} wrote.`)
}

const number = (value: number): string => (value >= 100 ? String(Math.round(value)) : value >= 10 ? value.toFixed(1) : value.toFixed(2))
const ms = (value: number | undefined): string =>
  value === undefined ? '-' : value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : `${Math.round(value)} ms`

/** The rules that a level broke, the most frequent first, each with its first breach and the number of answers that broke it. */
export const brokenRules = ({
  breaches,
  broken,
}: Pick<Level, 'breaches' | 'broken'>): readonly { readonly first: LoadBreach; readonly count: number }[] =>
  Object.entries(broken)
    .toSorted(([, one], [, other]) => other - one)
    .flatMap(([rule, count]) => {
      const first = breaches.find((breach) => breach.rule === rule)
      return first === undefined ? [] : [{ first, count }]
    })

/** Whether more calls are no use than at the lowest level, and the server is to blame. */
const isWorse = ({ against, limited }: Level): boolean => against?.verdict === 'worse' && limited === undefined

/** Whether a level that breaks nothing says nothing of the server: the measuring end was the limit, or nothing was answered. */
export const isUnjudged = ({ limited, refused }: Level): boolean => limited !== undefined || refused !== undefined

/** Whether a level says no. */
export const fails = (level: Level): boolean => level.breaches.length > 0 || isWorse(level)

const verdictOf = (level: Level): string =>
  level.breaches.length > 0
    ? `broken: ${plural(Object.keys(level.broken).length, 'rule')}`
    : isUnjudged(level)
      ? 'no verdict'
      : isWorse(level)
        ? 'more errors'
        : 'holds'

/** The first sentence: up to which level tool calling is right, and what breaks first. */
export function loadHeadline(record: Pick<LoadRecord, 'levels' | 'loop' | 'thresholds'>): string {
  const missed = record.thresholds.filter(({ holds }) => holds === false).map(({ text }) => text)
  return missed.length === 0
    ? rightUpTo(record)
    : `${plural(missed.length, 'threshold does', 'thresholds do')} not hold: ${missed.join(', ')}. ${rightUpTo(record)}`
}

function rightUpTo({ levels, loop }: Pick<LoadRecord, 'levels' | 'loop'>): string {
  const at = (level: Level): string => (loop === 'open' ? `${level.concurrency} requests a second` : `${level.concurrency} at once`)
  const first = levels.find(fails)
  const without = levels.find(isUnjudged)
  const before = levels.slice(0, first === undefined ? levels.length : levels.indexOf(first)).filter((level) => !isUnjudged(level))
  const right = before.at(-1)
  if (first === undefined && without !== undefined) {
    const why = without.refused ?? `${without.limited}, so the times and rates are not the server's`
    return `${right === undefined ? 'No verdict' : `Tool calling is right with up to ${at(right)}; ${right.concurrency > without.concurrency ? 'one level has' : 'beyond that there is'} no verdict`}: with ${at(without)} ${why}.`
  }
  if (first === undefined) return `Tool calling is right under load, with up to ${at(right ?? (levels[0] as Level))}.`
  const [worst] = brokenRules(first)
  const why = worst === undefined ? (first.against?.sentence ?? '') : `${worst.first.title} (${worst.count} of ${first.requests} answers)`
  return `${right === undefined ? 'Tool calling is not right' : `Tool calling is right with up to ${at(right)}`}${right === undefined ? ` with ${at(first)}` : `; with ${at(first)} it breaks`}: ${why}.`
}

const wordOf = (holds: boolean | undefined): string => (holds === undefined ? 'no verdict' : holds ? 'holds' : 'FAILS')

/** The lines of a table: columns end at the right, but for one of words, which has no head. */
function tableOf(header: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const isWords = (column: number): boolean => header[column] === ''
  return [header, ...rows].map((cells) =>
    cells
      .map((cell, column) => (isWords(column) ? cell : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

/** The terminal's lines: the headline, two tables of 80 columns at most with a line per level, what broke, thresholds, findings. */
export function loadText(record: LoadRecord, earlier: EarlierLoad | undefined): string {
  const counts = tableOf(
    ['level', 'requests', 'seconds', 'goodput/s', 'errors', '429', ''],
    record.levels.map((level) => [
      String(level.concurrency),
      String(level.requests),
      number(level.seconds),
      number(level.goodput),
      `${level.rate.errors} of ${level.rate.of}`,
      String(level.busy),
      verdictOf(level),
    ]),
  )
  const times = tableOf(
    ['level', 'first call p50', 'p95', 'whole p50', 'p95', 'p99', 'tokens/s'],
    record.levels.map((level) => [
      String(level.concurrency),
      ms(level.firstCall?.p50.value),
      ms(level.firstCall?.p95.value),
      ms(level.whole?.p50.value),
      ms(level.whole?.p95.value),
      ms(level.whole?.p99.value),
      number(level.tokensPerSecond),
    ]),
  )
  const broken = record.levels.flatMap((level) => [
    ...brokenRules(level).flatMap(({ first, count }) => [
      `  ${level.concurrency}: ${first.title}: ${count} of ${level.requests}`,
      `      ${first.exchange}, ${first.where}: got ${excerpt(first.got, 200)}; wanted ${excerpt(first.wanted, 120)}`,
    ]),
    ...(isWorse(level) ? [`  ${level.concurrency}: ${level.against?.sentence}`] : []),
  ])
  const said = record.levels.flatMap((level) =>
    [
      ...level.notes,
      ...(level.limited === undefined ? [] : [`no verdict on times and rates: ${level.limited}; use --workers or a larger machine`]),
      ...(level.against === undefined || level.against.verdict === 'holds' || isWorse(level) ? [] : [level.against.sentence]),
      ...Object.entries(level.known).map(([id, count]) => `known defect ${id}: ${plural(count, 'breach', 'breaches')}`),
    ].map((note) => `  ${level.concurrency}: ${note}`),
  )
  return [
    loadHeadline(record),
    `${record.server}, ${record.model}, ${record.target}`,
    '',
    ...counts,
    '',
    ...times,
    ...(record.cause === undefined ? [] : ['', ...causeLines(record.cause)]),
    ...(broken.length === 0 ? [] : ['', 'What broke', ...broken]),
    ...(said.length === 0 ? [] : ['', 'Notes', ...said]),
    ...(record.thresholds.length === 0 ? [] : ['', 'Thresholds']),
    ...record.thresholds.map(({ text, level, value, holds }) => `  ${wordOf(holds)}  ${text}: ${number(value)} at ${level}`),
    ...(record.findings.length === 0 ? [] : ['', ...record.findings.map((finding) => `! ${finding}`)]),
    ...(earlier === undefined ? [] : ['', `Against ${time(earlier.started)}, ${earlier.target}`, ...compareLoads(earlier, record)]),
    '',
    'First call: the first byte of a call in a streamed answer. Whole: all of an answer, plain ones too.',
    record.loop === 'open'
      ? 'Requests arrived by chance at that rate, however many were unanswered; times count from the moment a request was due.'
      : 'Each user asked when its answer had ended: times say nothing of requests that would have waited. Use --rate for arrivals of their own.',
    '',
  ].join('\n')
}

/** Calls come by chance: the count of a time has the spread of a Poisson process. */
function perSecond({ goodput, seconds }: { readonly goodput: number; readonly seconds: number }): Figure {
  const spread = (1.96 * Math.sqrt(goodput * seconds)) / seconds
  return { value: goodput, low: goodput - spread, high: goodput + spread }
}

/** What differs between two loads by more than chance, level by level. */
export function compareLoads(earlier: EarlierLoad, { levels }: Pick<LoadRecord, 'levels'>): readonly string[] {
  const lines = levels.flatMap((level) => {
    const before = earlier.levels.find(({ concurrency }) => concurrency === level.concurrency)
    if (before === undefined) return [`  ${level.concurrency}: was not measured then`]
    const differs = (what: string, was: Figure | undefined, is: Figure | undefined): string[] =>
      was === undefined || is === undefined || (is.low <= was.high && was.low <= is.high)
        ? []
        : [`  ${level.concurrency}: ${what} ${ms(was.value)} → ${ms(is.value)}`]
    const [was, is] = [perSecond(before), perSecond(level)]
    const [low, high] = level.rate.of === 0 || before.rate.of === 0 ? [0, 0] : differenceOf(level.rate, before.rate)
    const rules = new Set(before.breaches.map(({ rule }) => rule))
    const fresh = brokenRules(level).filter(({ first }) => !rules.has(first.rule))
    const now = new Set(level.breaches.map(({ rule }) => rule))
    return [
      ...fresh.map(({ first }) => `  ${level.concurrency}: newly broken: ${first.title}`),
      ...[...rules].filter((rule) => !now.has(rule)).map((rule) => `  ${level.concurrency}: holds again: ${rule}`),
      ...(low > 0 || high < 0
        ? [
            `  ${level.concurrency}: calls that are no use ${before.rate.errors} of ${before.rate.of} → ${level.rate.errors} of ${level.rate.of}`,
          ]
        : []),
      ...(is.low > was.high || is.high < was.low
        ? [`  ${level.concurrency}: goodput ${number(was.value)} → ${number(is.value)} a second`]
        : []),
      ...differs('first call p95', before.firstCall?.p95, level.firstCall?.p95),
      ...differs('whole call p95', before.whole?.p95, level.whole?.p95),
    ]
  })
  return lines.length === 0 ? ['  nothing differs by more than chance'] : lines
}

const WIDTH = 640
const HEIGHT = 240
const EDGE = 48

/** Goodput as bars and the 95th percentile of whole answers as a line, by level. */
function chart(levels: readonly Level[]): string {
  const top = Math.max(...levels.map(({ goodput }) => goodput), 1e-9)
  const slowest = Math.max(...levels.map(({ whole }) => whole?.p95.value ?? 0), 1e-9)
  const step = (WIDTH - 2 * EDGE) / Math.max(1, levels.length)
  const y = (share: number): number => HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE)
  const middle = (index: number): number => EDGE + step * (index + 0.5)
  const bars = levels.map(({ goodput, concurrency }, index) => {
    const height = (goodput / top) * (HEIGHT - 2 * EDGE)
    return `<rect class="good" x="${middle(index) - step * 0.3}" y="${HEIGHT - EDGE - height}" width="${step * 0.6}" height="${height}"/><text x="${middle(index)}" y="${HEIGHT - EDGE + 18}" text-anchor="middle">${concurrency}</text><text x="${middle(index)}" y="${HEIGHT - EDGE + 36}" text-anchor="middle">${number(goodput)}/s</text>`
  })
  const points = levels.flatMap(({ whole }, index) =>
    whole === undefined ? [] : [[middle(index), y(whole.p95.value / slowest), whole.p95.value] as const],
  )
  const dots = points.map(
    ([x, at, value]) =>
      `<circle class="slow" cx="${x}" cy="${at}" r="4"/><text class="told" x="${x + 9}" y="${at - 8}">${ms(value)}</text>`,
  )
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Goodput and 95th percentile of whole answers by level">${bars.join('')}<polyline class="line" points="${points.map(([x, at]) => `${x},${at}`).join(' ')}"/>${dots.join('')}</svg>`
}

/** Bars and line are told apart from each other and from the paper, light and dark; on a narrow screen chart and figures are scrolled. */
const STYLE = `
main { padding-top: 18px } figure { margin: 16px 0 } .wide { overflow-x: auto } pre.wide { white-space: pre }
svg { display: block; min-width: 560px; width: 100%; max-width: 900px; fill: currentColor; font-size: 13px } .good { fill: light-dark(#a9c4ee, #2f5fa8) }
.slow { fill: var(--bad) } .line { fill: none; stroke: var(--bad); stroke-width: 2 } .told { fill: var(--ink); font-weight: 600; paint-order: stroke; stroke: var(--paper); stroke-width: 3px }
`

/** The page of a load: what the terminal says, with a chart. Needs no script. */
export function loadPage(record: LoadRecord, text: string): string {
  const [headline = '', ...rest] = text.split('\n')
  const [about = '', counts = '', times = '', ...others] = rest.join('\n').trim().split('\n\n')
  const state = record.exitCode === EXIT.conforms ? 'works' : record.exitCode === EXIT.blocked ? 'unjudged' : 'fails'
  const by = record.loop === 'open' ? 'requests a second' : 'requests at once'
  return documentOf({
    title: headline,
    style: STYLE,
    body: `<header class="${state}"><p class="suite">Tool calling under load · ${time(record.started)}</p><h1>${escapeMarkup(headline)}</h1><p>${escapeMarkup(about)}</p></header>
<main><figure><div class="wide" tabindex="0" role="region" aria-label="Chart">${chart(record.levels)}</div><figcaption>Bars, and the figures below them: calls a second that a caller can use. Line: time of whole answers, 95th percentile. By ${by}.</figcaption></figure>
<pre class="wide" tabindex="0" aria-label="Figures by level">${escapeMarkup(`${counts}\n\n${times}`)}</pre>
<pre>${escapeMarkup(others.join('\n\n'))}</pre>
<p>All figures: <a href="${LOAD_FILES.results}">${LOAD_FILES.results}</a>. Bytes of what broke: <a href="${LOAD_FILES.evidence}">${LOAD_FILES.evidence}</a>.</p></main>`,
  })
}

/** Removes an earlier load from its folder, so that one that ends half-way leaves no figures that are older. */
export function clearLoad(folder: string): void {
  for (const file of Object.values(LOAD_FILES)) rmSync(join(folder, file), { force: true })
}

/** Writes a load into its folder. Throws RecordError when that cannot be done. */
export function writeLoad(folder: string, record: LoadRecord, text: string, evidence: readonly Exchange[], redactor: Redactor): void {
  const kept = evidence.map((exchange) => ({
    ...exchange,
    chunks: exchange.chunks.map(({ at, bytes }) => [at, bytes.length]),
    body: bodyText(exchange),
  }))
  try {
    makeFolder(folder)
    const write = (file: string, content: string): void => writeFileSync(join(folder, file), redactor.text(content))
    write(LOAD_FILES.results, `${JSON.stringify(record, null, 1)}\n`)
    write(LOAD_FILES.page, loadPage(record, text))
    write(LOAD_FILES.evidence, `${JSON.stringify(kept, null, 1)}\n`)
  } catch (error) {
    throw new RecordError(`The load could not be written to ${folder} (${codeOf(error)}).`)
  }
}
