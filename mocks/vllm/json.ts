/** A number whose digits a double cannot hold; written back as read. */
export class ExactNumber {
  readonly digits: string
  constructor(digits: string) {
    this.digits = digits
  }
  toJSON(): unknown {
    const raw: unknown = Reflect.get(JSON, 'rawJSON')
    return typeof raw === 'function' ? Reflect.apply(raw, JSON, [this.digits]) : Number(this.digits)
  }
}

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown
const parseWithSource = (text: string, reviver: Reviver): unknown => Reflect.apply(JSON.parse, JSON, [text, reviver])

/** JSON.parse that keeps integers beyond 2^53 as ExactNumber. Throws SyntaxError like JSON.parse. */
export function parseJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text)
  return parseWithSource(text, (_key, value, context) => {
    const lost = typeof value === 'number' && /^-?\d+$/.test(context.source ?? '') && !Number.isSafeInteger(value)
    return lost ? new ExactNumber(context.source ?? '') : value
  })
}

/** JSON as Python's json.dumps(value, ensure_ascii=False) spaces it: the way models write arguments. */
export function dumps(value: unknown): string {
  if (value instanceof ExactNumber) return value.digits
  if (Array.isArray(value)) return `[${value.map(dumps).join(', ')}]`
  if (isObject(value))
    return `{${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}: ${dumps(item)}`)
      .join(', ')}}`
  return JSON.stringify(value) ?? 'null'
}

/** Python's repr of parsed JSON, as vLLM's error texts show it. */
export function repr(value: unknown): string {
  if (value === null || value === undefined) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (value instanceof ExactNumber) return value.digits
  if (typeof value === 'string') {
    const quote = value.includes("'") && !value.includes('"') ? '"' : "'"
    const inner = value
      .replaceAll('\\', '\\\\')
      .replaceAll('\n', String.raw`\n`)
      .replaceAll('\t', String.raw`\t`)
    return quote + (quote === "'" ? inner.replaceAll("'", String.raw`\'`) : inner) + quote
  }
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`
  if (isObject(value))
    return `{${Object.entries(value)
      .map(([key, item]) => `${repr(key)}: ${repr(item)}`)
      .join(', ')}}`
  return JSON.stringify(value)
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
}

/** The value itself when it is an object, else an empty one. */
export function record(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {}
}

/** The value itself when it is a list, else an empty one. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** The value itself when it is a string, else its repr. */
export function word(value: unknown): string {
  return typeof value === 'string' ? value : repr(value)
}

/** JSON objects written inside a text, in order, outermost ones only. */
export function objectsIn(text: string): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = []
  for (let at = text.indexOf('{'); at >= 0; at = text.indexOf('{', at)) {
    const end = closing(text, at)
    const value = end < 0 ? undefined : attempt(text.slice(at, end))
    if (isObject(value)) {
      found.push(value)
      at = end
    } else at++
  }
  return found
}

function closing(text: string, from: number): number {
  let depth = 0
  for (let i = from, quoted = false; i < text.length; i++) {
    const c = text[i]
    if (quoted && c === '\\') i++
    else if (c === '"') quoted = !quoted
    else if (!quoted && c === '{') depth++
    else if (!quoted && c === '}' && --depth === 0) return i + 1
  }
  return -1
}

/** parseJson, and undefined for text that is not JSON. */
export function attempt(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}
