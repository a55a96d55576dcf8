import { hostname } from 'node:os'
import { join } from 'node:path'
import { STOPPED } from '../../fixtures/exit-codes.ts'
import { excerpt } from '../../fixtures/text.ts'
import { UserMistake } from '../../fixtures/user-mistake.ts'
import type { MemberResult } from '../../reports/fleet/results.ts'
import { judgeAll, progressOf, type FleetJudging } from '../fleet.ts'
import { follow } from './follow.ts'
import type { Frozen } from './frozen.ts'
import { isSettled, openLedger, type Entry } from './ledger.ts'
import type { Objects } from './objects.ts'

/** How often what was reached is handed over: that much is lost when a pod is killed without a word. */
const HAND_OVER_MS = 10_000

/**
 * Judges the workspace of one index and hands over what is reached, as it is reached; an index that an earlier pod has settled is not judged
 * again. Resolves to its result. SIGTERM hands over what there is, tells `stopped` so and ends the process with 143; a record that came to
 * its end is handed over as if there had been none. Throws a UserMistake for an index that the plan does not have.
 */
export async function judgeIndex(
  judging: FleetJudging,
  objects: Objects,
  { run, index, frozen }: { readonly run: string; readonly index: string; readonly frozen: Frozen },
  stopped: (text: string) => void,
): Promise<MemberResult> {
  const { configuration, say } = judging
  const { members } = frozen.plan
  const number = /^\d+$/.test(index) ? Number(index) : members.length
  const member = members[number]
  if (member === undefined)
    throw new UserMistake(
      `JOB_COMPLETION_INDEX is "${excerpt(index)}", and ${run} has the indexes 0 to ${members.length - 1}: the Job controller sets it in pods of an Indexed Job.`,
    )
  const ledger = openLedger(objects, { run, uid: frozen.uid, index: number }, process.env['POD_NAME'] ?? hostname())
  const record = follow(join(configuration.reportDir, member.folder))
  // What the API server did not take stays first in the row, until it is taken.
  const waiting: Entry[] = []
  let handed = Promise.resolve()
  const handOver = (entry: Entry | undefined): Promise<void> => {
    if (entry !== undefined) waiting.push(entry)
    handed = handed
      .catch(() => {})
      .then(async () => {
        for (let [next] = waiting; next !== undefined; [next] = waiting) {
          // oxlint-disable-next-line no-await-in-loop -- in the order in which they were reached
          await ledger.append(next)
          waiting.shift()
        }
      })
    return handed
  }
  const timer = setInterval(() => void handOver(record.news()).catch((error: unknown) => say(String(error))), HAND_OVER_MS)
  let isStopping = false
  const stop = async (): Promise<void> => {
    if (isStopping) return
    isStopping = true
    clearInterval(timer)
    await handOver(record.news()).catch((error: unknown) => say(String(error)))
    // Its result follows at once, and its last part with it.
    if (record.hasEnded()) return
    stopped('Stopped by SIGTERM: what was judged until then is handed over.')
    process.exit(STOPPED.SIGTERM)
  }
  const onSigterm = (): void => void stop()
  process.on('SIGTERM', onSigterm)
  try {
    const settled = (await ledger.read()).find(isSettled)?.result
    if (settled !== undefined) {
      say(`${member.label} was judged by an earlier pod.`)
      return settled
    }
    const results: MemberResult[] = []
    await judgeAll(judging, [member], (reached) => results.push(reached))
    const [result] = results
    if (result === undefined) throw new Error(`${member.label} has no result`)
    clearInterval(timer)
    await handOver(record.last(result))
    say(progressOf(result))
    return result
  } finally {
    clearInterval(timer)
    process.off('SIGTERM', onSigterm)
  }
}
