import type { MockProfile } from './profiles.ts'
import type { Choice, Chunk, ChunkChoice, Completion, Delta, Event, Piece, Turn } from './wire.ts'
import { isGuided } from './generate.ts'
import { hash } from './tokens.ts'

const utf8 = new TextEncoder()

/** What all parts of one answer share. */
export interface Frame {
  id: string
  created: number
  model: string
  /** A tool parser is loaded. */
  parser: boolean
}

function nulls(keys: readonly string[]): Record<string, null> {
  return Object.fromEntries(keys.map((key) => [key, null]))
}

function usageOf(prompt: number, generated: number): Record<string, number> {
  return { prompt_tokens: prompt, total_tokens: prompt + generated, completion_tokens: generated }
}

function logprobsOf(tokens: readonly string[], alternatives: number): unknown {
  return {
    content: tokens.map((token) => {
      const shown = { token, logprob: -(hash(token) % 1000) / 10_000, bytes: [...utf8.encode(token)] }
      const others = Array.from({ length: Math.max(0, alternatives - 1) }, (_, i) => {
        const other = String.fromCodePoint(97 + ((hash(token) + i * 7) % 26)) + String(i)
        return { token: other, logprob: shown.logprob - 1 - i, bytes: [...utf8.encode(other)] }
      })
      return { ...shown, top_logprobs: alternatives > 0 ? [{ ...shown }, ...others] : [] }
    }),
  }
}

/** The body of a plain answer, keys in vLLM's order. */
export function completion(choices: readonly Choice[], turn: Turn, profile: MockProfile, frame: Frame): Completion {
  const generated = choices.reduce((sum, choice) => sum + choice.tokens.length, 0)
  return {
    id: frame.id,
    object: 'chat.completion',
    created: frame.created,
    model: frame.model,
    choices: choices.map((choice) => {
      const calls = choice.calls.map(({ id, type, name, arguments: args }) => ({ id, type, function: { name, arguments: args } }))
      return {
        index: choice.index,
        message: {
          role: 'assistant',
          content: choice.content,
          ...nulls(profile.messageNulls),
          ...(calls.length > 0 || profile.emptyToolCalls ? { tool_calls: calls } : undefined),
          ...nulls(profile.reasoning),
        },
        logprobs: turn.logprobs < 0 ? null : logprobsOf(choice.tokens, turn.logprobs),
        finish_reason: choice.finish,
        stop_reason: choice.stopReason,
        ...nulls(profile.choiceNulls),
      }
    }),
    ...nulls(profile.bodyHead),
    ...(profile.bodyHead.includes('system_fingerprint') ? { system_fingerprint: profile.fingerprint } : undefined),
    usage: { ...usageOf(turn.promptTokens, generated), ...nulls(profile.usageNulls) },
    ...nulls(profile.bodyTail),
  }
}

/** The events of a streamed answer, `[DONE]` last. */
export function events(choices: readonly Choice[], turn: Turn, profile: MockProfile, frame: Frame): Event[] {
  const out: Event[] = []
  const reasoning = profile.deltaReasoningNull ? { reasoning_content: null } : undefined
  const counted = new Map(choices.map((choice) => [choice.index, 0]))
  const push = (choice: ChunkChoice, more: Record<string, unknown> = {}): void => {
    const total = turn.continuousUsage ? (counted.get(choice.index) ?? 0) : 0
    const usage = turn.continuousUsage ? { usage: { ...usageOf(turn.promptTokens, total), ...nulls(profile.chunkUsageNulls) } } : undefined
    out.push({ chunk: chunkOf(frame, [choice], { ...usage, ...more }), afterMs: 0 })
  }
  for (const { index } of choices) {
    push(
      { index, delta: { role: 'assistant', content: '', ...reasoning }, logprobs: null, finish_reason: null },
      nulls(profile.roleChunkNulls),
    )
  }
  const steps = Math.max(...choices.map((choice) => choice.pieces.length))
  for (let step = 0; step < steps; step++) {
    for (const choice of choices) {
      const piece = choice.pieces[step]
      if (!piece) continue
      counted.set(choice.index, piece.to)
      const delta = deltaOf(piece, choice, turn, profile, frame)
      if (!delta && !(profile.logprobsOfHeldBack && turn.logprobs >= 0)) continue
      push(
        {
          index: choice.index,
          delta: delta ?? {},
          logprobs: turn.logprobs < 0 ? null : logprobsOf(choice.tokens.slice(piece.from, piece.to), turn.logprobs),
          finish_reason: null,
          ...(profile.chunkTokenIds ? { token_ids: null } : undefined),
        },
        nulls(profile.chunkNulls),
      )
    }
  }
  const fingerprint = profile.fingerprint === null ? undefined : { system_fingerprint: profile.fingerprint }
  for (const choice of choices) {
    counted.set(choice.index, choice.tokens.length)
    const rest = choice.tokens.slice(choice.pieces.at(-1)?.to ?? 0)
    push(
      {
        index: choice.index,
        delta: lastDelta(turn, profile, frame),
        logprobs: turn.logprobs < 0 || rest.length === 0 ? null : logprobsOf(rest, turn.logprobs),
        finish_reason: choice.finish,
        stop_reason: choice.stopReason,
        ...(profile.chunkTokenIds ? { token_ids: null } : undefined),
        ...nulls(profile.finishNulls),
      },
      { ...(turn.includeUsage ? undefined : fingerprint), ...nulls(profile.chunkNulls) },
    )
  }
  if (turn.includeUsage) {
    const generated = choices.reduce((sum, choice) => sum + choice.tokens.length, 0)
    out.push({ chunk: chunkOf(frame, [], { usage: usageOf(turn.promptTokens, generated), ...fingerprint }), afterMs: 0 })
  }
  out.push({ text: '[DONE]', afterMs: 0 })
  return out
}

function chunkOf(frame: Frame, choices: ChunkChoice[], more: Record<string, unknown>): Chunk {
  return { id: frame.id, object: 'chat.completion.chunk', created: frame.created, model: frame.model, choices, ...more }
}

function deltaOf(piece: Piece, choice: Choice, turn: Turn, profile: MockProfile, frame: Frame): Delta | undefined {
  const reasoning = profile.deltaReasoningNull ? { reasoning_content: null } : undefined
  const json = isGuided(turn, profile)
  if (piece.parts.length === 0 && piece.text !== '') {
    return { content: piece.text, ...reasoning, ...(profile.deltaEmptyToolCalls && frame.parser ? { tool_calls: [] } : undefined) }
  }
  const content = piece.text !== '' ? { content: piece.text } : profile.deltaContentNull && !json ? { content: null } : undefined
  if (piece.parts.length === 0) {
    if (!piece.dropped) return undefined
    return { ...content, ...reasoning, ...(profile.droppedCallDelta === 'empty-list' ? { tool_calls: [] } : undefined) }
  }
  const calls = piece.parts.map(({ call, start, text }) => {
    const { id, type, name } = choice.calls[call] ?? {}
    if (start) return { id, type, index: call, function: json ? { name, arguments: text } : { name } }
    const nameless = json && turn.mode === 'required' && profile.laterNameNull ? { name: null } : undefined
    return { index: call, function: { ...nameless, arguments: text } }
  })
  return { ...content, ...reasoning, tool_calls: calls }
}

function lastDelta(turn: Turn, profile: MockProfile, frame: Frame): Delta {
  const reasoning = profile.deltaReasoningNull ? { reasoning_content: null } : undefined
  const json = isGuided(turn, profile)
  if (json && turn.mode === 'named') return { ...reasoning, tool_calls: [{ index: 0, function: { arguments: '' } }] }
  const style = frame.parser ? profile.finishDelta : profile.finishDeltaWithoutParser
  return { ...(style === 'content' && !json ? { content: '' } : undefined), ...reasoning }
}
