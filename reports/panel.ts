import { agreement, absentOf, costLine, headline, knownOf, modelLine, rates, reasons, tallies, withEffect } from './headline.ts'
import { clientRows } from './clients.ts'
import type { Counts } from './counts.ts'
import type { Finding, Verdict } from '../fixtures/record.ts'
import { linked } from './links.ts'
import type { Recording } from './store.ts'
import { CHANGES, transition } from './summary.ts'
import { timeLeft } from './waived.ts'
import { escapeMarkup, excerpt, plural } from '../fixtures/text.ts'

/** Tables longer than this are closed until they are opened. */
const LONG = 12

/**
 * The first screen of the report, as HTML with its own styles and without scripts; foreign text in it is escaped.
 * `ids` are Allure's ids of the verdicts' results, for links to them.
 */
export function panel(recording: Recording, ids: ReadonlyMap<string, string>): string {
  const { run, partial } = recording
  const { state, sentence, notes, numbers } = headline(recording)
  const failures = withEffect(recording, 'failure')
  const warnings = withEffect(recording, 'warning')
  const facts: readonly (readonly [string, string])[] = [
    ['Target', excerpt(run.target.name)],
    ['Server', excerpt(run.server.name)],
    ['Profile', `${excerpt(run.server.profile)}, because ${excerpt(run.server.profileReason)}`],
    ...(run.target.about === undefined ? [] : [['Cluster', excerpt(run.target.about, 200)] as const]),
    ['Model', modelLine(recording)],
    ['When', `${time(run.started)}${run.ended ? '' : ', cut short'}`],
    ['Cost', costLine(recording)],
  ]
  const shownIds = [...failures, ...warnings].flatMap(({ id }) => ids.get(id) ?? [])
  return `<section id="conformance" class="${state}">${STYLE}
<header><p class="suite">${safe(run.suite.name)} ${safe(run.suite.version)}${partial ? ' · partial run' : ''}</p><h1>${escapeMarkup(sentence)}</h1>
${notes.map((note) => `<p class="note">${escapeMarkup(note)}</p>`).join('')}${tallyBar(numbers)}</header>
${causeBox(recording)}
${clientTable(recording)}
<dl>${facts.map(([name, text]) => `<div><dt>${name}</dt><dd>${escapeMarkup(text)}</dd></div>`).join('')}</dl>
${table('Failed requirements', failures, ids, failures.length <= LONG || run.ended?.cause === undefined)}
${knownTable(recording)}
${waivedTable(recording)}
${comparisonBlock(recording)}
${absentTable(recording)}
${table('Warnings', warnings, ids, false)}
${grouped('Broken checks, a defect of this suite', withEffect(recording, 'broken'), true)}
${grouped('Blocked', withEffect(recording, 'blocked'), true)}
${seen(recording)}
${grouped('Inconclusive', withEffect(recording, 'inconclusive'), false)}
${grouped('Not applicable', withEffect(recording, 'not applicable'), false)}
${shownIds.map((id) => `<i id="${escapeMarkup(id)}" class="anchor"></i>`).join('')}</section>`
}

function clientTable(recording: Recording): string {
  const rows = clientRows(recording)
  if (rows.length === 0) return ''
  return listed(
    'Known clients',
    ['Client', 'Verdict', 'The rule that decides'],
    rows.map(({ client, version, captured, state, rule = '' }) => [
      `${safe(client, 80)}<br><small>${safe(version, 80)}, ${safe(captured)}</small>`,
      safe(state),
      safe(rule, 400),
    ]),
    rows.some(({ state }) => state !== 'works'),
  )
}

function knownTable(recording: Recording): string {
  const known = knownOf(recording.verdicts)
  if (known.length === 0) return ''
  return listed(
    `Known defects of ${excerpt(recording.run.server.name)}`,
    ['Defect', 'Upstream', 'Verdicts'],
    known.map(({ what, issue, verdicts }) => [safe(what, 300), linked(issue, 120), `${verdicts.length}`]),
    known.length <= LONG,
  )
}

function waivedTable(recording: Recording): string {
  const waived = withEffect(recording, 'waived')
  if (waived.length === 0) return ''
  const rows = waived.map(({ id, title, waiver }) => [
    `${safe(title, 240)}<br><small>${safe(id)}</small>`,
    `${safe(waiver?.reason ?? '', 300)}<br><small>${safe(waiver?.link ?? '')}</small>`,
    `${safe(waiver?.owner ?? '', 80)}<br><small>${safe(timeLeft(waiver?.daysLeft ?? 0))}</small>`,
  ])
  return listed('Waived', ['Requirement', 'Reason', 'Owner'], rows, true)
}

function comparisonBlock({ run }: Recording): string {
  const { comparison } = run.ended ?? {}
  if (comparison === undefined) return ''
  const { with: earlier, server, notes } = comparison
  const rows = [
    ...server.map(({ what, before, now }) => ['The server', safe(what, 80), `${safe(before, 160)} → ${safe(now, 160)}`]),
    ...CHANGES.flatMap(([key, name]) =>
      comparison[key].map((change) => [
        name,
        `${safe(change.title, 240)}<br><small>${safe(change.id)}</small>`,
        safe(transition(change), 200),
      ]),
    ),
  ]
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
  const said = [...notes, ...(rows.length === 0 ? ['Nothing that was judged has changed.'] : [])].map((note) => `<p>${safe(note)}</p>`)
  const title = `Compared with ${safe(earlier.target, 120)}, ${safe(earlier.server, 80)}, of ${escapeMarkup(time(earlier.started))}`
  return details(title, rows.length, true, `${said.join('')}${body.length === 0 ? '' : `<table><tbody>${body.join('')}</tbody></table>`}`)
}

function absentTable(recording: Recording): string {
  const absent = absentOf(recording)
  if (absent.length === 0) return ''
  return listed(
    `Known defects of ${excerpt(recording.run.server.name)} that did not show: fixed in this build, or not met`,
    ['Defect', 'Upstream'],
    absent.map(({ what, issue }) => [safe(what, 300), linked(issue, 120)]),
    false,
  )
}

function tallyBar(numbers: Counts): string {
  const parts = tallies(numbers)
  const bar = parts.map(({ effect, count }) => `<i class="${effect.replace(' ', '-')}" style="flex-grow:${count}"></i>`)
  const words = parts.map(({ effect, count, word }) => `<li><i class="${effect.replace(' ', '-')}"></i><b>${count}</b> ${word}</li>`)
  return `<div class="bar">${bar.join('')}</div><ul class="tally">${words.join('')}</ul>`
}

function causeBox(recording: Recording): string {
  const cause = recording.run.ended?.cause
  const alike = agreement(recording)
  if (!cause) return alike === undefined ? '' : `<div class="cause"><h3>The cause is not known</h3><h2>${safe(alike, 600)}</h2></div>`
  const evidence = cause.evidence.map((line) => `<li>${safe(line, 600)}</li>`).join('')
  const remedy = cause.remedy
    .split('\n')
    .map((line) => safe(line, 400))
    .join('\n')
  return `<div class="cause"><h3>Cause, found in: ${safe(cause.layer)}</h3><h2>${safe(cause.sentence, 600)}</h2>
${evidence === '' ? '' : `<h3>Evidence</h3><ul>${evidence}</ul>`}<h3>Remedy</h3><pre>${remedy}</pre></div>`
}

function table(title: string, verdicts: readonly Verdict[], ids: ReadonlyMap<string, string>, open: boolean): string {
  if (verdicts.length === 0) return ''
  const rows = [...Map.groupBy(verdicts, ({ group }) => group)].map(
    ([group, members]) =>
      `<tbody><tr><th colspan="4" scope="rowgroup">${safe(group, 120)}</th></tr>${members.map((verdict) => row(verdict, ids)).join('')}</tbody>`,
  )
  return details(
    title,
    verdicts.length,
    open,
    `<table><thead><tr><th>Requirement</th><th>Got</th><th>Wanted</th><th>Where</th></tr></thead>${rows.join('')}</table>`,
  )
}

function row(verdict: Verdict, ids: ReadonlyMap<string, string>): string {
  const id = ids.get(verdict.id)
  const title = safe(verdict.title, 240)
  const name = id === undefined ? title : `<a href="#${escapeMarkup(id)}">${title}</a>`
  const first = `<td>${name}<br><small>${linked(verdict.source, 300)}</small></td>`
  const [finding, ...others] = verdict.findings
  if (!finding) return `<tr>${first}<td colspan="3">${safe(verdict.reason ?? '', 400)}</td></tr>`
  const rest = others.length > 0 ? `<br><small>and ${plural(others.length, 'more finding')}</small>` : ''
  return `<tr>${first}<td><code>${safe(finding.got, 240)}</code></td><td>${safe(finding.wanted, 240)}</td><td>${place(finding)}${rest}</td></tr>`
}

function place({ where, byte, exchange }: Finding): string {
  return `${safe(where, 120)}${byte === undefined ? '' : `, byte ${byte}`}<br><small>${safe(exchange, 120)}</small>`
}

function grouped(title: string, verdicts: readonly Verdict[], open: boolean): string {
  if (verdicts.length === 0) return ''
  const lines = reasons(verdicts).map(([reason, count]) => `<li><b>${count} ×</b> ${safe(reason, 400)}</li>`)
  return details(title, verdicts.length, open, `<ul>${lines.join('')}</ul>`)
}

function seen(recording: Recording): string {
  const told = rates(recording)
  if (told.length === 0) return ''
  return listed(
    'Rates',
    ['Requirement', 'Seen', 'Verdict'],
    told.map((one) => [safe(one.title, 240), safe(one.seen, 400), one.outcome]),
    told.length <= LONG,
  )
}

/** A table whose third column, where there is one, is narrow; the cells are escaped already. */
function listed(title: string, columns: readonly string[], rows: readonly (readonly string[])[], open: boolean): string {
  const head = columns.map((name, column) => `<th${column === 2 ? ' class="narrow"' : ''}>${name}</th>`)
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
  return details(title, rows.length, open, `<table><thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody></table>`)
}

function details(title: string, count: number, open: boolean, body: string): string {
  return `<details${open ? ' open' : ''}><summary>${title} <small>${count}</small></summary>${body}</details>`
}

function safe(value: string, limit = 300): string {
  return escapeMarkup(excerpt(value, limit))
}

function time(iso: string): string {
  const date = new Date(iso)
  return Number.isNaN(date.valueOf()) ? excerpt(iso) : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

const STYLE = `<style>
#conformance { color-scheme: light dark; --ink: light-dark(#1c2127, #e8eaed); --soft: light-dark(#5b6470, #a2abb6); --line: light-dark(#dfe3e8, #3a414a);
  --paper: light-dark(#fff, #191c20); --tint: light-dark(#f6f7f9, #22262b); --good: light-dark(#1a7f37, #4cc26c); --bad: light-dark(#c62828, #ff7b72);
  --odd: light-dark(#b26a00, #e3a13c); --none: light-dark(#b4bcc6, #59636e); box-sizing: border-box; padding: 24px 36px 20px;
  background: var(--paper); color: var(--ink); border-top: 6px solid var(--accent);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
[data-theme="light"] #conformance { color-scheme: light } [data-theme="dark"] #conformance { color-scheme: dark }
#conformance.works { --accent: var(--good) } #conformance.fails { --accent: var(--bad) } #conformance.unjudged { --accent: var(--odd) }
#conformance > * { max-width: 1240px; margin: 0 auto 14px }
#conformance p { margin: 0 } #conformance .suite { color: var(--soft) }
#conformance h1 { margin: 2px 0 6px; color: var(--accent); font-size: 26px; line-height: 1.25; font-weight: 650; overflow-wrap: anywhere }
#conformance .note { font-weight: 600 }
#conformance .bar { display: flex; gap: 2px; height: 8px; margin: 12px 0 8px; border-radius: 4px; overflow: hidden } #conformance .bar i { flex-basis: 4px }
#conformance .passed { background: var(--good) } #conformance .failure, #conformance .broken { background: var(--bad) }
#conformance .warning, #conformance .known, #conformance .waived, #conformance .blocked { background: var(--odd) } #conformance .inconclusive, #conformance .not-applicable { background: var(--none) }
#conformance ul.tally { display: flex; flex-wrap: wrap; gap: 2px 22px; padding: 0; list-style: none; font-size: 15px }
#conformance .tally i { display: inline-block; width: 10px; height: 10px; margin-right: 7px; border-radius: 2px }
#conformance .cause { padding: 14px 18px; background: var(--tint); border-left: 4px solid var(--accent); border-radius: 4px }
#conformance h2 { margin: 0 0 10px; font-size: 17px; line-height: 1.4; font-weight: 650; overflow-wrap: anywhere }
#conformance h3 { margin: 0 0 2px; font-size: 13px; font-weight: 600; color: var(--soft) }
#conformance small { color: var(--soft); font-weight: 400; font-size: 12px }
#conformance .cause ul { margin-bottom: 10px } #conformance ul { margin: 0; padding-left: 20px; list-style: disc } #conformance li { overflow-wrap: anywhere }
#conformance pre, #conformance code { font: 12.5px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
#conformance pre { margin: 2px 0 0; padding: 8px 12px; background: var(--paper); border: 1px solid var(--line); border-radius: 4px; user-select: all }
#conformance dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(340px, 1fr)); gap: 4px 28px }
#conformance dl div { display: flex; gap: 12px } #conformance dt { flex: 0 0 50px; color: var(--soft) } #conformance dd { margin: 0; overflow-wrap: anywhere; min-width: 0 }
#conformance details { border-top: 1px solid var(--line); padding-top: 10px; margin-bottom: 10px }
#conformance summary { cursor: pointer; font-size: 16px; font-weight: 600 } #conformance summary small { margin-left: 4px; font-size: 14px }
#conformance table { width: 100%; margin-top: 6px; border-collapse: collapse; table-layout: fixed }
#conformance th { text-align: left; font-weight: 600; color: var(--soft); font-size: 12.5px; padding: 6px 12px 4px 0 } #conformance thead th:first-child { width: 34% } #conformance th.narrow { width: 80px }
#conformance td { vertical-align: top; padding: 5px 12px 5px 0; border-top: 1px solid var(--line); overflow-wrap: anywhere }
#conformance tbody th { color: var(--ink); padding-top: 10px } #conformance a { color: inherit; text-decoration: underline; text-decoration-color: var(--soft); text-underline-offset: 2px }
#conformance .anchor { display: block; height: 0; margin: 0 }
@media print { #app { display: none } #conformance { padding: 0; print-color-adjust: exact } #conformance tr, #conformance .cause { break-inside: avoid }
  #conformance details::details-content { display: block; content-visibility: visible; height: auto } }
</style>`
