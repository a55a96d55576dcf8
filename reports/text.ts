/**
 * Makes foreign text harmless on one line: control, format (bidi, zero width), unassigned and line-separating characters become
 * visible escapes, and what exceeds `limit` characters is cut and counted. The result still has to be escaped for HTML and XML.
 */
export function inert(text: string, limit = 300): string {
  const cut = text.length > limit ? text.slice(0, limit).replace(/[\uD800-\uDBFF]$/, '') : text
  const shown = cut.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => NAMED[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`)
  return cut === text ? shown : `${shown}… (+${text.length - cut.length} characters)`
}

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Escapes text for HTML and XML, in elements and in quoted attributes. */
export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** `1 check`, `2 checks`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
