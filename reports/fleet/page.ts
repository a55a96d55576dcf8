import { escapeMarkup, excerpt } from '../../fixtures/text.ts'
import { FILES } from '../store.ts'
import { verdictOf } from './aggregate.ts'
import type { FleetResults, MemberResult } from './results.ts'
import { time } from '../headline.ts'
import { costOf, MOVES, names, share } from './texts.ts'

const safe = (text: string, limit = 300): string => escapeMarkup(excerpt(text, limit))

/** The page of a fleet: by cause, outliers, what is new, and the matrix with links to the reports. One file, without scripts. */
export function fleetPage(fleet: FleetResults): string {
  const { run, causes, outliers, comparison } = fleet
  const state = run.exitCode === 0 ? 'good' : run.exitCode === 3 ? 'open' : 'bad'
  const at = new Map(fleet.workspaces.map((member) => [member.label, member]))
  const linked = (label: string): string => link(at.get(label), label)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${safe(run.headline)}</title>
<style>${STYLE}</style></head>
<body><header class="${state}"><p>${safe(run.suite)} ${safe(run.version)} · ${safe(time(run.started))} · ${costOf(fleet)} · depth ${run.depth}${run.filter === undefined ? '' : ` · ${safe(run.filter)}`}</p><h1>${safe(run.headline)}</h1>
${run.notes.map((note) => `<p class="note">${safe(note)}</p>`).join('')}</header>
${causes.map((group) => causeBox(group, fleet, linked)).join('\n')}
${section(
  'Outliers: same preset and image, other verdict',
  ['Workspace', 'Verdict', 'The others', 'Differs in'],
  outliers.map(({ workspace, like, others, verdict, theirs, differs }) => [
    linked(workspace),
    safe(verdict),
    `${others} with ${safe(like)}: ${safe(theirs)}`,
    differs.map((line) => safe(line)).join('<br>'),
  ]),
)}
${comparison === undefined ? '' : newSince(comparison, fleet, linked)}
${matrix(fleet)}
</body></html>
`
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
  return `<section class="cause"><h2>${share(workspaces, fleet)}: ${safe(sentence, 600)}${layer === undefined ? '' : ` <small>${safe(layer, 40)}</small>`}</h2>
${evidence === undefined ? '' : `<p>Evidence: ${safe(evidence, 400)}</p>`}${
    remedy === undefined
      ? ''
      : `<p>Remedy:</p><pre>${remedy
          .split('\n')
          .slice(0, 40)
          .map((line) => safe(line, 400))
          .join('\n')}</pre>`
  }
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
    : section(title, ['What', 'Workspace', ''], rows)
}

/** Workspaces by groups of requirements: what fails, what is accepted, what is open. */
function matrix({ workspaces }: FleetResults): string {
  const groups = [...new Set(workspaces.flatMap((member) => Object.keys(member.groups)))]
  const head = groups.map((group) => `<th class="group"><span>${safe(group, 80)}</span></th>`).join('')
  const rows = workspaces.map((member) => {
    const cells = groups.map((group) => {
      const tally = member.groups[group]
      if (tally === undefined) return '<td></td>'
      const { passed, failed, accepted, open } = tally
      const [kind, shown] = failed > 0 ? ['bad', `${failed}`] : open > 0 ? ['open', '?'] : accepted > 0 ? ['amber', '!'] : ['good', '·']
      return `<td class="${kind}" title="${safe(`${member.label}, ${group}: ${passed} passed, ${failed} failed, ${accepted} accepted, ${open} open`)}">${shown}</td>`
    })
    return `<tr class="${member.exitCode === 0 ? 'good' : member.exitCode === 3 ? 'open' : 'bad'}"><th scope="row">${link(member, member.label)}</th><td>${safe(member.preset ?? '', 80)}</td><td>${safe(member.server ?? '', 60)}</td><td class="verdict">${safe(verdictOf(member), 200)}</td>${cells.join('')}</tr>`
  })
  return `<section><h2>Workspaces by requirements</h2><p class="legend"><b class="good">·</b> all pass <b class="bad">2</b> so many fail <b class="amber">!</b> a warning, a known defect or a waiver <b class="open">?</b> not judged</p><div class="wide"><table class="matrix"><thead><tr><th>Workspace</th><th>Preset</th><th>Server</th><th>Verdict</th>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div></section>`
}

function section(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  return `<section><h2>${safe(title)}</h2><table><thead><tr>${head.map((name) => `<th>${name}</th>`).join('')}</tr></thead><tbody>${rows
    .map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
    .join('')}</tbody></table></section>`
}

const STYLE = `:root{color-scheme:light dark;--line:#8884;--good:#137333;--bad:#b3261e;--amber:#9a6700;--open:#5f6368}
@media (prefers-color-scheme:dark){:root{--good:#81c995;--bad:#f28b82;--amber:#fdd663;--open:#bdc1c6}}
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:90rem;padding:0 1rem}
header{border-left:.5rem solid var(--line);padding-left:1rem}header.good{border-color:var(--good)}header.bad{border-color:var(--bad)}header.open{border-color:var(--amber)}
header p{margin:0;opacity:.8}h1{margin:.2rem 0}h2{font-size:1.15rem}.note{color:var(--amber)}small{font-weight:400;opacity:.7}
.cause{border:1px solid var(--line);border-radius:.5rem;margin:1rem 0;padding:0 1rem 1rem}.cause ul{columns:16rem;margin:0}pre{background:#8881;overflow:auto;padding:.6rem}
table{border-collapse:collapse}td,th{border-bottom:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top}
.wide{overflow:auto;max-height:90vh}.matrix thead th{position:sticky;top:0;background:Canvas;z-index:1;vertical-align:bottom}.matrix th[scope]{position:sticky;left:0;background:Canvas;font-weight:400;white-space:nowrap}
.group span{writing-mode:vertical-rl;transform:rotate(180deg);font-weight:400;font-size:.8rem;max-height:12rem}
td.good,b.good{color:var(--good)}td.bad,b.bad{color:var(--bad);font-weight:700}td.amber,b.amber{color:var(--amber)}td.open,b.open{color:var(--open)}
tr.good .verdict{color:var(--good)}tr.bad .verdict{color:var(--bad)}tr.open .verdict{color:var(--amber)}`
