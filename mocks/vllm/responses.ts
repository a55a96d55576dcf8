import type { Frame } from './chat.ts'
import { isGuided } from './generate.ts'
import { isObject, list, record, word } from './json.ts'
import { broken, expect, invalid, refuse } from './refusal.ts'
import type { MockProfile } from './profiles.ts'
import type { Call, Choice, NamedEvent, Turn } from './wire.ts'

type Body = Record<string, unknown>

const fields: Readonly<Record<string, string>> = {
  model: 'string',
  tools: 'list',
  stream: 'boolean',
  instructions: 'string',
  max_output_tokens: 'integer',
  temperature: 'number',
  top_p: 'number',
  parallel_tool_calls: 'boolean',
  text: 'object',
}

/** Judges the spelling of a body of /v1/responses and translates it to a chat body. */
export function chatOfResponses(body: Body, profile: MockProfile): Body {
  if (profile.dialect === 'openai') checkAsOpenAi(body)
  else check(body, profile)
  const choice = body['tool_choice']
  const tools = list(body['tools'])
    .flatMap(functionsOf)
    .map(({ name, description, parameters, strict }) => ({ type: 'function', function: { name, description, parameters, strict } }))
  const format = record(record(body['text'])['format'])
  const chat: Body = {
    model: body['model'],
    messages: messagesOf(body),
    max_completion_tokens: body['max_output_tokens'],
    stream: body['stream'],
    temperature: body['temperature'],
    top_p: body['top_p'],
    parallel_tool_calls: body['parallel_tool_calls'],
  }
  if (tools.length > 0)
    Object.assign(chat, {
      tools,
      tool_choice: isObject(choice) ? { type: 'function', function: { name: choice['name'] } } : (choice ?? 'auto'),
    })
  if (format['type'] === 'json_schema')
    chat['response_format'] = { type: 'json_schema', json_schema: { name: format['name'], schema: format['schema'] } }
  if (format['type'] === 'json_object') chat['response_format'] = { type: 'json_object' }
  return chat
}

/** The functions that a tool offers to the model; those of a namespace under the flat name that vLLM gives them. Other tools are dropped. */
function functionsOf(tool: unknown): Body[] {
  const { type, name, tools } = record(tool)
  if (type === 'function') return [record(tool)]
  if (type !== 'namespace') return []
  return list(tools)
    .map(record)
    .filter((inner) => inner['type'] === 'function')
    .map((inner) => ({ ...inner, name: `${word(name)}__${word(inner['name'])}` }))
}

/** Name and namespace of a call as the client offered them. */
function asOffered(name: string, asked: Body, profile: MockProfile): { name: string; namespace?: string } {
  if (profile.responses.namespaces !== 'served') return { name }
  const namespace = list(asked['tools'])
    .map(record)
    .find((tool) => tool['type'] === 'namespace' && functionsOf(tool).some((inner) => inner['name'] === name))
  const of = word(namespace?.['name'])
  return namespace === undefined ? { name } : { name: name.slice(of.length + 2), namespace: of }
}

function check(body: Body, profile: MockProfile): void {
  const { input, tool_choice: choice } = body
  if (input === undefined) invalid(profile, 'missing', ['input'], 'Field required', body)
  if (typeof input !== 'string') expect(profile, 'list', ['input'], input)
  for (const [key, kind] of Object.entries(fields)) {
    const value = body[key]
    if (value !== undefined && value !== null) expect(profile, kind, [key], value)
  }
  for (const [i, tool] of list(body['tools']).entries()) {
    expect(profile, 'object', ['tools', i], tool)
    const { type, name } = record(tool)
    if (type === undefined) invalid(profile, 'missing', ['tools', i, 'type'], 'Field required', tool)
    if (type === 'namespace' && profile.responses.namespaces === 'refused')
      invalid(profile, 'literal_error', ['tools', i, 'function', 'type'], "Input should be 'function'", type)
    if (type !== 'function') continue
    if (name === undefined) invalid(profile, 'missing', ['tools', i, 'function', 'name'], 'Field required', tool)
    expect(profile, 'string', ['tools', i, 'function', 'name'], name)
  }
  if (typeof choice === 'string' && !['none', 'auto', 'required'].includes(choice)) {
    invalid(profile, 'literal_error', ['tool_choice'], "Input should be 'none', 'auto' or 'required'", choice)
  }
  const wanted = isObject(choice) ? 'function' : choice
  if (wanted === 'required' || wanted === 'function') {
    const named = record(choice)['name']
    const tools = list(body['tools'])
    if (tools.length === 0) broken(profile, `Tool choice '${wanted}' must be specified with 'tools' parameter.`, body)
    if (wanted === 'function' && !tools.some((tool) => record(tool)['name'] === named)) {
      broken(profile, "Tool choice 'function' not found in 'tools' parameter.", body)
    }
  }
  checkPrevious(body)
}

function checkPrevious(body: Body): void {
  const previous = body['previous_response_id']
  if (typeof previous === 'string') refuse(`Response with id '${previous}' not found.`, null, 404, 'NotFoundError')
}

function deny(message: string, param: string | null, code: string | null): never {
  return refuse(message, param, 400, '', code)
}

function checkAsOpenAi(body: Body): void {
  const { input, tools, tool_choice: choice } = body
  if (!body['model']) deny("Missing required parameter: 'model'.", 'model', 'missing_required_parameter')
  if (input === undefined) deny("Missing required parameter: 'input'.", 'input', 'missing_required_parameter')
  if (typeof input !== 'string' && !Array.isArray(input)) {
    deny("Invalid type for 'input': expected one of a string or array of input items.", 'input', 'invalid_type')
  }
  if (tools !== undefined && !Array.isArray(tools)) deny("Invalid type for 'tools': expected an array of objects.", 'tools', 'invalid_type')
  for (const [i, tool] of list(tools).entries()) {
    if (!record(tool)['type']) deny(`Missing required parameter: 'tools[${i}].type'.`, `tools[${i}].type`, 'missing_required_parameter')
    if (record(tool)['type'] === 'function' && !record(tool)['name'])
      deny(`Missing required parameter: 'tools[${i}].name'.`, `tools[${i}].name`, 'missing_required_parameter')
  }
  if (typeof choice === 'string' && !['none', 'auto', 'required'].includes(choice)) {
    deny(`Invalid value: '${choice}'. Supported values are: 'none', 'auto', and 'required'.`, 'tool_choice', 'invalid_value')
  }
  const name = isObject(choice) ? choice['name'] : undefined
  if (choice === 'required' && list(tools).length === 0)
    deny("Tool choice 'required' must be specified with 'tools' parameter.", 'tool_choice', null)
  if (isObject(choice) && !list(tools).some((tool) => record(tool)['name'] === name)) {
    deny(`Tool choice '${word(choice['type'])}' not found in 'tools' parameter.`, 'tool_choice', null)
  }
  checkPrevious(body)
}

/** The history as chat messages: neighbouring calls share one message. */
function messagesOf(body: Body): Body[] {
  const messages: Body[] = []
  if (typeof body['instructions'] === 'string') messages.push({ role: 'system', content: body['instructions'] })
  if (typeof body['input'] === 'string') return [...messages, { role: 'user', content: body['input'] }]
  for (const item of list(body['input']).map(record)) {
    if (item['type'] === 'function_call') {
      const name = item['namespace'] ? `${word(item['namespace'])}__${word(item['name'])}` : item['name']
      const call = { id: item['call_id'], type: 'function', function: { name, arguments: item['arguments'] } }
      const last = messages.at(-1)
      if (Array.isArray(last?.['tool_calls'])) last['tool_calls'].push(call)
      else messages.push({ role: 'assistant', content: null, tool_calls: [call] })
    } else if (item['type'] === 'function_call_output') {
      messages.push({ role: 'tool', tool_call_id: item['call_id'], content: item['output'] })
    } else if ('role' in item) messages.push({ role: item['role'], content: item['content'] })
  }
  return messages
}

/** One answer, while it is being written. */
interface Draft {
  turn: Turn
  profile: MockProfile
  frame: Frame
  /** A new id with what it begins with. */
  nextId(prefix: string): string
}

function nulls(keys: readonly string[]): Record<string, null> {
  return Object.fromEntries(keys.map((key) => [key, null]))
}

function toolOf(tool: Body, { profile: { dialect, responses } }: Draft): Body {
  if (tool['type'] !== 'function') return tool
  if (dialect === 'openai') {
    return {
      type: 'function',
      description: tool['description'] ?? null,
      name: tool['name'],
      parameters: tool['parameters'] ?? null,
      strict: tool['strict'] ?? true,
    }
  }
  return {
    name: tool['name'],
    parameters: tool['parameters'] ?? null,
    strict: tool['strict'] ?? null,
    type: 'function',
    ...nulls(responses.toolNulls),
    description: tool['description'] ?? null,
    ...nulls(responses.toolTail),
  }
}

function usageOf({ turn, profile: { dialect, responses } }: Draft, generated: number): Body {
  const isPlain = dialect === 'openai' || responses.early
  const turns = (...names: string[]): Body => (isPlain ? {} : Object.fromEntries(names.map((name) => [name, []])))
  return {
    input_tokens: turn.promptTokens,
    input_tokens_details: {
      cached_tokens: 0,
      ...(responses.cacheWrites ? { cache_write_tokens: 0 } : undefined),
      ...turns('input_tokens_per_turn', 'cached_tokens_per_turn'),
    },
    output_tokens: generated,
    output_tokens_details: {
      reasoning_tokens: 0,
      ...(isPlain ? undefined : { tool_output_tokens: 0 }),
      ...turns('output_tokens_per_turn', 'tool_output_tokens_per_turn'),
    },
    total_tokens: turn.promptTokens + generated,
  }
}

/** What a JSON-guided call shows as text format. */
function guideOf({ turn, profile }: Draft): Body | undefined {
  if (!isGuided(turn, profile)) return undefined
  const schemas = turn.tools.map(({ name, parameters }) => ({
    properties: { name: { type: 'string', enum: [name] }, parameters },
    required: ['name', 'parameters'],
  }))
  const schema =
    turn.mode === 'required'
      ? { type: 'array', minItems: 1, items: { type: 'object', anyOf: schemas } }
      : (turn.tools.find(({ name }) => name === turn.named)?.parameters ?? {})
  const key = profile.responses.schemaKey
  const description = key === 'schema' ? null : 'Response format for tool calling'
  return { format: { name: 'tool_calling_response', [key]: schema, type: 'json_schema', description, strict: true }, verbosity: null }
}

type Status = 'in_progress' | 'completed' | 'incomplete'

function bodyOf(draft: Draft, status: Status, output: Body[], generated = 0): Body {
  const { turn, profile, frame } = draft
  const { asked } = turn
  const { early } = profile.responses
  const tools = list(asked['tools']).map((tool) => toolOf(record(tool), draft))
  const openai = profile.dialect === 'openai'
  const echoed = (...keys: string[]): Body =>
    profile.responses.cacheKeys ? Object.fromEntries(keys.map((key) => [key, asked[key] ?? null])) : {}
  const details = status === 'incomplete' ? { reason: 'max_output_tokens' } : null
  return {
    id: frame.id,
    ...(openai ? { object: 'response' } : undefined),
    created_at: frame.created,
    ...(openai ? { error: null } : undefined),
    ...(early ? undefined : { incomplete_details: details }),
    instructions: asked['instructions'] ?? null,
    metadata: asked['metadata'] ?? (openai ? {} : null),
    model: frame.model,
    ...(openai ? undefined : { object: 'response' }),
    output,
    parallel_tool_calls: asked['parallel_tool_calls'] ?? true,
    temperature: asked['temperature'] ?? 1,
    tool_choice: asked['tool_choice'] ?? (tools.length > 0 ? 'auto' : profile.responses.choiceWithoutTools),
    tools,
    top_p: asked['top_p'] ?? 1,
    background: false,
    max_output_tokens: asked['max_output_tokens'] ?? (openai ? null : turn.maxTokens),
    max_tool_calls: null,
    previous_response_id: null,
    prompt: null,
    ...echoed('prompt_cache_options', 'prompt_cache_key', 'prompt_cache_retention'),
    reasoning: openai ? { effort: null, summary: null } : null,
    ...echoed('safety_identifier'),
    service_tier: openai ? 'default' : 'auto',
    ...(openai ? { store: asked['store'] ?? true } : undefined),
    status,
    text: openai ? { format: { type: 'text' }, verbosity: 'medium' } : (guideOf(draft) ?? asked['text'] ?? null),
    top_logprobs: openai ? 0 : null,
    truncation: 'disabled',
    usage: status === 'in_progress' ? null : usageOf(draft, generated),
    user: null,
    ...(openai || early ? undefined : { ...profile.responses.tail, input_messages: null, output_messages: null }),
  }
}

function partOf(text: string, logprobs: [] | null = null): Body {
  return { annotations: [], text, type: 'output_text', logprobs }
}

function messageItem({ profile }: Draft, id: string, text: string | undefined, status: Status): Body {
  return {
    id,
    content: text === undefined ? [] : [partOf(text, profile.dialect === 'openai' ? [] : null)],
    role: 'assistant',
    status,
    type: 'message',
    ...nulls(profile.responses.messageNulls),
  }
}

function callItem({ profile, turn }: Draft, id: string, call: Call, args: string, status: Status): Body {
  const { name, namespace } = asOffered(word(call.name), turn.asked, profile)
  return {
    arguments: args,
    call_id: call.id,
    name: typeof call.name === 'string' ? name : call.name,
    type: 'function_call',
    id,
    ...nulls(profile.responses.callNulls),
    ...(namespace === undefined ? {} : { namespace }),
    status,
  }
}

/** The body of a plain answer. */
export function response(choice: Choice, draft: Draft): Body {
  const cut = choice.finish === 'length'
  const output: Body[] = []
  if (choice.content) output.push(messageItem(draft, draft.nextId('msg_'), choice.content, cut ? 'incomplete' : 'completed'))
  for (const call of choice.calls) output.push(callItem(draft, draft.nextId('fc_'), call, call.arguments, cut ? 'incomplete' : 'completed'))
  return bodyOf(draft, cut ? 'incomplete' : 'completed', output, choice.tokens.length)
}

/** The events of a streamed answer. Every id is the same in all of them. */
export function responseEvents(choice: Choice, draft: Draft): NamedEvent[] {
  const events: NamedEvent[] = []
  const output: Body[] = []
  let sequence = 0
  const push = (type: string, data: Body): void => {
    events.push({ type, data: { ...data, sequence_number: sequence++, type } })
  }
  push('response.created', { response: bodyOf(draft, 'in_progress', []) })
  push('response.in_progress', { response: bodyOf(draft, 'in_progress', []) })
  const cut = choice.finish === 'length'
  let text: { id: string; so: string } | undefined
  let open: { id: string; call: Call; so: string } | undefined
  const close = (last: boolean): void => {
    const output_index = output.length
    const status = last && cut ? 'incomplete' : 'completed'
    if (text) {
      const at = { content_index: 0, item_id: text.id, output_index }
      push('response.output_text.done', { ...at, logprobs: [], text: text.so })
      push('response.content_part.done', { ...at, part: partOf(text.so) })
      const item = messageItem(draft, text.id, text.so, status)
      push('response.output_item.done', { item: draft.profile.responses.doneSummary ? { ...item, summary: [] } : item, output_index })
      output.push(item)
    }
    if (open) {
      push('response.function_call_arguments.done', {
        arguments: open.so,
        item_id: open.id,
        name: asOffered(word(open.call.name), draft.turn.asked, draft.profile).name,
        output_index,
      })
      const item = callItem(draft, open.id, open.call, open.so, status)
      push('response.output_item.done', { item, output_index })
      output.push(item)
    }
    text = undefined
    open = undefined
  }
  for (const piece of choice.pieces) {
    if (piece.text !== '' && !(open && piece.text.trim() === '')) {
      if (!text) {
        close(false)
        text = { id: draft.nextId('msg_'), so: '' }
        push('response.output_item.added', { item: messageItem(draft, text.id, undefined, 'in_progress'), output_index: output.length })
        push('response.content_part.added', { content_index: 0, item_id: text.id, output_index: output.length, part: partOf('', []) })
      }
      text.so += piece.text
      push('response.output_text.delta', {
        content_index: 0,
        delta: piece.text,
        item_id: text.id,
        logprobs: [],
        output_index: output.length,
      })
    }
    for (const part of piece.parts) {
      const call = choice.calls[part.call]
      if (part.start && call) {
        close(false)
        open = { id: draft.nextId('fc_'), call, so: '' }
        push('response.output_item.added', { item: callItem(draft, open.id, call, '', 'in_progress'), output_index: output.length })
      }
      if (!open || part.text === '') continue
      open.so += part.text
      push('response.function_call_arguments.delta', { delta: part.text, item_id: open.id, output_index: output.length })
    }
  }
  close(true)
  const last = draft.profile.responses.incompleteEvent && cut ? 'response.incomplete' : 'response.completed'
  push(last, { response: bodyOf(draft, cut ? 'incomplete' : 'completed', output, choice.tokens.length) })
  return events
}
