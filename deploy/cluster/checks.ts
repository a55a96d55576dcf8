/** What is checked against a real cluster, a line for each on stdout. */
export interface Checks {
  readonly say: (line: string) => void
  /** `problem` is undefined or true where it holds, else what is wrong. */
  readonly check: (what: string, problem: unknown) => void
  /** How many did not hold. */
  readonly failed: () => number
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Checks of which none has been made yet. */
export function createChecks(): Checks {
  let failed = 0
  return {
    say,
    check(what, problem) {
      const holds = problem === undefined || problem === true
      if (!holds) failed += 1
      say(`${holds ? 'ok  ' : 'FAIL'} ${what}${holds ? '' : `: ${typeof problem === 'string' ? problem : JSON.stringify(problem)}`}`)
    },
    failed: () => failed,
  }
}
