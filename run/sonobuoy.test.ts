// @module-tag slow
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { createVllm } from '../mocks/vllm/vllm.ts'
import { createLoopback } from '../testing/loopback.ts'
import { startScript } from '../testing/script.ts'
import { listen } from '../mocks/vllm/listen.ts'

const loopback = createLoopback()
afterEach(loopback.close)

/** The plugin as Sonobuoy runs it. */
async function plugin(
  latencyMs: number,
): Promise<{ readonly folder: string; readonly stop: () => void; readonly ended: Promise<number | null> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sonobuoy-'))
  loopback.defer(() => rm(folder, { recursive: true, force: true }))
  const door = await listen(createVllm({ latencyMs }))
  loopback.defer(() => door.close())
  const { child, ended } = startScript('run/sonobuoy.ts', {
    SONOBUOY_RESULTS_DIR: folder,
    OPENAI_BASE_URL: `${door.url}/v1`,
    CONFORMANCE_DEPTH: latencyMs > 0 ? 'default' : 'smoke',
  })
  return { folder, stop: () => void child.kill('SIGTERM'), ended: ended.then(({ code }) => code) }
}

test('leaves results, then says that it is done', async () => {
  const { folder, ended } = await plugin(0)
  expect(await ended).toBe(0)
  const junit = await readFile(join(folder, 'done'), 'utf8')
  expect(junit).toBe(join(folder, 'conformance/junit.xml'))
  expect(await readFile(junit, 'utf8')).toContain('<testcase')
})

test('says so too when it is stopped half-way, and is not green', async () => {
  const { folder, stop, ended } = await plugin(400)
  await vi.waitFor(() => expect(existsSync(join(folder, 'conformance/run.json'))).toBe(true), { timeout: 200_000 })
  stop()
  // 143 where the suite had begun to listen for signals, 3 where it had not.
  expect(await ended).toBeOneOf([3, 143])
  expect(await readFile(await readFile(join(folder, 'done'), 'utf8'), 'utf8')).toMatch(/<(?:error|failure)\b/)
})
