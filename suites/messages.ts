import { fields, header, list, parseJson, scenario, shown, user, type Check, type Fields, type Reply } from '../fixtures/scenario.ts'
import { weather } from '../fixtures/tools/tools.ts'

const { name, description, parameters } = weather.offer.function
const body = {
  model: '$MODEL',
  max_tokens: 512,
  temperature: 0,
  messages: [user('What is the weather like in San Francisco in fahrenheit?')],
  tools: [{ name, description, input_schema: parameters }],
  tool_choice: { type: 'any' },
}
const post = (more: object) => ({ method: 'POST', path: '/v1/messages', body: JSON.stringify({ ...body, ...more }) }) as const

const withRoute =
  (check: (reply: Reply) => Check) =>
  (reply: Reply): Check =>
    reply.status === 404 || reply.status === 405 ? { notApplicable: 'the server has no /v1/messages' } : check(reply)

const documentOf = ({ document }: Reply): Fields => (document?.ok === true ? (fields(document.value) ?? {}) : {})
const events = ({ chunks }: Reply): Fields[] => chunks.flatMap(({ value }) => (value === undefined ? [] : [value]))

/** The answer has this media type. */
function typed(reply: Reply, wanted: string): Check {
  const type = header(reply.exchange, 'content-type')
  return type?.split(';')[0]?.trim().toLowerCase() === wanted ? undefined : { where: 'header content-type', got: shown(type), wanted }
}

const filled = (value: unknown): boolean => typeof value === 'string' && value !== ''

/** What in a message differs from the API; fields that older releases omit at the start of a stream count only when their value is wrong. */
function strange(message: Fields | undefined, { exchange }: Reply, opened: boolean): Check {
  const asked: unknown = JSON.parse(exchange.request.body ?? '{}')
  for (const [key, right, wanted] of [
    ['id', filled, 'a non-empty string'],
    ['type', (value: unknown) => value === 'message' || (opened && value === undefined), 'message'],
    ['role', (value: unknown) => value === 'assistant' || (opened && value === undefined), 'assistant'],
    ['model', (value: unknown) => value === fields(asked)?.['model'], shown(fields(asked)?.['model'])],
  ] as const) {
    if (!right(message?.[key])) return { where: key, got: shown(message?.[key]), wanted }
  }
  return undefined
}

/** The kind of delta that fills each kind of block. */
const deltaOf: Readonly<Record<string, readonly unknown[]>> = {
  text: ['text_delta', 'citations_delta'],
  tool_use: ['input_json_delta'],
  thinking: ['thinking_delta', 'signature_delta'],
}

export default scenario('Messages API', ({ request, must }) => {
  const plain = request('plain', post({}))
  const streamed = request('streamed', post({ stream: true }), { form: 'stream' })

  must(
    'messages.block',
    'MUST give a required call as a tool_use block with id, name and an input object',
    'Anthropic API reference: tool_use; vLLM vllm/entrypoints/anthropic/serving.py; vllm#34745',
    plain,
    withRoute((reply) => {
      if (reply.status >= 500) return { where: 'status line', got: `${reply.status} ${reply.text.slice(0, 160)}`, wanted: '200' }
      if (reply.status !== 200) return { blocked: `the server answered ${reply.status}: ${reply.text.slice(0, 160)}` }
      const block = list(documentOf(reply)['content'])
        .map(fields)
        .find((each) => each?.['type'] === 'tool_use')
      if (block === undefined)
        return { where: 'content', got: shown(documentOf(reply)['content']).slice(0, 200), wanted: 'a tool_use block' }
      const right =
        typeof block['id'] === 'string' &&
        block['id'] !== '' &&
        block['name'] === name &&
        fields(block['input']) !== undefined &&
        Object.keys(fields(block['input']) ?? {}).length > 0
      return right ? undefined : { where: 'content', got: shown(block).slice(0, 200), wanted: 'id, name, input' }
    }),
  )

  must(
    'messages.body',
    'MUST answer with one message in JSON: id, type, role and the model that was asked',
    'Anthropic API reference: the message object',
    plain,
    withRoute((reply) =>
      reply.status === 200
        ? (typed(reply, 'application/json') ?? strange(documentOf(reply), reply, false))
        : { notApplicable: 'there is no answer' },
    ),
  )

  must(
    'messages.stop-reason',
    'MUST give the stop_reason tool_use when it made a call',
    'Anthropic API reference: stop_reason',
    plain,
    withRoute((reply) => {
      if (reply.status !== 200) return { notApplicable: 'there is no answer' }
      const { stop_reason: reason } = documentOf(reply)
      if (reason === 'max_tokens') return { inconclusive: 'the answer was cut' }
      return reason === 'tool_use' ? undefined : { where: 'stop_reason', got: shown(reason), wanted: 'tool_use' }
    }),
  )

  must(
    'messages.usage',
    'MUST count the tokens of the prompt and of the answer',
    'Anthropic API reference: usage',
    plain,
    withRoute((reply) => {
      if (reply.status !== 200) return { notApplicable: 'there is no answer' }
      const usage = fields(documentOf(reply)['usage'])
      const right = [usage?.['input_tokens'], usage?.['output_tokens']].every((count) => Number.isInteger(count) && Number(count) > 0)
      return right ? undefined : { where: 'usage', got: shown(usage), wanted: 'input_tokens and output_tokens above 0' }
    }),
  )

  must(
    'messages.streamed-stop',
    'MUST end a streamed message with the stop_reason tool_use when it made a call, and count its tokens',
    'Anthropic API reference: message_delta; vLLM vllm/entrypoints/anthropic/serving.py',
    streamed,
    withRoute((reply) => {
      if (reply.status !== 200) return { notApplicable: 'there is no answer' }
      const last = events(reply).findLast((event) => event['type'] === 'message_delta')
      const reason = fields(last?.['delta'])?.['stop_reason']
      if (reason === 'max_tokens') return { inconclusive: 'the answer was cut' }
      const tokens = fields(last?.['usage'])?.['output_tokens']
      return reason === 'tool_use' && typeof tokens === 'number' && tokens > 0
        ? undefined
        : { where: 'message_delta', got: shown(last), wanted: 'stop_reason tool_use and usage.output_tokens above 0' }
    }),
  )

  must(
    'messages.events',
    'MUST stream a message in the order of the API: start, blocks opened and closed, delta, stop',
    'Anthropic API reference: streaming; vLLM vllm/entrypoints/anthropic/serving.py; vllm#45367',
    streamed,
    withRoute((reply) => {
      if (reply.status !== 200) return { notApplicable: 'there is no answer' }
      const wrongType = typed(reply, 'text/event-stream')
      if (wrongType !== undefined) return wrongType
      const types = events(reply).map((event) => String(event['type']))
      const count = (type: string): number => types.filter((each) => each === type).length
      const ordered =
        types[0] === 'message_start' &&
        count('message_start') === 1 &&
        types.at(-1) === 'message_stop' &&
        types.indexOf('message_delta') > types.lastIndexOf('content_block_stop')
      const paired = count('content_block_start') === count('content_block_stop') && count('content_block_start') > 0
      const misnamed = (reply.stream?.events ?? []).find(
        (event) => event.data !== '[DONE]' && !new RegExp(`"type": ?"${event.name}"`).test(event.data ?? ''),
      )
      if (misnamed !== undefined)
        return { where: `event ${misnamed.index}`, got: `event: ${misnamed.name}`, wanted: 'the type of its data' }
      const places = events(reply).flatMap((event) => (event['type'] === 'content_block_start' ? [event['index']] : []))
      if (places.some((place, index) => place !== index)) return { where: 'index', got: shown(places), wanted: '0, 1, …' }
      return ordered && paired
        ? undefined
        : {
            where: 'events',
            got: types.filter((type, index) => type !== types[index - 1]).join(' '),
            wanted: 'message_start content_block_start … content_block_stop message_delta message_stop',
          }
    }),
  )

  must(
    'messages.blocks',
    'MUST send the deltas of a block between its start and its stop, of its kind and at its index, and open a call with id and name',
    'Anthropic API reference: content_block_start, content_block_delta, content_block_stop',
    streamed,
    withRoute((reply) => {
      if (reply.status !== 200) return { notApplicable: 'there is no answer' }
      const wrong = strange(fields(events(reply)[0]?.['message']), reply, true)
      if (wrong !== undefined) return wrong
      let open: { readonly index: unknown; readonly type: unknown } | undefined
      for (const [position, event] of events(reply).entries()) {
        const { type, index } = event
        const where = `event ${position}, ${String(type)}`
        if (type === 'content_block_start') {
          const block = fields(event['content_block'])
          if (open !== undefined) return { where, got: 'a block within another', wanted: 'the one before to be stopped' }
          if (block?.['type'] === 'tool_use' && (block['name'] !== name || typeof block['id'] !== 'string' || block['id'] === ''))
            return { where, got: shown(block), wanted: `an id and the name ${name}` }
          open = { index, type: block?.['type'] }
        } else if (type === 'content_block_delta' || type === 'content_block_stop') {
          if (open === undefined || open.index !== index)
            return { where, got: `index ${shown(index)}`, wanted: open === undefined ? 'an open block' : shown(open.index) }
          const delta = fields(event['delta'])?.['type']
          if (type === 'content_block_delta' && deltaOf[String(open.type)]?.includes(delta) === false)
            return { where, got: shown(delta), wanted: `a delta of ${shown(open.type)}` }
          if (type === 'content_block_stop') open = undefined
        }
      }
      return undefined
    }),
  )

  must(
    'messages.input',
    'MUST stream an input that, put together, is one JSON object',
    'Anthropic API reference: input_json_delta; vllm#34887',
    streamed,
    withRoute((reply) => {
      if (reply.status !== 200) return { notApplicable: 'there is no answer' }
      const pieces = events(reply).flatMap((event) =>
        fields(event['delta'])?.['type'] === 'input_json_delta' ? [fields(event['delta'])?.['partial_json']] : [],
      )
      if (pieces.length === 0) return { where: 'events', got: 'no input_json_delta', wanted: 'the input of the call' }
      const joined = pieces.join('')
      const parsed = parseJson(joined)
      return parsed.ok && fields(parsed.value) !== undefined
        ? undefined
        : { where: 'input_json_delta', got: joined.slice(0, 200), wanted: 'a JSON object' }
    }),
  )
})
