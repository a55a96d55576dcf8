import type { Fault } from '../fault.ts'
import { attempt, dumps, isObject, list, record } from '../json.ts'
import type { Draft, MockRequest, Refusal, Said } from '../wire.ts'
import type { FaultClass } from './classes.ts'
import {
  echoes,
  named,
  none,
  noTools,
  oneCall,
  required,
  respond,
  talkFirst,
  tell,
  truncated,
  twoCalls,
  typed,
  user,
  weather,
} from './triggers.ts'

type Body = Record<string, unknown>

/** One of the two APIs beside chat completions: what ids of its faults begin with, its route, and how a chat body is sent to it. */
interface Door {
  readonly word: 'response' | 'message'
  readonly path: string
  readonly send: (body: Body, more?: Body) => Fault['trigger'][number]
}

const doors: readonly Door[] = [
  { word: 'response', path: '/v1/responses', send: respond },
  { word: 'message', path: '/v1/messages', send: tell },
]

const stream = { stream: true }

/** A turn behind two results, as each API spells it. */
function behindResults({ word, send }: Door, more: Body = {}): Fault['trigger'][number] {
  const history =
    word === 'response'
      ? {
          input: [
            user('What is the weather in Paris and Tokyo?'),
            { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Let me look.', annotations: [] }] },
            { type: 'function_call', call_id: 'call_1', name: 'get_weather', arguments: '{"location": "Paris"}' },
            { type: 'function_call', call_id: 'call_2', name: 'get_weather', arguments: '{"location": "Tokyo"}' },
            { type: 'function_call_output', call_id: 'call_1', output: 'It is 98 degrees in Paris.' },
            { type: 'function_call_output', call_id: 'call_2', output: 'It is 31 degrees in Tokyo.' },
          ],
        }
      : {
          messages: [
            user('What is the weather in Paris and Tokyo?'),
            {
              role: 'assistant',
              content: [
                { type: 'text', text: 'Let me look.' },
                { type: 'tool_use', id: 'call_1', name: 'get_weather', input: { location: 'Paris' } },
                { type: 'tool_use', id: 'call_2', name: 'get_weather', input: { location: 'Tokyo' } },
              ],
            },
            {
              role: 'user',
              content: [
                { type: 'tool_result', tool_use_id: 'call_1', content: 'It is 98 degrees in Paris.' },
                { type: 'tool_result', tool_use_id: 'call_2', content: 'It is 31 degrees in Tokyo.' },
              ],
            },
          ],
        }
  return send({ ...oneCall, tools: [weather] }, { ...history, ...more })
}

/** Requests that show most of what can go wrong on a route. */
export function everything(word: Door['word']): Fault['trigger'] {
  const door = doors.find((each) => each.word === word) ?? doors[0]!
  const { send } = door
  const system = word === 'response' ? { instructions: 'Be brief.' } : { system: 'Be brief.' }
  const choiceNone = word === 'response' ? { tool_choice: 'none' } : { tool_choice: { type: 'none' } }
  const bodies = [
    oneCall,
    twoCalls,
    noTools,
    required,
    named,
    typed,
    talkFirst,
    echoes('a "b" {c}\nd'),
    echoes('C:\\Users'),
    { ...named, messages: [user('Say hello.')] },
    echoes('Zoë <你好> & co'),
  ]
  return [
    ...bodies.flatMap((body) => [send(body), send(body, stream)]),
    send(truncated),
    send(truncated, stream),
    send({ ...noTools, messages: [user('Count to 50.')], max_tokens: 16 }),
    send({ ...noTools, messages: [user('Count to 50.')], max_tokens: 16 }, stream),
    send(noTools, system),
    send({ ...none, tool_choice: undefined }, choiceNone),
    send(oneCall, { tool_choice: word === 'response' ? { type: 'function', name: 'get_wether' } : { type: 'tool', name: 'get_wether' } }),
    behindResults(door),
    behindResults(door, stream),
  ]
}

type Hooks = Omit<Fault, 'id' | 'what' | 'class' | 'trigger' | 'issue'>

/** A fault that both APIs can have. */
interface Both {
  readonly id: string
  /** The sentence behind the name of the API. */
  readonly what: string
  readonly class?: FaultClass
  readonly issue?: string
  readonly hooks: Hooks
}

const askedOf = (request: MockRequest): Body => record(attempt(request.body))
const isNamed = (body: Body): boolean => isObject(body['tool_choice']) && typeof record(body['tool_choice'])['name'] === 'string'
const isNone = (body: Body): boolean => body['tool_choice'] === 'none' || record(body['tool_choice'])['type'] === 'none'
const isHistory = (body: Body): boolean => /"(?:function_call_output|tool_result)"/.test(JSON.stringify(body))

/** Refuses the legal requests that are meant. */
const refusing = (meant: (body: Body) => boolean, status: number, message: string): Both['hooks'] => ({
  verdict: (refusal, { request }): Refusal | undefined =>
    refusal ??
    (meant(askedOf(request))
      ? { status, message, type: status < 500 ? 'BadRequestError' : 'InternalServerError', param: null }
      : undefined),
})

/** Changes the chat body behind a request. */
const bodied = (change: (body: Body) => Body): Both['hooks'] => ({ body: change })

/** Changes what the model says. */
const spoken = (change: (said: Said, mode: string) => void, meant: (turn: { stream: boolean }) => boolean = () => true): Both['hooks'] => ({
  said(said, { turn }) {
    if (meant(turn)) change(said, turn.mode)
  },
})

/** Changes the arguments of every call, as an object. */
const valued = (change: (args: Body) => Body): Both['hooks'] =>
  spoken((said) => {
    for (const call of said.calls) call.arguments = dumps(change(record(attempt(call.arguments))))
  })

/** Changes the texts among the arguments. */
const texted = (change: (text: string) => unknown): Both['hooks'] =>
  valued((args) => Object.fromEntries(Object.entries(args).map(([key, value]) => [key, typeof value === 'string' ? change(value) : value])))

/** Changes the bytes of answers with status 200. */
const replied = (change: (reply: Draft) => Draft | undefined, only: 'plain' | 'stream' | 'both' = 'both'): Both['hooks'] => ({
  reply: (reply) =>
    reply.status === 200 && (only === 'both' || (only === 'stream') === (reply.events !== undefined)) ? (change(reply) ?? reply) : reply,
})

const typedAs =
  (type: string) =>
  (reply: Draft): Draft => ({
    ...reply,
    headers: [...reply.headers.filter(([name]) => name !== 'content-type'), ['content-type', type]],
  })

/** Changes the text of each event, given its place. */
const raws = (change: (raw: string, index: number, count: number) => string): Both['hooks'] =>
  replied(
    (reply) => ({
      ...reply,
      events: (reply.events ?? []).map((event, index, all) =>
        'raw' in event ? { ...event, raw: change(event.raw, index, all.length) } : event,
      ),
    }),
    'stream',
  )

const messagesOf = (body: Body): Body[] => list(body['messages']).map(record)
const withMessages = (body: Body, messages: Body[]): Body => ({ ...body, messages })

const both: readonly Both[] = [
  {
    id: 'text-before-call-lost-streamed',
    what: 'loses the text before the calls of a stream.',
    class: 'C51',
    hooks: {
      choice(choice, { turn }) {
        if (!turn.stream || choice.calls.length === 0) return
        choice.content = null
        for (const piece of choice.pieces) piece.text = ''
      },
    },
  },
  {
    id: 'streams-refused',
    what: 'refuses streams.',
    class: 'C62',
    hooks: refusing((body) => body['stream'] === true, 400, 'Streams are not supported.'),
  },
  {
    id: 'limit-refused',
    what: 'fails on a limit of fifty tokens or less.',
    class: 'C62',
    hooks: refusing((body) => Number(body['max_output_tokens'] ?? body['max_tokens']) <= 50, 500, 'max_tokens is too small.'),
  },
  {
    id: 'wrong-accepted',
    what: 'answers wrong requests.',
    class: 'C59',
    hooks: { verdict: (refusal, { request }) => (askedOf(request)['model'] !== undefined ? undefined : refusal) },
  },
  {
    id: 'input-counted-otherwise-streamed',
    what: 'counts more input in a stream.',
    class: 'C09',
    hooks: {
      turn(turn) {
        if (turn.stream) turn.promptTokens += 5
      },
    },
  },
  {
    id: 'tools-refused-streamed',
    what: 'refuses tools in a streamed request.',
    class: 'C62',
    hooks: refusing((body) => body['stream'] === true && list(body['tools']).length > 0, 400, 'Tools cannot be streamed.'),
  },
  {
    id: 'tools-refused-plain',
    what: 'refuses tools in a plain request.',
    class: 'C62',
    hooks: refusing((body) => body['stream'] !== true && list(body['tools']).length > 0, 400, 'Tools need a stream.'),
  },
  {
    id: 'several-tools-refused',
    what: 'refuses more than one tool.',
    class: 'C62',
    hooks: refusing((body) => list(body['tools']).length > 1, 400, 'Only one tool is supported.'),
  },
  {
    id: 'history-refused',
    what: 'refuses a history with calls and results.',
    class: 'C57',
    hooks: refusing(isHistory, 400, 'Input should be a valid string'),
  },
  {
    id: 'history-500',
    what: 'fails on a history with calls and results.',
    class: 'C57',
    hooks: refusing(isHistory, 500, "'NoneType' object is not iterable"),
  },
  { id: 'none-500', what: 'fails on tool_choice none.', class: 'C62', hooks: refusing(isNone, 500, 'Internal server error') },
  {
    id: 'no-tools-refused',
    what: 'refuses a request without tools.',
    class: 'C62',
    hooks: refusing((body) => !('tools' in body) && !isHistory(body), 400, 'tools: Field required'),
  },
  {
    id: 'named-refused',
    what: 'refuses a tool_choice that names a function.',
    class: 'C62',
    hooks: refusing(isNamed, 400, 'Only auto is supported.'),
  },
  {
    id: 'forced-500',
    what: 'fails when a call is forced.',
    class: 'C62',
    hooks: refusing(
      (body) => isNamed(body) || body['tool_choice'] === 'required' || record(body['tool_choice'])['type'] === 'any',
      500,
      'Grammar error',
    ),
  },
  {
    id: 'system-refused',
    what: 'refuses a system prompt.',
    class: 'C62',
    hooks: refusing((body) => 'instructions' in body || 'system' in body, 400, 'System role is not supported.'),
  },
  {
    id: 'short-answer-refused',
    what: 'refuses a small limit of tokens.',
    class: 'C62',
    hooks: refusing((body) => Number(body['max_tokens'] ?? body['max_output_tokens'] ?? 999) < 32, 400, 'max_tokens is too small.'),
  },
  {
    id: 'route-missing-streamed',
    what: 'has no route for streamed requests.',
    class: 'C62',
    hooks: refusing((body) => body['stream'] === true, 404, 'Not Found'),
  },
  {
    id: 'none-ignored',
    what: 'calls although tool_choice is none.',
    class: 'C42',
    hooks: bodied((body) => (body['tool_choice'] === 'none' ? { ...body, tool_choice: 'auto' } : body)),
  },
  {
    id: 'named-ignored',
    what: 'lets the model choose although a function is named.',
    class: 'C44',
    hooks: bodied((body) => (isObject(body['tool_choice']) ? { ...body, tool_choice: 'auto' } : body)),
  },
  {
    id: 'tools-lost',
    what: 'does not show the tools to the model.',
    class: 'C43',
    hooks: bodied((body) => ({ ...body, tools: undefined, tool_choice: undefined })),
  },
  {
    id: 'system-lost',
    what: 'leaves the system prompt out.',
    class: 'C56',
    hooks: bodied((body) =>
      withMessages(
        body,
        messagesOf(body).filter(({ role }) => role !== 'system'),
      ),
    ),
  },
  {
    id: 'results-lost',
    what: 'leaves results out of the prompt.',
    class: 'C55',
    hooks: bodied((body) =>
      withMessages(
        body,
        messagesOf(body).map((message) => (message['role'] === 'tool' ? { ...message, content: '' } : message)),
      ),
    ),
  },
  {
    id: 'first-result-only',
    what: 'keeps only the first of several results.',
    class: 'C55',
    hooks: bodied((body) => {
      const first = messagesOf(body).find(({ role }) => role === 'tool')
      return withMessages(
        body,
        messagesOf(body).map((message) =>
          message['role'] === 'tool' && message['content'] !== first?.['content'] ? { ...message, content: '' } : message,
        ),
      )
    }),
  },
  {
    id: 'texts-of-assistant-lost',
    what: 'loses what the assistant said beside its calls.',
    class: 'C56',
    hooks: bodied((body) =>
      withMessages(
        body,
        messagesOf(body).map((message) => (message['role'] === 'assistant' ? { ...message, content: null } : message)),
      ),
    ),
  },
  {
    id: 'descriptions-lost',
    what: 'hands tools on without descriptions.',
    class: 'C56',
    hooks: bodied((body) => ({
      ...body,
      tools: attempt(JSON.stringify(body['tools'] ?? null).replaceAll(/"description":"(?:[^"\\]|\\.)*"/g, '"description":""')) ?? undefined,
    })),
  },
  {
    id: 'results-cut',
    what: 'cuts results after twenty characters.',
    class: 'C55',
    hooks: bodied((body) =>
      withMessages(
        body,
        messagesOf(body).map((message) =>
          message['role'] === 'tool' ? { ...message, content: String(message['content']).slice(0, 20) } : message,
        ),
      ),
    ),
  },
  {
    id: 'history-arguments-lost',
    what: 'empties the arguments of earlier calls.',
    class: 'C56',
    hooks: bodied((body) =>
      withMessages(
        body,
        messagesOf(body).map((message) =>
          Array.isArray(message['tool_calls'])
            ? {
                ...message,
                tool_calls: message['tool_calls'].map((call) => ({
                  ...record(call),
                  function: { ...record(record(call)['function']), arguments: '{}' },
                })),
              }
            : message,
        ),
      ),
    ),
  },
  {
    id: 'history-last-turn-only',
    what: 'shows the model the last turn only.',
    class: 'C56',
    hooks: bodied((body) => withMessages(body, messagesOf(body).slice(-1))),
  },
  {
    id: 'limit-ignored',
    what: 'does not obey the limit of tokens.',
    class: 'C47',
    hooks: bodied((body) => ({ ...body, max_tokens: undefined, max_completion_tokens: undefined })),
  },
  {
    id: 'umlauts-damaged',
    what: 'damages umlauts in arguments.',
    class: 'C33',
    hooks: texted((text) => text.replaceAll(/[äöüßëÄÖÜ]/g, '?')),
  },
  {
    id: 'beyond-latin-replaced',
    what: 'replaces characters beyond Latin in arguments.',
    class: 'C33',
    hooks: texted((text) => text.replaceAll(/[\u0100-\uffff]/g, '\uFFFD')),
  },
  { id: 'quotes-lost', what: 'loses quotation marks in arguments.', class: 'C32', hooks: texted((text) => text.replaceAll('"', '')) },
  { id: 'backslashes-lost', what: 'loses backslashes in arguments.', class: 'C32', hooks: texted((text) => text.replaceAll('\\', '')) },
  { id: 'braces-cut', what: 'cuts a text in arguments at its first brace.', class: 'C32', hooks: texted((text) => text.split('}')[0]) },
  { id: 'line-breaks-lost', what: 'loses line breaks in arguments.', class: 'C34', hooks: texted((text) => text.replaceAll('\n', ' ')) },
  {
    id: 'line-breaks-escaped',
    what: 'escapes line breaks in arguments twice.',
    class: 'C32',
    hooks: texted((text) => text.replaceAll('\n', '\\n')),
  },
  {
    id: 'entities-in-arguments',
    what: 'writes quotation marks in arguments as entities.',
    class: 'C34',
    hooks: texted((text) => text.replaceAll('"', '&quot;')),
  },
  {
    id: 'digits-become-number',
    what: 'makes numbers of texts of digits.',
    class: 'C35',
    hooks: texted((text) => (/^\d+$/.test(text) ? Number(text) : text)),
  },
  {
    id: 'numbers-become-text',
    what: 'makes texts of numbers.',
    class: 'C35',
    hooks: valued((args) =>
      Object.fromEntries(Object.entries(args).map(([key, value]) => [key, typeof value === 'number' ? String(value) : value])),
    ),
  },
  {
    id: 'fractions-rounded',
    what: 'rounds fractions.',
    class: 'C36',
    hooks: valued((args) =>
      Object.fromEntries(Object.entries(args).map(([key, value]) => [key, typeof value === 'number' ? Math.round(value) : value])),
    ),
  },
  {
    id: 'signs-lost',
    what: 'loses the signs of numbers.',
    class: 'C36',
    hooks: valued((args) =>
      Object.fromEntries(Object.entries(args).map(([key, value]) => [key, typeof value === 'number' ? Math.abs(value) : value])),
    ),
  },
  {
    id: 'booleans-become-text',
    what: 'makes texts of booleans.',
    class: 'C35',
    hooks: valued((args) =>
      Object.fromEntries(Object.entries(args).map(([key, value]) => [key, typeof value === 'boolean' ? String(value) : value])),
    ),
  },
  {
    id: 'nulls-become-text',
    what: 'makes texts of null.',
    class: 'C36',
    hooks: valued((args) => Object.fromEntries(Object.entries(args).map(([key, value]) => [key, value ?? 'null']))),
  },
  {
    id: 'nulls-left-out',
    what: 'leaves null out of arguments.',
    class: 'C36',
    hooks: valued((args) => Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null))),
  },
  {
    id: 'false-left-out',
    what: 'leaves false out of arguments.',
    class: 'C36',
    hooks: valued((args) => Object.fromEntries(Object.entries(args).filter(([, value]) => value !== false))),
  },
  {
    id: 'last-argument-lost',
    what: 'loses the last of the arguments.',
    class: 'C23',
    hooks: valued((args) => Object.fromEntries(Object.entries(args).slice(0, -1))),
  },
  {
    id: 'strange-argument',
    what: 'adds an argument that the schema does not have.',
    class: 'C38',
    hooks: valued((args) => ({ ...args, reasoning: 'I need the tool.' })),
  },
  {
    id: 'arguments-nested',
    what: 'wraps the arguments in the call.',
    class: 'C29',
    hooks: spoken((said) => {
      for (const call of said.calls) call.arguments = `{"name": "${call.name}", "arguments": ${call.arguments}}`
    }),
  },
  {
    id: 'arguments-broken',
    what: 'loses the last brace of the arguments.',
    class: 'C31',
    hooks: spoken(
      (said) => {
        for (const call of said.calls) call.arguments = call.arguments.slice(0, -1)
      },
      ({ stream: streamed }) => streamed,
    ),
  },
  {
    id: 'key-repeated',
    what: 'repeats a key of the arguments.',
    class: 'C31',
    hooks: spoken((said) => {
      for (const call of said.calls) call.arguments = call.arguments.replace(/^\{("[^"]+": ?[^,}]+)/, '{$1, $1')
    }),
  },
  {
    id: 'name-cut',
    what: 'cuts the last character of the name.',
    class: 'C22',
    hooks: spoken((said) => {
      for (const call of said.calls) call.name = call.name.slice(0, -1)
    }),
  },
  {
    id: 'name-prefixed',
    what: 'prefixes the name with functions.',
    class: 'C21',
    hooks: spoken((said) => {
      for (const call of said.calls) call.name = `functions.${call.name}`
    }),
  },
  {
    id: 'name-in-capitals',
    what: 'writes the name in capitals.',
    class: 'C21',
    hooks: spoken((said) => {
      for (const call of said.calls) call.name = call.name.toUpperCase()
    }),
  },
  {
    id: 'second-call-lost-streamed',
    what: 'loses the second call of a stream.',
    class: 'C39',
    hooks: {
      choice(choice, { turn }) {
        if (!turn.stream) return
        choice.calls = choice.calls.slice(0, 1)
        for (const piece of choice.pieces) piece.parts = piece.parts.filter(({ call }) => call === 0)
      },
    },
  },
  {
    id: 'call-lost',
    what: 'loses the call, and answers without text.',
    class: 'C54',
    hooks: {
      choice(choice) {
        choice.calls = []
        for (const piece of choice.pieces) piece.parts = []
      },
    },
  },
  {
    id: 'markup-beside-call',
    what: 'leaves the markup of a call in a text beside it.',
    class: 'C50',
    hooks: spoken((said, mode) => {
      if (said.calls.length > 0 && mode === 'auto') said.text = '<tool_call>'
    }),
  },
  {
    id: 'special-token',
    what: 'shows the token that ends a turn.',
    class: 'C50',
    hooks: spoken((said) => {
      if (said.text !== '') said.text += '<|im_end|>'
    }),
  },
  {
    id: 'silent-behind-results',
    what: 'says nothing behind a result.',
    class: 'C55',
    hooks: {
      said(said, { turn }) {
        if (turn.messages.at(-1)?.role === 'tool') said.text = ''
      },
    },
  },
  { id: 'labelled-text', what: 'labels a plain answer as text.', class: 'C06', hooks: replied(typedAs('text/plain'), 'plain') },
  { id: 'stream-labelled-json', what: 'labels a stream as JSON.', class: 'C06', hooks: replied(typedAs('application/json'), 'stream') },
  {
    id: 'charset-latin',
    what: 'labels an answer as Latin-1.',
    class: 'C06',
    hooks: replied(typedAs('application/json; charset=iso-8859-1'), 'plain'),
  },
  {
    id: 'says-gzip',
    what: 'says that a body is compressed.',
    class: 'C06',
    hooks: replied((reply) => ({ ...reply, headers: [...reply.headers, ['content-encoding', 'gzip']] })),
  },
  {
    id: 'body-cut',
    what: 'cuts the last character of a plain body.',
    class: 'C03',
    hooks: replied((reply) => ({ ...reply, body: reply.body.slice(0, -1) }), 'plain'),
  },
  {
    id: 'body-twice',
    what: 'sends a plain body twice.',
    class: 'C06',
    hooks: replied((reply) => ({ ...reply, body: reply.body + reply.body }), 'plain'),
  },
  {
    id: 'body-in-list',
    what: 'sends a plain body in a list.',
    class: 'C06',
    hooks: replied((reply) => ({ ...reply, body: `[${reply.body}]` }), 'plain'),
  },
  {
    id: 'key-twice',
    what: 'sends a key of the body twice.',
    class: 'C06',
    hooks: replied((reply) => ({ ...reply, body: reply.body.replace(/^\{/, '{"id":"x",') }), 'plain'),
  },
  { id: 'empty-body', what: 'answers 200 with an empty body.', class: 'C03', hooks: replied((reply) => ({ ...reply, body: '' }), 'plain') },
  {
    id: 'page-instead',
    what: 'answers 200 with a page.',
    class: 'C06',
    hooks: replied((reply) => ({ ...reply, body: '<html><body>Welcome</body></html>' }), 'plain'),
  },
  { id: 'answer-in-latin', what: 'sends Latin-1 instead of UTF-8.', class: 'C33', hooks: replied((reply) => ({ ...reply, latin1: true })) },
  {
    id: 'stream-torn',
    what: 'tears a stream down in its middle.',
    class: 'C03',
    hooks: replied((reply) => ({ ...reply, events: (reply.events ?? []).slice(0, 4), end: 'reset' }), 'stream'),
  },
  {
    id: 'stream-ends-early',
    what: 'ends a stream in its middle as if it were whole.',
    class: 'C03',
    hooks: replied((reply) => ({ ...reply, events: (reply.events ?? []).slice(0, (reply.events ?? []).length >> 1) }), 'stream'),
  },
  {
    id: 'stream-empty',
    what: 'ends a stream without an event.',
    class: 'C03',
    hooks: replied((reply) => ({ ...reply, events: [] }), 'stream'),
  },
  {
    id: 'stream-stray-line',
    what: 'sends lines that are no field of an event.',
    class: 'C06',
    hooks: raws((raw, index) => (index === 1 ? `log line\n${raw}` : raw)),
  },
  {
    id: 'stream-last-line-open',
    what: 'leaves out the blank line behind the last event.',
    class: 'C01',
    hooks: raws((raw, index, count) => (index === count - 1 ? raw.replace(/\n\n$/, '\n') : raw)),
  },
  {
    id: 'stream-event-broken',
    what: 'sends an event that is no JSON.',
    class: 'C06',
    hooks: raws((raw, index) => (index === 2 ? raw.replace(/\}\n\n$/, '\n\n') : raw)),
  },
  {
    id: 'stream-names-lost',
    what: 'leaves out the names of events.',
    class: 'C06',
    hooks: raws((raw) => raw.replace(/^event: [^\n]*\n/, '')),
  },
  {
    id: 'stream-name-wrong',
    what: 'names one event by another type.',
    class: 'C06',
    hooks: raws((raw, index) => (index === 3 ? raw.replace(/^event: [^\n]*/, 'event: message') : raw)),
  },
  {
    id: 'stream-types-lost',
    what: 'leaves the type out of the data of events.',
    class: 'C06',
    hooks: raws((raw) => raw.replace(/"type":"(?:response\.\w+(?:\.\w+)?|message_\w+|content_block_\w+)",?/, '')),
  },
  {
    id: 'stream-error-midway',
    what: 'breaks off with an error event.',
    class: 'C03',
    hooks: replied(
      (reply) => ({
        ...reply,
        events: [
          ...(reply.events ?? []).slice(0, 5),
          { raw: 'event: error\ndata: {"type":"error","error":{"type":"internal_error","message":"engine is dead"}}\n\n', afterMs: 0 },
        ],
      }),
      'stream',
    ),
  },
  {
    id: 'call-ids-restart',
    what: 'counts the ids of calls anew in every answer.',
    class: 'C15',
    issue: 'vllm#50420',
    hooks: { choice: ({ calls }) => calls.forEach((call, position) => (call.id = `call_${position}`)) },
  },
  {
    id: 'stream-data-list',
    what: 'puts the data of events into lists.',
    class: 'C06',
    hooks: raws((raw) => raw.replace(/data: (.*)\n/, 'data: [$1]\n')),
  },
]

/** Faults of /v1/responses and /v1/messages alike. */
export const apis: Fault[] = doors.flatMap((door) =>
  both.map(({ id, what, hooks, ...rest }): Fault => ({
    id: `${door.word}-${id}`,
    what: `${door.path === '/v1/responses' ? 'The Responses API' : 'The Messages API'} ${what}`,
    ...rest,
    path: door.path,
    trigger: everything(door.word),
    ...hooks,
  })),
)
