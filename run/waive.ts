import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { isMap, isSeq, parseDocument, type Document, type YAMLMap, type YAMLSeq } from 'yaml'
import { codeOf } from '../fixtures/thrown.ts'
import { EXIT } from '../fixtures/exit-codes.ts'
import { helps, runCommand } from '../fixtures/command.ts'
import { isUnwaivable } from '../fixtures/core.ts'
import { loadEnv } from '../fixtures/target/environment.ts'
import { excerpt, lowered, plural } from '../fixtures/text.ts'
import { UserMistake } from '../fixtures/user-mistake.ts'
import { effectOf } from '../reports/counts.ts'
import { folderOfLastRun, readRecord, RecordError, type Recording } from '../reports/store.ts'
import { sameness, WAIVER_FILE } from './waivers.ts'
import { typed } from '../fixtures/typed.ts'

/** Days that a new entry holds, unless its owner writes another date. */
const DAYS = 90
const DAY_MS = 86_400_000

/** What was done to a file: its new text, a line for each entry that was written or taken out, and what else is to be said. */
export interface Edited {
  readonly text: string
  readonly entries: readonly string[]
  readonly notes: readonly string[]
}

/** The comment above an entry that was written here. */
const titleLine = (title: string): string => ` ${excerpt(title, 160)}`

/** Adds an entry for each check that failed and has none; reason, link and owner are left to the user. Throws a UserMistake. */
export function addWaivers(text: string, file: string, recording: Recording, now: Date): Edited {
  const { document, list } = open(text, file)
  const present = new Set(entriesOf(list).map(({ check }) => check))
  const used = new Set((recording.run.ended?.waivers ?? []).map(({ check }) => check))
  const expires = new Date(now.getTime() + DAYS * DAY_MS).toISOString().slice(0, 10)
  const entries: string[] = []
  const notes: string[] = []
  for (const verdict of recording.verdicts) {
    const { id, title } = verdict
    if (effectOf(verdict, recording.run.failOn) !== 'failure') continue
    if (isUnwaivable(id)) notes.push(`${id} belongs to the core, one ordinary call, and cannot be waived.`)
    else if (present.has(id))
      notes.push(
        `${id} has an entry already, which ${used.has(id) ? 'did not apply: look at it' : 'came after the last run: run the suite again'}.`,
      )
    else {
      const entry = document.createNode({ check: id, expect: 'failed', reason: 'TODO', link: 'TODO', owner: 'TODO', expires })
      entry.commentBefore = titleLine(title)
      list.add(entry)
      entries.push(`${id}: ${excerpt(title, 160)}`)
    }
  }
  return { text: document.toString({ lineWidth: 0 }), entries, notes }
}

/** Takes out the entries that the last run found stale; comments and the order of the rest stay. Throws a UserMistake. */
export function pruneWaivers(text: string, file: string, recording: Recording): Edited {
  const { document, list } = open(text, file)
  const { run, verdicts } = recording
  const stale = new Set((run.ended?.waivers ?? []).filter(({ state }) => state === 'stale').map(sameness))
  const entries: string[] = []
  let comment: string | undefined
  const kept: unknown[] = []
  for (const [index, item] of list.items.entries()) {
    const entry = entriesOf(list)[index]
    if (isMap(item) && entry !== undefined && stale.has(sameness(entry))) {
      const note = (run.ended?.waivers ?? []).find((one) => sameness(one) === sameness(entry))?.note ?? 'it is stale.'
      entries.push(`${entry.check} is taken out: ${lowered(excerpt(note.replace(/: take the entry out\.$/, '.')))}`)
      // The title that addWaivers wrote above it goes with it; what a person wrote may be about those that follow as well.
      const titles = new Set(verdicts.filter(({ id }) => id === entry.check).map(({ title }) => titleLine(title)))
      const others = (above: string | null | undefined): string | undefined =>
        above
          ?.split('\n')
          .filter((line) => !titles.has(line))
          .join('\n') || undefined
      list.commentBefore = others(list.commentBefore) ?? null
      comment = [comment, others(item.commentBefore)].filter((part) => typeof part === 'string').join('\n') || undefined
      continue
    }
    if (comment !== undefined && isMap(item)) {
      item.commentBefore = [comment, item.commentBefore].filter((part) => typeof part === 'string').join('\n')
      comment = undefined
    }
    kept.push(item)
  }
  list.items.splice(0, list.items.length, ...kept)
  if (comment !== undefined) list.comment = [comment, list.comment].filter((part) => typeof part === 'string').join('\n')
  if (kept.length === 0) list.flow = true
  return { text: document.toString({ lineWidth: 0 }), entries, notes: [] }
}

interface Entry {
  readonly check: string
  readonly when?: { readonly workspace?: string; readonly vllm?: string; readonly parser?: string }
}

const entriesOf = (list: YAMLSeq): readonly Entry[] => list.toJSON() as readonly Entry[]

function open(text: string, file: string): { readonly document: Document; readonly list: YAMLSeq } {
  const document = parseDocument(text.trim() === '' ? 'waivers: []\n' : text)
  const [error] = document.errors
  if (error !== undefined) throw new UserMistake(`${excerpt(file)} is no valid YAML: ${excerpt(error.message.split('\n')[0] ?? '')}`)
  const list = (document.contents as YAMLMap | null)?.get('waivers', true)
  if (!isSeq(list)) throw new UserMistake(`${excerpt(file)} holds no list of waivers: begin it with waivers:.`)
  if (list.items.length === 0) list.flow = false
  return { document, list }
}

/** What the system says of the file is the user's to mend. */
function touching<T>(file: string, what: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    const code = codeOf(error)
    throw new UserMistake(
      `The waiver file ${excerpt(file)} cannot be ${what} (${code}): correct CONFORMANCE_WAIVERS, or make it a file of yours.`,
    )
  }
}

function main(args: readonly string[]): number {
  if (
    helps(
      args,
      `Writes an entry into the waiver file (CONFORMANCE_WAIVERS, by default ${WAIVER_FILE}) for each check that failed in the last run; with --prune takes out those that the last run found stale.`,
    )
  )
    return EXIT.conforms
  const strange = args.find((argument) => argument !== '--prune')
  if (strange !== undefined)
    throw new UserMistake(`${excerpt(strange)} is not read: type ${typed('waive')} or ${typed('waive', '--prune')}.`)
  loadEnv(
    (line) =>
      void process.stderr.write(`${line}
`),
  )
  const folder = folderOfLastRun()
  const file = process.env['CONFORMANCE_WAIVERS'] ?? WAIVER_FILE
  const recording = readRecord(folder)
  if (recording.partial) throw new RecordError(`The run in ${excerpt(folder)} was cut short: run the suite to its end first.`)
  const prune = args.includes('--prune')
  if (prune && !existsSync(file)) throw new UserMistake(`There is no ${excerpt(file)} to take anything out of.`)
  const before = existsSync(file) ? touching(file, 'read', () => readFileSync(file, 'utf8')) : ''
  const { text, entries, notes } = prune ? pruneWaivers(before, file, recording) : addWaivers(before, file, recording, new Date())
  if (entries.length > 0) touching(file, 'written', () => writeFileSync(file, text))
  const next = prune ? '' : ' Fill in reason, link and owner: an entry with TODO is refused.'
  const nothing =
    recording.run.blocked !== undefined
      ? 'The last run could not judge the server'
      : prune
        ? 'The last run found no entry stale'
        : notes.length > 0
          ? 'There is no entry to write'
          : 'Nothing failed in the last run'
  const done =
    entries.length > 0
      ? `${excerpt(file)}: ${plural(entries.length, 'entry', 'entries')} ${prune ? 'taken out' : 'written'}.${next}`
      : `${nothing}: ${existsSync(file) ? `${excerpt(file)} is as it was` : `${excerpt(file)} was not made`}.`
  process.stdout.write(`${[...entries, ...notes, done].join('\n')}\n`)
  return EXIT.conforms
}

if (process.argv[1] === import.meta.filename) await runCommand(() => main(process.argv.slice(2)))
