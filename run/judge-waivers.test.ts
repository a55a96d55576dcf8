import { expect, test } from 'vitest'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import type { Outcome, Verdict } from '../fixtures/record.ts'
import { madeUpCause, madeUpExchange, madeUpVerdict } from '../testing/made-up.ts'
import { judgeWaivers, type EndedRun } from './judge-waivers.ts'
import type { WaiverEntry } from './waivers.ts'

const entry = (changes: Partial<WaiverEntry> = {}): WaiverEntry => ({
  check: 'made.up',
  expect: 'failed',
  reason: 'nobody asks for it',
  link: 'https://example.com/1',
  owner: 'team-a',
  expires: '2026-12-31',
  daysLeft: 33,
  at: 'w.yaml:2',
  ...changes,
})

const plain: Exchange = { ...madeUpExchange(undefined, 'made-up.plain'), request: { method: 'POST', path: '/v1/x', form: 'plain' } }
const stream = madeUpExchange()

const judged = (verdicts: readonly Verdict[], more: Partial<EndedRun> = {}): EndedRun => ({
  verdicts,
  exchanges: new Map([plain, stream].map((exchange) => [exchange.id, exchange])),
  failOn: 'must',
  identity: {},
  whole: true,
  repeated: new Map(),
  ...more,
})

/** What becomes of one entry and the outcome of one verdict. */
function fate(
  one: Partial<WaiverEntry>,
  verdict: Partial<Verdict>,
  more: Partial<EndedRun> = {},
): readonly [state: string, outcome: Outcome] {
  const { verdicts, waivers } = judgeWaivers([entry(one)], judged([madeUpVerdict(verdict)], more))
  return [waivers[0]?.state ?? '', verdicts[0]?.outcome ?? 'broken']
}

test.for([
  ['failed', 'failed', 'MUST', 'applied', 'waived'],
  ['failed', 'known', 'MUST', 'applied', 'waived'],
  ['failed', 'failed', 'SHOULD', 'applied', 'waived'],
  ['failed', 'passed', 'MUST', 'stale', 'passed'],
  ['failed', 'blocked', 'MUST', 'unused', 'blocked'],
  ['failed', 'inconclusive', 'MUST', 'unused', 'inconclusive'],
  ['failed', 'not applicable', 'MUST', 'unused', 'not applicable'],
  ['failed', 'broken', 'MUST', 'unused', 'broken'],
  ['warning', 'failed', 'SHOULD', 'applied', 'waived'],
  ['warning', 'passed', 'SHOULD', 'stale', 'passed'],
  ['blocked', 'blocked', 'MUST', 'applied', 'waived'],
  ['blocked', 'failed', 'MUST', 'stale', 'failed'],
  ['blocked', 'passed', 'MUST', 'stale', 'passed'],
  ['inconclusive', 'inconclusive', 'MUST', 'applied', 'waived'],
  ['inconclusive', 'passed', 'MUST', 'stale', 'passed'],
] as const)('expected to be %s, is %s (%s): %s, and the verdict is %s', ([expected, outcome, level, state, then]) => {
  expect(fate({ expect: expected }, { outcome, level })).toEqual([state, then])
})

test('a warning that the gate holds as a failure was not expected', () => {
  expect(fate({ expect: 'warning' }, { outcome: 'failed', level: 'SHOULD' }, { failOn: 'should' })).toEqual(['stale', 'failed'])
})

test('what is over covers nothing, and is not held against a run that did not judge its check', () => {
  const over = { daysLeft: -1, expires: '2026-11-27' }
  expect(fate(over, { outcome: 'failed' })).toEqual(['expired', 'failed'])
  expect(fate(over, { outcome: 'passed' })).toEqual(['expired', 'passed'])
  expect(fate(over, { outcome: 'not applicable' })).toEqual(['unused', 'not applicable'])
  expect(fate(over, { id: 'another' })).toEqual(['unused', 'passed'])
  expect(fate({ daysLeft: 0 }, { outcome: 'failed' })).toEqual(['applied', 'waived'])
})

test('nothing is stale in a run that could not judge, or was filtered', () => {
  expect(fate({}, { outcome: 'passed' }, { whole: false })).toEqual(['unused', 'passed'])
  expect(fate({}, { id: 'another' })).toEqual(['unused', 'passed'])
})

test.for([
  [{ workspace: 'team-a/*' }, { workspace: 'team-a/phi' }, 'applied'],
  [{ workspace: 'team-a/*' }, { workspace: 'team-b/phi' }, 'elsewhere'],
  [{ workspace: 'phi*' }, { workspace: 'team-b/phi-4' }, 'applied'],
  [{ workspace: 'team-a/*' }, {}, 'elsewhere'],
  [{ vllm: '>=0.25 <0.33' }, { vllm: '0.25.1' }, 'applied'],
  [{ vllm: '>=0.25 <0.33' }, { vllm: '0.32.0' }, 'applied'],
  [{ vllm: '>=0.25 <0.33' }, { vllm: '0.33.0' }, 'elsewhere'],
  [{ vllm: '>=0.25 <0.33' }, { vllm: '0.33.0rc1' }, 'elsewhere'],
  [{ vllm: '>=0.25 <0.33' }, { vllm: '0.25.1.dev3+gabc' }, 'applied'],
  [{ vllm: '>=0.25 <0.33' }, {}, 'elsewhere'],
  [{ parser: 'hermes' }, { parser: 'hermes' }, 'applied'],
  [{ parser: 'hermes' }, { parser: 'mistral' }, 'elsewhere'],
  [{ parser: 'hermes' }, {}, 'elsewhere'],
  [{ parser: 'hermes', vllm: '>=0.25' }, { parser: 'hermes', vllm: '0.22.1' }, 'elsewhere'],
] as const)('%j on %j: %s', ([when, identity, state]) => {
  expect(fate({ when }, { outcome: 'failed' }, { identity })[0]).toBe(state)
})

test('an entry for one form of a rule covers that form alone; two entries cover both', () => {
  const rule = (...ids: string[]): Partial<Verdict> => ({
    id: 'finish.truncated',
    outcome: 'failed',
    tags: ['contract', 'must', 'plain', 'stream'],
    exchanges: [plain.id, stream.id],
    findings: ids.map((exchange) => ({ exchange, where: 'x', got: 'a', wanted: 'b' })),
  })
  expect(fate({ check: 'finish.truncated:stream' }, rule(stream.id))).toEqual(['applied', 'waived'])
  expect(fate({ check: 'finish.truncated:stream' }, rule(plain.id))).toEqual(['stale', 'failed'])
  expect(fate({ check: 'finish.truncated:stream' }, rule(plain.id, stream.id))).toEqual(['applied', 'failed'])
  expect(fate({ check: 'finish.truncated' }, rule(plain.id, stream.id))).toEqual(['applied', 'waived'])
  expect(fate({ check: 'finish.truncated:stream' }, { ...rule(), outcome: 'passed', exchanges: [plain.id] })).toEqual(['unused', 'passed'])
  const both = ['finish.truncated:plain', 'finish.truncated:stream'].map((check) => entry({ check }))
  expect(judgeWaivers(both, judged([madeUpVerdict(rule(plain.id, stream.id))])).verdicts[0]?.outcome).toBe('waived')
})

const explained = (id: string, outcome: Outcome): Verdict => madeUpVerdict({ id, outcome, explainedBy: madeUpCause })

test('a cause covers all that it explains, failed or blocked, and nothing of the core', () => {
  const cause = entry({ check: `cause:${madeUpCause.id}` })
  const { verdicts, waivers } = judgeWaivers(
    [cause],
    judged([
      explained('a', 'failed'),
      explained('b', 'blocked'),
      explained('auto.calls', 'failed'),
      madeUpVerdict({ id: 'c', outcome: 'failed' }),
    ]),
  )
  expect(verdicts.map(({ outcome }) => outcome)).toEqual(['waived', 'waived', 'failed', 'failed'])
  expect(waivers).toMatchObject([{ state: 'applied', verdicts: ['a', 'b'], note: expect.stringContaining('auto.calls') }])
  expect(judgeWaivers([entry({ check: 'cause:other' })], judged([explained('a', 'failed')])).waivers).toMatchObject([{ state: 'stale' }])
})

const tries = (failed: number) => ({ repeated: new Map([['made.up', { failed, tries: 5 }]]) })

test('what is flaky may pass and may fail, and says how often it did', () => {
  const flaky = { expect: 'flaky', check: 'made.up' } as const
  expect(fate(flaky, { outcome: 'failed' }, tries(2))).toEqual(['applied', 'waived'])
  expect(fate(flaky, { outcome: 'passed' }, tries(2))).toEqual(['applied', 'waived'])
  expect(fate(flaky, { outcome: 'passed' }, tries(0))).toEqual(['applied', 'passed'])
  expect(fate(flaky, { outcome: 'passed' })).toEqual(['unused', 'passed'])
  expect(judgeWaivers([entry(flaky)], judged([madeUpVerdict({ outcome: 'failed' })], tries(5))).waivers).toMatchObject([
    { failures: { failed: 5, tries: 5 }, note: expect.stringContaining('It failed in 5 of 5 tries') },
  ])
})
