import { dumps, isObject, objectsIn } from './json.ts'
import { remembered } from './remembered.ts'
import { fits, resolve, textOfPattern } from './schema.ts'

/** A tool as the scripted model knows it. */
export interface Tool {
  name: string
  description: string
  parameters: Record<string, unknown>
  strict: boolean
}

/** A message as the scripted model reads it. */
export interface Message {
  role: string
  /** Text parts joined by line breaks. */
  text: string
  calls: { name: string; arguments: string }[]
}

/** What the model is made to do: tool_choice, read. */
export type Choice = 'auto' | 'required' | 'none' | { name: string }

/** One call as the model words it: `arguments` is JSON text. */
export interface Spoken {
  name: string
  arguments: string
}

/** What the model says: text, then calls. */
export interface Said {
  text: string
  calls: Spoken[]
}

/** What the answer must look like besides tool calls. */
export interface Format {
  schema?: Record<string, unknown>
  object?: boolean
  oneOf?: string[]
}

/**
 * Reads a conversation as a willing model would and decides the answer: the tool whose words fit the last user
 * message, its arguments from schema and prompt, small talk as text, a tool result told in words.
 */
export function think(messages: readonly Message[], tools: readonly Tool[], choice: Choice, format: Format = {}): Said {
  const last = messages.at(-1)
  const prompt = recalling(messages.findLast((message) => message.role === 'user')?.text ?? last?.text ?? '', messages)
  if (choice === 'required' || typeof choice === 'object') {
    const offered = typeof choice === 'object' ? tools.filter((tool) => tool.name === choice.name) : tools
    const calls = callsFor(offered, prompt, true)
    return { text: '', calls: typeof choice === 'object' ? calls.slice(0, 1) : calls }
  }
  if (format.schema) {
    const given = objectsIn(prompt)[0]
    return { text: dumps(fill(format.schema, new PromptFacts(prompt), format.schema, given) ?? {}), calls: [] }
  }
  if (format.object) return { text: dumps(objectsIn(prompt)[0] ?? { answer: speak(prompt) }), calls: [] }
  if (format.oneOf)
    return { text: format.oneOf.find((word) => prompt.toLowerCase().includes(word.toLowerCase())) ?? format.oneOf[0] ?? '', calls: [] }
  if (last?.role === 'tool') return { text: `The result is: ${resultsOf(messages).join('; ')}.`, calls: [] }
  const calls = choice === 'auto' ? callsFor(tools, prompt, false) : []
  if (calls.length === 0) return { text: speak(prompt), calls }
  return { text: /think aloud/i.test(prompt) ? 'Let me look that up.\n' : '', calls }
}

/** The prompt, with the reference codes that the results of the conversation gave where it asks for them. */
function recalling(prompt: string, messages: readonly Message[]): string {
  if (!/every reference code/i.test(prompt)) return prompt
  const told = messages.filter(({ role }) => role === 'tool').flatMap(({ text }) => text.match(/\bREF-\d+/g) ?? [])
  return `${prompt} ${dumps({ codes: told })}`
}

/** What the last results of tools say, without what is beside the point: of each, its first sentence and those with a figure. */
function resultsOf(messages: readonly Message[]): string[] {
  const results = messages.slice(messages.findLastIndex(({ role }) => role !== 'tool') + 1)
  return results.map(({ text }) =>
    text
      .replace(/\s+/g, ' ')
      .trim()
      .split(/(?<=[.!?]) /)
      .filter((sentence, at) => at === 0 || /\d/.test(sentence))
      .join(' '),
  )
}

const paragraphs = 'It was a pleasure to help.\n\nGoodbye, and until next time. <3 Yours'

function speak(prompt: string): string {
  if (/in two (?:short )?paragraphs/i.test(prompt)) return paragraphs
  const text = prompt.replace(/\s+/g, ' ').trim()
  const said = /\bsay (?:exactly )?(.+?)[.!]?$/i.exec(text)?.[1]
  if (said) return said.replace(/^"(.*)"$/, '$1')
  const bound = /\bcount\b.*?(\d+)(?!.*\d)/i.exec(text)?.[1]
  if (bound) return Array.from({ length: Math.min(Number(bound), 2000) }, (_, i) => String(i + 1)).join(', ')
  if (/count/i.test(text)) return 'one, two, three, four, five'
  return text ? `You said: ${text.slice(0, 200)}` : 'Hello.'
}

const idle = new Set('the a an of for to in and or is are what with get call use please current it this that by from on at'.split(' '))

const wordsOf = remembered(
  200_000,
  (text): ReadonlySet<string> =>
    new Set(
      (text.replace(/([a-z])([A-Z])/g, '$1 $2').match(/[\p{L}\d]+/gu) ?? []).map((word) => word.toLowerCase().replace(/(..)s$/, '$1')),
    ),
)

function spotOf(name: string, text: string): number {
  if (name === '') return -1
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    if (!/[\w-]/.test(text[at - 1] ?? ' ') && !/[\w-]/.test(text[at + name.length] ?? ' ')) return at
  }
  return -1
}

const byName = 100
const enough = 3

function fit(tool: Tool, text: string, have: ReadonlySet<string>): number {
  if (spotOf(tool.name, text) >= 0) return byName
  let score = 0
  for (const word of wordsOf(tool.name)) if (!idle.has(word) && have.has(word)) score += 3
  for (const word of wordsOf(tool.description)) if (word.length > 3 && !idle.has(word) && have.has(word)) score += 1
  return score
}

function bestOf(tools: readonly Tool[], text: string): { tool: Tool; score: number } | undefined {
  const have = wordsOf(text)
  let best: { tool: Tool; score: number } | undefined
  for (const tool of tools) {
    const score = fit(tool, text, have)
    if (!best || score > best.score) best = { tool, score }
  }
  return best
}

function callsFor(tools: readonly Tool[], text: string, force: boolean): Spoken[] {
  const spots = tools
    .map((tool) => ({ tool, at: spotOf(tool.name, text) }))
    .filter(({ at }) => at >= 0)
    .toSorted((a, b) => a.at - b.at)
  if (spots.length > 1) return spots.flatMap(({ tool, at }, i) => one(tool, text.slice(at, spots[i + 1]?.at)))
  const best = bestOf(tools, text)
  if (!best || (best.score < enough && !force)) return []
  const shares = best.score >= byName ? [] : sharesOf(tools, text)
  if (shares.length > 1) return shares.flatMap(({ tool, share }) => several(tool, share))
  return several(best.tool, text)
}

/** The clauses of a request that asks several tools, each with the tool it asks. */
function sharesOf(tools: readonly Tool[], text: string): { tool: Tool; share: string }[] {
  const shares: { tool: Tool; share: string }[] = []
  let rest = ''
  for (const clause of text.split(/(?<=[;?!.]\s)|(?=,?\s(?:and|then)\s)/i)) {
    const best = bestOf(tools, clause)
    const known = best && best.score >= enough ? shares.find(({ tool }) => tool === best.tool) : shares.at(-1)
    if (known) known.share += clause
    else if (best && best.score >= enough) {
      shares.push({ tool: best.tool, share: rest + clause })
      rest = ''
    } else rest += clause
  }
  return shares
}

function one(tool: Tool, text: string): Spoken[] {
  const properties = isObject(tool.parameters['properties']) ? tool.parameters['properties'] : {}
  const keys = Object.keys(properties)
  const given = objectsIn(text).find((object) => keys.length === 0 || keys.some((key) => key in object))
  return [spoken(tool, text, given)]
}

function several(tool: Tool, text: string): Spoken[] {
  const schema = tool.parameters
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const objects = objectsIn(text).filter((object) => Object.keys(object).some((key) => key in properties))
  if (objects.length > 1) return objects.map((object) => spoken(tool, text, object))
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  const free = Object.keys(properties).filter((key) => {
    const property = resolve(properties[key], schema)
    return required.includes(key) && property['type'] === 'string' && !('enum' in property) && !('const' in property)
  })
  const found = phrasesOf(text).filter((phrase) => phrase !== tool.name)
  const key = free[0]
  if (objects.length === 0 && key !== undefined && free.length === 1 && found.length > 1 && /\band\b|[,&]/.test(text))
    return found.slice(0, 8).map((phrase) => spoken(tool, text, { [key]: phrase }))
  return one(tool, text)
}

function spoken(tool: Tool, text: string, given?: Record<string, unknown>): Spoken {
  const facts = new PromptFacts(text, tool.name)
  return { name: tool.name, arguments: dumps(fill({ type: 'object', ...tool.parameters }, facts, tool.parameters, given) ?? {}) }
}

const notNames = new Set(['I', 'OK', 'JSON', 'API', 'Use', 'Please', 'Celsius', 'Fahrenheit', 'UTC', 'GMT'])

function phrasesOf(text: string): string[] {
  const quoted = [...text.matchAll(/"([^"\n]*)"|\u201c([^\u201d\n]*)\u201d|(?<!\w)'([^'\n]+)'(?!\w)|`([^`\n]+)`/g)]
  if (quoted.length > 0) return quoted.map((match) => match[1] ?? match[2] ?? match[3] ?? match[4] ?? '')
  const names = text.matchAll(/\p{Lu}[\p{L}\d_]*(?:[ -]\p{Lu}[\p{L}\d_]*)*(?:, \p{Lu}{2}(?!\p{L}))?/gu)
  return [...names]
    .filter(({ 0: name, index }) => {
      const before = text.slice(0, index)
      return /[^\p{L}\d_]$/u.test(before.slice(-2)) && !/[.!?]$/.test(before.trimEnd().slice(-1)) && !notNames.has(name)
    })
    .map((match) => match[0])
}

/** What a prompt offers to fill in, used up from left to right. */
class PromptFacts {
  readonly text: string
  readonly strings: string[]
  readonly numbers: number[]
  constructor(text: string, ...not: readonly string[]) {
    this.text = text
    this.strings = phrasesOf(text).filter((phrase) => !not.includes(phrase))
    this.numbers = [...text.matchAll(/(?<![\w.])-?\d+(?:\.\d+)?(?!\w)/g)].map(Number)
  }
  match(pattern: RegExp): string | undefined {
    return pattern.exec(this.text)?.[0]
  }
}

type Schema = Record<string, unknown>

/** A value that fits the schema; undefined when an optional one has no source in the prompt. */
function fill(part: unknown, facts: PromptFacts, root: Schema, given?: unknown, needed = true, depth = 0): unknown {
  const schema = resolve(part, root)
  if ('const' in schema) return schema['const']
  if (Array.isArray(schema['enum'])) return fromEnum(schema['enum'], facts, given, needed)
  const types = [schema['type']].flat()
  const kind: unknown = types.find((type) => type !== 'null') ?? types[0] ?? ('properties' in schema ? 'object' : undefined)
  if (given !== undefined && kind !== 'object' && (fits(given, schema, root) || Array.isArray(schema['allOf']))) return given
  if (Array.isArray(schema['allOf'])) {
    const all = schema['allOf'].map((item) => resolve(item, root))
    const merged: Schema = Object.assign({}, schema, ...all)
    merged['properties'] = Object.assign({}, ...[schema, ...all].map((item) => item['properties'] ?? {}))
    merged['required'] = [schema, ...all].flatMap((item) => (Array.isArray(item['required']) ? item['required'] : []))
    delete merged['allOf']
    return fill(merged, facts, root, given, needed, depth)
  }
  const variants = schema['anyOf'] ?? schema['oneOf']
  if (Array.isArray(variants)) {
    if (depth > 8) return null
    const meant = given === undefined ? undefined : variants.find((variant) => fits(given, variant, root))
    return fill(meant ?? variants[0], facts, root, given, needed, depth + 1)
  }
  switch (kind) {
    case 'object':
      return fillObject(schema, facts, root, given, needed, depth)
    case 'array':
      if (Array.isArray(schema['prefixItems']))
        return schema['prefixItems'].map((item, index) =>
          fill(item, facts, root, Array.isArray(given) ? given[index] : undefined, true, depth + 1),
        )
      return Array.isArray(given)
        ? given.slice(0, Number(schema['maxItems'] ?? given.length))
        : fillArray(schema, facts, root, needed, depth)
    case 'integer':
    case 'number':
      return fillNumber(schema, facts, kind === 'integer', needed, given)
    case 'boolean':
      return fillBoolean(facts, needed)
    case 'null':
      return null
    default:
      return fillString(schema, facts, needed, given)
  }
}

function fromEnum(values: unknown[], facts: PromptFacts, given: unknown, needed: boolean): unknown {
  if (given !== undefined && values.some((value) => dumps(value) === dumps(given))) return given
  const text = facts.text.toLowerCase()
  const named = values.find((value) => typeof value === 'string' && value !== '' && text.includes(value.toLowerCase()))
  return named ?? (needed ? values[0] : undefined)
}

function fillObject(schema: Schema, facts: PromptFacts, root: Schema, given: unknown, needed: boolean, depth: number): unknown {
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  const values = isObject(given) ? given : {}
  const out: Schema = {}
  for (const [key, property] of Object.entries(properties)) {
    if (depth > 8 && !required.includes(key)) continue
    const value = depth > 40 ? null : fill(property, facts, root, values[key], required.includes(key), depth + 1)
    if (value !== undefined) out[key] = value
  }
  if (Object.keys(properties).length === 0 && schema['additionalProperties'] !== false) {
    for (const [key, value] of Object.entries(values)) out[key] = fill(schema['additionalProperties'], facts, root, value, true, depth + 1)
  }
  return needed || Object.keys(out).length > 0 ? out : undefined
}

function fillArray(schema: Schema, facts: PromptFacts, root: Schema, needed: boolean, depth: number): unknown {
  const items = schema['items'] ?? { type: 'string' }
  const least = typeof schema['minItems'] === 'number' ? schema['minItems'] : 0
  const most = typeof schema['maxItems'] === 'number' ? schema['maxItems'] : 8
  const out: unknown[] = []
  for (let i = 0; i < most; i++) {
    const enoughItems = out.length >= Math.max(least, needed && least === 0 && schema['maxItems'] !== 0 ? 1 : least)
    const facty = facts.strings.length + facts.numbers.length
    const value = fill(items, facts, root, undefined, !enoughItems, depth + 1)
    if (value === undefined) break
    out.push(value)
    const used = facty - facts.strings.length - facts.numbers.length
    if (used === 0 && out.length >= Math.max(1, least)) break
  }
  return needed || out.length > 0 ? out : undefined
}

function fillNumber(schema: Schema, facts: PromptFacts, whole: boolean, needed: boolean, given: unknown): unknown {
  const found = typeof given === 'number' ? given : facts.numbers.shift()
  if (found === undefined && !needed) return undefined
  const least = typeof schema['minimum'] === 'number' ? schema['minimum'] : -Infinity
  const most = typeof schema['maximum'] === 'number' ? schema['maximum'] : Infinity
  const value = Math.min(Math.max(found ?? 1, least), most)
  return whole ? Math.trunc(value) : value
}

function fillBoolean(facts: PromptFacts, needed: boolean): unknown {
  const have = wordsOf(facts.text)
  if (have.has('false') || have.has('no') || have.has('not')) return false
  return needed || have.has('true') || have.has('yes') ? true : undefined
}

const formats: Readonly<Record<string, readonly [RegExp, string]>> = {
  date: [/\d{4}-\d{2}-\d{2}/, '2026-01-31'],
  time: [/\d{2}:\d{2}(?::\d{2})?/, '12:00:00'],
  'date-time': [/\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})?/, '2026-01-31T12:00:00Z'],
  email: [/[\w.+-]+@[\w-]+(?:\.[\w-]+)+/, 'someone@example.com'],
  uri: [/https?:\/\/[^\s"'<>]+/, 'https://example.com/'],
  uuid: [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i, '00000000-0000-4000-8000-000000000000'],
}

function fillString(schema: Schema, facts: PromptFacts, needed: boolean, given: unknown): unknown {
  if (typeof schema['pattern'] === 'string' && (needed || given !== undefined)) return textOfPattern(schema['pattern'])
  const format = formats[String(schema['format'])]
  if (format) return facts.match(format[0]) ?? (needed ? format[1] : undefined)
  const found = typeof given === 'string' ? given : (facts.strings.shift() ?? (needed ? fallback(facts.text) : undefined))
  const most = typeof schema['maxLength'] === 'number' ? schema['maxLength'] : Infinity
  const least = typeof schema['minLength'] === 'number' ? schema['minLength'] : 0
  return found === undefined ? found : found.slice(0, most).padEnd(least, '.')
}

function fallback(text: string): string {
  const place = /\b(?:in|for|near|about)\s+(?:the\s+)?(\p{L}[\p{L} ]*?)\s*(?=[?.!,]|$)/u.exec(text)?.[1]
  return place ?? (text.trim().split('\n')[0]?.slice(0, 60) || 'text')
}
