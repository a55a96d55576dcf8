import { scenario } from '../fixtures/scenario.ts'
import { articleQuestion, stopQuestion, weather } from '../fixtures/tools/tools.ts'

export default scenario('Tool choice none', ({ ask, must }) => {
  // The words of the article's question: what is remembered by the messages alone answers this with a call.
  const question = ask('weather', {
    messages: articleQuestion.messages,
    tools: [weather.offer],
    tool_choice: 'none',
    logprobs: true,
  })

  // The scenario of truncation asks the same, so this costs no request.
  const nothingOffered = ask('without-tools', stopQuestion, { forms: ['plain'] })

  must(
    'none.without-tools',
    'MUST accept tool_choice none when no tool is offered',
    'vllm#10000; Kimi-Vendor-Verifier',
    nothingOffered,
    ({ content, answer }) =>
      content.trim() !== '' || (answer.choices[0]?.reasoning ?? '') !== '' ? undefined : { where: 'content', got: content, wanted: 'text' },
  )

  must(
    'none.no-call',
    'MUST NOT call although a tool would fit the question',
    'OpenAI API reference: none means the model will not call any tool; vllm#42747',
    question,
    ({ calls }) =>
      calls.length === 0 ? undefined : { where: 'tool_calls', got: calls.map((call) => call.name).join(', '), wanted: 'no call' },
  )

  must(
    'none.finish-reason',
    'MUST NOT finish with tool_calls',
    'OpenAI API reference: finish_reason; vllm#42747',
    question,
    ({ finishReason }) => (finishReason === 'tool_calls' ? { where: 'finish_reason', got: 'tool_calls', wanted: 'stop' } : undefined),
  )
})
