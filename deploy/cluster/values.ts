import { z } from 'zod'
import { nearestName } from '../../fixtures/nearest.ts'
import { UserMistake } from '../../fixtures/user-mistake.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { checkVariables } from '../../fixtures/target/environment.ts'
import { excerpt } from '../../fixtures/text.ts'

const dnsLabel = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[a-z]([a-z0-9-]*[a-z0-9])?$/, 'lower-case letters, digits and hyphens are allowed, a letter first')
/** A name of an object that is there already, or nothing. */
const existing = z.string().regex(/^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$/, 'this is no name of an object')
const seconds = z.int().min(60).max(2_592_000)
const texts = z.record(z.string(), z.string())

/** What an installation can set; the descriptions are the comments of values.yaml. */
export const chartValues = z.strictObject({
  // A CronJob adds 11 characters, an index and a pod some more, and host names end at 63.
  name: dnsLabel(30).default('tool-calling').describe('Every object is called by it: two installations in one namespace need two names.'),
  image: z
    .string()
    .min(1)
    .default(`${packageJson.name}:${packageJson.version}`)
    .describe('The image of the suite: deploy/Dockerfile builds it. Push it where your nodes can pull it.'),
  imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent').describe('Always, IfNotPresent or Never.'),
  imagePullSecrets: z
    .array(z.strictObject({ name: z.string().min(1) }))
    .default([])
    .describe('Existing Secrets by which the image is pulled: [{ name: my-registry }].'),
  workspaces: z.string().min(1).default('*').describe("KAITO_WORKSPACE: '*', names with commas between them, or a label selector."),
  namespaces: z.string().min(1).default('*').describe("KAITO_NAMESPACE: '*', names with commas between them, or a label selector."),
  clusterWide: z
    .boolean()
    .default(true)
    .describe(
      'true: a ClusterRole, for every namespace and for evidence from nodes. false: a Role, and only workspaces in the namespace of the release.',
    ),
  concurrency: z.int().min(1).max(100).default(4).describe('How many workspaces are judged at once, each in a pod of its own.'),
  schedule: z.string().default('0 2 * * *').describe('When the CronJob judges all workspaces; empty: there is no CronJob.'),
  timeZone: z.string().min(1).default('Etc/UTC').describe('Time zone of the schedule.'),
  runNow: z.boolean().default(false).describe('Also judges them once, now: at an installation, and at each upgrade.'),
  env: texts
    .default({})
    .describe('More variables of the suite (table "Configuration" of its README), each a text: { CONFORMANCE_DEPTH: smoke }.'),
  apiKeySecret: existing.default('').describe('An existing Secret with the key of the servers, where they ask for one.'),
  apiKeySecretKey: z.string().min(1).default('OPENAI_API_KEY').describe('Where in that Secret the key stands.'),
  reportClaim: existing
    .default('')
    .describe(
      'An existing PersistentVolumeClaim (ReadWriteMany) that keeps whole reports, a folder for each run. Without it they go with their pods; verdicts and the bytes of answers reach the page of the fleet all the same.',
    ),
  deadlineSeconds: seconds.default(14_400).describe('How long a run may take in all, in seconds.'),
  keepSeconds: seconds.default(604_800).describe('How long Jobs, and the results that belong to them, are kept, in seconds.'),
  networkPolicy: z
    .boolean()
    .default(true)
    .describe('Pods may reach DNS, the API server and pods of workspaces, nothing else; nothing may reach them.'),
  apiServerCidr: z
    .string()
    .regex(/^[0-9a-fA-F.:]+\/\d{1,3}$/, 'give ADDRESS/BITS, for example 10.0.0.0/16')
    .default('0.0.0.0/0')
    .describe('Addresses of the API server (its ports 443 and 6443), for the NetworkPolicy.'),
  resources: z
    .strictObject({ requests: texts.optional(), limits: texts.optional() })
    .default({ requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '512Mi' } })
    .describe('Of each pod, as Kubernetes writes them.'),
  nodeSelector: texts.default({}).describe('Labels of the nodes on which the pods run.'),
  tolerations: z.array(z.record(z.string(), z.unknown())).default([]).describe('Taints that the pods tolerate, as Kubernetes writes them.'),
})

/** Values of the plain manifests: a release of Helm knows its namespace by itself. */
const values = chartValues.extend({ namespace: dnsLabel(63).default('default').describe('Where the objects go.') })

/** What an installation is made of. */
export type Values = z.infer<typeof values>

/** Reads `NAME=VALUE` words; `env.NAME=VALUE` sets one variable, and what is no text is given as JSON. Throws a UserMistake. */
export function readValues(words: readonly string[]): Values {
  const defaults = values.parse({})
  const given: Record<string, unknown> = {}
  const env: Record<string, string> = {}
  for (const word of words) {
    const [, name = word, text] = /^([^=]+)=(.*)$/s.exec(word) ?? []
    if (text === undefined) throw new UserMistake(`${word}: give NAME=VALUE, for example workspaces=my-workspace.`)
    if (name.startsWith('env.')) {
      env[name.slice('env.'.length)] = text
      continue
    }
    const usual = (defaults as Readonly<Record<string, unknown>>)[name]
    given[name] = typeof usual === 'string' || usual === undefined ? text : fromJson(name, text, usual)
  }
  if (Object.keys(env).length > 0) given['env'] = { ...(given['env'] as object | undefined), ...env }
  const read = values.safeParse(given)
  if (read.success) {
    checkVariables(read.data.env)
    return read.data
  }
  const [issue] = read.error.issues
  if (issue?.code === 'unrecognized_keys') {
    const [unknown = ''] = issue.keys
    const near = nearestName(unknown, Object.keys(defaults))
    throw new UserMistake(
      `There is no value ${unknown}${near === undefined ? '.' : `; did you mean ${near}?`} deploy/chart/values.yaml lists all of them.`,
    )
  }
  throw refused(issue?.path.map(String) ?? [], issue?.message ?? '')
}

const refused = ([name = '', ...rest]: readonly string[], why: string): UserMistake =>
  new UserMistake(
    `The value ${[name, ...rest].join('.')} cannot be taken: ${why}. ${(values.shape as Readonly<Record<string, z.ZodType>>)[name]?.description ?? ''}`.trimEnd(),
  )

/** What is no text is JSON; `usual` shows of what kind. */
function fromJson(name: string, text: string, usual: unknown): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const kind =
      { boolean: 'true or false', number: 'a whole number' }[typeof usual as string] ??
      (Array.isArray(usual) ? 'a list as JSON' : 'an object as JSON')
    throw refused([name], `give ${kind}, not ${excerpt(text, 80)}`)
  }
}
