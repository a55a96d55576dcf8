import { event, type Thing, type World } from '../world.ts'
import {
  type Situation,
  statusOf,
  containerOf,
  podIs,
  notReady,
  pod0,
  pod1,
  restarted,
  mesh,
  asksRay,
  creating,
  without,
  worker,
} from './state.ts'

const crashed = (exitCode: number, reason: string, restartCount = 4): Record<string, unknown> => ({
  restartCount,
  state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 1m20s restarting failed container' } },
  lastState: { terminated: { exitCode, reason, finishedAt: '2026-11-22T14:20:00Z' } },
})

/** The server ends with an error each time it is started. */
const crashes = (world: World): void => {
  notReady(world)
  podIs(world, crashed(1, 'Error'))
}

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

/** Containers that load, are not ready, or end by themselves. */
export const containerSituations: readonly Situation[] = [
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
    name: 'the program of the container is missing, and the kubelet waits before it tries again',
    cause: 'container-config',
    says: ['StartError', 'executable file not found'],
    change: (world) => {
      notReady(world)
      const message =
        'failed to create containerd task: OCI runtime create failed: exec: "vllm": executable file not found in $PATH: unknown'
      podIs(world, {
        restartCount: 3,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { exitCode: 128, reason: 'StartError', message } },
      })
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
    change: crashes,
  },
  {
    name: 'the weights are behind a gate, on a node with GPUs of AMD',
    cause: 'crash-loop',
    says: ['modelAccessSecret'],
    kube: { logs: { [`${pod0}/previous`]: 'OSError: You are trying to access a gated repo.\n' } },
    change(world) {
      crashes(world)
      Object.assign(statusOf(world.node), { allocatable: { cpu: '96', 'amd.com/gpu': '8' } })
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
  ...(
    [
      [
        'the pod is killed for memory by a limit that a LimitRange sets, and the problem detector of the node says so',
        '512Mi',
        'Memory cgroup out of memory: Killed process 3504804 (python3) total-vm:7kB',
        ['it may use 512Mi', 'kubectl describe limitrange -n default'],
      ],
      [
        'the node runs out of memory, and the container has a limit that it did not reach',
        '900Gi',
        'Out of memory: Killed process 3504804 (VLLM::EngineCor) total-vm:753508kB',
        ['because node aks-ws1 had none left', 'spec.nodeName=aks-ws1'],
      ],
      [
        'the node runs out of memory, and the shell in the container ends after the server',
        '900Gi',
        'Out of memory: Killed process 3504804 (python3) total-vm:753508kB',
        ['because node aks-ws1 had none left'],
        'Error',
      ],
    ] as const
  ).map(([name, memory, killed, says, reason = 'OOMKilled']): Situation => ({
    name,
    cause: 'out-of-memory',
    says,
    change: (world) => {
      notReady(world)
      podIs(world, crashed(137, reason))
      Object.assign(containerOf(world), { resources: { limits: { memory, 'nvidia.com/gpu': '1' } } })
      world.more.push(
        { ...event(world.node, 'Warning', 'OOMKilling', killed), lastTimestamp: '2026-11-22T14:20:02Z' },
        // Of another day.
        {
          ...event(world.node, 'Warning', 'SystemOOM', 'System OOM encountered, victim process: java'),
          lastTimestamp: '2026-11-21T09:00:00Z',
        },
      )
    },
  })),
  {
    name: 'the server is not started before an init container has ended',
    cause: 'pod-starting',
    says: ['init container fetch-weights'],
    change: (world) => {
      creating(world)
      Object.assign(world.pod['spec'] as object, { initContainers: [{ name: 'fetch-weights', image: 'curl:8' }] })
      statusOf(world.pod).initContainerStatuses = [{ name: 'fetch-weights', ready: false, restartCount: 0, state: { running: {} } }]
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
  ...(
    [
      [
        'the model does not fit the GPU',
        ['GPU'],
        'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 23.69 GiB\nRuntimeError: Engine core initialization failed.',
      ],
      [
        'the GPU is in use by another process when the server starts',
        ['10.5 of 79.2 GiB are free', 'spec.nodeName=aks-ws1'],
        '(EngineCore pid=57) ERROR 11-22 18:06:46 [core.py:842] ValueError: Free memory on device cuda:0 (10.5/79.2 GiB) on startup is less than desired GPU memory utilization (0.9, 71.28 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.\nRuntimeError: Engine core initialization failed. See root cause above.',
      ],
      [
        'a process of the server is killed while it starts, and the container ends by itself',
        ['A process of the server', 'kubectl describe node aks-ws1'],
        "(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {'EngineCore_DP0': -9}",
      ],
      ['the GPU holds no cache', ['GPU'], 'ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`.'],
    ] as const
  ).map(([name, says, log]): Situation => ({
    name,
    cause: 'out-of-memory',
    says,
    kube: { logs: { [`${pod0}/previous`]: `${log}\n` } },
    change: crashes,
  })),
  {
    name: 'the pod died long after it was ready, and KAITO 0.8 still says True',
    cause: 'out-of-memory',
    server: 'nothing',
    change: (world) => podIs(world, crashed(137, 'OOMKilled')),
  },
  {
    name: 'the kubelet has lost the container of the server',
    cause: 'crash-loop',
    says: ['has lost the container', 'kubectl describe node aks-ws1'],
    change: (world) => {
      notReady(world)
      podIs(world, {
        state: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', message: 'The container could not be located' } },
      })
    },
  },
  ...(
    [
      ['NVLinkStatusInactive', 'True'],
      ['UnhealthyNvidiaDevicePlugin', 'True'],
      ['AcceleratedHardwareReady', 'False'],
    ] as const
  ).map(([type, status]): Situation => ({
    name: `the server does not get on, and the node says of its GPUs: ${type} is ${status}`,
    cause: 'still-loading',
    says: ['reports a trouble with its GPUs', `${type}=${status}`, 'kubectl delete nodeclaim ws1'],
    server: 'nothing',
    change: (world) => {
      notReady(world)
      podIs(world, { state: { running: { startedAt: '2026-11-22T14:20:00Z' } } })
      statusOf(world.node).conditions.push({ type, status, reason: type, message: 'GPU 0' })
    },
  })),
  ...(
    [
      ['ReadonlyFilesystem', 'True', 'a trouble with its kernel, disk or container runtime'],
      ['StorageReady', 'False', 'a trouble with its kernel, disk or container runtime'],
      ['KernelDeadlock', 'False', 'its server does not answer yet.'],
      ['StorageReady', 'True', 'its server does not answer yet.'],
      ['VMEventScheduled', 'False', 'its server does not answer yet.'],
    ] as const
  ).map(([type, status, words]): Situation => ({
    name: `the server does not get on, and the node says of itself: ${type} is ${status}`,
    cause: 'still-loading',
    says: [words],
    server: 'nothing',
    change: (world) => {
      notReady(world)
      podIs(world, { state: { running: { startedAt: '2026-11-22T14:20:00Z' } } })
      statusOf(world.node).conditions.push({ type, status, reason: type, message: '' })
    },
  })),
  {
    name: 'the server does not get on, and the node says that its GPUs are well',
    cause: 'still-loading',
    says: ['its server does not answer yet.'],
    server: 'nothing',
    change: (world) => {
      notReady(world)
      podIs(world, { state: { running: { startedAt: '2026-11-22T14:20:00Z' } } })
      statusOf(world.node).conditions.push({ type: 'AcceleratedHardwareReady', status: 'True', reason: 'Ok', message: '' })
    },
  },
  {
    name: 'the mesh does not take over the traffic of the pod',
    cause: 'crash-loop',
    says: ['istio-validation fails', 'kubectl get daemonset -A'],
    change: (world) => {
      notReady(world)
      podIs(world, { state: { waiting: { reason: 'PodInitializing' } } }, 'Pending')
      Object.assign(world.pod['spec'] as object, { initContainers: [{ name: 'istio-validation', image: 'proxyv2:1.27' }] })
      statusOf(world.pod).initContainerStatuses = [{ name: 'istio-validation', ready: false, ...crashed(126, 'Error') }]
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
    name: 'the server fetches its weights, for which its processes wait',
    cause: 'still-loading',
    says: ['fetches the weights of its model', 'HF_HUB_DISABLE_XET=1'],
    server: 'nothing',
    kube: {
      logs: {
        [pod0]: `(Worker_TP0 pid=31) INFO 07-14 14:33:01 [gpu_model_runner.py:3562] Starting to load model Qwen/Qwen3-30B-A3B-FP8...\n(Worker_TP0 pid=31) INFO 07-14 14:33:11 [cuda.py:351] Using FLASHINFER attention backend out of potential backends: ('FLASHINFER', 'TRITON_ATTN')\n${'(EngineCore pid=22) INFO 07-14 14:35:00 [shm_broadcast.py:705] No available shared memory broadcast block found in 60 seconds. This typically happens when some processes are hanging\n'.repeat(3)}`,
      },
    },
    change: (world) => {
      notReady(world)
      podIs(world, { state: { running: { startedAt: '2026-11-22T14:20:00Z' } } })
    },
  },
  {
    name: 'the server does not get on, because its GPUs do not hear each other',
    cause: 'still-loading',
    says: ['for 3 minutes its processes have waited for each other', 'disable-custom-all-reduce'],
    server: 'nothing',
    kube: {
      logs: {
        [pod0]: `INFO 11-22 14:05:00 [monitor.py:33] torch.compile takes 15.67 s in total\n${'(EngineCore pid=22) INFO 11-22 14:06:00 [shm_broadcast.py:705] No available shared memory broadcast block found in 60 seconds. This typically happens when some processes are hanging\n'.repeat(3)}`,
      },
    },
    change: (world) => {
      notReady(world)
      podIs(world, { state: { running: { startedAt: '2026-11-22T14:20:00Z' } } })
    },
  },
  {
    name: 'the leader of a model on two nodes waits until its worker has joined Ray',
    cause: 'still-loading',
    says: ['1 of 2 have', 'kubectl logs workspace-phi-4-mini-toolcall-1', 'NetworkPolicies of namespace default: deny-all'],
    server: 'nothing',
    kube: {
      logs: {
        [pod0]:
          'Local node IP: 10.244.1.5\nWait for all ray workers to be active. 1/2 is active\n2026-11-22 14:12:21,123\tINFO worker.py:1514 -- Connecting to existing Ray cluster at address: 10.244.1.5:6379...\nWait for all ray workers to be active. 1/2 is active\n',
      },
    },
    change: (world) => {
      notReady(world)
      podIs(world, { state: { running: {} } })
      worker(world)
      world.more.push({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'deny-all', namespace: 'default' } })
    },
  },
  ...(
    [
      [
        'the worker of a model on two nodes does not join Ray in time',
        'Waiting for all ray workers to be active timed out.',
        'on port 6379',
        () => {},
      ],
      [
        'the container has not the GPU that its pod claims',
        'RuntimeError: Failed to infer device type',
        'chroot /host nvidia-smi',
        ({ pod }) => Object.assign(pod['spec'] as object, { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'gpu' }] }),
      ],
    ] as readonly (readonly [string, string, string, (world: World) => void])[]
  ).map(([name, log, words, change]): Situation => ({
    name,
    cause: 'crash-loop',
    says: [words],
    kube: { logs: { [`${pod0}/previous`]: `${log}\n` } },
    change: (world) => {
      crashes(world)
      change(world)
    },
  })),
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
    name: 'the readiness probe fails, because the server is told to listen on its own machine alone, and its log may not be read',
    cause: 'pod-not-ready',
    says: ['listens at localhost alone'],
    options: { flags: { host: 'localhost' } },
    kube: { rights: without('', 'pods/log') },
    change: (world) => {
      notReady(world)
      delete containerOf(world)['startupProbe']
      podIs(world, { started: true, state: { running: { startedAt: '2026-11-22T14:20:00Z' } } })
      const message = 'Readiness probe failed: Get http://10.244.7.2:5000/health: dial tcp 10.244.7.2:5000: connect: connection refused'
      world.more.push(event(world.pod, 'Warning', 'Unhealthy', message))
    },
  },
  {
    name: 'the readiness probe does not get through the mesh, which a port-forward passes by',
    cause: 'pod-not-ready',
    says: ['ztunnel stands before it', '169.254.7.127'],
    change: (world) => {
      notReady(world)
      delete containerOf(world)['startupProbe']
      world.pod.metadata.annotations = { 'ambient.istio.io/redirection': 'enabled' }
      podIs(world, { started: true, state: { running: { startedAt: '2026-11-22T14:20:00Z' } } })
      const message =
        'Readiness probe failed: Get http://192.168.2.232:5000/health: dial tcp 192.168.2.232:5000: connect: connection refused'
      world.more.push(event(world.pod, 'Warning', 'Unhealthy', message))
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
  ...(
    [
      ['in a cluster of IPv6 listens at addresses of IPv4', '0.0.0.0', 'fd00::7', 'listens at 0.0.0.0 alone'],
      ['listens on its own machine alone', '127.0.0.1', '10.244.7.2', 'listens at 127.0.0.1 alone'],
      ['listened only after it was probed', '0.0.0.0', '10.244.7.2', 'Its readiness probe fails'],
    ] as const
  ).map(([what, host, podIP, words]): Situation => ({
    name: `the readiness probe fails, because the server ${what}`,
    cause: 'pod-not-ready',
    says: [words],
    kube: { logs: { [pod0]: `INFO 11-22 14:05:00 [api_server.py:100] Starting vLLM API server 0 on http://${host}:5000\n` } },
    change: (world) => {
      notReady(world)
      delete containerOf(world)['startupProbe']
      podIs(world, { started: true, state: { running: { startedAt: '2026-11-22T14:20:00Z' } } })
      statusOf(world.pod)['podIP'] = podIP
      const at = podIP.includes(':') ? `[${podIP}]` : podIP
      const message = `Readiness probe failed: Get "http://${at}:5000/health": dial tcp ${at}:5000: connect: connection refused`
      world.more.push(event(world.pod, 'Warning', 'Unhealthy', message))
    },
  })),
  {
    name: 'the engine has died, and the API of its server still answers',
    cause: 'pod-not-ready',
    says: ['has died, and its API still answers: torch.AcceleratorError', 'kubectl delete pod', 'has an Xid'],
    kube: {
      logs: {
        [pod0]:
          '(EngineCore pid=57) ERROR 11-22 18:06:46 [core.py:842] torch.AcceleratorError: CUDA error: an illegal memory access was encountered\n(APIServer pid=1) ERROR 11-22 18:06:46 [async_llm.py:546] vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue. See stack trace (above) for the root cause.\n',
      },
    },
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
      [
        'the worker of a model on two nodes crashes, and the liveness probe kills its leader',
        'torch.AcceleratorError: CUDA error: uncorrectable ECC error encountered',
        ['workspace-phi-4-mini-toolcall-1', 'is defective'],
      ],
      [
        'the liveness probe kills the leader of a model on two nodes, and its worker ends with it',
        'Some Ray subprocesses exited unexpectedly:\n  raylet [exit code=1]\nRemaining processes will be killed.',
        ['pod workspace-phi-4-mini-toolcall-0', 'other processes of the model are gone'],
      ],
    ] as const
  ).map(([name, log, says]): Situation => ({
    name,
    cause: 'crash-loop',
    says,
    server: 'nothing',
    kube: {
      logs: {
        [`${pod0}/previous`]: 'INFO 11-22 14:00:00 [core.py:1] Initializing a V1 LLM engine\n',
        [`${pod1}/previous`]: `${log}\n`,
      },
    },
    change: (world) => {
      notReady(world)
      podIs(world, { restartCount: 6, state: { running: {} }, lastState: { terminated: { exitCode: 137, reason: 'Error' } } })
      asksRay(world)
      const [pod] = world.more.filter(({ metadata }) => metadata.name === pod1)
      Object.assign(statusOf(pod as Thing).containerStatuses[0] as object, crashed(1, 'Error'))
      world.more.push(
        event(world.pod, 'Warning', 'Unhealthy', 'Liveness probe failed: AssertionError: Inference job not found in Ray jobs'),
      )
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
    name: 'the server dies of a fault of memory, and its log tells nothing',
    cause: 'crash-loop',
    says: ['exit code 139, SIGSEGV'],
    kube: { logs: { [`${pod0}/previous`]: 'INFO 11-22 14:00:00 [core.py:1] Initializing a V1 LLM engine\n' } },
    change: (world) => {
      notReady(world)
      podIs(world, crashed(139, 'Error'))
    },
  },
  ...(
    [
      ['the server is killed, and no event says by whom', 137, 'is again and again killed (SIGKILL)'],
      ['the server dies for want of shared memory', 135, '/dev/shm'],
      ['the processor of the node does not know an instruction of the image', 132, 'AVX2'],
    ] as const
  ).map(([name, exitCode, words]): Situation => ({
    name,
    cause: 'crash-loop',
    says: [words],
    change: (world) => {
      notReady(world)
      podIs(world, crashed(exitCode, 'Error'))
    },
  })),
  {
    name: 'the readiness probe fails, and KAITO 0.8 still says True',
    cause: 'pod-not-ready',
    change: (world) => {
      delete containerOf(world)['startupProbe']
      podIs(world, { started: true })
    },
  },
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
    name: 'the container is killed for memory while the workspace is judged',
    cause: 'out-of-memory',
    says: ['OOMKilled', '0 restarts at the beginning, 1 at the end'],
    server: { latencyMs: 300 },
    during: (kube, world) => restarted(kube, world, 'OOMKilled'),
  },
  {
    name: 'the node runs out of memory while the workspace is judged',
    cause: 'out-of-memory',
    says: ['node aks-ws1 had no memory left', 'spec.nodeName=aks-ws1'],
    server: { latencyMs: 300 },
    kube: {
      logs: {
        [`${pod0}/previous`]:
          '(APIServer pid=1) ERROR 11-22 18:06:46 [core_client.py:610] Engine core proc EngineCore_DP0 died unexpectedly, shutting down client.\n',
      },
    },
    during: (kube, world) => {
      const killed = event(world.node, 'Warning', 'OOMKilling', 'Out of memory: Killed process 41 (VLLM::EngineCor)')
      kube.apply({ ...killed, lastTimestamp: '2026-11-22T15:00:00Z' })
      restarted(kube, world, 'Error', 1)
    },
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
]
