import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'conformance',
          include: ['suites/**/*.test.ts'],
        },
      },
      {
        test: {
          name: 'self',
          include: ['{fixtures,mocks,reports,run,proof,testing}/**/*.test.ts'],
        },
      },
      {
        test: {
          name: 'containers',
          include: ['fixtures/**/*.containers.ts'],
        },
      },
    ],
  },
})
