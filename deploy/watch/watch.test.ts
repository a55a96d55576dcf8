import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { variableNames } from '../../fixtures/target/variables.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { createWatchMetrics } from '../../reports/metrics.ts'

const read = (name: string): Promise<string> => readFile(resolve(import.meta.dirname, name), 'utf8')

interface Rule {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
}
interface Group {
  readonly rules: readonly Rule[]
}
const spec = (parse(await read('rules.yaml')) as { readonly spec: { readonly groups: readonly Group[] } }).spec
const rules = spec.groups.flatMap((group) => group.rules)

/** Every metric that can be asked for. */
async function metrics(): Promise<ReadonlySet<string>> {
  const usual = new Registry()
  collectDefaultMetrics({ register: usual })
  const own = createWatchMetrics().registry.getMetricsAsArray()
  return new Set([...[...own, ...usual.getMetricsAsArray()].map(({ name }) => name), ...rules.flatMap(({ record }) => record ?? [])])
}

/** Names of metrics in a query. */
const named = (query: string): readonly string[] => query.match(/\b(?:toolcalling|process|nodejs)[\w:]+/g) ?? []

test('each metric that a rule or a panel names is there, and each of ours is named', async () => {
  const dashboard = await read('dashboard.json')
  const queries = [...dashboard.matchAll(/"(?:expr|query)": "((?:[^"\\]|\\.)*)"/g)].map(([, query = '']) => query)
  const asked = new Set([...rules.map(({ expr }) => expr), ...queries].flatMap(named))
  const there = await metrics()
  expect([...asked].filter((name) => !there.has(name))).toEqual([])
  expect([...there].filter((name) => name.startsWith('toolcalling') && !asked.has(name))).toEqual([])
})

test('the document for who watches names every metric and every alert, and no other', async () => {
  const document = await read('../../docs/watch.md')
  const there = await metrics()
  const ours = [...there].filter((name) => name.startsWith('toolcalling_'))
  expect([...new Set(document.match(/\btoolcalling_\w+/g))].toSorted()).toEqual(ours.toSorted())
  const alerts = rules.flatMap(({ alert }) => alert ?? [])
  expect([...new Set(document.match(/\bToolCalling\w+/g))].toSorted()).toEqual(alerts.toSorted())
})

test('each panel of the dashboard has a title, a place and a query', async () => {
  const { panels } = JSON.parse(await read('dashboard.json')) as {
    readonly panels: readonly { readonly id: number; readonly title: string; readonly targets: readonly { readonly expr: string }[] }[]
  }
  expect(panels.length).toBeGreaterThan(8)
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  for (const { title, targets } of panels) expect(targets.every(({ expr }) => expr !== '') && title !== '', title).toBe(true)
})

const missing = spawnSync('promtool', ['--version']).status !== 0

test('promtool takes the rules, and they fire as their tests say', async ({ skip }) => {
  skip(missing, 'There is no promtool: apt-get install prometheus brings it.')
  const folder = await mkdtemp(join(tmpdir(), 'rules-'))
  const promtool = (...args: readonly string[]): { readonly code: number | null; readonly out: string } => {
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' })
    return { code: status, out: stdout + stderr }
  }
  try {
    await writeFile(join(folder, 'rules.test.yaml'), await read('rules.test.yaml'))
    await writeFile(join(folder, 'rules.json'), JSON.stringify(spec))
    expect(promtool('check', 'rules', 'rules.json')).toMatchObject({ code: 0 })
    expect(promtool('test', 'rules', 'rules.test.yaml')).toMatchObject({ code: 0 })
    // The tests can fail.
    await writeFile(join(folder, 'rules.json'), JSON.stringify(spec).replace('> 900', '> 9000'))
    expect(promtool('test', 'rules', 'rules.test.yaml').code).toBe(1)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

interface Container {
  readonly image: string
  readonly args: readonly string[]
  readonly env: readonly { readonly name: string }[]
}
interface Thing {
  readonly kind: string
  readonly rules?: readonly {
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly verbs: readonly string[]
  }[]
  readonly spec?: { readonly template?: { readonly spec: { readonly containers: readonly Container[] } } }
}
const things = async (path: string): Promise<readonly Thing[]> =>
  parseAllDocuments(await read(path)).flatMap((document): readonly Thing[] => {
    const thing = document.toJS() as Thing | null
    return thing === null ? [] : [thing]
  })

/** Each right by itself: `kaito.sh/workspaces get`. */
const rightsIn = (all: readonly Thing[]): readonly string[] =>
  [
    ...new Set(
      all.flatMap(({ rules: own = [] }) =>
        own.flatMap(({ apiGroups, resources, verbs }) =>
          apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${group}/${resource} ${verb}`))),
        ),
      ),
    ),
  ].toSorted()

test('the watch has the rights of a run, but forwards no port', async () => {
  const needed = rightsIn(await things('../../fixtures/cluster/rbac.yaml'))
  expect(needed.length).toBeGreaterThan(15)
  expect(rightsIn(await things('watch.yaml'))).toEqual(needed.filter((right) => !right.includes('portforward')))
})

test('the manifests run this version of the suite by variables that it reads', async () => {
  const watched = (await things('watch.yaml')).find(({ kind }) => kind === 'Deployment')?.spec?.template?.spec.containers ?? []
  const checked = (
    parse(await read('kuberhealthy.yaml')) as {
      readonly spec: { readonly podSpec: { readonly spec: { readonly containers: readonly Container[] } } }
    }
  ).spec.podSpec.spec.containers
  expect([...watched, ...checked].map(({ args }) => args)).toEqual([['watch'], ['kuberhealthy']])
  for (const { image, env } of [...watched, ...checked]) {
    expect(image).toBe(`${packageJson.name}:${packageJson.version}`)
    expect(env.map(({ name }) => name).filter((name) => !variableNames.includes(name))).toEqual([])
  }
  const variables = [...(await read('cloudprober.cfg')).matchAll(/key: "(\w+)"/g)].map(([, name = '']) => name)
  expect(variables.length).toBeGreaterThan(0)
  expect(variables.filter((name) => !variableNames.includes(name))).toEqual([])
})
