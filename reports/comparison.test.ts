import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { knownDefects } from '../fixtures/contract/known.ts'
import type { KnownDefect } from '../fixtures/contract/known/defect.ts'
import type { Cause, Comparison, Run, Verdict } from '../fixtures/record.ts'
import { madeUpCause, madeUpRun, madeUpVerdict } from '../testing/made-up.ts'
import { compare } from './comparison.ts'
import { readResults } from './earlier.ts'
import { gate } from './gate.ts'
import { resultsOf, SCHEMA_VERSION, type Results } from './results.ts'
import { FILES, openRecord, type Recording } from './store.ts'
import { comparisonLines } from './terminal.ts'

const recordingOf = (verdicts: readonly Verdict[], changes: Partial<Run> = {}, partial = false): Recording => ({
  run: madeUpRun(changes),
  verdicts,
  exchanges: new Map(),
  partial,
})
const resultsFor = (verdicts: readonly Verdict[], changes: Partial<Run> = {}, partial = false): Results =>
  resultsOf(recordingOf(verdicts, changes, partial))

const LISTS = ['newlyFailing', 'newlyPassing', 'changed', 'vanished', 'appeared', 'withinChance'] as const

/** The lists that are not empty, with the ids in them. */
const told = (comparison: Comparison): Record<string, readonly string[]> =>
  Object.fromEntries(LISTS.filter((list) => comparison[list].length > 0).map((list) => [list, comparison[list].map(({ id }) => id)]))

/** What a comparison says of one verdict that is first this, then that. */
const between = (before: Partial<Verdict>, now: Partial<Verdict>): Record<string, readonly string[]> =>
  told(compare(resultsFor([madeUpVerdict(before)]), resultsFor([madeUpVerdict(now)]), 'old'))

const finding = (got: string, where = 'event 2') => [{ exchange: 'x', where, got, wanted: 'one' }]
const cause = { ...madeUpCause, id: 'another' }
const defect = { id: 'a', what: 'b', issue: 'c' }

test.for([
  ['passed twice', {}, {}, undefined],
  ['failed for the first time', {}, { outcome: 'failed' }, 'newlyFailing'],
  ['blocked, then failed', { outcome: 'blocked' }, { outcome: 'failed' }, 'newlyFailing'],
  ['inconclusive, then failed', { outcome: 'inconclusive' }, { outcome: 'failed' }, 'newlyFailing'],
  ['passed, then known', {}, { outcome: 'known' }, 'changed'],
  ['blocked, then known', { outcome: 'blocked' }, { outcome: 'known' }, 'changed'],
  [
    'passed, then waived',
    {},
    { outcome: 'waived', waiver: { was: 'failed', reason: '', link: '', owner: '', expires: '', daysLeft: 1, at: '' } },
    'newlyFailing',
  ],
  [
    'known, then failed by something else',
    { outcome: 'known', findings: finding('a') },
    { outcome: 'failed', findings: finding('b') },
    'newlyFailing',
  ],
  [
    'known, then no longer accepted',
    { outcome: 'known', findings: finding('a') },
    { outcome: 'failed', findings: finding('a') },
    'changed',
  ],
  ['no longer failed', { outcome: 'failed' }, {}, 'newlyPassing'],
  ['no longer known', { outcome: 'known' }, {}, 'newlyPassing'],
  [
    'failed twice the same way',
    { outcome: 'failed', findings: finding('"call_1f"') },
    { outcome: 'failed', findings: finding('"call_2e"') },
    undefined,
  ],
  [
    'failed once more often',
    { outcome: 'failed', findings: finding('a') },
    { outcome: 'failed', findings: [...finding('a'), ...finding('a', 'event 9')] },
    undefined,
  ],
  ['failed another way', { outcome: 'failed', findings: finding('a') }, { outcome: 'failed', findings: finding('b') }, 'changed'],
  [
    'failed elsewhere',
    { outcome: 'failed', findings: finding('a') },
    { outcome: 'failed', findings: finding('a', 'status line') },
    'changed',
  ],
  ['failed for another cause', { outcome: 'failed', explainedBy: madeUpCause }, { outcome: 'failed', explainedBy: cause }, 'changed'],
  ['blocked for another cause', { outcome: 'blocked', explainedBy: madeUpCause }, { outcome: 'blocked', explainedBy: cause }, 'changed'],
  ['another known defect', { outcome: 'known', known: [defect] }, { outcome: 'known', known: [{ ...defect, id: 'z' }] }, 'changed'],
  [
    'failed, then waived',
    { outcome: 'failed' },
    { outcome: 'waived', waiver: { was: 'failed', reason: '', link: '', owner: '', expires: '', daysLeft: 1, at: '' } },
    'changed',
  ],
  ['passed, then blocked', {}, { outcome: 'blocked' }, 'changed'],
  ['passed, then not told by the model', {}, { outcome: 'inconclusive' }, 'withinChance'],
  ['passed, then no longer offered', {}, { outcome: 'not applicable' }, 'changed'],
  ['blocked twice', { outcome: 'blocked' }, { outcome: 'blocked' }, undefined],
  ['a rate that moved within chance', { rate: { hits: 5, tries: 5 } }, { rate: { hits: 3, tries: 5 } }, undefined],
  ['a rate that fails within chance', { rate: { hits: 3, tries: 5 } }, { outcome: 'failed', rate: { hits: 0, tries: 5 } }, 'withinChance'],
  ['a rate that fell to failure', { rate: { hits: 5, tries: 5 } }, { outcome: 'failed', rate: { hits: 0, tries: 5 } }, 'newlyFailing'],
  ['a rate that rose from failure', { outcome: 'failed', rate: { hits: 0, tries: 5 } }, { rate: { hits: 5, tries: 5 } }, 'newlyPassing'],
  ['a rate that fell and still passes', { rate: { hits: 50, tries: 50 } }, { rate: { hits: 35, tries: 50 } }, 'changed'],
] as const)('%s', ([, before, now, list]) => {
  expect(between(before as Partial<Verdict>, now as Partial<Verdict>)).toEqual(list === undefined ? {} : { [list]: ['made.up'] })
})

test('requirements appear and vanish, but not by a filter or a cut', () => {
  const [a, b] = [madeUpVerdict({ id: 'a' }), madeUpVerdict({ id: 'b' })]
  expect(told(compare(resultsFor([a]), resultsFor([b]), 'old'))).toEqual({ vanished: ['a'], appeared: ['b'] })
  expect(told(compare(resultsFor([a, b]), resultsFor([b], { filter: '-t b' }), 'old'))).toEqual({})
  expect(told(compare(resultsFor([a, b]), resultsFor([b], {}, true), 'old'))).toEqual({})
  expect(told(compare(resultsFor([a], { filter: '-t a' }), resultsFor([a, b]), 'old'))).toEqual({})
  expect(told(compare(resultsFor([a, b]), resultsFor([b], { depth: 'smoke' }), 'old'))).toEqual({})
  // What fails and was not asked before may be new.
  expect(told(compare(resultsFor([a], { filter: '-t a' }), resultsFor([a, { ...b, outcome: 'failed' }]), 'old'))).toEqual({
    appeared: ['b'],
  })
})

test('a rule that had nothing to judge in a shallower run has not changed', () => {
  const [asked, idle] = [madeUpVerdict(), madeUpVerdict({ outcome: 'not applicable' })]
  const smoke = { depth: 'smoke' } as const
  expect(told(compare(resultsFor([idle], smoke), resultsFor([asked]), 'old'))).toEqual({})
  expect(told(compare(resultsFor([asked]), resultsFor([idle], smoke), 'old'))).toEqual({})
  expect(told(compare(resultsFor([idle], smoke), resultsFor([{ ...asked, outcome: 'failed' }]), 'old'))).toEqual({ appeared: ['made.up'] })
})

test('a rule on all answers does not pass newly where less was asked', () => {
  const rule = { id: 'a', group: 'Contract: stream' } as const
  const [failed, passed] = [madeUpVerdict({ ...rule, outcome: 'failed' }), madeUpVerdict(rule)]
  expect(told(compare(resultsFor([failed]), resultsFor([passed], { depth: 'smoke' }), 'old'))).toEqual({})
  expect(told(compare(resultsFor([failed]), resultsFor([passed], { filter: '-t a' }), 'old'))).toEqual({})
  expect(told(compare(resultsFor([failed]), resultsFor([passed], { depth: 'full' }), 'old'))).toEqual({ newlyPassing: ['a'] })
})

const known = (...defects: readonly KnownDefect[]): Partial<Verdict> => ({ outcome: 'known', known: defects })

test('a known defect that shows in some answers only comes and goes within chance', () => {
  const [byChance, always] = [true, undefined].map((chance) => knownDefects.find((one) => one.byChance === chance))
  if (byChance === undefined || always === undefined) throw new Error('there is none')
  expect(between({}, known(byChance))).toEqual({ withinChance: ['made.up'] })
  expect(between(known(byChance), {})).toEqual({ withinChance: ['made.up'] })
  expect(between(known(always), known(always, byChance))).toEqual({ withinChance: ['made.up'] })
  expect(between({}, known(always, byChance))).toEqual({ changed: ['made.up'] })
})

test('another cause is said, and is no change of a warning', () => {
  const { ended } = madeUpRun()
  if (ended === undefined) throw new Error('a made-up run has ended')
  const of = (explainedBy: Cause | undefined): Results =>
    resultsFor([madeUpVerdict({ level: 'SHOULD', outcome: 'failed', ...(explainedBy && { explainedBy }) })], {
      ended: { ...ended, ...(explainedBy && { cause: explainedBy }) },
    })
  const comparison = compare(of(undefined), of(cause), 'old')
  expect(told(comparison)).toEqual({})
  expect(comparison.notes).toEqual(['The cause is new: another.'])
  expect(compare(of(cause), of(undefined), 'old').notes).toEqual(['The cause of the earlier run is gone: another.'])
})

test('what changed about the server is told, and what one run could not read is no change', () => {
  const { server } = madeUpRun()
  const of = (identity: NonNullable<Run['server']['identity']>, more: Partial<Run['server']> = {}): Results =>
    resultsFor([], { server: { ...server, ...more, identity } })
  const flags = { 'tool-call-parser': 'hermes', 'max-model-len': '4096' }
  const { server: changes } = compare(
    of({ vllm: '0.25.1', parser: 'hermes', arguments: flags, kaito: '0.11.0', imageDigest: 'sha256:a' }),
    of(
      {
        vllm: '0.32.0',
        parser: 'mistral',
        arguments: { 'tool-call-parser': 'mistral', 'chat-template': '/x.jinja' },
        template: '/x.jinja',
        imageDigest: 'sha256:b',
      },
      { name: 'vLLM 0.32.0' },
    ),
    'old',
  )
  expect(changes).toEqual([
    { what: 'server', before: 'vLLM 0.25.1', now: 'vLLM 0.32.0' },
    { what: 'vLLM', before: '0.25.1', now: '0.32.0' },
    { what: 'parser', before: 'hermes', now: 'mistral' },
    { what: 'chat template', before: 'not set', now: '/x.jinja' },
    { what: 'image digest', before: 'sha256:a', now: 'sha256:b' },
    { what: '--max-model-len', before: '4096', now: 'not set' },
  ])
  expect(compare(of({ parser: 'hermes', arguments: flags }), of({}), 'old').server).toEqual([])
  // Nor is a list of models that a server which asks for a key does not show.
  expect(compare(of({}, { models: [] }), of({}), 'old').server).toEqual([])
})

test('another version of the suite is said', () => {
  const old = resultsFor([madeUpVerdict()], { suite: { name: 'x', version: '0.0.9' } })
  expect(compare(old, resultsFor([madeUpVerdict()]), 'old').notes).toEqual([
    expect.stringContaining('version 0.0.9 of the suite, this one by 0.1.0'),
  ])
})

test.for([
  ['nothing changed', [madeUpVerdict({ outcome: 'failed' })], [madeUpVerdict({ outcome: 'failed' })], 0],
  ['a new failure', [madeUpVerdict()], [madeUpVerdict({ outcome: 'failed' })], 1],
  [
    'one of two is new',
    [madeUpVerdict({ id: 'a', outcome: 'failed' }), madeUpVerdict({ id: 'b' })],
    [madeUpVerdict({ id: 'a', outcome: 'failed' }), madeUpVerdict({ id: 'b', outcome: 'failed' })],
    1,
  ],
  ['a failure of a new requirement', [madeUpVerdict()], [madeUpVerdict(), madeUpVerdict({ id: 'b', outcome: 'failed' })], 1],
  [
    'a new warning',
    [madeUpVerdict({ level: 'SHOULD' }), madeUpVerdict({ id: 'b' })],
    [madeUpVerdict({ level: 'SHOULD', outcome: 'failed' }), madeUpVerdict({ id: 'b' })],
    0,
  ],
  [
    'other evidence',
    [madeUpVerdict({ outcome: 'failed', findings: finding('a') })],
    [madeUpVerdict({ outcome: 'failed', findings: finding('b') })],
    0,
  ],
  ['newly blocked', [madeUpVerdict(), madeUpVerdict({ id: 'b' })], [madeUpVerdict({ outcome: 'blocked' }), madeUpVerdict({ id: 'b' })], 3],
  [
    'blocked as before',
    [madeUpVerdict({ outcome: 'blocked' }), madeUpVerdict({ id: 'b' })],
    [madeUpVerdict({ outcome: 'blocked' }), madeUpVerdict({ id: 'b' })],
    0,
  ],
  ...(['failed', 'waived'] as const).map(
    (before) =>
      [
        `blocked, and ${before} before`,
        [madeUpVerdict({ outcome: before }), madeUpVerdict({ id: 'b' })],
        [madeUpVerdict({ outcome: 'blocked' }), madeUpVerdict({ id: 'b' })],
        0,
      ] as const,
  ),
  ['a new requirement that is blocked', [madeUpVerdict()], [madeUpVerdict(), madeUpVerdict({ id: 'b', outcome: 'blocked' })], 3],
  [
    'a warning that is newly blocked',
    [madeUpVerdict({ level: 'SHOULD' }), madeUpVerdict({ id: 'b' })],
    [madeUpVerdict({ level: 'SHOULD', outcome: 'blocked' }), madeUpVerdict({ id: 'b' })],
    0,
  ],
  [
    'worse within chance',
    [madeUpVerdict({ rate: { hits: 3, tries: 5 } })],
    [madeUpVerdict({ outcome: 'failed', rate: { hits: 0, tries: 5 } })],
    0,
  ],
] as const)('a gate that holds what is new: %s', ([, before, now, code]) => {
  const { ended } = madeUpRun()
  if (ended === undefined) throw new Error('a made-up run has ended')
  const comparison = compare(resultsFor(before), resultsFor(now), 'old')
  expect(gate(recordingOf(now, { gate: 'new', ended: { ...ended, comparison } })).code).toBe(code)
})

test('a gate that holds what is new says so, and holds all where there is nothing to compare with', () => {
  const now = [madeUpVerdict({ outcome: 'failed' })]
  const { ended } = madeUpRun()
  if (ended === undefined) throw new Error('a made-up run has ended')
  const since = (before: Verdict): string =>
    gate(recordingOf(now, { gate: 'new', ended: { ...ended, comparison: compare(resultsFor([before]), resultsFor(now), 'old') } })).sentence
  expect(since(madeUpVerdict())).toBe('1 requirement failed newly.')
  expect(since(madeUpVerdict({ outcome: 'failed' }))).toBe('Nothing fails that did not fail before.')
  expect(gate(recordingOf(now, { gate: 'new' })).code).toBe(1)
})

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'conformance-compare-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

test('an earlier run is read from its folder, its record or its results.json', () => {
  const path = folder()
  openRecord(path, madeUpRun()).append(madeUpVerdict())
  const fromRecord = readResults(path)
  expect(fromRecord.verdicts).toMatchObject([{ id: 'made.up', outcome: 'passed' }])
  expect(readResults(join(path, FILES.run))).toEqual(fromRecord)
  writeFileSync(join(path, FILES.results), `\uFEFF${JSON.stringify(fromRecord)}`)
  expect(readResults(path)).toEqual(fromRecord)
  expect(readResults(join(path, FILES.results))).toEqual(fromRecord)
})

test('what a later suite says beside in its results.json is passed over', () => {
  const path = join(folder(), FILES.results)
  const results = resultsFor([madeUpVerdict()])
  const [verdict] = results.verdicts
  writeFileSync(path, JSON.stringify({ ...results, later: 1, run: { ...results.run, later: 1 }, verdicts: [{ ...verdict, later: [] }] }))
  expect(readResults(path)).toEqual(results)
})

test.for([
  ['no such file', undefined, 'There is no '],
  ['no JSON', 'x', 'results.json holds no JSON document: give'],
  ['an empty file', '\n', 'results.json is empty: give'],
  ['UTF-16', '{\0}\0', 'results.json is UTF-16 or no text at all: give'],
  ['the first half', '{"schemaVersion": 1, "ru', 'results.json holds JSON that is cut or damaged: give'],
  ['a page', '<!doctype html><html>', 'is an HTML page, not the results of a run: give'],
  ['a JUnit file', '<?xml version="1.0"?><testsuites/>', 'is XML, not the results of a run in JSON: give'],
  ['another JSON', '{"a": 1}', 'is JSON of another kind than the results of a run: give the report folder or the results.json of an'],
  ['a list', '[1]', 'is JSON of another kind than the results of a run: give'],
  ['a badge', JSON.stringify({ schemaVersion: SCHEMA_VERSION, label: 'tool calling' }), 'is a badge, not the results of a run: give'],
  ['a SARIF file', '{"version": "2.1.0", "runs": []}', 'is a SARIF file, not the results of a run: give'],
  ['an attestation', '{"predicateType": "x"}', 'is an attestation, not the results of a run: give'],
  ['damaged results', JSON.stringify({ schemaVersion: SCHEMA_VERSION, verdicts: [] }), 'holds damaged results: run, '],
  ['results of a fleet', '{"fleetSchemaVersion": 1}', 'not of one run (each of its workspaces has a folder of its own there): give'],
  [
    'results of a load',
    '{"schema": 1, "levels": []}',
    'holds the results of a load, which npm run load -- --compare FOLDER compares: give',
  ],
  ['results of a newer suite', JSON.stringify({ schemaVersion: SCHEMA_VERSION + 1 }), 'written by a newer suite'],
] as const)('refuses to compare with %s', ([, text, words]) => {
  const path = join(folder(), 'results.json')
  if (text !== undefined) writeFileSync(path, text)
  expect(() => readResults(path)).toThrow(words)
})

test('names the folder of a run where a file or a folder in it is given', () => {
  const path = folder()
  expect(() => readResults(path)).toThrow(`${path} is a folder without results of a run: give the report folder or the results.json`)
  openRecord(path, madeUpRun()).append(madeUpVerdict())
  writeFileSync(join(path, FILES.junit), '<?xml version="1.0"?>')
  expect(() => readResults(join(path, FILES.junit))).toThrow(`in JSON: give ${path}, the report folder that it lies in.`)
})

test('a run that judged nothing is said to, and what it left open is one line', () => {
  const ids = Array.from({ length: 9 }, (_, at) => `r${at}`)
  const of = (outcome: Verdict['outcome']): Results => resultsFor(ids.map((id) => madeUpVerdict({ id, outcome })))
  const comparison = compare(of('passed'), of('blocked'), 'old')
  expect(comparison.notes).toContain('This run could not judge the server: what it left open says nothing.')
  expect(comparisonLines(comparison, Infinity)).toContain('  Changed: passed → blocked, 9 requirements')
  expect(comparisonLines(comparison, Infinity).join('\n')).not.toContain('[r0]')
})
