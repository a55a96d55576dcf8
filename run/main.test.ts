// @module-tag slow
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { faultOf } from '../mocks/vllm/faults/index.ts'
import { createVllm, type VllmOptions } from '../mocks/vllm/vllm.ts'
import { listen } from '../mocks/vllm/listen.ts'
import { refuse, serveTime } from '../mocks/mcp/serve.ts'
import type { Verdict } from '../fixtures/record.ts'
import { holdFolder } from '../reports/lock.ts'
import { judgeInVirtualTime } from '../testing/judge.ts'
import { startScript } from '../testing/script.ts'
import { loopback, vllm } from '../testing/situations/whole-run.ts'

const KEY = 'sk-canary-5417'

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly verdicts: readonly Verdict[]
  readonly page: string
}

/** `npm test` as a user has it. */
async function npmTest(env: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
  try {
    const limits = { CONFORMANCE_READY_TIMEOUT: '60', CONFORMANCE_TIMEOUT: '60' }
    const { code, out } = await startScript('run/main.ts', { CONFORMANCE_REPORT_DIR: folder, ...limits, ...env }, args).ended
    const lines = await readFile(join(folder, 'verdicts.jsonl'), 'utf8').catch(() => '')
    const verdicts = lines.split('\n').flatMap((line): Verdict[] => (line === '' ? [] : [JSON.parse(line) as Verdict]))
    return { code, out, verdicts, page: await readFile(join(folder, 'index.html'), 'utf8').catch(() => '') }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function against(options: VllmOptions, env: Readonly<Record<string, string>> = {}, args: readonly string[] = []): Promise<Ended> {
  const door = await listen(createVllm({ apiKey: KEY, ...options }))
  try {
    return await npmTest({ OPENAI_BASE_URL: `${door.url}/v1`, OPENAI_API_KEY: KEY, ...env }, args)
  } finally {
    await door.close()
  }
}

const failed = ({ verdicts }: Ended): string[] =>
  verdicts.filter(({ outcome, level }) => outcome === 'failed' && level === 'MUST').map(({ id }) => id)
const withoutForm = (id: string): string => id.replace(/:(?:plain|stream)$/, '')

test('a healthy server conforms: exit code 0, every verdict in the record and on the page', async () => {
  const ended = await against({})
  expect(failed(ended)).toEqual([])
  expect(ended.code).toBe(0)
  expect(ended.verdicts.length).toBeGreaterThanOrEqual(150)
  expect(ended.out).toContain('Tool calling works on')
  expect(ended.out).toContain(`${ended.verdicts.filter(({ outcome }) => outcome === 'passed').length} passed`)
  expect(ended.page).toContain('Tool calling works on')
  expect(ended.out + ended.page + JSON.stringify(ended.verdicts)).not.toContain(KEY)
})

for (const [fault, id] of [
  ['status-line-broken', 'http.complete'],
  ['id-changes-per-chunk', 'envelope.id'],
  ['usage-total-not-sum', 'usage.sum'],
  ['tool-index-missing', 'calls.index'],
  ['arguments-last-brace-lost', 'arguments.json'],
  ['none-ignored-streamed', 'calls.none'],
  ['named-calls-other-tool', 'calls.named'],
  ['tool-result-ignored', 'local.prompt-grows.weather'],
  ['unknown-named-500', 'bad.absent-function'],
  ['auth-open', 'auth.chat-without-key'],
] as const) {
  test(`${fault}: ${id} fails`, async () => {
    const serve = async (): Promise<string> => `${await vllm({ apiKey: KEY, fault: faultOf(fault) })}/v1`
    const { failed: ids } = await judgeInVirtualTime(serve, { apiKey: KEY }).finally(loopback.close)
    expect(ids.map(withoutForm)).toContain(id)
  })
}

test.each([
  ['a stream that does not end', 'done-missing', 'stream.done', {}],
  // What waits for our own limits gets short ones.
  ['a stream that hangs', 'stream-hangs-after-role', 'http.complete', { CONFORMANCE_TIMEOUT: '5' }],
])('%s: exit code 1', async (_what, fault, id, env) => {
  const ended = await against({ fault: faultOf(fault) }, env, ['-t', 'Zero-argument'])
  expect(ended.code, ended.out).toBe(1)
  expect(failed(ended).map(withoutForm)).toContain(id)
  expect(ended.page).toMatch(/does NOT (?:work|conform)/)
})

test('a server without a model blocks the run: exit code 3', async () => {
  const ended = await against({ fault: faultOf('models-list-empty') }, { CONFORMANCE_READY_TIMEOUT: '3', CONFORMANCE_DEPTH: 'smoke' })
  expect(ended.code, ended.out).toBe(3)
})

test('disconnect-not-noticed: a slow answer that the client leaves has to be counted', async () => {
  const ended = await against({ fault: faultOf('disconnect-not-noticed'), gapMs: 30 }, {}, ['-t', 'Metrics'])
  expect(ended.code, ended.out).toBe(1)
  expect(failed(ended)).toContain('metrics.client-leaves')
  expect((await against({ gapMs: 30 }, {}, ['-t', 'Metrics'])).code).toBe(0)
})

test('CONFORMANCE_FAIL_ON=never decides the exit code, not the report', async () => {
  const ended = await against({ fault: faultOf('done-missing') }, { CONFORMANCE_FAIL_ON: 'never' }, ['-t', 'Zero-argument'])
  expect(ended.code).toBe(0)
  expect(failed(ended)).toContain('stream.done')
  expect(ended.page).toContain('does NOT conform')
})

test('a server without a parser: one cause, and the ConfigMap that mends it', async () => {
  const ended = await against({ parser: 'none' }, { CONFORMANCE_DEPTH: 'smoke' })
  expect(ended.code).toBe(1)
  expect(ended.out).toMatch(/^Cause: .*parser/m)
  expect(ended.out).toContain('enable-auto-tool-choice: true')
  expect(ended.page).toContain('enable-auto-tool-choice: true')
})

test('a wrong key blocks the run: exit code 3 and the cause', async () => {
  const ended = await against({}, { OPENAI_API_KEY: 'sk-another-9917', CONFORMANCE_DEPTH: 'smoke' })
  expect(ended.code).toBe(3)
  expect(ended.out).toMatch(/^Cause: .*refuses the key/m)
  expect(ended.page).toContain('refuses the key')
  expect(ended.out + ended.page).not.toContain('sk-another-9917')
})

test('a filter runs a part and says so; one that matches nothing is a mistake of the user', async () => {
  const part = await against({}, { MCP_SERVER_URL: 'http://127.0.0.1:2/mcp' }, ['-t', 'Named tool choice'])
  expect(part.code).toBe(0)
  expect(part.out).toContain('MCP_SERVER_URL is not tried')
  expect(part.out).toContain('Only part of the suite was asked for')
  expect(part.verdicts.filter(({ tags }) => !tags.includes('contract')).every(({ group }) => group === 'Named tool choice')).toBe(true)
  const none = await npmTest({}, ['-t', 'no such thing'])
  expect(none.code).toBe(2)
  expect(none.out).toContain('matches no requirement')
  expect(none.out).not.toMatch(/^\s+at /m)
})

test("an MCP server of the user's that nobody reaches fails the gate, and the cause clears the inference server", async () => {
  const ended = await against({}, { MCP_SERVER_URL: 'http://127.0.0.1:2/mcp', MCP_SERVER_KEY: 'mcp-canary-2291' })
  expect(ended.code).toBe(1)
  expect(failed(ended)).toEqual(['mcp.session'])
  expect(ended.out).toContain('but NOT with the MCP server')
  expect(ended.out).toMatch(/^Cause: .*127\.0\.0\.1:2\/mcp.* The inference server is not the cause/m)
  expect(ended.page).toContain('The inference server is not the cause')
  expect(ended.out + ended.page + JSON.stringify(ended.verdicts)).not.toContain('mcp-canary-2291')
})

test('an MCP server that repeats the key does not get it into the report', async () => {
  const mcp = await serveTime({
    door({ headers }, response) {
      refuse(response, 401, `wrong key: ${headers.authorization}`)
      return true
    },
  })
  const ended = await against({}, { MCP_SERVER_URL: mcp.url, MCP_SERVER_KEY: 'mcp-canary-2291' }, ['-t', 'MCP'])
  await mcp.close()
  expect(ended.code).toBe(1)
  expect(ended.out).toMatch(/^Cause: .*refuses the key in MCP_SERVER_KEY/m)
  expect(ended.out + ended.page + JSON.stringify(ended.verdicts)).not.toContain('mcp-canary-2291')
})

test('a second run into the folder of another ends at once, and names the process that holds it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
  const release = holdFolder(folder)
  const ended = await npmTest({ CONFORMANCE_REPORT_DIR: folder })
  release()
  await rm(folder, { recursive: true })
  expect(ended.code).toBe(2)
  expect(ended.out.trim().split('\n')).toEqual([expect.stringContaining(`${folder} is in use by process ${process.pid}`)])
})

test('who reads the output may go: the exit code stays what the command came to', async () => {
  const { child, ended } = startScript('run/main.ts', {}, ['--help'])
  child.stdout.destroy()
  expect(await ended).toEqual({ code: 0, out: '' })
})

test('who reads all that a run says may go: it ends all the same, and makes its reports', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
  const { child, ended } = startScript('run/main.ts', { CONFORMANCE_REPORT_DIR: folder, CONFORMANCE_DEPTH: 'smoke' }, [])
  child.stdout.destroy()
  child.stderr.destroy()
  expect((await ended).code).toBe(0)
  expect(existsSync(join(folder, 'index.html'))).toBe(true)
  await rm(folder, { recursive: true })
})

test('a mistake of the user is one sentence, without a stack trace', async () => {
  const ended = await npmTest({ OPENAI_BASE_URL: 'http://workspace\u2011phi:80/v1' })
  expect(ended.code).toBe(2)
  expect(ended.out.trim().split('\n')).toHaveLength(1)
  expect(ended.out).toContain('U+2011')
  expect((await npmTest({}, ['http://localhost:8000'])).out).toContain('OPENAI_BASE_URL=http://localhost:8000 npm test')
})
