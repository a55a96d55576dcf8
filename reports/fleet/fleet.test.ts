import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { faultsOnPhone, IN_BROWSER, openText } from '../../testing/browser.ts'
import { fleetResults, general, gravest, verdictOf } from './aggregate.ts'
import { readFleet } from './make.ts'
import { fleetPage } from './page.ts'
import { fleetSchema, FLEET_SCHEMA_VERSION, type FleetResults, type MemberResult } from './results.ts'
import { fleetMarkdown, fleetSummary } from './texts.ts'

const IMAGE = { image: 'kaito-base:0.5.0', imageDigest: `sha256:${'a'.repeat(64)}` }

const member = (name: string, more: Partial<MemberResult> = {}): MemberResult => ({
  label: `team-a/${name}`,
  context: 'prod',
  namespace: 'team-a',
  name,
  preset: 'phi-4',
  folder: `team-a/${name}`,
  exitCode: 0,
  state: 'works',
  headline: `Tool calling works on workspace team-a/${name} (context prod)`,
  server: 'vLLM 0.25.1',
  identity: IMAGE,
  failed: [],
  groups: { Contract: { passed: 3, failed: 0, accepted: 0, open: 0 } },
  requests: 100,
  tokens: 1000,
  seconds: 10,
  ...more,
})

const noParser = (name: string): Partial<MemberResult> => ({
  exitCode: 1,
  state: 'fails',
  failed: ['auto.calls:plain'],
  cause: {
    id: 'no-parser',
    layer: 'arguments',
    sentence: `Workspace ${name} has no parser.`,
    evidence: [`pod ${name}-0: no --tool-call-parser`],
    remedy: `kubectl patch workspace ${name} -n team-a`,
  },
})

const run = {
  suite: 'suite',
  version: '1',
  started: '2026-11-28T10:00:00.000Z',
  depth: 'default',
  seconds: 5,
  notes: [],
  unready: [],
} as const
const fleetOf = (members: readonly MemberResult[], earlier?: FleetResults): FleetResults =>
  fleetResults({ ...run, notes: [] }, members, earlier && { results: earlier, from: 'before' })

const codes = (...all: readonly number[]): number => gravest(all.map((exitCode) => ({ exitCode })))

test('the gravest exit code counts: a defect of ours, then a failure, then what could not be judged', () => {
  expect(codes(0, 0)).toBe(0)
  expect(codes(0, 2)).toBe(2)
  expect(codes(0, 3, 2)).toBe(3)
  expect(codes(3, 1, 0)).toBe(1)
  expect(codes(1, 4, 3)).toBe(4)
  // Nothing judged proves nothing.
  expect(codes()).toBe(4)
})

test('workspaces with the same cause and remedy are one group, whose words hold for all of them', () => {
  const fleet = fleetOf([
    member('ws-1', noParser('ws-1')),
    member('ws-10'),
    member('ws-2', noParser('ws-2')),
    member('ws-3', { exitCode: 1, state: 'fails', failed: ['stream.done'] }),
    member('ws-4', { exitCode: 1, state: 'fails', failed: ['stream.done'] }),
    member('ws-5', { exitCode: 3, state: 'unjudged', headline: 'not judged: it is not ready' }),
  ])
  expect(fleet.causes.map(({ id, sentence, remedy, workspaces }) => ({ id, sentence, remedy, workspaces }))).toEqual([
    {
      id: 'no-parser',
      sentence: 'Workspace WORKSPACE has no parser.',
      remedy: 'kubectl patch workspace WORKSPACE -n NAMESPACE',
      workspaces: ['team-a/ws-1', 'team-a/ws-2'],
    },
    {
      id: undefined,
      sentence: 'No single cause is known; 1 requirement failed: stream.done.',
      remedy: undefined,
      workspaces: ['team-a/ws-3', 'team-a/ws-4'],
    },
    { id: undefined, sentence: 'Not judged: it is not ready', remedy: undefined, workspaces: ['team-a/ws-5'] },
  ])
  expect(fleet.run).toMatchObject({
    exitCode: 1,
    headline: 'Tool calling on 6 workspaces: 1 conforms, 4 do not conform, 1 could not be judged',
    requests: 600,
  })
  expect(fleetSchema.parse(JSON.parse(JSON.stringify(fleet)))).toEqual(fleet)
})

test('the terminal has a sign of its own for what could not be judged, and says how much of a remedy it leaves out', () => {
  const remedy = Array.from({ length: 22 }, (_, line) => `line ${line}`).join('\n')
  const long = { ...noParser('ws-1').cause, remedy } as NonNullable<MemberResult['cause']>
  const text = fleetSummary(
    fleetOf([
      member('ws-1', { ...noParser('ws-1'), cause: long }),
      member('ws-2', { exitCode: 3, state: 'unjudged', headline: 'it is not ready' }),
    ]),
    { color: false, report: 'x' },
  )
  expect(text).toContain('? team-a/ws-2: could not be judged: it is not ready\n')
  expect(text).toContain('    line 19\n    … and 2 more in the report\n')
})

test('the page tells apart what does not conform and what could not be judged', () => {
  const boxes = fleetPage(
    fleetOf([member('ws-1', noParser('ws-1')), member('ws-2', { exitCode: 3, state: 'unjudged', headline: 'it is not ready' })]),
  ).match(/<section class="cause[^"]*">/g)
  expect(boxes).toEqual(['<section class="cause">', '<section class="cause open">'])
})

test('a cause of one workspace alone keeps its own words, which can be pasted', () => {
  expect(fleetOf([member('ws-1', noParser('ws-1')), member('ws-2')]).causes[0]?.remedy).toBe('kubectl patch workspace ws-1 -n team-a')
})

test('a name is replaced as a whole, and words that are no name of the workspace stay', () => {
  const place = { name: 'a', namespace: 'default', context: 'prod' }
  expect(
    general('workspace a, pod a-0, kaito.sh/workspace=a: a default value -n default in namespace default of context prod', place),
  ).toBe(
    'workspace WORKSPACE, pod WORKSPACE-0, kaito.sh/workspace=WORKSPACE: a default value -n NAMESPACE in namespace NAMESPACE of context CONTEXT',
  )
  expect(general('ab 1a default/a', place)).toBe('ab 1a NAMESPACE/WORKSPACE')
  expect(general('The model of Workspace model: KAITO_WORKSPACE=model', { ...place, name: 'model' })).toBe(
    'The model of Workspace WORKSPACE: KAITO_WORKSPACE=WORKSPACE',
  )
  expect(general('workspace a: KAITO_WORKSPACE=a KAITO_NAMESPACE=default KUBE_CONTEXT=prod npm test', place)).toBe(
    'workspace WORKSPACE: KAITO_WORKSPACE=WORKSPACE KAITO_NAMESPACE=NAMESPACE KUBE_CONTEXT=CONTEXT npm test',
  )
  const phi = { ...place, name: 'phi-4', preset: 'phi-4-mini' }
  expect(general('phi-4-0 and phi-4 of phi-4-mini', phi)).toBe('WORKSPACE-0 and WORKSPACE of phi-4-mini')
  expect(general('pod phi-4-0 has no parser for phi-4', { ...phi, preset: 'phi-4' })).toBe('pod WORKSPACE-0 has no parser for phi-4')
})

test('an outlier says otherwise than those with the same preset and image, and in what it differs', () => {
  const odd = member('ws-9', { ...noParser('ws-9'), identity: { ...IMAGE, arguments: { 'max-model-len': '4096' } } })
  const plain = { identity: { ...IMAGE, arguments: {} } }
  const fleet = fleetOf([member('ws-1', plain), member('ws-2', plain), odd, member('ws-3', { ...noParser('ws-3'), preset: 'other' })])
  expect(fleet.outliers).toEqual([
    {
      workspace: 'team-a/ws-9',
      like: 'phi-4 in kaito-base:0.5.0 (sha256:aaaaaaaaaaaa)',
      others: 2,
      verdict: 'does not conform: no-parser',
      theirs: 'conforms',
      differs: ['--max-model-len: 4096 here, not set there'],
    },
  ])
  expect(fleetOf([member('ws-1'), member('ws-2')]).outliers).toEqual([])
  // What is not known of a server that was not reached is no difference.
  const seen = { identity: { ...IMAGE, vllm: '0.25.1', parser: 'hermes', arguments: { 'tool-call-parser': 'hermes' } } }
  const silent = member('ws-3', { exitCode: 3, state: 'unjudged', headline: 'no answer' })
  expect(fleetOf([member('ws-1', seen), member('ws-2', seen), silent]).outliers).toMatchObject([{ workspace: 'team-a/ws-3', differs: [] }])
})

test('what is new since the last run', () => {
  const before = fleetOf([member('ws-1'), member('ws-2', noParser('ws-2')), member('ws-3', noParser('ws-3')), member('gone')])
  const now = fleetOf(
    [
      member('ws-1', noParser('ws-1')),
      member('ws-2'),
      member('ws-3', { exitCode: 1, state: 'fails', failed: ['stream.done'] }),
      member('new'),
    ],
    before,
  )
  expect(now.comparison).toEqual({
    with: { started: run.started, from: 'before' },
    newlyFailing: [{ workspace: 'team-a/ws-1', before: 'conforms', now: 'does not conform: no-parser' }],
    newlyConforming: [{ workspace: 'team-a/ws-2', before: 'does not conform: no-parser', now: 'conforms' }],
    otherwise: [{ workspace: 'team-a/ws-3', before: 'does not conform: no-parser', now: 'does not conform: fails stream.done' }],
    appeared: ['team-a/new'],
    vanished: ['team-a/gone'],
  })
  for (const text of [fleetMarkdown(now), fleetPage(now), fleetSummary(now, { color: false, report: 'x' })]) {
    expect(text).toContain('No longer conforming')
    expect(text).toContain('team-a/gone')
  }
})

test('foreign text is inert on the page and in Markdown', () => {
  const nasty = '<img src=x onerror=alert(1)>'
  const fleet = fleetOf([
    member('ws-1', {
      ...noParser('ws-1'),
      server: nasty,
      preset: nasty,
      groups: { [nasty]: { passed: 0, failed: 1, accepted: 0, open: 0 } },
      cause: { id: 'x', layer: nasty, sentence: nasty, evidence: [nasty], remedy: `${nasty}\n\`\`\`` },
    }),
  ])
  expect(fleetPage(fleet)).not.toContain('<img')
  const [outside = ''] = fleetMarkdown(fleet).split('Remedy:')
  expect(outside).not.toContain('<img')
})

test('axe finds no serious fault on the page of a fleet, light or dark, and it fits a phone', IN_BROWSER, async () => {
  const before = fleetOf([member('ws-1'), member('ws-2')])
  const open = { Contract: { passed: 1, failed: 0, accepted: 1, open: 0 }, Arguments: { passed: 0, failed: 0, accepted: 0, open: 2 } }
  const now = [member('ws-1', noParser('ws-1')), member('ws-2', { groups: open }), member('ws-3'), member('ws-4')]
  const long = member(`ws-${'with-a-long-name-'.repeat(4)}5`)
  await using page = await openText(fleetPage(fleetOf([...now, long], before)))
  expect(await faultsOnPhone(page)).toEqual([])
  // The first column stays where it is when the table is moved: it may not cover all of it.
  await page.show(400, 'light')
  expect(await page.evaluate("document.querySelector('.matrix th[scope]').offsetWidth")).toBeLessThan(200)
})

test('the page leads to each report, and shows each group of requirements of each workspace', () => {
  const page = fleetPage(
    fleetOf([
      member('ws-1', { folder: 'arn%3Aeks/team-a/ws-1' }),
      member('ws-2', { groups: { Contract: { passed: 1, failed: 2, accepted: 0, open: 0 } } }),
    ]),
  )
  expect(page).toContain('href="arn%253Aeks/team-a/ws-1/index.html"')
  expect(page).toMatch(/<td class="bad" title="team-a\/ws-2, Contract: 1 passed, 2 failed, 0 accepted, 0 open">2<\/td>/)
})

test('a verdict in a few words', () => {
  expect(verdictOf(member('a'))).toBe('conforms')
  expect(verdictOf(member('a', { exitCode: 1, failed: ['1', '2', '3', '4', '5', '6'] }))).toBe(
    'does not conform: fails 1, 2, 3, 4, 5 and 1 more',
  )
  expect(verdictOf(member('a', { exitCode: 4, headline: 'boom' }))).toBe('a defect of this suite: boom')
})

test.for([
  ['{"a":1}', 'holds no results of a fleet: give the report folder'],
  [`{"fleetSchemaVersion":${FLEET_SCHEMA_VERSION}}`, 'holds damaged results: run, '],
  [`{"fleetSchemaVersion":${FLEET_SCHEMA_VERSION + 1}}`, `and this suite reads ${FLEET_SCHEMA_VERSION}: give the report folder`],
  ['<html>', 'cannot be read (no JSON): give the report folder'],
] as const)('%s is not compared with', ([text, words]) => {
  const path = mkdtempSync(join(tmpdir(), 'conformance-fleet-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  writeFileSync(join(path, 'results.json'), text)
  expect(() => readFleet(path)).toThrow(words)
})
