import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { faultOf } from '../mocks/vllm/faults/index.ts'
import { listen } from '../mocks/vllm/listen.ts'
import { createVllm, type VllmOptions } from '../mocks/vllm/vllm.ts'
import type { Results } from '../reports/results.ts'
import { FILES } from '../reports/store.ts'
import { createLoopback } from '../testing/loopback.ts'
import { startScript, type Ended as Process } from '../testing/script.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'conformance-gate-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

interface Ended extends Process {
  readonly folder: string
}

/** A script of this project. `onText` sees what it writes, and may stop it. */
async function start(
  script: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  onText: (text: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
): Promise<Ended> {
  const reports = env['CONFORMANCE_REPORT_DIR'] ?? folder()
  const { child, ended } = startScript(script, { CONFORMANCE_REPORT_DIR: reports, ...env }, args, (text) =>
    onText(text, (signal) => child.kill(signal)),
  )
  return { ...(await ended), folder: reports }
}

/** `npm test` against a mock with a fault. */
async function against(options: VllmOptions, env: Readonly<Record<string, string>> = {}, args: readonly string[] = []): Promise<Ended> {
  const door = await listen(createVllm({ apiKey: 'sk-canary-5417', ...options }))
  try {
    return await start('run/main.ts', { OPENAI_BASE_URL: `${door.url}/v1`, OPENAI_API_KEY: 'sk-canary-5417', ...env }, args)
  } finally {
    await door.close()
  }
}

/** A small part of the suite that shows a missing [DONE]. */
const PART = ['-t', 'Zero-argument'] as const

const shared = mkdtempSync(join(tmpdir(), 'conformance-gate-'))
afterAll(() => rmSync(shared, { recursive: true, force: true }))
let compared: Promise<readonly [green: Ended, red: Ended]> | undefined
/** A run of a healthy server, and one that is compared with it and fails: made once for all tests that read them. */
const greenAndRed = () =>
  (compared ??= (async () => {
    const green = await against({}, { CONFORMANCE_REPORT_DIR: join(shared, 'green') }, PART)
    const env = { CONFORMANCE_REPORT_DIR: join(shared, 'red'), CONFORMANCE_COMPARE: green.folder, CONFORMANCE_GATE: 'new' }
    return [green, await against({ fault: faultOf('done-missing') }, env, PART)] as const
  })())

const resultsIn = (path: string): Results => JSON.parse(readFileSync(join(path, FILES.results), 'utf8')) as Results

function waiverFile(changes: Readonly<Record<string, string>> = {}): string {
  const entry = {
    check: 'stream.done',
    expect: 'failed',
    reason: 'the agent closes the stream itself',
    link: 'https://github.com/vllm-project/vllm/issues/27641',
    owner: 'platform-team',
    expires: new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10),
    ...changes,
  }
  const path = join(folder(), 'waivers.yaml')
  writeFileSync(
    path,
    `waivers:\n  - ${Object.entries(entry)
      .map(([key, value]) => `${key}: ${value}`)
      .join('\n    ')}\n`,
  )
  return path
}

test('what a waiver accepts is waived on every surface, and the run conforms', async () => {
  const waivers = waiverFile()
  const ended = await against(
    { fault: faultOf('done-missing') },
    { CONFORMANCE_WAIVERS: waivers, GITHUB_ACTIONS: 'true', NO_COLOR: '1' },
    PART,
  )
  expect(ended.code, ended.out).toBe(0)
  expect(ended.out).toContain('with 1 waived requirement')
  expect(ended.out).toContain('the agent closes the stream itself (platform-team, until')
  const text = (file: string): string => readFileSync(join(ended.folder, file), 'utf8')
  expect(resultsIn(ended.folder)).toMatchObject({
    counts: { failure: 0, waived: 1 },
    waivers: [{ check: 'stream.done', state: 'applied' }],
  })
  expect(text(FILES.junit)).toContain('<skipped message="waived: the agent closes the stream itself')
  expect(text(FILES.verdicts)).toContain('"outcome":"waived"')
  expect(text(FILES.summary)).toContain('Waived (1)')
  expect(text(FILES.html)).toContain('the agent closes the stream itself')
  expect(JSON.parse(text(FILES.badge))).toMatchObject({ message: 'works, 1 waived' })
  expect(JSON.parse(text(FILES.attestation))).toMatchObject({ predicate: { result: 'WARNED', warnedTests: ['stream.done'] } })
  expect(parse(text(FILES.conformance))).toMatchObject({ profiles: [{ core: { result: 'partial' } }] })
})

test.for([
  ['one without a reason', { reason: 'TODO' }, /waivers\.yaml:4: reason .* is still to be filled in/],
  ['an unknown check', { check: 'stream.don' }, /waivers\.yaml:2: there is no check stream\.don; did you mean stream\.done\?/],
  ['the core', { check: 'named.calls:stream' }, /waivers\.yaml:2: named\.calls:stream belongs to the core/],
] as const)('%s ends the run with 2', async ([, changes, words]) => {
  const ended = await start('run/main.ts', { CONFORMANCE_WAIVERS: waiverFile(changes) })
  expect(ended.code, ended.out).toBe(2)
  expect(ended.out).toMatch(words)
})

test('a check that is expected to be flaky is tried several times, and says how often it failed', async () => {
  const waivers = waiverFile({ check: 'truncation.call:plain', expect: 'flaky' })
  const ended = await against({}, { CONFORMANCE_WAIVERS: waivers, CONFORMANCE_TRIES: '4' }, ['-t', 'Truncation'])
  expect(ended.code, ended.out).toBe(0)
  expect(ended.out).toContain('truncation.call:plain: It failed in 0 of 4 tries')
  expect(resultsIn(ended.folder).waivers).toMatchObject([{ failures: { failed: 0, tries: 4 } }])
})

test('a run is compared with an earlier one, and the gate can hold what is new', async () => {
  const [green, red] = await greenAndRed()
  expect(red.code, red.out).toBe(1)
  expect(red.out).toContain('Newly failing: MUST end a stream with data: [DONE]')
  expect(resultsIn(red.folder).comparison?.newlyFailing).toMatchObject([{ id: 'stream.done', before: 'passed', now: 'failed' }])

  const env = { CONFORMANCE_COMPARE: join(red.folder, FILES.results), CONFORMANCE_GATE: 'new' }
  const same = await against({ fault: faultOf('done-missing') }, env, PART)
  expect(same.code, same.out).toBe(0)
  expect(same.out).toContain('Nothing that was judged has changed')

  const [worse, better] = await Promise.all([
    start('run/compare.ts', {}, [green.folder, red.folder]),
    start('run/compare.ts', {}, [red.folder, green.folder]),
  ])
  expect([worse.code, better.code]).toEqual([1, 0])
  expect(worse.out).toContain('[stream.done] passed → failed')
  expect(better.out).toContain('Newly passing: 1')
})

test.for([
  [{ CONFORMANCE_GATE: 'new' }, 'there is nothing to compare with'],
  [{ CONFORMANCE_COMPARE: '/nowhere' }, 'There is no /nowhere'],
  [{ CONFORMANCE_WAIVERS: '/nowhere.yaml' }, 'The waiver file /nowhere.yaml cannot be read (ENOENT)'],
] as const)('%j ends with 2 before anything is asked', async ([env, words]) => {
  const ended = await start('run/main.ts', env)
  expect(ended.code, ended.out).toBe(2)
  expect(ended.out.trim().split('\n')).toHaveLength(1)
  expect(ended.out).toContain(words)
})

test.for([
  ['watch', 'watch is a command of its own: npm run watch.'],
  ['OPENAI_API_KEY=sk-canary', 'OPENAI_API_KEY stands behind the command, where nothing reads it: write OPENAI_API_KEY=… npm test.'],
  [
    'localhost:8000',
    "The arguments cannot be read: Unexpected argument 'localhost:8000'; a server is named by a variable: OPENAI_BASE_URL=http://localhost:8000 npm test.",
  ],
] as const)('npm test -- %s says what was meant', async ([argument, sentence]) => {
  // pnpm hands the -- on.
  const ended = await Promise.all([[argument], ['--', argument]].map((args) => start('run/main.ts', {}, args)))
  expect(ended.map(({ code, out }) => [code, out])).toEqual([
    [2, `${sentence}\n`],
    [2, `${sentence}\n`],
  ])
})

/** Lists a model, and answers every chat in a server's place. */
function hop(status: number, body: string): Server {
  const models = JSON.stringify({ object: 'list', data: [{ id: 'm', object: 'model', created: 1, owned_by: 'vllm', max_model_len: 4096 }] })
  return createServer((request, response) => {
    request.resume()
    if (request.url === '/v1/models') response.writeHead(200, { 'content-type': 'application/json' }).end(models)
    else response.writeHead(status, { 'content-type': 'text/html' }).end(body)
  })
}

test('a hop that answers 502 to every chat: exit code 3, and the server is not blamed', async () => {
  const loopback = createLoopback()
  onTestFinished(loopback.close)
  const page = '<html><head><title>502 Bad Gateway</title></head><body><center>nginx/1.22.1</center></body></html>'
  const url = await loopback.listen(hop(502, page))
  const ended = await start('run/main.ts', { OPENAI_BASE_URL: `${url}/v1`, CONFORMANCE_DEPTH: 'smoke' })
  expect(ended.code, ended.out).toBe(3)
  expect(ended.out).toContain('Tool calling could not be judged')
  expect(ended.out).toMatch(/^Cause: .*\[(?:network|HTTP|credentials)\]$/m)
})

// A terminal that is closed sends SIGHUP, Ctrl-\\ SIGQUIT.
test.each([
  ['run/main.ts', 'SIGTERM', 143],
  ['run/main.ts', 'SIGHUP', 129],
  ['run/main.ts', 'SIGQUIT', 131],
  ['run/load.ts', 'SIGHUP', 129],
] as const)('%s says that %s stopped it while it waited for the server', async (script, signal, code) => {
  const ended = await start(script, { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', CONFORMANCE_READY_TIMEOUT: '300' }, [], (line, kill) => {
    if (line.startsWith('Waiting for the server')) kill(signal)
  })
  expect(ended.code, ended.out).toBe(code)
  expect(ended.out).toMatch(new RegExp(`^Stopped by ${signal}\\b.*\\.$`, 'm'))
})

test('a run that is stopped says the whole command that makes its reports, and these are green nowhere', async () => {
  const door = await listen(createVllm({ gapMs: 20 }))
  onTestFinished(() => door.close())
  let sent = false
  const ended = await start('run/main.ts', { OPENAI_BASE_URL: `${door.url}/v1` }, [], (line, kill) => {
    if (sent || !/\d+\/\d+ verdicts/.test(line)) return
    sent = true
    kill('SIGINT')
  })
  expect(ended.code, ended.out).toBe(130)
  expect(ended.out).toContain(`CONFORMANCE_REPORT_DIR=${ended.folder} npm run report`)
  const report = await start('reports/main.ts', { CONFORMANCE_REPORT_DIR: ended.folder })
  expect(report.code, report.out).toBe(3)
  expect(report.out).toContain('could not be judged')
  expect(readFileSync(join(ended.folder, FILES.junit), 'utf8')).toContain('<error type="cut"')
})

test('npm run waive writes what failed, and -- --prune takes out what is stale', async () => {
  const file = join(folder(), 'waivers.yaml')
  const [, red] = await greenAndRed()
  const env = { CONFORMANCE_REPORT_DIR: red.folder, CONFORMANCE_WAIVERS: file }
  const written = await start('run/waive.ts', env)
  expect(written.code, written.out).toBe(0)
  expect(written.out).toContain('1 entry written. Fill in reason, link and owner')
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('TODO', 'https://example.com/1'))
  const stale = await against({}, { CONFORMANCE_WAIVERS: file }, PART)
  expect(stale.code, stale.out).toBe(1)
  const pruned = await start('run/waive.ts', { ...env, CONFORMANCE_REPORT_DIR: stale.folder }, ['--prune'])
  expect(pruned.out).toContain('stream.done is taken out')
})
