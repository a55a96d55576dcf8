import { existsSync } from 'node:fs'
import { EXIT } from '../fixtures/exit-codes.ts'
import { runCommand } from '../fixtures/command.ts'
import { remakeFleet } from './fleet/make.ts'
import { readPlan } from './fleet/plan.ts'
import { holdFolder } from './lock.ts'
import { isColored, makeReports } from './make.ts'
import { diskTrouble, folderOfLastRun, readRecord, RecordError } from './store.ts'

const folder = process.argv[2] ?? folderOfLastRun()

async function main(): Promise<number> {
  if (existsSync(folder)) holdFolder(folder)
  const plan = readPlan(folder)
  if (plan === undefined) {
    process.stdout.write(await makeReports(folder, { color: isColored(process.stdout, process.env), env: process.env }))
    // A run that was cut short has judged nothing, whatever of it was reached.
    return readRecord(folder).partial ? EXIT.blocked : EXIT.conforms
  }
  const { text, complete } = await remakeFleet(folder, plan, (line) => void process.stderr.write(`${line}\n`))
  process.stdout.write(text)
  return complete ? EXIT.conforms : EXIT.blocked
}

await runCommand(() =>
  main().catch((error: unknown) => {
    const code = diskTrouble(error, folder)
    throw code === undefined
      ? error
      : new RecordError(`The reports could not be written to ${folder} (${code}): make room, or copy the folder to one of yours.`)
  }),
)
