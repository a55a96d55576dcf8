import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { holdFolder } from './lock.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'conformance-lock-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const script = (path: string, then: string): readonly string[] => [
  '--input-type=module-typescript',
  '--eval',
  `import { holdFolder } from ${JSON.stringify(import.meta.resolve('./lock.ts'))}
   holdFolder(${JSON.stringify(path)})
   ${then}`,
]

test('a folder that another process holds is refused in a sentence that names both; when that process ends it is free', async () => {
  const path = folder()
  const child = spawn(process.execPath, script(path, "console.log('held'); setInterval(() => {}, 1000)"), {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  expect(() => holdFolder(path)).toThrow(`The report folder ${path} is in use by process ${child.pid}`)
  child.kill('SIGKILL')
  await once(child, 'exit')
  holdFolder(path)()
  expect(readdirSync(path)).toEqual([])
})

test.runIf(process.platform === 'linux')('a holder that has ended and that its parent has not asked after is no obstacle', async () => {
  const path = folder()
  const held = join(path, 'reports')
  const parent = spawn(
    'sh',
    [
      '-c',
      '"$0" "$@" & exec sleep 60',
      process.execPath,
      ...script(held, 'console.log(process.pid); process.kill(process.pid, "SIGKILL")'),
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  onTestFinished(() => void parent.kill('SIGKILL'))
  const [pid] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string]
  await expect.poll(() => readFileSync(`/proc/${pid.trim()}/stat`, 'utf8')).toContain(') Z ')
  holdFolder(held)()
})

test('the lock is gone when its process ends by itself, and after a release it can be held again', () => {
  const path = folder()
  execFileSync(process.execPath, script(path, ''))
  expect(readdirSync(path)).toEqual([])
  holdFolder(path)()
  holdFolder(path)()
  expect(readdirSync(path)).toEqual([])
})

test.for([
  ['of a process whose number another one has now', JSON.stringify({ pid: process.pid, started: '1', host: hostname() })],
  ['that was cut while it was written', '{"pid": 1'],
] as const)('a lock is no obstacle: one %s', ([, text]) => {
  const path = folder()
  writeFileSync(join(path, '.lock'), text)
  holdFolder(path)()
  expect(existsSync(join(path, '.lock'))).toBe(false)
})

test('a holder on another machine counts while it touches its lock', () => {
  const path = folder()
  writeFileSync(join(path, '.lock'), JSON.stringify({ pid: 7, host: 'another-pod' }))
  expect(() => holdFolder(path)).toThrow('process 7 on another-pod')
  utimesSync(join(path, '.lock'), 0, 0)
  holdFolder(path)()
})

test('a folder that cannot be made is refused in a sentence', () => {
  const path = folder()
  writeFileSync(join(path, 'file'), '')
  symlinkSync(join(path, 'nowhere', 'below'), join(path, 'dangling'))
  expect(() => holdFolder(join(path, 'file', 'below'))).toThrow(/cannot be made \(ENOTDIR\)/)
  expect(() => holdFolder(join(path, 'file'))).toThrow(/file is no folder; name another/)
  expect(() => holdFolder(join(path, 'dangling'))).toThrow(/dangling is no folder; name another/)
  // Node's own recursive mkdir never comes back from these.
  expect(() => holdFolder(join(path, 'dangling', 'below'))).toThrow(/cannot be made \(ENOENT\)/)
})

test.runIf(process.platform === 'linux')('a folder in /proc is refused in a sentence', () => {
  expect(() => holdFolder('/proc/x')).toThrow('The report folder /proc/x cannot be made (ENOENT); name another in CONFORMANCE_REPORT_DIR.')
})
