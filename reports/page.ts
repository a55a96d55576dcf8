import type { Finding, Verdict } from '../fixtures/record.ts'
import { apart, escapeMarkup, excerpt, plural } from '../fixtures/text.ts'
import { effectOf, type Effect } from './counts.ts'
import { clientRows, clientsLine } from './clients.ts'
import { badge, bar, classOf, documentOf, flagged } from './document.ts'
import { shownExchanges, type ShownExchanges } from './exchanges.ts'
import {
  absentOf,
  unexplained,
  blockedOtherwise,
  costLine,
  headline,
  isHeard,
  knownOf,
  modelLine,
  rates,
  reasons,
  saysCause,
  tallies,
  time,
  withEffect,
  WORDS,
} from './headline.ts'
import { linked } from './links.ts'
import { problemsOf } from './problems.ts'
import { FILES, type Recording } from './store.ts'
import { CHANGES, transition } from './summary.ts'
import { timeLeft, waiverLine } from './waived.ts'
import { titled } from '../fixtures/titled.ts'

/** Tables longer than this are closed until they are opened. */
const LONG = 12
const MOST_FINDINGS = 10
/** More of them would hide the bytes. */
const FIRST_FINDINGS = 3
/** Exchanges of a check that are shown in it, and that are named beside them. */
const MOST_SHOWN = 3
const MOST_NAMED = 8

/** Gravest first: the order of groups, and of checks in a group. */
const GRAVITY: readonly Effect[] = [
  'broken',
  'failure',
  'blocked',
  'warning',
  'known',
  'waived',
  'inconclusive',
  'passed',
  'not applicable',
]

/** The report for people as one HTML page, from the record alone; it can be read without a script. `allureBytes`: the size of Allure's report, where that lies beside it. */
export function page(recording: Recording, { allureBytes }: { readonly allureBytes?: number | undefined } = {}): string {
  const { run, partial } = recording
  const { state, sentence, notes } = headline(recording)
  const shown = shownExchanges(recording)
  const empty = problemsOf(recording).flatMap(({ kind, message }) => (kind === 'empty' ? [message] : []))
  const sections = [
    causeBox(recording, shown),
    facts(recording),
    clientTable(recording),
    waivedTable(recording),
    comparisonBlock(recording),
    knownTable(recording),
    absentTable(recording),
    reasonsOf('Broken checks, a defect of this suite', withEffect(recording, 'broken'), true),
    reasonsOf(
      run.ended?.cause === undefined ? 'Blocked' : 'Blocked for other reasons',
      blockedOtherwise(recording),
      withEffect(recording, 'failure').length === 0,
    ),
    reasonsOf('Inconclusive', withEffect(recording, 'inconclusive'), false),
    seen(recording),
    checks(recording, shown),
    shown.html === '' ? '' : `<h2>Every request and its answer <small>${recording.exchanges.size}</small></h2>${shown.html}`,
  ]
  return documentOf({
    title: sentence,
    script: SCRIPT,
    body: `<header class="${state}"><p class="suite">${safe(run.suite.name)} ${safe(run.suite.version)}${partial ? ' · partial run, cut short' : ''}</p><h1>${escapeMarkup(sentence)}</h1>
${[...notes, ...empty].map((note) => `<p class="note">${escapeMarkup(note)}</p>`).join('')}${bar(tallies(recording))}${explained(recording)}</header>
<main>${sections.filter((section) => section !== '').join('\n')}</main>
<footer><h2>The same run elsewhere</h2><ul>${OTHERS.map(([file, what]) => `<li><a href="${file}">${file}</a>: ${what}</li>`).join('')}${allureBytes === undefined ? '' : `<li><a href="${FILES.allureReport}">${FILES.allureReport}</a>: the same checks in Allure’s form (${(allureBytes / 1e6).toFixed(1)} MB)</li>`}</ul></footer>`,
  })
}

const OTHERS: readonly (readonly [file: string, what: string])[] = [
  [FILES.results, 'for programs'],
  [FILES.junit, 'for the CI'],
  [FILES.sarif, 'for code scanning'],
  [FILES.summary, 'for a comment'],
  [FILES.exchanges, 'every byte that was sent and received'],
]

/** What the numbers of the headline and of the bar count. */
function explained(recording: Recording): string {
  const { run, verdicts, partial } = recording
  if (verdicts.length === 0) return ''
  const { state, sentence, numbers } = headline(recording)
  const levels = run.failOn === 'should' ? ['MUST', 'SHOULD'] : ['MUST']
  const isHeld = ({ level }: Verdict): boolean => levels.includes(level)
  const countsBlocked = state === 'unjudged' && numbers.level.MUST.blocked > 0
  const isCounted = (verdict: Verdict): boolean =>
    isHeld(verdict) && (['passed', 'failed'].includes(verdict.outcome) || (countsBlocked && verdict.outcome === 'blocked'))
  const counted = verdicts.filter(isCounted).length
  const beside = verdicts.filter((verdict) => !isHeld(verdict)).length
  const others = Map.groupBy(
    verdicts.filter((verdict) => isHeld(verdict) && !isCounted(verdict)),
    ({ outcome }) => outcome,
  )
  const parts = [...others].map(([what, { length }]) => `${length} ${what}`)
  const rest = [
    ...(beside > 0 ? [plural(beside, `${levels.length > 1 ? 'MAY' : 'SHOULD or MAY'} verdict`)] : []),
    ...(parts.length > 0 ? [`of the ${levels.join(' or ')} verdicts ${parts.join(' and ')}`] : []),
  ]
  const failed = verdicts.some((verdict) => isHeld(verdict) && verdict.outcome === 'failed')
  const outcomes = countsBlocked ? 'passed, failed or were blocked' : failed ? 'passed or failed' : 'passed'
  const saysNumbers = sentence.includes(` of ${counted} `)
  const held = plural(counted, `${levels.join(' or ')} verdict`)
  const which = saysNumbers ? `The headline counts the ${held} that ${outcomes}.` : `${held} ${outcomes}.`
  return `<p class="explained">${plural(verdicts.length, 'verdict')}${partial ? ` of ${run.planned} that were planned` : ''}: a requirement has one for each form, plain and streamed, in which it is asked. ${which}${rest.length > 0 ? ` The others: ${rest.join('; ')}.` : ''}</p>`
}

function facts(recording: Recording): string {
  const { run } = recording
  const rows: readonly (readonly [string, string])[] = [
    ['Target', excerpt(run.target.name)],
    ['Server', excerpt(run.server.name)],
    ...(isHeard(run) ? [['Profile', `${excerpt(run.server.profile)}, because ${excerpt(run.server.profileReason)}`] as const] : []),
    ...(run.target.about === undefined ? [] : [['Cluster', excerpt(run.target.about, 200)] as const]),
    ['Model', modelLine(recording)],
    ['When', `${time(run.started)}${run.ended ? '' : ', cut short'}`],
    ['Cost', costLine(recording)],
  ]
  return `<dl class="facts">${rows.map(([name, text]) => `<dt>${name}</dt><dd>${escapeMarkup(text)}</dd>`).join('')}</dl>`
}

function causeBox(recording: Recording, { anchorOf: at }: ShownExchanges): string {
  const cause = recording.run.ended?.cause
  if (!cause) {
    const sentence = unexplained(recording)
    return sentence === undefined ? '' : `<section class="cause"><p>The cause is not known</p><h2>${safe(sentence, 600)}</h2></section>`
  }
  const evidence = cause.evidence.map((line) => {
    const [exchange = ''] = /^[^\s:,]+(?=[:,] )/.exec(line) ?? []
    const anchor = at(exchange)
    const name = anchor === undefined ? '' : exchange
    return `<li>${name === '' ? '' : `<a href="#${anchor}">${safe(name)}</a>`}${safe(line.slice(name.length), 600)}</li>`
  })
  const remedy = cause.remedy
    .split('\n')
    .map((line) => safe(line, 600))
    .join('\n')
  return `<section class="cause"><p>Cause, found in: ${safe(cause.layer)}</p><h2>${flagged(safe(cause.sentence, 600))}</h2>
<h3>Remedy</h3><pre class="paste">${flagged(remedy)}</pre>${evidence.length === 0 ? '' : `<h3>Evidence</h3><ul>${evidence.join('')}</ul>`}</section>`
}

function clientTable(recording: Recording): string {
  const rows = clientRows(recording)
  const line = clientsLine(rows)
  if (line === undefined) return ''
  const cells = rows.map(({ client, version, captured, state, rule = '' }) => [
    `${safe(client, 80)}<br><small>${safe(version, 80)}, requests captured ${safe(captured)}</small>`,
    safe(state),
    safe(rule, 400),
  ])
  return `<details class="more"><summary>Known clients <small>${safe(line, 600)}</small></summary>${tableOf(['Client', 'Verdict', 'The rule that decides'], cells)}</details>`
}

function waivedTable(recording: Recording): string {
  const waived = withEffect(recording, 'waived')
  const rows = waived.map((verdict) => [
    `${safe(titled(verdict), 240)}<br><small>${safe(verdict.id)}</small>`,
    `${safe(verdict.waiver?.reason ?? '', 300)}<br><small>${linked(verdict.waiver?.link ?? '', 300)}</small>`,
    `${safe(verdict.waiver?.owner ?? '', 80)}<br><small>${safe(timeLeft(verdict.waiver?.daysLeft ?? 0))}</small>`,
  ])
  return listed(`${WORDS.waived.sign} Waived`, ['Requirement', 'Reason', 'Owner'], rows, true)
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
        `${safe(titled(change), 240)}<br><small>${safe(change.id)}</small>`,
        safe(transition(change), 200),
      ]),
    ),
  ]
  const said = [...notes, ...(rows.length === 0 ? ['Nothing that was judged has changed.'] : [])].map((note) => `<p>${safe(note)}</p>`)
  const title = `Compared with ${safe(earlier.target, 120)}, ${safe(earlier.server, 80)}, of ${escapeMarkup(time(earlier.started))}`
  const counts = [
    ...(server.length === 0 ? [] : [`the server in ${plural(server.length, 'point')}`]),
    ...CHANGES.flatMap(([key, name]) => (comparison[key].length === 0 ? [] : [`${name.toLowerCase()}: ${comparison[key].length}`])),
  ]
  return more(
    title,
    counts.join(', '),
    rows.length <= LONG,
    `${said.join('')}${rows.length === 0 ? '' : tableOf(['Change', 'What', 'Before → now'], rows)}`,
  )
}

function knownTable(recording: Recording): string {
  const known = knownOf(recording.verdicts)
  return listed(
    `${WORDS.known.sign} Known defects of ${safe(recording.run.server.name)}`,
    ['Defect', 'Upstream', 'Verdicts'],
    known.map(({ what, issue, verdicts }) => [safe(what, 300), linked(issue, 120), `${verdicts.length}`]),
    known.length <= LONG && withEffect(recording, 'failure').length === 0,
  )
}

function absentTable(recording: Recording): string {
  return listed(
    `Known defects of ${safe(recording.run.server.name)} that did not show: fixed in this build, or not met`,
    ['Defect', 'Upstream'],
    absentOf(recording).map(({ what, issue }) => [safe(what, 300), linked(issue, 120)]),
    false,
  )
}

function reasonsOf(title: string, verdicts: readonly Verdict[], open: boolean): string {
  if (verdicts.length === 0) return ''
  const lines = reasons(verdicts).map(([reason, count]) => `<li><b>${count} ×</b> ${safe(reason, 400)}</li>`)
  return more(title, verdicts.length, open, `<ul>${lines.join('')}</ul>`)
}

function seen(recording: Recording): string {
  const told = rates(recording)
  return listed(
    'Rates',
    ['Requirement', 'Seen', 'Verdict'],
    told.map((one) => [safe(one.title, 240), safe(one.seen, 400), one.outcome]),
    false,
  )
}

/** A table behind its title; nothing without rows. The cells are escaped already. */
function listed(title: string, columns: readonly string[], rows: readonly (readonly string[])[], open: boolean): string {
  return rows.length === 0 ? '' : more(title, rows.length, open, tableOf(columns, rows))
}

function tableOf(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = columns.map((name) => `<th scope="col">${name}</th>`)
  const body = rows.map((cells) => `<tr>${cells.map((cell, index) => `<td data-n="${columns[index]}">${cell}</td>`).join('')}</tr>`)
  return `<table class="stacked"><thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody></table>`
}

function more(title: string, count: number | string, open: boolean, body: string): string {
  return `<details class="more"${open ? ' open' : ''}><summary>${title} <small>${count}</small></summary>${body}</details>`
}

/** Every verdict by group, the gravest first, with a filter that needs no script. */
function checks(recording: Recording, shown: ShownExchanges): string {
  const { run, verdicts } = recording
  if (verdicts.length === 0) return ''
  const rank = (verdict: Verdict): number => GRAVITY.indexOf(effectOf(verdict, run.failOn))
  const groups = [...Map.groupBy(verdicts, ({ group }) => group)]
    .map(([group, members]) => ({ group, members: members.toSorted((a, b) => rank(a) - rank(b)) }))
    .toSorted((a, b) => Math.min(...a.members.map(rank)) - Math.min(...b.members.map(rank)))
  const effects = tallies({ ...recording, partial: false })
  const first = (['broken', 'failure', 'blocked'] as const).find((effect) => effects.some((one) => one.effect === effect))
  const choices = [
    choice('all', `all ${verdicts.length}`, first === undefined),
    ...effects.map(({ effect, count, word }) =>
      choice(
        classOf(effect),
        `<span class="${classOf(effect)}"><span class="sign" aria-hidden="true">${WORDS[effect].sign}</span>${count} ${word}</span>`,
        effect === first,
      ),
    ),
  ]
  const blocks = groups.map(
    ({ group, members }) =>
      `<section class="group"><h3>${safe(group, 120)} <small>${members.length}</small></h3>${members.map((verdict) => check(verdict, recording, shown)).join('\n')}</section>`,
  )
  return `<section id="checks"><h2>Every check, by group <small>open one for its bytes and its curl command</small></h2>
<fieldset class="filter" aria-label="Show only">${choices.join('')}<input type="search" placeholder="text in title or id" aria-label="Only checks with this text" hidden><output></output></fieldset>
${blocks.join('\n')}</section>`
}

const choice = (name: string, label: string, checked: boolean): string =>
  `<label><input type="radio" name="only" id="only-${name}"${checked ? ' checked' : ''}>${label}</label>`

function check(verdict: Verdict, { run }: Recording, shown: ShownExchanges): string {
  const effect = effectOf(verdict, run.failOn)
  const { id, level, source, reason, waiver, findings, cause, known = [] } = verdict
  const [first, ...others] = findings
  const gist =
    first === undefined
      ? effect === 'passed' || reason === undefined || saysCause(verdict, run)
        ? ''
        : `<span class="breach">${safe(waiver === undefined ? reason : waiverLine(verdict), 300)}</span>`
      : `<span class="breach">got <code>${cutGot(first, 160)}</code>, wanted ${cutWanted(first, 160)}${others.length > 0 ? ` <small>and ${plural(others.length, 'more finding')}</small>` : ''}</span>`
  const rows: readonly (readonly [string, string])[] = [
    ['Level', level],
    ['Source', linked(source, 600)],
    ...(reason === undefined ? [] : [['Reason', safe(reason, 1000)] as const]),
    ...(waiver === undefined ? [] : [['Waived', `${safe(waiverLine(verdict), 600)}; judged: ${safe(waiver.was)}`] as const]),
    ...known.map(({ what, issue }) => ['Known defect', `${safe(what)} (${linked(issue, 120)})`] as const),
    ...(cause === undefined ? [] : [['Cause', `${safe(cause.sentence, 600)} [${safe(cause.layer)}]`] as const]),
  ]
  return `<details class="check ${classOf(effect)}" id="${anchorOf(id)}"><summary>${badge(effect)}<span><span class="title">${safe(titled(verdict), 300)}</span> <small>${safe(id)}</small>${gist}</span></summary>
<div class="body"><dl>${rows.map(([name, html]) => `<dt>${name}</dt><dd>${html}</dd>`).join('')}</dl>${findingsTable(findings.slice(0, FIRST_FINDINGS))}${proof(verdict, shown)}${otherFindings(findings)}</div></details>`
}

/** The anchor of a verdict on the page. */
export const anchorOf = (id: string): string => `c-${escapeMarkup(excerpt(id).replaceAll(/\s/g, '_'))}`

function findingsTable(findings: readonly Finding[]): string {
  if (findings.length === 0) return ''
  const rows = findings.map(
    (finding) =>
      `<tr><td data-n="got"><code>${cutGot(finding, 600)}</code></td><td data-n="wanted">${cutWanted(finding, 600)}</td><td data-n="where" class="where">${safe(finding.where)}${finding.byte === undefined ? '' : `, byte ${finding.byte}`}<br><small>${safe(finding.exchange, 120)}</small></td></tr>`,
  )
  return `<table class="findings stacked"><thead><tr><th scope="col">Got</th><th scope="col">Wanted</th><th scope="col">Where</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
}

/** The findings behind the first, of which one often is like the other. */
function otherFindings(findings: readonly Finding[]): string {
  const others = findings.slice(FIRST_FINDINGS)
  if (others.length === 0) return ''
  const rest = findings.length - MOST_FINDINGS
  return `<details><summary>${plural(others.length, 'more finding')}</summary>${findingsTable(others.slice(0, MOST_FINDINGS - FIRST_FINDINGS))}${rest > 0 ? `<p>and ${rest} more, in ${FILES.verdicts}</p>` : ''}</details>`
}

/** Cut around the difference; both are cut alike. */
const cutGot = ({ got, wanted }: Finding, limit: number): string => safe(apart(got, wanted, limit).got, 2 * limit)
const cutWanted = ({ got, wanted }: Finding, limit: number): string => safe(apart(got, wanted, limit).wanted, 2 * limit)

/** Where the script puts the bytes of the exchanges that prove the verdict; without it the links lead to them. */
function proof({ findings, exchanges }: Verdict, { anchorOf: at }: ShownExchanges): string {
  const proving = findings.length > 0 ? findings.map(({ exchange }) => exchange) : exchanges.slice(0, 1)
  const ids = [...new Set([...proving, ...exchanges])].filter((id) => at(id) !== undefined)
  if (ids.length === 0) return ''
  const anchors = [...new Set(proving.flatMap((id) => at(id) ?? []))].slice(0, MOST_SHOWN)
  const inside = anchors.map((anchor) => {
    const names = ids.filter((id) => at(id) === anchor)
    return `<div data-x="${anchor}"><h3>Exchange ${names.map((id) => `<a href="#${anchor}">${safe(id, 120)}</a>`).join(' and ')}</h3></div>`
  })
  const beside = ids.filter((id) => !anchors.includes(at(id) ?? ''))
  const links = beside.slice(0, MOST_NAMED).map((id) => `<a href="#${at(id)}">${safe(id, 120)}</a>`)
  const rest = beside.length - MOST_NAMED
  return `${inside.join('')}${links.length === 0 ? '' : `<p><small>Judged by as well: ${links.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}</small></p>`}`
}

function safe(value: string, limit = 300): string {
  return escapeMarkup(excerpt(value, limit))
}

/** Puts the bytes into a check that is opened, and filters by text. */
const SCRIPT = `
addEventListener('toggle', ({ target }) => {
  if (!target.open || !target.matches('.check')) return
  for (const place of target.querySelectorAll('[data-x]')) {
    place.append(document.getElementById(place.dataset.x).querySelector('.body').cloneNode(true))
    place.removeAttribute('data-x')
    for (const box of place.querySelectorAll('.bytes')) {
      const mark = box.querySelector('mark')
      if (mark) box.scrollTop = mark.offsetTop - box.offsetTop - 60
    }
  }
}, true)
const reveal = () => { const at = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1))); if (at && at.matches('details')) { document.getElementById('only-all').checked = true; at.open = true; at.scrollIntoView() } }
addEventListener('hashchange', reveal)
addEventListener('DOMContentLoaded', reveal)
const search = document.querySelector('[type=search]')
if (search) {
  search.hidden = false
  search.addEventListener('input', () => {
    const wanted = search.value.toLowerCase()
    const all = [...document.querySelectorAll('.check')]
    for (const one of all) one.hidden = !one.querySelector('summary').textContent.toLowerCase().includes(wanted)
    if (!all.some((one) => one.offsetParent)) document.getElementById('only-all').checked = true
    search.nextElementSibling.value = all.some((one) => one.offsetParent) ? '' : 'no check has this text'
  })
}
`
