// Builds an image of the mock FROM scratch around the Node that runs this, so that nothing has to be pulled, and prints its name.
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { getContainerRuntimeClient } from 'testcontainers'
import packageJson from '../../package.json' with { type: 'json' }

const ROOT = resolve(import.meta.dirname, '../..')
const NAME = `${packageJson.name}/mock-vllm:${packageJson.version}`

const DOCKERFILE = `FROM scratch
COPY root /
EXPOSE 5000
ENTRYPOINT ["/bin/node", "/app/mocks/vllm/main.ts", "--host", "0.0.0.0", "--port", "5000"]
`

/** The files that Node is made of: its binary, and the libraries that the system has loaded into it. */
function nodeFiles(): readonly (readonly [from: string, to: string])[] {
  const { sharedObjects } = process.report.getReport() as { readonly sharedObjects: readonly string[] }
  const libraries = sharedObjects.filter((path) => path.startsWith('/') && path !== process.execPath)
  return [[process.execPath, '/bin/node'], ...libraries.map((path) => [path, path] as const)]
}

async function build(context: string): Promise<void> {
  const { container } = await getContainerRuntimeClient().catch(() => {
    throw new Error('No container engine answers: start Docker, or name one elsewhere in DOCKER_HOST.')
  })
  const { dockerode } = container
  const app = ['package.json', 'mocks/vllm', 'fixtures'].map((path) => [join(ROOT, path), `/app/${path}`] as const)
  for (const [from, to] of [...nodeFiles(), ...app]) await cp(from, join(context, 'root', to), { recursive: true, dereference: true })
  await writeFile(join(context, 'Dockerfile'), DOCKERFILE)
  const before = await dockerode
    .getImage(NAME)
    .inspect()
    .catch(() => undefined)
  const stream = await dockerode.buildImage({ context, src: ['.'] }, { t: NAME, forcerm: true })
  await new Promise<void>((done, fail) => {
    dockerode.modem.followProgress(stream, (error) => (error === null ? done() : fail(error)))
  })
  // The image that had the name until now would stay without one; a container may still use it.
  const { Id: built } = await dockerode.getImage(NAME).inspect()
  if (before !== undefined && before.Id !== built) {
    await dockerode
      .getImage(before.Id)
      .remove()
      .catch(() => undefined)
  }
}

if (process.platform === 'linux') {
  const context = await mkdtemp(join(tmpdir(), 'mock-vllm-'))
  try {
    await build(context)
    console.log(NAME)
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    process.exitCode = 3
  } finally {
    await rm(context, { recursive: true, force: true })
  }
} else {
  console.error(`The image is made of the Node that builds it, which on ${process.platform} does not run in a Linux container.`)
  process.exitCode = 2
}
