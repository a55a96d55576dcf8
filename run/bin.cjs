#!/usr/bin/env node
// The entry of the package: `kaito-tool-calling [command]` is `npm test` or `npm run COMMAND` of a clone.
const path = require('node:path')
const { pathToFileURL } = require('node:url')

const commands = {
  load: 'load.js',
  waive: 'waive.js',
  compare: 'compare.js',
  watch: 'watch.js',
  job: 'job.js',
  report: '../reports/main.js',
  sonobuoy: 'sonobuoy.js',
  kuberhealthy: 'kuberhealthy.js',
  cloudprober: 'cloudprober.js',
  mock: '../mocks/vllm/main.js',
}
// Anything else without a dash is a command that is none: a server is named by a variable.
const [, , given = ''] = process.argv
if (/^[\w-]+$/.test(given) && !given.startsWith('-') && !Object.hasOwn(commands, given)) {
  process.stderr.write(
    `There is no command ${given}: give ${Object.keys(commands).join(', ')}, or none, and a server is judged; kaito-tool-calling --help says more.\n`,
  )
  process.exit(2)
}
const script = Object.hasOwn(commands, process.argv[2]) ? commands[process.argv.splice(2, 1)[0]] : 'main.js'
const start = path.resolve(__dirname, 'start.cjs')
const slim = script === 'main.js' || script === 'watch.js' ? ['--slim'] : []
process.argv.splice(1, 1, start, ...slim, path.resolve(__dirname, script))
void import(pathToFileURL(start).href)
