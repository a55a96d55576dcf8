import { event, type Thing } from '../world.ts'
import { type Situation, absent, statusOf, containerOf, quota, pod0, portOf, mesh, worker, deployment, unplaced, without } from './state.ts'

const policy = (name: string, spec: object): Thing => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: 'default' },
  spec,
})

/** Nothing is wrong, however it looks. */
export const healthySituations: readonly Situation[] = [
  { name: 'healthy' },
  {
    name: 'healthy, with warnings of yesterday',
    change: (world) =>
      world.more.push(
        event(world.pod, 'Warning', 'FailedScheduling', '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.'),
        event(world.pod, 'Warning', 'Failed', 'Failed to pull image "mcr.microsoft.com/aks/kaito/kaito-base:0.5.0"'),
        event(world.workspace, 'Warning', 'NodeClaimFailed', quota),
      ),
  },
  {
    name: 'healthy, with restarts long ago',
    change: (world) =>
      Object.assign(statusOf(world.pod).containerStatuses[0] as object, {
        restartCount: 7,
        lastState: { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: '2026-10-01T00:00:00Z' } },
      }),
  },
  {
    name: 'healthy, with a misspelt runtime annotation',
    change: ({ workspace }) => Object.assign(workspace.metadata.annotations as object, { 'kaito.sh/runtime': 'vLLM' }),
  },
  {
    name: 'healthy, with a last reconcile error behind a message',
    change: ({ workspace }) => {
      const last = statusOf(workspace).conditions.at(-1)
      if (last)
        last.message =
          'workspace succeeds (last reconcile error: Operation cannot be fulfilled on workspaces.kaito.sh: the object has been modified)'
    },
  },
  {
    name: 'healthy, KAITO 0.6: v1alpha1, a Deployment, no state',
    kube: { kaitoVersions: ['v1alpha1'] },
    server: { profile: '0.9.0' },
    change: (world) => {
      const object = statusOf(world.workspace)
      delete object['state']
      delete object['targetNodeCount']
      object.conditions = object.conditions.filter(({ type }) => type !== 'NodesReady')
      world.set.kind = 'Deployment'
      containerOf(world)['image'] = 'mcr.microsoft.com/aks/kaito/kaito-base:0.0.5'
      delete containerOf(world)['startupProbe']
    },
  },
  { name: 'healthy, in a namespace of its own', options: { namespace: 'team-a' }, env: { KAITO_NAMESPACE: 'team-a' } },
  { name: 'healthy, controller hidden by the add-on', change: ({ controller }) => absent(controller) },
  {
    name: 'healthy, controller down at the moment',
    change: ({ controller }) => Object.assign(statusOf(controller), { availableReplicas: 0, readyReplicas: 0 }),
  },
  {
    name: 'healthy, while a controller of before stands beside the one that works',
    holds: ['cluster.controller'],
    change: ({ controller, more }) => {
      more.push(structuredClone(controller))
      // Lists are in the order of namespaces.
      controller.metadata.namespace = 'kaito-old'
      Object.assign(controller['spec'] as object, { replicas: 0 })
      Object.assign(statusOf(controller), { availableReplicas: 0, readyReplicas: 0 })
    },
  },
  {
    name: 'healthy, on nodes that the user brought',
    change: ({ workspace, nodeClaim }) => {
      absent(nodeClaim)
      delete (workspace['resource'] as Record<string, unknown>)['instanceType']
      statusOf(workspace).conditions = statusOf(workspace).conditions.filter(({ type }) => type !== 'NodeClaimReady')
    },
  },
  {
    name: 'healthy, while a node of another workspace is not ready',
    change: (world) =>
      world.more.push({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: 'aks-ws2', labels: { apps: 'workspace-phi-4-mini-toolcall' } },
        status: {
          conditions: [{ type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: 'container runtime network not ready' }],
        },
      }),
  },
  {
    name: 'healthy, a replica of an InferenceSet, served under the name of the set',
    options: { flags: { 'served-model-name': 'my-set' } },
    server: { model: 'my-set' },
    change: ({ workspace }) => {
      workspace.metadata.labels = { 'inferenceset.kaito.sh/created-by': 'my-set' }
    },
  },
  {
    name: 'healthy, a template with a command of its own',
    change: (world) => {
      world.workspace['inference'] = {
        template: { spec: { containers: [{ name: 'llama', image: 'ghcr.io/kaito-project/aikit/llama3.2:1b' }] } },
      }
      Object.assign(containerOf(world), {
        command: undefined,
        args: ['run', '--address=:5000'],
        image: 'ghcr.io/kaito-project/aikit/llama3.2:1b',
      })
    },
  },
  {
    name: 'healthy, listening on its own machine alone, behind a container that passes requests on to it',
    options: { flags: { host: '127.0.0.1' } },
    change: (world) => {
      delete containerOf(world)['readinessProbe']
      mesh(world, {})
    },
  },
  {
    name: 'healthy, told to listen on its own machine alone, and asked by its probe at the address of its pod',
    options: { flags: { host: 'localhost' } },
  },
  {
    name: 'healthy, without a probe that asks it, a server of metrics on its own machine beside it',
    kube: { logs: { [pod0]: 'INFO:     Uvicorn running on http://0.0.0.0:5000\nINFO:     Uvicorn running on http://127.0.0.1:9400\n' } },
    change: (world) => {
      delete containerOf(world)['readinessProbe']
    },
  },
  {
    name: 'healthy, without a probe that asks it, and without the right to its log',
    kube: { rights: without('', 'pods/log') },
    change: (world) => {
      delete containerOf(world)['readinessProbe']
    },
  },
  {
    name: 'healthy, on a node whose driver is to be renewed, that AKS emptied and filled again, with a claim that drifts',
    change: (world) => {
      Object.assign(world.node.metadata.labels as object, { 'nvidia.com/gpu-driver-upgrade-state': 'upgrade-required' })
      world.more.push(event(world.node, 'Normal', 'Drain', 'Draining node: [aks-ws1]'))
      statusOf(world.nodeClaim).conditions.push({ type: 'Drifted', status: 'True', reason: 'NodeImageDrift' })
    },
  },
  {
    name: 'healthy, with a monitor that does not find it',
    change: (world) =>
      world.more.push({
        apiVersion: 'monitoring.coreos.com/v1',
        kind: 'ServiceMonitor',
        metadata: { name: 'workspace-phi-4-mini-toolcall', namespace: 'default' },
        spec: { selector: { matchLabels: { App: 'phi-4' } }, endpoints: [{ port: 'http', path: '/metrics' }] },
      }),
  },
  {
    name: 'healthy, while the state is behind',
    change: ({ workspace }) => Object.assign(workspace['status'] as object, { state: 'NotReady' }),
  },
  { name: 'healthy, with a small context', server: { maxModelLen: 4000 }, options: { flags: { 'max-model-len': '4000' } } },
  { name: 'healthy, under another id than the command line says', server: { model: 'another-name' } },
  {
    name: 'healthy, and reached by an address that the user gives',
    env: { OPENAI_BASE_URL: 'the pod' },
    kube: { rights: without('', 'pods/portforward') },
  },
  { name: 'healthy, without a webhook that validates', kube: { unvalidated: true } },
  { name: 'healthy, Kubernetes 1.30', kube: { version: 'v1.30.4' } },
  {
    name: 'healthy, though the API server is busy once, and says when to ask again',
    kube: { fails: [{ path: /\/workspaces\//, code: 429, message: 'too many requests, please try again later', retryAfter: 1, times: 1 }] },
  },
  ...(
    [
      ['is asked what it serves', /\/apis\/kaito\.sh$/],
      ['is asked for the workspace', /\/workspaces\//],
    ] as const
  ).map(([when, path]): Situation => ({
    name: `healthy, though the API server fails twice when it ${when}, and does not say when to ask again`,
    kube: { fails: [{ path, code: 500, message: 'etcdserver: leader changed', times: 2 }] },
  })),
  { name: 'healthy, with a mesh container before the server', change: (world) => mesh(world, {}) },
  {
    name: 'healthy, on two nodes',
    change: (world) => void worker(world),
  },
  {
    name: 'healthy, a Deployment whose next pod finds no place',
    kube: { kaitoVersions: ['v1alpha1'] },
    change: (world) => {
      deployment(world)
      const next = structuredClone(world.pod)
      next.metadata.name = 'workspace-phi-4-mini-toolcall-5d9c7b-aaaaa'
      unplaced(next, '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.')
      world.more.push(next)
    },
  },
  {
    name: 'healthy, though conditions are older than a change that asks for nothing new',
    change: ({ workspace }) => Object.assign(workspace.metadata, { generation: 5 }),
  },
  { name: 'healthy, though the port of the Service has another name', change: ({ service }) => void (portOf(service)['name'] = 'web') },
  {
    name: 'healthy, though its container was killed for memory once',
    change: ({ pod }) => {
      const terminated = { exitCode: 137, reason: 'OOMKilled', finishedAt: '2026-11-22T14:20:00Z' }
      Object.assign(statusOf(pod).containerStatuses[0] as object, { restartCount: 1, lastState: { terminated } })
    },
  },
  {
    name: 'healthy, though an autoscaler wants a second pod that finds no place',
    change: (world) => unplaced(worker(world), '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.'),
  },
  {
    name: 'healthy, of two families of addresses, whose slice for IPv6 is empty, and with the port of metrics first',
    change: ({ service, slice, more }) => {
      const ports = [
        { name: 'metrics', port: 9090, targetPort: 9090, protocol: 'TCP' },
        { name: 'api', port: 80, targetPort: 5000, protocol: 'TCP' },
      ]
      Object.assign(service['spec'] as object, { type: 'LoadBalancer', ipFamilies: ['IPv4', 'IPv6'], ports })
      more.push({ ...slice, metadata: { ...slice.metadata, name: `${slice.metadata.name}-v6` }, addressType: 'IPv6', endpoints: [] })
    },
  },
  {
    name: 'healthy, on a spot node that is cordoned, by another scheduler, beside a container and a sidecar that were restarted',
    change: (world) => {
      const restartedOnce = { ready: true, started: true, restartCount: 3, state: { running: {} } }
      const lastState = { terminated: { exitCode: 1, reason: 'Error' } }
      const spec = world.pod['spec'] as { containers: unknown[] }
      Object.assign(spec, {
        schedulerName: 'volcano',
        initContainers: [{ name: 'vault-agent', image: 'vault:1', restartPolicy: 'Always' }],
      })
      spec.containers.unshift({ name: 'dcgm', image: 'dcgm:1', ports: [{ containerPort: 9400, name: 'metrics' }] })
      const pod = statusOf(world.pod)
      pod.initContainerStatuses = [{ name: 'vault-agent', ...restartedOnce, lastState }]
      pod.containerStatuses.unshift({ name: 'dcgm', ...restartedOnce, lastState })
      world.node['spec'] = {
        unschedulable: true,
        taints: [{ key: 'kubernetes.azure.com/scalesetpriority', value: 'spot', effect: 'NoSchedule' }],
      }
    },
  },
  {
    name: 'healthy, with a device that is claimed and no GPU that the node counts, and the pod of before evicted',
    change: ({ node, pod, more }) => {
      Object.assign(statusOf(node), { allocatable: { cpu: '24' }, capacity: { cpu: '24' } })
      Object.assign(pod['spec'] as object, { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'gpu' }] })
      const message = 'The node was low on resource: ephemeral-storage.'
      more.push({
        ...pod,
        metadata: { ...pod.metadata, name: `${pod.metadata.name}-old` },
        status: { phase: 'Failed', reason: 'Evicted', message },
      })
    },
  },
  {
    name: 'healthy, though NetworkPolicies let no client in, which a port-forward passes by',
    breaks: ['service.policies'],
    change: ({ more, workspace }) => {
      more.push(
        policy('deny-all', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
        policy('metrics', {
          podSelector: { matchLabels: { 'kaito.sh/workspace': workspace.metadata.name } },
          ingress: [
            {
              ports: [
                { port: 9400, endPort: 9500 },
                { protocol: 'UDP', port: 5000 },
              ],
            },
          ],
        }),
      )
    },
  },
  {
    name: 'healthy, and reached by an address that the user gives, though NetworkPolicies let no client in',
    env: { OPENAI_BASE_URL: 'the pod' },
    holds: ['service.policies'],
    change: ({ more }) => void more.push(policy('deny-all', { podSelector: {} })),
  },
  {
    name: 'healthy, with NetworkPolicies of which one lets the gateway in, and others are of other pods, or of what leaves the pod',
    holds: ['service.policies'],
    change: ({ more }) => {
      more.push(
        policy('deny-all', {
          podSelector: { matchExpressions: [{ key: 'kaito.sh/workspace', operator: 'Exists' }] },
          policyTypes: ['Ingress'],
        }),
        policy('gateway', { podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 'http' }] }] }),
      )
    },
  },
  {
    name: 'healthy, with NetworkPolicies that are of other pods, or of what leaves the pod',
    holds: ['service.policies'],
    change: ({ more }) => {
      more.push(
        policy('no-egress', { podSelector: {}, policyTypes: ['Egress'] }),
        policy('databases', { podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['db'] }] } }),
        policy('others', { podSelector: { matchExpressions: [{ key: 'kaito.sh/workspace', operator: 'DoesNotExist' }] } }),
      )
    },
  },
]
