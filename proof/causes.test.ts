import { expect, test } from 'vitest'
import { documentedCauses } from './causes.ts'

test('every cause is proven by a situation in which it must be named', () => {
  expect(documentedCauses().flatMap(({ id, situations }) => (situations.length === 0 ? [id] : []))).toEqual([])
})

test('the wordings of one cause are told apart', () => {
  const same = documentedCauses().filter(
    ({ wordings }) => new Set(wordings.map((wording) => JSON.stringify(wording))).size < wordings.length,
  )
  expect(same.map(({ id }) => id)).toEqual([])
})
