// @module-tag slow
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { parseMetrics } from '../fixtures/contract/metrics.ts'
import { createWorld } from '../mocks/kubernetes/world.ts'
import { listen } from '../mocks/vllm/listen.ts'
import { createVllm } from '../mocks/vllm/vllm.ts'
import { serveFleet } from '../testing/fleet.ts'
import { createLoopback } from '../testing/loopback.ts'
import { startScript } from '../testing/script.ts'

const loopback = createLoopback()
afterEach(loopback.close)

interface Watcher {
  readonly child: ChildProcess
  readonly out: () => string
  readonly ended: Promise<number | null>
  readonly folder: string
}

/** `npm run watch` as a process of its own. */
async function begin(env: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<Watcher> {
  const folder = await mkdtemp(join(tmpdir(), 'watch-'))
  let out = ''
  const own = { CONFORMANCE_REPORT_DIR: folder, CONFORMANCE_WATCH_PORT: '0', ...env }
  const { child, ended: whole } = startScript('run/watch.ts', own, args, (text) => (out += text))
  const ended = whole.then(({ code }) => code)
  loopback.defer(async () => {
    child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
  })
  return { child, out: () => out, ended, folder }
}

const PATIENCE = { timeout: 240_000, interval: 50 }

/** The address of the metrics, once they are served. */
const address = ({ out }: Watcher): Promise<string> =>
  vi.waitFor(() => {
    const [, url] = /Metrics: (http:\S+)\/metrics/.exec(out()) ?? []
    if (url === undefined) throw new Error(out())
    return url
  }, PATIENCE)

test('serves what it finds, and ends at SIGTERM with 143, in the middle of a probe and between two', async () => {
  const [ready, silent] = [createVllm({}), createVllm({ latencyMs: 3_600_000 })]
  const door = await listen({ ...silent, begin: (request) => (request.method === 'POST' ? silent : ready).begin(request) })
  loopback.defer(() => door.close())
  const hanging = await begin({ OPENAI_BASE_URL: `${door.url}/v1`, CONFORMANCE_WATCH_INTERVAL: '10' })
  const quick = await begin({})
  const url = await address(quick)
  const text = await vi.waitFor(async () => {
    const page = await (await fetch(`${url}/metrics`)).text()
    expect(page).toMatch(/^toolcalling_conformance\{/m)
    return page
  }, PATIENCE)
  const { samples, strange } = parseMetrics(text)
  expect(strange).toEqual([])
  expect(samples.find(({ name }) => name === 'toolcalling_conformance')).toMatchObject({ value: 0 })
  expect(samples.some(({ name }) => name === 'process_resident_memory_bytes')).toBe(true)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  expect((await fetch(`${url}/else`)).status).toBe(404)
  await address(hanging)
  await vi.waitFor(() => expect(existsSync(join(hanging.folder, 'watch/now'))).toBe(true), PATIENCE)
  for (const watcher of [quick, hanging]) {
    watcher.child.kill('SIGTERM')
    expect(await watcher.ended).toBe(143)
    expect(watcher.out()).toContain('Stopped by SIGTERM.')
    // Nothing holds its folder any more.
    expect(existsSync(join(watcher.folder, 'watch/.lock'))).toBe(false)
  }
})

test('each workspace of a selection has its own metrics and cause, and one that is gone has none', async () => {
  const fleet = await serveFleet([
    { name: 'good', namespace: 'team-a' },
    { name: 'bare', namespace: 'team-b', server: { parser: 'none' } },
  ])
  loopback.defer(() => fleet.close())
  const watcher = await begin({
    KUBECONFIG: fleet.kubeconfig,
    KAITO_WORKSPACE: '*',
    KAITO_NAMESPACE: '*',
    CONFORMANCE_WATCH_INTERVAL: '10',
  })
  const url = await address(watcher)
  const conformance = async (): Promise<Record<string, number>> => {
    const { samples } = parseMetrics(await (await fetch(`${url}/metrics`)).text())
    return Object.fromEntries(
      samples
        .filter(({ name }) => name === 'toolcalling_conformance')
        .map(({ labels, value }) => [`${labels['namespace']}/${labels['workspace']}`, value]),
    )
  }
  await vi.waitFor(async () => expect(await conformance()).toEqual({ 'team-a/good': 0, 'team-b/bare': 1 }), PATIENCE)
  expect(watcher.out()).toMatch(/^team-b\/bare: does not conform\.\n {2}Cause: /m)
  expect(existsSync(join(watcher.folder, 'watch/team-b/bare/failed/run.json'))).toBe(true)
  fleet.kube.remove(createWorld({ workspace: 'bare', namespace: 'team-b' }).workspace)
  await vi.waitFor(async () => expect(await conformance()).toEqual({ 'team-a/good': 0 }), PATIENCE)
  expect(watcher.out()).toContain('team-b/bare is gone: it is no longer watched.')
  watcher.child.kill('SIGINT')
  expect(await watcher.ended).toBe(130)
})

test.each([
  [{ CONFORMANCE_WATCH_INTERVAL: '5' }, /^CONFORMANCE_WATCH_INTERVAL is "5": give whole seconds from 10 to 86400 without a unit\.\n$/],
  [{ CONFORMANCE_WATCH_SHARE: '10%' }, /^CONFORMANCE_WATCH_SHARE is "10%": give percent from 0\.1 to 100 without a sign\.\n$/],
  [{ CONFORMANCE_WATCH_PORT: '70000' }, /^CONFORMANCE_WATCH_PORT is "70000": give a port from 0 to 65535\.\n$/],
  [{ CONFORMANCE_IMAGE: 'vllm:1' }, /^CONFORMANCE_IMAGE starts a server for one run/],
  [{ CONFORMANCE_CLIENTS: 'all' }, /^CONFORMANCE_CLIENTS is set, but npm run watch runs no clients/],
])('%j ends it with 2 and one sentence', async (env, sentence) => {
  const watcher = await begin(env)
  expect(await watcher.ended).toBe(2)
  expect(watcher.out()).toMatch(sentence)
})

test('a port that is taken ends it with 2 and one sentence', async () => {
  const url = new URL(await loopback.listen(createServer(), '::'))
  const watcher = await begin({ CONFORMANCE_WATCH_PORT: url.port })
  expect(await watcher.ended).toBe(2)
  expect(watcher.out()).toMatch(/^Port \d+ cannot be opened \(EADDRINUSE\): give another in CONFORMANCE_WATCH_PORT\.\n$/m)
})
