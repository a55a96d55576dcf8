import { expect, test } from 'vitest'
import { madeUpCause, madeUpExchange, madeUpRun, madeUpVerdict } from '../testing/made-up.ts'
import { blockedOtherwise, headline } from './headline.ts'

const finding = (exchange: string) => ({ exchange, where: 'answer', got: 'this', wanted: 'that' })
const arrived = madeUpVerdict({ id: 'named.calls:plain', level: 'MUST', outcome: 'passed' })

test.for([
  ['an ordinary call does not arrive', 'named.calls:stream', 'named-tool-choice/named.stream', 'does NOT work'],
  ['arguments of an ordinary call are broken', 'arguments.json', 'auto-tool-choice/weather.stream', 'does NOT work'],
  ['arguments of an unusual call are broken', 'arguments.json', 'arguments/texts.stream', 'works on'],
  ['one schema is refused', 'http.status', 'arguments/references.plain', 'works on'],
  ['a finish_reason is wrong', 'required.finish-reason:plain', 'required-tool-choice/weather.plain', 'works on'],
] as const)('%s: %s in %s, %s', ([, id, exchange, words]) => {
  const failed = madeUpVerdict({ id, level: 'MUST', outcome: 'failed', findings: [finding(exchange)] })
  const { sentence, state } = headline({ run: madeUpRun(), verdicts: [arrived, failed], exchanges: new Map(), partial: false })
  expect(state).toBe('fails')
  expect(sentence).toContain(words)
  expect(sentence).toContain(words === 'works on' ? 'but it does NOT conform' : 'failed')
})

test('a filtered run says that tool calling works only where its model answered', () => {
  const recording = { run: madeUpRun({ filter: '-t readiness' }), verdicts: [madeUpVerdict()], partial: false }
  expect(headline({ ...recording, exchanges: new Map() }).sentence).toMatch(/^What was asked of .* holds, but no answer of its model/)
  const answer = madeUpExchange()
  expect(headline({ ...recording, exchanges: new Map([[answer.id, answer]]) }).sentence).toMatch(/^Tool calling works on .*, as far as/)
})

test('a run of the MCP checks alone blames the MCP server alone', () => {
  const cause = { id: 'mcp-old-sse', layer: 'MCP server' as const, sentence: 'It is old.', evidence: [], remedy: 'Renew it.' }
  const failed = madeUpVerdict({ id: 'mcp.initialize', outcome: 'failed', tags: ['mcp'], cause })
  const { sentence } = headline({
    run: madeUpRun({ filter: '--tags-filter mcp' }),
    verdicts: [failed],
    exchanges: new Map(),
    partial: false,
  })
  expect(sentence).toMatch(/^Tool calling does NOT work with the MCP server, and nothing else was asked of /)
})

test.for([
  ['must', '1 of 1 MUST requirement blocked'],
  ['should', '2 of 2 requirements blocked'],
] as const)('what was blocked is counted by what fails the run: %s', ([failOn, says]) => {
  const verdicts = [madeUpVerdict({ outcome: 'blocked' }), madeUpVerdict({ id: 'b', level: 'SHOULD', outcome: 'blocked' })]
  expect(headline({ run: madeUpRun({ failOn, blocked: 'x' }), verdicts, exchanges: new Map(), partial: false }).sentence).toContain(says)
})

test('what the cause or its evidence says is no other reason', () => {
  const { ended } = madeUpRun()
  if (ended === undefined) throw new Error('a made-up run has ended')
  const cause = { ...madeUpCause, sentence: 'A right is missing. The server is not the cause.', evidence: ['nobody may list pods'] }
  const verdicts = ['A right is missing.', 'nobody may list pods', 'no pod'].map((reason) => madeUpVerdict({ outcome: 'blocked', reason }))
  expect(blockedOtherwise({ run: madeUpRun({ ended: { ...ended, cause } }), verdicts }).map(({ reason }) => reason)).toEqual(['no pod'])
})
