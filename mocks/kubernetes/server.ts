import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import net from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Thing } from './world.ts'

/** Who may do what, as RBAC rules say it: resources with their group, and verbs. */
export interface Right {
  readonly groups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

/**
 * How the API server reaches kubelets: it does, it cannot dial them (502), or it hangs; or how what lies before it takes an upgrade to
 * WebSocket: it passes the request on without (400), cuts the connection, or forbids it (403).
 */
type Dial = 'well' | 'refused' | 'never' | 'plain' | 'cut' | 'forbidden'

/** What the mock API server has, and who may do what. */
export interface KubeOptions {
  readonly things?: readonly Thing[]
  /** `v1.36.3` by default. */
  readonly version?: string
  /** Logs by `pod`, and by `pod/previous`. */
  readonly logs?: Readonly<Record<string, string>>
  /** Where connections to port 5000 of a pod end: a port of this machine, maybe for each pod; without it nothing listens in the pod. */
  readonly forwardTo?: number | ((pod: string) => number | undefined)
  /** The user may do only this; without it everything. */
  readonly rights?: readonly Right[]
  /** What the user's token must be. */
  readonly token?: string
  /** 0 takes a free one. */
  readonly port?: number
  /** Another user, who may do nothing. */
  readonly nobody?: { readonly name: string; readonly token: string }
  /** How the API server reaches kubelets. */
  readonly dial?: Dial
  /** Resources that a run in the cluster may create for good: `configmaps`, `jobs`. */
  readonly creates?: readonly string[]
  /** What the API server fails to answer: paths, its answer to them, and how often; without `times` always. */
  readonly fails?: readonly {
    readonly path: RegExp
    readonly code: number
    readonly message: string
    readonly retryAfter?: number
    readonly times?: number
  }[]
  /** KAITO's webhook does not validate workspaces. */
  readonly unvalidated?: boolean
  /** Resources whose CRDs are not installed: `workspaces`. */
  readonly without?: readonly string[]
  /** Versions in which kaito.sh is served, preferred first. */
  readonly kaitoVersions?: readonly string[]
}

/** The mock API server, and what a test does to it. */
export interface KubeServer {
  readonly url: string
  /** A kubeconfig for it. */
  readonly kubeconfig: (more?: { readonly namespace?: string; readonly token?: string }) => string
  /** Creates or replaces an object; watches see it. */
  readonly apply: (thing: Thing) => void
  /** Deletes an object; watches see it. */
  readonly remove: (thing: Thing) => void
  /** Resolves as soon as a watch is open. */
  readonly watched: () => Promise<void>
  /** Ends all watches: as a server closes them, or with 410. */
  readonly endWatches: (how?: 'close' | 'gone') => void
  /** Breaks all port-forwards. */
  readonly breakForwards: () => void
  /** Port-forwards stay open and carry nothing any more, as those to a node that is gone. */
  readonly freezeForwards: () => void
  /** How the API server reaches kubelets from now on. */
  readonly dial: (how: Dial) => void
  /** The user may do only this from now on. */
  readonly restrict: (rights: readonly Right[]) => void
  /** What the user's token must be from now on. */
  readonly rename: (token: string) => void
  /** Method and path of each request but the readings of a watch. */
  readonly requests: readonly string[]
  readonly close: () => Promise<void>
}

interface Kind {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
}

/** The kinds that the suite reads. */
export const kinds: readonly Kind[] = [
  { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true },
  { group: '', version: 'v1', plural: 'services', kind: 'Service', namespaced: true },
  { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true },
  { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true },
  { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false },
  { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false },
  { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true },
  { group: 'apps', version: 'v1', plural: 'statefulsets', kind: 'StatefulSet', namespaced: true },
  { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true },
  { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices', kind: 'EndpointSlice', namespaced: true },
  { group: 'networking.k8s.io', version: 'v1', plural: 'networkpolicies', kind: 'NetworkPolicy', namespaced: true },
  { group: 'kaito.sh', version: 'v1beta1', plural: 'workspaces', kind: 'Workspace', namespaced: true },
  { group: 'kaito.sh', version: 'v1beta1', plural: 'inferencesets', kind: 'InferenceSet', namespaced: true },
  { group: 'kaito.sh', version: 'v1beta1', plural: 'ragengines', kind: 'RAGEngine', namespaced: true },
  { group: 'karpenter.sh', version: 'v1', plural: 'nodeclaims', kind: 'NodeClaim', namespaced: false },
  { group: 'karpenter.sh', version: 'v1', plural: 'nodepools', kind: 'NodePool', namespaced: false },
  { group: 'monitoring.coreos.com', version: 'v1', plural: 'servicemonitors', kind: 'ServiceMonitor', namespaced: true },
  { group: 'monitoring.coreos.com', version: 'v1', plural: 'podmonitors', kind: 'PodMonitor', namespaced: true },
]

/** What a path asks for: `/apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME/SUB`. */
interface Asked {
  readonly kind: Kind
  readonly version: string
  readonly namespace?: string
  readonly name?: string
  readonly sub?: string
}

const kindOf = (thing: Thing): Kind | undefined => kinds.find(({ kind }) => kind === thing.kind)

const keyOf = ({ plural, namespaced }: Kind, namespace: string | undefined, name: string | undefined): string =>
  `${plural}/${namespaced ? namespace : ''}/${name}`

const reply = (response: ServerResponse, code: number, body: unknown): void => {
  response.writeHead(code, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' })
  response.end(JSON.stringify(body))
}

const refuse = (response: ServerResponse, code: number, reason: string, message: string, details?: unknown): void =>
  reply(response, code, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  })

/**
 * A Kubernetes API server with only what the suite asks of one: lists, objects, watches, logs, dry runs, port-forward by WebSocket, tokens
 * and rights. Its answers are held against those of kube-apiserver 1.36 (recorded.json). Listens on a free port of 127.0.0.1.
 */
export async function listenKube(options: KubeOptions = {}): Promise<KubeServer> {
  const objects = new Map<string, Thing>()
  const watches = new Set<{ readonly asked: Asked; readonly filter: (thing: Thing) => boolean; readonly response: ServerResponse }>()
  const waiters = new Set<() => void>()
  const forwards = new Set<WebSocket>()
  const sockets = new Set<net.Socket>()
  const requests: string[] = []
  const without = new Set(options.without)
  let revision = 1000
  let { token, rights, dial = 'well' } = options
  const failed = new Map<RegExp, number>()
  const frozen = new WeakSet<WebSocket>()

  const put = (thing: Thing): void => {
    const kind = kindOf(thing)
    if (!kind) throw new Error(`the mock API server has no kind ${thing.kind}`)
    revision += 1
    const namespace = kind.namespaced ? (thing.metadata.namespace ?? 'default') : undefined
    const key = keyOf(kind, namespace, thing.metadata.name)
    const before = objects.get(key)
    const now: Thing = {
      ...thing,
      metadata: {
        uid: before?.metadata['uid'] ?? `${thing.metadata.name}-${revision}`,
        creationTimestamp: '2026-11-22T14:00:00Z',
        generation: 1,
        ...thing.metadata,
        ...(namespace === undefined ? {} : { namespace }),
        resourceVersion: String(revision),
      },
    }
    objects.set(key, now)
    tell(before ? 'MODIFIED' : 'ADDED', kind, now)
  }
  const tell = (type: string, kind: Kind, thing: Thing): void => {
    for (const { asked, filter, response } of watches)
      if (asked.kind === kind && filter(thing)) response.write(`${JSON.stringify({ type, object: thing })}\n`)
  }
  for (const thing of options.things ?? []) put(thing)
  for (const name of new Set(['default', 'kube-system', ...[...objects.values()].flatMap(({ metadata }) => metadata.namespace ?? [])]))
    if (!objects.has(`namespaces//${name}`)) put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })

  const askedOf = (path: string): Asked | undefined => {
    const found = /^\/(?:api|apis\/([^/]+))\/([^/]+)\/(?:namespaces\/([^/]+)\/)?([a-z]+)(?:\/([^/]+)(?:\/([a-z]+))?)?$/.exec(path)
    if (!found) return undefined
    const [, group = '', version = '', namespace, plural, name, sub] = found
    const kind = kinds.find((one) => one.group === group && one.plural === plural)
    if (!kind || without.has(kind.plural)) return undefined
    const served = group === 'kaito.sh' ? (options.kaitoVersions ?? ['v1beta1', 'v1alpha1']) : [kind.version]
    if (!served.includes(version)) return undefined
    return {
      kind,
      version,
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name: decodeURIComponent(name) }),
      ...(sub === undefined ? {} : { sub }),
    }
  }
  const isNobody = (request: IncomingMessage): boolean =>
    options.nobody !== undefined && request.headers.authorization === `Bearer ${options.nobody.token}`
  const may = (request: IncomingMessage, { kind, sub }: Asked, verb: string): boolean => {
    if (isNobody(request)) return false
    const resource = sub === undefined ? kind.plural : `${kind.plural}/${sub}`
    return (
      rights?.some(({ groups, resources, verbs }) => groups.includes(kind.group) && resources.includes(resource) && verbs.includes(verb)) ??
      true
    )
  }
  const forbid = (request: IncomingMessage, response: ServerResponse, { kind, namespace, name, sub }: Asked, verb: string): void => {
    const resource = sub === undefined ? kind.plural : `${kind.plural}/${sub}`
    const full = kind.group ? `${kind.plural}.${kind.group}` : kind.plural
    refuse(
      response,
      403,
      'Forbidden',
      `${full}${name === undefined ? '' : ` "${name}"`} is forbidden: User "${isNobody(request) ? options.nobody?.name : 'tester'}" cannot ${verb} resource "${resource}" in API group "${kind.group}" ${namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`}`.trim(),
      { ...(name === undefined ? {} : { name }), ...(kind.group ? { group: kind.group } : {}), kind: kind.plural },
    )
  }
  const unauthorized = (request: IncomingMessage): boolean =>
    token !== undefined && request.headers.authorization !== `Bearer ${token}` && !isNobody(request)

  const selects = (asked: Asked, query: URLSearchParams) => {
    const labels = (query.get('labelSelector') ?? '').split(',').filter(Boolean)
    const fields = (query.get('fieldSelector') ?? '').split(',').filter(Boolean)
    return (thing: Thing): boolean =>
      thing.kind === asked.kind.kind &&
      (asked.namespace === undefined || thing.metadata.namespace === asked.namespace) &&
      labels.every((label) => {
        const [key = '', value] = label.split(/==?/)
        return value === undefined ? thing.metadata.labels?.[key] !== undefined : thing.metadata.labels?.[key] === value
      }) &&
      fields.every((field) => {
        const [key = '', value] = field.split(/==?/)
        return key.split('.').reduce<unknown>((inner, part) => (inner as Record<string, unknown> | undefined)?.[part], thing) === value
      })
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const watching = url.searchParams.get('watch') === 'true'
    if (!watching) requests.push(`${request.method} ${url.pathname}`)
    if (unauthorized(request)) return refuse(response, 401, 'Unauthorized', 'Unauthorized')
    const failing = options.fails?.find(({ path, times = Infinity }) => path.test(url.pathname) && (failed.get(path) ?? 0) < times)
    if (failing) {
      failed.set(failing.path, (failed.get(failing.path) ?? 0) + 1)
      if (failing.retryAfter !== undefined) response.setHeader('retry-after', failing.retryAfter)
      return refuse(response, failing.code, 'InternalError', failing.message)
    }
    if (url.pathname === '/version')
      return reply(response, 200, {
        major: '1',
        minor: /^v1\.(\d+)/.exec(options.version ?? '')?.[1] ?? '36',
        gitVersion: options.version ?? 'v1.36.3',
        platform: 'linux/amd64',
      })
    const group = /^\/apis\/kaito\.sh(?:\/([^/]+))?$/.exec(url.pathname)
    if (group && !without.has('workspaces')) {
      const versions = options.kaitoVersions ?? ['v1beta1', 'v1alpha1']
      if (group[1] === undefined) {
        const list = versions.map((version) => ({ groupVersion: `kaito.sh/${version}`, version }))
        return reply(response, 200, { kind: 'APIGroup', apiVersion: 'v1', name: 'kaito.sh', versions: list, preferredVersion: list[0] })
      }
      if (versions.includes(group[1])) {
        const resources = kinds
          .filter((one) => one.group === 'kaito.sh' && !without.has(one.plural))
          .map(({ plural, kind, namespaced }) => ({
            name: plural,
            singularName: kind.toLowerCase(),
            namespaced,
            kind,
            verbs: ['get', 'list', 'watch'],
          }))
        return reply(response, 200, { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `kaito.sh/${group[1]}`, resources })
      }
    }
    const asked = askedOf(url.pathname)
    if (!asked) {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
      return void response.end('404 page not found\n')
    }
    const verb = request.method === 'POST' ? 'create' : watching ? 'watch' : asked.name === undefined ? 'list' : 'get'
    if (!may(request, asked, verb)) return forbid(request, response, asked, verb)
    if (asked.sub === 'portforward') return refuse(response, 400, 'BadRequest', 'Upgrade request required')
    const matching = selects(asked, url.searchParams)
    if (request.method === 'POST') return create(request, response, asked, url.searchParams)
    if (watching) {
      response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' })
      response.flushHeaders()
      const watch = { asked, filter: matching, response }
      const from = Number(url.searchParams.get('resourceVersion') ?? 0)
      for (const thing of objects.values())
        if (matching(thing) && Number(thing.metadata['resourceVersion']) > from)
          response.write(`${JSON.stringify({ type: from === 0 ? 'ADDED' : 'MODIFIED', object: thing })}\n`)
      watches.add(watch)
      for (const done of waiters) done()
      waiters.clear()
      response.on('close', () => watches.delete(watch))
      return undefined
    }
    if (asked.name === undefined) {
      const items = [...objects.values()].filter(matching)
      return reply(response, 200, {
        kind: `${asked.kind.kind}List`,
        apiVersion: [asked.kind.group, asked.version].filter(Boolean).join('/'),
        metadata: { resourceVersion: String(revision) },
        items,
      })
    }
    const thing = objects.get(keyOf(asked.kind, asked.namespace, asked.name))
    if (!thing) {
      const full = asked.kind.group ? `${asked.kind.plural}.${asked.kind.group}` : asked.kind.plural
      return refuse(response, 404, 'NotFound', `${full} "${asked.name}" not found`, {
        name: asked.name,
        ...(asked.kind.group ? { group: asked.kind.group } : {}),
        kind: asked.kind.plural,
      })
    }
    if (asked.sub === 'log') {
      const previous = url.searchParams.get('previous') === 'true'
      const text = options.logs?.[previous ? `${asked.name}/previous` : asked.name]
      if (text === undefined && previous)
        return refuse(
          response,
          400,
          'BadRequest',
          `previous terminated container "${url.searchParams.get('container')}" in pod "${asked.name}" not found`,
        )
      response.writeHead(200, { 'content-type': 'text/plain' })
      return void response.end(text ?? '')
    }
    return reply(response, 200, { ...thing, apiVersion: asked.kind.group === 'kaito.sh' ? `kaito.sh/${asked.version}` : thing.apiVersion })
  })

  const create = (request: IncomingMessage, response: ServerResponse, asked: Asked, query: URLSearchParams): void => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      // What is judged is changed by nobody: what is not a dry run there is refused, and a test sees it.
      const kept = options.creates?.includes(asked.kind.plural) === true
      if (query.get('dryRun') !== 'All' && !kept)
        return refuse(response, 405, 'MethodNotAllowed', 'the mock API server takes dry runs only')
      const object = JSON.parse(Buffer.concat(chunks).toString()) as Thing & { inference?: { preset?: { name?: string } } }
      const full = `${asked.kind.plural}.${asked.kind.group}`
      const details = { name: object.metadata.name, group: asked.kind.group, kind: asked.kind.plural }
      if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(object.metadata.name)) {
        const message = `Invalid value: "${object.metadata.name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`
        return refuse(
          response,
          422,
          'Invalid',
          `${asked.kind.kind}.${asked.kind.group} "${object.metadata.name}" is invalid: metadata.name: ${message}`,
          {
            ...details,
            kind: asked.kind.kind,
            causes: [{ reason: 'FieldValueInvalid', message, field: 'metadata.name' }],
          },
        )
      }
      if (objects.has(keyOf(asked.kind, asked.namespace, object.metadata.name)))
        return refuse(response, 409, 'AlreadyExists', `${full} "${object.metadata.name}" already exists`, details)
      if (kept) {
        const { data = {}, binaryData = {} } = object as { readonly data?: object; readonly binaryData?: object }
        const twice = Object.keys(data).find((key) => key in binaryData)
        if (twice !== undefined) {
          const field = `data[${twice}]`
          const message = `Invalid value: "${twice}": duplicate of key present in binaryData`
          const causes = [{ reason: 'FieldValueInvalid', message, field }]
          return refuse(response, 422, 'Invalid', `ConfigMap "${object.metadata.name}" is invalid: ${field}: ${message}`, {
            name: object.metadata.name,
            kind: 'ConfigMap',
            causes,
          })
        }
        put({
          ...object,
          metadata: {
            ...object.metadata,
            ...(asked.namespace === undefined ? {} : { namespace: asked.namespace }),
            uid: `uid-${object.metadata.name}`,
          },
        })
        return reply(response, 201, object)
      }
      const preset = object.inference?.preset?.name
      if (
        options.unvalidated !== true &&
        asked.kind.kind === 'Workspace' &&
        preset !== undefined &&
        !/[/]/.test(preset) &&
        !/^(?:phi|qwen|llama|mistral|ministral|deepseek|gpt-oss|gemma)/.test(preset)
      ) {
        return refuse(
          response,
          400,
          'BadRequest',
          `admission webhook "validation.workspace.kaito.sh" denied the request: validation failed: invalid value: Unsupported inference preset name ${preset}: inference.presetName`,
        )
      }
      return reply(response, 201, { ...object, metadata: { ...object.metadata, uid: 'tried', creationTimestamp: '2026-11-22T14:00:00Z' } })
    })
  }

  const webSockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (protocols) => (protocols.has('v4.channel.k8s.io') ? 'v4.channel.k8s.io' : false),
  })
  server.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    requests.push(`FORWARD ${url.pathname}`)
    const asked = askedOf(url.pathname)
    const answer = (code: number, text: string): void =>
      void socket.end(`HTTP/1.1 ${code} ${text}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
    if (unauthorized(request)) return answer(401, 'Unauthorized')
    if (!asked || asked.sub !== 'portforward') return answer(404, 'Not Found')
    if (!may(request, asked, 'create') || !may(request, asked, 'get')) return answer(403, 'Forbidden')
    if (!objects.has(keyOf(asked.kind, asked.namespace, asked.name))) return answer(404, 'Not Found')
    if (dial === 'refused') return answer(502, 'Bad Gateway')
    if (dial === 'never') return void socket.on('error', () => {})
    if (dial === 'plain') return answer(400, 'Bad Request')
    if (dial === 'forbidden') return answer(403, 'Forbidden')
    if (dial === 'cut') return void socket.destroy()
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      forwards.add(webSocket)
      const port = Number(url.searchParams.get('ports'))
      // Each channel begins with the port: first byte the channel, then two bytes, low one first.
      for (const channel of [0, 1]) webSocket.send(Buffer.from([channel, port & 0xff, port >> 8]))
      const { forwardTo = 1 } = options
      const open = typeof forwardTo === 'function' ? forwardTo(asked.name ?? '') : forwardTo
      const target = net.connect(port === 5000 ? (open ?? 1) : 1, '127.0.0.1')
      target.on('data', (data) => frozen.has(webSocket) || webSocket.send(Buffer.concat([Buffer.from([0]), data])))
      target.on('error', () =>
        webSocket.send(
          Buffer.concat([
            Buffer.from([1]),
            Buffer.from(
              `error forwarding port ${port} to pod ${asked.name}, uid : failed to execute portforward in network namespace: dial tcp4 127.0.0.1:${port}: connect: connection refused`,
            ),
          ]),
        ),
      )
      target.on('close', () => webSocket.close())
      webSocket.on('message', (data: Buffer) => frozen.has(webSocket) || target.write(data.subarray(1)))
      webSocket.on('error', () => {})
      webSocket.on('close', () => {
        forwards.delete(webSocket)
        target.destroy()
      })
    })
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => {
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  return {
    url,
    kubeconfig: ({ namespace, token: other } = {}) =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'mock',
        clusters: [{ name: 'mock', cluster: { server: url } }],
        users: [{ name: 'tester', user: { token: other ?? token ?? 'any' } }],
        contexts: [{ name: 'mock', context: { cluster: 'mock', user: 'tester', ...(namespace === undefined ? {} : { namespace }) } }],
      }),
    apply: put,
    remove(thing) {
      const kind = kindOf(thing)
      if (!kind) return
      const key = keyOf(kind, thing.metadata.namespace ?? 'default', thing.metadata.name)
      const gone = objects.get(key)
      objects.delete(key)
      if (gone) tell('DELETED', kind, gone)
    },
    watched: () =>
      new Promise((resolve) => {
        if (watches.size > 0) resolve()
        else waiters.add(resolve)
      }),
    endWatches(how = 'close') {
      for (const { response } of watches) {
        if (how === 'gone')
          response.write(
            `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'too old resource version', reason: 'Expired', code: 410 } })}\n`,
          )
        response.end()
      }
      watches.clear()
    },
    breakForwards() {
      for (const webSocket of forwards) webSocket.terminate()
    },
    freezeForwards() {
      for (const webSocket of forwards) frozen.add(webSocket)
    },
    dial(how) {
      dial = how
    },
    restrict(only) {
      rights = only
    },
    rename(other) {
      token = other
    },
    requests,
    async close() {
      for (const webSocket of forwards) webSocket.terminate()
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}
