import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { EXIT } from '../../fixtures/exit-codes.ts'
import { asJson, slot, slotPlus, textSlot, unless, when, type Item, type Manifest, type Node } from './slots.ts'

// All that stands in the cluster, once: the chart and the plain manifests are made of it.

const LABEL = 'app.kubernetes.io/name'
const labels = { [LABEL]: slot('name') }
const named = (suffix = ''): { [key: string]: Node } => ({ name: slot('name') + suffix, namespace: slot('namespace'), labels })
const COORDINATOR = '-coordinator'
const INDEX = '-index'
const ENV = '-env'
const TEMPLATE = '-template'
/** Of the cluster: another installation in another namespace has its own. */
const CLUSTER_ROLE = `${slot('namespace')}-${slot('name')}-judge`
/** The user of the image. */
const UID = 65_532

interface Role {
  readonly kind: string
  readonly rules: readonly {
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly verbs: readonly string[]
  }[]
}

/** What finding and judging workspaces needs, by fixtures/cluster/rbac.yaml; in the cluster no port is forwarded. */
const rights = parseAllDocuments(readFileSync(resolve(import.meta.dirname, '../../fixtures/cluster/rbac.yaml'), 'utf8'))
  .flatMap((document) => (document.toJS() as Role | null) ?? [])
  .map(({ kind, rules }) => ({ kind, rules: rules.filter(({ resources }) => !resources.includes('pods/portforward')) }))
const rulesOf = (...kinds: readonly string[]): Node =>
  rights
    .filter(({ kind }) => kinds.includes(kind))
    .flatMap(({ rules }) => rules.map(({ apiGroups, resources, verbs }) => ({ apiGroups, resources, verbs })))

const podSecurity: Node = {
  runAsNonRoot: true,
  runAsUser: UID,
  runAsGroup: UID,
  fsGroup: UID,
  seccompProfile: { type: 'RuntimeDefault' },
}

const fromPod = (name: string, fieldPath: string): Node => ({ name, valueFrom: { fieldRef: { fieldPath } } })

/** A pod of the suite; `folder` is its own, in a volume that several may share. */
const pod = (
  account: string,
  args: readonly string[],
  {
    env = [],
    folder,
    mounts = [],
    volumes = [],
  }: { env?: readonly Item[]; folder: string; mounts?: readonly Node[]; volumes?: readonly Node[] },
): { readonly [key: string]: Node } => ({
  restartPolicy: 'Never',
  serviceAccountName: slot('name') + account,
  // A record is written as verdicts are reached, so that little is to be done at the end.
  terminationGracePeriodSeconds: 30,
  securityContext: podSecurity,
  nodeSelector: slot('nodeSelector'),
  tolerations: slot('tolerations'),
  containers: [
    {
      name: 'conformance',
      image: slot('image'),
      imagePullPolicy: slot('imagePullPolicy'),
      args,
      envFrom: [{ configMapRef: { name: slot('name') + ENV } }],
      env: [
        fromPod('POD_NAME', 'metadata.name'),
        fromPod('POD_NAMESPACE', 'metadata.namespace'),
        ...env,
        { name: 'CONFORMANCE_REPORT_DIR', value: '/reports' },
        when('apiKeySecret', {
          name: 'OPENAI_API_KEY',
          valueFrom: { secretKeyRef: { name: slot('apiKeySecret'), key: slot('apiKeySecretKey') } },
        }),
      ],
      resources: slot('resources'),
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      // The runtime writes the cause; where it could not, the last lines of the log say why.
      terminationMessagePolicy: 'FallbackToLogsOnError',
      volumeMounts: [{ name: 'reports', mountPath: '/reports', subPathExpr: folder }, { name: 'tmp', mountPath: '/tmp' }, ...mounts],
    },
  ],
  volumes: [
    when('reportClaim', { name: 'reports', persistentVolumeClaim: { claimName: slot('reportClaim') } }),
    unless('reportClaim', { name: 'reports', emptyDir: { sizeLimit: '512Mi' } }),
    { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
    ...volumes,
  ],
})

/** A node that is drained, or a pod that is preempted, says nothing of the workspace. */
const disrupted: Node = { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }
const onExit = (action: string, values: readonly number[]): Node => ({
  action,
  onExitCodes: { containerName: 'conformance', operator: 'In', values },
})

/** The Indexed Job, a pod for each workspace; the coordinator sets name, completions, parallelism and CONFORMANCE_JOB_RUN. */
const indexJob: Node = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: named(INDEX),
  spec: {
    completionMode: 'Indexed',
    completions: 1,
    parallelism: 1,
    backoffLimitPerIndex: 1,
    // maxFailedIndexes stays unset: however many fail, each workspace is judged.
    podReplacementPolicy: 'Failed',
    podFailurePolicy: {
      rules: [
        disrupted,
        onExit('FailJob', [EXIT.request]),
        onExit('FailIndex', [EXIT.fails, EXIT.suite]),
        // Counted against backoffLimitPerIndex: tried once more.
        onExit('Count', [EXIT.blocked]),
      ],
    },
    activeDeadlineSeconds: slot('deadlineSeconds'),
    ttlSecondsAfterFinished: slot('keepSeconds'),
    template: {
      metadata: { labels },
      spec: pod(INDEX, ['job', 'index'], {
        env: [{ name: 'CONFORMANCE_JOB_RUN', value: '' }],
        folder: '$(CONFORMANCE_JOB_RUN)/indexes/$(POD_NAME)',
      }),
    },
  },
}

const selection: readonly Item[] = [
  { name: 'KAITO_WORKSPACE', value: slot('workspaces') },
  when('clusterWide', { name: 'KAITO_NAMESPACE', value: slot('namespaces') }),
  // There are no rights in any other.
  unless('clusterWide', { name: 'KAITO_NAMESPACE', value: slot('namespace') }),
]

/** The Job that finds the workspaces, starts the Indexed Job, waits for it and merges what it handed over. */
const coordinator: Node = {
  backoffLimit: 3,
  podReplacementPolicy: 'Failed',
  podFailurePolicy: {
    // It has said what it has to say; killed otherwise, its next pod goes on with the same run.
    rules: [disrupted, onExit('FailJob', [EXIT.fails, EXIT.request, EXIT.blocked, EXIT.suite])],
  },
  // Time to merge what the Indexed Job reached until its own deadline.
  activeDeadlineSeconds: slotPlus('deadlineSeconds', 900),
  ttlSecondsAfterFinished: slot('keepSeconds'),
  template: {
    metadata: { labels },
    spec: pod(COORDINATOR, ['job', 'run'], {
      env: [
        ...selection,
        { name: 'CONFORMANCE_FLEET_CONCURRENCY', value: textSlot('concurrency') },
        fromPod('CONFORMANCE_JOB_RUN', "metadata.labels['batch.kubernetes.io/job-name']"),
        { name: 'CONFORMANCE_JOB_TEMPLATE', value: '/etc/tool-calling/index-job.json' },
      ],
      folder: '$(CONFORMANCE_JOB_RUN)/fleet',
      mounts: [{ name: 'template', mountPath: '/etc/tool-calling', readOnly: true }],
      volumes: [{ name: 'template', configMap: { name: slot('name') + TEMPLATE } }],
    }),
  },
}

const RBAC = 'rbac.authorization.k8s.io'
const accounts = [COORDINATOR, INDEX]
const binding = (kind: 'Role' | 'ClusterRole', role: string, holders: readonly string[], metadata: Node): Node => ({
  apiVersion: `${RBAC}/v1`,
  kind: `${kind}Binding`,
  metadata,
  roleRef: { apiGroup: RBAC, kind, name: role },
  subjects: holders.map((account) => ({ kind: 'ServiceAccount', name: slot('name') + account, namespace: slot('namespace') })),
})
const role = (suffix: string, rules: Node): Node => ({ apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: named(suffix), rules })
const ledger: Node = { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create'] }

/** Every file of the installation. */
export const manifests: readonly Manifest[] = [
  {
    file: 'accounts',
    objects: accounts.map((account) => ({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: named(account),
      imagePullSecrets: slot('imagePullSecrets'),
    })),
  },
  {
    // What each pod keeps in the namespace: the list of workspaces, and what was reached of each.
    file: 'records',
    objects: [
      role(COORDINATOR, [ledger, { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'create'] }]),
      binding('Role', slot('name') + COORDINATOR, [COORDINATOR], named(COORDINATOR)),
      role(INDEX, [ledger]),
      binding('Role', slot('name') + INDEX, [INDEX], named(INDEX)),
    ],
  },
  {
    file: 'judge-everywhere',
    when: 'clusterWide',
    objects: [
      {
        apiVersion: `${RBAC}/v1`,
        kind: 'ClusterRole',
        metadata: { name: CLUSTER_ROLE, labels },
        rules: rulesOf('Role', 'ClusterRole'),
      },
      binding('ClusterRole', CLUSTER_ROLE, accounts, { name: CLUSTER_ROLE, labels }),
    ],
  },
  {
    file: 'judge-here',
    unless: 'clusterWide',
    objects: [role('-judge', rulesOf('Role')), binding('Role', `${slot('name')}-judge`, accounts, named('-judge'))],
  },
  {
    file: 'configuration',
    objects: [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: named(ENV), data: slot('env') },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: named(TEMPLATE), data: { 'index-job.json': asJson('index-job', indexJob) } },
    ],
  },
  {
    file: 'nightly',
    when: 'schedule',
    objects: [
      {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: named(),
        spec: {
          schedule: slot('schedule'),
          timeZone: slot('timeZone'),
          concurrencyPolicy: 'Forbid',
          startingDeadlineSeconds: 3600,
          // keepSeconds removes them: what a run handed over goes with its Job.
          successfulJobsHistoryLimit: 100,
          failedJobsHistoryLimit: 100,
          jobTemplate: { metadata: { labels }, spec: coordinator },
        },
      },
    ],
  },
  {
    file: 'now',
    when: 'runNow',
    // A Job cannot be changed: each upgrade has its own.
    objects: [{ apiVersion: 'batch/v1', kind: 'Job', metadata: named(`-${slot('release')}`), spec: coordinator }],
  },
  {
    file: 'network-policy',
    when: 'networkPolicy',
    objects: [
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: named(),
        spec: {
          podSelector: { matchLabels: labels },
          policyTypes: ['Ingress', 'Egress'],
          egress: [
            {
              ports: [
                { protocol: 'UDP', port: 53 },
                { protocol: 'TCP', port: 53 },
              ],
            },
            {
              to: [{ ipBlock: { cidr: slot('apiServerCidr') } }],
              ports: [
                { protocol: 'TCP', port: 443 },
                { protocol: 'TCP', port: 6443 },
              ],
            },
            // KAITO labels each pod that serves a workspace.
            {
              to: [{ namespaceSelector: {}, podSelector: { matchExpressions: [{ key: 'kaito.sh/workspace', operator: 'Exists' }] } }],
            },
          ],
        },
      },
    ],
  },
]

/** What `helm test` runs: the few requests of CONFORMANCE_DEPTH=smoke to each workspace that would be judged; fails as a run does. */
export const helmTest: Manifest = {
  file: 'tests/smoke',
  objects: [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...named('-smoke'),
        annotations: {
          'helm.sh/hook': 'test',
          // Deleted on success it would be gone before `helm test --logs` reads it.
          'helm.sh/hook-delete-policy': 'before-hook-creation',
        },
      },
      spec: pod(INDEX, [], { env: [...selection, { name: 'CONFORMANCE_DEPTH', value: 'smoke' }], folder: 'smoke/$(POD_NAME)' }),
    },
  ],
}
