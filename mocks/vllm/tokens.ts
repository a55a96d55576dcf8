const special = ['<tool_call>', '</tool_call>', '<|im_start|>', '<|im_end|>']
const pattern = /<\/?tool_call>|<\|im_(?:start|end)\|>|arguments|parameters| ?\p{L}{1,4}|\d{1,3}|",|":| \{"| "| ?[^\s\p{L}\d]|\s/gu

/**
 * Splits text into tokens whose concatenation is the text. A small fixed rule, no trained vocabulary:
 * letters in pieces of four with their leading space, digits in threes, punctuation alone or in common JSON pairs, the two
 * words of tool calls whole.
 */
export function tokenize(text: string): readonly string[] {
  const known = split.get(text)
  if (known !== undefined) return known
  const tokens = text.match(pattern) ?? []
  if (kept + text.length > MOST_KEPT) {
    split.clear()
    kept = 0
  }
  kept += text.length
  split.set(text, tokens)
  return tokens
}

/** Prompts and answers that come again are most of what a run, and a load, bring. */
const split = new Map<string, readonly string[]>()
/** Characters of the texts in it. */
let kept = 0
const MOST_KEPT = 200_000

const ids = new Map<string, number>()
const texts = new Map<number, string>()
const vocabulary = 199_000

/** Number of a token, 0 to 199 999: a hash, moved on at a clash. Inverse: `tokenText`. */
export function tokenId(token: string): number {
  const known = ids.get(token)
  if (known !== undefined) return known
  const mark = special.indexOf(token)
  let id = mark < 0 ? hash(token) % vocabulary : 199_990 + mark
  while (texts.has(id)) id = (id + 1) % vocabulary
  ids.set(token, id)
  texts.set(id, token)
  return id
}

/** Text of a token number; empty for a number that no text of this process made. */
export function tokenText(id: number): string {
  return texts.get(id) ?? ''
}

/** FNV-1a, 32 bit. */
export function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}
