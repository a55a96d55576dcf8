import { event } from '../world.ts'
import type { KubeServer } from '../server.ts'
import { type Situation, statusOf, podIs, notReady, restarted, mesh, asksRay, preempted, unplaced } from './state.ts'

/** Pods that have to go, are replaced, or whose container is started again while the workspace is judged. */
export const leavingSituations: readonly Situation[] = [
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
    name: 'the pod is being deleted',
    cause: 'pod-terminating',
    change: (world) => {
      notReady(world)
      podIs(world, {})
      world.pod.metadata['deletionTimestamp'] = '2026-11-22T15:00:00Z'
    },
  },
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
      [
        'a GPU of the node has failed, and the pod is refused for it',
        'Failed',
        {
          reason: 'UnexpectedAdmissionError',
          message:
            'Allocate failed due to device plugin GetPreferredAllocation rpc failed with err: rpc error: code = Unknown desc = Unable to retrieve list of available devices: error creating nvml.Device 5: nvml: GPU is lost, which is unexpected',
        },
        ['because one of its GPUs has failed', 'kubectl delete nodeclaim ws1'],
      ],
      [
        'others took the GPU of the node before the pod',
        'Failed',
        {
          reason: 'OutOfnvidia.com/gpu',
          message: "Pod was rejected: Node didn't have enough resource: nvidia.com/gpu, requested: 1, used: 1",
        },
        ['others took what it needs', 'kubectl delete pod workspace-phi-4-mini-toolcall-0'],
      ],
      [
        'the node has lost the labels that the pod asks for',
        'Failed',
        { reason: 'NodeAffinity', message: 'Pod was rejected: Predicate NodeAffinity failed' },
        ['kubectl get node aks-ws1 --show-labels'],
      ],
      [
        'the node demands processors and GPU of one NUMA node',
        'Failed',
        { reason: 'TopologyAffinityError', message: 'Resources cannot be allocated with Topology locality' },
        ['topologyManagerPolicy'],
      ],
      [
        'the pod had to give way to a critical pod of its node',
        'Failed',
        { reason: 'Preempting', message: 'Preempted in order to admit critical pod' },
        ['to a pod that the cluster needs', 'kubectl get priorityclass'],
      ],
      [
        'the node has not as many processors for the pod alone as it asks for',
        'Failed',
        {
          reason: 'UnexpectedAdmissionError',
          message: 'Allocate failed due to not enough cpus available to satisfy request: requested=24, available=20, which is unexpected',
        },
        ['cannot be given as the node demands', 'cpuManagerPolicy'],
      ],
      [
        'the node does not do what the pod asks for',
        'Failed',
        {
          reason: 'SysctlForbidden',
          message: 'Pod was rejected: Node cannot run the pod: forbidden sysctl: "net.core.somaxconn" not allowlisted',
        },
        ['which asks for what it does not do: SysctlForbidden', 'allowedUnsafeSysctls'],
      ],
      [
        'the pod may run for a limited time only',
        'Failed',
        { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' },
        ['Take activeDeadlineSeconds out'],
      ],
      ['the kubelet of the node no longer says how the pod is', 'Unknown', {}, ['Nobody knows how pod', 'kubectl describe node aks-ws1']],
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
    name: 'the pod was evicted, and its container shows as killed',
    cause: 'pod-evicted',
    says: ['was evicted'],
    change: (world) => {
      notReady(world)
      podIs(world, { state: { terminated: { exitCode: 137, reason: 'Error' } } }, 'Failed')
      Object.assign(statusOf(world.pod), { reason: 'Evicted', message: 'The node was low on resource: memory.' })
    },
  },
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
]
