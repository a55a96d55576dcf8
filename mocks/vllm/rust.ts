import { isObject, word } from './json.ts'
import { refuse } from './refusal.ts'
import type { Completion, Event } from './wire.ts'

/** What the Rust server refuses besides what the Python one does. */
export function checkAsRust(body: Record<string, unknown>): void {
  if (typeof body['n'] === 'number' && body['n'] > 1) refuse('Only n=1 is supported.', 'n')
}

/** Refuses a kind of tool_choice that the Rust server knows by name only. */
export function checkChoiceAsRust(choice: unknown): void {
  if (isObject(choice) && choice['type'] === 'allowed_tools') refuse('allowed_tools tool_choice is not supported yet', 'tool_choice')
}

/** The word for an error code: its errors have no numbers. */
export function codeAsRust(status: number, message: string): string {
  if (status >= 500) return 'server_error'
  if (status === 404) return 'model_not_found'
  return message.includes('json_invalid') ? 'json_parse_error' : 'invalid_request_error'
}

/** A plain answer as the Rust server writes it, in place. */
export function completionAsRust(body: Completion): void {
  for (const choice of body.choices) if (choice['stop_reason'] === null) delete choice['stop_reason']
}

/** A stream as the Rust server writes it, in place: keys that would be null are left out, the role comes alone. */
export function eventsAsRust(events: Event[]): void {
  for (const event of events) {
    if (!('chunk' in event)) continue
    for (const choice of event.chunk.choices) {
      for (const key of ['logprobs', 'finish_reason', 'stop_reason']) if (choice[key] === null) delete choice[key]
      if (word(choice.delta.role) === 'assistant') delete choice.delta.content
    }
  }
}
