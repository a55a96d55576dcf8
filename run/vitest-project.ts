import type { TestProjectInlineConfiguration } from 'vitest/config'

/** How vitest runs the conformance tests: what it is started with by `npm test`, and its project in vitest.config.ts. */
export const conformance = {
  name: 'conformance',
  include: ['suites/**/*.test.{ts,js}'],
  // What is judged by this process reaches the tests by a channel between threads.
  pool: 'threads',
  // Node runs TypeScript by itself: Vite would only take time for the same.
  experimental: { viteModuleRunner: false, nodeLoader: false },
} satisfies TestProjectInlineConfiguration['test']
