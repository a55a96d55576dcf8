import { apart, excerpt, plural } from '../fixtures/text.ts'
import type { Change, Comparison, Verdict } from '../fixtures/record.ts'
import { clientRows } from './clients.ts'
import {
  unexplained,
  blockedOtherwise,
  costLine,
  headline,
  knownOf,
  modelLine,
  reasons,
  serverLine,
  tally,
  time,
  withEffect,
} from './headline.ts'
import { problemsOf } from './problems.ts'
import type { Recording } from './store.ts'

/** A comment on GitHub holds 65,536 characters; a step summary holds 1 MiB, and more of it is dropped as a whole. */
const MOST_BYTES = 60_000
const MOST_ROWS = 50
const MOST_CHANGES = 30

/** The record as Markdown for people: a comment on a pull request, or the summary of a step. Foreign text in it is inert. */
export function markdown(recording: Recording): string {
  const { run } = recording
  const { state, sentence, notes } = headline(recording)
  const sign = { works: '✅', fails: '❌', unjudged: '⚠️' }[state]
  const failures = withEffect(recording, 'failure')
  const waived = withEffect(recording, 'waived')
  const known = knownOf(recording.verdicts)
  const cause = run.ended?.cause
  const missing = unexplained(recording)
  const sections: string[] = [
    `## ${sign} ${plain(sentence, 400)}`,
    [
      ...notes,
      ...problemsOf(recording)
        .filter(({ kind }) => kind === 'empty')
        .map(({ message }) => message),
    ]
      .map((note) => `**${plain(note, 600)}**`)
      .join('\n\n'),
    [
      `${plain(serverLine(recording), 400)}  `,
      `model ${plain(modelLine(recording), 300)}  `,
      `${tally(recording)} (${costLine(recording)})`,
    ].join('\n'),
    ...(cause === undefined
      ? missing === undefined
        ? []
        : [`### The cause is not known: ${plain(missing, 600)}`]
      : [
          `### Cause: ${plain(cause.sentence, 600)} [${plain(cause.layer, 40)}]`,
          cause.evidence
            .slice(0, 3)
            .map((line) => `- ${plain(line, 400)}`)
            .join('\n'),
          remedyBlock(cause.remedy),
        ]),
    table(`Failed (${failures.length})`, ['requirement', 'got', 'wanted'], failures, failedRow),
    table(
      'Known clients',
      ['client', 'version', 'verdict', 'the rule that decides'],
      clientRows(recording),
      ({ client, version, state: verdict, rule }) => [plain(client, 80), plain(version, 80), verdict, plain(rule ?? '', 300)],
    ),
    table(`Waived (${waived.length})`, ['requirement', 'reason', 'owner', 'until'], waived, ({ id, waiver }) => [
      code(id),
      `${plain(waiver?.reason ?? '', 160)} (${link(waiver?.link)})`,
      plain(waiver?.owner ?? '', 80),
      `${plain(waiver?.expires ?? '')} (${waiver?.daysLeft} days)`,
    ]),
    table(
      `Known defects of ${plain(run.server.name, 80)} (${known.length})`,
      ['defect', 'upstream', 'requirements'],
      known,
      ({ what, issue, verdicts }) => [plain(what, 200), plain(issue, 120), String(verdicts.length)],
    ),
    ...(run.ended?.comparison === undefined ? [] : [comparisonMarkdown(run.ended.comparison)]),
    table(
      `Warnings (${withEffect(recording, 'warning').length})`,
      ['requirement', 'got', 'wanted'],
      withEffect(recording, 'warning'),
      failedRow,
      10,
    ),
    ...(['blocked', 'broken', 'inconclusive'] as const).map((effect) => {
      const found = effect === 'blocked' ? blockedOtherwise(recording) : withEffect(recording, effect)
      const title = {
        blocked: cause === undefined ? 'Blocked' : 'Blocked for other reasons',
        broken: 'Broken, a defect of the suite',
        inconclusive: 'Inconclusive',
      }[effect]
      return table(
        `${title} (${found.length})`,
        ['checks', 'reason'],
        reasons(found),
        ([reason, count]) => [String(count), plain(reason, 240)],
        10,
      )
    }),
  ].filter((section) => section !== '')
  return fitted(sections)
}

/** As many sections as fit, and how many do not. */
export function fitted(sections: readonly string[]): string {
  const kept: string[] = []
  let bytes = 0
  for (const section of sections) {
    const more = Buffer.byteLength(section) + 2
    if (bytes + more > MOST_BYTES) {
      kept.push(`… and ${plural(sections.length - kept.length, 'more section')}: index.html has them all.`)
      break
    }
    kept.push(section)
    bytes += more
  }
  return `${kept.join('\n\n')}\n`
}

/** What differs from the earlier run, as Markdown. */
export function comparisonMarkdown(comparison: Comparison): string {
  const { with: earlier, server, notes } = comparison
  const lists = CHANGES.map(([key, name]) => [name, comparison[key]] as const).filter(([, changes]) => changes.length > 0)
  return [
    `### Compared with ${plain(earlier.target, 120)}, ${plain(earlier.server, 80)}, of ${plain(time(earlier.started))}`,
    ...notes.map((note) => plain(note, 300)),
    server.length === 0
      ? ''
      : `The server: ${server.map(({ what, before, now }) => `${plain(what, 60)} ${code(before)} → ${code(now)}`).join(', ')}`,
    lists.length === 0 ? 'Nothing that was judged has changed.' : '',
    ...lists.map(([name, changes]) =>
      [
        `**${name} (${changes.length})**`,
        '',
        ...changes
          .slice(0, MOST_CHANGES)
          .map((change) => `- ${code(change.id)} ${plain(change.title, 160)}: ${plain(transition(change), 160)}`),
        ...(changes.length > MOST_CHANGES ? [`- and ${changes.length - MOST_CHANGES} more`] : []),
      ].join('\n'),
    ),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

/** The lists of a comparison in the order in which every report shows them. */
export const CHANGES = [
  ['newlyFailing', 'Newly failing'],
  ['newlyPassing', 'Newly passing'],
  ['changed', 'Changed'],
  ['withinChance', 'Differs within chance'],
  ['appeared', 'New requirements'],
  ['vanished', 'No longer there'],
] as const satisfies readonly (readonly [keyof Comparison, string])[]

/** `passed → failed, other evidence` */
export function transition({ before, now, detail }: Change): string {
  const outcomes = before === now ? [before ?? ''] : [[before, now].filter((outcome) => outcome !== undefined).join(' → ')]
  return [...outcomes, ...(detail === undefined ? [] : [detail])].join(', ')
}

function failedRow({ id, title, findings: [first, ...others], reason }: Verdict): readonly string[] {
  const name = `${plain(title, 200)} ${code(id)}`
  if (first === undefined) return [name, plain(reason ?? '', 240), '']
  const { got, wanted } = apart(first.got, first.wanted, 160)
  return [name, `${code(got, 200)}${others.length > 0 ? ` and ${others.length} more` : ''}`, plain(wanted, 200)]
}

/** A titled table of Markdown, of which `most` rows are shown; empty without rows. */
export function table<T>(
  title: string,
  head: readonly string[],
  rows: readonly T[],
  cells: (row: T) => readonly string[],
  most = MOST_ROWS,
): string {
  if (rows.length === 0) return ''
  const lines = [head, head.map(() => '---'), ...rows.slice(0, most).map(cells)].map((row) => `| ${row.join(' | ')} |`)
  return [`### ${title}`, '', ...lines, ...(rows.length > most ? ['', `and ${rows.length - most} more`] : [])].join('\n')
}

/** Foreign text: no markup, no mention and no reference of an issue in it works. */
export const plain = (text: string, limit = 300): string =>
  excerpt(text, limit)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\\`*_[\]|~]/g, String.raw`\$&`)
    .replaceAll(/(?<!\w)@(?=\w)/g, '@\u200b')

/** A back-quote would end the code, and a bar the cell. */
export const code = (text: string, limit = 120): string => {
  const shown = excerpt(text, limit).replaceAll('`', "'").replaceAll('|', '\u00a6')
  return shown === '' ? '' : `\`${shown}\``
}

const link = (address = ''): string => (/^https?:\/\/[^\s()<>]+$/.test(address) ? `[link](${address})` : plain(address, 200))

/** A remedy: a sentence as one, for it does not wrap in a block of code, and more lines as that block. Foreign text in it is inert. */
export function remedyBlock(remedy: string): string {
  const rows = remedy.trimEnd().split('\n')
  const [only = ''] = rows
  if (rows.length === 1 && /^[A-Z][a-z]+ /.test(only)) return `Remedy: ${plain(only, 800)}`
  return `Remedy:\n\n${fenced(
    rows
      .slice(0, 40)
      .map((row) => excerpt(row, 400))
      .join('\n'),
  )}`
}

/** A block of code that its content cannot end. */
export function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}\n${text}\n${fence}`
}
