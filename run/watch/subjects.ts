import { join } from 'node:path'
import type { Configuration } from '../../fixtures/target/configuration.ts'
import type { MetricCause, MetricPlace } from '../../reports/metrics.ts'

/** One server that is watched. */
export interface Subject {
  /** How a person calls it; unique among those that are watched. */
  readonly label: string
  readonly place: MetricPlace
  /** Of one probe. Its report folder is where the records of this server are kept. */
  readonly configuration: Configuration
  /** Report folder or results.json of the run that it is compared with. */
  readonly compare?: string
}

/** What is to be watched now. */
export interface FoundSubjects {
  readonly subjects: readonly Subject[]
  /** Places where servers were looked for and nothing could be found. */
  readonly troubles: readonly { readonly place: MetricPlace; readonly cause: MetricCause }[]
}

/**
 * The servers that a configuration means; of a selection those that are there now, ready or not: one that is not ready is what a watch is
 * for. Throws UserMistake for a kubeconfig that cannot be used.
 */
export async function findSubjects(
  configuration: Configuration,
  env: Readonly<Record<string, string | undefined>>,
): Promise<FoundSubjects> {
  const { target, compare, reportDir } = configuration
  if (target.kind !== 'fleet') {
    const own = { configuration, ...(compare === undefined ? {} : { compare }) }
    if (target.kind === 'cluster') {
      const { loadAccess } = await import('../../fixtures/cluster/kubeconfig.ts')
      const namespace = target.namespace ?? loadAccess(env, target.context).namespace
      const place = { context: '', namespace, workspace: target.workspace }
      return { subjects: [{ label: `${namespace}/${target.workspace}`, place, ...own }], troubles: [] }
    }
    const label = target.kind === 'endpoint' ? `${target.baseUrl}/v1` : 'the embedded mock vLLM'
    return { subjects: [{ label, place: { context: '', namespace: '', workspace: label }, ...own }], troubles: [] }
  }
  // Only a watch of a cluster pays for the client of Kubernetes.
  const [{ findWorkspaces }, { memberConfiguration, placesOf }] = await Promise.all([
    import('../../fixtures/target/workspaces.ts'),
    import('../fleet.ts'),
  ])
  const found = await findWorkspaces(target, env)
  const { members, unjudged } = placesOf(target, { ...found, members: [...found.members, ...found.leftOut], leftOut: [] })
  const wide = (target.contexts?.length ?? 0) > 1
  return {
    subjects: members.map(({ folder, ...member }) => ({
      label: member.label,
      place: {
        context: wide ? member.context : '',
        namespace: member.namespace,
        workspace: member.name,
        ...(member.preset === undefined ? {} : { preset: member.preset }),
      },
      configuration: memberConfiguration(configuration, target, member, join(reportDir, folder)),
      ...(compare === undefined ? {} : { compare: join(compare, folder) }),
    })),
    troubles: unjudged.flatMap(({ label, cause }) =>
      cause === undefined ? [] : [{ place: { context: '', namespace: '', workspace: label }, cause }],
    ),
  }
}
