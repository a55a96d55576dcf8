import { CLIENT_STATES, clientRows } from './clients.ts'
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { DEPTHS } from '../fixtures/depth.ts'
import { excerpt } from '../fixtures/text.ts'
import type { Finding, Identity, Run, Verdict } from '../fixtures/record.ts'
import { counts } from './counts.ts'
import { gate } from './gate.ts'
import { headline } from './headline.ts'
import type { Recording } from './store.ts'

/** Grows when a program that reads the file would have to change. */
export const SCHEMA_VERSION = 1

const outcome = z.enum(['passed', 'failed', 'known', 'waived', 'blocked', 'inconclusive', 'not applicable', 'broken'])
const level = z.enum(['MUST', 'SHOULD', 'MAY'])
const number = z.int().min(0)
/** The cause of a run, as JSON. */
export const causeSchema = z.object({
  id: z.string(),
  layer: z.string(),
  sentence: z.string(),
  evidence: z.array(z.string()),
  remedy: z.string(),
})
/** What can change about a server, as JSON. */
export const identitySchema = z.object({
  vllm: z.string().optional(),
  workspace: z.string().optional(),
  parser: z.string().optional(),
  arguments: z.record(z.string(), z.string()).optional(),
  template: z.string().optional(),
  image: z.string().optional(),
  imageDigest: z.string().optional(),
  kaito: z.string().optional(),
  replicas: z.string().optional(),
})
const change = z.object({
  id: z.string(),
  title: z.string(),
  level,
  before: outcome.optional(),
  now: outcome.optional(),
  detail: z.string().optional(),
})
const comparison = z.object({
  with: z.object({ target: z.string(), server: z.string(), started: z.string(), from: z.string() }),
  newlyFailing: z.array(change),
  newlyPassing: z.array(change),
  changed: z.array(change),
  vanished: z.array(change),
  appeared: z.array(change),
  withinChance: z.array(change),
  server: z.array(z.object({ what: z.string(), before: z.string(), now: z.string() })),
  notes: z.array(z.string()),
})
const waiver = z.object({
  check: z.string(),
  expect: z.enum(['failed', 'flaky', 'blocked', 'inconclusive', 'warning']),
  when: z.object({ workspace: z.string().optional(), vllm: z.string().optional(), parser: z.string().optional() }).optional(),
  reason: z.string(),
  link: z.string(),
  owner: z.string(),
  expires: z.string(),
  daysLeft: z.int(),
  at: z.string().describe('File and line of the entry.'),
  state: z.enum(['applied', 'expired', 'stale', 'unused', 'elsewhere']),
  note: z.string().optional(),
  verdicts: z.array(z.string()),
  failures: z.object({ failed: number, tries: number }).optional(),
})

/** results.json: the run for other programs. */
export const resultsSchema = z
  .object({
    schemaVersion: z.literal(SCHEMA_VERSION),
    run: z.object({
      suite: z.string(),
      version: z.string(),
      started: z.string(),
      ended: z.string().optional(),
      complete: z.boolean().describe('False when the run was cut short: then nothing that is missing says anything.'),
      planned: number,
      filter: z.string().optional(),
      depth: z.enum(DEPTHS).optional(),
      failOn: z.enum(['must', 'should', 'never']),
      gate: z.enum(['all', 'new']),
      exitCode: z.int().describe('0 conforms, 1 does not conform, 3 could not be judged, 4 a defect of the suite.'),
      state: z.enum(['works', 'fails', 'unjudged']),
      headline: z.string(),
      notes: z.array(z.string()),
      requests: number.optional(),
      tokens: number.optional(),
      seconds: z.number().optional(),
    }),
    target: z.object({
      kind: z.enum(['mock', 'endpoint', 'image', 'cluster']),
      name: z.string(),
      baseUrl: z.string(),
      about: z.string().optional(),
    }),
    server: z.object({
      name: z.string(),
      profile: z.string(),
      model: z.string().optional(),
      models: z.array(z.string()),
      identity: identitySchema,
    }),
    counts: z.object({
      total: number,
      passed: number,
      failure: number,
      warning: number,
      known: number,
      waived: number,
      blocked: number,
      inconclusive: number,
      'not applicable': number,
      broken: number,
    }),
    cause: causeSchema.optional(),
    verdicts: z.array(
      z.object({
        id: z.string(),
        group: z.string(),
        title: z.string(),
        level,
        outcome,
        reason: z.string().optional(),
        rate: z.object({ hits: number, tries: number }).optional(),
        cause: z.string().optional().describe('Id of the cause that explains it.'),
        known: z.array(z.string()).optional().describe('Ids of the known defects that explain it.'),
        was: outcome.optional().describe('Of a waived verdict: what was judged.'),
        findings: z.array(z.object({ got: z.string(), wanted: z.string(), where: z.string() })).describe('The first three.'),
        evidence: z.string().optional().describe('The same for the same kinds of findings: what a comparison holds against another run.'),
      }),
    ),
    clients: z
      .array(
        z.object({
          client: z.string(),
          version: z.string(),
          captured: z.string(),
          state: z.enum(CLIENT_STATES),
          rule: z.string().optional(),
        }),
      )
      .optional()
      .describe('Known clients, and the rule that decides whether each works.'),
    waivers: z.array(waiver),
    comparison: comparison.optional(),
  })
  .meta({ title: 'Results of a tool calling conformance run' })

export type Results = z.infer<typeof resultsSchema>
export type ResultVerdict = Results['verdicts'][number]

const SHORT = 160
const FINDINGS = 3

/** The record in its compact form. */
export function resultsOf(recording: Recording): Results {
  const { run, verdicts, partial } = recording
  const { total, effect } = counts(verdicts, run.failOn)
  const { state, sentence, notes } = headline(recording)
  const { ended } = run
  return {
    schemaVersion: SCHEMA_VERSION,
    run: {
      suite: run.suite.name,
      version: run.suite.version,
      started: run.started,
      ...(ended === undefined ? {} : { ended: ended.at }),
      complete: !partial,
      planned: run.planned,
      ...(run.filter === undefined ? {} : { filter: run.filter }),
      ...(run.depth === undefined ? {} : { depth: run.depth }),
      failOn: run.failOn,
      gate: run.gate ?? 'all',
      exitCode: ended?.exitCode ?? gate(recording).code,
      state,
      headline: sentence,
      notes: [...notes],
      ...(ended === undefined ? {} : { requests: ended.requests, tokens: ended.tokens, seconds: ended.seconds }),
    },
    target: run.target,
    server: serverOf(run),
    counts: { total, ...effect },
    ...(ended?.cause === undefined ? {} : { cause: { ...ended.cause, evidence: [...ended.cause.evidence] } }),
    verdicts: verdicts.map(compact),
    clients: [...clientRows(recording)],
    waivers: (ended?.waivers ?? []).map((one) => ({ ...one, verdicts: [...one.verdicts] })),
    ...(ended?.comparison === undefined ? {} : { comparison: structuredClone(ended.comparison) as NonNullable<Results['comparison']> }),
  }
}

function serverOf({ server: { name, profile, model, models, identity: own } }: Run): Results['server'] {
  return {
    name,
    profile,
    ...(model === undefined ? {} : { model }),
    models: [...models],
    identity: { ...own } satisfies Identity,
  }
}

/** One verdict in its compact form. */
export function compact(verdict: Verdict): ResultVerdict {
  const {
    id,
    group,
    title,
    level: own,
    outcome: judged,
    reason,
    rate,
    explainedBy,
    cause: beside,
    known,
    waiver: entry,
    findings,
  } = verdict
  const because = beside ?? explainedBy
  const evidence = evidenceOf(findings)
  return {
    id,
    group,
    title,
    level: own,
    outcome: judged,
    ...(reason === undefined ? {} : { reason: excerpt(reason, 300) }),
    ...(rate === undefined ? {} : { rate }),
    ...(because === undefined ? {} : { cause: because.id }),
    ...(known === undefined ? {} : { known: known.map((defect) => defect.id) }),
    ...(entry === undefined ? {} : { was: entry.was }),
    findings: findings
      .slice(0, FINDINGS)
      .map(({ got, wanted, where }) => ({ got: excerpt(got, SHORT), wanted: excerpt(wanted, SHORT), where: excerpt(where, SHORT) })),
    ...(evidence === undefined ? {} : { evidence }),
  }
}

/**
 * A name for the kinds of findings that a verdict has: what differs between two runs of one server, ids, numbers and how many there are,
 * is left out. Undefined without findings.
 */
export function evidenceOf(findings: readonly Finding[]): string | undefined {
  if (findings.length === 0) return undefined
  const kinds = new Set(findings.map(({ got, wanted, where }) => [where, wanted, got].map(kindOf).join('\n')))
  return createHash('sha256')
    .update([...kinds].toSorted().join('\n\n'))
    .digest('hex')
    .slice(0, 16)
}

/** What tells one kind of finding from another stands at its beginning. */
const KIND = 400

/** A text without what chance decides: ids, hashes, ports, times. */
const kindOf = (text: string): string =>
  text
    .slice(0, KIND)
    .replaceAll(/\b(?:chatcmpl|call|toolu|resp|msg|fc|req|cmpl)[-_][\w-]+/gi, '#')
    .replaceAll(/\b(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{6,}\b/gi, '#')
    .replaceAll(/\d+(?:[.,]\d+)*/g, '0')
