import { hostname } from 'node:os'
import { join } from 'node:path'
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
 * again. Resolves to its result. SIGTERM hands over what there is and ends the process with 143.
 */
export async function judgeIndex(
  judging: FleetJudging,
  objects: Objects,
  { run, index, frozen }: { readonly run: string; readonly index: number; readonly frozen: Frozen },
): Promise<MemberResult> {
  const { configuration, say } = judging
  const member = frozen.plan.members[index]
  if (member === undefined) throw new Error(`the plan of ${run} has no workspace ${index}`)
  const ledger = openLedger(objects, { run, uid: frozen.uid, index }, process.env['POD_NAME'] ?? hostname())
  const settled = (await ledger.read()).find(isSettled)?.result
  if (settled !== undefined) {
    say(`${member.label} was judged by an earlier pod.`)
    return settled
  }
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
  let stopped = false
  const stop = (): void => {
    if (stopped) return
    stopped = true
    clearInterval(timer)
    say('Stopped by SIGTERM: what was judged until then is handed over.')
    void handOver(record.news()).finally(() => process.exit(143))
  }
  process.on('SIGTERM', stop)
  try {
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
    process.off('SIGTERM', stop)
  }
}
