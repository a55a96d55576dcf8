// @module-tag slow
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Thing } from '../mocks/kubernetes/world.ts'
import { fleetSchema, type FleetResults } from '../reports/fleet/results.ts'
import { serveFleet, type MockFleet } from '../testing/fleet.ts'
import { startScript, type Ended } from '../testing/script.ts'

const RUN = 'nightly-1'
const NAMESPACE = 'tool-calling'

let fleet: MockFleet
let base: string

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
})
afterAll(async () => {
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
  TERMINATION_LOG: join(base, `${folder}.message`),
})

/** A pod of an index; a signal ends it once its record is begun. */
async function pod(index: number, attempt: number, signal?: NodeJS.Signals): Promise<Ended> {
  const folder = `pod-${index}-${attempt}`
  mkdirSync(join(base, folder))
  writeFileSync(join(base, `${folder}.message`), '')
  const own = { ...env(folder), JOB_COMPLETION_INDEX: String(index), POD_NAME: folder }
  const { child, ended } = startScript('run/job.ts', own, ['index'])
  if (signal !== undefined) {
    const begun = (): boolean =>
      readdirSync(join(base, folder), { recursive: true }).some((file) => String(file).endsWith('verdicts.jsonl'))
    const changes = watch(join(base, folder), { recursive: true }, () => begun() && child.kill(signal))
    await ended
    changes.close()
  }
  return ended
}

const resultsIn = (folder: string): FleetResults => fleetSchema.parse(JSON.parse(readFileSync(join(base, folder, 'results.json'), 'utf8')))

test('an Indexed Job of four workspaces, one pod killed and one stopped: nothing is lost, and the page has all', async () => {
  const coordinator = startScript(
    'run/job.ts',
    { ...env('fleet'), KAITO_WORKSPACE: '*', KAITO_NAMESPACE: '*', CONFORMANCE_JOB_TEMPLATE: template() },
    ['run'],
  )
  writeFileSync(join(base, 'fleet.message'), '')
  await expect.poll(() => fleet.kube.requests.filter((one) => one.startsWith('POST') && one.endsWith('/jobs')).length).toBe(1)

  // What the Job controller does: each index once more after a pod that did not end by itself.
  const first = [await pod(0, 0), await pod(1, 0, 'SIGKILL'), await pod(2, 0), await pod(3, 0, 'SIGTERM')]
  expect(first.filter(({ code }) => code === null || code === 143).map(({ code }) => code)).toEqual([null, 143])
  const second = [await pod(1, 1), await pod(3, 1)]
  const codes = [first[0], second[0], first[2], second[1]].map((ended) => ended?.code ?? -1)
  const failed = codes.indexOf(1)
  expect(codes.filter((code) => code === 0)).toHaveLength(3)

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

  const merged = await startScript('run/job.ts', env('merged'), ['merge', RUN]).ended
  expect(merged.code, merged.out).toBe(1)
  expect(resultsIn('merged').workspaces).toEqual(workspaces)
})

test.for([
  [[], {}, 2, 'job takes run, index, or merge'],
  [['run'], {}, 2, 'CONFORMANCE_JOB_RUN is not set'],
  [['run'], { CONFORMANCE_JOB_RUN: RUN, KAITO_WORKSPACE: 'one' }, 2, 'One server is judged by npm test'],
  [['merge', 'no-such'], {}, 3, 'There is no ConfigMap no-such-plan'],
] as const)('job %j with %j ends with %i', async ([args, more, code, words]) => {
  const ended = await startScript('run/job.ts', { KUBECONFIG: fleet.kubeconfig, CONFORMANCE_REPORT_DIR: join(base, 'none'), ...more }, args)
    .ended
  expect(ended.code, ended.out).toBe(code)
  expect(ended.out).toContain(words)
  expect(ended.out.trim().split('\n')).toHaveLength(1)
})
