// Runs on any Node, before anything that needs a new one: TypeScript is run as it is since 22.18, and dependencies ask for 22.22.
// One process from here on, so that a signal to it ends the run and not a shell around it.
const { enableCompileCache } = require('node:module')
const { pathToFileURL } = require('node:url')
const path = require('node:path')

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 22)) {
  process.stderr.write(
    `This is Node ${process.versions.node}, the suite needs 22.22 or newer: on Linux and Windows x64 npm ci brings it along (do not leave out optional dependencies), elsewhere install one.\n`,
  )
  process.exitCode = 2
} else {
  // The next start compiles nothing again, which saves half a second. Where the folder cannot be written, nothing is kept.
  enableCompileCache(path.join(__dirname, '..', 'node_modules', '.cache', 'compiled'))
  const script = path.resolve(process.argv[2])
  process.argv.splice(1, 2, script)
  void import(pathToFileURL(script).href)
}
