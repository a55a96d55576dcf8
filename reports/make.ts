import { writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { html } from './html.ts'
import { junit } from './junit.ts'
import { FILES, readRecord } from './store.ts'
import { summary } from './terminal.ts'

/**
 * Makes every report of the record in a folder, complete or cut short, and resolves to the summary for the terminal.
 * Rejects with a RecordError when there is no record.
 */
export async function makeReports(folder: string, { color }: { readonly color: boolean }): Promise<string> {
  const recording = readRecord(folder)
  writeFileSync(join(folder, FILES.junit), junit(recording))
  const page = await html(folder)
  return summary(recording, { color, report: relative('', page) })
}
