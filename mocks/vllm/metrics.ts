import type { MockProfile } from './profiles.ts'

/** What has happened on one server, in the units of vLLM's counters. */
export interface Counts {
  running: number
  waiting: number
  promptTokens: number
  generationTokens: number
  finished: Map<string, number>
  ttft: Histogram
  itl: Histogram
  e2e: Histogram
  /** mode, outcome, request type → count */
  parser: Map<string, number>
  /** handler, method, status → count */
  http: Map<string, number>
  requests: number
  /** Requests that KAITO's queue guard refused; undefined without the guard. */
  refused: number | undefined
}

/** A histogram in vLLM's buckets; values are seconds. */
export class Histogram {
  readonly bounds: readonly number[]
  readonly buckets: number[]
  sum = 0
  count = 0
  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.buckets = bounds.map(() => 0)
  }
  add(value: number, times = 1): void {
    const at = this.bounds.findIndex((bound) => value <= bound)
    if (at >= 0) this.buckets[at]! += times
    this.sum += value * times
    this.count += times
  }
}

const ttftBounds = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560]
const itlBounds = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80]
const e2eBounds = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680]

/** All counters at 0. */
export function newCounts(): Counts {
  return {
    running: 0,
    waiting: 0,
    promptTokens: 0,
    generationTokens: 0,
    finished: new Map(),
    ttft: new Histogram(ttftBounds),
    itl: new Histogram(itlBounds),
    e2e: new Histogram(e2eBounds),
    parser: new Map(),
    http: new Map(),
    requests: 0,
    refused: undefined,
  }
}

/** Adds to a counter, which begins at 0. */
export function bump(counts: Map<string, number>, key: string, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by)
}

function real(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

/** The text of /metrics, in the names of the release. Without a parser there are no series about it: so recorded on vLLM 0.32.0. `started`: seconds since 1970. */
export function exposition(counts: Counts, profile: MockProfile, model: string, parser: boolean, started: number): string {
  const out: string[] = []
  const labels = (more: Record<string, string> = {}): string =>
    `{${Object.entries({ engine: '0', ...more, model_name: model })
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}="${value.replace(/["\\\n]/g, '_')}"`)
      .join(',')}}`
  const head = (name: string, type: string, help: string): void => {
    out.push(`# HELP vllm:${name} ${help}`, `# TYPE vllm:${name} ${type}`)
  }
  const single = (name: string, type: string, help: string, value: number, more?: Record<string, string>): void => {
    head(name, type, help)
    out.push(`vllm:${name}${labels(more)} ${real(value)}`)
  }
  const histogram = (name: string, help: string, values: Histogram): void => {
    head(name, 'histogram', help)
    let below = 0
    for (const [i, bound] of values.bounds.entries()) {
      below += values.buckets[i]!
      out.push(`vllm:${name}_bucket${labels({ le: real(bound) })} ${real(below)}`)
    }
    out.push(`vllm:${name}_bucket${labels({ le: '+Inf' })} ${real(values.count)}`)
    out.push(`vllm:${name}_count${labels()} ${real(values.count)}`, `vllm:${name}_sum${labels()} ${real(values.sum)}`)
  }
  const totals = (name: string, help: string, sum: number): void => {
    const values = new Histogram([])
    values.count = counts.requests
    values.sum = sum
    histogram(name, help, values)
  }
  out.push('# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.')
  out.push('# TYPE process_start_time_seconds gauge', `process_start_time_seconds ${started}`)
  const { metrics } = profile
  if (metrics.flops) {
    single('estimated_flops_per_gpu_total', 'counter', 'Estimated floating point operations per GPU.', 0)
    single('estimated_read_bytes_per_gpu_total', 'counter', 'Estimated bytes read from memory per GPU.', 0)
    single('estimated_write_bytes_per_gpu_total', 'counter', 'Estimated bytes written to memory per GPU.', 0)
  }
  single('num_requests_running', 'gauge', 'Number of requests in model execution batches.', counts.running)
  single('num_requests_waiting', 'gauge', 'Number of requests waiting to be processed.', counts.waiting)
  if (metrics.waitingByReason) {
    head('num_requests_waiting_by_reason', 'gauge', 'Number of waiting requests by reason.')
    out.push(`vllm:num_requests_waiting_by_reason${labels({ reason: 'capacity' })} 0.0`)
    out.push(`vllm:num_requests_waiting_by_reason${labels({ reason: 'deferred' })} 0.0`)
  }
  if (metrics.newest) single('admission_rejections_total', 'counter', 'Requests refused at admission.', 0)
  head('engine_sleep_state', 'gauge', 'Engine sleep state.')
  for (const [state, value] of Object.entries({ awake: '1.0', weights_offloaded: '0.0', discard_all: '0.0' })) {
    out.push(`vllm:engine_sleep_state${labels({ sleep_state: state })} ${value}`)
  }
  single(metrics.cacheName, 'gauge', 'KV-cache usage. 1 means 100 percent usage.', 0)
  for (const cache of ['prefix', 'external_prefix', 'mm']) {
    single(`${cache}_cache_queries_total`, 'counter', 'Cache queries.', cache === 'prefix' ? counts.promptTokens : 0)
    single(`${cache}_cache_hits_total`, 'counter', 'Cache hits.', 0)
  }
  single('num_preemptions_total', 'counter', 'Cumulative number of preemption from the engine.', 0)
  single('prompt_tokens_total', 'counter', 'Number of prefill tokens processed.', counts.promptTokens)
  if (metrics.cached) {
    single('prompt_tokens_by_source_total', 'counter', 'Prompt tokens by source.', counts.promptTokens, { source: 'local_compute' })
    single('prompt_tokens_cached_total', 'counter', 'Number of cached prompt tokens.', 0)
  }
  if (metrics.newest) single('prompt_tokens_cached_by_source_total', 'counter', 'Cached prompt tokens by source.', 0, { source: 'local' })
  if (metrics.recomputed) single('prompt_tokens_recomputed_total', 'counter', 'Number of recomputed prompt tokens.', 0)
  single('generation_tokens_total', 'counter', 'Number of generation tokens processed.', counts.generationTokens)
  head('request_success_total', 'counter', 'Count of successfully processed requests.')
  for (const reason of metrics.finished) {
    out.push(`vllm:request_success_total${labels({ finished_reason: reason })} ${real(counts.finished.get(reason) ?? 0)}`)
  }
  totals('request_prompt_tokens', 'Number of prefill tokens processed.', counts.promptTokens)
  totals('request_generation_tokens', 'Number of generation tokens processed.', counts.generationTokens)
  totals('iteration_tokens_total', 'Histogram of number of tokens per engine_step.', counts.promptTokens + counts.generationTokens)
  totals('request_max_num_generation_tokens', 'Histogram of maximum number of requested generation tokens.', counts.generationTokens)
  totals('request_params_n', 'Histogram of the n request parameter.', counts.requests)
  totals('request_params_max_tokens', 'Histogram of the max_tokens request parameter.', counts.generationTokens)
  histogram('time_to_first_token_seconds', 'Histogram of time to first token in seconds.', counts.ttft)
  if (metrics.itl) histogram('inter_token_latency_seconds', 'Histogram of inter-token latency in seconds.', counts.itl)
  else histogram('time_per_output_token_seconds', 'Histogram of time per output token in seconds.', counts.itl)
  if (metrics.tpot) totals('request_time_per_output_token_seconds', 'Histogram of time per output token per request.', counts.itl.sum)
  histogram('e2e_request_latency_seconds', 'Histogram of e2e request latency in seconds.', counts.e2e)
  totals('request_queue_time_seconds', 'Histogram of time spent in WAITING phase for request.', 0)
  totals('request_inference_time_seconds', 'Histogram of time spent in RUNNING phase for request.', counts.e2e.sum)
  totals('request_prefill_time_seconds', 'Histogram of time spent in PREFILL phase for request.', counts.ttft.sum)
  totals('request_decode_time_seconds', 'Histogram of time spent in DECODE phase for request.', counts.itl.sum)
  if (metrics.prefillComputed) totals('request_prefill_kv_computed_tokens', 'New KV tokens computed during prefill.', counts.promptTokens)
  if (metrics.newest) totals('request_num_preemptions', 'Histogram of preemptions per request.', 0)
  single('cache_config_info', 'gauge', 'Information of the LLMEngine CacheConfig', 1, { block_size: '16' })
  out.push('# HELP http_requests_total Total number of requests by method, status and handler.', '# TYPE http_requests_total counter')
  for (const [key, count] of counts.http) {
    const [handler, method, status] = key.split(' ')
    out.push(`http_requests_total{handler="${handler}",method="${method}",status="${status}"} ${real(count)}`)
  }
  if (metrics.parserInvocations && parser) {
    out.push('# HELP vllm:tool_call_parser_invocations_total Total number of ToolParser invocations.')
    out.push('# TYPE vllm:tool_call_parser_invocations_total counter')
    for (const mode of ['streaming', 'non_streaming']) {
      for (const outcome of ['tool_call', 'no_tool_call']) {
        for (const kind of ['chat_completions', 'responses', 'other']) {
          const count = counts.parser.get(`${mode} ${outcome} ${kind}`) ?? 0
          const named = `mode="${mode}",model_name="${model}",outcome="${outcome}",request_type="${kind}"`
          out.push(`vllm:tool_call_parser_invocations_total{${named}} ${real(count)}`)
        }
      }
    }
  }
  if (counts.refused !== undefined) {
    out.push('# HELP kaito_ratelimit_rejected_total Total number of requests that the queue guard rejected.')
    out.push('# TYPE kaito_ratelimit_rejected_total counter', `kaito_ratelimit_rejected_total ${real(counts.refused)}`)
  }
  return `${out.join('\n')}\n`
}
