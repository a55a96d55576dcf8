// @module-tag slow
import { afterEach, describe, expect, test } from 'vitest'
import { createLoopback } from '../../testing/loopback.ts'
import { mcpCause } from '../../fixtures/mcp/cause.ts'
import { mcpServers } from '../../fixtures/mcp/servers.ts'
import { readConfiguration } from '../../fixtures/target/configuration.ts'
import { runAgainst } from '../../proof/matrix.ts'
import type { Cause, Verdict } from '../../fixtures/record.ts'
import { mcpFaults } from './faults.ts'
import { refuse, serveTime, type McpBehaviour } from './serve.ts'

const loopback = createLoopback()
afterEach(loopback.close)

interface Ended {
  readonly verdicts: readonly Verdict[]
  /** Verdicts that failed. */
  readonly red: readonly string[]
  readonly cause: Cause | undefined
}

/** A run on the healthy mock vLLM with the MCP server that these variables name. */
async function runWith(env: Readonly<Record<string, string>>): Promise<Ended> {
  const mcp = mcpServers(readConfiguration(env), 'http://127.0.0.1:9/unused')
  try {
    const verdicts = await runAgainst({}, mcp)
    const red = verdicts.filter(({ outcome }) => outcome === 'failed').map(({ id }) => id)
    const failing = verdicts.find(({ id }) => red.includes(id))
    return { verdicts, red, cause: failing?.level === 'MUST' ? mcpCause(verdicts, true) : failing?.cause }
  } finally {
    await mcp.subject.close()
  }
}

async function served(behaviour: McpBehaviour, path = '/mcp', env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const door = await serveTime(behaviour)
  try {
    return await runWith({ MCP_SERVER_URL: door.url.replace(/\/mcp$/, path), ...env })
  } finally {
    await door.close()
  }
}

/** Everything that is asked of the inference server alone holds. */
function expectInferenceFine({ verdicts }: Ended): void {
  const others = verdicts.filter(({ tags }) => !tags.includes('mcp'))
  expect(others.filter(({ outcome }) => outcome !== 'passed' && outcome !== 'not applicable')).toEqual([])
}

test('a healthy MCP server over streamable HTTP is green; the official one is then not asked', { timeout: 20_000 }, async () => {
  const ended = await served({})
  expect(
    ended.verdicts.filter(({ outcome, tags }) => outcome !== 'passed' && tags.includes('mcp')).map(({ id, outcome }) => `${id} ${outcome}`),
  ).toEqual(['mcp.official-call not applicable', 'mcp.official-answer not applicable'])
  expectInferenceFine(ended)
  expect(ended.verdicts.find(({ id }) => id === 'mcp.result')?.reason).toContain('Europe/Berlin')
})

describe('each trouble turns its own verdict red, and nothing of the inference server', () => {
  for (const { id, verdict, cause, path, ...behaviour } of mcpFaults) {
    test(`${id}: ${verdict}, ${cause}`, { timeout: 20_000 }, async () => {
      const ended = await served(behaviour, path, cause === 'mcp-slow' ? { MCP_SERVER_TIMEOUT: '1' } : {})
      expect(ended.red).toEqual([verdict])
      expect(ended.cause).toMatchObject({ id: cause, layer: 'MCP server' })
      expect(ended.cause?.evidence[0]).not.toBe('')
      expect(ended.cause?.remedy).not.toBe('')
      expectInferenceFine(ended)
    })
  }
})

describe('where no MCP server is', () => {
  test('nothing listens', { timeout: 20_000 }, async () => {
    const door = await serveTime()
    await door.close()
    const ended = await runWith({ MCP_SERVER_URL: door.url })
    expect(ended.red).toEqual(['mcp.session'])
    expect(ended.cause).toMatchObject({
      id: 'mcp-nothing-listening',
      sentence: `Nothing listens at ${door.url}. The inference server is not the cause: everything else that was asked of it holds.`,
    })
    expectInferenceFine(ended)
  })

  test('the host is unknown', { timeout: 20_000 }, async () => {
    const ended = await runWith({ MCP_SERVER_URL: 'http://no-such-host.invalid/mcp' })
    expect(ended.red).toEqual(['mcp.session'])
    expect(ended.cause).toMatchObject({ id: 'mcp-host-unknown', sentence: expect.stringContaining('no-such-host.invalid') })
    expectInferenceFine(ended)
  })

  test('https to a port of plain http', { timeout: 20_000 }, async () => {
    const url = await loopback.http((_, response) => response.end())
    expect((await runWith({ MCP_SERVER_URL: `${url.replace('http:', 'https:')}/mcp` })).cause).toMatchObject({
      id: 'mcp-https-on-http-port',
      remedy: `MCP_SERVER_URL=${url}/mcp`,
    })
  })

  test('something that does not speak HTTP', { timeout: 20_000 }, async () => {
    const url = await loopback.raw('220 smtp.example ESMTP\r\n')
    expect((await runWith({ MCP_SERVER_URL: `${url}/mcp` })).cause).toMatchObject({ id: 'mcp-not-http' })
  })
})

describe('keys and headers', () => {
  const guarded: McpBehaviour = {
    door({ headers }, response) {
      if (headers.authorization === 'Bearer mcp-key-7731' && headers['x-team'] === 'blue-canary') return false
      refuse(response, 401, 'Unauthorized')
      return true
    },
  }

  test('a key and a header that are right are sent, and appear in no verdict', { timeout: 20_000 }, async () => {
    const ended = await served(guarded, '/mcp', { MCP_SERVER_KEY: 'mcp-key-7731', MCP_SERVER_HEADERS: 'X-Team: blue-canary' })
    expect(ended.red).toEqual([])
    expect(JSON.stringify(ended.verdicts)).not.toMatch(/mcp-key-7731|blue-canary/)
  })

  test('a wrong key is told from none', { timeout: 20_000 }, async () => {
    const ended = await served(guarded, '/mcp', { MCP_SERVER_KEY: 'mcp-key-0000' })
    expect(ended.cause).toMatchObject({ id: 'mcp-key-refused' })
    expect(ended.cause?.sentence).toContain('MCP_SERVER_KEY')
  })
})

test('no tool is called that may change something, unless the user names it', { timeout: 20_000 }, async () => {
  const risky: McpBehaviour = {
    result: ({ method }, result) =>
      method === 'tools/list'
        ? { ...result, tools: [{ name: 'delete_everything', inputSchema: { type: 'object', properties: {} } }] }
        : method === 'tools/call'
          ? { content: [{ type: 'text', text: 'All 4711 rows are gone.' }] }
          : result,
  }
  const ended = await served(risky)
  expect(ended.red).toEqual([])
  expect(ended.verdicts.find(({ id }) => id === 'mcp.result')).toMatchObject({
    outcome: 'blocked',
    cause: { id: 'mcp-no-task', remedy: 'MCP_SERVER_TOOL=delete_everything' },
  })
  const named = await served(risky, '/mcp', { MCP_SERVER_TOOL: 'delete_everything' })
  expect(named.verdicts.find(({ id }) => id === 'mcp.result')).toMatchObject({ outcome: 'passed' })
})
