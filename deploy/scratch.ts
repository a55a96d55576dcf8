import { EXIT } from '../fixtures/exit-codes.ts'
import { messageOf } from '../fixtures/thrown.ts'
import { readdirSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { getContainerRuntimeClient, type ContainerRuntimeClient } from 'testcontainers'

/** What an image FROM scratch is made of. */
export interface ScratchImage {
  /** `name:tag` */
  readonly name: string
  /** Files and folders of this machine, and where the image has them. */
  readonly files: readonly (readonly [from: string, to: string])[]
  /** Files that are written for the image: their path to their content. */
  readonly texts?: Readonly<Record<string, string>>
  /** Empty folders: their path to their mode. */
  readonly folders?: Readonly<Record<string, number>>
  /** Lines of the Dockerfile behind the files. */
  readonly lines: readonly string[]
}

/** A sentence for the user, and the exit code that goes with it. */
class CannotBuild extends Error {
  readonly exitCode: number
  constructor(message: string, exitCode: number) {
    super(message)
    this.exitCode = exitCode
  }
}

/** The files that Node is made of: its binary, and the libraries that the system has loaded into it and into native modules below `root`. */
function nodeFiles(root: string): ScratchImage['files'] {
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.node')))
    process.dlopen({ exports: {} }, join(root, file))
  const { sharedObjects } = process.report.getReport() as { readonly sharedObjects: readonly string[] }
  const libraries = sharedObjects.filter((path) => path.startsWith('/') && path !== process.execPath)
  return [[process.execPath, '/bin/node'], ...libraries.map((path) => [path, path] as const)]
}

/** Lays out the file system of an image below `root`: the Node that runs this, and the image's own files. */
export async function layOut(root: string, { files, texts = {}, folders = {} }: ScratchImage): Promise<void> {
  const copy = ([from, to]: ScratchImage['files'][number]): Promise<void> =>
    cp(from, join(root, to), { recursive: true, dereference: true })
  for (const file of files) await copy(file)
  for (const file of nodeFiles(root)) await copy(file)
  for (const [to, content] of Object.entries(texts)) {
    await mkdir(dirname(join(root, to)), { recursive: true })
    await writeFile(join(root, to), content)
  }
  for (const [to, mode] of Object.entries(folders)) {
    await mkdir(join(root, to), { recursive: true })
    await chmod(join(root, to), mode)
  }
}

/**
 * Builds an image around the Node that runs this, so that nothing has to be pulled, and prints its name. It is described, which may take
 * half a minute, when an engine answers. Resolves to the exit code: 3 where none does, 2 where its Node could not run in a Linux container.
 */
export async function buildImage(describe: () => ScratchImage): Promise<number> {
  try {
    if (process.platform !== 'linux') {
      throw new CannotBuild(
        `The image is made of the Node that builds it, which on ${process.platform} does not run in a Linux container.`,
        2,
      )
    }
    const { container } = await getContainerRuntimeClient().catch(() => {
      throw new CannotBuild('No container engine answers: start Docker, or name one elsewhere in DOCKER_HOST.', 3)
    })
    const image = describe()
    const context = await mkdtemp(join(tmpdir(), 'image-'))
    try {
      await layOut(join(context, 'root'), image)
      await writeFile(join(context, 'Dockerfile'), ['FROM scratch', 'COPY root /', ...image.lines, ''].join('\n'))
      await build(container, context, image.name)
    } finally {
      await rm(context, { recursive: true, force: true })
    }
    console.log(image.name)
    return EXIT.conforms
  } catch (error) {
    console.error(messageOf(error))
    return error instanceof CannotBuild ? error.exitCode : EXIT.blocked
  }
}

async function build({ dockerode }: ContainerRuntimeClient['container'], context: string, name: string): Promise<void> {
  const before = await dockerode
    .getImage(name)
    .inspect()
    .catch(() => undefined)
  // What packs the folder takes the bits of the umask off every mode, those of /tmp included.
  const mask = process.umask(0)
  const stream = await dockerode.buildImage({ context, src: ['.'] }, { t: name, forcerm: true })
  process.umask(mask)
  await new Promise<void>((done, fail) => {
    dockerode.modem.followProgress(stream, (error) => (error === null ? done() : fail(error)))
  })
  // The image that had the name until now would stay without one; a container may still use it.
  const { Id: built } = await dockerode.getImage(name).inspect()
  if (before !== undefined && before.Id !== built) {
    await dockerode
      .getImage(before.Id)
      .remove()
      .catch(() => undefined)
  }
}
