import { http, HttpResponse, type HttpHandler } from 'msw'
import type { MockAnswer, Vllm } from './vllm.ts'

/**
 * msw handlers that answer every request under a base address, such as http://workspace.test, from a mock. msw ends
 * a body where a socket would be torn down after its first chunk: use `listen` for faults that reset or break heads.
 */
export function handlers(vllm: Vllm, base: string): HttpHandler[] {
  const root = base.replace(/\/+$/, '')
  return [
    http.all(`${root}/*`, async ({ request }) => {
      const url = new URL(request.url)
      const answer = vllm.begin({
        method: request.method,
        path: url.pathname + url.search,
        headers: Object.fromEntries(request.headers),
        body: await request.text(),
      })
      return respond(vllm, answer)
    }),
  ]
}

function respond(vllm: Vllm, answer: MockAnswer): Response {
  if (answer.head || (answer.end === 'reset' && answer.chunks.length === 0)) {
    vllm.finished(answer.id)
    return HttpResponse.error()
  }
  let written = 0
  let timer: NodeJS.Timeout | undefined
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = answer.chunks[written]
      if (chunk) {
        if (chunk.afterMs > 0) {
          await new Promise<void>((resolve) => {
            timer = setTimeout(resolve, chunk.afterMs)
          })
        }
        written++
        controller.enqueue(chunk.bytes)
        return
      }
      if (answer.end === 'hang') return new Promise<void>(() => undefined)
      vllm.finished(answer.id)
      if (answer.end === 'reset') controller.error(new TypeError('terminated'))
      else controller.close()
    },
    cancel() {
      clearTimeout(timer)
      vllm.disconnected(answer.id, written)
    },
  })
  return new HttpResponse(body, { status: answer.status, headers: answer.headers })
}
