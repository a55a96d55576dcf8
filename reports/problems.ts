import { plural } from '../fixtures/text.ts'
import { failingWaivers, gate } from './gate.ts'
import type { Recording } from './store.ts'

/** What fails a run beside its verdicts; every surface shows it as a failure of its own. */
export interface RunProblem {
  readonly kind: 'cut' | 'waiver' | 'empty'
  readonly title: string
  readonly message: string
  /** File and line, where it is about a file of the user. */
  readonly at?: string
}

/** A run that was cut short or is empty, and waivers that no longer hold. */
export function problemsOf(recording: Recording): readonly RunProblem[] {
  const { run, verdicts, partial } = recording
  const cut: RunProblem = {
    kind: 'cut',
    title: 'The run was cut short',
    message: `The run was cut short after ${verdicts.length} of ${plural(run.planned, 'verdict')}: what was not reached says nothing.`,
  }
  const empty: RunProblem = { kind: 'empty', title: 'Nothing was judged', message: gate(recording).sentence }
  return [
    ...(partial ? [cut] : verdicts.length === 0 ? [empty] : []),
    ...failingWaivers(run).map(({ check, state, note = '', at }): RunProblem => ({
      kind: 'waiver',
      title: `The waiver of ${check} is ${state}`,
      message: note,
      at,
    })),
  ]
}
