// @module-tag slow
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { listen } from '../mocks/vllm/listen.ts'
import { createVllm, type VllmOptions } from '../mocks/vllm/vllm.ts'
import { createLoopback } from '../testing/loopback.ts'
import { startScript } from '../testing/script.ts'

const loopback = createLoopback()
afterEach(loopback.close)

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** One of our commands against a mock. */
async function run(script: string, options: VllmOptions | undefined, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), 'adapter-'))
  loopback.defer(() => rm(folder, { recursive: true, force: true }))
  const door = options && (await listen(createVllm(options)))
  if (door !== undefined) loopback.defer(() => door.close())
  const { child, ended } = startScript(`run/${script}`, {
    CONFORMANCE_REPORT_DIR: folder,
    OPENAI_BASE_URL: door === undefined ? 'http://127.0.0.1:1/v1' : `${door.url}/v1`,
    ...env,
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (text: string) => (out += text))
  child.stderr.on('data', (text: string) => (err += text))
  const { code } = await ended
  return { code, out, err }
}

/** A Kuberhealthy that takes reports with this status. */
async function kuberhealthy(status = 200): Promise<{ readonly env: Readonly<Record<string, string>>; readonly reports: unknown[] }> {
  const reports: unknown[] = []
  const url = await loopback.http((request, response) => {
    let body = ''
    request.on('data', (text: Buffer) => (body += text.toString()))
    request.on('end', () => {
      const { method, headers } = request
      reports.push({ method, id: headers['kh-run-uuid'], type: headers['content-type'], body: JSON.parse(body) as unknown })
      response.writeHead(status).end()
    })
  })
  return { env: { KH_REPORTING_URL: `${url}/check`, KH_RUN_UUID: 'run-17' }, reports }
}

describe('Kuberhealthy', () => {
  test.for([
    ['conforms', {}, { ok: true, errors: [] }],
    ['has no parser', { parser: 'none' }, { ok: false, errors: [expect.stringMatching(/^http:\S+\/v1: .+ \[server\] .+/)] }],
    ['is not there', undefined, { ok: false, errors: [expect.stringContaining('[network]')] }],
  ] as const)('is told of a server that %s', async ([, options, body]) => {
    const { env, reports } = await kuberhealthy()
    expect(await run('kuberhealthy.ts', options, env)).toMatchObject({ code: 0, err: '' })
    expect(reports).toEqual([{ method: 'POST', id: 'run-17', type: 'application/json', body }])
  })

  test('is told of a wrong variable as well', async () => {
    const { env, reports } = await kuberhealthy()
    expect((await run('kuberhealthy.ts', {}, { ...env, CONFORMANCE_TIMEOUT: 'long' })).code).toBe(2)
    expect(reports).toMatchObject([{ body: { ok: false, errors: [expect.stringContaining('CONFORMANCE_TIMEOUT is "long"')] } }])
  })

  test('that refuses the report fails the pod', async () => {
    const { env } = await kuberhealthy(400)
    expect(await run('kuberhealthy.ts', {}, env)).toMatchObject({ code: 4, err: expect.stringContaining('answered the report with 400') })
  })

  test('has to be there', async () => {
    expect(await run('kuberhealthy.ts', {})).toMatchObject({ code: 2, err: expect.stringMatching(/^KH_REPORTING_URL and KH_RUN_UUID/) })
  })
})

/** A line as cloudprober reads it: a name, labels without quotation marks, a number. */
const LINE = /^([a-z_]+)\{((?:[a-z]+=[\w./:@-]+,?)+)\} (\d+(?:\.\d+)?)$/

test.for([
  ['conforms', {}, 0, 0],
  ['has no parser', { parser: 'none' }, 1, 1],
  ['is not there', undefined, 2, 3],
] as const)('cloudprober is told in lines that it reads of a server that %s', async ([, options, conformance, code]) => {
  const ended = await run('cloudprober.ts', options)
  expect(ended.code).toBe(code)
  const lines = ended.out.trimEnd().split('\n')
  expect(lines.filter((line) => !LINE.test(line))).toEqual([])
  const found = lines
    .map((line) => LINE.exec(line) ?? [])
    .map(([, name, labels, value]) => [name, labels?.replace(/^workspace=[^,]+,?/, ''), value])
  expect(found[0]).toEqual(['toolcalling_conformance', '', String(conformance)])
  expect(
    found.some(([name, labels, value]) => name === 'toolcalling_failed_requirements' && labels === 'level=MUST' && Number(value) > 0),
  ).toBe(conformance === 1)
  expect(ended.err === '').toBe(code === 0)
})
