import { argumentsOf, scenario, shown, user, validator } from '../fixtures/scenario.ts'
import { articleQuestion, hello, tool, weather } from '../fixtures/tools/tools.ts'

/** It has a parameter that may be left out: what a parser or a gateway knows of a tool is often what it requires. */
const clock = tool('get_time', 'Get the current local time in a city', {
  type: 'object',
  properties: { city: { type: 'string' }, format: { type: 'string', enum: ['12h', '24h'] } },
  required: ['city'],
})

export default scenario('Auto tool choice', ({ ask, must, should, sample, together }) => {
  const question = ask('weather', articleQuestion, { from: 'smoke' })
  const unset = ask('choice-left-out', {
    // Two calls behind a text is what parsers lose parts of when it is streamed (vllm#41967).
    messages: [user('Think aloud in one sentence, then find out: what time is it in Tokyo and in Oslo right now, in the 24h format?')],
    logprobs: true,
    tools: [weather.offer, clock],
    // Fields of the API that change no answer, as clients send them.
    user: 'conformance',
    store: false,
  })
  const smallTalk = ask('small-talk', {
    // Two paragraphs and a heart show whether line breaks arrive, and what may be the beginning of markup: logprobs tell what the model wrote.
    messages: [user('Thank you very much, you have been kind. Say goodbye in two short paragraphs and sign with <3 and your name.')],
    tools: [weather.offer],
    tool_choice: 'auto',
    logprobs: true,
  })

  sample(
    'auto.calls',
    'MUST call the function with tool_choice auto when the question needs it',
    'KAITO tool calling article: the LLM decided to invoke the function',
    [question],
    ({ calls, finishReason }) => (calls.length > 0 ? true : finishReason === 'length' ? undefined : false),
  )

  must(
    'auto.article',
    'MUST give arguments that the local function of the article can be run with',
    'KAITO tool calling article: tool_functions[name](**args)',
    question,
    ({ calls }) => {
      const [call] = calls
      if (call === undefined) return { inconclusive: 'the model answered in text this time; auto.calls has the rate' }
      const args = argumentsOf(call)
      if (args === undefined) return { where: 'arguments', got: call.arguments, wanted: 'a JSON object' }
      const problem = validator(weather.offer.function.parameters ?? {})(args)
      if (problem !== undefined) return { inconclusive: `the model's arguments do not fit the schema: ${problem}` }
      const result = weather.run(args as { location: string; unit: string })
      return { note: `get_weather(${call.arguments}) gave: ${result}` }
    },
  )

  const toolless = ask('without-tools', hello, { forms: ['plain'] })
  together(
    'auto.prompt',
    'MUST put the tools into the prompt: without them the model cannot know what it may call',
    'vllm#39614: prompt_tokens grow with what is in the prompt; a chat template without tools',
    [question, toolless],
    (replies) => {
      const [withTool, , without] = replies.map((reply) => reply.answer.usage?.['prompt_tokens'])
      if (typeof withTool !== 'number' || typeof without !== 'number') return { blocked: 'usage is missing' }
      return withTool >= without + 20
        ? undefined
        : { where: 'usage.prompt_tokens', got: `${withTool} with a tool, ${without} without`, wanted: 'at least twenty more' }
    },
  )

  should('auto.names', 'SHOULD call the function that fits the question', "K2-Vendor-Verifier; the model's choice", unset, ({ calls }) => {
    if (calls[0] === undefined) return { inconclusive: 'the model answered in text' }
    return calls[0].name === 'get_time' ? undefined : { where: 'name', got: String(calls[0].name), wanted: 'get_time' }
  })

  should(
    'auto.optional',
    'SHOULD give an optional argument that the question states',
    "OpenAI API reference: function.parameters; the model's choice: calls.delivered has what it wrote, where logprobs show that",
    unset,
    ({ calls }) => {
      const args = argumentsOf(calls.find(({ name }) => name === 'get_time'))
      if (args === undefined) return { inconclusive: 'the model did not call get_time' }
      return args['format'] === '24h' ? undefined : { where: 'arguments.format', got: shown(args['format']), wanted: '"24h"' }
    },
  )

  sample(
    'auto.not-needed',
    'SHOULD answer small talk in text although a tool is offered',
    "vLLM tests/tool_use: tools offered but not needed; the model's choice",
    [smallTalk],
    ({ calls, content }) => (calls.length > 0 ? false : content.trim() === '' ? undefined : true),
  )
})
