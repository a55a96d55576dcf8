import { fields, knownClients, list, scenario, shown, type Ask, type Check, type Reply, type RequestShape } from '../fixtures/scenario.ts'
import { answered, answers } from '../fixtures/tools/apis.ts'
import { beyond } from '../fixtures/tools/agents.ts'
import { requestOf, wantedCall } from '../fixtures/tools/known-clients.ts'

/** Tokens that an answer may have here; what the client asks for would not fit into small contexts. */
const MOST_TOKENS = 256
const limits = ['max_tokens', 'max_completion_tokens', 'max_output_tokens']
/** The items of an answer of /v1/responses, plain or at the end of its stream. */
const itemsOf = ({ document, chunks }: Reply): readonly unknown[] =>
  list(
    fields(
      document?.ok === true ? document.value : chunks.findLast(({ value }) => value?.['response'] !== undefined)?.value?.['response'],
    )?.['output'],
  )

/** Holds when the call comes back under the name, and in the namespace, by which the client knows its tool. */
const comesBack =
  (shape: RequestShape) =>
  (reply: Reply): Check => {
    const { calls, content } = reply
    const { name, namespace } = wantedCall(shape)
    if (calls[0] === undefined) return { inconclusive: `the model answered in text: ${shown(content.slice(0, 120))}` }
    if (namespace !== undefined) {
      const item = itemsOf(reply)
        .map(fields)
        .find((one) => one?.['type'] === 'function_call')
      return item?.['namespace'] === namespace && item['name'] === name
        ? undefined
        : { where: 'output', got: shown({ name: item?.['name'], namespace: item?.['namespace'] }), wanted: shown({ name, namespace }) }
    }
    return calls[0].name === name ? undefined : { where: 'name', got: shown(calls[0].name), wanted: name }
  }

export default scenario('Requests as known clients send them', ({ ask, request, must, should }) => {
  for (const [key, { title, shape: client }] of Object.entries(knownClients)) {
    const source = `captured from ${client.version} on ${client.captured}: npm run capture -- ${key}`
    for (const turn of ['first', 'result'] as const) {
      const shape = client[turn] ?? client.first
      const form = shape.stream ? 'stream' : 'plain'
      // Only what no other request of a default run holds is asked there: tools in namespaces.
      const from = key === 'codex' && turn === 'first' ? 'default' : 'full'
      const body = requestOf(shape, turn)
      const bounded = Object.fromEntries(
        Object.entries(body).map(([field, value]) => [field, limits.includes(field) ? MOST_TOKENS : value]),
      )
      const unless = beyond(JSON.stringify(body).length, MOST_TOKENS)
      const asked: Ask =
        shape.path === '/v1/chat/completions'
          ? ask(
              `${key}-${turn}`,
              {
                ...('max_completion_tokens' in bounded ? {} : { max_tokens: MOST_TOKENS }),
                ...('stream_options' in bounded ? {} : { stream_options: undefined }),
                ...(bounded as { messages: readonly object[] }),
              } as never,
              { forms: [form], from, mayRefuse: 'size', unless },
            )
          : request(
              `${key}-${turn}`,
              {
                method: 'POST',
                path: shape.path,
                body: JSON.stringify({ model: '$MODEL', temperature: 0, ...bounded, ...(shape.stream ? { stream: true } : {}) }),
              },
              // What an older server does not know, it may refuse with a reason.
              { expect: 'answer', form, from, mayRefuse: 'explained', unless },
            )
      if (key === 'codex' && turn === 'first')
        must(
          `known-clients.${key}.${turn}`,
          `MUST give the call of a tool in a namespace back with name and namespace, as ${title} reads it, where it takes such tools`,
          `OpenAI API reference: Responses, function_call; vllm#46737; ${source}`,
          asked,
          answered(comesBack(shape)),
        )
      else
        should(
          `known-clients.${key}.${turn}`,
          turn === 'first'
            ? `SHOULD serve the first request of ${title} and give the call back as that client reads it`
            : `SHOULD serve the turn of ${title} that hands back the result of a call`,
          source,
          asked,
          turn === 'first' ? answered(comesBack(shape)) : answers,
        )
    }
  }
})
