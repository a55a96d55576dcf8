import type { Exchange, Send } from '../../fixtures/exchange/exchange.ts'
import type { Vllm } from './vllm.ts'

/**
 * A way to send requests to a mock without a socket: bytes and their chunks are those that the door would send, times are those that the
 * answer states, without waiting. A broken head is reported as the client would report it; a connection that is lost before the answer
 * counts as one that was kept alive.
 */
export function sendTo(vllm: Vllm, apiKey?: string): Send {
  const once: Send = async (id, request) => {
    const authorization =
      typeof request.authorization === 'object'
        ? request.authorization.literal
        : request.authorization !== 'none' && apiKey !== undefined
          ? `Bearer ${apiKey}`
          : undefined
    const answer = vllm.begin({
      method: request.method,
      path: request.path,
      headers: {
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(authorization === undefined ? {} : { authorization }),
        ...request.headers,
      },
      body: request.body ?? '',
    })
    // Requests that are sent together are open together, as over sockets.
    await new Promise(setImmediate)
    let at = 0
    let bytes = 0
    const chunks: Exchange['chunks'][number][] = []
    let left = false
    for (const chunk of answer.chunks) {
      at += chunk.afterMs
      bytes += chunk.bytes.length
      chunks.push({ at, bytes: chunk.bytes })
      left = request.leaveAfter !== undefined && bytes >= request.leaveAfter
      if (left) break
    }
    if (left) vllm.disconnected(answer.id, chunks.length)
    else if (answer.end !== 'hang') vllm.finished(answer.id)
    const end: Exchange['end'] = left
      ? { kind: 'left', code: 'CLIENT_LEFT', detail: 'the client left, as the scenario asks' }
      : answer.end === 'complete'
        ? { kind: 'complete' }
        : answer.end === 'hang'
          ? { kind: 'limit', limit: chunks.length === 0 ? 'first byte' : 'gap', detail: 'no further byte' }
          : { kind: 'cut', code: 'ECONNRESET', detail: 'the connection was closed by the server' }
    const base = { id, request, sentAt: 0, duration: at, postponed: [] }
    if (answer.head !== undefined) {
      return {
        ...base,
        headers: [],
        chunks: [],
        end: { kind: 'failed', code: 'HPE_INVALID_CONSTANT', detail: 'the answer is not HTTP' },
      }
    }
    if (chunks.length === 0 && answer.end !== 'complete')
      return { ...base, headers: [], chunks, end: end.kind === 'cut' ? { ...end, kind: 'failed' } : end }
    return { ...base, status: answer.status, headers: answer.headers, chunks, end }
  }
  return async (id, request) => {
    const first = await once(id, request)
    const { end, duration: afterMs } = first
    if (end.kind !== 'failed' || end.code !== 'ECONNRESET') return first
    return { ...(await once(id, request)), lost: { code: end.code, detail: end.detail, afterMs, sinceMs: afterMs } }
  }
}
