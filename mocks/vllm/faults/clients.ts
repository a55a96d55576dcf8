import type { Fault } from '../fault.ts'
import { attempt, isObject, list, record, word } from '../json.ts'
import type { Refusal } from '../wire.ts'
import { oneCall, respond, streamed, tell, user } from './triggers.ts'

type Item = Record<string, unknown>

const city = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const inNamespace = respond(
  { messages: [user('Use desk__get_time with {"city": "Paris"}.')] },
  { stream: true, tools: [{ type: 'namespace', name: 'desk', tools: [{ type: 'function', name: 'get_time', parameters: city }] }] },
)

/** The calls of a response or of an event, wherever they stand in it. */
const callsIn = (data: Item): Item[] =>
  [record(data['item']), ...list(record(data['response'])['output']), ...list(data['output'])]
    .filter(isObject)
    .filter(({ type }) => type === 'function_call')

function flatten(data: Item): void {
  for (const call of new Set(callsIn(data))) {
    if (!call['namespace']) continue
    call['name'] = `${word(call['namespace'])}__${word(call['name'])}`
    call['namespace'] = null
  }
}

const failure = (status: number, message: string): Refusal => ({
  status,
  message,
  type: status === 500 ? 'InternalServerError' : 'BadRequestError',
  param: null,
})

/** Refuses a request whose body holds this, as a server that does not know it may. */
const whenAsked =
  (part: RegExp, answer: Refusal): NonNullable<Fault['verdict']> =>
  (refusal, { request }) =>
    refusal === undefined && part.test(request.body) ? answer : refusal

/** Refuses a chat request that has such a tool. */
const whenTool =
  (meant: (tool: Item) => boolean, answer: Refusal): NonNullable<Fault['verdict']> =>
  (refusal, { request }) => {
    const tools = list(record(attempt(request.body))['tools']).map((tool) => record(record(tool)['function']))
    return refusal === undefined && tools.some((tool) => tool['name'] !== undefined && meant(tool)) ? answer : refusal
  }

/** Faults that only certain clients meet. */
export const clients: Fault[] = [
  {
    id: 'namespace-flattened',
    what: 'A call of a tool in a namespace comes back under the flat name, which codex answers with "unsupported call".',
    class: 'C62',
    issue: 'vllm#46737',
    trigger: [inNamespace],
    response: (body) => flatten(body),
    responseEvents(events) {
      for (const { data } of events) flatten(data)
    },
  },
  {
    id: 'namespace-refused',
    what: 'A request with tools of type namespace is refused, as for models of the Harmony format.',
    class: 'C62',
    issue: 'vllm#49493',
    trigger: [inNamespace],
    verdict: whenAsked(/"type":\s*"namespace"/, failure(400, 'tool type namespace not supported')),
  },
  {
    id: 'namespace-500',
    what: 'A request with tools of type namespace gives status 500.',
    class: 'C62',
    issue: 'vllm#53763',
    trigger: [inNamespace],
    verdict: whenAsked(/"type":\s*"namespace"/, failure(500, "'NamespaceTool' object has no attribute 'parameters'")),
  },
  {
    id: 'response-usage-details-text',
    what: 'The details of usage in a streamed response are texts.',
    class: 'C08',
    trigger: [respond(oneCall, { stream: true })],
    responseEvents(events) {
      const usage = record(record(events.at(-1)?.data['response'])['usage'])
      record(usage['output_tokens_details'])['reasoning_tokens'] = '0'
    },
  },
  {
    id: 'adaptive-thinking-500',
    what: 'A request of /v1/messages with adaptive thinking, as Claude Code sends it, gives status 500.',
    class: 'C62',
    trigger: [tell(oneCall, { thinking: { type: 'adaptive' } })],
    verdict: whenAsked(/"thinking":\s*\{"type":\s*"adaptive"/, failure(500, 'Internal server error')),
  },
  {
    id: 'message-system-midway-refused',
    what: 'A request of /v1/messages with a system message among its messages, as Claude Code sends it, is refused.',
    class: 'C57',
    issue: 'vllm#44000',
    trigger: [tell({ messages: [user('Hi.'), { role: 'system', content: 'Be brief.' }] })],
    path: '/v1/messages',
    verdict: whenAsked(/"role":\s*"system"/, failure(400, "Input should be 'user' or 'assistant'")),
  },
  {
    id: 'store-rejected',
    what: 'A chat request with store false, as pi sends it, is refused.',
    class: 'C62',
    trigger: [streamed({ ...oneCall, store: false })],
    verdict: whenAsked(/"messages".*"store":\s*false|"store":\s*false.*"messages"/, failure(400, 'Unknown parameter: store')),
  },
  {
    id: 'tool-without-description-refused',
    what: 'A tool without description is refused.',
    class: 'C62',
    trigger: [streamed({ ...oneCall, tools: [{ type: 'function', function: { name: 'ping' } }] })],
    verdict: whenTool(({ description }) => description === undefined, failure(400, 'tools.0.function.description: Field required')),
  },
  {
    id: 'long-description-refused',
    what: 'A tool whose description has more than 1024 characters is refused.',
    class: 'C62',
    trigger: [streamed({ ...oneCall, tools: [{ type: 'function', function: { name: 'ping', description: 'Ping. '.repeat(200) } }] })],
    verdict: whenTool(
      ({ description }) => typeof description === 'string' && description.length > 1024,
      failure(400, "Invalid 'tools[0].function.description': string too long"),
    ),
  },
  {
    id: 'message-system-blocks-refused',
    what: 'A system prompt in blocks, as Claude Code sends it, is refused.',
    class: 'C62',
    trigger: [tell(oneCall, { system: [{ type: 'text', text: 'Be brief.' }] })],
    verdict: whenAsked(/"system":\s*\[/, failure(400, 'system: Input should be a valid string')),
  },
  {
    id: 'message-cache-control-refused',
    what: 'A block with cache_control, as Claude Code sends it, is refused.',
    class: 'C62',
    trigger: [tell(oneCall, { system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }] })],
    verdict: whenAsked(/"cache_control"/, failure(400, 'system.0.cache_control: Extra inputs are not permitted')),
  },
  {
    id: 'response-cache-key-refused',
    what: 'A request of /v1/responses with prompt_cache_key, as codex sends it, is refused.',
    class: 'C62',
    trigger: [respond(oneCall, { prompt_cache_key: 'a' })],
    verdict: whenAsked(/"prompt_cache_key"/, failure(400, 'Unsupported parameter: prompt_cache_key')),
  },
  {
    id: 'message-count-without-tools',
    what: 'The path /v1/messages/count_tokens does not count the tools.',
    class: 'C09',
    trigger: [{ ...tell(oneCall), path: '/v1/messages/count_tokens' }],
    body: (body, { request }) => (request.path.endsWith('/count_tokens') ? { ...body, tools: undefined, tool_choice: undefined } : body),
  },
  {
    id: 'response-result-in-parts-refused',
    what: 'A result that is a list of parts is refused on /v1/responses.',
    class: 'C62',
    trigger: [
      respond(oneCall, {
        input: [
          { role: 'user', content: 'Hi.' },
          { type: 'function_call', call_id: 'call_1', name: 'get_weather', arguments: '{}' },
          { type: 'function_call_output', call_id: 'call_1', output: [{ type: 'input_text', text: '18 degrees' }] },
        ],
      }),
    ],
    verdict: whenAsked(/"output":\s*\[/, failure(400, 'input.2.output: Input should be a valid string')),
  },
]
