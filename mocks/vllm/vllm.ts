import { givenAgain, patternOf, type Pattern } from './again.ts'
import { completion, events, type Frame } from './chat.ts'
import type { ChatScene, Fault } from './fault.ts'
import { generate, isGuided } from './generate.ts'
import { bump, exposition, newCounts, type Counts } from './metrics.ts'
import { think } from './model.ts'
import { instead } from '../instead.ts'
import { newestOfKaito, profiles, type MockProfile } from './profiles.ts'
import { chatOfMessages, messageBody, messageEvents } from './messages.ts'
import { completionAsOpenAi, eventsAsOpenAi, unauthorized } from './openai.ts'
import { isRefusal, reading } from './refusal.ts'
import { routeOf } from '../../fixtures/contract/route.ts'
import { readBody, readPrompt, readTokens, readTurn, turnOf, type Server } from './request.ts'
import { chatOfResponses, response, responseEvents } from './responses.ts'
import { codeAsRust, completionAsRust, eventsAsRust } from './rust.ts'
import { hash, tokenId, tokenize, tokenText } from './tokens.ts'
import {
  blockOf,
  type Api,
  type Choice,
  type Event,
  type MockAnswer,
  type MockRequest,
  type NamedEvent,
  type Refusal,
  type Draft,
  type Said,
  type Scene,
  type TimedBytes,
  type Turn,
} from './wire.ts'

export type { Fault } from './fault.ts'
export type { MockAnswer, MockRequest } from './wire.ts'

/** How a mock server is set up. */
export interface VllmOptions {
  /** vLLM release to answer as, or vllm-rust, or openai. Default: the newest release that KAITO ships. */
  profile?: string
  /** Tool parser: with automatic calls, loaded but without the auto flag, or none. Default hermes. */
  parser?: Server['parser']
  /** One defect. Those of the catalogue have names: `faultOf`. */
  fault?: Fault
  /** Key that /v1 asks for. Default: open. */
  apiKey?: string
  /** Served model name. Default phi-4-mini-instruct. */
  model?: string
  /** Context length in tokens. Default 32768. */
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
  /** KAITO's queue guard: so many requests to the model may be open, more are refused with 429. Default: no guard. */
  queueLimit?: number
}

/** A mock server as a function from requests to answers, with its counters. */
export interface Vllm {
  /** Answers a request and counts it as finished at once, unless its answer hangs. Never throws. */
  answer(request: MockRequest): MockAnswer
  /** Answers a request that stays open until `finished` or `disconnected` is called with the answer's id. */
  begin(request: MockRequest): MockAnswer
  /** The answer was sent to its end. */
  finished(id: number): void
  /** The client left after `written` chunks of the answer. */
  disconnected(id: number, written?: number): void
  readonly profile: MockProfile
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
  chat?: Added
}

/** What one request to the model adds to the counters. */
interface Added {
  promptTokens: number
  generated: number
  finishes: string[]
  choices: number
  /** How often the parser was called, by the series that counts it. */
  parser: readonly (readonly [series: string, calls: number])[]
}

/** An answer that was worked out before. */
interface Known {
  reply: Draft
  added: Added
  pattern: Pattern
}

const apis: Readonly<Record<string, Api>> = { '/v1/chat/completions': 'chat', '/v1/responses': 'responses', '/v1/messages': 'messages' }
const routes: Readonly<Record<string, readonly string[]>> = {
  '/v1/models': ['GET'],
  '/v1/chat/completions': ['POST'],
  '/v1/responses': ['POST'],
  '/v1/messages': ['POST'],
  '/v1/messages/count_tokens': ['POST'],
  '/tokenize': ['POST'],
  '/detokenize': ['POST'],
  '/health': ['GET'],
  '/ping': ['GET', 'POST'],
  '/load': ['GET'],
  '/version': ['GET'],
  '/metrics': ['GET'],
}
/** Anthropic's names of errors by status; any other is api_error. Source: vLLM vllm/entrypoints/anthropic/protocol.py (0.33.0). */
const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
}
const uncounted = new Set(['/metrics', '/health', '/load', '/ping', '/version'])
const guarded = ['/v1/completions', '/v1/chat/completions', '/v1/embeddings', '/tokenize', '/pooling', '/score', '/rerank', '/v1/rerank']
/** Answers that a server keeps, so that a load asks for little more than writing them. */
const MOST_KNOWN = 256
const charset = ({ latin1 }: Draft): BufferEncoding => (latin1 ? 'latin1' : 'utf8')
const encode = (draft: Draft, text: string): Uint8Array => Buffer.from(text, charset(draft))

/**
 * A stand-in for vLLM's OpenAI-compatible server: a function from requests to timed bytes over a small state
 * (counters, ids, clock). Equal options, seed, clock and requests give equal bytes. Throws RangeError for an unknown
 * profile or chunking.
 */
export function createVllm(options: VllmOptions = {}): Vllm {
  const wanted = options.profile ?? newestOfKaito
  const profile = profiles[wanted]
  if (!profile) throw new RangeError(`There is no profile ${wanted}; ${instead(wanted, Object.keys(profiles), 'profiles.ts holds them')}.`)
  const { fault: defect, chunking = 'token', latencyMs = 0, gapMs = 0, clock = Date.now, apiKey, queueLimit } = options
  if (typeof chunking === 'number' && !(chunking >= 1)) throw new RangeError('A numeric chunking is at least 1.')
  const group = typeof chunking === 'number' ? Math.trunc(chunking) : chunking === 'whole' ? Number.MAX_SAFE_INTEGER : 1
  const server: Server = {
    profile,
    parser: options.parser ?? 'hermes',
    model: options.model ?? 'phi-4-mini-instruct',
    maxModelLen: options.maxModelLen ?? 32_768,
  }
  const { dialect } = profile
  const names: Readonly<Record<MockProfile['dialect'], () => [string, string][]>> = {
    vllm: () => [['server', 'uvicorn']],
    'vllm-rust': () => [],
    openai: () => [
      ['x-request-id', `req_${hex(32)}`],
      ['openai-version', '2020-10-01'],
      ['openai-processing-ms', String(latencyMs)],
    ],
  }
  const counts = newCounts()
  if (queueLimit !== undefined) counts.refused = 0
  const open = new Map<number, Open>()
  /** The defect, while a request is answered that it concerns. */
  let fault: Fault | undefined
  const memory = new Map<string, unknown>()
  const seed = options.seed ?? 1
  let random = hexFrom(seed)
  let drawn: string[] = []
  let dated = { second: Number.NaN, text: '' }
  const known = new Map<string, Known>()
  const timesAsked = new Uint32Array(1024)
  let lastId = 0
  let chats = 0
  const started = clock() / 1000

  function second(): number {
    return Math.floor(clock() / 1000)
  }

  function date(): string {
    const now = second()
    if (now !== dated.second) dated = { second: now, text: new Date(now * 1000).toUTCString() }
    return dated.text
  }

  function hex(digits: number): string {
    const id = random(digits)
    drawn.push(id)
    return id
  }

  function admitted(request: MockRequest, path: string): boolean {
    if (apiKey === undefined || !path.startsWith('/v1') || request.method === 'OPTIONS') return true
    const verdict = fault?.admits?.(request)
    if (verdict !== undefined) return verdict
    const [scheme, key] = (request.headers['authorization'] ?? '').split(' ')
    return scheme?.toLowerCase() === 'bearer' && key === apiKey
  }

  function route(request: MockRequest, scene: Scene, record: Open): Draft {
    const { path } = request
    if (queueLimit !== undefined && scene.running >= queueLimit && guarded.some((prefix) => path.startsWith(prefix))) {
      counts.refused = (counts.refused ?? 0) + 1
      return json(429, tooMany(scene.running + 1, queueLimit))
    }
    if (!admitted(request, path)) return refusedKey(request)
    const methods = Object.hasOwn(routes, path) && !profile!.without.includes(path) ? routes[path] : undefined
    if (!methods) return noRoute(request, path)
    record.handler = path
    if (!methods.includes(request.method)) return noMethod(request, path, methods)
    const api = apis[path]
    if (api) return ask(api, request, scene, record)
    switch (path) {
      case '/health':
      case '/ping':
        return { status: 200, headers: [], body: '', end: 'complete' }
      case '/version':
        return json(
          200,
          JSON.stringify({ version: profile!.version, ...(dialect === 'vllm-rust' ? { rust_frontend_version: profile!.version } : {}) }),
        )
      case '/load':
        return json(200, '{"server_load":0}')
      case '/v1/models':
        return json(200, JSON.stringify(modelList()))
      case '/metrics': {
        const type = 'text/plain; version=1.0.0; charset=utf-8'
        return {
          status: 200,
          headers: [['content-type', type]],
          body: exposition(counts, profile!, server.model, server.parser !== 'none', started),
          end: 'complete',
        }
      }
      default:
        return tokens(request, path, scene)
    }
  }

  function refusedKey(request: MockRequest): Draft {
    if (dialect !== 'openai') return json(401, '{"error":"Unauthorized"}')
    const { message: text, code } = unauthorized(request)
    return json(401, JSON.stringify({ error: { message: text, type: 'invalid_request_error', param: null, code } }))
  }

  function noRoute(request: MockRequest, path: string): Draft {
    if (dialect === 'vllm-rust') return { status: 404, headers: [], body: '', end: 'complete' }
    if (dialect === 'vllm') return json(404, '{"detail":"Not Found"}')
    const name = /^\/v1\/models\/(.+)$/.exec(path)?.[1]
    if (name === server.model && request.method === 'GET') return json(200, JSON.stringify(modelCard()))
    const text = name === undefined ? `Invalid URL (${request.method} ${path})` : `The model '${name}' does not exist`
    return json(404, errorBody({ status: 404, message: text, type: '', param: null, code: name === undefined ? null : 'model_not_found' }))
  }

  function noMethod(request: MockRequest, path: string, methods: readonly string[]): Draft {
    if (dialect === 'openai') {
      const text = `Not allowed to ${request.method} on ${path}.`
      return json(405, errorBody({ status: 405, message: text, type: '', param: null, code: 'method_not_supported' }))
    }
    const reply = dialect === 'vllm' ? json(405, '{"detail":"Method Not Allowed"}') : { ...json(405, ''), headers: [] }
    return { ...reply, headers: [['allow', methods.join(', ')], ...reply.headers] }
  }

  function modelCard(): Record<string, unknown> {
    return { id: server.model, object: 'model', created: 1_686_935_002, owned_by: 'openai' }
  }

  function modelList(): unknown {
    if (dialect === 'openai') return { object: 'list', data: [modelCard()] }
    const permission = {
      id: `modelperm-${hex(profile!.idHex)}`,
      object: 'model_permission',
      created: second(),
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
    const owner = dialect === 'vllm-rust' ? 'vllm-frontend-rs' : 'vllm'
    const card = { id: server.model, object: 'model', created: second(), owned_by: owner, root: server.model, parent: null }
    if (dialect === 'vllm-rust') return { object: 'list', data: [{ ...card, max_model_len: server.maxModelLen }] }
    return { object: 'list', data: [{ ...card, max_model_len: server.maxModelLen, permission: [permission] }] }
  }

  function bodyOf(request: MockRequest): Record<string, unknown> {
    return readBody(request.body, request.headers['content-type'], profile!)
  }

  function tokens(request: MockRequest, path: string, scene: Scene): Draft {
    const read = reading(() => {
      const asked = bodyOf(request)
      if (path === '/v1/messages/count_tokens') {
        const body = chatOfMessages(asked, profile!, true)
        return { input_tokens: turnOf(fault?.body?.(body, scene) ?? body, server, chats).promptTokens }
      }
      const body = fault?.body?.(asked, scene) ?? asked
      if (path === '/detokenize') return { prompt: readTokens(body, server).map(tokenText).join('') }
      const texts = tokenize(readPrompt(body, server))
      const shown = body['return_token_strs'] === true ? texts : null
      return { count: texts.length, max_model_len: server.maxModelLen, tokens: texts.map(tokenId), token_strs: shown }
    })
    return isRefusal(read) ? refused(read, path.startsWith('/v1/messages') ? 'messages' : 'chat') : json(200, JSON.stringify(read))
  }

  function readAsked(api: Api, request: MockRequest, scene: Scene): Turn {
    const asked = bodyOf(request)
    const spelt = api === 'responses' ? chatOfResponses(asked, profile!) : api === 'messages' ? chatOfMessages(asked, profile!) : asked
    const body = fault?.body?.(spelt, scene) ?? spelt
    return api === 'chat' ? readTurn(body, server, chats) : turnOf(body, server, chats, asked)
  }

  function countIn(added: Added, record: Open): void {
    record.chat = added
    counts.running++
    counts.promptTokens += added.promptTokens
  }

  function ask(api: Api, request: MockRequest, scene: Scene, record: Open): Draft {
    const created = second()
    const before = fault ? undefined : known.get(questionOf(request))
    if (before) {
      countIn(before.added, record)
      return { ...before.reply, ready: givenAgain(before.pattern, hex, created) }
    }
    let read = reading<Turn>(() => readAsked(api, request, scene))
    const refusal = isRefusal(read) ? read : undefined
    const verdict = fault?.verdict ? fault.verdict(refusal, scene) : refusal
    if (verdict) return verdict.inStream && api === 'chat' ? streamed(failure(verdict)) : refused(verdict, api)
    const hello = { model: server.model, messages: [{ role: 'user', content: 'Hello.' }] }
    if (isRefusal(read)) read = reading<Turn>(() => readTurn(hello, server, chats))
    if (isRefusal(read)) return refused(read, api)
    const turn = read
    chats++
    scene.running++
    const chatScene: ChatScene = Object.assign(scene, { turn })
    fault?.turn?.(turn, chatScene)
    const choice = turn.mode === 'named' ? { name: turn.named } : turn.mode === 'text' ? 'auto' : turn.mode
    const heard = think(turn.messages, turn.tools, choice, turn.format)
    const prefix = api === 'responses' ? profile!.responses.callPrefix : profile!.callPrefix
    const choices = Array.from({ length: turn.n }, (_, index) => {
      const said: Said = fault?.said ? { text: heard.text, calls: heard.calls.map((call) => ({ ...call })) } : heard
      fault?.said?.(said, chatScene, index)
      const made = generate(said, turn, profile!, index, group, () => `${prefix}${hex(profile!.idHex)}`)
      fault?.choice?.(made, chatScene)
      return made
    })
    const added: Added = {
      promptTokens: turn.promptTokens,
      generated: choices.reduce((sum, { tokens: made }) => sum + made.length, 0),
      finishes: choices.map(({ finish }) => (finish === 'length' ? 'length' : 'stop')),
      choices: choices.length,
      parser: parserCalls(turn, choices, api === 'responses' ? 'responses' : 'chat_completions'),
    }
    countIn(added, record)
    const frame: Frame = { id: idOf(api, request, turn), created, model: server.model, parser: server.parser !== 'none' }
    const reply = reading<Draft>(() => {
      if (api === 'chat') return chat(choices, turn, frame, chatScene)
      return api === 'responses' ? respond(choices[0]!, turn, frame, chatScene) : tell(choices[0]!, turn, frame, chatScene)
    })
    return isRefusal(reply) ? refused(reply, api) : reply
  }

  function idOf(api: Api, request: MockRequest, turn: Turn): string {
    if (api === 'responses') return `resp_${hex(profile!.idHex)}`
    if (dialect === 'openai') return `chatcmpl-${hex(profile!.idHex)}`
    const given = turn.asked['request_id']
    return `chatcmpl-${request.headers['x-request-id'] ?? (typeof given === 'string' ? given : hex(profile!.idHex))}`
  }

  function chat(choices: readonly Choice[], turn: Turn, frame: Frame, scene: ChatScene): Draft {
    if (turn.stream) {
      const made = events(choices, turn, profile!, frame)
      // With ignore_eos a model goes on for a while: the mock says no more than usual but takes its time.
      if (turn.body['ignore_eos'] === true) for (const event of made) event.afterMs += 10
      if (dialect === 'openai') eventsAsOpenAi(made, turn, profile!.fingerprint)
      if (dialect === 'vllm-rust') eventsAsRust(made)
      return streamed(fault?.events?.(made, scene) ?? made)
    }
    const body = completion(choices, turn, profile!, frame)
    if (dialect === 'openai') completionAsOpenAi(body, profile!.fingerprint)
    if (dialect === 'vllm-rust') completionAsRust(body)
    fault?.plain?.(body, scene)
    return json(200, JSON.stringify(body))
  }

  function respond(choice: Choice, turn: Turn, frame: Frame, scene: ChatScene): Draft {
    const draft = { turn, profile: profile!, frame, nextId: (prefix: string) => `${prefix}${hex(profile!.idHex)}` }
    if (turn.stream) {
      const made = responseEvents(choice, draft)
      return streamed(namedEvents(fault?.responseEvents?.(made, scene) ?? made))
    }
    const body = response(choice, draft)
    fault?.response?.(body, scene)
    return json(200, JSON.stringify(body))
  }

  function tell(choice: Choice, turn: Turn, frame: Frame, scene: ChatScene): Draft {
    if (turn.stream) {
      const made = messageEvents(choice, turn, profile!, frame)
      return streamed(namedEvents(fault?.messageEvents?.(made, scene) ?? made))
    }
    const body = messageBody(choice, turn, frame)
    fault?.message?.(body, scene)
    return json(200, JSON.stringify(body))
  }

  function parserCalls(turn: Turn, choices: readonly Choice[], kind: string): Added['parser'] {
    if (server.parser === 'none' || turn.tools.length === 0 || isGuided(turn, profile!) || turn.mode === 'none') return []
    const isCall = turn.stream
      ? choices.flatMap(({ pieces }) => pieces.map(({ parts }) => parts.length > 0))
      : choices.map(({ calls }) => calls.length > 0)
    const called = isCall.filter(Boolean).length
    const mode = turn.stream ? 'streaming' : 'non_streaming'
    return [
      [`${mode} tool_call ${kind}`, called],
      [`${mode} no_tool_call ${kind}`, isCall.length - called],
    ]
  }

  function failure(refusal: Refusal): Event[] {
    return [
      { text: errorBody(refusal), afterMs: 0 },
      { text: '[DONE]', afterMs: 0 },
    ]
  }

  function errorBody({ message: text, type, param, status, code }: Refusal): string {
    if (dialect !== 'vllm') {
      const word = dialect === 'openai' ? null : codeAsRust(status, text)
      const kind = status >= 500 ? 'server_error' : 'invalid_request_error'
      return JSON.stringify({ error: { message: text, type: kind, param, code: code === undefined ? word : code } })
    }
    return JSON.stringify(
      profile!.errors.object
        ? { object: 'error', message: text, type, param, code: status }
        : { error: { message: text, type, param, code: status } },
    )
  }

  function refused(refusal: Refusal, api: Api = 'chat'): Draft {
    if (api !== 'messages') return json(refusal.status, errorBody(refusal))
    const type = profile!.messages.errorTypes === 'vllm' ? refusal.type : (errorTypes[refusal.status] ?? 'api_error')
    return json(refusal.status, JSON.stringify({ type: 'error', error: { type, message: refusal.message } }))
  }

  function begin(asking: MockRequest): MockAnswer {
    const request = asking.path.includes('?') ? { ...asking, path: routeOf(asking.path) } : asking
    fault = defect?.path === undefined || defect.path === request.path ? defect : undefined
    const id = ++lastId
    // Ids follow from what is asked, and how often it was: what a fault does to one answer leaves the ids of all others as they are.
    const asked = hash(request.path + request.body)
    const nth = (timesAsked[asked % timesAsked.length]! += 1)
    random = hexFrom(seed + asked + nth * 7919)
    drawn = []
    const record: Open = { handler: 'none', method: request.method, status: 0, chunks: 0 }
    const scene: Scene = { profile: profile!, request, memory, running: counts.running }
    const routed = route(request, scene, record)
    const reply = fault?.reply?.(routed, scene) ?? routed
    const chunks = reply.ready ?? timed(reply)
    // A fault may answer by what it remembers: no answer of its server stands for another.
    if (!fault && record.chat && nth > 1 && !reply.ready) keep(request, reply, record.chat, chunks)
    record.status = reply.status
    record.chunks = chunks.length
    open.set(id, record)
    const answer: MockAnswer = { id, status: reply.status, headers: headersOf(reply), chunks, end: reply.end }
    if (reply.head !== undefined) answer.head = Buffer.from(reply.head)
    return answer
  }

  function keep(request: MockRequest, reply: Draft, added: Added, chunks: TimedBytes[]): void {
    if (known.size >= MOST_KNOWN) known.clear()
    const headers = [...lengthOf(reply), ...reply.headers]
    known.set(questionOf(request), { reply: { ...reply, headers, body: '' }, added, pattern: patternOf(chunks, drawn, second()) })
  }

  function headersOf(reply: Draft): [string, string][] {
    const allow = reply.headers.filter(([name]) => name === 'allow')
    const rest = reply.headers.filter(([name]) => name !== 'allow')
    const vary: [string, string][] = profile!.vary && reply.status !== 401 ? [['vary', 'Origin']] : []
    return [['date', date()], ...names[dialect](), ...allow, ...lengthOf(reply), ...rest, ...vary]
  }

  function timed(reply: Draft): TimedBytes[] {
    if (!reply.events) return reply.body === '' ? [] : [{ afterMs: latencyMs, bytes: encode(reply, reply.body) }]
    const written = reply.events.map((event, i) => ({
      afterMs: event.afterMs + (i === 0 ? latencyMs : gapMs),
      bytes: encode(reply, blockOf(event)),
    }))
    if (chunking === 'byte') {
      return written.flatMap(({ afterMs, bytes }) =>
        Array.from(bytes, (_byte, i) => ({ afterMs: i === 0 ? afterMs : 0, bytes: bytes.subarray(i, i + 1) })),
      )
    }
    if (chunking !== 'whole' || written.some(({ afterMs }, i) => i > 0 && afterMs > gapMs)) return written
    const all = encode(reply, reply.events.map(blockOf).join(''))
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
    for (const [series, calls] of made.parser) bump(counts.parser, series, calls)
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
      if (!defect?.deafToDisconnect) count(id, written)
      defect?.left?.(memory)
    },
    profile,
    model: server.model,
    fault: defect,
    counts,
  }
}

function lengthOf(reply: Draft): [string, string][] {
  if (reply.events || reply.headers.some(([name]) => name === 'content-length')) return []
  return [['content-length', String(Buffer.byteLength(reply.body, charset(reply)))]]
}

/** All of a request that its answer may follow from, but for the key that it was let in by. */
function questionOf({ path, headers, body }: MockRequest): string {
  return `${path} ${headers['content-type']} ${headers['x-request-id']} ${body}`
}

function json(status: number, body: string): Draft {
  return { status, headers: [['content-type', 'application/json']], body, end: 'complete' }
}

function namedEvents(list: readonly NamedEvent[]): Event[] {
  return list.map(({ type, data }) => ({ raw: `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`, afterMs: 0 }))
}

function tooMany(waiting: number, limit: number): string {
  const message = `Too many requests: waiting queue (${waiting}) exceeds max-num-seqs (${limit}).`
  return JSON.stringify({ error: { message, type: 'requests', param: null, code: 'rate_limit_exceeded' } })
}

function streamed(list: Event[]): Draft {
  return { status: 200, headers: [['content-type', 'text/event-stream; charset=utf-8']], body: '', events: list, end: 'complete' }
}

const inHex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Random hex digits from a seed (splitmix32). */
function hexFrom(seed: number): (digits: number) => string {
  let state = Math.trunc(seed) | 0
  const next = (): string => {
    state = (state + 0x9e3779b9) | 0
    let t = state ^ (state >>> 16)
    t = Math.imul(t, 0x21f0aaad)
    t ^= t >>> 15
    t = Math.imul(t, 0x735a2d97)
    t ^= t >>> 15
    return inHex[t >>> 24]! + inHex[(t >>> 16) & 255]! + inHex[(t >>> 8) & 255]! + inHex[t & 255]!
  }
  return (digits) => {
    let out = ''
    while (out.length < digits) out += next()
    return out.slice(0, digits)
  }
}
