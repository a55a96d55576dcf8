import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Recorded } from './answers.ts'

/** One line of a `record*.jsonl.gz`: a request as it was sent, and the answer as it arrived. */
export interface Line {
  readonly case: string
  readonly method: Recorded['method']
  readonly path: string
  /** The body; null without one. */
  readonly request: string | null
  /** Where it was not the server's own key: the Authorization header, null without one. */
  readonly authorization?: string | null
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
  /** Of each piece that arrived: milliseconds since the request, and its offset in the body in bytes. */
  readonly chunks?: Recorded['pieces']
  readonly cut?: string
  /** Of a scripted model: what it was told to write. */
  readonly scripts?: readonly Script[]
}

/** What the model was to write, and, where a grammar made it write something else, what it wrote (`said`). */
export interface Script {
  readonly event: string
  readonly script?: string
  readonly said?: string
  readonly calls?: Recorded['calls']
}

/** The lines of a file of recordings. */
export function readLines(file: string): Line[] {
  return gunzipSync(readFileSync(file))
    .toString('utf8')
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => JSON.parse(text) as Line)
}

/** Writes a file that `readLines` reads. */
export function writeLines(file: string, lines: readonly Line[]): void {
  writeFileSync(file, gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join('')))
}
