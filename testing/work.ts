/** Milliseconds of this process's own work since `before`, on all its threads: unlike the clock, it stands while other processes run. */
export function workSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** Milliseconds of work that something is. */
export function workOf(run: () => void): number {
  const before = process.cpuUsage()
  run()
  return workSince(before)
}
