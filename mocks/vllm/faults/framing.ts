import { gzipSync } from 'node:zlib'
import type { Fault } from '../fault.ts'
import { blockOf, type Event } from '../wire.ts'
import { entriesOf, insertBefore, isDone, isFinish, isUsage } from './edit.ts'
import { counted, echoes, noTools, oneCall, plain, streamed, talkFirst, twoCalls } from './triggers.ts'

const failure = '{"error":{"message":"list index out of range","type":"InternalServerError","param":null,"code":500}}'

function middle(events: readonly Event[]): number {
  return Math.ceil(events.length / 2)
}

const acceptsGzip = { headers: { 'content-type': 'application/json', 'accept-encoding': 'gzip' } }

/** Answers those who accept gzip with what `compress` makes of the body. */
function compressed(compress: (body: Buffer) => Buffer): NonNullable<Fault['reply']> {
  return (reply, { request, turn }) => {
    if (turn === undefined || request.headers['accept-encoding'] !== 'gzip') return
    const body = compress(Buffer.from(reply.events?.map(blockOf).join('') ?? reply.body)).toString('latin1')
    const headers: typeof reply.headers = [['content-encoding', 'gzip'], ...reply.headers]
    return { ...reply, headers, latin1: true, ...(reply.events === undefined ? { body } : { events: [{ raw: body, afterMs: 0 }] }) }
  }
}

/** Faults in the framing of streams and bodies. */
export const framing: Fault[] = [
  {
    id: 'done-missing',
    what: 'The stream ends without [DONE].',
    class: 'C01',
    issue: 'vllm#27641',
    trigger: [streamed(noTools)],
    events: (events) => events.filter((event) => !isDone(event)),
  },
  {
    id: 'done-missing-after-calls',
    what: 'The stream ends without [DONE] when it held a call.',
    class: 'C01',
    trigger: [streamed(oneCall)],
    events: (events) => (entriesOf(events).length > 0 ? events.filter((event) => !isDone(event)) : events),
  },
  {
    id: 'done-before-usage',
    what: '[DONE] comes before the usage chunk.',
    class: 'C01',
    trigger: [counted(oneCall)],
    events: (events) => [...events.filter((event) => !isUsage(event)), ...events.filter(isUsage)],
  },
  {
    id: 'data-after-done',
    what: 'An event follows [DONE].',
    class: 'C01',
    trigger: [streamed(noTools)],
    events: (events) => void events.push({ text: '{}', afterMs: 0 }),
  },
  {
    id: 'stream-hangs-after-role',
    what: 'Nothing follows the role chunk, and the connection stays open.',
    class: 'C02',
    issue: 'vllm#21148',
    trigger: [streamed(oneCall)],
    reply: (reply) => (reply.events ? { ...reply, events: reply.events.slice(0, 1), end: 'hang' } : undefined),
  },
  {
    id: 'stream-hangs-inside-arguments',
    what: 'The stream stops in the middle and the connection stays open.',
    class: 'C02',
    trigger: [streamed(oneCall)],
    reply: (reply) => (reply.events ? { ...reply, events: reply.events.slice(0, middle(reply.events)), end: 'hang' } : undefined),
  },
  {
    id: 'stream-only-comments',
    what: 'Comment lines keep the connection alive, but no event follows the role chunk.',
    class: 'C02',
    trigger: [streamed(oneCall)],
    reply(reply) {
      if (!reply.events) return reply
      const pings = Array.from({ length: 5 }, (): Event => ({ raw: ': keep-alive\n\n', afterMs: 200 }))
      return { ...reply, events: [...reply.events.slice(0, 1), ...pings], end: 'hang' }
    },
  },
  {
    id: 'headers-never-come',
    what: 'A streamed request gets no answer at all.',
    class: 'C02',
    issue: 'mlx-vlm#2239',
    trigger: [streamed(oneCall)],
    reply: (reply) => (reply.events ? { ...reply, events: [], end: 'hang' } : undefined),
  },
  {
    id: 'stream-reset-inside-arguments',
    what: 'The connection is torn down in the middle of a stream.',
    class: 'C03',
    issue: 'vllm#37937',
    trigger: [streamed(oneCall)],
    reply: (reply) => (reply.events ? { ...reply, events: reply.events.slice(0, middle(reply.events)), end: 'reset' } : undefined),
  },
  {
    id: 'error-event-inside-arguments',
    what: 'An error event and [DONE] replace the rest of a valid stream.',
    class: 'C03',
    issue: 'vllm#10589',
    trigger: [streamed(oneCall)],
    events: (events) =>
      entriesOf(events).length > 0
        ? [...events.slice(0, middle(events)), { text: failure, afterMs: 0 }, { text: '[DONE]', afterMs: 0 }]
        : events,
  },
  {
    id: 'error-event-before-finish',
    what: 'An error event comes before the finish chunk, the stream then goes on.',
    class: 'C03',
    trigger: [streamed(oneCall)],
    events: (events) => insertBefore(events, isFinish, { text: failure, afterMs: 0 }),
  },
  {
    id: 'body-shorter-than-declared',
    what: 'A plain body ends before its content-length.',
    class: 'C03',
    trigger: [plain(oneCall)],
    reply(reply, { turn }) {
      if (!turn || reply.events) return reply
      return {
        ...reply,
        headers: [['content-length', String(Buffer.byteLength(reply.body))], ...reply.headers],
        body: reply.body.slice(0, reply.body.length >> 1),
        end: 'reset',
      }
    },
  },
  {
    id: 'status-line-broken',
    what: 'The head of a streamed answer is not HTTP.',
    class: 'C03',
    trigger: [streamed(oneCall)],
    reply: (reply) => (reply.events ? { ...reply, head: 'HTP/1.1 200\r\n\r\n' } : undefined),
  },
  {
    id: 'event-split-in-two',
    what: 'The JSON of one chunk is spread over two events.',
    class: 'C03',
    trigger: [streamed(oneCall)],
    events(events) {
      const at = middle(events)
      const event = events[at]
      if (!event || !('chunk' in event)) return
      const text = JSON.stringify(event.chunk)
      events.splice(at, 1, { text: text.slice(0, text.length >> 1), afterMs: 0 }, { text: text.slice(text.length >> 1), afterMs: 0 })
    },
  },
  {
    id: 'blank-line-missing',
    what: 'Events follow each other without a blank line.',
    class: 'C03',
    trigger: [streamed(oneCall)],
    events: (events) =>
      events.map((event) => ('chunk' in event ? { raw: `data: ${JSON.stringify(event.chunk)}\n`, afterMs: event.afterMs } : event)),
  },
  {
    id: 'data-prefix-missing',
    what: 'Chunks are sent as bare JSON lines.',
    class: 'C03',
    trigger: [streamed(oneCall)],
    events: (events) =>
      events.map((event) => ('chunk' in event ? { raw: `${JSON.stringify(event.chunk)}\n\n`, afterMs: event.afterMs } : event)),
  },
  {
    id: 'stream-held-back',
    what: 'A stream is collected on its way and comes at once, when all its tokens are there; the metrics do not say how long answers took.',
    class: 'C05',
    trigger: [streamed(oneCall)],
    reply: (reply, { request }) => {
      if (request.path === '/metrics') return { ...reply, body: reply.body.replaceAll(/^.*vllm:e2e_request_latency_seconds.*\n/gm, '') }
      if (!reply.events) return undefined
      const events = reply.events.map((event, at, all) => ({ ...event, afterMs: at === 0 ? all.length * 60 : 0 }))
      return { ...reply, headers: [...reply.headers, ['via', '1.1 collecting']], events }
    },
  },
  {
    id: 'arguments-held-back',
    what: 'The arguments of a streamed call come in one fragment, when all of them are there.',
    class: 'C05',
    issue: 'vllm#52846',
    trigger: [streamed(oneCall)],
    events(events, { turn }) {
      if (turn.n > 1) return undefined
      let [held, waitedMs] = ['', 0]
      return events.filter((event) => {
        event.afterMs += 60
        const [entry] = 'chunk' in event ? event.chunk.choices.flatMap(({ delta }) => delta.tool_calls ?? []) : []
        const text = entry?.function?.arguments
        if (entry === undefined || 'id' in entry || typeof text !== 'string') return true
        held += text
        const next = events[events.indexOf(event) + 1]
        const goesOn = next !== undefined && entriesOf([next]).some((other) => other.index === entry.index && !('id' in other))
        if (goesOn) {
          waitedMs += event.afterMs
          return false
        }
        Object.assign(entry.function ?? {}, { arguments: held })
        event.afterMs += waitedMs
        ;[held, waitedMs] = ['', 0]
        return true
      })
    },
  },
  {
    id: 'stream-content-type-json',
    what: 'A stream is declared as application/json.',
    class: 'C06',
    trigger: [streamed(oneCall)],
    reply: (reply) => (reply.events ? { ...reply, headers: [['content-type', 'application/json']] } : undefined),
  },
  {
    id: 'stream-request-answered-plain',
    what: 'stream: true is ignored.',
    class: 'C06',
    trigger: [streamed(oneCall)],
    turn(turn) {
      turn.stream = false
    },
  },
  {
    id: 'done-twice',
    what: '[DONE] comes twice.',
    class: 'C01',
    trigger: [streamed(oneCall)],
    events: (events) => [...events, ...events.filter(isDone)],
  },
  {
    id: 'done-as-json-string',
    what: 'The end of a stream is a JSON string in place of [DONE].',
    class: 'C01',
    trigger: [streamed(noTools)],
    events: (events) => events.map((event) => (isDone(event) ? { ...event, text: '"[DONE]"' } : event)),
  },
  {
    id: 'stream-ends-after-role',
    what: 'A stream with tools ends politely after the role chunk.',
    class: 'C03',
    trigger: [streamed(oneCall)],
    events: (events, { turn }) => (turn.tools.length > 0 ? events.slice(0, 1) : events),
  },
  {
    id: 'stream-ends-before-second-call',
    what: 'A stream ends politely where its second call would begin.',
    class: 'C03',
    trigger: [streamed(twoCalls)],
    events(events) {
      const at = events.findIndex((event) => 'chunk' in event && event.chunk.choices[0]?.delta.tool_calls?.some(({ index }) => index === 1))
      return at < 0 ? events : events.slice(0, at)
    },
  },
  {
    id: 'chunk-with-raw-line-break',
    what: 'Line breaks inside a chunk are not escaped.',
    class: 'C03',
    trigger: [streamed(talkFirst)],
    events: (events) =>
      events.map((event) =>
        'chunk' in event ? { text: JSON.stringify(event.chunk).replaceAll(String.raw`\n`, '\n'), afterMs: event.afterMs } : event,
      ),
  },
  {
    id: 'empty-event-in-stream',
    what: 'An event without data is in the middle of a stream.',
    class: 'C03',
    trigger: [streamed(oneCall)],
    events: (events) => void events.splice(middle(events), 0, { text: '', afterMs: 0 }),
  },
  {
    id: 'null-event-in-stream',
    what: 'An event whose data is null is in the middle of a stream.',
    class: 'C03',
    trigger: [streamed(oneCall)],
    events: (events) => void events.splice(middle(events), 0, { text: 'null', afterMs: 0 }),
  },
  {
    id: 'error-event-without-done',
    what: 'An error event ends a valid stream, nothing follows.',
    class: 'C03',
    trigger: [streamed(noTools)],
    events: (events) => [...events.slice(0, middle(events)), { text: failure, afterMs: 0 }],
  },
  {
    id: 'plain-answer-never-comes',
    what: 'A plain request with tools gets no answer.',
    class: 'C02',
    trigger: [plain(oneCall)],
    reply: (reply, { turn }) => (turn && turn.tools.length > 0 && !reply.events ? { ...reply, body: '', end: 'hang' } : undefined),
  },
  {
    id: 'plain-answer-reset',
    what: 'The connection of a plain request with tools is torn down without an answer.',
    class: 'C03',
    trigger: [plain(oneCall)],
    reply: (reply, { turn }) => (turn && turn.tools.length > 0 && !reply.events ? { ...reply, body: '', end: 'reset' } : undefined),
  },
  {
    id: 'answers-lost-now-and-then',
    what: 'The connection of the first chat request, and of every tenth after it, is torn down when its answer is ready.',
    class: 'C03',
    trigger: [plain(oneCall)],
    reply(reply, { turn, memory }) {
      if (turn === undefined) return
      const count = Number(memory.get('chats') ?? 0)
      memory.set('chats', count + 1)
      if (count % 10 === 0) return { ...reply, body: '', events: [], end: 'reset' }
    },
  },
  {
    id: 'stream-split-at-line-separators',
    what: "A stream is split into lines at Unicode's separators, as Python's splitlines does.",
    class: 'C33',
    issue: 'florimondmanca/httpx-sse#34',
    trigger: [streamed(echoes('one\u2028two'))],
    reply: (reply) =>
      reply.events && {
        ...reply,
        events: reply.events.map((event) => ({ raw: blockOf(event).replaceAll(/[\u0085\u2028\u2029]/g, '\n'), afterMs: event.afterMs })),
      },
  },
  {
    id: 'code-in-requests-403',
    what: 'A filter refuses requests that hold code.',
    class: 'C62',
    issue: 'litellm#12421',
    trigger: [plain(echoes('rm -rf x'))],
    reply: (_reply, { request }) =>
      /rm -rf|<script/.test(request.body)
        ? { status: 403, headers: [['content-type', 'text/html']], body: '<html>403 Forbidden</html>', end: 'complete' }
        : undefined,
  },
  {
    id: 'refusals-all-alike',
    what: 'Each refusal has the same words.',
    class: 'C60',
    issue: 'musistudio/claude-code-router#1799',
    trigger: [plain({ ...oneCall, tool_choice: 'sometimes' })],
    verdict: (refusal) => refusal && { ...refusal, message: 'All target providers failed.' },
  },
  {
    id: 'limit-where-none-is-set',
    what: 'An answer has 24 tokens at most where the request sets no limit.',
    class: 'C62',
    issue: 'aws-samples/bedrock-access-gateway#237',
    trigger: [plain(echoes('one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen'))],
    body: (body) => ('max_tokens' in body || 'max_completion_tokens' in body ? body : { ...body, max_tokens: 24 }),
  },
  {
    id: 'context-refused-earlier',
    what: 'A prompt of more than 12 KB is refused as too long for 4096 tokens, whatever max_model_len says.',
    class: 'C62',
    issue: 'gpustack/gpustack#6007',
    trigger: [plain(echoes('word '.repeat(3000)))],
    verdict: (refusal, { request }) =>
      refusal ??
      (request.body.length > 12_000
        ? {
            status: 400,
            message: "This model's maximum context length is 4096 tokens. However, your request has 9000 input tokens.",
            type: 'BadRequestError',
            param: null,
          }
        : undefined),
  },
  {
    id: 'answers-kept-by-body',
    what: 'A request that was answered before gets the same answer again, id included.',
    class: 'C15',
    trigger: [plain(oneCall), plain(oneCall)],
    reply(reply, { request, turn, memory }) {
      if (turn === undefined) return
      const kept = memory.get(request.body) as typeof reply | undefined
      if (kept === undefined) memory.set(request.body, reply)
      return kept
    },
  },
  {
    id: 'official-client-refused',
    what: 'What calls itself OpenAI/Python, as the official client does, is refused with a page.',
    class: 'C62',
    issue: 'forpublicai/platform.publicai.co#8',
    trigger: [plain(oneCall, { headers: { 'content-type': 'application/json', 'user-agent': 'OpenAI/Python 2.9.0' } })],
    reply: (_reply, { request }) =>
      request.headers['user-agent']?.startsWith('OpenAI/Python') === true
        ? { status: 403, headers: [['content-type', 'text/plain']], body: 'error code: 1010', end: 'complete' }
        : undefined,
  },
  {
    id: 'gzip-cut',
    what: 'Who accepts gzip gets a body without the end of its gzip.',
    trigger: [plain(oneCall, acceptsGzip), streamed(oneCall, acceptsGzip)],
    reply: compressed((bytes) => gzipSync(bytes).subarray(0, -12)),
  },
  {
    id: 'gzip-twice',
    what: 'Who accepts gzip gets a body that is compressed twice and says so once.',
    trigger: [plain(oneCall, acceptsGzip)],
    reply: compressed((bytes) => gzipSync(gzipSync(bytes))),
  },
  {
    id: 'gzip-said-of-plain-bytes',
    what: 'Who accepts gzip gets a body that says it is, and is not compressed.',
    trigger: [plain(oneCall, acceptsGzip)],
    reply: compressed((bytes) => bytes),
  },
  {
    id: 'plain-body-cut-in-json',
    what: 'The JSON of a plain answer ends in the middle, its length is right.',
    class: 'C03',
    trigger: [plain(oneCall)],
    reply: (reply, { turn }) => (turn && !reply.events ? { ...reply, body: reply.body.slice(0, reply.body.length >> 1) } : undefined),
  },
  {
    id: 'plain-content-type-html',
    what: 'Plain answers are declared as text/html.',
    class: 'C06',
    trigger: [plain(noTools)],
    reply: (reply, { turn }) => (turn && !reply.events ? { ...reply, headers: [['content-type', 'text/html']] } : undefined),
  },
  {
    id: 'plain-content-type-missing',
    what: 'Plain answers have no content type.',
    class: 'C06',
    trigger: [plain(noTools)],
    reply: (reply, { turn }) => (turn && !reply.events ? { ...reply, headers: [] } : undefined),
  },
  {
    id: 'plain-request-answered-streamed',
    what: 'stream: false is answered with a stream when there are tools.',
    class: 'C06',
    trigger: [plain(oneCall)],
    turn(turn) {
      if (turn.tools.length > 0) turn.stream = true
    },
  },
  {
    id: 'answer-with-status-202',
    what: 'Answers of the model come with status 202.',
    class: 'C06',
    trigger: [plain(noTools)],
    reply: (reply, { turn }) => (turn && reply.status === 200 ? { ...reply, status: 202 } : undefined),
  },
  {
    id: 'body-in-latin-1',
    what: 'Bodies are written in Latin-1, labelled as JSON.',
    class: 'C33',
    trigger: [plain({ messages: [{ role: 'user', content: 'Say Zoë.' }] })],
    reply: (reply, { request }) => (request.path === '/v1/chat/completions' ? { ...reply, latin1: true } : undefined),
  },
  {
    id: 'encoding-mislabelled',
    what: 'A plain body is labelled as gzip.',
    class: 'C03',
    trigger: [plain(noTools)],
    reply: (reply, { request }) =>
      request.path === '/v1/chat/completions' && !reply.events
        ? { ...reply, headers: [...reply.headers, ['content-encoding', 'gzip']] }
        : undefined,
  },
  {
    id: 'key-twice',
    what: 'The object of an answer has the key model twice.',
    class: 'C06',
    trigger: [plain(noTools)],
    reply: (reply, { request }) =>
      request.path === '/v1/chat/completions'
        ? { ...reply, body: reply.body.replace(/"model":("[^"]*"),/, '"model":$1,"model":$1,') }
        : undefined,
  },
  {
    id: 'last-event-unterminated',
    what: 'The blank line after [DONE] is missing.',
    class: 'C01',
    trigger: [streamed(noTools)],
    events: (events) => events.map((event) => (isDone(event) ? { raw: 'data: [DONE]\n', afterMs: event.afterMs } : event)),
  },
  {
    id: 'events-named',
    what: 'Every event of a chat stream has a name.',
    class: 'C03',
    trigger: [streamed(noTools)],
    events: (events) =>
      events.map((event) =>
        'chunk' in event ? { raw: `event: chunk\ndata: ${JSON.stringify(event.chunk)}\n\n`, afterMs: event.afterMs } : event,
      ),
  },
  {
    id: 'content-type-twice',
    what: 'A plain answer has two headers content-type, of which the second says text/html.',
    class: 'C06',
    trigger: [plain(noTools)],
    reply: (reply, { turn }) =>
      turn && !reply.events ? { ...reply, headers: [...reply.headers, ['content-type', 'text/html']] } : undefined,
  },
  {
    id: 'length-one-short',
    what: 'content-length is one byte less than the body.',
    class: 'C03',
    trigger: [plain(noTools)],
    reply: (reply, { turn }) =>
      turn && !reply.events
        ? { ...reply, headers: [['content-length', String(Buffer.byteLength(reply.body) - 1)], ...reply.headers] }
        : undefined,
  },
]
