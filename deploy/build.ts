import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import packageJson from '../package.json' with { type: 'json' }

const ROOT = resolve(import.meta.dirname, '..')
const BUILD = join(ROOT, 'build')

/** What a reader of the documents is sent to: nothing of it runs. */
const DOCUMENTS = [
  'LICENSE',
  'README.md',
  'action.yml',
  'docs',
  'deploy/Dockerfile',
  'deploy/chart',
  'deploy/examples',
  'deploy/watch',
  'fixtures/cluster/rbac.yaml',
]

/** Makes the folder `build`: the suite as JavaScript, since Node strips no types below node_modules, with a manifest and documents of its own. Types are checked by `npm run check:types`. */
export function build(): string {
  rmSync(BUILD, { recursive: true, force: true })
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
  execFileSync(process.execPath, [tsc, '-p', join(ROOT, 'tsconfig.build.json')], { stdio: 'inherit' })
  for (const file of ['start.cjs', 'bin.cjs']) copyFileSync(join(ROOT, 'run', file), join(BUILD, 'run', file))
  for (const path of DOCUMENTS) cpSync(join(ROOT, path), join(BUILD, path), { recursive: true, filter: (file) => !file.includes('.test.') })
  for (const name of readdirSync(BUILD, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.md')))
    writeFileSync(join(BUILD, name), withoutDeadLinks(readFileSync(join(BUILD, name), 'utf8'), dirname(join(BUILD, name))))
  const { name, version, description, license, type, dependencies, engines } = packageJson
  const manifest = { name, version, description, license, type, bin: { 'kaito-tool-calling': 'run/bin.cjs' }, dependencies, engines }
  writeFileSync(join(BUILD, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  return BUILD
}

/** A document whose links to what only a clone has are plain text. */
const withoutDeadLinks = (text: string, folder: string): string =>
  text.replaceAll(/\[([^\]]+)\]\(([^)\s]+)\)/g, (link, words: string, target: string) => {
    const [path = ''] = target.split('#')
    return path === '' || /^[a-z]+:/.test(path) || existsSync(join(folder, path)) ? link : words
  })
