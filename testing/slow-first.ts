import { readFileSync } from 'node:fs'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const SLOW = /^\/\/ @module-tag slow$|tags: \['slow'\]/m
const isSlow = ({ moduleId }: TestSpecification): boolean => SLOW.test(readFileSync(moduleId, 'utf8'))

/** The order of test files: those that are tagged slow begin, so that at the end no worker waits for another; else vitest's own. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- a method of vitest's
    const sorted = await super.sort(files)
    const slow = new Set(sorted.filter(isSlow))
    return [...slow, ...sorted.filter((file) => !slow.has(file))]
  }
}
