import { arrivalOf, heldBack } from '../fixtures/contract/arrival.ts'
import { parseMetrics, total } from '../fixtures/contract/metrics.ts'
import { scenario, type Reply } from '../fixtures/scenario.ts'

/** Mean milliseconds from the server's own clock to the first token of what it began between two scrapes; undefined when it does not say. */
function firstTokenMs(replies: readonly Reply[]): number | undefined {
  const [before, after] = replies.map(({ status, text }) => (status === 200 ? parseMetrics(text).samples : []))
  const [sum, count] = ['sum', 'count'].map((part) => {
    const name = `vllm:time_to_first_token_seconds_${part}`
    return (total(after ?? [], name) ?? 0) - (total(before ?? [], name) ?? 0)
  })
  return sum === undefined || count === undefined || count <= 0 ? undefined : (sum / count) * 1000
}

export default scenario('Streams through what lies between', ({ request, together }) => {
  const before = request('before', { method: 'GET', path: '/metrics' })
  const after = request('after', { method: 'GET', path: '/metrics' }, { last: true })

  together(
    'streaming.arrives',
    'SHOULD',
    'SHOULD bring the pieces of a stream as they are generated, not all at the end',
    'KAITO tool calling article: streaming; nginx ngx_http_proxy_module: proxy_buffering',
    [before, after],
    (replies, { views }) => {
      const streams = views().flatMap(({ exchange }) => arrivalOf(exchange) ?? [])
      if (streams.length === 0) return { notApplicable: 'no stream took a second and had sixteen events: that is too short to tell' }
      const proof = heldBack(streams, firstTokenMs(replies))
      return proof === undefined
        ? undefined
        : {
            where: `arrival of ${streams.length} streams`,
            got: `buffering-proxy: ${proof}`,
            wanted: 'no buffering between (nginx: proxy_buffering off; gzip off)',
          }
    },
  )
})
