import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import type { Cause, Run, Verdict } from '../fixtures/record.ts'
import { createRedactor, type Redactor } from '../fixtures/exchange/redact.ts'

/** Where the record and its reports are when nothing else is said, relative to the project. */
export const DEFAULT_FOLDER = 'reports/out'

/** What this project writes into a report folder; run.json comes last, because it proves that the rest is ours. */
export const FILES = {
  verdicts: 'verdicts.jsonl',
  exchanges: 'exchanges.jsonl',
  results: 'results.json',
  junit: 'junit.xml',
  sarif: 'sarif.json',
  summary: 'summary.md',
  conformance: 'conformance-report.yaml',
  attestation: 'attestation.json',
  badge: 'badge.json',
  html: 'index.html',
  allure: 'allure-results',
  run: 'run.json',
} as const

/** A record in memory. `partial`: the run never came to its end. */
export interface Recording {
  readonly run: Run
  readonly verdicts: readonly Verdict[]
  readonly exchanges: ReadonlyMap<string, Exchange>
  readonly partial: boolean
}

/** Writes a record; what it returns is what was written, without secrets, and the only thing to report from. */
export interface Recorder {
  /** Replaces run.json: again at the end, with `ended`. */
  write(run: Run): Run
  /** Writes one line before it returns. Throws when the id was recorded before. */
  append(verdict: Verdict): Verdict
  /** Writes one line before it returns. */
  keep(exchange: Exchange): Exchange
  /** Puts the cause of the run to the verdicts that failed or were blocked. */
  explain(cause: Cause): void
  /** Replaces the verdicts by what became of them when the run had ended: some are waived. */
  revise(verdicts: readonly Verdict[]): void
}

/** The folder cannot be used, or what lies there is no record; the message is one sentence for the user. */
export class RecordError extends Error {
  override readonly name = 'RecordError'
}

/**
 * Empties a report folder of an earlier record and its reports and starts a new one.
 * Throws a RecordError when the folder holds anything that is not ours.
 */
export function openRecord(folder: string, run: Run, redactor: Redactor = createRedactor([])): Recorder {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new RecordError(
      `The report folder ${folder} cannot be made (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'}); name another in CONFORMANCE_REPORT_DIR.`,
    )
  }
  const ours: readonly string[] = Object.values(FILES)
  const present = readdirSync(folder).filter((name) => !name.startsWith('.') && name !== 'lost+found')
  const foreign = present.find((name) => !ours.includes(name)) ?? (isRun(join(folder, FILES.run)) ? undefined : present[0])
  if (foreign !== undefined) {
    throw new RecordError(`The report folder ${folder} holds ${foreign}, which this suite did not write; name an empty folder.`)
  }
  for (const name of ours) rmSync(join(folder, name), { recursive: true, force: true })
  const recorder = joinRecord(folder, redactor)
  recorder.write(run)
  for (const name of [FILES.verdicts, FILES.exchanges]) writeFileSync(join(folder, name), '')
  return recorder
}

/** Writes on in a record that another process opened. */
export function joinRecord(folder: string, redactor: Redactor = createRedactor([])): Recorder {
  const known = new Set<string>()
  return {
    write(run) {
      const written = redactor.value(run)
      const draft = join(folder, `.${FILES.run}`)
      writeFileSync(draft, `${JSON.stringify(written, null, 2)}\n`)
      renameSync(draft, join(folder, FILES.run))
      return written
    },
    append(verdict) {
      if (known.has(verdict.id)) throw new RecordError(`The verdict ${verdict.id} was recorded twice.`)
      known.add(verdict.id)
      const written = redactor.value(verdict)
      appendFileSync(join(folder, FILES.verdicts), `${JSON.stringify(written)}\n`)
      return written
    },
    keep(exchange) {
      const written = redactor.exchange(exchange)
      appendFileSync(join(folder, FILES.exchanges), `${serialise(written)}\n`)
      return written
    },
    explain(cause) {
      const explainedBy = redactor.value(cause)
      this.revise(
        readLines(join(folder, FILES.verdicts), (line): Verdict => JSON.parse(line)).map((verdict) =>
          verdict.outcome === 'failed' || verdict.outcome === 'blocked'
            ? { ...verdict, explainedBy: verdict.cause ?? explainedBy }
            : verdict,
        ),
      )
    },
    revise(verdicts) {
      const draft = join(folder, `.${FILES.verdicts}`)
      writeFileSync(draft, verdicts.map((verdict) => `${JSON.stringify(redactor.value(verdict))}\n`).join(''))
      renameSync(draft, join(folder, FILES.verdicts))
    },
  }
}

/** Reads a record; a last line that was cut while it was written is left out. Throws a RecordError when there is none, or it is damaged. */
export function readRecord(folder: string): Recording {
  const path = join(folder, FILES.run)
  if (!isRun(path)) throw new RecordError(`There is no record of a run in ${folder}; run the suite first.`)
  const run: Run = JSON.parse(readFileSync(path, 'utf8'))
  const verdicts = readLines(join(folder, FILES.verdicts), (line): Verdict => JSON.parse(line))
  const exchanges = new Map(readLines(join(folder, FILES.exchanges), deserialise).map((exchange) => [exchange.id, exchange]))
  const ids = new Set<string>()
  for (const { id } of verdicts) {
    if (ids.has(id)) throw new RecordError(`The record in ${folder} is damaged: the verdict ${id} is in it twice.`)
    ids.add(id)
  }
  return { run, verdicts, exchanges, partial: run.ended === undefined }
}

/** One line of JSON, chunks in base64. */
export function serialise(exchange: Exchange): string {
  return JSON.stringify({
    ...exchange,
    chunks: exchange.chunks.map(({ at, bytes }) => ({ at, base64: Buffer.from(bytes).toString('base64') })),
  })
}

/** The reverse of `serialise`. Throws a SyntaxError for anything but JSON. */
export function deserialise(line: string): Exchange {
  const { chunks, ...rest }: Omit<Exchange, 'chunks'> & { readonly chunks: readonly { at: number; base64: string }[] } = JSON.parse(line)
  return { ...rest, chunks: chunks.map(({ at, base64 }) => ({ at, bytes: new Uint8Array(Buffer.from(base64, 'base64')) })) }
}

function readLines<T>(path: string, parse: (line: string) => T): T[] {
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.flatMap((line, index) => {
    if (line === '') return []
    try {
      return [parse(line)]
    } catch {
      if (index === lines.length - 1) return []
      throw new RecordError(`The record is damaged: line ${index + 1} of ${path} cannot be read.`)
    }
  })
}

function isRun(path: string): boolean {
  try {
    const run: Partial<Run> = JSON.parse(readFileSync(path, 'utf8'))
    return typeof run.suite?.name === 'string' && typeof run.planned === 'number' && typeof run.started === 'string'
  } catch {
    return false
  }
}
