import { expect, test } from 'vitest'
import { faultOf } from '../mocks/vllm/faults/index.ts'
import { planOf } from './docs.ts'
import { clock, runAgainst } from './matrix.ts'
import { rememberingReader } from '../testing/remember.ts'
import { provenElsewhere } from './unnoticed.ts'

type Options = Omit<Parameters<typeof runAgainst>[0], 'depth'> & { readonly depth?: 'smoke' | 'full' }

/** Most of what two faults are answered is the same. */
const readers = { smoke: rememberingReader(), full: rememberingReader() }

const red = async ({ depth = 'smoke', ...options }: Options): Promise<readonly string[]> =>
  (await runAgainst({ clock, reader: readers[depth], depth, route: options.fault?.path, ...options }))
    // What is amber on this release is red with CONFORMANCE_KNOWN=fail.
    .filter(({ level, outcome }) => level === 'MUST' && (outcome === 'failed' || outcome === 'known' || outcome === 'blocked'))
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
  expect(await red({ fault: faultOf(fault) })).toContain(id)
})

test('the smoke run notices a server without a parser', async () => {
  expect(await red({ parser: 'none' })).toContain('http.status')
})

/** A context that holds 200 KB of tools. */
const whole = { depth: 'full', maxModelLen: 131_072 } as const

test('a healthy server passes the full run', async () => {
  expect(await red(whole)).toEqual([])
})

test('every verdict of the full run that the default run does not reach turns red by a fault', async () => {
  const usual = new Set((await planOf()).map(({ id }) => id))
  const left = new Set((await planOf({ depth: 'full' })).flatMap(({ id, level }) => (level === 'MUST' && !usual.has(id) ? [id] : [])))
  for (const fault of [
    'body-above-48-kilobytes-413',
    'limit-where-none-is-set',
    'dots-in-name-as-underscores',
    'arguments-last-brace-lost',
    'stream-cut-at-length-of-first-event',
    'plain-body-cut-in-json',
    'call-lost-streamed',
    ...[
      'streams-refused',
      'wrong-accepted',
      'input-counted-otherwise-streamed',
      'system-lost',
      'results-lost',
      'limit-ignored',
      'limit-refused',
    ].flatMap((id) => [`response-${id}`, `message-${id}`]),
    'message-stop-sequences-ignored',
    'error-with-status-200',
    'body-list-500',
    'health-always-503',
    'message-count-without-tools',
    'message-midway-dropped-in-chat',
    'response-result-in-parts-refused',
    'response-stream-ends-at-large-event',
    'message-above-100-kilobytes-refused',
    'message-descriptions-lost',
    'json-as-call-without-tools',
    'response-output-in-parts-lost',
    'tools-beyond-128-dropped',
  ])
    for (const id of await red({ ...whole, fault: faultOf(fault) })) left.delete(id)
  expect([...left]).toEqual([])
})

test.for([
  ['developer-midway-500', 'http.status'],
  ['dots-in-name-as-underscores', 'sizes.dotted:stream'],
  ['strict-bounds-dropped', 'schemas.strict.count:plain'],
  ['one-of-forced-refused', 'schemas.everyday:plain'],
  ['message-texts-of-assistant-lost', 'messages.as-chat'],
  ['message-text-beside-results-lost', 'messages.as-chat'],
  ['response-descriptions-lost', 'responses.as-chat'],
  ['response-texts-of-assistant-lost', 'responses.as-chat'],
] as const)('the full run notices %s', async ([fault, id]) => {
  expect(await red({ ...whole, fault: faultOf(fault) })).toContain(id)
})

test.for(Object.entries(provenElsewhere))('%s turns red in another run: %j', async ([id, options]) => {
  const verdicts = await runAgainst({ ...(options.depth === 'full' ? whole : {}), ...options, fault: faultOf(options.fault) })
  expect(verdicts.find((verdict) => verdict.id === id)?.outcome).toBe('failed')
})
