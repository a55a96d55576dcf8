import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { knownDefects } from '../fixtures/contract/known.ts'
import { presetFacts } from '../fixtures/kaito/catalogue.ts'
import type { Results } from '../reports/results.ts'
import { compatibility, compatibilityText, shownBy, ways } from './compatibility.ts'
import { planOf } from './docs.ts'
import { EVIDENCE_FOLDER, evidenceOf, evidenceText, readEvidence, type Evidence } from './evidence.ts'

const ROOT = resolve(import.meta.dirname, '..')
const kept = readEvidence(join(ROOT, EVIDENCE_FOLDER))

let scratch: string
beforeAll(() => void (scratch = mkdtempSync(join(tmpdir(), 'evidence-'))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const record: Evidence = {
  vllm: '0.25.1',
  parser: 'hermes',
  model: 'made up',
  date: '2026-01-01',
  suite: '0.1.0',
  depth: 'default',
  headline: 'made up',
  verdicts: {
    passed: [
      'auto.article:plain',
      'local.accepts-result:plain',
      'named.calls:plain',
      'named.calls:stream',
      'arguments.json',
      'responses.events',
    ],
    failed: [{ id: 'local.accepts-result:stream', level: 'MUST', got: 'nothing', defects: ['streams-nothing'] }],
    known: [{ id: 'arguments.markup.call:plain', level: 'MUST', defects: ['markup-in-value'] }],
    blocked: [],
    inconclusive: ['auto.article:stream'],
    'not applicable': [],
  },
}

/** A run in full, from what matters of it here. */
const results = (change: (run: Results) => void = () => {}): Results => {
  const run: Results = {
    schemaVersion: 1,
    run: {
      suite: 'made up',
      version: '0.1.0',
      started: '2026-01-01T00:00:00.000Z',
      complete: true,
      planned: 2,
      failOn: 'must',
      gate: 'all',
      exitCode: 1,
      state: 'works',
      headline: 'Tool calling works on http://127.0.0.1:1/v1',
      notes: [],
    },
    target: { kind: 'endpoint', name: 'http://127.0.0.1:1/v1', baseUrl: 'http://127.0.0.1:1/v1' },
    server: { name: 'vLLM 0.25.1', profile: 'vllm-0.25.1', model: 'm', models: ['m'], identity: { vllm: '0.25.1', parser: 'hermes' } },
    counts: {
      total: 2,
      passed: 1,
      failure: 1,
      warning: 0,
      known: 0,
      waived: 0,
      blocked: 0,
      inconclusive: 0,
      'not applicable': 0,
      broken: 0,
    },
    verdicts: [
      { id: 'named.calls:plain', group: 'g', title: 'MUST a', level: 'MUST', outcome: 'passed', findings: [] },
      {
        id: 'arguments.json',
        group: 'g',
        title: 'MUST b',
        level: 'MUST',
        outcome: 'failed',
        known: ['ref-as-text'],
        findings: [{ got: 'text', wanted: 'an object', where: 'here' }],
      },
    ],
    waivers: [],
  }
  change(run)
  return run
}

test('of a run, its engine and every verdict are kept', () => {
  expect(evidenceOf(results(), { parser: 'hermes', model: 'scripted' })).toEqual({
    vllm: '0.25.1',
    parser: 'hermes',
    model: 'scripted',
    date: '2026-01-01',
    suite: '0.1.0',
    depth: 'default',
    headline: 'Tool calling works on the server',
    verdicts: {
      passed: ['named.calls:plain'],
      failed: [{ id: 'arguments.json', level: 'MUST', got: 'text', defects: ['ref-as-text'] }],
      known: [],
      blocked: [],
      inconclusive: [],
      'not applicable': [],
    },
  })
})

const wired = (flags: Record<string, string>): Evidence =>
  evidenceOf(results(({ server }) => Object.assign(server.identity, { arguments: flags, template: flags['chat-template'] })))

test('of a model that writes in the form of another parser, that is kept, and no defect of that parser', () => {
  const shown = evidenceOf(results(), { parser: 'minimax', form: 'minimax_m2' })
  expect(shown).toMatchObject({ parser: 'minimax', form: 'minimax_m2' })
  expect(shown.verdicts.failed).toEqual([{ id: 'arguments.json', level: 'MUST', got: 'text' }])
})

test('a command line shows the parser and the template, and that there is none', () => {
  expect(wired({ 'tool-call-parser': 'mistral', 'chat-template': '/t.jinja' })).toMatchObject({ parser: 'mistral', template: '/t.jinja' })
  expect(wired({})).toMatchObject({ parser: 'none' })
})

test.each<[string, (run: Results) => void, string | undefined, RegExp]>([
  ['the mock', ({ target }) => Object.assign(target, { kind: 'mock' }), 'hermes', /the mock is no real server; set OPENAI_BASE_URL/],
  [
    'a run that was cut short',
    ({ run }) => Object.assign(run, { complete: false }),
    'hermes',
    /it was cut short; run the suite to its end/,
  ],
  [
    'a filtered run',
    ({ run }) => Object.assign(run, { filter: '-t named' }),
    'hermes',
    /partial \(-t named\); run the suite without a filter/,
  ],
  ['too shallow a run', ({ run }) => Object.assign(run, { depth: 'smoke' }), 'hermes', /run the suite at depth default or full/],
  ['a blocked run', ({ run }) => Object.assign(run, { state: 'unjudged' }), 'hermes', /could not be judged; mend the cause/],
  [
    'waivers',
    ({ verdicts }) => Object.assign(verdicts[1] ?? {}, { outcome: 'waived' }),
    'hermes',
    /arguments\.json is waived; run the suite without/,
  ],
  [
    'a run that lost its server',
    (run) => Object.assign(run, { cause: { id: 'port-forward-lost', layer: 'network', sentence: '', evidence: [], remedy: '' } }),
    'hermes',
    /its cause lies in the layer network \(port-forward-lost\); mend that/,
  ],
  ['another server', ({ server }) => Object.assign(server, { identity: {} }), 'hermes', /did not say which vLLM it is/],
  ['a parser that nobody named', () => {}, undefined, /add --parser NAME, or --parser none/],
  [
    'a parser that the command line contradicts',
    ({ server }) => Object.assign(server.identity, { arguments: { 'tool-call-parser': 'mistral' } }),
    'hermes',
    /has the parser mistral, not hermes; leave out --parser/,
  ],
])('%s is no evidence', (_what, change, parser, sentence) => {
  expect(() => evidenceOf(results(change), { parser })).toThrow(sentence)
})

test('a record is read as it was written', () => {
  writeFileSync(join(scratch, 'one.json'), evidenceText(record))
  expect(readEvidence(scratch)).toEqual(new Map([['one', record]]))
  writeFileSync(join(scratch, 'one.json'), evidenceText(record).replace('"hermes"', '7'))
  expect(() => readEvidence(scratch)).toThrow(
    /^docs\/evidence\/one\.json is no record of a run: parser .*; add it again with npm run evidence\.$/,
  )
  writeFileSync(join(scratch, 'one.json'), '{')
  expect(() => readEvidence(scratch)).toThrow(/^docs\/evidence\/one\.json is no JSON: /)
})

test('a form works when the call arrived and nothing else that decides it failed', () => {
  const shown = shownBy(record)
  expect(shown.ways).toEqual({
    auto: { plain: 'yes', stream: 'no' },
    named: { plain: 'yes', stream: 'yes' },
    required: { plain: 'unjudged', stream: 'unjudged' },
    parallel: { plain: 'unjudged', stream: 'unjudged' },
  })
  expect(shown.areas.arguments).toEqual({ passed: 1, notApplicable: 0, failed: [], known: ['arguments.markup.call:plain'] })
  expect(shown.avoid).toEqual([knownDefects.find(({ id }) => id === 'streams-nothing')?.avoid])
  expect(shown).toMatchObject({ red: ['streams-nothing'], amber: ['markup-in-value'], unexplained: [] })
})

test('what decides whether something works is asked in every run', async () => {
  const asked = new Set((await planOf()).map(({ id }) => id))
  const deciding = Object.values(ways).flatMap((ids) => ids.flatMap((id) => ['plain', 'stream'].map((form) => id.replace('FORM', form))))
  expect(deciding.filter((id) => !asked.has(id))).toEqual([])
})

const cells = (text: string): string[] => text.split('\n').filter((line) => /^\| [a-z].*`hermes`/.test(line))

test('without records every cell says so, and with one those that it speaks for link to it', () => {
  const [without] = cells(compatibilityText(compatibility(new Map()), new Map()))
  expect(without?.match(/not run/g)).toHaveLength(9)
  const records = new Map([['made-up', record]])
  const [row] = cells(compatibilityText(compatibility(records), records))
  expect(row).toContain('[plain only](evidence/made-up.json)')
  expect(row).toContain('[1 amber](evidence/made-up.json)')
  expect(row).not.toContain('not run')
})

test('a run of a parser says nothing of a preset that writes something else, unless its model wrote the same', () => {
  const records = new Map<string, Evidence>([
    ['minimax', { ...record, vllm: '0.22.1', parser: 'minimax' }],
    ['minimax_m2', { ...record, vllm: '0.22.1', parser: 'minimax_m2' }],
    ['functiongemma', { ...record, parser: 'functiongemma' }],
  ])
  const rowOf = (release: string, preset: string) =>
    compatibility(records)
      .find((one) => one.release === release)
      ?.rows.find(({ presets }) => presets.includes(preset))
  const minimax = rowOf('v0.11', 'minimax-m2.7')
  records.set('as-m2', { ...record, vllm: '0.22.1', parser: 'minimax', form: 'minimax_m2' })
  expect(rowOf('v0.11', 'minimax-m2.7')).toMatchObject({ evidence: 'as-m2', instead: { evidence: 'minimax_m2' } })
  expect(minimax).toMatchObject({ parser: 'minimax', instead: { parser: 'minimax_m2', evidence: 'minimax_m2' } })
  expect(minimax?.evidence).toBeUndefined()
  expect(rowOf('v0.12', 'gemma-3-4b-instruct')?.evidence).toBeUndefined()
  expect(rowOf('v0.12', 'gemma-3-4b-instruct')?.unlike).toBe(presetFacts('gemma-3-4b-instruct', 'v0.12')?.unfit)
})

test('every known defect that a record names is one', () => {
  expect(kept.size).toBeGreaterThan(0)
  const known = new Set<string>(knownDefects.map(({ id }) => id))
  const named = [...kept].flatMap(([name, { verdicts }]) =>
    [...verdicts.failed, ...verdicts.known].flatMap(({ defects = [] }) =>
      defects.filter((id) => !known.has(id)).map((id) => `${name}: ${id}`),
    ),
  )
  expect(named).toEqual([])
})

const command = [join(ROOT, 'run/start.cjs'), join(ROOT, 'proof/add-evidence.ts')]

test.each([
  [[], /^Give one name for the record, such as vllm-0\.25\.1-hermes: npm run evidence -- NAME/],
  [['../up'], /^\.\.\/up is no name for a record: /],
  [['a', '--colour', 'red'], /^The arguments cannot be read: Unknown option '--colour'; npm run evidence -- NAME/],
  [['a'], /^There is no .*: give the report folder/],
])('%j is answered with one sentence', (args, sentence) => {
  const env = { ...process.env, CONFORMANCE_REPORT_DIR: join(scratch, 'nothing') }
  const { status, stderr, stdout } = spawnSync(process.execPath, [...command, ...args], { cwd: scratch, env, encoding: 'utf8' })
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toMatch(sentence)
  expect(stderr.trim().split('\n')).toHaveLength(1)
})
