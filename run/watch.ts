import { collectDefaultMetrics } from 'prom-client'
import { EXIT, STOPPED } from '../fixtures/exit-codes.ts'
import { helps, onStop, runCommand } from '../fixtures/command.ts'
import { createRedactor } from '../fixtures/exchange/redact.ts'
import { unitsOf } from '../fixtures/run/plan.ts'
import { configuredSecrets } from '../fixtures/target/configuration.ts'
import { loadEnv } from '../fixtures/target/environment.ts'
import { UserMistake } from '../fixtures/user-mistake.ts'
import { holdFolder } from '../reports/lock.ts'
import { createWatchMetrics } from '../reports/metrics.ts'
import { keepApart } from './apart.ts'
import { sharedMock } from './embedded-mock.ts'
import { loadScenarios } from './scenarios.ts'
import { readTerms } from './terms.ts'
import { watchConfiguration } from './watch/configuration.ts'
import { openDoor } from './watch/door.ts'
import { watch, type Watch } from './watch/watch.ts'
import { typed } from '../fixtures/typed.ts'

const HELP = `Watches tool calling between releases: a few requests every few minutes, and metrics for Prometheus.

  ${typed('watch')}      the server as for ${typed('test')}: OPENAI_BASE_URL, or KAITO_WORKSPACE with a name, a list, * or labels

CONFORMANCE_WATCH_INTERVAL=300   seconds from one probe of a server to the next
CONFORMANCE_WATCH_SHARE=10       percent of the requests of a server in use that may be probes
CONFORMANCE_WATCH_PORT=9464      where /metrics and /healthz are served
CONFORMANCE_COMPARE=FOLDER       the last full run: what changed since is said in one line

Records: reports/out/watch, the last and the last that did not conform; ${typed('report', 'FOLDER')} makes one a report.
Exit codes: 2 wrong request, 4 a defect of this suite, 129, 130, 131, 143 stopped by a signal. docs/watch.md says more.
`

let redactor = createRedactor([])
/** A line for the user, on stdout: what a log collects. */
const say = (line: string): void => void process.stdout.write(`${redactor.text(line)}\n`)

async function main(args: readonly string[]): Promise<number> {
  if (helps(args, HELP)) return EXIT.conforms
  if (args.length > 0)
    throw new UserMistake(
      `${typed('watch')} takes no arguments, and ${args[0]} is one: it is set up by variables, see ${typed('watch', '--help')}.`,
    )
  loadEnv(say)
  const configuration = watchConfiguration(process.env)
  redactor = createRedactor(configuredSecrets(configuration))
  const units = unitsOf(await loadScenarios(configuration.tries))
  const terms = readTerms(configuration, units, new Date())
  const stop = new AbortController()
  let code: number = EXIT.conforms
  onStop((signal) => {
    say(`Stopped by ${signal}.`)
    code = STOPPED[signal]
    stop.abort()
  })
  const release = holdFolder(configuration.reportDir)
  const metrics = createWatchMetrics()
  collectDefaultMetrics({ register: metrics.registry })
  const { serveTime } = await import('../mocks/mcp/serve.ts')
  const [timeDoor, mock, apart] = [await serveTime(), sharedMock(), keepApart()]
  let running: Watch | undefined
  try {
    const door = await openDoor(configuration.watch.port, metrics.registry, () => running?.stuck())
    try {
      const { intervalMs, share } = configuration.watch
      say(
        `Watching every ${intervalMs / 1000} s, at most ${share * 100} % of the requests of a server in use. Metrics: http://localhost:${door.port}/metrics`,
      )
      running = watch(
        { configuration, units, terms, metrics, apart, say, startMock: mock.start, timeUrl: timeDoor.url, env: process.env },
        stop.signal,
      )
      await running.ended
    } finally {
      await door.close()
    }
  } finally {
    apart.close()
    release()
    await Promise.all([mock.close(), timeDoor.close()])
  }
  return code
}

await runCommand(
  () => main(process.argv.slice(2)),
  (text) => void process.stderr.write(`${redactor.text(text)}\n`),
)
