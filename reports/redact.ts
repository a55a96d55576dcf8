import type { Exchange } from '../fixtures/exchange/exchange.ts'

/** Removes secrets. Every replacement has the byte length of what it replaces, so that offsets stay right. */
export interface Redactor {
  text(text: string): string
  bytes(bytes: Uint8Array): Uint8Array
  /** A copy of a JSON-like value with every string in it redacted, keys included. */
  value<T>(value: T): T
  /** A copy of an exchange, also where a secret is split over two chunks. */
  exchange(exchange: Exchange): Exchange
}

/** Shorter secrets are no secrets: removing them would only make reports unreadable. */
const SHORTEST = 4

/**
 * A redactor for these secrets as they are, and JSON-escaped, url-encoded, HTML-escaped or inside base64.
 * Empty ones and those under four characters are ignored; surrounding white space is, too.
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  const forms = [
    ...new Set(
      secrets
        .map((secret) => secret.trim())
        .filter((secret) => secret.length >= SHORTEST)
        .flatMap(formsOf),
    ),
  ]
  const inText = pattern(forms)
  const inBytes = pattern(forms.map((form) => Buffer.from(form).toString('latin1')))

  const text = (input: string): string => (inText ? input.replace(inText, (found) => mask(Buffer.byteLength(found))) : input)
  const bytes = (input: Uint8Array): Uint8Array => {
    if (!inBytes) return input
    const raw = Buffer.from(input.buffer, input.byteOffset, input.byteLength).toString('latin1')
    return Buffer.from(
      raw.replace(inBytes, (found) => mask(found.length)),
      'latin1',
    )
  }
  const revive = (_key: string, part: unknown): unknown => {
    if (typeof part === 'string') return text(part)
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).map(([key, item]) => [text(key), item]))
  }
  const value = <T>(input: T): T => JSON.parse(JSON.stringify(input), revive)
  const exchange = (input: Exchange): Exchange => {
    const { chunks, ...rest } = input
    const whole = bytes(Buffer.concat(chunks.map((chunk) => chunk.bytes)))
    let offset = 0
    const redacted = chunks.map(({ at, bytes: { byteLength } }) => ({ at, bytes: whole.subarray(offset, (offset += byteLength)) }))
    return { ...value(rest), chunks: redacted }
  }
  return { text, bytes, value, exchange }
}

function mask(length: number): string {
  return length < 10 ? '[redacted]'.slice(0, length) : `[redacted${'-'.repeat(length - 10)}]`
}

function pattern(forms: readonly string[]): RegExp | undefined {
  if (forms.length === 0) return undefined
  const longestFirst = forms.toSorted((a, b) => b.length - a.length)
  return new RegExp(longestFirst.map((form) => form.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')).join('|'), 'g')
}

function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  const url = encodeURIComponent(secret.toWellFormed())
  const html = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
  return [
    secret,
    json,
    json.replaceAll('/', '\\/'),
    asciiJson(json),
    JSON.stringify(json).slice(1, -1),
    url,
    url.replaceAll('%20', '+'),
    url.replace(/%../g, (code) => code.toLowerCase()),
    html,
    ...[0, 1, 2].flatMap((before) => insideBase64(secret, before)),
  ]
}

function asciiJson(json: string): string {
  return json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The characters of a base64 text that depend on the secret alone, when `before` bytes precede it in its group of three. */
function insideBase64(secret: string, before: number): string[] {
  const bytes = Buffer.from(secret)
  const encoded = Buffer.concat([Buffer.alloc(before), bytes])
    .toString('base64')
    .replaceAll('=', '')
  const own = encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
  return own.length >= SHORTEST ? [own, own.replaceAll('+', '-').replaceAll('/', '_')] : []
}
