import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { OWN_EXTENSION } from '../fixtures/own-extension.ts'
import { allureReporter } from './allure-reporter.ts'
import { folderOfLastRun } from './store.ts'

/** Makes the Allure results of a record again: `vitest run --config reports/replay.config.ts`, folder in CONFORMANCE_REPORT_DIR. */
export default defineConfig({
  root: resolve(import.meta.dirname, '..'),
  test: {
    include: [`reports/replay${OWN_EXTENSION}`],
    reporters: [allureReporter(resolve(folderOfLastRun()))],
  },
})
