import type { Fault } from '../fault.ts'
import type { Event } from '../wire.ts'
import { entriesOf, insertBefore, isDone, isFinish, isUsage } from './edit.ts'
import { counted, noTools, oneCall, plain, streamed } from './triggers.ts'

const failure = '{"error":{"message":"list index out of range","type":"InternalServerError","param":null,"code":500}}'

function middle(events: readonly Event[]): number {
  return Math.ceil(events.length / 2)
}

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
]
