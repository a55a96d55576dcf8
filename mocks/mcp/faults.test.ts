// @module-tag slow
import { afterEach, describe, expect, test } from 'vitest'
import { guarded, loopback, mcpPlaces, risky, serversFor } from '../../testing/situations/mcp.ts'
import { mcpCause } from '../../fixtures/mcp/cause.ts'
import type { McpServers } from '../../fixtures/mcp/servers.ts'
import type { Fault } from '../vllm/fault.ts'
import { clock, runAgainst } from '../../proof/matrix.ts'
import { rememberingReader } from '../../testing/remember.ts'
import type { Cause, Verdict } from '../../fixtures/record.ts'
import { mcpFaults } from './faults.ts'
import { serveTime, tell, type McpBehaviour } from './serve.ts'

afterEach(loopback.close)

interface Ended {
  readonly verdicts: readonly Verdict[]
  /** Verdicts that failed. */
  readonly red: readonly string[]
  readonly cause: Cause | undefined
}

/** What the mock vLLM answers is the same in all of these runs. */
const reader = rememberingReader()

/** A run on the healthy mock vLLM with these MCP servers. */
async function runWith(mcp: McpServers): Promise<Ended> {
  try {
    const verdicts = await runAgainst({ clock, reader, mcp })
    const failing = verdicts.filter(({ outcome }) => outcome === 'failed')
    return { verdicts, red: failing.map(({ id }) => id), cause: mcpCause(verdicts, true) ?? failing[0]?.cause }
  } finally {
    await mcp.subject.close()
  }
}

async function served(behaviour: McpBehaviour, path = '/mcp', env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const door = await serveTime(behaviour)
  try {
    return await runWith(serversFor({ MCP_SERVER_URL: door.url.replace(/\/mcp$/, path), ...env }))
  } finally {
    await door.close()
  }
}

/** Everything that is asked of the inference server alone holds. */
function expectInferenceFine({ verdicts }: Ended): void {
  const others = verdicts.filter(({ tags }) => !tags.includes('mcp'))
  expect(others.filter(({ outcome }) => outcome !== 'passed' && outcome !== 'not applicable')).toEqual([])
}

test('a healthy MCP server over streamable HTTP is green; the official one is then not asked', async () => {
  const ended = await served({})
  expect(
    ended.verdicts.filter(({ outcome, tags }) => outcome !== 'passed' && tags.includes('mcp')).map(({ id, outcome }) => `${id} ${outcome}`),
  ).toEqual(['mcp.official-call not applicable', 'mcp.official-answer not applicable'])
  expectInferenceFine(ended)
  expect(ended.verdicts.find(({ id }) => id === 'mcp.result')?.reason).toContain('Europe/Berlin')
})

/** Verdicts on MCP that did not pass, but for those on the official server, which is not asked beside a server of the user's. */
const unpassed = ({ verdicts }: Ended): string[] =>
  verdicts
    .filter(({ outcome, tags, id }) => outcome !== 'passed' && tags.includes('mcp') && !id.startsWith('mcp.official-'))
    .map(({ id, outcome }) => `${id} ${outcome}`)

test('a server of MCP 2026-07-28 alone, which has no sessions, is green', async () => {
  const ended = await served({ stateless: true })
  expect(unpassed(ended)).toEqual(['mcp.session-kept not applicable'])
  expectInferenceFine(ended)
  expect(ended.verdicts.find(({ id }) => id === 'mcp.result')?.reason).toContain('Europe/Berlin')
})

test.each<[string, McpBehaviour]>([
  [
    'notifications are answered with 200 and nothing',
    { door: (_request, response, { method = '' }) => method.startsWith('notifications/') && response.writeHead(200).end() === response },
  ],
  [
    'a server without sessions answers initialize with 404 and "Method not found"',
    {
      stateless: true,
      door: (_request, response, { id, method }) =>
        method === 'initialize' && tell(response, { id, error: { code: -32_601, message: 'Method not found: initialize' } }, 404),
    },
  ],
  [
    'a server without sessions answers initialize with 200 and "Method not found"',
    {
      stateless: true,
      door: (_request, response, { id, method }) =>
        method === 'initialize' && tell(response, { id, error: { code: -32_601, message: 'Method not found: initialize' } }),
    },
  ],
  [
    'GET is refused',
    {
      door({ method }, response) {
        if (method === 'GET') response.writeHead(404).end()
        return method === 'GET'
      },
    },
  ],
])('%s: green', async (_what, behaviour) => {
  expect(unpassed(await served(behaviour)).filter((one) => one !== 'mcp.session-kept not applicable')).toEqual([])
})

describe('each trouble turns its own verdict red, and nothing of the inference server', () => {
  for (const { id, verdict, cause, path, ...behaviour } of mcpFaults) {
    test(`${id}: ${verdict}, ${cause}`, async () => {
      const ended = await served(behaviour, path, cause === 'mcp-slow' || cause === 'mcp-answer-lost' ? { MCP_SERVER_TIMEOUT: '5' } : {})
      expect(ended.red).toEqual([verdict])
      expect(ended.cause).toMatchObject({ id: cause, layer: 'MCP server' })
      expect(ended.cause?.evidence[0]).not.toBe('')
      expect(ended.cause?.remedy).not.toBe('')
      // Where it broke is a step of the protocol, not the name of a cause.
      const places = ended.verdicts.filter(({ tags }) => tags.includes('mcp')).flatMap(({ findings }) => findings.map(({ where }) => where))
      expect(places.filter((where) => !/^(?:initialize|tools\/(?:list|call)|Mcp-Session-Id)$/.test(where))).toEqual([])
      expectInferenceFine(ended)
    })
  }
})

describe('what stands in place of an MCP server', () => {
  for (const { what, cause, red, servers } of mcpPlaces) {
    test(`${what}: ${cause}`, async () => {
      const ended = await runWith(await servers())
      expect(ended.red).toEqual(red)
      expect(ended.cause).toMatchObject({ id: cause, layer: 'MCP server' })
      expect(ended.cause?.sentence).toMatch(/\. The inference server is not the cause: everything else that was asked of it holds\.$/)
      expect(ended.cause?.evidence[0]).not.toBe('')
      expectInferenceFine(ended)
    })
  }

  test('the sentence names the address', async () => {
    const door = await serveTime()
    await door.close()
    expect((await runWith(serversFor({ MCP_SERVER_URL: door.url }))).cause?.sentence).toContain(`Nothing listens at ${door.url}. `)
    const unknown = await runWith(serversFor({ MCP_SERVER_URL: 'http://no-such-host.invalid/mcp' }))
    expect(unknown.cause?.sentence).toContain('no-such-host.invalid')
  })

  test.each([true, false])('the remedy names the endpoint nearby; without sessions: %s', async (stateless) => {
    const door = await serveTime({ stateless })
    const ended = await runWith(serversFor({ MCP_SERVER_URL: door.url.replace(/\/mcp$/, '/api/tools') }))
    await door.close()
    expect(ended.cause?.remedy).toBe(`MCP_SERVER_URL=${door.url}`)
  })

  test('the remedy corrects the scheme', async () => {
    const url = await loopback.http((_, response) => response.end())
    const ended = await runWith(serversFor({ MCP_SERVER_URL: `${url.replace('http:', 'https:')}/mcp` }))
    expect(ended.cause?.remedy).toBe(`MCP_SERVER_URL=${url}/mcp`)
  })
})

describe('keys and headers', () => {
  test('a key and a header that are right are sent, and appear in no verdict', async () => {
    const ended = await served(guarded, '/mcp', { MCP_SERVER_KEY: 'mcp-key-7731', MCP_SERVER_HEADERS: 'X-Team: blue-canary' })
    expect(ended.red).toEqual([])
    expect(JSON.stringify(ended.verdicts)).not.toMatch(/mcp-key-7731|blue-canary/)
  })

  test('a wrong key is told from none', async () => {
    const ended = await served(guarded, '/mcp', { MCP_SERVER_KEY: 'mcp-key-0000' })
    expect(ended.cause?.sentence).toContain('MCP_SERVER_KEY')
  })
})

test.each(['Berlin', 'Germany/Berlin'])('a model that asks for the time zone %s is no defect of anyone', async (zone) => {
  const said: Fault['said'] = ({ calls }) => {
    for (const call of calls) call.arguments = call.arguments.replace(/(?<="timezone":\s*")Europe\/Berlin/, zone)
  }
  const verdicts = await runAgainst({ fault: { id: 'zone', what: 'The model shortens the zone.', trigger: [], said } })
  const about = verdicts.filter(({ tags, outcome }) => tags.includes('mcp') && outcome !== 'passed')
  expect(about.map(({ id, outcome, cause }) => ({ id, outcome, cause }))).toEqual(
    ['mcp.result', 'mcp.answer:plain', 'mcp.answer:stream', 'mcp.uses-result'].map((id) => ({
      id,
      outcome: 'inconclusive',
      cause: undefined,
    })),
  )
  expect(verdicts.find(({ id }) => id === 'mcp.result')?.reason).toContain(`{"timezone": "${zone}"}`)
})

test('no tool is called that may change something, unless the user names it', async () => {
  const ended = await served(risky)
  expect(ended.red).toEqual([])
  expect(ended.verdicts.find(({ id }) => id === 'mcp.result')).toMatchObject({
    outcome: 'blocked',
    cause: { id: 'mcp-no-task', remedy: 'MCP_SERVER_TOOL=delete_everything' },
  })
  const named = await served(risky, '/mcp', { MCP_SERVER_TOOL: 'delete_everything' })
  expect(named.verdicts.find(({ id }) => id === 'mcp.result')).toMatchObject({ outcome: 'passed' })
})
