import { argumentsOf, scenario, user } from '../fixtures/scenario.ts'
import { time, weather } from '../fixtures/tools/tools.ts'

export default scenario('Parallel calls', ({ ask, must, sample }) => {
  const twoCities = ask('two-cities', {
    messages: [user('What is the weather like in Paris and in Tokyo? Use celsius.')],
    tools: [weather.offer, time],
    tool_choice: 'required',
    // Logprobs show what the model wrote, also where the parser lost it.
    logprobs: true,
  })
  const oneAtATime = ask('one-at-a-time', {
    messages: [user('What is the weather like in Madrid and in Oslo? Use celsius.')],
    tools: [weather.offer, time],
    tool_choice: 'required',
    parallel_tool_calls: false,
  })

  sample(
    'parallel.two',
    'SHOULD',
    'SHOULD make two calls when the question names two cities',
    "vLLM tests/tool_use/test_parallel_tool_calls.py; the model's choice",
    [twoCities],
    ({ calls, finishReason }) => (finishReason === 'length' ? undefined : calls.length >= 2),
  )

  must(
    'parallel.distinct',
    'MUST keep the arguments of two calls apart',
    'lmdeploy PR#4692, vllm#25405, vllm#39626',
    twoCities,
    ({ calls }) => {
      if (calls.length < 2) return { inconclusive: `the model made ${calls.length} call(s) this time; parallel.two has the rate` }
      const places = calls.map((call) => JSON.stringify(argumentsOf(call) ?? call.arguments))
      return new Set(places).size === places.length
        ? undefined
        : { inconclusive: `the model asked twice for the same: ${places.join(' ')}` }
    },
  )

  must(
    'parallel.off',
    'MUST make one call when parallel_tool_calls is false',
    'OpenAI API reference: parallel_tool_calls; vllm#26233, sglang#9696',
    oneAtATime,
    ({ calls }) => (calls.length === 1 ? undefined : { where: 'tool_calls', got: `${calls.length} calls`, wanted: '1 call' }),
  )
})
