// @module-tag slow
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { listen } from '../../mocks/vllm/listen.ts'
import { createVllm } from '../../mocks/vllm/vllm.ts'

const ROOT = resolve(import.meta.dirname, '../..')
let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'action-'))
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

interface Action {
  readonly inputs: Readonly<Record<string, unknown>>
  readonly outputs: Readonly<Record<string, unknown>>
  readonly runs: {
    readonly steps: readonly { readonly id?: string; readonly run?: string; readonly env?: Readonly<Record<string, string>> }[]
  }
}
const action = parse(await readFile(join(ROOT, 'action.yml'), 'utf8')) as Action

/** The step that judges, with these inputs as the runner hands them over. */
async function step(
  inputs: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly outputs: Record<string, string>; readonly log: string }> {
  const output = join(cwd, 'output')
  await writeFile(output, '')
  const judge = action.runs.steps.find(({ id }) => id === 'run')
  const env = Object.fromEntries(
    Object.entries(judge?.env ?? {}).map(([name, from]) => [name, inputs[/inputs\.([a-z-]+)/.exec(from)?.[1] ?? ''] ?? ''] as const),
  )
  const preset = {
    CONFORMANCE_DEPTH: 'smoke',
    CONFORMANCE_FAIL_ON: 'must',
    CONFORMANCE_GATE: 'all',
    CONFORMANCE_REPORT_DIR: 'conformance-report',
  }
  const code = await new Promise<readonly [number | null, string]>((done) => {
    const child = execFile(
      'bash',
      ['-c', judge?.run ?? ''],
      { cwd, env: { PATH: process.env['PATH'] ?? '', GITHUB_ACTION_PATH: ROOT, GITHUB_OUTPUT: output, ...env, ...preset } },
      (_error, stdout) => done([child.exitCode, stdout]),
    )
  })
  const lines = (await readFile(output, 'utf8')).split('\n').filter((line) => line !== '')
  const outputs = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const))
  return { code: code[0], log: code[1], outputs }
}

test('no input stands in a shell line', () => {
  for (const { run = '' } of action.runs.steps) expect(run).not.toContain('${{')
})

test.for([
  ['a healthy server', {}, 0, 'true', ''],
  ['a server without a parser', { parser: 'none' }, 1, 'false', 'The server was started without --tool-call-parser'],
] as const)('says of %s what came of it', async ([, options, code, conforms, cause]) => {
  const door = await listen(createVllm(options))
  try {
    const ended = await step({ 'base-url': `${door.url}/v1` })
    expect([ended.code, ended.outputs['conforms'], ended.outputs['exit-code']]).toEqual([code, conforms, String(code)])
    expect(ended.outputs['cause']).toContain(cause)
    expect(Object.keys(ended.outputs).toSorted()).toEqual(Object.keys(action.outputs).toSorted())
    for (const file of ['report', 'sarif', 'results']) expect(existsSync(join(cwd, ended.outputs[file] ?? ''))).toBe(true)
  } finally {
    await door.close()
  }
})

test('an input that holds a command is only text', async () => {
  const { code, outputs } = await step({ workspace: '$(touch planted)`touch planted`;touch planted' })
  expect([code, outputs['conforms'], outputs['cause']]).toEqual([2, 'false', ''])
  expect(existsSync(join(cwd, 'planted'))).toBe(false)
})

test('without a server nothing is judged', async () => {
  const { code, log } = await step({})
  expect([code, log.trim()]).toEqual([2, '::error::Give base-url or workspace: without a server there is nothing to judge.'])
})

test('every example can be read', async () => {
  const folder = join(ROOT, 'deploy/examples')
  for (const name of await readdir(folder)) {
    const documents = parseAllDocuments(await readFile(join(folder, name), 'utf8'))
    expect(documents.length).toBeGreaterThan(0)
    for (const document of documents) expect(document.errors).toEqual([])
  }
})
