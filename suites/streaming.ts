import { arrivalOf, callArrivalsOf, heldBack, metricsOf, scenario, total, type Reply, type ServerTimes } from '../fixtures/scenario.ts'

/** What the server's own clock says of the requests that it ended between two scrapes; undefined when it does not say. */
function serverTimes(replies: readonly Reply[]): ServerTimes | undefined {
  const [before, after] = replies.map((reply) => (reply.status === 200 ? metricsOf(reply).samples : []))
  const meanMs = (name: string): number => {
    const [sum = 0, count = 0] = ['sum', 'count'].map(
      (part) => (total(after ?? [], `${name}_${part}`) ?? 0) - (total(before ?? [], `${name}_${part}`) ?? 0),
    )
    return (sum / count) * 1000
  }
  const [firstToken, whole] = [meanMs('vllm:time_to_first_token_seconds'), meanMs('vllm:e2e_request_latency_seconds')]
  return Number.isFinite(firstToken) && Number.isFinite(whole) ? { firstToken, whole } : undefined
}

export default scenario('Streams through what lies between', ({ request, together }) => {
  const before = request('before', { method: 'GET', path: '/metrics' })
  const after = request('after', { method: 'GET', path: '/metrics' }, { last: true })

  together(
    'streaming.arrives',
    'SHOULD deliver the pieces of a stream as they are generated, not all at the end',
    'KAITO tool calling article: streaming; nginx ngx_http_proxy_module: proxy_buffering',
    [before, after],
    (replies, { views }) => {
      const streams = views().flatMap(({ exchange }) => arrivalOf(exchange) ?? [])
      if (streams.length === 0) return { notApplicable: 'no stream took a second and had sixteen events: that is too short to tell' }
      const proof = heldBack(streams, serverTimes(replies))
      return proof === undefined
        ? undefined
        : {
            where: `arrival of ${streams.length} streams`,
            got: `buffering-proxy: ${proof}`,
            wanted: 'no proxy that buffers (nginx: proxy_buffering off; gzip off)',
          }
    },
  )

  together(
    'streaming.arguments',
    'SHOULD stream the arguments of a call while the model writes them',
    'OpenAI API reference: streaming tool calls; vllm#52846, vllm#42878, sglang#11888',
    [before, after],
    (_replies, { views }) => {
      const calls = views().flatMap(({ exchange }) => callArrivalsOf(exchange))
      if (calls.length === 0)
        return { notApplicable: 'no streamed call had 200 characters of arguments and took a second: that is too short to tell' }
      const held = calls.filter((call) => call.held !== undefined && call.held >= call.took / 2)
      const [first] = held
      return first === undefined || held.length * 2 < calls.length
        ? undefined
        : {
            where: `arrival of ${calls.length} calls`,
            exchange: first.id,
            got: `${first.characters} characters at once, ${((first.held ?? 0) / 1000).toFixed(1)} s after their call began`,
            wanted: 'pieces, as they are generated',
          }
    },
  )
})
