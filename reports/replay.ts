import { test } from 'vitest'
import { publish } from './allure.ts'
import { DEFAULT_FOLDER, readRecord } from './store.ts'

const { run, verdicts, exchanges } = readRecord(process.env['CONFORMANCE_REPORT_DIR'] ?? DEFAULT_FOLDER)

for (const verdict of verdicts) {
  // oxlint-disable-next-line vitest/expect-expect -- publish ends the test as its verdict says
  test(`${verdict.title} [${verdict.id}]`, (context) => publish(verdict, exchanges, context, run))
}
