import { Worker } from 'node:worker_threads'

/** What Allure makes one page of. */
export interface PageOrder {
  /** Folder of Allure's results. */
  readonly results: string
  /** Folder of the page, made by Allure. */
  readonly output: string
  /** As in allurerc.json. */
  readonly config: object
}

/** Makes pages with Allure, one at a time. */
export interface Generator {
  /** Rejects with what Allure says. */
  generate(order: PageOrder): Promise<void>
  close(): Promise<void>
}

/** Pages of this many workspaces are made before memory is given back. */
const LIMITS = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 16 }

/** Starts Allure in a thread of its own: without the caller's environment, dozens of whose variables it reads, those of CI included. */
export function startGenerator(): Generator {
  // Without a PATH it finds no git, which it would ask about this repository for each page.
  const env = Object.fromEntries(
    ['HOME', 'TMPDIR', 'SystemRoot'].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
  const worker = new Worker(new URL('allure-worker.ts', import.meta.url), { env, stdout: true, stderr: true, resourceLimits: LIMITS })
  // Idle between two pages, it keeps nothing alive.
  worker.unref()
  return {
    generate: (order) =>
      new Promise((resolve, reject) => {
        worker.ref()
        const over = (settle: () => void): void => {
          worker.off('message', answered).off('error', failed)
          worker.unref()
          settle()
        }
        const answered = (problem: string | undefined): void =>
          over(() => (problem === undefined ? resolve() : reject(new Error(`Allure could not make the page: ${problem}`))))
        const failed = (error: unknown): void => over(() => reject(error instanceof Error ? error : new Error(String(error))))
        worker.on('message', answered).on('error', failed)
        worker.postMessage(order)
      }),
    close: async () => void (await worker.terminate()),
  }
}
