import { isObject, list, record, word } from './json.ts'
import { refuse } from './refusal.ts'
import { strangeType } from './schema.ts'
import type { ChunkChoice, Completion, Event, MockRequest, Turn } from './wire.ts'

const invalidRequest = 'invalid_request_error'

function deny(message: string, param: string | null, code: string | null): never {
  return refuse(message, param, 400, invalidRequest, code)
}

function article(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return 'an object'
  return typeof value === 'number' ? (Number.isInteger(value) ? 'an integer' : 'a decimal') : `a ${typeof value}`
}

const kinds: Readonly<Record<string, readonly [wanted: string, test: (value: unknown) => boolean]>> = {
  stream: ['a boolean', (value) => typeof value === 'boolean'],
  stream_options: ['an object', isObject],
  n: ['an integer', Number.isInteger],
  max_tokens: ['an integer', Number.isInteger],
  max_completion_tokens: ['an integer', Number.isInteger],
  temperature: ['a decimal', (value) => typeof value === 'number'],
  top_p: ['a decimal', (value) => typeof value === 'number'],
  presence_penalty: ['a decimal', (value) => typeof value === 'number'],
  frequency_penalty: ['a decimal', (value) => typeof value === 'number'],
  logprobs: ['a boolean', (value) => typeof value === 'boolean'],
  top_logprobs: ['an integer', Number.isInteger],
  parallel_tool_calls: ['a boolean', (value) => typeof value === 'boolean'],
  tools: ['an array of objects', Array.isArray],
  response_format: ['an object', isObject],
}

/** Judges a chat body as the OpenAI API does. */
export function checkAsOpenAi(body: Record<string, unknown>): void {
  if (!body['model']) deny('you must provide a model parameter', null, null)
  const messages = body['messages']
  if (messages === undefined) deny("Missing required parameter: 'messages'.", 'messages', 'missing_required_parameter')
  if (!Array.isArray(messages)) {
    return deny(
      `Invalid type for 'messages': expected an array of objects, but got ${article(messages)} instead.`,
      'messages',
      'invalid_type',
    )
  }
  if (messages.length === 0) {
    deny(
      "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
      'messages',
      'empty_array',
    )
  }
  for (const [key, [wanted, test]] of Object.entries(kinds)) {
    const value = body[key]
    if (value !== undefined && value !== null && !test(value)) {
      deny(`Invalid type for '${key}': expected ${wanted}, but got ${article(value)} instead.`, key, 'invalid_type')
    }
  }
  if (isObject(body['stream_options']) && body['stream'] !== true) {
    deny("The 'stream_options' parameter is only allowed when 'stream' is enabled.", 'stream_options', null)
  }
  if (typeof body['top_logprobs'] === 'number' && body['logprobs'] !== true) {
    deny("The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.", 'top_logprobs', null)
  }
  checkHistory(messages)
  checkTools(body)
}

const roles = ['system', 'assistant', 'user', 'function', 'tool', 'developer']

function checkHistory(messages: readonly unknown[]): void {
  let open: string[] = []
  for (const [i, item] of messages.entries()) {
    if (!isObject(item))
      return deny(
        `Invalid type for 'messages[${i}]': expected an object, but got ${article(item)} instead.`,
        `messages[${i}]`,
        'invalid_type',
      )
    const { role } = item
    if (role === undefined) deny(`Missing required parameter: 'messages[${i}].role'.`, `messages[${i}].role`, 'missing_required_parameter')
    if (!roles.includes(word(role))) {
      deny(
        `Invalid value: '${word(role)}'. Supported values are: ${roles.map((name) => `'${name}'`).join(', ')}.`,
        `messages[${i}].role`,
        'invalid_value',
      )
    }
    if (role === 'tool') {
      if (!open.includes(word(item['tool_call_id']))) {
        deny(
          "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
          `messages.[${i}].role`,
          null,
        )
      }
      open = open.filter((id) => id !== item['tool_call_id'])
      continue
    }
    checkAnswered(open)
    open = list(item['tool_calls']).map((call) => word(record(call)['id']))
    if (Array.isArray(item['tool_calls']) && open.length === 0) {
      const text = `Invalid 'messages[${i}].tool_calls': empty array. Expected an array with minimum length 1, but got an empty array instead.`
      deny(text, `messages[${i}].tool_calls`, 'empty_array')
    }
    if (open.length === 0 && (item['content'] === null || item['content'] === undefined)) {
      deny(`Invalid value for 'content': expected a string, got null.`, `messages.[${i}].content`, null)
    }
  }
  checkAnswered(open)
}

function checkAnswered(open: readonly string[]): void {
  if (open.length === 0) return
  deny(
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. " +
      `The following tool_call_ids did not have response messages: ${open.join(', ')}`,
    'messages',
    null,
  )
}

function checkTools(body: Record<string, unknown>): void {
  const { tools, tool_choice: choice } = body
  if (Array.isArray(tools) && tools.length === 0) {
    deny("Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.", 'tools', 'empty_array')
  }
  for (const [i, tool] of list(tools).entries()) checkTool(tool, `tools[${i}]`)
  if (choice === undefined || choice === null || choice === 'none') return
  if (!Array.isArray(tools)) {
    return deny("Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.", 'tool_choice', null)
  }
  if (!isObject(choice)) {
    if (choice === 'auto' || choice === 'required') return
    deny(`Invalid value: '${word(choice)}'. Supported values are: 'none', 'auto', and 'required'.`, 'tool_choice', 'invalid_value')
  }
  const name = record(record(choice)['function'])['name']
  if (typeof name !== 'string' || name === '') {
    return deny("Missing required parameter: 'tool_choice.function'.", 'tool_choice.function', 'missing_required_parameter')
  }
  if (!tools.some((tool) => record(record(tool)['function'])['name'] === name)) {
    deny(`Invalid value for 'tool_choice': no function named '${name}' was specified in the 'tools' parameter.`, 'tool_choice', null)
  }
}

function checkTool(tool: unknown, at: string): void {
  if (!isObject(tool)) return deny(`Invalid type for '${at}': expected an object, but got ${article(tool)} instead.`, at, 'invalid_type')
  if (tool['type'] === undefined) deny(`Missing required parameter: '${at}.type'.`, `${at}.type`, 'missing_required_parameter')
  if (tool['type'] !== 'function') {
    deny(`Invalid value: '${word(tool['type'])}'. Supported values are: 'function' and 'custom'.`, `${at}.type`, 'invalid_value')
  }
  const described = tool['function']
  if (!isObject(described)) return deny(`Missing required parameter: '${at}.function'.`, `${at}.function`, 'missing_required_parameter')
  const { name, parameters } = described
  if (name === undefined) deny(`Missing required parameter: '${at}.function.name'.`, `${at}.function.name`, 'missing_required_parameter')
  if (typeof name !== 'string' || !/^[a-zA-Z0-9_-]{1,64}$/.test(name)) {
    const text = `Invalid '${at}.function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`
    deny(text, `${at}.function.name`, 'invalid_value')
  }
  if (parameters === undefined || parameters === null) return
  const strange = isObject(parameters) ? strangeType(parameters) : word(parameters)
  if (strange !== undefined) {
    const text = `Invalid schema for function '${word(name)}': '${strange}' is not valid under any of the given schemas.`
    deny(text, `${at}.function.parameters`, 'invalid_function_parameters')
  }
}

/** The refusal of a request without a good key. */
export function unauthorized(request: MockRequest): { message: string; code: string | null } {
  const key = (request.headers['authorization'] ?? '').split(' ')[1]
  if (!key) return { message: "You didn't provide an API key. You need to provide your API key in an Authorization header.", code: null }
  return { message: `Incorrect API key provided: ${'*'.repeat(key.length)}.`, code: 'invalid_api_key' }
}

const details = {
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
}

function choiceAsOpenAi(choice: ChunkChoice | Completion['choices'][number]): void {
  delete choice['stop_reason']
  if (isObject(choice['logprobs'])) choice['logprobs']['refusal'] = null
}

/** A plain answer as the OpenAI API writes it, in place. */
export function completionAsOpenAi(body: Completion, fingerprint: string | null): void {
  for (const choice of body.choices) {
    choiceAsOpenAi(choice)
    const { tool_calls: calls, ...message } = choice.message
    choice.message = { ...message, ...(calls ? { tool_calls: calls } : {}), annotations: [] }
  }
  Object.assign(body.usage ?? {}, details)
  Object.assign(body, { service_tier: 'default', system_fingerprint: fingerprint })
}

/** A stream as the OpenAI API writes it, in place. */
export function eventsAsOpenAi(events: Event[], turn: Turn, fingerprint: string | null): void {
  const all = events.flatMap((event) => ('chunk' in event ? event.chunk.choices : []))
  const spoken = new Set(all.filter(({ delta }) => !delta.tool_calls && delta.content).map(({ index }) => index))
  for (const event of events) {
    if (!('chunk' in event)) continue
    const { chunk } = event
    for (const choice of chunk.choices) {
      choiceAsOpenAi(choice)
      if ('role' in choice.delta) Object.assign(choice.delta, { ...(spoken.has(choice.index) ? {} : { content: null }), refusal: null })
      for (const entry of choice.delta.tool_calls ?? []) {
        if ('id' in entry && entry.function) entry.function.arguments ??= ''
      }
    }
    Object.assign(chunk, { service_tier: 'default', system_fingerprint: fingerprint })
    if (chunk.usage) Object.assign(chunk.usage, details)
    else if (turn.includeUsage) Object.assign(chunk, { usage: null })
  }
}
