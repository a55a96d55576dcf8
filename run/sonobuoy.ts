import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { makeFolder } from '../fixtures/make-folder.ts'
import { OWN_EXTENSION } from '../fixtures/own-extension.ts'

// A plugin of Sonobuoy: judges, leaves the results where its worker looks for them, and says so in the file `done`, also when it is stopped
// half-way (https://sonobuoy.io/docs/main/plugins/). Ends as the suite ends.

const results = process.env['SONOBUOY_RESULTS_DIR'] ?? '/tmp/sonobuoy/results'
const reports = join(results, 'conformance')

const own = (...parts: readonly string[]): string => resolve(import.meta.dirname, ...parts)

/** Runs one of our commands to its end; resolves to its exit code. */
function command(script: string): { readonly ended: Promise<number>; readonly stop: () => void } {
  const child = spawn(process.execPath, [own('start.cjs'), '--slim', script], {
    stdio: 'inherit',
    env: { ...process.env, CONFORMANCE_REPORT_DIR: reports },
  })
  return { ended: new Promise((done) => child.once('exit', (code) => done(code ?? 3))), stop: () => void child.kill('SIGTERM') }
}

makeFolder(results)
const run = command(own(`main${OWN_EXTENSION}`))
let stopped = false
process.once('SIGTERM', () => {
  stopped = true
  run.stop()
})
const code = await run.ended
// A run that was stopped has verdicts and no reports yet.
if (stopped) await command(own(`../reports/main${OWN_EXTENSION}`)).ended
const junit = join(reports, 'junit.xml')
if (!existsSync(junit)) {
  makeFolder(reports)
  const said = 'The suite ended before it could judge: see the log of the plugin.'
  writeFileSync(
    junit,
    `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites><testsuite name="conformance" tests="1" errors="1"><testcase classname="conformance" name="run"><error message="${said}"/></testcase></testsuite></testsuites>\n`,
  )
}
writeFileSync(join(results, 'done'), junit)
process.exitCode = code
