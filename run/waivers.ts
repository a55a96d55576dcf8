import { isAbsolute, relative } from 'node:path'
import { minVersion, validRange } from 'semver'
import { isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml'
import { z } from 'zod'
import { readGiven } from '../fixtures/given-file.ts'
import { breaksCore, isUnwaivable } from '../fixtures/core.ts'
import type { Waiver } from '../fixtures/record.ts'
import { parserFamilies } from '../fixtures/kaito/parsers.ts'
import { edits, nearestName } from '../fixtures/nearest.ts'
import { lookalike, type Lookalike } from '../fixtures/target/lookalikes.ts'
import { UserMistake } from '../fixtures/user-mistake.ts'
import { excerpt } from '../fixtures/text.ts'

/** Where waivers stand when nothing else is said, in the current folder. */
export const WAIVER_FILE = 'conformance.waivers.yaml'
const MOST_DAYS = 180
const DAY_MS = 86_400_000

/** An entry as it was read, before a run says what became of it. */
export type WaiverEntry = Pick<Waiver, 'check' | 'expect' | 'when' | 'reason' | 'link' | 'owner' | 'expires' | 'daysLeft' | 'at'>

/** What an entry may name: each verdict that a run can reach, and each cause. */
export interface Names {
  readonly verdicts: ReadonlyMap<string, { readonly level: string; readonly tags: readonly string[] }>
  readonly causes: ReadonlySet<string>
}

const written = (what: string) =>
  z
    .string(`is no text: give ${what}`)
    .trim()
    .min(1, `is empty: give ${what}`)
    .refine((text) => !/^(?:(?:todo|tbd|fixme|xxx)\b.*|n\/?a|none)?\W*$/is.test(text), `is still to be filled in: give ${what}`)

const when = z
  .strictObject(
    {
      workspace: z
        .string('is no text: give NAME or NAMESPACE/NAME, with * for any part')
        .regex(
          /^[a-z0-9.*?-]+(?:\/[a-z0-9.*?-]+)?$/,
          'can never hold: names of workspaces are lower-case letters, digits and hyphens, as NAME or NAMESPACE/NAME, with * for any part',
        )
        .describe('NAME or NAMESPACE/NAME of the workspace, with * for any part.')
        .optional(),
      vllm: z
        .string("is no text: give a range in quotes, such as '>=0.25 <0.33'")
        .refine((range) => validRange(range) !== null, "is no range of versions: write it like '>=0.25 <0.33'")
        .refine((range) => validRange(range) === null || minVersion(range) !== null, 'can never hold: no version lies in it')
        .describe("Range of vLLM versions, such as '>=0.25 <0.33'.")
        .optional(),
      parser: z
        .string('is no text: give the value of --tool-call-parser')
        .regex(
          /^[a-z0-9][a-z0-9_.-]*$/,
          'can never hold: names of tool call parsers are lower-case letters, digits, hyphens and underscores',
        )
        .describe('Value of --tool-call-parser.')
        .optional(),
    },
    'is no map of conditions: give workspace, vllm or parser',
  )
  .refine((conditions) => Object.keys(conditions).length > 0, 'holds no condition: give workspace, vllm or parser, or leave it out')

const entry = z.strictObject(
  {
    check: z
      .string('is no text: give the id of a check, or cause:ID')
      .min(1, 'is empty: give the id of a check, or cause:ID')
      .describe('Id of a check as docs/rules.md lists it, or cause:ID for all that one cause explains.'),
    expect: z
      .enum(['failed', 'flaky', 'blocked', 'inconclusive', 'warning'], 'is none of failed, flaky, blocked, inconclusive, warning')
      .describe('What the run is expected to say. flaky: it is asked several times and may differ.'),
    when: when.optional().describe('All conditions must hold, else the entry is as good as absent.'),
    reason: written('the reason why this is accepted').describe('Why this is accepted.'),
    link: written('the address of the issue or ticket')
      .regex(/^https?:\/\/[^\s/]+\S*$/, 'is no address of an issue or ticket: give a whole URL, https://…')
      .describe('Address of the issue or ticket.'),
    owner: written('the team or person who answers for it').describe('Who answers for it.'),
    expires: z
      .string('is no date: write it like 2026-12-31')
      .refine(isDay, 'is no date: write it like 2026-12-31')
      .describe(`Last day on which it holds, at most ${MOST_DAYS} days ahead.`)
      .meta({ format: 'date' }),
  },
  'is no entry: write it as - check: …, with a space behind the colon',
)

/** The waiver file: what reads it, and its JSON Schema. */
export const waiverSchema = z
  .strictObject({ waivers: z.array(entry, 'is no list of entries, each - check: …') })
  .meta({ title: 'Waivers of the tool calling conformance suite' })

const KEYS = Object.keys(entry.shape)
const WHEN_KEYS = ['workspace', 'vllm', 'parser']

/** Reads the waiver file of a run; without a name the usual one, which need not be there. Throws UserMistake. */
export function loadWaivers(named: string | undefined, names: Names, now: Date): readonly WaiverEntry[] {
  // As the repository knows it, where it is in there.
  const inside = relative('', named ?? WAIVER_FILE)
  const file = named !== undefined && (inside.startsWith('..') || isAbsolute(inside)) ? named : inside
  let text: string
  try {
    text = readGiven(file).toString()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    if (code === 'ENOENT' && named === undefined) return []
    throw new UserMistake(
      `The waiver file ${excerpt(file)} cannot be read (${code}): correct CONFORMANCE_WAIVERS, or make it a readable file.`,
    )
  }
  return readWaivers(text, file, names, now)
}

/** Reads waivers from the text of a file that is called `file`. Throws a UserMistake that names every mistake with its line. */
export function readWaivers(text: string, file: string, names: Names, now: Date): readonly WaiverEntry[] {
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, logLevel: 'error' })
  const mistakes: { readonly line: number; readonly sentence: string }[] = []
  const refuse = (line: number, sentence: string): void => void mistakes.push({ line, sentence })
  const report = (): never => {
    const lines = mistakes
      .toSorted((a, b) => a.line - b.line)
      .map(({ line, sentence }) => `${excerpt(file)}:${line}: ${excerpt(sentence, 600)}`)
    throw new UserMistake([...new Set(lines)].join('\n'))
  }
  if (text.includes('\0')) {
    refuse(1, 'the file is UTF-16 or no text at all: save it as UTF-8.')
    return report()
  }
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const odd = typographic(line)
    if (odd !== undefined) refuse(index + 1, `${odd.what} stands in this line, which a copied page put there: type the line again.`)
  }
  if (mistakes.length > 0) report()
  // Of what breaks the form of the file the first says where; all behind it follows from that.
  const broken = [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0])
  for (const { pos, message, code } of broken.filter(({ code: own }, index) => index === 0 || own === 'DUPLICATE_KEY'))
    refuse(counter.linePos(pos[0]).line, `${yamlMistake(code, message)}.`)
  if (mistakes.length > 0) report()

  const lineAt = (path: readonly PropertyKey[]): number => lineOf(document, path, counter)
  let value: unknown
  try {
    value = document.toJS()
  } catch {
    refuse(1, 'its aliases (*name) stand for more than a waiver file can hold: write each entry out.')
    return report()
  }
  if (value === null || value === undefined) {
    refuse(1, 'the file is empty: write waivers: [] when there are none.')
    return report()
  }
  const read = waiverSchema.safeParse(value)
  if (!read.success) {
    // One sentence for each value: what else is wrong with it shows when that is corrected.
    const misspelt = new Set(read.error.issues.flatMap(({ code, path }) => (code === 'unrecognized_keys' ? [path.join('.')] : [])))
    const first = new Map(
      read.error.issues
        // A key that is not read leaves its map empty.
        .filter(({ code, path }) => code !== 'custom' || !misspelt.has(path.join('.')))
        .toReversed()
        .map((issue) => [issue.code === 'unrecognized_keys' ? issue : issue.path.join('.'), issue]),
    )
    for (const issue of [...first.values()].toReversed()) {
      const { path } = issue
      if (issue.code === 'unrecognized_keys') {
        for (const key of issue.keys) refuse(lineAt([...path, key]), unknownKey(path, key))
      } else refuse(lineAt(path), sentenceOf(path, issue, value))
    }
    return report()
  }

  const found = read.data.waivers.map((one, index): WaiverEntry => {
    const line = lineAt(['waivers', index, 'check'])
    const { when: conditions, ...rest } = one
    const daysLeft = Math.floor((Date.parse(one.expires) - Date.parse(now.toISOString().slice(0, 10))) / DAY_MS)
    const at = `${file}:${line}`
    for (const sentence of checkMistakes(one, names)) refuse(line, sentence)
    const parser = meantParser(conditions?.parser)
    if (parser !== undefined)
      refuse(
        lineAt(['waivers', index, 'when', 'parser']),
        `parser (${JSON.stringify(conditions?.parser)}) can never hold; did you mean ${parser}?`,
      )
    if (daysLeft > MOST_DAYS) {
      const last = new Date(Date.parse(now.toISOString().slice(0, 10)) + MOST_DAYS * DAY_MS).toISOString().slice(0, 10)
      refuse(
        lineAt(['waivers', index, 'expires']),
        `expires is ${daysLeft} days ahead, and ${MOST_DAYS} are the most: give ${last} or earlier.`,
      )
    }
    const defined = Object.fromEntries(Object.entries(conditions ?? {}).filter(([, condition]) => condition !== undefined))
    return { ...rest, ...(conditions === undefined ? {} : { when: defined }), daysLeft, at }
  })
  const seen = new Map<string, string>()
  for (const one of found) {
    const key = sameness(one)
    const first = seen.get(key)
    if (first !== undefined)
      refuse(
        Number(one.at.split(':').at(-1)),
        `${one.check} is waived already in line ${first.slice(file.length + 1)}${one.when === undefined ? '' : ' under the same conditions'}: keep one of the two entries.`,
      )
    else seen.set(key, one.at)
  }
  if (mistakes.length > 0) report()
  return found
}

/** What only looks like a character of YAML, or of an id, in a line of a waiver file; text that people read may hold any. */
function typographic(line: string): Lookalike | undefined {
  const [, key] = /^[-\s]*["']?(\w+)["']?\s*:/.exec(lookalike(line)?.repaired ?? '') ?? []
  if (key === undefined || !['waivers', ...KEYS, ...WHEN_KEYS].includes(key)) return undefined
  return lookalike(key === 'reason' || key === 'owner' ? (/^[^:]*:?.?/.exec(line)?.[0] ?? '') : line.replace(/\s#.*$/, ''))
}

/** Two entries are the same when they cover the same check under the same conditions. */
export const sameness = ({ check, when: { workspace, vllm, parser } = {} }: Pick<WaiverEntry, 'check' | 'when'>): string =>
  JSON.stringify([check, workspace, vllm, parser])

const ofTheCore = (check: string): string =>
  `${check} belongs to the core, one ordinary call with its arguments unharmed, and that cannot be waived: take the entry out.`

/** What is wrong with the check that an entry names, and with what it expects of it. */
function checkMistakes({ check, expect }: z.infer<typeof entry>, { verdicts, causes }: Names): string[] {
  if (check.startsWith('cause:')) {
    const id = check.slice('cause:'.length)
    if (!causes.has(id)) return [`there is no cause ${id}${meant(id, [...causes])} The results.json of a run names the id of its cause.`]
    if (breaksCore(id))
      return [`${check} breaks the core, one ordinary call, and that cannot be waived: take the entry out and mend the server.`]
    return expect === 'failed' || expect === 'blocked'
      ? []
      : [`${check} cannot be ${expect}: expect failed, or name the checks one by one.`]
  }
  if (/[*?]/.test(check)) return [`${check} is a pattern: name each check by its id.`]
  const [, bare = check, form] = /^(.*):(plain|stream)$/.exec(check) ?? []
  const rule = form === undefined ? undefined : verdicts.get(bare)
  const known = verdicts.get(check) ?? (rule?.tags.includes('contract') === true && rule.tags.includes(form ?? '') ? rule : undefined)
  if (known === undefined) {
    const forms = [`${check}:plain`, `${check}:stream`].filter((id) => verdicts.has(id))
    if (forms.length > 0 && forms.every(isUnwaivable)) return [ofTheCore(check)]
    return [
      forms.length > 0
        ? `there is no check ${check}, but ${forms.join(' and ')}: give one of them.`
        : `there is no check ${check}${meant(check, [...verdicts.keys()])} docs/rules.md lists them.`,
    ]
  }
  if (isUnwaivable(check)) return [ofTheCore(check)]
  if (expect === 'warning' && known.level === 'MUST') return [`${check} is a MUST, which never warns: expect failed.`]
  return []
}

/** The parser whose name a mistyped one nearly is; a plugin's may be called anything else. */
function meantParser(name: string | undefined): string | undefined {
  const known = parserFamilies.map(({ parser }) => parser)
  if (name === undefined || known.includes(name)) return undefined
  const near = nearestName(name, known)
  // Some real names differ by their last digits alone.
  return near !== undefined && edits(name, near) <= 2 && name.replaceAll(/\d/g, '') !== near.replaceAll(/\d/g, '') ? near : undefined
}

const meant = (name: string, candidates: readonly string[]): string => {
  const near = nearestName(name, candidates)
  return near === undefined ? '.' : `; did you mean ${near}?`
}

function unknownKey(path: readonly PropertyKey[], key: string): string {
  const allowed = path.length === 0 ? ['waivers'] : path.at(-1) === 'when' ? WHEN_KEYS : KEYS
  const near = nearestName(key, allowed)
  return `the key ${key} is not read: ${near === undefined ? `those that are read are ${allowed.join(', ')}` : `did you mean ${near}?`}${near === undefined ? '.' : ''}`
}

function sentenceOf(path: readonly PropertyKey[], issue: z.core.$ZodIssue, value: unknown): string {
  const key = path.at(-1)
  const given = path.reduce<unknown>(
    (part, step) => (typeof part === 'object' && part !== null ? Reflect.get(part, step) : undefined),
    value,
  )
  if (path.length === 0) return 'the file holds no list of waivers: begin it with waivers:.'
  if (given === undefined && issue.code !== 'custom') return `${String(key)} is missing: ${needs[String(key)] ?? 'add it'}.`
  const shown = typeof given === 'string' || typeof given === 'number' ? ` (${JSON.stringify(given)})` : ''
  return typeof key === 'number' ? `entry ${key + 1} ${issue.message}.` : `${String(key)}${shown} ${issue.message}.`
}

/** What an entry needs each key for. */
const needs: Readonly<Record<string, string>> = {
  waivers: 'begin the file with waivers:',
  check: 'give the id of a check, or cause:ID',
  expect: 'give failed, flaky, blocked, inconclusive or warning',
  reason: 'say why this is accepted',
  link: 'give the address of the issue or ticket',
  owner: 'name the team or person who answers for it',
  expires: `give the last day on which it holds, at most ${MOST_DAYS} days ahead, like 2026-12-31`,
}

function yamlMistake(code: string, message: string): string {
  const known: Readonly<Record<string, string>> = {
    DUPLICATE_KEY: 'a key stands twice in one map: keep one of them',
    TAB_AS_INDENT: 'a tab indents this line: YAML wants spaces',
    MULTIPLE_DOCS: 'a second document begins here: keep all entries in one',
    MULTILINE_IMPLICIT_KEY: 'a key has to stand in one line with its colon, and a space has to follow that',
    BLOCK_AS_IMPLICIT_KEY:
      'a value that holds a colon with a space behind it needs quotation marks, and keys of one entry the same indentation',
    BAD_SCALAR_START: 'a value that begins with this character needs quotation marks',
    UNEXPECTED_TOKEN: 'something stands behind a value that has ended: put all of the value in quotation marks',
    BAD_INDENT: 'the indentation of this line fits no entry, or a bracket that was opened before it is not closed',
    MISSING_CHAR:
      'something that was begun before is not closed here: a quotation mark, a bracket, or a key without its colon and space; or this line is indented otherwise than its entry',
  }
  return `it is no valid YAML: ${known[code] ?? (message.split('\n')[0] ?? message).replace(/\.$/, '')}`
}

/** The line of a key, or of the deepest thing on the way to it that is there. */
function lineOf(document: Document, path: readonly PropertyKey[], counter: LineCounter): number {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const parent: unknown = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true)
    const step = path[depth - 1]
    const pair = hasPairs(parent) ? parent.items.find(({ key }) => isScalar(key) && key.value === step) : undefined
    const node: unknown = pair?.key ?? document.getIn(path.slice(0, depth), true)
    if (isNode(node) && node.range) return counter.linePos(node.range[0]).line
  }
  return 1
}

const hasPairs = (node: unknown): node is { readonly items: readonly { readonly key: unknown }[] } =>
  typeof node === 'object' &&
  node !== null &&
  'items' in node &&
  Array.isArray(node.items) &&
  node.items.every((item: unknown) => typeof item === 'object' && item !== null && 'key' in item)

function isDay(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 10) === text
}
