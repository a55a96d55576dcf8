import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { profiles } from '../fixtures/contract/profiles.ts'
import { createRedactor } from '../fixtures/exchange/redact.ts'
import { unitsOf } from '../fixtures/run/plan.ts'
import { configuredSecrets, readConfiguration, type Configuration } from '../fixtures/target/configuration.ts'
import { valueOf } from '../fixtures/target/environment.ts'
import { variables } from '../fixtures/target/variables.ts'
import { EXIT } from '../fixtures/exit-codes.ts'
import { UserMistake } from '../fixtures/user-mistake.ts'
import type { FleetPlan } from '../reports/fleet/plan.ts'
import { readFleet } from '../reports/fleet/make.ts'
import { causeLine } from '../reports/terminal.ts'
import { HeldError, holdFolder, SILENT_MS } from '../reports/lock.ts'
import { endBySignal, helps, runCommand } from '../fixtures/command.ts'
import type { FleetJudging } from './fleet.ts'
import { coordinate } from './in-cluster/coordinator.ts'
import { frozenPlan, type Frozen } from './in-cluster/frozen.ts'
import { judgeIndex } from './in-cluster/index-pod.ts'
import { mergeRun } from './in-cluster/merge.ts'
import { ClusterTrouble, openObjects, type Objects } from './in-cluster/objects.ts'
import { loadScenarios } from './scenarios.ts'
import { readTerms } from './terms.ts'
import { typed } from '../fixtures/typed.ts'

const HELP = `Judges the workspaces of a cluster by an Indexed Job, a pod for each. The chart or the manifests of the suite start it.

  job run          finds the workspaces, starts the Indexed Job, waits for it and makes the reports
  job index        judges the workspace of one index and hands over its record: what a pod of that Job runs
  job merge RUN    makes the reports of a run from what its pods handed over, here or elsewhere

Exit codes: as of ${typed('test')}, the gravest of all workspaces. docs/in-cluster.md says more.
`

type Env = Readonly<Record<string, string | undefined>>

let redactor = createRedactor([])
/** A line for the user, on stdout: what a log collects. */
const say = (line: string): void => void process.stdout.write(`${redactor.text(line)}\n`)

const own = (name: string, env: Env): string => {
  const value = valueOf(env, name)
  if (value === undefined)
    throw new UserMistake(`${name} is not set: this command runs in a pod of the Job that the chart or the manifests of the suite make.`)
  return value
}

/** What a fleet is judged by, of variables. Throws a UserMistake when one server is meant. */
async function judgingOf(env: Env): Promise<FleetJudging> {
  const configuration: Configuration = readConfiguration(
    env,
    profiles.map(({ id }) => id),
  )
  redactor = createRedactor(configuredSecrets(configuration))
  const { target } = configuration
  if (target.kind !== 'fleet')
    throw new UserMistake(
      `One server is judged by ${typed('test')}: give KAITO_WORKSPACE='*', a list or a label selector to judge a fleet by a Job.`,
    )
  const units = unitsOf(await loadScenarios(configuration.tries))
  return { configuration, target, units, terms: readTerms(configuration, units, new Date()), filter: {}, say }
}

/** The variables of the run, in a pod that has its own only. */
const askedBy = ({ asked }: FleetPlan): Env =>
  Object.fromEntries(Object.entries(asked).filter(([name, value]) => value !== '' && !name.startsWith('-')))

async function frozenOf(objects: Objects, run: string): Promise<Frozen> {
  const frozen = await frozenPlan(objects, run)
  if (frozen === undefined)
    throw new ClusterTrouble(`There is no ConfigMap ${run}-plan in namespace ${objects.namespace}: no such run has begun.`)
  return frozen
}

/** Longest message of a container that ended: https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/ */
const MESSAGE_BYTES = 4096

/** Says why in the status of the pod. */
function leaveMessage(env: Env, text: string): void {
  const path = env[variables.terminationLog.name] ?? variables.terminationLog.default
  if (existsSync(path)) writeFileSync(path, Buffer.from(redactor.text(text)).subarray(0, MESSAGE_BYTES))
}

/** Holds the folder of the reports, as soon as the pod before this one can no longer live: where a claim keeps it, its lock is still there. */
async function holdAfterOther(folder: string): Promise<() => void> {
  const began = Date.now()
  for (let isSaid = false; ; isSaid = true) {
    try {
      return holdFolder(folder)
    } catch (error) {
      if (!(error instanceof HeldError) || Date.now() - began > 2 * SILENT_MS) throw error
    }
    if (!isSaid) say(`The report folder ${folder} is held by the pod before this one: waiting until that has ended.`)
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    await delay(1000)
  }
}

async function main(args: readonly string[], env: Env): Promise<number> {
  const [command, run] = args
  if (helps(args, HELP)) return EXIT.conforms
  if (command === 'merge' && run !== undefined) {
    const objects = await openObjects(env)
    try {
      const { reportDir } = readConfiguration({ CONFORMANCE_REPORT_DIR: env['CONFORMANCE_REPORT_DIR'] })
      const release = holdFolder(reportDir)
      const frozen = await frozenOf(objects, run)
      const seconds = (Date.now() - Date.parse(frozen.plan.started)) / 1000
      const { text, exitCode } = await mergeRun(objects, run, frozen, { folder: reportDir, say, seconds }).finally(release)
      process.stdout.write(text)
      return exitCode
    } finally {
      await objects.close()
    }
  }
  if (args.length !== 1 || (command !== 'run' && command !== 'index'))
    throw new UserMistake(`${typed('job')} takes run, index, or merge and the name of a run: see ${typed('job', '--help')}.`)
  const stopped = (text: string): void => {
    leaveMessage(env, text)
    say(text)
  }
  const onward = command === 'run' ? ': the next pod of this Job goes on with the run.' : ' before anything was judged.'
  const stay = endBySignal(stopped, () => onward)
  const name = own(variables.jobRun.name, env)
  if (command === 'index') {
    const objects = await openObjects(env)
    try {
      const index = own('JOB_COMPLETION_INDEX', env)
      const frozen = await frozenOf(objects, name)
      const judging = await judgingOf({ ...env, ...askedBy(frozen.plan) })
      stay()
      const result = await judgeIndex(judging, objects, { run: name, index, frozen }, stopped)
      leaveMessage(env, result.cause === undefined ? result.headline : causeLine(result.cause))
      return result.exitCode
    } finally {
      await objects.close()
    }
  }
  const judging = await judgingOf(env)
  const template = own(variables.jobTemplate.name, env)
  const objects = await openObjects(env)
  try {
    const release = await holdAfterOther(judging.configuration.reportDir)
    const code = await coordinate(judging, objects, { run: name, template }).finally(release)
    const [first] = readFleet(judging.configuration.reportDir)?.causes ?? []
    if (first !== undefined) {
      const { sentence, layer } = first
      leaveMessage(env, layer === undefined ? sentence : causeLine({ sentence, layer }))
    }
    return code
  } finally {
    await objects.close()
  }
}

await runCommand(
  () => main(process.argv.slice(2), process.env),
  (text) => {
    leaveMessage(process.env, text)
    process.stderr.write(`${redactor.text(text)}\n`)
  },
)
