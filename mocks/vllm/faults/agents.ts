import type { Fault } from '../fault.ts'
import { attempt, isObject, list, objectsIn, record, dumps, word } from '../json.ts'
import type { Draft, Refusal } from '../wire.ts'
import { choicesOf, entriesOf, fragmentsOf, insertBefore, isFinish, rewrite } from './edit.ts'
import { answered, echoes, named, noTools, oneCall, plain, required, smallTalk, streamed, tokenized, user } from './triggers.ts'

const chat = '/v1/chat/completions'

const large = { ...oneCall, messages: [user(`What is the weather in Paris? ${'The day is long. '.repeat(4500)}`)] }

/** Refuses chat requests of more bytes with an answer that is not the server's own. */
const beyond =
  (bytes: number, status: number, type: string, body: string): NonNullable<Fault['reply']> =>
  (reply, { request }): Draft =>
    request.path === chat && request.body.length > bytes ? { status, headers: [['content-type', type]], body, end: 'complete' } : reply

/** Refuses requests whose body is meant. */
const refusing =
  (meant: (body: Record<string, unknown>) => boolean, message: string, status = 400): NonNullable<Fault['verdict']> =>
  (refusal, { request }): Refusal | undefined =>
    refusal ??
    (meant(record(attempt(request.body)))
      ? { status, message, type: status < 500 ? 'BadRequestError' : 'InternalServerError', param: null }
      : undefined)

const isForced = (body: Record<string, unknown>): boolean => body['tool_choice'] === 'required' || isObject(body['tool_choice'])
/** Whether a tool has parameters that are not required. */
const hasOptional = (tool: unknown): boolean => {
  const schema = record(record(record(tool)['function'])['parameters'])
  return Object.keys(record(schema['properties'])).length > list(schema['required']).length
}

/** The schema with this word removed from its properties. */
const loosened = (schema: Record<string, unknown>, lost: string): Record<string, unknown> => ({
  ...schema,
  properties: Object.fromEntries(
    Object.entries(record(schema['properties'])).map(([key, property]) => [
      key,
      Object.fromEntries(Object.entries(record(property)).filter(([name]) => name !== lost)),
    ]),
  ),
})

/** Functions that are offered to the model otherwise than they were asked. */
const offering =
  (change: (asked: Record<string, unknown>) => Record<string, unknown>): NonNullable<Fault['body']> =>
  (body) =>
    body['tools'] === undefined
      ? body
      : { ...body, tools: list(body['tools']).map((tool) => ({ ...record(tool), function: change(record(record(tool)['function'])) })) }

const keptAs = (property: object, asked: unknown, more: object = {}): Record<string, unknown> => ({
  messages: [user(`Use keep with ${JSON.stringify({ value: asked })}`)],
  tools: [
    {
      type: 'function',
      function: {
        name: 'keep',
        strict: true,
        parameters: { type: 'object', properties: { value: property }, required: ['value'], additionalProperties: false, ...more },
      },
    },
  ],
  tool_choice: 'required',
})
const unionAsked = keptAs({ anyOf: [{ type: 'string' }, { type: 'null' }] }, 12)
const referenceAsked = keptAs({ $ref: '#/$defs/Name' }, 41, { $defs: { Name: { type: 'string' } } })

const toolsOf = (body: Record<string, unknown>): string => JSON.stringify(body['tools'] ?? [])
const messagesOf = (body: Record<string, unknown>): Record<string, unknown>[] => list(body['messages']).map(record)

/** The body with each result of a tool changed. */
const results = (body: Record<string, unknown>, change: (text: string) => string): Record<string, unknown> =>
  messagesOf(body).some(({ role }) => role === 'tool')
    ? {
        ...body,
        messages: messagesOf(body).map((message) =>
          message['role'] === 'tool' && typeof message['content'] === 'string'
            ? { ...message, content: change(message['content']) }
            : message,
        ),
      }
    : body

const optional = {
  messages: [user('Use plan_route with {"straße": "Lange Gasse"}')],
  tools: [
    {
      type: 'function',
      function: {
        name: 'plan_route',
        strict: true,
        parameters: {
          type: 'object',
          properties: { straße: { type: 'string' }, draft: { type: 'boolean' }, type: { anyOf: [{ type: 'string' }, { type: 'null' }] } },
          required: ['straße'],
          additionalProperties: false,
        },
      },
    },
  ],
  tool_choice: 'required',
}
const bounded = {
  messages: [user('Use set_level with {"level": 99}')],
  tools: [
    {
      type: 'function',
      function: {
        name: 'set_level',
        strict: true,
        parameters: { type: 'object', properties: { level: { type: 'integer', maximum: 7 } }, required: ['level'] },
      },
    },
  ],
  tool_choice: 'required',
}
const longText = {
  messages: [user(`Use echo with ${JSON.stringify({ text: 'many words '.repeat(500) })}`)],
  tools: [{ type: 'function', function: { name: 'echo', parameters: { type: 'object', properties: { text: { type: 'string' } } } } }],
}
const twoTools = {
  ...required,
  messages: [user('First get_weather for {"location": "Paris"}, then get_time for {"city": "Tokyo"}')],
}
const marked = answered('a <tool_call>{"name": "x"}</tool_call> b')
const again = {
  ...answered('98'),
  messages: [...messagesOf(answered('98')), { role: 'assistant', content: '98.' }, user('And what is the weather in Tokyo?')],
}

const manyTools = (count: number): object[] =>
  Array.from({ length: count }, (_, at) => ({ type: 'function', function: { name: `tool_${at}`, parameters: { type: 'object' } } }))

const UNLUCKY = plain(named).body.length % 7

export const agents: Fault[] = [
  {
    id: 'body-above-6-kilobytes-refused',
    what: 'Requests above 6.2 KB are refused with 400 and a line of text.',
    class: 'C62',
    trigger: [plain(large)],
    reply: beyond(6200, 400, 'text/plain', 'Request body too large'),
  },
  {
    id: 'body-above-30-kilobytes-500',
    what: 'Requests above 30 KB are answered with 500 and no body.',
    class: 'C62',
    trigger: [plain(large)],
    reply: beyond(30_000, 500, 'text/plain', ''),
  },
  {
    id: 'body-above-48-kilobytes-413',
    what: 'Requests above 48 KB are refused by nginx.',
    class: 'C62',
    trigger: [plain(large)],
    reply: beyond(
      48_000,
      413,
      'text/html',
      '<html><head><title>413 Request Entity Too Large</title></head><body><center>nginx</center></body></html>',
    ),
  },
  {
    id: 'tools-beyond-128-dropped',
    what: 'Of a list of tools only the first 128 reach the prompt, by whatever API.',
    class: 'C56',
    trigger: [plain({ ...oneCall, tools: manyTools(130) })],
    body: (body) => (list(body['tools']).length > 128 ? { ...body, tools: list(body['tools']).slice(0, 128) } : body),
  },
  {
    id: 'tools-beyond-64-dropped',
    what: 'Of a list of tools only the first 64 reach the prompt.',
    class: 'C56',
    trigger: [tokenized({ ...oneCall, tools: manyTools(70) })],
    body: (body) => (list(body['tools']).length > 64 ? { ...body, tools: list(body['tools']).slice(0, 64) } : body),
  },
  {
    id: 'stream-cut-at-length-of-first-event',
    what: 'A stream has the content-length of its first event, and ends there.',
    class: 'C03',
    trigger: [streamed(noTools)],
    reply(reply) {
      const [first] = reply.events ?? []
      if (first === undefined || !('chunk' in first)) return reply
      const block = `data: ${JSON.stringify(first.chunk)}\n\n`
      return { ...reply, headers: [...reply.headers, ['content-length', String(Buffer.byteLength(block))]], events: [first] }
    },
  },
  {
    id: 'transfer-encoding-twice',
    what: 'The head of a stream has transfer-encoding: chunked twice.',
    class: 'C06',
    trigger: [streamed(noTools)],
    reply: (reply) =>
      reply.events ? { ...reply, headers: [...reply.headers, ['transfer-encoding', 'chunked'], ['transfer-encoding', 'chunked']] } : reply,
  },
  {
    id: 'content-length-beside-transfer-encoding',
    what: 'The head of a stream has the content-length of its first event beside transfer-encoding: chunked.',
    class: 'C06',
    trigger: [streamed(noTools)],
    reply(reply) {
      const [first] = reply.events ?? []
      if (first === undefined || !('chunk' in first)) return reply
      const length = Buffer.byteLength(`data: ${JSON.stringify(first.chunk)}\n\n`)
      return { ...reply, headers: [...reply.headers, ['transfer-encoding', 'chunked'], ['content-length', String(length)]] }
    },
  },
  {
    id: 'arguments-as-content-behind-result',
    what: 'A streamed call behind a tool result shows its arguments as content, too.',
    class: 'C51',
    trigger: [streamed(again)],
    events(events, { turn }) {
      const [first] = choicesOf(events)
      if (entriesOf(events).length === 0 || first === undefined || !turn.messages.some(({ role }) => role === 'tool')) return
      const values = fragmentsOf(events).map((fragment) => fragment.function.arguments)
      const chunk = events.flatMap((event) => ('chunk' in event ? [event.chunk] : []))[0]
      const choices = [{ index: 0, delta: { content: values.join('') }, logprobs: null, finish_reason: null }]
      if (chunk) insertBefore(events, isFinish, { chunk: { ...chunk, choices }, afterMs: 0 })
    },
  },
  {
    id: 'names-of-two-tools-exchanged',
    what: 'Two forced calls of two tools have exchanged their names.',
    class: 'C39',
    trigger: [plain(twoTools)],
    choice(choice, { turn }) {
      const [a, b] = choice.calls
      if (a && b && turn.mode === 'required' && a.name !== b.name) [a.name, b.name] = [b.name, a.name]
    },
  },
  {
    id: 'keys-beyond-ascii-lost',
    what: 'Arguments lose the keys that are not ASCII.',
    class: 'C33',
    trigger: [plain(optional)],
    said: (said) => rewrite(said, (args) => Object.fromEntries(Object.entries(args).filter(([key]) => /^[\x20-\x7e]*$/.test(key)))),
  },
  {
    id: 'keys-named-as-schema-words-lost',
    what: 'Arguments lose the keys type, properties and required.',
    class: 'C25',
    trigger: [
      plain({
        ...optional,
        messages: [user('Use plan_route with {"straße": "Lange Gasse", "type": "walk"}')],
      }),
    ],
    said: (said) =>
      rewrite(said, (args) =>
        Object.fromEntries(Object.entries(args).filter(([key]) => !['type', 'properties', 'required'].includes(key))),
      ),
  },
  {
    id: 'line-breaks-dropped-with-tools',
    what: 'Text that is streamed while tools are offered loses its line breaks.',
    class: 'C51',
    trigger: [streamed({ ...smallTalk, messages: [user('Say goodbye in two short paragraphs.')] })],
    events(events, { turn }) {
      if (turn.tools.length === 0) return
      for (const { delta } of choicesOf(events)) if (typeof delta.content === 'string') delta.content = delta.content.replaceAll('\n', '')
    },
  },
  {
    id: 'line-breaks-dropped-in-both-forms',
    what: 'Text beside which tools are offered loses its line breaks, plain and streamed.',
    class: 'C51',
    trigger: [plain({ ...smallTalk, messages: [user('Say goodbye in two short paragraphs.')] })],
    choice(choice, { turn }) {
      if (turn.tools.length === 0) return
      choice.content = choice.content?.replaceAll('\n', '') ?? null
      for (const piece of choice.pieces) piece.text = piece.text.replaceAll('\n', '')
    },
  },
  {
    id: 'optional-arguments-as-null',
    what: 'Optional arguments that were not given are null.',
    class: 'C36',
    trigger: [plain(optional)],
    said(said, { turn }) {
      for (const call of said.calls) {
        const tool = turn.tools.find(({ name }) => name === call.name)
        const keys = Object.keys(record(tool?.parameters['properties']))
        const args = record(attempt(call.arguments))
        call.arguments = dumps({ ...Object.fromEntries(keys.filter((key) => !(key in args)).map((key) => [key, null])), ...args })
      }
    },
  },
  {
    id: 'any-of-forced-500',
    what: 'A forced call of a tool with anyOf is answered with 500.',
    class: 'C62',
    trigger: [plain(optional)],
    verdict: refusing((body) => isForced(body) && toolsOf(body).includes('"anyOf"'), "'NoneType' object is not subscriptable", 500),
  },
  {
    id: 'one-of-forced-refused',
    what: 'A named call of a tool with oneOf is refused.',
    class: 'C62',
    trigger: [
      plain({
        messages: [user('Use pick.')],
        tools: [
          {
            type: 'function',
            function: { name: 'pick', parameters: { type: 'object', properties: { at: { oneOf: [{ type: 'string' }] } } } },
          },
        ],
        tool_choice: 'required',
      }),
    ],
    verdict: refusing((body) => isForced(body) && toolsOf(body).includes('"oneOf"'), 'oneOf is not supported'),
  },
  {
    id: 'optional-forced-refused',
    what: 'A forced call of a tool with optional parameters is refused.',
    class: 'C62',
    trigger: [plain(optional)],
    verdict: refusing((body) => isForced(body) && list(body['tools']).some(hasOptional), 'all parameters must be required'),
  },
  {
    id: 'empty-choice-as-auto',
    what: 'A tool_choice {} is taken as auto.',
    class: 'C59',
    trigger: [plain({ ...oneCall, tool_choice: {} })],
    body: (body) =>
      isObject(body['tool_choice']) && Object.keys(body['tool_choice']).length === 0 ? { ...body, tool_choice: 'auto' } : body,
  },
  {
    id: 'nameless-choice-as-auto',
    what: 'A named tool_choice without a name is taken as auto.',
    class: 'C59',
    trigger: [plain({ ...oneCall, tool_choice: { type: 'function', function: {} } })],
    body: (body) =>
      isObject(body['tool_choice']) && !record(body['tool_choice']['function'])['name'] && 'function' in body['tool_choice']
        ? { ...body, tool_choice: 'auto' }
        : body,
  },
  {
    id: 'descriptions-cut-at-2048',
    what: 'Descriptions of tools are cut after 2048 characters on their way to the model.',
    class: 'C56',
    issue: 'MoonshotAI/kimi-cli PR#2112, anthropics/claude-code#41593',
    trigger: [tokenized({ ...oneCall, tools: [{ type: 'function', function: { name: 'ping', description: 'Ping. '.repeat(400) } }] })],
    body: offering((asked) => ({ ...asked, description: word(asked['description']).slice(0, 2048) })),
  },
  {
    id: 'descriptions-of-parameters-lost',
    what: 'Descriptions of the parameters of a tool do not reach the model.',
    class: 'C56',
    trigger: [
      tokenized({
        ...oneCall,
        tools: [
          {
            type: 'function',
            function: {
              name: 'ping',
              parameters: { type: 'object', properties: { host: { type: 'string', description: 'Whom to ping' } } },
            },
          },
        ],
      }),
    ],
    body: offering(({ parameters, ...asked }) =>
      isObject(parameters) ? { ...asked, parameters: loosened(parameters, 'description') } : asked,
    ),
  },
  {
    id: 'results-cut-at-8-kilobytes',
    what: 'Results of tools end after 8 KB in the prompt.',
    class: 'C55',
    trigger: [tokenized(answered('word '.repeat(3000)))],
    body: (body) => results(body, (text) => text.slice(0, 8192)),
  },
  {
    id: 'results-cut-in-chat-only',
    what: 'Results of tools end after 8 KB in the prompt of a chat.',
    class: 'C55',
    trigger: [plain(answered('word '.repeat(3000)))],
    body: (body, { request }) => (request.path === chat ? results(body, (text) => text.slice(0, 8192)) : body),
  },
  {
    id: 'markup-in-results-removed',
    what: 'Markup of calls in the result of a tool does not reach the prompt.',
    class: 'C56',
    trigger: [tokenized(marked)],
    body: (body) => results(body, (text) => text.replaceAll(/<tool_call>[^]*?<\/tool_call>/g, '')),
  },
  {
    id: 'reasoning-in-history-refused',
    what: 'A history that holds reasoning is refused.',
    class: 'C57',
    trigger: [plain(answered('98', '{"location": "Paris"}', { content: null, reasoning: 'I need the weather.' }))],
    verdict: refusing((body) => messagesOf(body).some((message) => 'reasoning' in message), 'Extra inputs are not permitted'),
  },
  {
    id: 'system-midway-500',
    what: 'A system message in the middle of a conversation is answered with 500.',
    class: 'C57',
    trigger: [plain({ ...oneCall, messages: [user('Hi.'), { role: 'system', content: 'Be brief.' }, user('Say hi.')] })],
    verdict: refusing(
      (body) => messagesOf(body).some(({ role }, at) => at > 0 && role === 'system'),
      'System message must be at the beginning.',
      500,
    ),
  },
  {
    id: 'developer-midway-500',
    what: 'A developer message in the middle of a conversation is answered with 500.',
    class: 'C57',
    trigger: [plain({ ...oneCall, messages: [user('Hi.'), { role: 'developer', content: 'Be brief.' }, user('Say hi.')] })],
    verdict: refusing((body) => messagesOf(body).some(({ role }, at) => at > 0 && role === 'developer'), 'Unexpected role', 500),
  },
  {
    id: 'long-conversation-refused',
    what: 'Conversations of more than ten messages are refused.',
    class: 'C57',
    trigger: [plain({ messages: Array.from({ length: 11 }, (_, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content: 'Hi.' })) })],
    verdict: refusing((body) => messagesOf(body).length > 10, 'Too many messages'),
  },
  {
    id: 'strict-bounds-dropped',
    what: 'Strict arguments are what the model was asked for, whatever the schema says.',
    class: 'C38',
    trigger: [plain(bounded)],
    said(said, { turn }) {
      const [asked] = objectsIn(turn.messages.findLast(({ role }) => role === 'user')?.text ?? '')
      for (const call of said.calls) if (asked && turn.tools.find(({ name }) => name === call.name)?.strict) call.arguments = dumps(asked)
    },
  },
  {
    id: 'any-of-not-enforced',
    what: 'A property under anyOf is what the model was asked for, whatever the schema says.',
    class: 'C38',
    trigger: [plain(unionAsked)],
    turn: ({ tools }) => tools.forEach((tool) => (tool.parameters = loosened(tool.parameters, 'anyOf'))),
  },
  {
    id: 'references-not-enforced',
    what: 'A property behind $ref is what the model was asked for, whatever the definition says.',
    class: 'C38',
    issue: 'vllm#46924',
    trigger: [plain(referenceAsked)],
    turn: ({ tools }) => tools.forEach((tool) => (tool.parameters = loosened(tool.parameters, '$ref'))),
  },
  {
    id: 'arguments-cut-at-4-kilobytes',
    what: 'Arguments end after 4 KB.',
    class: 'C23',
    trigger: [plain(longText)],
    said: (said) => said.calls.forEach((call) => (call.arguments = call.arguments.slice(0, 4096))),
  },
  {
    id: 'arguments-cut-at-4-kilobytes-streamed',
    what: 'Streamed arguments lose what stands behind 4 KB, but for the end.',
    class: 'C25',
    trigger: [streamed(longText)],
    said(said, { turn }) {
      if (!turn.stream) return
      for (const call of said.calls) if (call.arguments.length > 4200) call.arguments = `${call.arguments.slice(0, 4096)}"}`
    },
  },
  {
    id: 'arguments-cut-at-8-kilobytes',
    what: 'Arguments end after 8 KB.',
    class: 'C23',
    issue: 'vllm#37184',
    trigger: [plain(echoes('long '.repeat(1640)))],
    said: (said) => said.calls.forEach((call) => (call.arguments = call.arguments.slice(0, 8192))),
  },
  {
    id: 'name-cut-at-60-characters',
    what: 'Names of functions end after 60 characters.',
    class: 'C21',
    trigger: [
      plain({
        messages: [user('Use it.')],
        tools: [{ type: 'function', function: { name: 'a'.repeat(64), parameters: { type: 'object', properties: {} } } }],
        tool_choice: 'required',
      }),
    ],
    choice(choice) {
      for (const call of choice.calls) if (typeof call.name === 'string') call.name = call.name.slice(0, 60)
    },
  },
  {
    id: 'hyphens-in-name-as-underscores',
    what: 'Hyphens in names of functions arrive as underscores.',
    class: 'C21',
    trigger: [
      plain({
        messages: [user('Use it.')],
        tools: [{ type: 'function', function: { name: 'do-it', parameters: { type: 'object', properties: {} } } }],
        tool_choice: 'required',
      }),
    ],
    choice(choice) {
      for (const call of choice.calls) if (typeof call.name === 'string') call.name = call.name.replaceAll('-', '_')
    },
  },
  {
    id: 'dots-in-name-as-underscores',
    what: 'Dots in names of functions arrive as underscores.',
    class: 'C21',
    trigger: [
      plain({
        messages: [user('Use it.')],
        tools: [{ type: 'function', function: { name: 'do.it', parameters: { type: 'object', properties: {} } } }],
        tool_choice: 'required',
      }),
    ],
    choice(choice) {
      for (const call of choice.calls) if (typeof call.name === 'string') call.name = call.name.replaceAll('.', '_')
    },
  },
  {
    id: 'call-behind-results-lost-streamed',
    what: 'A streamed call in a conversation with results does not arrive.',
    class: 'C54',
    trigger: [streamed(again)],
    said(said, { turn }) {
      if (turn.stream && turn.messages.some(({ role }) => role === 'tool')) said.calls = []
    },
  },
  {
    id: 'proxy-gives-up-after-ten-seconds',
    what: 'About every seventh chat, told by the length of its body, is answered with 403 by a proxy that waited ten seconds for the first byte.',
    class: 'C62',
    trigger: [plain(named)],
    reply(reply, { request }) {
      if (request.path !== chat) return reply
      // Which request comes seventh depends on how busy the machine is; how long its body is does not.
      if (request.body.length % 7 !== UNLUCKY) return reply
      const text = 'upstream connect error or disconnect/reset before headers. reset reason: connection timeout'
      return { status: 403, headers: [['content-type', 'text/plain']], body: '', events: [{ raw: text, afterMs: 10_000 }], end: 'complete' }
    },
  },
]
