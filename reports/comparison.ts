import { knownDefects } from '../fixtures/contract/known.ts'
import { asksAt } from '../fixtures/depth.ts'
import { wilson } from '../fixtures/run/rate.ts'
import type { Change, Comparison, Identity, Outcome, Rate } from '../fixtures/record.ts'
import { failsRun } from './counts.ts'
import type { Results, ResultVerdict } from './results.ts'

/** Outcomes of a requirement that does not hold, whoever accepts that. */
const fails = ({ outcome, was = outcome }: ResultVerdict): boolean => was === 'failed' || was === 'known'
/** One that no known defect explains. */
const fallsShort = ({ outcome, was = outcome }: ResultVerdict): boolean => was === 'failed'

/** What differs between two runs, `before` and `now`; `from` is where the record of the first was found. */
export function compare(before: Results, now: Results, from: string): Comparison {
  const lists = { newlyFailing: [], newlyPassing: [], changed: [], vanished: [], appeared: [], withinChance: [] } satisfies Record<
    string,
    Change[]
  >
  const add = (list: keyof typeof lists, change: Change): void => void (lists[list] as Change[]).push(change)
  const earlier = new Map(before.verdicts.map((verdict) => [verdict.id, verdict]))
  const later = new Map(now.verdicts.map((verdict) => [verdict.id, verdict]))
  // What a filter or a cut left out is not gone, and not new.
  const [depthBefore, depthNow] = [before.run.depth ?? 'default', now.run.depth ?? 'default']
  const sameDepth = depthBefore === depthNow
  const wholeBefore = sameDepth && before.run.complete && before.run.filter === undefined
  const wholeNow = sameDepth && now.run.complete && now.run.filter === undefined
  // What holds for any answer is not applicable where no such question was asked.
  const sameQuestions = sameDepth && before.run.filter === now.run.filter && before.run.complete && now.run.complete
  const wasAsked = ({ outcome }: ResultVerdict): boolean => sameQuestions || outcome !== 'not applicable'
  // A rule on all answers that fails no more may have failed in answers to what was not asked again.
  const asksLess =
    !asksAt(depthNow, depthBefore) || !now.run.complete || (now.run.filter !== undefined && now.run.filter !== before.run.filter)
  for (const verdict of now.verdicts) {
    const old = earlier.get(verdict.id)
    if (old === undefined || !wasAsked(old)) {
      if (fails(verdict) || (old === undefined && wholeBefore)) add('appeared', changeOf(undefined, verdict))
      continue
    }
    if (!wasAsked(verdict)) continue
    const [list, detail] = classify(old, verdict, failsRun(verdict.level, now.run.failOn)) ?? []
    if (list === undefined || (list === 'newlyPassing' && asksLess && verdict.group.startsWith('Contract: '))) continue
    add(list, changeOf(old, verdict, detail))
  }
  if (wholeNow) for (const old of before.verdicts) if (!later.has(old.id)) add('vanished', changeOf(old, undefined))
  return {
    with: { target: before.target.name, server: before.server.name, started: before.run.started, from },
    ...lists,
    server: serverChanges(before, now),
    notes: [
      causeChange(before.cause?.id, now.cause?.id),
      before.run.version !== now.run.version &&
        `The earlier run was judged by version ${before.run.version} of the suite, this one by ${now.run.version}: a difference may be the suite's.`,
      !sameDepth && `The earlier run had the depth ${depthBefore}, this one has ${depthNow}: only what both asked is compared.`,
      !before.run.complete && `The earlier run was cut short after ${before.counts.total} of ${before.run.planned} verdicts.`,
      before.run.complete &&
        before.run.state === 'unjudged' &&
        'The earlier run could not judge the server: what fails now may have failed then.',
      now.run.complete && now.run.state === 'unjudged' && 'This run could not judge the server: what it left open says nothing.',
      before.run.filter !== undefined && `The earlier run asked for part of the suite: ${before.run.filter}.`,
      now.run.filter !== undefined && `This run asks for part of the suite: ${now.run.filter}.`,
    ].filter((note) => note !== false && note !== undefined),
  }
}

function causeChange(before: string | undefined, now: string | undefined): string | undefined {
  if (before === now) return undefined
  if (before === undefined) return `The cause is new: ${now}.`
  return now === undefined ? `The cause of the earlier run is gone: ${before}.` : `The cause was ${before} and is ${now}.`
}

type List = 'newlyFailing' | 'newlyPassing' | 'changed' | 'withinChance'

/** `held`: its failure fails the run; the cause of the run says nothing of a warning. */
function classify(old: ResultVerdict, verdict: ResultVerdict, held: boolean): readonly [List, string?] | undefined {
  if (old.rate !== undefined && verdict.rate !== undefined) return classifyRate(old, verdict, old.rate, verdict.rate)
  const began = fails(verdict)
  const sameEvidence = old.evidence === verdict.evidence
  if (fallsShort(verdict) && !fails(old)) return ['newlyFailing']
  if (differsByChance(old, verdict)) return ['withinChance', 'a known defect that shows in some answers only']
  // What a known defect explains fails no run: it has changed.
  if (began && !fails(old)) return ['changed', 'explained by a known defect']
  // A known defect that no longer explains all of it has become a failure.
  if (verdict.outcome === 'failed' && old.outcome === 'known' && !sameEvidence)
    return ['newlyFailing', 'no known defect explains it any more']
  if (fails(old) && verdict.outcome === 'passed') return ['newlyPassing']
  if (old.outcome !== verdict.outcome) return [isChance(old, verdict) ? 'withinChance' : 'changed']
  if (began && !sameEvidence) return ['changed', 'other evidence']
  if (began && held && old.cause !== verdict.cause) return ['changed', `cause ${old.cause ?? 'unknown'} → ${verdict.cause ?? 'unknown'}`]
  if (began && String(old.known) !== String(verdict.known)) return ['changed', 'other known defects']
  if (verdict.outcome === 'blocked' && old.cause !== verdict.cause)
    return ['changed', `cause ${old.cause ?? 'unknown'} → ${verdict.cause ?? 'unknown'}`]
  return undefined
}

/** Judged by the clock: a stream may be too short to tell. */
const TIMED: ReadonlySet<string> = new Set(['streaming.arrives', 'streaming.arguments'])

/** Whether a verdict was reached is the model's chance: it answered otherwise, or was too quick to tell. */
function isChance(old: ResultVerdict, verdict: ResultVerdict): boolean {
  const outcomes = [old.outcome, verdict.outcome]
  return outcomes.includes('passed') && (outcomes.includes('inconclusive') || (TIMED.has(old.id) && outcomes.includes('not applicable')))
}

const SHOWS_BY_CHANCE: ReadonlySet<string> = new Set(knownDefects.filter(({ byChance }) => byChance === true).map(({ id }) => id))

/** What two verdicts differ in are known defects alone that show in some answers only. */
function differsByChance(old: ResultVerdict, verdict: ResultVerdict): boolean {
  if (![old, verdict].every(({ outcome }) => outcome === 'passed' || outcome === 'known')) return false
  const [before = [], now = []] = [old.known, verdict.known]
  const differing = [...before.filter((id) => !now.includes(id)), ...now.filter((id) => !before.includes(id))]
  return differing.length > 0 && differing.every((id) => SHOWS_BY_CHANCE.has(id))
}

/** A rate has changed when the two 95 % intervals do not touch. */
function classifyRate(old: ResultVerdict, verdict: ResultVerdict, before: Rate, now: Rate): readonly [List, string?] | undefined {
  const [low, high] = wilson(before.hits, before.tries)
  const [lowNow, highNow] = wilson(now.hits, now.tries)
  const detail = `${before.hits} of ${before.tries} → ${now.hits} of ${now.tries}`
  const apart = highNow < low || lowNow > high
  if (!apart) return old.outcome === verdict.outcome ? undefined : ['withinChance', detail]
  if (fallsShort(verdict) && !fails(old)) return ['newlyFailing', detail]
  if (!fails(verdict) && fails(old)) return ['newlyPassing', detail]
  return ['changed', detail]
}

function changeOf(old: ResultVerdict | undefined, verdict: ResultVerdict | undefined, detail?: string): Change {
  const { id, title, level } = (verdict ?? old) as ResultVerdict
  const [before, now]: readonly (Outcome | undefined)[] = [old?.outcome, verdict?.outcome]
  return {
    id,
    title,
    level,
    ...(before === undefined ? {} : { before }),
    ...(now === undefined ? {} : { now }),
    ...(detail === undefined ? {} : { detail }),
  }
}

/** Facts by name; those of the command line count as not set where it was read and lacks them. */
const NAMES: readonly (readonly [Exclude<keyof Identity, 'arguments'>, string, flag?: string])[] = [
  ['vllm', 'vLLM'],
  ['workspace', 'workspace'],
  ['parser', 'parser', 'tool-call-parser'],
  ['template', 'chat template', 'chat-template'],
  ['image', 'image'],
  ['imageDigest', 'image digest'],
  ['kaito', 'KAITO'],
  ['replicas', 'replicas'],
]

const NOT_SET = 'not set'

/** Undefined where the list could not be read. */
const modelsOf = ({ server: { models } }: Results): string | undefined => models.toSorted().join(', ') || undefined

function serverChanges(before: Results, now: Results): Comparison['server'] {
  const { identity: old } = before.server
  const { identity } = now.server
  const read = old.arguments !== undefined && identity.arguments !== undefined
  const own = (flag: string): boolean => NAMES.some(([, , of]) => of === flag)
  const flags = read ? [...new Set([...Object.keys(old.arguments ?? {}), ...Object.keys(identity.arguments ?? {})])] : []
  const pairs: readonly (readonly [what: string, before: string | undefined, now: string | undefined])[] = [
    ['target', before.target.name, now.target.name],
    ['server', before.server.name, now.server.name],
    ['profile', before.server.profile, now.server.profile],
    ['model', before.server.model, now.server.model],
    ['served models', modelsOf(before), modelsOf(now)],
    ...NAMES.map(([key, name, flag]) => {
      const absent = read && flag !== undefined ? NOT_SET : undefined
      return [name, old[key] ?? absent, identity[key] ?? absent] as const
    }),
    ...flags
      .filter((flag) => !own(flag))
      .map((flag) => [`--${flag}`, old.arguments?.[flag] ?? NOT_SET, identity.arguments?.[flag] ?? NOT_SET] as const),
  ]
  // What one of the two runs could not read is no difference.
  return pairs.flatMap(([what, was, is]) => (was === undefined || is === undefined || was === is ? [] : [{ what, before: was, now: is }]))
}
