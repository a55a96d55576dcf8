import type { Frame } from './chat.ts'
import { dumps, isObject, list, parseJson, record, word } from './json.ts'
import type { MockProfile } from './profiles.ts'
import { expect, invalid, refuse } from './refusal.ts'
import type { Choice, NamedEvent, Turn } from './wire.ts'

type Body = Record<string, unknown>

const fields: Readonly<Record<string, string>> = {
  model: 'string',
  tools: 'list',
  stream: 'boolean',
  temperature: 'number',
  top_p: 'number',
  stop_sequences: 'list',
  tool_choice: 'object',
}

const choices: Readonly<Record<string, string>> = { auto: 'auto', any: 'required', none: 'none' }

/** Judges the spelling of a body of /v1/messages and translates it to a chat body. `counts` = of count_tokens. */
export function chatOfMessages(body: Body, profile: MockProfile, counts = false): Body {
  check(body, profile, counts)
  const choice = record(body['tool_choice'])
  const kind = word(choice['type'])
  const tools = list(body['tools']).map((tool) => {
    const { name, description, input_schema: parameters } = record(tool)
    return { type: 'function', function: { name, description, parameters } }
  })
  const chat: Body = {
    model: body['model'],
    messages: messagesOf(body),
    max_tokens: body['max_tokens'],
    stream: body['stream'],
    temperature: body['temperature'],
    top_p: body['top_p'],
    stop: body['stop_sequences'],
  }
  if (tools.length > 0) chat['tools'] = tools
  if (isObject(body['tool_choice'])) {
    chat['tool_choice'] = choices[kind] ?? { type: 'function', function: { name: choice['name'] } }
    if (choice['disable_parallel_tool_use'] === true) chat['parallel_tool_calls'] = false
  }
  checkChoice(chat)
  return chat
}

function check(body: Body, profile: MockProfile, counts: boolean): void {
  for (const key of ['model', 'messages', ...(counts ? [] : ['max_tokens'])]) {
    if (body[key] === undefined) invalid(profile, 'missing', [key], 'Field required', body)
  }
  expect(profile, 'list', ['messages'], body['messages'])
  if (!counts) expect(profile, 'integer', ['max_tokens'], body['max_tokens'])
  for (const [key, kind] of Object.entries(fields)) {
    const value = body[key]
    if (value !== undefined && value !== null) expect(profile, kind, [key], value)
  }
  for (const [i, message] of list(body['messages']).entries()) {
    expect(profile, 'object', ['messages', i], message)
    const { role, content } = record(message)
    for (const [key, value] of Object.entries({ role, content })) {
      if (value === undefined) invalid(profile, 'missing', ['messages', i, key], 'Field required', message)
    }
    if (!['user', 'assistant', 'system'].includes(word(role))) {
      invalid(profile, 'literal_error', ['messages', i, 'role'], "Input should be 'user' or 'assistant'", role)
    }
    if (typeof content !== 'string') expect(profile, 'list', ['messages', i, 'content'], content)
  }
  for (const [i, tool] of list(body['tools']).entries()) {
    expect(profile, 'object', ['tools', i], tool)
    for (const key of ['name', 'input_schema']) {
      if (record(tool)[key] === undefined) invalid(profile, 'missing', ['tools', i, key], 'Field required', tool)
    }
    expect(profile, 'object', ['tools', i, 'input_schema'], record(tool)['input_schema'])
  }
  const choice = body['tool_choice']
  if (isObject(choice) && !['auto', 'any', 'tool', 'none'].includes(word(choice['type']))) {
    invalid(profile, 'literal_error', ['tool_choice', 'type'], "Input should be 'auto', 'any', 'tool' or 'none'", choice['type'])
  }
}

/** The rules over several fields, which the chat request behind the endpoint has. */
function checkChoice(chat: Body): void {
  const choice = chat['tool_choice']
  if (choice === undefined || choice === 'none') return
  if (!Array.isArray(chat['tools'])) refuse('When using `tool_choice`, `tools` must be set.', 'tool_choice')
  const name = record(record(choice)['function'])['name']
  if (isObject(choice) && !list(chat['tools']).some((tool) => record(record(tool)['function'])['name'] === name)) {
    refuse('The tool specified in `tool_choice` does not match any of the specified `tools`', 'tool_choice')
  }
}

function blocksText(content: unknown): string {
  if (typeof content === 'string') return content
  return list(content)
    .map((block) => record(block)['text'])
    .filter((text) => typeof text === 'string')
    .join('\n')
}

function messagesOf(body: Body): Body[] {
  const out: Body[] = []
  const system = blocksText(body['system'])
  if (system !== '') out.push({ role: 'system', content: system })
  for (const { role, content } of list(body['messages']).map(record)) {
    const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : list(content).map(record)
    const calls = blocks
      .filter((block) => block['type'] === 'tool_use')
      .map((block) => ({ id: block['id'], type: 'function', function: { name: block['name'], arguments: dumps(block['input'] ?? {}) } }))
    for (const block of blocks.filter(({ type }) => type === 'tool_result')) {
      out.push({ role: 'tool', tool_call_id: block['tool_use_id'], content: blocksText(block['content']) })
    }
    const texts = blocks.filter(({ type }) => type === 'text')
    if (calls.length > 0) out.push({ role, content: texts.length > 0 ? blocksText(texts) : null, tool_calls: calls })
    else if (texts.length > 0 || blocks.length === 0) out.push({ role, content: blocksText(texts) })
  }
  return out
}

function reasonOf(choice: Choice, called: boolean): string {
  if (choice.finish === 'length') return 'max_tokens'
  return called ? 'tool_use' : 'end_turn'
}

/** The body of a plain answer. Throws a refusal when the arguments of a call are not JSON. */
export function messageBody(choice: Choice, turn: Turn, frame: Frame): Body {
  const content: Body[] = []
  if (choice.content) content.push({ type: 'text', text: choice.content })
  for (const call of choice.calls) content.push({ type: 'tool_use', id: call.id, name: call.name, input: inputOf(call.arguments) })
  if (content.length === 0) content.push({ type: 'text', text: '' })
  return {
    id: frame.id,
    type: 'message',
    role: 'assistant',
    content,
    model: frame.model,
    stop_reason: reasonOf(choice, choice.calls.length > 0),
    usage: { input_tokens: turn.promptTokens, output_tokens: choice.tokens.length },
  }
}

function inputOf(args: unknown): unknown {
  try {
    return typeof args === 'string' ? parseJson(args) : args
  } catch {
    return refuse('Expecting value: line 1 column 1 (char 0)', null, 500, 'internal_error')
  }
}

/** The events of a streamed answer. */
export function messageEvents(choice: Choice, turn: Turn, profile: MockProfile, frame: Frame): NamedEvent[] {
  const events: NamedEvent[] = []
  const push = (type: string, data: Body = {}): void => void events.push({ type, data: { type, ...data } })
  const start = {
    type: 'message',
    role: 'assistant',
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: turn.promptTokens, output_tokens: 0 },
  }
  const extra = (keys: readonly string[]): Body => Object.fromEntries(Object.entries(start).filter(([key]) => keys.includes(key)))
  const shown = profile.messages.start
  push('message_start', {
    message: {
      id: frame.id,
      ...extra(shown.filter((key) => key === 'type' || key === 'role')),
      content: [],
      model: frame.model,
      ...extra(shown.filter((key) => key !== 'type' && key !== 'role')),
    },
  })
  let index = -1
  let open: 'text' | 'call' | undefined
  const begin = (kind: 'text' | 'call', block: Body): void => {
    if (open) push('content_block_stop', { index })
    open = kind
    push('content_block_start', { content_block: block, index: ++index })
  }
  for (const piece of choice.pieces) {
    if (piece.text !== '' && !(open === 'call' && piece.text.trim() === '')) {
      if (open !== 'text') begin('text', { type: 'text', text: '' })
      push('content_block_delta', { delta: { type: 'text_delta', text: piece.text }, index })
    }
    for (const part of piece.parts) {
      const call = choice.calls[part.call]
      if (part.start && call) begin('call', { type: 'tool_use', id: call.id, name: call.name, input: {} })
      if (part.text !== '') push('content_block_delta', { delta: { type: 'input_json_delta', partial_json: part.text }, index })
    }
  }
  if (index < 0) begin('text', { type: 'text', text: '' })
  push('content_block_stop', { index })
  const called = choice.pieces.some(({ parts }) => parts.length > 0)
  push('message_delta', {
    delta: { stop_reason: reasonOf(choice, called), ...(profile.messages.stopSequence ? { stop_sequence: null } : undefined) },
    usage: { input_tokens: turn.promptTokens, output_tokens: choice.tokens.length },
  })
  push('message_stop')
  return events
}
