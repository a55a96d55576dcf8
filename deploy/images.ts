import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import packageJson from '../package.json' with { type: 'json' }
import { build } from './build.ts'
import type { ScratchImage } from './scratch.ts'

const ROOT = resolve(import.meta.dirname, '..')
/** The user of distroless images that is not root. */
const UID = 65_532

/** Folders of the libraries that the suite runs with on this machine; what is nested in another comes with it. */
function libraries(): readonly string[] {
  const { packages } = JSON.parse(readFileSync(resolve(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>
  }
  // The image has the Node that builds it.
  const pinned = Object.keys(packageJson.optionalDependencies).map((name) => `node_modules/${name}`)
  return Object.entries(packages)
    .filter(([path, { dev }]) => path.lastIndexOf('node_modules/') === 0 && dev !== true && !pinned.includes(path))
    .map(([path]) => path)
    .filter((path) => existsSync(resolve(ROOT, path)))
}

/** The image of the suite: what the package holds, the libraries that it runs with, and the list of all of them. */
export function suiteImage(): ScratchImage {
  const sbom = execFileSync('npm', ['sbom', '--sbom-format=spdx', '--omit=dev', '--package-lock-only'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  const labels = {
    'org.opencontainers.image.title': packageJson.name,
    'org.opencontainers.image.description': packageJson.description,
    'org.opencontainers.image.version': packageJson.version,
    'org.opencontainers.image.licenses': packageJson.license,
  }
  return {
    name: `${packageJson.name}:${packageJson.version}`,
    files: [[build(), '/app'], ...libraries().map((path) => [resolve(ROOT, path), `/app/${path}`] as const)],
    texts: {
      '/etc/passwd': `suite:x:${UID}:${UID}::/tmp:/nowhere\n`,
      '/usr/share/sbom/suite.spdx.json': sbom,
    },
    // A read-only container mounts over them, and Docker's --tmpfs takes over the mode.
    folders: { '/reports': 0o777, '/tmp': 0o1777 },
    lines: [
      ...Object.entries(labels).map(([name, value]) => `LABEL ${name}=${JSON.stringify(value)}`),
      'ENV HOME=/tmp CONFORMANCE_REPORT_DIR=/reports',
      'WORKDIR /tmp',
      `USER ${UID}:${UID}`,
      'ENTRYPOINT ["/bin/node", "/app/run/bin.cjs"]',
    ],
  }
}

/** The image of the mock. */
export const mockImage: ScratchImage = {
  name: `${packageJson.name}/mock-vllm:${packageJson.version}`,
  files: ['package.json', 'mocks/instead.ts', 'mocks/vllm', 'fixtures'].map((path) => [resolve(ROOT, path), `/app/${path}`] as const),
  lines: ['EXPOSE 5000', 'ENTRYPOINT ["/bin/node", "/app/mocks/vllm/main.ts", "--host", "0.0.0.0", "--port", "5000"]'],
}
