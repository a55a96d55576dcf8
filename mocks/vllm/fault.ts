import type { FaultClass } from './faults/classes.ts'
import type { Choice, Completion, Event, MockRequest, NamedEvent, Refusal, Draft, Said, Scene, Turn } from './wire.ts'

/** One step that shows a fault: a request, and what the client does before the answer ends: leave, or ask on. */
export interface Step extends MockRequest {
  meanwhile?: 'leaves' | 'asks on'
}

/** A chat scene: the turn is known. */
export type ChatScene = Scene & { turn: Turn }

/**
 * One named, deterministic defect. Each hook gets the healthy state of one stage and changes it in place or returns
 * another; hooks that are absent leave the stage as it is.
 */
export interface Fault {
  id: string
  /** What it does, one sentence. */
  what: string
  /** The class of defects it belongs to, where one fits. */
  class?: FaultClass
  /** A report of a real server that did it. */
  issue?: string
  /** The one route that it concerns; requests to others are answered as by a healthy server. */
  path?: string
  /** Requests that make it visible, in order. */
  trigger: Step[]
  /** The fault needs a server with an API key. */
  needsKey?: boolean
  /** Whether a request may pass the key check; undefined leaves it to the server. */
  admits?(request: MockRequest): boolean | undefined
  /** The parsed body of a request to the model, as a chat body, or of /tokenize, before it is judged. */
  body?(body: Record<string, unknown>, scene: Scene): Record<string, unknown> | void
  /** The verdict on a request to the model: a refusal, or undefined to accept it. */
  verdict?(refusal: Refusal | undefined, scene: Scene): Refusal | undefined
  /** A judged request to the model. */
  turn?(turn: Turn, scene: Scene): void
  /** What the model says, for each choice. */
  said?(said: Said, scene: ChatScene, index: number): void
  /** One generated answer: ids, names, finish reason, content, deltas. */
  choice?(choice: Choice, scene: ChatScene): void
  /** The body of a plain chat answer. */
  plain?(completion: Completion, scene: ChatScene): void
  /** The events of a streamed chat answer. */
  events?(events: Event[], scene: ChatScene): Event[] | void
  /** The body of a plain answer of /v1/responses. */
  response?(body: Record<string, unknown>, scene: ChatScene): void
  /** The events of a streamed answer of /v1/responses. */
  responseEvents?(events: NamedEvent[], scene: ChatScene): NamedEvent[] | void
  /** The body of a plain answer of /v1/messages. */
  message?(body: Record<string, unknown>, scene: ChatScene): void
  /** The events of a streamed answer of /v1/messages. */
  messageEvents?(events: NamedEvent[], scene: ChatScene): NamedEvent[] | void
  /** Any answer of any endpoint, before it becomes bytes. */
  reply?(reply: Draft, scene: Scene): Draft | void
  /** A client has left before its answer ended. */
  left?(memory: Scene['memory']): void
  /** The server does not notice that clients leave. */
  deafToDisconnect?: boolean
}
