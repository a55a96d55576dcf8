import { scenario, shown } from '../fixtures/scenario.ts'
import { hello } from '../fixtures/tools/tools.ts'

export default scenario('Chat without tools', ({ ask, must }) => {
  const greeting = ask('hello', hello)

  must(
    'chat.text',
    'MUST answer in text when no tool is offered',
    'vLLM tests/tool_use/test_chat_completions.py',
    greeting,
    ({ content, answer }) =>
      content.trim() !== '' || (answer.choices[0]?.reasoning ?? '') !== ''
        ? undefined
        : { where: 'content', got: shown(content), wanted: 'text' },
  )

  must(
    'chat.finish-reason',
    'MUST finish an ordinary answer with stop',
    'OpenAI API reference: finish_reason',
    greeting,
    ({ finishReason }) => (finishReason === 'stop' ? undefined : { where: 'finish_reason', got: String(finishReason), wanted: 'stop' }),
  )
})
