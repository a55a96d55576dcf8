import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { newest } from '../fixtures/contract/profiles.ts'
import { planFor } from '../fixtures/run/filter.ts'
import { unitsOf } from '../fixtures/run/plan.ts'
import { variableNames } from '../fixtures/target/variables.ts'
import { mcpFaults } from '../mocks/mcp/faults.ts'
import { listen } from '../mocks/vllm/listen.ts'
import { faultOf, faults } from '../mocks/vllm/faults/index.ts'
import { createVllm } from '../mocks/vllm/vllm.ts'
import { loadScenarios } from '../run/scenarios.ts'
import { namesOf } from '../run/terms.ts'
import { readWaivers } from '../run/waivers.ts'
import { startScript } from '../testing/script.ts'

const ROOT = resolve(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
]
const text = pages.map(read).join('\n')
const units = unitsOf(await loadScenarios(5))

/** What the groups of a pattern hold, wherever it occurs on a page. */
const named = (pattern: RegExp): readonly string[] => [...text.matchAll(pattern)].map(([, name = '']) => name)

test('every variable that a page names is read', () => {
  const found = named(/\b((?:CONFORMANCE|MCP_SERVER|OPENAI)_[A-Z_]+)\b/g)
  expect(found.length).toBeGreaterThan(50)
  expect(found.filter((name) => !variableNames.includes(name))).toEqual([])
})

test('every fault that a command of a page starts is there', () => {
  const started = named(/npm run mock -- [^`\n]*--fault ([\w-]+)/g)
  expect(started.length).toBeGreaterThan(1)
  expect(started.filter((name) => !faults.some(({ id }) => id === name))).toEqual([])
  const troubles = named(/npm run mcp -- [^`\n]*--fault ([\w-]+)/g)
  expect(troubles.length).toBeGreaterThan(0)
  expect(troubles.filter((name) => !mcpFaults.some(({ id }) => id === name))).toEqual([])
})

test('every filter that a page shows finds requirements', () => {
  const names = named(/npm test -- -t '([^']+)'/g)
  const tags = named(/npm test -- --tags-filter '([^']+)'/g)
  expect(names.length * tags.length).toBeGreaterThan(0)
  const facts = { profile: newest, hasKey: true, contextLength: undefined, views: () => [] }
  for (const filter of [...names.map((name) => ({ name })), ...tags.map((words) => ({ tags: words }))])
    expect(() => planFor(units, filter, { facts })).not.toThrow()
})

test('the waivers that a page shows are taken as they stand', () => {
  const shown = /```yaml\n(#[^\n]*\nwaivers:[^]*?)```/.exec(read('docs/gate.md'))?.[1] ?? ''
  const expires = /expires: (\S+)/.exec(shown)?.[1] ?? ''
  const monthBefore = new Date(Date.parse(expires) - 30 * 86_400_000)
  expect(readWaivers(shown, 'conformance.waivers.yaml', namesOf(units), monthBefore)).toHaveLength(1)
})

/** A line of output without the end that a page leaves out, and without the id of an answer. */
const kept = (line: string): string => line.replace(/(?:"id":.*)?…$/, '')

test('the README shows what its command prints', { tags: ['slow'] }, async () => {
  const [, fault = ''] = /--fault ([\w-]+)` in another terminal/.exec(read('README.md')) ?? []
  const shown = /```\n(✗ [^]*?)```/.exec(read('README.md'))?.[1]?.trim().split('\n') ?? []
  const door = await listen(createVllm({ fault: faultOf(fault) }))
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
  try {
    const env = { OPENAI_BASE_URL: `${door.url}/v1`, CONFORMANCE_REPORT_DIR: folder }
    const { code, out } = await startScript('run/main.ts', env).ended
    expect(code, out).toBe(1)
    expect(shown.length).toBeGreaterThan(3)
    for (const line of shown) expect(out.replaceAll(door.url, 'http://localhost:8000')).toContain(kept(line))
  } finally {
    await rm(folder, { recursive: true, force: true })
    await door.close()
  }
})

/** The packages that a file of this project loads with all that it imports, but for what is imported when it is needed. */
function loadedWith(file: string, seen = new Set<string>()): readonly string[] {
  if (seen.has(file)) return []
  seen.add(file)
  const imports = [...readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type )[^']*?from '([^']+)'/gm)].map(
    ([, from = '']) => from,
  )
  return imports.flatMap((from) => (/^\.\.?\/.*\.ts$/.test(from) ? loadedWith(resolve(dirname(file), from), seen) : [from]))
}

test.for(['main', 'watch', 'once', 'job', 'load'])('%s starts without the clients that only some of its runs need', (name) => {
  const loaded = loadedWith(join(ROOT, `run/${name}.ts`))
  expect(loaded).toContain('undici')
  expect(loaded.filter((one) => /^(?:openai$|@kubernetes|@modelcontextprotocol|@anthropic|vitest|testcontainers)/.test(one))).toEqual([])
})
