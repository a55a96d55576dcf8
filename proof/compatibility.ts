import { knownDefects } from '../fixtures/contract/known.ts'
import { catalogues, type PresetFacts } from '../fixtures/kaito/catalogue.ts'
import { familyOfModel, parserRemedies } from '../fixtures/kaito/parsers.ts'
import { plural } from '../fixtures/text.ts'
import { EVIDENCE_FOLDER, type Evidence } from './evidence.ts'
import { table } from './markdown.ts'

type Form = 'plain' | 'stream'

/** Whether something works: `no` when one of the verdicts that decide it failed or was blocked, `yes` when the first of them passed. */
type Works = 'yes' | 'no' | 'unjudged'

/** How a call is asked for, and the verdicts that decide whether it arrives, that of the call first; FORM stands for the form. */
export const ways = {
  // With tools under auto the answer in text has to arrive as well.
  auto: ['auto.article:FORM', 'local.accepts-result:FORM'],
  named: ['named.calls:FORM', 'named.against:FORM'],
  required: ['required.calls:FORM'],
  // Two calls are asked for under required.
  parallel: ['parallel.two', 'parallel.off:FORM', 'required.calls:FORM'],
} as const satisfies Readonly<Record<string, readonly string[]>>

/** What is judged by many verdicts, and how they begin. */
const areas = {
  contract: ['calls.', 'finish.', 'content.', 'client.', 'agree.', 'stream.', 'envelope.', 'usage.', 'http.'],
  arguments: ['arguments.', 'schemas.'],
  responses: ['responses.'],
  messages: ['messages.'],
} as const satisfies Readonly<Record<string, readonly string[]>>

type Way = keyof typeof ways
type Area = keyof typeof areas

/** Of an area: how many requirements passed or do not apply, which MUSTs failed or were blocked, and which are known defects. */
interface Judged {
  readonly passed: number
  readonly notApplicable: number
  readonly failed: readonly string[]
  readonly known: readonly string[]
}

/** What a record says of an engine. */
interface Shown {
  readonly ways: Readonly<Record<Way, Readonly<Record<Form, Works>>>>
  readonly areas: Readonly<Record<Area, Judged>>
  /** Ids of known defects: those that failed a MUST, and the others. */
  readonly red: readonly string[]
  readonly amber: readonly string[]
  /** The cause that the run named, where it is no known defect. */
  readonly cause?: string
  /** What to do about the known defects that keep a call from arriving. */
  readonly avoid: readonly string[]
  /** MUSTs that failed, and that neither a known defect nor the cause explains. */
  readonly unexplained: readonly string[]
}

/** Presets that a release wires alike. */
interface Row {
  readonly presets: readonly string[]
  readonly parser: string
  readonly template?: string
  /** Name of the record that says what works; absent where no run is known. */
  readonly evidence?: string
  readonly shown?: Shown
  /** Why a run of this engine and parser says nothing of these presets. */
  readonly unlike?: string
  /** The parser that reads what the models write, where no run with it on this engine is kept. */
  readonly untried?: string
  /** The parser to set instead, and the record that says what it does on this engine. */
  readonly instead?: { readonly parser: string; readonly evidence: string; readonly shown: Shown }
}

interface ReleaseRows {
  readonly release: string
  readonly vllm: string
  readonly rows: readonly Row[]
}

type Records = ReadonlyMap<string, Evidence>

const begins = (prefixes: readonly string[], id: string): boolean => prefixes.some((prefix) => id.startsWith(prefix))

/** What works according to a record. */
export function shownBy({ verdicts, cause }: Evidence): Shown {
  const passed = new Set(verdicts.passed)
  const broken = new Set([...verdicts.failed, ...verdicts.known].map(({ id }) => id).concat(verdicts.blocked))
  const works = (ids: readonly string[]): Works => (ids.some((id) => broken.has(id)) ? 'no' : passed.has(ids[0] ?? '') ? 'yes' : 'unjudged')
  const musts = verdicts.failed.filter(({ level }) => level === 'MUST')
  const red = new Set(musts.flatMap(({ defects = [] }) => defects))
  const deciding = new Set(
    Object.values(ways).flatMap((ids) => ids.flatMap((id) => [id.replace('FORM', 'plain'), id.replace('FORM', 'stream')])),
  )
  const hindering = new Set(musts.filter(({ id }) => deciding.has(id)).flatMap(({ defects = [] }) => defects))
  const amber = new Set([...verdicts.failed, ...verdicts.known].flatMap(({ defects = [] }) => defects).filter((id) => !red.has(id)))
  return {
    ways: mapped(ways, (ids) => {
      const of = (form: Form): Works => works(ids.map((id) => id.replace('FORM', form)))
      return { plain: of('plain'), stream: of('stream') }
    }),
    areas: mapped(areas, (prefixes) => ({
      passed: verdicts.passed.filter((id) => begins(prefixes, id)).length,
      notApplicable: verdicts['not applicable'].filter((id) => begins(prefixes, id)).length,
      failed: [...musts.map(({ id }) => id), ...verdicts.blocked].filter((id) => begins(prefixes, id)),
      known: verdicts.known.map(({ id }) => id).filter((id) => begins(prefixes, id)),
    })),
    red: [...red].toSorted(),
    amber: [...amber].toSorted(),
    ...(cause === undefined || cause.layer === 'engine' ? {} : { cause: cause.id }),
    avoid: knownDefects.filter(({ id }) => hindering.has(id)).map(({ avoid }) => avoid),
    unexplained: musts.filter((one) => one.defects === undefined && one.cause === undefined).map(({ id }) => id),
  }
}

const mapped = <Key extends string, From, To>(from: Readonly<Record<Key, From>>, to: (value: From) => To): Record<Key, To> =>
  Object.fromEntries(Object.entries<From>(from).map(([key, value]) => [key, to(value)])) as Record<Key, To>

/** The newest record of an engine with a parser, and a model that writes in the form of that one, or of the parser `form`. */
const recordOf = (records: Records, vllm: string, parser: string, form?: string): readonly [string, Evidence] | undefined =>
  [...records].findLast(([, record]) => record.vllm === vllm && record.parser === parser && record.form === form)

/** Why no run of the wired parser speaks for a preset; undefined where one does. */
function unlike({ parser, servedName, unfit }: PresetFacts): string | undefined {
  const family = familyOfModel(servedName)
  if (parser === 'none')
    return family?.readUnasked === true ? `vLLM may read ${family.models ?? family.parser} without being told a parser` : undefined
  if (unfit !== undefined) return unfit
  return family === undefined || family.parser === parser ? undefined : `the model writes what ${family.parser} reads`
}

/** Each release with its presets, those that are wired alike in one row, and what the records say of them. */
export function compatibility(records: Records): readonly ReleaseRows[] {
  return catalogues().map(({ release, vllm, presets }) => ({
    release,
    vllm,
    rows: [
      ...Map.groupBy(presets, (facts) => JSON.stringify([facts.parser, facts.template, unlike(facts), insteadOf(facts)])).values(),
    ].flatMap((alike): Row[] => {
      const [facts] = alike
      if (facts === undefined) return []
      const why = unlike(facts)
      const parser = insteadOf(facts)
      const found = why === undefined || parser !== undefined ? recordOf(records, vllm, facts.parser, why && parser) : undefined
      const other = parser === undefined ? undefined : recordOf(records, vllm, parser)
      return [
        {
          presets: alike.map(({ preset }) => preset),
          parser: facts.parser,
          ...(facts.template === undefined ? {} : { template: facts.template }),
          ...(found === undefined ? {} : { evidence: found[0], shown: shownBy(found[1]) }),
          ...(why === undefined ? {} : { unlike: why }),
          // Without a run the parser may not even be there.
          ...(parser === undefined || other !== undefined ? {} : { untried: parser }),
          ...(other === undefined ? {} : { instead: { parser: other[1].parser, evidence: other[0], shown: shownBy(other[1]) } }),
        },
      ]
    }),
  }))
}

/** The parser that reads what a preset writes, where KAITO wires another or none; undefined where none is known, or none is needed. */
function insteadOf({ parser, servedName, unfit }: PresetFacts): string | undefined {
  const family = familyOfModel(servedName)
  return unfit !== undefined || family === undefined || family.parser === parser ? undefined : family.parser
}

const ABSENT = 'not run'

/** One cell: a link to the record that it comes from. */
const linkTo = (text: string, evidence: string): string => `[${text}](evidence/${evidence}.json)`

function wayText({ plain, stream }: Readonly<Record<Form, Works>>): string {
  if (plain === stream) return plain === 'unjudged' ? 'not judged' : plain
  if (plain === 'unjudged') return `${stream === 'yes' ? 'yes' : 'no'} streamed; plain not judged`
  if (stream === 'unjudged') return `${plain === 'yes' ? 'yes' : 'no'} plain; streamed not judged`
  return plain === 'yes' ? 'plain only' : 'streamed only'
}

function areaText({ passed, notApplicable, failed, known }: Judged): string {
  const judged = passed + failed.length + known.length
  if (notApplicable > judged) return 'not applicable'
  if (judged === 0) return 'not judged'
  if (failed.length + known.length > passed) return 'no'
  const parts = [...(failed.length > 0 ? [`${failed.length} red`] : []), ...(known.length > 0 ? [`${known.length} amber`] : [])]
  return parts.length === 0 ? 'yes' : parts.join(', ')
}

const wayNames = Object.keys(ways) as readonly Way[]
const areaNames = Object.keys(areas) as readonly Area[]

function defectsText({ red, amber, cause, unexplained }: Shown, evidence: string): string {
  const known = [...red.map((id) => `\`${id}\``), ...(amber.length > 0 ? [`${amber.length} amber`] : [])]
  return [
    ...(cause === undefined ? [] : [`cause: [\`${cause}\`](causes.md)`]),
    ...(known.length === 0 ? [] : [`[known](known-defects.md): ${known.join(', ')}`]),
    ...(unexplained.length === 0 ? [] : [linkTo(`${unexplained.length} unexplained`, evidence)]),
  ].join('; ')
}

/** Id of the section with the ConfigMap of a parser. */
const anchor = (parser: string): string => `set-${parser.replaceAll('_', '-')}`

function insteadText({ parser, instead, untried, unlike: why, shown }: Row): string {
  const set =
    instead === undefined
      ? undefined
      : `[${instead.parser}](#${anchor(instead.parser)}): ${linkTo(wayNames.map((way) => `${way} ${wayText(instead.shown.ways[way])}`).join(', '), instead.evidence)}`
  const unknown =
    parser !== 'none' || instead !== undefined
      ? undefined
      : untried === undefined
        ? 'no parser is known to read these models'
        : `\`${untried}\` was not run on this engine`
  return [why, set, unknown, ...(shown?.avoid ?? []).map((avoid) => avoid.replace(/\.$/, ''))]
    .filter((part) => part !== undefined)
    .join('; ')
}

function rowCells(row: Row): readonly string[] {
  const { presets, parser, template, evidence, shown } = row
  const what = [presets.join(', '), parser === 'none' ? 'none' : `\`${parser}\``, template ?? "the model's"]
  if (shown === undefined || evidence === undefined)
    return [...what, ...[...wayNames, ...areaNames].map(() => ABSENT), ABSENT, insteadText(row)]
  return [
    ...what,
    ...wayNames.map((way) => linkTo(wayText(shown.ways[way]), evidence)),
    ...areaNames.map((area) => linkTo(areaText(shown.areas[area]), evidence)),
    defectsText(shown, evidence) || 'none seen',
    insteadText(row),
  ]
}

/** docs/compatibility.md. */
export function compatibilityText(releases: readonly ReleaseRows[], records: Records): string {
  const settable = [...new Set(releases.flatMap(({ rows }) => rows.flatMap(({ instead }) => (instead ? [instead.parser] : []))))].toSorted()
  return `${[
    '<!-- Generated by npm run evidence and npm run docs. -->',
    '# What works on which KAITO release',
    `Each release of KAITO with all its presets: the vLLM that it ships, the parser and chat template that it passes to it, and what works on that engine with that parser. Presets that are wired alike share a row. What is said here comes from ${plural(records.size, 'run')} of this suite against real vLLM, kept in [evidence](evidence), one file for each, to which the cells link; "${ABSENT}" says that there is none.`,
    [
      '- `auto`, `named`, `required`, `parallel`: whether the call arrives under that tool_choice, plain and streamed; `parallel`: two calls in one answer, and one where `parallel_tool_calls` is false.',
      '- `contract`: what else every answer has to be, from ids and finish_reason to what plain and streamed agree on. `arguments`: whether they arrive unharmed. `Responses`, `Messages`: whether `/v1/responses` and `/v1/messages` work. Red is a MUST that failed, amber a known defect that does not touch what tool calling is for; "no" means that more requirements failed than passed, "not applicable" that the engine does not serve it.',
      "- A record of a scripted model says what engine and parser do with calls in the form that the parser reads. What a real model of the family writes, and what KAITO's template makes of a conversation, only a run on the workspace itself shows: `KAITO_WORKSPACE=NAME npm test`, then `npm run evidence -- NAME`.",
    ].join('\n'),
    ...releases.flatMap(({ release, vllm, rows }) => [
      `## KAITO ${release} (vLLM ${vllm})`,
      table(
        ['presets', 'parser', 'template', ...wayNames, 'contract', 'arguments', 'Responses', 'Messages', 'defects', 'instead'],
        rows.map(rowCells),
      ),
    ]),
    '## What to set instead',
    'The ConfigMap to paste where a row names another parser than the one that KAITO wires.',
    ...settable.flatMap((parser) => [
      `### Set ${parser.replaceAll('_', '-')}`,
      `\`\`\`yaml\n${parserRemedies(parser).configuration}\n\`\`\``,
    ]),
    '## Runs',
    'Unexplained are those of the MUSTs that failed which neither a known defect nor the cause explains.',
    table(
      [
        'record',
        'vLLM',
        'parser',
        'template',
        'model',
        'date',
        'suite',
        'depth',
        'passed',
        'MUST failed',
        'unexplained',
        'SHOULD failed',
        'known',
        'blocked',
        'cause',
      ],
      [...records].map(([name, record]) => {
        const { vllm, parser, template, model, date, suite, depth, verdicts, cause } = record
        const musts = verdicts.failed.filter(({ level }) => level === 'MUST').length
        const counts = [
          verdicts.passed.length,
          musts,
          shownBy(record).unexplained.length,
          verdicts.failed.length - musts,
          verdicts.known.length,
          verdicts.blocked.length,
        ]
        return [
          linkTo(name, name),
          vllm,
          parser,
          template ?? "the model's",
          model,
          date,
          suite,
          depth,
          ...counts.map(String),
          cause === undefined ? '' : `\`${cause.id}\``,
        ]
      }),
    ),
  ].join('\n\n')}\n`
}

/** The page and its data, by path from the project's root. */
export function compatibilityDocuments(records: Records): ReadonlyMap<string, string> {
  const releases = compatibility(records)
  return new Map([
    ['docs/compatibility.md', compatibilityText(releases, records)],
    ['docs/compatibility.json', `${JSON.stringify({ evidence: EVIDENCE_FOLDER, releases }, null, 2)}\n`],
  ])
}
