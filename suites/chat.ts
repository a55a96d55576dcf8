import { shown } from '../fixtures/contract/rule.ts'
import { scenario, user } from '../fixtures/scenario.ts'

export default scenario('Chat without tools', ({ ask, must }) => {
  const hello = ask('hello', { messages: [user('Say hello to the world.')], logprobs: true })

  must(
    'chat.text',
    'MUST answer in text when no tool is offered',
    'vLLM tests/tool_use/test_chat_completions.py',
    hello,
    ({ content, answer }) =>
      content.trim() !== '' || (answer.choices[0]?.reasoning ?? '') !== ''
        ? undefined
        : { where: 'content', got: shown(content), wanted: 'text' },
  )

  must('chat.finish-reason', 'MUST finish an ordinary answer with stop', 'OpenAI API reference: finish_reason', hello, ({ finishReason }) =>
    finishReason === 'stop' ? undefined : { where: 'finish_reason', got: String(finishReason), wanted: 'stop' },
  )
})
