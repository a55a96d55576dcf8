import { existsSync } from 'node:fs'
import { holdFolder } from './lock.ts'
import { makeReports } from './make.ts'
import { DEFAULT_FOLDER, RecordError } from './store.ts'

const folder = process.argv[2] ?? process.env['CONFORMANCE_REPORT_DIR'] ?? DEFAULT_FOLDER
try {
  if (existsSync(folder)) holdFolder(folder)
  process.stdout.write(await makeReports(folder, { color: process.stdout.isTTY && process.env['NO_COLOR'] === undefined }))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = error instanceof RecordError ? 2 : 4
}
