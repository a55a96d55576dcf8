import { styleText } from 'node:util'
import { clientRows, clientsLine } from './clients.ts'
import { effectOf, type FailOn } from './counts.ts'
import {
  unexplained,
  blockedOtherwise,
  costLine,
  headline,
  knownOf,
  modelLine,
  rates,
  reasons,
  serverLine,
  tally,
  time,
  withEffect,
  WORDS,
} from './headline.ts'
import type { Cause, Comparison, Verdict } from '../fixtures/record.ts'
import type { Recording } from './store.ts'
import { CHANGES, transition } from './summary.ts'
import { timeLeft, waiverLine } from './waived.ts'
import { apart, excerpt, plural } from '../fixtures/text.ts'
import { titled } from '../fixtures/titled.ts'

const MOST_FAILURES = 8
const MOST_WARNINGS = 4
const MOST_REASONS = 4
const MOST_CHANGES = 12
const MOST_SEEN = 8
const MOST_REMEDY = 20

/** A cause in one line. Text that others wrote is escaped. */
export const causeLine = ({ sentence, layer }: Pick<Cause, 'sentence' | 'layer'>): string =>
  `Cause: ${excerpt(sentence)} [${excerpt(layer, 40)}]`

/** A cause in a few lines, for logs: what, the first piece of evidence, what to do. Text that others wrote is escaped. */
export function causeLines(cause: Pick<Cause, 'sentence' | 'layer' | 'evidence' | 'remedy'>): readonly string[] {
  const [first] = cause.evidence
  const rows = cause.remedy.trimEnd().split('\n')
  const [only = ''] = rows
  return [
    causeLine(cause),
    ...(first === undefined ? [] : [`Evidence: ${excerpt(first)}`]),
    ...(rows.length === 1
      ? [`Remedy: ${excerpt(only)}`]
      : ['Remedy:', ...rows.slice(0, MOST_REMEDY).map((row) => `  ${excerpt(row, 200)}`), ...more(rows.length - MOST_REMEDY)]),
  ]
}

/**
 * The summary for the terminal. `report` is the path to name at the end, as the user would type it.
 * Text that others wrote is escaped; the only control characters are new lines and, with `color`, ours.
 */
export function summary(recording: Recording, { color, report }: { readonly color: boolean; readonly report?: string }): string {
  const paint = (format: Parameters<typeof styleText>[0], text: string) =>
    color ? styleText(format, text, { validateStream: false }) : text
  const { run } = recording
  const { state, sentence, notes } = headline(recording)
  const sign = { works: paint(['green', 'bold'], '✓'), fails: paint(['red', 'bold'], '✗'), unjudged: paint(['yellow', 'bold'], '?') }[state]
  const lines = [`${sign} ${paint('bold', sentence)}`, ...notes.map((note) => `  ${paint('yellow', note)}`), '']
  const field = (name: string, text: string) => lines.push(`  ${paint('dim', name.padEnd(9))} ${text}`)
  const section = (name: string, body: readonly string[]) => {
    if (body.length > 0) lines.push('', paint('bold', name), ...body)
  }

  if (run.target.about !== undefined) field('cluster', excerpt(run.target.about, 200))
  field('server', serverLine(recording))
  field('model', modelLine(recording))
  const clients = clientsLine(clientRows(recording))
  if (clients !== undefined) field('clients', excerpt(clients, 400))

  const cause = run.ended?.cause
  if (cause) {
    const label = (name: string) => paint(['bold', 'cyan'], `${name}:`)
    const [first = 'none', ...others] = cause.evidence
    const rest = others.length > 0 ? ` (and ${others.length} more in the report)` : ''
    const [command = '', ...yaml] = cause.remedy.trimEnd().split('\n')
    lines.push('', `${label('Cause')} ${excerpt(cause.sentence, 400)} [${excerpt(cause.layer, 40)}]`)
    lines.push(`${label('Evidence')} ${excerpt(first, 400)}${rest}`)
    if (yaml.length === 0) lines.push(`${label('Remedy')} ${excerpt(command, 500)}`)
    else
      lines.push(
        label('Remedy'),
        ...[command, ...yaml].slice(0, MOST_REMEDY).map((line) => `  ${excerpt(line, 200)}`),
        ...more(yaml.length + 1 - MOST_REMEDY),
      )
  }

  const failures = withEffect(recording, 'failure')
  const missing = unexplained(recording)
  if (missing !== undefined) lines.push('', `${paint(['bold', 'cyan'], 'Cause:')} not known. ${missing}`)
  const shown = Map.groupBy(failures.slice(0, MOST_FAILURES), ({ group }) => group)
  section(`Failed (${failures.length})`, [
    ...[...shown].flatMap(([group, verdicts]) => [
      `  ${paint('dim', excerpt(group, 100))}`,
      ...verdicts.flatMap((verdict) => [
        `  ${paint('red', WORDS.failure.sign)} ${excerpt(titled(verdict), 160)}`,
        ...breach(verdict).map((text) => `      ${text}`),
      ]),
    ]),
    ...more(failures.length - MOST_FAILURES),
  ])

  const known = knownOf(recording.verdicts)
  section(
    `Known defects of ${excerpt(run.server.name)} (${known.length})`,
    known.map(
      ({ what, issue, verdicts }) =>
        `  ${paint('yellow', WORDS.known.sign)} ${excerpt(what, 160)} (${excerpt(issue, 80)}; ${plural(verdicts.length, 'requirement')})`,
    ),
  )

  const waived = withEffect(recording, 'waived')
  section(`Waived (${waived.length})`, [
    ...waived
      .slice(0, MOST_FAILURES)
      .flatMap((verdict) => [
        `  ${paint('yellow', WORDS.waived.sign)} ${excerpt(titled(verdict), 140)} [${excerpt(verdict.id, 80)}]`,
        `      ${excerpt(waiverLine(verdict), 300)}, ${timeLeft(verdict.waiver?.daysLeft ?? 0)}`,
      ]),
    ...more(waived.length - MOST_FAILURES),
  ])
  const aside = (run.ended?.waivers ?? []).filter(
    ({ note, ...one }) => note !== undefined && one.state !== 'expired' && one.state !== 'stale',
  )
  section('Waivers', [
    ...aside.slice(0, MOST_FAILURES).map(({ at, check, note = '' }) => `  ${excerpt(at)}: ${excerpt(check, 100)}: ${excerpt(note, 240)}`),
    ...more(aside.length - MOST_FAILURES),
  ])

  const { comparison } = run.ended ?? {}
  if (comparison !== undefined) {
    const [title = '', ...body] = comparisonLines(comparison, MOST_CHANGES)
    section(
      title,
      body.map((line) => `  ${line}`),
    )
  }

  const warnings = withEffect(recording, 'warning')
  section(`Warnings (${warnings.length})`, [
    ...warnings
      .slice(0, MOST_WARNINGS)
      .map((verdict) => `  ${paint('yellow', WORDS.warning.sign)} ${excerpt(titled(verdict), 120)}${gist(verdict)}`),
    ...more(warnings.length - MOST_WARNINGS),
  ])

  for (const [effect, name] of [
    ['broken', 'Broken, a defect of this suite'],
    ['blocked', 'Blocked'],
    ['inconclusive', 'Inconclusive'],
  ] as const) {
    const all = withEffect(recording, effect)
    const verdicts = effect === 'blocked' ? blockedOtherwise(recording) : all
    const grouped = reasons(verdicts)
    section(`${name}${verdicts.length < all.length ? ' for other reasons' : ''} (${verdicts.length})`, [
      ...grouped.slice(0, MOST_REASONS).map(([reason, count]) => `  ${String(count).padStart(3)} × ${excerpt(reason, 200)}`),
      ...more(grouped.length - MOST_REASONS, 'other reason'),
    ])
  }

  const seen = rates(recording)
  section('Rates', [
    ...seen.slice(0, MOST_SEEN).map((one) => `  ${excerpt(one.title, 100)}: ${excerpt(one.seen, 120)}`),
    ...more(seen.length - MOST_SEEN),
  ])

  lines.push('', `${tally(recording)}  ${paint('dim', `(${costLine(recording)})`)}`)
  if (report !== undefined) lines.push(`Report: ${excerpt(report, 1000)}`)
  return `${lines.join('\n')}\n`
}

/** So many requirements that were blocked in one of two runs are listed one by one. */
const MOST_ALIKE = 5

/** What changed since an earlier run: a title, then lines; at most `most` changes are listed. */
export function comparisonLines(comparison: Comparison, most: number): readonly string[] {
  const { with: earlier, server, notes } = comparison
  const all = CHANGES.flatMap(([key, name]) => comparison[key].map((change) => ({ name, change })))
  // Where a run was blocked, each requirement says so of itself.
  const blocked = Map.groupBy(
    all.filter(({ change: { before, now } }) => before === 'blocked' || now === 'blocked'),
    ({ name, change }) => `${name}: ${transition(change)}`,
  )
  const together = [...blocked].filter(([, alike]) => alike.length > MOST_ALIKE)
  const folded = new Set(together.flatMap(([, alike]) => alike))
  const changes = all.filter((one) => !folded.has(one))
  const rest = changes.length - most
  return [
    `Compared with ${excerpt(earlier.target, 100)}, ${excerpt(earlier.server, 60)}, of ${time(earlier.started)}`,
    ...notes.map((note) => excerpt(note, 240)),
    ...server.map(({ what, before, now }) => `${excerpt(what, 60)}: ${excerpt(before, 80)} → ${excerpt(now, 80)}`),
    ...CHANGES.flatMap(([key, name]) => (comparison[key].length === 0 ? [] : [`${name}: ${comparison[key].length}`])),
    ...changes
      .slice(0, most)
      .map(
        ({ name, change }) => `  ${name}: ${excerpt(change.title, 120)} [${excerpt(change.id, 80)}] ${excerpt(transition(change), 120)}`,
      ),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
    ...together.map(([what, alike]) => `  ${excerpt(what, 200)}, ${plural(alike.length, 'requirement')}`),
    ...(all.length === 0 ? ['Nothing that was judged has changed.'] : []),
  ]
}

function breach(verdict: Verdict): string[] {
  const [finding, ...others] = verdict.findings
  if (!finding) return verdict.reason === undefined ? [] : [excerpt(verdict.reason)]
  const { got, wanted } = apart(finding.got, finding.wanted, 110)
  const byte = finding.byte === undefined ? '' : `, byte ${finding.byte}`
  const rest = others.length > 0 ? `, and ${plural(others.length, 'more finding')}` : ''
  return [
    `got ${excerpt(got, 150)}, wanted ${excerpt(wanted, 150)}`,
    `at ${excerpt(finding.where, 100)}${byte}${finding.exchange === '' ? '' : ` in ${excerpt(finding.exchange, 100)}`}${rest}`,
  ]
}

function gist({ findings: [finding], reason }: Verdict): string {
  const cut = finding && apart(finding.got, finding.wanted, 60)
  const text = cut ? `got ${excerpt(cut.got, 100)}, wanted ${excerpt(cut.wanted, 100)}` : excerpt(reason ?? '', 120)
  return text === '' ? '' : `: ${text}`
}

function more(count: number, name = 'more'): string[] {
  return count > 0 ? [`  … and ${name === 'more' ? `${count} more` : plural(count, name)} in the report`] : []
}

/** What `progress` needs of a stream: `process.stderr` has it. */
export interface ProgressStream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/**
 * Shows how far a run is: one moving line on a terminal, elsewhere a plain line per quarter and at the first failure.
 * `done` clears the moving line.
 */
export function progress(
  stream: ProgressStream,
  planned: number,
  failOn: FailOn,
): { readonly verdict: (verdict: Verdict) => void; readonly done: () => void } {
  let verdicts = 0
  let failed = 0
  let quarter = 0
  const text = () => `${verdicts}/${planned} verdicts, ${failed} failed`
  const move = () => stream.write(`\r\u001b[2K${text()}`)
  return {
    verdict(verdict) {
      verdicts++
      const isFailure = effectOf(verdict, failOn) === 'failure'
      if (isFailure) failed++
      if (stream.isTTY) {
        move()
        return
      }
      const reached = Math.floor((verdicts * 4) / Math.max(planned, 1))
      if (reached > quarter || (isFailure && failed === 1)) stream.write(`${text()}\n`)
      quarter = Math.max(quarter, reached)
    },
    done() {
      if (stream.isTTY) stream.write('\r\u001b[2K')
    },
  }
}
