import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '..')

/** How a process ended: its exit code, null where a signal ended it, and what it wrote to stderr and stdout as it came. */
export interface Ended {
  readonly code: number | null
  readonly out: string
}

/**
 * Starts a script of this project, named from its root, in a process of its own, as npm does; its environment holds PATH and what is given.
 * `onText` sees what it writes as it comes.
 */
export function startScript(
  script: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  onText: (text: string) => void = () => {},
): { readonly child: ChildProcessWithoutNullStreams; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [resolve(ROOT, 'run/start.cjs'), resolve(ROOT, script), ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
  let out = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      out += text
      onText(text)
    })
  return { child, ended: new Promise((done) => child.once('close', (code) => done({ code, out }))) }
}
