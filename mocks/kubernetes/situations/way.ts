import { type Situation, absent, containerOf, statusOf, pod0, portOf } from './state.ts'

/** The Service and the way to the pod. */
export const waySituations: readonly Situation[] = [
  { name: 'the Service is missing', cause: 'service-absent', change: ({ service, slice }) => [service, slice].forEach(absent) },
  {
    name: 'the Service leads to a port where nothing listens',
    cause: 'service-port',
    says: ['8000', '5000'],
    change: ({ service }) =>
      Object.assign(service['spec'] as object, { ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8000 }] }),
  },
  {
    name: 'the Service has no port for the API',
    cause: 'service-port',
    change: ({ service }) =>
      Object.assign(service['spec'] as object, {
        ports: [
          { name: 'ray', port: 6379, protocol: 'TCP', targetPort: 6379 },
          { name: 'dashboard', port: 8265, protocol: 'TCP', targetPort: 8265 },
        ],
      }),
  },
  {
    name: 'the Service selects no pod',
    cause: 'no-endpoints',
    change: (world) => {
      Object.assign(world.service['spec'] as object, { selector: { 'kaito.sh/workspace': 'another' } })
      world.slice['endpoints'] = null
    },
  },
  {
    name: 'the Service asks for a label in another case',
    cause: 'no-endpoints',
    says: ['in another case', 'kubectl delete service workspace-phi-4-mini-toolcall -n default'],
    change: ({ service, slice }) => {
      const { selector } = service['spec'] as { selector: Record<string, string> }
      selector['kaito.sh/workspace'] = 'Workspace-Phi-4-Mini-Toolcall'
      slice['endpoints'] = null
    },
  },
  {
    name: 'one label of the pod was changed by hand',
    cause: 'no-endpoints',
    says: [
      'it asks for kaito.sh/workspace=workspace-phi-4-mini-toolcall',
      'kubectl label pod workspace-phi-4-mini-toolcall-0 kaito.sh/workspace=',
    ],
    change: ({ pod, slice }) => {
      Object.assign(pod.metadata.labels as object, { 'kaito.sh/workspace': 'debugged' })
      slice['endpoints'] = null
    },
  },
  {
    name: 'no endpoint is ready',
    cause: 'no-endpoints',
    change: ({ slice }) =>
      Object.assign((slice['endpoints'] as object[])[0] as object, { conditions: { ready: false, serving: false, terminating: false } }),
  },
  { name: 'nothing listens in a pod that is Ready', cause: 'nothing-listening', server: 'nothing' },
  ...(
    [
      ['by its command line', { host: '127.0.0.1', port: '5000' }, {}],
      ['by its command line, and a probe asks its node', { host: '127.0.0.1' }, {}],
      ['by its log', {}, { [pod0]: 'INFO:     Uvicorn running on http://127.0.0.1:5000 (Press CTRL+C to quit)\n' }],
    ] as const
  ).map(([how, flags, logs]): Situation => ({
    name: `the server listens on its own machine alone, and no probe asks it: ${how}`,
    cause: 'loopback-only',
    says: ['listens at 127.0.0.1 alone: a port-forward reaches it there', 'kubectl delete pod workspace-phi-4-mini-toolcall-0 -n default'],
    options: { flags },
    kube: { logs },
    change: (world) => {
      containerOf(world)['readinessProbe'] = how.includes('node')
        ? { httpGet: { host: '127.0.0.1', path: '/health', port: 5000 } }
        : undefined
    },
  })),
  {
    name: 'the server hangs, beside a NetworkPolicy that a port-forward passes by',
    cause: 'network-silence',
    says: ['where its server hangs', 'curl -sSm 5 localhost:5000/health'],
    server: 'silent',
    change: (world) =>
      world.more.push({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'deny-all', namespace: 'default' },
        spec: { podSelector: {} },
      }),
  },
  {
    name: 'the EndpointSlice of the Service is of a pod of before',
    cause: 'no-endpoints',
    says: ['leads to 10.244.3.9', 'that has the address 10.244.7.2'],
    change: ({ slice }) =>
      void ((slice['endpoints'] as { addresses: string[] }[])[0] as { addresses: string[] }).addresses.splice(0, 1, '10.244.3.9'),
  },
  {
    name: 'the port-forward breaks while it is judged',
    cause: 'forward-broken',
    server: { latencyMs: 300 },
    during: (kube) => kube.breakForwards(),
  },
  {
    name: 'the Service leads out of the cluster',
    cause: 'service-port',
    says: ['ExternalName'],
    change: (world) => {
      world.service['spec'] = { type: 'ExternalName', externalName: 'llm.example' }
      absent(world.slice)
    },
  },
  {
    name: 'the pod has lost the label by which the Service finds it',
    cause: 'no-endpoints',
    says: ['its selector matches none', 'quarantine=true'],
    change: ({ pod, slice }) => {
      pod.metadata.labels = { quarantine: 'true' }
      slice['endpoints'] = null
    },
  },
  ...(
    [
      ['cannot dial the kubelet', 'refused', 'the API server answered 502'],
      ['hangs on the way to the kubelet', 'never', 'no answer of the API server'],
    ] as const
  ).map(([what, dial, words]): Situation => ({
    name: `the API server ${what}`,
    cause: 'kubelet-unreachable',
    says: [words, 'konnectivity-agent', 'aks-ws1'],
    kube: { dial },
  })),
  ...(
    [
      ['passes the request for a port-forward on without its upgrade', 'plain', 'the API server answered 400'],
      ['cuts what is to become a port-forward', 'cut', 'socket hang up'],
      ['forbids a port-forward', 'forbidden', '403, which is not its own'],
    ] as const
  ).map(([what, dial, words]): Situation => ({
    name: `what lies in front of the API server ${what}`,
    cause: 'forward-not-upgraded',
    says: [words, 'takes no upgrade to WebSocket', 'OPENAI_BASE_URL beside KAITO_WORKSPACE'],
    kube: { dial },
  })),
  ...(
    [
      [
        'a policy forbids port-forwards to whoever has the right to them',
        'forward-denied',
        'admission webhook "validate.example" denied the request: port-forward is not allowed in production',
        ['port-forward is not allowed in production', 'kubectl get validatingwebhookconfigurations'],
      ],
      [
        'the kubelet refuses the API server',
        'kubelet-unreachable',
        'Forbidden (user=kube-apiserver, verb=create, resource=nodes, subresource=proxy)',
        ['The kubelet of node aks-ws1 refuses the API server', '--clusterrole=system:kubelet-api-admin'],
      ],
    ] as const
  ).map(([name, cause, message, says]): Situation => ({
    name,
    cause,
    says,
    kube: { dial: 'forbidden', fails: [{ path: /\/portforward$/, code: 403, message }] },
  })),
  {
    name: 'the pod loses its labels while it is judged',
    cause: 'no-endpoints',
    says: ['its selector matches none'],
    server: { latencyMs: 1500 },
    during(kube, { pod }) {
      kube.apply({ ...pod, metadata: { ...pod.metadata, labels: { quarantine: 'true' } } })
    },
  },
  {
    name: 'the kubelet can no longer be dialled while the workspace is judged',
    cause: 'kubelet-unreachable',
    says: ['the API server answered 502'],
    server: { latencyMs: 300 },
    during(kube) {
      kube.dial('refused')
      kube.breakForwards()
    },
  },
  {
    name: 'no endpoint is there at all, though the pod is Ready',
    cause: 'no-endpoints',
    says: ['0 endpoints'],
    change: ({ slice }) => void (slice['endpoints'] = null),
  },
  {
    name: 'the port of the Service leads to a name that the pod does not have',
    cause: 'service-port',
    says: ['leads port 80 to api'],
    change: ({ service }) => void (portOf(service)['targetPort'] = 'api'),
  },
  {
    name: 'the server of a template listens on a port of its own',
    cause: 'service-port',
    server: 'nothing',
    says: ['leads port 80 to 5000', 'declare it in its ports'],
    change: (world) => void (containerOf(world)['ports'] = [{ containerPort: 8000 }]),
  },
  {
    name: 'the Service is deleted while the workspace is judged',
    cause: 'service-absent',
    // It is looked at every two seconds.
    server: { latencyMs: 1500 },
    during(kube, { service, slice }) {
      kube.remove(service)
      kube.remove(slice)
    },
  },
  {
    name: 'the Service is led to another port while the workspace is judged',
    cause: 'service-port',
    says: ['8000'],
    server: { latencyMs: 300 },
    during(kube, { service }) {
      Object.assign(portOf(service), { targetPort: 8000 })
      kube.apply(service)
      kube.breakForwards()
    },
  },
  ...(
    [
      [
        'the API server hangs on the way to the kubelet while the workspace is judged',
        'kubelet-unreachable',
        'no answer of the API server',
      ],
      ['the node is lost while the workspace is judged', 'node-not-ready', 'Kubelet stopped posting node status'],
    ] as const
  ).map(([name, cause, words]): Situation => ({
    name,
    cause,
    says: [words],
    server: { latencyMs: 300 },
    during(kube, { node }) {
      kube.freezeForwards()
      kube.dial('never')
      if (cause === 'kubelet-unreachable') return
      statusOf(node).conditions = [
        { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' },
      ]
      kube.apply(node)
    },
  })),
]
