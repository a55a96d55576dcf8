// @module-tag slow
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Thing } from '../mocks/kubernetes/world.ts'
import { fleetSchema, type FleetResults } from '../reports/fleet/results.ts'
import { holdFolder } from '../reports/lock.ts'
import { serveFleet, type MockFleet } from '../testing/fleet.ts'
import { startScript, type Ended } from '../testing/script.ts'
import { openLedger } from './in-cluster/ledger.ts'
import { openObjects, type Objects } from './in-cluster/objects.ts'

const RUN = 'nightly-1'
const NAMESPACE = 'tool-calling'

let fleet: MockFleet
let base: string
let objects: Objects

beforeAll(async () => {
  fleet = await serveFleet(
    [
      { name: 'good-0', server: { gapMs: 5 } },
      { name: 'good-1', server: { gapMs: 5 } },
      { name: 'bare-2', server: { parser: 'none', gapMs: 5 } },
      { name: 'good-3', server: { gapMs: 5 } },
    ],
    [{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: RUN, namespace: NAMESPACE, uid: randomUUID() } }],
    { creates: ['configmaps', 'jobs'] },
  )
  base = mkdtempSync(join(tmpdir(), 'job-'))
  objects = await openObjects({ KUBECONFIG: fleet.kubeconfig, POD_NAMESPACE: NAMESPACE })
})
afterAll(async () => {
  await objects.close()
  await fleet.close()
  rmSync(base, { recursive: true, force: true })
})

const template = (): string => {
  const path = join(base, 'index-job.json')
  const spec = { completionMode: 'Indexed', template: { spec: { containers: [{ name: 'conformance', env: [] }] } } }
  writeFileSync(path, JSON.stringify({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'x-index', namespace: NAMESPACE }, spec }))
  return path
}

const env = (folder: string): Readonly<Record<string, string>> => ({
  KUBECONFIG: fleet.kubeconfig,
  POD_NAMESPACE: NAMESPACE,
  CONFORMANCE_JOB_RUN: RUN,
  CONFORMANCE_DEPTH: 'smoke',
  CONFORMANCE_REPORT_DIR: join(base, folder),
  CONFORMANCE_TERMINATION_LOG: join(base, `${folder}.message`),
})

/** A pod of an index; a signal ends it as soon as a file of its record has such a text. */
async function pod(
  index: number,
  attempt: number,
  signal?: NodeJS.Signals,
  when: readonly [file: string, text: string] = ['verdicts.jsonl', '\n'],
): Promise<Ended> {
  const folder = `pod-${index}-${attempt}`
  mkdirSync(join(base, folder))
  writeFileSync(join(base, `${folder}.message`), '')
  const own = { ...env(folder), JOB_COMPLETION_INDEX: String(index), POD_NAME: folder }
  const { child, ended } = startScript('run/job.ts', own, ['index'])
  if (signal !== undefined) {
    const changes = watch(join(base, folder), { recursive: true }, () => textIn(folder, when[0]).includes(when[1]) && child.kill(signal))
    await ended
    changes.close()
  }
  return ended
}

/** A file of the only record in a folder; empty while it is not there. */
function textIn(folder: string, file: string): string {
  const found = readdirSync(join(base, folder), { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith(`/${file}`))
  return found === undefined ? '' : readFileSync(join(base, folder, found), 'utf8')
}

const resultsIn = (folder: string): FleetResults => fleetSchema.parse(JSON.parse(readFileSync(join(base, folder, 'results.json'), 'utf8')))

test('an Indexed Job of four workspaces, one pod killed and one stopped: nothing is lost, and the page has all', async () => {
  // Where a claim keeps its reports, the pod before this one may still hold them.
  const release = holdFolder(join(base, 'fleet'))
  const coordinator = startScript(
    'run/job.ts',
    { ...env('fleet'), KAITO_WORKSPACE: '*', KAITO_NAMESPACE: '*', CONFORMANCE_JOB_TEMPLATE: template() },
    ['run'],
    (text) => text.includes('is held by the pod before this one') && release(),
  )
  writeFileSync(join(base, 'fleet.message'), '')
  await expect.poll(() => fleet.kube.requests.filter((one) => one.startsWith('POST') && one.endsWith('/jobs')).length).toBe(1)

  // What the Job controller does: each index once more after a pod that did not end by itself.
  const first = [
    await pod(0, 0, 'SIGTERM', ['run.json', '"ended"']),
    await pod(1, 0, 'SIGKILL'),
    await pod(2, 0),
    await pod(3, 0, 'SIGTERM'),
  ]
  expect(first.filter(({ code }) => code === null || code === 143).map(({ code }) => code)).toEqual([null, 143])
  const second = [await pod(1, 1), await pod(3, 1)]
  const codes = [first[0], second[0], first[2], second[1]].map((ended) => ended?.code ?? -1)
  const failed = codes.indexOf(1)
  expect(codes.filter((code) => code === 0)).toHaveLength(3)

  // What the stopped one had reached is there, that of the killed one is not: it was handed over every ten seconds.
  const handed = await Promise.all([0, 1, 2, 3].map((index) => openLedger(objects, { run: RUN, uid: '', index }, '').read()))
  expect(handed.map((attempts) => attempts.map((one) => `${one.pod} ${one.result?.exitCode ?? 'cut'}`))).toEqual([
    [`pod-0-0 ${codes[0]}`],
    [`pod-1-1 ${codes[1]}`],
    [`pod-2-0 ${codes[2]}`],
    ['pod-3-0 cut', `pod-3-1 ${codes[3]}`],
  ])
  const reached = handed[3]?.[0]?.verdicts ?? ''
  expect(reached).toMatch(/^\{.*\}\n$/s)
  expect(textIn('pod-3-0', 'verdicts.jsonl').startsWith(reached)).toBe(true)
  expect(readFileSync(join(base, 'pod-3-0.message'), 'utf8')).toBe('Stopped by SIGTERM: what was judged until then is handed over.')

  const again = await pod(0, 2)
  expect(again.code).toBe(codes[0])
  expect(again.out).toContain('was judged by an earlier pod')

  const job: Thing = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: `${RUN}-index`, namespace: NAMESPACE },
    status: { succeeded: 3, failedIndexes: String(failed), conditions: [{ type: 'Failed', status: 'True' }] },
  }
  fleet.kube.apply(job)
  const { code, out } = await coordinator.ended
  expect(code, out).toBe(1)
  const { workspaces, causes } = resultsIn('fleet')
  expect(Object.fromEntries(workspaces.map(({ label, exitCode }) => [label.replace(/^.*\//, ''), exitCode]))).toEqual({
    'good-0': 0,
    'good-1': 0,
    'bare-2': 1,
    'good-3': 0,
  })
  expect(workspaces.every(({ requests }) => requests > 4)).toBe(true)
  expect(causes[0]).toMatchObject({ id: 'no-parser' })
  expect(readFileSync(join(base, 'fleet.message'), 'utf8')).toMatch(/^Cause: .*--tool-call-parser/)
  expect(readFileSync(join(base, `pod-${failed}-${failed % 2}.message`), 'utf8')).toMatch(/^Cause: /)

  const junit = readFileSync(join(base, 'fleet', 'junit.xml'), 'utf8')
  const suites = [...junit.matchAll(/<testsuite name="([^"]*)" tests="\d+" failures="(\d+)"/g)]
  expect(suites.map(([, suite, failures]) => [suite, failures === '0'])).toEqual(
    workspaces.map(({ label, exitCode }) => [label, exitCode === 0]),
  )
  const report = (await objects.configMap(`${RUN}-report`))?.binaryData ?? {}
  for (const file of ['summary.md', 'results.json', 'index.html'])
    expect(gunzipSync(Buffer.from(report[`${file}.gz`] ?? '', 'base64')).toString(), file).toBe(
      readFileSync(join(base, 'fleet', file), 'utf8'),
    )

  const merged = await startScript('run/job.ts', env('merged'), ['merge', RUN]).ended
  expect(merged.code, merged.out).toBe(1)
  expect(resultsIn('merged').workspaces).toEqual(workspaces)
})

test.for([
  [[], {}, 2, 'job takes run, index, or merge'],
  [['run'], {}, 2, 'CONFORMANCE_JOB_RUN is not set'],
  [['run'], { CONFORMANCE_JOB_RUN: RUN, KAITO_WORKSPACE: 'one' }, 2, 'One server is judged by npm test'],
  [['run'], { CONFORMANCE_JOB_RUN: RUN, KAITO_WORKSPACE: '*' }, 2, 'CONFORMANCE_JOB_TEMPLATE is not set'],
  [
    ['index'],
    { CONFORMANCE_JOB_RUN: RUN, JOB_COMPLETION_INDEX: '4' },
    2,
    'JOB_COMPLETION_INDEX is "4", and nightly-1 has the indexes 0 to 3',
  ],
  [['index'], { CONFORMANCE_JOB_RUN: RUN, JOB_COMPLETION_INDEX: 'one' }, 2, 'JOB_COMPLETION_INDEX is "one"'],
  [['merge', 'no-such'], {}, 3, 'There is no ConfigMap no-such-plan'],
] as const)('job %j with %j ends with %i', async ([args, more, code, words]) => {
  const ended = await startScript(
    'run/job.ts',
    { KUBECONFIG: fleet.kubeconfig, POD_NAMESPACE: NAMESPACE, CONFORMANCE_REPORT_DIR: join(base, 'none'), ...more },
    args,
  ).ended
  expect(ended.code, ended.out).toBe(code)
  expect(ended.out).toContain(words)
  expect(ended.out.trim().split('\n')).toHaveLength(1)
})
