import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { variableNames } from '../../fixtures/target/variables.ts'
import { EXIT } from '../../fixtures/exit-codes.ts'
import { CHART, chartFiles } from './chart.ts'
import { helmTest, manifests } from './objects.ts'
import { filled } from './slots.ts'
import { everyValue } from './every-value.ts'
import { readValues, type Values } from './values.ts'

interface Container {
  readonly name: string
  readonly args: readonly string[]
  readonly env: readonly { readonly name: string }[]
  readonly resources: object
  readonly securityContext: object
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
}
interface PodSpec {
  readonly restartPolicy: string
  readonly serviceAccountName: string
  readonly securityContext: object
  readonly containers: readonly Container[]
  readonly volumes: readonly { readonly name: string }[]
}
interface JobSpec {
  readonly completionMode?: string
  readonly backoffLimitPerIndex?: number
  readonly podFailurePolicy: {
    readonly rules: readonly { readonly action: string; readonly onExitCodes?: { readonly values: readonly number[] } }[]
  }
  readonly template: { readonly spec: PodSpec }
}
interface Thing {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly data?: Readonly<Record<string, string>>
  readonly rules?: readonly {
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly verbs: readonly string[]
  }[]
  readonly subjects?: readonly { readonly name: string }[]
  readonly roleRef?: { readonly name: string }
  readonly spec: unknown
}

const thingsOf = (values: Values, all = manifests): readonly Thing[] => filled(all, values) as readonly Thing[]
const only = (things: readonly Thing[], kind: string, name?: string): Thing =>
  things.find((one) => one.kind === kind && (name === undefined || one.metadata.name === name)) ?? expect.unreachable(`no ${kind}`)
const indexOf = (things: readonly Thing[]): Thing =>
  JSON.parse(things.find(({ data }) => data?.['index-job.json'] !== undefined)?.data?.['index-job.json'] ?? 'null') as Thing
const jobsOf = (things: readonly Thing[]): { readonly coordinator: JobSpec; readonly nightly: JobSpec; readonly index: JobSpec } => ({
  coordinator: only(things, 'Job').spec as JobSpec,
  nightly: (only(things, 'CronJob').spec as { readonly jobTemplate: { readonly spec: JobSpec } }).jobTemplate.spec,
  index: indexOf(things).spec as JobSpec,
})
const full = readValues(everyValue)

test('every value has a word in what is rendered with every value', () => {
  const words = everyValue.map((word) => word.split(/[.=]/)[0] ?? '')
  expect([...new Set(words)].toSorted()).toEqual(Object.keys(readValues([])).toSorted())
})

test('every pod is what restricted PodSecurity asks, writes to volumes alone, and is bounded', () => {
  const { coordinator, nightly, index } = jobsOf(thingsOf(full))
  const smoke = (thingsOf(full, [helmTest])[0] as Thing).spec as PodSpec
  expect(nightly).toEqual(coordinator)
  for (const spec of [coordinator.template.spec, index.template.spec, smoke]) {
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } })
    expect(spec.containers).toHaveLength(1)
    const [container] = spec.containers
    expect(container).toMatchObject({
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      resources: { requests: { memory: expect.any(String) }, limits: { memory: expect.any(String) } },
    })
    expect(container?.volumeMounts.map(({ mountPath }) => mountPath)).toEqual(expect.arrayContaining(['/reports', '/tmp']))
    const volumes = spec.volumes.map(({ name }) => name)
    expect(volumes).toEqual(container?.volumeMounts.map(({ name }) => name))
  }
  expect([coordinator, index].map(({ template }) => template.spec.containers[0]?.args)).toEqual([
    ['job', 'run'],
    ['job', 'index'],
  ])
})

/** What a Job does with a pod by its exit code. */
const actions = (job: JobSpec): unknown =>
  Object.fromEntries(
    Object.entries(EXIT).map(([meaning, code]) => [
      meaning,
      job.podFailurePolicy.rules.find(({ onExitCodes }) => onExitCodes?.values.includes(code))?.action,
    ]),
  )

test('a pod of an index is tried once more exactly when nothing could be judged, and only a wrong request ends all', () => {
  const { index, coordinator } = jobsOf(thingsOf(full))
  expect(index).toMatchObject({ completionMode: 'Indexed', backoffLimitPerIndex: 1, template: { spec: { restartPolicy: 'Never' } } })
  expect(actions(index)).toEqual({ conforms: undefined, fails: 'FailIndex', request: 'FailJob', blocked: 'Count', suite: 'FailIndex' })
  // What the coordinator ends with is the verdict: no second run gives another.
  expect(actions(coordinator)).toEqual({ conforms: undefined, fails: 'FailJob', request: 'FailJob', blocked: 'FailJob', suite: 'FailJob' })
  for (const job of [index, coordinator])
    expect(job.podFailurePolicy.rules[0]).toMatchObject({
      action: 'Ignore',
      onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }],
    })
})

const rightsIn = (things: readonly Pick<Thing, 'rules'>[]): readonly string[] =>
  [
    ...new Set(
      things.flatMap(({ rules = [] }) =>
        rules.flatMap(({ apiGroups, resources, verbs }) =>
          apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${group}/${resource} ${verb}`))),
        ),
      ),
    ),
  ].toSorted()

test('judging has the rights of rbac.yaml without the port-forward, records get and create, and nothing else', () => {
  const rbac = parseAllDocuments(readFileSync(new URL('../../fixtures/cluster/rbac.yaml', import.meta.url), 'utf8')).flatMap(
    (document) => (document.toJS() as Thing | null) ?? [],
  )
  const needed = (kinds: readonly string[]): readonly string[] =>
    rightsIn(rbac.filter(({ kind }) => kinds.includes(kind))).filter((right) => !right.includes('portforward'))
  for (const [word, judging, kinds] of [
    ['clusterWide=true', 'ClusterRole', ['Role', 'ClusterRole']],
    ['clusterWide=false', 'Role', ['Role']],
  ] as const) {
    const things = thingsOf(readValues([word]))
    const roles = things.filter(({ kind }) => kind.endsWith('Role'))
    const held = (account: string): readonly string[] =>
      rightsIn(
        things
          .filter(({ subjects = [] }) => subjects.some(({ name }) => name === account))
          .flatMap(({ roleRef }) => roles.filter(({ metadata }) => metadata.name === roleRef?.name)),
      )
    expect(rightsIn(roles.filter(({ kind, metadata }) => kind === judging && metadata.name.endsWith('-judge')))).toEqual(needed(kinds))
    const records = ['/configmaps create', '/configmaps get']
    expect(held('tool-calling-index')).toEqual([...new Set([...needed(kinds), ...records])].toSorted())
    expect(held('tool-calling-coordinator')).toEqual(
      [...new Set([...needed(kinds), ...records, 'batch/jobs create', 'batch/jobs get'])].toSorted(),
    )
  }
})

test('each variable is one that the suite reads, or that the runtime of the Job does', () => {
  const runtime = ['POD_NAME', 'POD_NAMESPACE']
  const { coordinator, index } = jobsOf(thingsOf(full))
  for (const { template } of [coordinator, index]) {
    const names = (template.spec.containers[0]?.env ?? []).map(({ name }) => name)
    expect(names).toContain('CONFORMANCE_JOB_RUN')
    expect(names.filter((name) => !variableNames.includes(name) && !runtime.includes(name))).toEqual([])
  }
})

test('with the longest name, names of objects, Jobs, pods and hosts stay within 63 characters', () => {
  const things = thingsOf(readValues([`name=${'n'.repeat(30)}`, 'runNow=true', 'clusterWide=false']))
  for (const { metadata } of [...things, indexOf(things)]) expect(metadata.name.length).toBeLessThanOrEqual(63)
  // The CronJob's minute, what the coordinator adds for the Indexed Job, the index, and the pod's own letters.
  expect(`${only(things, 'CronJob').metadata.name}-29345678-index-999-abcde`.length).toBeLessThanOrEqual(63)
})

/** What the coordinator is told of namespaces. */
const namespaceOf = (words: readonly string[]): unknown =>
  jobsOf(thingsOf(readValues(['runNow=true', 'namespace=mine', ...words]))).coordinator.template.spec.containers[0]?.env.filter(
    ({ name }) => name === 'KAITO_NAMESPACE',
  )

test('without rights in other namespaces only workspaces of its own are judged', () => {
  expect(namespaceOf(['namespaces=a,b'])).toEqual([{ name: 'KAITO_NAMESPACE', value: 'a,b' }])
  expect(namespaceOf(['namespaces=a,b', 'clusterWide=false'])).toEqual([{ name: 'KAITO_NAMESPACE', value: 'mine' }])
})

test('what is switched off is not there', () => {
  const kinds = (words: readonly string[]): readonly string[] => thingsOf(readValues(words)).map(({ kind }) => kind)
  expect(kinds([])).toEqual(expect.arrayContaining(['CronJob', 'NetworkPolicy', 'ClusterRole']))
  expect(kinds([])).not.toContain('Job')
  const without = kinds(['schedule=', 'networkPolicy=false', 'clusterWide=false', 'runNow=true'])
  expect(without).toContain('Job')
  for (const kind of ['CronJob', 'NetworkPolicy', 'ClusterRole']) expect(without).not.toContain(kind)
  const text = JSON.stringify(thingsOf(readValues([])))
  expect(text).not.toContain('OPENAI_API_KEY')
  expect(text).not.toContain('persistentVolumeClaim')
  expect(JSON.stringify(thingsOf(full))).toContain('OPENAI_API_KEY')
})

const printed = (words: readonly string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, 'manifests.ts'), ...words], { encoding: 'utf8' })

test('npm run manifests prints the objects as YAML, or says in one line what it cannot take', () => {
  const { status, stdout } = printed(everyValue)
  expect(status).toBe(0)
  expect(parseAllDocuments(stdout).map((document) => document.toJS() as unknown)).toEqual(thingsOf(full))
  expect(printed(['imgae=x'])).toMatchObject({
    status: 2,
    stdout: '',
    stderr: 'There is no value imgae; did you mean image? deploy/chart/values.yaml lists all of them.\n',
  })
  expect(printed(['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('NAME=VALUE') })
})

test.each([
  [['imgae=x'], 'There is no value imgae; did you mean image?'],
  [['image'], 'image: give NAME=VALUE'],
  [['concurrency=many'], 'The value concurrency cannot be taken: give a whole number, not many. How many workspaces'],
  [['runNow=yes'], 'The value runNow cannot be taken: give true or false, not yes.'],
  [['imagePullSecrets=mine'], 'The value imagePullSecrets cannot be taken: give a list as JSON, not mine.'],
  [['env.CONFORMANCE_DEPHT=full'], 'CONFORMANCE_DEPHT is set, but nothing reads it: did you mean CONFORMANCE_DEPTH?'],
  [['env={"CONFORMANCE_DEPTH":"deep"}'], 'CONFORMANCE_DEPTH is "deep": give smoke, default or full.'],
  [['concurrency=0'], 'The value concurrency cannot be taken: '],
  [['name=Upper'], 'The value name cannot be taken: lower-case letters'],
])('%j is refused with one sentence', (words, sentence) => {
  expect(() => readValues(words)).toThrow(sentence)
})

test('the document of the installation names values that there are', () => {
  const document = readFileSync(new URL('../../docs/in-cluster.md', import.meta.url), 'utf8')
  const table = /\| value \|[^]*?\n\n/.exec(document)?.[0] ?? ''
  const named = [...table.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
  )
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter((name) => !(name in readValues([])))).toEqual([])
})

test('the committed chart is what its objects make: npm run chart renews it', () => {
  const committed = readdirSync(CHART, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(CHART, name)).isFile())
  const files = chartFiles()
  expect(committed.toSorted()).toEqual(Object.keys(files).toSorted())
  for (const [name, text] of Object.entries(files)) expect(readFileSync(join(CHART, name), 'utf8'), name).toBe(text)
})

test('the schema takes values.yaml and every value that is set, and refuses what is mistyped', () => {
  const files = chartFiles()
  const takes = new Ajv().compile(JSON.parse(files['values.schema.json'] ?? '') as object)
  const { namespace: _namespace, ...rest } = full
  for (const good of [parse(files['values.yaml'] ?? ''), rest, {}, { global: {} }])
    expect(takes(good), JSON.stringify(takes.errors)).toBe(true)
  for (const bad of [{ imgae: 'x' }, { concurrency: '4' }, { env: { A: 1 } }, { name: 'Upper' }, { resources: { limit: {} } }])
    expect(takes(bad)).toBe(false)
})

const missing = spawnSync('helm', ['version']).status !== 0
const helm = (args: readonly string[]): { readonly code: number | null; readonly out: string; readonly said: string } => {
  const { status, stdout, stderr } = spawnSync('helm', args, { encoding: 'utf8' })
  return { code: status, out: stdout, said: stderr }
}

test('helm renders what the manifests are, with the defaults and with every value', ({ skip }) => {
  skip(missing, 'There is no helm: helm.sh/docs/intro/install says how to get it.')
  const folder = mkdtempSync(join(tmpdir(), 'values-'))
  try {
    expect(helm(['lint', '--strict', CHART])).toMatchObject({ code: 0 })
    for (const words of [[], everyValue, ['schedule=', 'networkPolicy=false', 'clusterWide=false', 'runNow=true']]) {
      const { namespace, ...values } = readValues(words)
      const file = join(folder, 'values.yaml')
      writeFileSync(file, JSON.stringify(values))
      const rendered = helm(['template', 'release', CHART, '--namespace', namespace, '--kube-version', '1.33.0', '--values', file])
      expect(rendered.said).toBe('')
      const things = parseAllDocuments(rendered.out).flatMap((document) => (document.toJS() as Thing | null) ?? [])
      const comparable = (all: readonly Thing[]): ReadonlyMap<string, unknown> =>
        new Map(
          all.map((thing) => [
            `${thing.kind} ${thing.metadata.name}`,
            thing.data?.['index-job.json'] === undefined ? thing : { ...thing, data: JSON.parse(thing.data['index-job.json']) as unknown },
          ]),
        )
      expect(comparable(things)).toEqual(comparable(thingsOf({ ...values, namespace }, [...manifests, helmTest])))
    }
    const refused = helm(['template', 'release', CHART, '--set', 'imgae=x'])
    expect(refused.code).not.toBe(0)
    expect(refused.said).toContain("'imgae'")
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
