import { request } from 'node:https'
import { request as plainRequest } from 'node:http'
import { WebSocket } from 'ws'

/** One question to an API server, asked of the real one and of the mock. */
export interface Probe {
  readonly id: string
  readonly method?: 'GET' | 'POST'
  readonly path: string
  /** With a token that nobody has, or one to which no role is bound. */
  readonly as?: 'nobody' | 'stranger'
  readonly body?: unknown
  /** Events of a watch to wait for. */
  readonly events?: number
  /** A port-forward; `GET /v1/models` is sent through it. */
  readonly forward?: boolean
}

/** What an API server answered, without what differs from server to server. */
export interface Probed {
  readonly id: string
  readonly status: number
  readonly type?: string
  /** A Status whole; of an object or a list what the suite relies on. */
  readonly body?: unknown
  readonly events?: readonly string[]
  readonly frames?: readonly string[]
}

const workspaces = '/apis/kaito.sh/v1beta1/namespaces/default/workspaces'
const name = 'workspace-phi-4-mini-toolcall'

/** What the suite asks of an API server, and what it gets when that is not allowed. */
export const probes: readonly Probe[] = [
  { id: 'version', path: '/version' },
  { id: 'group', path: '/apis/kaito.sh' },
  { id: 'group-absent', path: '/apis/kaito.example' },
  { id: 'workspace', path: `${workspaces}/${name}` },
  { id: 'workspace-absent', path: `${workspaces}/nothing` },
  { id: 'workspace-forbidden', path: `${workspaces}/${name}`, as: 'nobody' },
  { id: 'workspaces-forbidden', path: '/apis/kaito.sh/v1beta1/workspaces', as: 'nobody' },
  { id: 'workspace-unauthorized', path: `${workspaces}/${name}`, as: 'stranger' },
  { id: 'workspace-of-no-version', path: `/apis/kaito.sh/v9/namespaces/default/workspaces/${name}` },
  { id: 'workspaces', path: workspaces },
  { id: 'workspaces-by-label', path: `${workspaces}?labelSelector=nobody%3Dhas` },
  { id: 'pods', path: `/api/v1/namespaces/default/pods?labelSelector=kaito.sh%2Fworkspace%3D${name}` },
  { id: 'service', path: `/api/v1/namespaces/default/services/${name}` },
  { id: 'service-absent', path: '/api/v1/namespaces/default/services/nothing' },
  { id: 'namespace-absent', path: '/api/v1/namespaces/nothing' },
  {
    id: 'endpoint-slices',
    path: `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D${name}`,
  },
  { id: 'deployments-by-field', path: '/apis/apps/v1/deployments?fieldSelector=metadata.name%3Dkaito-workspace' },
  { id: 'watch', path: `${workspaces}?watch=true&fieldSelector=metadata.name%3D${name}&resourceVersion=0`, events: 1 },
  { id: 'watch-forbidden', path: `${workspaces}?watch=true`, as: 'nobody' },
  { id: 'create-as-dry-run', method: 'POST', path: `${workspaces}?dryRun=All&fieldValidation=Strict`, body: workspaceNamed('tried') },
  { id: 'create-what-exists', method: 'POST', path: `${workspaces}?dryRun=All`, body: workspaceNamed(name) },
  { id: 'create-with-a-bad-name', method: 'POST', path: `${workspaces}?dryRun=All`, body: workspaceNamed('workspace\u2011phi') },
  { id: 'forward', path: `/api/v1/namespaces/default/pods/${name}-0/portforward?ports=5000`, forward: true },
  { id: 'forward-to-no-pod', path: '/api/v1/namespaces/default/pods/nothing-0/portforward?ports=5000', forward: true },
  { id: 'forward-forbidden', path: `/api/v1/namespaces/default/pods/${name}-0/portforward?ports=5000`, forward: true, as: 'nobody' },
]

function workspaceNamed(own: string): unknown {
  return {
    apiVersion: 'kaito.sh/v1beta1',
    kind: 'Workspace',
    metadata: { name: own, namespace: 'default' },
    resource: { instanceType: 'Standard_NC24ads_A100_v4', labelSelector: { matchLabels: { apps: own } } },
    inference: { preset: { name: 'phi-4-mini-instruct', accessMode: 'public' } },
  }
}

/** Who asks: tokens of the administrator, and of a user to whom no role is bound. */
export interface Tokens {
  readonly admin: string
  readonly nobody: string
}

/** Asks one question of a server; `ca` for one that speaks TLS. */
export async function probe(server: string, { admin, nobody }: Tokens, one: Probe, ca?: string): Promise<Probed> {
  const token = one.as === 'nobody' ? nobody : one.as === 'stranger' ? 'of-nobody' : admin
  return one.forward === true ? forwarded(server, token, one, ca) : asked(server, token, one, ca)
}

function asked(server: string, token: string, one: Probe, ca?: string): Promise<Probed> {
  return new Promise((done, fail) => {
    const open = server.startsWith('https:') ? request : plainRequest
    const out = open(
      `${server}${one.path}`,
      { method: one.method ?? 'GET', ca, agent: false, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } },
      (response) => {
        const parts: Buffer[] = []
        const head = { id: one.id, status: response.statusCode ?? 0, type: String(response.headers['content-type']) }
        response.on('data', (part: Buffer) => {
          parts.push(part)
          const lines = Buffer.concat(parts).toString().split('\n').slice(0, -1)
          if (one.events === undefined || response.statusCode !== 200 || lines.length < one.events) return
          out.destroy()
          done({ ...head, events: lines.map((line) => (JSON.parse(line) as { type: string }).type) })
        })
        response.on('end', () => done({ ...head, body: essence(Buffer.concat(parts).toString()) }))
      },
    )
    out.on('error', (error) => {
      if (!out.destroyed) fail(error)
    })
    out.end(one.body === undefined ? undefined : JSON.stringify(one.body))
  })
}

function forwarded(server: string, token: string, one: Probe, ca?: string): Promise<Probed> {
  return new Promise((done, fail) => {
    const socket = new WebSocket(`${server.replace(/^http/, 'ws')}${one.path}`, ['v5.channel.k8s.io', 'v4.channel.k8s.io'], {
      ca,
      headers: { authorization: `Bearer ${token}` },
    })
    const frames: string[] = []
    let text = ''
    socket.on('unexpected-response', (_request, response) => done({ id: one.id, status: response.statusCode ?? 0 }))
    socket.on('error', fail)
    socket.on('open', () =>
      socket.send(Buffer.concat([Buffer.from([0]), Buffer.from('GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')])),
    )
    socket.on('message', (data: Buffer) => {
      if (frames.length < 2) frames.push(data.toString('hex'))
      else text += data.subarray(1).toString()
      if (!text.includes('\r\n')) return
      socket.close()
      done({ id: one.id, status: 101, type: socket.protocol, frames: [...frames.toSorted(), text.split('\r\n')[0] ?? ''] })
    })
  })
}

/** The part of a body that is the same on every server and that the suite reads. */
function essence(text: string): unknown {
  let body: Record<string, unknown>
  try {
    body = JSON.parse(text) as Record<string, unknown>
  } catch {
    return text
  }
  if (body['kind'] === 'Status') return body
  if (body['gitVersion'] !== undefined) return { keys: ['gitVersion', 'major', 'minor'].filter((key) => key in body) }
  if (body['kind'] === 'APIGroup')
    return {
      kind: 'APIGroup',
      versions: (body['versions'] as { version: string }[]).map(({ version }) => version),
      preferred: (body['preferredVersion'] as { version: string }).version,
    }
  if (Array.isArray(body['items'])) {
    const list = body['metadata'] as { resourceVersion?: string }
    return {
      kind: body['kind'],
      apiVersion: body['apiVersion'],
      resourceVersion: typeof list.resourceVersion,
      names: (body['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name),
    }
  }
  const metadata = body['metadata'] as Record<string, unknown>
  return {
    kind: body['kind'],
    apiVersion: body['apiVersion'],
    name: metadata['name'],
    has: ['uid', 'resourceVersion', 'creationTimestamp'].filter((key) => typeof metadata[key] === 'string'),
  }
}
