import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

/** How the conformance run is run, here and by `npm test`. */
export const conformance = {
  name: 'conformance',
  include: ['suites/**/*.test.{ts,js}'],
  // What is judged by this process reaches the tests by a channel between threads.
  pool: 'threads',
  // Node runs TypeScript by itself: Vite would only take time for the same.
  experimental: { viteModuleRunner: false, nodeLoader: false },
} satisfies TestProjectInlineConfiguration['test']

export default defineConfig(() => {
  // Each test file is a process of its own: what one compiled is there for the next. Not for what a conformance run starts, which reads no
  // more of this file than the project above.
  process.env['NODE_COMPILE_CACHE'] ??= resolve(import.meta.dirname, 'node_modules/.cache/compiled')
  return {
    test: {
      // The tests wait for processes and sockets as much as they compute. vitest cuts a percentage down to the number of cores.
      maxWorkers: 2 * availableParallelism(),
      tags: [{ name: 'slow', description: 'takes seconds on an idle machine: left out of npm run check:fast' }],
      projects: [
        { test: conformance },
        {
          test: {
            name: 'self',
            include: ['{deploy,fixtures,mocks,reports,run,proof,testing}/**/*.test.ts'],
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
  }
})
