import { mkdtempSync, rmSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { dirname, join, resolve } from 'node:path'

/** How the name of such a folder begins: a run that was killed leaves one behind. */
export const SCRATCH = '.scratch-'

/**
 * Does work with a folder of its own inside the folder of the reports, which is gone afterwards: a read-only image, or a full temporary
 * folder, leaves no other that can be written. Rejects with what making the folder or the work throws.
 */
export async function withScratch<T>(reportDir: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(resolve(reportDir), SCRATCH))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The variable that says where vitest may write a token for its UI, which nothing here opens; without such a place it does not start. */
export const VITEST_HOME = 'XDG_DATA_HOME'

/** The folder where this process keeps what it compiles, for its threads and children; undefined when it keeps nothing. */
export function compiledFolder(): string | undefined {
  const versioned = getCompileCacheDir()
  return versioned === undefined ? undefined : dirname(versioned)
}
