import type { Fault } from '../fault.ts'
import { isObject, list, record, word } from '../json.ts'
import { chunksOf, choicesOf, deltasOf, entriesOf, isFinish, insertBefore } from './edit.ts'
import type { Event } from '../wire.ts'
import { noTools, oneCall, plain, smallTalk, streamed, talkFirst, truncated, typed, user } from './triggers.ts'

function textBefore(events: Event[], text: string): void {
  const first = chunksOf(events)[0]
  if (!first || entriesOf(events).length === 0) return
  const choices = [{ index: 0, delta: { content: text }, logprobs: null, finish_reason: null }]
  events.splice(1, 0, { chunk: { ...first, choices }, afterMs: 0 })
}

/** What vLLM's --return-tokens-as-token-ids does to logprobs. */
function namedByIds(logprobs: unknown): void {
  for (const [id, entry] of list(record(logprobs)['content']).filter(isObject).entries()) entry['token'] = `token_id:${id}`
}

/** Faults in content and reasoning. */
export const content: Fault[] = [
  {
    id: 'markup-beside-call',
    what: 'The markup of a parsed call is in content, too.',
    class: 'C50',
    issue: 'vllm#28543',
    trigger: [plain(oneCall)],
    choice(choice) {
      const call = choice.calls[0]
      if (call) choice.content = `<tool_call>\n{"name": "${word(call.name)}", "arguments": ${call.arguments}}\n</tool_call>`
    },
  },
  {
    id: 'markup-before-call-streamed',
    what: 'The opening tag is streamed as text before a good call.',
    class: 'C50',
    issue: 'vllm#46875',
    trigger: [streamed(oneCall)],
    events: (events) => textBefore(events, '<tool_call>\n'),
  },
  {
    id: 'closing-tag-leaks-streamed',
    what: 'A closing parameter tag is streamed as text after the call.',
    class: 'C50',
    issue: 'vllm#33965',
    trigger: [streamed(oneCall)],
    events(events) {
      const last = chunksOf(events).find((chunk) => chunk.choices[0]?.delta.tool_calls?.length)
      const choices = [{ index: 0, delta: { content: '</parameter>' }, logprobs: null, finish_reason: null }]
      if (last) insertBefore(events, isFinish, { chunk: { ...last, choices }, afterMs: 0 })
    },
  },
  {
    id: 'end-token-leaks',
    what: 'The end token is at the end of the text.',
    class: 'C50',
    issue: 'vllm#36445',
    trigger: [plain(noTools)],
    choice(choice) {
      if (choice.content) choice.content += '<|im_end|>'
    },
  },
  {
    id: 'markup-on-truncation',
    what: 'A call that max_tokens cut arrives as raw markup in content.',
    class: 'C50',
    trigger: [plain(truncated)],
    choice(choice, { turn }) {
      if (choice.finish === 'length' && turn.tools.length > 0) choice.content = choice.tokens.join('')
    },
  },
  {
    id: 'fenced-json-as-content',
    what: 'A call arrives as fenced JSON in content.',
    class: 'C50',
    issue: 'vllm#46863',
    trigger: [plain(oneCall)],
    said(said, { turn }) {
      if (turn.mode !== 'auto' || said.calls.length === 0) return
      said.text = said.calls.map((call) => `\`\`\`json\n{"name": "${call.name}", "arguments": ${call.arguments}}\n\`\`\``).join('\n')
      said.calls = []
    },
  },
  {
    id: 'text-before-call-lost',
    what: 'Text before a call is lost.',
    class: 'C51',
    issue: 'vllm#42210',
    trigger: [plain(talkFirst)],
    choice(choice) {
      if (choice.calls.length > 0 && choice.content) choice.content = null
    },
  },
  {
    id: 'text-before-call-twice',
    what: 'Streamed text before a call is sent twice.',
    class: 'C51',
    issue: 'vllm#38909',
    trigger: [streamed(talkFirst)],
    events(events) {
      textBefore(
        events,
        deltasOf(events)
          .map((delta) => (typeof delta.content === 'string' ? delta.content : ''))
          .join(''),
      )
    },
  },
  {
    id: 'first-text-delta-lost',
    what: 'The first text delta of a stream is lost.',
    class: 'C51',
    issue: 'vllm#22917',
    trigger: [streamed(noTools)],
    events(events) {
      const first = deltasOf(events).find((delta) => typeof delta.content === 'string' && delta.content !== '')
      if (first) first.content = ''
    },
  },
  {
    id: 'last-text-delta-lost',
    what: 'The last text delta of a stream is lost.',
    class: 'C51',
    trigger: [streamed(noTools)],
    events(events) {
      const last = deltasOf(events).findLast((delta) => typeof delta.content === 'string' && delta.content !== '')
      if (last) last.content = ''
    },
  },
  {
    id: 'call-stays-in-reasoning',
    what: 'The call is left in reasoning; the message has neither call nor content.',
    class: 'C52',
    issue: 'vllm#33646',
    trigger: [plain(oneCall)],
    plain({ choices }) {
      for (const choice of choices) {
        const calls = choice.message.tool_calls ?? []
        if (calls.length === 0) continue
        choice.message['reasoning'] = `<tool_call>${JSON.stringify(calls[0]!.function)}</tool_call>`
        delete choice.message.tool_calls
        choice.finish_reason = 'stop'
      }
    },
  },
  {
    id: 'think-tags-in-content',
    what: 'Thoughts stand between think tags in content.',
    class: 'C53',
    issue: 'vllm#27703',
    trigger: [plain(noTools)],
    choice(choice) {
      if (choice.content) choice.content = `<think>\nThe user greets.\n</think>\n\n${choice.content}`
    },
  },
  {
    id: 'think-tags-in-content-streamed',
    what: 'Thoughts stand between think tags in streamed content.',
    class: 'C53',
    issue: 'vllm#39885',
    trigger: [streamed(noTools)],
    said(said, { turn }) {
      if (turn.stream && said.calls.length === 0) said.text = `<think>hm</think>${said.text}`
    },
  },
  {
    id: 'call-lost-streamed',
    what: 'A call of auto is not streamed: role chunk, finish stop, nothing else.',
    class: 'C54',
    issue: 'vllm#29968',
    trigger: [streamed(oneCall)],
    said(said, { turn }) {
      if (turn.stream && turn.mode === 'auto') Object.assign(said, { calls: [], text: '' })
    },
  },
  {
    id: 'text-lost-streamed-with-tools',
    what: 'With tools in the request, streamed text is lost.',
    class: 'C54',
    trigger: [streamed(smallTalk)],
    events(events, { turn }) {
      if (turn.tools.length > 0) for (const delta of deltasOf(events)) if (typeof delta.content === 'string') delta.content = ''
    },
  },
  {
    id: 'streamed-call-other-value',
    what: 'Streamed arguments hold other values than plain ones.',
    class: 'C54',
    issue: 'vllm#49316',
    trigger: [streamed(typed)],
    said(said, { turn }) {
      if (turn.stream) for (const call of said.calls) call.arguments = call.arguments.replaceAll(/[A-Z](?=[a-z])/g, (c) => c.toLowerCase())
    },
  },
  {
    id: 'logprobs-ignored',
    what: 'logprobs: true gives logprobs null.',
    class: 'C62',
    trigger: [plain({ ...oneCall, logprobs: true })],
    turn(turn) {
      turn.logprobs = -1
    },
  },
  {
    id: 'logprobs-name-token-ids',
    what: 'The tokens of logprobs are token_id: and a number.',
    class: 'C06',
    trigger: [plain({ ...noTools, logprobs: true })],
    plain({ choices }) {
      for (const choice of choices) namedByIds(choice['logprobs'])
    },
    events(events) {
      for (const choice of choicesOf(events)) namedByIds(choice.logprobs)
    },
  },
  {
    id: 'logprobs-of-other-text',
    what: 'The tokens of logprobs are not those of the answer.',
    class: 'C54',
    trigger: [streamed({ ...noTools, logprobs: true })],
    events(events) {
      for (const choice of choicesOf(events)) {
        for (const token of list(record(choice.logprobs)['content']).filter(isObject)) token['token'] = word(token['token']).toUpperCase()
      }
    },
  },
  {
    id: 'content-absent-on-text',
    what: 'A text answer has no content.',
    class: 'C51',
    trigger: [plain(noTools)],
    plain({ choices }) {
      for (const { message } of choices) if (!message.tool_calls?.length) message.content = null
    },
  },
  {
    id: 'content-as-parts',
    what: 'content of an answer is a list of parts.',
    class: 'C51',
    trigger: [plain(noTools)],
    plain({ choices }) {
      for (const { message } of choices)
        if (typeof message.content === 'string') message.content = [{ type: 'text', text: message.content }]
    },
  },
  {
    id: 'text-as-refusal',
    what: 'The text of an answer is in refusal.',
    class: 'C51',
    trigger: [plain(noTools)],
    plain({ choices }) {
      for (const { message } of choices) {
        if (typeof message.content === 'string') Object.assign(message, { refusal: message.content, content: null })
      }
    },
  },
  {
    id: 'text-behind-call-streamed',
    what: 'Text follows a streamed call, which the plain answer does not have.',
    class: 'C54',
    trigger: [streamed(oneCall)],
    events(events) {
      const last = chunksOf(events).find((chunk) => chunk.choices[0]?.delta.tool_calls?.length)
      const choices = [{ index: 0, delta: { content: 'Done.' }, logprobs: null, finish_reason: null }]
      if (last) insertBefore(events, isFinish, { chunk: { ...last, choices }, afterMs: 0 })
    },
  },
  {
    id: 'reasoning-copied-to-content',
    what: 'content begins with what is in reasoning.',
    class: 'C53',
    trigger: [plain(noTools)],
    plain({ choices }) {
      for (const { message } of choices) {
        if (typeof message.content !== 'string') continue
        message['reasoning'] = 'The user greets.'
        message.content = `The user greets.${message.content}`
      }
    },
  },
  {
    id: 'content-cut-at-angle-bracket-with-tools',
    what: 'Text ends before its first <, where tools are offered: a parser takes it for markup.',
    class: 'C51',
    trigger: [plain({ ...smallTalk, messages: [user('Say a <3 b.')] })],
    choice(choice, { turn }) {
      const at = choice.content?.indexOf('<') ?? -1
      if (turn.tools.length === 0 || at < 0) return
      choice.content = choice.content?.slice(0, at) ?? null
      let left = at
      for (const piece of choice.pieces) {
        piece.text = piece.text.slice(0, left)
        left -= piece.text.length
      }
    },
  },
  {
    id: 'stop-word-ignored',
    what: 'stop has no effect.',
    class: 'C51',
    trigger: [plain({ ...noTools, stop: ['the'] })],
    turn: (turn) => void (turn.stop = []),
  },
  {
    id: 'stop-word-kept',
    what: 'The stop word is at the end of the text.',
    class: 'C51',
    trigger: [plain({ ...noTools, stop: ['the'] })],
    choice(choice) {
      if (choice.stopReason && choice.content !== null) choice.content += choice.stopReason
    },
  },
  {
    id: 'json-format-ignored',
    what: 'response_format has no effect.',
    class: 'C62',
    trigger: [plain({ ...noTools, response_format: { type: 'json_object' } })],
    turn: (turn) => void (turn.format = {}),
  },
  {
    id: 'json-format-fenced',
    what: 'JSON that response_format asked for is in a code fence.',
    class: 'C62',
    trigger: [plain({ ...noTools, response_format: { type: 'json_object' } })],
    said(said, { turn }) {
      if (turn.format.object || turn.format.schema) said.text = `\`\`\`json\n${said.text}\n\`\`\``
    },
  },
  {
    id: 'text-of-stream-trimmed',
    what: 'Text deltas lose the space they begin with.',
    class: 'C54',
    trigger: [streamed(noTools)],
    events(events) {
      for (const delta of deltasOf(events)) if (typeof delta.content === 'string') delta.content = delta.content.trimStart()
    },
  },
  {
    id: 'logprobs-count-short',
    what: 'logprobs leave out the first token.',
    class: 'C54',
    trigger: [plain({ ...noTools, logprobs: true })],
    plain({ choices }) {
      for (const choice of choices) list(record(choice['logprobs'])['content']).shift()
    },
  },
  {
    id: 'auto-call-malformed',
    what: 'Under auto the call comes as markup that holds no JSON.',
    class: 'C50',
    trigger: [plain(oneCall)],
    said(said, { turn }) {
      if (turn.mode !== 'auto' || said.calls.length === 0) return
      said.calls = []
      said.text = '<tool_call>\nget_weather(San Francisco)\n</tool_call>'
    },
  },
  {
    id: 'turn-token-leaks',
    what: 'The token that ends a turn of Gemma 4 is at the end of the text.',
    class: 'C50',
    issue: 'vllm#49955',
    trigger: [plain(noTools)],
    choice(choice) {
      if (!choice.content) return
      choice.content += '<turn|>'
      choice.pieces.push({ from: choice.tokens.length, to: choice.tokens.length, text: '<turn|>', parts: [], dropped: false })
    },
  },
  {
    id: 'reasoning-not-streamed',
    what: 'Thoughts are in plain answers and not in streams.',
    class: 'C54',
    issue: 'vllm#36632',
    trigger: [plain(noTools)],
    plain(completion) {
      for (const { message } of completion.choices) message['reasoning'] = 'The user greets me.'
    },
  },
  {
    id: 'line-break-amid-call-streamed',
    what: 'A line break comes as text between the pieces of a streamed call.',
    class: 'C54',
    issue: 'vllm#47704',
    trigger: [streamed(oneCall)],
    events(events) {
      const [, ...later] = events.filter(
        (event) => 'chunk' in event && event.chunk.choices.some(({ delta }) => delta.tool_calls !== undefined),
      )
      const [next] = later
      if (next === undefined || !('chunk' in next)) return
      const choices = next.chunk.choices.map((choice) => ({ ...choice, delta: { content: '\n' } }))
      insertBefore(events, (event) => event === next, { chunk: { ...next.chunk, choices }, afterMs: 0 })
    },
  },
  {
    id: 'text-stays-in-reasoning',
    what: 'Answers without calls have their text in reasoning, and no content.',
    class: 'C53',
    issue: 'dynamo#8589',
    trigger: [plain(smallTalk), streamed(smallTalk)],
    plain({ choices }) {
      for (const { message } of choices)
        if (!message.tool_calls?.length) Object.assign(message, { reasoning: message.content, content: null })
    },
    events(events) {
      for (const delta of entriesOf(events).length > 0 ? [] : deltasOf(events)) {
        if (!delta.content) continue
        delta['reasoning'] = delta.content
        delete delta.content
      }
    },
  },
  {
    id: 'exclamation-marks-after-40-requests',
    what: 'From the 41st request on the model says nothing but exclamation marks.',
    class: 'C51',
    issue: 'vllm#14126',
    trigger: Array.from({ length: 41 }, () => plain(noTools)),
    said(said, { turn }) {
      if (turn.ordinal < 40) return
      turn.mode = 'text'
      Object.assign(said, { text: '!'.repeat(60), calls: [] })
    },
  },
]
