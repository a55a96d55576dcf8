import { describe, expect, test } from 'vitest'
import type { Fault } from './fault.ts'
import { faultOf, faults } from './faults/index.ts'
import { createVllm, type MockAnswer } from './vllm.ts'

/** Everything that a client can see of the trigger, as text. */
function play(fault: Fault, on: boolean): string {
  const vllm = createVllm({
    ...(on ? { fault } : {}),
    ...(fault.needsKey ? { apiKey: 'sk-test' } : {}),
    clock: () => 1_800_000_000_000,
    seed: 7,
  })
  return fault.trigger
    .map((step) => {
      if (!step.meanwhile) return shown(vllm.answer(step))
      const answer = vllm.begin(step)
      if (step.meanwhile === 'leaves') vllm.disconnected(answer.id, 1)
      return shown(answer)
    })
    .join('\n--\n')
}

function shown({ status, headers, chunks, end, head }: MockAnswer): string {
  const body = Buffer.concat(chunks.map(({ bytes }) => bytes)).toString()
  return [status, JSON.stringify(headers), head ? Buffer.from(head).toString() : '', body, end].join('\n')
}

describe('faults', () => {
  test.each(faults.map((fault) => [fault.id, fault] as const))('%s shows on its trigger', (id, fault) => {
    const healthy = play(fault, false)
    const faulty = play(fault, true)
    expect(faulty).not.toBe(healthy)
    expect(faulty).toBe(play(fault, true))
    expect(faulty).not.toContain(id)
    expect(faulty).not.toContain(fault.what)
  })

  test('have names of their own, a sentence and a class', () => {
    const ids = faults.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.length).toBeGreaterThanOrEqual(60)
    for (const { id, what, class: kind } of faults) {
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)+$/)
      expect(what).toMatch(/^[A-Za-z[].*\.$/)
      expect(kind).toMatch(/^C(0[1-9]|[1-5]\d|6[0-8])$/)
    }
  })

  test('cover every class', () => {
    const covered = new Set<string>(faults.map((fault) => fault.class))
    const missing = Array.from({ length: 68 }, (_, i) => `C${String(i + 1).padStart(2, '0')}`).filter((kind) => !covered.has(kind))
    expect(missing).toEqual([])
  })

  test('an unknown name is answered with the nearest', () => {
    expect(() => faultOf('done-mising')).toThrow('the nearest is done-missing')
  })
})
