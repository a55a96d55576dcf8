import type { MockProfile } from './profiles.ts'
import type { Format, Message, Said, Tool } from './model.ts'

/** One HTTP request. Header names in lower case. */
export interface MockRequest {
  method: string
  path: string
  headers: Record<string, string>
  body: string
}

/** Bytes that follow the head, `afterMs` milliseconds after what came before. */
export interface TimedBytes {
  afterMs: number
  bytes: Uint8Array
}

/**
 * One HTTP answer. `end`: complete = ended as HTTP demands; reset = the connection is torn down after the last
 * chunk; hang = nothing follows and the connection stays open. `head`, when given, replaces status line and headers
 * by raw bytes, and the chunks are then sent without transfer coding.
 */
export interface MockAnswer {
  id: number
  status: number
  headers: [name: string, value: string][]
  chunks: TimedBytes[]
  end: 'complete' | 'reset' | 'hang'
  head?: Uint8Array
}

/** How the model is made to answer. */
export type Mode = 'text' | 'auto' | 'required' | 'named' | 'none'

/** Which of the three ways of asking the model was used. */
export type Api = 'chat' | 'responses' | 'messages'

/** A request to the model that passed validation. */
export interface Turn {
  /** The request as a chat body. */
  body: Record<string, unknown>
  /** The request as it was sent; the chat body itself for a chat request. */
  asked: Record<string, unknown>
  stream: boolean
  mode: Mode
  named: string
  tools: Tool[]
  messages: Message[]
  format: Format
  parallel: boolean
  n: number
  maxTokens: number
  stop: string[]
  includeUsage: boolean
  continuousUsage: boolean
  /** Number of alternatives per token; -1 without logprobs. */
  logprobs: number
  promptTokens: number
  /** Count of earlier chat requests of this server. */
  ordinal: number
}

/** A tool call as it will be sent. Faults put anything in the place of the strings. */
export interface Call {
  id: unknown
  type: unknown
  name: unknown
  arguments: string
}

/** One generated answer before it is written. */
export interface Choice {
  index: number
  content: string | null
  calls: Call[]
  finish: string
  stopReason: string | null
  /** Raw tokens, the end token included when there is one. */
  tokens: readonly string[]
  /** What each delta of the stream carries. */
  pieces: Piece[]
}

/** What one delta carries: a run of tokens, the text in it and the parts of calls in it. */
export interface Piece {
  from: number
  to: number
  text: string
  parts: { call: number; start: boolean; text: string }[]
  /** parallel_tool_calls:false removed a call here. */
  dropped: boolean
}

/** One entry of delta.tool_calls. */
export interface ToolDelta {
  index?: unknown
  id?: unknown
  type?: unknown
  function?: { name?: unknown; arguments?: unknown }
  [key: string]: unknown
}

/** What a chunk adds to a choice. */
export interface Delta {
  role?: unknown
  content?: unknown
  tool_calls?: ToolDelta[]
  [key: string]: unknown
}

/** A choice in a chunk. */
export interface ChunkChoice {
  index: number
  delta: Delta
  logprobs: unknown
  finish_reason: unknown
  [key: string]: unknown
}

/** One chunk of a streamed chat answer. */
export interface Chunk {
  id: unknown
  object: unknown
  created: unknown
  model: unknown
  choices: ChunkChoice[]
  usage?: Record<string, unknown> | undefined
  [key: string]: unknown
}

/** One server-sent event: a chunk, or text after `data: `, or a raw block as it is. */
export type Event = { chunk: Chunk; afterMs: number } | { text: string; afterMs: number } | { raw: string; afterMs: number }

/** A call in a plain answer. */
export interface PlainCall {
  id?: unknown
  type?: unknown
  function?: unknown
  [key: string]: unknown
}

/** A choice in a plain answer. */
export interface PlainChoice {
  index: number
  message: { content: unknown; tool_calls?: PlainCall[]; [key: string]: unknown }
  finish_reason: unknown
  [key: string]: unknown
}

/** Body of a plain chat completion. */
export interface Completion {
  id: unknown
  model: unknown
  choices: PlainChoice[]
  usage?: Record<string, unknown>
  [key: string]: unknown
}

/** One event of a stream whose events have names: /v1/responses and /v1/messages. */
export interface NamedEvent {
  type: string
  data: Record<string, unknown>
}

/** An answer before it has an id and timed bytes: text, or events of a stream. */
export interface Draft {
  status: number
  headers: [name: string, value: string][]
  body: string
  events?: Event[]
  end: MockAnswer['end']
  head?: string
  /** Its bytes, where they need not be made. */
  ready?: TimedBytes[]
  /** The body goes out in Latin-1 instead of UTF-8. */
  latin1?: true
}

/** A refusal with vLLM's error envelope. */
export interface Refusal {
  status: number
  message: string
  type: string
  param: string | null
  /** Sent as an event of a stream that began with status 200. */
  inStream?: boolean
  /** The code of servers whose error codes are words; by default it follows from the status. */
  code?: string | null
}

/** What a fault can see besides what it changes. */
export interface Scene {
  profile: MockProfile
  request: MockRequest
  /** Only for chat requests that passed validation. */
  turn?: Turn
  /** Free memory of the fault, kept for the life of the server. */
  memory: Map<string, unknown>
  /** Chat requests that are open now, this one included. */
  running: number
}

export type { Said }

/** The bytes of one event of a stream, as text. */
export function blockOf(event: Event): string {
  if ('raw' in event) return event.raw
  return `data: ${'text' in event ? event.text : JSON.stringify(event.chunk)}\n\n`
}
