import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { conformance } from './run/vitest-project.ts'
import { SlowFirst } from './testing/slow-first.ts'

// Each worker is a process of its own: what one compiled is there for the next.
process.env['NODE_COMPILE_CACHE'] ??= resolve(import.meta.dirname, 'node_modules/.cache/compiled')

export default defineConfig({
  test: {
    // The tests wait for processes and sockets as much as they compute. vitest cuts a percentage down to the number of cores.
    maxWorkers: 2 * availableParallelism(),
    maxConcurrency: 16,
    sequence: { sequencer: SlowFirst },
    tags: [{ name: 'slow', description: 'takes seconds on an idle machine: left out of npm run check:fast' }],
    projects: [
      { test: conformance },
      {
        test: {
          name: 'self',
          include: ['{deploy,fixtures,mocks,reports,run,proof,testing}/**/*.test.ts'],
          // Nothing here keeps state in a module: a worker loads each module once for all files that it runs.
          isolate: false,
          // Safety nets, so wide that no verdict depends on how busy the machine is.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          expect: { poll: { timeout: 300_000 } },
          experimental: { viteModuleRunner: false },
        },
      },
      {
        test: {
          name: 'containers',
          include: ['{deploy,fixtures}/**/*.containers.ts'],
        },
      },
      {
        test: {
          name: 'hops',
          include: ['fixtures/**/*.hops.ts'],
        },
      },
    ],
  },
})
