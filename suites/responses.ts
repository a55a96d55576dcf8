import {
  answerOfResponse,
  compareReading,
  fields,
  header,
  list,
  parseJson,
  scenario,
  shown,
  validator,
  type Check,
  type Facts,
  type Fields,
  type Reply,
} from '../fixtures/scenario.ts'
import { weather } from '../fixtures/tools/tools.ts'

const { name, description, parameters } = weather.offer.function
const schema = { ...parameters, additionalProperties: false }
const body = {
  model: '$MODEL',
  input: 'What is the weather like in San Francisco in fahrenheit?',
  tools: [{ type: 'function', name, description, parameters: schema, strict: true }],
  tool_choice: 'required',
  max_output_tokens: 512,
  temperature: 0,
}
const post = (more: object) => ({ method: 'POST', path: '/v1/responses', body: JSON.stringify({ ...body, ...more }) }) as const

/** Not applicable without the route; a refusal is judged by one requirement only. */
const answered =
  (check: (reply: Reply, facts: Facts) => Check) =>
  (reply: Reply, facts: Facts): Check =>
    reply.status === 404 || reply.status === 405
      ? { notApplicable: 'the server has no /v1/responses' }
      : reply.status === 200
        ? check(reply, facts)
        : { notApplicable: 'there is no answer' }

const documentOf = ({ document }: Reply): Fields => (document?.ok === true ? (fields(document.value) ?? {}) : {})
const isCall = (item: Fields | undefined): item is Fields => item?.['type'] === 'function_call'
const callIn = (response: Fields | undefined): Fields | undefined =>
  list(response?.['output'])
    .map(fields)
    .find((item) => isCall(item))
/** The type that an event's data names. */
const typeOf = (data: string | undefined): string | undefined => {
  const parsed = parseJson(data ?? '')
  const type = parsed.ok ? fields(parsed.value)?.['type'] : undefined
  return typeof type === 'string' ? type : undefined
}

const events = ({ chunks }: Reply): Fields[] => chunks.flatMap(({ value }) => (value === undefined ? [] : [value]))

const counts = (usage: Fields | undefined): boolean => {
  const [input, output, all] = [usage?.['input_tokens'], usage?.['output_tokens'], usage?.['total_tokens']]
  return (
    Number.isInteger(input) && Number.isInteger(output) && Number(input) > 0 && Number(output) > 0 && all === Number(input) + Number(output)
  )
}

/** What in a response object differs from the API, in a body or an event. */
function strange(response: Fields | undefined, { exchange }: Reply, { profile }: Facts): Check {
  const asked: unknown = JSON.parse(exchange.request.body ?? '{}')
  const model = fields(asked)?.['model']
  for (const [key, right, wanted] of [
    ['id', (value: unknown) => typeof value === 'string' && value !== '', 'a non-empty string'],
    ['object', (value: unknown) => value === 'response', 'response'],
    ['created_at', (value: unknown) => typeof value === 'number' && value > 1e9 && value < 1e11, 'Unix time in seconds'],
    [
      'model',
      (value: unknown) => value === model || (profile.engine !== 'vllm' && typeof value === 'string' && value !== ''),
      shown(model),
    ],
    ['error', (value: unknown) => value === undefined || value === null, 'null: nothing failed'],
    ['output', (value: unknown) => Array.isArray(value), 'a list'],
  ] as const) {
    if (!right(response?.[key])) return { where: key, got: shown(response?.[key]), wanted }
  }
  return undefined
}

/** The answer has this media type. */
function typed(reply: Reply, wanted: string): Check {
  const type = header(reply.exchange, 'content-type')
  return type?.split(';')[0]?.trim().toLowerCase() === wanted ? undefined : { where: 'header content-type', got: shown(type), wanted }
}

export default scenario('Responses API', ({ request, must }) => {
  const plain = request('plain', post({}))
  const streamed = request('streamed', post({ stream: true }), { form: 'stream' })

  must(
    'responses.answers',
    'MUST answer a question with tools with status 200',
    'OpenAI API reference: POST /v1/responses',
    plain,
    ({ status, text }) =>
      status === 404 || status === 405
        ? { notApplicable: 'the server has no /v1/responses' }
        : status === 200
          ? undefined
          : { where: 'status line', got: `${status} ${text.slice(0, 160)}`, wanted: '200' },
  )

  must(
    'responses.body',
    'MUST answer with one response object in JSON: id, object, created_at, the model that was asked, output, and no error',
    'OpenAI API reference: the response object',
    plain,
    answered((reply, facts) => typed(reply, 'application/json') ?? strange(documentOf(reply), reply, facts)),
  )

  must(
    'responses.item',
    'MUST give a call as a function_call item with call_id, name and arguments that are a JSON object, and each call once',
    'OpenAI API reference: the function_call item; vllm#37258',
    plain,
    answered((reply) => {
      const response = documentOf(reply)
      const call = callIn(response)
      if (call === undefined) {
        return response['status'] === 'incomplete'
          ? { inconclusive: 'the answer was cut' }
          : { where: 'output', got: shown(response['output']), wanted: 'a function_call: tool_choice is required' }
      }
      const ids = list(response['output'])
        .map(fields)
        .filter((item) => isCall(item))
        .map((item) => item['call_id'])
      if (new Set(ids).size < ids.length) return { where: 'call_id', got: shown(ids), wanted: 'each id once' }
      if (response['status'] === 'completed' && call['status'] !== undefined && call['status'] !== null && call['status'] !== 'completed')
        return { where: 'output', got: `an item that is ${shown(call['status'])}`, wanted: 'completed, as the response is' }
      const parsed = parseJson(typeof call['arguments'] === 'string' ? call['arguments'] : '')
      const right =
        typeof call['call_id'] === 'string' &&
        call['call_id'] !== '' &&
        call['name'] === name &&
        parsed.ok &&
        fields(parsed.value) !== undefined
      return right ? undefined : { where: 'output', got: shown(call).slice(0, 200), wanted: 'call_id, name, arguments' }
    }),
  )

  must(
    'responses.schema',
    'MUST give arguments that fit the schema of a strict tool when the call is forced',
    'OpenAI API reference: strict',
    plain,
    answered((reply, { profile }) => {
      if (!profile.constrains) return { notApplicable: 'this server does not say that it constrains arguments' }
      const call = callIn(documentOf(reply))
      const parsed = parseJson(typeof call?.['arguments'] === 'string' ? call['arguments'] : '')
      if (!parsed.ok || documentOf(reply)['status'] === 'incomplete') return { notApplicable: 'there are no complete arguments' }
      const problem = validator(schema)(parsed.value)
      return problem === undefined
        ? undefined
        : { where: 'arguments', got: `${problem}: ${shown(call?.['arguments'])}`, wanted: 'arguments that fit the schema' }
    }),
  )

  must(
    'responses.status',
    'MUST say completed when nothing was cut',
    'OpenAI API reference: status',
    plain,
    answered((reply) => {
      const { status, incomplete_details: why } = documentOf(reply)
      if (status === 'incomplete') return { inconclusive: `cut: ${shown(why)}` }
      return status === 'completed' ? undefined : { where: 'status', got: shown(status), wanted: 'completed' }
    }),
  )

  must(
    'responses.usage',
    'MUST report usage in whole numbers that add up',
    'OpenAI API reference: usage of a response',
    plain,
    answered((reply) => {
      const usage = fields(documentOf(reply)['usage'])
      return counts(usage) ? undefined : { where: 'usage', got: shown(usage), wanted: 'input_tokens, output_tokens and their sum' }
    }),
  )

  must(
    'responses.events',
    'MUST open, fill and close a streamed response in the order of the API, numbered without a gap',
    'OpenAI API reference: streaming events; vLLM vllm/entrypoints/openai/responses',
    streamed,
    answered((reply) => {
      const wrongType = typed(reply, 'text/event-stream')
      if (wrongType !== undefined) return wrongType
      const types = events(reply).map((event) => String(event['type']))
      if (types[0] !== 'response.created') return { where: 'event 0', got: String(types[0]), wanted: 'response.created' }
      if (!['response.completed', 'response.incomplete'].includes(types.at(-1) ?? ''))
        return { where: `event ${types.length - 1}`, got: String(types.at(-1)), wanted: 'response.completed' }
      const added = types.filter((type) => type === 'response.output_item.added').length
      const done = types.filter((type) => type === 'response.output_item.done').length
      if (added !== done || added === 0)
        return { where: 'output items', got: `${added} added, ${done} done`, wanted: 'every item added and done' }
      const numbers = events(reply).map((event) => event['sequence_number'])
      const gap = numbers.findIndex((number, index) => number !== index)
      const misnamed = (reply.stream?.events ?? []).find((event) => event.data !== '[DONE]' && event.name !== typeOf(event.data))
      if (misnamed !== undefined)
        return { where: `event ${misnamed.index}`, got: `event: ${misnamed.name}`, wanted: `event: ${typeOf(misnamed.data)}` }
      const places = events(reply).flatMap((event) => (event['type'] === 'response.output_item.added' ? [event['output_index']] : []))
      if (places.some((place, index) => place !== index)) return { where: 'output_index', got: shown(places), wanted: '0, 1, …' }
      return gap === -1 ? undefined : { where: `event ${gap}, sequence_number`, got: shown(numbers[gap]), wanted: String(gap) }
    }),
  )

  must(
    'responses.same-response',
    'MUST keep id, object and model of a response in all its events, and close it completed and with usage',
    'OpenAI API reference: response.created, response.completed',
    streamed,
    answered((reply, facts) => {
      const told = events(reply)
        .map((event) => fields(event['response']))
        .filter((response) => response !== undefined)
      const [opened, closed] = [told[0], told.at(-1)]
      if (opened === undefined) return { notApplicable: 'no event holds the response; responses.events says so' }
      for (const response of told) {
        const wrong = strange(response, reply, facts)
        if (wrong !== undefined) return wrong
        if (response['id'] !== opened['id']) return { where: 'response.id', got: shown(response['id']), wanted: shown(opened['id']) }
      }
      const ending = typeOf(reply.chunks.at(-1)?.event.data)
      if (ending === 'response.completed' && closed?.['status'] === 'incomplete') return { inconclusive: 'the answer was cut' }
      if (ending === 'response.completed' && closed?.['status'] !== 'completed')
        return { where: 'response.status', got: shown(closed?.['status']), wanted: 'completed, as the event says' }
      return counts(fields(closed?.['usage']))
        ? undefined
        : { where: 'response.usage', got: shown(closed?.['usage']), wanted: 'input_tokens, output_tokens and their sum' }
    }),
  )

  must(
    'responses.item-events',
    'MUST send the parts of an item between its added and its done, each with the id and the place of that item, deltas before their done',
    'OpenAI API reference: item_id, output_index; openai-node: ResponseStream',
    streamed,
    answered((reply) => {
      let open: Fields | undefined
      let filled = false
      for (const [position, event] of events(reply).entries()) {
        const type = String(event['type'])
        const at = `event ${position}, ${type}`
        const item = fields(event['item'])
        if (type === 'response.output_item.added') {
          if (open !== undefined) return { where: at, got: 'an item within another', wanted: 'the one before to be done' }
          open = { id: item?.['id'], output_index: event['output_index'] }
          filled = false
        } else if (type === 'response.output_item.done') {
          if (open === undefined) return { where: at, got: 'an item that was not added', wanted: 'response.output_item.added' }
          if (item?.['id'] !== open['id'] || event['output_index'] !== open['output_index'])
            return { where: at, got: shown({ id: item?.['id'], output_index: event['output_index'] }), wanted: shown(open) }
          open = undefined
        } else if ('item_id' in event) {
          if (open === undefined) return { where: at, got: 'a part that belongs to no item', wanted: 'response.output_item.added before' }
          if (event['item_id'] !== open['id'] || event['output_index'] !== open['output_index'])
            return { where: at, got: shown({ id: event['item_id'], output_index: event['output_index'] }), wanted: shown(open) }
          if (filled && type.endsWith('.delta')) return { where: at, got: 'a delta after its done event', wanted: 'nothing more' }
          if (type === 'response.function_call_arguments.done') filled = true
        }
      }
      return undefined
    }),
  )

  must(
    'responses.same-call',
    'MUST give the same call_id, name and arguments in every event of a call',
    'OpenAI API reference: function_call_arguments events; vllm#47916, vllm#42683',
    streamed,
    answered((reply) => {
      const all = events(reply)
      const done = all.find((event) => event['type'] === 'response.output_item.done' && isCall(fields(event['item'])))
      const last = callIn(fields(all.at(-1)?.['response']))
      const item = fields(done?.['item'])
      if (item === undefined)
        return last === undefined
          ? { where: 'events', got: 'no function_call', wanted: 'a call: tool_choice is required' }
          : { where: 'events', got: 'a call that no event announced', wanted: 'response.output_item.done' }
      const joined = all
        .filter((event) => event['type'] === 'response.function_call_arguments.delta')
        .map((event) => String(event['delta']))
        .join('')
      const added = fields(all.find((event) => event['type'] === 'response.output_item.added' && isCall(fields(event['item'])))?.['item'])
      const finished = all.filter((event) => event['type'] === 'response.function_call_arguments.done')
      if (added?.['name'] !== name || added['call_id'] !== item['call_id'] || added['id'] !== item['id']) {
        return { where: 'response.output_item.added', got: shown(added), wanted: 'the id, call_id and name of the item that is done' }
      }
      if (finished.length !== 1 || finished[0]?.['arguments'] !== item['arguments']) {
        return {
          where: 'response.function_call_arguments.done',
          got: shown(finished.map((event) => event['arguments'])),
          wanted: `${shown(item['arguments'])} once`,
        }
      }
      for (const key of ['call_id', 'name', 'arguments']) {
        if (item[key] !== last?.[key])
          return {
            where: `item.${key}`,
            got: shown(item[key]),
            wanted: `${shown(last?.[key])}, as in response.completed`,
          }
      }
      return joined === item['arguments']
        ? undefined
        : { where: 'function_call_arguments.delta', got: joined, wanted: String(item['arguments']) }
    }),
  )

  for (const [form, ask, responseOf] of [
    ['plain', plain, documentOf],
    ['streamed', streamed, (reply: Reply) => fields(events(reply).at(-1)?.['response']) ?? {}],
  ] as const) {
    must(
      `responses.client.${form}`,
      'MUST be read by the official client exactly as the bytes say',
      'openai-node: responses.create, responses.stream',
      ask,
      answered((reply) => {
        if (reply.client === undefined) return { notApplicable: 'the answer is incomplete' }
        const [breach] = compareReading(reply.client.create, answerOfResponse(responseOf(reply)))
        return breach
      }),
    )
  }
})
