import { existsSync } from 'node:fs'
import { remakeFleet } from './fleet/make.ts'
import { readPlan } from './fleet/plan.ts'
import { holdFolder } from './lock.ts'
import { isColored, makeReports } from './make.ts'
import { DEFAULT_FOLDER, readRecord, RecordError } from './store.ts'

const folder = process.argv[2] ?? process.env['CONFORMANCE_REPORT_DIR'] ?? DEFAULT_FOLDER
try {
  if (existsSync(folder)) holdFolder(folder)
  const plan = readPlan(folder)
  if (plan === undefined) {
    process.stdout.write(await makeReports(folder, { color: isColored(process.stdout, process.env), env: process.env }))
    // A run that was cut short has judged nothing, whatever of it was reached.
    if (readRecord(folder).partial) process.exitCode = 3
  } else {
    const { text, complete } = await remakeFleet(folder, plan, (line) => void process.stderr.write(`${line}\n`))
    process.stdout.write(text)
    if (!complete) process.exitCode = 3
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = error instanceof RecordError ? 2 : 4
}
