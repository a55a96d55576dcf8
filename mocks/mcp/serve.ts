import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { McpHttpHandler, McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'

/** One JSON-RPC message as it came in. */
export interface Rpc {
  readonly id?: number | string
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
}

type Sessions = Map<string, WebStandardStreamableHTTPServerTransport>

/** What makes an MCP server faulty, or another than most. */
export interface McpBehaviour {
  /** Answers a request itself; true when it did. */
  door?(request: IncomingMessage, response: ServerResponse, rpc: Rpc, state: { sessions: Sessions }): boolean
  /** It speaks the revision 2026-07-28 alone, which has neither initialize nor sessions. */
  readonly stateless?: boolean
  /** Another result in place of the server's. */
  result?(rpc: Rpc, result: Record<string, unknown>): Record<string, unknown>
}

/** A served MCP server. */
export interface McpDoor {
  /** The one URL of the endpoint. */
  readonly url: string
  readonly close: () => Promise<void>
}

/**
 * Serves MCP over streamable HTTP on the loopback address, to clients of any revision, as the SDK does. The SDK is loaded with the first
 * request: most runs begin without it.
 */
export async function serveMcp(make: () => Promise<McpServer>, behaviour: McpBehaviour = {}, port = 0): Promise<McpDoor> {
  const sessions: Sessions = new Map()
  let stateless: McpHttpHandler | undefined
  const open = async (): Promise<WebStandardStreamableHTTPServerTransport> => {
    const { WebStandardStreamableHTTPServerTransport: Transport } = await import('@modelcontextprotocol/server')
    const transport = new Transport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    })
    await (await make()).connect(transport)
    return transport
  }
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const text = Buffer.concat(pieces).toString('utf8')
    const rpc = (text === '' ? {} : JSON.parse(text)) as Rpc
    if (behaviour.door?.(request, response, rpc, { sessions }) === true) return
    const url = new URL(request.url ?? '', 'http://localhost')
    if (url.pathname !== '/mcp') return refuse(response, 404, 'Not Found')
    const { createMcpHandler, isLegacyRequest } = await import('@modelcontextprotocol/server')
    const { method = 'GET' } = request
    const asked = new Request(url, { method, headers: headersOf(request), ...(text === '' ? {} : { body: text }) })
    if (behaviour.stateless === true || !(await isLegacyRequest(asked.clone()))) {
      stateless ??= createMcpHandler(make, { legacy: 'reject', responseMode: 'json' })
      return answer(response, await stateless.fetch(asked), (message) => changed(rpc, message))
    }
    const id = request.headers['mcp-session-id']
    const transport = typeof id === 'string' ? sessions.get(id) : rpc.method === 'initialize' ? await open() : undefined
    if (transport === undefined)
      return refuse(response, typeof id === 'string' ? 404 : 400, typeof id === 'string' ? 'Session not found' : 'Bad Request: no session')
    if (behaviour.result !== undefined && rpc.id !== undefined) {
      const send = transport.send.bind(transport)
      transport.send = (message, options) => send(changed(rpc, message), options)
    }
    return answer(response, await transport.handleRequest(asked, text === '' ? {} : { parsedBody: rpc }))
  }
  const changed = <T extends object>(rpc: Rpc, message: T): T =>
    'result' in message && 'id' in message && message.id === rpc.id
      ? { ...message, result: behaviour.result?.(rpc, message.result as Record<string, unknown>) ?? message.result }
      : message
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : port}/mcp`,
    close: async () => {
      await Promise.all([stateless?.close(), ...[...sessions.values()].map((transport) => transport.close())])
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
    },
  }
}

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, [value].flat().join(', ')]])))

/** Passes an answer of the SDK on; a message in it may be changed. */
async function answer(response: ServerResponse, from: Response, change: (message: object) => object = (message) => message): Promise<void> {
  const isJson = from.headers.get('content-type')?.startsWith('application/json') === true
  response.writeHead(from.status, Object.fromEntries(from.headers))
  if (isJson) return void response.end(JSON.stringify(change((await from.json()) as object)))
  for await (const piece of from.body ?? []) response.write(piece)
  response.end()
}

/** Refuses a request as the SDK does: an error of JSON-RPC under an HTTP status. */
export function refuse(response: ServerResponse, status: number, message: string, headers: Record<string, string> = {}): void {
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32000, message }, id: null }))
}

/** Answers a request by a message of JSON-RPC; true, as it did. */
export function tell(response: ServerResponse, message: object, status = 200): true {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', ...message }))
  return true
}

/** Our time server, over streamable HTTP. */
export function serveTime(behaviour?: McpBehaviour, port?: number): Promise<McpDoor> {
  return serveMcp(async () => (await import('./time.ts')).timeServer(), behaviour, port)
}
