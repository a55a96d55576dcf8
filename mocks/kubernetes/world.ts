/** An object as it is applied: status and all. */
export interface Thing {
  apiVersion: string
  kind: string
  metadata: {
    name: string
    namespace?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    [key: string]: unknown
  }
  [key: string]: unknown
}

/** What a world differs in from the usual one. */
export interface WorldOptions {
  readonly workspace?: string
  readonly namespace?: string
  readonly preset?: string
  /** Model of the preset at Hugging Face. */
  readonly model?: string
  /** Flags of the server, without dashes; of a flag without a value `true`. */
  readonly flags?: Readonly<Record<string, string | true>>
}

/** The objects of one workspace, as KAITO 0.12.0 was seen to write them on a real API server, each by its name. */
export interface World {
  readonly workspace: Thing
  readonly service: Thing
  readonly slice: Thing
  readonly set: Thing
  readonly pod: Thing
  readonly node: Thing
  readonly nodeClaim: Thing
  readonly controller: Thing
  /** Everything else that a situation adds: events, ConfigMaps, NetworkPolicies, workspaces elsewhere. */
  readonly more: Thing[]
}

const since = '2026-11-22T14:12:21Z'

/** A condition of an object. */
export interface Condition {
  type: string
  status: string
  reason?: string
  message?: string
}

/** A condition as KAITO writes it. */
export const condition = (
  type: string,
  status: string,
  reason: string,
  message: string,
): Condition & { observedGeneration: number; lastTransitionTime: string } => ({
  type,
  status,
  reason,
  message,
  observedGeneration: 2,
  lastTransitionTime: since,
})

/** The status of a workspace: what is not ready is given, all else is True. */
export function workspaceStatus(
  state: 'Ready' | 'NotReady' | 'Pending',
  changed: readonly (readonly [type: string, reason: string, message: string])[] = [],
): Record<string, unknown> {
  const rows = [
    ['NodesReady', 'NodesReady', 'Enough Nodes are ready'],
    ['NodeClaimReady', 'NodeClaimsReady', 'Enough NodeClaims are ready'],
    ['ResourceReady', 'workspaceResourceStatusSuccess', 'workspace resource is ready'],
    ['InferenceReady', 'WorkspaceInferenceStatusSuccess', 'Inference has been deployed successfully'],
    ['WorkspaceSucceeded', 'workspaceSucceeded', 'workspace succeeds'],
  ] as const
  return {
    conditions: rows.map(([type, reason, message]) => {
      const other = changed.find(([name]) => name === type)
      return other ? condition(type, 'False', other[1], other[2]) : condition(type, 'True', reason, message)
    }),
    state,
    targetNodeCount: 1,
    workerNodes: ['aks-ws1'],
  }
}

/** Not ready because of the inference workload: the two conditions that follow from it. */
export const waiting = (
  reason = 'WorkspaceInferenceStatusPending',
  message = 'Inference workload is not ready',
): readonly (readonly [string, string, string])[] => [
  ['InferenceReady', reason, message],
  ['WorkspaceSucceeded', 'workspacePending', 'workspace is waiting for inference workload readiness'],
]

/** The command of the container: one shell string, flags in any order (observed with KAITO v0.12.0 on a real API server). */
export function command(flags: Readonly<Record<string, string | true>>): string[] {
  const words = Object.entries(flags)
    .map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`))
    .toSorted(() => Math.random() - 0.5)
  return ['/bin/sh', '-c', `python3 /workspace/vllm/inference_api.py ${words.join(' ')}`]
}

/** A healthy workspace. */
export function createWorld({
  workspace = 'workspace-phi-4-mini-toolcall',
  namespace = 'default',
  preset = 'qwen2.5-coder-7b-instruct',
  model = 'Qwen/Qwen2.5-Coder-7B-Instruct',
  flags = {},
}: WorldOptions = {}): World {
  const labels = { 'kaito.sh/workspace': workspace }
  const podName = `${workspace}-0`
  const container = {
    name: workspace,
    image: 'mcr.microsoft.com/aks/kaito/kaito-base:0.5.0',
    command: command({
      model,
      'served-model-name': preset,
      'download-dir': '/workspace/weights',
      'max-model-len': 'auto',
      'gpu-memory-utilization': '0.84',
      'kv-events-config': `'{"enable_kv_cache_events":true}'`,
      'tensor-parallel-size': '1',
      'trust-remote-code': true,
      dtype: 'bfloat16',
      'tool-call-parser': 'hermes',
      'enable-auto-tool-choice': true,
      'chat-template': '/workspace/chat_templates/tool-chat-hermes.jinja',
      ...flags,
    }),
    ports: [{ name: 'http', containerPort: 5000, protocol: 'TCP' }],
    resources: { limits: { 'nvidia.com/gpu': '1' }, requests: { 'nvidia.com/gpu': '1' } },
    startupProbe: { exec: { command: ['python3', '/workspace/vllm/benchmark_entrypoint.py'] }, failureThreshold: 180, periodSeconds: 10 },
    readinessProbe: { httpGet: { path: '/health', port: 5000 }, periodSeconds: 10 },
  }
  const containerStatus = {
    name: workspace,
    image: container.image,
    imageID: 'sha256:0',
    ready: true,
    started: true,
    restartCount: 0,
    state: { running: { startedAt: since } },
  }
  return {
    workspace: {
      apiVersion: 'kaito.sh/v1beta1',
      kind: 'Workspace',
      metadata: { name: workspace, namespace, annotations: { 'workspace.kaito.io/revision': '1' } },
      resource: { count: 1, instanceType: 'Standard_NC24ads_A100_v4', labelSelector: { matchLabels: { apps: workspace } } },
      inference: { preset: { name: preset, accessMode: 'public', presetOptions: {} } },
      status: workspaceStatus('Ready'),
    },
    service: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: workspace, namespace },
      spec: {
        type: 'ClusterIP',
        ports: [
          { name: 'http', port: 80, protocol: 'TCP', targetPort: 5000 },
          { name: 'ray', port: 6379, protocol: 'TCP', targetPort: 6379 },
          { name: 'dashboard', port: 8265, protocol: 'TCP', targetPort: 8265 },
        ],
        publishNotReadyAddresses: true,
        selector: { ...labels, 'statefulset.kubernetes.io/pod-name': podName },
      },
    },
    slice: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${workspace}-6llmg`, namespace, labels: { 'kubernetes.io/service-name': workspace } },
      addressType: 'IPv4',
      endpoints: [
        {
          addresses: ['10.244.7.2'],
          conditions: { ready: true, serving: true, terminating: false },
          targetRef: { kind: 'Pod', name: podName, namespace },
        },
      ],
      ports: [{ name: 'http', port: 5000, protocol: 'TCP' }],
    },
    set: {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: workspace, namespace },
      spec: {
        replicas: 1,
        serviceName: `${workspace}-headless`,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [container] } },
      },
      status: { replicas: 1, readyReplicas: 1, availableReplicas: 1 },
    },
    pod: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: podName, namespace, labels: { ...labels, 'statefulset.kubernetes.io/pod-name': podName } },
      spec: { nodeName: 'aks-ws1', containers: [container] },
      status: {
        phase: 'Running',
        podIP: '10.244.7.2',
        startTime: since,
        conditions: ['Initialized', 'PodScheduled', 'ContainersReady', 'Ready'].map((type) => ({
          type,
          status: 'True',
          lastTransitionTime: since,
        })),
        containerStatuses: [containerStatus],
      },
    },
    node: {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'aks-ws1', labels: { apps: workspace, 'node.kubernetes.io/instance-type': 'Standard_NC24ads_A100_v4' } },
      status: {
        allocatable: { cpu: '24', memory: '220Gi', pods: '110', 'nvidia.com/gpu': '1' },
        capacity: { cpu: '24', memory: '220Gi', pods: '110', 'nvidia.com/gpu': '1' },
        conditions: [
          {
            type: 'Ready',
            status: 'True',
            reason: 'KubeletReady',
            message: 'kubelet is posting ready status',
            lastTransitionTime: since,
            lastHeartbeatTime: since,
          },
        ],
      },
    },
    nodeClaim: {
      apiVersion: 'karpenter.sh/v1',
      kind: 'NodeClaim',
      metadata: { name: 'ws1', labels: { 'kaito.sh/workspace': workspace, 'kaito.sh/workspacenamespace': namespace } },
      spec: {
        nodeClassRef: { group: 'kaito.sh', kind: 'KaitoNodeClass', name: 'default' },
        requirements: [{ key: 'node.kubernetes.io/instance-type', operator: 'In', values: ['Standard_NC24ads_A100_v4'] }],
      },
      status: {
        conditions: ['Launched', 'Registered', 'Initialized', 'Ready'].map((type) => ({
          type,
          status: 'True',
          reason: type,
          message: '',
          lastTransitionTime: since,
        })),
        nodeName: 'aks-ws1',
      },
    },
    controller: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'kaito-workspace',
        namespace: 'kaito-workspace',
        labels: { 'app.kubernetes.io/name': 'workspace', 'helm.sh/chart': 'workspace-0.12.0' },
      },
      spec: {
        replicas: 1,
        selector: { matchLabels: { 'app.kubernetes.io/name': 'workspace' } },
        template: {
          metadata: { labels: { 'app.kubernetes.io/name': 'workspace' } },
          spec: { containers: [{ name: 'workspace', image: 'mcr.microsoft.com/aks/kaito/workspace:0.12.0' }] },
        },
      },
      status: { replicas: 1, readyReplicas: 1, availableReplicas: 1, observedGeneration: 1 },
    },
    more: [],
  }
}

/** All objects of a world in the order in which an API server takes them. */
export const thingsOf = ({ more, ...named }: World): Thing[] => [...Object.values(named), ...more].filter((thing) => thing.kind !== '')

/** An event as kubelet, scheduler and controllers write it. */
export function event(on: Thing, type: 'Normal' | 'Warning', reason: string, message: string): Thing {
  const namespace = on.metadata.namespace ?? 'default'
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${on.metadata.name}.${reason.toLowerCase()}`, namespace },
    involvedObject: {
      apiVersion: on.apiVersion,
      kind: on.kind,
      name: on.metadata.name,
      ...(on.metadata.namespace ? { namespace: on.metadata.namespace } : {}),
    },
    type,
    reason,
    message,
    count: 3,
    firstTimestamp: since,
    lastTimestamp: since,
    source: { component: 'kubelet' },
  }
}
