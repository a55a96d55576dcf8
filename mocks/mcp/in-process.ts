import { createRequire } from 'node:module'
import { InMemoryTransport, type McpServer as SdkServer, type Transport } from '@modelcontextprotocol/server'
import { createMcpServer, type McpServer } from '../../fixtures/mcp/server.ts'
import type { McpServers } from '../../fixtures/mcp/servers.ts'
import { timeServer } from './time.ts'

/** The official server as a module: the package has no types. */
const everything = createRequire(import.meta.url).resolve('@modelcontextprotocol/server-everything/dist/server/index.js')

const inMemory = (name: string, make: () => Promise<SdkServer>): McpServer =>
  createMcpServer({
    name,
    timeoutMs: 30_000,
    route: {
      kind: 'memory',
      connect: async (): Promise<Transport> => {
        const [near, far] = InMemoryTransport.createLinkedPair()
        await (await make()).connect(far)
        return near
      },
    },
  })

/** The local MCP servers in this process, without a socket or a child. */
export function mcpInProcess(): McpServers {
  return {
    subject: inMemory('the local time server', () => Promise.resolve(timeServer())),
    official: inMemory('the official MCP server "everything"', async () => {
      const module = (await import(everything)) as { readonly createServer: () => { readonly server: SdkServer } }
      return module.createServer().server
    }),
  }
}
