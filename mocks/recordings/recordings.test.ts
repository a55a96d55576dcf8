import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { profiles } from '../vllm/profiles.ts'
import { createVllm, type VllmOptions } from '../vllm/vllm.ts'
import { recordedAnswers, type Recorded } from './answers.ts'
import { recordedDefects, type Where } from './defects.ts'
import { factsOf, type AnswerFacts } from './facts.ts'

/** What the server that was recorded was started with. */
interface Recording extends Required<Pick<VllmOptions, 'profile' | 'model' | 'maxModelLen'>> {
  readonly parser: NonNullable<VllmOptions['parser']>
  readonly apiKey: string | undefined
  readonly cases: readonly Recorded[]
}

const KEY = 'sk-test'
const bodyOf = ({ body }: Recorded): string => Buffer.from(body).toString()

const recordings = recordedAnswers().flatMap(({ version, exchanges }) =>
  (['hermes', 'hermes-without-auto', 'none'] as const).flatMap((parser): Recording[] => {
    const cases = exchanges.filter((one) => one.parser === parser && one.conditions === 'reference')
    const models = cases.find(({ case: name }) => name === 'models')
    if (models === undefined) return []
    const [card] = (JSON.parse(bodyOf(models)) as { data: { id: string; max_model_len: number }[] }).data
    const apiKey = cases.some(({ case: name, status }) => name === 'error.no-key' && status === 401) ? KEY : undefined
    return [{ profile: version, parser, model: card!.id, maxModelLen: card!.max_model_len, apiKey, cases }]
  }),
)

const fits = ({ versions, parsers, cases }: Where, { profile, parser }: Recording, { case: name }: Recorded): boolean =>
  versions?.includes(profile) !== false && parsers?.includes(parser) !== false && cases?.test(name) !== false

/** The mock answers this case right, and the recording shows a defect. */
const isMended = (recording: Recording, recorded: Recorded): boolean =>
  recordedDefects.some(({ mended = [] }) => mended.some((part) => fits(part, recording, recorded)))

const recordedFacts = (recorded: Recorded): AnswerFacts => factsOf({ ...recorded, body: bodyOf(recorded) })

/** Sends one recorded request to the mock and reads the same facts off its answer. */
function replay({ profile, parser, model, maxModelLen, apiKey }: Recording, recorded: Recorded): AnswerFacts {
  const vllm = createVllm({ profile, parser, model, maxModelLen, ...(apiKey === undefined ? {} : { apiKey }) })
  const { method, path, request: body = '', authorization } = recorded
  const key = authorization === undefined ? `Bearer ${KEY}` : authorization
  const headers = { 'content-type': 'application/json', ...(key === null ? {} : { authorization: key }) }
  const answer = vllm.answer({ method, path, headers, body })
  return factsOf({ status: answer.status, headers: answer.headers, body: Buffer.concat(answer.chunks.map(({ bytes }) => bytes)).toString() })
}

test('every release that the mock answers as was recorded, or says what it was made from', () => {
  const recorded = new Set(recordings.map(({ profile }) => profile))
  const without = Object.values(profiles).filter(({ id, unrecorded }) => recorded.has(id) === (unrecorded !== undefined))
  expect(without.map(({ id }) => id), 'npm run record:pack adds recordings, `unrecorded` in mocks/vllm/profiles.ts says why there are none').toEqual([])
})

describe.each(recordings.map((recording) => [`vLLM ${recording.profile}, parser ${recording.parser}`, recording] as const))('%s', (_title, recording) => {
  const held = recording.cases.filter((recorded) => !isMended(recording, recorded))
  test.each(held.map((recorded) => [recorded.case, recorded] as const))('%s', (_name, recorded) => {
    expect(replay(recording, recorded)).toEqual(recordedFacts(recorded))
  })

  test('no case is excluded that the mock answers alike', () => {
    const excluded = recording.cases.filter((recorded) => isMended(recording, recorded))
    expect(excluded.filter((recorded) => isDeepStrictEqual(replay(recording, recorded), recordedFacts(recorded))).map((recorded) => recorded.case)).toEqual([])
  })
})

test('every part that says what the mock does right fits a recorded case', () => {
  const parts = recordedDefects.flatMap(({ number, mended = [] }) => mended.map((part) => ({ number, part })))
  expect(parts.filter(({ part }) => !recordings.some((recording) => recording.cases.some((recorded) => fits(part, recording, recorded))))).toEqual([])
})
