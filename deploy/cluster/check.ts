import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import { EXIT, STOPPED } from '../../fixtures/exit-codes.ts'
import { findAssets, KUBERNETES, startControlPlane, type ControlPlane } from '../../mocks/kubernetes/real/control-plane.ts'
import { startScript } from '../../testing/script.ts'
import { createChecks } from './checks.ts'
import { everyValue } from './every-value.ts'
import { helmTest, manifests } from './objects.ts'
import { apply, type Thing as Named } from './server-side.ts'
import { filled } from './slots.ts'
import { readValues, type Values } from './values.ts'

/**
 * Has a real API server judge what the chart, `npm run manifests` and deploy/watch install: each object by a server-side dry run, each pod in
 * a restricted namespace.
 */

interface Thing extends Named {
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: PodSpec & {
    readonly template?: { readonly spec: PodSpec }
    readonly jobTemplate?: { readonly spec: { readonly template: { readonly spec: PodSpec } } }
  }
}
interface PodSpec {
  readonly securityContext?: object
}

const { say, check, failed } = createChecks()

/** What the server says against an object. */
const refusal = (plane: ControlPlane, thing: Thing): Promise<string | undefined> =>
  apply(plane, thing, { dryRun: true }).then(
    () => undefined,
    (error: Error) => error.message,
  )

/** The Indexed Job that a ConfigMap holds, as the coordinator would start it for 20 workspaces. */
function indexJobs({ data }: Thing): readonly Thing[] {
  const text = data?.['index-job.json']
  if (text === undefined) return []
  const job = JSON.parse(text) as Thing
  return [{ ...job, spec: { ...job.spec, completions: 20, parallelism: 5 } as Thing['spec'] & object }]
}

/** Each of the objects, and a pod of each that makes some. */
async function taken(plane: ControlPlane, namespace: string, things: readonly Thing[], what: string): Promise<void> {
  for (const thing of things.flatMap((one) => [one, ...indexJobs(one)])) {
    check(`${what}: ${thing.kind} ${thing.metadata.name}`, await refusal(plane, thing))
    const pod = thing.spec?.jobTemplate?.spec.template.spec ?? thing.spec?.template?.spec
    // The server holds only pods against the level of their namespace, and of a Job it warns.
    if (pod !== undefined) check(`${what}: a pod of ${thing.kind} ${thing.metadata.name}`, await refusal(plane, podOf(namespace, pod)))
  }
}

const podOf = (namespace: string, spec: PodSpec): Thing => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pod', namespace }, spec })

/** Documents of YAML, as `kubectl apply -n NAMESPACE` takes them. */
const documents = (yaml: string, namespace: string): readonly Thing[] =>
  parseAllDocuments(yaml).flatMap((document) => {
    const thing = document.toJS() as Thing | null
    if (thing === null) return []
    return [thing.kind.startsWith('ClusterRole') ? thing : { ...thing, metadata: { namespace, ...thing.metadata } }]
  })

/** What `npm run manifests` prints. */
async function printed(words: readonly string[], namespace: string): Promise<readonly Thing[]> {
  const { code, out } = await startScript('deploy/cluster/manifests.ts', {}, words).ended
  if (code !== 0) throw new Error(`npm run manifests ended with ${code}: ${out}`)
  return documents(out, namespace)
}

/** That the server would have refused: a field that it does not know, a rule that it does not allow, a pod that may be root. */
async function refuses(plane: ControlPlane, values: Values): Promise<void> {
  const things = filled(manifests, values) as readonly Thing[]
  const [job] = things.flatMap(indexJobs)
  if (job?.spec?.template === undefined) throw new Error('no Indexed Job')
  const { securityContext: _none, ...asRoot } = job.spec.template.spec
  const changed: readonly (readonly [string, Thing, RegExp])[] = [
    [
      'a field that is mistyped',
      { ...job, spec: { ...job.spec, backofLimitPerIndex: 1 } as Thing['spec'] & object },
      /backofLimitPerIndex/,
    ],
    ['a policy without backoffLimitPerIndex', without(job, 'backoffLimitPerIndex'), /backoffLimitPerIndex|FailIndex/],
    ['a pod that may be root', podOf(values.namespace, asRoot), /violates PodSecurity/],
  ]
  for (const [what, thing, words] of changed) {
    const said = await refusal(plane, thing)
    check(`${what} is refused`, said !== undefined && words.test(said) ? undefined : (said ?? 'it was accepted'))
  }
}

function without(thing: Thing, field: string): Thing {
  return {
    ...thing,
    spec: Object.fromEntries(Object.entries(thing.spec ?? {}).filter(([name]) => name !== field)) as Thing['spec'] & object,
  }
}

const plane = await startControlPlane(await findAssets(say))
process.once('SIGINT', () => void plane.close().then(() => process.exit(STOPPED.SIGINT)))
process.once('SIGTERM', () => void plane.close().then(() => process.exit(STOPPED.SIGTERM)))
try {
  say(`kube-apiserver ${KUBERNETES}: what deploy/chart installs`)
  const full = readValues(everyValue)
  await plane.call('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: full.namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  })
  const chart = (values: Values, what: string): Promise<void> =>
    taken(plane, full.namespace, filled([...manifests, helmTest], values) as readonly Thing[], what)
  await chart({ ...readValues([]), namespace: full.namespace }, 'by default')
  await chart(full, 'with every value')
  await chart({ ...full, clusterWide: false, reportClaim: '', apiKeySecret: '' }, 'in one namespace')
  await taken(plane, full.namespace, await printed(everyValue, full.namespace), 'npm run manifests')
  const watch = readFileSync(new URL('../watch/watch.yaml', import.meta.url), 'utf8')
  await taken(plane, full.namespace, documents(watch, full.namespace), 'deploy/watch/watch.yaml')
  await refuses(plane, full)
} finally {
  await plane.close()
}
if (failed() > 0) process.exitCode = EXIT.fails
