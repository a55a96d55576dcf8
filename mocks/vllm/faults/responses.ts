import type { Fault } from '../fault.ts'
import { isObject, list, record, word } from '../json.ts'
import type { NamedEvent } from '../wire.ts'
import { oneCall, named, noTools, required, respond, truncated, twoCalls, user, weather } from './triggers.ts'

type Item = Record<string, unknown>

const stream = { stream: true }

function callsOf(body: Record<string, unknown>): Item[] {
  return list(body['output'])
    .filter(isObject)
    .filter((item) => item['type'] === 'function_call')
}

/** The items of calls in all events, also in the body at the end. */
function itemsOf(events: readonly NamedEvent[]): Item[] {
  return events
    .flatMap(({ data }) => [record(data['item']), ...callsOf(record(data['response']))])
    .filter(({ type }) => type === 'function_call')
}

function deltasOf(events: readonly NamedEvent[]): Item[] {
  return events.filter(({ type }) => type === 'response.function_call_arguments.delta').map(({ data }) => data)
}

function lastBody(events: readonly NamedEvent[]): Item {
  return record(events.at(-1)?.data['response'])
}

function asText(call: Item): Item {
  const text = `<tool_call>\n{"name": "${word(call['name'])}", "arguments": ${word(call['arguments'])}}\n</tool_call>`
  const content = [{ annotations: [], text, type: 'output_text', logprobs: null }]
  return { id: 'msg_0000000000000000', content, role: 'assistant', status: 'completed', type: 'message' }
}

/** The events, the first of one type put before the first of another. */
function moved(events: readonly NamedEvent[], what: string, where: string): NamedEvent[] {
  const event = events.find(({ type }) => type === what)
  const rest = events.filter((each) => each !== event)
  const at = rest.findIndex(({ type }) => type === where)
  return event === undefined || at === -1 ? [...events] : [...rest.slice(0, at), event, ...rest.slice(at)]
}

function renumbered(events: NamedEvent[]): NamedEvent[] {
  for (const [position, { data }] of events.entries()) data['sequence_number'] = position
  return events
}

/** Faults of /v1/responses. */
export const responses: Fault[] = [
  {
    id: 'response-call-id-differs',
    what: 'The call_id at the end of a streamed response is another than before.',
    class: 'C16',
    issue: 'vllm#47916',
    trigger: [respond(oneCall, stream)],
    responseEvents(events) {
      for (const item of callsOf(lastBody(events))) item['call_id'] = `${word(item['call_id'])}0`
    },
  },
  {
    id: 'response-item-id-differs',
    what: 'Deltas of arguments name another item than was added.',
    class: 'C16',
    trigger: [respond(oneCall, stream)],
    responseEvents(events) {
      for (const data of deltasOf(events)) data['item_id'] = `fc_${word(data['item_id']).slice(3).split('').toReversed().join('')}`
    },
  },
  {
    id: 'response-arguments-delta-lost',
    what: 'One delta of the arguments of a streamed response is lost.',
    class: 'C25',
    trigger: [respond(oneCall, stream)],
    responseEvents(events) {
      const deltas = events.filter(({ type }) => type === 'response.function_call_arguments.delta')
      return events.filter((event) => event !== deltas[deltas.length >> 1])
    },
  },
  {
    id: 'response-arguments-done-twice',
    what: 'The done event of a streamed call has the arguments twice.',
    class: 'C24',
    trigger: [respond(oneCall, stream)],
    responseEvents(events) {
      for (const { type, data } of events) {
        if (type === 'response.function_call_arguments.done') data['arguments'] = word(data['arguments']).repeat(2)
      }
    },
  },
  {
    id: 'response-arguments-only-at-end',
    what: 'A streamed call has no deltas and no done event of its arguments.',
    class: 'C25',
    trigger: [respond(oneCall, stream)],
    responseEvents: (events) => events.filter(({ type }) => !type.startsWith('response.function_call_arguments')),
  },
  {
    id: 'response-item-without-name',
    what: 'The item of a streamed call is added without name.',
    class: 'C20',
    trigger: [respond(oneCall, stream)],
    responseEvents(events) {
      for (const { type, data } of events) if (type === 'response.output_item.added') delete record(data['item'])['name']
    },
  },
  {
    id: 'response-call-without-id',
    what: 'Calls of a response have no call_id.',
    class: 'C14',
    trigger: [respond(oneCall)],
    response(body) {
      for (const call of callsOf(body)) delete call['call_id']
    },
  },
  {
    id: 'response-call-ids-equal',
    what: 'All calls of a response share one call_id.',
    class: 'C15',
    trigger: [respond(twoCalls)],
    response(body) {
      for (const call of callsOf(body)) call['call_id'] = callsOf(body)[0]!['call_id']
    },
  },
  {
    id: 'response-completed-missing',
    what: 'A streamed response ends without response.completed.',
    class: 'C01',
    trigger: [respond(noTools, stream)],
    responseEvents: (events) => events.slice(0, -1),
  },
  {
    id: 'response-created-missing',
    what: 'A streamed response begins without response.created.',
    class: 'C06',
    trigger: [respond(noTools, stream)],
    responseEvents: (events) => events.slice(1),
  },
  {
    id: 'response-item-never-done',
    what: 'The item of a streamed call is added and never done.',
    class: 'C04',
    trigger: [respond(oneCall, stream)],
    responseEvents: (events) => events.filter(({ type }) => type !== 'response.output_item.done'),
  },
  {
    id: 'response-sequence-gap',
    what: 'sequence_number skips a value in the middle of a stream.',
    class: 'C06',
    trigger: [respond(oneCall, stream)],
    responseEvents(events) {
      for (const { data } of events.slice(events.length >> 1)) data['sequence_number'] = Number(data['sequence_number']) + 1
    },
  },
  {
    id: 'response-sequence-constant',
    what: 'sequence_number is 0 in every event.',
    class: 'C06',
    trigger: [respond(oneCall, stream)],
    responseEvents(events) {
      for (const { data } of events) data['sequence_number'] = 0
    },
  },
  {
    id: 'response-event-name-differs',
    what: 'The event line says message, whatever the type of the event.',
    class: 'C03',
    trigger: [respond(oneCall, stream)],
    responseEvents(events) {
      for (const event of events) event.type = 'message'
    },
  },
  {
    id: 'response-output-index-constant',
    what: 'Every item of a streamed response has output_index 0.',
    class: 'C12',
    trigger: [respond(twoCalls, stream)],
    responseEvents(events) {
      for (const { data } of events) if ('output_index' in data) data['output_index'] = 0
    },
  },
  {
    id: 'response-output-empty-at-end',
    what: 'The response at the end of a stream has no output.',
    class: 'C54',
    trigger: [respond(oneCall, stream)],
    responseEvents: (events) => void (lastBody(events)['output'] = []),
  },
  {
    id: 'response-cut-says-completed',
    what: 'A response that max_output_tokens cut says completed.',
    class: 'C47',
    trigger: [respond({ messages: [{ role: 'user', content: 'Count to 50.' }], max_tokens: 16 })],
    response(body) {
      if (body['status'] === 'incomplete') Object.assign(body, { status: 'completed', incomplete_details: null })
    },
  },
  {
    id: 'response-cut-call-completed',
    what: 'A response that was cut holds a completed call with arguments {}.',
    class: 'C47',
    trigger: [respond(truncated)],
    response(body, { turn }) {
      const tool = turn.tools[0]
      if (body['status'] !== 'incomplete' || !tool) return
      const call = { arguments: '{}', call_id: 'call_0000000000000000', name: tool.name, type: 'function_call', id: 'fc_0000000000000000' }
      body['output'] = [{ ...call, status: 'completed' }]
    },
  },
  {
    id: 'response-call-as-text',
    what: 'The call of a response is the text of a message.',
    class: 'C50',
    trigger: [respond(oneCall)],
    response(body) {
      body['output'] = list(body['output']).map((item) => (record(item)['type'] === 'function_call' ? asText(record(item)) : item))
    },
  },
  {
    id: 'response-call-as-text-streamed',
    what: 'The call of a streamed response arrives as text deltas.',
    class: 'C50',
    trigger: [respond(oneCall, stream)],
    said(said, { turn }) {
      if (!turn.stream || said.calls.length === 0) return
      said.text = said.calls.map((call) => `<tool_call>\n{"name": "${call.name}", "arguments": ${call.arguments}}\n</tool_call>`).join('\n')
      said.calls = []
    },
  },
  {
    id: 'response-arguments-as-object',
    what: 'Arguments in a response are an object.',
    class: 'C28',
    trigger: [respond(oneCall)],
    response(body) {
      for (const call of callsOf(body)) call['arguments'] = { value: call['arguments'] }
    },
  },
  {
    id: 'response-call-typed-as-tool-call',
    what: 'Items of calls have the type tool_call.',
    class: 'C18',
    trigger: [respond(oneCall)],
    response(body) {
      for (const call of callsOf(body)) call['type'] = 'tool_call'
    },
    responseEvents(events) {
      for (const item of itemsOf(events)) item['type'] = 'tool_call'
    },
  },
  {
    id: 'response-required-answers-text',
    what: 'A response to required is prose.',
    class: 'C43',
    trigger: [respond(required)],
    turn(turn) {
      if (turn.mode === 'required') Object.assign(turn, { mode: 'text', tools: [] })
    },
  },
  {
    id: 'response-named-calls-other-tool',
    what: 'A response to a named tool calls another.',
    class: 'C44',
    trigger: [respond(named)],
    response(body, { turn }) {
      const other = turn.tools.find(({ name }) => name !== turn.named)
      if (turn.mode === 'named' && other) for (const call of callsOf(body)) call['name'] = other.name
    },
  },
  {
    id: 'response-result-ignored',
    what: 'function_call_output items do not reach the prompt.',
    class: 'C55',
    trigger: [
      respond(
        {},
        {
          input: [
            { role: 'user', content: 'What is the weather in Paris?' },
            { type: 'function_call', call_id: 'call_1', name: 'get_weather', arguments: '{"location": "Paris"}' },
            { type: 'function_call_output', call_id: 'call_1', output: '{"temperature": 98}' },
          ],
        },
      ),
    ],
    body: (body) => ({
      ...body,
      messages: list(body['messages']).map((message) =>
        record(message)['role'] === 'tool' ? { ...record(message), content: '' } : message,
      ),
    }),
  },
  {
    id: 'response-usage-missing',
    what: 'usage of a response is null.',
    class: 'C08',
    trigger: [respond(noTools)],
    response: (body) => void (body['usage'] = null),
  },
  {
    id: 'response-usage-total-wrong',
    what: 'total_tokens of a response counts the output twice.',
    class: 'C09',
    trigger: [respond(noTools)],
    response(body) {
      const usage = record(body['usage'])
      usage['total_tokens'] = Number(usage['total_tokens']) + Number(usage['output_tokens'])
    },
  },
  {
    id: 'response-required-without-tools-accepted',
    what: 'A response to required without tools is text.',
    class: 'C59',
    trigger: [respond({ ...noTools, tool_choice: 'required' })],
    verdict: (refusal) => (refusal?.message.includes('must be specified with') ? undefined : refusal),
  },
  {
    id: 'response-stream-cut-with-forced-call',
    what: 'A streamed response to a forced call is 200 and then torn down without an event.',
    class: 'C03',
    trigger: [respond(required, stream)],
    reply: (reply, { turn }) =>
      reply.events && (turn?.mode === 'required' || turn?.mode === 'named') ? { ...reply, events: [], end: 'reset' } : undefined,
  },
  {
    id: 'response-without-id',
    what: 'A response has no id.',
    class: 'C06',
    trigger: [respond(oneCall)],
    response: (body) => void delete body['id'],
  },
  {
    id: 'response-object-wrong',
    what: 'A response is called chat.completion.',
    class: 'C06',
    trigger: [respond(oneCall)],
    response: (body) => void (body['object'] = 'chat.completion'),
  },
  {
    id: 'response-of-other-model',
    what: 'A response names another model than was asked.',
    class: 'C06',
    trigger: [respond(oneCall)],
    response: (body) => void (body['model'] = 'gpt-4o'),
  },
  {
    id: 'response-error-beside-answer',
    what: 'A completed response holds an error.',
    class: 'C60',
    trigger: [respond(oneCall)],
    response: (body) => void (body['error'] = { code: 'server_error', message: 'Something went wrong.' }),
  },
  {
    id: 'response-item-in-progress',
    what: 'The call of a completed response is still in progress.',
    class: 'C06',
    trigger: [respond(oneCall)],
    response(body) {
      for (const item of callsOf(body)) item['status'] = 'in_progress'
    },
  },
  {
    id: 'response-arguments-off-schema',
    what: 'The arguments of a response lack a key that the schema requires.',
    class: 'C38',
    trigger: [respond(required)],
    response(body) {
      for (const item of callsOf(body)) item['arguments'] = '{"unit": "kelvin"}'
    },
  },
  {
    id: 'response-usage-fractional',
    what: 'A response counts half a token.',
    class: 'C09',
    trigger: [respond(oneCall)],
    response(body) {
      const usage = record(body['usage'])
      for (const key of ['input_tokens', 'total_tokens']) usage[key] = Number(usage[key]) + 0.5
    },
  },
  {
    id: 'response-call-twice',
    what: 'A response holds the call twice.',
    class: 'C41',
    trigger: [respond(oneCall)],
    response: (body) => void (body['output'] = [...list(body['output']), ...callsOf(body).map((item) => ({ ...item }))]),
  },
  {
    id: 'response-content-type-text',
    what: 'A response is labelled as text.',
    class: 'C06',
    trigger: [respond(oneCall)],
    reply: (reply) =>
      reply.status === 200
        ? { ...reply, headers: [...reply.headers.filter(([name]) => name !== 'content-type'), ['content-type', 'text/plain']] }
        : undefined,
  },
  {
    id: 'response-delta-before-item',
    what: 'The first delta of arguments comes before its item is added.',
    class: 'C13',
    trigger: [respond(oneCall, stream)],
    responseEvents: (events) => renumbered(moved(events, 'response.function_call_arguments.delta', 'response.output_item.added')),
  },
  {
    id: 'response-arguments-done-early',
    what: 'The arguments of a streamed response are done before their first delta.',
    class: 'C13',
    trigger: [respond(oneCall, stream)],
    responseEvents: (events) =>
      renumbered(moved(events, 'response.function_call_arguments.done', 'response.function_call_arguments.delta')),
  },
  {
    id: 'response-delta-of-other-place',
    what: 'Deltas of arguments name another output_index than their item has.',
    class: 'C13',
    trigger: [respond(oneCall, stream)],
    responseEvents(events) {
      for (const data of deltasOf(events)) data['output_index'] = 7
    },
  },
  {
    id: 'response-ids-equal',
    what: 'All responses have one id.',
    class: 'C16',
    trigger: [respond(oneCall), respond(oneCall, stream)],
    response: (body) => void (body['id'] = 'resp_0000000000000000'),
    responseEvents(events) {
      for (const { data } of events) if ('response' in data) record(data['response'])['id'] = 'resp_0000000000000000'
    },
  },
  {
    id: 'response-id-changes',
    what: 'The id of a streamed response is another one at its end.',
    class: 'C16',
    trigger: [respond(oneCall, stream)],
    responseEvents: (events) => void (lastBody(events)['id'] = 'resp_0000000000000000'),
  },
  {
    id: 'response-stream-ends-at-large-event',
    what: 'A streamed response ends at an event above 64 KB.',
    class: 'C03',
    issue: 'open-webui/open-webui PR#24928',
    trigger: [
      respond(
        { ...noTools, tools: [{ ...record(weather), function: { ...record(weather['function']), description: 'x'.repeat(70_000) } }] },
        stream,
      ),
    ],
    reply(reply) {
      const at = (reply.events ?? []).findIndex((event) => 'raw' in event && event.raw.length > 65_536)
      return at < 0 ? reply : { ...reply, events: (reply.events ?? []).slice(0, at), end: 'reset' }
    },
  },
  {
    id: 'response-output-in-parts-lost',
    what: 'An output that is a list of parts does not reach the prompt.',
    class: 'C55',
    trigger: [
      respond(noTools, {
        input: [
          user('What is the weather in Paris?'),
          { type: 'function_call', call_id: 'call_1', name: 'get_weather', arguments: '{"location": "Paris"}' },
          { type: 'function_call_output', call_id: 'call_1', output: [{ type: 'input_text', text: 'It is 98 degrees.' }] },
        ],
      }),
    ],
    body: (body) => ({
      ...body,
      messages: list(body['messages']).map((message) =>
        record(message)['role'] === 'tool' && Array.isArray(record(message)['content']) ? { ...record(message), content: '' } : message,
      ),
    }),
  },
  {
    id: 'response-completed-in-progress',
    what: 'The event response.completed holds a response that is in progress.',
    class: 'C05',
    trigger: [respond(oneCall, stream)],
    responseEvents: (events) => void (lastBody(events)['status'] = 'in_progress'),
  },
  {
    id: 'response-completed-without-usage',
    what: 'A streamed response ends without usage.',
    class: 'C08',
    trigger: [respond(oneCall, stream)],
    responseEvents: (events) => void (lastBody(events)['usage'] = null),
  },
  {
    id: 'response-usage-without-details',
    what: 'The usage of a response has no details.',
    class: 'C09',
    issue: 'ogx-ai/ogx PR#4690',
    trigger: [respond(oneCall)],
    response(body) {
      const { input_tokens, output_tokens, total_tokens } = record(body['usage'])
      body['usage'] = { input_tokens, output_tokens, total_tokens }
    },
  },
  {
    id: 'response-arguments-as-text-too',
    what: 'The arguments of a call are the text of a message, too.',
    class: 'C51',
    trigger: [respond(oneCall)],
    response(body) {
      const [call] = callsOf(body)
      if (call === undefined) return
      const content = [{ annotations: [], text: call['arguments'], type: 'output_text', logprobs: null }]
      body['output'] = [{ id: 'msg_0000000000000000', content, role: 'assistant', status: 'completed', type: 'message' }, ...callsOf(body)]
    },
  },
]
