import { expect, test } from 'vitest'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import type { Cause, Verdict } from '../fixtures/record.ts'
import { madeUpCause, madeUpExchange, madeUpRun, madeUpVerdict } from '../testing/made-up.ts'
import { gate } from './gate.ts'

const cut: Exchange = { ...madeUpExchange([], 'x.cut'), end: { kind: 'cut', code: 'ECONNRESET', detail: 'the connection was closed' } }
const inFront: Cause = { ...madeUpCause, layer: 'HTTP' }

/** The exit code of a run whose one failure is this, where the plain answer has a status and the streamed one 200. */
const codeOf = (failure: Partial<Verdict>, status: number, cause?: Cause): number =>
  codeAmong(failure, [{ ...madeUpExchange([], 'x.plain'), status }, madeUpExchange(undefined, 'x.stream'), cut], cause)

/** The exit code of a run with these exchanges, whose one failure is this. */
function codeAmong(failure: Partial<Verdict>, exchanges: readonly Exchange[], cause: Cause = inFront): number {
  const { ended, ...run } = madeUpRun()
  return gate({
    run: { ...run, ended: { ...(ended as NonNullable<typeof ended>), cause } },
    verdicts: [madeUpVerdict(), madeUpVerdict({ id: 'http.status', outcome: 'failed', ...failure })],
    exchanges: new Map(exchanges.map((exchange) => [exchange.id, exchange])),
    partial: false,
  }).code
}

const found = (exchange: string, got = '1', wanted = '2'): Partial<Verdict> => ({
  findings: [{ exchange, where: 'status line', got, wanted }],
})

test.for([402, 403, 407, 418, 429, 451, 502, 503, 504, 521] as const)('a %s explains what failed: the server was not judged', (status) => {
  expect(codeOf(found('x.plain'), status)).toBe(3)
  // Two forms of one question, of which one was answered by another.
  expect(codeOf({ id: 'agree.status', ...found('x.stream', '"200"', `"${status}"`) }, status)).toBe(3)
})

test.for([
  ['a status of the server itself', found('x.plain'), 500],
  ['an answer of the server', found('x.stream'), 502],
  ['two answers of the server that differ', { id: 'agree.status', ...found('x.stream', '"200"', '"400"') }, 400],
  ['a failure without an answer', { findings: [] }, 502],
  [
    'one answer of the server among others',
    { findings: [found('x.plain'), found('x.stream')].flatMap(({ findings = [] }) => findings) },
    502,
  ],
  ['an answer that breaks off behind its status', found('x.cut'), 200],
] as const)('%s fails the run, whatever lies in front', ([, failure, status]) => {
  expect(codeOf(failure, status)).toBe(1)
})

test.for([
  ['a page with status 200', 200, '<html><title>Request Rejected</title></html>', []],
  ['a page with status 400', 400, '<!DOCTYPE html><title>400 Bad Request</title>', []],
  ['the word of an endpoint picker', 500, '{"error":{"message":"x"}}', [['x-llm-d-request-dropped-reason', 'rejected-internal']]],
  ['the word of a gateway', 500, 'ext_proc failed: no more response messages', []],
] as const)('%s is no answer of the server', ([, status, body, headers]) => {
  const answer = { ...madeUpExchange([], 'x.plain'), status, headers, chunks: [{ at: 1, bytes: Buffer.from(body) }] }
  expect(codeAmong(found('x.plain'), [answer])).toBe(3)
  expect(codeAmong(found('x.plain'), [{ ...answer, headers: [], chunks: [] }])).toBe(1)
})

test.for(['node', 'workspace'] as const)('what lost its server, in the layer %s, was not judged', (layer) => {
  const cause = { ...madeUpCause, layer }
  expect(codeOf(found('x.cut'), 200, cause)).toBe(3)
  expect(codeOf(found('x.stream'), 200, cause)).toBe(1)
  // A route that never answers says nothing of it.
  const others = [at('x.chat', '/v1/chat/completions', 200), at('x.1', '/v1/responses', 502), at('x.2', '/v1/responses', 502)]
  expect(codeAmong(found('x.0'), [at('x.0', '/v1/responses', 502), ...others], cause)).toBe(3)
})

test('what breaks off on the way was not judged', () => {
  expect(codeOf(found('x.cut'), 200, { ...madeUpCause, layer: 'network' })).toBe(3)
})

function at(id: string, path: string, status: number | undefined, form: 'plain' | 'stream' = 'plain'): Exchange {
  const { status: _, ...made } = madeUpExchange([], id)
  return { ...made, ...(status === undefined ? {} : { status }), request: { ...made.request, method: 'POST', path, form } }
}

test.for([
  ['a route that never answers beside chats that are answered', [502, 502, 502], 200, 1],
  ['a route whose connections are closed', [undefined, undefined, undefined], 200, 1],
  ['a route that answers now and then', [502, 200, 502], 200, 3],
  ['a route that was asked too little', [502, 502], 200, 3],
  ['a route that never answers, and no chat that is answered', [502, 502, 502], 503, 3],
] as const)('%s', ([, statuses, chat, code]) => {
  const all = statuses.map((status, index) => at(`x.${index}`, '/v1/responses', status))
  const others = [at('x.chat', '/v1/chat/completions', chat), at('x.stream', '/v1/responses', 200, 'stream')]
  expect(codeAmong(found('x.0'), [...all, ...others])).toBe(code)
})

test('a route that never answers explains no failure of another', () => {
  const never = [502, 502, 502].map((status, index) => at(`x.${index}`, '/v1/responses', status))
  const chats = [at('x.chat', '/v1/chat/completions', 200), at('x.other', '/v1/chat/completions', 502)]
  const both = { findings: [found('x.0'), found('x.other')].flatMap(({ findings = [] }) => findings) }
  expect(codeAmong(both, [...never, ...chats])).toBe(3)
})

test.for([
  ['applied', 0],
  ['unused', 0],
  ['elsewhere', 0],
  ['expired', 1],
  ['stale', 1],
] as const)('a waiver that is %s', ([state, code]) => {
  const waiver = {
    check: 'a',
    expect: 'failed',
    reason: 'b',
    link: 'c',
    owner: 'd',
    expires: '2026-12-31',
    daysLeft: 3,
    at: 'w:1',
  } as const
  const { ended } = madeUpRun()
  const run = madeUpRun({ ended: { ...(ended as NonNullable<typeof ended>), waivers: [{ ...waiver, state, verdicts: [] }] } })
  const about = { verdicts: [madeUpVerdict()], exchanges: new Map(), partial: false }
  expect(gate({ run, ...about }).code).toBe(code)
  expect(gate({ run: { ...run, failOn: 'never' }, ...about }).code).toBe(0)
})

test.for(['errors-replaced', 'refusals-wrong', 'refusals-mislabelled', 'key-repeated'] as const)(
  'what %s says of refusals is judged',
  (id) => {
    expect(codeOf(found('x.plain'), 401, { ...inFront, id })).toBe(1)
  },
)

test('a cause in the server fails the run', () => {
  expect(codeOf(found('x.cut'), 200, { ...madeUpCause, layer: 'pod' })).toBe(1)
  expect(codeOf(found('x.plain'), 502, { ...madeUpCause, layer: 'pod' })).toBe(1)
})

test('a gateway that puts a status of its own in place of refusals fails the run: it was judged', () => {
  expect(codeOf(found('x.plain'), 502, { ...madeUpCause, id: 'errors-replaced', layer: 'network' })).toBe(1)
})

const article = (outcome: Verdict['outcome']): Verdict[] =>
  ['plain', 'stream'].map((form) => madeUpVerdict({ id: `auto.article:${form}`, outcome }))

const codeWith = (...verdicts: Verdict[]): number => gate({ run: madeUpRun(), verdicts, exchanges: new Map(), partial: false }).code

test('calls that come as malformed markup leave a run without a rate unjudged', () => {
  const malformed = madeUpVerdict({ id: 'content.malformed-markup', level: 'SHOULD', outcome: 'failed' })
  expect(codeWith(...article('inconclusive'), malformed, madeUpVerdict())).toBe(3)
  expect(codeWith(...article('inconclusive'), malformed, madeUpVerdict(), madeUpVerdict({ id: 'auto.calls' }))).toBe(0)
  expect(codeWith(...article('inconclusive'), madeUpVerdict())).toBe(0)
  expect(codeWith(...article('passed'), malformed, madeUpVerdict())).toBe(0)
  expect(codeWith(...article('passed').slice(1), ...article('inconclusive').slice(1), malformed, madeUpVerdict())).toBe(0)
  expect(codeWith(malformed, madeUpVerdict())).toBe(0)
  expect(codeWith(...article('inconclusive'), { ...malformed, id: 'content.special-tokens' }, madeUpVerdict())).toBe(0)
  expect(codeWith(...article('inconclusive'), { ...malformed, outcome: 'passed' }, madeUpVerdict())).toBe(0)
  expect(codeWith(...article('inconclusive'), madeUpVerdict({ id: 'content.markup', outcome: 'waived' }), madeUpVerdict())).toBe(3)
})
