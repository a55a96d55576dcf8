import { z } from 'zod'
import { DEPTHS } from '../../fixtures/depth.ts'
import type { Cause } from '../../fixtures/record.ts'
import { excerpt } from '../../fixtures/text.ts'
import { causeSchema, identitySchema, type Results, type ResultVerdict } from '../results.ts'

/** Grows when a program that reads the file would have to change. */
export const FLEET_SCHEMA_VERSION = 1

const number = z.int().min(0)
const tally = z.object({
  passed: number,
  failed: number.describe('Fails the run.'),
  accepted: number.describe('A warning, known, or waived.'),
  open: number.describe('Blocked, inconclusive or broken.'),
})

const memberSchema = z.object({
  label: z.string().describe('Unique within the fleet, and the same in the next run.'),
  context: z.string(),
  namespace: z.string(),
  name: z.string(),
  preset: z.string().optional(),
  folder: z.string().optional().describe('Folder of its reports beside this file; absent where nothing was judged.'),
  exitCode: z.int().describe('As of a run of its own.'),
  state: z.enum(['works', 'fails', 'unjudged']),
  headline: z.string(),
  server: z.string().optional(),
  identity: identitySchema,
  cause: causeSchema.optional(),
  failed: z.array(z.string()).describe('Ids of the verdicts that fail it.'),
  groups: z.record(z.string(), tally).describe('By group of requirements.'),
  requests: number,
  tokens: number,
  seconds: z.number(),
  changed: z
    .object({
      newlyFailing: z.array(z.string()),
      newlyPassing: z.array(z.string()),
      server: z.array(z.object({ what: z.string(), before: z.string(), now: z.string() })),
    })
    .optional()
    .describe('Against its own earlier run.'),
})

const moved = z.array(z.object({ workspace: z.string(), before: z.string(), now: z.string() }))

/** results.json of a fleet. */
export const fleetSchema = z
  .object({
    fleetSchemaVersion: z.literal(FLEET_SCHEMA_VERSION),
    run: z.object({
      suite: z.string(),
      version: z.string(),
      started: z.string(),
      ended: z.string(),
      depth: z.enum(DEPTHS),
      filter: z.string().optional(),
      exitCode: z.int().describe('The gravest of the workspaces: 4, 1, 3, 2, 0.'),
      headline: z.string(),
      notes: z.array(z.string()),
      requests: number,
      tokens: number,
      seconds: z.number(),
    }),
    workspaces: z.array(memberSchema),
    causes: z
      .array(
        z.object({
          id: z.string().optional().describe('Absent where no single cause is known.'),
          layer: z.string().optional(),
          sentence: z.string(),
          remedy: z.string().optional(),
          evidence: z.string().optional().describe('Of the first workspace.'),
          workspaces: z.array(z.string()),
        }),
      )
      .describe('Why workspaces do not conform, the most frequent first.'),
    outliers: z
      .array(
        z.object({
          workspace: z.string(),
          like: z.string().describe('What it shares with the others: preset and image.'),
          others: number.describe('How many of the others agree with each other.'),
          verdict: z.string(),
          theirs: z.string(),
          differs: z.array(z.string()).describe('In what its server differs from one of the others.'),
        }),
      )
      .describe('Same preset and image as others, and another verdict.'),
    comparison: z
      .object({
        with: z.object({ started: z.string(), from: z.string() }),
        newlyFailing: moved,
        newlyConforming: moved,
        otherwise: moved.describe('Not conforming before and now, for another cause or in other requirements.'),
        appeared: z.array(z.string()),
        vanished: z.array(z.string()),
      })
      .optional(),
  })
  .meta({ title: 'Results of a fleet of workspaces' })

export type FleetResults = z.infer<typeof fleetSchema>
/** What a fleet keeps of each of its workspaces: kilobytes, whatever its record holds. */
export type MemberResult = FleetResults['workspaces'][number]
/** What is known of a workspace before it is judged. */
export type MemberPlace = Pick<MemberResult, 'label' | 'context' | 'namespace' | 'name' | 'preset'>

/** What a fleet keeps of a workspace that was judged. */
export function judgedMember(place: MemberPlace, folder: string, results: Results): MemberResult {
  const { run, server, cause, comparison } = results
  const failed = results.verdicts.filter((verdict) => fails(verdict, run.failOn))
  return {
    ...place,
    folder,
    exitCode: run.exitCode,
    state: run.state,
    headline: run.headline,
    server: server.name,
    identity: server.identity,
    ...(cause === undefined ? {} : { cause: trimmed(cause) }),
    failed: failed.map(({ id }) => id),
    groups: groupsOf(results),
    requests: run.requests ?? 0,
    tokens: run.tokens ?? 0,
    seconds: run.seconds ?? 0,
    ...(comparison === undefined
      ? {}
      : {
          changed: {
            newlyFailing: comparison.newlyFailing.map(({ id }) => id),
            newlyPassing: comparison.newlyPassing.map(({ id }) => id),
            server: comparison.server,
          },
        }),
  }
}

/** What a fleet says of a workspace that was not judged. */
export function unjudgedMember(place: MemberPlace, exitCode: number, headline: string, cause?: Cause): MemberResult {
  return {
    ...place,
    exitCode,
    state: 'unjudged',
    headline,
    identity: {},
    ...(cause === undefined ? {} : { cause: trimmed(cause) }),
    failed: [],
    groups: {},
    requests: 0,
    tokens: 0,
    seconds: 0,
  }
}

const EVIDENCE = 3

const trimmed = (cause: Cause): MemberResult['cause'] & {} => ({
  ...cause,
  evidence: cause.evidence.slice(0, EVIDENCE).map((line) => excerpt(line, 400)),
})

const fails = ({ outcome, level }: ResultVerdict, failOn: Results['run']['failOn']): boolean =>
  outcome === 'failed' && (level === 'MUST' || (level === 'SHOULD' && failOn === 'should'))

function groupsOf({ verdicts, run }: Results): MemberResult['groups'] {
  const groups: MemberResult['groups'] = {}
  for (const verdict of verdicts) {
    const { outcome } = verdict
    if (outcome === 'not applicable') continue
    const tallied = (groups[verdict.group] ??= { passed: 0, failed: 0, accepted: 0, open: 0 })
    if (outcome === 'passed') tallied.passed += 1
    else if (fails(verdict, run.failOn)) tallied.failed += 1
    else if (outcome === 'failed' || outcome === 'known' || outcome === 'waived') tallied.accepted += 1
    else tallied.open += 1
  }
  return groups
}
