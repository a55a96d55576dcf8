import { describe, expect, test } from 'vitest'
import {
  plain,
  streamed,
  get,
  oneCall,
  twoCalls,
  noTools,
  required,
  named,
  none,
  truncated,
  echoes,
  typed,
  pair,
  counted,
  tokenized,
  answered,
  respond,
  tell,
} from './faults/triggers.ts'
import { list, record } from './json.ts'
import { profiles } from './profiles.ts'
import { createVllm, type MockAnswer, type Vllm, type VllmOptions } from './vllm.ts'
import { workOf } from '../../testing/work.ts'

const clock = (): number => 1_800_000_000_000

interface Plain {
  id: string
  choices: {
    message: { content: string | null; tool_calls?: { id: string; function: { name: string; arguments: string } }[] }
    finish_reason: string
    logprobs: { content: { token: string; bytes: number[]; top_logprobs: unknown[] }[] } | null
  }[]
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number }
}

function bodyText(answer: MockAnswer): string {
  return Buffer.concat(answer.chunks.map(({ bytes }) => bytes)).toString()
}

/** All that a client could tell one answer from another by. */
function sent({ chunks, ...rest }: MockAnswer): string {
  return JSON.stringify({ ...rest, chunks: chunks.map(({ afterMs, bytes }) => `${afterMs} ${Buffer.from(bytes).toString('latin1')}`) })
}

function bodyOf(answer: MockAnswer): Plain {
  const body: Plain = JSON.parse(bodyText(answer))
  return body
}

interface Streamed {
  text: string
  calls: { name: string; arguments: string }[]
  finish: string | null
  usage?: Plain['usage']
  tokens: string
}

function assemble(answer: MockAnswer): Streamed {
  const out: Streamed = { text: '', calls: [], finish: null, tokens: '' }
  for (const block of bodyText(answer).split('\n\n')) {
    if (!block.startsWith('data: {')) continue
    const chunk: {
      usage?: Plain['usage']
      choices: {
        delta: { content?: string | null; tool_calls?: { index: number; id?: string; function: { name?: string; arguments?: string } }[] }
        logprobs: { content: { token: string }[] } | null
        finish_reason: string | null
      }[]
    } = JSON.parse(block.slice(6))
    if (chunk.usage) out.usage = chunk.usage
    for (const { delta, finish_reason: finish, logprobs } of chunk.choices) {
      out.text += delta.content ?? ''
      out.finish = finish ?? out.finish
      out.tokens += (logprobs?.content ?? []).map(({ token }) => token).join('')
      for (const entry of delta.tool_calls ?? []) {
        const call = (out.calls[entry.index] ??= { name: '', arguments: '' })
        call.name += entry.function.name ?? ''
        call.arguments += entry.function.arguments ?? ''
      }
    }
  }
  return out
}

function vllmOf(options: VllmOptions = {}): Vllm {
  return createVllm({ clock, ...options })
}

function bytesOf(seed: number): string {
  return bodyText(vllmOf({ seed }).answer(plain(oneCall)))
}

function callsOf(options: VllmOptions, body: Record<string, unknown>): string[] {
  const [choice] = bodyOf(vllmOf(options).answer(plain(body))).choices
  return (choice!.message.tool_calls ?? []).map((call) => `${call.function.name} ${call.function.arguments}`)
}

function metric(vllm: Vllm, name: string): number {
  const line = bodyText(vllm.answer(get('/metrics')))
    .split('\n')
    .find((text) => text.startsWith(name))
  return Number(line?.split(' ').at(-1))
}

// A server with a fault works out every answer, even where the fault does nothing.
const doesNothing = { id: 'does-nothing', what: 'Nothing.', trigger: [] }

describe.each(Object.keys(profiles))('vLLM %s', (profile) => {
  test.each(['token', 'byte', 'whole', 3] as const)(
    'an answer given again is the one that would be worked out, chunking %s',
    (chunking) => {
      let now = clock()
      const options: VllmOptions = { profile, chunking, latencyMs: 3, gapMs: 2, queueLimit: 3, clock: () => now }
      const [vllm, worksOut] = [createVllm(options), createVllm({ ...options, fault: doesNothing })]
      const bodies = [oneCall, twoCalls, noTools, required, named, none, typed, truncated, pair, { ...oneCall, logprobs: true }]
      const asked = [
        ...bodies.flatMap((body) => [plain(body), streamed(body), counted(body)]),
        ...[oneCall, named, noTools].flatMap((body) => [
          respond(body),
          respond({ ...body, stream: true }),
          tell(body),
          tell({ ...body, stream: true }),
        ]),
        plain(oneCall, { headers: { 'content-type': 'application/json', 'x-request-id': 'mine' } }),
        plain(oneCall, { headers: { 'content-type': 'text/plain' } }),
        get('/metrics'),
      ]
      for (let round = 0; round < 5; round += 1) {
        now += 1000
        for (const request of asked) expect(sent(vllm.answer(request))).toBe(sent(worksOut.answer(request)))
      }
      expect(new Set(Array.from({ length: 9 }, () => bodyText(vllm.answer(plain(oneCall))))).size).toBe(9)
    },
  )

  test.each(['token', 'byte', 'whole', 3] as const)('plain and streamed answers agree, chunking %s', (chunking) => {
    for (const body of [oneCall, twoCalls, noTools, required, named, none, typed, echoes('say "hi" \\ }] 你好 👩‍💻')]) {
      const vllm = vllmOf({ profile, chunking })
      const [choice] = bodyOf(vllm.answer(plain(body))).choices
      const stream = assemble(vllm.answer(streamed(body)))
      expect(stream.calls).toEqual((choice!.message.tool_calls ?? []).map((call) => call.function))
      expect(stream.text.trim()).toBe(choice!.message.content ?? '')
      for (const call of stream.calls) JSON.parse(call.arguments)
    }
  })

  test('usage agrees with the stream, the tokens and the counters', () => {
    const vllm = vllmOf({ profile })
    const whole = bodyOf(vllm.answer(plain({ ...oneCall, logprobs: true, top_logprobs: 2 })))
    const stream = assemble(vllm.answer(counted(oneCall)))
    const logprobs = whole.choices[0]!.logprobs!.content
    expect(stream.usage).toEqual(expect.objectContaining({ completion_tokens: whole.usage.completion_tokens }))
    expect(whole.usage.total_tokens).toBe(whole.usage.prompt_tokens + whole.usage.completion_tokens)
    expect(logprobs).toHaveLength(whole.usage.completion_tokens)
    expect(logprobs.every(({ token, bytes, top_logprobs: top }) => Buffer.from(bytes).toString() === token && top.length === 2)).toBe(true)
    expect(logprobs.map(({ token }) => token).join('')).toContain('"location": "Paris"')
    if (profiles[profile]!.dialect === 'openai') return
    expect(metric(vllm, 'vllm:generation_tokens_total')).toBe(2 * whole.usage.completion_tokens)
    expect(metric(vllm, 'vllm:prompt_tokens_total')).toBe(2 * whole.usage.prompt_tokens)
    expect(metric(vllm, 'vllm:request_success_total{engine="0",finished_reason="stop"')).toBe(2)
    expect(metric(vllm, 'vllm:num_requests_running')).toBe(0)
  })

  test('a cut says length in both forms, and n gives n answers', () => {
    const vllm = vllmOf({ profile })
    expect(bodyOf(vllm.answer(plain(truncated))).choices[0]!.finish_reason).toBe('length')
    expect(assemble(vllm.answer(streamed(truncated))).finish).toBe('length')
    expect(bodyOf(vllm.answer(plain(truncated))).usage.completion_tokens).toBe(24)
    if (profiles[profile]!.dialect === 'vllm-rust') return
    const ids = bodyOf(vllm.answer(plain(pair))).choices.flatMap(({ message }) => message.tool_calls!.map(({ id }) => id))
    expect(new Set(ids).size).toBe(2)
  })
})

function tool(name: string, description: string, parameters?: unknown): unknown {
  return { type: 'function', function: { name, description, parameters } }
}

function ask(content: string, ...tools: unknown[]): Record<string, unknown> {
  return { messages: [{ role: 'user', content }], tools }
}

function say(body: Record<string, unknown>): string | null {
  return bodyOf(vllmOf().answer(plain(body))).choices[0]!.message.content
}

describe('the model', () => {
  test('calls a tool once for each of two cities, and two tools for two questions', () => {
    expect(callsOf({}, twoCalls)).toEqual(['get_weather {"location": "Paris"}', 'get_weather {"location": "Tokyo"}'])
    const body = {
      ...oneCall,
      messages: [{ role: 'user', content: 'What is the weather in San Francisco, CA, and what time is it in Tokyo?' }],
    }
    expect(callsOf({}, body)).toEqual(['get_weather {"location": "San Francisco, CA"}', 'get_time {"city": "Tokyo"}'])
    expect(callsOf({}, { ...twoCalls, parallel_tool_calls: false })).toHaveLength(1)
  })

  test('fills schemas with references, unions, lists, constants and numbers', () => {
    const parameters = {
      type: 'object',
      $defs: { place: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } },
      properties: {
        place: { $ref: '#/$defs/place' },
        nights: { type: 'integer' },
        class: { enum: ['economy', 'business'] },
        token: { const: 'x7' },
        note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      },
      required: ['place', 'nights', 'class', 'token'],
    }
    const body = ask('Book a hotel in Berlin for 3 nights, business please.', tool('book_hotel', 'Book a hotel', parameters))
    expect(callsOf({}, body)).toEqual(['book_hotel {"place": {"city": "Berlin"}, "nights": 3, "class": "business", "token": "x7"}'])
    expect(
      callsOf(
        {},
        ask(
          'Add 2 and 40.',
          tool('add', 'Add numbers', {
            type: 'object',
            properties: { a: { type: 'number' }, b: { type: 'number' } },
            required: ['a', 'b'],
          }),
        ),
      ),
    ).toEqual(['add {"a": 2, "b": 40}'])
  })

  test('keeps integers that a double cannot hold', () => {
    const body = ask(
      'Use count with {"n": 0}',
      tool('count', 'Count', { type: 'object', properties: { n: { const: 1 } }, required: ['n'] }),
    )
    const request = plain(body)
    const [choice] = bodyOf(vllmOf().answer({ ...request, body: request.body.replace('"const":1', '"const":9007199254740993') })).choices
    expect(choice!.message.tool_calls![0]!.function.arguments).toBe('{"n": 9007199254740993}')
  })

  test('tells the result of a tool, says what it is asked to say, and obeys stop and formats', () => {
    expect(say(answered('{"temperature": 98}'))).toContain('{"temperature": 98}')
    expect(say(answered([{ type: 'text', text: 'nonce-77' }]))).toContain('nonce-77')
    expect(say(noTools)).toBe('hello to the world')
    expect(say({ ...noTools, stop: ['the'] })).toBe('hello to ')
    expect(say(none)).not.toContain('<tool_call>')
    const schema = { type: 'object', properties: { city: { type: 'string' }, n: { type: 'integer' } }, required: ['city', 'n'] }
    const format = { type: 'json_schema', json_schema: { name: 'x', schema } }
    expect(say({ messages: [{ role: 'user', content: 'Rate the city of Paris from 1 to 5: 4' }], response_format: format })).toBe(
      '{"city": "Paris", "n": 1}',
    )
  })

  test('the prompt grows with tools and results, and survives the way through numbers', () => {
    const vllm = vllmOf()
    const count = (body: Record<string, unknown>): number => Number(record(JSON.parse(bodyText(vllm.answer(tokenized(body)))))['count'])
    expect(count(oneCall)).toBeGreaterThan(count(noTools))
    expect(count(answered('a much longer result'))).toBeGreaterThan(count(answered('short')))
    const { tokens } = record(JSON.parse(bodyText(vllm.answer(tokenized({ prompt: 'Grüße, 你好 👩‍💻!' })))))
    const back = vllm.answer({ ...tokenized({}), path: '/detokenize', body: JSON.stringify({ tokens }) })
    expect(JSON.parse(bodyText(back))).toEqual({ prompt: 'Grüße, 你好 👩‍💻!' })
  })
})

describe('the server', () => {
  test('gives equal bytes for equal seeds and other ids for other seeds', () => {
    expect(bytesOf(3)).toBe(bytesOf(3))
    expect(bytesOf(3)).not.toBe(bytesOf(4))
  })

  test.each([
    [{ temperature: 3 }, 'temperature must be in [0, 2]'],
    [{ max_tokens: 0 }, 'max_tokens must be at least 1, got 0.'],
    [{ n: 0 }, 'n must be at least 1'],
    [{ n: 2, temperature: 0 }, 'greedy sampling'],
    [{ top_logprobs: 2 }, '`logprobs` must be set to true'],
    [{ stream_options: { include_usage: true } }, 'Stream options can only be defined'],
    [{ messages: 'hi' }, 'Input should be a valid list'],
    [{ max_tokens: 99_999 }, 'maximum context length is 32768'],
    [{ tools: [{ type: 'function', function: {} }] }, 'Field required'],
  ])('refuses %o', (fields, text) => {
    for (const { id: profile, dialect } of Object.values(profiles)) {
      if (dialect !== 'vllm') continue
      const answer = vllmOf({ profile }).answer(plain({ ...noTools, ...fields }))
      expect(answer.status).toBe(400)
      expect(bodyText(answer)).toContain(text)
      expect(bodyText(answer)).not.toContain('File ')
    }
  })

  test('an abort counts as abort and frees its place', () => {
    const vllm = vllmOf()
    const answer = vllm.begin(streamed(noTools))
    expect(metric(vllm, 'vllm:num_requests_running')).toBe(1)
    vllm.disconnected(answer.id, 2)
    vllm.disconnected(answer.id, 2)
    expect(metric(vllm, 'vllm:num_requests_running')).toBe(0)
    expect(metric(vllm, 'vllm:request_success_total{engine="0",finished_reason="abort"')).toBe(1)
  })

  test('an unknown profile is refused with the nearest', () => {
    expect(() => createVllm({ profile: '0.25' })).toThrow('the nearest is 0.25.1')
  })

  test('answers with less work than reading and writing the JSON of the answer forty times, and twice when asked again', () => {
    const [vllm, worksOut] = [vllmOf(), vllmOf({ fault: doesNothing })]
    const request = streamed(oneCall)
    const events = bodyText(vllm.answer(request))
      .split('\n\n')
      .flatMap((block) => (block.startsWith('data: {') ? block.slice('data: '.length) : []))
    const answering = (by: Vllm) => (): void => {
      for (let i = 0; i < 500; i++) by.answer(request)
    }
    const reference = (): void => {
      for (let i = 0; i < 500; i++) for (const event of events) JSON.stringify(JSON.parse(event))
    }
    for (const warming of [answering(vllm), answering(worksOut), reference]) warming()
    expect(workOf(answering(worksOut))).toBeLessThan(40 * workOf(reference))
    expect(workOf(answering(vllm))).toBeLessThan(2 * workOf(reference))
  })
})

describe("KAITO's queue guard", () => {
  test('refuses what is too much, counts it, and lets other paths through', () => {
    const vllm = vllmOf({ queueLimit: 1 })
    const first = vllm.begin(streamed(noTools))
    const refused = vllm.answer(plain(noTools))
    expect([refused.status, JSON.parse(bodyText(refused))]).toEqual([
      429,
      {
        error: {
          message: 'Too many requests: waiting queue (2) exceeds max-num-seqs (1).',
          type: 'requests',
          param: null,
          code: 'rate_limit_exceeded',
        },
      },
    ])
    expect(vllm.answer(tokenized(noTools)).status).toBe(429)
    expect(vllm.answer(respond(noTools)).status).toBe(200)
    expect(vllm.answer(get('/v1/models')).status).toBe(200)
    vllm.finished(first.id)
    expect(vllm.answer(plain(noTools)).status).toBe(200)
    expect(metric(vllm, 'kaito_ratelimit_rejected_total')).toBe(2)
    expect(bodyText(vllmOf().answer(get('/metrics')))).not.toContain('kaito_')
  })
})

interface Named {
  type: string
  item?: Record<string, unknown>
  item_id?: string
  delta?: unknown
  sequence_number?: number
  response?: Record<string, unknown>
}

function namedOf(answer: MockAnswer): Named[] {
  return bodyText(answer)
    .split('\n\n')
    .filter(Boolean)
    .map((block) => {
      const [event, data] = block.split('\n')
      const parsed: Named = JSON.parse(data!.slice('data: '.length))
      expect(event).toBe(`event: ${parsed.type}`)
      return parsed
    })
}

function callsIn(output: unknown): unknown[] {
  return list(output).map((item) => [record(item)['name'], record(item)['arguments']])
}

function inputIn(block: Record<string, unknown>): unknown {
  return block['type'] === 'tool_use' ? JSON.parse(String(block['so'])) : block['so']
}

/** Profiles that serve this path. */
const serving = (path: string): string[] => Object.keys(profiles).filter((id) => !profiles[id]!.without.includes(path))

describe.each(serving('/v1/responses'))('/v1/responses of %s', (profile) => {
  test.each([
    ['one call', oneCall],
    ['two calls', twoCalls],
    ['required', required],
    ['a named tool', named],
    ['text', noTools],
    ['a cut', truncated],
  ])('%s: events build what the last of them holds', (_title, body) => {
    const vllm = vllmOf({ profile })
    const events = namedOf(vllm.answer(respond(body, { stream: true })))
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, i) => i))
    const last = events.at(-1)!.response!
    expect(events.filter(({ type }) => type === 'response.output_item.done').map(({ item }) => ({ ...item, summary: undefined }))).toEqual(
      list(last['output']).map((item) => ({ ...record(item), summary: undefined })),
    )
    for (const item of list(last['output']).map(record)) {
      const deltas = events.filter((event) => event.item_id === item['id'] && typeof event.delta === 'string')
      const text = item['arguments'] ?? record(list(item['content'])[0])['text']
      expect(deltas.map(({ delta }) => delta).join('')).toBe(text)
    }
    const whole = record(JSON.parse(bodyText(vllm.answer(respond(body)))))
    expect(whole['status']).toBe(body === truncated ? 'incomplete' : 'completed')
    expect([last['status'], last['usage']]).toEqual([whole['status'], whole['usage']])
    if (body === truncated) return
    expect(callsIn(last['output'])).toEqual(callsIn(whole['output']))
  })

  test('refuses what does not fit', () => {
    const vllm = vllmOf({ profile })
    for (const [step, text] of [
      [respond(noTools, { tool_choice: 'required' }), "Tool choice 'required' must be specified with 'tools' parameter."],
      [respond(named, { tool_choice: { type: 'function', name: 'other' } }), "Tool choice 'function' not found in 'tools' parameter."],
      [respond({}, { input: undefined }), profile === 'openai' ? "'input'" : 'Field required'],
    ] as const) {
      const answer = vllm.answer(step)
      expect(answer.status).toBe(400)
      expect(record(record(JSON.parse(bodyText(answer)))['error'])['message']).toContain(text)
    }
  })
})

describe.each(serving('/v1/messages'))('/v1/messages of vLLM %s', (profile) => {
  test.each([
    ['one call', oneCall, 'tool_use'],
    ['two calls', twoCalls, 'tool_use'],
    ['any', required, 'tool_use'],
    ['a forced tool', named, 'tool_use'],
    ['text', noTools, 'end_turn'],
    ['a cut', truncated, 'max_tokens'],
  ])('%s: blocks agree and are closed', (_title, body, reason) => {
    const vllm = vllmOf({ profile })
    const whole = record(JSON.parse(bodyText(vllm.answer(tell(body)))))
    const events = namedOf(vllm.answer(tell(body, { stream: true }))).map((event): Record<string, unknown> => ({ ...event }))
    const blocks: Record<string, unknown>[] = []
    for (const event of events) {
      const delta = record(event['delta'])
      if (event['type'] === 'content_block_start') blocks[Number(event['index'])] = { ...record(event['content_block']), so: '' }
      const block = blocks[Number(event['index'])]
      if (event['type'] === 'content_block_delta' && block)
        block['so'] = `${String(block['so'])}${String(delta['text'] ?? delta['partial_json'])}`
    }
    expect(events.filter(({ type }) => type === 'content_block_stop')).toHaveLength(blocks.length)
    expect([whole['stop_reason'], record(events.at(-2)!['delta'])['stop_reason']]).toEqual([reason, reason])
    expect(record(events.at(-2)!['usage'])).toEqual(whole['usage'])
    if (body === truncated) return
    expect(blocks.map(inputIn)).toEqual(list(whole['content']).map((block) => record(block)['input'] ?? record(block)['text']))
  })

  test('refuses in its own envelope, and by schema in that of chat', () => {
    const vllm = vllmOf({ profile })
    const other = vllm.answer(tell(named, { tool_choice: { type: 'tool', name: 'other' } }))
    expect([other.status, JSON.parse(bodyText(other))]).toMatchObject([
      400,
      { type: 'error', error: { type: profiles[profile]!.messages.errorTypes === 'vllm' ? 'BadRequestError' : 'invalid_request_error' } },
    ])
    const missing = vllm.answer(tell(noTools, { max_tokens: undefined }))
    expect([missing.status, bodyText(missing)]).toEqual([400, expect.stringContaining('Field required')])
    expect(vllmOf({ profile, apiKey: 'k' }).answer(tell(noTools)).status).toBe(401)
  })
})

describe('profiles beside the releases', () => {
  test('older releases lack the newer routes', () => {
    for (const [profile, step, status] of [
      ['0.9.0', respond(noTools), 404],
      ['0.10.1.1', respond(noTools), 200],
      ['0.10.1.1', tell(noTools), 404],
      ['vllm-rust', respond(noTools), 404],
      ['vllm-rust', tell(noTools), 404],
      ['openai', tell(noTools), 404],
    ] as const) {
      expect([profile, vllmOf({ profile }).answer(step).status]).toEqual([profile, status])
    }
  })

  test('calls are counted under the request type', () => {
    const vllm = vllmOf()
    vllm.answer(respond(oneCall))
    vllm.answer(tell(oneCall))
    const name =
      'vllm:tool_call_parser_invocations_total{mode="non_streaming",model_name="phi-4-mini-instruct",outcome="tool_call",request_type='
    expect([metric(vllm, `${name}"responses"`), metric(vllm, `${name}"chat_completions"`)]).toEqual([1, 1])
    expect(metric(vllm, 'vllm:request_success_total{engine="0",finished_reason="stop"')).toBe(2)
    expect(bodyText(vllm.answer(get('/metrics')))).toContain('http_requests_total{handler="/v1/messages",method="POST",status="2xx"} 1.0')
  })

  test.each([
    ['vllm-rust', { n: 2, temperature: 1 }, 400, 'invalid_request_error', 'Only n=1 is supported.'],
    ['vllm-rust', { model: 'other' }, 404, 'model_not_found', 'does not exist'],
    [
      'vllm-rust',
      { tools: oneCall['tools'], tool_choice: { type: 'allowed_tools' } },
      400,
      'invalid_request_error',
      'is not supported yet',
    ],
    ['openai', { model: 'other' }, 404, 'model_not_found', 'does not exist or you do not have access'],
    ['openai', { messages: undefined }, 400, 'missing_required_parameter', "'messages'"],
    ['openai', { messages: [{ role: 'tool', tool_call_id: 'x', content: '' }] }, 400, null, 'must be a response to'],
    ['openai', { tools: [] }, 400, 'empty_array', "'tools'"],
    ['openai', { tool_choice: 'required' }, 400, null, "only allowed when 'tools' are specified"],
    ['openai', { temperature: 3 }, 400, null, 'temperature'],
  ])('%s refuses %j', (profile, fields, status, code, text) => {
    const answer = vllmOf({ profile }).answer(plain({ ...noTools, ...fields }))
    const { error } = record(JSON.parse(bodyText(answer)))
    expect([answer.status, error]).toMatchObject([status, { type: 'invalid_request_error', code }])
    expect(record(error)['message']).toContain(text)
  })

  test('openai has no routes of vLLM, and objects as errors', () => {
    const vllm = vllmOf({ profile: 'openai', apiKey: 'sk-test' })
    for (const path of ['/health', '/version', '/metrics', '/tokenize']) {
      const answer = vllm.answer(get(path))
      expect([path, answer.status, JSON.parse(bodyText(answer))]).toMatchObject([
        path,
        404,
        { error: { type: 'invalid_request_error', code: null } },
      ])
    }
    const wrong = vllm.answer(plain(noTools, { headers: { 'content-type': 'application/json', authorization: 'Bearer x' } }))
    expect([wrong.status, JSON.parse(bodyText(wrong))]).toMatchObject([401, { error: { code: 'invalid_api_key' } }])
  })

  test('openai and the Rust server stream in their own shapes', () => {
    const chunksOf = (profile: string): Record<string, unknown>[] =>
      bodyText(vllmOf({ profile }).answer(counted(oneCall)))
        .split('\n\n')
        .filter((block) => block.startsWith('data: {'))
        .map((block) => record(JSON.parse(block.slice(6))))
    const openai = chunksOf('openai')
    expect(openai.slice(0, -1).every((chunk) => chunk['usage'] === null && chunk['service_tier'] === 'default')).toBe(true)
    expect(openai[1]!['choices']).toMatchObject([
      { delta: { tool_calls: [{ index: 0, id: expect.stringMatching(/^call_/), function: { name: 'get_weather', arguments: '' } }] } },
    ])
    expect(JSON.stringify(openai)).not.toMatch(/stop_reason|token_ids/)
    const rust = chunksOf('vllm-rust')
    expect(rust[0]!['choices']).toEqual([{ index: 0, delta: { role: 'assistant' } }])
    expect(rust.filter((chunk) => JSON.stringify(chunk).includes('finish_reason'))).toHaveLength(1)
    expect(bodyOf(vllmOf({ profile: 'openai' }).answer(plain(required))).choices[0]!.message.content).toBeNull()
  })
})

test('a fingerprint of vLLM names its own version', () => {
  const own = Object.values(profiles).filter(({ fingerprint }) => fingerprint?.startsWith('vllm-') === true)
  expect(
    own.filter(({ version, fingerprint }) => fingerprint?.startsWith(`vllm-${version}-`) !== true).map(({ version }) => version),
  ).toEqual([])
  expect(own.length).toBeGreaterThan(0)
})
