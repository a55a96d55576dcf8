import { minorOf, scenario, working, type Check } from '../fixtures/scenario.ts'

export default scenario('Prerequisites in the cluster', ({ cluster }) => {
  cluster(
    'cluster.kubernetes',
    'SHOULD run Kubernetes 1.33 or newer',
    'KAITO tool calling article: prerequisites',
    ({ facts: { kubernetes } }): Check => {
      if (kubernetes.problem) return { notApplicable: kubernetes.problem.sentence }
      const minor = Number(/^v?1\.(\d+)/.exec(kubernetes.value)?.[1] ?? Number.NaN)
      if (Number.isNaN(minor)) return { notApplicable: `the version ${kubernetes.value} cannot be compared` }
      return minor >= 33
        ? { note: kubernetes.value }
        : { where: 'GET /version: gitVersion', got: kubernetes.value, wanted: 'v1.33 or newer' }
    },
  )

  cluster(
    'cluster.kaito',
    "MUST serve KAITO's Workspaces",
    'KAITO tool calling article: the add-on is enabled; kaito config/crd/bases',
    ({ facts: { versions, kaito } }): Check =>
      versions.problem
        ? { blocked: versions.problem.sentence }
        : { note: `kaito.sh/${versions.value.join(', ')}${kaito ? `; KAITO ${kaito.version} (${kaito.from})` : ''}` },
  )

  cluster(
    'cluster.controller',
    "SHOULD have KAITO's controller running",
    'kaito charts/kaito/workspace: deployment kaito-workspace',
    ({ facts: { controllers } }): Check => {
      if (controllers.problem) return { notApplicable: controllers.problem.sentence }
      const first = working(controllers.value)
      if (first === undefined) return { notApplicable: 'no controller is visible; a managed add-on may hide it' }
      const name = `${first.metadata?.namespace}/${first.metadata?.name}`
      if (Object.keys(first.status ?? {}).length === 0 && first.spec?.replicas !== 0)
        return { notApplicable: `deployment ${name} has no status yet` }
      const available = first.status?.availableReplicas ?? 0
      return available > 0
        ? { note: `${name}: ${available} available` }
        : { where: `deployment ${name}: status.availableReplicas`, got: String(available), wanted: 'at least 1' }
    },
  )

  cluster(
    'cluster.workspace',
    'MUST have the workspace in its namespace',
    'KAITO tool calling article: kubectl get workspace',
    ({ facts: { object } }): Check => (object.problem ? { blocked: object.problem.sentence } : undefined),
  )

  cluster(
    'cluster.api-version',
    'SHOULD serve Workspaces as v1beta1, the version that KAITO stores',
    'kaito config/crd/bases at v0.6.2 to v0.12.0',
    ({ facts: { versions, kaito } }): Check => {
      if (versions.problem) return { notApplicable: versions.problem.sentence }
      if (kaito && minorOf(kaito.version) < 5) return { notApplicable: `KAITO ${kaito.version} has v1alpha1 only` }
      return versions.value.includes('v1beta1')
        ? undefined
        : { where: 'GET /apis/kaito.sh', got: versions.value.join(', '), wanted: 'v1beta1' }
    },
  )

  cluster(
    'cluster.admission',
    'SHOULD refuse a workspace with a preset that does not exist, as a server-side dry run shows',
    "kaito api/v1beta1/workspace_validation.go: Unsupported inference preset name; without the webhook the CRD's schema lets it pass",
    ({ facts: { admission } }): Check => {
      if (admission.problem) return { notApplicable: admission.problem.sentence }
      return admission.value.refusal === undefined
        ? {
            where: 'dry run of a Workspace with the preset no-such-preset',
            got: 'accepted: no webhook of KAITO validates workspaces',
            wanted: 'Unsupported inference preset name',
          }
        : { note: admission.value.refusal }
    },
  )
})
