import { readFileSync, renameSync, rmSync, statSync, utimes, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { codeOf } from '../fixtures/thrown.ts'
import { makeReportFolder, RecordError } from './store.ts'

const LOCK = '.lock'
/** A holder on another machine cannot be looked at: it shows that it lives by touching its lock. */
const TOUCH_MS = 10_000
/** For so long it may have been silent, in milliseconds. */
export const SILENT_MS = 3 * TOUCH_MS

/** Who holds a folder. `started` tells a process from a later one with the same number. */
interface Holder {
  readonly pid: number
  readonly started?: string
  readonly host: string
}

/** Another process holds the folder. */
export class HeldError extends RecordError {}

/**
 * Holds a report folder, made where it is missing, until the returned function is called or this process ends. A lock that a killed process
 * left is taken over. Throws a HeldError when another process holds the folder, a RecordError when it cannot be written.
 */
export function holdFolder(folder: string): () => void {
  const path = join(folder, LOCK)
  makeReportFolder(folder)
  try {
    takeOver(folder, path)
    writeFileSync(path, JSON.stringify(holderOf(process.pid)), { flag: 'wx' })
  } catch (error) {
    if (error instanceof RecordError) throw error
    const code = codeOf(error)
    throw code === 'EEXIST'
      ? new HeldError(`The report folder ${folder} was taken by another run this moment; name another in CONFORMANCE_REPORT_DIR.`)
      : new RecordError(`The report folder ${folder} cannot be written (${code}); name another in CONFORMANCE_REPORT_DIR.`)
  }
  const alive = setInterval(() => utimes(path, new Date(), new Date(), () => {}), TOUCH_MS).unref()
  const release = (): void => {
    clearInterval(alive)
    process.off('exit', release)
    rmSync(path, { force: true })
  }
  process.once('exit', release)
  return release
}

/** Removes the lock of a process that lives no more. Throws a HeldError when it lives. */
function takeOver(folder: string, path: string): void {
  const holder = readHolder(path)
  if (holder === undefined) return
  if (lives(holder, path)) {
    const where = holder.host === hostname() ? '' : ` on ${holder.host}`
    throw new HeldError(
      `The report folder ${folder} is in use by process ${holder.pid}${where}: wait until it has ended, or name another folder in CONFORMANCE_REPORT_DIR.`,
    )
  }
  // Of two that find the same lock, one moves it away.
  const moved = `${path}.${process.pid}`
  renameSync(path, moved)
  rmSync(moved)
}

function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    // A lock that was cut while it was written holds nothing.
    return { pid: 0, host: hostname() }
  }
}

function lives(holder: Holder, path: string): boolean {
  if (holder.host !== hostname()) return Date.now() - statSync(path).mtimeMs < SILENT_MS
  return holder.pid > 0 && isRunning(holder.pid) && holderOf(holder.pid).started === holder.started
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function holderOf(pid: number): Holder {
  return { pid, host: hostname(), ...startOf(pid) }
}

/** When a process started, in the words of Linux (field 22 of proc_pid_stat(5)); nothing elsewhere, and of one that has ended and that its parent has not asked after (state Z, field 3). */
function startOf(pid: number): Pick<Holder, 'started'> {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return fields[19] === undefined || fields[0] === 'Z' ? {} : { started: fields[19] }
  } catch {
    return {}
  }
}
