import { remembered } from './remembered.ts'

const special = ['<tool_call>', '</tool_call>', '<|im_start|>', '<|im_end|>']
const pattern = /<\/?tool_call>|<\|im_(?:start|end)\|>| ?\p{L}{1,16}|\d{1,3}|",|":| \{"| "| ?[^\s\p{L}\d]|\s/gu

const split = (text: string): readonly string[] => text.match(pattern) ?? []

/**
 * Splits text into tokens whose concatenation is the text. A small fixed rule, no trained vocabulary:
 * words of up to sixteen letters whole with their leading space, digits in threes, punctuation alone or in common JSON pairs.
 */
export const tokenize = remembered(200_000, split)

/** How many tokens a text has. Whole prompts are counted: those of one run have 400,000 characters. */
export const countTokens = remembered(4_000_000, (text) => split(text).length)

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
