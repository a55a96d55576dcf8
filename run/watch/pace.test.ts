import { assert, integer, property, record, array, boolean } from 'fast-check'
import { expect, test } from 'vitest'
import type { Counters } from '../../fixtures/load/counters.ts'
import { createPace } from './pace.ts'

const MINUTE = 60_000
const counters = (some: Partial<Counters>): Counters => ({
  requests: 0,
  tokens: undefined,
  running: 0,
  waiting: 0,
  refused: undefined,
  process: 1,
  ...some,
})

test('while others use the server, probes are never more than their share of what it answers between two of them', () => {
  const moment = record({ others: integer({ min: 0, max: 200 }), running: integer({ min: 0, max: 3 }), waiting: boolean() })
  assert(
    property(array(moment, { maxLength: 60 }), integer({ min: 1, max: 50 }), (moments, percent) => {
      const share = percent / 100
      const pace = createPace({ intervalMs: MINUTE, share })
      let [requests, others] = [0, 0]
      for (const { others: came, running, waiting } of moments) {
        requests += came
        others += came
        if (pace.look(counters({ requests, running, waiting: waiting ? 1 : 0 }), 4) !== undefined) continue
        expect({ waiting, fits: running === 0 || 4 / (4 + others) <= share }).toEqual({ waiting: false, fits: true })
        pace.probed(4, false)
        requests += 4
        others = 0
      }
    }),
  )
})

test('a server that nobody else uses is probed at each interval', () => {
  const pace = createPace({ intervalMs: MINUTE, share: 0.01 })
  for (let probe = 0; probe < 3; probe += 1) {
    expect(pace.look(counters({ requests: probe * 4 }), 4)).toBeUndefined()
    pace.probed(4, false)
    expect(pace.waitMs()).toBe(MINUTE)
  }
})

test('counters of another process say nothing of what others asked', () => {
  const pace = createPace({ intervalMs: MINUTE, share: 0.1 })
  expect(pace.look(counters({ requests: 1000, running: 1 }), 4)?.id).toBe('share-reached')
  expect(pace.look(counters({ requests: 1036, running: 1 }), 4)).toBeUndefined()
  pace.probed(4, false)
  expect(pace.look(counters({ requests: 5000, running: 1, process: 2 }), 4)?.id).toBe('share-reached')
  expect(pace.look(counters({ requests: 5036, running: 1, process: 2 }), 4)).toBeUndefined()
})

test('a server that turns requests away is left alone longer each time, and at the usual pace when it no longer does', () => {
  const pace = createPace({ intervalMs: MINUTE, share: 0.1 })
  const waits = [true, true, true, true, false].map((refused) => {
    pace.probed(4, refused)
    return pace.waitMs() / MINUTE
  })
  expect(waits).toEqual([1, 2, 4, 4, 1])
})

test('without counters the interval alone counts', () => {
  expect(createPace({ intervalMs: MINUTE, share: 0.01 }).look(undefined, 4)).toBeUndefined()
})
