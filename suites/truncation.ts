import { endedByItself, scenario, shown, user, type Check, type Reply } from '../fixtures/scenario.ts'
import { stopQuestion, tool, words } from '../fixtures/tools/tools.ts'

const echo = tool('echo', 'Echo a text back', { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] })

/** Whether an answer was cut is told by its tokens: a model that says less than it was asked to is not cut. */
function cutShort(reply: Reply): Check {
  if (reply.finishReason === 'length') return undefined
  if (endedByItself(reply))
    return { inconclusive: `nothing was cut: the model ended by itself after ${String(reply.answer.usage?.['completion_tokens'])} tokens` }
  return { where: 'finish_reason', got: String(reply.finishReason), wanted: 'length' }
}

export default scenario('Truncation by max_tokens', ({ ask, must }) => {
  const text = ask('text', { messages: [user(`Say ${words}.`)], max_completion_tokens: 3 }, { truncated: true })
  const call = ask(
    'call',
    { messages: [user(`Use echo with {"text": "${words}"}`)], tools: [echo], tool_choice: 'required', max_tokens: 8 },
    { truncated: true },
  )

  const stopped = ask('stop', stopQuestion, { forms: ['plain'] })

  must(
    'truncation.stop',
    'MUST end at a stop word and leave it out',
    'OpenAI API reference: stop',
    stopped,
    ({ content, finishReason }) => {
      if (content.includes('five')) return { where: 'content', got: shown(content), wanted: 'no text from the stop word on' }
      if (!content.includes('one')) return { inconclusive: `the model said something else: ${content.slice(0, 80)}` }
      return finishReason === 'stop' ? undefined : { where: 'finish_reason', got: String(finishReason), wanted: 'stop' }
    },
  )

  must(
    'truncation.text',
    'MUST finish with length when max_tokens cuts a text',
    'OpenAI API reference: finish_reason length',
    text,
    cutShort,
  )

  must(
    'truncation.call',
    'MUST finish with length when max_tokens cuts a call',
    'OpenAI API reference: finish_reason length; vllm#47963, vllm#36841',
    call,
    cutShort,
  )
})
