import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { knownDefects } from '../fixtures/contract/known.ts'
import { renamedMetrics } from '../fixtures/contract/metric-names.ts'
import type { Verdict } from '../fixtures/record.ts'
import { linksOf } from '../fixtures/source.ts'
import { faults } from '../mocks/vllm/faults/index.ts'
import { documents, matrixDocument, matrixProblems, planOf } from './docs.ts'
import { clock, createJudged, createMatrix, runAgainst, runMatrix, type Row } from './matrix.ts'
import { rememberingReader } from '../testing/remember.ts'

const read = (path: string): string => readFileSync(resolve(import.meta.dirname, '..', path), 'utf8')

test('the documents are what the code says: npm run docs renews them', async () => {
  for (const [path, text] of await documents()) expect(read(path), path).toBe(text)
})

test('every fault is noticed as recorded, and every rule is proven by a fault', { timeout: 900_000, tags: ['slow'] }, async () => {
  const plan = await planOf()
  const rows = await runMatrix(faults.map(({ id }) => id))
  expect(rows).toHaveLength(faults.length)
  expect(matrixProblems(rows, plan)).toEqual([])
  expect(read('docs/fault-matrix.md'), 'npm run docs renews docs/fault-matrix.md').toBe(matrixDocument(rows, plan))
})

/** Verdicts without their time and the order in which answers came: which of two answers comes first is a race, with a memory or without. */
const verdictsOf = async (options: Parameters<typeof runAgainst>[0]): Promise<readonly Omit<Verdict, 'at'>[]> =>
  (await runAgainst({ clock, ...options })).map(({ at: _at, ...verdict }) => ({
    ...verdict,
    exchanges: verdict.exchanges.toSorted(),
    findings: verdict.findings.toSorted((a, b) => a.exchange.localeCompare(b.exchange)),
  }))

test('what is not read and judged again is judged the same', async () => {
  const reader = rememberingReader()
  await verdictsOf({ reader })
  for (const fault of faults.filter((_fault, index) => index % 100 === 7))
    expect(await verdictsOf({ fault, reader }), fault.id).toEqual(await verdictsOf({ fault }))
})

test('a fault of one route changes the same verdicts when all routes are asked', async () => {
  const [one, all] = [createMatrix(), createMatrix({ everything: true })]
  for (const { id } of faults.filter(({ path }, index) => path !== undefined && index % 80 === 11))
    expect(await one(id)).toEqual(await all(id))
})

test.each([
  [
    'a fault that no verdict notices',
    [{ fault: 'made-up', changed: {} }],
    'no MUST notices the fault made-up, and proof/unnoticed.ts gives no reason',
  ],
  [
    'a fault that only a SHOULD notices',
    [{ fault: 'made-up', changed: { failed: ['content.malformed-markup'] } }],
    'no MUST notices the fault made-up, and proof/unnoticed.ts gives no reason',
  ],
  ['a rule that no fault proves', [], 'no fault proves stream.done: none turns it red'],
  [
    'a fault that breaks the suite',
    [{ fault: 'made-up', changed: { broken: ['stream.done'] } }],
    'the fault made-up breaks the suite: stream.done',
  ],
  [
    'a reason that is no longer needed',
    [{ fault: 'stream-held-back', changed: { failed: ['stream.done'] } }],
    'a MUST notices the fault stream-held-back, which proof/unnoticed.ts says none does',
  ],
])('the matrix says so of %s', async (_what, rows: readonly Row[], problem) => {
  expect(matrixProblems(rows, await planOf())).toContain(problem)
})

test('every source can be opened', async () => {
  const plan = await planOf({ workspace: true })
  const sources = [
    ...plan.map(({ id, source }) => [id, source] as const),
    ...renamedMetrics.map(({ documented, source }) => [documented, source] as const),
    ...knownDefects.map(({ id, issue }) => [id, issue] as const),
  ]
  expect(
    sources.filter(([, source]) => !linksOf(source).some(({ url }) => url !== undefined)),
    'a source is an issue, a document that fixtures/source.ts knows, a file, an https address, or an entry of docs/observed-defects.md',
  ).toEqual([])

  const observed = read('docs/observed-defects.md')
  const entries = sources
    .flatMap(([, source]) => linksOf(source))
    .flatMap(({ url }) => url?.match(/^docs\/observed-defects\.md#(\d+)$/)?.[1] ?? [])
  expect(entries.filter((entry) => !observed.includes(`<a id="${entry}"></a>`))).toEqual([])
})

test('twenty runs against the mock reach the same verdicts', { tags: ['slow'] }, async () => {
  const first = (await runAgainst({})).map(({ id, outcome }) => `${id} ${outcome}`)
  for (let again = 2; again <= 20; again += 1)
    expect((await runAgainst({ seed: again })).map(({ id, outcome }) => `${id} ${outcome}`)).toEqual(first)
})

test('one server that is judged three times conforms each time, whatever its counters say from before', async () => {
  const judge = createJudged({})
  const first = (await judge()).map(({ id, outcome }) => `${id} ${outcome}`)
  for (let again = 2; again <= 3; again += 1) expect((await judge()).map(({ id, outcome }) => `${id} ${outcome}`)).toEqual(first)
})
