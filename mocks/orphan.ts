const LOOK_MS = 250

/**
 * Calls `stop` once when the process that started this one is gone, if that was npm: npm passes a signal to the shell that it starts, and
 * not every shell passes it on (https://github.com/npm/cli/issues/5776). A process that was started by hand may outlive its shell.
 */
export function stopWithNpm(stop: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    stop()
  }, LOOK_MS)
  timer.unref()
}
