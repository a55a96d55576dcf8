import { event, workspaceStatus, waiting, type Condition, type Thing, type World, type WorldOptions } from '../world.ts'
import type { KubeOptions, KubeServer } from '../server.ts'
import type { VllmOptions } from '../../vllm/vllm.ts'
import type { CauseId } from '../../../fixtures/cause-catalogue.ts'

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
  /** Requirements on the workspace that are SHOULD, and do not hold. */
  readonly breaks?: readonly string[]
  /** No waiting changes it: the wait for the workspace ends at once, however long it may last. */
  readonly inVain?: true
  /** Words that must be said while the workspace is waited for. */
  readonly meanwhile?: string
  /** What happens while the workspace is judged. */
  readonly during?: (kube: KubeServer, world: World) => void
}

export interface Status {
  conditions: Condition[]
  containerStatuses: Record<string, unknown>[]
  initContainerStatuses?: Record<string, unknown>[]
  [key: string]: unknown
}

export const absent = (thing: Thing): void => {
  thing.kind = ''
}

export const statusOf = (thing: Thing): Status => thing['status'] as Status

export const containerOf = ({ pod }: World): Record<string, unknown> =>
  (pod['spec'] as { containers: Record<string, unknown>[] }).containers[0] as Record<string, unknown>

/** The pod is not Ready; its one container is in this state. */
export const podIs = (world: World, state: Record<string, unknown>, phase = 'Running'): void => {
  const pod = statusOf(world.pod)
  pod['phase'] = phase
  pod.conditions = pod.conditions.map((one) =>
    one.type === 'Ready' || one.type === 'ContainersReady' ? { ...one, status: 'False', reason: 'ContainersNotReady' } : one,
  )
  Object.assign(pod.containerStatuses[0] as object, { ready: false, started: false, ...state })
}

export const notReady = (world: World, reason?: string, message?: string): void => {
  world.workspace['status'] = workspaceStatus('Pending', waiting(reason, message))
}

/** Without its node a workspace has neither Service nor workload. */
export const withoutNode = (world: World, rows: readonly (readonly [string, string, string])[]): void => {
  for (const thing of [world.service, world.slice, world.set, world.pod, world.node]) absent(thing)
  const object = workspaceStatus('Pending', [...rows, ...waiting()])
  delete object['workerNodes']
  world.workspace['status'] = object
}

/** Nodes that were asked for are not there yet. */
export const awaitingNodes = [
  ['NodesReady', 'NodeNotReady', 'Not enough Nodes are ready'],
  ['NodeClaimReady', 'NodeClaimNotReady', 'Ready NodeClaims are not enough'],
  ['ResourceReady', 'NodeClaimNotReady', 'Ready NodeClaims are not enough'],
] as const

/** The message of a condition with what KAITO's controller appends when it failed. */
export const failedAt = (message: string, error: string): string => `${message} (last reconcile error: ${error})`

export const pod0 = 'workspace-phi-4-mini-toolcall-0'

export const pod1 = 'workspace-phi-4-mini-toolcall-1'

export const quota =
  'creating agentpool failed: ErrCode_InsufficientVCPUQuota: Insufficient vcpu quota requested 24, remaining 0 for family standardNCADSA100v4Family'

export const portOf = (service: Thing): Record<string, unknown> => (service['spec'] as { ports: Record<string, unknown>[] }).ports[0] ?? {}

/** The StatefulSet may not make its pod. */
export function refusedPod(world: World, message: string): void {
  notReady(world)
  for (const thing of [world.pod, world.slice]) absent(thing)
  world.more.push(event(world.set, 'Warning', 'FailedCreate', `create Pod ${pod0} in StatefulSet failed error: pods "${pod0}" ${message}`))
}

/** The container of the pod ended and is loading again. */
export function restarted(kube: KubeServer, world: World, reason: string, exitCode = 137): void {
  podIs(world, {
    restartCount: 1,
    state: { running: { startedAt: '2026-11-22T15:00:00Z' } },
    lastState: { terminated: { exitCode, reason, finishedAt: '2026-11-22T15:00:00Z' } },
  })
  kube.apply(world.pod)
  kube.breakForwards()
}

/** A container of a mesh, which its webhook puts before the server's. */
export function mesh(world: World, status: Record<string, unknown>): void {
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
export function worker(world: World): Thing {
  const pod = structuredClone(world.pod)
  pod.metadata.name = pod1
  pod.metadata.labels = { ...pod.metadata.labels, 'statefulset.kubernetes.io/pod-name': pod1 }
  Object.assign(world.set['spec'] as object, { replicas: 2 })
  world.more.push(pod)
  return pod
}

/** A model on two nodes, whose leader is asked for the processes that Ray has. */
export function asksRay(world: World): void {
  const command = ['/bin/sh', '-c', 'python3 /workspace/vllm/multi-node-health-check.py liveness --ray-port=6379']
  Object.assign(containerOf(world), { livenessProbe: { exec: { command } } })
  worker(world)
}

/** The scheduler took the place of the pod for another. */
export const preempted = ({ pod }: World): Thing => event(pod, 'Normal', 'Preempted', 'Preempted by pod 9c1f on node aks-ws1')

/** What KAITO 0.7 and before made: a Deployment, and a Service for any of its pods. */
export function deployment(world: World): void {
  world.set.kind = 'Deployment'
  world.pod.metadata.name = `${world.workspace.metadata.name}-5d9c7b-kkkkk`
  world.pod.metadata.labels = { 'kaito.sh/workspace': world.workspace.metadata.name }
  Object.assign(world.service['spec'] as object, { selector: { 'kaito.sh/workspace': world.workspace.metadata.name } })
  delete containerOf(world)['startupProbe']
}

/** The scheduler finds no node for the pod. */
export function unplaced(pod: Thing, message: string): void {
  pod['status'] = { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] }
  delete (pod['spec'] as Record<string, unknown>)['nodeName']
}

/** The pod has its node, and the kubelet has started no container yet. */
export function creating(world: World): void {
  notReady(world)
  podIs(world, { state: { waiting: { reason: 'ContainerCreating' } } }, 'Pending')
  world.slice['endpoints'] = null
}

/** All rights that the suite asks for, but one. */
export function without(group: string, resource: string): NonNullable<KubeOptions['rights']> {
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
