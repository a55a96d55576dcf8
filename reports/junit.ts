import { counts, effectOf } from './counts.ts'
import { unexplained, isHeard, tally } from './headline.ts'
import { problemsOf, type RunProblem } from './problems.ts'
import type { Run, Verdict } from '../fixtures/record.ts'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import type { Recording } from './store.ts'
import { waiverLine } from './waived.ts'
import { apart, escapeMarkup, excerpt, plural } from '../fixtures/text.ts'

/** Findings shown of one verdict: a file stays below the 30 MB that GitLab reads, with a thousand failures too. */
const FINDINGS = 5

/**
 * The record as JUnit XML, as Jenkins, GitLab and Azure DevOps read it: one testcase per verdict, and one for each thing that fails the run
 * beside its verdicts. A warning passes and says so in system-out; known, waived and what was not judged is skipped with its reason.
 */
export function junit(recording: Recording): string {
  const { totals, lines } = junitSuite(recording, recording.run.suite.name)
  return document(totals, lines)
}

/** The numbers of a suite, as its attributes; `time` in seconds. */
export interface Totals {
  readonly name: string
  readonly tests: number
  readonly failures: number
  readonly errors: number
  readonly time: string
}

/** A JUnit file of suites, given as the lines of their XML. */
export function document(totals: Totals, suites: readonly string[]): string {
  return ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites${attributes({ ...totals })}>`, ...suites, '</testsuites>', ''].join('\n')
}

/** One run as a suite of this name: its numbers, and the lines of its XML. */
export function junitSuite(recording: Recording, name: string): { readonly totals: Totals; readonly lines: readonly string[] } {
  const { run, verdicts, exchanges, partial } = recording
  const numbers = counts(verdicts, run.failOn)
  const { failure, blocked, broken, known, waived, inconclusive, 'not applicable': notApplicable } = numbers.effect
  const problems = problemsOf(recording)
  const wrongWaivers = problems.filter(({ kind }) => kind === 'waiver').length
  const totals = {
    name,
    tests: numbers.total + problems.length,
    failures: failure + wrongWaivers,
    errors: blocked + broken + problems.length - wrongWaivers,
    time: seconds((run.ended?.seconds ?? 0) * 1000),
  }
  const properties = Object.entries({
    suite: `${run.suite.name} ${run.suite.version}`,
    target: run.target.name,
    baseUrl: run.target.baseUrl,
    server: run.server.name,
    profile: isHeard(run) ? `${run.server.profile} (${run.server.profileReason})` : '',
    model: run.server.model ?? '',
    verdicts: tally(recording),
    filter: run.filter ?? '',
    complete: partial ? 'no: the run was cut short' : 'yes',
    cause: run.ended?.cause?.sentence ?? '',
    evidence: run.ended?.cause?.evidence.join('; ') ?? '',
    remedy: run.ended?.cause?.remedy ?? '',
    exitCode: run.ended === undefined ? '' : String(run.ended.exitCode),
  }).filter(([, value]) => value !== '')
  // GitLab and Jenkins show no properties: the first case that is not green tells the cause.
  const told = explanation(recording)
  const first = verdicts.find((verdict) => ['failure', 'blocked', 'broken'].includes(effectOf(verdict, run.failOn)))
  const lines = [
    `<testsuite${attributes({ ...totals, skipped: known + waived + inconclusive + notApplicable, timestamp: run.started })}>`,
    '<properties>',
    ...properties.map(([property, value]) => `<property${attributes({ name: property, value })}/>`),
    '</properties>',
    ...problems.map((problem) => problemCase(problem, run)),
    ...verdicts.map((verdict) => testcase(verdict, run, exchanges, verdict === first ? told : [])),
    '</testsuite>',
  ]
  return { totals, lines }
}

/** A suite of one case that could not be judged, as the lines of its XML. */
export function emptySuite(name: string, message: string, details: readonly string[]): readonly string[] {
  const totals = { name, tests: 1, failures: 0, errors: 1, time: '0.000' }
  const body = escapeMarkup(details.map((line) => excerpt(line, 600)).join('\n'))
  return [
    `<testsuite${attributes(totals)}>`,
    `<testcase${attributes({ classname: name, name: 'The workspace is judged', time: '0.000' })}><error${attributes({ type: 'blocked', message })}>${body}</error></testcase>`,
    '</testsuite>',
  ]
}

/** Several workspaces of one job have cases of their own. */
const classname = (group: string, { server, target }: Run): string =>
  target.kind === 'cluster' && server.identity?.workspace !== undefined ? `${server.identity.workspace} / ${group}` : group

function problemCase({ kind, title, message, at }: RunProblem, run: Run): string {
  const element = kind === 'waiver' ? 'failure' : 'error'
  const name = at === undefined ? title : `${title} [${at}]`
  return `<testcase${attributes({ classname: classname('The run', run), name, time: '0.000' })}><${element}${attributes({ type: kind, message })}/></testcase>`
}

function testcase(verdict: Verdict, run: Run, exchanges: ReadonlyMap<string, Exchange>, cause: readonly string[]): string {
  const time = Math.max(0, ...verdict.exchanges.map((id) => exchanges.get(id)?.duration ?? 0))
  const open = `<testcase${attributes({ classname: classname(verdict.group, run), name: `${verdict.title} [${verdict.id}]`, time: seconds(time) })}`
  const body = bodyOf(verdict, run, cause)
  return body === '' ? `${open}/>` : `${open}>${body}</testcase>`
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3)

function bodyOf(verdict: Verdict, run: Run, cause: readonly string[]): string {
  const reason = verdict.reason ?? 'no reason recorded'
  const told = cause.length === 0 ? [] : [...cause, '']
  const details = escapeMarkup([...told, ...explain(verdict, FINDINGS)].join('\n'))
  const [first] = verdict.findings
  const cut = first && apart(first.got, first.wanted, 200)
  const message = first && cut ? `got ${cut.got}, wanted ${cut.wanted}, at ${first.where}` : reason
  const effect = effectOf(verdict, run.failOn)
  switch (effect) {
    case 'passed':
      return verdict.reason === undefined ? '' : `<system-out>${escapeMarkup(excerpt(verdict.reason))}</system-out>`
    case 'failure':
      return `<failure${attributes({ type: verdict.level, message })}>${details}</failure>`
    case 'warning':
      return `<system-out>Warning: ${escapeMarkup(excerpt(message, 600))}\n${details}</system-out>`
    case 'blocked':
    case 'broken':
      return `<error${attributes({ type: verdict.outcome, message: reason })}>${details}</error>`
    case 'waived':
      return `<skipped${attributes({ message: `waived: ${waiverLine(verdict)}` })}/>`
    case 'known':
      return `<skipped${attributes({ message: reason.startsWith('known: ') ? reason : `known: ${reason}` })}/>`
    default:
      return `<skipped${attributes({ message: `${verdict.outcome}: ${reason}` })}/>`
  }
}

/** The cause of a run in lines of plain text; where none is known, what stands in its place. */
function explanation(recording: Recording): readonly string[] {
  const cause = recording.run.ended?.cause
  const missing = unexplained(recording)
  if (cause === undefined) return missing === undefined ? [] : [`Cause: not known. ${missing}`]
  const { sentence, layer, evidence, remedy } = cause
  return [
    `Cause: ${excerpt(sentence, 600)} [${excerpt(layer, 40)}]`,
    ...evidence.slice(0, 3).map((line) => `Evidence: ${excerpt(line, 400)}`),
    ...`Remedy: ${remedy}`.split('\n').map((line) => excerpt(line, 400)),
  ]
}

/** A verdict in lines of plain, inert text: reason, then got, wanted and place of up to `most` findings; the source last. */
export function explain(verdict: Verdict, most = 20): string[] {
  const others = verdict.findings.length - most
  return [
    ...(verdict.reason === undefined ? [] : [excerpt(verdict.reason, 1000)]),
    ...verdict.findings
      .slice(0, most)
      .map((finding) => ({ ...finding, ...apart(finding.got, finding.wanted, 900) }))
      .flatMap(({ got, wanted, where, exchange, byte }) => [
        `got:    ${excerpt(got, 1000)}`,
        `wanted: ${excerpt(wanted, 1000)}`,
        `at:     ${excerpt(where)}${byte === undefined ? '' : `, byte ${byte}`}${exchange === '' ? '' : ` in ${excerpt(exchange)}`}`,
      ]),
    ...(others > 0 ? [`and ${plural(others, 'more finding')}`] : []),
    `source: ${excerpt(verdict.source)}`,
  ]
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeMarkup(excerpt(String(value), 600))}"`)
    .join('')
}
