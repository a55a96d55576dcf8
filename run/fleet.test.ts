// @module-tag slow
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { validateXML } from 'xmllint-wasm'
import { workspaceStatus, waiting, type World } from '../mocks/kubernetes/world.ts'
import { fleetSchema, type FleetResults } from '../reports/fleet/results.ts'
import { serveFleet, type MockFleet } from '../testing/fleet.ts'
import { startScript, type Ended } from '../testing/script.ts'

/** A safety net: what is waited for comes in seconds on an idle machine. */
const PATIENCE = { timeout: 240_000, interval: 5 }

const children = new Set<ChildProcess>()

/** `npm test` on a fleet. */
function begin(script: string, folder: string, env: Readonly<Record<string, string>>): ReturnType<typeof startScript> {
  const own = { KUBECONFIG: fleet.kubeconfig, CONFORMANCE_REPORT_DIR: folder, CONFORMANCE_DEPTH: 'smoke' }
  const started = startScript(script, { ...own, ...env })
  children.add(started.child)
  return started
}

const judge = (folder: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  begin('run/main.ts', folder, { KAITO_WORKSPACE: '*', KAITO_NAMESPACE: '*', ...env }).ended

const resultsIn = async (folder: string): Promise<FleetResults> =>
  fleetSchema.parse(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')))

const codes = ({ workspaces }: FleetResults): Record<string, number> =>
  Object.fromEntries(workspaces.map(({ label, exitCode }) => [label, exitCode]))

const withoutParser = (world: World): void => {
  const [container] = (world.pod['spec'] as { containers: { command: string[] }[] }).containers
  if (container?.command[2] !== undefined)
    container.command[2] = container.command[2].replaceAll(/ --(?:tool-call-parser|enable-auto-tool-choice)(?:=\S+)?/g, '')
}

let fleet: MockFleet
let base: string
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'conformance-fleets-'))
  fleet = await serveFleet([
    { name: 'good-1', namespace: 'team-a' },
    { name: 'good-2', namespace: 'team-b' },
    { name: 'bare-1', namespace: 'team-a', server: { parser: 'none' }, change: withoutParser },
    { name: 'bare-2', namespace: 'team-b', server: { parser: 'none' }, change: withoutParser },
    { name: 'hangs', namespace: 'team-b', server: { latencyMs: 3_600_000 } },
    {
      name: 'waits',
      namespace: 'team-a',
      change: (world) => {
        world.workspace['status'] = workspaceStatus('Pending', waiting())
      },
    },
  ])
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await fleet.close()
  await rm(base, { recursive: true, force: true })
})

describe('a fleet of good, bad, silent and waiting workspaces', () => {
  let folder: string
  let ended: Ended
  let results: FleetResults
  beforeAll(async () => {
    folder = join(base, 'whole')
    ended = await judge(folder, { CONFORMANCE_TIMEOUT: '5', CONFORMANCE_READY_TIMEOUT: '10' })
    results = await resultsIn(folder)
  })

  test('each is judged, whatever the others do, and the gravest decides', () => {
    expect(codes(results)).toEqual({
      'team-a/bare-1': 1,
      'team-a/good-1': 0,
      'team-b/bare-2': 1,
      'team-b/good-2': 0,
      'team-b/hangs': 3,
      'team-a/waits': 3,
    })
    expect(ended.code).toBe(1)
    expect(results.run.headline).toBe('Tool calling on 6 workspaces: 2 conform, 2 do not conform, 2 could not be judged')
  })

  test('the budget is said before, and progress by workspace', () => {
    expect(ended.out).toMatch(/^5 workspaces, 4 at once: at most 40 requests and [\d,]+ completion tokens/m)
    for (const label of ['team-a/good-1', 'team-b/bare-2', 'team-b/hangs'])
      expect(ended.out).toMatch(new RegExp(`^\\[\\d/5\\] [✓✗?] ${label}: `, 'm'))
    expect(ended.out).toMatch(/^\[\d\/5\] \? team-b\/hangs: could not be judged: /m)
    expect(results.run.requests).toBeLessThanOrEqual(40)
  })

  test('one cause is said once, with its remedy and how many it concerns', () => {
    const [first] = results.causes
    expect(first).toMatchObject({ id: 'no-parser', workspaces: ['team-a/bare-1', 'team-b/bare-2'] })
    expect(first?.remedy).toContain('tool-call-parser')
    expect(ended.out.match(/2 of 6: The server was started without --tool-call-parser/g)).toHaveLength(1)
  })

  test('the page leads to the report of each that was judged', async () => {
    const page = await readFile(join(folder, 'index.html'), 'utf8')
    const links = [...page.matchAll(/href="([^"]+)"/g)].map(([, link = '']) => link)
    expect(new Set(links)).toEqual(
      new Set(['team-a/bare-1', 'team-a/good-1', 'team-b/bare-2', 'team-b/good-2', 'team-b/hangs'].map((label) => `${label}/index.html`)),
    )
    for (const link of links) expect((await readFile(join(folder, link), 'utf8')).includes('Every request and its answer')).toBe(true)
    expect(page).toContain('team-a/waits')
    expect(page).toContain('it is not ready: KAITO_WORKSPACE=waits KAITO_NAMESPACE=team-a npm test waits for it and says why')
  })

  test('junit.xml has a suite for each, also for those that were not judged, and its numbers add up', async () => {
    const text = await readFile(join(folder, 'junit.xml'), 'utf8')
    const suites = [...text.matchAll(/<testsuite name="([^"]+)" tests="(\d+)" failures="(\d+)" errors="(\d+)"/g)]
    expect(suites.map(([, name = '']) => name).toSorted()).toEqual(results.workspaces.map(({ label }) => label).toSorted())
    const sum = (index: number): number => suites.reduce((all, suite) => all + Number(suite[index]), 0)
    expect(/<testsuites name="[^"]+" tests="(\d+)" failures="(\d+)" errors="(\d+)"/.exec(text)?.slice(1).map(Number)).toEqual([
      sum(2),
      sum(3),
      sum(4),
    ])
    const schema = await readFile(resolve(import.meta.dirname, '../testing/schemas/junit-10.xsd'), 'utf8')
    expect((await validateXML({ xml: { fileName: 'junit.xml', contents: text }, schema })).errors).toEqual([])
  })

  test('sarif.json and badge.json are of all workspaces', async () => {
    const { runs } = JSON.parse(await readFile(join(folder, 'sarif.json'), 'utf8')) as {
      runs: { results: { level: string; message: { text: string } }[] }[]
    }
    const red = runs[0]?.results.filter(({ level }) => level === 'error').map(({ message }) => message.text.split(': ')[0])
    expect(new Set(red)).toEqual(new Set(results.workspaces.filter(({ exitCode }) => exitCode !== 0).map(({ label }) => label)))
    const { message } = JSON.parse(await readFile(join(folder, 'badge.json'), 'utf8')) as { message: string }
    expect(message).toBe(
      `${results.workspaces.filter(({ exitCode }) => exitCode === 0).length} of ${results.workspaces.length} workspaces conform, 2 not judged`,
    )
  })

  test('GitHub Actions gets what the fleet says, then each cause with its workspaces, and no command that others wrote', async () => {
    const { code, out } = await begin('reports/main.ts', folder, { GITHUB_ACTIONS: 'true' }).ended
    expect(code).toBe(0)
    const [headline = '', ...causes] = out.split('\n').filter((line) => line.startsWith('::'))
    expect(headline).toMatch(/^::error title=Tool calling on 6 workspaces%3A 2 conform%2C 2 do not conform%2C 2 could not be judged::/)
    expect(causes).toHaveLength(results.causes.length)
    expect(causes[0]).toMatch(
      /^::error title=2 of 6%3A The server was started without --tool-call-parser.*::.*Workspaces: team-a\/bare-1, team-b\/bare-2\. /,
    )
  })

  test('npm run report makes the same again', async () => {
    const before = await resultsIn(folder)
    await rm(join(folder, 'results.json'))
    expect((await begin('reports/main.ts', folder, {}).ended).code).toBe(0)
    expect(codes(await resultsIn(folder))).toEqual(codes(before))
  })

  test('a later run says what is new', async () => {
    const later = join(base, 'later')
    const { out } = await judge(later, { KAITO_NAMESPACE: 'team-a,team-b', KAITO_WORKSPACE: 'good-1,bare-1', CONFORMANCE_COMPARE: folder })
    const { comparison, run } = await resultsIn(later)
    expect(run.exitCode).toBe(1)
    expect(comparison).toMatchObject({ newlyFailing: [], newlyConforming: [], otherwise: [] })
    expect(comparison?.vanished).toContain('team-b/good-2')
    expect(out).toContain('New since')
  })

  test('a run of one server does not overwrite the fleet', async () => {
    const { code, out } = await begin('run/main.ts', folder, {}).ended
    expect(code).toBe(2)
    expect(out).toContain('holds the reports of several workspaces')
  })
})

test('killed at any moment, it goes on with those that have no record yet', async () => {
  const folder = join(base, 'killed')
  const env = { KAITO_WORKSPACE: 'good-1,good-2,bare-1', KAITO_NAMESPACE: '*', CONFORMANCE_FLEET_CONCURRENCY: '1' }
  const first = begin('run/main.ts', folder, env)
  const begun = async (): Promise<void> => {
    // The second has begun, so the first has its record.
    const made = await Promise.all(
      ['team-a/bare-1', 'team-a/good-1', 'team-b/good-2'].map((own) => hasEnded(join(folder, own, 'run.json'))),
    )
    if (!made.includes(true)) throw new Error('no workspace has its record yet')
  }
  await vi.waitFor(begun, PATIENCE)
  first.child.kill('SIGKILL')
  expect((await first.ended).code).toBeNull()
  const kept = await Promise.all(
    ['team-a/bare-1', 'team-a/good-1', 'team-b/good-2'].map(async (own) => {
      const path = join(folder, own, 'run.json')
      return (await hasEnded(path)) ? [[path, (await stat(path)).mtimeMs] as const] : []
    }),
  )
  const { code, out } = await begin('run/main.ts', folder, { ...env, CONFORMANCE_RESUME: '1' }).ended
  expect(out).toMatch(/^\d of 3 workspaces have their records already\.$/m)
  expect(codes(await resultsIn(folder))).toEqual({ 'team-a/bare-1': 1, 'team-a/good-1': 0, 'team-b/good-2': 0 })
  expect(code).toBe(1)
  for (const [path, time] of kept.flat()) expect((await stat(path)).mtimeMs, `${path} was judged again`).toBe(time)
  const other = await begin('run/main.ts', folder, { ...env, KAITO_NAMESPACE: 'team-a', CONFORMANCE_RESUME: '1' }).ended
  expect(other.code).toBe(2)
  expect(other.out).toContain('KAITO_NAMESPACE was "*" and is "team-a"')
})

test('compared with its own folder and killed, it still knows the earlier results when it goes on', async () => {
  const folder = join(base, 'compared')
  const env = { KAITO_WORKSPACE: 'good-1,bare-1', KAITO_NAMESPACE: 'team-a', CONFORMANCE_FLEET_CONCURRENCY: '1' }
  // KAITO_NAMESPACE names one namespace: labels are names alone.
  expect((await judge(folder, env)).code).toBe(1)
  const recorded = join(folder, 'results.json')
  const earlier = await resultsIn(folder)
  // As if bare-1 had conformed then.
  const conforming = earlier.workspaces.map((member) => (member.name === 'bare-1' ? { ...member, exitCode: 0 } : member))
  await writeFile(recorded, JSON.stringify({ ...earlier, workspaces: conforming }))
  const { child, ended: over } = begin('run/main.ts', folder, { ...env, CONFORMANCE_COMPARE: folder })
  await vi.waitFor(() => {
    if (!existsSync(join(folder, '.earlier/results.json'))) throw new Error('nothing has begun')
  }, PATIENCE)
  child.kill('SIGKILL')
  await over
  // Whatever the run that was killed had written until then.
  await rm(recorded, { force: true })
  const { code, out } = await begin('run/main.ts', folder, { ...env, CONFORMANCE_COMPARE: folder, CONFORMANCE_RESUME: '1' }).ended
  expect(code, out).toBe(1)
  expect((await resultsIn(folder)).comparison?.newlyFailing.map(({ workspace }) => workspace)).toEqual(['bare-1'])
  expect(existsSync(join(folder, '.earlier'))).toBe(false)
})

test('SIGTERM ends it at once, and says how to go on', async () => {
  const folder = join(base, 'stopped')
  const { child, ended: over } = begin('run/main.ts', folder, { KAITO_WORKSPACE: 'hangs,good-1', KAITO_NAMESPACE: '*' })
  await vi.waitFor(() => {
    if (!existsSync(join(folder, 'team-a/good-1/run.json'))) throw new Error('nothing has begun')
  }, PATIENCE)
  child.kill('SIGTERM')
  const { code, out } = await over
  expect(code).toBe(143)
  expect(out).toContain('CONFORMANCE_RESUME=1 goes on with the rest')
})

test('a fleet of nothing is no success: the cause is said, and no older report stays', async () => {
  const folder = join(base, 'none')
  mkdirSync(folder, { recursive: true })
  for (const name of ['run.json', 'index.html', 'results.json']) await writeFile(join(folder, name), '{}')
  const { code, out } = await judge(folder, { KAITO_NAMESPACE: 'taem-a' })
  expect(code).toBe(3)
  expect(['index.html', 'results.json'].filter((name) => existsSync(join(folder, name)))).toEqual([])
  expect(out).toContain('Cause: No workspace is ready in namespace taem-a of context mock.')
})

async function hasEnded(path: string): Promise<boolean> {
  return JSON.parse(await readFile(path, 'utf8').catch(() => '{}')).ended !== undefined
}
