import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { mockImage } from './images.ts'
import { layOut } from './scratch.ts'

test.runIf(process.platform === 'linux')('the image of the mock holds all that the mock is made of', async () => {
  const root = await mkdtemp(join(tmpdir(), 'mock-image-'))
  try {
    await layOut(root, mockImage)
    const { stdout } = await promisify(execFile)(join(root, 'bin/node'), [join(root, 'app/mocks/vllm/main.ts'), '--list-faults'])
    expect(stdout).toContain('done-missing')
  } finally {
    await rm(root, { recursive: true, force: true })
  }
})
