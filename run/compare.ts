import { EXIT } from '../fixtures/exit-codes.ts'
import { helps, runCommand } from '../fixtures/command.ts'
import { excerpt } from '../fixtures/text.ts'
import { compare } from '../reports/comparison.ts'
import { failsRun } from '../reports/counts.ts'
import { readResults } from '../reports/earlier.ts'
import { RecordError } from '../reports/store.ts'
import { time } from '../reports/headline.ts'
import { comparisonLines } from '../reports/terminal.ts'
import { typed } from '../fixtures/typed.ts'

const COMPARES = `Give two runs to compare, the earlier first: ${typed('compare', 'A B')}, each the report folder or the results.json of a run.`

/** `npm run compare -- A B`: what changed from one run to another; exit code 1 when something fails newly that nothing accepts, 3 when the later run judged nothing. */
function main(args: readonly string[]): number {
  if (helps(args, COMPARES)) return EXIT.conforms
  const [from, to, ...others] = args
  if (!from || !to || others.length > 0) {
    throw new RecordError(COMPARES)
  }
  const [before, now] = [readResults(from), readResults(to)]
  const comparison = compare(before, now, from)
  process.stdout.write(
    `${[`${excerpt(now.target.name, 100)}, ${excerpt(now.server.name, 60)}, of ${time(now.run.started)}`, ...comparisonLines(comparison, Infinity)].join('\n')}\n`,
  )
  if (!now.run.complete) process.stdout.write('The later run was cut short: what it did not reach says nothing.\n')
  // What the earlier run did not ask may have been so before: as for the gate, only what fails a run counts.
  const appeared = comparison.appeared.filter(({ level }) => failsRun(level, now.run.failOn))
  const failing = [...comparison.newlyFailing, ...appeared].filter((change) => change.now === 'failed')
  if (failing.length > 0) return EXIT.fails
  return now.run.complete && now.run.state === 'unjudged' ? EXIT.blocked : EXIT.conforms
}

await runCommand(() => main(process.argv.slice(2)))
