import type { CauseId } from '../../fixtures/cause-catalogue.ts'
import type { Fault } from '../vllm/fault.ts'
import { faultOf } from '../vllm/faults/index.ts'
import type { VllmOptions } from '../vllm/vllm.ts'
import type { KubeOptions, KubeServer } from './server.ts'
import { condition, event, workspaceStatus, waiting, createWorld, type Thing, type World, type WorldOptions } from './world.ts'

/** One state of a cluster and its server, and the cause that a run has to name. */
export interface Situation {
  readonly name: string
  /** The cause that must be named; without it the workspace is healthy. */
  readonly cause?: CauseId
  /** Words that the sentence, the evidence or the remedy must hold. */
  readonly says?: readonly string[]
  readonly options?: WorldOptions
  /** What is different from a healthy workspace. */
  readonly change?: (world: World) => void
  readonly kube?: Omit<KubeOptions, 'things' | 'forwardTo'>
  readonly env?: Readonly<Record<string, string>>
  /** Another kubeconfig, made from the one that leads to the API server. */
  readonly kubeconfig?: (text: string) => string
  /** What serves in the pod: a mock vLLM by default. */
  readonly server?: VllmOptions | 'nothing' | 'loading' | 'silent'
  /** Requirements on the workspace that hold, SHOULD among them. */
  readonly holds?: readonly string[]
  /** No waiting changes it: the wait for the workspace ends at once, however long it may last. */
  readonly inVain?: true
  /** Words that must be said while the workspace is waited for. */
  readonly meanwhile?: string
  /** What happens while the workspace is judged. */
  readonly during?: (kube: KubeServer, world: World) => void
}

interface Status {
  conditions: { type: string; status: string; reason?: string; message?: string }[]
  containerStatuses: Record<string, unknown>[]
  initContainerStatuses?: Record<string, unknown>[]
  [key: string]: unknown
}

const absent = (thing: Thing): void => {
  thing.kind = ''
}
const statusOf = (thing: Thing): Status => thing['status'] as Status
const containerOf = ({ pod }: World): Record<string, unknown> =>
  (pod['spec'] as { containers: Record<string, unknown>[] }).containers[0] as Record<string, unknown>

/** The pod is not Ready; its one container is in this state. */
const podIs = (world: World, state: Record<string, unknown>, phase = 'Running'): void => {
  const pod = statusOf(world.pod)
  pod['phase'] = phase
  pod.conditions = pod.conditions.map((one) =>
    one.type === 'Ready' || one.type === 'ContainersReady' ? { ...one, status: 'False', reason: 'ContainersNotReady' } : one,
  )
  Object.assign(pod.containerStatuses[0] as object, { ready: false, started: false, ...state })
}
const crashed = (exitCode: number, reason: string, restartCount = 4): Record<string, unknown> => ({
  restartCount,
  state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 1m20s restarting failed container' } },
  lastState: { terminated: { exitCode, reason, finishedAt: '2026-11-22T14:20:00Z' } },
})
const notReady = (world: World, reason?: string, message?: string): void => {
  world.workspace['status'] = workspaceStatus('Pending', waiting(reason, message))
}
/** Without its node a workspace has neither Service nor workload. */
const withoutNode = (world: World, rows: readonly (readonly [string, string, string])[]): void => {
  for (const thing of [world.service, world.slice, world.set, world.pod, world.node]) absent(thing)
  const object = workspaceStatus('Pending', [...rows, ...waiting()])
  delete object['workerNodes']
  world.workspace['status'] = object
}
/** No node has been ordered yet. */
const unordered = [
  ['NodesReady', 'NodeNotReady', 'Not enough Nodes are ready'],
  ['NodeClaimReady', 'NodeClaimNotReady', 'Ready NodeClaims are not enough'],
  ['ResourceReady', 'NodeClaimNotReady', 'Ready NodeClaims are not enough'],
] as const
/** The message of a condition with what KAITO's controller appends when it failed. */
const failedAt = (message: string, error: string): string => `${message} (last reconcile error: ${error})`
const transformers = ['/bin/sh', '-c', 'accelerate launch --num_processes=1 /workspace/tfs/inference_api.py --pipeline=text-generation']
const pod0 = 'workspace-phi-4-mini-toolcall-0'
const pod1 = 'workspace-phi-4-mini-toolcall-1'
const quota =
  'creating agentpool failed: ErrCode_InsufficientVCPUQuota: Insufficient vcpu quota requested 24, remaining 0 for family standardNCADSA100v4Family'

/**
 * What goes wrong with a workspace, and what only looks as if it did. Source of many:
 * https://learn.microsoft.com/en-us/azure/aks/ai-toolchain-operator-tool-calling
 */
export const situations: readonly Situation[] = [
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
    name: 'the name is mistyped',
    cause: 'workspace-absent',
    says: ['KAITO_WORKSPACE=workspace-phi-4-mini-toolcall'],
    env: { KAITO_WORKSPACE: 'workspace-phi-4-mini-tool-call' },
  },
  {
    name: 'the workspace is in another namespace',
    cause: 'wrong-namespace',
    says: ['KAITO_NAMESPACE=team-a'],
    options: { namespace: 'team-a' },
  },
  {
    name: 'the workspace is in two other namespaces',
    cause: 'wrong-namespace',
    says: ['in the namespaces team-a and team-b', 'KAITO_NAMESPACE=team-a,team-b'],
    options: { namespace: 'team-a' },
    change: ({ workspace, more }) => {
      const twin = structuredClone(workspace)
      twin.metadata.namespace = 'team-b'
      more.push(twin)
    },
  },
  {
    name: 'the namespace does not exist',
    cause: 'wrong-namespace',
    says: ['KAITO_NAMESPACE=default'],
    env: { KAITO_NAMESPACE: 'defualt', KAITO_WORKSPACE: 'some-workspace' },
  },
  {
    name: 'the name is that of an InferenceSet',
    cause: 'workspace-absent',
    says: ['KAITO_INFERENCESET=my-set'],
    env: { KAITO_WORKSPACE: 'my-set' },
    change: (world) =>
      world.more.push({
        apiVersion: 'kaito.sh/v1beta1',
        kind: 'InferenceSet',
        metadata: { name: 'my-set', namespace: 'default' },
        spec: {
          replicas: 1,
          labelSelector: { matchLabels: { apps: 'x' } },
          template: { inference: { preset: { name: 'phi-4-mini-instruct' } }, resource: {} },
        },
      }),
  },
  {
    name: 'KAITO is not installed',
    cause: 'kaito-not-installed',
    says: ['--enable-ai-toolchain-operator'],
    kube: { without: ['workspaces', 'inferencesets'] },
  },
  {
    name: 'the controller is down and nobody took the workspace up',
    cause: 'controller-down',
    says: ['kaito-workspace/kaito-workspace: 0 of 1'],
    change: (world) => {
      for (const thing of [world.service, world.slice, world.set, world.pod, world.node, world.nodeClaim]) absent(thing)
      delete world.workspace['status']
      Object.assign(statusOf(world.controller), { availableReplicas: 0, readyReplicas: 0 })
    },
  },
  {
    name: 'the controller went down half-way',
    cause: 'controller-down',
    change: (world) => {
      withoutNode(world, [])
      Object.assign(statusOf(world.controller), { availableReplicas: 0, readyReplicas: 0 })
      world.node.kind = 'Node'
    },
  },
  {
    name: 'there is no controller at all',
    cause: 'controller-down',
    change: (world) => {
      for (const thing of [world.service, world.slice, world.set, world.pod, world.node, world.nodeClaim, world.controller]) absent(thing)
      delete world.workspace['status']
    },
  },
  {
    name: 'no quota for GPUs',
    cause: 'gpu-quota',
    meanwhile: 'the subscription has no quota left',
    says: ['Standard_NC24ads_A100_v4', 'InsufficientVCPUQuota'],
    change: (world) => {
      withoutNode(world, [
        ['NodesReady', 'NodeNotReady', 'Not enough Nodes are ready'],
        ['NodeClaimReady', 'LaunchFailed', quota],
        ['ResourceReady', 'LaunchFailed', quota],
      ])
      statusOf(world.nodeClaim).conditions = [condition('Launched', 'False', 'LaunchFailed', quota) as Status['conditions'][number]]
    },
  },
  {
    name: 'no quota for GPUs, told by the NodeClaim alone',
    cause: 'gpu-quota',
    change: (world) => {
      withoutNode(world, [
        ['NodesReady', 'NodeNotReady', 'Not enough Nodes are ready'],
        ['NodeClaimReady', 'NodeClaimNotReady', 'Ready NodeClaims are not enough'],
        ['ResourceReady', 'NodeClaimNotReady', 'Ready NodeClaims are not enough'],
      ])
      statusOf(world.nodeClaim).conditions = [
        condition(
          'Launched',
          'Unknown',
          'LaunchFailed',
          'OperationNotAllowed: operation could not be completed as it results in exceeding approved Total Regional Cores quota',
        ) as Status['conditions'][number],
      ]
    },
  },
  {
    name: 'the VM size is not available in the region',
    cause: 'nodeclaim-not-launched',
    says: ['SkuNotAvailable', 'is not offered in that region'],
    inVain: true,
    change: (world) => {
      withoutNode(world, [
        [
          'NodeClaimReady',
          'LaunchFailed',
          'creating agentpool failed: SkuNotAvailable: The requested VM size is currently not available in location eastus',
        ],
        [
          'ResourceReady',
          'LaunchFailed',
          'creating agentpool failed: SkuNotAvailable: The requested VM size is currently not available in location eastus',
        ],
      ])
    },
  },
  {
    name: 'the NodeClaim is not launched yet',
    cause: 'nodeclaim-not-launched',
    change: (world) => {
      withoutNode(world, [
        ['NodesReady', 'NodeNotReady', 'Not enough Nodes are ready'],
        ['NodeClaimReady', 'NodeClaimNotReady', 'Ready NodeClaims are not enough'],
        ['ResourceReady', 'NodeClaimNotReady', 'Ready NodeClaims are not enough'],
      ])
      statusOf(world.nodeClaim).conditions = [
        condition('Launched', 'Unknown', 'AwaitingReconciliation', 'object is awaiting reconciliation') as Status['conditions'][number],
      ]
    },
  },
  {
    name: 'the node is lost',
    cause: 'node-not-ready',
    says: ['aks-ws1', 'KubeletNotReady'],
    server: 'nothing',
    change: (world) => {
      world.workspace['status'] = workspaceStatus('NotReady', [
        ['NodesReady', 'NodeNotReady', 'Not enough Nodes are ready'],
        ['ResourceReady', 'workspaceResourceStatusNotReady', 'node status condition not ready'],
        ...waiting(),
      ])
      statusOf(world.node).conditions = [
        { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: 'container runtime network not ready' },
      ]
    },
  },
  {
    name: 'the node is lost, and the conditions still say True',
    cause: 'node-not-ready',
    server: 'nothing',
    change: (world) => {
      statusOf(world.node).conditions = [
        { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' },
      ]
    },
  },
  {
    name: 'the device plugin is missing',
    cause: 'node-plugin-missing',
    change: (world) => {
      withoutNode(world, [
        ['NodesReady', 'NodePluginsNotReady', 'waiting all node plugins to be ready'],
        ['ResourceReady', 'NodePluginsNotReady', 'waiting all node plugins to be ready'],
      ])
      world.node.kind = 'Node'
      Object.assign(world.node['status'] as object, { allocatable: { cpu: '24' } })
    },
  },
  {
    name: 'no node has the labels',
    cause: 'node-absent',
    says: ['kubectl label node'],
    change: (world) => {
      absent(world.nodeClaim)
      withoutNode(world, [
        ['NodesReady', 'NodeNotReady', 'Not enough Nodes are ready'],
        ['ResourceReady', 'workspaceResourceStatusNotReady', 'node status condition not ready'],
      ])
      const object = statusOf(world.workspace)
      object.conditions = object.conditions.filter(({ type }) => type !== 'NodeClaimReady')
    },
  },
  {
    name: 'one node of two has the labels',
    cause: 'node-absent',
    says: ['needs 2 nodes that carry its labels', 'finds 1', 'kubectl label node NODE apps='],
    change: (world) => {
      const { node } = world
      withoutNode(world, [
        ['NodesReady', 'NodeNotReady', 'Not enough Nodes are ready'],
        ['ResourceReady', 'workspaceResourceStatusNotReady', 'node status condition not ready'],
      ])
      absent(world.nodeClaim)
      node.kind = 'Node'
      const object = statusOf(world.workspace)
      object['targetNodeCount'] = 2
      object.conditions = object.conditions.filter(({ type }) => type !== 'NodeClaimReady')
    },
  },
  ...(
    [
      [
        'the machine does not join the cluster',
        'Registered',
        'Node not registered with cluster',
        ['has not joined the cluster', 'kubectl describe nodeclaim ws1'],
      ],
      [
        'the node waits for its network plugin',
        'Initialized',
        'StartupTaint "node.cilium.io/agent-not-ready:NoExecute" still exists',
        ['is not Initialized: StartupTaint', 'kubectl describe node aks-ws1'],
      ],
    ] as const
  ).map(([name, type, message, says]): Situation => ({
    name,
    cause: 'nodeclaim-not-launched',
    says,
    change: (world) => {
      withoutNode(world, [
        ['NodesReady', 'NodeNotReady', 'Not enough Nodes are ready'],
        ['NodeClaimReady', 'NotReady', message],
        ['ResourceReady', 'NotReady', message],
      ])
      statusOf(world.nodeClaim).conditions = [
        condition('Launched', 'True', 'Launched', ''),
        condition(type, 'Unknown', 'NotReady', message),
      ] as Status['conditions']
    },
  })),
  ...(
    [
      ['the GPU is unhealthy', { 'nvidia.com/gpu': '0' }, ['calls it unhealthy', 'capacity nvidia.com/gpu 1, allocatable 0']],
      [
        'the GPU is offered in slices',
        { 'nvidia.com/mig-1g.10gb': '7' },
        ['in slices (nvidia.com/mig-1g.10gb: 7)', 'nvidia.com/mig.config'],
      ],
    ] as const
  ).map(([name, allocatable, says]): Situation => ({
    name,
    cause: 'node-plugin-missing',
    says,
    change: (world) => {
      notReady(world)
      unplaced(world.pod, '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.')
      Object.assign(statusOf(world.node), { allocatable })
    },
  })),
  {
    name: 'the node of the worker is lost',
    cause: 'node-not-ready',
    says: ['Node aks-ws2', 'NodeStatusUnknown', 'bring another'],
    server: 'nothing',
    change: (world) => {
      notReady(world)
      podIs(world, { state: { running: {} } })
      const other = worker(world)
      Object.assign(other['spec'] as object, { nodeName: 'aks-ws2' })
      const node = structuredClone(world.node)
      node.metadata.name = 'aks-ws2'
      statusOf(node).conditions = [
        { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' },
      ]
      world.more.push(node)
    },
  },
  ...(['ImagePullError', 'WorkspaceInferenceStatusPending'] as const).map((reason): Situation => ({
    name: `the image cannot be pulled, KAITO says ${reason}`,
    cause: 'image-pull',
    says: ['mcr.microsoft.com/aks/kaito/kaito-base:0.5.9'],
    change: (world) => {
      notReady(
        world,
        reason,
        reason === 'ImagePullError' ? 'container "w" image pull failed (ImagePullBackOff): Back-off pulling image' : undefined,
      )
      containerOf(world)['image'] = 'mcr.microsoft.com/aks/kaito/kaito-base:0.5.9'
      podIs(
        world,
        {
          state: {
            waiting: {
              reason: 'ImagePullBackOff',
              message: 'Back-off pulling image "mcr.microsoft.com/aks/kaito/kaito-base:0.5.9": not found',
            },
          },
        },
        'Pending',
      )
    },
  })),
  ...(
    [
      [
        'the registry limits pulls',
        '429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit.',
        'the registry limits how often',
      ],
      ['the image is for other processors', 'no match for platform in manifest: not found', 'not built for the processor of node aks-ws1'],
      [
        'the image does not fit on the disk',
        'failed to extract layer sha256:ab: write /var/lib/containerd/ab: no space left on device',
        'has no room for',
      ],
      [
        'the registry wants a login',
        'failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized',
        '--attach-acr',
      ],
      [
        'the tag does not exist',
        'rpc error: code = NotFound desc = mcr.microsoft.com/aks/kaito/kaito-base:0.5.9: not found',
        'the registry has no',
      ],
      [
        'the mirror of the node refuses it',
        'failed to resolve reference: unexpected status from HEAD request to https://mirror.example/v2/kaito-base/manifests/0.5.0?ns=mcr.microsoft.com: 403 Forbidden',
        'the mirror mirror.example, which node aks-ws1 asks for it',
      ],
      ['the registry is not logged in to', 'no basic auth credentials', 'the registry refuses'],
      ['the transfer breaks off', 'failed to copy: httpReadSeeker: failed open: unexpected EOF', 'fails at times'],
      ['it is not signed', 'image signature verification failed: no signatures found', 'accepts no signature'],
      [
        'the node does not reach the registry',
        'failed to do request: Head "https://mcr.microsoft.com/v2/": dial tcp 204.79.197.219:443: i/o timeout',
        'node aks-ws1 does not reach the registry',
      ],
    ] as const
  ).map(([name, message, words]): Situation => ({
    name: `the image cannot be pulled: ${name}`,
    cause: 'image-pull',
    says: [words],
    change: (world) => {
      notReady(world)
      // The kubelet repeats the reason in the state in newer releases; in older ones only the event has it.
      podIs(world, { state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } } }, 'Pending')
      world.more.push(event(world.pod, 'Warning', 'Failed', `Failed to pull image "kaito-base": ${message}`))
    },
  })),
  {
    name: 'the image of an adapter cannot be pulled',
    cause: 'image-pull',
    says: ['init container puller'],
    change: (world) => {
      notReady(world)
      podIs(world, { state: { waiting: { reason: 'PodInitializing' } } }, 'Pending')
      statusOf(world.pod).initContainerStatuses = [
        {
          name: 'puller',
          ready: false,
          restartCount: 0,
          state: { waiting: { reason: 'ErrImagePull', message: 'failed to resolve reference' } },
        },
      ]
      Object.assign(world.pod['spec'] as object, { initContainers: [{ name: 'puller', image: 'registry.example/adapter:1' }] })
    },
  },
  {
    name: 'the pod gets no token for the storage of its model',
    cause: 'crash-loop',
    says: ['gets no access to the storage', 'Storage Blob Data Reader', '-c fetch-sas'],
    change: (world) => {
      notReady(world, 'SASTokenFetchFailed', 'SAS token fetch failed: the streaming init container could not obtain a SAS token')
      podIs(world, { state: { waiting: { reason: 'PodInitializing' } } }, 'Pending')
      statusOf(world.pod).initContainerStatuses = [{ name: 'fetch-sas', ready: false, ...crashed(1, 'Error') }]
      Object.assign(world.pod['spec'] as object, { initContainers: [{ name: 'fetch-sas', image: 'python:3.12-slim' }] })
    },
  },
  {
    name: 'the server does not know an argument',
    cause: 'crash-loop',
    inVain: true,
    says: ['unrecognized arguments: --swap-space 4', 'ConfigMap tc-inference-params'],
    kube: {
      logs: {
        [`${pod0}/previous`]:
          'usage: inference_api.py [-h] [--model MODEL]\ninference_api.py: error: unrecognized arguments: --swap-space 4\n',
      },
    },
    change: (world) => {
      notReady(
        world,
        'ContainerCrashLoopBackOff',
        'container "workspace-phi-4-mini-toolcall" is in CrashLoopBackOff; last termination: exit code 2',
      )
      podIs(world, crashed(2, 'Error'))
      Object.assign(world.workspace['inference'] as object, { config: 'tc-inference-params' })
      world.more.push({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'tc-inference-params', namespace: 'default' },
        data: { 'inference_config.yaml': 'vllm:\n  swap-space: 4\n  tool-call-parser: phi4_mini_json\n' },
      })
    },
  },
  {
    name: 'the weights are behind a gate',
    cause: 'crash-loop',
    says: ['modelAccessSecret'],
    kube: {
      logs: {
        [`${pod0}/previous`]:
          'Traceback (most recent call last):\n  File "x.py", line 1\nOSError: You are trying to access a gated repo.\n401 Client Error. Cannot access gated repo for url https://huggingface.co/meta-llama\n(EngineCore_DP0 pid=88) RuntimeError: Engine core initialization failed. See root cause above.\n',
      },
    },
    change: (world) => {
      notReady(world)
      podIs(world, crashed(1, 'Error'))
    },
  },
  {
    name: 'the server crashed and has just been started again',
    cause: 'crash-loop',
    says: ['ValueError: The model'],
    server: 'nothing',
    kube: {
      logs: {
        [`${pod0}/previous`]:
          "(EngineCore_DP0 pid=88) ERROR 11-22 14:00:00 [core.py:866] ValueError: The model's max seq len (131072) is larger than the maximum number of tokens that can be stored in KV cache (41328).\nRuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}\n",
        [pod0]: 'INFO 11-22 14:05:00 [api_server.py:100] vLLM API server version 0.25.1\n',
      },
    },
    change: (world) => {
      notReady(world)
      podIs(world, {
        restartCount: 5,
        state: { running: { startedAt: '2026-11-22T14:20:00Z' } },
        lastState: { terminated: { exitCode: 1, reason: 'Error' } },
      })
    },
  },
  {
    name: 'the pod is killed for memory',
    cause: 'out-of-memory',
    says: ['OOMKilled'],
    change: (world) => {
      notReady(
        world,
        'ContainerOOMKilled',
        'container "w" was OOMKilled (exit code 137); reduce memory usage or use a larger instance type',
      )
      podIs(world, crashed(137, 'OOMKilled'))
    },
  },
  {
    name: 'the pod is killed for memory by a limit that a LimitRange sets',
    cause: 'out-of-memory',
    says: ['it may use 512Mi', 'kubectl describe limitrange -n default'],
    change: (world) => {
      notReady(world)
      podIs(world, crashed(137, 'OOMKilled'))
      Object.assign(containerOf(world), { resources: { limits: { memory: '512Mi', 'nvidia.com/gpu': '1' } } })
    },
  },
  {
    name: 'the server is not started before its sidecar is ready',
    cause: 'pod-starting',
    says: ['its sidecar istio-proxy', 'connection refused'],
    change: (world) => {
      creating(world)
      Object.assign(world.pod['spec'] as object, {
        initContainers: [{ name: 'istio-proxy', image: 'proxyv2:1.27', restartPolicy: 'Always' }],
      })
      statusOf(world.pod).initContainerStatuses = [{ name: 'istio-proxy', ready: false, restartCount: 0, state: { running: {} } }]
      world.more.push(event(world.pod, 'Warning', 'Unhealthy', 'Startup probe failed: dial tcp 10.0.0.1:15021: connection refused'))
    },
  },
  {
    name: 'the hook after the start of the container fails',
    cause: 'container-config',
    says: ['PostStartHookError'],
    change: (world) => {
      notReady(world)
      podIs(world, { restartCount: 3, state: { waiting: { reason: 'PostStartHookError', message: 'command exited with 1' } } })
    },
  },
  {
    name: 'the cloud takes the machine of the node back',
    cause: 'node-not-ready',
    says: ['takes the machine back', 'VMEventScheduled=True PreemptScheduled'],
    server: 'nothing',
    change: (world) => {
      statusOf(world.node).conditions = [
        { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' },
        { type: 'VMEventScheduled', status: 'True', reason: 'PreemptScheduled', message: 'Preempt Scheduled' },
      ]
    },
  },
  {
    name: 'a GPU of the node is missing, and what watches over it says so',
    cause: 'node-plugin-missing',
    says: ['GPUMissing=True'],
    change: (world) => {
      notReady(world)
      unplaced(world.pod, '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.')
      Object.assign(statusOf(world.node), { allocatable: { 'nvidia.com/gpu': '0' } })
      statusOf(world.node).conditions.push({ type: 'GPUMissing', status: 'True', reason: 'GPUMissing', message: 'expected 1, found 0' })
    },
  },
  ...(
    [
      [
        'a policy of the cloud forbids the node',
        'RequestDisallowedByPolicy: Resource aks-ws1 was disallowed by policy.',
        'a policy of the cloud forbids it',
      ],
      [
        'the provisioner may not order the node',
        'AuthorizationFailed: The client does not have authorization to perform action agentPools/write',
        'az role assignment list',
      ],
      [
        'the cluster is changed by another while the node is ordered',
        'OperationNotAllowed: another operation is in progress on this managed cluster',
        'ordered again by itself',
      ],
    ] as const
  ).map(([name, message, words]): Situation => ({
    name,
    cause: 'nodeclaim-not-launched',
    says: [words],
    change: (world) => {
      withoutNode(world, unordered)
      statusOf(world.nodeClaim).conditions = [condition('Launched', 'False', 'LaunchFailed', message) as Status['conditions'][number]]
    },
  })),
  {
    name: 'a node that is to go is not drained, and no other comes',
    cause: 'nodeclaim-not-launched',
    says: ['FailedDraining', 'kubectl get poddisruptionbudget -A'],
    change: (world) => {
      withoutNode(world, unordered)
      world.nodeClaim.metadata['deletionTimestamp'] = '2026-11-22T15:00:00Z'
      world.more.push(event(world.nodeClaim, 'Warning', 'FailedDraining', 'Failed to drain node, 1 pods are waiting to be evicted'))
    },
  },
  {
    name: 'the model does not fit the GPU',
    cause: 'out-of-memory',
    says: ['GPU'],
    kube: {
      logs: {
        [`${pod0}/previous`]:
          'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 23.69 GiB\nRuntimeError: Engine core initialization failed.\n',
      },
    },
    change: (world) => {
      notReady(world)
      podIs(world, crashed(1, 'Error'))
    },
  },
  {
    name: 'the GPU is in use by another process when the server starts',
    cause: 'out-of-memory',
    says: ['10.5 of 79.2 GiB are free', 'spec.nodeName=aks-ws1'],
    kube: {
      logs: {
        [`${pod0}/previous`]:
          '(EngineCore pid=57) ERROR 11-22 18:06:46 [core.py:842] ValueError: Free memory on device cuda:0 (10.5/79.2 GiB) on startup is less than desired GPU memory utilization (0.9, 71.28 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.\nRuntimeError: Engine core initialization failed. See root cause above.\n',
      },
    },
    change: (world) => {
      notReady(world)
      podIs(world, crashed(1, 'Error'))
    },
  },
  {
    name: 'the pod died long after it was ready, and KAITO 0.8 still says True',
    cause: 'out-of-memory',
    server: 'nothing',
    change: (world) => podIs(world, crashed(137, 'OOMKilled')),
  },
  {
    name: 'the pod cannot be scheduled',
    cause: 'unschedulable',
    says: ['untolerated taint'],
    change: (world) => {
      notReady(world, 'Unschedulable', '0/3 nodes are available')
      const pod = statusOf(world.pod)
      pod['phase'] = 'Pending'
      pod.containerStatuses = []
      pod.conditions = [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message: '0/3 nodes are available: 1 node(s) had untolerated taint {gpu: only}, 2 node(s) did not match Pod node affinity.',
        },
      ]
      delete (world.pod['spec'] as Record<string, unknown>)['nodeName']
    },
  },
  {
    name: 'a volume is not bound',
    cause: 'unschedulable',
    says: ['PersistentVolumeClaims'],
    change: (world) => {
      notReady(world)
      const pod = statusOf(world.pod)
      pod['phase'] = 'Pending'
      pod.containerStatuses = []
      pod.conditions = [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message: 'pod has unbound immediate PersistentVolumeClaims. not found',
        },
      ]
      delete (world.pod['spec'] as Record<string, unknown>)['nodeName']
    },
  },
  {
    name: 'a Secret that the pod names is missing',
    cause: 'container-config',
    meanwhile: 'secret "hf-token" not found',
    says: ['hf-token'],
    change: (world) => {
      notReady(world)
      podIs(world, { state: { waiting: { reason: 'CreateContainerConfigError', message: 'secret "hf-token" not found' } } }, 'Pending')
    },
  },
  {
    name: 'the pod was evicted',
    cause: 'pod-evicted',
    says: ['ephemeral-storage'],
    change: (world) => {
      notReady(world, 'PodEvicted', 'pod was evicted')
      const pod = statusOf(world.pod)
      Object.assign(pod, { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: ephemeral-storage.' })
      pod.conditions = [{ type: 'Ready', status: 'False', reason: 'PodFailed' }]
      pod.containerStatuses = []
    },
  },
  {
    name: 'the benchmark holds the pod back',
    cause: 'benchmark-holding-ready',
    says: ['kaito.sh/disable-benchmark'],
    change: (world) => {
      notReady(world)
      podIs(world, { state: { running: { startedAt: '2026-11-22T14:20:00Z' } } })
    },
  },
  {
    name: 'the benchmark failed',
    cause: 'benchmark-failed',
    change: ({ workspace }) => {
      workspace['status'] = workspaceStatus('NotReady', [['WorkspaceSucceeded', 'BenchmarkFailed', 'benchmark saw no generation']])
    },
  },
  {
    name: 'the weights are downloaded',
    cause: 'still-downloading',
    server: 'loading',
    change: (world) => {
      notReady(world)
      podIs(world, { state: { running: { startedAt: '2026-11-22T14:20:00Z' } } })
    },
  },
  {
    name: 'the server does not listen yet',
    cause: 'still-loading',
    server: 'nothing',
    change: (world) => {
      notReady(world)
      podIs(world, { state: { running: { startedAt: '2026-11-22T14:20:00Z' } } })
    },
  },
  {
    name: 'the server does not listen yet, and says what it tries again',
    cause: 'still-loading',
    says: ['log: OSError: Consistency check failed'],
    server: 'nothing',
    kube: {
      logs: {
        [pod0]:
          'INFO 11-22 14:05:00 [api_server.py:100] vLLM API server version 0.25.1\nOSError: Consistency check failed: file should be of size 4.9G\nINFO 11-22 14:05:09 [weight_utils.py:300] downloading\n',
      },
    },
    change: (world) => {
      notReady(world)
      podIs(world, {})
    },
  },
  {
    name: 'the readiness probe fails',
    cause: 'pod-not-ready',
    says: ['Readiness probe failed'],
    change: (world) => {
      notReady(world)
      delete containerOf(world)['startupProbe']
      podIs(world, { started: true, state: { running: { startedAt: '2026-11-22T14:20:00Z' } } })
      world.more.push(event(world.pod, 'Warning', 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503'))
    },
  },
  {
    name: 'the readiness gate of a load balancer is closed',
    cause: 'pod-not-ready',
    says: ['status of pod readiness gate', 'spec.readinessGates'],
    change: (world) => {
      notReady(world)
      const message = 'the status of pod readiness gate "target-health.elbv2.k8s.aws/ws" is not "True", but False'
      const pod = statusOf(world.pod)
      pod.conditions = pod.conditions.map((one) =>
        one.type === 'Ready' ? { ...one, status: 'False', reason: 'ReadinessGatesNotReady', message } : one,
      )
    },
  },
  {
    name: 'the container of a mesh is not ready, and the server is',
    cause: 'pod-not-ready',
    says: ['container istio-proxy beside it is not ready', '-c istio-proxy'],
    change: (world) => {
      notReady(world)
      podIs(world, { ready: true, started: true })
      mesh(world, { ready: false })
      world.more.push(event(world.pod, 'Warning', 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503'))
    },
  },
  {
    name: 'a quota of the namespace forbids the pod',
    cause: 'pod-not-created',
    says: ['exceeded quota'],
    change: (world) => {
      notReady(world)
      absent(world.pod)
      absent(world.slice)
      world.more.push(
        event(
          world.set,
          'Warning',
          'FailedCreate',
          'create Pod w-0 in StatefulSet w failed error: pods "w-0" is forbidden: exceeded quota: gpus',
        ),
      )
    },
  },
  {
    name: 'the StatefulSet is scaled to nothing',
    cause: 'pod-not-created',
    says: ['--replicas=1'],
    change: (world) => {
      notReady(world)
      absent(world.pod)
      Object.assign(world.set['spec'] as object, { replicas: 0 })
    },
  },
  {
    name: 'there is no StatefulSet',
    cause: 'workload-absent',
    change: (world) => {
      notReady(world)
      for (const thing of [world.pod, world.set, world.slice]) absent(thing)
    },
  },
  {
    name: 'KAITO refuses how the workspace streams its model',
    cause: 'workspace-not-ready',
    says: ['cannot stream the model', 'StorageClass \\"fast\\" not found', 'kaito.sh/model-streaming=disabled'],
    change: (world) => {
      withoutNode(world, unordered)
      absent(world.nodeClaim)
      const inference = statusOf(world.workspace).conditions.find(({ type }) => type === 'InferenceReady')
      Object.assign(inference as object, { reason: 'ModelStreamingStorageClassNotFound', message: 'StorageClass "fast" not found' })
    },
  },
  {
    name: 'KAITO may not order a node',
    cause: 'nodeclaim-not-launched',
    says: ['there is no NodeClaim for it', 'failed at: nodeclaims.karpenter.sh is forbidden'],
    change: (world) => {
      withoutNode(
        world,
        unordered.map(([type, reason, message]) => [type, reason, failedAt(message, 'nodeclaims.karpenter.sh is forbidden')] as const),
      )
      absent(world.nodeClaim)
    },
  },
  {
    name: 'KAITO orders nodes of Karpenter, which is not installed',
    cause: 'nodeclaim-not-launched',
    says: ['Install the CRDs of karpenter.sh'],
    change: (world) => {
      const error = 'no matches for kind "NodePool" in version "karpenter.sh/v1"'
      withoutNode(
        world,
        unordered.map(([type, reason, message]) => [type, reason, failedAt(message, error)] as const),
      )
      absent(world.nodeClaim)
    },
  },
  {
    name: 'a quota of objects forbids the StatefulSet',
    cause: 'workload-absent',
    says: ['exceeded quota: objects', 'kubectl describe resourcequota -n default; the controller'],
    change: (world) => {
      const error = 'statefulsets.apps "w" is forbidden: exceeded quota: objects, requested: count/statefulsets.apps=1, used: 5, limited: 5'
      notReady(world, 'WorkspaceInferenceStatusPending', failedAt('Inference workload is not ready', error))
      for (const thing of [world.set, world.pod, world.slice, world.service]) absent(thing)
    },
  },
  {
    name: 'KAITO may not make the StatefulSet',
    cause: 'workload-absent',
    says: ['cannot make its StatefulSet: statefulsets.apps is forbidden'],
    change: (world) => {
      notReady(world, 'WorkspaceInferenceStatusPending', failedAt('Inference workload is not ready', 'statefulsets.apps is forbidden'))
      for (const thing of [world.set, world.pod, world.slice, world.service]) absent(thing)
    },
  },
  {
    name: 'the model of the workspace is not downloaded',
    cause: 'workspace-not-ready',
    says: ['download of its model is not done: 429 Client Error', 'kubectl describe modelmirror'],
    change: (world) => {
      // No quota of GPUs.
      const message = '429 Client Error: you hit the quota of 1000 api requests per 5 minutes period'
      world.workspace['status'] = workspaceStatus('Pending', [['ResourceReady', 'ModelMirrorNotReady', message], ...waiting()])
      for (const thing of [world.set, world.pod, world.slice, world.service]) absent(thing)
      statusOf(world.workspace).conditions.push(
        condition('ModelMirrorReady', 'False', 'DownloadFailed', message) as Status['conditions'][number],
      )
    },
  },
  {
    name: 'the controller runs, and nothing takes the workspace up',
    cause: 'workspace-not-ready',
    says: ['it has no conditions', 'kubectl logs deployment/kaito-workspace -n kaito-workspace'],
    change: (world) => {
      for (const thing of [world.service, world.slice, world.set, world.pod, world.node, world.nodeClaim]) absent(thing)
      delete world.workspace['status']
    },
  },
  {
    name: 'the workspace is being deleted, and the controller does not run',
    cause: 'workspace-deleting',
    says: ['stays so because', 'kubectl scale deployment kaito-workspace --replicas=1 -n kaito-workspace'],
    inVain: true,
    change: (world) => {
      Object.assign(world.workspace.metadata, {
        deletionTimestamp: '2026-11-22T15:00:00Z',
        finalizers: ['workspace.finalizer.kaito.sh'],
      })
      Object.assign(world.controller['spec'] as object, { replicas: 0 })
      Object.assign(statusOf(world.controller), { availableReplicas: 0, readyReplicas: 0 })
    },
  },
  {
    name: 'the workspace is being deleted, and another than KAITO holds it',
    cause: 'workspace-deleting',
    says: ['stays until argocd.example/hook lets it go', "is not KAITO's"],
    inVain: true,
    change: ({ workspace }) =>
      void Object.assign(workspace.metadata, { deletionTimestamp: '2026-11-22T15:00:00Z', finalizers: ['argocd.example/hook'] }),
  },
  {
    name: 'the workspace is being deleted',
    cause: 'workspace-deleting',
    inVain: true,
    change: (world) => {
      world.workspace.metadata['deletionTimestamp'] = '2026-11-22T15:00:00Z'
      for (const thing of [world.pod, world.set, world.slice]) absent(thing)
      notReady(world)
    },
  },
  {
    name: 'the workspace tunes a model',
    cause: 'not-inference',
    inVain: true,
    change: (world) => {
      delete world.workspace['inference']
      world.workspace['tuning'] = {
        preset: { name: 'phi-4-mini-instruct' },
        method: 'qlora',
        input: { urls: ['https://data.example/set.parquet'] },
        output: { image: 'registry.example/out:1', imagePushSecret: 'push' },
      }
      for (const thing of [world.pod, world.set, world.slice, world.service]) absent(thing)
      world.workspace['status'] = {
        conditions: [condition('ResourceReady', 'True', 'workspaceResourceStatusSuccess', 'workspace resource is ready')],
        state: 'Running',
      }
    },
  },
  {
    name: 'the pod is being deleted',
    cause: 'pod-terminating',
    change: (world) => {
      notReady(world)
      podIs(world, {})
      world.pod.metadata['deletionTimestamp'] = '2026-11-22T15:00:00Z'
    },
  },
  {
    name: 'something else holds the workspace',
    cause: 'workspace-not-ready',
    says: ['SomethingNew'],
    change: (world) => notReady(world, 'SomethingNew', 'a reason of a later release (last reconcile error: quota exceeded)'),
  },
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
  {
    name: 'connections are swallowed',
    cause: 'network-silence',
    says: ['deny-all'],
    server: 'silent',
    change: (world) =>
      world.more.push({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'deny-all', namespace: 'default' } }),
  },
  {
    name: 'the key is missing',
    cause: 'key-required',
    server: { apiKey: 'sk-of-the-server' },
    options: { flags: { 'api-key': 'sk-of-the-server' } },
  },
  { name: 'the key is wrong', cause: 'key-refused', server: { apiKey: 'sk-of-the-server' }, env: { OPENAI_API_KEY: 'sk-another-key' } },
  {
    name: 'the model is not served',
    cause: 'model-not-served',
    says: ['qwen2.5-coder-7b-instruct'],
    env: { CONFORMANCE_MODEL: 'qwen2.5-coder-7b' },
  },
  { name: 'the token has expired', cause: 'kubeconfig-expired', kube: { token: 'fresh' }, env: { MOCK_TOKEN: 'stale' } },
  {
    name: 'the workspace is in the cluster of another context',
    cause: 'wrong-context',
    says: ['KUBE_CONTEXT=other KAITO_NAMESPACE=team-a'],
    options: { namespace: 'team-a' },
    kubeconfig: changed((config) => {
      const [current] = config.contexts
      config.contexts.push({ name: 'other', context: { ...current?.context, namespace: 'team-a' } })
    }),
  },
  {
    name: 'the command by which the kubeconfig logs in is not installed',
    cause: 'login-failed',
    says: ['kubelogin-that-is-missing'],
    kubeconfig: changed((config) => {
      const [user] = config.users
      if (user) user.user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'kubelogin-that-is-missing' } }
    }),
  },
  {
    name: 'nothing listens where the API server should be',
    cause: 'api-unreachable',
    kubeconfig: changed((config) => {
      const [cluster] = config.clusters
      if (cluster) cluster.cluster['server'] = 'http://127.0.0.1:1'
    }),
  },
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
  {
    name: 'a webhook that converts workspaces between versions does not answer',
    cause: 'api-unreachable',
    says: ['a webhook of its CRD does not answer', 'kubectl get crd workspaces.kaito.sh'],
    kube: {
      fails: [
        {
          path: /\/workspaces\//,
          code: 500,
          message:
            'conversion webhook for kaito.sh/v1alpha1, Kind=Workspace failed: Post "https://workspace-webhook-svc.kaito-workspace.svc:9443/?timeout=30s": no endpoints available for service "workspace-webhook-svc"',
        },
      ],
    },
  },
  {
    name: 'the API server has trouble with etcd',
    cause: 'api-unreachable',
    says: ['answers, but fails: status 500 etcdserver: request timed out', 'kubectl get --raw /readyz?verbose'],
    kube: { fails: [{ path: /\/workspaces\//, code: 500, message: 'etcdserver: request timed out' }] },
  },
  ...(
    [
      ['the InferenceSet is scaled to 0', 'my-set', 0, 'kubectl scale inferenceset my-set --replicas=1 -n default'],
      ['the InferenceSet makes no workspace', 'my-set', 2, 'has no workspace: admission webhook denied the request'],
      ['the name of the InferenceSet is mistyped', 'my-sett', 2, 'KAITO_INFERENCESET=my-set'],
      [
        'the name of the InferenceSet is that of a workspace',
        'workspace-phi-4-mini-toolcall',
        2,
        'KAITO_WORKSPACE=workspace-phi-4-mini-toolcall',
      ],
    ] as const
  ).map(([name, asked, replicas, words]): Situation => ({
    name,
    cause: asked === 'my-set' ? 'workspace-absent' : 'inferenceset-absent',
    says: [words],
    env: { KAITO_WORKSPACE: '', KAITO_INFERENCESET: asked },
    change: (world) =>
      world.more.push({
        apiVersion: 'kaito.sh/v1beta1',
        kind: 'InferenceSet',
        metadata: { name: 'my-set', namespace: 'default' },
        spec: { replicas, labelSelector: { matchLabels: { apps: 'x' } }, template: {} },
        status: {
          conditions: [
            replicas === 0
              ? condition('InferenceSetReady', 'True', 'inferencesetReady', 'inferenceset is ready')
              : condition('InferenceSetReady', 'False', 'inferencesetFailed', 'admission webhook denied the request'),
          ],
        },
      }),
  })),
  {
    name: 'of all workspaces none is ready',
    cause: 'workspace-absent',
    says: ['KAITO_WORKSPACE=workspace-phi-4-mini-toolcall KAITO_NAMESPACE=default'],
    env: { KAITO_WORKSPACE: '*' },
    change: (world) => notReady(world),
  },
  {
    name: 'there is no such InferenceSet',
    cause: 'inferenceset-absent',
    says: ['kubectl get inferenceset -A'],
    env: { KAITO_INFERENCESET: 'my-set', KAITO_WORKSPACE: '' },
  },
  ...(
    [
      ['kaito.sh', 'workspaces', 'get workspaces'],
      ['', 'services', 'get services'],
      ['', 'pods', 'list pods'],
      ['', 'pods/portforward', 'portforward'],
    ] as const
  ).map(([group, resource, words]): Situation => ({
    name: `the right to ${words} is missing`,
    cause: 'rbac',
    says: [resource],
    kube: { rights: without(group, resource) },
  })),

  {
    name: 'the preset has no parser',
    cause: 'no-parser',
    says: ['tool-call-parser: hermes'],
    server: { parser: 'none' },
    change: (world) => strip(world, ['tool-call-parser', 'enable-auto-tool-choice']),
  },
  {
    name: 'the parser is named, but not the flag',
    cause: 'no-auto-flag',
    says: ['enable-auto-tool-choice: true'],
    server: { parser: 'hermes-without-auto' },
    change: (world) => strip(world, ['enable-auto-tool-choice']),
  },
  {
    name: 'the parser is one for another model',
    cause: 'wrong-parser',
    says: ['llama3_json'],
    server: { fault: faultOf('auto-call-as-markup') },
    options: { flags: { 'tool-call-parser': 'llama3_json' } },
  },
  {
    name: 'the transformers runtime serves',
    cause: 'transformers-runtime',
    says: ['kaito.sh/runtime'],
    change: (world) => {
      Object.assign(world.workspace.metadata.annotations as object, { 'kaito.sh/runtime': 'transformers' })
      Object.assign(containerOf(world), { command: transformers })
    },
  },
  {
    name: 'the runtime annotation is misspelt, and the pod runs transformers',
    cause: 'runtime-annotation',
    says: ['vLLM', 'feature gate'],
    change: (world) => {
      Object.assign(world.workspace.metadata.annotations as object, { 'kaito.sh/runtime': 'vLLM' })
      Object.assign(containerOf(world), { command: transformers })
    },
  },
  {
    name: 'the template is one for another parser',
    cause: 'template-mismatch',
    says: ['tool-chat-llama3.1-json.jinja', 'hermes'],
    server: { fault: faultOf('auto-call-as-markup') },
    options: { flags: { 'chat-template': '/workspace/chat_templates/tool-chat-llama3.1-json.jinja' } },
  },
  {
    name: 'KAITO 0.12 wires no parser for phi-4-mini-instruct',
    cause: 'no-parser',
    says: ['KAITO v0.12 wires no parser for phi-4-mini-instruct, although its documentation lists it', 'phi4_mini_json'],
    options: { preset: 'phi-4-mini-instruct', model: 'microsoft/phi-4-mini-instruct' },
    server: { parser: 'none', model: 'phi-4-mini-instruct' },
    change: (world) => strip(world, ['tool-call-parser', 'enable-auto-tool-choice', 'chat-template']),
  },
  {
    name: 'the context is too small',
    cause: 'context-too-small',
    server: { maxModelLen: 300 },
    options: { flags: { 'max-model-len': '300' } },
  },
  { name: 'the queue is guarded', cause: 'rate-limited', server: { queueLimit: 0 } },
  {
    name: 'the pod is replaced while it is judged',
    cause: 'pod-restarted',
    server: { latencyMs: 300 },
    during(kube, { pod }) {
      kube.remove(pod)
      kube.breakForwards()
      kube.apply({ ...pod, metadata: { ...pod.metadata, uid: 'another' } })
    },
  },
  {
    name: 'the port-forward breaks while it is judged',
    cause: 'forward-broken',
    server: { latencyMs: 300 },
    during: (kube) => kube.breakForwards(),
  },

  // What real clusters do besides: several containers and pods, what the kubelet says before a container starts, texts of cloud providers.
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
    name: 'the old pod of a Deployment ends, and the next finds no place',
    cause: 'unschedulable',
    change: (world) => {
      deployment(world)
      notReady(world)
      const next = structuredClone(world.pod)
      next.metadata.name = 'workspace-phi-4-mini-toolcall-5d9c7b-zzzzz'
      unplaced(next, '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.')
      world.more.push(next)
      podIs(world, {})
      world.pod.metadata['deletionTimestamp'] = '2026-11-22T15:00:00Z'
    },
  },
  {
    name: 'the mesh container crashes, and the server waits',
    cause: 'crash-loop',
    says: ['container istio-proxy', '-c istio-proxy'],
    change: (world) => {
      notReady(world)
      podIs(world, { ready: true, started: true })
      mesh(world, { ready: false, ...crashed(255, 'Error') })
    },
  },
  {
    name: 'the worker of two nodes finds no place',
    cause: 'unschedulable',
    says: [`${pod1} cannot be scheduled`],
    server: 'loading',
    change: (world) => {
      notReady(world)
      podIs(world, { state: { running: {} } })
      unplaced(worker(world), '0/2 nodes are available: 2 Insufficient nvidia.com/gpu.')
    },
  },
  {
    name: 'the node cannot give the container its GPU',
    cause: 'container-config',
    says: ['driver/library version mismatch', 'kubectl cordon aks-ws1'],
    change: (world) => {
      notReady(world)
      const message =
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error running prestart hook #0: exit status 1, stdout: , stderr: Auto-detected mode as 'legacy' nvidia-container-cli: initialization error: nvml error: driver/library version mismatch"
      podIs(world, { state: { waiting: { reason: 'RunContainerError', message } } })
    },
  },
  {
    name: 'the pod wrote more to the disk than it may',
    cause: 'pod-evicted',
    says: ['raise its limit', 'total limit of containers 50Gi.'],
    change: (world) => {
      notReady(world)
      podIs(world, {}, 'Failed')
      const message = 'Pod ephemeral local storage usage exceeds the total limit of containers 50Gi. '
      Object.assign(statusOf(world.pod), { reason: 'Evicted', message, containerStatuses: [] })
    },
  },
  ...(
    [
      [
        'the runtime of the pod is not set up on the node',
        'pod-sandbox',
        'FailedCreatePodSandBox',
        'failed to get sandbox runtime: no runtime for "nvidia" is configured',
        'container toolkit',
      ],
      [
        'the disk of the pod is still on another node',
        'volume-not-mounted',
        'FailedAttachVolume',
        'Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one node and can\'t be attached to another',
        'kubectl get volumeattachment;',
      ],
      [
        'the driver of a volume does not run on the node',
        'volume-not-mounted',
        'FailedMount',
        'driver name localdisk.csi.acstor.io not found in the list of registered CSI drivers',
        'kubectl get csinode aks-ws1',
      ],
      [
        'the disk is in another zone',
        'volume-not-mounted',
        'FailedAttachVolume',
        "AttachVolume.Attach failed for volume \"pvc-1\" : InvalidVolume.ZoneMismatch: The volume 'vol-1' is not in the same availability zone as instance 'i-1'",
        'lies in another zone than node aks-ws1',
      ],
      [
        'the node has all the disks that it may',
        'volume-not-mounted',
        'FailedAttachVolume',
        'AttachVolume.Attach failed for volume "pvc-1" : The maximum number of data disks allowed to be attached to a VM of this size is 8.',
        'has as many disks as it may',
      ],
      [
        'the storage does not answer the node',
        'volume-not-mounted',
        'FailedMount',
        'MountVolume.SetUp failed for volume "weights" : mount failed: exit status 32 Output: mount.nfs: Connection timed out',
        'does not reach the storage',
      ],
      [
        'the Secrets Store hands nothing over',
        'volume-not-mounted',
        'FailedMount',
        'MountVolume.SetUp failed for volume "s" : rpc error: failed to mount secrets store objects for pod default/w, err: provider not found: provider "azure"',
        'kubectl get secretproviderclass',
      ],
      [
        'the node mounts no images',
        'volume-not-mounted',
        'FailedMount',
        'MountVolume.SetUp failed for volume "model" : image volumes are not supported by the container runtime',
        'mounts no images as volumes',
      ],
      [
        'the driver of a claimed device does not run',
        'container-config',
        'FailedPrepareDynamicResources',
        'Failed to prepare dynamic resources: DRA driver gpu.nvidia.com is not registered',
        'does not prepare the devices that it claims',
      ],
      [
        'the storage account refuses the pod',
        'volume-not-mounted',
        'FailedMount',
        'rpc error: code = Unknown desc = exit status 255 Error: authorization failure',
        'the right to that storage',
      ],
    ] as const
  ).map(([name, cause, reason, message, words]): Situation => ({
    name,
    cause,
    says: [words],
    change: (world) => {
      creating(world)
      world.more.push(event(world.pod, 'Warning', reason, message))
    },
  })),
  {
    name: 'the storage of a volume does not answer, and the kubelet repeats that it waits',
    cause: 'volume-not-mounted',
    says: ['No route to host'],
    change: (world) => {
      creating(world)
      const before = event(
        world.pod,
        'Warning',
        'FailedMount',
        'MountVolume.SetUp failed for volume "weights" : mount.nfs: No route to host',
      )
      before.metadata.name += '-1'
      const message = 'Unable to attach or mount volumes: unmounted volumes=[weights]: timed out waiting for the condition'
      world.more.push({ ...event(world.pod, 'Warning', 'FailedMount', message), lastTimestamp: '2026-11-22T14:30:00Z' }, before)
    },
  },
  {
    name: 'the image that is a volume of the pod does not exist',
    cause: 'image-pull',
    says: ['the registry has no registry.example/weights:1'],
    change: (world) => {
      creating(world)
      Object.assign(world.pod['spec'] as object, { volumes: [{ name: 'weights', image: { reference: 'registry.example/weights:1' } }] })
      world.more.push(
        event(world.pod, 'Warning', 'Failed', 'Failed to pull image "registry.example/weights:1": registry.example/weights:1: not found'),
      )
    },
  },
  {
    name: 'a ConfigMap that the pod mounts is missing',
    cause: 'volume-not-mounted',
    says: ['configmap \\"tc-inference-params\\" not found'],
    change: (world) => {
      creating(world)
      world.more.push(
        event(
          world.pod,
          'Warning',
          'FailedMount',
          'MountVolume.SetUp failed for volume "config-volume" : configmap "tc-inference-params" not found',
        ),
      )
    },
  },
  {
    name: 'the node has no address left for the pod',
    cause: 'pod-sandbox',
    says: ['aks-ws1', 'No available addresses'],
    change: (world) => {
      creating(world)
      world.more.push(event(world.pod, 'Warning', 'FailedCreatePodSandBox', 'Failed to create pod sandbox: IPAM: No available addresses'))
    },
  },
  {
    name: 'the image is still being pulled, and a pod of that name failed to before',
    cause: 'pod-starting',
    says: ['still being pulled'],
    change: (world) => {
      creating(world)
      world.pod.metadata['uid'] = 'now'
      const before = event(world.pod, 'Warning', 'Failed', 'Failed to pull image "mcr.microsoft.com/aks/kaito/kaito-base:0.5.0": not found')
      Object.assign(before['involvedObject'] as object, { uid: 'before' })
      world.more.push(before, event(world.pod, 'Normal', 'Pulling', 'Pulling image "mcr.microsoft.com/aks/kaito/kaito-base:0.5.0"'))
    },
  },
  {
    name: 'the liveness probe kills the server',
    cause: 'crash-loop',
    says: ['its liveness probe fails'],
    server: 'nothing',
    change: (world) => {
      notReady(world)
      podIs(world, { restartCount: 6, state: { running: {} }, lastState: { terminated: { exitCode: 137, reason: 'Error' } } })
      world.more.push(
        event(world.pod, 'Normal', 'Killing', 'Container workspace-phi-4-mini-toolcall failed liveness probe, will be restarted'),
      )
    },
  },
  {
    name: 'the liveness probe of a model on two nodes kills the server, because the worker is gone',
    cause: 'crash-loop',
    says: [
      'other processes of the model are gone',
      'kubectl get pods -l kaito.sh/workspace=workspace-phi-4-mini-toolcall -o wide -n default',
    ],
    server: 'nothing',
    change: (world) => {
      notReady(world)
      asksRay(world)
      podIs(world, { restartCount: 6, state: { running: {} }, lastState: { terminated: { exitCode: 137, reason: 'Error' } } })
      world.more.push(
        event(world.pod, 'Warning', 'Unhealthy', 'Liveness probe failed: AssertionError: Inference job not found in Ray jobs'),
      )
    },
  },
  ...(
    [
      ['PreemptionByScheduler', 'preempting to accommodate a higher priority pod', 'has to give way to a pod of higher priority'],
      ['DeletionByTaintManager', 'deleting due to NoExecute taint', 'a spot machine that is taken back'],
      ['EvictionByEvictionAPI', 'Eviction API: evicting', 'karpenter.sh/do-not-disrupt'],
    ] as const
  ).map(([reason, message, words]): Situation => ({
    name: `the pod is being taken away: ${reason}`,
    cause: 'pod-terminating',
    says: [words],
    change: (world) => {
      notReady(world)
      podIs(world, {})
      world.pod.metadata['deletionTimestamp'] = '2026-11-22T15:00:00Z'
      statusOf(world.pod).conditions.push({ type: 'DisruptionTarget', status: 'True', reason, message })
    },
  })),
  {
    name: 'the pod had to give way to another, and finds no other place',
    cause: 'unschedulable',
    says: ['had to give way to a pod of higher priority', 'kubectl get priorityclass; kubectl get pods -A'],
    change: (world) => {
      notReady(world)
      world.pod.metadata['uid'] = 'now'
      unplaced(world.pod, '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.')
      const told = preempted(world)
      Object.assign(told['involvedObject'] as object, { uid: 'before' })
      world.more.push(told)
    },
  },
  ...(
    [
      [
        'the node shuts down',
        'Failed',
        { reason: 'Terminated', message: 'Pod was terminated in response to imminent node shutdown.' },
        ['because its node aks-ws1 shuts down'],
      ],
      [
        'the device plugin has fewer GPUs than it counted',
        'Failed',
        {
          reason: 'UnexpectedAdmissionError',
          message: 'Allocate failed due to requested number of devices unavailable for nvidia.com/gpu. Requested: 1, Available: 0',
        },
        ['Node aks-ws1 gave pod', 'Its device plugin'],
      ],
      ['the pod has come to its end', 'Succeeded', {}, ['has ended without an error', 'exit code 0']],
    ] as const
  ).map(([name, phase, status, says]): Situation => ({
    name,
    cause: 'pod-evicted',
    says,
    server: 'nothing',
    change: (world) => {
      notReady(world)
      podIs(world, { state: { terminated: { exitCode: 0, reason: 'Completed' } } }, phase)
      Object.assign(statusOf(world.pod), status)
    },
  })),
  {
    name: 'the server takes longer to start than its probe allows',
    cause: 'crash-loop',
    says: ['does not answer its startup probe in time'],
    change: (world) => {
      notReady(world)
      podIs(world, crashed(137, 'Error'))
      containerOf(world)['startupProbe'] = { httpGet: { path: '/health', port: 5000 }, failureThreshold: 180, periodSeconds: 10 }
      const message = 'Startup probe failed: Get "http://10.244.7.2:5000/health": dial tcp 10.244.7.2:5000: connect: connection refused'
      world.more.push(event(world.pod, 'Warning', 'Unhealthy', message))
    },
  },
  {
    name: 'a quota forbids the pod of the worker',
    cause: 'pod-not-created',
    says: ['has 1 of 2 pods, because it is forbidden: exceeded quota', 'kubectl describe resourcequota'],
    server: 'nothing',
    change: (world) => {
      notReady(world)
      podIs(world, { state: { running: {} } })
      Object.assign(world.set['spec'] as object, { replicas: 2 })
      const message = `create Pod ${pod1} in StatefulSet failed error: pods "${pod1}" is forbidden: exceeded quota: gpu, requested: requests.nvidia.com/gpu=1, used: 1, limited: 1`
      world.more.push(event(world.set, 'Warning', 'FailedCreate', message))
    },
  },
  {
    name: 'the server dies of a fault of memory, and its log tells nothing',
    cause: 'crash-loop',
    says: ['exit code 139, SIGSEGV'],
    kube: { logs: { [`${pod0}/previous`]: 'INFO 11-22 14:00:00 [core.py:1] Initializing a V1 LLM engine\n' } },
    change: (world) => {
      notReady(world)
      podIs(world, crashed(139, 'Error'))
    },
  },
  {
    name: 'the GPU holds no cache',
    cause: 'out-of-memory',
    kube: {
      logs: { [`${pod0}/previous`]: 'ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`.\n' },
    },
    change: (world) => {
      notReady(world)
      podIs(world, crashed(1, 'Error'))
    },
  },
  {
    name: 'the pod was evicted, and its container shows as killed',
    cause: 'pod-evicted',
    says: ['was evicted'],
    change: (world) => {
      notReady(world)
      podIs(world, { state: { terminated: { exitCode: 137, reason: 'Error' } } }, 'Failed')
      Object.assign(statusOf(world.pod), { reason: 'Evicted', message: 'The node was low on resource: memory.' })
    },
  },
  {
    name: 'the pod finds its node cordoned',
    cause: 'unschedulable',
    says: ['kubectl uncordon aks-ws1'],
    change: (world) => {
      notReady(world)
      unplaced(world.pod, '0/4 nodes are available: 1 node(s) were unschedulable.')
      world.node['spec'] = { unschedulable: true }
    },
  },
  {
    name: 'no quota for GPUs, told by a NodeClaim of Karpenter',
    cause: 'gpu-quota',
    change: (world) => {
      withoutNode(world, unordered)
      world.nodeClaim.metadata.labels = {
        'karpenter.kaito.sh/workspace-name': world.workspace.metadata.name,
        'karpenter.kaito.sh/workspace-namespace': 'default',
      }
      statusOf(world.nodeClaim).conditions = [condition('Launched', 'False', 'LaunchFailed', quota) as Status['conditions'][number]]
    },
  },
  {
    name: 'Karpenter makes no NodeClaim for the NodePool',
    cause: 'nodeclaim-not-launched',
    says: ['NodePool default-workspace-phi-4-mini-toolcall: NodePool requirements filtered out', 'kubectl describe nodepool default-'],
    change: (world) => {
      withoutNode(world, unordered)
      absent(world.nodeClaim)
      const pool = { apiVersion: 'karpenter.sh/v1', kind: 'NodePool', metadata: { name: 'default-workspace-phi-4-mini-toolcall' } }
      const message = 'NodePool requirements filtered out all compatible available instance types'
      world.more.push(event(pool, 'Warning', 'NoCompatibleInstanceTypes', message))
    },
  },
  ...(
    [
      [
        'the NodeClass of the NodePool is not there',
        {},
        [condition('NodeClassReady', 'False', 'NodeClassNotFound', 'NodeClass not found on cluster')],
        ['NodeClassReady is False: NodeClass not found on cluster', 'kubectl describe nodepool pool-of-ws'],
      ],
      [
        'the NodePool may have no more nodes',
        { replicas: 1, limits: { nodes: '0' } },
        [condition('Ready', 'True', 'Ready', '')],
        ['its NodePool pool-of-ws has replicas: 1 and limits.nodes: 0', 'kubectl edit nodepool pool-of-ws'],
      ],
      [
        'Karpenter makes no nodes of pools with replicas',
        { replicas: 1 },
        [condition('Ready', 'True', 'Ready', '')],
        ['though that is ready', 'StaticCapacity'],
      ],
      ['nothing takes the NodePool up', { replicas: 1 }, [], ['no provisioner has taken up NodePool pool-of-ws']],
    ] as const
  ).map(([name, spec, conditions, says]): Situation => ({
    name,
    cause: 'nodeclaim-not-launched',
    says,
    change: (world) => {
      withoutNode(world, unordered)
      absent(world.nodeClaim)
      nodePool(world, spec, conditions)
    },
  })),
  {
    name: 'Karpenter took the order for the node back for want of room, and has made another',
    cause: 'nodeclaim-not-launched',
    says: ['free at the moment', 'event on NodeClaim pool-of-ws-xk2lp'],
    change: (world) => {
      withoutNode(world, unordered)
      const pool = nodePool(world, { replicas: 1 }, [condition('Ready', 'True', 'Ready', '')])
      const { nodeClaim } = world
      statusOf(nodeClaim).conditions = [
        condition('Launched', 'Unknown', 'AwaitingReconciliation', 'object is awaiting reconciliation') as Status['conditions'][number],
      ]
      const before = { ...nodeClaim, metadata: { ...nodeClaim.metadata, name: `${pool.metadata.name}-xk2lp` } }
      const message = 'NodeClaim pool-of-ws-xk2lp event: insufficient capacity, all requested instance types were unavailable during launch'
      world.more.push(event(before, 'Warning', 'InsufficientCapacityError', message))
    },
  },
  {
    name: 'the NodePool may have one node, and the workspace needs two',
    cause: 'nodeclaim-not-launched',
    says: ['has replicas: 2 and limits.nodes: 1'],
    change: (world) => {
      withoutNode(world, unordered)
      statusOf(world.workspace)['targetNodeCount'] = 2
      world.node.kind = 'Node'
      nodePool(world, { replicas: 2, limits: { nodes: '1' } }, [condition('Ready', 'True', 'Ready', '')])
    },
  },
  {
    name: 'the NodePools may not be read',
    cause: 'nodeclaim-not-launched',
    says: ['there is no NodeClaim for it', 'may not list nodepools'],
    kube: { rights: without('karpenter.sh', 'nodepools') },
    change: (world) => {
      withoutNode(world, unordered)
      absent(world.nodeClaim)
    },
  },
  {
    name: 'no virtual processors are left in the region',
    cause: 'gpu-quota',
    change: (world) => {
      const text = 'creating agentpool failed: ErrCode_InsufficientVCPU: Insufficient regional vcpus left for location eastus'
      withoutNode(world, [
        ['NodeClaimReady', 'LaunchFailed', text],
        ['ResourceReady', 'LaunchFailed', text],
      ])
      statusOf(world.nodeClaim).conditions = [condition('Launched', 'False', 'LaunchFailed', text) as Status['conditions'][number]]
    },
  },
  ...(
    [
      [
        'EC2 has no virtual processors left for the account',
        'gpu-quota',
        'insufficient capacity, with fleet error(s), VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of 0 allows for the instance bucket that the specified instance type belongs to.',
        ['the AWS account has no quota left for p4d.24xlarge.', 'aws service-quotas list-service-quotas'],
      ],
      [
        'EC2 has no spot machines left for the account',
        'gpu-quota',
        'insufficient capacity, with fleet error(s), MaxSpotInstanceCountExceeded: Max spot instance count exceeded',
        ['as a spot machine', 'karpenter.sh/capacity-type: on-demand'],
      ],
      [
        'EC2 has no such machine free',
        'nodeclaim-not-launched',
        'insufficient capacity, with fleet error(s), InsufficientInstanceCapacity: We currently do not have sufficient p4d.24xlarge capacity in the Availability Zone you requested (us-east-1a).',
        ['no p4d.24xlarge free at the moment', 'aws ec2 describe-instance-type-offerings'],
      ],
      [
        'EC2 does not have such machines in the zone',
        'nodeclaim-not-launched',
        'insufficient capacity, with fleet error(s), Unsupported: Your requested instance type (p4d.24xlarge) is not supported in your requested Availability Zone (us-east-1e).',
        ['p4d.24xlarge is not offered in that region'],
      ],
      [
        'the subnet of EC2 has no address left',
        'nodeclaim-not-launched',
        'insufficient capacity, with fleet error(s), InsufficientFreeAddressesInSubnet: There are not enough free addresses in subnet subnet-0a to satisfy the requested number of instances.',
        ['its subnet has no address left'],
      ],
      [
        'nothing takes the order for a machine of EC2 up',
        'nodeclaim-not-launched',
        undefined,
        ['kubectl get deployment -A | grep -i karpenter'],
      ],
    ] as const
  ).map(([name, cause, message, says]): Situation => ({
    name,
    cause,
    says,
    change: (world) => {
      withoutNode(world, unordered)
      Object.assign(world.workspace['resource'] as object, { instanceType: 'p4d.24xlarge' })
      Object.assign(world.nodeClaim['spec'] as object, {
        nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' },
      })
      statusOf(world.nodeClaim).conditions = message
        ? [condition('Launched', 'False', 'LaunchFailed', message) as Status['conditions'][number]]
        : []
    },
  })),
  {
    name: 'Google Cloud has no GPUs left for the project',
    cause: 'gpu-quota',
    says: ['the project has no quota left for a2-highgpu-1g', 'gcloud compute regions describe REGION'],
    change: (world) => {
      withoutNode(world, unordered)
      Object.assign(world.workspace['resource'] as object, { instanceType: 'a2-highgpu-1g' })
      Object.assign(world.nodeClaim, { spec: {} })
      const message = "creating instance: QUOTA_EXCEEDED: Quota 'NVIDIA_A100_GPUS' exceeded. Limit: 0.0 in region us-central1."
      statusOf(world.nodeClaim).conditions = [condition('Launched', 'False', 'LaunchFailed', message) as Status['conditions'][number]]
    },
  },
  {
    name: 'the node is lost, and an event of before speaks of quota',
    cause: 'node-not-ready',
    server: 'nothing',
    change: (world) => {
      world.workspace['status'] = workspaceStatus('NotReady', [
        ['NodesReady', 'NodeNotReady', 'Not enough Nodes are ready'],
        ['ResourceReady', 'workspaceResourceStatusNotReady', 'node status condition not ready'],
        ...waiting(),
      ])
      statusOf(world.node).conditions = [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' }]
      world.more.push(event(world.nodeClaim, 'Warning', 'LaunchFailed', quota))
    },
  },
  {
    name: 'the node does not register its GPU',
    cause: 'node-plugin-missing',
    change: (world) => {
      withoutNode(world, [
        ['NodesReady', 'NodeNotReady', 'Not enough Nodes are ready'],
        ['NodeClaimReady', 'NodeClaimNotReady', 'Ready NodeClaims are not enough'],
        ['ResourceReady', 'NodeClaimNotReady', 'Ready NodeClaims are not enough'],
      ])
      statusOf(world.nodeClaim).conditions = [
        condition('Launched', 'True', 'Launched', '') as Status['conditions'][number],
        condition(
          'Initialized',
          'Unknown',
          'ResourceNotRegistered',
          'Resource "nvidia.com/gpu" was requested but not registered',
        ) as Status['conditions'][number],
      ]
    },
  },
  {
    name: 'the controller went down while the node came',
    cause: 'controller-down',
    says: ['kubectl scale deployment kaito-workspace --replicas=1'],
    change: (world) => {
      withoutNode(world, [
        ['NodesReady', 'NodeNotReady', 'Not enough Nodes are ready'],
        ['NodeClaimReady', 'NodeClaimNotReady', 'Ready NodeClaims are not enough'],
        ['ResourceReady', 'NodeClaimNotReady', 'Ready NodeClaims are not enough'],
      ])
      world.node.kind = 'Node'
      Object.assign(world.controller['spec'] as object, { replicas: 0 })
      Object.assign(world.controller, { status: {} })
    },
  },
  {
    name: 'the readiness probe fails, and KAITO 0.8 still says True',
    cause: 'pod-not-ready',
    change: (world) => {
      delete containerOf(world)['startupProbe']
      podIs(world, { started: true })
    },
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
    name: 'a Deployment may make no pod',
    cause: 'pod-not-created',
    says: ['exceeded quota', 'kubectl describe resourcequota'],
    change: (world) => {
      deployment(world)
      notReady(world)
      for (const thing of [world.pod, world.slice]) absent(thing)
      const set = { ...world.set, kind: 'ReplicaSet', metadata: { ...world.set.metadata, name: `${world.set.metadata.name}-5d9c7b` } }
      world.more.push(event(set, 'Warning', 'FailedCreate', 'Error creating: pods "w" is forbidden: exceeded quota: gpus'))
    },
  },
  {
    name: 'the workspace is deleted while it is judged',
    cause: 'workspace-deleting',
    server: { latencyMs: 300 },
    during(kube, { workspace, pod }) {
      kube.remove(workspace)
      kube.remove(pod)
      kube.breakForwards()
    },
  },

  // Deleted, drained, evicted, scaled, relabelled or reconfigured, before the run and during it.
  {
    name: 'the workspace is being deleted, and everything still runs',
    cause: 'workspace-deleting',
    says: ['workspace.finalizer.kaito.sh', 'WorkspaceDeleting'],
    inVain: true,
    change: ({ workspace }) => {
      Object.assign(workspace.metadata, { deletionTimestamp: '2026-11-22T15:00:00Z', finalizers: ['workspace.finalizer.kaito.sh'] })
      statusOf(workspace).conditions.push(
        condition('WorkspaceDeleting', 'True', 'workspaceDeleted', 'workspace is being deleted') as Status['conditions'][number],
      )
    },
  },
  {
    name: 'the region has no capacity at the moment',
    cause: 'nodeclaim-not-launched',
    says: ['at the moment'],
    meanwhile: 'has no Standard_NC24ads_A100_v4 free at the moment',
    change: (world) => {
      const text =
        'creating agentpool failed: ZonalAllocationFailed: Allocation failed. We do not have sufficient capacity for the requested VM size'
      withoutNode(world, [
        ['NodeClaimReady', 'LaunchFailed', text],
        ['ResourceReady', 'LaunchFailed', text],
      ])
    },
  },
  ...(
    [
      ['KAITO does not know the preset', 'Unsupported inference preset name gpt-9-mega: inference.presetName'],
      [
        'the VM size is too small for the preset',
        'Insufficient total GPU memory: Instance type Standard_NV6ads_A10_v5 has a total of 80Gi, but preset llama-3.3-70b-instruct requires at least 141111150510080m: resource.instanceType',
      ],
    ] as const
  ).map(([name, message]): Situation => ({
    name,
    cause: 'workspace-invalid',
    says: [message.slice(0, 40)],
    inVain: true,
    change: (world) => {
      for (const thing of [world.service, world.slice, world.set, world.pod, world.nodeClaim]) absent(thing)
      world.workspace['status'] = workspaceStatus('NotReady', [
        ['ResourceReady', 'workspaceResourceStatusFailed', `validation failed: invalid value: ${message}`],
        ...waiting('workspaceFailed', `invalid value: ${message}`),
      ])
    },
  })),
  {
    name: 'the container was killed once and loads again, behind True conditions',
    cause: 'still-loading',
    says: ['ended once', 'exit code 137, OOMKilled'],
    server: 'nothing',
    change: (world) =>
      podIs(world, {
        restartCount: 1,
        state: { running: { startedAt: '2026-11-22T14:20:00Z' } },
        lastState: { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: '2026-11-22T14:20:00Z' } },
      }),
  },
  {
    name: 'healthy, though conditions are older than a change that asks for nothing new',
    change: ({ workspace }) => Object.assign(workspace.metadata, { generation: 5 }),
  },
  {
    name: 'the conditions are older than a change of the preset',
    cause: 'status-behind',
    says: ['it asks for llama-3.1-8b-instruct, and qwen2.5-coder-7b-instruct is served', 'metadata.generation: 3'],
    meanwhile: 'the conditions are older than the last change (generation 3)',
    change: ({ workspace }) => {
      Object.assign(workspace.metadata, { generation: 3 })
      workspace['inference'] = { preset: { name: 'llama-3.1-8b-instruct', accessMode: 'public', presetOptions: {} } }
    },
  },
  {
    name: 'the conditions are older than the ConfigMap that the workspace names',
    cause: 'status-behind',
    says: ['tc-inference-params'],
    change: ({ workspace }) => {
      Object.assign(workspace.metadata, { generation: 3 })
      Object.assign(workspace['inference'] as object, { config: 'tc-inference-params' })
    },
  },
  {
    name: 'the StatefulSet is scaled to nothing, and the conditions still say True',
    cause: 'pod-not-created',
    says: ['--replicas=1'],
    change: (world) => {
      absent(world.pod)
      absent(world.slice)
      Object.assign(world.set['spec'] as object, { replicas: 0 })
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
  {
    name: 'the node is drained, and its pod finds no other',
    cause: 'unschedulable',
    says: ['kubectl uncordon aks-ws1'],
    change: (world) => {
      unplaced(world.pod, '0/1 nodes are available: 1 node(s) were unschedulable.')
      world.slice['endpoints'] = null
      world.node['spec'] = { unschedulable: true }
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
  {
    name: 'the ConfigMap sets a parser, and the server was started before',
    cause: 'config-not-applied',
    says: ['tc-inference-params', `kubectl delete pod ${pod0}`],
    server: { parser: 'none' },
    change: (world) => {
      strip(world, ['tool-call-parser', 'enable-auto-tool-choice'])
      Object.assign(world.workspace['inference'] as object, { config: 'tc-inference-params' })
      world.more.push({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'tc-inference-params', namespace: 'default' },
        data: { 'inference_config.yaml': 'vllm:\n  tool-call-parser: hermes\n  enable-auto-tool-choice: true\n' },
      })
    },
  },
  {
    name: 'the model is a base model without a chat template',
    cause: 'no-chat-template',
    says: ['was never trained to call tools'],
    server: { fault: withoutTemplate() },
  },
  unfit({
    name: 'KAITO wires functiongemma for gemma-3, and the model writes Python',
    says: [
      'KAITO v0.12 wires the parser functiongemma for gemma-3-4b-instruct',
      '--tool-call-parser=functiongemma',
      'tool_choice required',
    ],
    preset: 'gemma-3-4b-instruct',
    model: 'google/gemma-3-4b-it',
    served: 'gemma-3-4b-it',
    parser: 'functiongemma',
    writes: (name, values) =>
      `\`\`\`tool_code\n${name}(${values.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(', ')})\n\`\`\``,
  }),
  unfit({
    name: 'KAITO wires functiongemma for gemma-3, and the model writes JSON',
    says: ['JSON in its text'],
    preset: 'gemma-3-4b-instruct',
    model: 'google/gemma-3-4b-it',
    served: 'gemma-3-4b-it',
    parser: 'functiongemma',
    writes: (name, values) => `\`\`\`json\n${JSON.stringify({ name, parameters: Object.fromEntries(values) })}\n\`\`\``,
  }),
  unfit({
    name: 'KAITO wires qwen3_coder for Nemotron Nano v2, whose form only a plugin reads',
    says: [
      'KAITO v0.12 wires the parser qwen3_coder for nvidia-nemotron-nano-9b-v2',
      'JSON in <TOOLCALL>',
      '--tool-parser-plugin FILE --tool-call-parser nemotron_json',
    ],
    preset: 'nvidia-nemotron-nano-9b-v2',
    model: 'nvidia/NVIDIA-Nemotron-Nano-9B-v2',
    served: 'nvidia-nemotron-nano-9b-v2',
    parser: 'qwen3_coder',
    writes: (name, values) => `<TOOLCALL>[${JSON.stringify({ name, arguments: Object.fromEntries(values) })}]</TOOLCALL>`,
  }),
  ...(
    [
      ['and the port-forward hangs', (kube) => kube.freezeForwards()],
      ['and the port-forward still carries', () => {}],
    ] as readonly (readonly [string, (kube: KubeServer) => void])[]
  ).map(([how, forwards]): Situation => ({
    name: `the node is drained while the workspace is judged, ${how}`,
    cause: 'pod-restarted',
    says: ['Node aks-ws1 was drained', 'kubectl uncordon aks-ws1'],
    server: { latencyMs: 300 },
    during(kube, { pod, node }) {
      forwards(kube)
      kube.apply({ ...node, spec: { unschedulable: true } })
      kube.remove(pod)
    },
  })),
  {
    name: 'the node is drained while the workspace is judged, and the next pod finds no other',
    cause: 'pod-restarted',
    says: ['Node aks-ws1 was drained'],
    server: { latencyMs: 300 },
    during(kube, { pod, node }) {
      kube.freezeForwards()
      kube.apply({ ...node, spec: { unschedulable: true } })
      kube.remove(pod)
      const next = structuredClone(pod)
      next.metadata['uid'] = 'the-next'
      unplaced(next, '0/1 nodes are available: 1 node(s) were unschedulable.')
      kube.apply(next)
    },
  },
  {
    name: 'the pod ends while it is judged, and takes its time',
    cause: 'pod-restarted',
    says: ['no other has taken its place'],
    server: { latencyMs: 300 },
    during(kube, { pod }) {
      kube.freezeForwards()
      kube.apply({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-11-22T15:00:00Z' } })
    },
  },
  {
    name: 'the pod is evicted while it is judged',
    cause: 'pod-evicted',
    says: ['ephemeral-storage'],
    server: { latencyMs: 300 },
    during(kube, { pod }) {
      kube.freezeForwards()
      kube.apply({
        ...pod,
        status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: ephemeral-storage.', containerStatuses: [] },
      })
    },
  },
  {
    name: 'the StatefulSet is scaled to nothing while the workspace is judged',
    cause: 'pod-restarted',
    says: ['was scaled to 0', '--replicas=1'],
    server: { latencyMs: 300 },
    during(kube, { pod, set }) {
      kube.freezeForwards()
      kube.apply({ ...set, spec: { ...(set['spec'] as object), replicas: 0 } })
      kube.remove(pod)
    },
  },
  {
    name: 'the StatefulSet is rolled while the workspace is judged',
    cause: 'pod-restarted',
    says: ['was changed or restarted', 'kubectl rollout status'],
    server: { latencyMs: 300 },
    during(kube, { pod, set }) {
      kube.breakForwards()
      const template = structuredClone((set['spec'] as { template: { metadata: object } }).template)
      Object.assign(template.metadata, { annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-11-22T15:00:00Z' } })
      kube.apply({ ...set, spec: { ...(set['spec'] as object), template } })
      kube.apply({ ...pod, metadata: { ...pod.metadata, uid: 'another' } })
    },
  },
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
    name: 'the workspace is deleted and made again while it is judged',
    cause: 'workspace-deleting',
    says: ['deleted and made again'],
    server: { latencyMs: 300 },
    during(kube, { workspace, pod }) {
      kube.freezeForwards()
      kube.remove(pod)
      kube.remove(workspace)
      kube.apply({ ...workspace, metadata: { ...workspace.metadata, uid: 'another' }, status: workspaceStatus('Pending', waiting()) })
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
    name: 'the pull secret is missing',
    cause: 'image-pull',
    says: ['Unable to retrieve some image pull secrets (acr)'],
    change: (world) => {
      creating(world)
      const message = 'Back-off pulling image: ErrImagePull: failed to authorize: unexpected status: 401 Unauthorized'
      podIs(world, { state: { waiting: { reason: 'ImagePullBackOff', message } } }, 'Pending')
      world.more.push(event(world.pod, 'Warning', 'FailedToRetrieveImagePullSecret', 'Unable to retrieve some image pull secrets (acr)'))
    },
  },
  {
    name: 'the StorageClass of a claim does not exist',
    cause: 'unschedulable',
    says: ['kubectl describe pvc', 'storageclass.storage.k8s.io \\"fast\\" not found'],
    change: (world) => {
      notReady(world)
      unplaced(world.pod, '0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.')
      const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: `weights-${pod0}`, namespace: 'default' } }
      world.more.push(event(claim, 'Warning', 'ProvisioningFailed', 'storageclass.storage.k8s.io "fast" not found'))
    },
  },
  ...(
    [
      ['is full of pods', '1 Too many pods', 'The node runs as many pods as it may'],
      ['has too small a local disk', '1 node(s) did not have enough free storage', 'The disk that the pod claims does not fit'],
      ['has too little memory', '1 Insufficient memory', 'more memory than the node has left'],
    ] as const
  ).map(([what, lacking, words]): Situation => ({
    name: `the node ${what}, and others have not the labels`,
    cause: 'unschedulable',
    says: [words],
    change: (world) => {
      notReady(world)
      unplaced(
        world.pod,
        `0/3 nodes are available: ${lacking}, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.`,
      )
    },
  })),
  ...(
    [
      ['claims a device that no node has', '1 cannot allocate all claims.', 'kubectl get resourceslices,deviceclasses'],
      ['has its disk in another zone', '1 node(s) had volume node affinity conflict.', 'lies in a zone in which no fitting node is'],
      [
        'needs a port that another has',
        "1 node(s) didn't have free ports for the requested pod ports.",
        'Another pod on the node has the port',
      ],
      ['may not stand beside another', "1 node(s) didn't match pod anti-affinity rules.", 'which pods may stand beside each other'],
      ['asks for a slice that is in use', '1 Insufficient nvidia.com/mig-1g.10gb.', 'All slices of that size are in use'],
      ['asks for more disk than there is', '1 Insufficient ephemeral-storage.', 'more ephemeral-storage than the node has left'],
    ] as const
  ).map(([what, lacking, words]): Situation => ({
    name: `the pod ${what}`,
    cause: 'unschedulable',
    says: [words],
    change: (world) => {
      notReady(world)
      unplaced(
        world.pod,
        `0/1 nodes are available: ${lacking} preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.`,
      )
    },
  })),
  ...(
    [
      ['is taken away by Karpenter', 'karpenter.sh/disrupted', 'Node aks-ws1 is being taken away'],
      ['is a spot machine', 'cloud.google.com/gke-spot', 'The node is a spot machine'],
      ['waits for its network plugin', 'node.cilium.io/agent-not-ready', 'not set up to its end'],
    ] as const
  ).map(([what, key, words]): Situation => ({
    name: `the node ${what}, and its pod finds no other`,
    cause: 'unschedulable',
    says: [words],
    change: (world) => {
      notReady(world)
      unplaced(world.pod, '0/1 nodes are available: 1 node(s) had untolerated taint(s).')
      world.node['spec'] = { taints: [{ key, value: 'true', effect: 'NoSchedule' }] }
    },
  })),
  {
    name: 'the node has a taint whose value is another than the pod tolerates',
    cause: 'unschedulable',
    says: ['kubectl taint node aks-ws1 sku=h100:NoSchedule-'],
    change: (world) => {
      notReady(world)
      Object.assign(world.pod['spec'] as object, {
        tolerations: [
          { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' },
          { key: 'sku', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' },
        ],
      })
      unplaced(world.pod, '0/1 nodes are available: 1 node(s) had untolerated taint(s).')
      world.node['spec'] = { taints: [{ key: 'sku', value: 'h100', effect: 'NoSchedule' }] }
    },
  },
  {
    name: 'the node has a taint, which the scheduler does not name',
    cause: 'unschedulable',
    says: ['kubectl taint node aks-ws1 maintenance=true:NoExecute-'],
    change: (world) => {
      notReady(world)
      Object.assign(world.pod['spec'] as object, { tolerations: [{ key: 'sku', operator: 'Exists' }] })
      unplaced(world.pod, '0/1 nodes are available: 1 node(s) had untolerated taint(s).')
      world.node['spec'] = {
        taints: [
          { key: 'sku', value: 'gpu', effect: 'NoSchedule' },
          { key: 'maintenance', value: 'true', effect: 'NoExecute' },
        ],
      }
    },
  },
  {
    name: 'the node is under disk pressure, which the scheduler does not say',
    cause: 'unschedulable',
    says: ['Free what the node lacks', 'kubectl describe node aks-ws1'],
    change: (world) => {
      notReady(world)
      unplaced(world.pod, '0/1 nodes are available: 1 node(s) had untolerated taint(s).')
      world.node['spec'] = { taints: [{ key: 'node.kubernetes.io/disk-pressure', effect: 'NoSchedule' }] }
    },
  },
  {
    name: 'the ConfigMap was corrected after the server refused an argument',
    cause: 'crash-loop',
    says: ['has been corrected since'],
    meanwhile: 'unrecognized arguments: --swap-space 4',
    kube: { logs: { [`${pod0}/previous`]: 'inference_api.py: error: unrecognized arguments: --swap-space 4\n' } },
    change: (world) => {
      notReady(world)
      podIs(world, crashed(2, 'Error'))
      configured(world, 'vllm:\n  max-model-len: 4096\n')
    },
  },
  {
    name: 'the ConfigMap holds a value that the server refuses',
    cause: 'crash-loop',
    says: ['Correct max-model-len in inference_config.yaml'],
    inVain: true,
    kube: { logs: { [`${pod0}/previous`]: "inference_api.py: error: argument --max-model-len: Value 'lots' cannot be converted\n" } },
    change: (world) => {
      notReady(world)
      podIs(world, crashed(2, 'Error'))
      configured(world, 'vllm:\n  max-model-len: lots\n')
    },
  },
  {
    name: 'the ConfigMap is no YAML',
    cause: 'crash-loop',
    says: ['inference_config.yaml in ConfigMap tc-inference-params is no YAML'],
    kube: {
      logs: {
        [`${pod0}/previous`]:
          'Traceback (most recent call last):\n  File "/workspace/vllm/inference_api.py", line 1\nyaml.scanner.ScannerError: mapping values are not allowed here\n  in "/mnt/config/inference_config.yaml", line 2, column 7\n',
      },
    },
    change: (world) => {
      notReady(world)
      podIs(world, crashed(1, 'Error'))
      configured(world, 'vllm:\n  a: b: c\n')
    },
  },
  {
    name: 'the namespace is being deleted',
    cause: 'workspace-deleting',
    says: ['Namespace default is being deleted'],
    inVain: true,
    change: (world) => refusedPod(world, 'is forbidden: unable to create new content in namespace default because it is being terminated'),
  },
  ...(
    [
      [
        'a webhook denies the pod',
        'admission webhook "validation.gatekeeper.sh" denied the request: you must provide labels: owner',
        'because it is forbidden: you must provide labels: owner',
      ],
      [
        'a webhook for pods does not answer',
        'Internal error occurred: failed calling webhook "istio.io": no endpoints available for service "istiod"',
        'because a webhook does not answer (istio.io): no endpoints available',
      ],
      [
        'a webhook for pods has a certificate that has expired',
        'Internal error occurred: failed calling webhook "mpod.example": failed to call webhook: Post "https://hook.example.svc:443/mutate": tls: failed to verify certificate: x509: certificate has expired',
        'shows a certificate that is not accepted (mpod.example)',
      ],
      [
        'a policy of Kyverno denies the pod',
        'admission webhook "validate.kyverno.svc-fail" denied the request: resource Pod/default/w was blocked due to the following policies: disallow-latest',
        'kubectl get clusterpolicies,policies -A (Kyverno)',
      ],
      [
        'a policy of the API server denies the pod',
        "is forbidden: ValidatingAdmissionPolicy 'gpu' with binding 'gpu' denied request: no GPUs in this namespace",
        'kubectl get validatingadmissionpolicies,validatingadmissionpolicybindings',
      ],
      [
        'a quota counts what the pod does not ask for',
        'is forbidden: failed quota: cpu: must specify limits.cpu for: w',
        'let a LimitRange of the namespace set it',
      ],
      ['the PriorityClass of the pod does not exist', 'is forbidden: no PriorityClass with name high was found', 'Make that PriorityClass'],
      [
        'the service account of the pod does not exist',
        'is forbidden: error looking up service account default/ws: serviceaccount "ws" not found',
        'kubectl get serviceaccount -n default',
      ],
      [
        'the pod would be invalid',
        'is invalid: spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to nvidia.com/gpu limit of 1',
        'because it would be invalid: spec.containers[0]',
      ],
    ] as const
  ).map(([name, message, words]): Situation => ({
    name,
    cause: 'pod-not-created',
    says: [words],
    change: (world) => refusedPod(world, message),
  })),
  {
    name: 'KAITO refused the preset of before the last change',
    cause: 'status-behind',
    says: ['it still says of what was asked before', 'gpt-9-mega', 'metadata.generation: 3'],
    meanwhile: 'it still says of what was asked before',
    change: (world) => {
      const message = 'Unsupported inference preset name gpt-9-mega: inference.presetName'
      for (const thing of [world.service, world.slice, world.set, world.pod, world.nodeClaim]) absent(thing)
      Object.assign(world.workspace.metadata, { generation: 3 })
      world.workspace['status'] = workspaceStatus('NotReady', [
        ['ResourceReady', 'workspaceResourceStatusFailed', `validation failed: invalid value: ${message}`],
        ...waiting('workspaceFailed', `invalid value: ${message}`),
      ])
    },
  },
  {
    name: 'a workspace of that name was refused before this one was made',
    cause: 'pod-starting',
    meanwhile: 'its container has not been started yet',
    change: (world) => {
      creating(world)
      world.workspace.metadata['uid'] = 'now'
      const before = event(world.workspace, 'Warning', 'Failed', 'Unsupported inference preset name gpt-9-mega: inference.presetName')
      Object.assign(before['involvedObject'] as object, { uid: 'before' })
      world.more.push(before)
    },
  },
  {
    name: 'the NodeClaim is being deleted, and its node is gone',
    cause: 'nodeclaim-not-launched',
    says: ['NodeClaim ws1 is being deleted, and no other has taken its place'],
    change: (world) => {
      withoutNode(world, [
        ['NodesReady', 'NodeNotReady', 'Not enough Nodes are ready'],
        ['NodeClaimReady', 'NodeClaimNotReady', 'Ready NodeClaims are not enough'],
        ['ResourceReady', 'NodeClaimNotReady', 'Ready NodeClaims are not enough'],
      ])
      world.nodeClaim.metadata['deletionTimestamp'] = '2026-11-22T15:00:00Z'
    },
  },
  {
    name: 'the node is being drained, and the conditions still say True',
    cause: 'pod-terminating',
    says: ['Node aks-ws1 is being drained', 'kubectl uncordon aks-ws1'],
    server: 'nothing',
    change: (world) => {
      podIs(world, {})
      world.pod.metadata['deletionTimestamp'] = '2026-11-22T15:00:00Z'
      world.node['spec'] = { unschedulable: true }
    },
  },
  {
    name: 'the StatefulSet was deleted, and the conditions still say True',
    cause: 'workload-absent',
    change: (world) => [world.set, world.pod, world.slice].forEach(absent),
  },
  {
    name: 'the node was removed, and the conditions still say True',
    cause: 'node-not-ready',
    says: ['no longer exists'],
    server: 'nothing',
    change: ({ node }) => absent(node),
  },
  {
    name: 'the right to portforward is taken away while the workspace is judged',
    cause: 'rbac',
    says: ['pods/portforward'],
    server: { latencyMs: 300 },
    during(kube) {
      kube.restrict(without('', 'pods/portforward'))
      kube.breakForwards()
    },
  },
  {
    name: 'a NetworkPolicy shuts the way while the workspace is judged',
    cause: 'network-silence',
    says: ['NetworkPolicies made while it was judged: deny-all'],
    server: { latencyMs: 300 },
    during(kube) {
      kube.freezeForwards()
      kube.apply({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'deny-all', namespace: 'default' } })
    },
  },
  {
    name: 'the token expires while the workspace is judged',
    cause: 'kubeconfig-expired',
    says: ['401'],
    kube: { token: 'fresh' },
    env: { MOCK_TOKEN: 'fresh' },
    server: { latencyMs: 300 },
    during(kube) {
      kube.rename('another')
      kube.breakForwards()
    },
  },
  {
    name: 'the node is removed while the workspace is judged',
    cause: 'pod-restarted',
    says: ['Node aks-ws1 was removed'],
    server: { latencyMs: 300 },
    during(kube, { pod, node }) {
      kube.freezeForwards()
      kube.remove(node)
      kube.remove(pod)
    },
  },
  {
    name: 'the StatefulSet is deleted while the workspace is judged',
    cause: 'pod-restarted',
    says: [`StatefulSet workspace-phi-4-mini-toolcall was deleted while it was judged`],
    server: { latencyMs: 300 },
    during(kube, { pod, set }) {
      kube.freezeForwards()
      kube.remove(set)
      kube.remove(pod)
    },
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
  {
    name: 'the container is killed for memory while the workspace is judged',
    cause: 'out-of-memory',
    says: ['OOMKilled', '0 restarts at the beginning, 1 at the end'],
    server: { latencyMs: 300 },
    during: (kube, world) => restarted(kube, world, 'OOMKilled'),
  },
  ...(
    [
      [
        'the server runs out of GPU memory while the workspace is judged',
        'out-of-memory',
        ['ran out of GPU memory while it was judged', 'gpu-memory-utilization'],
        'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.',
      ],
      [
        'the GPU fails while the workspace is judged',
        'pod-restarted',
        ['crashed while it was judged: torch.AcceleratorError: CUDA error: uncorrectable ECC error', 'kubectl delete nodeclaim ws1'],
        'torch.AcceleratorError: CUDA error: uncorrectable ECC error encountered',
      ],
    ] as const
  ).map(([name, cause, says, line]): Situation => ({
    name,
    cause,
    says,
    server: { latencyMs: 300 },
    kube: {
      logs: {
        // The process that serves only says where to look.
        [`${pod0}/previous`]: `(EngineCore pid=57) ERROR 11-22 18:06:46 [core.py:842] ${line}\n(APIServer pid=1) ERROR 11-22 18:06:46 [async_llm.py:546] vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue. See stack trace (above) for the root cause.\n`,
      },
    },
    during: (kube, world) => restarted(kube, world, 'Error', 1),
  })),
  {
    name: 'a container of a mesh is killed for memory while the workspace is judged, after a restart of the server long ago',
    cause: 'pod-restarted',
    says: ['Container istio-proxy', 'which is not the server', 'OOMKilled', '-c istio-proxy'],
    server: { latencyMs: 300 },
    change(world) {
      mesh(world, {})
      Object.assign(statusOf(world.pod).containerStatuses[1] as object, {
        restartCount: 2,
        lastState: { terminated: { exitCode: 1, reason: 'Error', finishedAt: '2026-10-01T00:00:00Z' } },
      })
    },
    during(kube, world) {
      Object.assign(statusOf(world.pod).containerStatuses[0] as object, {
        restartCount: 1,
        lastState: { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: '2026-11-22T15:00:00Z' } },
      })
      kube.apply(world.pod)
      kube.breakForwards()
    },
  },
  {
    name: 'the liveness probe fails while the workspace is judged',
    cause: 'pod-restarted',
    says: ['because its liveness probe failed'],
    server: { latencyMs: 300 },
    during(kube, world) {
      kube.apply(event(world.pod, 'Normal', 'Killing', 'Container workspace-phi-4-mini-toolcall failed liveness probe, will be restarted'))
      restarted(kube, world, 'Error')
    },
  },
  {
    name: 'the liveness probe of a model on two nodes fails while the workspace is judged',
    cause: 'pod-restarted',
    says: ['other processes of the model are gone', 'Ray actor 1 is DEAD'],
    server: { latencyMs: 300 },
    change: asksRay,
    during(kube, world) {
      kube.apply(event(world.pod, 'Warning', 'Unhealthy', 'Liveness probe failed: ERROR:root:Ray actor 1 is DEAD'))
      restarted(kube, world, 'Error')
    },
  },
  {
    name: 'the pod has to give way to another while the workspace is judged',
    cause: 'pod-restarted',
    says: ['had to give way to a pod of higher priority while it was judged'],
    server: { latencyMs: 300 },
    during(kube, world) {
      kube.freezeForwards()
      kube.remove(world.pod)
      kube.apply(preempted(world))
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

const portOf = (service: Thing): Record<string, unknown> => (service['spec'] as { ports: Record<string, unknown>[] }).ports[0] ?? {}

/** The workspace names a ConfigMap with this text. */
function configured(world: World, text: string): void {
  Object.assign(world.workspace['inference'] as object, { config: 'tc-inference-params' })
  world.more.push({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'tc-inference-params', namespace: 'default' },
    data: { 'inference_config.yaml': text },
  })
}

/** The StatefulSet may not make its pod. */
function refusedPod(world: World, message: string): void {
  notReady(world)
  for (const thing of [world.pod, world.slice]) absent(thing)
  world.more.push(event(world.set, 'Warning', 'FailedCreate', `create Pod ${pod0} in StatefulSet failed error: pods "${pod0}" ${message}`))
}

/** The container of the pod ended and is loading again. */
function restarted(kube: KubeServer, world: World, reason: string, exitCode = 137): void {
  podIs(world, {
    restartCount: 1,
    state: { running: { startedAt: '2026-11-22T15:00:00Z' } },
    lastState: { terminated: { exitCode, reason, finishedAt: '2026-11-22T15:00:00Z' } },
  })
  kube.apply(world.pod)
  kube.breakForwards()
}

/** Chats are refused as vLLM refuses them for a tokenizer that has no chat template. Source: vllm/renderers/hf.py (0.25.1). */
function withoutTemplate(): Fault {
  const message =
    'As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template if the tokenizer does not define one.'
  return {
    id: 'no-chat-template',
    what: 'The tokenizer has no chat template.',
    trigger: [],
    verdict: (refusal) => refusal ?? { status: 400, message, type: 'BadRequestError', param: null },
  }
}

/** The model writes calls in a form of its own, and they come through as text. */
/** KAITO wires a parser for a preset that does not read what its model writes. */
function unfit(unfitting: {
  readonly name: string
  readonly says: readonly string[]
  readonly preset: string
  readonly model: string
  readonly served: string
  readonly parser: string
  readonly writes: (name: string, values: readonly (readonly [string, unknown])[]) => string
}): Situation {
  const { name, says, preset, model, served, parser, writes } = unfitting
  return {
    name,
    cause: 'parser-unfit',
    says,
    options: { preset, model, flags: { 'tool-call-parser': parser, 'served-model-name': served } },
    change: (world) => strip(world, ['chat-template']),
    server: {
      model: served,
      fault: {
        id: 'calls-in-another-form',
        what: 'Calls of auto come through as text, in the form of the model.',
        trigger: [],
        said(said, { turn }) {
          if (turn.mode !== 'auto' || said.calls.length === 0) return
          said.text = said.calls.map((call) => writes(call.name, Object.entries(JSON.parse(call.arguments) as object))).join('\n')
          said.calls = []
        },
      },
    },
  }
}

/** A change of a kubeconfig, which is JSON here. */
function changed(
  change: (config: {
    clusters: { cluster: Record<string, unknown> }[]
    users: { user: Record<string, unknown> }[]
    contexts: { name: string; context: Record<string, unknown> }[]
  }) => void,
): (text: string) => string {
  return (text) => {
    const config = JSON.parse(text) as Parameters<typeof change>[0]
    change(config)
    return JSON.stringify(config)
  }
}

/** A container of a mesh, which its webhook puts before the server's. */
function mesh(world: World, status: Record<string, unknown>): void {
  ;(world.pod['spec'] as { containers: unknown[] }).containers.unshift({ name: 'istio-proxy', image: 'istio/proxyv2:1.24.1' })
  statusOf(world.pod).containerStatuses.unshift({
    name: 'istio-proxy',
    ready: true,
    started: true,
    restartCount: 0,
    state: { running: {} },
    ...status,
  })
}

/** A second pod, as a model on two nodes has. */
function worker(world: World): Thing {
  const pod = structuredClone(world.pod)
  pod.metadata.name = pod1
  pod.metadata.labels = { ...pod.metadata.labels, 'statefulset.kubernetes.io/pod-name': pod1 }
  Object.assign(world.set['spec'] as object, { replicas: 2 })
  world.more.push(pod)
  return pod
}

/** A model on two nodes, whose leader is asked for the processes that Ray has. */
function asksRay(world: World): void {
  const command = ['/bin/sh', '-c', 'python3 /workspace/vllm/multi-node-health-check.py liveness --ray-port=6379']
  Object.assign(containerOf(world), { livenessProbe: { exec: { command } } })
  worker(world)
}

/** The scheduler took the place of the pod for another. */
const preempted = ({ pod }: World): Thing => event(pod, 'Normal', 'Preempted', 'Preempted by pod 9c1f on node aks-ws1')

/** What KAITO 0.7 and before made: a Deployment, and a Service for any of its pods. */
function deployment(world: World): void {
  world.set.kind = 'Deployment'
  world.pod.metadata.name = `${world.workspace.metadata.name}-5d9c7b-kkkkk`
  world.pod.metadata.labels = { 'kaito.sh/workspace': world.workspace.metadata.name }
  Object.assign(world.service['spec'] as object, { selector: { 'kaito.sh/workspace': world.workspace.metadata.name } })
  delete containerOf(world)['startupProbe']
}

/** The NodePool that KAITO makes where Karpenter provides nodes. */
function nodePool(world: World, spec: object, conditions: readonly object[]): Thing {
  const labels = {
    'karpenter.kaito.sh/workspace-name': world.workspace.metadata.name,
    'karpenter.kaito.sh/workspace-namespace': 'default',
  }
  const pool: Thing = {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodePool',
    metadata: { name: 'pool-of-ws', labels },
    spec,
    status: { conditions },
  }
  world.more.push(pool)
  return pool
}

/** The scheduler finds no node for the pod. */
function unplaced(pod: Thing, message: string): void {
  pod['status'] = { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] }
  delete (pod['spec'] as Record<string, unknown>)['nodeName']
}

/** The pod has its node, and the kubelet has started no container yet. */
function creating(world: World): void {
  notReady(world)
  podIs(world, { state: { waiting: { reason: 'ContainerCreating' } } }, 'Pending')
  world.slice['endpoints'] = null
}

/** All rights that the suite asks for, but one. */
function without(group: string, resource: string): NonNullable<KubeOptions['rights']> {
  const all: readonly (readonly [string, readonly string[]])[] = [
    ['kaito.sh', ['workspaces', 'inferencesets']],
    ['', ['services', 'pods', 'pods/log', 'pods/portforward', 'events', 'configmaps', 'nodes', 'namespaces']],
    ['apps', ['statefulsets', 'deployments']],
    ['discovery.k8s.io', ['endpointslices']],
    ['networking.k8s.io', ['networkpolicies']],
    ['karpenter.sh', ['nodeclaims', 'nodepools']],
    ['monitoring.coreos.com', ['servicemonitors', 'podmonitors']],
  ]
  return all.map(([apiGroup, resources]) => ({
    groups: [apiGroup],
    resources: resources.filter((one) => apiGroup !== group || one !== resource),
    verbs: ['get', 'list', 'watch', 'create'],
  }))
}

/** Takes flags out of the pod's command. */
function strip(world: World, names: readonly string[]): void {
  const container = containerOf(world)
  const line = (container['command'] as string[])[2] ?? ''
  const kept = line.split(' ').filter((word) => !names.some((name) => word.startsWith(`--${name}`)))
  container['command'] = ['/bin/sh', '-c', kept.join(' ')]
}

/** A fresh world of a situation. */
export function worldOf({ options, change }: Situation): World {
  const made = structuredClone(createWorld(options))
  change?.(made)
  return made
}
