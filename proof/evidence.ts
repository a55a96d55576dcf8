import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Layer } from '../fixtures/causes.ts'
import { DEPTHS } from '../fixtures/depth.ts'
import { knownDefects } from '../fixtures/contract/known.ts'
import { excerpt } from '../fixtures/text.ts'
import { UserMistake } from '../fixtures/user-mistake.ts'
import type { Results } from '../reports/results.ts'

/** Where the records of runs against real servers are, relative to the project. */
export const EVIDENCE_FOLDER = 'docs/evidence'

const ids = z.array(z.string())
const level = z.enum(['MUST', 'SHOULD', 'MAY'])

/** What is kept of one run against one engine with one parser: enough to say what works there, and to see whence that is known. */
const evidenceSchema = z.strictObject({
  vllm: z.string(),
  parser: z.string().describe('The value of --tool-call-parser; none for a server without one.'),
  form: z.string().optional().describe("The parser in whose form the model wrote its calls, where that is not the server's own."),
  template: z.string().optional().describe("Chat template of the command line; absent where the model's own was used."),
  image: z.string().optional(),
  model: z.string().describe('What answered: the served id, or what was said of it when the record was added.'),
  date: z.iso.date(),
  suite: z.string(),
  depth: z.enum(DEPTHS),
  headline: z.string(),
  cause: z.strictObject({ id: z.string(), layer: z.string(), sentence: z.string() }).optional(),
  verdicts: z.strictObject({
    passed: ids,
    failed: z.array(
      z.strictObject({ id: z.string(), level, got: z.string().optional(), defects: ids.optional(), cause: z.string().optional() }),
    ),
    known: z.array(z.strictObject({ id: z.string(), level, defects: ids })),
    blocked: ids,
    inconclusive: ids,
    'not applicable': ids,
  }),
})

export type Evidence = z.infer<typeof evidenceSchema>

/** What a run does not know of its server, because nothing but an address leads there. */
export interface Told {
  readonly parser?: string | undefined
  readonly form?: string | undefined
  readonly template?: string | undefined
  readonly model?: string | undefined
}

/** Layers before the server: a cause that lies there hides what engine and parser do. */
const BEFORE_THE_SERVER: ReadonlySet<string> = new Set<Layer>([
  'cluster',
  'node',
  'Service',
  'container engine',
  'image',
  'container',
  'network',
  'HTTP',
  'credentials',
])

const VERSION = /^\d+(?:\.\d+)+/

/** The record of a run, in what is kept of it. Throws UserMistake for a run that is no evidence, and for what contradicts it. */
export function evidenceOf(results: Results, told: Told = {}): Evidence {
  const { run, target, server, verdicts } = results
  const of = excerpt(target.name, 100)
  const refuse = (why: string): never => {
    throw new UserMistake(`The run of ${of} is no evidence: ${why}.`)
  }
  if (target.kind === 'mock')
    refuse('the mock is no real server; set OPENAI_BASE_URL, KAITO_WORKSPACE or CONFORMANCE_IMAGE and run the suite again')
  if (!run.complete) refuse('it was cut short; run the suite to its end')
  if (run.filter !== undefined) refuse(`it was partial (${excerpt(run.filter, 60)}); run the suite without a filter`)
  if (run.depth === 'smoke') refuse('at depth smoke too little was asked; run the suite at depth default or full')
  if (run.state === 'unjudged') refuse('the server could not be judged; mend the cause that the run named')
  const cause = results.cause
  if (cause !== undefined && BEFORE_THE_SERVER.has(cause.layer))
    refuse(`its cause lies in the layer ${excerpt(cause.layer, 40)} (${excerpt(cause.id, 60)}); mend that and run the suite again`)
  const odd = verdicts.find(({ outcome }) => outcome === 'broken' || outcome === 'waived')
  if (odd !== undefined) refuse(`${odd.id} is ${odd.outcome}; run the suite ${odd.outcome === 'waived' ? 'without waivers' : 'again'}`)
  const { identity } = server
  const vllm = VERSION.exec(identity.vllm ?? '')?.[0] ?? refuse('the server did not say which vLLM it is')
  const flags = identity.arguments
  const wired = flags === undefined ? undefined : (flags['tool-call-parser'] ?? 'none')
  if (wired !== undefined && told.parser !== undefined && told.parser !== wired)
    refuse(`its command line has the parser ${excerpt(wired, 60)}, not ${excerpt(told.parser, 60)}; leave out --parser`)
  // The family that the model speaks need not be the parser that the server was given.
  const parser =
    told.parser ?? wired ?? refuse('nothing shows with which parser the server was started; add --parser NAME, or --parser none')
  // A run that was not told the parser takes the one in whose form the model writes.
  const concernsParser = (defect: string): boolean => {
    const parsers = knownDefects.find(({ id }) => id === defect)?.parsers
    return told.form === undefined || parsers === undefined || parsers === 'all' || parsers.includes(parser)
  }
  const template = told.template ?? identity.template
  const list = (outcome: Results['verdicts'][number]['outcome']): Results['verdicts'] => verdicts.filter((one) => one.outcome === outcome)
  const idsOf = (outcome: 'passed' | 'blocked' | 'inconclusive' | 'not applicable'): string[] => list(outcome).map(({ id }) => id)
  return {
    vllm,
    parser,
    ...(told.form === undefined || told.form === parser ? {} : { form: told.form }),
    ...(template === undefined ? {} : { template }),
    ...(identity.image === undefined ? {} : { image: identity.image }),
    model: told.model ?? server.model ?? 'unknown',
    date: run.started.slice(0, 10),
    suite: run.version,
    depth: run.depth ?? 'default',
    headline: run.headline.replaceAll(target.name, 'the server'),
    ...(cause === undefined ? {} : { cause: { id: cause.id, layer: cause.layer, sentence: cause.sentence } }),
    verdicts: {
      passed: idsOf('passed'),
      failed: list('failed').map(({ id, level: own, findings: [first], known = [], cause: explains }) => ({
        id,
        level: own,
        ...(first === undefined ? {} : { got: first.got }),
        ...(known.some(concernsParser) ? { defects: known.filter(concernsParser) } : {}),
        ...(explains === undefined ? {} : { cause: explains }),
      })),
      known: list('known').map(({ id, level: own, known = [] }) => ({ id, level: own, defects: known })),
      blocked: idsOf('blocked'),
      inconclusive: idsOf('inconclusive'),
      'not applicable': idsOf('not applicable'),
    },
  }
}

/** The text of a record: ids of one prefix on a line, so that a changed verdict is a short difference. */
export function evidenceText({ verdicts, ...head }: Evidence): string {
  const lists = Object.entries(verdicts).map(([outcome, list]) => {
    const prefixOf = (one: (typeof list)[number]): string => (typeof one === 'string' ? (one.split('.')[0] ?? '') : one.id)
    const lines = [...Map.groupBy<string, (typeof list)[number]>(list, prefixOf).values()].map((group) =>
      group.map((one) => JSON.stringify(one)).join(', '),
    )
    return `    ${JSON.stringify(outcome)}: [${lines.length === 0 ? '' : `\n      ${lines.join(',\n      ')}\n    `}]`
  })
  return `${JSON.stringify(head, null, 2).replace(/\n\}$/, '')},\n  "verdicts": {\n${lists.join(',\n')}\n  }\n}\n`
}

/** All records of a folder by name, oldest first. Throws UserMistake that names the file and what is wrong with it. */
export function readEvidence(folder: string): ReadonlyMap<string, Evidence> {
  if (!existsSync(folder)) return new Map()
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
  const records = files.map((file): [string, Evidence] => [file.replace(/\.json$/, ''), readOne(folder, file)])
  return new Map(records.toSorted(([a, one], [b, other]) => one.date.localeCompare(other.date) || a.localeCompare(b)))
}

function readOne(folder: string, file: string): Evidence {
  const shown = `${EVIDENCE_FOLDER}/${excerpt(file, 80)}`
  let value: unknown
  try {
    value = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  } catch {
    throw new UserMistake(`${shown} is no JSON: add the record again with npm run evidence, or delete the file.`)
  }
  const read = evidenceSchema.safeParse(value)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw new UserMistake(
    `${shown} is no record of a run: ${excerpt(issue?.path.join('.') ?? '')} ${issue?.message ?? ''}; add it again with npm run evidence.`,
  )
}
