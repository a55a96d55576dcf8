import { writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { allureReport } from './allure-report.ts'
import { annotations, appendStepSummary, withoutCommands } from './annotations.ts'
import { attestation } from './attestation.ts'
import { badge } from './badge.ts'
import { conformanceReport } from './conformance-report.ts'
import { junit } from './junit.ts'
import { page } from './page.ts'
import { resultsOf } from './results.ts'
import { sarif } from './sarif.ts'
import { diskTrouble, FILES, readRecord, RecordError, type Recording } from './store.ts'
import { markdown } from './summary.ts'
import { summary } from './terminal.ts'

/**
 * Makes every report of the record in a folder, complete or cut short, and resolves to the summary for the terminal; under GitHub Actions
 * and Azure DevOps it ends with their annotations. `allure: false` leaves out Allure's report, which takes longer than all others. Rejects with a RecordError when there is no record.
 */
export async function makeReports(
  folder: string,
  {
    color,
    env = {},
    allure = true,
  }: { readonly color: boolean; readonly env?: Readonly<Record<string, string | undefined>>; readonly allure?: boolean },
): Promise<string> {
  const recording = readRecord(folder)
  const put = (file: string, text: string): void => writeFileSync(join(folder, file), text)
  put(FILES.results, `${JSON.stringify(resultsOf(recording), null, 1)}\n`)
  put(FILES.junit, junit(recording))
  put(FILES.sarif, sarif(recording))
  const text = markdown(recording)
  put(FILES.summary, text)
  put(FILES.conformance, conformanceReport(recording))
  put(FILES.attestation, attestation(recording))
  put(FILES.badge, badge(recording))
  let allureBytes: number | undefined
  try {
    if (allure) allureBytes = await allureReport(folder, recording)
  } finally {
    put(FILES.html, page(recording, { allureBytes }))
  }
  const unwritten = appendStepSummary(text, env)
  return [
    withoutCommands(summary(recording, { color, report: pathToType(join(folder, FILES.html)) }), env),
    ...unwritten,
    ...annotations(recording, env).map((line) => `${line}\n`),
  ].join('')
}

/** A path as a user types it: from the folder that the command was typed in when it lies below that, else from the root. */
export function pathToType(path: string): string {
  // npm runs a script in the folder of its package, and says where it was called (https://docs.npmjs.com/cli/commands/npm-run).
  const from = relative(process.env['INIT_CWD'] ?? '', path)
  return from.startsWith('..') ? resolve(path) : from
}

/** Whether a stream shows colours: a terminal does, and so do the logs of these CIs (https://no-color.org). */
export function isColored({ isTTY }: { readonly isTTY?: boolean }, env: Readonly<Record<string, string | undefined>>): boolean {
  if (env['NO_COLOR'] || ['0', 'false'].includes(env['FORCE_COLOR'] ?? '')) return false
  return isTTY === true || ['GITHUB_ACTIONS', 'GITLAB_CI', 'TF_BUILD', 'FORCE_COLOR'].some((name) => Boolean(env[name]))
}

/**
 * Makes every report of a run that has just ended, in the colours of this terminal. When they cannot be written, `trouble` is what the
 * system says, and the text is the summary from memory alone.
 */
export async function reportOn(
  folder: string,
  recording: Recording,
  trouble?: string,
): Promise<{ readonly text: string; readonly trouble?: string }> {
  const color = isColored(process.stdout, process.env)
  const alone = (code: string) => ({ text: summary(recording, { color }), trouble: code })
  if (trouble !== undefined) return alone(trouble)
  try {
    return { text: await makeReports(folder, { color, env: process.env }) }
  } catch (error) {
    const code = diskTrouble(error, folder) ?? (error instanceof RecordError ? 'its record is gone or damaged' : undefined)
    if (code === undefined) throw error
    return alone(code)
  }
}
