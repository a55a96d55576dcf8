import { counts, effectOf } from './counts.ts'
import { tally } from './headline.ts'
import type { Run, Verdict } from '../fixtures/record.ts'
import type { Recording } from './store.ts'
import { escapeMarkup, excerpt, plural } from '../fixtures/text.ts'

/** The record as JUnit XML: one testcase per verdict; a warning passes and says so in system-out. */
export function junit({ run, verdicts, partial }: Recording): string {
  const numbers = counts(verdicts, run.failOn)
  const { failure, blocked, broken, inconclusive, 'not applicable': notApplicable } = numbers.effect
  const totals = attributes({
    name: run.suite.name,
    tests: numbers.total,
    failures: failure,
    errors: blocked + broken,
    skipped: inconclusive + notApplicable,
    time: run.ended?.seconds ?? 0,
  })
  const properties = Object.entries({
    suite: `${run.suite.name} ${run.suite.version}`,
    target: run.target.name,
    baseUrl: run.target.baseUrl,
    server: run.server.name,
    profile: `${run.server.profile} (${run.server.profileReason})`,
    model: run.server.model ?? '',
    verdicts: tally(numbers),
    filter: run.filter ?? '',
    complete: partial ? 'no: the run was cut short' : 'yes',
    cause: run.ended?.cause?.sentence ?? '',
    evidence: run.ended?.cause?.evidence.join('; ') ?? '',
    remedy: run.ended?.cause?.remedy ?? '',
    exitCode: run.ended === undefined ? '' : String(run.ended.exitCode),
  }).filter(([, value]) => value !== '')
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${totals}>`,
    `<testsuite${totals}${attributes({ timestamp: run.started })}>`,
    '<properties>',
    ...properties.map(([name, value]) => `<property${attributes({ name, value })}/>`),
    '</properties>',
    ...verdicts.map((verdict) => testcase(verdict, run)),
    '</testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function testcase(verdict: Verdict, run: Run): string {
  const open = `<testcase${attributes({ classname: verdict.group, name: `${verdict.title} [${verdict.id}]`, time: 0 })}`
  const body = bodyOf(verdict, run)
  return body === '' ? `${open}/>` : `${open}>${body}</testcase>`
}

function bodyOf(verdict: Verdict, run: Run): string {
  const reason = verdict.reason ?? 'no reason recorded'
  const details = escapeMarkup(explain(verdict).join('\n'))
  const [first] = verdict.findings
  const message = first ? `got ${first.got}, wanted ${first.wanted}, at ${first.where}` : reason
  const effect = effectOf(verdict, run.failOn)
  switch (effect) {
    case 'passed':
      return verdict.reason === undefined ? '' : `<system-out>${escapeMarkup(excerpt(verdict.reason))}</system-out>`
    case 'failure':
      return `<failure${attributes({ type: verdict.level, message })}>${details}</failure>`
    case 'known':
    case 'warning':
      return `<system-out>${effect === 'known' ? 'Known defect' : 'Warning'}: ${escapeMarkup(excerpt(message, 600))}\n${details}</system-out>`
    case 'blocked':
    case 'broken':
      return `<error${attributes({ type: verdict.outcome, message: reason })}>${details}</error>`
    default:
      return `<skipped${attributes({ message: `${verdict.outcome}: ${reason}` })}/>`
  }
}

/** A verdict in lines of plain, inert text: reason, then got, wanted and place of up to `most` findings; the source last. */
export function explain(verdict: Verdict, most = 20): string[] {
  const others = verdict.findings.length - most
  return [
    ...(verdict.reason === undefined ? [] : [excerpt(verdict.reason, 1000)]),
    ...verdict.findings
      .slice(0, most)
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
