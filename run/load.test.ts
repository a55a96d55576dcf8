// @module-tag slow
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request as ask, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as immediate, setTimeout as wait } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import type { CauseId } from '../fixtures/cause-catalogue.ts'
import type { Cause } from '../fixtures/record.ts'
import { detectProfile } from '../fixtures/contract/profiles.ts'
import { differenceOf, type Level } from '../fixtures/load/level.ts'
import { hold, readThresholds, requireLevels } from '../fixtures/load/thresholds.ts'
import { contextLengthOf } from '../fixtures/cause/context-length.ts'
import { readConfiguration } from '../fixtures/target/configuration.ts'
import { resolveTarget } from '../fixtures/target/target.ts'
import { faultOf, loadFaults } from '../mocks/vllm/faults/index.ts'
import { listen } from '../mocks/vllm/listen.ts'
import { createVllm, type VllmOptions } from '../mocks/vllm/vllm.ts'
import { faultsOnPhone, IN_BROWSER, openText } from '../testing/browser.ts'
import { compareLoads, fails, loadHeadline, loadPage, loadText, type LoadRecord } from '../reports/load.ts'
import { createLoopback } from '../testing/loopback.ts'
import { startScript, type Ended } from '../testing/script.ts'
import { causeOfLoad } from './load-cause.ts'
import { runLevels, type Load } from './load-levels.ts'

const loopback = createLoopback()
// Tests run side by side: none may close the servers of another.
afterAll(loopback.close)

interface Tried {
  readonly sizes?: readonly number[]
  readonly requests?: number
  readonly rate?: number
  readonly workers?: number
}

/**
 * Holds answers until no request has come for 10 ms and three turns of the event loop, through which whatever was sent has come: all
 * requests of a level are then open together, however busy this machine is.
 */
function together(): () => Promise<void> {
  let arrived = 0
  return async () => {
    arrived++
    for (let seen = 0; seen < arrived;) {
      seen = arrived
      await wait(10)
      for (let turn = 0; turn < 3; turn++) await immediate()
    }
  }
}

async function mock(options: VllmOptions): Promise<string> {
  const door = await listen(createVllm({ chunking: 8, ...options }), { hold: together() })
  loopback.defer(() => door.close())
  return door.url
}

/** A hop before a healthy server that answers chats itself, or lets them pass. */
const hop = async (
  meddle: (chat: { readonly count: number; readonly open: number }, response: ServerResponse) => boolean,
): Promise<string> => {
  const upstream = await mock({})
  let [count, open] = [0, 0]
  return loopback.http((incoming, outgoing) => {
    if (incoming.url === '/v1/chat/completions') {
      count += 1
      open += 1
      outgoing.once('close', () => (open -= 1))
      if (meddle({ count, open }, outgoing)) return
    }
    incoming.pipe(
      ask(new URL(incoming.url ?? '/', upstream), { method: incoming.method, headers: incoming.headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      }).on('error', () => outgoing.destroy()),
    )
  })
}

async function loadOf(
  url: string,
  { sizes = [1, 4, 16], requests = 70, rate, workers = 1 }: Tried = {},
): Promise<Load & { readonly cause: Cause | undefined }> {
  const configuration = readConfiguration({ OPENAI_BASE_URL: `${url}/v1` })
  const target = await resolveTarget(configuration, { say: () => {}, startMock: () => Promise.reject(new Error('no mock is wanted')) })
  const { close, explain: _explain, beside: _beside, ...facts } = target
  try {
    const { profile } = detectProfile(target.readiness)
    const load = await runLevels({
      target: facts,
      configuration,
      context: { profile, models: facts.server.models, contextLength: contextLengthOf(target) },
      sizes,
      // So long that how many requests a level has does not depend on how busy this machine is.
      budget: { requests, seconds: 3600 },
      rate,
      workers,
      onLevel: () => {},
    })
    return { ...load, cause: await causeOfLoad(target, load, false) }
  } finally {
    await close()
  }
}

async function npmRunLoad(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), 'load-'))
  try {
    return await startScript('run/load.ts', { CONFORMANCE_REPORT_DIR: folder, ...env }, args).ended
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

test('a comparison that only a run makes is not left out in silence', async () => {
  const { out } = await npmRunLoad(['--levels', '1', '--requests', '1'], { CONFORMANCE_COMPARE: 'reports/earlier' })
  expect(out).toMatch(/^CONFORMANCE_COMPARE is not read here: npm run load -- --compare FOLDER compares with an earlier load\.$/m)
})

const rulesOf = (level: Level | undefined): string[] => [...new Set(level?.breaches.map(({ rule }) => rule))].toSorted()
/** The level at which something is broken first. */
const beginsAt = ({ levels }: Load): number | undefined => levels.find(({ breaches }) => breaches.length > 0)?.concurrency

describe('faults that only load shows', () => {
  /** The level at which it begins, a rule that it breaks there, and the cause: one that shows by chance, or not, has two. */
  const expected: Readonly<Record<string, readonly [level: number, rule: string, causes: readonly (CauseId | undefined)[]]>> = {
    'load-cross-talk': [4, 'load.cross-talk', [undefined]],
    'load-empty-deltas': [16, 'load.empty-delta', ['call-index-wrong', undefined]],
    'load-last-fragment-lost': [16, 'arguments.json', ['arguments-broken']],
    'load-ids-repeated': [16, 'load.ids', ['call-ids-wrong', undefined]],
    'load-every-fiftieth-cut': [4, 'arguments.json', ['arguments-broken']],
    'load-parser-state-shared': [16, 'arguments.json', ['arguments-broken']],
    'load-busy-without-form': [16, 'load.answered', ['rate-limited']],
    'load-running-leaks': [16, 'load.idle', [undefined]],
  }

  /** Where it takes more requests than the others do. */
  const enough: Readonly<Record<string, number>> = { 'load-cross-talk': 420, 'load-every-fiftieth-cut': 140 }

  test('each has its level and its rule here', () => {
    expect(loadFaults.map(({ id }) => id).toSorted()).toEqual(Object.keys(expected).toSorted())
  })

  test.for(Object.entries(expected))('%s', { concurrent: true }, async ([fault, [level, rule, causes]]) => {
    const load = await loadOf(await mock({ fault: faultOf(fault) }), { requests: enough[fault] ?? 70 })
    expect(causes).toContain(load.cause?.id)
    expect(beginsAt(load)).toBe(level)
    expect(rulesOf(load.levels.find(({ concurrency }) => concurrency === level))).toContain(rule)
    // Gauges are no answer to one request.
    expect(load.evidence.length > 0 || rule === 'load.idle').toBe(true)
  })

  test('connections that break when the answer is ready', { concurrent: true }, async () => {
    const { levels } = await loadOf(await mock({ fault: faultOf('answers-lost-now-and-then') }), { sizes: [1, 4] })
    expect(levels.map(rulesOf)).toEqual([['load.answered'], ['load.answered']])
  })

  test('one replica of two that calls nothing', { concurrent: true }, async () => {
    const doors = [await mock({}), await mock({ parser: 'none' })]
    let turn = 0
    const between = await loopback.http((incoming, outgoing) => {
      const to = new URL(incoming.url ?? '/', doors[(turn += 1) % 2])
      incoming.pipe(
        ask(to, { method: incoming.method, headers: incoming.headers }, (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.pipe(outgoing)
        }).on('error', () => outgoing.destroy()),
      )
    })
    const { levels } = await loadOf(between, { sizes: [1, 8], requests: 60 })
    expect(rulesOf(levels[0])).toContain('load.answered')
    // Counters of two processes are not held against each other.
    expect(levels.flatMap(({ breaches }) => breaches).map(({ rule }) => rule)).not.toContain('load.metrics')
  })
})

describe('the cause of what breaks', () => {
  test.for<[string, Parameters<typeof hop>[0], CauseId, RegExp]>([
    [
      'a server that is gone in the middle',
      ({ count }, response) => count > 20 && response.destroy().destroyed,
      'server-stopped',
      /^The server stopped answering after 20 answers\./,
    ],
    [
      'a proxy that gives up where many ask at once',
      ({ open }, response) =>
        open > 6 &&
        setTimeout(() => response.writeHead(504, { 'content-type': 'text/html' }).end('<center>nginx/1.22.1</center>'), 1100) !== undefined,
      'gateway-timeout',
      /^nginx at \S+ gives up on the server behind it after 1\.\d s/,
    ],
    [
      'an engine that dies under load',
      ({ open }, response) =>
        open > 6 &&
        response
          .writeHead(500, { 'content-type': 'application/json' })
          .end('{"error":{"message":"EngineCore encountered an issue.","type":"InternalServerError","code":500}}') === response,
      'engine-dead',
      /^The engine behind/,
    ],
  ])('%s', { concurrent: true }, async ([, meddle, id, says]) => {
    const { cause } = await loadOf(await hop(meddle), { sizes: [1, 16], requests: 40 })
    expect(cause).toMatchObject({ id, sentence: expect.stringMatching(says) })
    expect(cause?.evidence[0]).toContain('POST /v1/chat/completions')
  })

  test('a quota that is spent turns each request away: no verdict, and no fault of the measuring end', { concurrent: true }, async () => {
    const url = await hop(
      ({ count }, response) =>
        count > 20 &&
        response
          .writeHead(429, { 'content-type': 'application/json', 'retry-after': '3600' })
          .end('{"error":{"message":"Token quota is exceeded","code":429}}') === response,
    )
    const { levels, cause } = await loadOf(url, { sizes: [1, 4, 16], requests: 20 })
    expect(levels.map(({ refused, limited, breaches }) => [refused, limited, breaches])).toEqual([
      [undefined, undefined, []],
      ['each of 20 requests was turned away (429)', undefined, []],
    ])
    expect(cause?.id).toBe('quota-spent')
    expect(loadHeadline({ levels, loop: 'closed', thresholds: [] })).toBe(
      'Tool calling is right with up to 1 at once; beyond that there is no verdict: with 4 at once each of 20 requests was turned away (429).',
    )
  })
})

describe('a healthy server', () => {
  test.for([
    ['one thread', {}],
    ['two threads', { workers: 2, requests: 84 }],
    ['requests that arrive by chance', { rate: 200, requests: 210 }],
  ] as const)('breaks nothing: %s', { concurrent: true }, async ([, tried]) => {
    const { levels, cause } = await loadOf(await mock({}), tried)
    expect(cause).toBeUndefined()
    expect(levels.flatMap(({ breaches }) => breaches)).toEqual([])
    expect(levels.flatMap(({ notes }) => notes)).toEqual([])
    for (const { rate, requests, goodput } of levels) {
      expect(rate.errors).toBe(0)
      expect(rate.of).toBeGreaterThan(requests / 3)
      expect(goodput).toBeGreaterThan(0)
    }
  })

  test("may be busy, if it says so: KAITO's queue guard, and the routes that it leaves open", async () => {
    const { levels, findings } = await loadOf(await mock({ queueLimit: 3, latencyMs: 40 }), { sizes: [1, 8], requests: 32 })
    expect(levels.flatMap(({ breaches }) => breaches)).toEqual([])
    expect(levels.at(-1)?.busy).toBeGreaterThan(0)
    expect(findings).toEqual([expect.stringContaining('none to /v1/responses and /v1/messages')])
  })
})

describe('thresholds', () => {
  const level = {
    concurrency: 16,
    goodput: 21,
    rate: { errors: 1, of: 200, interval: [0, 0.03] },
    whole: { p95: { value: 1800 } },
  } as unknown as Level
  test('hold or do not, at the highest level or at one that is named', () => {
    const held = hold(readThresholds('goodput>=20, whole_p95{level:16}<1500, error_rate<0.01'), [level])
    expect(held.map(({ holds, value }) => [holds, value])).toEqual([
      [true, 21],
      [false, 1800],
      [true, 0.005],
    ])
  })
  test('a figure that misses its bound where the measuring end was the limit has no verdict', () => {
    const limited = { ...level, limited: 'the measuring end used 97 % of a core' }
    expect(hold(readThresholds('goodput>=20, whole_p95<1500'), [limited])).toEqual([
      { text: 'goodput>=20', level: 16, value: 21, holds: true },
      { text: 'whole_p95<1500', level: 16, value: 1800 },
    ])
  })
  test.for([
    ['goodput', 'which cannot be read: write it as goodput>=20'],
    ['goodputt>1', 'did you mean goodput?'],
    ['goodput>=fast', 'which cannot be read'],
    ['goodput>=20,', 'has nothing beside a comma: take the comma out.'],
    ['error_rate<1%', 'whose bound has the unit %: times are milliseconds and rates parts of one'],
    ['ttft_p95{level:16}<1.5s', 'whose bound has the unit s: '],
    ['goodput>=20\nttft_p95<5', String.raw`"goodput>=20\nttft_p95<5", which cannot be read`],
    ['', 'which cannot be read'],
  ])('refused: %s', ([text = '', message = '']) => {
    expect(() => readThresholds(text)).toThrow(message)
  })
  test('a level that is not run is refused before the load', () => {
    expect(() => requireLevels(readThresholds('goodput>1, ttft_p95{level:99}<1'), [1, 16])).toThrow(
      'asks for "ttft_p95{level:99}<1", but the levels are 1, 16: name one of them, or add it with --levels.',
    )
    expect(() => requireLevels(readThresholds('goodput>1, ttft_p95{level:16}<1'), [1, 16])).not.toThrow()
  })
  test.for([
    ['ttft_p95<100', 'at 16 at once no answer gave this figure'],
    ['goodput{level:32}>1', 'the levels were 16'],
  ])('of what was not measured: %s', ([text = '', message = '']) => {
    expect(() => hold(readThresholds(text), [level])).toThrow(message)
  })
})

const rate = (errors: number, of: number): Level['rate'] => ({
  errors,
  of,
  interval: [errors / of / 2, Math.min(1, (errors / of) * 2 + 0.01)],
})
const rated = (errors: number, of: number, interval: readonly [number, number]): Level['rate'] => ({ errors, of, interval })
const record = (levels: readonly Level[]): LoadRecord => ({
  schema: 1,
  target: 't',
  server: 'vLLM 0.25.1',
  model: 'm',
  started: '2026-11-28T12:00:00.000Z',
  loop: 'closed',
  levels,
  thresholds: [],
  findings: [],
  exitCode: 0,
})

describe('what is said', () => {
  const figures = { p50: { value: 20, low: 18, high: 22 }, p95: { value: 40, low: 36, high: 44 }, p99: { value: 60, low: 50, high: 70 } }
  const level = (concurrency: number, more: Partial<Level> = {}): Level => ({
    concurrency,
    requests: 400,
    seconds: 10,
    goodput: 30,
    tokensPerSecond: 900,
    whole: figures,
    errors: { InvalidJson: 0, UnknownName: 0, SchemaMismatch: 0, missing: 0 },
    rate: rate(0, 400),
    busy: 0,
    breaches: [],
    broken: {},
    known: {},
    notes: [],
    strain: { cpu: 0.1, loopP99: 1 },
    ...more,
  })
  const breach = { rule: 'load.cross-talk', title: 'MUST NOT mix', exchange: 'load/a', where: 'answer', got: '<b>', wanted: 'x' }
  const broken = { breaches: [breach], broken: { 'load.cross-talk': 1 } }

  test('up to where it is right, and what breaks first', () => {
    expect(loadHeadline(record([level(1), level(16, broken)]))).toBe(
      'Tool calling is right with up to 1 at once; with 16 at once it breaks: MUST NOT mix (1 of 400 answers).',
    )
    expect(loadHeadline(record([level(1), level(16)]))).toBe('Tool calling is right under load, with up to 16 at once.')
  })
  test('a threshold that does not hold is said first', () => {
    const held = { text: 'goodput>=20', level: 16, value: 14.5, holds: true }
    const it = { ...record([level(1), level(16)]), thresholds: [held, { ...held, text: 'ttft_p95<1', holds: false }] }
    expect(loadHeadline(it)).toBe('1 threshold does not hold: ttft_p95<1. Tool calling is right under load, with up to 16 at once.')
  })
  test('no verdict where the measuring end was the limit, unless bytes prove a breach', () => {
    const limited = 'the measuring end used 97 % of a core'
    expect(loadHeadline(record([level(1), level(16, { limited })]))).toContain(
      'beyond that there is no verdict: with 16 at once the measuring end',
    )
    expect(loadHeadline(record([level(1, { limited }), level(16)]))).toContain(
      'right with up to 16 at once; one level has no verdict: with 1 at once the measuring end',
    )
    expect(fails(level(16, { limited, against: { verdict: 'worse', sentence: 'x' } }))).toBe(false)
    expect(fails(level(16, { limited, ...broken }))).toBe(true)
  })
  test('the page shows what the terminal says, harmless', () => {
    const it = record([level(1), level(16, broken)])
    const page = loadPage(it, loadText(it, undefined))
    expect(page).toContain('<svg')
    expect(page).not.toContain('<b>')
    expect(page).not.toContain('<script')
    // Figures need their columns, sentences do not.
    expect(/<pre class="wide"[^>]*>([^<]*)<\/pre>\n<pre>([^<]*)<\/pre>/.exec(page)?.slice(1)).toEqual([
      expect.stringMatching(/^level /),
      expect.stringMatching(/^What broke\n/),
    ])
  })
  test('axe finds no serious fault on the page, light or dark, and it fits a phone', IN_BROWSER, async () => {
    const it = record([level(1), level(16, broken)])
    await using page = await openText(loadPage(it, loadText(it, undefined)))
    expect(await faultsOnPhone(page)).toEqual([])
  })
  test('a rate that fails stands with what broke, before all notes', () => {
    const against = { verdict: 'worse', sentence: 'more calls are no use' } as const
    const text = loadText(record([level(1, { notes: ['a note'] }), level(16, { against })]), undefined)
    expect(text).toContain('What broke\n  16: more calls are no use\n\nNotes\n  1: a note\n')
  })
  test('the tables fit a terminal of 80 columns, with every figure of a level', () => {
    const slow = { value: 123_456, low: 1, high: 200_000 }
    const whole = { p50: slow, p95: slow, p99: slow }
    const wide = level(1024, {
      ...broken,
      requests: 10_240,
      seconds: 1234,
      tokensPerSecond: 54_321,
      busy: 4321,
      whole,
      firstCall: whole,
      rate: rated(9876, 10_240, [0.9, 1]),
    })
    const [, , , counts, ofCounts, , times, ofTimes] = loadText(record([wide]), undefined).split('\n')
    for (const one of [counts, ofCounts, times, ofTimes]) expect(one?.length).toBeLessThanOrEqual(80)
    expect(ofCounts?.trim().split(/ {2,}/)).toEqual([
      '1024',
      '10240',
      '1234',
      expect.any(String),
      '9876 of 10240',
      '4321',
      'broken: 1 rule',
    ])
    expect(ofTimes?.trim().split(/ {2,}/)).toEqual(['1024', ...Array.from({ length: 5 }, () => '123.5 s'), '54321'])
  })
  test('two loads differ by intervals', () => {
    const was = record([level(1)])
    expect(compareLoads(was as never, record([level(1, { whole: { ...figures, p95: { value: 41, low: 37, high: 45 } } })]))).toEqual([
      '  nothing differs by more than chance',
    ])
    expect(
      compareLoads(was as never, record([level(1, { whole: { ...figures, p95: { value: 90, low: 80, high: 99 } }, ...broken })])),
    ).toEqual(['  1: newly broken: MUST NOT mix', '  1: whole call p95 40 ms → 90 ms'])
  })
  test("a difference of rates by Newcombe's example (1998, table II: 56 of 70 and 48 of 80)", () => {
    const [low, high] = differenceOf(rated(56, 70, [0.6916, 0.8778]), rated(48, 80, [0.4904, 0.7003]))
    expect([low.toFixed(3), high.toFixed(3)]).toEqual(['0.052', '0.334'])
  })
})

describe('npm run load', () => {
  test.for([
    [['--levels', '1,x'], {}, '--levels takes whole numbers from 1 to 1024 with commas between them, not 1,x.'],
    [['--levels', '1', '--rate', '2'], {}, '--rate and --levels contradict each other'],
    [['--request', '2'], {}, "Unknown option '--request'"],
    [['--workers', '0'], {}, '--workers takes a whole number from 1 to 64, not 0.'],
    [['--compare', '/nowhere'], {}, '/nowhere holds no results of a load'],
    [[], { CONFORMANCE_LOAD_EXPECT: 'good>1' }, 'no figure is called good'],
    [[], { KAITO_WORKSPACE: '*' }, 'name one workspace in KAITO_WORKSPACE'],
  ] as const)('refuses %j %j', { concurrent: true }, async ([args, env, sentence]) => {
    const { code, out } = await npmRunLoad(args, env)
    expect(out).toContain(sentence)
    expect(out.trim().split('\n')).toHaveLength(1)
    expect(code).toBe(2)
  })

  test('judges, keeps what it measured, and compares', { concurrent: true }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'load-'))
    try {
      const url = `${await mock({ fault: faultOf('load-last-fragment-lost') })}/v1`
      const env = { OPENAI_BASE_URL: url, CONFORMANCE_REPORT_DIR: folder }
      const first = await npmRunLoad(['--levels', '1,16', '--requests', '48'], env)
      // Whether level 1 has a verdict depends on how busy this machine is; the breach at level 16 is proven by its bytes.
      expect([first.code, first.out]).toEqual([1, expect.stringMatching(/with 16 at once(?: it breaks)?: MUST give arguments/)])
      const results = JSON.parse(await readFile(join(folder, 'load', 'results.json'), 'utf8')) as LoadRecord
      expect(results.levels.map(({ concurrency }) => concurrency)).toEqual([1, 16])
      const evidence = await readFile(join(folder, 'load', 'exchanges.json'), 'utf8')
      expect(evidence).toContain(results.levels[1]?.breaches[0]?.exchange)
      const second = await npmRunLoad(['--levels', '1', '--requests', '14', '--compare', join(folder, 'load')], {
        ...env,
        CONFORMANCE_LOAD_EXPECT: 'goodput>100000',
      })
      // A busy machine is slower than the mock: then nothing is said of the mock's speed.
      const [code, word] = second.out.includes('the measuring end') ? [3, 'no verdict'] : [1, 'FAILS']
      expect([second.code, second.out]).toEqual([code, expect.stringContaining(`${word}  goodput>100000`)])
      expect(second.out).toContain('Against 20')
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test('a server that is not there cannot be judged, and an earlier load is kept and told to be one', { concurrent: true }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'load-'))
    try {
      await mkdir(join(folder, 'load'))
      await writeFile(join(folder, 'load', 'results.json'), '{}')
      const env = { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', CONFORMANCE_READY_TIMEOUT: '1', CONFORMANCE_REPORT_DIR: folder }
      const { code, out } = await npmRunLoad([], env)
      expect([code, out]).toEqual([3, expect.stringContaining('Cause: ')])
      expect(out).toMatch(/^Tool calling under load could not be judged on http:\/\/127\.0\.0\.1:9\/v1\.$/m)
      // As npm test says it of an address.
      expect(out).toContain('Remedy: Start the server, or correct the address in OPENAI_BASE_URL.')
      expect(out).toContain(`What ${join(folder, 'load')} holds is of an earlier load.`)
      expect(await readFile(join(folder, 'load', 'results.json'), 'utf8')).toBe('{}')
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
