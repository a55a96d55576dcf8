import type { Fault } from '../fault.ts'
import { ExactNumber, attempt, isObject, list, record } from '../json.ts'
import type { NamedEvent } from '../wire.ts'
import { leaves } from './edit.ts'
import { named, noTools, oneCall, required, saves, tell, truncated, twoCalls, user, weather } from './triggers.ts'

type Block = Record<string, unknown>

const stream = { stream: true }

/** A question, and the call that answers it. */
const called = [
  user('What is the weather in Paris?'),
  { role: 'assistant', content: [{ type: 'tool_use', id: 'call_1', name: 'get_weather', input: { location: 'Paris' } }] },
]

function usesOf(body: Record<string, unknown>): Block[] {
  return list(body['content'])
    .filter(isObject)
    .filter((block) => block['type'] === 'tool_use')
}

function inputsOf(events: readonly NamedEvent[]): NamedEvent[] {
  return events.filter(({ data }) => record(data['delta'])['type'] === 'input_json_delta')
}

function endOf(events: readonly NamedEvent[]): Block {
  return record(events.find(({ type }) => type === 'message_delta')?.data['delta'])
}

/** Faults of /v1/messages. */
export const messages: Fault[] = [
  {
    id: 'message-stop-sequences-ignored',
    what: 'stop_sequences have no effect.',
    class: 'C47',
    trigger: [tell(noTools, { stop_sequences: ['world'] })],
    body: (body) => ({ ...body, stop: undefined }),
  },
  {
    id: 'message-end-turn-with-forced-tool',
    what: 'stop_reason is end_turn beside the tool_use of a forced tool.',
    class: 'C45',
    issue: 'vllm#48273',
    trigger: [tell(named)],
    message(body, { turn }) {
      if (turn.mode === 'named' && usesOf(body).length > 0) body['stop_reason'] = 'end_turn'
    },
    messageEvents(events, { turn }) {
      if (turn.mode === 'named') endOf(events)['stop_reason'] = 'end_turn'
    },
  },
  {
    id: 'message-end-turn-with-tool-use',
    what: 'stop_reason is end_turn beside any tool_use.',
    class: 'C45',
    trigger: [tell(oneCall)],
    message(body) {
      if (usesOf(body).length > 0) body['stop_reason'] = 'end_turn'
    },
  },
  {
    id: 'message-tool-use-without-call',
    what: 'stop_reason is tool_use beside text only.',
    class: 'C46',
    trigger: [tell(noTools)],
    message(body) {
      if (usesOf(body).length === 0) body['stop_reason'] = 'tool_use'
    },
  },
  {
    id: 'message-openai-stop-reason',
    what: 'stop_reason is tool_calls, the word of another API.',
    class: 'C05',
    trigger: [tell(oneCall)],
    message(body) {
      if (usesOf(body).length > 0) body['stop_reason'] = 'tool_calls'
    },
  },
  {
    id: 'message-cut-says-end-turn',
    what: 'A message that max_tokens cut says end_turn.',
    class: 'C47',
    trigger: [tell(truncated)],
    message(body) {
      if (body['stop_reason'] === 'max_tokens') body['stop_reason'] = 'end_turn'
    },
  },
  {
    id: 'message-input-delta-lost',
    what: 'One input_json_delta of a streamed message is lost.',
    class: 'C25',
    trigger: [tell(oneCall, stream)],
    messageEvents(events) {
      const inputs = inputsOf(events)
      return events.filter((event) => event !== inputs[inputs.length >> 1])
    },
  },
  {
    id: 'message-input-delta-twice',
    what: 'The last input_json_delta of a streamed message comes twice.',
    class: 'C24',
    trigger: [tell(oneCall, stream)],
    messageEvents(events) {
      const last = inputsOf(events).at(-1)
      return events.flatMap((event) => (event === last ? [event, event] : [event]))
    },
  },
  {
    id: 'message-input-only-in-start',
    what: 'The input of a streamed tool_use is in content_block_start and nowhere else.',
    class: 'C25',
    trigger: [tell(oneCall, stream)],
    messageEvents(events) {
      const text = inputsOf(events).map(({ data }) => record(data['delta'])['partial_json'])
      const start = events.find(({ data }) => record(data['content_block'])['type'] === 'tool_use')
      if (start) record(start.data['content_block'])['input'] = attempt(text.join('')) ?? {}
      return events.filter((event) => record(event.data['delta'])['type'] !== 'input_json_delta')
    },
  },
  {
    id: 'message-input-as-string',
    what: 'input is a string of JSON.',
    class: 'C28',
    trigger: [tell(oneCall)],
    message(body) {
      for (const block of usesOf(body)) block['input'] = JSON.stringify(block['input'])
    },
  },
  {
    id: 'message-input-empty',
    what: 'input is {} though the tool has required keys.',
    class: 'C26',
    trigger: [tell(oneCall)],
    message(body) {
      for (const block of usesOf(body)) block['input'] = {}
    },
  },
  {
    id: 'message-block-not-closed',
    what: 'A streamed tool_use block is not closed.',
    class: 'C04',
    trigger: [tell(oneCall, stream)],
    messageEvents: (events) => events.filter(({ type }) => type !== 'content_block_stop'),
  },
  {
    id: 'message-block-closed-twice',
    what: 'Streamed blocks are closed twice.',
    class: 'C05',
    trigger: [tell(oneCall, stream)],
    messageEvents: (events) => events.flatMap((event) => (event.type === 'content_block_stop' ? [event, event] : [event])),
  },
  {
    id: 'message-block-index-constant',
    what: 'Every block of a streamed message has index 0.',
    class: 'C12',
    trigger: [tell(twoCalls, stream)],
    messageEvents(events) {
      for (const { data } of events) if ('index' in data) data['index'] = 0
    },
  },
  {
    id: 'message-start-missing',
    what: 'A streamed message begins without message_start.',
    class: 'C06',
    trigger: [tell(noTools, stream)],
    messageEvents: (events) => events.filter(({ type }) => type !== 'message_start'),
  },
  {
    id: 'message-stop-missing',
    what: 'A streamed message ends without message_stop.',
    class: 'C01',
    trigger: [tell(noTools, stream)],
    messageEvents: (events) => events.filter(({ type }) => type !== 'message_stop'),
  },
  {
    id: 'message-done-behind-stream',
    what: 'A streamed message ends in data: [DONE].',
    class: 'C01',
    trigger: [tell(noTools, stream)],
    reply: (reply) => (reply.events ? { ...reply, events: [...reply.events, { text: '[DONE]', afterMs: 0 }] } : undefined),
  },
  {
    id: 'message-event-line-missing',
    what: 'Events of a streamed message have no event line.',
    class: 'C03',
    trigger: [tell(noTools, stream)],
    reply: (reply) =>
      reply.events
        ? {
            ...reply,
            events: reply.events.map((event) => ('raw' in event ? { ...event, raw: event.raw.replace(/^event: .*\n/, '') } : event)),
          }
        : undefined,
  },
  {
    id: 'message-stop-reason-missing',
    what: 'message_delta has stop_reason null.',
    class: 'C04',
    trigger: [tell(oneCall, stream)],
    messageEvents: (events) => void (endOf(events)['stop_reason'] = null),
  },
  {
    id: 'message-empty-text-before-call',
    what: 'An empty text block is before each tool_use.',
    class: 'C48',
    trigger: [tell(oneCall)],
    message(body) {
      if (usesOf(body).length > 0) body['content'] = [{ type: 'text', text: '' }, ...list(body['content'])]
    },
  },
  {
    id: 'message-tool-use-without-id',
    what: 'tool_use blocks have no id.',
    class: 'C14',
    trigger: [tell(oneCall)],
    message(body) {
      for (const block of usesOf(body)) delete block['id']
    },
  },
  {
    id: 'message-second-call-lost',
    what: 'Of several tool_use blocks only the first arrives.',
    class: 'C39',
    trigger: [tell(twoCalls)],
    message(body) {
      const [first, ...rest] = usesOf(body)
      if (first) body['content'] = list(body['content']).filter((block) => !rest.some((other) => other === block))
    },
  },
  {
    id: 'message-any-answers-text',
    what: 'tool_choice any is answered with prose.',
    class: 'C43',
    trigger: [tell(required)],
    turn(turn) {
      if (turn.mode === 'required') Object.assign(turn, { mode: 'text', tools: [] })
    },
  },
  {
    id: 'message-parallel-not-disabled',
    what: 'disable_parallel_tool_use has no effect.',
    class: 'C40',
    issue: 'vllm#52021',
    trigger: [tell(twoCalls, { tool_choice: { type: 'auto', disable_parallel_tool_use: true } })],
    turn(turn) {
      turn.parallel = true
    },
  },
  {
    id: 'message-result-ignored',
    what: 'tool_result blocks do not reach the prompt.',
    class: 'C55',
    trigger: [
      tell({
        tools: [weather],
        messages: [...called, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: '{"temperature": 98}' }] }],
      }),
    ],
    turn(turn) {
      for (const message of turn.messages) if (message.role === 'tool') message.text = ''
    },
  },
  {
    id: 'message-system-last-block-lost',
    what: 'Of several system blocks only the first reaches the prompt.',
    class: 'C56',
    trigger: [
      tell(noTools, {
        system: [
          { type: 'text', text: 'Be brief.' },
          { type: 'text', text: 'Be polite.' },
        ],
      }),
    ],
    body(body, { request }) {
      const [first, ...more] = list(record(attempt(request.body))['system'])
      if (more.length === 0) return body
      const content = record(first)['text']
      return {
        ...body,
        messages: list(body['messages']).map((message) => (record(message)['role'] === 'system' ? { role: 'system', content } : message)),
      }
    },
  },
  {
    id: 'message-text-beside-results-lost',
    what: 'Text beside tool_result blocks does not reach the prompt.',
    class: 'C56',
    trigger: [
      tell({
        tools: [weather],
        messages: [
          ...called,
          {
            role: 'user',
            content: [
              { type: 'tool_result', tool_use_id: 'call_1', content: '{"temperature": 98}' },
              { type: 'text', text: 'Be brief.' },
            ],
          },
        ],
      }),
    ],
    body: (body) => ({
      ...body,
      messages: list(body['messages']).filter(
        (message, at, all) => record(message)['role'] !== 'user' || record(all[at - 1])['role'] !== 'tool',
      ),
    }),
  },
  {
    id: 'message-above-100-kilobytes-refused',
    what: 'The Messages API refuses requests above 100 KB.',
    class: 'C62',
    trigger: [tell({ messages: [user(`Say hello. ${'The day is long. '.repeat(6500)}`)] })],
    reply: (reply, { request }) =>
      request.body.length > 100_000
        ? { status: 413, headers: [['content-type', 'text/plain']], body: 'Payload Too Large', end: 'complete' }
        : reply,
  },
  {
    id: 'message-usage-missing',
    what: 'A message has no usage.',
    class: 'C08',
    trigger: [tell(noTools)],
    message: (body) => void delete body['usage'],
  },
  {
    id: 'message-usage-zero-streamed',
    what: 'output_tokens of a streamed message is 0.',
    class: 'C09',
    trigger: [tell(noTools, stream)],
    messageEvents(events) {
      for (const { data } of events) if (isObject(data['usage'])) data['usage']['output_tokens'] = 0
    },
  },
  {
    id: 'message-error-in-other-envelope',
    what: 'Errors have the envelope of chat completions.',
    class: 'C60',
    trigger: [tell(named, { tool_choice: { type: 'tool', name: 'get_wether' } })],
    reply(reply) {
      const error = reply.status >= 400 ? record(attempt(reply.body))['error'] : undefined
      return isObject(error) ? { ...reply, body: JSON.stringify({ error: { ...error, param: null, code: reply.status } }) } : undefined
    },
  },
  {
    id: 'message-error-type-of-vllm',
    what: 'Errors are named by a class of vLLM, where the API has a word of its own.',
    class: 'C60',
    trigger: [tell(named, { tool_choice: { type: 'tool', name: 'get_wether' } })],
    reply(reply) {
      const body = reply.status >= 400 ? attempt(reply.body) : undefined
      const error = record(body)['error']
      return isObject(error)
        ? { ...reply, body: JSON.stringify({ ...record(body), error: { ...error, type: 'VLLMValidationError' } }) }
        : undefined
    },
  },
  {
    id: 'message-error-500-for-bad-choice',
    what: 'A forced tool that was not offered gives status 500.',
    class: 'C58',
    trigger: [tell(named, { tool_choice: { type: 'tool', name: 'get_wether' } })],
    verdict: (refusal) => (refusal?.message.includes('does not match any') ? { ...refusal, status: 500, type: 'internal_error' } : refusal),
  },
  {
    id: 'message-ids-equal',
    what: 'All messages have one id.',
    class: 'C16',
    trigger: [tell(oneCall), tell(oneCall, stream)],
    message: (body) => void (body['id'] = 'chatcmpl-0000000000000000'),
    messageEvents(events) {
      for (const { type, data } of events) if (type === 'message_start') record(data['message'])['id'] = 'chatcmpl-0000000000000000'
    },
  },
  {
    id: 'message-without-id',
    what: 'A message has no id.',
    class: 'C06',
    trigger: [tell(oneCall)],
    message: (body) => void delete body['id'],
  },
  {
    id: 'message-type-wrong',
    what: 'A message is of the type chat.completion.',
    class: 'C06',
    trigger: [tell(oneCall)],
    message: (body) => void (body['type'] = 'chat.completion'),
  },
  {
    id: 'message-of-user',
    what: 'A message has the role user.',
    class: 'C06',
    trigger: [tell(oneCall)],
    message: (body) => void (body['role'] = 'user'),
    messageEvents(events) {
      const message = record(events[0]?.data['message'])
      if ('role' in message) message['role'] = 'user'
    },
  },
  {
    id: 'message-of-other-model',
    what: 'A message names another model than was asked.',
    class: 'C06',
    trigger: [tell(oneCall)],
    message: (body) => void (body['model'] = 'claude'),
  },
  {
    id: 'message-usage-fractional',
    what: 'A message counts half a token.',
    class: 'C09',
    trigger: [tell(oneCall)],
    message: (body) => void (record(body['usage'])['input_tokens'] = 20.5),
  },
  {
    id: 'message-content-type-html',
    what: 'A message is labelled as a web page.',
    class: 'C06',
    trigger: [tell(oneCall)],
    reply: (reply) =>
      reply.status === 200
        ? { ...reply, headers: [...reply.headers.filter(([name]) => name !== 'content-type'), ['content-type', 'text/html']] }
        : undefined,
  },
  {
    id: 'message-start-twice',
    what: 'A streamed message starts twice.',
    class: 'C13',
    trigger: [tell(oneCall, stream)],
    messageEvents: (events) => events.flatMap((event) => (event.type === 'message_start' ? [event, event] : [event])),
  },
  {
    id: 'message-delta-before-block',
    what: 'The first delta of a block comes before its start.',
    class: 'C13',
    trigger: [tell(oneCall, stream)],
    messageEvents(events) {
      const start = events.findIndex(({ type }) => type === 'content_block_start')
      const [delta, before] = [events[start + 1], events[start]]
      if (delta?.type === 'content_block_delta' && before !== undefined) events.splice(start, 2, delta, before)
    },
  },
  {
    id: 'message-delta-of-other-block',
    what: 'Deltas name the index of a block that is not open.',
    class: 'C13',
    trigger: [tell(oneCall, stream)],
    messageEvents(events) {
      for (const { data } of inputsOf(events)) data['index'] = 9
    },
  },
  {
    id: 'message-streamed-other-tool',
    what: 'A streamed tool_use names a tool that was not offered.',
    class: 'C22',
    trigger: [tell(oneCall, stream)],
    messageEvents(events) {
      for (const block of events.map(({ data }) => record(data['content_block']))) if ('name' in block) block['name'] = 'get_whether'
    },
  },
  {
    id: 'message-streamed-without-id',
    what: 'A streamed tool_use has an empty id.',
    class: 'C14',
    trigger: [tell(oneCall, stream)],
    messageEvents(events) {
      for (const block of events.map(({ data }) => record(data['content_block']))) if ('id' in block) block['id'] = ''
    },
  },
  {
    id: 'message-input-as-text-delta',
    what: 'The input of a streamed tool_use comes as text deltas.',
    class: 'C13',
    trigger: [tell(oneCall, stream)],
    messageEvents(events) {
      for (const { data } of inputsOf(events)) data['delta'] = { type: 'text_delta', text: record(data['delta'])['partial_json'] }
    },
  },
  {
    id: 'message-thinking-opened-bare',
    what: 'A streamed block of thoughts is opened without its empty text, so that clients join undefined with the first delta.',
    class: 'C53',
    trigger: [tell(noTools, stream)],
    messageEvents(events) {
      const thought = [
        { type: 'content_block_start', index: 0, content_block: { type: 'thinking' } },
        { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'A greeting.' } },
        { type: 'content_block_stop', index: 0 },
      ]
      for (const { data } of events) if (typeof data['index'] === 'number') data['index'] += 1
      events.splice(1, 0, ...thought.map((data) => ({ type: data.type, data })))
    },
  },
  {
    id: 'message-integers-as-floats',
    what: 'Integers in an input are written as 7.0.',
    class: 'C35',
    issue: 'lidge-jun/opencodex#1611',
    trigger: [tell(saves(7))],
    message: (body) =>
      usesOf(body).forEach((block) => {
        block['input'] = leaves(block['input'], (leaf) => (Number.isInteger(leaf) ? new ExactNumber(`${String(leaf)}.0`) : leaf))
      }),
  },
  {
    id: 'message-input-as-text-too',
    what: 'The input of a call is a text, too.',
    class: 'C51',
    trigger: [tell(oneCall)],
    message(body) {
      const [use] = usesOf(body)
      if (use !== undefined) body['content'] = [{ type: 'text', text: JSON.stringify(use['input']) }, ...usesOf(body)]
    },
  },
]
