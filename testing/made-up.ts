import type { Exchange } from '../fixtures/exchange/exchange.ts'
import type { Cause, Level, Outcome, Run, Verdict } from '../fixtures/record.ts'

const LEVELS: readonly Level[] = ['MUST', 'SHOULD', 'MAY']
const OUTCOMES: readonly Outcome[] = ['passed', 'failed', 'known', 'waived', 'blocked', 'inconclusive', 'not applicable', 'broken']

/** A run for self tests; `changes` replace its parts. */
export function madeUpRun(changes: Partial<Run> = {}): Run {
  return {
    suite: { name: 'Tool calling conformance', version: '0.1.0' },
    target: { kind: 'endpoint', name: 'http://gpu.example:8000/v1', baseUrl: 'http://gpu.example:8000/v1' },
    server: {
      name: 'vLLM 0.25.1',
      profile: 'vllm-0.25',
      profileReason: 'GET /version says 0.25.1',
      model: 'qwen2.5-coder-7b-instruct',
      models: ['qwen2.5-coder-7b-instruct'],
    },
    started: '2026-11-22T16:00:00.000Z',
    planned: 18,
    failOn: 'must',
    ended: { at: '2026-11-22T16:00:20.000Z', exitCode: 0, requests: 64, tokens: 5120, seconds: 19.6 },
    ...changes,
  }
}

/** A verdict for self tests; one that failed has a finding in the exchange `made-up.stream`. */
export function madeUpVerdict(changes: Partial<Verdict> = {}): Verdict {
  const { outcome = 'passed', level = 'MUST' } = changes
  const plain = outcome === 'passed' || outcome === 'failed'
  return {
    id: 'made.up',
    group: 'Made up',
    title: `${level} be ${outcome}`,
    level,
    source: 'https://example.com/specification',
    outcome,
    ...(plain ? {} : { reason: `this is why it is ${outcome}` }),
    findings: outcome === 'failed' ? [{ exchange: 'made-up.stream', where: 'event 2', byte: 28, got: 'two', wanted: 'one' }] : [],
    exchanges: ['made-up.stream'],
    tags: ['stream'],
    at: '2026-11-22T16:00:01.000Z',
    ...changes,
  }
}

/** One verdict for every outcome at every level. */
export function everyVerdict(): Verdict[] {
  return LEVELS.flatMap((level) =>
    OUTCOMES.map((outcome) => madeUpVerdict({ level, outcome, id: `${level}.${outcome}`.replaceAll(' ', '-') })),
  )
}

/** A streamed answer in chunks of these texts. */
export function madeUpExchange(
  texts: readonly string[] = ['data: {"choices":[]}\n\n', 'data: [DONE]\n\n'],
  id = 'made-up.stream',
): Exchange {
  return {
    id,
    request: { method: 'POST', path: '/v1/chat/completions', form: 'stream', body: '{"model":"m","stream":true}' },
    sentAt: Date.UTC(2026, 10, 22, 16),
    status: 200,
    headers: [['Content-Type', 'text/event-stream; charset=utf-8']],
    chunks: texts.map((text, index) => ({ at: 12.5 + index * 3, bytes: new TextEncoder().encode(text) })),
    end: { kind: 'complete' },
    duration: 20.25,
    postponed: [],
  }
}

/** A cause for reports to show. */
export const madeUpCause: Cause = {
  id: 'pod.no-tool-parser',
  layer: 'pod arguments',
  sentence: 'vLLM was started without --enable-auto-tool-choice and --tool-call-parser, so it returns tool calls as plain text',
  evidence: [
    'pod workspace-qwen-0: arguments hold neither --enable-auto-tool-choice nor --tool-call-parser',
    'HTTP 400: "auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
  ],
  remedy:
    'kubectl patch configmap qwen-inference-params --type merge -p \'{"data":{"inference_config.yaml":"vllm:\\n  tool-call-parser: hermes\\n  enable-auto-tool-choice: true\\n"}}\'',
}
