import { mustObeyParallelFalse, scenario, user } from '../fixtures/scenario.ts'
import { time, weather } from '../fixtures/tools/tools.ts'

export default scenario('Parallel calls', ({ ask, must, sample }) => {
  const twoCities = ask('two-cities', {
    messages: [user('What is the weather like in Paris and in Tokyo? Use celsius.')],
    tools: [weather.offer, time],
    tool_choice: 'required',
    parallel_tool_calls: true,
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
    'SHOULD make two calls when the question names two cities',
    "vLLM tests/tool_use/test_parallel_tool_calls.py; the model's choice",
    [twoCities],
    ({ calls, finishReason }) => (finishReason === 'length' ? undefined : calls.length >= 2),
  )

  must(
    'parallel.off',
    'MUST make one call when parallel_tool_calls is false',
    'OpenAI API reference: parallel_tool_calls; vllm#26233, sglang#9696',
    oneAtATime,
    ({ calls, text }, { profile }) => {
      const ignoring = 'vLLM before 0.12 ignores parallel_tool_calls (vllm#26233)'
      const obeys = mustObeyParallelFalse(profile, text)
      if (obeys === false) return { notApplicable: ignoring }
      if (calls.length === 1) return undefined
      return obeys === undefined
        ? { inconclusive: `${calls.length} calls, but ${ignoring}, and which release answers is not to be seen` }
        : { where: 'tool_calls', got: `${calls.length} calls`, wanted: '1 call' }
    },
  )
})
