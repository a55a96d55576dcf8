import { condition, workspaceStatus, waiting } from '../world.ts'
import {
  type Situation,
  absent,
  statusOf,
  containerOf,
  podIs,
  notReady,
  withoutNode,
  awaitingNodes,
  failedAt,
  refusedPod,
  without,
} from './state.ts'

const transformers = ['/bin/sh', '-c', 'accelerate launch --num_processes=1 /workspace/tfs/inference_api.py --pipeline=text-generation']

/** What the workspace itself asks for, and what KAITO makes of it. */
export const workspaceSituations: readonly Situation[] = [
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
      withoutNode(world, awaitingNodes)
      absent(world.nodeClaim)
      const inference = statusOf(world.workspace).conditions.find(({ type }) => type === 'InferenceReady')
      Object.assign(inference as object, { reason: 'ModelStreamingStorageClassNotFound', message: 'StorageClass "fast" not found' })
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
    name: 'a quota of objects forbids the Service, and the StatefulSet may not be read',
    cause: 'workspace-not-ready',
    says: ['controller failed: services', 'kubectl describe resourcequota -n default'],
    kube: { rights: without('apps', 'statefulsets') },
    change: (world) => {
      const error = 'services "w" is forbidden: exceeded quota: objects, requested: services=1, used: services=10, limited: services=10'
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
      statusOf(world.workspace).conditions.push(condition('ModelMirrorReady', 'False', 'DownloadFailed', message))
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
    name: 'the workspace is deleted in the foreground, and what it owns goes first',
    cause: 'workspace-deleting',
    says: ['Apply it again when it is gone'],
    inVain: true,
    change: ({ workspace }) =>
      void Object.assign(workspace.metadata, { deletionTimestamp: '2026-11-22T15:00:00Z', finalizers: ['foregroundDeletion'] }),
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
    name: 'something else holds the workspace',
    cause: 'workspace-not-ready',
    says: ['SomethingNew'],
    change: (world) => notReady(world, 'SomethingNew', 'a reason of a later release (last reconcile error: quota exceeded)'),
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
    name: 'the transformers runtime serves, and no annotation asks for it',
    cause: 'transformers-runtime',
    says: ['annotation kaito.sh/runtime: absent'],
    change: (world) => void Object.assign(containerOf(world), { command: transformers }),
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
    name: 'the workspace is deleted while it is judged',
    cause: 'workspace-deleting',
    server: { latencyMs: 300 },
    during(kube, { workspace, pod }) {
      kube.remove(workspace)
      kube.remove(pod)
      kube.breakForwards()
    },
  },
  {
    name: 'the workspace is being deleted, and everything still runs',
    cause: 'workspace-deleting',
    says: ['workspace.finalizer.kaito.sh', 'WorkspaceDeleting'],
    inVain: true,
    change: ({ workspace }) => {
      Object.assign(workspace.metadata, { deletionTimestamp: '2026-11-22T15:00:00Z', finalizers: ['workspace.finalizer.kaito.sh'] })
      statusOf(workspace).conditions.push(condition('WorkspaceDeleting', 'True', 'workspaceDeleted', 'workspace is being deleted'))
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
    name: 'the namespace is being deleted',
    cause: 'workspace-deleting',
    says: ['Namespace default is being deleted'],
    inVain: true,
    change: (world) => refusedPod(world, 'is forbidden: unable to create new content in namespace default because it is being terminated'),
  },
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
    name: 'the StatefulSet was deleted, and the conditions still say True',
    cause: 'workload-absent',
    change: (world) => [world.set, world.pod, world.slice].forEach(absent),
  },
]
