import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import sarifSchema from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' }
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import protobuf from 'protobufjs'
import { expect, test } from 'vitest'
import { validateXML } from 'xmllint-wasm'
import { parse } from 'yaml'
import type { Run, Verdict, Waiver } from '../fixtures/record.ts'
import { everyVerdict, madeUpCause, madeUpExchange, madeUpRun, madeUpVerdict } from '../testing/made-up.ts'
import { annotations, withoutCommands } from './annotations.ts'
import { attestation } from './attestation.ts'
import { badge, fleetBadge } from './badge.ts'
import { compare } from './comparison.ts'
import { conformanceReport } from './conformance-report.ts'
import { counts } from './counts.ts'
import { fleetResults, type FleetRun } from './fleet/aggregate.ts'
import { unjudgedMember } from './fleet/results.ts'
import { junit } from './junit.ts'
import { flagged } from './document.ts'
import { page } from './page.ts'
import { resultsOf, resultsSchema } from './results.ts'
import { fleetSarif, sarif, sarifResults, unjudgedResults } from './sarif.ts'
import type { Recording } from './store.ts'
import { markdown } from './summary.ts'
import { summary } from './terminal.ts'

const SCHEMAS = resolve(import.meta.dirname, '..', 'testing', 'schemas')

const waiver: Waiver = {
  check: 'MUST.waived',
  expect: 'failed',
  reason: 'the agent never cuts calls',
  link: 'https://github.com/vllm-project/vllm/issues/47963',
  owner: 'platform-team',
  expires: '2026-12-31',
  daysLeft: 39,
  at: 'conformance.waivers.yaml:3',
  state: 'applied',
  verdicts: ['MUST.waived'],
}
const waived: Verdict['waiver'] = { was: 'failed', ...waiver }

const ended: NonNullable<Run['ended']> = { at: '2026-11-22T16:00:20.000Z', exitCode: 1, requests: 64, tokens: 5120, seconds: 19.6 }

function recordingOf(verdicts: readonly Verdict[], changes: Partial<Run> = {}, partial = false): Recording {
  const exchange = madeUpExchange()
  const { ended: _, ...unfinished } = madeUpRun(changes)
  return { run: partial ? unfinished : madeUpRun({ ended, ...changes }), verdicts, exchanges: new Map([[exchange.id, exchange]]), partial }
}

const every = everyVerdict().map((verdict) => (verdict.outcome === 'waived' ? { ...verdict, waiver: waived } : verdict))
const stale: Waiver = {
  ...waiver,
  check: 'stream.done',
  state: 'stale',
  note: 'It was expected to be failed, and is passed.',
  at: 'conformance.waivers.yaml:11',
}

const earlier = resultsOf(recordingOf(every.map((verdict) => ({ ...verdict, outcome: 'passed' as const }))))

/** Runs of every kind that a surface has to show. */
const recordings: readonly (readonly [name: string, recording: Recording])[] = [
  ['every outcome', recordingOf(every, { ended: { ...ended, cause: madeUpCause, waivers: [waiver] } })],
  ['failing on SHOULD', recordingOf(every, { failOn: 'should' })],
  ['green', recordingOf([madeUpVerdict()], { ended: { ...ended, exitCode: 0 } })],
  ['a stale waiver', recordingOf([madeUpVerdict()], { ended: { ...ended, waivers: [waiver, stale] } })],
  ['compared', recordingOf(every, { ended: { ...ended, comparison: compare(earlier, resultsOf(recordingOf(every)), 'reports/old') } })],
  ['cut short', recordingOf(every.slice(0, 2), { planned: 289 }, true)],
  ['nothing reached', recordingOf([], { planned: 289 }, true)],
  [
    'blocked',
    recordingOf([madeUpVerdict({ outcome: 'blocked' })], {
      blocked: 'Nothing listens.',
      ended: { ...ended, exitCode: 3, cause: madeUpCause },
    }),
  ],
  [
    'a thousand failures',
    recordingOf(
      Array.from({ length: 1000 }, (_, index) =>
        madeUpVerdict({
          id: `made.up-${index}`,
          outcome: 'failed',
          findings: Array.from({ length: 12 }, () => ({
            exchange: 'made-up.stream',
            where: 'w'.repeat(500),
            got: 'g'.repeat(5000),
            wanted: 'x'.repeat(5000),
          })),
        }),
      ),
    ),
  ],
  [
    'foreign text',
    recordingOf(
      every.map((verdict) => ({ ...verdict, title: `${verdict.level} ]]> <b> | \` \u001b[2J ::error::x ##vso[a]x`, reason: '<!-- & "' })),
    ),
  ],
]

const fleetOfNone = {
  suite: 's',
  version: '1',
  started: '2026-11-22T16:00:00Z',
  depth: 'default' as const,
  seconds: 1,
  notes: [],
  unready: [],
} satisfies FleetRun

const elements = (xml: string, name: string): number => xml.match(new RegExp(`<${name}[ />]`, 'g'))?.length ?? 0

test.for(recordings)('every surface counts the same: %s', ([, recording]) => {
  const { run, verdicts } = recording
  const { effect, total } = counts(verdicts, run.failOn)
  const notGreen = effect.failure + effect.warning + effect.known + effect.waived + effect.blocked + effect.broken
  const results = resultsOf(recording)
  expect(results.counts).toEqual({ total, ...effect })
  const count = (outcome: string): number => results.verdicts.filter((verdict) => verdict.outcome === outcome).length
  expect([count('passed'), count('waived'), count('known'), count('blocked')]).toEqual([
    effect.passed,
    effect.waived,
    effect.known,
    effect.blocked,
  ])

  const wrong = recording.partial || verdicts.length === 0 ? 1 : 0
  const badWaivers = (run.ended?.waivers ?? []).filter(({ state }) => state === 'stale').length
  const xml = junit(recording)
  expect(['testcase', 'failure', 'error', 'skipped'].map((name) => elements(xml, name))).toEqual([
    total + wrong + badWaivers,
    effect.failure + badWaivers,
    effect.blocked + effect.broken + wrong,
    effect.known + effect.waived + effect.inconclusive + effect['not applicable'],
  ])

  const log = JSON.parse(sarif(recording)) as {
    runs: { results: { level: string; properties: { effect: string } }[]; properties: { counts: object } }[]
  }
  const why = new Set(verdicts.flatMap(({ outcome, reason }) => (outcome === 'blocked' ? [reason] : [])))
  expect(log.runs[0]?.results).toHaveLength(notGreen - effect.blocked + why.size + wrong + badWaivers)
  expect(log.runs[0]?.properties.counts).toEqual(effect)
  for (const [name, expected] of [
    ['failure', effect.failure + wrong + badWaivers],
    ['waived', effect.waived],
    ['known', effect.known],
  ] as const)
    expect(log.runs[0]?.results.filter(({ properties }) => properties.effect === name)).toHaveLength(expected)

  const { predicate } = JSON.parse(attestation(recording)) as {
    predicate: { passedTests: string[]; warnedTests: string[]; failedTests: string[] }
  }
  expect([predicate.passedTests.length, predicate.warnedTests.length, predicate.failedTests.length]).toEqual([
    effect.passed,
    effect.warning + effect.known + effect.waived + effect.inconclusive,
    effect.failure + effect.blocked + effect.broken,
  ])

  const [{ core, extended }] = (
    parse(conformanceReport(recording)) as {
      profiles: [Record<'core' | 'extended', { statistics: { Passed: number; Failed: number; Skipped: number } }>]
    }
  ).profiles
  expect(core.statistics.Passed + extended.statistics.Passed).toBe(effect.passed)
  expect(core.statistics.Failed + extended.statistics.Failed).toBe(effect.failure + effect.warning + effect.broken)
  expect(core.statistics.Skipped + extended.statistics.Skipped).toBe(
    effect.known + effect.waived + effect.blocked + effect.inconclusive + effect['not applicable'],
  )

  const html = page(recording)
  const unreached = recording.partial ? run.planned - total : 0
  for (const [name, number] of Object.entries({ ...effect, 'not reached': unreached })) {
    const one = name.replace(' ', '-')
    expect(html.match(new RegExp(`<details class="check ${one}"`, 'g')) ?? []).toHaveLength(name === 'not reached' ? 0 : number)
    expect(html.includes(`<i class="${one}" style="flex-grow:${number}">`)).toBe(number > 0)
    expect([...html.matchAll(new RegExp(`<li class="${one}">.*?<b>(\\d+)</b>`, 'g'))].map(([, digits]) => Number(digits))).toEqual(
      number > 0 ? [number] : [],
    )
  }
  for (const text of [html, summary(recording, { color: false }), markdown(recording), junit(recording)])
    expect(text.includes('not reached')).toBe(unreached > 0)

  const words = [
    [effect.passed, 'passed'],
    [effect.failure, 'failed'],
    [effect.waived, 'waived'],
    [effect.blocked, 'blocked'],
  ] as const
  for (const text of [summary(recording, { color: false }), markdown(recording)])
    for (const [number, word] of words.filter(([many]) => many > 0)) expect(text).toContain(`${number} ${word}`)
})

test.for(recordings)('results.json fits its schema: %s', ([, recording]) => {
  const written: unknown = JSON.parse(JSON.stringify(resultsOf(recording)))
  expect(resultsSchema.parse(written)).toEqual(written)
})

test.for(recordings)(
  'JUnit fits the XSD that Jenkins publishes, no pair of names stands twice, and every time is a time: %s',
  async ([, recording]) => {
    const xml = junit(recording)
    const { valid, errors } = await validateXML({
      xml: [{ fileName: 'junit.xml', contents: xml }],
      schema: [readFileSync(join(SCHEMAS, 'junit-10.xsd'), 'utf8')],
    })
    expect(errors.map(({ message }) => message)).toEqual([])
    expect(valid).toBe(true)
    const names = [...xml.matchAll(/<testcase classname="([^"]*)" name="([^"]*)"/g)].map(([, group, name]) => `${group}\n${name}`)
    expect(new Set(names).size).toBe(names.length)
    // GitLab reads 30 MB.
    expect(Buffer.byteLength(xml)).toBeLessThan(15_000_000)
    const timed = recording.verdicts.filter(({ exchanges }) => exchanges.includes('made-up.stream'))
    expect(xml.match(/<testcase [^>]* time="0\.020"/g) ?? []).toHaveLength(timed.length)
  },
)

test.for([
  ['OpenAI-compatible server (owned_by "openai")', 'openai-compatible', true],
  ['vLLM of an unknown version', 'vllm-0.33.0', true],
  ['OpenAI-compatible server (owned_by "openai")', 'vllm-0.25.1', false],
  ['vLLM 0.25.2', 'vllm-0.25.1', false],
] as const)('%s, judged as %s: what its answers name of its release is told where it was hidden', ([name, profile, isTold]) => {
  const exchange = madeUpExchange(['data: {"choices":[],"system_fingerprint":"vllm-0.25.1-8bf7f5a9"}\n\n'])
  const { server } = madeUpRun()
  const recording = {
    ...recordingOf([madeUpVerdict()], { server: { ...server, name, profile } }),
    exchanges: new Map([[exchange.id, exchange]]),
  }
  const words = 'Its answers name vLLM 0.25.1 in system_fingerprint: CONFORMANCE_PROFILE=vllm-0.25.1 judges by that release.'
  for (const text of [summary(recording, { color: false }), page(recording)]) expect(text.includes(words)).toBe(isTold)
})

test.for([
  [1, 'It is no known defect of vLLM 0.25.1, and nothing else explains what failed; see the failure below.'],
  [2, 'No single cause explains most of what failed; see each failure below.'],
] as const)('%i failures without a cause are explained by the same words everywhere', ([count, words]) => {
  const failed = Array.from({ length: count }, (_, at) => madeUpVerdict({ id: `x.${at}`, outcome: 'failed' }))
  const recording = recordingOf([madeUpVerdict(), ...failed])
  for (const text of [summary(recording, { color: false }), page(recording), markdown(recording), junit(recording)])
    expect(text).toContain(words)
})

test('where no cause is known, what most answers agree in is told', () => {
  const refused = [0, 1, 2].map((index) => ({ ...madeUpExchange(['unavailable for legal reasons'], `x${index}`), status: 451 }))
  const recording: Recording = {
    ...recordingOf([madeUpVerdict({ outcome: 'failed' })]),
    exchanges: new Map(refused.map((one) => [one.id, one])),
  }
  const words = '3 of 3 chat requests were answered 451: unavailable for legal reasons'
  for (const text of [junit(recording), markdown(recording), summary(recording, { color: false }), page(recording)])
    expect(text).toContain(words)
  // Part of the suite may ask nothing but what is to be refused.
  const green: Recording = { ...recording, verdicts: [madeUpVerdict()] }
  for (const text of [junit(green), markdown(green), summary(green, { color: false }), page(green)]) expect(text).not.toContain(words)
})

test('JUnit tells the cause in the first case that is not green, and known and waived as skipped with their reason', () => {
  const xml = junit(recordingOf(every, { ended: { ...ended, cause: madeUpCause, waivers: [waiver] } }))
  const [, first = ''] = /<(?:failure|error)[^>]*>([^<]*)</.exec(xml) ?? []
  expect(first).toMatch(/^Cause: vLLM was started without/)
  expect(xml.match(/Cause: vLLM was started/g)).toHaveLength(1)
  expect(xml).toContain(
    '<skipped message="waived: the agent never cuts calls (platform-team, until 2026-12-31, https://github.com/vllm-project/vllm/issues/47963)"/>',
  )
  expect(xml).toMatch(/<skipped message="known: this is why it is known"\/>/)
})

const isSarif = (() => {
  const ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false, unicodeRegExp: false })
  ;(addFormats as unknown as (to: Ajv) => void)(ajv)
  const { $schema: _draft4, id: _id, ...schema } = sarifSchema as Record<string, unknown>
  return ajv.compile(schema)
})()

interface SarifResult {
  readonly ruleId: string
  readonly level: string
  readonly message: { readonly text: string }
  readonly locations: readonly {
    readonly physicalLocation: { readonly artifactLocation: { readonly uri: string }; readonly region: { readonly startLine: number } }
  }[]
  readonly partialFingerprints: { readonly primaryLocationLineHash: string }
  readonly suppressions?: readonly object[]
}
const resultsIn = (text: string): readonly SarifResult[] =>
  (JSON.parse(text) as { runs: { results: SarifResult[] }[] }).runs[0]?.results ?? []

test.for(recordings)('SARIF fits the schema of 2.1.0 and what GitHub asks of it: %s', ([, recording]) => {
  const text = sarif(recording)
  const log = JSON.parse(text) as {
    runs: {
      tool: {
        driver: {
          rules: {
            id: string
            shortDescription?: unknown
            fullDescription?: unknown
            help?: { text: string; markdown: string }
            properties: { tags: string[] }
          }[]
        }
      }
    }[]
  }
  isSarif(log)
  expect(isSarif.errors?.map(({ instancePath, message }) => `${instancePath} ${message}`)).toBeUndefined()
  const results = resultsIn(text)
  expect(results.length).toBeLessThanOrEqual(5000)
  expect(Buffer.byteLength(text)).toBeLessThan(10_000_000)
  const rules = log.runs[0]?.tool.driver.rules ?? []
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length)
  for (const rule of rules) {
    expect(rule).toMatchObject({
      shortDescription: { text: expect.stringMatching(/./) },
      fullDescription: { text: expect.stringMatching(/./) },
      help: { text: expect.stringMatching(/./), markdown: expect.stringMatching(/./) },
    })
    expect(rule.properties.tags.length).toBeLessThanOrEqual(10)
  }
  for (const { ruleId, level, locations, partialFingerprints } of results) {
    expect(rules.map(({ id }) => id)).toContain(ruleId)
    expect(['error', 'warning', 'note']).toContain(level)
    expect(locations[0]?.physicalLocation.artifactLocation.uri).toMatch(/^[\w./-]+$/)
    expect(locations[0]?.physicalLocation.region.startLine).toBeGreaterThan(0)
    expect(partialFingerprints.primaryLocationLineHash).toMatch(/^[0-9a-f]{32}:1$/)
  }
  const hashes = results.map(({ partialFingerprints }) => partialFingerprints.primaryLocationLineHash)
  expect(new Set(hashes).size).toBe(hashes.length)
})

const onWorkspace = (workspace: string): Partial<Run> => ({ server: { ...madeUpRun().server, identity: { workspace } } })

test('SARIF of a fleet is one run: each result names its workspace, and those of two are two alerts', () => {
  const failed = [madeUpVerdict({ outcome: 'failed' })]
  const parts = ['a/ws', 'b/ws'].map((label) => sarifResults(recordingOf(failed, onWorkspace(label)), label))
  const text = fleetSarif(fleetResults(fleetOfNone, []), [...parts, unjudgedResults('c/ws', 'not judged: it is not ready')])
  isSarif(JSON.parse(text))
  expect(isSarif.errors).toBeNull()
  const results = resultsIn(text)
  expect(results.map(({ message }) => message.text.slice(0, 6))).toEqual(['a/ws: ', 'b/ws: ', 'c/ws: '])
  expect(new Set(results.map(({ partialFingerprints }) => partialFingerprints.primaryLocationLineHash)).size).toBe(3)
  const many = sarifResults(recordingOf(Array.from({ length: 3000 }, (_, index) => madeUpVerdict({ id: `x.${index}`, outcome: 'failed' }))))
  expect(resultsIn(fleetSarif(fleetResults(fleetOfNone, []), [many, many]))).toHaveLength(5000)
})

test.for([
  [[0, 0], '2 of 2 workspaces conform', 'brightgreen'],
  [[0, 3], '1 of 2 workspaces conform, 1 not judged', 'orange'],
  [[0, 1], '1 of 2 workspaces conform', 'red'],
] as const)('the badge of a fleet: %j', ([codes, message, color]) => {
  const workspaces = codes.map((exitCode) => unjudgedMember({ label: 'ws', context: '', namespace: '', name: 'ws' }, exitCode, ''))
  expect(JSON.parse(fleetBadge(fleetResults(fleetOfNone, workspaces)))).toMatchObject({ label: 'tool calling', message, color })
})

test('an alert stays the same over five runs with other ids, findings, times and ports', () => {
  const runs = [0, 1, 2, 3, 4].map((run) =>
    resultsIn(
      sarif(
        recordingOf(
          [
            madeUpVerdict({
              id: 'stream.done',
              outcome: 'failed',
              at: `2026-11-2${run}T00:00:00Z`,
              findings: [{ exchange: `x-${run}`, where: `event ${run}`, byte: run, got: `call_${run}`, wanted: '[DONE]' }],
            }),
          ],
          {
            started: `2026-11-2${run}T00:00:00.000Z`,
            target: { kind: 'endpoint', name: `http://localhost:800${run}/v1`, baseUrl: `http://localhost:800${run}` },
          },
        ),
      ),
    ).map(({ ruleId, locations, partialFingerprints }) => ({ ruleId, locations, partialFingerprints })),
  )
  expect(new Set(runs.map((run) => JSON.stringify(run))).size).toBe(1)
})

const place = (results: readonly SarifResult[]): readonly string[] =>
  results.map(({ locations: [at] }) => `${at?.physicalLocation.artifactLocation.uri}:${at?.physicalLocation.region.startLine}`)

test('SARIF places a result in the manifest that is named, a waived one in the waiver file, and else where the suite states it', () => {
  const failed = madeUpVerdict({ id: 'truncation.call:stream', outcome: 'failed', tags: ['truncation', 'must', 'stream'] })
  const rule = madeUpVerdict({ id: 'stream.done', outcome: 'failed', tags: ['contract', 'must', 'stream'] })
  const own = place(resultsIn(sarif(recordingOf([failed, rule]))))
  for (const [at = '', id] of [
    [own[0], "'truncation.call'"],
    [own[1], "'stream.done'"],
  ] as const) {
    const [file = '', line] = at.split(':')
    expect(readFileSync(resolve(import.meta.dirname, '..', file), 'utf8').split('\n')[Number(line) - 1]).toContain(id)
  }
  expect(place(resultsIn(sarif(recordingOf([failed], { manifest: 'deploy/phi.yaml' }))))).toEqual(['deploy/phi.yaml:1'])
  const accepted = resultsIn(sarif(recordingOf([{ ...failed, outcome: 'waived', waiver: waived }], { manifest: 'deploy/phi.yaml' })))
  expect(place(accepted)).toEqual(['conformance.waivers.yaml:3'])
  expect(accepted[0]).toMatchObject({
    level: 'note',
    suppressions: [{ kind: 'external', justification: expect.stringContaining('platform-team') }],
  })
})

test.for(recordings)('the attestation is an in-toto Statement with the predicate test-result: %s', async ([, recording]) => {
  const root = new protobuf.Root()
  root.resolvePath = (_origin, target) => (target.startsWith('google/') ? target : join(SCHEMAS, target))
  await root.load(['in_toto_attestation/v1/statement.proto', 'in_toto_attestation/test_result.proto'], { keepCase: false })
  const value = JSON.parse(attestation(recording)) as {
    subject: { digest: Record<string, string> }[]
    predicateType: string
    predicate: { result: string }
  }
  const { predicate, ...statement } = value
  // In protobuf's JSON the field is called _type, as its json_name says; protobufjs knows it by its own name.
  const { _type: type, ...rest } = statement as typeof statement & { _type: string }
  for (const [name, message] of [
    ['in_toto_attestation.v1.Statement', { type, ...rest }],
    ['in_toto_attestation.predicates.test_result.v0.TestResult', predicate],
  ] as const) {
    const kind = root.lookupType(name)
    const plain = withoutAnnotations(message)
    // What the message does not know is lost on the way there and back.
    expect(kind.toObject(kind.fromObject(plain), { json: true })).toEqual(plain)
    expect(kind.verify(plain)).toBeNull()
  }
  expect(type).toBe('https://in-toto.io/Statement/v1')
  expect(['PASSED', 'WARNED', 'FAILED']).toContain(predicate.result)
  expect(value.subject[0]?.digest['sha256']).toMatch(/^[0-9a-f]{64}$/)
  expect([recording.partial && predicate.result !== 'FAILED', value.predicateType]).toEqual([
    false,
    'https://in-toto.io/attestation/test-result/v0.1',
  ])
})

/** Annotations are a google.protobuf.Struct: any object; empty lists are left out on the way. */
function withoutAnnotations(value: unknown): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify(value, (key: string, part: unknown) =>
      key === 'annotations' || (Array.isArray(part) && part.length === 0) ? undefined : part,
    ),
  )
}

test('the subject of an attestation is the digest of the image, where it is known', () => {
  const digest = `sha256:${'a'.repeat(64)}`
  const { server } = madeUpRun()
  const value = JSON.parse(
    attestation(
      recordingOf([madeUpVerdict()], {
        server: { ...server, identity: { image: `registry.example/vllm:v1@${digest}`, imageDigest: digest } },
        ended: { ...ended, exitCode: 0 },
      }),
    ),
  )
  expect(value).toMatchObject({
    subject: [{ name: 'registry.example/vllm:v1', digest: { sha256: 'a'.repeat(64) } }],
    predicate: { result: 'PASSED' },
  })
})

test.for([
  [[madeUpVerdict()], false, {}, 'success'],
  [[madeUpVerdict(), madeUpVerdict({ id: 'b', outcome: 'not applicable' })], false, {}, 'success'],
  [[madeUpVerdict(), madeUpVerdict({ id: 'b', outcome: 'waived' })], false, {}, 'partial'],
  [[madeUpVerdict(), madeUpVerdict({ id: 'b', outcome: 'known' })], false, {}, 'partial'],
  [[madeUpVerdict(), madeUpVerdict({ id: 'b', outcome: 'blocked' })], false, {}, 'partial'],
  [[madeUpVerdict(), madeUpVerdict({ id: 'b', outcome: 'failed' })], false, {}, 'failure'],
  [[madeUpVerdict()], true, {}, 'partial'],
  [[madeUpVerdict()], false, { filter: '-t x' }, 'partial'],
  [[], false, {}, 'partial'],
] as const)('a conformance report of %j (cut: %s, %j) says %s', ([verdicts, partial, changes, result]) => {
  expect(parse(conformanceReport(recordingOf(verdicts, changes, partial)))).toMatchObject({
    kind: 'ConformanceReport',
    profiles: [{ core: { result } }],
  })
})

test('a run that was cut short is green on no surface', () => {
  const cut = recordingOf([madeUpVerdict()], { planned: 289 }, true)
  expect(junit(cut)).toMatch(/errors="1"[^]*<error type="cut"/)
  expect(resultsIn(sarif(cut))).toMatchObject([{ ruleId: 'run.cut', level: 'error' }])
  expect(resultsOf(cut).run).toMatchObject({ complete: false, exitCode: 3, state: 'unjudged' })
  expect(JSON.parse(badge(cut))).toMatchObject({ message: 'cut short', color: 'orange', isError: true })
  expect(markdown(cut)).toMatch(/^## ⚠️ Tool calling could not be judged/)
  expect(annotations(cut, { GITHUB_ACTIONS: 'true' })[0]).toMatch(/^::error /)
})

test.for(recordings)('the summary for people fits a comment, and nothing foreign works in it: %s', ([, recording]) => {
  const text = markdown(recording)
  expect(Buffer.byteLength(text)).toBeLessThan(64_000)
  expect(text).not.toMatch(/<(?!\/?details|\/?summary)[a-z!]/i)
  expect(text).not.toContain('\u001b')
})

test.for(recordings)('at most ten annotations, the cause first and the last with what is left: %s', ([, recording]) => {
  const lines = annotations(recording, { GITHUB_ACTIONS: 'true' })
  expect(lines.length).toBeLessThanOrEqual(10)
  for (const line of lines) expect(line).toMatch(/^::(?:error|warning) (?:file=[^,]*,line=\d+,)?title=[^:,]*::[^\n\r]*$/)
  expect(annotations(recording, { TF_BUILD: 'True' })).toHaveLength(lines.length)
  for (const line of annotations(recording, { TF_BUILD: 'True' }))
    expect(line).toMatch(/^##vso\[task\.logissue type=(?:error|warning);[^\]]*\][^\n\r]*$/)
  expect(annotations(recording, {})).toEqual([])
})

test('the tenth annotation says how many more there are', () => {
  const failures = Array.from({ length: 30 }, (_, index) => madeUpVerdict({ id: String(index), outcome: 'failed' }))
  const lines = annotations(recordingOf(failures, { ended: { ...ended, cause: madeUpCause } }), { GITHUB_ACTIONS: 'true' })
  expect(lines).toHaveLength(10)
  expect(lines[0]).toContain('vLLM was started without')
  expect(lines[9]).toContain('and 22 more')
})

const blocked = (count: number, reason: string): readonly Verdict[] =>
  Array.from({ length: count }, (_, index) => madeUpVerdict({ id: `${reason}.${index}`, outcome: 'blocked', reason }))

test('what to do stands before the evidence, which may fill the screen of a phone', () => {
  const html = page(recordingOf(every, { ended: { ...ended, cause: madeUpCause } }))
  expect(html).toMatch(/<h3>Remedy<\/h3><pre[^]*<\/pre><h3>Evidence<\/h3>/)
})

test('no line ends within a flag', () => {
  expect(flagged('serve --model-len 1, no --tool-call-parser: a--b, -- and &#39;--x')).toBe(
    'serve <span class="flag">--model-len</span> 1, no <span class="flag">--tool-call-parser</span>: a--b, -- and &#39;--x',
  )
})

test('evidence leads to the bytes of its exchange, whatever is said of it', () => {
  const exchange = madeUpExchange()
  const evidence = [`${exchange.id}: POST /v1/x → 200`, `${exchange.id}, choice 0: got a, wanted b`, 'elsewhere/x, choice 0: got a']
  const recording = {
    ...recordingOf(every, { ended: { ...ended, cause: { ...madeUpCause, evidence } } }),
    exchanges: new Map([[exchange.id, exchange]]),
  }
  const [box = ''] = /<h3>Evidence<\/h3><ul>.*?<\/ul>/s.exec(page(recording)) ?? []
  expect(box.match(new RegExp(`<li><a href="#[^"]+">${exchange.id}</a>`, 'g'))).toHaveLength(2)
  expect(box).toContain('<li>elsewhere/x, choice 0')
})

test('what could not be judged is told once for each reason, to code scanning and to a CI, and the cause once', () => {
  const cause = { ...madeUpCause, id: 'x', sentence: 'Nothing listens at http://a.' }
  const verdicts = [
    ...blocked(40, cause.sentence),
    ...blocked(2, 'the answer to call is missing'),
    madeUpVerdict({ id: 'a:stream', outcome: 'failed' }),
  ]
  const recording = recordingOf(verdicts, { ended: { ...ended, exitCode: 1, cause } })
  const [failed, ...others] = resultsIn(sarif(recording))
  expect(failed?.ruleId).toBe('a:stream')
  expect(others.map(({ ruleId, level, message }) => [ruleId, level, message.text])).toEqual([
    ['run.blocked', 'error', `40 requirements could not be judged: ${cause.sentence}`],
    ['run.blocked', 'error', '2 requirements could not be judged: the answer to call is missing'],
  ])
  const again = resultsIn(
    sarif(
      recordingOf(blocked(3, 'Nothing listens at http://b.'), {
        ended: { ...ended, cause: { ...cause, sentence: 'Nothing listens at http://b.' } },
      }),
    ),
  )
  expect(again[0]?.partialFingerprints).toEqual(others[0]?.partialFingerprints)
  const lines = annotations(recording, { GITHUB_ACTIONS: 'true' })
  expect(lines.filter((line) => line.includes(cause.sentence.slice(0, 16)))).toHaveLength(1)
  expect(lines.slice(1)).toEqual([
    expect.stringMatching(/^::error title=.* \(streamed\)::got /),
    '::error title=2 requirements could not be judged::the answer to call is missing',
  ])
})

test('what a server wrote is no command of a CI', () => {
  const text = '  got ##vso[task.setvariable variable=a]b\n  ::set-output name=a::b\n::error::x\n'
  expect(withoutCommands(text, { TF_BUILD: 'True' })).not.toContain('##vso')
  expect(withoutCommands(text, { GITHUB_ACTIONS: 'true' })).not.toMatch(/^\s*::/m)
  expect(withoutCommands(text, {})).toBe(text)
})
