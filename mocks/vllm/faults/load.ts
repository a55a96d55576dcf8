import type { Fault } from '../fault.ts'
import type { Refusal, Said } from '../wire.ts'
import { entriesOf, fragmentsOf, insertBefore, isFinish } from './edit.ts'

/** Requests at once from which on a fault strikes that one user alone never sees. */
const PRESSURE = 8

const counted = (memory: Map<string, unknown>, key: string): number => {
  const count = Number(memory.get(key) ?? 0) + 1
  memory.set(key, count)
  return count
}

const busy: Refusal = { status: 429, message: 'busy', type: 'TooManyRequests', param: null }

const firstArguments = (said: Said): string | undefined => said.calls[0]?.arguments

/** Faults that strike only when several requests are open: `npm run load` finds them, a conformance run need not. */
export const load: readonly Fault[] = [
  {
    id: 'load-cross-talk',
    what: 'One answer in 200 has the arguments of another request that is under way.',
    class: 'C63',
    issue: 'vllm#54701',
    trigger: [],
    said(said, { memory, running }) {
      const own = firstArguments(said)
      const other = memory.get('arguments')
      if (own === undefined) return
      memory.set('arguments', own)
      if (running >= 2 && counted(memory, 'calls') % 200 === 0 && typeof other === 'string' && said.calls[0])
        said.calls[0].arguments = other
    },
  },
  {
    id: 'load-empty-deltas',
    what: 'Under pressure streams of calls hold empty deltas.',
    class: 'C10',
    issue: 'vllm#54701',
    trigger: [],
    events(events, { running }) {
      if (running < PRESSURE) return
      const call = events.find((event) => entriesOf([event]).length > 0)
      if (call === undefined || !('chunk' in call)) return
      const empty = structuredClone(call)
      for (const choice of empty.chunk.choices) choice.delta = { tool_calls: [{ index: 0, function: { arguments: '' } }] }
      insertBefore(events, isFinish, empty)
    },
  },
  {
    id: 'load-last-fragment-lost',
    what: 'Under pressure the last piece of the arguments of a stream is lost.',
    class: 'C23',
    issue: 'vllm#48089',
    trigger: [],
    events(events, { running }) {
      const last = fragmentsOf(events).at(-1)
      if (running >= PRESSURE && last) last.function.arguments = ''
    },
  },
  {
    id: 'load-ids-repeated',
    what: 'Calls of requests that are open together have one id.',
    class: 'C15',
    trigger: [],
    choice(choice, { memory, running }) {
      for (const call of choice.calls) {
        if (running >= PRESSURE && memory.has('id')) call.id = memory.get('id')
        else memory.set('id', call.id)
      }
    },
  },
  {
    id: 'load-every-fiftieth-cut',
    what: 'Of calls that are made beside others every 50th is cut off.',
    class: 'C23',
    trigger: [],
    said(said, { memory, running }) {
      for (const call of said.calls)
        if (running >= 2 && counted(memory, 'calls') % 50 === 0)
          call.arguments = call.arguments.slice(0, Math.ceil(call.arguments.length / 2))
    },
  },
  {
    id: 'load-parser-state-shared',
    what: 'The parser keeps one state for all streams: a call begins with what another request had last.',
    class: 'C63',
    trigger: [],
    events(events, { memory, running }) {
      const fragments = fragmentsOf(events)
      const [first, last] = [fragments[0], fragments.at(-1)]
      const left = memory.get('left')
      if (last) memory.set('left', last.function.arguments)
      if (running >= PRESSURE && first && typeof left === 'string') first.function.arguments = left + first.function.arguments
    },
  },
  {
    id: 'load-busy-without-form',
    what: 'Under pressure requests are refused with 429 that says neither when to come back nor why.',
    class: 'C64',
    trigger: [],
    verdict: (refusal, { running }) => refusal ?? (running >= PRESSURE ? busy : undefined),
  },
  {
    id: 'load-running-leaks',
    what: 'Requests that were open beside many others are never counted as ended.',
    class: 'C66',
    trigger: [],
    turn(_turn, { memory, running }) {
      if (running >= PRESSURE) counted(memory, 'leaked')
    },
    reply(reply, { request, memory }) {
      const leaked = Number(memory.get('leaked') ?? 0)
      if (request.path !== '/metrics' || leaked === 0) return undefined
      return {
        ...reply,
        body: reply.body.replace(/^(vllm:num_requests_running\{[^}]*\} ).*$/m, (_, start: string) => `${start}${leaked}.0`),
      }
    },
  },
]
