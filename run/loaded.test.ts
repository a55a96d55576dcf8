import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'

/** What a file imports as it is loaded: types and what it imports later do not count. */
const IMPORTS = /^(?:import|export) (?!type\b)[^'"]*?from '([^']+)'|^import '([^']+)'/gm

/** The packages that a script loads before it does anything, each with the files through which they come. */
function packagesOf(script: string): ReadonlyMap<string, readonly string[]> {
  const packages = new Map<string, readonly string[]>()
  const seen = new Set<string>()
  function visit(file: URL, way: readonly string[]): void {
    if (seen.has(file.href)) return
    seen.add(file.href)
    for (const [, from, bare] of readFileSync(file, 'utf8').matchAll(IMPORTS)) {
      const name = from ?? bare ?? ''
      if (name.startsWith('.')) visit(new URL(name, file), [...way, name])
      else packages.set(name, way)
    }
  }
  visit(pathToFileURL(resolve(import.meta.dirname, '..', script)), [script])
  return packages
}

// The client of Kubernetes is 950 modules and 35 MB, an engine of containers as much: only a workspace or an image needs them.
test.for(['run/main.ts', 'run/watch.ts', 'run/load.ts', 'run/compare.ts', 'run/waive.ts', 'reports/main.ts'])(
  '%s begins without clients of Kubernetes and of containers',
  (script) => {
    const packages = packagesOf(script)
    expect(packages.size).toBeGreaterThan(0)
    expect(packages.get('@kubernetes/client-node')).toBeUndefined()
    expect(packages.get('testcontainers')).toBeUndefined()
  },
)
