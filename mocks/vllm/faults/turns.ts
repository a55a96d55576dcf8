import type { Fault } from '../fault.ts'
import { attempt, isObject, list, record } from '../json.ts'
import type { Refusal, Scene } from '../wire.ts'
import { answered, plain, streamed, tokenized } from './triggers.ts'

type Messages = Record<string, unknown>[]

function messagesOf(body: Record<string, unknown>): Messages {
  return list(body['messages']).filter(isObject)
}

/** The body with another list of messages; a body without a list stays as it is. */
function relisted(body: Record<string, unknown>, change: (messages: Messages) => Messages): Record<string, unknown> {
  return Array.isArray(body['messages']) ? { ...body, messages: change(messagesOf(body)) } : body
}

/** The body with each message changed. */
function retold(
  body: Record<string, unknown>,
  change: (message: Record<string, unknown>) => Record<string, unknown>,
): Record<string, unknown> {
  return relisted(body, (messages) => messages.map(change))
}

/** Refuses a chat whose messages are meant, as a template error would. */
function refusing(meant: (message: Record<string, unknown>) => boolean, message: string, status = 400): NonNullable<Fault['verdict']> {
  return (refusal: Refusal | undefined, { request }: Scene) => {
    if (refusal) return refusal
    const type = status === 400 ? 'BadRequestError' : 'InternalServerError'
    return messagesOf(record(attempt(request.body))).some(meant) ? { status, message, type, param: null } : undefined
  }
}

function callsOf(message: Record<string, unknown>): { function: Record<string, unknown> }[] {
  return list(message['tool_calls']).map((call) => ({ ...record(call), function: record(record(call)['function']) }))
}

const result = '{"temperature": 98}'

/** Faults over several turns of a conversation. */
export const turns: Fault[] = [
  {
    id: 'tool-result-ignored',
    what: 'The prompt holds tool messages without their content.',
    class: 'C55',
    issue: 'vllm#39611',
    trigger: [plain(answered(result))],
    body: (body) => retold(body, (message) => (message['role'] === 'tool' ? { ...message, content: '' } : message)),
  },
  {
    id: 'tool-result-parts-ignored',
    what: 'The content of a tool message is lost when it is a list of parts.',
    class: 'C55',
    issue: 'vllm#39614',
    trigger: [plain(answered([{ type: 'text', text: result }]))],
    body: (body) =>
      retold(body, (message) => (message['role'] === 'tool' && Array.isArray(message['content']) ? { ...message, content: '' } : message)),
  },
  {
    id: 'tool-result-answered-by-call',
    what: 'A tool result is answered with the same call again.',
    class: 'C55',
    issue: 'recipes#327',
    trigger: [plain(answered(result))],
    body: (body) => relisted(body, (messages) => messages.filter((message) => message['role'] !== 'tool')),
  },
  {
    id: 'tool-result-empty-answer',
    what: 'A streamed turn after a tool result ends with no text.',
    class: 'C55',
    issue: 'vllm#27641',
    trigger: [streamed(answered(result))],
    said(said, { turn }) {
      if (turn.stream && turn.messages.at(-1)?.role === 'tool') said.text = ''
    },
  },
  {
    id: 'tool-results-last-only',
    what: 'Of several tool results only the last reaches the prompt.',
    class: 'C55',
    trigger: [plain({ messages: [...messagesOf(answered('18')), { role: 'tool', tool_call_id: 'call_2', content: '27' }] })],
    body(body) {
      return relisted(body, (messages) =>
        messages.filter((message, i) => message['role'] !== 'tool' || messages[i + 1]?.['role'] !== 'tool'),
      )
    },
  },
  {
    id: 'history-arguments-lost',
    what: 'Arguments of earlier calls are {} in the prompt.',
    class: 'C56',
    issue: 'vllm#54337',
    trigger: [tokenized(answered(result))],
    body: (body) =>
      retold(body, (message) => {
        const calls = callsOf(message)
        return calls.length > 0
          ? { ...message, tool_calls: calls.map((call) => ({ ...call, function: { ...call.function, arguments: '{}' } })) }
          : message
      }),
  },
  {
    id: 'history-calls-dropped',
    what: 'Earlier calls are not in the prompt.',
    class: 'C56',
    issue: 'vllm#30648',
    trigger: [tokenized(answered(result))],
    body: (body) =>
      retold(body, (message) => (callsOf(message).length > 0 ? { role: message['role'], content: message['content'] } : message)),
  },
  {
    id: 'history-null-as-none',
    what: 'Content null of an earlier message is None in the prompt.',
    class: 'C56',
    issue: 'vllm#38738',
    trigger: [tokenized(answered(result))],
    body: (body) => retold(body, (message) => (message['content'] === null ? { ...message, content: 'None' } : message)),
  },
  {
    id: 'tool-content-parts-rejected',
    what: 'A list of parts as tool result is refused.',
    class: 'C57',
    issue: 'vllm#25001',
    trigger: [plain(answered([{ type: 'text', text: result }]))],
    verdict: refusing(
      (message) => message['role'] === 'tool' && Array.isArray(message['content']),
      'can only concatenate str (not "list") to str',
    ),
  },
  {
    id: 'null-content-rejected',
    what: 'Content null beside calls is refused.',
    class: 'C57',
    issue: 'vllm#12788',
    trigger: [plain(answered(result))],
    verdict: refusing((message) => message['role'] === 'assistant' && message['content'] === null, 'content must not be null'),
  },
  {
    id: 'absent-content-fails',
    what: 'Absent content beside calls gives status 500.',
    class: 'C57',
    issue: 'vllm#12937',
    trigger: [plain(answered(result, '{"location": "Paris"}', {}))],
    verdict: refusing((message) => message['role'] === 'assistant' && message['content'] === undefined, "'content'", 500),
  },
  {
    id: 'empty-arguments-rejected',
    what: 'Empty arguments of an earlier call are refused.',
    class: 'C57',
    issue: 'vllm#28820',
    trigger: [plain(answered(result, ''))],
    verdict: refusing(
      (message) => callsOf(message).some((call) => call.function['arguments'] === ''),
      'Expecting value: line 1 column 1 (char 0)',
    ),
  },
  {
    id: 'empty-tool-calls-rejected',
    what: 'An earlier message with tool_calls [] is refused.',
    class: 'C57',
    issue: 'vllm#30648',
    trigger: [
      plain({
        messages: [
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content: 'Hi', tool_calls: [] },
          { role: 'user', content: 'Say bye.' },
        ],
      }),
    ],
    verdict: refusing(
      (message) => Array.isArray(message['tool_calls']) && message['tool_calls'].length === 0,
      'tool_calls must not be empty',
    ),
  },
  {
    id: 'parallel-history-rejected',
    what: 'An earlier message with several calls is refused.',
    class: 'C57',
    issue: 'vllm#25108',
    trigger: [
      plain({
        messages: messagesOf(answered(result)).map((message) =>
          callsOf(message)[0] ? { ...message, tool_calls: [...callsOf(message), ...callsOf(message)] } : message,
        ),
      }),
    ],
    verdict: refusing((message) => callsOf(message).length > 1, 'This model only supports single tool-calls at once!'),
  },
  {
    id: 'tool-result-cut',
    what: 'Tool results end after 12 characters in the prompt.',
    class: 'C55',
    trigger: [plain(answered(result))],
    turn(turn) {
      for (const message of turn.messages) if (message.role === 'tool') message.text = message.text.slice(0, 12)
    },
  },
  {
    id: 'tool-result-escaped',
    what: 'Quotes in tool results are escaped in the prompt.',
    class: 'C55',
    trigger: [plain(answered(result))],
    turn(turn) {
      for (const message of turn.messages) if (message.role === 'tool') message.text = JSON.stringify(message.text).slice(1, -1)
    },
  },
  {
    id: 'tool-results-swapped',
    what: 'Two tool results change places in the prompt.',
    class: 'C56',
    trigger: [plain({ messages: [...messagesOf(answered('18')), { role: 'tool', tool_call_id: 'call_2', content: '27' }] })],
    turn({ messages }) {
      const [a, b] = messages.filter(({ role }) => role === 'tool')
      if (a && b) [a.text, b.text] = [b.text, a.text]
    },
  },
  {
    id: 'history-system-lost',
    what: 'System messages are not in the prompt.',
    class: 'C56',
    trigger: [
      tokenized({
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Hi' },
        ],
      }),
    ],
    body: (body) => relisted(body, (messages) => messages.filter((message) => message['role'] !== 'system')),
  },
  {
    id: 'history-last-turn-only',
    what: 'Only the last two messages reach the prompt.',
    class: 'C56',
    trigger: [tokenized(answered(result))],
    body: (body) => relisted(body, (messages) => messages.slice(-2)),
  },
  {
    id: 'tools-not-in-prompt',
    what: 'Tools are left out of the prompt after a tool result.',
    class: 'C56',
    trigger: [tokenized(answered(result))],
    body: (body) => (messagesOf(body).some((message) => message['role'] === 'tool') ? { ...body, tools: undefined } : body),
  },
  {
    id: 'null-tool-calls-rejected',
    what: 'An earlier message with tool_calls null is refused.',
    class: 'C57',
    trigger: [
      plain({
        messages: [
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content: 'Hi', tool_calls: null },
          { role: 'user', content: 'Say bye.' },
        ],
      }),
    ],
    verdict: refusing((message) => message['tool_calls'] === null, "'NoneType' object is not iterable"),
  },
  {
    id: 'null-refusal-rejected',
    what: 'An earlier answer that is handed back with refusal null is refused, without a word on what is wrong.',
    class: 'C57',
    trigger: [plain(answered(result, '{"location": "Paris"}', { content: null, refusal: null }))],
    verdict: refusing((message) => message['refusal'] === null, 'Bad Request'),
  },
  {
    id: 'tool-result-empty-rejected',
    what: 'An empty tool result is refused.',
    class: 'C57',
    trigger: [plain(answered(''))],
    verdict: refusing((message) => message['role'] === 'tool' && message['content'] === '', 'content must not be empty'),
  },
  {
    id: 'text-beside-calls-rejected',
    what: 'An earlier message with text and calls is refused.',
    class: 'C57',
    trigger: [plain(answered(result, '{"location": "Paris"}', { content: 'One moment.' }))],
    verdict: refusing(
      (message) => callsOf(message).length > 0 && typeof message['content'] === 'string' && message['content'] !== '',
      'Assistant message must have either content or tool_calls, but not both.',
    ),
  },
  {
    id: 'zero-arguments-history-rejected',
    what: 'Arguments {} of an earlier call give status 500.',
    class: 'C57',
    trigger: [plain(answered(result, '{}'))],
    verdict: refusing(
      (message) => callsOf(message).some((call) => call.function['arguments'] === '{}'),
      "'str' object has no attribute 'items'",
      500,
    ),
  },
  {
    id: 'history-without-tools-rejected',
    what: 'Earlier calls are refused when the request has no tools.',
    class: 'C57',
    trigger: [plain({ ...answered(result), tools: undefined })],
    verdict: (refusal, { request }) =>
      refusal ??
      (!record(attempt(request.body))['tools'] && messagesOf(record(attempt(request.body))).some((message) => callsOf(message).length > 0)
        ? { status: 400, message: 'tools must be set when messages have tool_calls', type: 'BadRequestError', param: null }
        : undefined),
  },
  {
    id: 'message-first-part-only',
    what: 'Of a message in parts only the first reaches the prompt.',
    class: 'C56',
    trigger: [
      tokenized({
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Hi.' },
              { type: 'text', text: 'Say bye.' },
            ],
          },
        ],
      }),
    ],
    body: (body) =>
      retold(body, (message) => (Array.isArray(message['content']) ? { ...message, content: message['content'].slice(0, 1) } : message)),
  },
  {
    id: 'message-parts-as-json',
    what: 'A message in parts is their JSON in the prompt.',
    class: 'C56',
    trigger: [
      tokenized({
        messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi.' }] }],
      }),
    ],
    body: (body) =>
      retold(body, (message) =>
        Array.isArray(message['content']) ? { ...message, content: JSON.stringify(message['content']) } : message,
      ),
  },
  {
    id: 'earlier-results-ignored',
    what: 'Only the results behind the last call have their content in the prompt.',
    class: 'C56',
    issue: 'vllm#39611',
    trigger: [tokenized({ messages: [...messagesOf(answered(result)), ...messagesOf(answered(result))] })],
    body: (body) =>
      relisted(body, (messages) => {
        const last = messages.findLastIndex((message) => callsOf(message).length > 0)
        return messages.map((message, index) => (message['role'] === 'tool' && index < last ? { ...message, content: '' } : message))
      }),
  },
  {
    id: 'message-midway-dropped-in-chat',
    what: 'A system or developer message behind the first message does not reach the prompt of a chat.',
    class: 'C56',
    issue: 'vllm#48874',
    trigger: [
      plain({
        messages: [
          { role: 'user', content: 'Hi.' },
          { role: 'developer', content: 'Be brief.' },
          { role: 'user', content: 'Say bye.' },
        ],
      }),
    ],
    body: (body, { request }) =>
      request.path === '/v1/chat/completions'
        ? relisted(body, (messages) => messages.filter(({ role }, index) => index === 0 || (role !== 'system' && role !== 'developer')))
        : body,
  },
]
