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
} from './faults/triggers.ts'
import { record } from './json.ts'
import { profiles } from './profiles.ts'
import { createVllm, type MockAnswer, type Vllm, type VllmOptions } from './vllm.ts'

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

function textOf(answer: MockAnswer): string {
  return Buffer.concat(answer.chunks.map(({ bytes }) => bytes)).toString()
}

function bodyOf(answer: MockAnswer): Plain {
  const body: Plain = JSON.parse(textOf(answer))
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
  for (const block of textOf(answer).split('\n\n')) {
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
  return textOf(vllmOf({ seed }).answer(plain(oneCall)))
}

function callsOf(options: VllmOptions, body: Record<string, unknown>): string[] {
  const [choice] = bodyOf(vllmOf(options).answer(plain(body))).choices
  return (choice!.message.tool_calls ?? []).map((call) => `${call.function.name} ${call.function.arguments}`)
}

function metric(vllm: Vllm, name: string): number {
  const line = textOf(vllm.answer(get('/metrics')))
    .split('\n')
    .find((text) => text.startsWith(name))
  return Number(line?.split(' ').at(-1))
}

describe.each(Object.keys(profiles))('vLLM %s', (profile) => {
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
    const count = (body: Record<string, unknown>): number => Number(record(JSON.parse(textOf(vllm.answer(tokenized(body)))))['count'])
    expect(count(oneCall)).toBeGreaterThan(count(noTools))
    expect(count(answered('a much longer result'))).toBeGreaterThan(count(answered('short')))
    const { tokens } = record(JSON.parse(textOf(vllm.answer(tokenized({ prompt: 'Grüße, 你好 👩‍💻!' })))))
    const back = vllm.answer({ ...tokenized({}), path: '/detokenize', body: JSON.stringify({ tokens }) })
    expect(JSON.parse(textOf(back))).toEqual({ prompt: 'Grüße, 你好 👩‍💻!' })
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
    [{ max_tokens: 99_999 }, 'maximum context length is 16384'],
    [{ tools: [{ type: 'function', function: {} }] }, 'Field required'],
  ])('refuses %o', (fields, text) => {
    for (const profile of Object.keys(profiles)) {
      const answer = vllmOf({ profile }).answer(plain({ ...noTools, ...fields }))
      expect(answer.status).toBe(400)
      expect(textOf(answer)).toContain(text)
      expect(textOf(answer)).not.toContain('File ')
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

  test('unknown names are refused with the nearest', () => {
    expect(() => createVllm({ profile: '0.25' })).toThrow('the nearest is 0.25.1')
    expect(() => createVllm({ fault: 'done-missin' })).toThrow('the nearest is done-missing')
  })

  test('answers in well under half a millisecond', () => {
    const vllm = vllmOf()
    const request = streamed(oneCall)
    for (let i = 0; i < 200; i++) vllm.answer(request)
    const start = performance.now()
    for (let i = 0; i < 500; i++) vllm.answer(request)
    expect((performance.now() - start) / 500).toBeLessThan(2)
  })
})
