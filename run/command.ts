import { failureOf } from '../fixtures/user-mistake.ts'

/**
 * Runs what a command does, and lets the process end with the exit code that it comes to. What it throws is told by `say` (default: on
 * stderr): a user's mistake in its sentence, a defect of ours with its stack.
 */
export async function runCommand(
  main: () => number | Promise<number>,
  say: (text: string) => void = (text) => void process.stderr.write(`${text}\n`),
): Promise<void> {
  try {
    process.exitCode = await main()
  } catch (error) {
    const { text, exitCode } = failureOf(error)
    say(text)
    process.exitCode = exitCode
  }
}
