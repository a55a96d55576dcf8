import { appendFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { EXIT } from '../fixtures/exit-codes.ts'
import { codeOf } from '../fixtures/thrown.ts'
import { inOneBuffer, type Exchange } from '../fixtures/exchange/exchange.ts'
import { makeFolder } from '../fixtures/make-folder.ts'
import type { Layer } from '../fixtures/causes.ts'
import type { Cause, Run, Verdict } from '../fixtures/record.ts'
import { createRedactor, type Redactor } from '../fixtures/exchange/redact.ts'
import { valueOf } from '../fixtures/target/environment.ts'
import { variables } from '../fixtures/target/variables.ts'
import { UserMistake } from '../fixtures/user-mistake.ts'
import { SCRATCH } from './scratch.ts'

/** The folder of the last run, for commands that read it. */
export const folderOfLastRun = (): string =>
  variables.reportDir.value.parse(valueOf(process.env, variables.reportDir.name) ?? variables.reportDir.default)

/** What this project writes into a report folder; run.json is last of a run, because it proves that the rest is ours. */
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
  allureReport: 'allure.html',
  allure: 'allure-results',
  run: 'run.json',
  fleet: 'fleet.json',
} as const

/** Folders that other commands keep in a report folder: a run leaves them as they are. */
export const NEIGHBOURS = { load: 'load', watch: 'watch' } as const

/** A record in memory. `partial`: the run never came to its end, or the end of its verdicts is gone. */
export interface Recording {
  readonly run: Run
  readonly verdicts: readonly Verdict[]
  readonly exchanges: ReadonlyMap<string, Exchange>
  readonly partial: boolean
}

/** Writes a record; what it returns is what was written, without secrets, and the only thing to report from. */
export interface Recorder {
  /** Writes one line before it returns. Throws when the id was recorded before. */
  append(verdict: Verdict): Verdict
  /** Writes one line before it returns. */
  keep(exchange: Exchange): Exchange
  /** Ends the record: run.json with `ended`, and the verdicts as they are in the end, by default those that were appended. */
  end(run: Run, verdicts?: readonly Verdict[]): void
  /** Why the record could not be written on, in the words of the system (`ENOSPC`); what came after that is in memory only. */
  readonly trouble: string | undefined
}

/** The folder cannot be used, or what lies there is no record; the message is one sentence for the user. */
export class RecordError extends UserMistake {
  override readonly name = 'RecordError'
}

/** Makes a report folder where it is missing. Throws a RecordError. */
export function makeReportFolder(folder: string): void {
  try {
    makeFolder(folder)
  } catch (error) {
    const code = codeOf(error)
    throw new RecordError(
      `The report folder ${folder} ${code === 'EEXIST' ? 'is no folder' : `cannot be made (${code})`}; name another in CONFORMANCE_REPORT_DIR.`,
    )
  }
}

/**
 * Empties a report folder of an earlier record and its reports and starts a new one.
 * Throws a RecordError when the folder holds anything that is not ours.
 */
export function openRecord(folder: string, run: Run, redactor: Redactor = createRedactor([])): Recorder {
  makeReportFolder(folder)
  const { fleet, ...rest } = FILES
  const ours: readonly string[] = Object.values(rest)
  if (existsSync(join(folder, fleet)))
    throw new RecordError(
      `The report folder ${folder} holds the reports of several workspaces: name another in CONFORMANCE_REPORT_DIR, or remove that one.`,
    )
  const left: readonly string[] = ['lost+found', ...Object.values(NEIGHBOURS)]
  const present = readdirSync(folder).filter((name) => !name.startsWith('.') && !left.includes(name))
  const foreign = present.find((name) => !ours.includes(name)) ?? (isRun(join(folder, FILES.run)) ? undefined : present[0])
  if (foreign !== undefined) {
    throw new RecordError(`The report folder ${folder} holds ${foreign}, which this suite did not write; name an empty folder.`)
  }
  try {
    const scratch = readdirSync(folder).filter((name) => name.startsWith(SCRATCH))
    for (const name of [...ours, ...scratch]) rmSync(join(folder, name), { recursive: true, force: true })
    replace(folder, FILES.run, runText(redactor.value(run)))
    for (const name of [FILES.verdicts, FILES.exchanges]) writeFileSync(join(folder, name), '')
  } catch (error) {
    const code = diskTrouble(error, folder)
    if (code === undefined) throw error
    throw new RecordError(`The report folder ${folder} cannot be written (${code}); name another in CONFORMANCE_REPORT_DIR.`)
  }
  const verdicts = new Map<string, Verdict>()
  let trouble: string | undefined
  /** A full disk costs the record, not the run. */
  const attempt = (write: () => void): void => {
    if (trouble !== undefined) return
    try {
      write()
    } catch (error) {
      trouble = diskTrouble(error, folder)
      if (trouble === undefined) throw error
    }
  }
  return {
    append(verdict) {
      if (verdicts.has(verdict.id)) throw new RecordError(`The verdict ${verdict.id} was recorded twice.`)
      const written = redactor.value(verdict)
      verdicts.set(verdict.id, written)
      attempt(() => appendFileSync(join(folder, FILES.verdicts), lineOf(written)))
      return written
    },
    keep(exchange) {
      const written = redactor.exchange(exchange)
      attempt(() => appendFileSync(join(folder, FILES.exchanges), `${serialise(written)}\n`))
      return written
    },
    end(ended, last) {
      const written = redactor.value(ended)
      const cause = written.ended?.cause
      attempt(() => {
        if (last !== undefined || cause !== undefined)
          replace(
            folder,
            FILES.verdicts,
            explained(redactor.value(last ?? [...verdicts.values()]), cause)
              .map(lineOf)
              .join(''),
          )
        replace(folder, FILES.run, runText(written))
      })
    },
    get trouble() {
      return trouble
    },
  }
}

const runText = (run: Run): string => `${JSON.stringify(run, null, 2)}\n`
const lineOf = (verdict: Verdict): string => `${JSON.stringify(verdict)}\n`

/**
 * The verdicts with the cause of the run beside those that failed or were blocked; a cause that a verdict has of its own goes before it. A
 * defect of the engine explains those alone that it was matched to.
 */
export function explained(verdicts: readonly Verdict[], cause: Cause | undefined): readonly Verdict[] {
  if (cause === undefined) return verdicts
  return verdicts.map((verdict) => {
    if (verdict.outcome !== 'failed' && verdict.outcome !== 'blocked') return verdict
    const isMatched = cause.layer !== ENGINE || verdict.known?.some(({ id }) => id === cause.id) === true
    const own = verdict.cause ?? (isMatched ? cause : undefined)
    return own === undefined ? verdict : { ...verdict, explainedBy: own }
  })
}

const ENGINE: Layer = 'engine'

const DISK = /\b(ENOSPC|EDQUOT|EROFS|EACCES|EPERM|EIO|EMFILE|ENFILE)\b/

/** What the system says when a disk is full, read-only or not the user's, or of a file in `folder`, which may be gone; undefined for any other error. */
export function diskTrouble(error: unknown, folder: string): string | undefined {
  const said = error instanceof Error ? `${'code' in error ? String(error.code) : ''} ${error.message}` : String(error)
  const [, code, path = ''] = /\b(E[A-Z0-9]+): [^']*'([^']+)'/.exec(said) ?? []
  const isInside = !relative(folder, path).startsWith('..')
  return code !== undefined && isInside ? code : DISK.exec(said)?.[1]
}

/** Replaces a file of the record whole, so that nobody reads half of it. */
function replace(folder: string, name: string, text: string): void {
  const draft = join(folder, `.${name}`)
  writeFileSync(draft, text)
  renameSync(draft, join(folder, name))
}

/** The first two folders in a folder that hold a record, as in that of a watch. */
function recordsBelow(folder: string): readonly string[] {
  const names = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(folder).toSorted() : []
  return names
    .map((name) => join(folder, name))
    .filter((path) => isRun(join(path, FILES.run)))
    .slice(0, 2)
}

/** Reads a record; a last line that was cut while it was written is left out. Throws a RecordError when there is none, or it is damaged. */
export function readRecord(folder: string): Recording {
  const path = join(folder, FILES.run)
  if (!existsSync(path)) {
    const below = recordsBelow(folder)
    const remedy =
      below.length === 0
        ? '; run the suite first.'
        : `, but in ${below.join(' and in ')}: give ${below.length === 1 ? 'that' : 'one of them'}.`
    throw new RecordError(`There is no record of a run in ${folder}${remedy}`)
  }
  if (!isRun(path)) throw new RecordError(`${path} is not the record of a run, or it is damaged: give the report folder of a run.`)
  const run: Run = JSON.parse(readFileSync(path, 'utf8'))
  const verdicts = readLines(join(folder, FILES.verdicts), (line): Verdict => JSON.parse(line))
  const exchanges = new Map(readLines(join(folder, FILES.exchanges), deserialise).map((exchange) => [exchange.id, exchange]))
  const ids = new Set<string>()
  for (const { id } of verdicts) {
    if (ids.has(id)) throw new RecordError(`The record in ${folder} is damaged: the verdict ${id} is in it twice.`)
    ids.add(id)
  }
  // A run that missed verdicts itself says so: it ends as a defect of the suite.
  const isCut = verdicts.length < run.planned && run.ended?.exitCode !== EXIT.suite
  return { run, verdicts, exchanges, partial: run.ended === undefined || isCut }
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
  return { ...rest, chunks: inOneBuffer(chunks.map(({ at, base64 }) => ({ at, bytes: Buffer.from(base64, 'base64') }))) }
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
