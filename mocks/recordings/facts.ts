import { isObject, list, record, word } from '../vllm/json.ts'

/** What is kept of one answer of a real server: enough to hold a stand-in against it. */
export interface AnswerFacts {
  status: number
  /** Header names in order, without those of the connection. */
  headers: string[]
  /** Path in the JSON → sorted keys there. Lists are merged, events of a stream as well. */
  keys: Record<string, string>
  /** Kinds of the events of a stream in order, runs of one kind once. Absent for plain answers. */
  kinds?: string[]
  /** Finish reason per choice index; status of a response, stop reason of a message. */
  finishes: string[]
  /** Names of the calls per choice index, joined by commas. */
  calls: string[]
}

interface Seen {
  status: number
  headers: readonly (readonly string[])[]
  body: string
}

type Json = Record<string, unknown>

const ofConnection = new Set(['connection', 'transfer-encoding', 'keep-alive'])

/** Reads the facts of an answer off its bytes. */
export function factsOf({ status, headers, body }: Seen): AnswerFacts {
  const names = headers.map(([name]) => name!.toLowerCase()).filter((name) => !ofConnection.has(name))
  const facts: AnswerFacts = { status, headers: names, keys: {}, finishes: [], calls: [] }
  const keys = new Map<string, Set<string>>()
  if (/^(?:data|event): /.test(body)) readStream(body, facts, keys)
  else readPlain(body, facts, keys)
  facts.keys = Object.fromEntries([...keys].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([path, set]) => [path, [...set].toSorted().join(' ')]))
  return facts
}

function readPlain(body: string, facts: AnswerFacts, keys: Map<string, Set<string>>): void {
  const json = parsed(body)
  if (json === undefined) return
  collect(json, '', keys)
  if (json['object'] === 'response' || json['type'] === 'message') readWhole(json, facts)
  for (const choice of listOf(json, 'choices')) {
    facts.finishes.push(word(choice['finish_reason']))
    facts.calls.push(
      listOf(choice['message'], 'tool_calls')
        .map((call) => word(record(call['function'])['name']))
        .join(','),
    )
  }
}

/** The body of /v1/responses or /v1/messages. */
function readWhole(json: Json, facts: AnswerFacts): void {
  const items = [...listOf(json, 'output'), ...listOf(json, 'content')]
  facts.finishes = [word(json['stop_reason'] ?? json['status'])]
  facts.calls = [
    items
      .filter(({ type }) => type === 'function_call' || type === 'tool_use')
      .map(({ name }) => word(name))
      .join(','),
  ]
}

function readStream(body: string, facts: AnswerFacts, keys: Map<string, Set<string>>): void {
  const kinds: string[] = []
  const calls = new Map<number, string[]>()
  const finishes = new Map<number, string>()
  for (const block of body.split('\n\n').filter(Boolean)) {
    const data = block.replace(/^event: .*\n/, '').slice(6)
    const json = parsed(data)
    const kind = json === undefined ? data : kindOf(json)
    if (kind !== kinds.at(-1)) kinds.push(kind)
    if (json === undefined) continue
    collect(json, '', keys)
    if (json['type'] === 'response.completed' || json['type'] === 'response.incomplete') readWhole(record(json['response']), facts)
    if (json['type'] === 'content_block_start') facts.calls.push(word(record(json['content_block'])['name'] ?? 'text'))
    if (json['type'] === 'message_delta') facts.finishes = [word(record(json['delta'])['stop_reason'])]
    for (const choice of listOf(json, 'choices')) {
      const index = Number(choice['index'])
      const names = calls.get(index) ?? []
      calls.set(index, names)
      for (const entry of listOf(choice['delta'], 'tool_calls')) if (entry['id']) names.push(word(record(entry['function'])['name']))
      if (choice['finish_reason']) finishes.set(index, word(choice['finish_reason']))
    }
  }
  facts.kinds = kinds
  if (finishes.size === 0 && facts.finishes.length > 0) return
  facts.finishes = [...finishes].toSorted(([a], [b]) => a - b).map(([, finish]) => finish)
  facts.calls = [...calls].toSorted(([a], [b]) => a - b).map(([, names]) => names.join(','))
}

function kindOf(json: Json): string {
  if (typeof json['type'] === 'string') return json['type']
  if ('error' in json) return 'error'
  const choice = listOf(json, 'choices')[0]
  if (!choice) return 'usage'
  const delta = record(choice['delta'])
  if (choice['finish_reason'] !== null) return 'finish'
  if ('role' in delta) return 'role'
  if (listOf(delta, 'tool_calls').length > 0) return 'call'
  return delta['content'] ? 'text' : 'empty'
}

function parsed(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function listOf(value: unknown, key: string): Json[] {
  return list(record(value)[key]).filter(isObject)
}

function collect(value: unknown, path: string, keys: Map<string, Set<string>>): void {
  if (Array.isArray(value)) for (const item of value) collect(item, `${path}[]`, keys)
  else if (typeof value === 'object' && value !== null) {
    const set = keys.get(path) ?? new Set()
    keys.set(path, set)
    for (const [key, item] of Object.entries(value)) {
      set.add(key)
      collect(item, path === '' ? key : `${path}.${key}`, keys)
    }
  }
}
