import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { messageOf } from '../../fixtures/thrown.ts'
import { EXIT } from '../../fixtures/exit-codes.ts'
import { variables } from '../../fixtures/target/variables.ts'
import { excerpt, plural } from '../../fixtures/text.ts'
import { UserMistake } from '../../fixtures/user-mistake.ts'
import { boundOf, budget, nothingFound, planOf, type FleetJudging } from '../fleet.ts'
import { freeze, frozenPlan, type Frozen } from './frozen.ts'
import { ownedBy } from './ledger.ts'
import { mergeRun, publish } from './merge.ts'
import { ClusterTrouble, type Job, type Objects } from './objects.ts'

const LOOK_MS = 5000
const RUN = variables.jobRun.name

/** The Indexed Job as deploy/cluster makes it: what the coordinator fills in. */
interface Template {
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly env?: readonly { readonly name: string }[] }[] } }
  }
}

/** The Indexed Job of a run, of its template. Throws a UserMistake when that cannot be read. */
function indexedJob(path: string, run: string, { uid, plan }: Frozen, parallelism: number): object {
  let template: Template
  try {
    template = JSON.parse(readFileSync(path, 'utf8')) as Template
  } catch (error) {
    throw new UserMistake(`The Job template ${path} cannot be read: ${excerpt(messageOf(error))}.`)
  }
  const pod = template.spec.template
  const containers = pod.spec.containers.map((container) => ({
    ...container,
    // First, for what refers to it.
    env: [{ name: RUN, value: run }, ...(container.env ?? []).filter(({ name }) => name !== RUN)],
  }))
  return {
    ...template,
    metadata: { ...template.metadata, ...ownedBy({ run, uid }), name: `${run}-index` },
    spec: {
      ...template.spec,
      completions: plan.members.length,
      parallelism: Math.min(parallelism, plan.members.length),
      template: { ...pod, spec: { ...pod.spec, containers } },
    },
  }
}

const hasEnded = ({ status }: Job): boolean =>
  (status?.conditions ?? []).some((one) => ['Complete', 'Failed'].includes(one.type) && one.status === 'True')

/**
 * Judges a fleet by an Indexed Job, a pod for each workspace: finds and freezes the workspaces, starts the Job, waits for it and merges what
 * its pods handed over. A coordinator that takes the place of another goes on with the same run. `template` is the file of the Indexed Job.
 * Resolves to the exit code.
 */
export async function coordinate(
  judging: FleetJudging,
  objects: Objects,
  { run, template }: { readonly run: string; readonly template: string },
): Promise<number> {
  const { configuration, say } = judging
  const began = Date.now()
  let frozen = await frozenPlan(objects, run)
  if (frozen === undefined) {
    const bound = boundOf(judging)
    const plan = await planOf(judging, bound)
    if (plan.members.length === 0) {
      for (const line of nothingFound(plan)) process.stdout.write(`${line}\n`)
      return EXIT.blocked
    }
    frozen = await freeze(objects, run, plan)
    say(budget(judging, bound, frozen.plan.members.length))
  }
  const job = indexedJob(template, run, frozen, configuration.fleetConcurrency)
  const made = await objects.createJob(job)
  say(`Job ${run}-index ${made ? 'is started' : 'is there already'}: ${plural(frozen.plan.members.length, 'workspace')}.`)
  for (let before = ''; ;) {
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    const found = await objects.job(`${run}-index`)
    if (found === undefined) throw new ClusterTrouble(`Job ${run}-index is gone from namespace ${objects.namespace}.`)
    const { succeeded = 0, failedIndexes = '', active = 0 } = found.status ?? {}
    const state = `${succeeded} conform${failedIndexes === '' ? '' : `, failed: ${failedIndexes}`}, ${active} under way`
    if (state !== before) say(state)
    before = state
    if (hasEnded(found)) break
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    await delay(LOOK_MS)
  }
  const folder = configuration.reportDir
  const { text, exitCode } = await mergeRun(objects, run, frozen, { folder, say, seconds: (Date.now() - began) / 1000 })
  await publish(objects, run, frozen.uid, folder)
  process.stdout.write(text)
  return exitCode
}
