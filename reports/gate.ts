import { EXIT } from '../fixtures/exit-codes.ts'
import type { CauseId } from '../fixtures/cause-catalogue.ts'
import type { Layer } from '../fixtures/causes.ts'
import { gatewayCause } from '../fixtures/cause/answer.ts'
import { isPage } from '../fixtures/cause/evidence.ts'
import { alwaysSo, apiOf } from '../fixtures/contract/route.ts'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import { plural } from '../fixtures/text.ts'
import type { Change, Run, Verdict, Waiver } from '../fixtures/record.ts'
import { counts, effectOf } from './counts.ts'
import type { Recording } from './store.ts'

/** How a run ends. That it was a wrong request is known before there is a verdict. */
export interface GateVerdict {
  readonly code: Exclude<(typeof EXIT)[keyof typeof EXIT], typeof EXIT.request>
  /** Why, in one sentence. */
  readonly sentence: string
  /** Where no answer of the server failed: what did, `because of what lies in front of the server`. */
  readonly otherwise?: string
}

/** The exit code of a run and why. What ended has its cause, waivers and comparison in the record already. */
export function gate(recording: Recording): GateVerdict {
  const { run, verdicts, partial } = recording
  const { total, effect, outcome, level } = counts(verdicts, run.failOn)
  const says = (code: GateVerdict['code'], sentence: string): GateVerdict => ({ code, sentence })
  if (outcome.broken > 0) return says(EXIT.suite, `${plural(outcome.broken, 'check')} broke: a defect of this suite, not of the server.`)
  if (partial) return says(EXIT.blocked, `The run was cut short after ${total} of ${run.planned} verdicts.`)
  if (total === 0) return says(EXIT.suite, 'No requirement was judged: a run without verdicts proves nothing.')
  if (run.blocked !== undefined) return says(EXIT.blocked, run.blocked)
  const otherwise = failedOtherwise(recording)
  if (otherwise !== undefined)
    return {
      ...says(EXIT.blocked, `${plural(effect.failure, 'requirement')} failed ${otherwise}, none by the server's own answers.`),
      otherwise,
    }
  if (run.failOn !== 'never') {
    const failing = gated(recording, 'failed')
    if (failing.length > 0) return says(EXIT.fails, `${plural(failing.length, 'requirement')} failed${run.gate === 'new' ? ' newly' : ''}.`)
    const wrong = failingWaivers(run)
    if (wrong.length > 0) return says(EXIT.fails, `${plural(wrong.length, 'waiver')} no longer ${wrong.length === 1 ? 'holds' : 'hold'}.`)
  }
  const blocked = gated(recording, 'blocked')
  if (blocked.length > 0) return says(EXIT.blocked, `${plural(blocked.length, 'MUST requirement')} could not be judged.`)
  if (outcome.passed + outcome.failed + outcome.known + outcome.waived === 0) return says(EXIT.blocked, 'No requirement could be judged.')
  if (comesAsMarkup(verdicts))
    return says(
      EXIT.blocked,
      'No call came under tool_choice auto, but markup that no parser read: a larger run has the rate (CONFORMANCE_DEPTH=default).',
    )
  if (effect.failure + level.MUST.blocked > 0) {
    return says(
      EXIT.conforms,
      run.gate === 'new' ? 'Nothing fails that did not fail before.' : `${plural(effect.failure, 'requirement')} failed; the gate is open.`,
    )
  }
  return says(EXIT.conforms, 'Every gated requirement that was judged holds.')
}

/** Rules that an answer breaks whose call came as text. */
const MARKUP = new Set(['content.markup', 'content.malformed-markup'])

/** Whether a run that asked too little for a rate saw no call under auto in either form, and the markup of one, waived or not. */
function comesAsMarkup(verdicts: readonly Verdict[]): boolean {
  const article = verdicts.filter(({ id }) => id.startsWith('auto.article'))
  return (
    article.length > 0 &&
    article.every(({ outcome }) => outcome === 'inconclusive') &&
    verdicts.some(({ id, outcome }) => MARKUP.has(id) && (outcome === 'failed' || outcome === 'waived')) &&
    !verdicts.some(({ id }) => id === 'auto.calls')
  )
}

/** Waivers that fail the run: expired, or stale. */
export function failingWaivers(run: Run): readonly Waiver[] {
  return (run.ended?.waivers ?? []).filter(({ state }) => state === 'expired' || state === 'stale')
}

/** It did not work in the earlier run either. */
const stood = ({ before }: Change): boolean => before === 'failed' || before === 'waived' || before === 'blocked'

/** The failures, or the blocked MUST requirements, that the gate holds against the run: with CONFORMANCE_GATE=new only what is new. */
function gated({ run, verdicts }: Recording, outcome: 'failed' | 'blocked'): readonly Verdict[] {
  const found = verdicts.filter((verdict) =>
    outcome === 'failed' ? effectOf(verdict, run.failOn) === 'failure' : verdict.outcome === 'blocked' && verdict.level === 'MUST',
  )
  const comparison = run.ended?.comparison
  if (run.gate !== 'new' || comparison === undefined) return found
  // What was blocked before did not work either; a failure that was not seen before is new.
  const fresh = new Set(
    outcome === 'failed'
      ? [...comparison.newlyFailing, ...comparison.appeared].map(({ id }) => id)
      : [...comparison.changed, ...comparison.appeared].filter((change) => !stood(change)).map(({ id }) => id),
  )
  return found.filter(({ id }) => fresh.has(id))
}

/** Layers of a cause that lies before the server. */
const IN_FRONT: ReadonlySet<string> = new Set<Layer>(['network', 'HTTP', 'credentials', 'Service'])
/** Layers of a cause that takes the server away while it is judged. */
const TAKEN_AWAY: ReadonlySet<string> = new Set<Layer>(['node', 'workspace'])
/** Causes that speak of refusals, which are judged: what was right got its answers. */
const OF_REFUSALS: ReadonlySet<string> = new Set<CauseId>(['errors-replaced', 'refusals-mislabelled', 'refusals-wrong', 'key-repeated'])
/** Statuses by which a server speaks for itself; with all others proxies, gateways and guards answer in its place. */
const ITS_OWN: ReadonlySet<number> = new Set([400, 409, 415, 422, 500, 501])

function failedOtherwise({ run, verdicts, exchanges }: Recording): string | undefined {
  const { id: cause, layer } = run.ended?.cause ?? {}
  if (layer === undefined || OF_REFUSALS.has(cause ?? '') || !(IN_FRONT.has(layer) || TAKEN_AWAY.has(layer))) return undefined
  const failures = verdicts.filter((verdict) => effectOf(verdict, run.failOn) === 'failure')
  const isOutside =
    failures.length > 0 &&
    failures.every(
      ({ id, findings }) =>
        findings.length > 0 &&
        findings.every(({ exchange, got, wanted }) => {
          const found = exchanges.get(exchange)
          // What differs are the statuses of two answers, of which one need not be the server's.
          const differing = id === 'agree.status' ? [got, wanted].map((status) => Number(status.replaceAll('"', ''))) : []
          return found !== undefined && (isForeign(found, layer) || differing.some(isOfAnother))
        }),
    )
  if (!isOutside || (IN_FRONT.has(layer) && isBesideChats(failures, exchanges))) return undefined
  return IN_FRONT.has(layer) ? 'because of what lies in front of the server' : 'because the server was taken away'
}

/** The API beside chats that an exchange asks, and whether for a stream. */
const kindOf = (exchange: Exchange): string | undefined => {
  const api = apiOf(exchange)
  return api && `${api} ${exchange.request.form}`
}

/** All that failed did so at other APIs, plain or streamed, from which nothing is ever got, while chats are answered: tool calling was judged. */
function isBesideChats(failures: readonly Verdict[], exchanges: Recording['exchanges']): boolean {
  const all = [...exchanges.values()]
  const never = new Map(alwaysSo(all, kindOf, ({ status }) => status !== 200))
  const failed = failures.flatMap(({ findings }) => findings.flatMap(({ exchange }) => exchanges.get(exchange) ?? []))
  return (
    all.some(({ request, status }) => request.path === '/v1/chat/completions' && status === 200) &&
    failed.every((exchange) => never.has(kindOf(exchange) ?? ''))
  )
}

const isOfAnother = (status: number): boolean => status >= 300 && !ITS_OWN.has(status)

/** The answer, or its lack, is not the server's. */
function isForeign(exchange: Exchange, layer: string): boolean {
  const { status, end } = exchange
  if (status === undefined || isOfAnother(status) || isPage(exchange) || gatewayCause(exchange, { baseUrl: '' }) !== undefined) return true
  return (layer === 'network' || TAKEN_AWAY.has(layer)) && end.kind !== 'complete'
}
