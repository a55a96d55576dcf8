import { existsSync, statSync, type Stats } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { field } from '../fixtures/exchange/body.ts'
import { readGiven } from '../fixtures/given-file.ts'
import { excerpt } from '../fixtures/text.ts'
import { codeOf } from '../fixtures/thrown.ts'
import { typed } from '../fixtures/typed.ts'
import { resultsOf, resultsSchema, SCHEMA_VERSION, type Results } from './results.ts'
import { FILES, readRecord, RecordError } from './store.ts'

const GIVE = `give the report folder or the ${FILES.results} of an earlier run`

/** Reads the results of an earlier run: of a report folder, or of its results.json. Throws a RecordError. */
export function readResults(path: string): Results {
  const stats = look(path)
  if (stats === undefined) throw new RecordError(`There is no ${excerpt(path)}: ${GIVE}.`)
  if (!stats.isDirectory()) return basename(path) === FILES.run ? resultsOf(readRecord(dirname(path))) : readFile(path)
  if (look(join(path, FILES.results)) !== undefined) return readFile(join(path, FILES.results))
  if (look(join(path, FILES.run)) === undefined) throw not(path, 'is a folder without results of a run')
  return resultsOf(readRecord(path))
}

function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    throw unreadable(path, error)
  }
}

const unreadable = (path: string, error: unknown): RecordError =>
  new RecordError(`${excerpt(path)} cannot be read (${codeOf(error)}): ${GIVE}.`)

/** What is there, and is no results of a run; the report folder that it lies in is named, where it lies in one. */
function not(path: string, what: string): RecordError {
  const folder = dirname(path)
  const isInside = [FILES.results, FILES.run].some((name) => name !== basename(path) && existsSync(join(folder, name)))
  return new RecordError(`${excerpt(path)} ${what}: ${isInside ? `give ${excerpt(folder)}, the report folder that it lies in` : GIVE}.`)
}

function readFile(path: string): Results {
  const value = parse(path)
  const version = field(value, 'schemaVersion')
  if (typeof version === 'number' && version > SCHEMA_VERSION) {
    throw new RecordError(`${excerpt(path)} has schema version ${version}, written by a newer suite; this one reads ${SCHEMA_VERSION}.`)
  }
  const read = resultsSchema.safeParse(value)
  if (read.success) return read.data
  const [issue] = read.error.issues
  // Who edits or cuts results wants to know where; of what was never any, the first difference says nothing.
  const isDamaged = version === SCHEMA_VERSION && Array.isArray(field(value, 'verdicts'))
  throw not(path, isDamaged ? `holds damaged results: ${excerpt(issue?.path.join('.') ?? '')}, ${issue?.message ?? ''}` : kindOf(value))
}

/** What a JSON document is that is no results of a run. */
function kindOf(value: unknown): string {
  const has = (name: string): boolean => field(value, name) !== undefined
  if (has('fleetSchemaVersion'))
    return 'holds the results of a fleet, not of one run (each of its workspaces has a folder of its own there)'
  if (has('levels')) return `holds the results of a load, which ${typed('load', '--compare FOLDER')} compares`
  if (has('runs')) return 'is a SARIF file, not the results of a run'
  if (has('label')) return 'is a badge, not the results of a run'
  if (has('predicateType')) return 'is an attestation, not the results of a run'
  return 'is JSON of another kind than the results of a run'
}

function parse(path: string): unknown {
  let text: string
  try {
    // Editors of Windows begin a file with a byte order mark.
    text = readGiven(path)
      .toString()
      .replace(/^\uFEFF/, '')
  } catch (error) {
    throw unreadable(path, error)
  }
  try {
    return JSON.parse(text)
  } catch {
    throw not(path, textKindOf(text))
  }
}

/** What a file is that holds no JSON document. */
function textKindOf(text: string): string {
  const start = text.trimStart().slice(0, 200)
  if (start === '') return 'is empty'
  if (start.includes('\0')) return 'is UTF-16 or no text at all'
  if (start.startsWith('{')) return 'holds JSON that is cut or damaged'
  if (/^<(?:!doctype html|html)\b/i.test(start)) return 'is an HTML page, not the results of a run'
  if (/^<(?:\?xml|testsuites?)\b/.test(start)) return 'is XML, not the results of a run in JSON'
  return 'holds no JSON document'
}
