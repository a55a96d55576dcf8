import {
  answered,
  answers,
  responds,
  grewByFiller,
  grewWith,
  hasRouteAlways,
  promptTokens,
  refuses,
  sameInputTokens,
  tells,
  questions,
  aloud,
  aloudInChat,
  keepsText,
  sameCalls,
  saysAsMuch,
  uniqueCallIds,
  uniqueIds,
  contents,
  explained,
  paris,
  silent,
  tale,
  taleInChat,
  tokyo,
  twoCities,
} from '../fixtures/tools/apis.ts'
import { literalQuestion, literalsKept, literalTool } from '../fixtures/tools/literals.ts'
import { filler, ping, time, weather, words } from '../fixtures/tools/tools.ts'
import { argumentsOf, fields, scenario, shown, user, type Reply } from '../fixtures/scenario.ts'

const SOURCE = 'OpenAI API reference: Responses'
const { name, description, parameters } = weather.offer.function
const strictWeather = { type: 'function', name, description, parameters: { ...parameters, additionalProperties: false }, strict: true }
const flat = ({ function: { name: of, description: what, parameters: schema } }: typeof time): object => ({
  type: 'function',
  name: of,
  description: what,
  parameters: schema,
})
const tools = [strictWeather, flat(time), flat(ping)]
const forced = (of: string): object => ({ type: 'function', name: of })

const called = (id: string, location: string): object => ({
  type: 'function_call',
  call_id: id,
  name,
  arguments: JSON.stringify({ location, unit: 'celsius' }),
})
const returned = (id: string, output: unknown): object => ({ type: 'function_call_output', call_id: id, output })
const history = [
  user(twoCities),
  called('call_aaaaaaaa1', `Tokyo. ${filler} ${filler}`),
  returned('call_aaaaaaaa1', silent),
  called('call_aaaaaaaa2', 'Paris'),
  called('call_aaaaaaaa3', 'Tokyo'),
  // Results come back when they are ready, not in the order of the calls.
  returned('call_aaaaaaaa3', tokyo),
  returned('call_aaaaaaaa2', paris),
]

/** Wrong requests, each with what is wrong with it. */
const wrong: Readonly<Record<string, readonly [what: string, body: object]>> = {
  'required-without-tools': ['tool_choice required without tools', { input: 'Hi.', tool_choice: 'required', max_output_tokens: 16 }],
  'named-not-offered': [
    'a tool_choice that names a function that is not offered',
    { input: 'Hi.', tools, tool_choice: forced('get_wether'), max_output_tokens: 16 },
  ],
  'input-missing': ['a body without input', { max_output_tokens: 16 }],
  'input-number': ['an input that is a number', { input: 7, max_output_tokens: 16 }],
  'tool-without-name': ['a tool without name', { input: 'Hi.', tools: [{ type: 'function', parameters: {} }], max_output_tokens: 16 }],
  'choice-unknown': ['an unknown tool_choice', { input: 'Hi.', tools, tool_choice: 'sometimes', max_output_tokens: 16 }],
  'tools-text': ['tools that are a text', { input: 'Hi.', tools: 'get_weather', max_output_tokens: 16 }],
}

const responseOf = ({ document, chunks }: Reply): unknown =>
  fields(document?.ok === true ? document.value : chunks[0]?.value?.['response'])?.['id']

export default scenario('Responses API', (script) => {
  const { request, must, should, together } = script
  const ask = questions(script, '/v1/responses', { model: '$MODEL', max_output_tokens: 512, temperature: 0 })
  const required = ask('required', { input: twoCities, tools, tool_choice: 'required' })
  const auto = ask(
    'auto',
    {
      input: aloud.question,
      instructions: aloud.system.join(''),
      tools,
      tool_choice: 'auto',
      // Fields of the API that change no answer, as codex and @openai/agents send them.
      store: false,
      prompt_cache_key: 'conformance',
    },
    { plain: 'full' },
  )
  const literals = ask(
    'literals',
    {
      input: literalQuestion,
      tools: [{ type: 'function', ...literalTool, strict: true }, flat(weather.offer)],
      tool_choice: forced(literalTool.name),
    },
    { stream: 'full' },
  )
  const results = ask('results', { input: history, tools, tool_choice: 'auto' }, { plain: 'full' })
  const cutCall = ask(
    'cut-call',
    {
      input: `Call note with {"text": "${words}"}`,
      tools: [
        {
          type: 'function',
          name: 'note',
          description: 'Write a note',
          parameters: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
        },
      ],
      tool_choice: 'auto',
      max_output_tokens: 16,
    },
    { plain: 'full', truncated: true },
  )
  const none = ask('none', { input: twoCities, tools, tool_choice: 'none' }, { stream: 'full' })
  const cutText = ask('cut-text', { input: `Say ${words}.`, max_output_tokens: 16 }, { plain: 'full', stream: 'full', truncated: true })
  const text = ask('text', { input: 'Say hello to the world.' }, { plain: 'full', stream: 'full' })
  const zero = ask(
    'zero',
    { input: 'Check that the backend is alive.', tools: [flat(ping), flat(time)], tool_choice: forced('ping') },
    { plain: 'full', stream: 'full' },
  )
  const single = ask(
    'one-at-a-time',
    { input: twoCities, tools, tool_choice: 'required', parallel_tool_calls: false },
    { plain: 'full', stream: 'full' },
  )
  const parts = ask(
    'parts',
    {
      instructions: tale.system.join(''),
      input: [
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: tale.question }] },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: tale.beside, annotations: [] }] },
        called('call_bbbbbbbb1', 'Paris'),
        returned('call_bbbbbbbb1', tale.failed),
        called('call_bbbbbbbb2', 'Paris'),
        // An output may be a list of parts, as @openai/agents sends what an MCP server returned.
        returned('call_bbbbbbbb2', [{ type: 'input_text', text: tale.result }]),
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: tale.again }] },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: tale.answer, annotations: [] }] },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: tale.last }] },
      ],
      tools: [flat(weather.offer), flat(time), flat(explained)],
      tool_choice: 'auto',
    },
    { plain: 'full', stream: 'full' },
  )
  const aloudByChat = script.ask('aloud', aloudInChat, { forms: ['plain'] })
  const inChat = script.ask('tale', taleInChat, { forms: ['plain'], from: 'full', mayRefuse: 'explained' })

  for (const [key, what, asked] of [
    ['required', 'a question with tools under tool_choice required', required],
    ['auto', 'a question with tools under tool_choice auto', auto],
    ['literals', 'a question under a tool_choice that names a function', literals],
    ['results', 'a turn with calls and their results', results],
    ['cut-call', 'a question whose call is cut', cutCall],
    ['none', 'a question with tools under tool_choice none', none],
    ['cut-text', 'a question whose answer is cut', cutText],
    ['text', 'a question without tools', text],
    ['zero', 'a question whose call takes no arguments', zero],
    ['one-at-a-time', 'a question with parallel_tool_calls false', single],
    ['parts', 'a long history of messages and a result in parts, with a result that is an error', parts],
  ] as const)
    for (const form of ['plain', 'stream'] as const)
      must(
        `responses.answers.${key}.${form}`,
        `MUST answer ${what}${form === 'stream' ? ', streamed' : ''}`,
        `${SOURCE}, create; vllm#33089`,
        asked[form],
        key === 'cut-call' ? responds : answers,
      )

  for (const form of ['plain', 'stream'] as const) {
    must(
      `responses.literals.${form}`,
      'MUST hand over every value of a strict tool unchanged',
      `${SOURCE}, strict; vllm#17703, vllm#45389`,
      literals[form],
      answered((reply, { profile }) => {
        const check = literalsKept(reply)
        return profile.constrains || check === undefined || !('got' in check)
          ? check
          : { inconclusive: `this server does not say that it constrains arguments: ${check.got}` }
      }),
    )
    must(
      `responses.cut.${form}`,
      'MUST say incomplete when max_output_tokens cuts the answer',
      `${SOURCE}, incomplete_details; vllm#27250`,
      cutText[form],
      answered(({ finishReason, answer }) =>
        // A terse model may end before the limit.
        finishReason === 'length' || Number(answer.usage?.['completion_tokens']) < 16
          ? undefined
          : { where: 'status', got: String(finishReason), wanted: 'incomplete' },
      ),
    )
    must(
      `responses.zero.${form}`,
      'MUST give the arguments of a function that takes none as {}',
      `${SOURCE}, function_call; vllm#11392`,
      zero[form],
      answered(({ calls }) =>
        calls[0] === undefined || argumentsOf(calls[0]) !== undefined
          ? undefined
          : { where: 'arguments', got: shown(calls[0].arguments), wanted: '{}' },
      ),
    )
    should(
      `responses.two-calls.${form}`,
      'SHOULD make two calls when the question names two cities',
      `${SOURCE}, parallel_tool_calls; the model's choice`,
      required[form],
      answered(({ calls, finishReason }) =>
        calls.length >= 2 || finishReason === 'length' ? undefined : { where: 'output', got: `${calls.length} call(s)`, wanted: '2 calls' },
      ),
    )
    should(
      `responses.calls-by-itself.${form}`,
      'SHOULD call a function under auto when the question asks for it',
      `${SOURCE}, tool_choice auto; the model's choice`,
      auto[form],
      answered(({ calls, content }) =>
        calls.length > 0 ? undefined : { where: 'output', got: `the text ${shown(content)}`, wanted: 'a call' },
      ),
    )
    should(
      `responses.tells-results.${form}`,
      'SHOULD tell the results of both calls',
      `${SOURCE}, function_call_output; the model's choice`,
      results[form],
      answered(tells('output', ['17.4', '31.6'])),
    )
  }

  for (const form of ['plain', 'stream'] as const) {
    together(
      `responses.system-in-prompt.${form}`,
      'MUST put the text of instructions into the prompt: input_tokens grow with it',
      `${SOURCE}, instructions; vllm#39614`,
      [required.plain, auto[form]],
      ([before, after]) => grewByFiller(promptTokens(before), promptTokens(after), 4),
    )
    together(
      `responses.results-in-prompt.${form}`,
      'MUST put calls and results of the input into the prompt: input_tokens grow with each of them',
      `${SOURCE}, function_call_output; vllm#39614`,
      [required.plain, auto[form], results[form]],
      ([before, one, all]) => grewWith(contents, before, one, all, 4),
    )
  }

  together(
    'responses.as-chat',
    'MUST put as much of a conversation into the prompt as chat completions do: instructions, messages, outputs in parts, descriptions',
    `${SOURCE}, input items; OpenAI API reference: usage`,
    [parts.plain, inChat],
    saysAsMuch,
  )

  for (const [key, asked] of [
    ['required', required],
    ['auto', auto],
    ['results', results],
    ['literals', literals],
    ['none', none],
    ['text', text],
  ] as const)
    together(
      `responses.agree.${key}`,
      'MUST count the same input_tokens for the same question, plain and streamed',
      `${SOURCE}, usage; vllm#8625`,
      [asked.plain, asked.stream],
      ([plain, stream]) => sameInputTokens(plain, stream),
    )

  for (const [key, [what, body]] of Object.entries(wrong)) {
    const refused = request(
      `wrong-${key}`,
      { method: 'POST', path: '/v1/responses', body: JSON.stringify({ model: '$MODEL', temperature: 0, ...body }) },
      { expect: 'refusal', from: 'full' },
    )
    must(`responses.refuses.${key}`, `MUST refuse ${what}`, `${SOURCE}, create; OpenAI API reference: error codes`, refused, refuses)
  }

  should(
    'responses.usage-details',
    'SHOULD count the details of usage in numbers',
    `${SOURCE}, usage; @openai/agents 0.20.0 ends a streamed run on a list, which vLLM adds for each turn`,
    required.stream,
    answered(({ chunks }) => {
      const usage = fields(chunks.findLast(({ value }) => fields(value?.['response'])?.['usage'])?.value?.['response'])?.['usage']
      const details = ['input_tokens_details', 'output_tokens_details'].flatMap((key) => Object.entries(fields(fields(usage)?.[key]) ?? {}))
      const odd = details.find(([, value]) => typeof value !== 'number' && typeof value !== 'object')
      if (odd !== undefined) return { where: `usage, ${odd[0]}`, got: shown(odd[1]), wanted: 'a number' }
      // What else a server adds is its own.
      const added = details.filter(([, value]) => typeof value === 'object' && value !== null).map(([key]) => key)
      return added.length === 0
        ? undefined
        : { note: `usage holds more than numbers (${added.join(', ')}): @openai/agents ends a streamed run on that` }
    }),
  )

  together(
    'responses.ids',
    'MUST give every response an id of its own',
    `${SOURCE}, the response object`,
    [required.plain, required.stream, auto.stream, results.stream],
    (replies) => uniqueIds(replies, responseOf),
  )
  together(
    'responses.call-ids',
    'MUST give a call an id that no call of another answer has',
    `${SOURCE}, call_id refers to one call; vllm#50420, hermes-agent#11722`,
    [required.plain, required.stream, auto.stream, literals.plain],
    uniqueCallIds,
  )
  together(
    'responses.route',
    'MUST have the route for every question, when it has it for one',
    `${SOURCE}, create`,
    [required.plain, required.stream, auto.stream, literals.plain, results.stream, cutCall.stream, none.plain],
    hasRouteAlways,
  )
  together(
    'responses.same-calls',
    'MUST make the same calls of the same number of tokens, plain and streamed',
    `${SOURCE}, stream; vllm#49316`,
    [required.plain, required.stream],
    ([plain, stream]) => sameCalls(plain, stream),
  )
  together(
    'responses.text-beside-calls',
    'MUST hand over the text that the model writes beside its calls, as chat completions do',
    `${SOURCE}, output; what is generated alike has to arrive alike`,
    [aloudByChat, auto.stream],
    keepsText,
  )
})
