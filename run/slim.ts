/**
 * A young generation of 2 MB; garbage is looked for when the heap has grown by a tenth, where V8 lets it grow to four times of what is alive;
 * and memory goes before speed: the process waits for servers most of the time.
 */
const FLAGS = ['--max-semi-space-size=2', '--heap-growing-percent=10', '--optimize-for-size']

/**
 * Begins this process anew with a heap that stays small, under the same process id; returns where that is done already, and where the system
 * cannot do it (Windows, and Node before 22.15).
 */
export function beSlim(): void {
  if (process.platform === 'win32' || typeof process.execve !== 'function' || FLAGS.every((flag) => process.execArgv.includes(flag))) return
  // Freed memory goes back to the system when it is not spread over an arena of malloc for each thread.
  const env = { MALLOC_ARENA_MAX: '2', ...process.env }
  process.execve(process.execPath, [process.execPath, ...FLAGS, ...process.execArgv, ...process.argv.slice(1)], env)
}
