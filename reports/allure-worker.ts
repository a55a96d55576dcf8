import { parentPort } from 'node:worker_threads'
import { AllureReport, resolveConfig } from '@allurereport/core'
import type { PageOrder } from './allure-generator.ts'

async function generate({ results, output, config }: PageOrder): Promise<void> {
  const report = new AllureReport(await resolveConfig(config, { cwd: output, output }))
  await report.start()
  await report.readDirectory(results)
  await report.done()
}

parentPort?.on('message', (order: PageOrder) => {
  generate(order).then(
    () => parentPort?.postMessage(undefined),
    (error: unknown) => parentPort?.postMessage(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  )
})
