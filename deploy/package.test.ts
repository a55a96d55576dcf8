// @module-tag slow
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, sep } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { build } from './build.ts'

let folder: string
/** What it holds before it has run. */
let held: readonly string[]
beforeAll(() => {
  folder = build()
  held = readdirSync(folder, { recursive: true, encoding: 'utf8' })
})

/** What was compiled of the packages that it shares with this clone is there already; its own folder is made anew. */
const compiled = process.env['NODE_COMPILE_CACHE'] ?? ''

/** The command of the package, typed in an empty folder. */
const typed = async (args: readonly string[], cwd: string): Promise<{ readonly code: number | null; readonly out: string }> =>
  new Promise((done) => {
    const child = execFile(
      process.execPath,
      [join(folder, 'run', 'bin.cjs'), ...args],
      { cwd, env: { PATH: process.env['PATH'] ?? '', CONFORMANCE_DEPTH: 'smoke', NODE_COMPILE_CACHE: compiled } },
      (_error, stdout, stderr) => done({ code: child.exitCode, out: `${stdout}${stderr}` }),
    )
  })

test('the package judges, reports and helps as a clone does', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'package-'))
  try {
    const judged = await typed([], cwd)
    expect([judged.code, judged.out]).toEqual([0, expect.stringMatching(/^\d+ passed .*requests/m)])
    expect(JSON.parse(await readFile(join(cwd, 'reports/out/results.json'), 'utf8'))).toHaveProperty('verdicts')
    expect(await typed(['report'], cwd)).toMatchObject({ code: 0 })
    const help = await typed(['--help'], cwd)
    expect(help.out).toContain('kaito-tool-calling load')
    expect(help.out).not.toContain('npm')
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
})

test.for(['report', 'waive', 'compare', 'load', 'watch', 'mock', 'job'])(
  '%s gives no hint that only a clone can follow',
  async (command) => {
    const said = await Promise.all([typed([command, '--help'], folder), typed([command, '--strange'], folder)])
    expect(said.map(({ code }) => code)).toEqual([0, 2])
    expect(said.map(({ out }) => out).join('')).not.toContain('npm')
  },
)

test('a command that is none is told with those that are', async () => {
  expect(await typed(['lod'], folder)).toEqual({
    code: 2,
    out: expect.stringMatching(
      /^There is no command lod: give load, waive, .*, mock, or none, and a server is judged; kaito-tool-calling --help/,
    ),
  })
})

test('a .env that the package does not read is told, by the names that nothing else sets', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'package-'))
  try {
    await writeFile(join(cwd, '.env'), 'OPENAI_BASE_URL=http://localhost:8000/v1\nCONFORMANCE_DEPTH=full\nOTHER=1\n')
    const { code, out } = await typed(['-t', 'no requirement has this title'], cwd)
    expect([code, out]).toEqual([
      2,
      expect.stringMatching(/^\.env is not read by the package, so OPENAI_BASE_URL is not set\. .*set \+a$/m),
    ])
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
})

test('its manifest asks for nothing that only work on the suite needs', async () => {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>
  expect(Object.keys(manifest)).not.toEqual(expect.arrayContaining(['devDependencies']))
  expect(manifest).toMatchObject({ bin: { 'kaito-tool-calling': 'run/bin.cjs' }, type: 'module' })
})

test('it is made of what the Dockerfile copies, and holds no test', async () => {
  const dockerfile = await readFile(join(import.meta.dirname, 'Dockerfile'), 'utf8')
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, paths = '']) => paths.split(' '))
  const top = held.filter((path) => !path.includes(sep))
  expect(copied).toEqual(expect.arrayContaining(top))
  expect(held.filter((path) => /\.(test|hops|containers)\./.test(path))).toEqual([join('suites', 'conformance.test.js')])
})

test('its documents lead to files that it holds', async () => {
  const documents = (await readdir(folder, { recursive: true })).filter((path) => path.endsWith('.md'))
  const links = await Promise.all(
    documents.map(async (path) => {
      const text = await readFile(join(folder, path), 'utf8')
      return [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target = '']) => ({ path, target }))
    }),
  )
  const own = links.flat().filter(({ target }) => !/^[a-z]+:/.test(target))
  expect(own.filter(({ path, target }) => !existsSync(join(folder, dirname(path), target)))).toEqual([])
  const fromReadme = own.filter(({ path }) => path === 'README.md').map(({ target }) => target)
  expect(fromReadme).toEqual(expect.arrayContaining(['docs/run.md', 'docs/in-cluster.md', 'docs/report.png']))
  expect(own).toContainEqual({ path: 'docs/in-cluster.md', target: '../deploy/chart/values.yaml' })
})
