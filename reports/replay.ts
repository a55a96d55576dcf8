import { test } from 'vitest'
import { publish } from './allure.ts'
import { folderOfLastRun, readRecord } from './store.ts'

const { run, verdicts, exchanges } = readRecord(folderOfLastRun())

for (const verdict of verdicts) {
  // oxlint-disable-next-line vitest/expect-expect -- publish ends the test as its verdict says
  test(`${verdict.title} [${verdict.id}]`, (context) => publish(verdict, exchanges, context, run))
}
