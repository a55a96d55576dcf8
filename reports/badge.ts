import { EXIT } from '../fixtures/exit-codes.ts'
import { plural } from '../fixtures/text.ts'
import { counts } from './counts.ts'
import type { FleetResults } from './fleet/results.ts'
import { headline } from './headline.ts'
import type { Recording } from './store.ts'

/** The record as a shields.io endpoint: https://shields.io/badges/endpoint-badge */
export function badge(recording: Recording): string {
  const { state } = headline(recording)
  const { effect, outcome } = counts(recording.verdicts, recording.run.failOn)
  const accepted = [effect.known > 0 && `${effect.known} known`, outcome.waived > 0 && `${outcome.waived} waived`].filter(
    (part) => part !== false,
  )
  const message = {
    works: ['works', ...accepted].join(', '),
    fails: effect.failure > 0 ? `${effect.failure} failed` : 'waivers need a look',
    unjudged: recording.partial ? 'cut short' : `not judged${outcome.blocked > 0 ? `, ${plural(outcome.blocked, 'check')} blocked` : ''}`,
  }[state]
  const color = { works: outcome.waived > 0 ? 'yellowgreen' : 'brightgreen', fails: 'red', unjudged: 'orange' }[state]
  return endpoint(message, color, state !== 'works')
}

/** The badge of a fleet: how many of its workspaces conform, and how many could not be judged. */
export function fleetBadge({ run, workspaces }: FleetResults): string {
  const conforming = workspaces.filter(({ exitCode }) => exitCode === EXIT.conforms).length
  const unjudged = workspaces.filter(({ exitCode }) => exitCode === EXIT.blocked || exitCode === EXIT.request).length
  const beside = unjudged > 0 ? `, ${unjudged} not judged` : ''
  const color = run.exitCode === EXIT.conforms ? 'brightgreen' : run.exitCode === EXIT.blocked ? 'orange' : 'red'
  return endpoint(`${conforming} of ${plural(workspaces.length, 'workspace')} conform${beside}`, color, run.exitCode !== EXIT.conforms)
}

const endpoint = (message: string, color: string, isError: boolean): string =>
  `${JSON.stringify({ schemaVersion: 1, label: 'tool calling', message, color, ...(isError ? { isError } : {}) }, null, 1)}\n`
