import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { EXIT, STOPPED } from '../../fixtures/exit-codes.ts'
import type { Run, Verdict } from '../../fixtures/record.ts'
import { findAssets, installCrds, KUBERNETES, startControlPlane, type ControlPlane } from '../../mocks/kubernetes/real/control-plane.ts'
import { waiting, workspaceStatus } from '../../mocks/kubernetes/world.ts'
import { listen } from '../../mocks/vllm/listen.ts'
import { createVllm, type Vllm, type VllmOptions } from '../../mocks/vllm/vllm.ts'
import { fleetSchema } from '../../reports/fleet/results.ts'
import { FILES } from '../../reports/store.ts'
import type { FleetPlan } from '../../reports/fleet/plan.ts'
import { attemptsOf, type Attempt } from '../../run/in-cluster/ledger.ts'
import type { ConfigMap, Job } from '../../run/in-cluster/objects.ts'
import { worldThings } from '../../testing/fleet.ts'
import { startKubelet, type Image, type Kubelet, type PodRun } from '../../testing/kubelet.ts'
import { startScript } from '../../testing/script.ts'
import { build } from '../build.ts'
import { createChecks } from './checks.ts'
import { helmTest, manifests } from './objects.ts'
import { apply, type Thing } from './server-side.ts'
import { filled } from './slots.ts'
import { readValues } from './values.ts'

/**
 * Judges a fleet by what the chart installs, on a real API server with its real Job controller and a stand-in for the kubelet: pods are
 * killed, one is evicted, a node is lost, and nothing of what was judged may be.
 */

const NAMESPACE = 'tool-calling'
const COUNT = 20
const AT_ONCE = 5
const KILLS = 3
/** Which index has a parser that is missing, and which a server that refuses connections; the workspace after the last is not ready. */
const [FAULT, REFUSES] = [7, 13] as const
const MODEL = 'qwen2.5-coder-7b-instruct'
/** So long that a record is handed over more than once, as on a real engine. */
const LATENCY_MS = 700
/** The first numbers of the addresses of the workspaces: two checks at once have others. */
const LOOPBACK = `127.${64 + (process.pid % 128)}.${(process.pid >> 7) % 256}`
/** Between events of a stream: some verdicts are about when they arrive. */
const GAP_MS = 10
const CONTROLLERS = [
  'job-controller',
  'cronjob-controller',
  'pod-garbage-collector-controller',
  'garbage-collector-controller',
  'ttl-after-finished-controller',
  'serviceaccount-controller',
  'root-ca-certificate-publisher-controller',
]

const { say, check, failed } = createChecks()
const began = performance.now()
const seconds = (since = began): string => `${((performance.now() - since) / 1000).toFixed(1)} s`
/** Undefined when both are the same, else both. */
const differs = (got: unknown, wanted: unknown): string | undefined =>
  JSON.stringify(got) === JSON.stringify(wanted) ? undefined : `got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`

/** Numbers from 0 to below 1 that a seed decides (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What `find` gives in the end, asked every 100 ms: of what nobody tells when it changes. */
async function eventually<T>(what: string, find: () => Promise<T | undefined>, limitMs = 1_200_000): Promise<T> {
  const end = performance.now() + limitMs
  for (;;) {
    const found = await find()
    if (found !== undefined) return found
    if (performance.now() > end) throw new Error(`${what}: not in time`)
    await delay(100)
  }
}

const get = async <T>(plane: ControlPlane, path: string): Promise<T | undefined> =>
  plane.call('GET', path).then(
    (found) => found as T,
    (error: Error) => {
      if (error.message.includes(': 404 ')) return undefined
      throw error
    },
  )
const jobIn = (plane: ControlPlane, name: string): Promise<FullJob | undefined> =>
  get(plane, `/apis/batch/v1/namespaces/${NAMESPACE}/jobs/${name}`)
const configMapIn = (plane: ControlPlane, name: string): Promise<ConfigMap | undefined> =>
  get(plane, `/api/v1/namespaces/${NAMESPACE}/configmaps/${name}`)

interface FullJob extends Job {
  readonly spec: Readonly<Record<string, unknown>>
  readonly status?: NonNullable<Job['status']> & { readonly failed?: number; readonly completedIndexes?: string }
}
const ending = (job: FullJob | undefined): string | undefined => {
  const condition = (job?.status?.conditions ?? []).find((one) => ['Complete', 'Failed'].includes(one.type) && one.status === 'True')
  return condition && `${condition.type} ${condition.reason}`
}

async function namespace(plane: ControlPlane, name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
  await plane.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
  // Pods are refused until its controllers have seen it.
  await eventually(`the ServiceAccount of namespace ${name}`, () => get(plane, `/api/v1/namespaces/${name}/serviceaccounts/default`))
  await eventually(`the root certificate in namespace ${name}`, () => get(plane, `/api/v1/namespaces/${name}/configmaps/kube-root-ca.crt`))
}

/** A workspace with a mock of its own. */
interface Served {
  readonly label: string
  readonly host: string
  /** Requests that its server has got. */
  requests: number
  /** Called with each. */
  onRequest: (count: number) => void
  readonly close: () => Promise<void>
}

/** Serves workspace `number` on an address of its own, on the port of a Service of KAITO. */
async function serve(plane: ControlPlane, number: number, server: VllmOptions | 'refuses' | 'not ready'): Promise<Served> {
  const name = `ws-${String(number).padStart(2, '0')}`
  const place = number < COUNT / 2 ? 'team-a' : 'team-b'
  const host = `${LOOPBACK}.${number + 1}`
  const served: { -readonly [key in keyof Served]: Served[key] } = {
    label: `${place}/${name}`,
    host: `${host} ${name}.${place}.svc\n`,
    requests: 0,
    onRequest: () => {},
    close: async () => {},
  }
  if (typeof server !== 'string') {
    const vllm = createVllm({ model: MODEL, latencyMs: LATENCY_MS, gapMs: GAP_MS, ...server })
    const counted: Vllm = {
      ...vllm,
      begin(request) {
        served.requests += 1
        served.onRequest(served.requests)
        return vllm.begin(request)
      },
    }
    const door = await listen(counted, { host, port: 80 })
    served.close = () => door.close()
  }
  const things = worldThings({
    name,
    namespace: place,
    change({ workspace }) {
      if (server === 'not ready') workspace['status'] = workspaceStatus('Pending', waiting())
    },
  })
  for (const thing of things) if (thing.kind !== 'Deployment' || number === 0) await plane.apply(thing)
  return served
}

/** The image as npm run image makes it, of this checkout and this Node; `app` becomes its folder. */
function imageIn(app: string): Image {
  // Others may make the package anew meanwhile.
  cpSync(build(), app, { recursive: true })
  mkdirSync(join(app, 'node_modules'), { recursive: true })
  return {
    mounts: [
      [app, '/app'],
      [resolve(import.meta.dirname, '../../node_modules'), '/app/node_modules'],
      [dirname(process.execPath), '/nodejs'],
    ],
    entry: ['/usr/bin/env', '--chdir=/tmp', '/nodejs/node', '/app/run/bin.cjs'],
    env: { HOME: '/tmp', CONFORMANCE_REPORT_DIR: '/reports' },
  }
}

const megabytes = (runs: readonly PodRun[]): string => Math.max(...runs.map(({ peakMiB }) => peakMiB)).toFixed(0)
const limitOf = ([run]: readonly PodRun[]): string => run?.pod.spec?.containers[0]?.resources?.limits?.['memory'] ?? 'no limit'
const indexOf = ({ pod }: PodRun): number | undefined => {
  const text = pod.metadata?.annotations?.['batch.kubernetes.io/job-completion-index']
  return text === undefined ? undefined : Number(text)
}
const jobOf = ({ pod }: PodRun): string => pod.metadata?.labels?.['batch.kubernetes.io/job-name'] ?? ''
const evict = (plane: ControlPlane, { name }: PodRun): Promise<unknown> =>
  plane.call('POST', `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace: NAMESPACE },
  })

/** What an index handed over, as it lies in the cluster. */
async function handedOver(plane: ControlPlane, run: string, index: number): Promise<readonly Attempt[]> {
  const parts: ConfigMap[] = []
  for (;;) {
    const part = await configMapIn(plane, `${run}-${index}-${parts.length}`)
    if (part === undefined) return attemptsOf(parts)
    parts.push(part)
  }
}

interface Judged {
  readonly run: Run
  readonly verdicts: readonly Verdict[]
}
const recordIn = (folder: string): Judged => ({
  run: JSON.parse(readFileSync(join(folder, FILES.run), 'utf8')) as Run,
  verdicts: readFileSync(join(folder, FILES.verdicts), 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Verdict])),
})
/** What failed: whether a model does what it need not do varies with the order of requests. */
const failures = ({ verdicts }: Judged): readonly string[] =>
  verdicts.flatMap(({ id, outcome }) => (outcome === 'failed' || outcome === 'blocked' ? [`${id} ${outcome}`] : []))

/** What is done to pods while they judge, and what came of it. */
interface Disturbance {
  readonly kills: readonly number[]
  readonly evicted: number
  /** Indexes that are killed, evicted, or cannot conform. */
  readonly taken: ReadonlySet<number>
  /** Names of pods that were killed or evicted. */
  readonly hits: readonly string[]
  /** Pods of the Indexed Job that ran at once, at most. */
  readonly most: number
  /** The node that was lost with its pods; `settled` is the index of the one that had handed over all, whose server had got `requests`. */
  readonly lost: { readonly pods: readonly string[]; readonly settled: number; readonly requests: number } | undefined
  readonly end: () => void
}

/** At which request of a pod something is done to it. */
interface Moment {
  readonly index: number
  readonly request: number
}

/** Does something to a pod, which must not fail. */
const act = (what: Promise<unknown>): void => void what.catch((error: unknown) => check('what is done to pods', String(error)))

/** Three pods are killed at moments that the seed decides, one is evicted half-way, the coordinator too, and a node is lost. */
function disturb(plane: ControlPlane, kubelet: Kubelet, workspaces: readonly Served[], seed: number): Disturbance {
  const next = random(seed)
  const taken = new Set<number>([FAULT, REFUSES])
  const pick = (): number => {
    for (;;) {
      const index = Math.floor(next() * COUNT)
      if (!taken.has(index)) {
        taken.add(index)
        return index
      }
    }
  }
  const kills = Array.from({ length: KILLS }, (): Moment => ({ index: pick(), request: 1 + Math.floor(next() * 100) }))
  const evicted: Moment = { index: pick(), request: 40 + Math.floor(next() * 20) }
  const words = ({ index, request }: Moment): string => `index ${index} at request ${request}`
  say(`seed ${seed}: kill -9 ${kills.map(words).join(', ')}; evict ${words(evicted)}`)

  const hits: string[] = []
  /** Pods of indexes that run, with what their server had got before. */
  const live = new Map<PodRun, number>()
  let [most, ended, isCoordinatorEvicted] = [0, 0, false]
  let lost: Disturbance['lost']
  for (const { index, request } of [...kills, evicted]) {
    const workspace = workspaces[index] as Served
    workspace.onRequest = (count) => {
      const [pod, before] = [...live].find(([run]) => indexOf(run) === index) ?? []
      if (pod === undefined || before === undefined || count - before < request) return
      workspace.onRequest = () => {}
      if (index === evicted.index) act(evict(plane, pod))
      else pod.kill('SIGKILL')
      hits.push(pod.name)
      say(`${seconds()} ${pod.name} is ${index === evicted.index ? 'evicted' : 'killed'}`)
    }
  }
  const onStart = (run: PodRun): void => {
    const index = indexOf(run)
    if (index === undefined) return
    live.set(run, (workspaces[index] as Served).requests)
    most = Math.max(most, live.size)
  }
  const onEnd = (run: PodRun): void => {
    say(`${seconds()} ${run.name} on ${run.node} ended with ${run.exitCode}: ${run.message.slice(0, 100)}`)
    if (!live.delete(run)) return
    ended += 1
    const coordinator = kubelet.runs.find((one) => indexOf(one) === undefined && one.exitCode === undefined)
    if (ended < 4 || isCoordinatorEvicted || coordinator === undefined) return
    isCoordinatorEvicted = true
    act(evict(plane, coordinator))
  }
  // A node goes when a pod on it has handed over its last part, and before anybody is told that it has ended.
  const onText = (run: PodRun): void => {
    const settled = indexOf(run)
    if (settled === undefined || lost !== undefined || run.node !== 'node-c' || taken.has(settled) || !run.log.includes('✓')) return
    const pods = kubelet.runs.filter(({ node, exitCode }) => node === run.node && exitCode === undefined).map(({ name }) => name)
    lost = { pods, settled, requests: (workspaces[settled] as Served).requests }
    say(`${seconds()} ${run.node} is lost with ${pods.join(', ')}`)
    act(kubelet.lose(run.node))
  }
  kubelet.events.on('started', onStart).on('ended', onEnd).on('text', onText)
  return {
    kills: kills.map(({ index }) => index),
    evicted: evicted.index,
    taken,
    hits,
    get most() {
      return most
    },
    get lost() {
      return lost
    },
    end: () => void kubelet.events.off('started', onStart).off('ended', onEnd).off('text', onText),
  }
}

/** The run that the issue asks for, its pods and its plan. */
interface Judging {
  readonly name: string
  readonly workspaces: readonly Served[]
  readonly members: FleetPlan['members']
  readonly coordinators: readonly PodRun[]
  readonly pods: readonly PodRun[]
  readonly disturbance: Disturbance
}

const podsOf = ({ pods }: Judging, index: number | undefined): readonly PodRun[] => pods.filter((run) => indexOf(run) === index)
/** What pods ended with, but for those that went with their node: nobody counts them. */
const codes = ({ disturbance }: Judging, runs: readonly PodRun[]): readonly (number | undefined)[] =>
  runs.filter(({ name }) => disturbance.lost?.pods.includes(name) !== true).map(({ exitCode }) => exitCode)

/** 20 workspaces, 5 at once, from the installation to the end of its Job. */
async function judged(plane: ControlPlane, kubelet: Kubelet, workspaces: readonly Served[], seed: number): Promise<Judging> {
  const values = readValues([
    `namespace=${NAMESPACE}`,
    'namespaces=team-a,team-b',
    'runNow=true',
    'schedule=',
    `concurrency=${AT_ONCE}`,
    'env.CONFORMANCE_READY_TIMEOUT=20',
  ])
  const name = `${values.name}-1`
  const disturbance = disturb(plane, kubelet, workspaces, seed)
  const at = performance.now()
  for (const thing of filled(manifests, values)) await apply(plane, thing as Thing)
  const end = await eventually('the end of the run', async () => ending(await jobIn(plane, name)))
  disturbance.end()
  const frozen = (await configMapIn(plane, `${name}-plan`))?.data?.['frozen'] ?? '{}'
  const { members } = (JSON.parse(frozen) as { readonly plan: FleetPlan }).plan
  const of = (job: string): readonly PodRun[] => kubelet.runs.filter((run) => jobOf(run) === job)
  const judging: Judging = { name, workspaces, members, coordinators: of(name), pods: of(`${name}-index`), disturbance }
  const { pods, coordinators } = judging
  say(
    `the run took ${seconds(at)}: ${pods.length} pods for ${COUNT} workspaces; most memory: ${megabytes(pods)} MiB of a pod, ${megabytes(coordinators)} MiB of the coordinator, of ${limitOf(pods)}`,
  )
  check('the Job of the coordinator has failed with its exit code', differs(end, 'Failed PodFailurePolicy'))
  check('the coordinator was evicted, and its next pod ended with 1', differs(codes(judging, coordinators), [STOPPED.SIGTERM, EXIT.fails]))
  return judging
}

/** What the Job controller did, as the policy of the Job says. */
async function checkJob(plane: ControlPlane, judging: Judging): Promise<void> {
  const { name, workspaces, members, disturbance } = judging
  const { kills, evicted, lost, hits, most } = disturbance
  const labels = workspaces.slice(0, COUNT).map(({ label }) => label)
  check('each index has its workspace', differs(labelsOf(members), labels))
  check(`${AT_ONCE} pods at once, and never more`, differs(most, AT_ONCE))
  check(`${KILLS} pods were killed and one was evicted`, differs(hits.length, KILLS + 1))
  const job = await jobIn(plane, `${name}-index`)
  check(
    'the Indexed Job has failed by the two indexes that cannot conform',
    differs([ending(job), job?.status?.failedIndexes, job?.status?.succeeded], ['Failed FailedIndexes', `${FAULT},${REFUSES}`, COUNT - 2]),
  )
  const codesOf = (index: number): readonly (number | undefined)[] => codes(judging, podsOf(judging, index))
  check('exit code 1 fails the index at once', differs(codesOf(FAULT), [1]))
  check('exit code 3 is tried once more', differs(codesOf(REFUSES), [3, 3]))
  for (const index of kills) check(`index ${index}, which was killed, is tried once more`, differs(codesOf(index), [137, 0]))
  check(`index ${evicted}, which was evicted, is tried again`, differs(codesOf(evicted), [STOPPED.SIGTERM, EXIT.conforms]))
  const after = podsOf(judging, lost?.settled).at(-1)
  const requests = workspaces[lost?.settled ?? 0]?.requests
  check(
    'what was handed over before a node was lost is not judged again',
    differs([after?.exitCode, after?.log.includes('was judged by an earlier pod'), requests], [0, true, lost?.requests]),
  )
}

/** What pods handed over, and what they left in their status. */
async function checkPods(plane: ControlPlane, judging: Judging): Promise<void> {
  const { name, members, coordinators, pods, disturbance } = judging
  const ledgers = await Promise.all(members.map((_member, index) => handedOver(plane, name, index)))
  check(
    'every pod that came to its end handed over its result once',
    differs(
      ledgers.map((attempts) => attempts.filter(({ result }) => result !== undefined).length),
      members.map((_member, index) => (index === REFUSES ? 2 : 1)),
    ),
  )
  const stopped = podsOf(judging, disturbance.evicted).find(({ exitCode }) => exitCode === STOPPED.SIGTERM)
  const reached = ledgers[disturbance.evicted]?.find(({ pod }) => pod === stopped?.name)?.verdicts ?? ''
  check('the evicted pod handed over what it had reached', reached.endsWith('}\n') || 'no verdict')
  check('the evicted pod says so in its termination message', stopped?.message.includes('SIGTERM') === true || stopped?.message)
  for (const run of [coordinators.at(-1), podsOf(judging, FAULT).at(-1)])
    check(`the termination message of ${run?.name} names the cause`, run?.message.startsWith('Cause: ') === true || run?.message)
  const denied = [...pods, ...coordinators].filter(({ log }) => /forbidden|may not|Evidence is missing/i.test(log))
  check('no right is missing', denied[0]?.log)
}

/** What a workspace must end with. */
const codeOf = (index: number): number => (index === FAULT ? 1 : index === REFUSES || index === COUNT ? 3 : 0)

/** The page, junit.xml, results.json and every record; the same again in `folder`, from outside. */
async function checkReports(plane: ControlPlane, judging: Judging, folder: string): Promise<void> {
  const { name, workspaces, members, coordinators, disturbance } = judging
  const reports = join(coordinators.at(-1)?.volumes.get('reports') ?? '', name, 'fleet')
  const text = (file: string): string => readFileSync(join(reports, file), 'utf8')
  const results = fleetSchema.parse(JSON.parse(text(FILES.results)))
  check(
    'results.json has every workspace once with its exit code',
    differs(
      results.workspaces.map(({ label, exitCode }) => [label, exitCode]),
      workspaces.map(({ label }, index) => [label, codeOf(index)]),
    ),
  )
  check('results.json says the gravest exit code', differs(results.run.exitCode, 1))

  const records = members.map((member) => recordIn(join(reports, member.folder)))
  const lost = records.flatMap(({ run, verdicts }, index) => {
    const ids = new Set(verdicts.map(({ id }) => id))
    return ids.size === run.planned && verdicts.length === run.planned && run.ended !== undefined ? [] : [index]
  })
  const planned = records.reduce((sum, { run }) => sum + run.planned, 0)
  check(`0 verdicts lost: all ${planned} that were planned are there, each once`, lost.length === 0 || `not of the indexes ${lost.join()}`)
  const usual = records.find((_record, index) => !disturbance.taken.has(index) && podsOf(judging, index).length === 1)
  const wanted = usual && failures(usual)
  const other = records.flatMap((record, index) =>
    codeOf(index) === 0 && differs(failures(record).toSorted(), wanted?.toSorted()) !== undefined
      ? [`index ${index}: ${failures(record).join()}`]
      : [],
  )
  check('what fails is what fails at a workspace whose pod was left in peace', other.length === 0 || other)

  const suites = [...text(FILES.junit).matchAll(/<testsuite [^>]*>/g)].map(([tag]) => tag)
  check(
    'junit.xml has a suite for each workspace, and those that do not conform are red',
    differs(
      suites.map((tag) => [attribute(tag, 'name'), Number(attribute(tag, 'failures')) + Number(attribute(tag, 'errors')) > 0]),
      workspaces.map(({ label }, index) => [label, codeOf(index) !== 0]),
    ),
  )
  const page = text(FILES.html)
  const missing = [...labelsOf(workspaces), ...results.causes.map(({ sentence }) => sentence.slice(0, 20))].filter(
    (words) => !page.includes(words),
  )
  check('the page names every workspace and every cause', missing.length === 0 || missing)
  const kept = (await configMapIn(plane, `${name}-report`))?.binaryData ?? {}
  for (const file of [FILES.summary, FILES.results, FILES.html])
    check(`RUN-report holds ${file}`, gunzipSync(Buffer.from(kept[`${file}.gz`] ?? '', 'base64')).toString() === text(file))

  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, plane.kubeconfig([plane.admin]))
  const merging = { KUBECONFIG: kubeconfig, POD_NAMESPACE: NAMESPACE, CONFORMANCE_REPORT_DIR: join(folder, 'merged') }
  const { code, out } = await startScript('run/job.ts', merging, ['merge', name]).ended
  const again = fleetSchema.parse(JSON.parse(readFileSync(join(folder, 'merged', FILES.results), 'utf8')))
  const problem = differs([again.workspaces, again.causes], [results.workspaces, results.causes])
  check('npm run job -- merge makes the same elsewhere', code === 1 ? problem : out)
}

const labelsOf = (all: readonly { readonly label: string }[]): readonly string[] => all.map(({ label }) => label)
const attribute = (tag: string, name: string): string => new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? ''

/** What the Job controller does with each exit code of a pod, by the Indexed Job as it is installed. */
async function policies(plane: ControlPlane): Promise<void> {
  const template = (await configMapIn(plane, 'tool-calling-template'))?.data?.['index-job.json'] ?? '{}'
  const job = JSON.parse(template) as FullJob & Thing
  for (const [name, exits, end, failedIndexes, tries] of [
    ['policy', [0, 1, 3, 4, 137], 'Failed FailedIndexes', '1-4', [1, 1, 2, 1, 2]],
    ['wrong', [2], 'Failed PodFailurePolicy', '', [1]],
  ] as const) {
    CODES.set(name, exits)
    await apply(plane, {
      ...job,
      metadata: { ...job.metadata, name },
      spec: { ...job.spec, completions: exits.length, parallelism: exits.length },
    } as Thing)
    const done = await eventually(`the end of ${name}`, async () => {
      const found = await jobIn(plane, name)
      return ending(found) === undefined ? undefined : found
    })
    check(`pods that end with ${exits.join(', ')}: the Job ends`, differs([ending(done), done.status?.failedIndexes], [end, failedIndexes]))
    check(
      `pods that end with ${exits.join(', ')}: tried`,
      differs(
        exits.map((_code, index) => STARTS.filter((start) => start === `${name} ${index}`).length),
        tries,
      ),
    )
  }
}

/** The CronJob and the pod of `helm test`, by an installation with rights in one namespace alone. */
async function nightly(plane: ControlPlane, kubelet: Kubelet, workspaces: readonly Served[]): Promise<void> {
  const place = 'team-a'
  const labels = workspaces.slice(0, 2).map(({ label }) => label.slice(place.length + 1))
  const values = readValues([
    'name=nightly',
    `namespace=${place}`,
    'clusterWide=false',
    `workspaces=${labels.join(',')}`,
    'schedule=* * * * *',
    'env.CONFORMANCE_DEPTH=smoke',
  ])
  for (const thing of filled([...manifests, helmTest], values)) await apply(plane, thing as Thing)
  const jobs = `/apis/batch/v1/namespaces/${place}/jobs`
  const first = await eventually('a Job of the CronJob', async () => {
    const list = await get<{ readonly items: readonly FullJob[] }>(plane, jobs)
    return list?.items.find(({ metadata }) => /^nightly-\d+$/.test(metadata.name))?.metadata.name
  })
  // One night is enough.
  await plane.call(
    'PATCH',
    `/apis/batch/v1/namespaces/${place}/cronjobs/nightly`,
    { spec: { suspend: true } },
    'application/merge-patch+json',
  )
  const end = await eventually(`the end of ${first}`, async () => ending(await get<FullJob>(plane, `${jobs}/${first}`)))
  check('the CronJob makes a Job that completes', differs(end, 'Complete CompletionsReached'))
  const run = kubelet.runs.find((one) => jobOf(one) === first)
  const { workspaces: judgedOnes } = fleetSchema.parse(
    JSON.parse(readFileSync(join(run?.volumes.get('reports') ?? '', first, 'fleet', FILES.results), 'utf8')),
  )
  check(
    'it judges the workspaces of its namespace',
    differs(
      judgedOnes.map(({ name, exitCode }) => `${name} ${exitCode}`),
      labels.map((name) => `${name} 0`),
    ),
  )
  const phase = await eventually('the end of the pod of helm test', async () => {
    const pod = await get<{ readonly status: { readonly phase: string } }>(plane, `/api/v1/namespaces/${place}/pods/nightly-smoke`)
    return pod !== undefined && ['Succeeded', 'Failed'].includes(pod.status.phase) ? pod.status.phase : undefined
  })
  check('the pod of helm test succeeds', differs(phase, 'Succeeded'))
  const left = async (): Promise<readonly string[]> => {
    const list = await get<{ readonly items: readonly ConfigMap[] }>(plane, `/api/v1/namespaces/${place}/configmaps`)
    return (list?.items ?? []).map(({ metadata }) => metadata.name).filter((name) => name.startsWith(first))
  }
  check('what its pods handed over is there', (await left()).length >= 4 || (await left()))
  await plane.call('DELETE', `${jobs}/${first}`, { propagationPolicy: 'Background' })
  await eventually('the end of what pods handed over', async () => ((await left()).length === 0 ? true : undefined))
  check('it goes with the Job', (await get(plane, `${jobs}/${first}-index`)) === undefined || `${first}-index is still there`)
}

/** Exit codes by index of the Jobs whose pods run no suite, and what was started of them. */
const CODES = new Map<string, readonly number[]>()
const STARTS: string[] = []

async function main(): Promise<void> {
  const seed = Number(process.argv.find((word) => word.startsWith('--seed='))?.slice('--seed='.length) ?? Date.now() % 100_000)
  const assets = await findAssets(say, { controllers: true })
  const folder = mkdtempSync(join(tmpdir(), 'check-job-'))
  chmodSync(folder, 0o755)
  const image = imageIn(join(folder, 'app'))
  const plane = await startControlPlane(assets, CONTROLLERS)
  let kubelet: Kubelet | undefined
  const workspaces: Served[] = []
  let closing: Promise<void> | undefined
  const close = (): Promise<void> =>
    (closing ??= (async () => {
      await kubelet?.close()
      await Promise.all(workspaces.map((one) => one.close()))
      await plane.close()
      rmSync(folder, { recursive: true, force: true })
    })())
  process.once('SIGINT', () => void close().then(() => process.exit(STOPPED.SIGINT)))
  process.once('SIGTERM', () => void close().then(() => process.exit(STOPPED.SIGTERM)))
  try {
    await installCrds(plane, say)
    await namespace(plane, NAMESPACE, { 'pod-security.kubernetes.io/enforce': 'restricted' })
    for (const name of ['kaito-workspace', 'team-a', 'team-b']) await namespace(plane, name)
    for (let number = 0; number <= COUNT; number += 1)
      workspaces.push(
        await serve(
          plane,
          number,
          number === COUNT ? 'not ready' : number === REFUSES ? 'refuses' : number === FAULT ? { parser: 'none' } : {},
        ),
      )
    kubelet = await startKubelet(plane, {
      nodes: ['node-a', 'node-b', 'node-c'],
      image,
      hosts: () => workspaces.map(({ host }) => host).join(''),
      instead(pod) {
        const job = pod.metadata?.labels?.['batch.kubernetes.io/job-name'] ?? ''
        const index = pod.metadata?.annotations?.['batch.kubernetes.io/job-completion-index']
        const code = CODES.get(job)?.[Number(index)]
        if (code === undefined) return undefined
        STARTS.push(`${job} ${index}`)
        return ['/bin/sh', '-c', `exit ${code}`]
      },
    })
    kubelet.events.on('trouble', (error) => check('the stand-in for the kubelet', error.message))
    say(`kube-apiserver and kube-controller-manager ${KUBERNETES}, ${COUNT + 1} workspaces: up in ${seconds()}`)
    const judging = await judged(plane, kubelet, workspaces, seed)
    await checkJob(plane, judging)
    await checkPods(plane, judging)
    await checkReports(plane, judging, folder)
    await Promise.all([policies(plane), nightly(plane, kubelet, workspaces)])
  } finally {
    await close()
  }
  say(`${failed() === 0 ? 'all as it should be' : `${failed()} FAILED`} after ${seconds()}`)
  if (failed() > 0) process.exitCode = EXIT.fails
}

await main()
