import { flushCompileCache } from 'node:module'
import { afterAll } from 'vitest'

// The one door through which vitest runs every scenario of this folder. In JavaScript: vitest imports a test file under a new address at each
// run, and Node would load its type stripper, which takes 25 MB, for this file alone.
await import('../run/verdict-tests.ts')
// vitest ends the thread from outside.
afterAll(() => flushCompileCache())
