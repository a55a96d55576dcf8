import { decoded } from '../fixtures/exchange/coding.ts'
import { bodyBytes, type Chunk, type Exchange } from '../fixtures/exchange/exchange.ts'
import { excerpt, plural } from '../fixtures/text.ts'

/** A stretch of a body as it is shown: when it arrived, where it begins, and whether a breach begins there. */
export interface Piece {
  /** Milliseconds since the request was sent; undefined where the chunk began in a piece before. */
  readonly at?: number
  readonly from: number
  readonly text: string
  readonly marked: boolean
}

/** What is left out between two pieces. */
export interface Gap {
  readonly bytes: number
}

/** How much of a body is shown around what matters. */
export interface Room {
  /** A body of so many bytes is shown whole. */
  readonly whole: number
  /** Bytes around each breach. */
  readonly around: number
}

const END = 1024
/** A breach is marked for so many bytes at most. */
const MARKED = 24

/**
 * A body in its order of arrival: each chunk with its time, cut at breaches, and where it is large to its beginning, its end and what stands
 * around them. A character that arrived in two chunks belongs to the second. A body that is compressed as its request accepts it is shown decoded.
 */
export function piecesOf(recorded: Exchange, breaches: readonly number[], room: Room): readonly (Piece | Gap)[] {
  const exchange = decoded(recorded)
  const body = bodyBytes(exchange)
  const kept = keptOf(body.length, breaches, room).map(([from, to]) => [whole(body, from), whole(body, to)] as const)
  const starts = startsOf(exchange.chunks)
  const marks = new Map(breaches.filter((byte) => byte < body.length).map((byte) => [whole(body, byte), endOfMark(body, byte)]))
  const cuts = [...starts.keys(), ...marks.keys(), ...marks.values(), ...kept.flat(), body.length].map((byte) => whole(body, byte))
  const edges = [...new Set(cuts)].toSorted((a, b) => a - b)
  const times = new Map([...starts].map(([byte, at]) => [whole(body, byte), at]))
  const pieces: (Piece | Gap)[] = []
  let left = 0
  for (const [index, from] of edges.entries()) {
    const to = edges[index + 1] ?? body.length
    if (to <= from) continue
    if (!kept.some(([start, end]) => from < end && to > start)) {
      left += to - from
      continue
    }
    if (left > 0) pieces.push({ bytes: left })
    left = 0
    const at = times.get(from)
    pieces.push({ ...(at === undefined ? {} : { at }), from, text: textOf(body.subarray(from, to)), marked: marks.has(from) })
  }
  if (left > 0) pieces.push({ bytes: left })
  // What is missing at the end is a breach there.
  if (breaches.some((byte) => byte >= body.length)) pieces.push({ from: body.length, text: '', marked: true })
  return pieces
}

/** Where each chunk begins, and when it arrived. */
function startsOf(chunks: readonly Chunk[]): ReadonlyMap<number, number> {
  const starts = new Map<number, number>()
  let offset = 0
  for (const { at, bytes } of chunks) {
    if (bytes.length > 0) starts.set(offset, at)
    offset += bytes.length
  }
  return starts
}

function keptOf(length: number, breaches: readonly number[], { whole: limit, around }: Room): readonly (readonly [number, number])[] {
  if (length <= limit) return [[0, length]]
  const spans = breaches.map((byte) => [Math.max(0, byte - around), Math.min(length, byte + around)] as const)
  return [[0, limit - END], ...spans, [length - END, length]]
}

/** The beginning of the character that a byte belongs to. */
function whole(body: Uint8Array, byte: number): number {
  let start = Math.min(byte, body.length)
  for (let back = 0; back < 3 && start > 0 && start < body.length && ((body[start] ?? 0) & 0xc0) === 0x80; back++) start--
  return start
}

/** A mark ends with the line, or where it becomes long. */
function endOfMark(body: Uint8Array, byte: number): number {
  const line = body.indexOf(0x0a, byte + 1)
  return whole(body, Math.min(line === -1 ? body.length : line, byte + MARKED))
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes that are no UTF-8 are shown as `\x9f`. */
function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    return [...bytes].map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`)).join('')
  }
}

/** How an exchange ended, in words: `complete`, `gap limit: …`. */
export function ending({ end }: Exchange): string {
  if (end.kind === 'complete') return 'complete'
  const what = end.kind === 'limit' ? `${end.limit} limit` : `${end.kind}, ${end.code}`
  return `${what}: ${end.detail}`
}

/** `HTTP 200, 6315 bytes in 23 chunks, 14 ms, complete` */
export function answerLine(exchange: Exchange): string {
  const { status, chunks, duration } = exchange
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0)
  const size = `${plural(bytes, 'byte')}${chunks.length > 1 ? ` in ${chunks.length} chunks` : ''}`
  return `${status === undefined ? 'no HTTP answer' : `HTTP ${status}`}, ${size}, ${duration.toFixed(0)} ms, ${excerpt(ending(exchange), 300)}`
}

/** An answer as plain text: status, headers, and its bytes in order of arrival with their times, each breach behind an arrow. */
export function answerText(exchange: Exchange, breaches: readonly number[], room: Room): string {
  const several = exchange.chunks.length > 1
  const body = piecesOf(exchange, breaches, room).map((piece) => {
    if ('bytes' in piece) return `\n[${plural(piece.bytes, 'byte')} left out]`
    const time = several && piece.at !== undefined ? `\n[${piece.at.toFixed(1)} ms] ` : ''
    return `${time}${piece.marked ? `▶[byte ${piece.from}] ` : ''}${piece.text.replace(several ? /\n+$/ : /$^/, '')}`
  })
  const status = exchange.status === undefined ? 'no HTTP answer' : `HTTP status ${exchange.status}`
  const head = [status, ...exchange.headers.map(([name, value]) => `${name}: ${value}`)]
  return `${head.join('\n')}\n${body.join('')}\n\n[${answerLine(exchange)}]`
}
