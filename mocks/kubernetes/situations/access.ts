import { condition } from '../world.ts'
import { awaitingNodes, type Situation, absent, statusOf, notReady, withoutNode, without } from './state.ts'

/** KAITO's webhook refuses the workspaces that a set makes. */
const refusal =
  'admission webhook "validation.workspace.kaito.sh" denied the request: validation failed: invalid value: Unsupported inference preset name gpt-9: inference.presetName'

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

/** What keeps a workspace from being looked at, or from being taken up: its name, the cluster, rights, the controller. */
export const accessSituations: readonly Situation[] = [
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
    name: 'the namespace does not exist, and no other is called nearly so',
    cause: 'wrong-namespace',
    says: ['There is no namespace'],
    env: { KAITO_NAMESPACE: 'quite-another-one', KAITO_WORKSPACE: 'some-workspace' },
  },
  ...(
    [
      ['the name is that of an InferenceSet', 'my-set', 'is not a Workspace but an InferenceSet'],
      [
        'the name is that of a workspace that an InferenceSet has made anew',
        'my-set-lxwg6',
        'InferenceSet my-set gives its workspaces such names',
      ],
    ] as const
  ).map(([name, asked, words]): Situation => ({
    name,
    cause: 'workspace-absent',
    says: [words, 'KAITO_INFERENCESET=my-set'],
    env: { KAITO_WORKSPACE: asked },
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
  })),
  ...(['KAITO_WORKSPACE', 'KAITO_INFERENCESET'] as const).map((variable): Situation => ({
    name: `the name in ${variable} is that of a MultiRoleInference`,
    cause: variable === 'KAITO_WORKSPACE' ? 'workspace-absent' : 'inferenceset-absent',
    says: ['but a MultiRoleInference', 'KAITO_INFERENCESET=deepseek-decode'],
    env: { KAITO_WORKSPACE: '', [variable]: 'deepseek' },
    change: ({ more }) =>
      more.push(
        ...['prefill', 'decode'].map((role) => ({
          apiVersion: 'kaito.sh/v1beta1',
          kind: 'InferenceSet',
          metadata: {
            name: `deepseek-${role}`,
            namespace: 'default',
            labels: { 'multiroleinference.kaito.sh/created-by': 'deepseek', 'kaito.sh/inference-role': role },
          },
          spec: {
            replicas: 1,
            labelSelector: { matchLabels: { apps: 'x' } },
            template: { inference: { preset: { name: 'deepseek-v3-0324' } }, resource: {} },
          },
        })),
      ),
  })),
  {
    name: 'the name is that of a RAGEngine, which may not be read',
    cause: 'workspace-absent',
    says: ['There is no workspace documents', 'not looked at: ', 'ragengines'],
    env: { KAITO_WORKSPACE: 'documents' },
    kube: { rights: without('kaito.sh', 'ragengines') },
    change: ({ more }) =>
      more.push({ apiVersion: 'kaito.sh/v1beta1', kind: 'RAGEngine', metadata: { name: 'documents', namespace: 'default' } }),
  },
  {
    name: 'the name is that of a RAGEngine',
    cause: 'workspace-absent',
    says: ['is not a Workspace but a RAGEngine', 'spec.inferenceService.url'],
    env: { KAITO_WORKSPACE: 'documents' },
    change: ({ more }) =>
      more.push({ apiVersion: 'kaito.sh/v1beta1', kind: 'RAGEngine', metadata: { name: 'documents', namespace: 'default' } }),
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
  { name: 'the token has expired', cause: 'kubeconfig-expired', kube: { token: 'fresh' }, env: { MOCK_TOKEN: 'stale' } },
  {
    name: 'the token says itself that it has expired',
    cause: 'kubeconfig-expired',
    says: ['2023-11-14'],
    kube: { token: 'fresh' },
    env: { MOCK_TOKEN: `e30.${Buffer.from('{"exp":1700000000}').toString('base64url')}.sig` },
  },
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
      if (cluster) cluster.cluster['server'] = 'http://127.0.0.1:2'
    }),
  },
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
    name: 'the API server turns questions away',
    cause: 'api-unreachable',
    says: ['turns questions away: status 429', 'dump_priority_levels'],
    kube: { fails: [{ path: /\/workspaces\//, code: 429, message: 'Too many requests, please try again later.', retryAfter: 1 }] },
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
      ['the InferenceSet makes no workspace', 'my-set', 2, 'kubectl edit inferenceset -n default'],
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
              : condition('InferenceSetReady', 'False', 'inferencesetFailed', refusal),
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
    name: 'Azure decides over rights, and gives none',
    cause: 'rbac',
    says: ['b7f0c2d4 may not list pods in namespace default', 'az role assignment create --assignee b7f0c2d4'],
    kube: {
      fails: [
        {
          path: /\/pods$/,
          code: 403,
          message:
            'pods is forbidden: User "b7f0c2d4" cannot list resource "pods" in API group "" in the namespace "default": User does not have access to the resource in Azure. Update role assignment to allow access.',
        },
      ],
    },
  },
  {
    name: 'the controller went down while the node came',
    cause: 'controller-down',
    says: ['kubectl scale deployment kaito-workspace --replicas=1'],
    change: (world) => {
      withoutNode(world, awaitingNodes)
      world.node.kind = 'Node'
      Object.assign(world.controller['spec'] as object, { replicas: 0 })
      Object.assign(world.controller, { status: {} })
    },
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
]
