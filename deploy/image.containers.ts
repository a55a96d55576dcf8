// The image of the suite on a container engine, with every right taken: run by npm run check:containers.
import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { GenericContainer, getContainerRuntimeClient, Network, Wait, type ContainerRuntimeClient } from 'testcontainers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Results } from '../reports/results.ts'

// testcontainers' own remover would have to be pulled; what is started here is disposed of where it is declared.
process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true'

const ROOT = resolve(import.meta.dirname, '..')
const engine = await getContainerRuntimeClient().catch(() => undefined)
const container = process.platform === 'linux' ? engine?.container : undefined

/** Builds an image by the script of an npm command; resolves to its name. */
async function built(script: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'deploy', script)])
  return stdout.trim().split('\n').at(-1) ?? ''
}

let suite = ''
let mock = ''
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-reports-'))
  await chmod(folder, 0o777)
  if (container === undefined) return
  suite = await built('image.ts')
  mock = await built('mock-image.ts')
}, 300_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs the suite's image without a right; resolves to its exit code and its verdicts: id to outcome. */
async function judged(
  { dockerode }: ContainerRuntimeClient['container'],
  network: string,
  env: readonly string[],
): Promise<readonly [code: number, outcomes: Readonly<Record<string, string>>]> {
  const created = await dockerode.createContainer({
    Image: suite,
    Env: [...env],
    HostConfig: {
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      NetworkMode: network,
      Binds: [`${folder}:/reports`],
    },
  })
  try {
    await created.start()
    const { StatusCode } = (await created.wait()) as { readonly StatusCode: number }
    const { verdicts } = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')) as Results
    return [StatusCode, Object.fromEntries(verdicts.map(({ id, outcome }) => [id, outcome]))]
  } finally {
    await created.remove({ force: true })
  }
}

test('judges its own mock and the image of the mock alike, read-only, without capabilities', { timeout: 300_000 }, async ({ skip }) => {
  if (container === undefined) return skip('no container engine answers, or this is not Linux')
  const [code, alone] = await judged(container, 'none', [])
  expect([code, Object.keys(alone).length > 300]).toEqual([0, true])
  await using network = await new Network().start()
  await using server = await new GenericContainer(mock)
    .withCommand(['--api-key', 'sk-test'])
    .withNetwork(network)
    .withWaitStrategy(Wait.forLogMessage(/http:/))
    .start()
  const address = `http://${server.getIpAddress(network.getName())}:5000/v1`
  expect(await judged(container, network.getName(), [`OPENAI_BASE_URL=${address}`, 'OPENAI_API_KEY=sk-test'])).toEqual([0, alone])
})
