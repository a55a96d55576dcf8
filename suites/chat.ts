import { scenario, shown, user } from '../fixtures/scenario.ts'
import { closed } from '../fixtures/tools/schemas.ts'
import { hello } from '../fixtures/tools/tools.ts'

export default scenario('Chat without tools', ({ ask, must }) => {
  const greeting = ask('hello', hello)
  // A parser that reads calls where no tool is offered takes this for one.
  const likeCall = ask(
    'json-like-a-call',
    {
      messages: [user('Describe a science fair as JSON, with its name and its arguments.')],
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'event',
          strict: true,
          schema: closed({
            name: { type: 'string', enum: ['science_fair'] },
            arguments: closed({ floor: { type: 'integer', enum: [4] } }),
          }),
        },
      },
    },
    { forms: ['plain'], from: 'full', mayRefuse: 'explained' },
  )

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
    'chat.json',
    'MUST hand over JSON that response_format asks for as content, not as a call, when no tool is offered',
    'OpenAI API reference: response_format; dynamo#13176',
    likeCall,
    ({ calls, content, answer }) => {
      if (calls.length > 0) return { where: 'tool_calls', got: `a call of ${shown(calls[0]?.name)}`, wanted: 'no call' }
      return content.trim() !== '' || (answer.choices[0]?.reasoning ?? '') !== ''
        ? undefined
        : { where: 'content', got: shown(content), wanted: 'JSON' }
    },
  )

  must(
    'chat.finish-reason',
    'MUST finish an ordinary answer with stop',
    'OpenAI API reference: finish_reason',
    greeting,
    ({ finishReason }) => (finishReason === 'stop' ? undefined : { where: 'finish_reason', got: String(finishReason), wanted: 'stop' }),
  )
})
