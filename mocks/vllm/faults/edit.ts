import { dumps, isObject, parseJson } from '../json.ts'
import type { Chunk, ChunkChoice, Delta, Event, Said, ToolDelta } from '../wire.ts'

/** The chunks among the events, in order. */
export function chunksOf(events: readonly Event[]): Chunk[] {
  return events.flatMap((event) => ('chunk' in event ? [event.chunk] : []))
}

/** Every choice of every chunk. */
export function choicesOf(events: readonly Event[]): ChunkChoice[] {
  return chunksOf(events).flatMap((chunk) => chunk.choices)
}

/** The deltas of all choices in all chunks, in order. */
export function deltasOf(events: readonly Event[]): Delta[] {
  return choicesOf(events).map((choice) => choice.delta)
}

/** Every entry of delta.tool_calls. */
export function entriesOf(events: readonly Event[]): ToolDelta[] {
  return deltasOf(events).flatMap((delta) => delta.tool_calls ?? [])
}

/** Entries that begin a call. */
export function startsOf(events: readonly Event[]): ToolDelta[] {
  return entriesOf(events).filter((entry) => 'id' in entry)
}

/** Entries after the start of their call. */
export function laterOf(events: readonly Event[]): ToolDelta[] {
  return entriesOf(events).filter((entry) => !('id' in entry))
}

/** Entries with a non-empty piece of arguments, of one call when it is given. */
export function fragmentsOf(events: readonly Event[], call?: number): { function: { arguments: string } }[] {
  return entriesOf(events).flatMap(({ index, function: part }) =>
    hasText(part) && (call === undefined || index === call) ? [{ function: part }] : [],
  )
}

function hasText(part: ToolDelta['function']): part is { arguments: string } {
  return typeof part?.arguments === 'string' && part.arguments !== ''
}

/** Replaces the pieces of one call's arguments so that together they are the text. */
export function respell(events: readonly Event[], spell: (text: string) => unknown, call?: number): void {
  const fragments = fragmentsOf(events, call)
  const text = spell(fragments.map((fragment) => fragment.function.arguments).join(''))
  for (const [i, fragment] of fragments.entries()) Object.assign(fragment.function, { arguments: i === fragments.length - 1 ? text : '' })
}

/** Inserts events before the first that is meant. */
export function insertBefore(events: Event[], meant: (event: Event) => boolean, ...more: Event[]): void {
  const at = events.findIndex(meant)
  events.splice(at < 0 ? events.length : at, 0, ...more)
}

/** Whether the event is `[DONE]`. */
export function isDone(event: Event): boolean {
  return 'text' in event && event.text === '[DONE]'
}

/** The event that carries a finish reason. */
export function isFinish(event: Event): boolean {
  return 'chunk' in event && event.chunk.choices.some((choice) => (choice.finish_reason ?? null) !== null)
}

/** Whether the event is a chunk of usage without choices. */
export function isUsage(event: Event): boolean {
  return 'chunk' in event && event.chunk.choices.length === 0
}

/** Rewrites the arguments of what is said, all calls or those from a position on. */
export function rewrite(said: Said, change: (args: Record<string, unknown>) => unknown, from = 0): void {
  for (const call of said.calls.slice(from)) {
    const args = parseJson(call.arguments)
    call.arguments = dumps(change(isObject(args) ? args : {}))
  }
}

/** Every string of a value, replaced. */
export function strings(value: unknown, change: (text: string) => unknown): unknown {
  return leaves(value, (leaf) => (typeof leaf === 'string' ? change(leaf) : leaf))
}

/** Every value that is neither list nor object, replaced. */
export function leaves(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => leaves(item, change))
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, leaves(item, change)]))
  return change(value)
}
