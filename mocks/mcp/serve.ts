import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'

/** One JSON-RPC message as it came in. */
export interface Rpc {
  readonly id?: number | string
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
}

/** What makes an MCP server faulty. */
export interface McpBehaviour {
  /** Answers a request itself; true when it did. */
  door?(
    request: IncomingMessage,
    response: ServerResponse,
    rpc: Rpc,
    state: { sessions: Map<string, StreamableHTTPServerTransport> },
  ): boolean
  /** Another result in place of the server's. */
  result?(rpc: Rpc, result: Record<string, unknown>): Record<string, unknown>
}

/** A served MCP server. */
export interface McpDoor {
  /** The one URL of the endpoint. */
  readonly url: string
  readonly close: () => Promise<void>
}

/** Serves MCP over streamable HTTP on the loopback address. The SDK is loaded with the first request: most runs begin without it. */
export async function serveMcp(make: () => Promise<McpServer>, behaviour: McpBehaviour = {}, port = 0): Promise<McpDoor> {
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  const open = async (): Promise<StreamableHTTPServerTransport> => {
    const { StreamableHTTPServerTransport: Transport } = await import('@modelcontextprotocol/sdk/server/streamableHttp.js')
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
    const path = URL.parse(request.url ?? '', 'http://localhost')?.pathname
    if (path !== '/mcp') return refuse(response, 404, 'Not Found')
    const id = request.headers['mcp-session-id']
    const transport = typeof id === 'string' ? sessions.get(id) : rpc.method === 'initialize' ? await open() : undefined
    if (transport === undefined)
      return refuse(response, typeof id === 'string' ? 404 : 400, typeof id === 'string' ? 'Session not found' : 'Bad Request: no session')
    if (behaviour.result !== undefined && rpc.id !== undefined) {
      const send = transport.send.bind(transport)
      transport.send = (message, options) =>
        send(
          'result' in message && message.id === rpc.id
            ? { ...message, result: behaviour.result?.(rpc, message.result) ?? message.result }
            : message,
          options,
        )
    }
    await transport.handleRequest(request, response, text === '' ? undefined : rpc)
  }
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
      await Promise.all([...sessions.values()].map((transport) => transport.close()))
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
    },
  }
}

/** Refuses a request as the SDK does: an error of JSON-RPC under an HTTP status. */
export function refuse(response: ServerResponse, status: number, message: string, headers: Record<string, string> = {}): void {
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32000, message }, id: null }))
}

/** Our time server, over streamable HTTP. */
export function serveTime(behaviour?: McpBehaviour, port?: number): Promise<McpDoor> {
  return serveMcp(async () => (await import('./time.ts')).timeServer(), behaviour, port)
}
