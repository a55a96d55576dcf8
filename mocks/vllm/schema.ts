import { isObject } from './json.ts'

const schemaTypes = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'])

/** The first `type` that JSON Schema does not know. */
export function strangeType(schema: unknown, depth = 0): string | undefined {
  if (!isObject(schema) || depth > 30) return undefined
  for (const type of [schema['type'] ?? []].flat()) {
    if (typeof type === 'string' && !schemaTypes.has(type)) return type
  }
  const parts = [schema['items'], ...['anyOf', 'oneOf', 'allOf'].flatMap((key) => schema[key] ?? [])]
  const maps = ['properties', '$defs', 'definitions'].flatMap((key) => (isObject(schema[key]) ? Object.values(schema[key]) : []))
  for (const part of [...parts, ...maps]) {
    const found = strangeType(part, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}
