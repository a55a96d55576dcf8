import { event, type World } from '../world.ts'
import {
  type Situation,
  absent,
  statusOf,
  containerOf,
  podIs,
  notReady,
  pod0,
  pod1,
  refusedPod,
  worker,
  preempted,
  deployment,
  unplaced,
  creating,
  without,
} from './state.ts'

/** The scheduler finds no node for the pod of the workspace. */
const findsNoNode =
  (message: string) =>
  (world: World): void => {
    notReady(world)
    unplaced(world.pod, message)
  }

/** Pods that are not made, find no place, or do not get to start. */
export const podSituations: readonly Situation[] = [
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
        'Container Registry Repository Reader',
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
      [
        'the firewall of the registry keeps the node out',
        'failed to authorize: failed to fetch oauth token: unexpected status from POST request to https://acr.azurecr.io/oauth2/token: 403 Forbidden: client with IP 20.1.1.1 is not allowed access',
        'az acr network-rule add',
      ],
      [
        'a firewall keeps the node in',
        'unexpected status from HEAD request to https://mcr.microsoft.com/v2/aks/kaito/kaito-base/manifests/0.5.0: 403 Forbidden',
        'a firewall keeps node aks-ws1 from the registry',
      ],
      [
        'the node does not trust what inspects TLS',
        'failed to do request: Head "https://mcr.microsoft.com/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
        'Exempt that host from TLS inspection',
      ],
      [
        'its form is too old',
        'not implemented: media type "application/vnd.docker.distribution.manifest.v1+prettyjws" is no longer supported since containerd v2.1',
        'takes no longer',
      ],
      ['the runtime of the node does not answer', 'Failed to inspect image "kaito-base": code = DeadlineExceeded', 'does not answer'],
      ['the registry is not logged in to', 'no basic auth credentials', 'the registry refuses'],
      ['the transfer breaks off', 'failed to copy: httpReadSeeker: failed open: unexpected EOF', 'fails at times'],
      [
        'the node is to stream it, and cannot',
        'failed to do request: Head "https://localhost:8578/v2/kaito-base/manifests/0.5.0?ns=mcr.microsoft.com": context canceled',
        '--disable-artifact-streaming',
      ],
      [
        'its registry speaks plain HTTP',
        'failed to do request: Head "https://registry.example/v2/": http: server gave HTTP response to HTTPS client',
        'hosts.toml',
      ],
      [
        'its name is none',
        "couldn't parse image name: invalid reference format: repository name must be lowercase",
        'is no name of an image',
      ],
      ['the pull is given up', 'rpc error: code = Canceled desc = failed to pull and unpack image: context canceled', 'fails at times'],
      ['it is not signed', 'image signature verification failed: no signatures found', 'accepts no signature'],
      [
        'the node does not reach the registry',
        'failed to do request: Head "https://mcr.microsoft.com/v2/": dial tcp 204.79.197.219:443: i/o timeout',
        'node aks-ws1 does not reach the registry',
      ],
      [
        'the node keeps no attributes of files',
        'failed to extract layer sha256:0840: lsetxattr /etc: xattr "user.overlay.impure": operation not supported',
        'may not write what the layers of',
      ],
      [
        'its layers are not what its manifest says',
        'failed to pull and unpack image: failed to unpack image on snapshotter overlayfs: mismatched image rootfs and manifest layers',
        'crictl rmi mcr.microsoft.com/aks/kaito/kaito-base:0.5.0',
      ],
      [
        'the disk of the node fails',
        'failed to prepare extraction snapshot: mkdir /var/lib/containerd/snapshots/new-1: read-only file system',
        'the disk of node aks-ws1 fails',
      ],
      [
        'the node has it, and gives it only to whoever may pull it',
        'Container image "kaito-base" is present with pull policy of IfNotPresent but does not have the proper credentials to access it',
        'its imagePullPolicy forbids that',
      ],
      [
        'it fails in a way that nobody knows',
        'failed to pull and unpack image: something that was never seen',
        'failed to pull and unpack image: something that was never seen).',
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
    name: 'the image cannot be pulled, and only KAITO says why, for events may not be read',
    cause: 'image-pull',
    says: ['the registry limits how often'],
    kube: { rights: without('', 'events') },
    change: (world) => {
      const message = 'container "w" image pull failed (ErrImagePull): 429 Too Many Requests - Server message: toomanyrequests'
      notReady(world, 'ImagePullError', message)
      podIs(world, { state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } } }, 'Pending')
    },
  },
  {
    name: 'a quota of the namespace forbids the pod, and the StatefulSet may not be read',
    cause: 'pod-not-created',
    says: ['exceeded quota: gpus', 'kubectl describe resourcequota -n default'],
    kube: { rights: without('apps', 'statefulsets') },
    change: (world) => {
      refusedPod(world, 'is forbidden: exceeded quota: gpus')
    },
  },
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
  ...(
    [
      [
        'library and kernel module of its driver differ',
        'failed to create containerd task: failed to create shim task: OCI runtime create failed: could not apply required modification to OCI specification: error modifying OCI spec: failed to create the automatic CDI modifier: failed to generate CDI spec for mode "auto": failed to construct device spec generators: failed to initialize NVML: Driver/library version mismatch',
        ['failed to initialize NVML: Driver/library version mismatch.', '--node-image-only'],
      ],
      [
        'it does not describe the GPU that the device plugin gives',
        'failed to create containerd task: OCI runtime create failed: could not apply required modification to OCI specification: error modifying OCI spec: failed to inject CDI devices: unresolvable CDI devices management.nvidia.com/gpu=GPU-e78e68c0',
        ['(CDI): failed to inject', 'spec.nodeName=aks-ws1'],
      ],
      [
        'it cannot stream the image',
        'failed to create containerd container: failed to attach and mount for snapshot 218: failed to enable target for /sys/kernel/config/target/core/user_999999999/dev_218, failed:failed to open remote file',
        ['cannot stream its image', '--disable-artifact-streaming'],
      ],
      [
        'its disk is full',
        'failed to create containerd container: write /var/lib/containerd/tmpmounts/c1: no space left on device',
        ['the disk of node aks-ws1 is full'],
      ],
      ['its container runtime is too slow', 'failed to reserve container name "w": name "w" is reserved for "ab"', ['does not get done']],
      [
        'it has lost a part of the image',
        'failed to create containerd container: error unpacking image: failed to extract layer sha256:1: failed to get reader from content store: content digest sha256:1: not found',
        ['has lost a part of its image', 'crictl rmi'],
      ],
      [
        'it does not get a Secret from the API server',
        'failed to sync secret cache: timed out waiting for the condition',
        ['has not got from the API server'],
      ],
      ['its image names root', 'container has runAsNonRoot and image will run as root', ['Set runAsUser']],
      [
        'a volume of the pod has lost its storage',
        'failed to resolve symlink "/var/lib/kubelet/pods/1/volumes/kubernetes.io~csi/pv-blob/mount": lstat /var/lib/kubelet/pods/1/volumes/kubernetes.io~csi/pv-blob/mount: transport endpoint is not connected',
        ['has lost its storage on node aks-ws1', 'kubectl delete pod'],
      ],
      [
        'it has no such AppArmor profile',
        'failed to create containerd container: failed to generate apparmor spec opts: apparmor profile not found vllm-strict',
        ['does not have the AppArmor or seccomp profile'],
      ],
    ] as const
  ).map(([name, message, says]): Situation => ({
    name: `the node does not start the container: ${name}`,
    cause: 'container-config',
    says,
    change: (world) => {
      notReady(world)
      podIs(world, { state: { waiting: { reason: 'CreateContainerError', message } } }, 'Pending')
    },
  })),
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
    name: 'the pod cannot be scheduled',
    cause: 'unschedulable',
    says: ['untolerated taint'],
    change: (world) => {
      notReady(world, 'Unschedulable', '0/3 nodes are available')
      unplaced(
        world.pod,
        '0/3 nodes are available: 1 node(s) had untolerated taint {gpu: only}, 2 node(s) did not match Pod node affinity.',
      )
    },
  },
  {
    name: 'a volume is not bound',
    cause: 'unschedulable',
    says: ['PersistentVolumeClaims'],
    change: findsNoNode('pod has unbound immediate PersistentVolumeClaims. not found'),
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
    name: 'KEDA has scaled the StatefulSet to nothing',
    cause: 'pod-not-created',
    says: ['scaled to 0 by KEDA', 'kubectl edit scaledobject idle -n default'],
    change: (world) => {
      notReady(world)
      absent(world.pod)
      Object.assign(world.set['spec'] as object, { replicas: 0 })
      const scaler = { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { name: 'idle', namespace: 'default' } }
      const message = `Deactivated apps/v1.StatefulSet default/${world.set.metadata.name} from 1 to 0`
      world.more.push(event(scaler, 'Normal', 'KEDAScaleTargetDeactivated', message))
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
  ...(
    [
      [
        'the node cannot give the container its GPU',
        ['driver/library version mismatch', 'kubectl cordon aks-ws1'],
        'initialization error: nvml error: driver/library version mismatch',
      ],
      [
        'the image asks for a newer driver than the node has',
        ['the driver of node aks-ws1 is older', 'cuda>=12.9', 'newer image or driver'],
        'requirement error: unsatisfied condition: cuda>=12.9, please update your driver to a newer version, or use an earlier cuda container',
      ],
    ] as const
  ).map(([name, says, error]): Situation => ({
    name,
    cause: 'container-config',
    says,
    change: (world) => {
      notReady(world)
      const message = `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error running prestart hook #0: exit status 1, stdout: , stderr: Auto-detected mode as 'legacy' nvidia-container-cli: ${error}`
      podIs(world, { state: { waiting: { reason: 'RunContainerError', message } } })
    },
  })),
  ...(
    [
      ['kueue.x-k8s.io/admission', 'kubectl describe workloads.kueue.x-k8s.io -n default'],
      ['example.com/hold', 'Let what put that gate on'],
    ] as const
  ).map(([gate, words]): Situation => ({
    name: `a gate holds the pod back: ${gate}`,
    cause: 'unschedulable',
    says: [`by its gate ${gate}`, words],
    change: (world) => {
      findsNoNode('')(world)
      const blocked = { reason: 'SchedulingGated', message: 'Scheduling is blocked due to non-empty scheduling gates' }
      Object.assign(statusOf(world.pod).conditions[0] as object, blocked)
      Object.assign(world.pod['spec'] as object, { schedulingGates: [{ name: gate }] })
    },
  })),
  {
    name: 'the autoscaler may bring no other node',
    cause: 'unschedulable',
    says: ['max node group size reached', '--max-count MAX'],
    change: (world) => {
      findsNoNode('0/3 nodes are available: 3 Insufficient nvidia.com/gpu.')(world)
      world.more.push(event(world.pod, 'Normal', 'NotTriggerScaleUp', "pod didn't trigger scale-up: 1 max node group size reached"))
    },
  },
  {
    name: 'the autoscaler did not get the node that it ordered',
    cause: 'unschedulable',
    says: ['ordered a node for it and did not get it', 'cluster-autoscaler-status'],
    change: (world) => {
      findsNoNode('0/3 nodes are available: 3 Insufficient nvidia.com/gpu.')(world)
      world.more.push(
        event(
          world.pod,
          'Normal',
          'NotTriggerScaleUp',
          "pod didn't trigger scale-up: 1 in backoff after failed scale-up, 2 node(s) didn't match Pod's node affinity/selector",
        ),
      )
    },
  },
  {
    name: 'the pod of a Deployment that KAITO 0.7 made still has the node of the one that comes in its place',
    cause: 'unschedulable',
    says: ['in whose place it comes, still has its node', 'kubectl get pod workspace-phi-4-mini-toolcall-5d9c7b-kkkkk -n default -w'],
    change: (world) => {
      const old = structuredClone(world.pod)
      Object.assign(old.metadata, { name: 'workspace-phi-4-mini-toolcall-5d9c7b-kkkkk', deletionTimestamp: '2026-11-22T15:00:00Z' })
      delete old.metadata.labels?.['statefulset.kubernetes.io/pod-name']
      findsNoNode('0/1 nodes are available: 1 Insufficient nvidia.com/gpu.')(world)
      const message = 'Migrating inference workload from Deployment to StatefulSet, this will cause a few minutes of downtime.'
      world.more.push(old, event(world.workspace, 'Warning', 'WorkloadMigration', message))
    },
  },
  {
    name: 'the sandbox of a pod of before cannot be taken down',
    cause: 'pod-starting',
    says: ['its container has not been started: error killing pod', 'kubectl describe node aks-ws1'],
    change: (world) => {
      creating(world)
      const message =
        "error killing pod: failed to 'KillPodSandbox': failed to destroy network for sandbox: plugin type=azure-vnet failed (delete)"
      world.more.push(event(world.pod, 'Warning', 'FailedKillPod', message))
    },
  },
  {
    name: 'the template of the claim of the pod does not exist',
    cause: 'unschedulable',
    says: ['kubectl get resourceclaimtemplates,resourceclaims -n default', 'FailedResourceClaimCreation'],
    change: (world) => {
      findsNoNode('waiting for dynamic resource controller to create the resourceclaim')(world)
      const message = 'PodResourceClaim gpu: resource claim template: resourceclaimtemplate.resource.k8s.io single-gpu not found'
      world.more.push(event(world.pod, 'Warning', 'FailedResourceClaimCreation', message))
    },
  },
  {
    name: 'the claim that the workspace names does not exist',
    cause: 'unschedulable',
    says: ['There is no such claim'],
    change: findsNoNode('0/3 nodes are available: persistentvolumeclaim "weights" not found.'),
  },
  {
    name: 'the scheduler that the pod names does not run',
    cause: 'unschedulable',
    says: ['scheduler volcano has not looked at it'],
    change: (world) => {
      findsNoNode('')(world)
      statusOf(world.pod).conditions = []
      Object.assign(world.pod['spec'] as object, { schedulerName: 'volcano' })
    },
  },
  {
    name: 'the kubelet of the node does not take the pod up',
    cause: 'pod-starting',
    says: ['has not taken it up yet', 'kubectl describe node aks-ws1'],
    change: (world) => {
      notReady(world)
      world.pod['status'] = { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'True' }] }
    },
  },
  ...(
    [
      [
        'the node cannot pull the image of the sandbox',
        'pod-sandbox',
        'FailedCreatePodSandBox',
        'Failed to create pod sandbox: failed to get sandbox image "mcr.microsoft.com/oss/kubernetes/pause:3.6": failed to pull image: 403 Forbidden',
        'cannot pull the image of its sandbox',
      ],
      [
        'nobody attaches the disk to the node',
        'volume-not-mounted',
        'FailedAttachVolume',
        'AttachVolume.Attach failed for volume "pvc-1" : timed out waiting for external-attacher of disk.csi.azure.com CSI driver to attach volume pvc-1',
        'kubectl describe volumeattachment',
      ],
      [
        'the node has no program that mounts NFS',
        'volume-not-mounted',
        'FailedMount',
        'MountVolume.SetUp failed for volume "nfs" : mount: /x: bad option; for several filesystems (e.g. nfs, cifs) you might need a /sbin/mount.<type> helper program.',
        'nfs-common',
      ],
      [
        'the file system of the disk is damaged',
        'volume-not-mounted',
        'FailedMount',
        "MountVolume.MountDevice failed for volume pvc-1 : 'fsck' found errors on device /dev/sdc but could not correct them",
        'is damaged',
      ],
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
        'the kubelet of the node is older than the API server',
        'container-config',
        'FailedPrepareDynamicResources',
        'Failed to prepare dynamic resources: failed to fetch ResourceClaim gpu-hlldb referenced by pod w: the server could not find the requested resource',
        'the kubelet of node aks-ws1 is too old',
      ],
      [
        'the node has not joined the GPUs of others',
        'container-config',
        'FailedPrepareDynamicResources',
        'Failed to prepare dynamic resources: error preparing devices for claim: error asserting ComputeDomain Ready: current node not ready in ComputeDomain',
        'kubectl describe computedomains -n default',
      ],
      [
        'the network of the node is not ready',
        'pod-sandbox',
        'NetworkNotReady',
        'network is not ready: cni plugin not initialized',
        'See the network plugin',
      ],
      [
        'the disk of the node is full',
        'pod-sandbox',
        'FailedCreatePodSandBox',
        'Failed to create pod sandbox: failed to create containerd task: no space left on device',
        'has used up its disk',
      ],
      [
        'the container runtime of the node makes no sandbox',
        'pod-sandbox',
        'FailedCreatePodSandBox',
        'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to start sandbox "ab": failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: can\'t get final child\'s PID from pipe: EOF',
        'the container runtime of node aks-ws1 does not make its sandbox',
      ],
      [
        'the network plugin of the node takes too long',
        'pod-sandbox',
        'FailedCreatePodSandBox',
        'Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = failed to setup network for sandbox "ab": plugin type="azure-vnet" failed (add): context deadline exceeded',
        'See the network plugin',
      ],
      [
        'the node takes no disk of that kind',
        'volume-not-mounted',
        'FailedAttachVolume',
        'AttachVolume.Attach failed for volume "pvc-1" : rpc error: code = Internal desc = Managed disks with \'PremiumV2_LRS\' storage account type can be used only with Virtual Machines in an Availability Zone.',
        'takes no disk of that kind',
      ],
      [
        'the node has no room for what its container is made of',
        'pod-sandbox',
        'FailedCreatePodContainer',
        'unable to ensure pod container exists: failed to create container for [kubepods besteffort podab] : mkdir /sys/fs/cgroup/memory/kubepods/besteffort/podab: no space left on device',
        'has used up its disk',
      ],
      [
        'the identity gets no credential for the storage',
        'volume-not-mounted',
        'FailedMount',
        'MountVolume.SetUp failed for volume "weights" : Error: failed to initialize new pipeline [failed to authenticate credentials for azstorage]',
        'the right to that storage',
      ],
      [
        'the disk of the volume was deleted',
        'volume-not-mounted',
        'FailedAttachVolume',
        'AttachVolume.Attach failed for volume "pvc-1" : rpc error: code = NotFound desc = Volume not found',
        'no longer exists',
      ],
      [
        'the node does not see the disk that was attached',
        'volume-not-mounted',
        'FailedMount',
        'MountVolume.MountDevice failed for volume "pvc-1" : rpc error: code = Internal desc = failed to find disk on lun 0. azureDisk - findDiskByLun(0) failed with error(failed to find disk by lun 0)',
        'does not see the disk that was attached to it',
      ],
      [
        'the files of the volume take no other owner',
        'volume-not-mounted',
        'FailedMount',
        'MountVolume.SetUp failed for volume "nfs" : applyFSGroup failed for vol nfs: lchown /var/lib/kubelet/pods/1/volumes/kubernetes.io~csi/nfs/mount: operation not permitted',
        'Take fsGroup out',
      ],
      [
        'the driver of the volume hangs',
        'volume-not-mounted',
        'FailedMount',
        'MountVolume.MountDevice failed for volume "pvc-1" : rpc error: code = Aborted desc = An operation with the given Volume ID pvc-1 already exists',
        'does not get done on node aks-ws1',
      ],
      [
        'the node does not get a ConfigMap from the API server',
        'volume-not-mounted',
        'FailedMount',
        'MountVolume.SetUp failed for volume "kube-api-access-x" : object "default"/"kube-root-ca.crt" not registered',
        'has not got from the API server',
      ],
      [
        'the Secrets Store gets no credentials',
        'volume-not-mounted',
        'FailedMount',
        'MountVolume.SetUp failed for volume "secrets" : rpc error: code = Unknown desc = failed to mount secrets store objects for pod default/ws1-0, err: failed to get credentials: nodePublishSecretRef secret is not set',
        'what the SecretProviderClass names',
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
  ...(['DNSConfigForming', 'FailedToRetrieveImagePullSecret'] as const).map((reason): Situation => ({
    name: `the image is still being pulled, and the kubelet warns of ${reason}`,
    cause: 'pod-starting',
    says: ['is still being pulled'],
    change: (world) => {
      creating(world)
      const pulling = event(world.pod, 'Normal', 'Pulling', 'Pulling image "mcr.microsoft.com/aks/kaito/kaito-base:0.5.0"')
      world.more.push({ ...event(world.pod, 'Warning', reason, 'Unable to do all'), lastTimestamp: '2026-11-22T14:30:00Z' }, pulling)
    },
  })),
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
      [
        'AKS sets it aside, for it could not empty it for an upgrade',
        'kubectl get poddisruptionbudget -A',
        ({ node }) => Object.assign(node.metadata.labels as object, { 'kubernetes.azure.com/upgrade-status': 'Quarantined' }),
      ],
      [
        'AKS upgrades it',
        'brings another, or itself, when that is done',
        ({ more, node }) => more.push(event(node, 'Normal', 'Drain', 'Draining node: [aks-ws1]')),
      ],
      [
        'the operator of the GPUs renews its driver',
        'kubectl get node aks-ws1 -L nvidia.com/gpu-driver-upgrade-state',
        ({ node }) => Object.assign(node.metadata.labels as object, { 'nvidia.com/gpu-driver-upgrade-state': 'drain-required' }),
      ],
      [
        'kured restarts its machine',
        'kubectl get node aks-ws1 -w',
        ({ node }) => Object.assign(node.metadata, { annotations: { 'weave.works/kured-reboot-in-progress': '2026-11-22T15:00:00Z' } }),
      ],
    ] as readonly (readonly [string, string, (world: World) => void])[]
  ).map(([why, words, change]): Situation => ({
    name: `the node is cordoned, because ${why}`,
    cause: 'unschedulable',
    says: ['The node is cordoned: ', words],
    change: (world) => {
      findsNoNode('0/1 nodes are available: 1 node(s) were unschedulable.')(world)
      world.node['spec'] = { unschedulable: true }
      change(world)
    },
  })),
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
    change: findsNoNode(
      `0/3 nodes are available: ${lacking}, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.`,
    ),
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
    change: findsNoNode(
      `0/1 nodes are available: ${lacking} preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.`,
    ),
  })),
  ...(
    [
      ['is taken away by Karpenter', 'karpenter.sh/disrupted', 'Node aks-ws1 is being taken away'],
      ['is repaired by AKS', 'remediator.kubernetes.azure.com/unschedulable', 'is being taken away or repaired'],
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
    name: 'a scheduler of groups holds the pod back',
    cause: 'unschedulable',
    says: ['kubectl describe podgroups -n default'],
    change: findsNoNode('1/1 tasks in gang unschedulable: pod group is not ready, 1 Pending, 1 minAvailable; Pending: 1 Unschedulable'),
  },
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
]
