import { fields, scenario, shown, type Reply } from '../fixtures/scenario.ts'
import { hello } from '../fixtures/tools/tools.ts'

const idOf = ({ document }: Reply): unknown => (document?.ok === true ? fields(document.value)?.['id'] : undefined)

export default scenario('Chat without tools', ({ ask, followUp, must, together }) => {
  const greeting = ask('hello', hello)
  const again = followUp('hello-again', greeting, () => hello, { forms: ['plain'], from: 'full' })

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

  together(
    'chat.repeated',
    'MUST give a request that is repeated an answer of its own',
    'OpenAI API reference: id, a unique identifier for the chat completion; a cache gives the calls of two conversations one id',
    [greeting, again],
    (replies) => {
      const ids = replies.filter(({ exchange }) => exchange.request.form === 'plain').map(idOf)
      return new Set(ids).size === ids.length ? undefined : { where: 'id', got: `${shown(ids[0])}, twice`, wanted: 'an id of its own' }
    },
  )
})
