import { styleText } from 'node:util'
import { excerpt, plural } from '../../fixtures/text.ts'
import { time } from '../headline.ts'
import { code, fitted, plain, remedyBlock, table } from '../summary.ts'
import { verdictOf } from './aggregate.ts'
import type { FleetResults, MemberResult } from './results.ts'
import { EXIT } from '../../fixtures/exit-codes.ts'

/** What is new in a fleet, in the order in which every report shows it. */
export const MOVES = [
  ['newlyFailing', 'No longer conforming'],
  ['newlyConforming', 'Conforming again'],
  ['otherwise', 'Otherwise than before'],
] as const

/** `37 of 100` */
export const share = (workspaces: readonly string[], { workspaces: all }: FleetResults): string => `${workspaces.length} of ${all.length}`

const MOST_NAMES = 8

/** The first of many names, and how many there are besides. */
export const names = (all: readonly string[], most = MOST_NAMES): string =>
  `${all.slice(0, most).join(', ')}${all.length > most ? ` and ${all.length - most} more` : ''}`

const MOST_ROWS = 12
const MOST_REMEDY = 20

/** The sign of what came of a workspace, or of all. */
export const signFor = (exitCode: number): '✓' | '?' | '✗' => (exitCode === EXIT.conforms ? '✓' : exitCode === EXIT.blocked ? '?' : '✗')

/** The summary of a fleet for the terminal; `report` is the path to name at the end. */
export function fleetSummary(fleet: FleetResults, { color, report }: { readonly color: boolean; readonly report: string }): string {
  const paint = (format: Parameters<typeof styleText>[0], text: string) =>
    color ? styleText(format, text, { validateStream: false }) : text
  const { run, workspaces, causes, outliers, comparison } = fleet
  const signOf = ({ exitCode }: Pick<MemberResult, 'exitCode'>): string => {
    const sign = signFor(exitCode)
    return paint([({ '✓': 'green', '?': 'yellow', '✗': 'red' } as const)[sign], 'bold'], sign)
  }
  const lines = [`${signOf(run)} ${paint('bold', run.headline)}`, ...run.notes.map((note) => `  ${paint('yellow', excerpt(note, 300))}`)]
  const section = (title: string, body: readonly string[], total = body.length): void => {
    if (body.length === 0) return
    const rest = total - MOST_ROWS
    lines.push('', paint('bold', title), ...body.slice(0, MOST_ROWS), ...(rest > 0 ? [`  … and ${rest} more in the report`] : []))
  }
  if (workspaces.length <= MOST_ROWS)
    section(
      'Workspaces',
      workspaces.map((member) => `${signOf(member)} ${excerpt(member.label)}: ${verdictOf(member)}`),
    )
  for (const { sentence, layer, evidence, remedy, workspaces: concerned } of causes.slice(0, MOST_ROWS)) {
    const remedies = (remedy ?? '').trimEnd().split('\n')
    const [first = '', ...others] = remedies.slice(0, MOST_REMEDY)
    const cut = remedies.length - MOST_REMEDY
    lines.push(
      '',
      `${paint('bold', `${share(concerned, fleet)}:`)} ${excerpt(sentence, 400)}${layer === undefined ? '' : ` [${excerpt(layer, 40)}]`}`,
      ...(evidence === undefined ? [] : [`  Evidence: ${excerpt(evidence, 240)}`]),
      ...(remedy === undefined ? [] : [`  Remedy: ${excerpt(first, 400)}`, ...others.map((line) => `    ${excerpt(line, 200)}`)]),
      ...(cut > 0 ? [`    … and ${cut} more in the report`] : []),
      `  ${excerpt(names(concerned), 600)}`,
    )
  }
  if (causes.length > MOST_ROWS) lines.push(`… and ${plural(causes.length - MOST_ROWS, 'other cause')} in the report`)
  section(
    'Outliers: same preset and image, other verdict',
    outliers.map(
      ({ workspace, like, others, verdict, theirs, differs }) =>
        `  ${excerpt(workspace)}: ${excerpt(verdict, 160)}; ${others} with ${excerpt(like, 120)}: ${excerpt(theirs, 160)}${differs.length === 0 ? '' : `; ${excerpt(differs.slice(0, 3).join('; '), 240)}`}`,
    ),
  )
  if (comparison !== undefined) {
    const body = MOVES.flatMap(([key, title]) =>
      comparison[key].map(
        ({ workspace, before, now }) => `  ${title}: ${excerpt(workspace)}: ${excerpt(before, 120)} → ${excerpt(now, 120)}`,
      ),
    )
    for (const [title, all] of [
      ['New', comparison.appeared],
      ['Gone', comparison.vanished],
    ] as const)
      if (all.length > 0) body.push(`  ${title}: ${excerpt(names(all), 400)}`)
    section(`New since ${time(comparison.with.started)}`, body.length === 0 ? ['  Nothing has changed.'] : body)
  }
  lines.push('', costOf(fleet), `Report: ${excerpt(report, 1000)}`)
  return `${lines.join('\n')}\n`
}

/** `9800 requests, 310000 tokens, 512 s` */
export const costOf = ({ run }: FleetResults): string =>
  `${plural(run.requests, 'request')}, ${plural(run.tokens, 'token')}, ${run.seconds.toFixed(0)} s`

/** The summary of a fleet as Markdown; foreign text in it is inert. */
export function fleetMarkdown(fleet: FleetResults): string {
  const { run, workspaces, causes, outliers, comparison } = fleet
  const sign = run.exitCode === 0 ? '✅' : run.exitCode === 3 ? '⚠️' : '❌'
  return fitted(
    [
      `## ${sign} ${plain(run.headline, 400)}`,
      run.notes.map((note) => `**${plain(note, 300)}**`).join('\n\n'),
      `${costOf(fleet)}, depth ${run.depth}`,
      ...causes.flatMap(({ sentence, layer, remedy, workspaces: concerned }) => [
        `### ${share(concerned, fleet)}: ${plain(sentence, 600)}${layer === undefined ? '' : ` [${plain(layer, 40)}]`}`,
        plain(names(concerned, 30), 3000),
        ...(remedy === undefined ? [] : [remedyBlock(remedy)]),
      ]),
      table(
        `Outliers (${outliers.length})`,
        ['workspace', 'verdict', 'others with the same preset and image', 'differs in'],
        outliers,
        ({ workspace, verdict, others, theirs, differs }) => [
          code(workspace),
          plain(verdict, 160),
          `${others}: ${plain(theirs, 160)}`,
          plain(differs.slice(0, 3).join('; '), 300),
        ],
      ),
      ...(comparison === undefined
        ? []
        : [
            `### New since ${plain(time(comparison.with.started))}`,
            [
              ...MOVES.flatMap(([key, title]) =>
                comparison[key].map(
                  ({ workspace, before, now }) => `- ${title}: ${code(workspace)} ${plain(before, 160)} → ${plain(now, 160)}`,
                ),
              ),
              ...(comparison.appeared.length > 0 ? [`- New: ${plain(names(comparison.appeared, 30), 2000)}`] : []),
              ...(comparison.vanished.length > 0 ? [`- Gone: ${plain(names(comparison.vanished, 30), 2000)}`] : []),
            ].join('\n') || 'Nothing has changed.',
          ]),
      table(
        `Workspaces (${workspaces.length})`,
        ['workspace', 'preset', 'server', 'verdict'],
        workspaces,
        (member) => [code(member.label), plain(member.preset ?? '', 80), plain(member.server ?? '', 60), plain(verdictOf(member), 200)],
        200,
      ),
    ].filter((part) => part !== ''),
  )
}
