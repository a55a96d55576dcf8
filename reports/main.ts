import { existsSync } from 'node:fs'
import { EXIT } from '../fixtures/exit-codes.ts'
import { failureOf } from '../fixtures/user-mistake.ts'
import { remakeFleet } from './fleet/make.ts'
import { readPlan } from './fleet/plan.ts'
import { holdFolder } from './lock.ts'
import { isColored, makeReports } from './make.ts'
import { DEFAULT_FOLDER, diskTrouble, readRecord, RecordError } from './store.ts'

const folder = process.argv[2] ?? process.env['CONFORMANCE_REPORT_DIR'] ?? DEFAULT_FOLDER
try {
  if (existsSync(folder)) holdFolder(folder)
  const plan = readPlan(folder)
  if (plan === undefined) {
    process.stdout.write(await makeReports(folder, { color: isColored(process.stdout, process.env), env: process.env }))
    // A run that was cut short has judged nothing, whatever of it was reached.
    if (readRecord(folder).partial) process.exitCode = EXIT.blocked
  } else {
    const { text, complete } = await remakeFleet(folder, plan, (line) => void process.stderr.write(`${line}\n`))
    process.stdout.write(text)
    if (!complete) process.exitCode = EXIT.blocked
  }
} catch (error) {
  const code = diskTrouble(error, folder)
  const { text, exitCode } = failureOf(
    code === undefined
      ? error
      : new RecordError(`The reports could not be written to ${folder} (${code}): make room, or copy the folder to one of yours.`),
  )
  process.stderr.write(`${text}\n`)
  process.exitCode = exitCode
}
