import { equal, named, scenario, user } from '../fixtures/scenario.ts'
import { namedAgainst, time, weather } from '../fixtures/tools/tools.ts'

// The article's title promises named tool choice; its example asks with auto.
export default scenario('Named tool choice', ({ ask, must }) => {
  const fitting = ask(
    'fitting',
    {
      messages: [user('What is the weather like in San Francisco in fahrenheit?')],
      tools: [weather.offer, time],
      tool_choice: named('get_weather'),
    },
    { from: { plain: 'smoke' } },
  )
  // The scenario of several tools asks the same, so this costs no request of its own.
  const against = ask('against-the-question', namedAgainst)

  must(
    'named.calls',
    'MUST call the named function when the question fits it',
    'OpenAI API reference: tool_choice forces the model to call that function',
    fitting,
    ({ calls }) => equal([...new Set(calls.map((call) => call.name))], ['get_weather'], 'tool_calls'),
  )

  must(
    'named.against',
    'MUST call the named function even when another one fits the question better',
    'OpenAI API reference: tool_choice; vllm#50477, llama.cpp PR#26849',
    against,
    ({ calls }) => equal([...new Set(calls.map((call) => call.name))], ['get'], 'tool_calls'),
  )

  must(
    'named.finish-reason',
    'MUST finish a named call with stop or tool_calls',
    'OpenAI API reference: finish_reason; vllm#25054',
    fitting,
    ({ finishReason }) =>
      finishReason === 'stop' || finishReason === 'tool_calls'
        ? undefined
        : { where: 'finish_reason', got: String(finishReason), wanted: 'stop or tool_calls' },
  )
})
