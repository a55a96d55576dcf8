import { readdirSync, readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createVllm, type VllmOptions } from '../vllm/vllm.ts'
import { exclusions } from './exclusions.ts'
import { factsOf, type Facts } from './facts.ts'

interface Request {
  method: string
  path: string
  body?: string
  authorization?: string | null
}

interface Recording {
  source: string
  vllm: string
  parser: NonNullable<VllmOptions['parser']>
  cases: Record<string, Facts>
}

const here = import.meta.dirname

const requests: Record<string, Request> = JSON.parse(readFileSync(`${here}/requests.json`, 'utf8'))
const recordings = readdirSync(here)
  .filter((name) => name.startsWith('vllm-'))
  .map((name): Recording => JSON.parse(readFileSync(`${here}/${name}`, 'utf8')))

function isExcluded(recording: Recording, name: string): boolean {
  return exclusions.some(({ cases }) => cases[`${recording.vllm} ${recording.parser}`]?.includes(name))
}

/** Sends one recorded request to the mock and reads the same facts off its answer. */
function replay(recording: Recording, name: string): Facts {
  const { method, path, body = '', authorization } = requests[name]!
  const vllm = createVllm({ profile: recording.vllm, parser: recording.parser, model: 'puppet', apiKey: 'sk-test', maxModelLen: 4096 })
  const key = authorization === undefined ? 'Bearer sk-test' : authorization
  const headers = { 'content-type': 'application/json', ...(key === null ? {} : { authorization: key }) }
  const answer = vllm.answer({ method, path, headers, body })
  return factsOf({ status: answer.status, headers: answer.headers, body: Buffer.concat(answer.chunks.map(({ bytes }) => bytes)).toString() })
}

describe.each(recordings.map((recording) => [`vLLM ${recording.vllm}, parser ${recording.parser}`, recording] as const))('%s', (_title, recording) => {
  const held = Object.entries(recording.cases).filter(([name]) => !isExcluded(recording, name))
  test.each(held)('%s', (name, facts) => {
    expect(replay(recording, name)).toEqual(facts)
  })

  test('no case is excluded that the mock answers alike', () => {
    const excluded = Object.entries(recording.cases).filter(([name]) => isExcluded(recording, name))
    expect(excluded.filter(([name, facts]) => isDeepStrictEqual(replay(recording, name), facts)).map(([name]) => name)).toEqual([])
  })
})
