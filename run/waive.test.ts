import { expect, test } from 'vitest'
import type { Run, Verdict, Waiver } from '../fixtures/record.ts'
import { unitsOf } from '../fixtures/run/plan.ts'
import type { Recording } from '../reports/store.ts'
import { madeUpRun, madeUpVerdict } from '../testing/made-up.ts'
import { loadScenarios } from './scenarios.ts'
import { namesOf } from './terms.ts'
import { addWaivers, pruneWaivers } from './waive.ts'
import { readWaivers } from './waivers.ts'

const NOW = new Date('2026-11-28T12:00:00Z')
const names = namesOf(unitsOf(await loadScenarios(5)))

const recordingOf = (verdicts: readonly Verdict[], changes: Partial<Run> = {}): Recording => ({
  run: madeUpRun(changes),
  verdicts,
  exchanges: new Map(),
  partial: false,
})

const failed = (id: string): Verdict => madeUpVerdict({ id, outcome: 'failed', title: `MUST hold ${id}` })

const FILE = `# Waivers of team-a; ask in #llm before you add one.
waivers:
  # --- streams ---
  - check: stream.done # seen since 0.25
    expect: failed
    when: { vllm: '>=0.25 <0.33', parser: hermes }
    reason: "the agent's reader closes the stream itself"
    link: https://example.com/1
    owner: team-a
    expires: '2026-12-31'

  # --- usage ---
  - check: usage.sum
    expect: failed
    reason: billing counts for itself
    link: https://example.com/2
    owner: team-b
    expires: 2026-12-31
# the end
`

test('writes an entry for each failure, with TODO where a person has to write, and is refused until that is done', () => {
  const { text, entries, notes } = addWaivers(
    '',
    'w.yaml',
    recordingOf([failed('stream.done'), madeUpVerdict(), failed('auto.calls')]),
    NOW,
  )
  expect(text).toBe(`waivers:
  # MUST hold stream.done
  - check: stream.done
    expect: failed
    reason: TODO
    link: TODO
    owner: TODO
    expires: 2027-02-26
`)
  expect(entries).toEqual(['stream.done: MUST hold stream.done'])
  expect(notes).toEqual([expect.stringContaining('auto.calls belongs to the core')])
  expect(() => readWaivers(text, 'w.yaml', names, NOW)).toThrow(/^w\.yaml:5: reason .*\nw\.yaml:6: link .*\nw\.yaml:7: owner /)
  const filled = text
    .replace('reason: TODO', 'reason: x')
    .replace('link: TODO', 'link: https://example.com')
    .replace('owner: TODO', 'owner: x')
  expect(readWaivers(filled, 'w.yaml', names, NOW)).toHaveLength(1)
})

const noted = (changes: Partial<Run>) => addWaivers(FILE, 'w.yaml', recordingOf([failed('stream.done')], changes), NOW).notes

test('an entry that the last run did not know is another matter than one that did not apply', () => {
  const ended: Run['ended'] = { at: '', exitCode: 1, requests: 0, tokens: 0, seconds: 0, waivers: [waiver('stream.done', 'unused')] }
  expect(noted({})).toEqual(['stream.done has an entry already, which came after the last run: run the suite again.'])
  expect(noted({ ended })).toEqual(['stream.done has an entry already, which did not apply: look at it.'])
})

test('keeps what stands in the file, its comments and its order, and doubles nothing', () => {
  const { text, entries, notes } = addWaivers(FILE, 'w.yaml', recordingOf([failed('stream.done'), failed('usage.bounds')]), NOW)
  expect(entries).toEqual([expect.stringContaining('usage.bounds')])
  expect(notes).toEqual([expect.stringContaining('stream.done has an entry already')])
  const ours = text.split('\n').filter((line) => !/usage\.bounds|TODO|2027-02-26/.test(line))
  for (const line of FILE.split('\n').filter((each) => each.trim() !== '')) expect(ours.map((each) => each.trim())).toContain(line.trim())
  expect(text.indexOf('stream.done')).toBeLessThan(text.indexOf('usage.sum'))
  expect(text.indexOf('usage.sum')).toBeLessThan(text.indexOf('usage.bounds'))
})

const waiver = (check: string, state: Waiver['state'], when?: Waiver['when']): Waiver => ({
  check,
  expect: 'failed',
  reason: '',
  link: '',
  owner: '',
  expires: '',
  daysLeft: 1,
  at: '',
  state,
  verdicts: [],
  ...(when === undefined ? {} : { when }),
})

test('takes out what the last run found stale, and nothing else', () => {
  const { ended } = madeUpRun()
  if (ended === undefined) throw new Error('a made-up run has ended')
  const of = (...waivers: Waiver[]): Recording => recordingOf([], { ended: { ...ended, waivers } })
  const conditions = { vllm: '>=0.25 <0.33', parser: 'hermes' }

  const first = pruneWaivers(FILE, 'w.yaml', of(waiver('stream.done', 'stale', conditions), waiver('usage.sum', 'applied')))
  expect(first.entries).toEqual([expect.stringContaining('stream.done is taken out')])
  expect(first.text).not.toContain('stream.done')
  for (const comment of ['# Waivers of team-a', '# --- streams ---', '# --- usage ---', '# the end']) expect(first.text).toContain(comment)
  expect(readWaivers(first.text, 'w.yaml', names, NOW)).toMatchObject([{ check: 'usage.sum' }])

  const both = pruneWaivers(FILE, 'w.yaml', of(waiver('stream.done', 'stale', conditions), waiver('usage.sum', 'stale')))
  expect(readWaivers(both.text, 'w.yaml', names, NOW)).toEqual([])
  for (const comment of ['# Waivers of team-a', '# --- streams ---', '# --- usage ---', '# the end']) expect(both.text).toContain(comment)

  // Under other conditions it is another entry; expired and unused ones are the owner's to look at.
  expect(pruneWaivers(FILE, 'w.yaml', of(waiver('stream.done', 'stale'), waiver('usage.sum', 'expired'))).entries).toEqual([])
})

test('the title above an entry goes with it, what a person wrote there stays', () => {
  const verdict = madeUpVerdict({ id: 'usage.sum', outcome: 'failed' })
  const added = addWaivers('', 'w.yaml', recordingOf([verdict]), NOW).text
  expect(added).toContain(`# ${verdict.title}`)
  const { ended } = madeUpRun()
  if (ended === undefined) throw new Error('a made-up run has ended')
  const note = 'It was expected to fail, and it passed: take the entry out.'
  const recording = recordingOf([{ ...verdict, outcome: 'passed' }], {
    ended: { ...ended, waivers: [{ ...waiver('usage.sum', 'stale'), note }] },
  })
  const pruned = pruneWaivers(added.replace('  - check', '  # ours\n  - check'), 'w.yaml', recording)
  expect(pruned.text).not.toContain(verdict.title)
  expect(pruned.text).toContain('# ours')
  expect(pruned.entries).toEqual(['usage.sum is taken out: it was expected to fail, and it passed.'])
})
