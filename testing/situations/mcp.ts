import { createServer as createTlsServer } from 'node:tls'
import type { CauseId } from '../../fixtures/cause-catalogue.ts'
import { createMcpServer } from '../../fixtures/mcp/server.ts'
import { mcpServers, type McpServers } from '../../fixtures/mcp/servers.ts'
import { readConfiguration } from '../../fixtures/target/configuration.ts'
import { refuse, serveTime, tell, type McpBehaviour } from '../../mocks/mcp/serve.ts'
import { createLoopback } from '../loopback.ts'

/** The servers of these situations: to be closed after each. */
export const loopback = createLoopback()

/** The MCP servers of a user who sets these variables. */
export const serversFor = (env: Readonly<Record<string, string>>): McpServers =>
  mcpServers(readConfiguration(env), 'http://127.0.0.1:9/unused')

/** The URL of the time server with a fault. */
async function served(behaviour: McpBehaviour): Promise<string> {
  const door = await serveTime(behaviour)
  loopback.defer(() => door.close())
  return door.url
}

/** A server that wants a key and a header. */
export const guarded: McpBehaviour = {
  door({ headers }, response) {
    if (headers.authorization === 'Bearer mcp-key-7731' && headers['x-team'] === 'blue-canary') return false
    refuse(response, 401, 'Unauthorized')
    return true
  },
}

/** A server whose one tool may change something. */
export const risky: McpBehaviour = {
  door: (_request, response, { id, method }) =>
    method === 'tools/call' && tell(response, { id, result: { content: [{ type: 'text', text: 'All 4711 rows are gone.' }] } }),
  result: ({ method }, result) =>
    method === 'tools/list'
      ? { ...result, tools: [{ name: 'delete_everything', inputSchema: { type: 'object', properties: {} } }] }
      : result,
}

/** A command as an MCP server over stdio. */
const command = (path: string, ...args: readonly string[]): McpServers => ({
  subject: createMcpServer({ name: 'a command', route: { kind: 'stdio', command: path, args }, timeoutMs: 5000 }),
})

/** What stands in place of an MCP server, the verdicts that it turns red, and the cause that must be named. */
export const mcpPlaces: readonly {
  readonly what: string
  readonly cause: CauseId
  readonly red: readonly string[]
  readonly servers: () => Promise<McpServers>
}[] = [
  {
    what: 'nothing listens',
    cause: 'mcp-nothing-listening',
    red: ['mcp.session'],
    servers: async () => {
      const door = await serveTime()
      await door.close()
      return serversFor({ MCP_SERVER_URL: door.url })
    },
  },
  {
    what: 'the host is unknown',
    cause: 'mcp-host-unknown',
    red: ['mcp.session'],
    servers: async () => serversFor({ MCP_SERVER_URL: 'http://no-such-host.invalid/mcp' }),
  },
  {
    what: 'the address cannot be reached',
    cause: 'mcp-unreachable',
    red: ['mcp.session'],
    // The broadcast address takes no connection.
    servers: async () => serversFor({ MCP_SERVER_URL: 'http://255.255.255.255/mcp' }),
  },
  {
    what: 'https to a port of plain http',
    cause: 'mcp-https-on-http-port',
    red: ['mcp.session'],
    servers: async () =>
      serversFor({ MCP_SERVER_URL: `${(await loopback.http((_, response) => response.end())).replace('http:', 'https:')}/mcp` }),
  },
  {
    what: 'plain http to a port of https',
    cause: 'mcp-http-on-https-port',
    red: ['mcp.session'],
    servers: async () => serversFor({ MCP_SERVER_URL: `${await loopback.raw('\u0015\u0003\u0001\u0000\u0002\u0002\u0046')}/mcp` }),
  },
  {
    what: 'TLS without a certificate',
    cause: 'mcp-tls',
    red: ['mcp.session'],
    servers: async () => serversFor({ MCP_SERVER_URL: `${(await loopback.listen(createTlsServer({}))).replace('http:', 'https:')}/mcp` }),
  },
  {
    what: 'something that does not speak HTTP',
    cause: 'mcp-not-http',
    red: ['mcp.session'],
    servers: async () => serversFor({ MCP_SERVER_URL: `${await loopback.raw('220 smtp.example ESMTP\r\n')}/mcp` }),
  },
  {
    what: 'a server that does not know the key',
    cause: 'mcp-key-refused',
    red: ['mcp.session'],
    servers: async () => serversFor({ MCP_SERVER_URL: await served(guarded), MCP_SERVER_KEY: 'mcp-key-0000' }),
  },
  {
    what: 'a server of which no tool is known to change nothing',
    cause: 'mcp-no-task',
    red: [],
    servers: async () => serversFor({ MCP_SERVER_URL: await served(risky) }),
  },
  {
    what: 'a command that does not exist',
    cause: 'mcp-command',
    red: ['mcp.session'],
    servers: async () => command('/no/such/command'),
  },
  {
    what: 'a command that ends at once',
    cause: 'mcp-closed',
    red: ['mcp.session'],
    servers: async () => command(process.execPath, '-e', ''),
  },
]
