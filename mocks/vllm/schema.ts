import { dumps, isObject, list } from './json.ts'

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

/** The schema that a `$ref` leads to, with what stands beside it; the schema itself when it has none. */
export function resolve(schema: unknown, root: Record<string, unknown>): Record<string, unknown> {
  let at: unknown = schema
  for (let hops = 0; isObject(at) && typeof at['$ref'] === 'string' && hops < 20; hops++) {
    const rest: Record<string, unknown> = { ...at }
    delete rest['$ref']
    at = at['$ref']
      .replace(/^#\/?/, '')
      .split('/')
      .filter(Boolean)
      .reduce<unknown>((node, part) => (isObject(node) ? node[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined), root)
    if (isObject(at)) at = { ...at, ...rest }
  }
  return isObject(at) ? at : {}
}

const typeOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (isObject(value)) return 'object'
  return typeof value === 'string' || typeof value === 'boolean' ? typeof value : 'number'
}

const within = (amount: number, least: unknown, most: unknown): boolean =>
  !(typeof least === 'number' && amount < least) && !(typeof most === 'number' && amount > most)

/** Whether a value fits the schema, by the words that a grammar can hold. */
export function fits(value: unknown, part: unknown, root: Record<string, unknown>, depth = 0): boolean {
  const schema = resolve(part, root)
  if (depth > 30) return true
  const types = [schema['type'] ?? []].flat()
  const type = typeOf(value)
  if (
    types.length > 0 &&
    !types.includes(type) &&
    !(type === 'number' && types.includes('integer') && (typeof value !== 'number' || Number.isInteger(value)))
  )
    return false
  if ('const' in schema && dumps(schema['const']) !== dumps(value)) return false
  if (Array.isArray(schema['enum']) && !schema['enum'].some((one) => dumps(one) === dumps(value))) return false
  for (const key of ['anyOf', 'oneOf'] as const) {
    if (Array.isArray(schema[key]) && !schema[key].some((one) => fits(value, one, root, depth + 1))) return false
  }
  if (typeof value === 'string') {
    if (typeof schema['pattern'] === 'string' && !new RegExp(schema['pattern'], 'u').test(value)) return false
    return within(value.length, schema['minLength'], schema['maxLength'])
  }
  if (typeof value === 'number') return within(value, schema['minimum'], schema['maximum'])
  if (Array.isArray(value)) {
    const first = list(schema['prefixItems'])
    return (
      within(value.length, schema['minItems'], schema['maxItems']) &&
      value.every((one, index) =>
        index < first.length
          ? fits(one, first[index], root, depth + 1)
          : schema['items'] !== false && fits(one, schema['items'], root, depth + 1),
      )
    )
  }
  if (!isObject(value)) return true
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  return (
    list(schema['required']).every((key) => String(key) in value) &&
    Object.entries(value).every(([key, one]) =>
      Object.hasOwn(properties, key)
        ? fits(one, properties[key], root, depth + 1)
        : schema['additionalProperties'] !== false && fits(one, schema['additionalProperties'], root, depth + 1),
    )
  )
}

/** A text that fits a pattern of literal characters and classes such as [0-9]{4} or [A-Z]. */
export function textOfPattern(pattern: string): string {
  return pattern
    .replaceAll(/^\^|\$$/g, '')
    .replaceAll(/\[([^\]-])(?:-[^\]])?[^\]]*\](?:\{(\d+)\})?/g, (_all, first: string, times: string | undefined) =>
      first.repeat(Number(times ?? 1)),
    )
    .replaceAll(/\\d(?:\{(\d+)\})?/g, (_all, times: string | undefined) => '0'.repeat(Number(times ?? 1)))
}
