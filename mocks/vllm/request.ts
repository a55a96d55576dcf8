import { dumps, isObject, list, parseJson, record, repr, word } from './json.ts'
import type { Format, Message, Tool } from './model.ts'
import type { MockProfile } from './profiles.ts'
import { countTokens } from './tokens.ts'
import { broken, expect, invalid, refuse, Refused } from './refusal.ts'
import { checkAsOpenAi } from './openai.ts'
import { checkAsRust, checkChoiceAsRust } from './rust.ts'
import { strangeType } from './schema.ts'
import type { Mode, Turn } from './wire.ts'

/** What the server was started with, as far as requests are judged by it. */
export interface Server {
  profile: MockProfile
  parser: 'hermes' | 'hermes-without-auto' | 'none'
  model: string
  maxModelLen: number
}

/** Parses a JSON body as FastAPI does for vLLM. */
export function readBody(text: string, contentType: string | undefined, profile: MockProfile): Record<string, unknown> {
  if ((contentType ?? '').split(';')[0]?.trim().toLowerCase() !== 'application/json') {
    const message = "Unsupported Media Type: Only 'application/json' is allowed"
    throw new Refused({ status: 400, message: `1 validation error:\n  ${message}`, type: profile.errors.type, param: null })
  }
  let body: unknown
  try {
    body = parseJson(text)
  } catch (error) {
    const at = Number(/position (\d+)/.exec(String(error))?.[1] ?? text.length)
    return invalid(profile, 'json_invalid', [at], 'JSON decode error', {}, undefined, "'Expecting value'")
  }
  if (!isObject(body)) {
    return invalid(profile, 'model_attributes_type', [], 'Input should be a valid dictionary or object to extract fields from', body)
  }
  return body
}

/** Judges a chat body; throws for what vLLM refuses, in vLLM's order. */
export function readTurn(body: Record<string, unknown>, server: Server, ordinal: number): Turn {
  const { profile } = server
  if (profile.dialect === 'openai') checkAsOpenAi(body)
  else {
    checkFields(body, profile)
    checkTools(body, profile)
  }
  if (profile.dialect === 'vllm-rust') checkAsRust(body)
  return turnOf(body, server, ordinal)
}

/** Judges what does not depend on the spelling of the request: model, parser, history, length, sampling, schemas. */
export function turnOf(body: Record<string, unknown>, server: Server, ordinal: number, asked = body): Turn {
  const { profile } = server
  const mode = modeOf(body)
  checkModel(body['model'], server)
  checkParser(body, mode, server)
  const tools = toolsOf(body)
  const messages = messagesOf(body['messages'], profile)
  const promptTokens = countTokens(render(messages, tools))
  const maxTokens = limitOf(body, promptTokens, server)
  checkSampling(body, profile)
  const turn: Turn = {
    body,
    asked,
    stream: body['stream'] === true,
    mode: mode === 'null' ? (server.parser === 'hermes' ? 'auto' : 'none') : mode,
    named: namedOf(body['tool_choice']),
    tools,
    messages,
    format: formatOf(body),
    parallel: body['parallel_tool_calls'] !== false || !profile.obeysParallelFalse,
    n: typeof body['n'] === 'number' ? body['n'] : 1,
    maxTokens,
    stop: [body['stop'] ?? []].flat().filter((item) => typeof item === 'string'),
    includeUsage: isObject(body['stream_options']) && body['stream_options']['include_usage'] === true,
    continuousUsage: false,
    logprobs: body['logprobs'] === true ? Number(body['top_logprobs'] ?? 0) : -1,
    promptTokens,
    ordinal,
  }
  turn.continuousUsage = turn.includeUsage && record(body['stream_options'])['continuous_usage_stats'] === true
  checkSchemas(turn, profile)
  return turn
}

const fields: Readonly<Record<string, string>> = {
  model: 'string',
  tools: 'list',
  stream: 'boolean',
  stream_options: 'object',
  n: 'integer',
  max_tokens: 'integer',
  max_completion_tokens: 'integer',
  temperature: 'number',
  top_p: 'number',
  presence_penalty: 'number',
  frequency_penalty: 'number',
  logprobs: 'boolean',
  top_logprobs: 'integer',
  parallel_tool_calls: 'boolean',
  response_format: 'object',
}

function checkFields(body: Record<string, unknown>, profile: MockProfile): void {
  if (!('messages' in body)) invalid(profile, 'missing', ['messages'], 'Field required', body)
  expect(profile, 'list', ['messages'], body['messages'])
  for (const [i, message] of list(body['messages']).entries()) {
    expect(profile, 'object', ['messages', i], message)
    if (!('role' in record(message))) invalid(profile, 'missing', ['messages', i, 'role'], 'Field required', message)
    expect(profile, 'string', ['messages', i, 'role'], record(message)['role'])
  }
  for (const [key, kind] of Object.entries(fields)) {
    const value = body[key]
    if (value !== undefined && value !== null) expect(profile, kind, [key], value)
  }
  if (isObject(body['stream_options']) && body['stream'] !== true) {
    broken(profile, 'Stream options can only be defined when `stream=True`.', body, 'stream_options')
  }
  const top = body['top_logprobs']
  if (typeof top === 'number') {
    if (top < 0) broken(profile, '`top_logprobs` must be a positive value.', body, 'top_logprobs')
    if (top > 0 && body['logprobs'] !== true) {
      broken(profile, 'when using `top_logprobs`, `logprobs` must be set to true.', body, 'top_logprobs')
    }
  }
}

/** vLLM's check of tools and tool_choice. Throws a refusal. */
export function checkTools(body: Record<string, unknown>, profile: MockProfile): void {
  const choice = body['tool_choice']
  const tools = body['tools']
  if (Array.isArray(tools) && tools.length === 0 && profile.toolsEmpty === 'refused') {
    const text = '`tools` must not be an empty array. Either provide at least one tool or omit the field entirely.'
    broken(profile, text, body, profile.errors.wrapped ? undefined : 'tools')
  }
  for (const [i, tool] of (Array.isArray(tools) ? tools : []).entries()) checkTool(tool, i, profile)
  if (choice === undefined || choice === null || choice === 'none') return
  if (!Array.isArray(tools)) broken(profile, 'When using `tool_choice`, `tools` must be set.', body, 'tool_choice')
  if (typeof choice !== 'object') {
    if (choice === 'auto' || choice === 'required') return
    const text = `Invalid value for \`tool_choice\`: ${word(choice)}! Only named tools, "none", "auto" or "required" are supported.`
    broken(profile, text, body, 'tool_choice')
  }
  if (profile.dialect === 'vllm-rust') checkChoiceAsRust(choice)
  const usage = 'Correct usage: `{"type": "function", "function": {"name": "my_function"}}`'
  const target = isObject(choice) ? choice['function'] : undefined
  if (!isObject(target)) {
    return broken(profile, `Invalid value for \`function\`: \`${repr(target)}\` in \`tool_choice\`! ${usage}`, body, 'tool_choice')
  }
  if (!('name' in target)) broken(profile, `Expected field \`name\` in \`function\` in \`tool_choice\`! ${usage}`, body, 'tool_choice')
  if (typeof target['name'] !== 'string' || target['name'] === '') {
    broken(profile, `Invalid \`name\` in \`function\`: \`${repr(target['name'])}\` in \`tool_choice\`! ${usage}`, body, 'tool_choice')
  }
  if (!toolsOf(body).some((tool) => tool.name === target['name'])) {
    broken(profile, 'The tool specified in `tool_choice` does not match any of the specified `tools`', body, 'tool_choice')
  }
}

function checkTool(tool: unknown, i: number, profile: MockProfile): void {
  expect(profile, 'object', ['tools', i], tool)
  const { type, function: described } = record(tool)
  if (type !== undefined && type !== 'function') invalid(profile, 'literal_error', ['tools', i, 'type'], "Input should be 'function'", type)
  if (described === undefined) invalid(profile, 'missing', ['tools', i, 'function'], 'Field required', tool)
  expect(profile, 'object', ['tools', i, 'function'], described)
  const { name, parameters } = record(described)
  if (name === undefined) invalid(profile, 'missing', ['tools', i, 'function', 'name'], 'Field required', described)
  expect(profile, 'string', ['tools', i, 'function', 'name'], name)
  if (parameters !== undefined && parameters !== null) expect(profile, 'object', ['tools', i, 'function', 'parameters'], parameters)
}

function namedOf(choice: unknown): string {
  const target = isObject(choice) ? choice['function'] : undefined
  return isObject(target) && typeof target['name'] === 'string' ? target['name'] : ''
}

function modeOf(body: Record<string, unknown>): Mode | 'null' {
  const choice = body['tool_choice']
  if (!Array.isArray(body['tools']) || body['tools'].length === 0) return 'text'
  if (choice === undefined) return 'auto'
  if (choice === null) return 'null'
  if (choice === 'auto' || choice === 'required' || choice === 'none') return choice
  return 'named'
}

/** Throws a refusal with status 404 unless the model is served. */
export function checkModel(model: unknown, server: Server): void {
  if (model === undefined || model === null || model === '' || model === server.model) return
  if (server.profile.dialect === 'openai')
    refuse(`The model \`${word(model)}\` does not exist or you do not have access to it.`, null, 404, '', 'model_not_found')
  const { errors } = server.profile
  const aliases = errors.aliases ? ` Valid aliases: ${server.model}.` : ''
  refuse(`The model \`${word(model)}\` does not exist.${aliases}`, errors.modelParam ? 'model' : null, 404, 'NotFoundError')
}

function checkParser(body: Record<string, unknown>, mode: Mode | 'null', server: Server): void {
  if (server.parser === 'hermes' || mode === 'text' || mode === 'none' || mode === 'null') return
  if (mode === 'auto') refuse('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set')
  if (server.profile.forcedWithoutParser) return
  const name = namedOf(body['tool_choice'])
  if (mode === 'required') refuse('tool_choice="required" requires --tool-call-parser to be set')
  refuse(
    server.profile.namedRefusal === 'name'
      ? `tool_choice=function "${name}" requires --tool-call-parser to be set`
      : `tool_choice="function=ChatCompletionNamedFunction(name='${name}') type='function'" requires --tool-call-parser to be set`,
  )
}

function toolsOf(body: Record<string, unknown>): Tool[] {
  const described = list(body['tools']).map((tool) => record(record(tool)['function']))
  return described.map((tool) => ({
    name: word(tool['name']),
    description: typeof tool['description'] === 'string' ? tool['description'] : '',
    parameters: isObject(tool['parameters']) ? tool['parameters'] : {},
    strict: tool['strict'] === true,
  }))
}

function contentText(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part) => (isObject(part) ? (typeof part['text'] === 'string' ? part['text'] : dumps(part)) : word(part))).join('\n')
}

function messagesOf(value: unknown, profile: MockProfile): Message[] {
  return list(value).map((item) => {
    const message = record(item)
    const calls = Array.isArray(message['tool_calls']) ? message['tool_calls'] : []
    return { role: word(message['role']), text: contentText(message['content']), calls: calls.map((call) => callOf(call, profile)) }
  })
}

function callOf(call: unknown, profile: MockProfile): Message['calls'][number] {
  if (!isObject(call)) return refuse('assistant tool_calls entries must be objects.')
  const target = call['function']
  if ((call['type'] ?? 'function') !== 'function' || !isObject(target)) {
    return refuse("chat completions only support assistant tool_calls of type 'function'.")
  }
  const { name, arguments: args } = target
  if (isObject(args)) return { name: word(name), arguments: dumps(args) }
  const text = typeof args === 'string' && args !== '' ? args : '{}'
  try {
    return { name: word(name), arguments: dumps(parseJson(text)) }
  } catch {
    const at = /^\s*[[{]/.test(text) ? text.length : 0
    return refuse(`Expecting value: line 1 column ${at + 1} (char ${at})`, profile.errors.params ? 'messages' : null)
  }
}

/** The prompt as this server's template writes it. */
export function render(messages: readonly Message[], tools: readonly Tool[], answer = true): string {
  const offered = tools.map((tool) => `${dumps({ name: tool.name, description: tool.description, parameters: tool.parameters })}\n`)
  const blocks = tools.length > 0 ? [`<|im_start|>tools\n${offered.join('')}<|im_end|>\n`] : []
  for (const { role, text, calls } of messages) {
    const called = calls.map((call) => `\n<tool_call>\n{"name": "${call.name}", "arguments": ${call.arguments}}\n</tool_call>`)
    blocks.push(`<|im_start|>${role}\n${text}${called.join('')}<|im_end|>\n`)
  }
  if (answer) blocks.push('<|im_start|>assistant\n')
  return blocks.join('')
}

/** A body of /tokenize: the prompt it asks for. */
export function readPrompt(body: Record<string, unknown>, server: Server): string {
  checkModel(body['model'], server)
  if (typeof body['prompt'] === 'string') return body['prompt']
  if (!('messages' in body)) invalid(server.profile, 'missing', ['messages'], 'Field required', body)
  checkFields({ ...body, stream: false, stream_options: undefined }, server.profile)
  for (const [i, tool] of (Array.isArray(body['tools']) ? body['tools'] : []).entries()) checkTool(tool, i, server.profile)
  return render(messagesOf(body['messages'], server.profile), toolsOf(body), body['add_generation_prompt'] !== false)
}

/** A body of /detokenize: the token numbers. */
export function readTokens(body: Record<string, unknown>, server: Server): number[] {
  checkModel(body['model'], server)
  if (!('tokens' in body)) invalid(server.profile, 'missing', ['tokens'], 'Field required', body)
  expect(server.profile, 'list', ['tokens'], body['tokens'])
  for (const [i, token] of list(body['tokens']).entries()) expect(server.profile, 'integer', ['tokens', i], token)
  return list(body['tokens']).map(Number)
}

function limitOf(body: Record<string, unknown>, prompt: number, server: Server): number {
  const asked = body['max_completion_tokens'] ?? body['max_tokens']
  const most = server.maxModelLen
  if (prompt >= most) {
    const old = `However, your request has ${prompt} input tokens. Please reduce the length of the input messages.`
    const output = typeof asked === 'number' ? asked : 0
    refuse(
      `This model's maximum context length is ${most} tokens. ${server.profile.errors.params ? tooLong(output, prompt) : old}`,
      tooLongParam(server),
    )
  }
  if (typeof asked !== 'number') return most - prompt
  if (asked < 1) {
    const suffix = server.profile.errors.params ? ` (parameter=max_tokens, value=${asked})` : ''
    refuse(`max_tokens must be at least 1, got ${asked}.${suffix}`, server.profile.errors.params ? 'max_tokens' : null)
  }
  if (prompt + asked > most) {
    const old =
      `'max_tokens' or 'max_completion_tokens' is too large: ${asked}. This model's maximum context length is ${most} tokens ` +
      `and your request has ${prompt} input tokens (${asked} > ${most} - ${prompt}).`
    const text = `This model's maximum context length is ${most} tokens. ${tooLong(asked, prompt)}`
    refuse(server.profile.errors.params ? text : old, tooLongParam(server))
  }
  return asked
}

function tooLong(output: number, prompt: number): string {
  return (
    `However, you requested ${output} output tokens and your prompt contains at least ${prompt} input tokens, ` +
    `for a total of at least ${output + prompt} tokens. ` +
    'Please reduce the length of the input prompt or the number of requested output tokens.'
  )
}

function tooLongParam(server: Server): string | null {
  return server.profile.errors.params ? 'input_tokens' : null
}

function checkSampling(body: Record<string, unknown>, profile: MockProfile): void {
  const bad = (text: string, param: string): never => {
    const suffix = profile.errors.params ? ` (parameter=${param}, value=${repr(body[param])})` : ''
    return refuse(`${text}${suffix}`, profile.errors.params ? param : null)
  }
  const within = (param: string, least: number, most: number, text: string): void => {
    const value = body[param]
    if (typeof value === 'number' && (value < least || value > most)) bad(`${text}, got ${value}.`, param)
  }
  within('temperature', 0, 2, 'temperature must be in [0, 2]')
  within('presence_penalty', -2, 2, 'presence_penalty must be in [-2, 2]')
  within('frequency_penalty', -2, 2, 'frequency_penalty must be in [-2, 2]')
  const { n, top_p: topP, top_logprobs: top } = body
  if (typeof topP === 'number' && (topP <= 0 || topP > 1)) bad(`top_p must be in (0, 1], got ${topP}.`, 'top_p')
  if (typeof n === 'number' && n < 1) bad(`n must be at least 1, got ${n}.`, 'n')
  if (typeof n === 'number' && n > 16_384) bad(`n must be at most 16384, got ${n}.`, 'n')
  if (typeof n === 'number' && n > 1 && body['temperature'] === 0 && profile.dialect !== 'openai')
    bad(`n must be 1 when using greedy sampling, got ${n}.`, 'n')
  if (typeof top === 'number' && top > 20) {
    refuse(`Requested sample logprobs of ${top}, which is greater than max allowed: 20`, profile.errors.params ? 'logprobs' : null)
  }
}

function checkSchemas(turn: Turn, profile: MockProfile): void {
  const forced = turn.mode === 'required' || turn.mode === 'named'
  for (const tool of turn.tools) {
    if (turn.mode === 'named' && tool.name !== turn.named) continue
    const strict = tool.strict && profile.forced === 'native' && turn.mode === 'auto'
    if (!strict && !(forced && (!profile.strictOnly || tool.strict))) continue
    const strange = strangeType(tool.parameters)
    if (strange === undefined) continue
    const refusal = { status: 400, message: `Grammar error: Invalid type: ${strange}`, type: 'BadRequestError', param: null }
    throw new Refused({ ...refusal, inStream: turn.stream && profile.badSchemaStream === 'event' })
  }
}

function formatOf(body: Record<string, unknown>): Format {
  const wanted = isObject(body['response_format']) ? body['response_format'] : {}
  const guided = isObject(body['structured_outputs']) ? body['structured_outputs'] : {}
  const described = isObject(wanted['json_schema']) ? wanted['json_schema'] : {}
  if (wanted['type'] === 'json_schema' && isObject(described['schema'])) return { schema: described['schema'] }
  if (wanted['type'] === 'json_object') return { object: true }
  if (isObject(guided['json'])) return { schema: guided['json'] }
  if (Array.isArray(guided['choice'])) return { oneOf: guided['choice'].map(String) }
  return {}
}
