import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { packageFolder } from '../fixtures/packages.ts'
import { createVllm } from '../mocks/vllm/vllm.ts'
import type { Canned } from './canned.ts'

const ROUNDS = 3
const SECONDS = 4
const CONNECTIONS = 16
const FORMS = ['plain', 'stream'] as const
type Form = (typeof FORMS)[number]

/** The function of autocannon as far as it is used here. */
type Autocannon = (
  options: Readonly<Record<string, unknown>>,
) => Promise<{ readonly requests: { readonly average: number }; readonly errors: number; readonly non2xx: number }>

const question = (form: Form): string =>
  JSON.stringify({
    model: 'phi-4-mini-instruct',
    messages: [{ role: 'user', content: 'What is the weather in Paris?' }],
    tools: [
      {
        type: 'function',
        function: {
          name: 'get_weather',
          parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
        },
      },
    ],
    tool_choice: 'auto',
    ...(form === 'stream' ? { stream: true } : {}),
  })

const PATH = '/v1/chat/completions'
const scratch = mkdtempSync(join(tmpdir(), 'bench-'))
const children: ChildProcess[] = []

/** Starts a server of this Node and resolves to the first address that it prints. */
async function serve(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('http')) return line.trim()
  throw new Error(`${args[0]} ended before it listened`)
}

/** What the mock answers, as bytes: the canned server sends the same. */
function canned(): string {
  const vllm = createVllm({})
  const answers = FORMS.map((form) => {
    const { status, headers, chunks } = vllm.answer({
      method: 'POST',
      path: PATH,
      headers: { 'content-type': 'application/json' },
      body: question(form),
    })
    if (status !== 200) throw new Error(`the mock answers the question with ${status}`)
    const type = headers.find(([name]) => name === 'content-type')?.[1] ?? ''
    return [form, { type, pieces: chunks.map(({ bytes }) => Buffer.from(bytes).toString('base64')) }]
  })
  const path = join(scratch, 'canned.json')
  writeFileSync(path, JSON.stringify(Object.fromEntries(answers) satisfies Partial<Canned>))
  return path
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function aimock(folder: string): Promise<string> {
  const [port, fixtures] = [await freePort(), join(scratch, 'aimock.json')]
  const toolCalls = [{ name: 'get_weather', arguments: { city: 'Paris' } }]
  writeFileSync(fixtures, JSON.stringify({ fixtures: [{ match: { userMessage: 'weather in Paris' }, response: { toolCalls } }] }))
  const cli = join(folder, 'node_modules/@copilotkit/aimock/dist/cli.js')
  const child = spawn(process.execPath, [cli, '--host', '127.0.0.1', '--port', `${port}`, '--fixtures', fixtures, '--log-level', 'warn'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  children.push(child)
  const url = `http://127.0.0.1:${port}`
  while (
    child.exitCode === null &&
    !(await fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    ))
  )
    await new Promise(setImmediate)
  return url
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

try {
  const folder = await packageFolder(['autocannon@9.0.0', '@copilotkit/aimock@1.43.0'])
  const autocannon = createRequire(join(folder, 'package.json'))('autocannon') as Autocannon
  const root = resolve(import.meta.dirname, '..')
  const servers = {
    'node:http with canned bytes': await serve([join(root, 'proof/canned.ts'), canned()]),
    'mock of this suite': await serve([join(root, 'run/start.cjs'), join(root, 'mocks/vllm/main.ts')]),
    'aimock 1.43.0': await aimock(folder),
  }
  console.log(`Tool calls answered in a second, ${CONNECTIONS} connections, median of ${ROUNDS} rounds of ${SECONDS} s in turn`)
  for (const form of FORMS) {
    const rates = new Map<string, number[]>(Object.keys(servers).map((name) => [name, []]))
    for (let round = 0; round < ROUNDS; round += 1)
      for (const [name, url] of Object.entries(servers)) {
        const { requests, errors, non2xx } = await autocannon({
          url: `${url}${PATH}`,
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: question(form),
          connections: CONNECTIONS,
          duration: SECONDS,
        })
        if (errors + non2xx > 0) throw new Error(`${name} did not answer ${errors + non2xx} of the requests with 200`)
        rates.get(name)?.push(requests.average)
      }
    const ours = median(rates.get('mock of this suite') ?? [])
    for (const [name, all] of rates)
      console.log(
        `${form.padEnd(7)} ${name.padEnd(28)} ${median(all).toFixed(0).padStart(7)}  mock ÷ it = ${(ours / median(all)).toFixed(2)}`,
      )
  }
} finally {
  for (const child of children) child.kill()
  rmSync(scratch, { recursive: true, force: true })
}
