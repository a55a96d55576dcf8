import { test } from 'vitest'
import { publicationOf } from './allure.ts'
import { publish } from './publish.ts'
import { folderOfLastRun, readRecord } from './store.ts'

const { run, verdicts, exchanges } = readRecord(folderOfLastRun())

for (const verdict of verdicts) {
  // oxlint-disable-next-line vitest/expect-expect -- publish ends the test as its verdict says
  test(`${verdict.title} [${verdict.id}]`, (context) => publish(publicationOf(verdict, exchanges, run), context))
}
