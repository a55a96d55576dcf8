import { spawn, type ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { KubeConfig, makeInformer, type V1Container, type V1EnvVar, type V1Pod, type V1Volume } from '@kubernetes/client-node'
import { quote } from 'shlex'
import type { ControlPlane } from '../mocks/kubernetes/real/control-plane.ts'

// A small stand-in for scheduler, kubelet and container runtime: it binds pods to its nodes and runs the command of each in a process of this
// machine that sees what a container sees: a root of its own that is read-only, its volumes, a token for its ServiceAccount, and itself as
// process 1, and may use the memory of its limit and no more. It asks for root, `unshare` of util-linux and `chroot` of coreutils; it knows no
// probes and no restarts.

/** What stands in place of an image. */
export interface Image {
  /** Folders of this machine that the container sees, read-only: `[here, there]`. */
  readonly mounts: readonly (readonly [string, string])[]
  /** Its entry; `args` of the container follow. */
  readonly entry: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** One start of the container of a pod. */
export interface PodRun {
  readonly pod: V1Pod
  readonly name: string
  readonly node: string
  /** Folder of each of its volumes on this machine. */
  readonly volumes: ReadonlyMap<string, string>
  /** All that it has written. */
  readonly log: string
  /** Most memory that its process was seen to use, in MiB: looked at whenever it writes a line. */
  readonly peakMiB: number
  /** As a status of a pod says it: 128 and the signal where one ended it. Undefined while it runs. */
  readonly exitCode: number | undefined
  /** What it left in its termination log. */
  readonly message: string
  /** Sends a signal to its process, as if the kubelet knew nothing of it. */
  readonly kill: (signal: NodeJS.Signals) => void
}

interface Events {
  readonly started: [PodRun]
  readonly text: [PodRun]
  /** Its process has ended, and the API server knows, unless its node is lost. */
  readonly ended: [PodRun]
  readonly trouble: [Error]
}

/** Nodes whose pods run on this machine. */
export interface Kubelet {
  readonly events: EventEmitter<Events>
  /** In the order in which they were started. */
  readonly runs: readonly PodRun[]
  /** The node is gone at once, with all that ran on it: nobody says any more what became of its pods. */
  readonly lose: (node: string) => Promise<void>
  /** Ends all processes; nothing of them is left. */
  readonly close: () => Promise<void>
}

/** What the nodes are like. */
export interface KubeletOptions {
  readonly nodes: readonly string[]
  readonly image: Image
  /** Lines of /etc/hosts in each container. */
  readonly hosts: () => string
  /** What a container runs in place of its image, where that is not meant. */
  readonly instead?: (pod: V1Pod) => readonly string[] | undefined
}

interface Live extends PodRun {
  log: string
  peakMiB: number
  exitCode: number | undefined
  message: string
  readonly folder: string
  /** Of its limit; undefined where it has none. */
  readonly cgroup: string | undefined
  child: ChildProcess | undefined
  /** Of the process in its own namespace: `child` is the one that waits for it. */
  pid: number
  stopping: boolean
}

const api = (namespace: string, ...rest: readonly string[]): string => ['/api/v1/namespaces', namespace, ...rest].join('/')
const MERGE = 'application/merge-patch+json'
/** What glibc needs beside the programs themselves. */
const SYSTEM = ['/usr', '/bin', '/lib', '/lib64']
const DEVICES = ['null', 'zero', 'random', 'urandom']
const NAMESPACES = ['--mount', '--pid']
const TERMINATION_LOG = '/dev/termination-log'

/** Starts nodes on an API server. Rejects when it cannot be reached, or when this machine gives no namespaces. */
export async function startKubelet(plane: ControlPlane, { nodes, image, hosts, instead }: KubeletOptions): Promise<Kubelet> {
  await tryNamespaces()
  const base = mkdtempSync(join(tmpdir(), 'kubelet-'))
  chmodSync(base, 0o755)
  const events = new EventEmitter<Events>()
  const runs = new Map<string, Live>()
  const bound = new Map<string, string>()
  const lost = new Set<string>()
  /** Each from the start of a container to its end. */
  const works = new Set<Promise<void>>()
  let closed = false
  for (const name of nodes) {
    await plane.call('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name } })
    const status = { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'a stand-in' }] }
    await plane.call('PATCH', `/api/v1/nodes/${name}/status`, { status }, MERGE)
  }

  const statusOf = async (pod: V1Pod, status: object): Promise<void> => {
    const { name = '', namespace = '' } = pod.metadata ?? {}
    await plane.call('PATCH', `${api(namespace, 'pods', name)}/status`, { status }, MERGE).catch(ifThere)
  }
  const containerStatus = ({ pod }: Live, state: object): object => {
    const container = containerOf(pod)
    return { name: container.name, image: container.image, imageID: 'sha256:0', ready: false, restartCount: 0, started: false, state }
  }

  const bind = async (pod: V1Pod): Promise<void> => {
    const { name = '', namespace = '', uid = '' } = pod.metadata ?? {}
    const load = (node: string): number => [...bound].filter(([one, at]) => at === node && runs.get(one)?.exitCode === undefined).length
    const [target] = nodes.filter((node) => !lost.has(node)).toSorted((a, b) => load(a) - load(b))
    if (target === undefined) throw new Error('every node is lost')
    bound.set(uid, target)
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target: { apiVersion: 'v1', kind: 'Node', name: target } }
    await plane.call('POST', `${api(namespace, 'pods', name)}/binding`, binding).catch(ifThere)
  }

  const start = async (pod: V1Pod): Promise<void> => {
    const { name = '', uid = '' } = pod.metadata ?? {}
    const folder = join(base, uid)
    const volumes = new Map<string, string>()
    const container = containerOf(pod)
    const run: Live = {
      pod,
      name,
      node: pod.spec?.nodeName ?? '',
      volumes,
      folder,
      cgroup: limited(`kubelet-${uid}`, container.resources?.limits?.['memory']),
      log: '',
      peakMiB: 0,
      exitCode: undefined,
      message: '',
      child: undefined,
      pid: 0,
      stopping: false,
      kill: (signal) => signalTo(run, signal),
    }
    runs.set(uid, run)
    const env = { ...image.env, ...(await environment(plane, pod, container)) }
    const root = join(folder, 'root')
    for (const volume of pod.spec?.volumes ?? [])
      volumes.set(volume.name, await volumeOf(plane, pod, volume, join(folder, 'volumes'), base))
    writeFileSync(join(folder, 'termination-log'), '')
    chmodSync(join(folder, 'termination-log'), 0o666)
    const mounts = (container.volumeMounts ?? []).map(({ name: volume, mountPath, subPathExpr, subPath, readOnly }) => {
      const sub = expanded(subPathExpr ?? subPath ?? '', env)
      const from = join(volumes.get(volume) ?? '', sub)
      if (sub !== '') writable(from)
      return { from, to: mountPath, readOnly: readOnly === true }
    })
    const script = containerScript(root, [...SYSTEM.map((at) => [at, at] as const), ...image.mounts], mounts, {
      hosts: hosts(),
      log: join(folder, 'termination-log'),
      user: pod.spec?.securityContext?.runAsUser ?? 0,
      readOnly: container.securityContext?.readOnlyRootFilesystem === true,
      command: instead?.(pod) ?? [...image.entry, ...(container.args ?? [])],
    })
    // The first child of the shell is process 1 of its namespace. unshare --fork would wait for it as well, and loses its signal (util-linux 2.38).
    const child = spawn(
      'unshare',
      [
        ...NAMESPACES,
        'sh',
        '-c',
        `(set -eu\n${run.cgroup === undefined ? '' : `echo 0 >${quote(join(run.cgroup, 'cgroup.procs'))}\n`}${script}\n) & wait $!`,
      ],
      {
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    run.child = child
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        run.log += text
        run.pid = run.pid > 0 ? run.pid : firstChild(child.pid ?? 0)
        run.peakMiB = Math.max(run.peakMiB, memoryOf(run.pid))
        events.emit('text', run)
      })
    const over = once(child, 'close')
    await once(child, 'spawn')
    while (run.pid === 0 && child.exitCode === null) {
      run.pid = firstChild(child.pid ?? 0)
      await new Promise((done) => setImmediate(done))
    }
    if (closed || lost.has(run.node)) run.kill('SIGKILL')
    const startedAt = new Date().toISOString()
    const status = {
      phase: 'Running',
      startTime: startedAt,
      containerStatuses: [{ ...containerStatus(run, { running: { startedAt } }), ready: true, started: true }],
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({ type, status: 'True' })),
    }
    if (!closed && !lost.has(run.node)) await statusOf(pod, status)
    events.emit('started', run)
    if (run.stopping) run.kill('SIGTERM')
    // Not before it is known to run: one status would overtake the other.
    const [code, signal] = (await over) as [number | null, NodeJS.Signals | null]
    await ended(run, startedAt, code ?? 128 + constants.signals[signal ?? 'SIGKILL'])
  }

  const ended = async (run: Live, startedAt: string, exitCode: number): Promise<void> => {
    const message = readFileSync(join(run.folder, 'termination-log'), 'utf8')
    run.message = message
    run.exitCode = exitCode
    if (run.cgroup !== undefined) rmdirSync(run.cgroup)
    if (!closed && !lost.has(run.node)) {
      const fallback = exitCode === 0 ? '' : run.log.slice(-2048)
      const terminated = {
        exitCode,
        reason: exitCode === 0 ? 'Completed' : 'Error',
        message: message === '' ? fallback : message,
        startedAt,
        finishedAt: new Date().toISOString(),
      }
      await statusOf(run.pod, { phase: exitCode === 0 ? 'Succeeded' : 'Failed', containerStatuses: [containerStatus(run, { terminated })] })
      if (run.stopping) await remove(run.pod)
    }
    events.emit('ended', run)
  }

  const remove = async (pod: V1Pod): Promise<void> => {
    const { name = '', namespace = '', uid = '' } = pod.metadata ?? {}
    await plane.call('DELETE', api(namespace, 'pods', name), { gracePeriodSeconds: 0, preconditions: { uid } }).catch(ifThere)
  }

  const stop = (run: Live): void => {
    if (run.stopping) return
    run.stopping = true
    run.kill('SIGTERM')
    const seconds = run.pod.spec?.terminationGracePeriodSeconds ?? 30
    setTimeout(() => run.kill('SIGKILL'), seconds * 1000).unref()
  }

  const failed = (error: unknown): void => {
    if (!closed) events.emit('trouble', error instanceof Error ? error : new Error(String(error)))
  }
  const track = (work: Promise<void>): void => {
    const tracked = work.catch(failed).finally(() => works.delete(tracked))
    works.add(tracked)
  }
  /** Brings what runs here in line with what the API server says of a pod. */
  const seen = (pod: V1Pod): void => {
    const uid = pod.metadata?.uid ?? ''
    const node = pod.spec?.nodeName
    const run = runs.get(uid)
    const goes = pod.metadata?.deletionTimestamp !== undefined
    if (node === undefined) {
      if (goes) void remove(pod).catch(failed)
      else if (!bound.has(uid)) void bind(pod).catch(failed)
    } else if (nodes.includes(node) && !lost.has(node)) {
      if (run === undefined && !goes && pod.status?.phase === 'Pending') track(start(pod))
      else if (run === undefined && goes) void remove(pod).catch(failed)
      else if (run !== undefined && goes && run.exitCode === undefined) stop(run)
      else if (run !== undefined && goes && !run.stopping) {
        run.stopping = true
        void remove(pod).catch(failed)
      }
    }
  }

  const config = new KubeConfig()
  config.loadFromString(plane.kubeconfig([plane.admin]))
  const list = async (): Promise<{ items: V1Pod[] }> => (await plane.call('GET', '/api/v1/pods')) as { items: V1Pod[] }
  const informer = makeInformer<V1Pod>(config, '/api/v1/pods', list)
  informer.on('add', seen)
  informer.on('update', seen)
  informer.on('delete', (pod) => runs.get(pod.metadata?.uid ?? '')?.kill('SIGKILL'))
  informer.on('error', (error: unknown) => {
    failed(error)
    if (!closed) void informer.start()
  })
  await informer.start()

  return {
    events,
    get runs() {
      return [...runs.values()]
    },
    async lose(node) {
      lost.add(node)
      for (const run of runs.values()) if (run.node === node) run.kill('SIGKILL')
      await plane.call('DELETE', `/api/v1/nodes/${node}`)
    },
    async close() {
      closed = true
      await informer.stop()
      for (const run of runs.values()) run.kill('SIGKILL')
      await Promise.all(works)
      rmSync(base, { recursive: true, force: true })
    },
  }
}

/** A pod that is gone in the meantime is no trouble. */
function ifThere(error: Error): void {
  if (!/: 40[49] /.test(error.message)) throw error
}

function containerOf(pod: V1Pod): V1Container {
  const [container] = pod.spec?.containers ?? []
  if (container === undefined) throw new Error(`pod ${pod.metadata?.name} has no container`)
  return container
}

/** Rejects with one sentence where processes get no namespaces of their own. */
async function tryNamespaces(): Promise<void> {
  const child = spawn('unshare', [...NAMESPACES, 'true'], { stdio: 'ignore' })
  const code = await Promise.race([once(child, 'close').then(([value]) => value as number | null), once(child, 'error').then(() => -1)])
  if (code !== 0)
    throw new Error('This machine gives processes no namespaces of their own (unshare --mount --pid fails): run this as root, on Linux.')
}

/** A cgroup that may use so much memory, as Kubernetes writes it; undefined where nothing is said. Throws where this machine gives none. */
function limited(name: string, memory: string | undefined): string | undefined {
  if (memory === undefined) return undefined
  const [, number = '', unit = ''] = /^(\d+)(Mi|Gi)$/.exec(memory) ?? []
  const bytes = Number(number) * (unit === 'Gi' ? 2 ** 30 : 2 ** 20)
  if (!(bytes > 0)) throw new Error(`the stand-in for the kubelet cannot read the limit ${memory}`)
  const isFirst = existsSync('/sys/fs/cgroup/memory')
  const folder = join('/sys/fs/cgroup', ...(isFirst ? ['memory'] : []), name)
  mkdirSync(folder)
  writeFileSync(join(folder, isFirst ? 'memory.limit_in_bytes' : 'memory.max'), String(bytes))
  return folder
}

/** The first child of a process on this machine; 0 while it has none. */
function firstChild(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0])
  } catch {
    return 0
  }
}

/** Sends a signal to the process of a run, if that still lives. */
function signalTo({ child, pid }: Live, signal: NodeJS.Signals): void {
  // While the shell that waits for it lives, the number is no other process's.
  if (pid > 0 && child?.exitCode === null && child.signalCode === null) process.kill(pid, signal)
}

/** Most memory that a process has used, in MiB; 0 when it has ended. */
function memoryOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

/** `$(NAME)` in a text, as Kubernetes expands it. */
const expanded = (text: string, env: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\$\((\w+)\)/g, (whole, name: string) => env[name] ?? whole)

/** A field of a pod, as the downward API names it. */
function fieldOf(pod: V1Pod, path: string): string {
  const [, map, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? []
  if (key !== undefined) return pod.metadata?.[map as 'labels' | 'annotations']?.[key] ?? ''
  const value = path.split('.').reduce<unknown>((at, name) => (at as Readonly<Record<string, unknown>> | undefined)?.[name], pod)
  if (typeof value !== 'string') throw new Error(`the stand-in for the kubelet cannot give ${path}`)
  return value
}

interface Held {
  readonly data?: Readonly<Record<string, string>>
}

async function heldIn(
  plane: ControlPlane,
  kind: 'configmaps' | 'secrets',
  namespace: string,
  name: string,
): Promise<Record<string, string>> {
  const { data = {} } = (await plane.call('GET', api(namespace, kind, name))) as Held
  if (kind === 'configmaps') return { ...data }
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
}

/** The variables of a container, with those that every container has. */
async function environment(plane: ControlPlane, pod: V1Pod, container: V1Container): Promise<Record<string, string>> {
  const { hostname, port } = new URL(plane.url)
  const namespace = pod.metadata?.namespace ?? ''
  const env: Record<string, string> = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port }
  for (const { configMapRef, secretRef } of container.envFrom ?? []) {
    if (configMapRef?.name !== undefined) Object.assign(env, await heldIn(plane, 'configmaps', namespace, configMapRef.name))
    if (secretRef?.name !== undefined) Object.assign(env, await heldIn(plane, 'secrets', namespace, secretRef.name))
  }
  const valueOf = async ({ name, value, valueFrom }: V1EnvVar): Promise<string> => {
    if (valueFrom === undefined) return expanded(value ?? '', env)
    const { fieldRef, configMapKeyRef, secretKeyRef } = valueFrom
    if (fieldRef !== undefined) return fieldOf(pod, fieldRef.fieldPath)
    const held =
      secretKeyRef === undefined
        ? await heldIn(plane, 'configmaps', namespace, configMapKeyRef?.name ?? '')
        : await heldIn(plane, 'secrets', namespace, secretKeyRef.name ?? '')
    const found = held[secretKeyRef?.key ?? configMapKeyRef?.key ?? '']
    if (found === undefined) throw new Error(`the variable ${name} of pod ${pod.metadata?.name} comes from nowhere`)
    return found
  }
  for (const variable of container.env ?? []) env[variable.name] = await valueOf(variable)
  return env
}

/** A folder that the user of any container may write to. */
function writable(folder: string): void {
  mkdirSync(folder, { recursive: true })
  chmodSync(folder, 0o777)
}

/** The folder of a volume, with what it holds at the start. */
async function volumeOf(plane: ControlPlane, pod: V1Pod, volume: V1Volume, folder: string, base: string): Promise<string> {
  const { name = '', namespace = '', uid = '' } = pod.metadata ?? {}
  const at =
    volume.persistentVolumeClaim === undefined ? join(folder, volume.name) : join(base, 'claims', volume.persistentVolumeClaim.claimName)
  writable(at)
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(at, path)), { recursive: true })
    writeFileSync(join(at, path), text)
    chownSync(join(at, path), pod.spec?.securityContext?.runAsUser ?? 0, pod.spec?.securityContext?.fsGroup ?? 0)
  }
  const putAll = async (
    kind: 'configmaps' | 'secrets',
    object: string,
    items: readonly { key: string; path: string }[] = [],
  ): Promise<void> => {
    const held = await heldIn(plane, kind, namespace, object)
    for (const [key, text] of Object.entries(held)) {
      const path = items.length === 0 ? key : items.find((item) => item.key === key)?.path
      if (path !== undefined) put(path, text)
    }
  }
  if (volume.configMap?.name !== undefined) await putAll('configmaps', volume.configMap.name, volume.configMap.items)
  else if (volume.secret?.secretName !== undefined) await putAll('secrets', volume.secret.secretName, volume.secret.items)
  else if (volume.projected !== undefined) {
    for (const source of volume.projected.sources ?? []) {
      if (source.configMap?.name !== undefined) await putAll('configmaps', source.configMap.name, source.configMap.items)
      for (const { path, fieldRef } of source.downwardAPI?.items ?? []) put(path, fieldOf(pod, fieldRef?.fieldPath ?? ''))
      if (source.serviceAccountToken === undefined) continue
      const { path, expirationSeconds } = source.serviceAccountToken
      const { status } = (await plane.call(
        'POST',
        `${api(namespace, 'serviceaccounts', pod.spec?.serviceAccountName ?? 'default')}/token`,
        {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: { expirationSeconds, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid } },
        },
      )) as { readonly status: { readonly token: string } }
      put(path, status.token)
    }
  } else if (volume.emptyDir === undefined && volume.persistentVolumeClaim === undefined)
    throw new Error(`the stand-in for the kubelet knows no volume like ${volume.name}`)
  return at
}

/** The shell script that becomes the container: it mounts what that sees, and ends as its command. */
function containerScript(
  root: string,
  image: readonly (readonly [string, string])[],
  volumes: readonly { readonly from: string; readonly to: string; readonly readOnly: boolean }[],
  {
    hosts,
    log,
    user,
    readOnly,
    command,
  }: {
    readonly hosts: string
    readonly log: string
    readonly user: number
    readonly readOnly: boolean
    readonly command: readonly string[]
  },
): string {
  for (const at of ['proc', 'sys/fs/cgroup', 'dev', 'etc', ...image.map(([, to]) => to), ...volumes.map(({ to }) => to)])
    mkdirSync(join(root, at), { recursive: true })
  for (const device of [...DEVICES.map((name) => `dev/${name}`), TERMINATION_LOG]) writeFileSync(join(root, device), '')
  writeFileSync(join(root, 'etc/hosts'), hosts)
  // Names come from that file alone.
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'hosts: files\n')
  const bindTo = (from: string, to: string, isReadOnly: boolean): readonly string[] => {
    const target = quote(join(root, to))
    return [`mount --bind ${quote(from)} ${target}`, ...(isReadOnly ? [`mount -o remount,bind,ro ${target}`] : [])]
  }
  return [
    `mount --bind ${quote(root)} ${quote(root)}`,
    ...image.flatMap(([from, to]) => bindTo(from, to, true)),
    ...DEVICES.flatMap((name) => bindTo(`/dev/${name}`, `/dev/${name}`, false)),
    ...bindTo(log, TERMINATION_LOG, false),
    ...volumes.flatMap(({ from, to, readOnly: isReadOnly }) => bindTo(from, to, isReadOnly)),
    `mount -t proc proc ${quote(join(root, 'proc'))}`,
    // There Node finds how much memory it may use.
    `mount --rbind /sys/fs/cgroup ${quote(join(root, 'sys/fs/cgroup'))}`,
    ...(readOnly ? [`mount -o remount,bind,ro ${quote(root)}`] : []),
    `exec chroot --userspec=${user}:${user} ${quote(root)} ${command.map((word) => quote(word)).join(' ')}`,
  ].join('\n')
}
