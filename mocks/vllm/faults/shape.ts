import type { ChatScene, Fault } from '../fault.ts'
import { list, word } from '../json.ts'
import type { Call, Choice } from '../wire.ts'
import { choicesOf, deltasOf, entriesOf, laterOf, startsOf } from './edit.ts'
import { named, oneCall, pair, plain, required, streamed, twoCalls } from './triggers.ts'

/** A change of each call of an answer, plain or streamed. */
function calls(change: (call: Call, index: number, scene: ChatScene) => void): (choice: Choice, scene: ChatScene) => void {
  return (choice, scene) => {
    for (const [index, call] of choice.calls.entries()) change(call, index, scene)
  }
}

/** Faults in the shape of calls. */
export const shape: Fault[] = [
  {
    id: 'tool-calls-not-array',
    what: 'delta.tool_calls is an object.',
    class: 'C10',
    issue: 'TGI#2794',
    trigger: [streamed(oneCall)],
    events(events) {
      for (const delta of deltasOf(events)) if (delta.tool_calls) Object.assign(delta, { tool_calls: delta.tool_calls[0] })
    },
  },
  {
    id: 'tool-calls-not-array-plain',
    what: 'message.tool_calls is an object.',
    class: 'C10',
    trigger: [plain(oneCall)],
    plain({ choices }) {
      for (const { message } of choices) if (message.tool_calls?.length) Object.assign(message, { tool_calls: message.tool_calls[0] })
    },
  },
  {
    id: 'tool-id-inside-function',
    what: 'The id of a call is inside its function.',
    class: 'C10',
    issue: 'llama.cpp#13774',
    trigger: [streamed(oneCall)],
    events(events) {
      for (const entry of startsOf(events)) {
        Object.assign(entry.function ?? {}, { id: entry.id })
        delete entry.id
      }
    },
  },
  {
    id: 'tool-function-flat',
    what: 'Name and arguments stand beside the id, without a function object.',
    class: 'C10',
    trigger: [plain(oneCall)],
    plain({ choices }) {
      for (const call of choices.flatMap(({ message }) => message.tool_calls ?? [])) {
        Object.assign(call, call.function)
        delete call.function
      }
    },
  },
  {
    id: 'tool-id-number',
    what: 'The id of a call is a number.',
    class: 'C10',
    issue: 'aish#200',
    trigger: [plain(oneCall)],
    choice: calls((call, index) => void (call.id = index + 1)),
  },
  {
    id: 'tool-index-missing',
    what: 'Fragments have no index.',
    class: 'C11',
    issue: 'sglang#5661',
    trigger: [streamed(oneCall)],
    events(events) {
      for (const entry of entriesOf(events)) delete entry.index
    },
  },
  {
    id: 'tool-index-missing-later',
    what: 'Fragments after the first of a call have no index.',
    class: 'C11',
    issue: 'vllm#8272',
    trigger: [streamed(oneCall)],
    events(events) {
      for (const entry of laterOf(events)) delete entry.index
    },
  },
  {
    id: 'tool-index-string',
    what: 'The index is a string.',
    class: 'C11',
    trigger: [streamed(oneCall)],
    events(events) {
      for (const entry of entriesOf(events)) entry.index = String(entry.index)
    },
  },
  {
    id: 'tool-index-constant',
    what: 'Every call of a stream has index 0.',
    class: 'C12',
    issue: 'ollama#15457',
    trigger: [streamed(twoCalls)],
    events(events) {
      for (const entry of entriesOf(events)) entry.index = 0
    },
  },
  {
    id: 'tool-index-starts-at-one',
    what: 'The first call of a stream has index 1.',
    class: 'C13',
    issue: 'vllm#50782',
    trigger: [streamed(oneCall)],
    events(events) {
      for (const entry of entriesOf(events)) entry.index = Number(entry.index) + 1
    },
  },
  {
    id: 'tool-index-skips',
    what: 'The second call of a stream has index 2.',
    class: 'C13',
    issue: 'vllm#33141',
    trigger: [streamed(twoCalls)],
    events(events) {
      for (const entry of entriesOf(events)) entry.index = Number(entry.index) * 2
    },
  },
  {
    id: 'tool-id-missing',
    what: 'Calls have no id.',
    class: 'C14',
    issue: 'vllm#18412',
    trigger: [plain(oneCall)],
    choice: calls((call) => void (call.id = undefined)),
  },
  {
    id: 'tool-id-missing-streamed',
    what: 'Streamed calls have no id.',
    class: 'C14',
    issue: 'vllm#18412',
    trigger: [streamed(required)],
    choice: calls((call, _index, { turn }) => void (turn.stream && (call.id = undefined))),
  },
  {
    id: 'tool-id-missing-named',
    what: 'Streamed calls of a named tool have id null.',
    class: 'C14',
    trigger: [streamed(named)],
    choice: calls((call, _index, { turn }) => void (turn.stream && turn.mode === 'named' && (call.id = null))),
  },
  {
    id: 'tool-id-missing-second-call',
    what: 'Calls after the first have an empty id.',
    class: 'C14',
    issue: 'vllm#34745',
    trigger: [plain(twoCalls)],
    choice: calls((call, index) => void (index > 0 && (call.id = ''))),
  },
  {
    id: 'tool-id-duplicated',
    what: 'All calls of a message share one id.',
    class: 'C15',
    issue: 'nanobot#3943',
    trigger: [plain(twoCalls)],
    choice(choice) {
      for (const call of choice.calls) call.id = choice.calls[0]!.id
    },
  },
  {
    id: 'tool-id-same-every-turn',
    what: 'The first call of every answer has the same id.',
    class: 'C15',
    issue: 'vllm#50420',
    trigger: [plain(oneCall), plain(oneCall)],
    choice: calls((call, index) => void (call.id = `call_${index}0000000`)),
  },
  {
    id: 'tool-id-shared-by-choices',
    what: 'With n > 1 the choices share the ids of their calls.',
    class: 'C15',
    trigger: [plain(pair)],
    choice: calls((call, index, { turn }) => void (turn.n > 1 && (call.id = `chatcmpl-tool-${turn.ordinal}-${index}`))),
  },
  {
    id: 'tool-id-changes-later',
    what: 'Later fragments carry another id.',
    class: 'C16',
    issue: 'litellm#28223',
    trigger: [streamed(oneCall)],
    events(events) {
      for (const [i, entry] of laterOf(events).entries()) entry.id = `call_${i}00000000`
    },
  },
  {
    id: 'tool-id-not-accepted-back',
    what: 'An id that the server issued is refused in the next turn.',
    class: 'C17',
    issue: 'vllm#9020',
    trigger: [
      plain({ ...oneCall, messages: [...list(oneCall['messages']), { role: 'tool', tool_call_id: 'chatcmpl-tool-1', content: '1' }] }),
    ],
    verdict(refusal, { request }) {
      const long = /"tool_call_id":\s*"[^"]{10,}"/.test(request.body)
      return long ? { status: 400, message: 'Tool call ids are 9 alphanumerics.', type: 'BadRequestError', param: null } : refusal
    },
  },
  {
    id: 'tool-type-missing',
    what: 'Calls have no type.',
    class: 'C18',
    issue: 'vllm#16340',
    trigger: [streamed(oneCall)],
    choice: calls((call) => void (call.type = undefined)),
  },
  {
    id: 'tool-type-wrong',
    what: 'The type of a call is tool.',
    class: 'C18',
    trigger: [plain(oneCall)],
    choice: calls((call) => void (call.type = 'tool')),
  },
  {
    id: 'tool-name-repeated',
    what: 'Every fragment carries the name.',
    class: 'C19',
    issue: 'vllm#14951',
    trigger: [streamed(named)],
    events(events) {
      const name = startsOf(events)[0]?.function?.name
      for (const entry of laterOf(events)) Object.assign(entry.function ?? {}, { name })
    },
  },
  {
    id: 'tool-name-empty',
    what: 'The name of a call is empty.',
    class: 'C20',
    issue: 'gsd-2#4647',
    trigger: [plain(oneCall)],
    choice: calls((call) => void (call.name = '')),
  },
  {
    id: 'tool-name-empty-streamed',
    what: 'The name of a streamed call is empty.',
    class: 'C20',
    issue: 'vllm#52418',
    trigger: [streamed(oneCall)],
    choice: calls((call, _index, { turn }) => void (turn.stream && (call.name = ''))),
  },
  {
    id: 'tool-name-null-second-call',
    what: 'Streamed calls after the first have name null.',
    class: 'C20',
    trigger: [streamed(twoCalls)],
    choice: calls((call, index, { turn }) => void (turn.stream && index > 0 && (call.name = null))),
  },
  {
    id: 'tool-name-with-channel-marker',
    what: 'Names of calls after the first end in a channel marker.',
    class: 'C21',
    issue: 'vllm#32587',
    trigger: [plain(twoCalls)],
    choice: calls((call, index) => void (index > 0 && (call.name = `${word(call.name)}<|channel|>commentary`))),
  },
  {
    id: 'tool-name-prefixed',
    what: 'Names begin with functions.',
    class: 'C21',
    issue: 'llama.cpp#15102',
    trigger: [plain(oneCall)],
    choice: calls((call) => void (call.name = `functions.${word(call.name)}`)),
  },
  {
    id: 'tool-name-with-space',
    what: 'Names begin with a space.',
    class: 'C21',
    trigger: [streamed(oneCall)],
    choice: calls((call) => void (call.name = ` ${word(call.name)}`)),
  },
  {
    id: 'tool-name-unknown',
    what: 'The called tool was not offered.',
    class: 'C22',
    issue: 'OpenHands#5111',
    trigger: [plain(required)],
    choice: calls((call) => void (call.name = `${word(call.name)}_v2`)),
  },
  {
    id: 'function-call-in-old-form',
    what: 'A call is in function_call and tool_calls is absent.',
    class: 'C10',
    trigger: [plain(oneCall)],
    plain({ choices }) {
      for (const { message } of choices) {
        const call = message.tool_calls?.[0]
        if (!call) continue
        message['function_call'] = call.function
        delete message.tool_calls
      }
    },
  },
  {
    id: 'function-call-in-old-form-streamed',
    what: 'A streamed call is in delta.function_call.',
    class: 'C10',
    trigger: [streamed(oneCall)],
    events(events) {
      for (const delta of deltasOf(events)) {
        if (!delta.tool_calls) continue
        delta['function_call'] = delta.tool_calls[0]?.function
        delete delta.tool_calls
      }
    },
  },
  {
    id: 'tool-calls-hold-null',
    what: 'A null follows the last call of a message.',
    class: 'C10',
    trigger: [plain(oneCall)],
    plain({ choices }) {
      for (const { message } of choices) if (message.tool_calls?.length) Reflect.apply(Array.prototype.push, message.tool_calls, [null])
    },
  },
  {
    id: 'tool-function-null-later',
    what: 'The last fragment of a call has function null.',
    class: 'C10',
    trigger: [streamed(oneCall)],
    events(events) {
      const last = laterOf(events).at(-1)
      if (last) Object.assign(last, { function: null })
    },
  },
  {
    id: 'tool-index-null',
    what: 'Fragments have index null.',
    class: 'C11',
    trigger: [streamed(oneCall)],
    events(events) {
      for (const entry of entriesOf(events)) entry.index = null
    },
  },
  {
    id: 'tool-index-counts-down',
    what: 'The second call of a stream has a smaller index than the first.',
    class: 'C13',
    trigger: [streamed(twoCalls)],
    events(events) {
      const most = Math.max(0, ...entriesOf(events).map(({ index }) => Number(index)))
      for (const entry of entriesOf(events)) entry.index = most - Number(entry.index)
    },
  },
  {
    id: 'tool-index-counts-fragments',
    what: 'The index grows with every fragment.',
    class: 'C13',
    trigger: [streamed(oneCall)],
    events(events) {
      for (const [i, entry] of entriesOf(events).entries()) entry.index = i
    },
  },
  {
    id: 'tool-id-is-name',
    what: 'The id of a call is the name of its tool.',
    class: 'C15',
    trigger: [plain(twoCalls)],
    choice: calls((call) => void (call.id = call.name)),
  },
  {
    id: 'tool-id-late',
    what: 'The id of a call comes with its last fragment.',
    class: 'C14',
    trigger: [streamed(oneCall)],
    events(events) {
      const [start] = startsOf(events)
      const last = laterOf(events).at(-1)
      if (!start || !last) return
      last.id = start.id
      delete start.id
    },
  },
  {
    id: 'tool-type-changes-later',
    what: 'Later fragments have another type.',
    class: 'C18',
    trigger: [streamed(oneCall)],
    events(events) {
      for (const entry of laterOf(events)) entry.type = 'tool_call'
    },
  },
  {
    id: 'tool-type-missing-second-call',
    what: 'Calls after the first have no type.',
    class: 'C18',
    trigger: [plain(twoCalls)],
    choice: calls((call, index) => void (index > 0 && (call.type = undefined))),
  },
  {
    id: 'tool-name-split',
    what: 'The name of a streamed call comes in two halves.',
    class: 'C19',
    trigger: [streamed(oneCall)],
    events(events) {
      const [start] = startsOf(events)
      const [later] = laterOf(events)
      const name = word(start?.function?.name)
      if (!start?.function || !later?.function) return
      start.function.name = name.slice(0, name.length >> 1)
      later.function.name = name.slice(name.length >> 1)
    },
  },
  {
    id: 'tool-name-in-camel-case',
    what: 'The name of a call is written in camel case.',
    class: 'C22',
    trigger: [plain(oneCall)],
    choice: calls((call) => void (call.name = word(call.name).replaceAll(/_(.)/g, (_all, c: string) => c.toUpperCase()))),
  },
  {
    id: 'tool-name-cut',
    what: 'The name of a call ends at its first underscore.',
    class: 'C22',
    trigger: [plain(oneCall)],
    choice: calls((call) => void (call.name = word(call.name).split('_')[0])),
  },
  {
    id: 'later-fragments-null',
    what: 'Later fragments carry id, type and name as null.',
    class: 'C20',
    issue: 'vllm#31438',
    trigger: [streamed(oneCall)],
    events(events) {
      for (const entry of laterOf(events)) Object.assign(entry, { id: null, type: null, function: { name: null, ...entry.function } })
    },
  },
  {
    id: 'later-fragments-empty',
    what: 'Later fragments carry id and name as an empty text.',
    class: 'C20',
    issue: 'anomalyco/opencode#37841',
    trigger: [streamed(oneCall)],
    events(events) {
      for (const entry of laterOf(events)) Object.assign(entry, { id: '', function: { name: '', ...entry.function } })
    },
  },
  {
    id: 'tool-id-repeated',
    what: 'Every fragment carries the id of its call.',
    class: 'C16',
    issue: 'litellm#20480',
    trigger: [streamed(oneCall)],
    events(events) {
      const ids = new Map<unknown, unknown>()
      for (const { index, delta } of choicesOf(events)) {
        for (const entry of delta.tool_calls ?? []) {
          const key = `${index}/${String(entry.index)}`
          if ('id' in entry) ids.set(key, entry.id)
          else entry.id = ids.get(key)
        }
      }
    },
  },
]
