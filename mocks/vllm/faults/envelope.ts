import type { Fault } from '../fault.ts'
import { isObject, list, record, word } from '../json.ts'
import { choicesOf, chunksOf, deltasOf, fragmentsOf, isFinish, startsOf } from './edit.ts'
import { noTools, oneCall, pair, plain, streamed } from './triggers.ts'
import { blockOf } from '../wire.ts'

/** A text with its counts and indices written as 1.0. */
const uneven = (text: string): string =>
  text.replaceAll(/("(?:index|created|\w+_tokens|sequence_number|\w+_index)": ?\d+)(?=[,}])/g, '$1.0')

/** Faults in completions and chunks as objects of the API. */
export const envelope: Fault[] = [
  {
    id: 'finish-reason-missing',
    what: 'The last chunk of a choice has finish_reason null.',
    class: 'C04',
    issue: 'vllm#27572',
    trigger: [streamed(noTools)],
    events(events) {
      for (const choice of choicesOf(events)) choice.finish_reason = null
    },
  },
  {
    id: 'finish-reason-missing-with-calls',
    what: 'The last chunk after a call has finish_reason null.',
    class: 'C04',
    trigger: [streamed(oneCall)],
    events(events) {
      if (startsOf(events).length > 0) for (const choice of choicesOf(events)) choice.finish_reason = null
    },
  },
  {
    id: 'finish-chunk-missing',
    what: 'The chunk with the finish reason is not sent.',
    class: 'C04',
    trigger: [streamed(oneCall)],
    events: (events) => events.filter((event) => !isFinish(event)),
  },
  {
    id: 'finish-reason-unknown',
    what: 'The finish reason of a call is tool_call.',
    class: 'C05',
    issue: 'litellm#12481',
    trigger: [plain(oneCall)],
    choice(choice) {
      if (choice.finish === 'tool_calls') choice.finish = 'tool_call'
    },
  },
  {
    id: 'finish-reason-end-turn',
    what: 'The finish reason of a text is end_turn.',
    class: 'C05',
    trigger: [plain(noTools)],
    choice(choice) {
      if (choice.finish === 'stop' && choice.calls.length === 0) choice.finish = 'end_turn'
    },
  },
  {
    id: 'finish-reason-on-call-chunks',
    what: 'Every chunk of a call carries the finish reason.',
    class: 'C05',
    issue: 'mlx-lm#782',
    trigger: [streamed(oneCall)],
    events(events) {
      for (const choice of choicesOf(events)) if (choice.delta.tool_calls) choice.finish_reason = 'tool_calls'
    },
  },
  {
    id: 'finish-chunk-twice',
    what: 'The chunk with the finish reason is sent twice.',
    class: 'C05',
    trigger: [streamed(oneCall)],
    events: (events) => events.flatMap((event) => (isFinish(event) ? [event, event] : [event])),
  },
  {
    id: 'id-changes-per-chunk',
    what: 'Every chunk has an id of its own.',
    class: 'C06',
    issue: 'litellm#14429',
    trigger: [streamed(noTools)],
    events(events) {
      for (const [i, chunk] of chunksOf(events).entries()) chunk.id = `${word(chunk.id)}${i}`
    },
  },
  {
    id: 'id-empty',
    what: 'The completion id is empty.',
    class: 'C06',
    trigger: [streamed(noTools)],
    events(events) {
      for (const chunk of chunksOf(events)) chunk.id = ''
    },
  },
  {
    id: 'id-null-plain',
    what: 'The id of a plain completion is null.',
    class: 'C06',
    trigger: [plain(noTools)],
    plain(completion) {
      completion.id = null
    },
  },
  {
    id: 'created-changes-per-chunk',
    what: 'created grows from chunk to chunk.',
    class: 'C06',
    trigger: [streamed(noTools)],
    events(events) {
      for (const [i, chunk] of chunksOf(events).entries()) chunk.created = Number(chunk.created) + i
    },
  },
  {
    id: 'model-null-in-chunks',
    what: 'Chunks after the first have model null.',
    class: 'C06',
    trigger: [streamed(noTools)],
    events(events) {
      for (const chunk of chunksOf(events).slice(1)) chunk.model = null
    },
  },
  {
    id: 'object-of-plain-answer-in-chunks',
    what: 'Chunks say object chat.completion.',
    class: 'C06',
    issue: 'foundry-local#144',
    trigger: [streamed(noTools)],
    events(events) {
      for (const chunk of chunksOf(events)) chunk.object = 'chat.completion'
    },
  },
  {
    id: 'object-of-chunk-in-plain-answer',
    what: 'A plain answer says object chat.completion.chunk.',
    class: 'C06',
    trigger: [plain(noTools)],
    plain(completion) {
      completion['object'] = 'chat.completion.chunk'
    },
  },
  {
    id: 'role-missing',
    what: 'No delta carries the role.',
    class: 'C06',
    issue: 'TGI#2794',
    trigger: [streamed(noTools)],
    events(events) {
      for (const delta of deltasOf(events)) delete delta.role
    },
  },
  {
    id: 'role-in-every-chunk',
    what: 'Every delta carries the role.',
    class: 'C06',
    issue: 'sglang#39864',
    trigger: [streamed(noTools)],
    events(events) {
      for (const delta of deltasOf(events)) delta.role = 'assistant'
    },
  },
  {
    id: 'role-missing-plain',
    what: 'The message of a plain answer has no role.',
    class: 'C06',
    trigger: [plain(noTools)],
    plain(completion) {
      for (const { message } of completion.choices) delete message['role']
    },
  },
  {
    id: 'choice-index-counts-chunks',
    what: 'The index of the choice grows with each chunk.',
    class: 'C06',
    trigger: [streamed(noTools)],
    events(events) {
      for (const [i, choice] of choicesOf(events).entries()) choice.index = i
    },
  },
  {
    id: 'text-deltas-cumulative',
    what: 'Each text delta repeats the text so far.',
    class: 'C07',
    issue: 'hermes-agent#35718',
    trigger: [streamed(noTools)],
    events(events) {
      let text = ''
      for (const delta of deltasOf(events)) if (typeof delta.content === 'string') delta.content = text += delta.content
    },
  },
  {
    id: 'arguments-deltas-cumulative',
    what: 'Each fragment repeats the arguments so far.',
    class: 'C07',
    issue: 'TensorRT-LLM#3280',
    trigger: [streamed(oneCall)],
    events(events) {
      let text = ''
      for (const fragment of fragmentsOf(events, 0)) fragment.function.arguments = text += fragment.function.arguments
    },
  },
  {
    id: 'finish-chunk-before-last-fragment',
    what: 'The finish chunk comes before the last fragment of the arguments.',
    class: 'C05',
    trigger: [streamed(oneCall)],
    events(events) {
      const at = events.findIndex(isFinish)
      const [end] = at > 1 ? events.splice(at, 1) : []
      if (end) events.splice(at - 1, 0, end)
    },
  },
  {
    id: 'finish-missing-in-second-choice',
    what: 'With n > 1 only the first choice of a stream has a finish reason.',
    class: 'C04',
    trigger: [streamed(pair)],
    events: (events) => events.filter((event) => !(isFinish(event) && 'chunk' in event && event.chunk.choices[0]!.index > 0)),
  },
  {
    id: 'finish-reason-function-call',
    what: 'A call ends with the old word function_call.',
    class: 'C05',
    trigger: [plain(oneCall)],
    choice(choice) {
      if (choice.finish === 'tool_calls') choice.finish = 'function_call'
    },
  },
  {
    id: 'finish-reason-empty-on-chunks',
    what: 'Chunks before the last have an empty finish reason in place of null.',
    class: 'C05',
    issue: 'litellm#12481',
    trigger: [streamed(noTools)],
    events(events) {
      for (const choice of choicesOf(events)) choice.finish_reason ??= ''
    },
  },
  {
    id: 'finish-reason-null-plain',
    what: 'A plain answer with a call has finish_reason null.',
    class: 'C04',
    trigger: [plain(oneCall)],
    plain({ choices }) {
      for (const choice of choices) if (choice.message.tool_calls?.length) choice.finish_reason = null
    },
  },
  {
    id: 'finish-reason-upper-case',
    what: 'Finish reasons are written in capitals.',
    class: 'C05',
    trigger: [plain(noTools)],
    choice: (choice) => void (choice.finish = choice.finish.toUpperCase()),
  },
  {
    id: 'id-changes-at-finish',
    what: 'The last chunk of a stream has another id.',
    class: 'C06',
    trigger: [streamed(oneCall)],
    events(events) {
      for (const event of events.filter(isFinish)) if ('chunk' in event) event.chunk.id = `${word(event.chunk.id)}-end`
    },
  },
  {
    id: 'id-same-every-request',
    what: 'All answers have the same id.',
    class: 'C06',
    trigger: [plain(noTools), plain(noTools)],
    plain: (completion) => void (completion.id = 'chatcmpl-0'),
  },
  {
    id: 'created-in-milliseconds',
    what: 'created counts milliseconds.',
    class: 'C06',
    trigger: [plain(noTools)],
    plain: (completion) => void (completion['created'] = Number(completion['created']) * 1000),
  },
  {
    id: 'created-as-text',
    what: 'created of chunks is a string.',
    class: 'C06',
    trigger: [streamed(noTools)],
    events(events) {
      for (const chunk of chunksOf(events)) chunk.created = new Date(Number(chunk.created) * 1000).toISOString()
    },
  },
  {
    id: 'object-missing-in-chunks',
    what: 'Chunks have no object.',
    class: 'C06',
    trigger: [streamed(noTools)],
    events(events) {
      for (const chunk of chunksOf(events)) delete chunk.object
    },
  },
  {
    id: 'choices-empty-plain',
    what: 'A plain answer with a call has no choices.',
    class: 'C06',
    trigger: [plain(oneCall)],
    plain(completion) {
      if (completion.choices.some(({ message }) => message.tool_calls?.length)) completion.choices = []
    },
  },
  {
    id: 'choice-index-missing-plain',
    what: 'Choices of a plain answer have no index.',
    class: 'C06',
    trigger: [plain(pair)],
    plain({ choices }) {
      for (const choice of choices) Reflect.deleteProperty(choice, 'index')
    },
  },
  {
    id: 'choice-index-starts-at-one',
    what: 'The only choice has index 1.',
    class: 'C06',
    trigger: [plain(noTools)],
    plain({ choices }) {
      for (const choice of choices) choice.index++
    },
  },
  {
    id: 'delta-missing-at-finish',
    what: 'The finish chunk has no delta.',
    class: 'C06',
    trigger: [streamed(noTools)],
    events(events) {
      for (const choice of choicesOf(events)) if (choice.finish_reason) Reflect.deleteProperty(choice, 'delta')
    },
  },
  {
    id: 'delta-as-message',
    what: 'Chunks carry message in place of delta.',
    class: 'C06',
    trigger: [streamed(oneCall)],
    events(events) {
      for (const choice of choicesOf(events)) {
        choice['message'] = choice.delta
        Reflect.deleteProperty(choice, 'delta')
      }
    },
  },
  {
    id: 'role-wrong',
    what: 'The role of an answer is tool.',
    class: 'C06',
    trigger: [plain(oneCall)],
    plain({ choices }) {
      for (const { message } of choices) message['role'] = 'tool'
    },
  },
  {
    id: 'role-late',
    what: 'The role comes with the last chunk.',
    class: 'C06',
    trigger: [streamed(noTools)],
    events(events) {
      for (const choice of choicesOf(events)) {
        delete choice.delta.role
        if (choice.finish_reason) choice.delta.role = 'assistant'
      }
    },
  },
  {
    id: 'fingerprint-changes',
    what: 'system_fingerprint is in every chunk and changes.',
    class: 'C06',
    trigger: [streamed(noTools)],
    events(events) {
      for (const [index, chunk] of chunksOf(events).entries()) chunk.system_fingerprint = `fp_${index}`
    },
  },
  {
    id: 'created-long-ago',
    what: 'created is the same moment of long ago in every answer.',
    class: 'C06',
    trigger: [plain(noTools)],
    plain: (completion) => void (completion['created'] = 1_600_000_000),
    events: (events) => chunksOf(events).forEach((chunk) => (chunk.created = 1_600_000_000)),
  },
  {
    id: 'refusal-beside-answer',
    what: 'refusal is filled beside content or a call.',
    class: 'C06',
    trigger: [plain(noTools)],
    plain({ choices }) {
      for (const { message } of choices) message['refusal'] = 'I cannot help with that.'
    },
  },
  {
    id: 'top-logprobs-missing',
    what: 'The tokens of logprobs have no top_logprobs.',
    class: 'C06',
    trigger: [plain({ ...noTools, logprobs: true })],
    plain({ choices }) {
      for (const choice of choices)
        for (const token of list(record(choice['logprobs'])['content']).filter(isObject)) delete token['top_logprobs']
    },
  },
  {
    id: 'integers-with-fraction',
    what: 'Counts, indices and times are written as 1.0.',
    class: 'C06',
    issue: 'MartialBE/one-hub#206',
    trigger: [plain(oneCall)],
    reply(reply) {
      return {
        ...reply,
        body: uneven(reply.body),
        ...(reply.events ? { events: reply.events.map((event) => ({ raw: uneven(blockOf(event)), afterMs: event.afterMs })) } : {}),
      }
    },
  },
]
