import type { MockProfile } from './profiles.ts'
import type { Said } from './model.ts'
import type { Choice, Mode, Piece, Turn } from './wire.ts'
import { tokenize } from './tokens.ts'

interface Span {
  from: number
  to: number
  call: number
}

/** What the model writes, and where text, call starts, arguments and call ends stand in it. */
interface Raw {
  text: string
  prose: Span[]
  starts: { at: number; call: number }[]
  args: Span[]
  ends: number[]
}

const endToken = '<|im_end|>'

function native(said: Said): Raw {
  const raw: Raw = { text: said.text, prose: [{ from: 0, to: said.text.length, call: -1 }], starts: [], args: [], ends: [] }
  for (const [call, { name, arguments: args }] of said.calls.entries()) {
    if (call > 0) raw.text += '\n'
    raw.text += `<tool_call>\n{"name": "${name}"`
    raw.starts.push({ at: raw.text.length, call })
    raw.text += ', "arguments": '
    raw.args.push({ from: raw.text.length, to: raw.text.length + args.length, call })
    raw.text += `${args}}\n</tool_call>`
    raw.ends.push(raw.text.length)
  }
  return raw
}

function guided(said: Said, mode: Mode): Raw {
  const raw: Raw = { text: '', prose: [], starts: [], args: [], ends: [] }
  for (const [call, { name, arguments: args }] of said.calls.entries()) {
    if (mode === 'required') raw.text += `${call === 0 ? '[' : ', '}{"name": "${name}", "parameters": `
    raw.starts.push({ at: raw.text.length + 1, call })
    raw.args.push({ from: raw.text.length, to: raw.text.length + args.length, call })
    raw.text += args
    if (mode === 'required') raw.text += '}'
  }
  if (mode === 'required') raw.text += ']'
  raw.ends = said.calls.map(() => raw.text.length)
  return raw
}

/** Whether the server lets the model write plain JSON for this turn. */
export function isGuided(turn: Turn, profile: MockProfile): boolean {
  return profile.forced === 'json' && (turn.mode === 'named' || turn.mode === 'required')
}

/** Spells out what is said, cuts it where the request wants, and lays out the deltas. `group` = tokens per delta. */
export function generate(said: Said, turn: Turn, profile: MockProfile, index: number, group: number, nextId: () => string): Choice {
  const json = isGuided(turn, profile)
  const heard = turn.parallel || profile.droppedCallDelta !== 'none' ? said : { ...said, calls: said.calls.slice(0, 1) }
  const raw = json && said.calls.length > 0 ? guided(heard, turn.mode) : native(heard)
  let tokens: readonly string[] = tokenize(raw.text)
  let length = raw.text.length
  let engine: 'stop' | 'length' = 'stop'
  let stopReason: string | null = null
  const stopped = firstStop(raw.text, turn.stop)
  let ended = true
  if (stopped) {
    tokens = tokensUpTo(tokens, stopped.at + stopped.word.length)
    if (tokens.length <= turn.maxTokens) {
      ended = false
      length = stopped.at
      stopReason = stopped.word
    }
  }
  if (tokens.length + (ended ? 1 : 0) > turn.maxTokens) {
    tokens = tokens.slice(0, turn.maxTokens)
    length = tokens.reduce((sum, token) => sum + token.length, 0)
    ended = false
    engine = 'length'
    stopReason = null
  }
  const kept = turn.parallel ? raw.starts.length : 1
  const complete = raw.ends.filter((end, call) => call < kept && end <= length).length
  const whole = json && turn.mode === 'named' && raw.starts.length > 0 ? 1 : complete
  const calls = heard.calls.slice(0, turn.stream ? kept : whole).map((call, i) => {
    const span = raw.args[i]!
    return { id: nextId(), type: 'function', name: call.name, arguments: call.arguments.slice(0, Math.max(0, length - span.from)) }
  })
  const pieces = layOut(raw, tokens, length, group, profile, json, kept)
  const streamed = pieces.some((piece) => piece.parts.length > 0)
  const called = turn.stream ? streamed : calls.length > 0
  if (ended) tokens = [...tokens, endToken]
  return {
    index,
    content: contentOf(turn, profile, raw.text, said.text, length, raw.starts.length > 0, calls.length > 0),
    calls,
    finish: finishOf(turn, engine, called, stopReason !== null),
    stopReason,
    tokens,
    pieces,
  }
}

function contentOf(
  turn: Turn,
  profile: MockProfile,
  text: string,
  prose: string,
  length: number,
  hasCalls: boolean,
  called: boolean,
): string | null {
  if (turn.mode === 'named' || turn.mode === 'required') return profile.forcedContent
  const visible = hasCalls ? prose.slice(0, length) : text.slice(0, length)
  return visible === '' && (called || hasCalls) ? null : visible
}

function finishOf(turn: Turn, engine: 'stop' | 'length', called: boolean, stopped: boolean): string {
  if (engine === 'length') return 'length'
  return turn.mode === 'named' || !called || stopped ? 'stop' : 'tool_calls'
}

function firstStop(text: string, words: readonly string[]): { at: number; word: string } | undefined {
  let first: { at: number; word: string } | undefined
  for (const word of words) {
    const at = word === '' ? -1 : text.indexOf(word)
    if (at >= 0 && (!first || at < first.at)) first = { at, word }
  }
  return first
}

function tokensUpTo(tokens: readonly string[], end: number): readonly string[] {
  let length = 0
  for (let i = 0; i < tokens.length; i++) {
    length += tokens[i]!.length
    if (length >= end) return tokens.slice(0, i + 1)
  }
  return tokens
}

function layOut(
  raw: Raw,
  tokens: readonly string[],
  length: number,
  group: number,
  profile: MockProfile,
  json: boolean,
  kept: number,
): Piece[] {
  const pieces: Piece[] = []
  let from = 0
  for (let i = 0; i < tokens.length; i += group) {
    const last = Math.min(i + group, tokens.length)
    let to = from
    for (let k = i; k < last; k++) to += tokens[k]!.length
    pieces.push(pieceOf(raw, i, last, from, Math.min(to, length), profile, json, kept))
    from = to
  }
  return pieces
}

function pieceOf(
  raw: Raw,
  first: number,
  last: number,
  from: number,
  to: number,
  profile: MockProfile,
  json: boolean,
  kept: number,
): Piece {
  const piece: Piece = { from: first, to: last, text: '', parts: [], dropped: false }
  for (const span of raw.prose) piece.text += overlap(raw.text, span, from, to)
  if (profile.textBetweenCalls && !json) {
    for (const end of raw.ends.slice(0, -1)) piece.text += overlap(raw.text, { from: end, to: end + 1, call: -1 }, from, to)
  }
  for (const { at, call } of raw.starts) {
    const starts = at > from && at <= to
    const text = overlap(raw.text, raw.args[call]!, from, to)
    if (!starts && text === '') continue
    if (call >= kept) piece.dropped = true
    else if (json) piece.parts.push({ call, start: starts, text })
    else {
      if (starts) piece.parts.push({ call, start: true, text: '' })
      if (text !== '') piece.parts.push({ call, start: false, text })
    }
  }
  return piece
}

function overlap(text: string, span: Span, from: number, to: number): string {
  return span.from < to && span.to > from ? text.slice(Math.max(span.from, from), Math.min(span.to, to)) : ''
}
