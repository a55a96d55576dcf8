import { existsSync, statSync } from 'node:fs'
import { EXIT } from '../fixtures/exit-codes.ts'
import { helps, runCommand } from '../fixtures/command.ts'
import { UserMistake } from '../fixtures/user-mistake.ts'
import { remakeFleet } from './fleet/make.ts'
import { readPlan } from './fleet/plan.ts'
import { holdFolder } from './lock.ts'
import { isColored, makeReports } from './make.ts'
import { diskTrouble, folderOfLastRun, readRecord, RecordError } from './store.ts'
import { loadEnv } from '../fixtures/target/environment.ts'

const args = process.argv.slice(2)
let folder = ''

async function main(): Promise<number> {
  if (helps(args, 'Makes the reports of the last run again, or, with a folder as its argument, those of the record that it holds.'))
    return EXIT.conforms
  loadEnv((line) => void process.stderr.write(`${line}\n`))
  folder = args[0] ?? folderOfLastRun()
  if (args.length > 1) throw new UserMistake(`Give one folder, not ${args.length}: reports are made of one record at a time.`)
  if (folder === '' || folder.startsWith('-'))
    throw new UserMistake(
      `${folder === '' ? 'The folder is empty' : `${folder} is no folder`}: give the report folder of a run, or nothing for the last.`,
    )
  if (args[0] !== undefined && statSync(folder, { throwIfNoEntry: false })?.isFile())
    throw new UserMistake(`${folder} is a file: give the report folder of a run.`)
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
