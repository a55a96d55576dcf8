import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { unjudgedMember } from '../../reports/fleet/results.ts'
import { attemptsOf, best, EXCHANGE_BYTES, openLedger, PART_BYTES } from './ledger.ts'
import type { ConfigMap } from './objects.ts'

/** ConfigMaps in memory, with what the API server demands of their keys and values (ValidateConfigMap in k8s.io/kubernetes/pkg/apis/core). */
function cluster() {
  const held = new Map<string, ConfigMap>()
  return {
    held,
    configMap: async (name: string) => held.get(name),
    createConfigMap: async (one: ConfigMap) => {
      const size = Object.values(one.binaryData ?? {}).reduce((sum, text) => sum + Buffer.from(text, 'base64').length, 0)
      const twice = Object.keys(one.data ?? {}).find((key) => key in (one.binaryData ?? {}))
      if (twice !== undefined) throw new Error(`${one.metadata.name} has the key ${twice} in data and in binaryData`)
      if (size > 1024 * 1024) throw new Error(`${one.metadata.name} is too large: ${size}`)
      if (held.has(one.metadata.name)) return false
      held.set(one.metadata.name, one)
      return true
    },
  }
}

const place = { run: 'nightly-1', uid: 'u', index: 3 }
const result = unjudgedMember({ label: 'ws', context: 'c', namespace: 'n', name: 'ws' }, 1, 'does not conform')

test('what one attempt handed over bit by bit is read as one record, with the verdicts of its end', async () => {
  const objects = cluster()
  const ledger = openLedger(objects, place, 'pod-a')
  await ledger.append({ run: '1', verdicts: 'a\n', exchanges: 'x\n' })
  await ledger.append({ run: '2', verdicts: 'A\nB\n', whole: true, exchanges: 'y\n', result })
  expect([...objects.held.keys()]).toEqual(['nightly-1-3-0', 'nightly-1-3-1'])
  expect(await openLedger(objects, place, 'pod-b').read()).toEqual([
    { pod: 'pod-a', run: '2', verdicts: 'A\nB\n', exchanges: 'x\ny\n', result },
  ])
})

test('a later attempt writes over nothing, and the one that came to its end counts', async () => {
  const objects = cluster()
  await openLedger(objects, place, 'pod-a').append({ run: '1', verdicts: 'a\nb\n', exchanges: '' })
  await openLedger(objects, place, 'pod-b').append({ run: '1', verdicts: 'A\n', whole: true, exchanges: '', result })
  const attempts = await openLedger(objects, place, 'pod-c').read()
  expect(attempts.map(({ pod }) => pod)).toEqual(['pod-a', 'pod-b'])
  expect(best(attempts)?.pod).toBe('pod-b')
  expect(best(attempts.slice(0, 1))?.verdicts).toBe('a\nb\n')
})

test('a record of more than 1 MiB is spread over several objects, and an entry of which a part is missing does not count', async () => {
  const objects = cluster()
  const exchanges = `${randomBytes(PART_BYTES).toString('base64')}\n`
  await openLedger(objects, place, 'pod-a').append({ run: '1', verdicts: 'a\n', exchanges, result })
  expect(objects.held.size).toBeGreaterThan(1)
  expect((await openLedger(objects, place, 'pod-b').read())[0]?.exchanges).toBe(exchanges)
  expect(attemptsOf([...objects.held.values()].slice(1))).toEqual([])
})

test('above the bound the bytes of answers are left out and counted, and no verdict is', async () => {
  const exchanges = `${randomBytes(EXCHANGE_BYTES + PART_BYTES).toString('base64')}\n`
  const objects = cluster()
  await openLedger(objects, place, 'pod-a').append({ run: '1', verdicts: 'a\n', exchanges, result })
  const [attempt] = await openLedger(objects, place, 'pod-b').read()
  expect(attempt).toMatchObject({ verdicts: 'a\n', exchanges: '', leftOut: exchanges.length, result })
})
