import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')

test.for(['mocks/vllm/main.ts', 'mocks/mcp/main.ts'])(
  '%s ends with npm, also where the shell between them passes no signal on',
  async (script) => {
    const shell = spawn('sh', ['-c', `"$NODE" run/start.cjs ${script}; true`], {
      cwd: ROOT,
      env: { ...process.env, NODE: process.execPath, npm_lifecycle_event: 'mock' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(shell.stdout, 'data')) as [Buffer]
    const url = /http:\/\/[^\s/]+/.exec(line.toString())?.[0] ?? ''
    expect((await fetch(url)).status).toBe(404)
    const ended = once(shell.stdout, 'close')
    shell.kill('SIGKILL')
    // The pipe closes with the last process that holds it.
    await ended
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  },
)
