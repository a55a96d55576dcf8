import { expect, test } from 'vitest'
import type { Verdict } from '../fixtures/record.ts'
import { madeUpExchange, madeUpRun, madeUpVerdict } from '../testing/made-up.ts'
import { clientRows, clientsLine } from './clients.ts'

const rowsOf = (...verdicts: readonly Verdict[]) => clientRows({ run: madeUpRun(), verdicts, partial: false, exchanges: new Map() })
const rowOf = (client: string, ...verdicts: readonly Verdict[]) => rowsOf(...verdicts).find((row) => row.client === client)
const own = (changes: Partial<Verdict>): Verdict => madeUpVerdict({ id: 'known-clients.codex.first', ...changes })
const pi = (changes: Partial<Verdict>): Verdict => madeUpVerdict({ id: 'known-clients.pi.first', ...changes })
const { findings: two } = madeUpVerdict({ outcome: 'failed' })

test('a run that asked nothing that clients need has no table', () => {
  expect(rowsOf(madeUpVerdict())).toEqual([])
  expect(clientsLine([])).toBeUndefined()
})

test('a client works when all that it needs holds', () => {
  expect(rowOf('codex', own({}))).toMatchObject({ version: expect.stringMatching(/^@openai\/codex \d/), state: 'works' })
})

test('what a filter leaves out says nothing of a client', () => {
  const verdicts = [own({ outcome: 'inconclusive', reason: 'the model answered in text' })]
  const of = (changes: Parameters<typeof madeUpRun>[0]) =>
    clientRows({ run: madeUpRun(changes), verdicts, partial: false, exchanges: new Map() })
  expect([of({}).length, of({ filter: '-t codex' }).length]).toEqual([1, 0])
})

test.for([
  ['its own request', [own({ outcome: 'failed' })], 'does not work', /two/],
  ['arguments that are no JSON', [own({}), madeUpVerdict({ id: 'responses.arguments.json', outcome: 'failed' })], 'does not work', /two/],
  ['a rule of its route', [own({}), madeUpVerdict({ id: 'responses.route', outcome: 'failed' })], 'does not work', /two/],
  [
    'what the server refuses',
    [own({ outcome: 'not applicable', reason: 'the server answered 400: tool type namespace not supported' })],
    'does not work',
    /namespace/,
  ],
  [
    'a route that is not there',
    [own({ outcome: 'not applicable', reason: 'the server has no /v1/responses' })],
    'does not work',
    /no \/v1\/responses/,
  ],
  [
    'a context that is too small',
    [own({ outcome: 'not applicable', reason: 'the context holds 4096 tokens, and this needs 9000 at least' })],
    'does not work',
    /4096/,
  ],
  ['an answer in text', [own({ outcome: 'inconclusive', reason: 'the model answered in text' })], 'not shown', /in text/],
  [
    'a known defect',
    [own({ outcome: 'known', known: [{ id: 'x', what: 'It is wrong.', issue: 'vllm#1' }], findings: two })],
    'works with limits',
    /vllm#1/,
  ],
  [
    'one form of the real client',
    [own({}), madeUpVerdict({ id: 'real-clients.codex:plain' }), madeUpVerdict({ id: 'real-clients.codex:stream', outcome: 'failed' })],
    'works with limits',
    /two/,
  ],
  ['the real client', [own({}), madeUpVerdict({ id: 'real-clients.codex', outcome: 'failed' })], 'does not work', /two/],
] as const)('%s decides', ([, verdicts, state, rule]) => {
  expect(rowOf('codex', ...verdicts)).toMatchObject({ state, rule: expect.stringMatching(rule) })
})

test('what is broken on another route limits no client of this one', () => {
  const broken = madeUpVerdict({ id: 'http.status', outcome: 'failed' })
  const [finding] = broken.findings
  if (finding === undefined) throw new Error('a made-up failure has a finding')
  const verdicts = [madeUpVerdict({ id: 'auto.calls:plain' }), madeUpVerdict({ id: 'auto.calls:stream' }), broken]
  const stateBehind = (path: string): string | undefined => {
    const exchange = madeUpExchange([''], finding.exchange)
    const exchanges = new Map([[exchange.id, { ...exchange, request: { ...exchange.request, path } }]])
    return clientRows({ run: madeUpRun(), verdicts, partial: false, exchanges }).find(({ client }) => client === 'pi')?.state
  }
  expect([stateBehind('/v1/messages?beta=true'), stateBehind('/v1/chat/completions')]).toEqual(['works', 'works with limits'])
})

test('a server that refuses some requests limits a client whose calls were seen, and breaks one whose were not', () => {
  const refused = madeUpVerdict({ id: 'http.status', outcome: 'failed' })
  const [called, none] = [{}, { outcome: 'failed' } as const].map((changes) => [
    madeUpVerdict({ id: 'auto.calls:plain', ...changes }),
    madeUpVerdict({ id: 'auto.calls:stream', ...changes }),
  ])
  expect([called, none].map((shown = []) => rowOf('pi', refused, ...shown)?.state)).toEqual(['works with limits', 'does not work'])
})

test('a client is said to work only where a call under auto was seen on its route', () => {
  const route = madeUpVerdict({ id: 'messages.route' })
  const text = madeUpVerdict({ id: 'messages.calls-by-itself.stream', level: 'SHOULD', outcome: 'failed' })
  expect(rowOf('Claude Code', route)).toMatchObject({ state: 'not shown', rule: expect.stringContaining('no call under') })
  expect(rowOf('Claude Code', route, text)).toMatchObject({ state: 'not shown', rule: expect.stringContaining('two') })
  expect(rowOf('Claude Code', route, { ...text, outcome: 'passed' })).toMatchObject({ state: 'works' })
  expect(rowOf('Mastra', madeUpVerdict({ id: 'http.complete' }))).toMatchObject({ state: 'not shown' })
})

test.for(['messages', 'responses'])('markup in texts of %s breaks the clients of that route', (route) => {
  const markup = madeUpVerdict({ id: `${route}.content.markup`, outcome: 'failed' })
  const called = madeUpVerdict({ id: `${route}.calls-by-itself.stream` })
  expect(rowOf(route === 'messages' ? 'Claude Code' : 'AI SDK (openai)', markup, called)).toMatchObject({ state: 'does not work' })
})

test('a client that has another way is told it', () => {
  const missing = madeUpVerdict({ id: 'known-clients.agents.first', outcome: 'not applicable', reason: 'the server has no /v1/responses' })
  expect(rowOf('@openai/agents (Responses)', missing)).toMatchObject({
    state: 'works with limits',
    rule: expect.stringContaining('setOpenAIAPI'),
  })
})

test('a note limits the client that it concerns', () => {
  const note = madeUpVerdict({ id: 'responses.usage-details', reason: 'usage holds lists' })
  expect(rowOf('@openai/agents (Responses)', madeUpVerdict({ id: 'known-clients.agents.first' }), note)).toMatchObject({
    state: 'works with limits',
    rule: 'usage holds lists',
  })
})

test('a client that only streams does not care about plain answers', () => {
  const plain = madeUpVerdict({ id: 'responses.answers.auto.plain', outcome: 'failed' })
  expect(rowOf('codex', own({}), plain)).toMatchObject({ state: 'works' })
  expect(rowOf('AI SDK (openai)', plain)).toMatchObject({ state: 'does not work' })
})

test('streams that come as one document break clients that stream, and documents that come as events break the others', () => {
  const broken = madeUpVerdict({ id: 'http.form', outcome: 'failed' })
  const statesOf = (form: 'plain' | 'stream') => {
    const exchange = madeUpExchange([''], broken.findings[0]?.exchange)
    const exchanges = new Map([[exchange.id, { ...exchange, request: { ...exchange.request, path: '/v1/responses', form } }]])
    const verdicts = [own({}), madeUpVerdict({ id: 'responses.calls-by-itself.plain' }), broken]
    const rows = clientRows({ run: madeUpRun(), verdicts, partial: false, exchanges })
    return ['codex', 'AI SDK (openai)'].map((client) => rows.find((row) => row.client === client)?.state)
  }
  expect(statesOf('stream')).toEqual(['does not work', 'does not work'])
  expect(statesOf('plain')).toEqual(['works', 'does not work'])
})

test('a port that fetch blocks is closed to clients on Node', () => {
  const verdicts = [own({}), pi({})]
  const at = (baseUrl: string) =>
    clientRows({
      run: madeUpRun({ target: { kind: 'endpoint', name: 'x', baseUrl } }),
      verdicts,
      partial: false,
      exchanges: new Map(),
    }).map(({ client, state }) => [client, state])
  expect(at('http://localhost:6001')).toEqual([
    ['codex', 'works'],
    ['pi', 'works'],
  ])
  expect(at('http://localhost:6000')).toEqual([
    ['codex', 'works'],
    ['pi', 'does not work'],
  ])
})

test('the line counts and names', () => {
  expect(clientsLine(rowsOf(own({ outcome: 'failed' }), pi({})))).toBe('1 of 2 known clients work; does not work: codex')
  expect(clientsLine(rowsOf(own({ outcome: 'failed' }), pi({ outcome: 'failed' })))).toBe('0 of 2 known clients work')
  const unseen = { outcome: 'inconclusive', reason: 'the model answered in text' } as const
  expect(clientsLine(rowsOf(own(unseen), pi(unseen)))).toBe('0 of 2 known clients work; not shown: all')
  expect(clientsLine(rowsOf(own(unseen)))).toBe('0 of 1 known clients work; not shown: codex')
})
