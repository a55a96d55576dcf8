import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { rules } from '../fixtures/contract/contract.ts'
import { mcpFaults } from '../mocks/mcp/faults.ts'
import { faults } from '../mocks/vllm/faults/index.ts'
import { documents, matrixDocuments, planOf } from './docs.ts'
import { createJudged, runAgainst, runMatrix } from './matrix.ts'
import { unnoticed } from './unnoticed.ts'

const read = (path: string): string => readFileSync(resolve(import.meta.dirname, '..', path), 'utf8')

test('the documents are what the code says: npm run docs renews them', async () => {
  for (const [path, text] of await documents()) expect(read(path), path).toBe(text)
})

test('every fault is noticed as recorded, and every rule is proven by a fault', { timeout: 300_000 }, async () => {
  const plan = await planOf()
  const rows = await runMatrix(faults.map(({ id }) => id))
  expect(rows).toHaveLength(faults.length)
  expect(rows.flatMap(({ fault, changed }) => (changed.broken === undefined ? [] : [fault]))).toEqual([])

  // What is amber on this release is red with CONFORMANCE_KNOWN=fail: it was noticed.
  const must = new Set(plan.filter(({ level }) => level === 'MUST').map(({ id }) => id))
  const missed = rows
    .filter(({ changed }) => ![...(changed.failed ?? []), ...(changed.known ?? [])].some((id) => must.has(id)))
    .map(({ fault }) => fault)
  expect(missed.toSorted()).toEqual(Object.keys(unnoticed).toSorted())

  // What is said of an MCP server is proven by the faults of one, in mocks/mcp/faults.test.ts.
  const proven = new Set([
    ...rows.flatMap(({ changed }) => [...(changed.failed ?? []), ...(changed.known ?? [])]),
    ...mcpFaults.map(({ verdict }) => verdict),
  ])
  expect(rules.map(({ id }) => id).filter((id) => !proven.has(id))).toEqual([])
  expect(
    plan.map(({ id }) => id).filter((id) => !proven.has(id)),
    'verdicts that no fault turns red',
  ).toEqual([])

  for (const [path, text] of matrixDocuments(rows, plan)) expect(read(path), `${path}: npm run docs renews it`).toBe(text)
})

test('twenty runs against the mock reach the same verdicts', { timeout: 60_000 }, async () => {
  const first = (await runAgainst({})).map(({ id, outcome }) => `${id} ${outcome}`)
  for (let again = 2; again <= 20; again += 1)
    expect((await runAgainst({ seed: again })).map(({ id, outcome }) => `${id} ${outcome}`)).toEqual(first)
})

test('one server that is judged three times conforms each time, whatever its counters say from before', { timeout: 60_000 }, async () => {
  const judge = createJudged({})
  const first = (await judge()).map(({ id, outcome }) => `${id} ${outcome}`)
  for (let again = 2; again <= 3; again += 1) expect((await judge()).map(({ id, outcome }) => `${id} ${outcome}`)).toEqual(first)
})
