/** A young generation of 2 MB, and garbage is looked for when the heap has grown by a fifth: V8 lets it grow to four times of what is alive. */
const FLAGS = ['--max-semi-space-size=2', '--heap-growing-percent=20']

const isSlim = (): boolean => FLAGS.every((flag) => process.execArgv.includes(flag))

/**
 * Begins this process anew with a heap that stays small, under the same process id, with the same script or another; returns where the
 * system cannot do it (Windows, and Node before 22.15).
 */
export function runSlim(...script: readonly string[]): void {
  if (process.platform === 'win32' || typeof process.execve !== 'function') return
  // Freed memory goes back to the system when it is not spread over an arena of malloc for each thread.
  const env = { MALLOC_ARENA_MAX: '2', ...process.env }
  const flags = isSlim() ? [] : FLAGS
  process.execve(process.execPath, [process.execPath, ...flags, ...process.execArgv, ...(script.length > 0 ? script : process.argv.slice(1))], env)
}

/** Begins this process anew as `runSlim` does, unless that was done. */
export function beSlim(): void {
  if (!isSlim()) runSlim()
}
