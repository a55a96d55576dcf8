import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, expect, test } from 'vitest'
import { unitsOf, type Unit } from '../../fixtures/run/plan.ts'
import { faultOf } from '../../mocks/vllm/faults/index.ts'
import { listen } from '../../mocks/vllm/listen.ts'
import { createVllm, type VllmOptions } from '../../mocks/vllm/vllm.ts'
import { createWatchMetrics, type WatchMetrics } from '../../reports/metrics.ts'
import { createLoopback } from '../../testing/loopback.ts'
import { inVirtualTime } from '../../testing/virtual-time.ts'
import { keepApart } from '../apart.ts'
import { loadScenarios } from '../scenarios.ts'
import { watchConfiguration } from './configuration.ts'
import { watch } from './watch.ts'

const loopback = createLoopback()
afterEach(loopback.close)

let known: Promise<readonly Unit[]> | undefined
const units = (): Promise<readonly Unit[]> => (known ??= loadScenarios(5).then(unitsOf))

/** What a watch of mock servers came to. */
interface Watched {
  readonly metrics: WatchMetrics
  readonly lines: readonly string[]
  readonly folder: string
}

/** Watches by these variables until `enough` says so after a probe. */
async function watchBy(
  env: Readonly<Record<string, string>>,
  enough: (probes: number, metrics: WatchMetrics) => boolean | Promise<boolean>,
): Promise<Watched> {
  const folder = await mkdtemp(join(tmpdir(), 'watch-'))
  loopback.defer(() => rm(folder, { recursive: true, force: true }))
  const metrics = createWatchMetrics()
  const lines: string[] = []
  const stop = new AbortController()
  const apart = keepApart()
  let probes = 0
  const { ended, stuck } = watch(
    {
      configuration: watchConfiguration({ CONFORMANCE_REPORT_DIR: folder, ...env }),
      units: await units(),
      terms: { waivers: [] },
      metrics,
      apart,
      say: (line) => void lines.push(line),
      startMock: () => Promise.reject(new Error('nothing but addresses is watched here')),
      timeUrl: 'http://127.0.0.1:1',
      env,
      onProbe: async () => {
        probes += 1
        if (await enough(probes, metrics)) stop.abort()
      },
    },
    stop.signal,
  )
  await ended
  apart.close()
  expect(stuck()).toBeUndefined()
  return { metrics, lines, folder: join(folder, 'watch') }
}

/** A mock server, which may become another while it is watched. */
async function serve(
  options: VllmOptions,
): Promise<{ readonly url: string; readonly become: (next: VllmOptions) => void; readonly asked: () => number }> {
  let vllm = createVllm(options)
  let asked = 0
  const door = await listen({
    ...vllm,
    begin(request) {
      if (request.method === 'POST') asked += 1
      return vllm.begin(request)
    },
    finished: (id) => vllm.finished(id),
    disconnected: (id, written) => vllm.disconnected(id, written),
  })
  loopback.defer(() => door.close())
  return { url: `${door.url}/v1`, become: (next) => void (vllm = createVllm(next)), asked: () => asked }
}

const recordIn = async ({ folder }: Watched, name: string): Promise<unknown> =>
  JSON.parse(await readFile(join(folder, name, 'run.json'), 'utf8'))

const minutesBetween = (times: readonly number[]): readonly number[] =>
  times.slice(1).map((time, index) => Math.round((time - (times[index] ?? 0)) / 60_000))

/** Samples of a metric, its labels to its value. */
async function samples(
  { registry }: WatchMetrics,
  name: string,
): Promise<readonly (readonly [labels: Readonly<Record<string, string | number | undefined>>, value: number])[]> {
  const found = await registry.getSingleMetric(name)?.get()
  return (found?.values ?? []).map(({ labels, value }) => [labels, value] as const)
}
const value = async (metrics: WatchMetrics, name: string): Promise<number | undefined> => (await samples(metrics, name))[0]?.[1]

test('a healthy server conforms, each probe anew, at the interval and with few requests', async () => {
  const at: number[] = []
  const { url, asked, lines, metrics, record } = await inVirtualTime(async () => {
    const server = await serve({})
    const watched = await watchBy({ OPENAI_BASE_URL: server.url }, (probes) => {
      at.push(Date.now())
      return probes === 4
    })
    return { ...watched, url: server.url, asked: server.asked(), record: await recordIn(watched, 'last') }
  })
  expect(lines).toEqual([`${url}: conforms.`])
  expect(minutesBetween(at)).toEqual([5, 5, 5])
  expect(asked).toBe(16)
  // What is no longer watched has no metrics.
  expect(await samples(metrics, 'toolcalling_conformance')).toEqual([])
  expect(record).toMatchObject({ depth: 'smoke', ended: { exitCode: 0 } })
})

test('what breaks is said once, with its cause, and so is what mends; the record of the failure stays', async () => {
  const seen: unknown[] = []
  const { lines, last, failed } = await inVirtualTime(async () => {
    const server = await serve({})
    const watched = await watchBy({ OPENAI_BASE_URL: server.url }, async (probes, metrics) => {
      const [run = 0, success = 0] = [
        await value(metrics, 'toolcalling_last_run_timestamp_seconds'),
        await value(metrics, 'toolcalling_last_success_timestamp_seconds'),
      ]
      seen.push([
        await value(metrics, 'toolcalling_conformance'),
        (await samples(metrics, 'toolcalling_cause_info')).map(([{ cause, layer }]) => `${cause} [${layer}]`),
        run - success > 100,
      ])
      if (probes === 1) server.become({ parser: 'none' })
      if (probes === 3) server.become({})
      return probes === 4
    })
    return { ...watched, last: await recordIn(watched, 'last'), failed: await recordIn(watched, 'failed') }
  })
  const red = [1, ['no-parser [server]'], true]
  expect(seen).toEqual([[0, [], false], red, red.with(2, true), [0, [], false]])
  expect(lines.filter((line) => /: (?:conforms|does not conform)/.test(line))).toHaveLength(3)
  expect(lines.join('\n')).toMatch(/Cause: .+\n.*Evidence: .+\n.*Remedy:\s.+/)
  expect(lines.join('\n')).toMatch(/Since the run of .+: .*fails newly: /)
  expect(failed).toMatchObject({ ended: { exitCode: 1 } })
  expect(last).toMatchObject({ ended: { exitCode: 0 } })
})

test('drift is one line: what changed about the server, once', async () => {
  const { lines } = await inVirtualTime(async () => {
    const server = await serve({ profile: '0.22.1' })
    return watchBy({ OPENAI_BASE_URL: server.url }, (probes) => {
      if (probes === 1) server.become({ profile: '0.25.1', model: 'another' })
      return probes === 3
    })
  })
  const drift = lines.filter((line) => line.includes('Since the run of'))
  expect(drift).toHaveLength(1)
  expect(drift[0]).toMatch(/: model \S+ → another; served models \S+ → another; vLLM 0\.22\.1 → 0\.25\.1/)
})

test('a server that is gone has not drifted', async () => {
  const { lines } = await inVirtualTime(async () => {
    const server = await serve({})
    return watchBy({ OPENAI_BASE_URL: server.url }, (probes) => {
      if (probes === 1) server.become({ fault: faultOf('health-always-503') })
      return probes === 3
    })
  })
  expect(lines.join('\n')).toContain('could not be judged')
  expect(lines.filter((line) => line.includes('Since the run of'))).toEqual([])
})

test('a server with a queue is asked nothing of its model, and looked at less and less often', async () => {
  const at: number[] = []
  let [causes, postponed]: unknown[] = []
  const { url, asked, lines } = await inVirtualTime(async () => {
    const server = await serve({ fault: faultOf('metrics-waiting-stuck') })
    const watched = await watchBy({ OPENAI_BASE_URL: server.url }, async (probes, metrics) => {
      at.push(Date.now())
      causes = (await samples(metrics, 'toolcalling_cause_info')).map(([labels]) => labels['cause'])
      postponed = (await samples(metrics, 'toolcalling_postponed_total')).map(([{ reason }, count]) => [reason, count])
      return probes === 5
    })
    return { ...watched, url: server.url, asked: server.asked() }
  })
  expect(asked).toBe(0)
  expect(causes).toEqual(['server-busy'])
  expect(postponed).toEqual([['server-busy', 5]])
  expect(minutesBetween(at)).toEqual([5, 10, 20, 20])
  expect(lines).toEqual([`${url}: not probed for now: The server is busy: 2 requests wait in its queue.`])
})

/** Bytes that are in use when all garbage is collected, without compiled code: V8 drops half a megabyte of it at once, at any time. */
function heapOfData(): number {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  gc()
  gc()
  return getHeapSpaceStatistics()
    .filter(({ space_name: name }) => !/code|trusted/.test(name))
    .reduce((sum, { space_used_size: used }) => sum + used, 0)
}

/** How many bytes of the heap one probe leaves behind, between the half of these probes and the last, and how many its record has. */
async function leftBehind(probes: number, kept?: unknown[]): Promise<{ readonly left: number; readonly record: number }> {
  const heap: number[] = []
  let record = 0
  await inVirtualTime(async () => {
    const server = await serve({})
    const { folder } = await watchBy({ OPENAI_BASE_URL: server.url }, (ended) => {
      // As a watch that keeps what a tenth of a record says.
      kept?.push(Array.from({ length: 120 }, (_, index) => `what probe ${ended} said in line ${index}, and the rest of that line`))
      if (ended === probes / 2 || ended === probes) heap.push(heapOfData())
      return ended === probes
    })
    for (const file of await readdir(join(folder, 'last'))) record += (await stat(join(folder, 'last', file))).size
  })
  const [half = 0, last = 0] = heap
  return { left: (last - half) / (probes / 2), record }
}

/** The part of its record that a probe may leave in memory: what V8 notes about code that runs often is some of it. */
const PART = 1 / 20

test('240 probes leave the heap as it was', { tags: ['slow'] }, async () => {
  const { left, record } = await leftBehind(240)
  expect(record).toBeGreaterThan(50_000)
  expect(left).toBeLessThan(record * PART)
})

test('a watch that kept a tenth of each record would be noticed', { tags: ['slow'] }, async () => {
  const { left, record } = await leftBehind(100, [])
  expect(left).toBeGreaterThan(record * PART)
})
