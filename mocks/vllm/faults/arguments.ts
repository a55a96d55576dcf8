import type { Fault } from '../fault.ts'
import type { Event, ToolDelta, Turn } from '../wire.ts'
import { attempt, list, record } from '../json.ts'
import { chunksOf, entriesOf, fragmentsOf, isFinish, insertBefore, laterOf, respell, rewrite, startsOf, strings } from './edit.ts'
import { echoes, oneCall, plain, required, streamed, twoCalls, user, zeroCall } from './triggers.ts'

/** The function part of the first entry after the start of a call. */
function fragmentBehind(events: Event[], start: ToolDelta): ToolDelta['function'] {
  return laterOf(events).find(({ index }) => index === start.index)?.function
}

/** Arguments without those that the tool does not require. */
function requiredOf(name: unknown, text: unknown, { tools }: Turn): string {
  const needed = list(tools.find((tool) => tool.name === name)?.parameters['required'])
  return JSON.stringify(Object.fromEntries(Object.entries(record(attempt(String(text)))).filter(([key]) => needed.includes(key))))
}

/** Faults in the assembly of arguments. */
export const args: Fault[] = [
  {
    id: 'arguments-last-fragment-lost',
    what: 'The last fragment of streamed arguments is lost.',
    class: 'C23',
    issue: 'vllm#10781',
    trigger: [streamed(oneCall)],
    events(events) {
      const last = fragmentsOf(events).at(-1)
      if (last) last.function.arguments = ''
    },
  },
  {
    id: 'arguments-last-brace-lost',
    what: 'The last brace of the arguments is lost in both forms.',
    class: 'C23',
    issue: 'vllm#18791',
    trigger: [plain(oneCall)],
    said(said) {
      for (const call of said.calls) call.arguments = call.arguments.slice(0, -1)
    },
  },
  {
    id: 'arguments-cut-second-call',
    what: 'Streamed calls after the first lose the end of their arguments.',
    class: 'C23',
    issue: 'vllm#15274',
    trigger: [streamed(twoCalls)],
    events(events) {
      const last = fragmentsOf(events, 1).at(-1)
      if (last) last.function.arguments = ''
    },
  },
  {
    id: 'arguments-long-value-cut',
    what: 'Values end after 97 characters.',
    class: 'C23',
    issue: 'vllm#55495',
    trigger: [plain(echoes('long '.repeat(60)))],
    said(said) {
      for (const call of said.calls) if (call.arguments.length > 97) call.arguments = call.arguments.slice(0, 97)
    },
  },
  {
    id: 'arguments-repeated-at-finish',
    what: 'The finish chunk sends all arguments again.',
    class: 'C24',
    issue: 'vllm#42167',
    trigger: [streamed(oneCall)],
    events(events) {
      const text = fragmentsOf(events, 0)
        .map((fragment) => fragment.function.arguments)
        .join('')
      for (const event of events.filter(isFinish)) {
        if ('chunk' in event && text) event.chunk.choices[0]!.delta.tool_calls = [{ index: 0, function: { arguments: text } }]
      }
    },
  },
  {
    id: 'arguments-fragment-twice',
    what: 'One fragment of the arguments is sent twice.',
    class: 'C24',
    issue: 'vllm#23312',
    trigger: [streamed(oneCall)],
    events(events) {
      const fragments = fragmentsOf(events)
      const fragment = fragments[fragments.length >> 1]
      if (fragment) fragment.function.arguments += fragment.function.arguments
    },
  },
  {
    id: 'arguments-tail-again',
    what: 'The end of the arguments is sent again in one more chunk.',
    class: 'C24',
    issue: 'vllm#17585',
    trigger: [streamed(oneCall)],
    events(events) {
      const last = chunksOf(events).findLast((chunk) => chunk.choices[0]?.delta.tool_calls?.length)
      if (last) insertBefore(events, isFinish, { chunk: last, afterMs: 0 })
    },
  },
  {
    id: 'arguments-first-fragment-lost',
    what: 'The first fragment of streamed arguments is lost.',
    class: 'C25',
    issue: 'vllm#42683',
    trigger: [streamed(oneCall)],
    events(events) {
      const first = fragmentsOf(events)[0]
      if (first) first.function.arguments = ''
    },
  },
  {
    id: 'arguments-middle-fragment-lost',
    what: 'A fragment in the middle of streamed arguments is lost.',
    class: 'C25',
    issue: 'vllm#31501',
    trigger: [streamed(oneCall)],
    events(events) {
      const fragments = fragmentsOf(events)
      const fragment = fragments[fragments.length >> 1]
      if (fragment) fragment.function.arguments = ''
    },
  },
  {
    id: 'arguments-absent-streamed',
    what: 'Streamed calls have a name and no arguments.',
    class: 'C26',
    issue: 'vllm#9693',
    trigger: [streamed(oneCall)],
    events(events) {
      for (const entry of laterOf(events)) if (entry.function) entry.function.arguments = ''
      for (const entry of entriesOf(events)) delete entry.function?.arguments
    },
  },
  {
    id: 'arguments-emptied',
    what: 'Arguments are {} though the tool has required keys.',
    class: 'C26',
    issue: 'vllm#25223',
    trigger: [plain(oneCall)],
    said(said) {
      for (const call of said.calls) call.arguments = '{}'
    },
  },
  {
    id: 'optional-arguments-lost',
    what: 'Calls under auto lose the arguments that their tool does not require.',
    class: 'C25',
    trigger: [
      plain({
        messages: [user('What time is it in Oslo in the 24h format?')],
        tools: [
          {
            type: 'function',
            function: {
              name: 'get_time',
              parameters: {
                type: 'object',
                properties: { city: { type: 'string' }, format: { type: 'string', enum: ['12h', '24h'] } },
                required: ['city'],
              },
            },
          },
        ],
      }),
    ],
    plain({ choices }, { turn }) {
      if (turn.mode !== 'auto') return
      for (const { message } of choices)
        for (const call of list(message['tool_calls'])) {
          const made = record(record(call)['function'])
          made['arguments'] = requiredOf(made['name'], made['arguments'], turn)
        }
    },
    events(events, { turn }) {
      if (turn.mode !== 'auto' || turn.n > 1) return
      for (const { index, function: made } of startsOf(events)) respell(events, (text) => requiredOf(made?.name, text, turn), Number(index))
    },
  },
  {
    id: 'zero-arguments-empty',
    what: 'A call without arguments has "" in place of {}.',
    class: 'C27',
    issue: 'vllm#28806',
    trigger: [plain(zeroCall)],
    said(said) {
      for (const call of said.calls) if (call.arguments === '{}') call.arguments = ''
    },
  },
  {
    id: 'zero-arguments-never-streamed',
    what: 'A streamed call without arguments sends no fragment.',
    class: 'C27',
    issue: 'vllm#11392',
    trigger: [streamed(zeroCall)],
    said(said, { turn }) {
      for (const call of said.calls) if (turn.stream && call.arguments === '{}') call.arguments = ''
    },
  },
  {
    id: 'zero-arguments-null',
    what: 'A call without arguments has arguments null.',
    class: 'C27',
    issue: 'vercel/ai#5658',
    trigger: [plain(zeroCall)],
    choice(choice) {
      for (const call of choice.calls) if (call.arguments === '{}') Object.assign(call, { arguments: null })
    },
  },
  {
    id: 'arguments-as-object',
    what: 'Arguments are an object, not a string.',
    class: 'C28',
    issue: 'llama.cpp#20198',
    trigger: [plain(oneCall)],
    choice(choice) {
      for (const call of choice.calls) Object.assign(call, { arguments: attempt(call.arguments) ?? call.arguments })
    },
  },
  {
    id: 'arguments-as-object-streamed',
    what: 'The streamed arguments are one object.',
    class: 'C28',
    issue: 'TGI#2461',
    trigger: [streamed(oneCall)],
    events(events) {
      respell(events, (text) => attempt(text) ?? text, 0)
    },
  },
  {
    id: 'arguments-enveloped',
    what: 'Arguments are the whole call as an object with name and parameters.',
    class: 'C29',
    issue: 'vllm#35936',
    trigger: [plain(required)],
    said(said) {
      for (const call of said.calls) call.arguments = `{"name": "${call.name}", "parameters": ${call.arguments}}`
    },
  },
  {
    id: 'arguments-enveloped-in-list',
    what: 'Arguments are a list that holds the call.',
    class: 'C29',
    issue: 'autogen#3120',
    trigger: [plain(required)],
    said(said) {
      for (const call of said.calls) call.arguments = `[{"name": "${call.name}", "parameters": ${call.arguments}}]`
    },
  },
  {
    id: 'arguments-raw-markup',
    what: 'Arguments are the markup that the model wrote.',
    class: 'C29',
    issue: 'vllm#51804',
    trigger: [plain(required)],
    said(said) {
      for (const call of said.calls) call.arguments = `<function=${call.name}>${call.arguments}</function>`
    },
  },
  {
    id: 'arguments-double-encoded',
    what: 'Arguments are a JSON string that holds JSON.',
    class: 'C30',
    issue: 'vllm#35421',
    trigger: [plain(oneCall)],
    said(said) {
      for (const call of said.calls) call.arguments = JSON.stringify(call.arguments)
    },
  },
  {
    id: 'arguments-double-encoded-streamed',
    what: 'Streamed arguments are a JSON string that holds JSON.',
    class: 'C30',
    issue: 'vllm#36032',
    trigger: [streamed(oneCall)],
    said(said, { turn }) {
      for (const call of said.calls) if (turn.stream) call.arguments = JSON.stringify(call.arguments)
    },
  },
  {
    id: 'arguments-single-quotes',
    what: 'Arguments are written with single quotes.',
    class: 'C31',
    issue: 'vllm#43984',
    trigger: [plain(oneCall)],
    said(said) {
      for (const call of said.calls) call.arguments = call.arguments.replaceAll('"', "'")
    },
  },
  {
    id: 'arguments-trailing-comma',
    what: 'Arguments end in a comma before the brace.',
    class: 'C31',
    issue: 'qwen-code#10689',
    trigger: [plain(oneCall)],
    said(said) {
      for (const call of said.calls) call.arguments = call.arguments.replace(/\}$/, ',}')
    },
  },
  {
    id: 'arguments-list-bracket-streamed',
    what: 'Streamed arguments of a required call end in the bracket of the list.',
    class: 'C32',
    trigger: [streamed(required)],
    events(events, { turn }) {
      if (turn.mode === 'required') respell(events, (text) => (text ? `${text}]` : text), 0)
    },
  },
  {
    id: 'arguments-twice',
    what: 'The arguments of a plain call stand there twice.',
    class: 'C24',
    issue: 'vllm#17703',
    trigger: [plain(oneCall)],
    choice(choice, { turn }) {
      for (const call of choice.calls) if (!turn.stream) call.arguments += call.arguments
    },
  },
  {
    id: 'arguments-in-code-fence',
    what: 'Arguments stand in a code fence.',
    class: 'C31',
    trigger: [plain(oneCall)],
    said(said) {
      for (const call of said.calls) call.arguments = `\`\`\`json\n${call.arguments}\n\`\`\``
    },
  },
  {
    id: 'arguments-with-bare-keys',
    what: 'Keys of the arguments have no quotes.',
    class: 'C31',
    trigger: [plain(oneCall)],
    said(said) {
      for (const call of said.calls) call.arguments = call.arguments.replaceAll(/"(\w+)":/g, '$1:')
    },
  },
  {
    id: 'arguments-in-python',
    what: 'Arguments hold True, False and None.',
    class: 'C31',
    issue: 'vllm#38992',
    trigger: [
      plain({
        messages: [{ role: 'user', content: 'Use set_alarm with {"on": true}' }],
        tools: [
          { type: 'function', function: { name: 'set_alarm', parameters: { type: 'object', properties: { on: { type: 'boolean' } } } } },
        ],
      }),
    ],
    said(said) {
      for (const call of said.calls) {
        call.arguments = call.arguments.replaceAll(': true', ': True').replaceAll(': false', ': False').replaceAll(': null', ': None')
      }
    },
  },
  {
    id: 'arguments-as-list',
    what: 'Arguments are a list that holds the object.',
    class: 'C29',
    trigger: [plain(oneCall)],
    said(said) {
      for (const call of said.calls) call.arguments = `[${call.arguments}]`
    },
  },
  {
    id: 'arguments-null-text',
    what: 'Arguments are the text null.',
    class: 'C26',
    trigger: [plain(oneCall)],
    said(said) {
      for (const call of said.calls) call.arguments = 'null'
    },
  },
  {
    id: 'arguments-of-name-delta-lost',
    what: 'A streamed delta that begins a call and has arguments loses them.',
    class: 'C25',
    issue: 'vllm#30671',
    trigger: [streamed(twoCalls)],
    events(events) {
      for (const entry of startsOf(events)) if (entry.index !== 0) delete fragmentBehind(events, entry)?.arguments
    },
  },
  {
    id: 'zero-arguments-lost-in-pair',
    what: 'A call without arguments beside another has arguments null.',
    class: 'C27',
    trigger: [
      plain({
        messages: [{ role: 'user', content: 'First ping, then get_weather for Paris.' }],
        tools: [...list(zeroCall['tools']), ...list(oneCall['tools'])],
      }),
    ],
    choice(choice) {
      if (choice.calls.length > 1) for (const call of choice.calls) if (call.arguments === '{}') Object.assign(call, { arguments: null })
    },
  },
  {
    id: 'arguments-key-twice',
    what: 'The first key of the arguments comes twice.',
    class: 'C24',
    issue: 'vllm#17585',
    trigger: [plain(oneCall)],
    choice(choice) {
      for (const call of choice.calls) {
        if (typeof call.arguments === 'string')
          call.arguments = call.arguments.replace(/^\{("[^"]*": ?(?:"[^"\\]*"|\d+))([,}])/, '{$1, $1$2')
      }
    },
  },
  {
    id: 'string-delimiters-in-values',
    what: 'Strings keep the delimiters of Gemma 4 around them, where the model is free.',
    class: 'C29',
    issue: 'vllm#39484',
    trigger: [plain(oneCall)],
    said(said, { turn }) {
      if (turn.mode === 'auto') rewrite(said, (given) => strings(given, (text) => `<|"|>${text}<|"|>`))
    },
  },
]
