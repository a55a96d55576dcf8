import type { TimedBytes } from './wire.ts'

/** An answer as bytes with holes: where each id stands in it, and where the second it was made in. */
export interface Pattern {
  readonly bytes: Buffer
  /** Each chunk's delay, and where it ends in `bytes`. */
  readonly cuts: readonly { readonly afterMs: number; readonly end: number }[]
  readonly ids: readonly { readonly digits: number; readonly at: readonly number[] }[]
  readonly seconds: readonly number[]
}

function spots(text: string, part: string): number[] {
  const found: number[] = []
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) found.push(at)
  return found
}

/** The pattern of an answer that used these random ids, in the order in which they were drawn, and was made at `second`. */
export function patternOf(chunks: readonly TimedBytes[], ids: readonly string[], second: number): Pattern {
  const bytes = Buffer.concat(chunks.map((chunk) => chunk.bytes))
  const text = bytes.toString('latin1')
  let end = 0
  return {
    bytes,
    cuts: chunks.map(({ afterMs, bytes: { length } }) => ({ afterMs, end: (end += length) })),
    ids: ids.map((id) => ({ digits: id.length, at: spots(text, id) })),
    seconds: [...text.matchAll(new RegExp(`"(?:created|created_at)":(?=${second}\\b)`, 'g'))].map(
      ({ 0: { length }, index }) => index + length,
    ),
  }
}

/** The chunks of the same answer with fresh ids, at another second. */
export function givenAgain({ bytes, cuts, ids, seconds }: Pattern, hex: (digits: number) => string, second: number): TimedBytes[] {
  const copy = Buffer.from(bytes)
  for (const { digits, at } of ids) {
    const id = hex(digits)
    for (const spot of at) copy.write(id, spot, 'latin1')
  }
  const now = String(second)
  for (const spot of seconds) copy.write(now, spot, 'latin1')
  let begin = 0
  return cuts.map(({ afterMs, end }) => ({ afterMs, bytes: copy.subarray(begin, (begin = end)) }))
}
