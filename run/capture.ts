import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { clientNames, packageOf, realClients, runClient, type ClientName } from '../fixtures/clients/real.ts'
import { shapeOf, type Shape } from '../fixtures/clients/shapes.ts'
import { EXIT } from '../fixtures/exit-codes.ts'
import { fields } from '../fixtures/contract/view.ts'
import { nearestName } from '../fixtures/nearest.ts'
import { excerpt } from '../fixtures/text.ts'
import { UserMistake } from '../fixtures/user-mistake.ts'
import { helps, runCommand } from '../fixtures/command.ts'

const ROOT = resolve(import.meta.dirname, '..')
const LIMIT_MS = 180_000

/** Renews the shapes of clients: `npm run capture -- codex`. Runs the real client against the mock and keeps what it sent, without its words. */
async function main(names: readonly string[]): Promise<number> {
  const takes = `Name the clients to capture: npm run capture -- ${clientNames.join(' ')}.`
  if (helps(names, takes)) return EXIT.conforms
  if (names.length === 0) throw new UserMistake(takes)
  for (const name of names)
    if (!(clientNames as readonly string[]).includes(name)) {
      const nearest = nearestName(name, clientNames)
      throw new UserMistake(
        `${excerpt(name, 80)} is no client${nearest === undefined ? '' : ` (did you mean ${nearest}?)`}: give some of ${clientNames.join(', ')}.`,
      )
    }
  for (const name of names as readonly ClientName[]) await capture(name)
  return EXIT.conforms
}

async function capture(name: ClientName): Promise<void> {
  const [{ createVllm }, { listen }] = await Promise.all([import('../mocks/vllm/vllm.ts'), import('../mocks/vllm/listen.ts')])
  const key = 'sk-of-the-capture'
  const vllm = createVllm({ apiKey: key, maxModelLen: 262_144 })
  const asked: { readonly path: string; readonly body: string }[] = []
  const door = await listen({
    ...vllm,
    begin: (request) => {
      if (request.method === 'POST') asked.push(request)
      return vllm.begin(request)
    },
  })
  try {
    const { forms } = realClients[name]
    const ran = await runClient(name, forms.at(-1) ?? 'stream', { url: door.url, key, model: vllm.model }, LIMIT_MS)
    const bodies = asked.flatMap(({ path, body }) => {
      const value = fields(JSON.parse(body))
      return value?.['tools'] === undefined ? [] : [{ path, body: value }]
    })
    const [first, second] = bodies
    if (first === undefined)
      throw new UserMistake(
        `${name} sent no request with tools: ${excerpt([ran.trouble, ran.said, ran.output].filter(Boolean).join(': ').trim() || 'it said nothing', 300)}`,
      )
    const shape: Shape = {
      client: name,
      version: packageOf(name),
      captured: new Date().toISOString().slice(0, 10),
      first: shapeOf(first.path, first.body),
      ...(second === undefined ? {} : { result: shapeOf(second.path, second.body) }),
    }
    const file = join(ROOT, 'fixtures', 'clients', 'shapes', `${name}.json`)
    writeFileSync(file, `${JSON.stringify(shape, null, 2)}\n`)
    process.stdout.write(`${file}: ${shape.version}, ${bodies.length} requests with tools, the first of ${shape.first.bytes} bytes\n`)
  } finally {
    await door.close()
  }
}

await runCommand(() => main(process.argv.slice(2)))
