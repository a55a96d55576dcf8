import { createServer } from 'node:http'
import type { Registry } from 'prom-client'
import { UserMistake } from '../../fixtures/user-mistake.ts'

/** Where the metrics of a watch are served. */
export interface MetricsDoor {
  readonly port: number
  readonly close: () => Promise<void>
}

/**
 * Serves `/metrics`, and `/healthz`, which is 503 with the reason while `stuck` gives one. On every address: Prometheus and the kubelet ask
 * from elsewhere. Throws a UserMistake when the port cannot be had.
 */
export async function openDoor(port: number, registry: Registry, stuck: () => string | undefined): Promise<MetricsDoor> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0]
    const say = (status: number, text: string, type = 'text/plain; charset=utf-8'): void =>
      void response.writeHead(status, { 'content-type': type }).end(text)
    if (request.method !== 'GET' && request.method !== 'HEAD') say(405, 'only GET\n')
    else if (path === '/metrics') {
      registry.metrics().then(
        (text) => say(200, text, registry.contentType),
        (error: unknown) => say(500, `${String(error)}\n`),
      )
    } else if (path === '/healthz') {
      const reason = stuck()
      say(reason === undefined ? 200 : 503, `${reason ?? 'ok'}\n`)
    } else say(404, '/metrics and /healthz are served here\n')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new UserMistake(`Port ${port} cannot be opened (${error.code ?? error.message}): give another in CONFORMANCE_WATCH_PORT.`)),
    )
    server.listen(port, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' ? (address?.port ?? port) : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
