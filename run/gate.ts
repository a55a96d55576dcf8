import { plural } from '../fixtures/text.ts'
import type { Verdict } from '../fixtures/record.ts'
import { counts, type FailOn } from '../reports/counts.ts'

/**
 * The exit code of a run and why, in one sentence: 0 conforms, 1 does not, 3 could not be judged, 4 our own defect.
 * Code 2, a wrong request, is known before there is a verdict. `blocked`: why nothing could be asked of the server, whatever else was judged.
 */
export function gate(
  verdicts: readonly Verdict[],
  failOn: FailOn,
  blocked?: string,
): { readonly code: 0 | 1 | 3 | 4; readonly sentence: string } {
  const { total, effect, outcome, level } = counts(verdicts, failOn)
  if (total === 0) return { code: 4, sentence: 'No requirement was judged: a run without verdicts proves nothing.' }
  if (outcome.broken > 0)
    return { code: 4, sentence: `${plural(outcome.broken, 'check')} broke: a defect of this suite, not of the server.` }
  if (blocked !== undefined) return { code: 3, sentence: blocked }
  if (failOn !== 'never' && effect.failure > 0) return { code: 1, sentence: `${plural(effect.failure, 'requirement')} failed.` }
  if (level.MUST.blocked > 0) return { code: 3, sentence: `${plural(level.MUST.blocked, 'MUST requirement')} could not be judged.` }
  if (outcome.passed + outcome.failed + outcome.known === 0) return { code: 3, sentence: 'No requirement could be judged.' }
  return {
    code: 0,
    sentence:
      effect.failure > 0
        ? `${plural(effect.failure, 'requirement')} failed; the gate is open.`
        : 'Every gated requirement that was judged holds.',
  }
}
