import { plural } from '../fixtures/text.ts'
import { counts } from './counts.ts'
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
  return `${JSON.stringify({ schemaVersion: 1, label: 'tool calling', message, color, ...(state === 'works' ? {} : { isError: true }) }, null, 1)}\n`
}
