import type { Step } from '../fault.ts'
import { list, record } from '../json.ts'

type Body = Record<string, unknown>

function tool(name: string, description: string, properties?: Body, required: string[] = Object.keys(properties ?? {})): Body {
  const parameters = properties === undefined ? undefined : { parameters: { type: 'object', properties, required } }
  return { type: 'function', function: { name, description, ...parameters } }
}

const text = { type: 'string' }
/** Tools that triggers offer. */
export const weather = tool('get_weather', 'Current weather of a place', { location: text, unit: { enum: ['celsius', 'fahrenheit'] } }, [
  'location',
])
export const clock = tool('get_time', 'Current time in a city', { city: text })
export const ping = tool('ping', 'Ping the service')
export const echo = tool('echo', 'Echo a text', { text })
export const note = tool('write_note', 'Write a note', {
  title: text,
  count: { type: 'integer' },
  ratio: { type: 'number' },
  urgent: { type: 'boolean' },
  color: { type: 'string', enum: ['red', 'none'] },
  code: text,
  author: { type: 'object', properties: { name: text }, required: ['name'] },
  parent: { anyOf: [text, { type: 'null' }] },
})
const noteArguments = {
  title: 'Blue',
  count: -3,
  ratio: 108.5,
  urgent: false,
  color: 'none',
  code: '007',
  author: { name: 'Zoë' },
  parent: null,
}

/** A user message. */
export function user(content: string): Body {
  return { role: 'user', content }
}

/** Bodies of chat requests, named after what they make the model do. */
export const oneCall: Body = { messages: [user('What is the weather in Paris?')], tools: [weather, clock] }
export const twoCalls: Body = { ...oneCall, messages: [user('What is the weather in Paris and Tokyo?')] }
export const zeroCall: Body = { messages: [user('Please ping.')], tools: [ping] }
export const zeroThenWeather: Body = {
  messages: [user('Call ping with {}, then call get_weather with {"location": "Paris"}.')],
  tools: [ping, weather],
}
export const smallTalk: Body = { messages: [user('Thank you very much.')], tools: [weather] }
export const noTools: Body = { messages: [user('Say hello to the world.')] }
export const required: Body = { ...oneCall, tool_choice: 'required' }
export const named: Body = { ...oneCall, tool_choice: { type: 'function', function: { name: 'get_weather' } } }
export const none: Body = { ...oneCall, tool_choice: 'none' }
export const pair: Body = { ...oneCall, n: 2, temperature: 0.5 }
export const truncated: Body = { ...echoes('one two three four five six seven eight nine ten eleven'), max_tokens: 24 }
export const talkFirst: Body = { ...oneCall, messages: [user('Think aloud. What is the weather in Paris?')] }
export const typed: Body = { messages: [user(`Use write_note with ${JSON.stringify(noteArguments)}`)], tools: [note] }
export const broken: Body = {
  messages: [user('Use broken.')],
  tools: [tool('broken', 'Broken', { x: { type: 'florb' } })],
  tool_choice: 'required',
}

/** A call of save whose only argument is this value of any type. */
export function saves(value: unknown): Body {
  return { messages: [user(`Use save with ${JSON.stringify({ kept: value })}`)], tools: [tool('save', 'Save a value', { kept: {} })] }
}

/** A call of echo whose only argument is the text. */
export function echoes(value: string): Body {
  return { messages: [user(`Use echo with ${JSON.stringify({ text: value })}`)], tools: [echo] }
}

/** A turn after a tool result. */
export function answered(result: unknown, args: unknown = '{"location": "Paris"}', history: Body = { content: null }): Body {
  const call = { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: args } }
  const asked = [user('What is the weather in Paris?'), { role: 'assistant', ...history, tool_calls: [call] }]
  return { messages: [...asked, { role: 'tool', tool_call_id: 'call_1', content: result }], tools: [weather] }
}

function post(path: string, body: unknown, more: Partial<Step> = {}): Step {
  return { method: 'POST', path, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), ...more }
}

/** A chat request for a plain answer. */
export function plain(body: Body, more?: Partial<Step>): Step {
  return post('/v1/chat/completions', { model: 'phi-4-mini-instruct', ...body }, more)
}

/** A chat request for a streamed answer. */
export function streamed(body: Body, more?: Partial<Step>): Step {
  return plain({ ...body, stream: true }, more)
}

/** A streamed chat request that asks for usage, in every chunk when `continuous`. */
export function counted(body: Body, continuous = false): Step {
  return streamed({ ...body, stream_options: { include_usage: true, ...(continuous ? { continuous_usage_stats: true } : {}) } })
}

/** A request to /tokenize. */
export function tokenized(body: Body): Step {
  return post('/tokenize', body)
}

/** A GET request. */
export function get(path: string): Step {
  return { method: 'GET', path, headers: {}, body: '' }
}

function flat(tools: unknown): Body[] {
  return list(tools).map((item) => ({ type: 'function', ...record(record(item)['function']) }))
}

/** A body of /v1/responses that asks what a chat body asks. */
export function respond(body: Body, more: Body = {}): Step {
  const asked = record(list(body['messages'])[0])['content']
  const choice = record(record(body['tool_choice'])['function'])['name']
  return post('/v1/responses', {
    model: 'phi-4-mini-instruct',
    input: asked,
    ...(body['tools'] ? { tools: flat(body['tools']) } : {}),
    ...(body['tool_choice'] ? { tool_choice: choice ? { type: 'function', name: choice } : body['tool_choice'] } : {}),
    ...(body['max_tokens'] ? { max_output_tokens: body['max_tokens'] } : {}),
    ...more,
  })
}

/** A body of /v1/messages that asks what a chat body asks. */
export function tell(body: Body, more: Body = {}): Step {
  const name = record(record(body['tool_choice'])['function'])['name']
  const tools = list(body['tools']).map((item) => {
    const { name: called, description, parameters } = record(record(item)['function'])
    return { name: called, description, input_schema: parameters ?? { type: 'object', properties: {} } }
  })
  return post('/v1/messages', {
    model: 'phi-4-mini-instruct',
    max_tokens: body['max_tokens'] ?? 400,
    messages: body['messages'],
    ...(tools.length > 0 ? { tools } : {}),
    ...(body['tool_choice'] ? { tool_choice: name ? { type: 'tool', name } : { type: 'any' } } : {}),
    ...more,
  })
}
