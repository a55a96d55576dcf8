import { gunzipSync, gzipSync } from 'node:zlib'
import { excerpt } from '../../fixtures/text.ts'
import { EXIT } from '../../fixtures/exit-codes.ts'
import type { MemberResult } from '../../reports/fleet/results.ts'
import type { ConfigMap, Objects } from './objects.ts'

/**
 * What an index hands over, bit by bit: what its record has gained since the last entry of the same attempt. Files are those of the record
 * (reports/store.ts), as text.
 */
export interface Entry {
  /** run.json, whole. */
  readonly run: string
  /** Lines of verdicts.jsonl: those that are new, or with `whole` all of them as they are in the end. */
  readonly verdicts: string
  readonly whole?: boolean
  /** New lines of exchanges.jsonl. */
  readonly exchanges: string
  /** Bytes of exchanges that were left out, because the record is too large. */
  readonly leftOut?: number
  /** Only in the last entry of an attempt that came to its end. */
  readonly result?: MemberResult
}

/** All that one attempt at an index handed over. */
export interface Attempt extends Entry {
  /** Name of its pod. */
  readonly pod: string
}

/**
 * Bytes of one ConfigMap: the API server refuses more than 1 MiB of values (MaxSecretSize in k8s.io/kubernetes/pkg/apis/core), and names
 * and managed fields need some room in etcd's 1.5 MiB for a request.
 */
export const PART_BYTES = 1_000_000

/** Packed bytes of exchanges that one attempt hands over; verdicts have no bound. etcd holds 2 GiB by default, for the whole cluster. */
export const EXCHANGE_BYTES = 8 * PART_BYTES

/** The ledger of one index: ConfigMaps that are only ever added, `RUN-INDEX-0`, `-1`, …, by all attempts at it. */
export interface Ledger {
  /** All that was handed over, in the order in which attempts began. */
  readonly read: () => Promise<readonly Attempt[]>
  /** Hands over one entry, in as many ConfigMaps as it takes. Throws a ClusterTrouble. */
  readonly append: (entry: Entry) => Promise<void>
}

/** Whose ledger it is. */
export interface Place {
  /** Name of the Job that runs the fleet. */
  readonly run: string
  /** Its uid: what is handed over goes when that Job goes. */
  readonly uid: string
  readonly index: number
}

/** What binds an object to the Job that runs the fleet: the garbage collector removes it with that Job. */
export const ownedBy = ({ run, uid }: Pick<Place, 'run' | 'uid'>) => ({
  labels: { [RUN_LABEL]: run },
  ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: run, uid }],
})

/** On all that a run keeps in the cluster: its name. */
const RUN_LABEL = 'tool-calling-conformance/run'

/** Opens the ledger of an index. `pod` is who writes. */
export function openLedger(objects: Pick<Objects, 'configMap' | 'createConfigMap'>, place: Place, pod: string): Ledger {
  let next = 0
  let entries = 0
  let packed = 0
  const nameOf = (number: number): string => `${place.run}-${place.index}-${number}`
  const add = async (data: Readonly<Record<string, string>>, bytes: Uint8Array): Promise<void> => {
    const of = (): ConfigMap => ({
      metadata: { name: nameOf(next), ...ownedBy(place) },
      data,
      binaryData: { packed: Buffer.from(bytes).toString('base64') },
    })
    // Another attempt, that was thought lost, or a try whose answer was lost: neither is written over.
    while (!(await objects.createConfigMap(of()))) next += 1
    next += 1
  }
  return {
    async read() {
      const parts: ConfigMap[] = []
      for (;;) {
        const found = await objects.configMap(nameOf(next))
        if (found === undefined) break
        parts.push(found)
        next += 1
      }
      return attemptsOf(parts)
    },
    async append(entry) {
      let bytes = pack(entry)
      if (entry.exchanges !== '' && packed + bytes.length > EXCHANGE_BYTES)
        bytes = pack({ ...entry, exchanges: '', leftOut: Buffer.byteLength(entry.exchanges) })
      packed += bytes.length
      const count = Math.ceil(bytes.length / PART_BYTES)
      for (let part = 0; part < count; part += 1)
        await add(
          { pod, entry: String(entries), part: String(part), parts: String(count) },
          bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES),
        )
      entries += 1
    },
  }
}

const pack = (entry: Entry): Uint8Array => gzipSync(JSON.stringify(entry))

/** Puts together what stands in the ConfigMaps of one index. An entry of which a part is missing was cut, and does not count. */
export function attemptsOf(parts: readonly ConfigMap[]): readonly Attempt[] {
  const byPod = Map.groupBy(parts, ({ data }) => data?.['pod'] ?? '')
  return [...byPod].flatMap(([pod, own]) => {
    const entries = Map.groupBy(own, ({ data }) => Number(data?.['entry']))
    const whole = [...entries]
      .toSorted(([a], [b]) => a - b)
      .flatMap(([, pieces]) => {
        // The same part twice: the answer to the first try was lost.
        const distinct = new Map(pieces.map((piece) => [Number(piece.data?.['part']), piece]))
        if (distinct.size < Number(pieces[0]?.data?.['parts'])) return []
        const bytes = Buffer.concat(
          [...distinct].toSorted(([a], [b]) => a - b).map(([, { binaryData }]) => Buffer.from(binaryData?.['packed'] ?? '', 'base64')),
        )
        return [JSON.parse(gunzipSync(bytes).toString('utf8')) as Entry]
      })
    return whole.length === 0 ? [] : [{ pod, ...whole.reduce(joined) }]
  })
}

/** Two entries of one attempt as one. */
function joined(before: Entry, after: Entry): Entry {
  const leftOut = (before.leftOut ?? 0) + (after.leftOut ?? 0)
  const { result = before.result } = after
  return {
    run: after.run,
    verdicts: after.whole === true ? after.verdicts : before.verdicts + after.verdicts,
    exchanges: before.exchanges + after.exchanges,
    ...(leftOut === 0 ? {} : { leftOut }),
    ...(result === undefined ? {} : { result }),
  }
}

const lines = (text: string): number => text.split('\n').length - 1

/** An attempt that says something of the server; one that could not judge it is tried again. */
export const isSettled = ({ result }: Attempt): boolean => result !== undefined && result.exitCode !== EXIT.blocked

/** The attempt that counts: the first that says something of the server, else the last that came to its end, else the one that reached most. */
export const best = (attempts: readonly Attempt[]): Attempt | undefined =>
  attempts.find(isSettled) ??
  attempts.findLast(({ result }) => result !== undefined) ??
  attempts.toSorted((a, b) => lines(b.verdicts) - lines(a.verdicts))[0]

/** What was left out of a record, for people; undefined when nothing was. */
export const gapOf = (label: string, { leftOut }: Attempt): string | undefined =>
  leftOut === undefined
    ? undefined
    : `${excerpt(label)}: ${leftOut.toLocaleString('en-US')} bytes of answers were not handed over, because its record is larger than ${EXCHANGE_BYTES.toLocaleString('en-US')} packed bytes; its verdicts are complete.`
