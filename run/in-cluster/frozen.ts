import type { FleetPlan } from '../../reports/fleet/plan.ts'
import { ownedBy } from './ledger.ts'
import { ClusterTrouble, type Objects } from './objects.ts'

/** What all pods of a run share: the workspaces by their index, and the Job to which all that they keep belongs. */
export interface Frozen {
  readonly uid: string
  readonly plan: FleetPlan
}

const nameOf = (run: string): string => `${run}-plan`

/** The workspaces that a run has set out to judge; undefined before it has. */
export async function frozenPlan(objects: Pick<Objects, 'configMap'>, run: string): Promise<Frozen | undefined> {
  const found = await objects.configMap(nameOf(run))
  const text = found?.data?.['frozen']
  return text === undefined ? undefined : (JSON.parse(text) as Frozen)
}

/** Freezes the workspaces of a run, once: when another pod of it was first, what that one found counts. */
export async function freeze(objects: Objects, run: string, plan: FleetPlan): Promise<Frozen> {
  const uid = (await objects.job(run))?.metadata.uid
  if (uid === undefined)
    throw new ClusterTrouble(`There is no Job ${run} in namespace ${objects.namespace}, to which what is kept there would belong.`)
  const frozen: Frozen = { uid, plan }
  const made = await objects.createConfigMap({
    metadata: { name: nameOf(run), ...ownedBy({ run, uid }) },
    data: { frozen: JSON.stringify(frozen) },
  })
  return made ? frozen : ((await frozenPlan(objects, run)) ?? frozen)
}
