import { plural } from '../fixtures/text.ts'
import type { Verdict } from '../fixtures/record.ts'

/** `the agent never cuts calls (platform-team, until 2026-12-31, https://…)` */
export function waiverLine({ waiver }: Verdict): string {
  return waiver === undefined ? 'no reason recorded' : `${waiver.reason} (${waiver.owner}, until ${waiver.expires}, ${waiver.link})`
}

/** `3 days left`, `2 days over`: how long a waiver still holds. */
export const timeLeft = (daysLeft: number): string =>
  daysLeft < 0 ? `${plural(-daysLeft, 'day')} over` : daysLeft === 0 ? 'ends today' : `${plural(daysLeft, 'day')} left`
