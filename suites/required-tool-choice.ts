import { scenario, shown, user } from '../fixtures/scenario.ts'
import { time, weather } from '../fixtures/tools/tools.ts'

export default scenario('Required tool choice', ({ ask, must, should }) => {
  const fitting = ask('fitting', {
    messages: [{ role: 'system', content: 'You are a helpful assistant.' }, user('What time is it in Paris?')],
    tools: [weather.offer, time],
    tool_choice: 'required',
    // The scenario of usage asks the same, so this costs it no request.
    stream_options: { include_usage: true, continuous_usage_stats: true },
  })
  const notNeeded = ask(
    'not-needed',
    { messages: [user('Thank you very much.')], tools: [weather.offer, time], tool_choice: 'required' },
    { forms: ['plain'] },
  )

  must(
    'required.calls',
    'MUST call a function when the question fits one',
    'OpenAI API reference: required means the model must call one or more tools',
    fitting,
    ({ calls, content }) =>
      calls.length > 0 ? undefined : { where: 'tool_calls', got: `no call, content ${shown(content)}`, wanted: 'a call' },
  )

  must(
    'required.not-needed',
    'MUST call a function even when the question fits none',
    'OpenAI API reference: required; vllm#53363',
    notNeeded,
    ({ calls, content }) =>
      calls.length > 0 ? undefined : { where: 'tool_calls', got: `no call, content ${shown(content)}`, wanted: 'a call' },
  )

  must(
    'required.finish-reason',
    'MUST finish a required call with tool_calls',
    'OpenAI API reference: finish_reason; vllm#25054',
    fitting,
    ({ finishReason }) =>
      finishReason === 'tool_calls' ? undefined : { where: 'finish_reason', got: String(finishReason), wanted: 'tool_calls' },
  )

  should(
    'required.names',
    'SHOULD call the function that fits the question',
    "K2-Vendor-Verifier; the model's choice",
    fitting,
    ({ calls }) =>
      calls.some((call) => call.name === 'get_time')
        ? undefined
        : { where: 'name', got: calls.map((call) => call.name).join(', '), wanted: 'get_time' },
  )
})
