import type { Fault } from '../fault.ts'
import type { Said, Turn } from '../wire.ts'
import { attempt, dumps, list, record } from '../json.ts'
import { fragmentsOf, insertBefore, isFinish, startsOf } from './edit.ts'
import { answered, counted, named, none, noTools, oneCall, plain, required, streamed, twoCalls, user } from './triggers.ts'

const twoTools = { ...oneCall, messages: [user('What is the weather in Paris, and what time is it in Tokyo?')] }
const strict = {
  ...oneCall,
  tools: list(oneCall['tools']).map((tool) => ({ type: 'function', function: { ...record(record(tool)['function']), strict: true } })),
}

function extra(i: number): unknown {
  return { type: 'function', function: { name: `spare_${i}`, parameters: { type: 'object', properties: {} } } }
}

function callsOne(turn: Turn, said: Said): void {
  const tool = turn.tools[0]
  if (tool) Object.assign(said, { text: '', calls: [{ name: tool.name, arguments: '{"location": "Paris"}' }] })
}

function markup(said: Said): string {
  return said.calls.map((call) => `<tool_call>\n{"name": "${call.name}", "arguments": ${call.arguments}}\n</tool_call>`).join('\n')
}

/** Faults in what tool_choice and parallel_tool_calls demand. */
export const choice: Fault[] = [
  {
    id: 'names-in-lower-case',
    what: 'The name of a function comes in lower case.',
    class: 'C21',
    issue: 'diegosouzapw/OmniRoute#9568',
    trigger: [plain({ messages: [user('Call getWeather with {}.')], tools: [{ type: 'function', function: { name: 'getWeather' } }] })],
    said(said) {
      for (const call of said.calls) call.name = call.name.toLowerCase()
    },
  },
  {
    id: 'second-call-lost',
    what: 'Of several calls only the first arrives.',
    class: 'C39',
    issue: 'vllm#33965',
    trigger: [plain(twoCalls)],
    said: (said) => void said.calls.splice(1),
  },
  {
    id: 'second-call-lost-streamed',
    what: 'Of several streamed calls only the first arrives.',
    class: 'C39',
    issue: 'vllm#39892',
    trigger: [streamed(twoCalls)],
    said: (said, { turn }) => void (turn.stream && said.calls.splice(1)),
  },
  {
    id: 'calls-merged',
    what: 'The arguments of several calls are glued together in one call.',
    class: 'C39',
    issue: 'vllm#25405',
    trigger: [plain(twoCalls)],
    said(said) {
      if (said.calls[1]) said.calls = [{ ...said.calls[0]!, arguments: said.calls.map((call) => call.arguments).join('') }]
    },
  },
  {
    id: 'second-call-reuses-arguments',
    what: 'Every call has the arguments of the first.',
    class: 'C39',
    issue: 'vllm#39626',
    trigger: [plain(twoCalls)],
    said(said) {
      for (const call of said.calls) call.arguments = said.calls[0]!.arguments
    },
  },
  {
    id: 'second-call-without-arguments',
    what: 'Calls after the first have arguments {}.',
    class: 'C39',
    issue: 'vllm#47901',
    trigger: [streamed(twoCalls)],
    said(said) {
      for (const call of said.calls.slice(1)) call.arguments = '{}'
    },
  },
  {
    id: 'parallel-false-ignored',
    what: 'parallel_tool_calls: false has no effect.',
    class: 'C40',
    issue: 'vllm#26233',
    trigger: [plain({ ...twoCalls, parallel_tool_calls: false })],
    turn(turn) {
      turn.parallel = true
    },
  },
  {
    id: 'parallel-false-ignored-streamed',
    what: 'parallel_tool_calls: false has no effect when streamed.',
    class: 'C40',
    issue: 'vllm#44955',
    trigger: [streamed({ ...twoCalls, parallel_tool_calls: false })],
    turn(turn) {
      if (turn.stream) turn.parallel = true
    },
  },
  {
    id: 'call-repeated-to-limit',
    what: 'A required call is repeated until the tokens run out.',
    class: 'C41',
    issue: 'vllm#50399',
    trigger: [plain({ ...required, max_tokens: 400 })],
    said(said, { turn }) {
      if (turn.mode === 'required') said.calls = Array.from({ length: 100 }, () => ({ ...said.calls[0]! }))
    },
  },
  {
    id: 'none-ignored',
    what: 'tool_choice none is answered with a call.',
    class: 'C42',
    issue: 'vllm#40314',
    trigger: [plain(none)],
    turn(turn) {
      if (turn.mode === 'none') turn.mode = 'auto'
    },
  },
  {
    id: 'none-ignored-streamed',
    what: 'tool_choice none is answered with a call when streamed.',
    class: 'C42',
    issue: 'vllm#42747',
    trigger: [streamed(none)],
    turn(turn) {
      if (turn.mode === 'none' && turn.stream) turn.mode = 'auto'
    },
  },
  {
    id: 'call-without-tools',
    what: 'A request without tools is answered with a call.',
    class: 'C42',
    issue: 'vllm#30867',
    trigger: [plain(noTools)],
    said(said, { turn }) {
      if (turn.mode === 'text') Object.assign(said, { text: '', calls: [{ name: 'search', arguments: '{}' }] })
    },
  },
  {
    id: 'required-answers-text',
    what: 'required is answered with prose.',
    class: 'C43',
    issue: 'vllm#54808',
    trigger: [plain(required)],
    turn(turn) {
      if (turn.mode !== 'required') return
      turn.mode = 'text'
      turn.tools = []
    },
  },
  {
    id: 'required-answers-text-to-the-limit',
    what: 'required is answered with prose until the tokens run out.',
    class: 'C43',
    issue: 'llama.cpp#27217',
    trigger: [plain({ ...required, max_tokens: 60 })],
    choice(made, { turn }) {
      if (turn.mode !== 'required') return
      const tokens = Array.from({ length: turn.maxTokens }, (_, i) => ` word${i}`)
      const pieces = tokens.map((text, from) => ({ from, to: from + 1, text, parts: [], dropped: false }))
      Object.assign(made, { tokens, pieces, content: tokens.join(''), calls: [], finish: 'length' })
    },
  },
  {
    id: 'required-list-as-content',
    what: 'The list of required calls arrives as content.',
    class: 'C43',
    issue: 'vllm#35936',
    trigger: [plain(required)],
    said(said, { turn }) {
      if (turn.mode !== 'required') return
      turn.mode = 'text'
      said.text = `[${said.calls.map((call) => `{"name": "${call.name}", "parameters": ${call.arguments}}`).join(', ')}]`
      said.calls = []
    },
  },
  {
    id: 'required-without-call-streamed',
    what: 'required, streamed, ends without text and without call.',
    class: 'C43',
    issue: 'vllm#53363',
    trigger: [streamed(required)],
    said(said, { turn }) {
      if (turn.mode === 'required' && turn.stream) said.calls = []
    },
  },
  {
    id: 'named-calls-other-tool',
    what: 'A named tool is answered with a call of another.',
    class: 'C44',
    issue: 'vllm#50477',
    trigger: [plain(named)],
    said(said, { turn }) {
      const other = turn.tools.find((tool) => tool.name !== turn.named)
      if (turn.mode === 'named' && other) for (const call of said.calls) call.name = other.name
    },
  },
  {
    id: 'named-ignored-with-system-message',
    what: 'A named tool is not forced when there is a system message.',
    class: 'C44',
    trigger: [plain({ ...named, messages: [{ role: 'system', content: 'Be brief.' }, user('What time is it in Paris?')] })],
    turn(turn) {
      if (turn.mode === 'named' && turn.messages[0]?.role === 'system') turn.mode = 'auto'
    },
  },
  {
    id: 'named-answers-text',
    what: 'A named tool is answered with prose.',
    class: 'C44',
    issue: 'vllm#49712',
    trigger: [plain(named)],
    turn(turn) {
      if (turn.mode === 'named') turn.mode = 'none'
    },
  },
  {
    id: 'named-without-call-streamed',
    what: 'A named tool, streamed, is answered without a call.',
    class: 'C44',
    issue: 'vllm#21565',
    trigger: [streamed(named)],
    said(said, { turn }) {
      if (turn.mode === 'named' && turn.stream) said.calls = []
    },
  },
  {
    id: 'null-choice-loses-call',
    what: 'With tool_choice null a plain answer has neither call nor content.',
    class: 'C43',
    issue: 'vllm#19679',
    trigger: [plain({ ...oneCall, tool_choice: null })],
    choice(made, { turn }) {
      if (turn.body['tool_choice'] !== null || turn.stream) return
      Object.assign(made, { calls: [], content: null, finish: 'stop' })
    },
  },
  {
    id: 'json-as-call-without-tools',
    what: 'A text of JSON with name and arguments arrives as a call though no tool is offered.',
    class: 'C42',
    issue: 'dynamo#13176',
    trigger: [plain({ messages: [user('Say {"name": "fair", "arguments": {}}.')] })],
    said(said, { turn }) {
      const { name, arguments: args } = record(attempt(said.text.replace(/\.$/, '')))
      if (turn.tools.length === 0 && typeof name === 'string') Object.assign(said, { text: '', calls: [{ name, arguments: dumps(args) }] })
    },
  },
  {
    id: 'auto-calls-without-need',
    what: 'Small talk is answered with a call.',
    class: 'C22',
    trigger: [plain({ messages: [{ role: 'user', content: 'Thank you very much.' }], tools: oneCall['tools'] })],
    said(said, { turn }) {
      if (turn.mode === 'auto' && said.calls.length === 0 && turn.messages.at(-1)?.role === 'user') callsOne(turn, said)
    },
  },
  {
    id: 'auto-call-as-markup',
    what: 'The call of auto arrives as raw markup in content.',
    class: 'C50',
    issue: 'vllm#28543',
    trigger: [plain(oneCall)],
    said(said, { turn }) {
      if (turn.mode !== 'auto' || said.calls.length === 0) return
      said.text = markup(said)
      said.calls = []
    },
  },
  {
    id: 'third-call-lost',
    what: 'Calls after the second are lost.',
    class: 'C39',
    trigger: [plain({ ...oneCall, messages: [user('What is the weather in Paris, Tokyo and Oslo?')] })],
    said: (said) => void said.calls.splice(2),
  },
  {
    id: 'call-arguments-swapped',
    what: 'The first two calls have the arguments of each other.',
    class: 'C39',
    trigger: [plain(twoTools)],
    said({ calls: [first, second] }) {
      if (first && second) [first.arguments, second.arguments] = [second.arguments, first.arguments]
    },
  },
  {
    id: 'calls-of-two-tools-same-name',
    what: 'Every call has the name of the first.',
    class: 'C39',
    trigger: [plain(twoTools)],
    said(said) {
      for (const call of said.calls) call.name = said.calls[0]!.name
    },
  },
  {
    id: 'parallel-false-gives-no-call',
    what: 'parallel_tool_calls: false gives no call at all in a plain answer.',
    class: 'C40',
    trigger: [plain({ ...twoCalls, parallel_tool_calls: false })],
    choice(made, { turn }) {
      if (!turn.parallel && !turn.stream) Object.assign(made, { calls: [], content: null, finish: 'stop' })
    },
  },
  {
    id: 'named-call-twice',
    what: 'A named tool is called twice.',
    class: 'C41',
    trigger: [plain(named)],
    said(said, { turn }) {
      if (turn.mode === 'named' && said.calls[0]) said.calls.push({ ...said.calls[0] })
    },
    choice(made, { turn }) {
      const [call] = made.calls
      if (turn.mode === 'named' && call && made.calls.length === 1) made.calls.push({ ...call, id: `${String(call.id)}b` })
    },
  },
  {
    id: 'none-says-nothing',
    what: 'tool_choice none gives an empty answer.',
    class: 'C51',
    trigger: [plain(none)],
    said(said, { turn }) {
      if (turn.mode === 'none') said.text = ''
    },
  },
  {
    id: 'call-lost-with-many-tools',
    what: 'With more than five tools no call arrives.',
    class: 'C54',
    trigger: [plain({ ...oneCall, tools: [...list(oneCall['tools']), ...Array.from({ length: 4 }, (_, i) => extra(i))] })],
    said(said, { turn }) {
      if (turn.tools.length > 5) Object.assign(said, { calls: [], text: '' })
    },
  },
  {
    id: 'call-lost-behind-history',
    what: 'Behind an answered call no other call arrives.',
    class: 'C54',
    trigger: [
      plain({
        ...oneCall,
        messages: [...list(answered('18')['messages']), { role: 'assistant', content: '18' }, user('And what is the weather in Tokyo?')],
      }),
    ],
    said(said, { turn }) {
      if (turn.messages.some(({ role }) => role === 'tool')) said.calls = []
    },
  },
  {
    id: 'call-lost-with-system-message',
    what: 'A system message keeps auto from calling.',
    class: 'C54',
    trigger: [plain({ ...oneCall, messages: [{ role: 'system', content: 'Be brief.' }, ...list(oneCall['messages'])] })],
    said(said, { turn }) {
      if (turn.mode === 'auto' && turn.messages[0]?.role === 'system' && said.calls.length > 0)
        Object.assign(said, { calls: [], text: 'OK.' })
    },
  },
  {
    id: 'call-lost-with-usage-asked',
    what: 'A streamed call is lost when usage is asked for.',
    class: 'C54',
    trigger: [counted(oneCall)],
    said(said, { turn }) {
      if (turn.includeUsage) said.calls = []
    },
  },
  {
    id: 'parallel-false-refused',
    what: 'parallel_tool_calls false is refused, without a word on what is wrong.',
    class: 'C62',
    trigger: [plain({ ...oneCall, parallel_tool_calls: false })],
    verdict: (refusal, { request }) =>
      refusal ??
      (record(attempt(request.body))['parallel_tool_calls'] === false
        ? { status: 400, message: 'Bad Request', type: 'BadRequestError', param: null }
        : undefined),
  },
  {
    id: 'parallel-true-refused',
    what: 'parallel_tool_calls true is refused.',
    class: 'C62',
    trigger: [plain({ ...oneCall, parallel_tool_calls: true })],
    verdict: (refusal, { request }) =>
      refusal ??
      (record(attempt(request.body))['parallel_tool_calls'] === true
        ? { status: 400, message: "Unknown parameter: 'parallel_tool_calls'.", type: 'BadRequestError', param: 'parallel_tool_calls' }
        : undefined),
  },
  {
    id: 'call-lost-every-third-request',
    what: 'Every third request loses its calls.',
    class: 'C54',
    trigger: [plain(oneCall), plain(oneCall), plain(oneCall)],
    said(said, { turn }) {
      if (turn.ordinal % 3 === 2) said.calls = []
    },
  },
  {
    id: 'strict-tool-rejected-call',
    what: 'Tools with strict: true are never called.',
    class: 'C43',
    trigger: [plain(strict)],
    said(said, { turn }) {
      said.calls = said.calls.filter(({ name }) => !turn.tools.some((tool) => tool.name === name && tool.strict))
    },
  },
  {
    id: 'auto-calls-doubled',
    what: 'Under auto every call is made twice, with another id.',
    class: 'C41',
    trigger: [plain(oneCall)],
    choice(made, { turn }) {
      if (turn.mode !== 'auto') return
      const count = made.calls.length
      made.calls.push(...made.calls.map((call) => ({ ...call, id: `${String(call.id)}b` })))
      made.pieces.push(
        ...made.pieces.map((piece) => ({ ...piece, text: '', parts: piece.parts.map((part) => ({ ...part, call: part.call + count })) })),
      )
    },
  },
  {
    id: 'auto-first-call-emptied-streamed',
    what: 'Of several calls that are streamed under auto the first has the arguments {}.',
    class: 'C39',
    issue: 'vllm#41967',
    trigger: [streamed(twoCalls)],
    choice(made, { turn }) {
      if (turn.mode !== 'auto' || !turn.stream || made.calls.length < 2) return
      const parts = made.pieces.flatMap((piece) => piece.parts).filter(({ call, text }) => call === 0 && text !== '')
      for (const [position, part] of parts.entries()) part.text = position === 0 ? '{}' : ''
    },
  },
  {
    id: 'call-as-markup-every-third-request',
    what: 'The calls of every third request arrive as raw markup in content, whatever tool_choice says.',
    class: 'C50',
    issue: 'vllm#42400',
    trigger: [plain(oneCall), plain(oneCall), plain(oneCall)],
    said(said, { turn }) {
      if (turn.ordinal % 3 < 2 || said.calls.length === 0) return
      turn.mode = 'text'
      said.text = markup(said)
      said.calls = []
    },
  },
  {
    id: 'call-again-at-end-streamed',
    what: 'When a stream ends its first call comes again, whole, as one more call.',
    class: 'C41',
    issue: 'mudler/LocalAI#9722',
    trigger: [streamed(oneCall)],
    events(events) {
      const starts = startsOf(events)
      const [first, end] = [starts[0], events.find(isFinish)]
      if (first === undefined || end === undefined || !('chunk' in end)) return
      const whole = fragmentsOf(events, 0).map((fragment) => fragment.function.arguments)
      const call = {
        ...first,
        index: starts.length,
        id: `${String(first.id)}b`,
        function: { ...first.function, arguments: whole.join('') },
      }
      const delta = { delta: { tool_calls: [call] }, index: 0, logprobs: null, finish_reason: null }
      insertBefore(events, isFinish, { chunk: { ...end.chunk, choices: [delta] }, afterMs: 0 })
    },
  },
]
