// @module-tag slow
import { describe, expect, test } from 'vitest'
import type { Fault } from './fault.ts'
import { classes } from './faults/classes.ts'
import { faultOf, faults } from './faults/index.ts'
import {
  answered,
  broken,
  counted,
  echoes,
  get,
  named,
  none,
  noTools,
  oneCall,
  pair,
  plain,
  required,
  respond,
  smallTalk,
  streamed,
  tell,
  tokenized,
  truncated,
  twoCalls,
  typed,
  zeroCall,
} from './faults/triggers.ts'
import { newestOfKaito, profiles } from './profiles.ts'
import { createVllm, type MockAnswer, type MockRequest } from './vllm.ts'

/** Everything that a client can see of the trigger, as text. */
function play(fault: Fault, on: boolean): string {
  const vllm = createVllm({
    ...(on ? { fault } : {}),
    ...(fault.needsKey ? { apiKey: 'sk-test' } : {}),
    clock: () => 1_800_000_000_000,
    seed: 7,
  })
  return fault.trigger
    .map((step) => {
      if (!step.meanwhile) return shown(vllm.answer(step))
      const answer = vllm.begin(step)
      if (step.meanwhile === 'leaves') vllm.disconnected(answer.id, 1)
      return shown(answer)
    })
    .join('\n--\n')
}

function shown({ status, headers, chunks, end, head }: MockAnswer): string {
  const body = Buffer.concat(chunks.map(({ bytes }) => bytes)).toString()
  return [status, JSON.stringify(headers), head ? Buffer.from(head).toString() : '', body, end].join('\n')
}

describe('faults', () => {
  test.each(faults.map((fault) => [fault.id, fault] as const))('%s shows on its trigger', (id, fault) => {
    const healthy = play(fault, false)
    const faulty = play(fault, true)
    expect(faulty, 'the trigger is answered alike with the fault and without it').not.toBe(healthy)
    expect(faulty).toBe(play(fault, true))
    expect(faulty).not.toContain(id)
    expect(faulty).not.toContain(fault.what)
  })

  test('have names of their own and a sentence', () => {
    const ids = faults.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.length).toBeGreaterThanOrEqual(300)
    for (const { id, what } of faults) {
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)+$/)
      expect(what).toMatch(/^[A-Za-z[].*\.$/)
    }
  })

  test('cover every class', () => {
    const covered = new Set(faults.map((fault) => fault.class as string | undefined))
    expect(Object.keys(classes).filter((kind) => !covered.has(kind))).toEqual([])
  })

  test('an unknown name is answered with the nearest', () => {
    expect(() => faultOf('done-mising')).toThrow('the nearest is done-missing')
  })
})

const badJson = { ...plain({}), body: '{"messages": [' }
const asked: Record<string, unknown>[] = [
  oneCall,
  twoCalls,
  zeroCall,
  required,
  named,
  none,
  noTools,
  smallTalk,
  typed,
  truncated,
  echoes('"}'),
  { ...required, max_tokens: 7 },
  { ...noTools, model: 'other' },
  {},
]
const bodies: Record<string, unknown>[] = [
  ...asked,
  pair,
  broken,
  answered('18'),
  { ...twoCalls, max_tokens: 1 },
  { ...twoCalls, max_tokens: 12 },
  { ...twoCalls, max_tokens: 20 },
  { ...oneCall, logprobs: true, top_logprobs: 2, stop: ['Par'] },
  { ...oneCall, parallel_tool_calls: false, tool_choice: null },
  { ...noTools, tools: [] },
  { ...oneCall, tool_choice: 'sometimes' },
  { messages: 'x' },
  { messages: [null] },
  { messages: [], tools: [null] },
]
const varied: MockRequest[] = [
  ...bodies.flatMap((body) => [plain(body), streamed(body)]),
  ...asked.flatMap((body) => [respond(body), respond(body, { stream: true }), tell(body), tell(body, { stream: true })]),
  counted({ ...pair, max_tokens: 30 }),
  counted(twoCalls),
  tokenized(oneCall),
  tokenized({}),
  tokenized({ prompt: 'x' }),
  badJson,
  { ...badJson, body: '[]' },
  { ...badJson, body: 'null' },
  { ...badJson, path: '/v1/responses' },
  { ...badJson, path: '/v1/messages' },
  { ...plain(noTools), headers: {} },
  ...['/v1/models', '/v1/models/x', '/health', '/version', '/metrics', '/nothing', '/v1/chat/completions', '/v1/messages'].map(get),
]

/** Faults that answer a body without messages with another status than 400. */
const answersBadBodies = new Set([
  'missing-messages-accepted',
  'missing-messages-500',
  'error-as-detail',
  'error-with-status-200',
  // A proxy does not look at what it gives up on.
  'proxy-gives-up-after-ten-seconds',
])

/** One profile of each kind of server besides the default one; of vLLM the oldest that was recorded. */
const others = [
  ...new Map(
    Object.values(profiles)
      .filter(({ id, dialect, unrecorded }) => id !== newestOfKaito && (dialect !== 'vllm' || unrecorded === undefined))
      .toReversed()
      .map(({ id, dialect }) => [dialect, id]),
  ).values(),
]

describe('every fault', () => {
  test.each(faults.map((fault, i) => [fault.id, fault, others[i % others.length]!] as const))(
    '%s answers whatever is asked',
    (id, fault, other) => {
      for (const profile of [newestOfKaito, other]) {
        const vllm = createVllm({ profile, fault, ...(fault.needsKey ? { apiKey: 'k' } : {}) })
        for (const request of profile === other ? varied.filter((_request, n) => n % 3 === 0) : varied)
          vllm.answer(fault.needsKey ? { ...request, headers: { ...request.headers, authorization: 'Bearer k' } } : request)
      }
      const vllm = createVllm({ fault })
      const statuses = [vllm.answer(plain({})).status, vllm.answer(plain({ tools: oneCall['tools'] })).status]
      expect(statuses.some((status) => status !== 400)).toBe(answersBadBodies.has(id))
    },
  )
})

test('healthy servers answer whatever is asked', () => {
  for (const profile of Object.keys(profiles)) {
    for (const parser of ['hermes', 'hermes-without-auto', 'none'] as const) {
      const vllm = createVllm({ profile, parser })
      for (const request of varied) expect(vllm.answer(request).status).toBeLessThan(500)
    }
  }
})
