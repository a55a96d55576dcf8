import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Agent, fetch } from 'undici'
import { kinds } from '../server.ts'
import type { Thing } from '../world.ts'

const run = promisify(execFile)

/** What is pinned, with the checksums of every module in the go.sum beside it. */
export const KUBERNETES = '1.36.3'

/** Someone whose token is in the kubeconfig. */
export interface User {
  readonly name: string
  readonly token: string
}

/** A running etcd, kube-apiserver and kwok. */
export interface ControlPlane {
  readonly url: string
  /** The authority that signed its certificate, as PEM. */
  readonly ca: string
  readonly ports: readonly number[]
  readonly pids: () => readonly number[]
  /** A kubeconfig with one context for each user; the first is current. */
  readonly kubeconfig: (users: readonly User[], namespace?: string) => string
  readonly admin: User
  readonly user: User
  /** A request of the administrator; throws what the server says when the status is not 2xx. */
  readonly call: (method: string, path: string, body?: unknown, type?: string) => Promise<unknown>
  /** Creates objects with their status. */
  readonly apply: (thing: Thing) => Promise<void>
  readonly setStatus: (thing: Thing) => Promise<void>
  readonly remove: (thing: Thing) => Promise<void>
  /** Port-forwards to pods of this namespace end at this local port. */
  readonly forward: (namespace: string, port: number) => Promise<void>
  /** The log of the containers of this namespace, also of those before; undefined takes it away. */
  readonly log: (namespace: string, text: string | undefined) => Promise<void>
  readonly restartApiServer: () => Promise<void>
  /** Ends everything; nothing of it is left. */
  readonly close: () => Promise<void>
}

const programs = [
  ['etcd', 'etcd', 'go.etcd.io/etcd/server/v3'],
  ['kube-apiserver', 'kubernetes', 'k8s.io/kubernetes/cmd/kube-apiserver'],
  ['kwok', 'kwok', 'sigs.k8s.io/kwok/cmd/kwok'],
] as const
const controllerManager = ['kube-controller-manager', 'kubernetes', 'k8s.io/kubernetes/cmd/kube-controller-manager'] as const

/**
 * The folder with etcd, kube-apiserver and kwok, and with `controllers` kube-controller-manager: KUBEBUILDER_ASSETS, else a cache that is
 * filled once by building them from Go modules at the versions of gomod/ (their go.sum holds the checksums). Throws an Error with one
 * sentence.
 */
export async function findAssets(say: (line: string) => void, { controllers = false } = {}): Promise<string> {
  const given = process.env['KUBEBUILDER_ASSETS']
  const folder =
    given ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kaito-tool-calling-conformance', `kube-${KUBERNETES}`)
  await mkdir(folder, { recursive: true })
  for (const [name, modules, target] of controllers ? [...programs, controllerManager] : programs) {
    const file = join(folder, name)
    if (existsSync(file)) continue
    say(`${name} is not in ${folder}: building it from its Go module (minutes, once).`)
    const draft = join(folder, `.${name}.${process.pid}`)
    // A server without its version set calls itself v0.0.0, and clients that compare versions are misled.
    const version = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((at) => [
      `-X ${at}.gitVersion=v${KUBERNETES}`,
      `-X ${at}.gitMajor=1`,
      `-X ${at}.gitMinor=${KUBERNETES.split('.')[1]}`,
    ])
    try {
      await run(
        'go',
        ['build', '-trimpath', '-ldflags', ['-s -w', ...(modules === 'kubernetes' ? version : [])].join(' '), '-o', draft, target],
        {
          cwd: join(import.meta.dirname, 'gomod', modules),
          env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly -buildvcs=false' },
          maxBuffer: 1 << 26,
        },
      )
    } catch (error) {
      throw new Error(
        `${name} cannot be built (${
          String(error)
            .split('\n')
            .find((line) => line !== '') ?? ''
        }): install Go 1.26, or name a folder with etcd and kube-apiserver in KUBEBUILDER_ASSETS.`,
        { cause: error },
      )
    }
    await rename(draft, file)
  }
  return folder
}

/**
 * Starts the real thing on free ports of 127.0.0.1, in a folder of its own, with the controllers of kube-controller-manager that are named.
 * Rejects with the last line of a program that ended.
 */
export async function startControlPlane(assets: string, controllers: readonly string[] = []): Promise<ControlPlane> {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-kube-'))
  const children = new Map<string, ChildProcess>()
  const [etcd = 0, peer = 0, api = 0, kubelet = 0, manager = 0] = await freePorts(5)
  const at = (...parts: string[]): string => join(folder, ...parts)
  const admin: User = { name: 'admin', token: randomBytes(16).toString('hex') }
  const user: User = { name: 'conformance', token: randomBytes(16).toString('hex') }
  const url = `https://127.0.0.1:${api}`

  const start = (name: string, args: readonly string[]): void => {
    const log = openSync(at(`${name}.log`), 'a')
    const child = spawn(join(assets, name), args, { stdio: ['ignore', log, log] })
    closeSync(log)
    children.set(name, child)
  }
  const stop = async (name: string): Promise<void> => {
    const child = children.get(name)
    children.delete(name)
    if (!child || child.exitCode !== null) return
    const ended = new Promise<void>((done) => {
      child.once('exit', () => done())
    })
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
    await ended
    clearTimeout(timer)
  }
  const until = async (name: string, works: () => Promise<boolean>): Promise<void> => {
    const end = Date.now() + 120_000
    while (!(await works().catch(() => false))) {
      const ended = children.get(name)?.exitCode !== null
      if (ended || Date.now() > end)
        throw new Error(
          `${name} ${ended ? 'ended' : 'is not ready in time'}: ${readFileSync(at(`${name}.log`), 'utf8')
            .trim()
            .split('\n')
            .at(-1)}`,
        )
      await delay(100)
    }
  }

  try {
    await certificates(folder)
    const ca = readFileSync(at('ca.crt'))
    const agent = new Agent({ connect: { ca } })
    await writeFile(at('tokens.csv'), `${admin.token},admin,1,system:masters\n${user.token},conformance,2\n`)
    await writeFile(at('kwok.yaml'), idle)

    start('etcd', [
      '--data-dir',
      at('etcd'),
      '--unsafe-no-fsync',
      '--listen-client-urls',
      `http://127.0.0.1:${etcd}`,
      '--advertise-client-urls',
      `http://127.0.0.1:${etcd}`,
      '--listen-peer-urls',
      `http://127.0.0.1:${peer}`,
      '--initial-advertise-peer-urls',
      `http://127.0.0.1:${peer}`,
      '--initial-cluster',
      `default=http://127.0.0.1:${peer}`,
    ])
    await until('etcd', async () => (await fetch(`http://127.0.0.1:${etcd}/health`)).ok)

    const startApi = async (): Promise<void> => {
      start('kube-apiserver', [
        `--etcd-servers=http://127.0.0.1:${etcd}`,
        '--bind-address=127.0.0.1',
        '--advertise-address=127.0.0.1',
        `--secure-port=${api}`,
        '--endpoint-reconciler-type=none',
        `--cert-dir=${folder}`,
        `--tls-cert-file=${at('server.crt')}`,
        `--tls-private-key-file=${at('server.key')}`,
        `--token-auth-file=${at('tokens.csv')}`,
        '--authorization-mode=RBAC',
        '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
        `--service-account-key-file=${at('server.crt')}`,
        `--service-account-signing-key-file=${at('server.key')}`,
        '--service-cluster-ip-range=10.96.0.0/16',
        `--kubelet-certificate-authority=${at('ca.crt')}`,
        '--kubelet-preferred-address-types=InternalIP',
        // Without controllers nobody makes service accounts.
        ...(controllers.length > 0 ? [] : ['--disable-admission-plugins=ServiceAccount']),
      ])
      await until(
        'kube-apiserver',
        async () => (await fetch(`${url}/readyz`, { dispatcher: agent, headers: { authorization: `Bearer ${admin.token}` } })).ok,
      )
    }
    await startApi()

    const call = async (method: string, path: string, body?: unknown, type = 'application/json'): Promise<unknown> => {
      const response = await fetch(url + path, {
        method,
        dispatcher: agent,
        headers: { authorization: `Bearer ${admin.token}`, 'content-type': type },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 400)}`)
      return JSON.parse(text) as unknown
    }
    const setStatus = async (thing: Thing): Promise<void> => {
      await call('PATCH', `${pathOf(thing)}/status`, { status: thing['status'] }, 'application/merge-patch+json')
    }

    // kwok's own resources: PortForward tells where a forward ends.
    const crds = join(assets, 'kwok-crds')
    const folders = existsSync(crds) ? crds : await crdsOfKwok()
    for (const file of await readdir(folders))
      await call(
        'PATCH',
        crdPath(readFileSync(join(folders, file), 'utf8')),
        readFileSync(join(folders, file), 'utf8'),
        'application/apply-patch+yaml',
      )
    await writeFile(at('kwok.kubeconfig'), kubeconfigOf(url, ca, [admin]))
    await until('kube-apiserver', async () => JSON.stringify(await call('GET', '/apis/kwok.x-k8s.io/v1alpha1')).includes('portforwards'))
    start('kwok', [
      `--kubeconfig=${at('kwok.kubeconfig')}`,
      `--config=${at('kwok.yaml')}`,
      '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
      '--node-ip=127.0.0.1',
      `--node-port=${kubelet}`,
      `--server-address=127.0.0.1:${kubelet}`,
      `--tls-cert-file=${at('server.crt')}`,
      `--tls-private-key-file=${at('server.key')}`,
      '--enable-crds=PortForward,ClusterPortForward,Logs,ClusterLogs',
    ])
    await until('kwok', async () => (await fetch(`https://127.0.0.1:${kubelet}/healthz`, { dispatcher: agent })).ok)

    if (controllers.length > 0) {
      start('kube-controller-manager', [
        `--kubeconfig=${at('kwok.kubeconfig')}`,
        `--controllers=${controllers.join(',')}`,
        '--leader-elect=false',
        '--bind-address=127.0.0.1',
        `--secure-port=${manager}`,
        `--tls-cert-file=${at('server.crt')}`,
        `--tls-private-key-file=${at('server.key')}`,
        `--root-ca-file=${at('ca.crt')}`,
      ])
      await until('kube-controller-manager', async () => (await fetch(`https://127.0.0.1:${manager}/healthz`, { dispatcher: agent })).ok)
    }

    return {
      url,
      ca: ca.toString(),
      ports: [etcd, peer, api, kubelet, ...(controllers.length > 0 ? [manager] : [])],
      pids: () => [...children.values()].flatMap(({ pid }) => pid ?? []),
      kubeconfig: (users, namespace) => kubeconfigOf(url, ca, users, namespace),
      admin,
      user,
      call,
      setStatus,
      async apply(thing) {
        const { status, ...rest } = thing
        const { deletionTimestamp, generation = 1, ...metadata } = rest.metadata
        const local =
          thing.kind === 'Node'
            ? { ...rest, metadata: { ...metadata, annotations: { 'kwok.x-k8s.io/node': 'fake' } } }
            : { ...rest, metadata: deletionTimestamp === undefined ? metadata : { ...metadata, finalizers: ['conformance.example/held'] } }
        await call('POST', `${pathOf(thing, false)}?fieldValidation=Ignore`, local)
        if (status !== undefined) {
          const own =
            thing.kind === 'Node'
              ? {
                  ...(status as object),
                  addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
                  daemonEndpoints: { kubeletEndpoint: { Port: kubelet } },
                }
              : status
          await setStatus({ ...thing, status: own })
        }
        // The server counts changes itself; after an even number of these the object is as it was.
        for (let change = 1; change < Number(generation); change += 1)
          await call('PATCH', pathOf(thing), { resource: { count: change % 2 === 0 ? 1 : 2 } }, 'application/merge-patch+json')
        if (deletionTimestamp !== undefined) await call('DELETE', pathOf(thing))
      },
      async remove(thing) {
        if (thing.metadata['deletionTimestamp'] !== undefined)
          await call('PATCH', pathOf(thing), { metadata: { finalizers: null } }, 'application/merge-patch+json')
        // A pod would wait for its kubelet.
        if (thing.metadata['deletionTimestamp'] === undefined || thing.kind === 'Pod')
          await call('DELETE', pathOf(thing), thing.kind === 'Pod' ? { gracePeriodSeconds: 0 } : undefined)
      },
      async forward(namespace, port) {
        await call('POST', '/apis/kwok.x-k8s.io/v1alpha1/clusterportforwards', {
          apiVersion: 'kwok.x-k8s.io/v1alpha1',
          kind: 'ClusterPortForward',
          metadata: { name: namespace },
          spec: { selector: { matchNamespaces: [namespace] }, forwards: [{ ports: [5000], target: { address: '127.0.0.1', port } }] },
        })
      },
      async log(namespace, text) {
        const logsFile = at(`log-${namespace}`)
        await call('DELETE', `/apis/kwok.x-k8s.io/v1alpha1/clusterlogs/${namespace}`).catch(() => {})
        if (text === undefined) return
        // The form in which a container runtime writes logs.
        const lines = text
          .trimEnd()
          .split('\n')
          .map((line) => `2026-11-22T14:00:00.000000000Z stdout F ${line}\n`)
        await writeFile(logsFile, lines.join(''))
        await call('POST', '/apis/kwok.x-k8s.io/v1alpha1/clusterlogs', {
          apiVersion: 'kwok.x-k8s.io/v1alpha1',
          kind: 'ClusterLogs',
          metadata: { name: namespace },
          spec: { selector: { matchNamespaces: [namespace] }, logs: [{ logsFile, follow: false }] },
        })
      },
      async restartApiServer() {
        await stop('kube-apiserver')
        await startApi()
      },
      async close() {
        for (const name of ['kube-controller-manager', 'kwok', 'kube-apiserver', 'etcd']) await stop(name)
        await agent.close()
        await rm(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    for (const name of ['kube-controller-manager', 'kwok', 'kube-apiserver', 'etcd']) await stop(name)
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

const pathOf = (thing: Thing, name = true): string => {
  const kind = kinds.find((one) => one.kind === thing.kind)
  if (!kind) throw new Error(`no path for ${thing.kind}`)
  const base = kind.group ? `/apis/${kind.group}/${thing.apiVersion.split('/')[1]}` : '/api/v1'
  return [
    base,
    ...(kind.namespaced ? ['namespaces', thing.metadata.namespace ?? 'default'] : []),
    kind.plural,
    ...(name ? [thing.metadata.name] : []),
  ].join('/')
}

/** kwok forwards ports and serves logs here, and touches no status: it wants stages, and these never match. */
const idle = ['Node', 'Pod']
  .map((kind) =>
    JSON.stringify({
      apiVersion: 'kwok.x-k8s.io/v1alpha1',
      kind: 'Stage',
      metadata: { name: `idle-${kind.toLowerCase()}` },
      spec: {
        resourceRef: { apiGroup: 'v1', kind },
        selector: { matchLabels: { 'conformance.example/never': 'true' } },
        next: { statusTemplate: '{}' },
      },
    }),
  )
  .join('\n---\n')

const crdPath = (yaml: string): string =>
  `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${/^ {2}name: (\S+)/m.exec(yaml)?.[1]}?fieldManager=conformance&force=true`

/** kwok's CRDs, from the module that kwok was built from. */
async function crdsOfKwok(): Promise<string> {
  const { stdout } = await run('go', ['list', '-m', '-f', '{{.Dir}}', 'sigs.k8s.io/kwok'], {
    cwd: join(import.meta.dirname, 'gomod', 'kwok'),
  })
  return join(stdout.trim(), 'kustomize', 'crd', 'bases')
}

/** Free ports, held open together so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = net.createServer()
      await new Promise<void>((done) => {
        server.listen(0, '127.0.0.1', done)
      })
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  return ports
}

/** One authority, and one certificate for 127.0.0.1 that API server and kwok share. */
async function certificates(folder: string): Promise<void> {
  const at = (name: string): string => join(folder, name)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await run('openssl', ['req', '-x509', ...key, '-keyout', at('ca.key'), '-out', at('ca.crt'), '-days', '2', '-subj', '/CN=conformance-ca'])
  await run('openssl', ['req', ...key, '-keyout', at('server.key'), '-out', at('server.csr'), '-subj', '/CN=kube-apiserver'])
  await writeFile(at('server.ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes\nextendedKeyUsage=serverAuth,clientAuth\n')
  await run('openssl', [
    'x509',
    '-req',
    '-in',
    at('server.csr'),
    '-CA',
    at('ca.crt'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    at('server.ext'),
    '-out',
    at('server.crt'),
  ])
}

function kubeconfigOf(server: string, ca: Buffer, users: readonly User[], namespace?: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': users[0]?.name,
    clusters: [{ name: 'real', cluster: { server, 'certificate-authority-data': ca.toString('base64') } }],
    users: users.map(({ name, token }) => ({ name, user: { token } })),
    contexts: users.map(({ name }) => ({
      name,
      context: { cluster: 'real', user: name, ...(namespace === undefined ? {} : { namespace }) },
    })),
  })
}

/** Copies nothing of KAITO: the CRDs that KAITO_CRDS names, else stand-ins of our own that take any field. */
export async function installCrds(plane: ControlPlane, say: (line: string) => void): Promise<void> {
  const folder = process.env['KAITO_CRDS']
  const real =
    folder === undefined
      ? []
      : (await readdir(folder, { recursive: true })).filter(
          (file) => /(?:workspaces|inferencesets|nodeclaims)\.yaml$/.test(file) && !/v0\.\d/.test(file),
        )
  for (const file of real) {
    const yaml = readFileSync(join(folder ?? '', file), 'utf8')
    await plane.call('PATCH', crdPath(yaml), yaml, 'application/apply-patch+yaml')
  }
  say(real.length > 0 ? `KAITO's own CRDs: ${real.join(', ')}` : 'KAITO_CRDS is not set: stand-ins for the CRDs, which take any field.')
  const have = JSON.stringify(await plane.call('GET', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'))
  for (const { group, version, plural, kind, namespaced } of kinds) {
    if (!group.includes('.') || group.endsWith('k8s.io') || have.includes(`"${plural}.${group}"`)) continue
    await plane.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: namespaced ? 'Namespaced' : 'Cluster',
        names: { plural, kind, singular: kind.toLowerCase() },
        versions: [
          {
            name: version,
            served: true,
            storage: true,
            subresources: { status: {} },
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    })
  }
  const end = Date.now() + 60_000
  for (const { group, version, plural } of kinds.filter((one) => one.group.includes('.') && !one.group.endsWith('k8s.io'))) {
    while (!(await plane.call('GET', `/apis/${group}/${version}/${plural}`).catch(() => undefined))) {
      if (Date.now() > end) throw new Error(`the CRD ${plural}.${group} is not served in time`)
      await delay(200)
    }
  }
}
