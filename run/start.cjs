// Runs on any Node, before anything that needs a new one: TypeScript is run as it is since 22.18, and dependencies ask for 22.22.
// `--slim` before the script begins with a heap that stays small, for what waits for servers most of the time.
// One process from here on, so that a signal to it ends the run and not a shell around it.
const { enableCompileCache } = require('node:module')
const { pathToFileURL } = require('node:url')
const path = require('node:path')
const { setFlagsFromString } = require('node:v8')

// A young generation of 4 MB, and garbage is looked for when the heap has grown by a fifth: V8 lets it grow to four times of what is alive.
// The search begins early, because the heap goes on growing until it ends: by 20 MB where a run judges all that it asked.
const SMALL_HEAP = [
  '--max-semi-space-size=4',
  '--heap-growing-percent=20',
  '--incremental-marking-soft-trigger=90',
  '--incremental-marking-hard-trigger=90',
  '--optimize-for-size',
]

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 22)) {
  process.stderr.write(
    `This is Node ${process.versions.node}, the suite needs 22.22 or newer: on Linux and Windows x64 npm ci brings it along (do not leave out optional dependencies), elsewhere install one.\n`,
  )
  process.exitCode = 2
} else {
  const slim = process.argv[2] === '--slim'
  const [script, ...given] = process.argv.slice(slim ? 3 : 2)
  // npm keeps the -- of `npm test -- ARGUMENT`, pnpm hands it on (pnpm/pnpm#13295).
  const args = given[0] === '--' ? given.slice(1) : given
  if (slim && process.platform === 'win32') SMALL_HEAP.forEach((flag) => setFlagsFromString(flag))
  // Elsewhere the process begins anew under its own id: freed memory goes back to the system when malloc has one arena, and thresholds that do not grow.
  else if (slim)
    process.execve(process.execPath, [process.execPath, ...process.execArgv, ...SMALL_HEAP, __filename, script, ...args], {
      MALLOC_ARENA_MAX: '1',
      MALLOC_MMAP_THRESHOLD_: '131072',
      MALLOC_TRIM_THRESHOLD_: '131072',
      ...process.env,
    })
  // The next start compiles nothing again, which saves half a second. Where the folder cannot be written, nothing is kept.
  enableCompileCache(path.join(__dirname, '..', 'node_modules', '.cache', 'compiled'))
  process.argv.splice(1, process.argv.length, path.resolve(script), ...args)
  void import(pathToFileURL(process.argv[1]).href)
}
