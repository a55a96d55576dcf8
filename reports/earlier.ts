import { readFileSync, statSync, type Stats } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { excerpt } from '../fixtures/text.ts'
import { codeOf } from '../fixtures/thrown.ts'
import { resultsOf, resultsSchema, SCHEMA_VERSION, type Results } from './results.ts'
import { FILES, readRecord, RecordError } from './store.ts'

/** Reads the results of an earlier run: of a report folder, or of its results.json. Throws a RecordError. */
export function readResults(path: string): Results {
  const stats = look(path)
  if (stats === undefined)
    throw new RecordError(`There is no ${excerpt(path)}: give the report folder or the ${FILES.results} of an earlier run.`)
  if (stats.isDirectory()) {
    const compact = join(path, FILES.results)
    return look(compact) === undefined ? resultsOf(readRecord(path)) : readFile(compact)
  }
  return basename(path) === FILES.run ? resultsOf(readRecord(dirname(path))) : readFile(path)
}

function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    throw unreadable(path, codeOf(error))
  }
}

const unreadable = (path: string, why: string): RecordError =>
  new RecordError(`${excerpt(path)} cannot be read (${why}): give the report folder or the ${FILES.results} of an earlier run.`)

function readFile(path: string): Results {
  const value = parse(path)
  const version = typeof value === 'object' && value !== null && 'schemaVersion' in value ? value.schemaVersion : undefined
  if (typeof version === 'number' && version > SCHEMA_VERSION) {
    throw new RecordError(`${excerpt(path)} has schema version ${version}, written by a newer suite; this one reads ${SCHEMA_VERSION}.`)
  }
  const other = othersOf(value)
  if (other !== undefined)
    throw new RecordError(`${excerpt(path)} holds the results ${other}: give the report folder or the ${FILES.results} of a run.`)
  const read = resultsSchema.safeParse(value)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw new RecordError(
    `${excerpt(path)} holds no results of a run: ${excerpt(issue?.path.join('.') ?? '')} ${issue?.message ?? ''}; give the report folder or the ${FILES.results} of an earlier run.`,
  )
}

/** Whose results these are, where they are those of another command. */
function othersOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return 'fleetSchemaVersion' in value ? 'of a fleet' : 'levels' in value ? 'of a load' : undefined
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw unreadable(path, error instanceof SyntaxError ? 'no JSON' : codeOf(error))
  }
}
