import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { MockAnswer, MockRequest, Vllm } from './vllm.ts'

/** A mock that is served on a socket. */
export interface Listening {
  /** Base address without a path, such as http://127.0.0.1:40123 */
  url: string
  port: number
  /** Ends the server and every connection. */
  close(): Promise<void>
}

/** Where and how a mock is served. */
export interface ListenOptions {
  /** 0 takes a free one. Default 0. */
  port?: number
  /** Default 127.0.0.1. */
  host?: string
  /**
   * So many milliseconds the port is held by the small server that KAITO runs while weights download: /metrics, and 404
   * with an empty body for everything else. Default 0.
   */
  loadingMs?: number
  /** What an answer waits for before its first byte, besides its latency. Default: nothing. */
  hold?: () => Promise<void>
}

/** Serves a mock on a socket. Rejects with the error of listening, such as EADDRINUSE. */
export async function listen(vllm: Vllm, { port = 0, host = '127.0.0.1', loadingMs = 0, hold }: ListenOptions = {}): Promise<Listening> {
  const sockets = new Set<Socket>()
  const loadedAt = performance.now() + loadingMs
  const server = createServer({ keepAlive: true }, (request, response) => {
    const left = loadedAt - performance.now()
    if (left > 0) {
      serveLoading(request, response, left)
      return
    }
    whenRead(request, (read) => {
      const answer = vllm.begin(read)
      const held = hold === undefined ? serve(answer, vllm, request, response) : hold().then(() => serve(answer, vllm, request, response))
      held.catch(() => request.socket.destroy())
    })
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const address = server.address()
  const bound = typeof address === 'object' ? (address?.port ?? port) : port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function serveLoading(request: IncomingMessage, response: ServerResponse, left: number): void {
  request.resume()
  response.setHeader('connection', 'close')
  if (request.url?.split('?')[0] !== '/metrics') {
    response.writeHead(404, { 'content-length': '0' }).end()
    return
  }
  const lines = [
    '# HELP kaito_model_download_speed_bytes_per_second Speed of the download of the model.',
    '# TYPE kaito_model_download_speed_bytes_per_second gauge',
    'kaito_model_download_speed_bytes_per_second 1.0e+08',
    '# HELP kaito_model_download_remaining_seconds Time until the model is there.',
    '# TYPE kaito_model_download_remaining_seconds gauge',
    `kaito_model_download_remaining_seconds ${(left / 1000).toFixed(3)}`,
  ]
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(`${lines.join('\n')}\n`)
}

async function serve(answer: MockAnswer, vllm: Vllm, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let leaving: AbortController | undefined
  let written = 0
  let over = false
  /** Ends what waits when the client leaves. */
  const gone = (): { signal: AbortSignal } => {
    leaving ??= new AbortController()
    if (over) leaving.abort()
    return leaving
  }
  response.on('error', () => undefined)
  response.once('close', () => {
    if (over) return
    over = true
    leaving?.abort()
    vllm.disconnected(answer.id, written)
  })
  const done = (): void => {
    if (over) return
    over = true
    vllm.finished(answer.id)
  }
  const send = answer.head ? (bytes: Uint8Array) => request.socket.write(bytes) : (bytes: Uint8Array) => response.write(bytes)
  try {
    if (answer.head) request.socket.write(answer.head)
    if (isAtOnce(answer, response)) {
      const [first] = answer.chunks
      if (first && first.afterMs > 0) await wait(first.afterMs, undefined, gone())
      writeHead(answer, request, response)
      done()
      endWith(response, answer.chunks)
      return
    }
    for (const { afterMs, bytes } of answer.chunks) {
      if (afterMs > 0) await wait(afterMs, undefined, gone())
      if (!answer.head && !response.headersSent) writeHead(answer, request, response)
      if (!send(bytes)) await once(answer.head ? request.socket : response, 'drain', gone())
      written++
    }
    if (answer.end === 'hang') {
      if (!answer.head && !response.headersSent && answer.chunks.length > 0) writeHead(answer, request, response)
      return
    }
    if (answer.end === 'reset') {
      done()
      await flushed(request.socket)
      request.socket.resetAndDestroy()
      return
    }
    if (!answer.head && !response.headersSent) writeHead(answer, request, response)
    done()
    if (answer.head) request.socket.end()
    else response.end()
  } catch {
    request.socket.destroy()
  }
}

/** Whether nothing stands between the first byte of the body and the last: no pause, and no client that is slower than its buffer. */
function isAtOnce({ head, end, chunks }: MockAnswer, { writableHighWaterMark }: ServerResponse): boolean {
  if (head !== undefined || end !== 'complete') return false
  let size = 0
  return chunks.every(({ afterMs, bytes }, index) => (index === 0 || afterMs === 0) && (size += bytes.length) <= writableHighWaterMark)
}

const LINE_END = Buffer.from('\r\n')
const LAST_CHUNK = Buffer.from('0\r\n\r\n')

/** Ends an answer with these chunks in one write: node:http would hand each of them to the socket in four parts, most of what a stream costs. */
function endWith(response: ServerResponse, chunks: MockAnswer['chunks']): void {
  if (!response.chunkedEncoding) {
    response.end(chunks.length === 1 ? chunks[0]?.bytes : Buffer.concat(chunks.map(({ bytes }) => bytes)))
    return
  }
  const parts: Uint8Array[] = []
  for (const { bytes } of chunks) parts.push(Buffer.from(`${bytes.length.toString(16)}\r\n`, 'latin1'), bytes, LINE_END)
  parts.push(LAST_CHUNK)
  response.chunkedEncoding = false
  response.end(Buffer.concat(parts))
}

/** Gives the peer time to read what was written: a reset discards what is still under way. */
async function flushed(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    if (!socket.write('', () => resolve())) resolve()
  })
  await wait(20)
}

function writeHead(answer: MockAnswer, request: IncomingMessage, response: ServerResponse): void {
  response.sendDate = false
  if (request.headers.connection?.toLowerCase() === 'close') response.setHeader('connection', 'close')
  else response.removeHeader('connection')
  const flat: string[] = []
  for (const [name, value] of answer.headers) flat.push(name, value)
  response.writeHead(answer.status, flat)
  // uvicorn writes the head of a stream by itself, and a proxy that sees it alone may pass it on before it reads more.
  if (answer.chunks.length > 1) response.flushHeaders()
}

/** Calls back once the whole body has arrived; not at all where the client left before. */
function whenRead(request: IncomingMessage, then: (read: MockRequest) => void): void {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('error', () => undefined)
  request.on('end', () => {
    const body = (parts.length === 1 ? parts[0]! : Buffer.concat(parts)).toString()
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(request.headers)) headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '')
    then({ method: request.method ?? 'GET', path: request.url ?? '/', headers, body })
  })
}
