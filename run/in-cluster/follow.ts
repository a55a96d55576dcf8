import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { MemberResult } from '../../reports/fleet/results.ts'
import { FILES } from '../../reports/store.ts'
import type { Entry } from './ledger.ts'

/** Reads what a record on the disk has gained, while it grows. */
export interface Follower {
  /** The record came to its end: what is left of it is handed over by `last`. */
  readonly hasEnded: () => boolean
  /** What is new since the last call; undefined when nothing is. */
  readonly news: () => Entry | undefined
  /** All that is left to hand over of a record that came to its end; of one that was never begun the result alone. */
  readonly last: (result: MemberResult) => Entry
}

/** Follows the record in a folder; it need not be there yet. */
export function follow(folder: string): Follower {
  const taken = { verdicts: 0, exchanges: 0 }
  const fresh = (name: 'verdicts' | 'exchanges'): string => {
    const text = from(join(folder, FILES[name]), taken[name])
    taken[name] += Buffer.byteLength(text)
    return text
  }
  const runFile = join(folder, FILES.run)
  const textOfRun = (): string | undefined => (existsSync(runFile) ? readFileSync(runFile, 'utf8') : undefined)
  return {
    hasEnded() {
      const run = textOfRun()
      return run !== undefined && isEnded(run)
    },
    news() {
      const run = textOfRun()
      // The end rewrites the verdicts: they are handed over whole with the result, which follows at once.
      if (run === undefined || isEnded(run)) return undefined
      const entry = { run, verdicts: fresh('verdicts'), exchanges: fresh('exchanges') }
      return entry.verdicts === '' && entry.exchanges === '' ? undefined : entry
    },
    last(result) {
      const run = textOfRun()
      if (result.folder === undefined || run === undefined) return { run: '', verdicts: '', exchanges: '', result }
      return {
        run,
        verdicts: readFileSync(join(folder, FILES.verdicts), 'utf8'),
        whole: true,
        exchanges: fresh('exchanges'),
        result,
      }
    },
  }
}

const isEnded = (run: string): boolean => (JSON.parse(run) as { readonly ended?: unknown }).ended !== undefined

/** The whole lines of a file from an offset in bytes on. */
function from(path: string, offset: number): string {
  if (!existsSync(path)) return ''
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - offset))
    const count = readSync(file, bytes, 0, bytes.length, offset)
    return bytes.subarray(0, bytes.subarray(0, count).lastIndexOf(0x0a) + 1).toString('utf8')
  } finally {
    closeSync(file)
  }
}
