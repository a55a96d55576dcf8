import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { gate } from './gate.ts'
import { headline } from './headline.ts'
import { reportOn } from './make.ts'
import { counts } from './counts.ts'
import { everyVerdict, madeUpExchange, madeUpRun, madeUpVerdict } from '../testing/made-up.ts'
import type { Level, Outcome, Run, Verdict } from '../fixtures/record.ts'
import { createRedactor } from '../fixtures/exchange/redact.ts'
import { SCRATCH } from './scratch.ts'
import { deserialise, FILES, NEIGHBOURS, openRecord, readRecord, serialise, type Recording } from './store.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'conformance-record-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const { ended: _, ...unfinished } = madeUpRun()

function run(...verdicts: (readonly [Level, Outcome])[]): Verdict[] {
  return verdicts.map(([level, outcome], index) => madeUpVerdict({ level, outcome, id: String(index) }))
}

function recordingOf(verdicts: readonly Verdict[], failOn: Run['failOn']): Recording {
  return { run: madeUpRun({ failOn }), verdicts, exchanges: new Map(), partial: false }
}

function sum(numbers: Readonly<Record<string, number>>): number {
  return Object.values(numbers).reduce((a, b) => a + b, 0)
}

describe('store', () => {
  test('reads back what was written', () => {
    const path = folder()
    const recorder = openRecord(path, madeUpRun())
    const verdicts = everyVerdict()
    for (const verdict of verdicts) recorder.append(verdict)
    recorder.keep(madeUpExchange())
    const recording = readRecord(path)
    expect(recording).toMatchObject({ run: madeUpRun(), verdicts, partial: false })
    expect(recording.exchanges.get('made-up.stream')).toEqual(madeUpExchange())
  })

  test('the cause of a run stands beside each verdict that it explains', () => {
    const path = folder()
    const recorder = openRecord(path, madeUpRun())
    const verdicts = run(['MUST', 'passed'], ['MUST', 'failed'], ['MUST', 'blocked'], ['SHOULD', 'not applicable'])
    for (const verdict of verdicts) recorder.append(verdict)
    const cause = { id: 'crash-loop', layer: 'pod', sentence: 'It ends.', evidence: ['log'], remedy: 'Mend it.' }
    recorder.end({ ...madeUpRun(), ended: { at: 'now', exitCode: 1, requests: 1, tokens: 1, seconds: 1, cause } })
    expect(readRecord(path).verdicts.map(({ explainedBy }) => explainedBy)).toEqual([undefined, cause, cause, undefined])
  })

  test('an exchange survives serialisation byte by byte', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_unused, index) => index)
    const exchange = {
      ...madeUpExchange(),
      chunks: [
        { at: 0.1 + 0.2, bytes: bytes.subarray(0, 130) },
        { at: 7, bytes: new Uint8Array() },
        { at: 9, bytes: bytes.subarray(130) },
      ],
      end: { kind: 'cut', code: 'ECONNRESET', detail: 'in the middle' } as const,
      postponed: [{ status: 429, waitMs: 100, body: '\u0000\u2028' }],
    }
    expect(deserialise(serialise(exchange))).toEqual(exchange)
  })

  test('a killed process leaves every whole line, and the run is partial', () => {
    const path = folder()
    const script = `
      import { openRecord } from ${JSON.stringify(import.meta.resolve('./store.ts'))}
      import { madeUpVerdict } from ${JSON.stringify(import.meta.resolve('../testing/made-up.ts'))}
      const recorder = openRecord(${JSON.stringify(path)}, ${JSON.stringify(unfinished)})
      for (let index = 0; index < 57; index++) recorder.append(madeUpVerdict({ id: String(index) }))
      process.kill(process.pid, 'SIGKILL')`
    expect(() => execFileSync(process.execPath, ['--input-type=module-typescript', '--eval', script])).toThrow('SIGKILL')
    appendFileSync(join(path, FILES.verdicts), '{"id":"half')
    const { verdicts, partial } = readRecord(path)
    expect(verdicts).toHaveLength(57)
    expect(partial).toBe(true)
  })

  test('a record whose last verdicts are gone is no whole run, although it says that it ended', () => {
    const path = folder()
    const recorder = openRecord(path, madeUpRun({ planned: 2 }))
    recorder.append(madeUpVerdict({ id: 'first' }))
    recorder.append(madeUpVerdict({ id: 'second' }))
    recorder.end(madeUpRun({ planned: 2 }))
    expect(readRecord(path).partial).toBe(false)
    const lines = readFileSync(join(path, FILES.verdicts), 'utf8')
    writeFileSync(join(path, FILES.verdicts), lines.slice(0, lines.length - 20))
    expect(readRecord(path)).toMatchObject({ verdicts: [{ id: 'first' }], partial: true })
  })

  test('a new record replaces the old one, its reports, and what a killed run was at work on', () => {
    const path = folder()
    openRecord(path, madeUpRun()).append(madeUpVerdict())
    writeFileSync(join(path, FILES.junit), 'old')
    mkdirSync(join(path, `${SCRATCH}left`, 'report'), { recursive: true })
    openRecord(path, madeUpRun())
    expect(readRecord(path).verdicts).toEqual([])
    expect(readdirSync(path).toSorted()).toEqual([FILES.exchanges, FILES.run, FILES.verdicts])
  })

  test('leaves what a load and a watch keep in the same folder', () => {
    const path = folder()
    for (const name of Object.values(NEIGHBOURS)) {
      mkdirSync(join(path, name))
      writeFileSync(join(path, name, 'results.json'), 'theirs')
    }
    openRecord(path, madeUpRun())
    for (const name of Object.values(NEIGHBOURS)) expect(readFileSync(join(path, name, 'results.json'), 'utf8')).toBe('theirs')
  })

  test.for([
    ['a foreign file', 'thesis.doc'],
    ['a file with one of our names and no record beside it', 'index.html'],
    ['a run.json that is no run', 'run.json'],
  ] as const)('refuses a folder with %s', ([, name]) => {
    const path = folder()
    writeFileSync(join(path, name), 'precious')
    expect(() => openRecord(path, madeUpRun())).toThrow(`holds ${name}, which this suite did not write`)
    expect(readFileSync(join(path, name), 'utf8')).toBe('precious')
  })

  test('names the records that lie below a folder without one, as below that of a watch', () => {
    const path = folder()
    openRecord(join(path, 'last'), madeUpRun())
    expect(() => readRecord(path)).toThrow(`There is no record of a run in ${path}, but in ${join(path, 'last')}: give that.`)
    openRecord(join(path, 'failed'), madeUpRun())
    expect(() => readRecord(path)).toThrow(`but in ${join(path, 'failed')} and in ${join(path, 'last')}: give one of them.`)
  })

  test('refuses to read what is no record or a damaged one', () => {
    const path = folder()
    expect(() => readRecord(path)).toThrow(`There is no record of a run in ${path}; run the suite first.`)
    writeFileSync(join(path, FILES.run), '{')
    expect(() => readRecord(path)).toThrow('run.json is not the record of a run, or it is damaged')
    rmSync(join(path, FILES.run))
    openRecord(path, madeUpRun())
    appendFileSync(join(path, FILES.verdicts), '{"id":"half\n{}\n')
    expect(() => readRecord(path)).toThrow('line 1')
  })

  test.skipIf(!existsSync('/dev/full'))('a full disk costs the record, not the run: the summary is made from memory', async () => {
    const path = folder()
    const recorder = openRecord(path, unfinished)
    rmSync(join(path, FILES.verdicts))
    symlinkSync('/dev/full', join(path, FILES.verdicts))
    const verdict = madeUpVerdict({ outcome: 'failed' })
    expect(recorder.append(verdict)).toEqual(verdict)
    expect(recorder.trouble).toBe('ENOSPC')
    recorder.end(madeUpRun())
    const { text, trouble } = await reportOn(path, recordingOf([verdict], 'must'), recorder.trouble)
    expect(trouble).toBe('ENOSPC')
    expect(text).toContain('1 failed')
  })

  test('a verdict is recorded once', () => {
    const path = folder()
    const recorder = openRecord(path, madeUpRun())
    recorder.append(madeUpVerdict())
    expect(() => recorder.append(madeUpVerdict())).toThrow('recorded twice')
    appendFileSync(join(path, FILES.verdicts), `${JSON.stringify(madeUpVerdict())}\n`)
    expect(() => readRecord(path)).toThrow('twice')
  })
})

describe('redactor', () => {
  const secret = 'sk-"ké/y+ =&%<1>'
  const redactor = createRedactor([secret, '', 'abc'])

  test.for([
    ['bare', `Bearer ${secret}`],
    ['JSON-escaped', JSON.stringify({ secret })],
    ['JSON-escaped, ASCII only', '"sk-\\"k\\u00e9/y+ =&%<1>"'],
    ['JSON-escaped twice', JSON.stringify(JSON.stringify(secret))],
    ['url-encoded', `?key=${encodeURIComponent(secret)}`],
    ['url-encoded with plus', `?key=${encodeURIComponent(secret).replaceAll('%20', '+')}`],
    ['HTML-escaped', 'sk-&quot;ké/y+ =&amp;%&lt;1&gt;'],
    ['base64', Buffer.from(secret).toString('base64')],
    ['base64 behind one byte', Buffer.from(`u${secret}!`).toString('base64')],
    ['base64url behind five bytes', Buffer.from(`user:${secret}`).toString('base64url')],
  ] as const)('removes a secret that is %s, and keeps the length', ([, text]) => {
    const redacted = redactor.text(text)
    expect(redacted).not.toBe(text)
    expect(redacted).toContain('[redacted')
    expect(Buffer.byteLength(redacted)).toBe(Buffer.byteLength(text))
    expect(Buffer.from(redactor.bytes(Buffer.from(text))).toString()).toBe(redacted)
  })

  test('removes what an excerpt that was cut shows of a secret', () => {
    expect(redactor.text(`the key sk-"ké… (+9 characters)`)).toBe('the key [redact… (+9 characters)')
    expect(redactor.text('…=&%<1> of another')).toBe('…[redac of another')
  })

  test('removes a secret that is longer than V8 takes in a pattern, and no piece of it alone', () => {
    const long = Array.from({ length: 70_001 }, (_unused, index) => String.fromCharCode(97 + ((index * index) % 23))).join('')
    const patient = createRedactor([long])
    expect(patient.text(`a ${long} z`)).toMatch(/^a (?:\[redacted-+\]){3} z$/)
    expect(patient.text(`a ${long.slice(-8)} z`)).toBe(`a ${long.slice(-8)} z`)
  })

  test('leaves everything else as it is', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_unused, index) => index)
    expect(redactor.text('abc \ud800')).toBe('abc \ud800')
    expect([...redactor.bytes(bytes)]).toEqual([...bytes])
  })

  test('finds a secret that is split over three chunks, and moves no byte', () => {
    const exchange = madeUpExchange(['data: sk-', '"ké/y+', ' =&%<1> end'])
    const { chunks } = redactor.exchange(exchange)
    expect(chunks.map(({ bytes }) => bytes.length)).toEqual(exchange.chunks.map(({ bytes }) => bytes.length))
    expect(Buffer.concat(chunks.map(({ bytes }) => bytes)).toString()).toBe('data: [redacted-------] end')
  })

  test.for([
    ['gzip', gzipSync, gunzipSync],
    ['br', brotliCompressSync, brotliDecompressSync],
  ] as const)('finds a secret that is compressed: %s', ([coding, encode, decode]) => {
    const compressed = (text: string) => ({
      ...madeUpExchange(),
      headers: [['content-encoding', coding] as const],
      chunks: [{ at: 1, bytes: encode(text) }],
    })
    const { chunks } = redactor.exchange(compressed(`wrong key: ${secret}`))
    expect(decode(chunks[0]?.bytes ?? '').toString()).toBe('wrong key: [redacted-------]')
    const harmless = compressed('wrong key')
    expect(redactor.exchange(harmless)).toBe(harmless)
  })
})

describe('gate', () => {
  test.for([
    ['passed only', run(['MUST', 'passed']), [0, 0, 0]],
    ['a failed MUST', run(['MUST', 'passed'], ['MUST', 'failed']), [1, 1, 0]],
    ['a failed SHOULD', run(['MUST', 'passed'], ['SHOULD', 'failed']), [0, 1, 0]],
    ['a failed MAY', run(['MUST', 'passed'], ['MAY', 'failed']), [0, 0, 0]],
    ['a blocked MUST', run(['MUST', 'passed'], ['MUST', 'blocked']), [3, 3, 3]],
    ['a blocked SHOULD', run(['MUST', 'passed'], ['SHOULD', 'blocked']), [0, 0, 0]],
    ['failed and blocked', run(['MUST', 'failed'], ['MUST', 'blocked']), [1, 1, 3]],
    ['broken wins', run(['MUST', 'failed'], ['MAY', 'broken']), [4, 4, 4]],
    ['nothing judged', run(['MUST', 'inconclusive'], ['MUST', 'not applicable']), [3, 3, 3]],
    ['no verdicts', [], [4, 4, 4]],
  ] as const)('%s', ([, verdicts, [must, should, never]]) => {
    expect((['must', 'should', 'never'] as const).map((failOn) => gate(recordingOf(verdicts, failOn)).code)).toEqual([must, should, never])
    expect(gate(recordingOf(verdicts, 'must')).sentence).toMatch(/\.$/)
  })

  test.for([
    ['502 to all', [502], 'network', 3],
    ['429 to all', [429], 'HTTP', 3],
    ['403 to all', [403], 'credentials', 3],
    ['cut by a proxy', [undefined], 'network', 3],
    ['a failure in a whole answer beside it', [502, 200], 'network', 1],
    ['500, which is the server', [500], 'HTTP', 1],
    ['a cause in the pod', [502], 'pod', 1],
  ] as const)('what stands before the server is not its failure: %s', ([, statuses, layer, code]) => {
    const exchanges = statuses.map((status, index) => {
      const { status: _status, ...exchange } = madeUpExchange(undefined, `x${index}`)
      return status === undefined ? exchange : { ...exchange, status }
    })
    const { ended } = madeUpRun()
    if (ended === undefined) throw new Error('a made-up run has ended')
    const verdicts = exchanges.map(({ id }) =>
      madeUpVerdict({ id, outcome: 'failed', findings: [{ exchange: id, where: 'status line', got: 'a', wanted: 'b' }] }),
    )
    const about = madeUpRun({ ended: { ...ended, cause: { id: 'x', layer, sentence: 's', evidence: [], remedy: 'r' } } })
    const recording = { run: about, verdicts, exchanges: new Map(exchanges.map((exchange) => [exchange.id, exchange])), partial: false }
    expect(gate(recording).code).toBe(code)
    expect(headline(recording).state).toBe(code === 3 ? 'unjudged' : 'fails')
  })

  test('counts every verdict once in every way of counting', () => {
    const { total, effect, outcome, level } = counts(everyVerdict(), 'must')
    expect([sum(effect), sum(outcome), sum(level.MUST) + sum(level.SHOULD) + sum(level.MAY)]).toEqual([total, total, total])
    expect(effect).toEqual({
      passed: 3,
      failure: 1,
      warning: 2,
      known: 3,
      waived: 3,
      blocked: 3,
      inconclusive: 3,
      'not applicable': 3,
      broken: 3,
    })
  })
})
