import { bodyBytes, type Exchange, type Request } from '../fixtures/exchange/exchange.ts'
import { excerpt } from '../fixtures/text.ts'

/** Bodies up to this many bytes are shown whole under every verdict; larger ones once, elsewhere an excerpt. */
export const SMALL_BODY = 16_384
/** No more of a body than this is ever shown. */
const LARGEST_BODY = 262_144
const EXCERPT = 2_048
const MOST_CHUNKS = 300

/** The request as it was sent; the sender's own headers are named, the key is not. */
export function requestText({ method, path, headers = {}, authorization = 'key', body }: Request): string {
  const shown = { key: 'Bearer $OPENAI_API_KEY', none: undefined }
  const key = typeof authorization === 'string' ? shown[authorization] : authorization.literal
  const lines = [`${method} ${path}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)]
  if (key !== undefined) lines.push(`authorization: ${key}`)
  return `${lines.join('\n')}\n\n${body === undefined ? '' : clip(body, SMALL_BODY)}`
}

/**
 * The answer as it arrived: status, headers, body, how it ended. Bytes that are no UTF-8 are shown in hexadecimal.
 * A body that exceeds `limit` bytes is cut to the neighbourhood of `byte`, or to its beginning.
 */
export function answerText(exchange: Exchange, limit: number, byte = 0): string {
  const bytes = bodyBytes(exchange)
  const head = [
    exchange.status === undefined ? 'no HTTP answer' : `HTTP status ${exchange.status}`,
    ...exchange.headers.map(([name, value]) => `${name}: ${value}`),
  ]
  const most = Math.min(limit, LARGEST_BODY)
  const from = bytes.length <= most ? 0 : Math.max(0, Math.min(byte - EXCERPT / 2, bytes.length - EXCERPT))
  const to = bytes.length <= most ? bytes.length : from + (most > SMALL_BODY ? most : EXCERPT)
  const part = bytes.subarray(from, to)
  const note = part.length < bytes.length ? [`[bytes ${from} to ${from + part.length} of ${bytes.length}]`] : []
  return [
    ...head,
    '',
    ...note,
    utf8(part, from > 0 || to < bytes.length) ?? hexDump(bytes, from),
    '',
    `[end: ${ending(exchange)}, after ${exchange.duration.toFixed(0)} ms, ${bytes.length} bytes]`,
  ].join('\n')
}

function ending({ end }: Exchange): string {
  if (end.kind === 'complete') return 'complete'
  const what = end.kind === 'limit' ? `${end.limit} limit` : `${end.kind}, ${end.code}`
  return `${what}: ${end.detail}`
}

/** When which bytes arrived: one line per chunk, milliseconds since the request was sent. */
export function timeline({ chunks }: Exchange): string {
  const lines = chunks.slice(0, MOST_CHUNKS).map(({ at, bytes }) => {
    const start = excerpt(Buffer.from(bytes.subarray(0, 120)).toString('utf8'), 100)
    return `${at.toFixed(1).padStart(9)} ms ${String(bytes.length).padStart(7)} bytes  ${start}`
  })
  if (chunks.length > MOST_CHUNKS) lines.push(`… and ${chunks.length - MOST_CHUNKS} more chunks`)
  return lines.join('\n')
}

/** Sixteen bytes a line, 128 before and after `byte`, which is marked. */
export function hexDump(bytes: Uint8Array, byte: number): string {
  const first = Math.max(0, Math.floor(byte / 16) * 16 - 128)
  const lines: string[] = []
  for (let offset = first; offset < Math.min(bytes.length, first + 272); offset += 16) {
    const row = [...bytes.subarray(offset, offset + 16)]
    const hex = row.map((value, index) => `${offset + index === byte ? '>' : ' '}${value.toString(16).padStart(2, '0')}`).join('')
    const text = row.map((value) => (value >= 32 && value < 127 ? String.fromCharCode(value) : '.')).join('')
    lines.push(`${String(offset).padStart(8)} ${hex.padEnd(48)}  ${text}`)
  }
  return lines.join('\n')
}

function utf8(bytes: Uint8Array, partial: boolean): string | undefined {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  return partial || !text.includes('\uFFFD') ? text : undefined
}

function clip(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}\n… (+${text.length - limit} characters)`
}
