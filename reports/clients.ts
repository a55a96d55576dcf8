import { knownClients, OF_ALL_REQUESTS, type KnownClient } from '../fixtures/clients/known.ts'
import { blockedPort } from '../fixtures/exchange/blocked-port.ts'
import { routeOf } from '../fixtures/contract/route.ts'
import type { Verdict } from '../fixtures/record.ts'
import { excerpt } from '../fixtures/text.ts'
import type { Recording } from './store.ts'

/** Whether a client works on the server; `not shown` when the model did not do what would show it. */
export const CLIENT_STATES = ['works', 'works with limits', 'does not work', 'not shown'] as const

/** One client and what decides whether it works. */
export interface ClientRow {
  readonly client: string
  /** `@openai/codex 0.171.0` */
  readonly version: string
  /** Day on which its requests were captured. */
  readonly captured: string
  readonly state: (typeof CLIENT_STATES)[number]
  /** The one rule that decides, and what was got; absent when it works. */
  readonly rule?: string
}

const bareOf = (id: string): string => id.replace(/:(?:plain|stream)$/, '')
const isPlain = (id: string): boolean => /[:.]plain$/.test(id)
const isFailure = ({ outcome, waiver }: Verdict): boolean => outcome === 'failed' || (outcome === 'waived' && waiver?.was === 'failed')

/** What a record says of each known client, and nothing where the server could not be judged: from its own requests, from those of others that equal them, and from runs of the real one. */
export function clientRows({ run, verdicts, exchanges }: Recording): readonly ClientRow[] {
  if (run.blocked !== undefined) return []
  return Object.entries(knownClients).flatMap(([name, known]) => {
    const own = verdicts.filter(({ id }) => id.startsWith(`known-clients.${name}.`))
    const real = verdicts.filter(({ id }) => bareOf(id) === `real-clients.${name}`)
    // A client that only streams does not care what plain answers look like.
    const among = (ids: readonly string[]): readonly Verdict[] =>
      ids
        .flatMap((need) => verdicts.filter(({ id }) => (need.endsWith('*') ? id.startsWith(need.slice(0, -1)) : bareOf(id) === need)))
        .filter(({ id }) => !(onlyStreams(known) && isPlain(id)))
    const route = routeOf(known.shape.first.path)
    // What holds for all answers may be broken on another route, or in the form that the client does not ask for.
    const strikes = ({ findings }: Verdict): boolean =>
      findings.length === 0 ||
      findings.some((finding) => {
        const request = exchanges.get(finding.exchange)?.request
        return request === undefined || (routeOf(request.path) === route && !(onlyStreams(known) && request.form === 'plain'))
      })
    const others = among(known.needs).filter((verdict) => !verdict.reason?.startsWith('no exchange of this run') && strikes(verdict))
    if (own.length + real.length + others.length === 0) return []
    const { title, shape } = known
    const blocked = onNode(known) ? blockedPort(run.target.baseUrl) : undefined
    const row: Pick<ClientRow, 'state' | 'rule'> =
      blocked === undefined
        ? judged(
            known,
            own,
            others,
            among(known.showing),
            real,
            verdicts.find(({ id }) => id === known.limitedBy),
          )
        : { state: 'does not work', rule: `fetch sends nothing to port ${blocked}: let the server listen on another` }
    // What a filter leaves out shows nothing of anyone; what stood in the way of the client itself is said.
    if (run.filter !== undefined && row.state === 'not shown' && !real.some(({ outcome }) => outcome === 'blocked')) return []
    return [{ client: title, version: shape.version, captured: shape.captured, ...row }]
  })
}

/** Whether it asks by the fetch of Node. */
const onNode = ({ shape }: KnownClient): boolean => !/codex|claude|opencode/.test(shape.client)
const onlyStreams = ({ shape }: KnownClient): boolean => /codex|claude|opencode|qwen|pi/.test(shape.client)

function judged(
  { instead }: KnownClient,
  own: readonly Verdict[],
  needed: readonly Verdict[],
  showing: readonly Verdict[],
  real: readonly Verdict[],
  note: Verdict | undefined,
): Pick<ClientRow, 'state' | 'rule'> {
  const ran = real.filter(({ outcome }) => outcome === 'passed')
  const failedRun = real.find(isFailure)
  // What else holds, holds of answers without a call too.
  const first = own.filter(({ id }) => id.endsWith('.first'))
  const isShown = [...first, ...real, ...showing].some(({ outcome }) => outcome === 'passed' || outcome === 'known')
  const { some = [], each = [] } = Object.groupBy(needed.filter(isFailure), ({ id }) =>
    isShown && id === OF_ALL_REQUESTS ? 'some' : 'each',
  )
  const broken = own.find(isFailure) ?? each[0] ?? (ran.length === 0 ? failedRun : undefined)
  if (broken !== undefined) return { state: 'does not work', rule: ruleOf(broken) }
  const both = [...own, ...needed]
  const missing = both.find(({ outcome, reason = '' }) => outcome === 'not applicable' && reason.startsWith('the server has no'))
  if (missing !== undefined)
    return instead === undefined
      ? { state: 'does not work', rule: excerpt(missing.reason ?? '') }
      : { state: 'works with limits', rule: `${excerpt(missing.reason ?? '')}: ${instead}` }
  const refused = own.find(({ outcome }) => outcome === 'not applicable')
  if (refused !== undefined) return { state: 'does not work', rule: excerpt(refused.reason ?? '', 240) }
  if (!isShown) return { state: 'not shown', rule: noCall([...first, ...showing]) }
  const limited = failedRun ?? some[0] ?? both.find(({ outcome }) => outcome === 'known')
  if (limited !== undefined) return { state: 'works with limits', rule: ruleOf(limited) }
  if (note?.outcome === 'passed' && note.reason !== undefined) return { state: 'works with limits', rule: excerpt(note.reason, 240) }
  const unseen = own.find(({ outcome }) => outcome !== 'passed') ?? both.find(({ outcome }) => outcome === 'blocked')
  if (ran.length === 0 && unseen !== undefined) return { state: 'not shown', rule: excerpt(unseen.reason ?? 'it was not judged', 240) }
  return { state: 'works' }
}

/** Why no call under auto was seen. */
function noCall([first]: readonly Verdict[]): string {
  if (first === undefined) return 'no call under tool_choice auto was asked for on its route'
  return first.outcome === 'failed' ? ruleOf(first) : excerpt(first.reason ?? 'it was not judged', 240)
}

function ruleOf({ title, findings: [first], known, reason }: Verdict): string {
  const said = known?.[0] === undefined ? (first?.got ?? reason ?? '') : `${known[0].what} ${known[0].issue}`
  return `${excerpt(title, 160)}: ${excerpt(said, 200)}`
}

/** `10 of 12 known clients work; does not work: codex`; where all are alike, none is named. */
export function clientsLine(rows: readonly ClientRow[]): string | undefined {
  if (rows.length === 0) return undefined
  const works = rows.filter(({ state }) => state === 'works').length
  const rest = CLIENT_STATES.slice(1).flatMap((state) => {
    const some = rows.filter((row) => row.state === state)
    if (some.length > 1 && some.length === rows.length) return state === 'does not work' ? [] : [`${state}: all`]
    return some.length === 0 ? [] : [`${state}: ${some.map(({ client }) => client).join(', ')}`]
  })
  return [`${works} of ${rows.length} known clients work`, ...rest].join('; ')
}
