import { argumentsOf, scenario, user, validator, type ChatBody, type Reply } from '../fixtures/scenario.ts'
import { isCounted } from '../fixtures/tools/apis.ts'
import { asOpenAiPython } from '../fixtures/tools/clients.ts'
import { namedQuestion, order, weather, type LocalTool } from '../fixtures/tools/tools.ts'

/** The conversation after the call: the assistant's turn as it came, and what the local function really returned. */
function afterCall(
  tool: LocalTool<never>,
  question: string,
  wrap: (result: string) => unknown,
): (prior: Reply) => ChatBody | { unaskable: string } | { inconclusive: string } {
  return ({ calls, request }) => {
    const [call] = calls
    if (call?.id === undefined || call.name !== tool.offer.function.name) return { unaskable: 'there is no call to answer' }
    const args = argumentsOf(call)
    const unfit = (problem: string): string => `the local function cannot be run with the arguments ${call.arguments}: ${problem}`
    if (args === undefined) return { unaskable: unfit('they are no JSON object') }
    const problem = validator(tool.offer.function.parameters ?? {})(args)
    // Nothing holds the model to the schema of a tool that is not strict.
    if (problem !== undefined) return { inconclusive: unfit(problem) }
    const result = tool.run(args as never)
    return {
      messages: [
        user(question),
        {
          role: 'assistant',
          content: null,
          // A client of openai-python appends the message of the answer as it came, and vLLM sends these keys.
          refusal: null,
          audio: null,
          function_call: null,
          tool_calls: [{ id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } }],
        },
        { role: 'tool', tool_call_id: call.id, content: wrap(result) },
      ],
      tools: request?.tools ?? [tool.offer],
    }
  }
}

const [{ content: weatherQuestion }] = namedQuestion.messages
const orderQuestion = 'What is the tracking code of the order with the order id A-77?'

export default scenario('Local functions', ({ ask, followUp, must, together, sample }) => {
  const weatherCall = ask('weather', namedQuestion, { from: { plain: 'smoke' } })
  const weatherAnswer = followUp(
    'weather-result',
    weatherCall,
    afterCall(weather, weatherQuestion, (result) => result),
    { headers: asOpenAiPython, from: { plain: 'smoke' } },
  )
  // The same conversation goes on: the next call needs an id that was not used before.
  const nextCall = followUp(
    'weather-again',
    weatherAnswer,
    (prior) => ({
      messages: [
        ...(prior.request?.messages ?? []),
        { role: 'assistant', content: prior.content },
        user('And what is the weather like in Oslo in celsius?'),
      ],
      tools: [weather.offer],
      tool_choice: 'required',
    }),
    { forms: ['plain'] },
  )
  const orderCall = ask('order', {
    messages: [user(orderQuestion)],
    tools: [order.offer],
    tool_choice: 'required',
    // One tool, and one call that is wanted: this changes nothing here, but it may be refused.
    parallel_tool_calls: false,
  })
  const orderAnswer = followUp(
    'order-result-in-parts',
    orderCall,
    afterCall(order, orderQuestion, (result) => [
      { type: 'text', text: 'The order was found.' },
      { type: 'text', text: result },
    ]),
  )

  must(
    'local.runs',
    'MUST return arguments that the local function runs with',
    "KAITO tool calling article: calling the local function with the model's chosen arguments",
    weatherCall,
    ({ calls }) => {
      const args = argumentsOf(calls[0])
      const problem =
        args === undefined
          ? `no JSON object: ${calls[0]?.arguments ?? 'no call'}`
          : validator(weather.offer.function.parameters ?? {})(args)
      if (args === undefined) return { where: 'arguments', got: String(problem), wanted: 'arguments of get_weather' }
      if (problem !== undefined) return { inconclusive: `the model's arguments do not fit the schema: ${problem}` }
      return { note: weather.run(args as never) }
    },
  )

  must(
    'local.accepts-result',
    'MUST accept the result of a function in a tool message and answer it',
    'OpenAI API reference: role tool, tool_call_id; vllm#34792',
    weatherAnswer,
    ({ content, calls }) =>
      content.trim() !== '' || calls.length > 0 ? undefined : { where: 'message', got: 'neither content nor call', wanted: 'an answer' },
  )

  must(
    'local.accepts-parts',
    'MUST accept the result of a function as a list of text parts',
    'OpenAI API reference: content of a tool message; vllm#25001, vllm#39899',
    orderAnswer,
    ({ content, calls }) =>
      content.trim() !== '' || calls.length > 0 ? undefined : { where: 'message', got: 'neither content nor call', wanted: 'an answer' },
  )

  must(
    'local.new-id',
    'MUST give a call of a later turn an id that the conversation has not used',
    'OpenAI API reference: tool_call_id refers to one call; vllm#50420, hermes-agent#11722',
    nextCall,
    ({ calls, request }) => {
      if (calls.some(({ id }) => isCounted(id))) return { notApplicable: 'the model writes its ids itself' }
      const used = JSON.stringify(request?.messages ?? [])
      const again = calls.find((call) => call.id !== undefined && used.includes(JSON.stringify(call.id)))
      return again === undefined
        ? undefined
        : { where: 'tool_calls[0].id', got: `${again.id}, the id of an earlier call`, wanted: 'another id' }
    },
  )

  for (const [name, call, answer] of [
    ['weather', weatherCall, weatherAnswer],
    ['order', orderCall, orderAnswer],
  ] as const) {
    together(
      `local.prompt-grows.${name}`,
      'MUST put the call and its result into the prompt: prompt_tokens grow by them',
      'vllm#39614, vllm-mlx#608: prompt_tokens grow with what is in the prompt',
      [call, answer],
      (replies) => {
        const [before = Number.NaN, after = Number.NaN] = replies.map((reply) => Number(reply.answer.usage?.['prompt_tokens']))
        return after > before + 90 || Number.isNaN(before + after)
          ? undefined
          : { where: 'usage.prompt_tokens', got: `${before}, then ${after}`, wanted: 'at least ninety more in the second turn' }
      },
      // agree.prompt-tokens holds the streamed count against the plain one.
      ['plain'],
    )
  }

  sample(
    // That the result reached the prompt is proven above; what the model does with it is chance.
    'local.uses-result',
    'SHOULD answer with what the function returned',
    'vLLM tests/tool_use: the answer contains 98; vllm#39611; TGI#2461',
    [weatherAnswer, orderAnswer],
    ({ content, finishReason }) => (/57\.3|ZX90417/.test(content) ? true : finishReason === 'length' ? undefined : false),
  )
})
