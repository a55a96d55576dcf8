import { execFileSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { takesNothing } from '../fixtures/command.ts'
import { EXIT } from '../fixtures/exit-codes.ts'
import { build } from './build.ts'

// `npm run package`: a tarball that runs by `npx ./FILE.tgz` from any folder.

const ROOT = resolve(import.meta.dirname, '..')
await takesNothing('Makes a tarball of the suite in this folder, which npx runs from any other.', () => {
  const file = execFileSync('npm', ['pack', build(), '--pack-destination', ROOT, '--silent'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  }).trim()
  process.stdout.write(`${file}\nFrom any folder: npx --package="${join(ROOT, file)}" kaito-tool-calling --help\n`)
  return EXIT.conforms
})
