import { condition, waiting, event, workspaceStatus, type Thing, type World } from '../world.ts'
import {
  type Situation,
  type Status,
  absent,
  containerOf,
  statusOf,
  podIs,
  notReady,
  withoutNode,
  awaitingNodes,
  failedAt,
  quota,
  worker,
  unplaced,
  without,
} from './state.ts'

/** By which what Karpenter makes for a workspace is found. */
const labelsOf = ({ workspace }: World): Record<string, string> => ({
  'karpenter.kaito.sh/workspace-name': workspace.metadata.name,
  'karpenter.kaito.sh/workspace-namespace': 'default',
})

/** What is said of nodes that are not there yet when KAITO's controller failed. */
const awaitingAfter = (error: string): readonly (readonly [string, string, string])[] =>
  awaitingNodes.map(([type, reason, message]) => [type, reason, failedAt(message, error)] as const)

/** A refusal as Azure's client tells it. */
const refusal = (code: string, message: string): string =>
  `creating instance, agentPool.BeginCreateOrUpdate for "ws1" failed: PUT https://management.azure.com/subscriptions/0b9e8d5c-0000-4000-8000-000000000000/resourceGroups/rg-inference/providers/Microsoft.ContainerService/managedClusters/aks-inference/agentPools/ws1\n${'-'.repeat(80)}\nRESPONSE 409: 409 Conflict\nERROR CODE: ${code}\n${'-'.repeat(80)}\n${JSON.stringify({ code, details: null, message, subcode: '' }, null, 2)}`

/** The NodePool that KAITO makes where Karpenter provides nodes. */
function nodePool(world: World, spec: object, conditions: readonly object[]): Thing {
  const labels = labelsOf(world)
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

/** Nodes that do not come, or are not fit. */
export const nodeSituations: readonly Situation[] = [
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
      statusOf(world.nodeClaim).conditions = [condition('Launched', 'False', 'LaunchFailed', quota)]
    },
  },
  {
    name: 'no quota for GPUs, told by the NodeClaim alone',
    cause: 'gpu-quota',
    change: (world) => {
      withoutNode(world, awaitingNodes)
      statusOf(world.nodeClaim).conditions = [
        condition(
          'Launched',
          'Unknown',
          'LaunchFailed',
          'OperationNotAllowed: operation could not be completed as it results in exceeding approved Total Regional Cores quota',
        ),
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
      withoutNode(world, awaitingNodes)
      statusOf(world.nodeClaim).conditions = [
        condition('Launched', 'Unknown', 'AwaitingReconciliation', 'object is awaiting reconciliation'),
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
    name: 'the node is not ready, because its network plugin is not',
    cause: 'node-not-ready',
    says: ['cni plugin not initialized.', 'kubectl get daemonset -n kube-system'],
    change: (world) => {
      notReady(world)
      Object.assign(statusOf(world.node).conditions[0] as object, {
        status: 'False',
        reason: 'KubeletNotReady',
        message:
          'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized',
      })
    },
  },
  {
    name: 'the nodes that the user brings lack the labels of their GPUs',
    cause: 'workspace-not-ready',
    says: ['missing required nvidia.com labels on node aks-ws1', 'kubectl get nodes -L nvidia.com/gpu.product'],
    change: (world) => {
      const error = 'failed to get GPU config from existing nodes: missing required nvidia.com labels on node aks-ws1'
      for (const thing of [world.set, world.pod, world.slice, world.service, world.nodeClaim]) absent(thing)
      world.workspace['status'] = workspaceStatus('Pending', [
        ['ResourceReady', 'workspaceResourceStatusNotReady', failedAt('node status condition not ready', error)],
        ...waiting(),
      ])
      const object = statusOf(world.workspace)
      object.conditions = object.conditions.filter(({ type }) => type !== 'NodeClaimReady')
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
    name: 'one GPU of two is unhealthy, and the pod asks for both',
    cause: 'node-plugin-missing',
    says: ['Of the 2 GPUs of node aks-ws1 1 are offered to pods, and the pod asks for 2', 'kubectl delete nodeclaim ws1'],
    change: (world) => {
      notReady(world)
      containerOf(world)['resources'] = { limits: { 'nvidia.com/gpu': '2' } }
      unplaced(world.pod, '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.')
      Object.assign(statusOf(world.node), { capacity: { 'nvidia.com/gpu': '2' }, allocatable: { 'nvidia.com/gpu': '1' } })
    },
  },
  {
    name: 'the GPU is offered to several pods under another name',
    cause: 'node-plugin-missing',
    says: ['nvidia.com/gpu.shared: 4', 'renameByDefault: false'],
    change: (world) => {
      notReady(world)
      unplaced(world.pod, '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.')
      Object.assign(statusOf(world.node), { capacity: { 'nvidia.com/gpu.shared': '4' }, allocatable: { 'nvidia.com/gpu.shared': '4' } })
    },
  },
  {
    name: 'the node has one GPU, and the pod asks for two',
    cause: 'unschedulable',
    says: ['too many are asked for'],
    change: (world) => {
      notReady(world)
      containerOf(world)['resources'] = { limits: { 'nvidia.com/gpu': '2' } }
      unplaced(world.pod, '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.')
    },
  },
  {
    name: 'the driver of the node is being renewed, and its device plugin is away',
    cause: 'node-plugin-missing',
    says: ['because its driver is being renewed', 'kubectl get node aks-ws1 -L nvidia.com/gpu-driver-upgrade-state'],
    change: (world) => {
      notReady(world)
      unplaced(world.pod, '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.')
      Object.assign(statusOf(world.node), { allocatable: { cpu: '24', 'nvidia.com/gpu': '0' } })
      Object.assign(world.node.metadata.labels as object, { 'nvidia.com/gpu.deploy.device-plugin': 'paused-for-driver-upgrade' })
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
  {
    name: 'the device plugin for GPUs of AMD is missing',
    cause: 'node-plugin-missing',
    says: ['allocatable has no amd.com/gpu', 'grep -i amd:'],
    change: (world) => {
      notReady(world)
      unplaced(world.pod, '0/1 nodes are available: 1 Insufficient amd.com/gpu.')
      Object.assign(statusOf(world.node), { allocatable: { cpu: '96' } })
    },
  },
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
  ...(
    [
      ['', 'VMEventScheduled', 'PreemptScheduled'],
      [', and Karpenter is told before', 'PreemptionScheduled', 'SpotEvictionIncoming'],
    ] as const
  ).map(([how, type, reason]): Situation => ({
    name: `the cloud takes the machine of the node back${how}`,
    cause: 'node-not-ready',
    says: ['takes the machine back', `${type}=True ${reason}`],
    server: 'nothing',
    change: (world) => {
      statusOf(world.node).conditions = [
        { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' },
        { type, status: 'True', reason, message: 'Preempt Scheduled: Sat, 01 Aug 2026 05:41:02 GMT' },
      ]
    },
  })),
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
        'still carries out another change',
      ],
      [
        'the secret of the provisioner has expired',
        'ClientSecretCredential authentication failed. AADSTS7000222: The provided client secret keys for app are expired',
        'cannot log in to the cloud',
      ],
      [
        'the cloud limits requests',
        'RESPONSE 429: 429 Too Many Requests ERROR CODE: TooManyRequests The request is being throttled',
        'limits requests at the moment',
      ],
      [
        'AKS has no room in the region',
        'AKSCapacityHeavyUsage: AKS is unavailable in region centralus due to high demand and limited capacity.',
        'free at the moment',
      ],
      [
        'the subnet is too small',
        'InsufficientSubnetSize: Pre-allocated IPs 31 exceeds IPs available 12 in Subnet Cidr 10.0.0.0/27',
        'its subnet has no address left',
      ],
      ['the cluster takes no changes', 'OperationNotAllowed: managed cluster is in failed provisioning state', 'az aks update'],
      [
        'the machine gets no GPU driver',
        "VMExtensionProvisioningError: VM has reported a failure when processing extension 'vmssCSE': command terminated with exit status=84",
        '(exit status 84): ',
      ],
      [
        'the machine does not reach the registry of AKS',
        `VMExtensionProvisioningError: VM has reported a failure when processing extension 'vmssCSE'. Error message: 'Enable failed: failed to execute command: command terminated with exit status=50 [stdout] [stderr] nc: connect to mcr.microsoft.com port 443 (tcp) failed'`,
        'let the subnet of the nodes out',
      ],
      [
        'the machine does not reach the API server',
        "CSE failed with 'VMExtensionError_K8SAPIServerConnFail'. Details: 'Agents are unable to establish connection to Kubernetes API server. ExitCode: 51'",
        'let the subnet of the nodes out',
      ],
      [
        'the machine may not pull from the registry that the cluster has for its own images',
        "VMExtensionProvisioningError: VM has reported a failure when processing extension 'vmssCSE': command terminated with exit status=212",
        'give that identity AcrPull on it, or Container Registry Repository Reader',
      ],
      [
        'the machine is not set up in time',
        'Provisioning of VM extension vmssCSE has timed out. (Code: VMExtensionProvisioningTimeout)',
        'error-code-vmextensionprovisioningerror',
      ],
      [
        'the region does not have the zone for which the node is ordered',
        refusal(
          'AvailabilityZoneNotSupported',
          "The zone(s) '3' for resource 'ws1' is not supported. The supported zones for location 'westus3' are '1,2'",
        ),
        'topology.kubernetes.io/zone',
      ],
      [
        'a lock forbids the node',
        refusal(
          'ScopeLocked',
          "The scope '/subscriptions/s/resourceGroups/rg' cannot perform write operation because following scope(s) are locked",
        ),
        'az lock list -o table',
      ],
      [
        'AKS makes no node pools for the version of the cluster any more',
        refusal('AgentPoolK8sVersionNotSupported', 'Version 1.29.2 is not supported in this region.'),
        'az aks get-upgrades',
      ],
      [
        'the subscription is disabled',
        refusal('ReadOnlyDisabledSubscription', "The subscription 's' is disabled and therefore marked as read only."),
        'Have it enabled again',
      ],
      [
        'a preview feature is not registered in the subscription',
        refusal('BadRequest', 'Preview feature Microsoft.ContainerService/ManagedGPUExperiencePreview not registered.'),
        'az feature register',
      ],
      [
        'the provisioner does not reach the cloud',
        'creating instance, Put "https://management.azure.com/subscriptions/s": dial tcp: lookup management.azure.com: i/o timeout',
        'does not reach its cloud',
      ],
      [
        'the cloud itself fails',
        refusal('ReconcileVMSSAgentPoolFailed', 'We are unable to serve this request due to an internal error'),
        'the cloud itself fails',
      ],
      [
        'the zones of the region have none free, which Azure calls not available',
        refusal(
          'SkuNotAvailable',
          "The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions: Standard_NC24ads_A100_v4' is currently not available in location 'eastus'.",
        ),
        'free at the moment',
      ],
      [
        'the cloud refuses the node in words that are cut short',
        'creating instance, agentPool.BeginCreateOrUpdate for "ws1" failed: something that was never seen, and is longer than Karpenter...',
        'az monitor activity-log list',
      ],
    ] as const
  ).map(([name, message, words]): Situation => ({
    name,
    cause: 'nodeclaim-not-launched',
    says: [words],
    change: (world) => {
      withoutNode(world, awaitingNodes)
      // What it will try again, Karpenter does not call False.
      statusOf(world.nodeClaim).conditions = [condition('Launched', 'Unknown', 'LaunchFailed', message)]
    },
  })),
  {
    name: 'a node that is to go is not drained, and no other comes',
    cause: 'nodeclaim-not-launched',
    says: ['FailedDraining', 'kubectl get poddisruptionbudget -A'],
    change: (world) => {
      withoutNode(world, awaitingNodes)
      world.nodeClaim.metadata['deletionTimestamp'] = '2026-11-22T15:00:00Z'
      world.more.push(event(world.nodeClaim, 'Warning', 'FailedDraining', 'Failed to drain node, 1 pods are waiting to be evicted'))
    },
  },
  {
    name: 'the provisioner may not order the node, and an event of before speaks of quota',
    cause: 'nodeclaim-not-launched',
    says: ['may not order it of the cloud'],
    change: (world) => {
      withoutNode(world, awaitingNodes)
      const message = refusal('AuthorizationFailed', 'The client does not have authorization to perform action agentPools/write')
      statusOf(world.nodeClaim).conditions = [condition('Launched', 'Unknown', 'LaunchFailed', message)]
      world.more.push(event(world.workspace, 'Warning', 'NodeClaimFailed', quota))
    },
  },
  {
    name: 'KAITO may not order a node',
    cause: 'nodeclaim-not-launched',
    says: ['there is no NodeClaim for it', 'failed at: nodeclaims.karpenter.sh is forbidden'],
    change: (world) => {
      withoutNode(world, awaitingAfter('nodeclaims.karpenter.sh is forbidden'))
      absent(world.nodeClaim)
    },
  },
  {
    name: 'KAITO orders nodes of Karpenter, which is not installed',
    cause: 'nodeclaim-not-launched',
    says: ['Install the CRDs of karpenter.sh'],
    change: (world) => {
      const error = 'no matches for kind "NodePool" in version "karpenter.sh/v1"'
      withoutNode(world, awaitingAfter(error))
      absent(world.nodeClaim)
    },
  },
  {
    name: 'no quota for GPUs, told by a NodeClaim of Karpenter',
    cause: 'gpu-quota',
    change: (world) => {
      withoutNode(world, awaitingNodes)
      world.nodeClaim.metadata.labels = labelsOf(world)
      statusOf(world.nodeClaim).conditions = [condition('Launched', 'False', 'LaunchFailed', quota)]
    },
  },
  {
    name: 'Karpenter makes no NodeClaim for the NodePool',
    cause: 'nodeclaim-not-launched',
    says: ['NodePool default-workspace-phi-4-mini-toolcall: NodePool requirements filtered out', 'kubectl describe nodepool default-'],
    change: (world) => {
      withoutNode(world, awaitingNodes)
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
      [
        'Karpenter is older than pools with replicas',
        {},
        [condition('Ready', 'True', 'Ready', '')],
        ['does not know them', 'kubectl delete nodepool pool-of-ws'],
      ],
      ['nothing takes the NodePool up', { replicas: 1 }, [], ['no provisioner has taken up NodePool pool-of-ws']],
    ] as const
  ).map(([name, spec, conditions, says]): Situation => ({
    name,
    cause: 'nodeclaim-not-launched',
    says,
    change: (world) => {
      withoutNode(world, awaitingNodes)
      absent(world.nodeClaim)
      nodePool(world, spec, conditions)
    },
  })),
  {
    name: 'Karpenter took the order for the node back for want of room, and has made another',
    cause: 'nodeclaim-not-launched',
    says: ['none is free at the moment, or this Karpenter does not know that size', 'event on NodeClaim pool-of-ws-xk2lp'],
    change: (world) => {
      withoutNode(world, awaitingNodes)
      const pool = nodePool(world, { replicas: 1 }, [condition('Ready', 'True', 'Ready', '')])
      const { nodeClaim } = world
      statusOf(nodeClaim).conditions = [condition('Launched', 'Unknown', 'AwaitingReconciliation', 'object is awaiting reconciliation')]
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
      withoutNode(world, awaitingNodes)
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
      withoutNode(world, awaitingNodes)
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
      statusOf(world.nodeClaim).conditions = [condition('Launched', 'False', 'LaunchFailed', text)]
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
        'EC2 has no disks left for the account, which each machine brings with it',
        'gpu-quota',
        'insufficient capacity, with fleet error(s), VolumeLimitExceeded: You have exceeded your maximum gp3 storage limit of 50 TiB in this region.',
        ['no quota left for what its machine brings with it: ', 'VolumeLimitExceeded'],
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
      withoutNode(world, awaitingNodes)
      Object.assign(world.workspace['resource'] as object, { instanceType: 'p4d.24xlarge' })
      Object.assign(world.nodeClaim['spec'] as object, {
        nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' },
      })
      statusOf(world.nodeClaim).conditions = message ? [condition('Launched', 'False', 'LaunchFailed', message)] : []
    },
  })),
  {
    name: 'Google Cloud has no GPUs left for the project',
    cause: 'gpu-quota',
    says: ['the project has no quota left for a2-highgpu-1g', 'gcloud compute regions describe REGION'],
    change: (world) => {
      withoutNode(world, awaitingNodes)
      Object.assign(world.workspace['resource'] as object, { instanceType: 'a2-highgpu-1g' })
      Object.assign(world.nodeClaim, { spec: {} })
      const message = "creating instance: QUOTA_EXCEEDED: Quota 'NVIDIA_A100_GPUS' exceeded. Limit: 0.0 in region us-central1."
      statusOf(world.nodeClaim).conditions = [condition('Launched', 'False', 'LaunchFailed', message)]
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
    // https://github.com/Azure/karpenter-provider-azure/issues/1790
    says: ['nothing replaces the machine by itself', 'kubectl delete nodeclaim ws1'],
    change: (world) => {
      withoutNode(world, awaitingNodes)
      statusOf(world.nodeClaim).conditions = [
        condition('Launched', 'True', 'Launched', ''),
        condition('Initialized', 'Unknown', 'ResourceNotRegistered', 'Resource "nvidia.com/gpu" was requested but not registered'),
      ]
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
  {
    name: 'the NodeClaim is being deleted, and its node is gone',
    cause: 'nodeclaim-not-launched',
    says: ['NodeClaim ws1 is being deleted, and no other has taken its place'],
    change: (world) => {
      withoutNode(world, awaitingNodes)
      world.nodeClaim.metadata['deletionTimestamp'] = '2026-11-22T15:00:00Z'
    },
  },
  {
    name: 'the node was removed, and the conditions still say True',
    cause: 'node-not-ready',
    says: ['no longer exists'],
    server: 'nothing',
    change: ({ node }) => absent(node),
  },
]
