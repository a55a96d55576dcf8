import { expect, test } from 'vitest'
import { runAgainst } from './matrix.ts'

const red = async (options: Parameters<typeof runAgainst>[0]): Promise<readonly string[]> =>
  (await runAgainst({ ...options, depth: 'smoke' }))
    .filter(({ level, outcome }) => level === 'MUST' && (outcome === 'failed' || outcome === 'blocked'))
    .map(({ id }) => id)

test('a healthy server passes the smoke run', async () => {
  expect(await red({})).toEqual([])
})

test.for([
  ['done-missing', 'stream.done'],
  ['stream-hangs-after-role', 'http.complete'],
  ['auto-call-as-markup', 'content.markup'],
  ['arguments-last-brace-lost', 'arguments.json'],
  ['arguments-middle-fragment-lost', 'arguments.json'],
  ['tool-index-missing', 'calls.index'],
  ['tool-name-prefixed', 'calls.name'],
  ['named-calls-other-tool', 'calls.named'],
  ['finish-stop-with-call', 'finish.tool-calls'],
  ['tool-result-ignored', 'local.prompt-grows.weather'],
  ['null-content-rejected', 'http.status'],
  ['usage-missing-plain', 'usage.present'],
] as const)('the smoke run notices %s', async ([fault, id]) => {
  expect(await red({ fault })).toContain(id)
})

test('the smoke run notices a server without a parser', async () => {
  expect(await red({ parser: 'none' })).toContain('http.status')
})
