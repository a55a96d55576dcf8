import { readFleet, reportOnMembers } from '../reports/fleet/make.ts'
import { holdFolder } from '../reports/lock.ts'
import { diskTrouble, RecordError } from '../reports/store.ts'

/** Second half of a run of several workspaces, under its process id: the reports of each. Ends with the exit code of the fleet. */
const [, , folder = ''] = process.argv
const say = (line: string): void => void process.stderr.write(`${line}\n`)
try {
  holdFolder(folder)
  const fleet = readFleet(folder)
  if (fleet === undefined) throw new RecordError(`There are no results of several workspaces in ${folder}.`)
  await reportOnMembers(folder, fleet, say)
  process.exitCode = fleet.run.exitCode
} catch (error) {
  const code = diskTrouble(error)
  say(code === undefined ? (error instanceof Error ? (error.stack ?? error.message) : String(error)) : `The reports could not be written to ${folder} (${code}): make room, or name another folder in CONFORMANCE_REPORT_DIR.`)
  process.exitCode = code === undefined ? 4 : 2
}
