import type { Fault } from '../fault.ts'
import type { Choice } from '../wire.ts'
import { chunksOf } from './edit.ts'
import { named, none, oneCall, pair, plain, required, smallTalk, streamed, truncated, twoCalls } from './triggers.ts'

function says(choice: Choice, from: string, to: string): void {
  if (choice.finish === from) choice.finish = to
}

/** Faults in finish_reason. */
export const finish: Fault[] = [
  {
    id: 'finish-stop-with-call',
    what: 'A call of auto ends with finish_reason stop.',
    class: 'C45',
    issue: 'litellm#35663',
    trigger: [plain(oneCall)],
    choice(choice, { turn }) {
      if (turn.mode === 'auto') says(choice, 'tool_calls', 'stop')
    },
  },
  {
    id: 'finish-stop-with-call-streamed',
    what: 'A streamed call of auto ends with finish_reason stop.',
    class: 'C45',
    issue: 'sglang#2877',
    trigger: [streamed(oneCall)],
    choice(choice, { turn }) {
      if (turn.mode === 'auto' && turn.stream) says(choice, 'tool_calls', 'stop')
    },
  },
  {
    id: 'finish-stop-with-required',
    what: 'A required call ends with finish_reason stop.',
    class: 'C45',
    issue: 'vllm#25054',
    trigger: [plain(required)],
    choice(choice, { turn }) {
      if (turn.mode === 'required') says(choice, 'tool_calls', 'stop')
    },
  },
  {
    id: 'finish-tool-calls-with-named-streamed',
    what: 'A named call ends with tool_calls when streamed and with stop when plain.',
    class: 'C45',
    issue: 'vllm#9209',
    trigger: [streamed(named)],
    choice(choice, { turn }) {
      if (turn.mode === 'named' && turn.stream) says(choice, 'stop', 'tool_calls')
    },
  },
  {
    id: 'finish-length-with-named',
    what: 'A complete call of a named tool ends with finish_reason length.',
    class: 'C45',
    trigger: [plain(named)],
    choice(choice, { turn }) {
      if (turn.mode === 'named') says(choice, 'stop', 'length')
    },
  },
  {
    id: 'finish-tool-calls-without-call',
    what: 'A text ends with finish_reason tool_calls.',
    class: 'C46',
    issue: 'vllm#53255',
    trigger: [plain(smallTalk)],
    choice(choice, { turn }) {
      if (turn.tools.length > 0 && choice.calls.length === 0) says(choice, 'stop', 'tool_calls')
    },
  },
  {
    id: 'finish-tool-calls-under-none',
    what: 'tool_choice none ends with finish_reason tool_calls.',
    class: 'C46',
    issue: 'vllm#42747',
    trigger: [streamed(none)],
    choice(choice, { turn }) {
      if (turn.mode === 'none') says(choice, 'stop', 'tool_calls')
    },
  },
  {
    id: 'truncation-says-tool-calls',
    what: 'A streamed call that max_tokens cut ends with finish_reason tool_calls.',
    class: 'C47',
    issue: 'vllm#47963',
    trigger: [streamed(truncated)],
    choice(choice, { turn }) {
      if (turn.stream && choice.calls.length > 0) says(choice, 'length', 'tool_calls')
    },
  },
  {
    id: 'truncation-emptied-call',
    what: 'A call that max_tokens cut arrives with arguments {} and finish_reason tool_calls.',
    class: 'C47',
    issue: 'vllm#47963',
    trigger: [plain(truncated)],
    choice(choice, { turn }) {
      const tool = turn.tools[0]
      if (choice.finish !== 'length' || !tool || turn.stream) return
      choice.calls = [{ id: 'chatcmpl-tool-0000000000000000', type: 'function', name: tool.name, arguments: '{}' }]
      choice.finish = 'tool_calls'
    },
  },
  {
    id: 'truncation-says-stop',
    what: 'An answer that max_tokens cut ends with finish_reason stop.',
    class: 'C47',
    issue: 'langchain#39275',
    trigger: [plain({ messages: [{ role: 'user', content: 'Count to 50.' }], max_tokens: 5 })],
    choice(choice) {
      says(choice, 'length', 'stop')
    },
  },
  {
    id: 'max-tokens-ignored',
    what: 'max_tokens has no effect.',
    class: 'C47',
    trigger: [plain({ messages: [{ role: 'user', content: 'Count to 50.' }], max_tokens: 5 })],
    turn(turn) {
      turn.maxTokens = 10_000
    },
  },
  {
    id: 'empty-tool-calls-on-text',
    what: 'A text carries tool_calls [].',
    class: 'C48',
    issue: 'vllm#44104',
    trigger: [plain(smallTalk)],
    plain({ choices }) {
      for (const { message } of choices) message.tool_calls ??= []
    },
  },
  {
    id: 'choices-mixed',
    what: 'With n > 1 every second chunk goes to the other choice.',
    class: 'C49',
    issue: 'vllm#38158',
    trigger: [streamed(pair)],
    events(events, { turn }) {
      if (turn.n < 2) return
      const inner = chunksOf(events).filter(
        ({ choices }) => choices[0] && choices[0].finish_reason === null && !('role' in choices[0].delta),
      )
      for (const [i, { choices }] of inner.entries()) if (i % 3 === 2) choices[0]!.index = 1 - choices[0]!.index
    },
  },
  {
    id: 'second-choice-empty',
    what: 'With n > 1 only the first choice has an answer.',
    class: 'C49',
    trigger: [plain(pair)],
    said(said, _scene, index) {
      if (index > 0) Object.assign(said, { text: '', calls: [] })
    },
  },
  {
    id: 'second-choice-missing',
    what: 'n has no effect.',
    class: 'C49',
    trigger: [plain(pair)],
    turn(turn) {
      turn.n = 1
    },
  },
  {
    id: 'finish-stop-with-second-call',
    what: 'An answer with several calls ends with finish_reason stop.',
    class: 'C45',
    trigger: [plain(twoCalls)],
    choice(choice) {
      if (choice.calls.length > 1) says(choice, 'tool_calls', 'stop')
    },
  },
  {
    id: 'finish-tool-calls-on-text-with-tools',
    what: 'A text ends with tool_calls when tools were offered.',
    class: 'C46',
    trigger: [plain(smallTalk)],
    choice(choice, { turn }) {
      if (turn.tools.length > 0 && choice.calls.length === 0) says(choice, 'stop', 'tool_calls')
    },
  },
  {
    id: 'finish-length-without-cut',
    what: 'A whole answer ends with finish_reason length.',
    class: 'C47',
    trigger: [plain(oneCall)],
    choice(choice) {
      says(choice, 'tool_calls', 'length')
      says(choice, 'stop', 'length')
    },
  },
  {
    id: 'truncation-closes-arguments',
    what: 'A call that max_tokens cut is closed to valid JSON and ends with tool_calls.',
    class: 'C47',
    issue: 'vllm#47963',
    trigger: [plain(truncated)],
    choice(choice, { turn }) {
      const tool = turn.tools[0]
      if (choice.finish !== 'length' || !tool || turn.stream) return
      choice.calls = [{ id: 'chatcmpl-tool-0000000000000000', type: 'function', name: tool.name, arguments: '{"text": "one"}' }]
      choice.finish = 'tool_calls'
    },
  },
  {
    id: 'truncation-says-stop-streamed',
    what: 'A streamed text that max_tokens cut ends with finish_reason stop.',
    class: 'C47',
    trigger: [streamed({ messages: [{ role: 'user', content: 'Count to 50.' }], max_tokens: 5 })],
    choice(choice, { turn }) {
      if (turn.stream) says(choice, 'length', 'stop')
    },
  },
  {
    id: 'max-completion-tokens-ignored',
    what: 'max_completion_tokens has no effect.',
    class: 'C47',
    trigger: [plain({ messages: [{ role: 'user', content: 'Count to 50.' }], max_completion_tokens: 5 })],
    turn(turn) {
      if (turn.body['max_completion_tokens'] !== undefined) turn.maxTokens = 10_000
    },
  },
  {
    id: 'second-choice-copies-ids',
    what: 'With n > 1 every choice of a stream has index 0.',
    class: 'C49',
    trigger: [streamed(pair)],
    events(events) {
      for (const choice of chunksOf(events).flatMap(({ choices }) => choices)) choice.index = 0
    },
  },
]
