import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { loadAllYaml } from '@kubernetes/client-node'
import { STOPPED } from '../../../fixtures/exit-codes.ts'
import { openWorkspace } from '../../../fixtures/target/workspace.ts'
import type { Run } from '../../../fixtures/record.ts'
import { listen, type Listening } from '../../vllm/listen.ts'
import { createVllm, type Vllm } from '../../vllm/vllm.ts'
import { situations, worldOf } from '../situations.ts'
import type { Situation } from '../situations/state.ts'
import { thingsOf, waiting, workspaceStatus, type Thing, type World } from '../world.ts'
import { findAssets, installCrds, startControlPlane, KUBERNETES, type ControlPlane } from './control-plane.ts'

/** Runs the suite by `npm test` on a real API server, as a user with exactly the rights of rbac.yaml. */

const ROOT = resolve(import.meta.dirname, '../../..')
const WORKSPACE = 'workspace-phi-4-mini-toolcall'
const MODEL = 'qwen2.5-coder-7b-instruct'
const say = (line: string): void => void process.stdout.write(`${line}\n`)

interface Ended {
  readonly code: number
  readonly out: string
  readonly cause: string | undefined
  readonly seconds: number
  /** Seconds from the last line until the process had ended. */
  readonly lingered: number
}

let passed = 0
let failed = 0
function check(what: string, holds: boolean, more = ''): void {
  if (holds) passed += 1
  else failed += 1
  say(`${holds ? 'ok  ' : 'FAIL'} ${what}${more === '' ? '' : ` (${more})`}`)
}

/** `npm test` in a process of its own. */
async function npmTest(env: Readonly<Record<string, string>>): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-report-'))
  const began = performance.now()
  try {
    const out: Buffer[] = []
    const child = spawn(process.execPath, ['run/start.cjs', 'run/main.ts'], {
      cwd: ROOT,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: process.env['HOME'] ?? '',
        CONFORMANCE_REPORT_DIR: folder,
        CONFORMANCE_READY_TIMEOUT: '2',
        CONFORMANCE_TIMEOUT: '5',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let spokeAt = began
    const heard = (data: Buffer): void => {
      spokeAt = performance.now()
      out.push(data)
    }
    child.stdout.on('data', heard)
    child.stderr.on('data', heard)
    const code = await new Promise<number>((done) => {
      child.once('close', (value) => done(value ?? -1))
    })
    const run = (await readFile(join(folder, 'run.json'), 'utf8').then(JSON.parse, () => undefined)) as Run | undefined
    const ended = performance.now()
    return {
      code,
      out: Buffer.concat(out).toString(),
      cause: run?.ended?.cause?.id,
      seconds: (ended - began) / 1000,
      lingered: (ended - spokeAt) / 1000,
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Puts a world onto the server; what is returned takes it off again. */
async function stand(plane: ControlPlane, world: World): Promise<() => Promise<void>> {
  const things = thingsOf(world)
  for (const thing of things) await plane.apply(thing)
  return async () => {
    for (const thing of things.toReversed()) await plane.remove(thing).catch(() => {})
  }
}

async function serve(server: Situation['server']): Promise<Listening> {
  if (server === 'nothing' || server === 'silent') {
    const door = net.createServer(server === 'nothing' ? (socket) => socket.destroy() : () => {})
    const sockets = new Set<net.Socket>()
    door.on('connection', (socket) => sockets.add(socket.on('error', () => {})))
    await new Promise<void>((done) => {
      door.listen(0, '127.0.0.1', done)
    })
    const { port } = door.address() as net.AddressInfo
    return {
      url: '',
      port,
      close: async () => {
        for (const socket of sockets) socket.destroy()
        door.close()
      },
    }
  }
  return listen(createVllm({ model: MODEL, ...(server === 'loading' ? {} : server) }), server === 'loading' ? { loadingMs: 60_000 } : {})
}

/** What only the mock can do: other rights and tokens are tried below, other versions and missing CRDs are not this server's. */
const here = ({ kube, during, name, server, kubeconfig, env }: Situation): boolean =>
  !during &&
  kubeconfig === undefined &&
  env?.['KAITO_INFERENCESET'] === undefined &&
  server !== 'nothing' &&
  (kube === undefined || Object.keys(kube).every((key) => key === 'logs')) &&
  !/KAITO 0\.6/.test(name)

async function main(): Promise<void> {
  const all = process.argv.includes('--all')
  const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice('--only='.length)
  const assets = await findAssets(say)
  const began = performance.now()
  const plane = await startControlPlane(assets)
  const folder = await mkdtemp(join(tmpdir(), 'conformance-check-'))
  const stop = (signal: keyof typeof STOPPED): void => {
    say(`Stopped by ${signal}.`)
    void plane.close().then(() => process.exit(STOPPED[signal]))
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const pids = plane.pids()
  try {
    say(`kube-apiserver ${KUBERNETES}, etcd and kwok: up in ${((performance.now() - began) / 1000).toFixed(1)} s at ${plane.url}`)
    await installCrds(plane, say)
    for (const name of ['kaito-workspace', 'team-a'])
      await plane.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    const kubeconfig = join(folder, 'config')
    const adminConfig = join(folder, 'admin')
    await writeFile(kubeconfig, plane.kubeconfig([plane.user]))
    await writeFile(adminConfig, plane.kubeconfig([plane.admin]))
    await rights(plane)
    const env = { KUBECONFIG: kubeconfig, KAITO_WORKSPACE: WORKSPACE }

    let port: Listening | undefined
    const forwardTo = async (server: Situation['server'], namespace: string): Promise<void> => {
      await port?.close()
      port = await serve(server)
      await plane.call('DELETE', `/apis/kwok.x-k8s.io/v1alpha1/clusterportforwards/${namespace}`).catch(() => {})
      await plane.forward(namespace, port.port)
      // kwok reads its resources by a watch of its own.
      await delay(300)
    }

    const shown = new Set([
      'healthy',
      'the name is mistyped',
      'no quota for GPUs',
      'the node is lost',
      'the image cannot be pulled, KAITO says ImagePullError',
      'the server does not know an argument',
      'the pod is killed for memory',
      'the benchmark holds the pod back',
      'the weights are downloaded',
      'the Service selects no pod',
      'the preset has no parser',
      'the key is missing',
      'the workspace is being deleted, and everything still runs',
      'the workspace tunes a model',
      'the VM size is not available in the region',
      'the container was killed once and loads again, behind True conditions',
      'the conditions are older than a change of the preset',
      'the pod has lost the label by which the Service finds it',
      'the model is a base model without a chat template',
      'KAITO wires functiongemma for gemma-3, and the model writes Python',
    ])
    for (const situation of situations.filter(here)) {
      if (only === undefined ? !all && !shown.has(situation.name) : !situation.name.includes(only)) continue
      const world = worldOf({ ...situation, options: { ...situation.options } })
      await forwardTo(situation.server, situation.options?.namespace ?? 'default')
      const clear = await stand(plane, world)
      await plane.log('default', Object.values(situation.kube?.logs ?? {})[0])
      const { MOCK_TOKEN: _token, OPENAI_BASE_URL: own, ...more } = situation.env ?? {}
      // A user who may read one namespace only cannot learn what others hold.
      const who = situation.cause === 'wrong-namespace' ? { ...env, KUBECONFIG: adminConfig } : env
      const ended = await npmTest({
        ...who,
        ...more,
        // What no waiting changes ends the wait, however long it may last.
        ...(situation.inVain === true ? { CONFORMANCE_READY_TIMEOUT: '3600' } : {}),
        ...(own === undefined ? {} : { OPENAI_BASE_URL: `http://127.0.0.1:${(port as unknown as Listening).port}` }),
      })
      await clear()
      say(`\n── ${situation.name}`)
      for (const line of ended.out.trimEnd().split('\n')) if (!/verdicts, \d+ failed$/.test(line)) say(`   ${line}`)
      check(
        situation.name,
        situation.cause === undefined ? ended.code === 0 && ended.cause === undefined : ended.code !== 0 && ended.cause === situation.cause,
        `exit ${ended.code}, cause ${ended.cause ?? 'none'}, ${ended.seconds.toFixed(1)} s, ${ended.lingered.toFixed(1)} s after its last line`,
      )
    }
    if (only === undefined || DRAINED.includes(only)) await drained(plane, env)
    if (only !== undefined) {
      await port?.close()
      return
    }
    await forwardTo({}, 'default')
    await verbs(plane, kubeconfig)
    await flip(plane, kubeconfig)
    await restart(plane, env)
    await several(plane, env)
    await overhead(plane, kubeconfig, port as unknown as Listening)
    await port?.close()
  } finally {
    await plane.close()
    await rm(folder, { recursive: true, force: true })
  }
  const alive = pids.filter((pid) => {
    try {
      process.kill(pid, 0)
      return true
    } catch {
      return false
    }
  })
  const open = await Promise.all(plane.ports.map(answers))
  check(
    'nothing is left running',
    alive.length === 0 && !open.includes(true),
    `processes ${pids.join(', ')} gone, ports ${plane.ports.join(', ')} closed`,
  )
  say(`\n${passed} passed, ${failed} failed`)
  if (failed > 0) process.exitCode = 1
}

const answers = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      done(true)
    })
    socket.on('error', () => done(false))
  })

interface Rule {
  apiGroups: string[]
  resources: string[]
  verbs: string[]
}
interface Role {
  kind: string
  metadata: { name: string; namespace?: string }
  rules: Rule[]
}
const roles = (): Role[] =>
  (loadAllYaml(readFileSync(join(ROOT, 'fixtures/cluster/rbac.yaml'), 'utf8')) as unknown as Role[]).filter((role) =>
    role.kind?.endsWith('Role'),
  )
const rbac = '/apis/rbac.authorization.k8s.io/v1'
const pathOf = ({ kind, metadata }: Pick<Role, 'kind' | 'metadata'>): string =>
  kind === 'Role' ? `${rbac}/namespaces/default/roles/${metadata.name}` : `${rbac}/clusterroles/${metadata.name}`

/** Gives the user what rbac.yaml says, in the namespaces that are used here. */
async function rights(plane: ControlPlane): Promise<void> {
  for (const role of roles()) {
    const spaces = role.kind === 'Role' ? ['default', 'team-a'] : [undefined]
    for (const space of spaces) {
      const base = space === undefined ? `${rbac}/cluster` : `${rbac}/namespaces/${space}/`
      await plane.call('POST', `${base}roles`, role)
      await plane.call('POST', `${base}rolebindings`, {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: `${role.kind}Binding`,
        metadata: { name: role.metadata.name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: role.kind, name: role.metadata.name },
        subjects: [{ kind: 'User', name: plane.user.name, apiGroup: 'rbac.authorization.k8s.io' }],
      })
    }
  }
}

/** Each verb in turn is removed: one sentence must say so, and a verb that is not needed must not stop the run. */
async function verbs(plane: ControlPlane, kubeconfig: string): Promise<void> {
  say('\n── each right taken away')
  const healthy = worldOf({ name: 'healthy' })
  const clear = await stand(plane, healthy)
  const needed = new Set(['workspaces get', 'services get', 'pods list'])
  for (const role of roles()) {
    for (const [at, rule] of role.rules.entries()) {
      for (const resource of rule.resources) {
        for (const verb of rule.verbs) {
          const without = rule.verbs.filter((one) => one !== verb)
          const others = rule.resources.filter((one) => one !== resource)
          const rules = role.rules.flatMap((one, index) =>
            index === at
              ? [
                  ...(others.length > 0 ? [{ ...rule, resources: others }] : []),
                  ...(without.length > 0 ? [{ ...rule, resources: [resource], verbs: without }] : []),
                ]
              : [one],
          )
          await plane.call('PUT', pathOf(role), { ...role, rules })
          // A watch is begun only for a workspace that is not ready.
          if (verb === 'watch') await plane.setStatus({ ...healthy.workspace, status: workspaceStatus('Pending', waiting()) })
          await delay(250)
          const lines: string[] = []
          const open = await openWorkspace({ workspace: WORKSPACE, readyTimeoutMs: 1000 }, { KUBECONFIG: kubeconfig }, (line) =>
            lines.push(line),
          )
          const reached =
            open.url === undefined
              ? undefined
              : await fetch(`${open.url}/v1/models`, { signal: AbortSignal.timeout(5000) }).then(
                  ({ status: code }) => code,
                  () => undefined,
                )
          const told = [open.cause?.sentence, ...lines, ...open.troubles()].find((line) => /may not|403/.test(line ?? ''))
          await open.close()
          if (verb === 'watch') await plane.setStatus(healthy.workspace)
          const key = `${resource} ${verb}`
          // These are read only when something is wrong, or where it is there.
          const quiet = /inferencesets|deployments get|pods\/log|configmaps|namespaces|nodes get|monitors|portforward|workspaces list/.test(
            key,
          )
          check(
            `without ${verb} ${resource}`,
            (quiet || told !== undefined) && (needed.has(key) ? open.cause?.id === 'rbac' : quiet || verb === 'watch' || reached === 200),
            told ?? 'not asked for by a healthy run',
          )
        }
      }
      await plane.call('PUT', pathOf(role), role)
    }
  }
  await clear()
}

/** How long after the condition flips the verdict is there. */
async function flip(plane: ControlPlane, kubeconfig: string): Promise<void> {
  say('\n── the verdict after the condition flips')
  const world = worldOf({ name: 'healthy' })
  const times: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const pending: Thing = { ...world.workspace, status: workspaceStatus('Pending', waiting()) }
    const clear = await stand(plane, { ...world, workspace: pending })
    let flippedAt = 0
    const open = openWorkspace({ workspace: WORKSPACE, readyTimeoutMs: 20_000 }, { KUBECONFIG: kubeconfig }, (line) => {
      if (/InferenceReady=True {2}WorkspaceSucceeded=True/.test(line)) times.push(performance.now() - flippedAt)
    })
    await delay(1500)
    flippedAt = performance.now()
    await plane.setStatus(world.workspace)
    await (await open).close()
    await clear()
  }
  const worst = Math.max(...times)
  check(
    'the verdict is there 0.5 s after the condition flips',
    times.length === 5 && worst <= 500,
    times.map((ms) => `${Math.round(ms)} ms`).join(', '),
  )
}

/** The API server goes away and comes back while the workspace is waited for. */
async function restart(plane: ControlPlane, env: Readonly<Record<string, string>>): Promise<void> {
  say('\n── the API server restarts while the workspace is waited for')
  const world = worldOf({ name: 'healthy' })
  const clear = await stand(plane, { ...world, workspace: { ...world.workspace, status: workspaceStatus('Pending', waiting()) } })
  const run = npmTest({ ...env, CONFORMANCE_READY_TIMEOUT: '120' })
  await delay(4000)
  await plane.restartApiServer()
  await delay(1000)
  await plane.setStatus(world.workspace)
  const ended = await run
  for (const line of ended.out.trimEnd().split('\n')) if (!/verdicts, \d+ failed$/.test(line)) say(`   ${line}`)
  check('the wait survives a restart of the API server', ended.code === 0, `exit ${ended.code}, ${ended.seconds.toFixed(1)} s`)
  await clear()
}

const DRAINED = 'the node is drained while the workspace is judged'

/** A node is drained while the workspace on it is judged: cordoned, the pod gone, nothing in its place. */
async function drained(plane: ControlPlane, env: Readonly<Record<string, string>>): Promise<void> {
  say(`\n── ${DRAINED}`)
  const requestS = 20
  const world = worldOf({ name: 'healthy' })
  const vllm = createVllm({ model: MODEL, latencyMs: 500 })
  let door: Promise<Listening> | undefined
  const begun = new Promise<void>((done) => {
    const heard: Vllm = {
      ...vllm,
      begin(request) {
        if (request.path === '/v1/chat/completions') done()
        return vllm.begin(request)
      },
    }
    door = listen(heard)
  })
  const served = await door
  await plane.call('DELETE', '/apis/kwok.x-k8s.io/v1alpha1/clusterportforwards/default').catch(() => {})
  await plane.forward('default', served?.port ?? 0)
  await delay(300)
  const clear = await stand(plane, world)
  const run = npmTest({ ...env, CONFORMANCE_READY_TIMEOUT: '20', CONFORMANCE_TIMEOUT: String(requestS) })
  // A run that cannot begin ends by itself, and the check then fails.
  await Promise.race([begun, run])
  await plane.call('PATCH', `/api/v1/nodes/${world.node.metadata.name}`, { spec: { unschedulable: true } }, 'application/merge-patch+json')
  await plane.remove(world.pod)
  const goneAt = performance.now()
  const ended = await run
  const after = (performance.now() - goneAt) / 1000
  for (const line of ended.out.trimEnd().split('\n')) if (!/verdicts, \d+ failed$/.test(line)) say(`   ${line}`)
  check(
    'a run whose pod is gone ends within the time limit of one request',
    ended.cause === 'pod-restarted' && after <= requestS,
    `exit ${ended.code}, cause ${ended.cause ?? 'none'}, ${after.toFixed(1)} s after the pod was gone, ${ended.lingered.toFixed(1)} s after its last line`,
  )
  await clear()
  await served?.close()
}

const replica = (name: string): World => {
  const made = worldOf({ name, options: { workspace: name, flags: { 'served-model-name': 'my-set' } } })
  made.workspace.metadata.labels = { 'inferenceset.kaito.sh/created-by': 'my-set' }
  return {
    ...made,
    node: { ...made.node, kind: '' },
    nodeClaim: { ...made.nodeClaim, kind: '' },
    controller: { ...made.controller, kind: '' },
  }
}

/** An InferenceSet of two replicas, and all workspaces that are ready. */
async function several(plane: ControlPlane, env: Readonly<Record<string, string>>): Promise<void> {
  say('\n── two replicas of an InferenceSet')
  const shared = worldOf({ name: 'healthy' })
  const set: Thing = {
    apiVersion: 'kaito.sh/v1beta1',
    kind: 'InferenceSet',
    metadata: { name: 'my-set', namespace: 'default' },
    spec: {
      replicas: 2,
      labelSelector: { matchLabels: { apps: 'x' } },
      template: { inference: { preset: { name: MODEL } }, resource: { instanceType: 'Standard_NC24ads_A100_v4' } },
    },
    status: {
      conditions: [
        {
          type: 'InferenceSetReady',
          status: 'True',
          reason: 'inferencesetReady',
          message: 'inferenceset is ready',
          lastTransitionTime: '2026-11-22T14:12:21Z',
        },
      ],
      replicas: 2,
    },
  }
  for (const thing of [shared.node, shared.controller, set]) await plane.apply(thing)
  const clears = [await stand(plane, replica('my-set-aaaaa')), await stand(plane, replica('my-set-bbbbb'))]
  const { KAITO_WORKSPACE: _one, ...rest } = env
  for (const more of [{ KAITO_INFERENCESET: 'my-set' }, { KAITO_WORKSPACE: '*' }]) {
    const ended = await npmTest({ ...rest, ...more })
    for (const line of ended.out
      .trimEnd()
      .split('\n')
      .filter((text) => /^[✓✗]|workspaces of|InferenceSet/.test(text)))
      say(`   ${line}`)
    check(
      `each workspace of ${JSON.stringify(more)} is judged`,
      ended.code === 0 && /✓ my-set-aaaaa: conforms\n✓ my-set-bbbbb: conforms/.test(ended.out),
      `exit ${ended.code}, ${ended.seconds.toFixed(1)} s`,
    )
  }
  for (const clear of clears) await clear()
  for (const thing of [shared.node, shared.controller, set]) await plane.remove(thing)
}

const median = async (base: string): Promise<number> => {
  const times: number[] = []
  for (let index = 0; index < 50; index += 1) {
    const at = performance.now()
    await (await fetch(`${base}/v1/models`)).text()
    times.push(performance.now() - at)
  }
  return times.toSorted((a, b) => a - b)[25] ?? 0
}

/** What a request costs more through the port-forward. */
async function overhead(plane: ControlPlane, kubeconfig: string, door: Listening): Promise<void> {
  say('\n── the cost of the port-forward')
  const clear = await stand(plane, worldOf({ name: 'healthy' }))
  const open = await openWorkspace({ workspace: WORKSPACE, readyTimeoutMs: 5000 }, { KUBECONFIG: kubeconfig }, () => {})
  const [direct, through] = [await median(door.url), await median(open.url ?? '')]
  check(
    'a request through the port-forward is answered',
    through > 0,
    `median of 50: ${direct.toFixed(1)} ms directly, ${through.toFixed(1)} ms through the port-forward, connection kept`,
  )
  await open.close()
  await clear()
}

await main()
