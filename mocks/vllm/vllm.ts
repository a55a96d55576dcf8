import { completion, events, type Frame } from './chat.ts'
import type { ChatScene, Fault } from './fault.ts'
import { faultOf } from './faults/index.ts'
import { generate, isGuided } from './generate.ts'
import { bump, exposition, newCounts, type Counts } from './metrics.ts'
import { think } from './model.ts'
import { nearest } from './nearest.ts'
import { newestOfKaito, profiles, type Profile } from './profiles.ts'
import { isRefusal, readBody, readPrompt, readTokens, readTurn, reading, type Server } from './request.ts'
import { tokenId, tokenize, tokenText } from './tokens.ts'
import type { Event, MockAnswer, MockRequest, Refusal, Reply, Said, Scene, TimedBytes, Turn } from './wire.ts'

export type { Fault } from './fault.ts'
export type { MockAnswer, MockRequest } from './wire.ts'

export interface VllmOptions {
  /** vLLM release to answer as. Default: the newest that KAITO ships. */
  profile?: string
  /** Tool parser: with automatic calls, loaded but without the auto flag, or none. Default hermes. */
  parser?: Server['parser']
  /** One defect, by name or as a value. */
  fault?: string | Fault
  /** Key that /v1 asks for. Default: open. */
  apiKey?: string
  /** Served model name. Default phi-4-mini-instruct. */
  model?: string
  /** Context length in tokens. Default 16384. */
  maxModelLen?: number
  /**
   * token: one token a delta; a number: so many tokens a delta; whole: all tokens in one delta and all events in one
   * write; byte: one token a delta and every byte a write of its own.
   */
  chunking?: 'token' | 'byte' | 'whole' | number
  /** Milliseconds before the first byte, and between events of a stream. Default 0. */
  latencyMs?: number
  gapMs?: number
  /** Milliseconds since 1970. Default Date.now. */
  clock?: () => number
  /** Decides all random ids. Default 1. */
  seed?: number
}

export interface Vllm {
  /** Answers a request and counts it as finished at once, unless its answer hangs. Never throws. */
  answer(request: MockRequest): MockAnswer
  /** Answers a request that stays open until `finished` or `disconnected` is called with the answer's id. */
  begin(request: MockRequest): MockAnswer
  /** The answer was sent to its end. */
  finished(id: number): void
  /** The client left after `written` chunks of the answer. */
  disconnected(id: number, written?: number): void
  readonly profile: Profile
  readonly model: string
  readonly fault: Fault | undefined
  readonly counts: Counts
}

/** What an open request will add to the counters when it ends. */
interface Open {
  handler: string
  method: string
  status: number
  chunks: number
  chat?: { generated: number; finishes: string[]; choices: number; parser: string[] }
}

const chatPath = '/v1/chat/completions'
const routes: Readonly<Record<string, readonly string[]>> = {
  '/v1/models': ['GET'],
  [chatPath]: ['POST'],
  '/tokenize': ['POST'],
  '/detokenize': ['POST'],
  '/health': ['GET'],
  '/ping': ['GET', 'POST'],
  '/load': ['GET'],
  '/version': ['GET'],
  '/metrics': ['GET'],
}
const uncounted = new Set(['/metrics', '/health', '/load', '/ping', '/version'])
const utf8 = new TextEncoder()

/**
 * A stand-in for vLLM's OpenAI-compatible server: a function from requests to timed bytes over a small state
 * (counters, ids, clock). Equal options, seed, clock and requests give equal bytes. `/v1/responses` and
 * `/v1/messages` are left out and answer 404. Throws RangeError for an unknown profile, fault or chunking.
 */
export function createVllm(options: VllmOptions = {}): Vllm {
  const wanted = options.profile ?? newestOfKaito
  const profile = profiles[wanted]
  if (!profile) throw new RangeError(`There is no profile ${wanted}; the nearest is ${nearest(wanted, Object.keys(profiles))}.`)
  const fault = typeof options.fault === 'string' ? faultOf(options.fault) : options.fault
  const { chunking = 'token', latencyMs = 0, gapMs = 0, clock = Date.now, apiKey } = options
  if (typeof chunking === 'number' && !(chunking >= 1)) throw new RangeError('A numeric chunking is at least 1.')
  const group = typeof chunking === 'number' ? Math.trunc(chunking) : chunking === 'whole' ? Number.MAX_SAFE_INTEGER : 1
  const server: Server = {
    profile,
    parser: options.parser ?? 'hermes',
    model: options.model ?? 'phi-4-mini-instruct',
    maxModelLen: options.maxModelLen ?? 16_384,
  }
  const counts = newCounts()
  const open = new Map<number, Open>()
  const memory = new Map<string, unknown>()
  let hex = hexFrom(options.seed ?? 1)
  let lastId = 0
  let chats = 0

  function admitted(request: MockRequest, path: string): boolean {
    if (apiKey === undefined || !path.startsWith('/v1') || request.method === 'OPTIONS') return true
    const verdict = fault?.admits?.(request)
    if (verdict !== undefined) return verdict
    const [scheme, key] = (request.headers['authorization'] ?? '').split(' ')
    return scheme?.toLowerCase() === 'bearer' && key === apiKey
  }

  function route(request: MockRequest, scene: Scene, record: Open): Reply {
    const path = request.path.split('?')[0] ?? ''
    if (!admitted(request, path)) return json(401, '{"error":"Unauthorized"}')
    const methods = Object.hasOwn(routes, path) ? routes[path] : undefined
    if (!methods) return json(404, '{"detail":"Not Found"}')
    record.handler = path
    if (!methods.includes(request.method)) {
      const reply = json(405, '{"detail":"Method Not Allowed"}')
      return { ...reply, headers: [['allow', methods.join(', ')], ...reply.headers] }
    }
    switch (path) {
      case '/health':
      case '/ping':
        return { status: 200, headers: [], body: '', end: 'complete' }
      case '/version':
        return json(200, JSON.stringify({ version: profile!.version }))
      case '/load':
        return json(200, '{"server_load":0}')
      case '/v1/models':
        return json(200, JSON.stringify(modelList()))
      case '/metrics': {
        const type = 'text/plain; version=1.0.0; charset=utf-8'
        return { status: 200, headers: [['content-type', type]], body: exposition(counts, profile!, server.model), end: 'complete' }
      }
      case chatPath:
        return chat(request, scene, record)
      default:
        return tokens(request, path, scene)
    }
  }

  function modelList(): unknown {
    const created = Math.floor(clock() / 1000)
    const permission = {
      id: `modelperm-${hex(profile!.idHex)}`,
      object: 'model_permission',
      created,
      allow_create_engine: false,
      allow_sampling: true,
      allow_logprobs: true,
      allow_search_indices: false,
      allow_view: true,
      allow_fine_tuning: false,
      organization: '*',
      group: null,
      is_blocking: false,
    }
    const card = { id: server.model, object: 'model', created, owned_by: 'vllm', root: server.model, parent: null }
    return { object: 'list', data: [{ ...card, max_model_len: server.maxModelLen, permission: [permission] }] }
  }

  function bodyOf(request: MockRequest, scene: Scene): Record<string, unknown> {
    const body = readBody(request.body, request.headers['content-type'], profile!)
    return fault?.body?.(body, scene) ?? body
  }

  function tokens(request: MockRequest, path: string, scene: Scene): Reply {
    const read = reading(() => {
      const body = bodyOf(request, scene)
      if (path === '/detokenize') return { prompt: readTokens(body, server).map(tokenText).join('') }
      const texts = tokenize(readPrompt(body, server))
      const shown = body['return_token_strs'] === true ? texts : null
      return { count: texts.length, max_model_len: server.maxModelLen, tokens: texts.map(tokenId), token_strs: shown }
    })
    return isRefusal(read) ? refused(read) : json(200, JSON.stringify(read))
  }

  function chat(request: MockRequest, scene: Scene, record: Open): Reply {
    const created = Math.floor(clock() / 1000)
    let read = reading<Turn>(() => readTurn(bodyOf(request, scene), server, chats))
    const refusal = isRefusal(read) ? read : undefined
    const verdict = fault?.verdict ? fault.verdict(refusal, scene) : refusal
    if (verdict) return verdict.inStream ? streamed(failure(verdict)) : refused(verdict)
    if (isRefusal(read)) read = reading<Turn>(() => readTurn({ messages: [{ role: 'user', content: 'Hello.' }] }, server, chats))
    if (isRefusal(read)) return refused(read)
    const turn = read
    chats++
    scene.running++
    const chatScene: ChatScene = Object.assign(scene, { turn })
    fault?.turn?.(turn, chatScene)
    const choice = turn.mode === 'named' ? { name: turn.named } : turn.mode === 'text' ? 'auto' : turn.mode
    const heard = think(turn.messages, turn.tools, choice, turn.format)
    const choices = Array.from({ length: turn.n }, (_, index) => {
      const said: Said = fault?.said ? { text: heard.text, calls: heard.calls.map((call) => ({ ...call })) } : heard
      fault?.said?.(said, chatScene, index)
      const made = generate(said, turn, profile!, index, group, () => `chatcmpl-tool-${hex(profile!.idHex)}`)
      fault?.choice?.(made, chatScene)
      return made
    })
    const id =
      request.headers['x-request-id'] ?? (typeof turn.body['request_id'] === 'string' ? turn.body['request_id'] : hex(profile!.idHex))
    const frame: Frame = { id: `chatcmpl-${id}`, created, model: server.model, parser: server.parser !== 'none' }
    record.chat = {
      generated: choices.reduce((sum, { tokens: made }) => sum + made.length, 0),
      finishes: choices.map(({ finish }) => (finish === 'length' ? 'length' : 'stop')),
      choices: choices.length,
      parser: parserCalls(turn, choices),
    }
    counts.running++
    counts.promptTokens += turn.promptTokens
    if (turn.stream) {
      const made = events(choices, turn, profile!, frame)
      return streamed(fault?.events?.(made, chatScene) ?? made)
    }
    const body = completion(choices, turn, profile!, frame)
    fault?.plain?.(body, chatScene)
    return json(200, JSON.stringify(body))
  }

  function parserCalls(turn: Turn, choices: readonly { calls: unknown[]; pieces: { parts: unknown[] }[] }[]): string[] {
    if (server.parser === 'none' || turn.tools.length === 0 || isGuided(turn, profile!) || turn.mode === 'none') return []
    if (!turn.stream) return choices.map(({ calls }) => `non_streaming ${outcome(calls.length > 0)}`)
    return choices.flatMap(({ pieces }) => pieces.map(({ parts }) => `streaming ${outcome(parts.length > 0)}`))
  }

  function failure(refusal: Refusal): Event[] {
    return [
      { text: errorBody(refusal), afterMs: 0 },
      { text: '[DONE]', afterMs: 0 },
    ]
  }

  function errorBody({ message, type, param, status }: Refusal): string {
    return JSON.stringify(
      profile!.errors.object ? { object: 'error', message, type, param, code: status } : { error: { message, type, param, code: status } },
    )
  }

  function refused(refusal: Refusal): Reply {
    return json(refusal.status, errorBody(refusal))
  }

  function begin(request: MockRequest): MockAnswer {
    const id = ++lastId
    const record: Open = { handler: 'none', method: request.method, status: 0, chunks: 0 }
    const scene: Scene = { profile: profile!, request, memory, running: [...open.values()].filter((other) => other.chat).length }
    const routed = route(request, scene, record)
    const reply = fault?.reply?.(routed, scene) ?? routed
    const chunks = timed(reply)
    record.status = reply.status
    record.chunks = chunks.length
    open.set(id, record)
    const answer: MockAnswer = { id, status: reply.status, headers: headersOf(reply), chunks, end: reply.end }
    if (reply.head !== undefined) answer.head = utf8.encode(reply.head)
    return answer
  }

  function headersOf(reply: Reply): [string, string][] {
    const length: [string, string][] = reply.events ? [] : [['content-length', String(utf8.encode(reply.body).length)]]
    const own = reply.headers.some(([name]) => name === 'content-length') ? [] : length
    const allow = reply.headers.filter(([name]) => name === 'allow')
    const rest = reply.headers.filter(([name]) => name !== 'allow')
    const vary: [string, string][] = profile!.vary && reply.status !== 401 ? [['vary', 'Origin']] : []
    return [['date', new Date(clock()).toUTCString()], ['server', 'uvicorn'], ...allow, ...own, ...rest, ...vary]
  }

  function timed(reply: Reply): TimedBytes[] {
    if (!reply.events) return reply.body === '' ? [] : [{ afterMs: latencyMs, bytes: utf8.encode(reply.body) }]
    const written = reply.events.map((event, i) => ({
      afterMs: event.afterMs + (i === 0 ? latencyMs : gapMs),
      bytes: utf8.encode(blockOf(event)),
    }))
    if (chunking === 'byte') {
      return written.flatMap(({ afterMs, bytes }) =>
        Array.from(bytes, (byte, i) => ({ afterMs: i === 0 ? afterMs : 0, bytes: Uint8Array.of(byte) })),
      )
    }
    if (chunking !== 'whole' || written.some(({ afterMs }, i) => i > 0 && afterMs > gapMs)) return written
    const all = utf8.encode(reply.events.map(blockOf).join(''))
    return all.length > 0 ? [{ afterMs: latencyMs, bytes: all }] : []
  }

  function count(id: number, written: number | undefined): void {
    const record = open.get(id)
    if (!record) return
    open.delete(id)
    if (!uncounted.has(record.handler)) {
      bump(counts.http, `${record.handler} ${record.method} ${Math.floor(record.status / 100)}xx`)
    }
    const { chat: made } = record
    if (!made) return
    counts.running--
    counts.requests += made.choices
    const left = written !== undefined
    const generated = left ? Math.floor((made.generated * Math.min(written, record.chunks)) / Math.max(1, record.chunks)) : made.generated
    counts.generationTokens += generated
    for (const reason of made.finishes) bump(counts.finished, left ? 'abort' : reason)
    for (const key of made.parser) bump(counts.parser, key)
    counts.ttft.add((latencyMs + 1) / 1000, made.choices)
    if (generated > made.choices) counts.itl.add((gapMs + 1) / 1000, generated - made.choices)
    counts.e2e.add((latencyMs + gapMs * generated + 1) / 1000, made.choices)
  }

  return {
    begin,
    answer(request) {
      const made = begin(request)
      if (made.end !== 'hang') count(made.id, undefined)
      return made
    },
    finished: (id) => count(id, undefined),
    disconnected(id, written = 0) {
      if (!fault?.deafToDisconnect) count(id, written)
    },
    profile,
    model: server.model,
    fault,
    counts,
  }
}

function outcome(called: boolean): string {
  return called ? 'tool_call' : 'no_tool_call'
}

function blockOf(event: Event): string {
  if ('raw' in event) return event.raw
  return `data: ${'text' in event ? event.text : JSON.stringify(event.chunk)}\n\n`
}

function json(status: number, body: string): Reply {
  return { status, headers: [['content-type', 'application/json']], body, end: 'complete' }
}

function streamed(list: Event[]): Reply {
  return { status: 200, headers: [['content-type', 'text/event-stream; charset=utf-8']], body: '', events: list, end: 'complete' }
}

/** Random hex digits from a seed (splitmix32). */
function hexFrom(seed: number): (digits: number) => string {
  let state = Math.trunc(seed) | 0
  const next = (): string => {
    state = (state + 0x9e3779b9) | 0
    let t = state ^ (state >>> 16)
    t = Math.imul(t, 0x21f0aaad)
    t ^= t >>> 15
    t = Math.imul(t, 0x735a2d97)
    return ((t ^ (t >>> 15)) >>> 0).toString(16).padStart(8, '0')
  }
  return (digits) => {
    let out = ''
    while (out.length < digits) out += next()
    return out.slice(0, digits)
  }
}
