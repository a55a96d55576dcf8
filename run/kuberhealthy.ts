import { messageOf } from '../fixtures/thrown.ts'
import { EXIT } from '../fixtures/exit-codes.ts'
import { failureOf } from '../fixtures/user-mistake.ts'
import { nameOf, probeOnce } from './once.ts'

// A check of Kuberhealthy: probes once and posts {ok, errors} to KH_REPORTING_URL with the id of its run
// (https://github.com/kuberhealthy/kuberhealthy, docs/CHECK_CREATION.md). What was found is the report's to say: this ends with 0 once it
// was handed over, with 4 when it could not be, and with 2 when a variable is wrong, which the report says too.

const SEND_MS = 30_000

const url = process.env['KH_REPORTING_URL'] ?? ''
const runId = process.env['KH_RUN_UUID'] ?? ''

async function report(errors: readonly string[]): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'kh-run-uuid': runId },
    body: JSON.stringify({ ok: errors.length === 0, errors }),
    redirect: 'error',
    signal: AbortSignal.timeout(SEND_MS),
  })
  if (!response.ok) throw new Error(`Kuberhealthy answered the report with ${response.status}`)
}

/** The errors to report, and the exit code when they are handed over. */
async function judge(): Promise<{ readonly errors: readonly string[]; readonly exitCode: number }> {
  try {
    const probes = await probeOnce(process.env)
    const errors = probes.flatMap(({ place, error }) => (error === undefined ? [] : [`${nameOf(place)}: ${error}`]))
    // Nothing was judged: that is no success.
    return { errors: probes.length === 0 ? ['No workspace was found.'] : errors, exitCode: EXIT.conforms }
  } catch (error) {
    const { text, exitCode } = failureOf(error)
    return { errors: [text], exitCode }
  }
}

if (URL.parse(url) === null || runId === '') {
  process.stderr.write('KH_REPORTING_URL and KH_RUN_UUID are not both set: Kuberhealthy sets them for the pods of a HealthCheck.\n')
  process.exitCode = EXIT.request
} else {
  const { errors, exitCode } = await judge()
  for (const error of errors) process.stdout.write(`${error}\n`)
  try {
    await report(errors)
    process.exitCode = exitCode
  } catch (error) {
    process.stderr.write(`The report could not be handed to Kuberhealthy: ${messageOf(error)}\n`)
    process.exitCode = EXIT.suite
  }
}
