import { shown } from '../fixtures/contract/rule.ts'
import { parseJson } from '../fixtures/contract/json.ts'
import { fields, list, type Fields } from '../fixtures/contract/view.ts'
import { scenario, type Check, type Reply } from '../fixtures/scenario.ts'
import { weather } from '../fixtures/tools/tools.ts'

const { name, description, parameters } = weather.offer.function
const body = {
  model: '$MODEL',
  input: 'What is the weather like in San Francisco in fahrenheit?',
  tools: [{ type: 'function', name, description, parameters }],
  tool_choice: 'required',
  max_output_tokens: 512,
  temperature: 0,
}
const post = (more: object) => ({ method: 'POST', path: '/v1/responses', body: JSON.stringify({ ...body, ...more }) }) as const

/** A server without the route has nothing to judge here. */
const withRoute =
  (check: (reply: Reply) => Check) =>
  (reply: Reply): Check =>
    reply.status === 404 || reply.status === 405 ? { notApplicable: 'the server has no /v1/responses' } : check(reply)

const documentOf = ({ document }: Reply): Fields => (document?.ok === true ? (fields(document.value) ?? {}) : {})
const callIn = (response: Fields | undefined): Fields | undefined =>
  list(response?.['output'])
    .map(fields)
    .find((item) => item?.['type'] === 'function_call')
/** The type that an event's data names. */
const typeOf = (data: string | undefined): string | undefined => {
  const parsed = parseJson(data ?? '')
  const type = parsed.ok ? fields(parsed.value)?.['type'] : undefined
  return typeof type === 'string' ? type : undefined
}

const events = ({ chunks }: Reply): Fields[] => chunks.flatMap(({ value }) => (value === undefined ? [] : [value]))

export default scenario('Responses API', ({ request, must }) => {
  const plain = request('plain', post({}))
  const streamed = request('streamed', post({ stream: true }), { form: 'stream' })

  must(
    'responses.answers',
    'MUST answer a question with tools with status 200',
    'OpenAI API reference: POST /v1/responses',
    plain,
    withRoute(({ status, text }) =>
      status === 200 ? undefined : { where: 'status line', got: `${status} ${text.slice(0, 160)}`, wanted: '200' },
    ),
  )

  must(
    'responses.item',
    'MUST give a call as an item function_call with call_id, name and arguments that are a JSON object',
    'OpenAI API reference: the function_call item; vllm#37258',
    plain,
    withRoute((reply) => {
      if (reply.status !== 200) return { notApplicable: 'there is no answer' }
      const call = callIn(documentOf(reply))
      if (call === undefined) {
        return documentOf(reply)['status'] === 'incomplete'
          ? { inconclusive: 'the answer was cut' }
          : { where: 'output', got: shown(documentOf(reply)['output']), wanted: 'a function_call: tool_choice is required' }
      }
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
    'responses.status',
    'MUST say completed when nothing was cut',
    'OpenAI API reference: status',
    plain,
    withRoute((reply) => {
      if (reply.status !== 200) return { notApplicable: 'there is no answer' }
      const { status, incomplete_details: why } = documentOf(reply)
      if (status === 'incomplete') return { inconclusive: `cut: ${shown(why)}` }
      return status === 'completed' ? undefined : { where: 'status', got: shown(status), wanted: 'completed' }
    }),
  )

  must(
    'responses.usage',
    'MUST report usage that adds up',
    'OpenAI API reference: usage of a response',
    plain,
    withRoute((reply) => {
      if (reply.status !== 200) return { notApplicable: 'there is no answer' }
      const usage = fields(documentOf(reply)['usage'])
      const [input, output, all] = [usage?.['input_tokens'], usage?.['output_tokens'], usage?.['total_tokens']]
      const right = typeof input === 'number' && typeof output === 'number' && input > 0 && output > 0 && all === input + output
      return right ? undefined : { where: 'usage', got: shown(usage), wanted: 'input_tokens, output_tokens and their sum' }
    }),
  )

  must(
    'responses.events',
    'MUST open, fill and close a streamed response in the order of the API, numbered without a gap',
    'OpenAI API reference: streaming events; vllm-wire section 8',
    streamed,
    withRoute((reply) => {
      if (reply.status !== 200) return { notApplicable: 'there is no answer' }
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
    'responses.same-call',
    'MUST give the same call_id, name and arguments in every event of a call',
    'OpenAI API reference: function_call_arguments events; vllm#47916, vllm#42683',
    streamed,
    withRoute((reply) => {
      if (reply.status !== 200) return { notApplicable: 'there is no answer' }
      const all = events(reply)
      const done = all.find((event) => event['type'] === 'response.output_item.done' && fields(event['item'])?.['type'] === 'function_call')
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
      const added = fields(
        all.find((event) => event['type'] === 'response.output_item.added' && fields(event['item'])?.['type'] === 'function_call')?.[
          'item'
        ],
      )
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
})
