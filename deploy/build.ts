import { execFileSync } from 'node:child_process'
import { copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import packageJson from '../package.json' with { type: 'json' }

const ROOT = resolve(import.meta.dirname, '..')
const BUILD = join(ROOT, 'build')

/** Makes the folder `build`: the suite as JavaScript, since Node strips no types below node_modules, with a manifest of its own. */
export function build(): string {
  rmSync(BUILD, { recursive: true, force: true })
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
  execFileSync(process.execPath, [tsc, '-p', join(ROOT, 'tsconfig.build.json')], { stdio: 'inherit' })
  for (const file of ['start.cjs', 'bin.cjs']) copyFileSync(join(ROOT, 'run', file), join(BUILD, 'run', file))
  for (const file of ['LICENSE', 'README.md']) copyFileSync(join(ROOT, file), join(BUILD, file))
  const { name, version, description, license, type, dependencies, engines } = packageJson
  const manifest = { name, version, description, license, type, bin: { 'kaito-tool-calling': 'run/bin.cjs' }, dependencies, engines }
  writeFileSync(join(BUILD, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  return BUILD
}
