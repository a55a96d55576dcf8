import { escapeMarkup, excerpt, plural } from '../../fixtures/text.ts'
import { documentOf, flagged } from '../document.ts'
import { FILES } from '../store.ts'
import { verdictOf } from './aggregate.ts'
import type { FleetResults, MemberResult } from './results.ts'
import { time } from '../headline.ts'
import { costOf, MOVES, names, share, signFor } from './texts.ts'

const safe = (text: string, limit = 300): string => escapeMarkup(excerpt(text, limit))

/** The page of a fleet: by cause, outliers, what is new, and the matrix with links to the reports. One file, without scripts. */
export function fleetPage(fleet: FleetResults): string {
  const { run, causes, outliers, comparison } = fleet
  const state = run.exitCode === 0 ? 'works' : run.exitCode === 3 ? 'unjudged' : 'fails'
  const at = new Map(fleet.workspaces.map((member) => [member.label, member]))
  const linked = (label: string): string => link(at.get(label), label)
  return documentOf({
    title: excerpt(run.headline),
    style: STYLE,
    body: `<header class="${state}"><p class="suite">${safe(run.suite)} ${safe(run.version)} · ${safe(time(run.started))} · ${costOf(fleet)} · CONFORMANCE_DEPTH ${run.depth}${run.filter === undefined ? '' : ` · ${safe(run.filter)}`}</p><h1>${safe(run.headline)}</h1>
${run.notes.map((note) => `<p class="note">${safe(note)}</p>`).join('')}</header>
<main>${causes.map((group) => causeBox(group, fleet, linked)).join('\n')}
${section(
  'Outliers: same preset and image, other verdict',
  ['Workspace', 'Verdict', 'The others', 'Differs in'],
  outliers.map(({ workspace, like, others, verdict, theirs, differs }) => [
    linked(workspace),
    safe(verdict),
    `${others} with ${safe(like)}: ${safe(theirs)}`,
    differs.map((line) => safe(line)).join('<br>') || 'nothing that could be read',
  ]),
)}
${comparison === undefined ? '' : newSince(comparison, fleet, linked)}
${matrix(fleet)}</main>`,
  })
}

const link = (member: MemberResult | undefined, label: string): string =>
  member?.folder === undefined
    ? safe(label)
    : `<a href="${escapeMarkup(`${member.folder.split('/').map(encodeURIComponent).join('/')}/${FILES.html}`)}">${safe(label)}</a>`

function causeBox(
  { sentence, layer, remedy, evidence, workspaces }: FleetResults['causes'][number],
  fleet: FleetResults,
  linked: (label: string) => string,
): string {
  const list = `<ul>${workspaces.map((label) => `<li>${linked(label)}</li>`).join('')}</ul>`
  const codes = fleet.workspaces.filter(({ label }) => workspaces.includes(label)).map(({ exitCode }) => exitCode)
  const open = codes.every((code) => signFor(code) === '?')
  const lines = remedy
    ?.split('\n')
    .slice(0, 40)
    .map((line) => safe(line, 400))
  return `<section class="cause${open ? ' open' : ''}">${layer === undefined ? '' : `<p>Cause, found in: ${safe(layer, 40)}</p>`}<h2>${share(workspaces, fleet)}: ${flagged(safe(sentence, 600))}</h2>
${lines === undefined ? '' : `<h3>Remedy</h3><pre class="paste">${flagged(lines.join('\n'))}</pre>`}${
    evidence === undefined
      ? ''
      : `<h3>Evidence${workspaces.length > 1 ? `, of ${safe(workspaces[0] ?? '')}` : ''}</h3><ul class="lines"><li>${safe(evidence, 400)}</li></ul>`
  }<h3>${plural(workspaces.length, 'workspace')}</h3>
${workspaces.length > 12 ? `<details><summary>${safe(names(workspaces), 600)}</summary>${list}</details>` : list}</section>`
}

function newSince(
  comparison: NonNullable<FleetResults['comparison']>,
  { workspaces }: FleetResults,
  linked: (label: string) => string,
): string {
  const rows = [
    ...MOVES.flatMap(([key, title]) =>
      comparison[key].map(({ workspace, before, now }) => [title, linked(workspace), `${safe(before)} → ${safe(now)}`]),
    ),
    ...comparison.appeared.map((label) => ['New', linked(label), '']),
    ...comparison.vanished.map((label) => ['Gone', safe(label), '']),
    ...workspaces.flatMap(({ label, changed }) =>
      changed === undefined || (changed.newlyFailing.length === 0 && changed.server.length === 0)
        ? []
        : [
            [
              'Changed',
              linked(label),
              [
                ...changed.server.slice(0, 5).map(({ what, before, now }) => `${safe(what)}: ${safe(before, 120)} → ${safe(now, 120)}`),
                ...(changed.newlyFailing.length > 0 ? [`newly failing: ${safe(names(changed.newlyFailing), 300)}`] : []),
              ].join('<br>'),
            ],
          ],
    ),
  ]
  const title = `New since ${time(comparison.with.started)}`
  return rows.length === 0
    ? `<section><h2>${safe(title)}</h2><p>Nothing has changed.</p></section>`
    : section(title, ['What', 'Workspace', 'Before → now'], rows)
}

/** Workspaces by groups of requirements: what fails, what is accepted, what is open. */
function matrix({ workspaces }: FleetResults): string {
  const groups = [...new Set(workspaces.flatMap((member) => Object.keys(member.groups)))]
  const head = groups.map((group) => `<th class="upright"><span>${safe(group, 80)}</span></th>`).join('')
  const rows = workspaces.map((member) => {
    const cells = groups.map((group) => {
      const tally = member.groups[group]
      if (tally === undefined) return '<td></td>'
      const { passed, failed, accepted, open } = tally
      const [kind, shown] = failed > 0 ? ['bad', `${failed}`] : open > 0 ? ['open', '?'] : accepted > 0 ? ['amber', '!'] : ['good', '·']
      return `<td class="${kind}" title="${safe(`${member.label}, ${group}: ${passed} passed, ${failed} failed, ${accepted} accepted, ${open} open`)}">${shown}</td>`
    })
    return `<tr class="${member.exitCode === 0 ? 'good' : member.exitCode === 3 ? 'open' : 'bad'}"><th scope="row">${link(member, member.label)}</th><td class="verdict">${safe(verdictOf(member), 200)}</td><td>${safe(member.preset ?? '', 80)}</td><td>${safe(member.server ?? '', 60)}</td>${cells.join('')}</tr>`
  })
  return `<section><h2>Workspaces by requirements</h2><ul class="legend"><li><b class="good">·</b> all pass</li><li><b class="bad">2</b> so many fail</li><li><b class="amber">!</b> a warning, a known defect or a waiver</li><li><b class="open">?</b> not judged</li></ul><div class="wide" tabindex="0" role="region" aria-label="Workspaces by requirements"><table class="matrix"><thead><tr><th>Workspace</th><th>Verdict</th><th>Preset</th><th>Server</th>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div></section>`
}

function section(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  return `<section><h2>${safe(title)}</h2><table class="stacked"><thead><tr>${head.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead><tbody>${rows
    .map((row) => `<tr>${row.map((cell, index) => `<td data-n="${head[index]}">${cell}</td>`).join('')}</tr>`)
    .join('')}</tbody></table></section>`
}

const STYLE = `
:root { --amber: var(--odd); --open: var(--none) } .cause.open { border-color: var(--odd) } .cause ul:not(.lines) { columns: 16rem } .cause li { break-inside: avoid }
.legend { display: flex; flex-wrap: wrap; gap: 2px 20px; padding: 0; list-style: none }
.wide { overflow: auto; max-height: 90vh } .matrix { width: auto } .matrix td:nth-of-type(-n+3) { min-width: 8em; overflow-wrap: break-word } .matrix thead th { position: sticky; top: 0; background: var(--paper); z-index: 1; vertical-align: bottom }
.matrix th[scope] { min-width: min(14rem, 34vw); white-space: normal; position: sticky; left: 0; background: var(--paper); color: var(--ink); font: inherit; border-top: 1px solid var(--line) } .upright span { writing-mode: vertical-rl; transform: rotate(180deg); font-weight: 400; max-height: 12rem; display: inline-block; white-space: normal }
${['good', 'bad', 'amber', 'open'].map((name) => `td.${name}, b.${name} { color: var(--${name}) }`).join(' ')} td.bad, b.bad { font-weight: 700 }
tr.good .verdict { color: var(--good) } tr.bad .verdict { color: var(--bad) } tr.open .verdict { color: var(--odd) }
`
