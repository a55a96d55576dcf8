import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { listen } from '../vllm/listen.ts'
import { createVllm } from '../vllm/vllm.ts'
import { recordedAnswers } from './answers.ts'
import { factsOf, type AnswerFacts } from './facts.ts'
import { readLines, type Line } from './lines.ts'

const factsOfLine = ({ status, headers, body }: Line): AnswerFacts => factsOf({ status, headers, body })

test('a live server is recorded as the packed recordings are: same cases, and of the mock what it answers', async () => {
  const out = mkdtempSync(join(tmpdir(), 'recording-'))
  const made = { profile: '0.25.1', model: 'served', apiKey: 'sk-live', maxModelLen: 4096 }
  const server = await listen(createVllm(made))
  try {
    const script = resolve(import.meta.dirname, 'record.ts')
    const flags = ['--base-url', server.url, '--parser', 'hermes', '--key', made.apiKey, '--out', out, '--scripted']
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...flags])
    expect(stdout).toContain('answers of served, vLLM 0.25.1')
    const lines = readLines(join(out, 'vllm-0.25.1', 'hermes', 'record.jsonl.gz'))
    const packed = recordedAnswers().findLast(({ exchanges }) => exchanges.some(({ conditions }) => conditions === 'reference'))
    const cases = packed?.exchanges.flatMap((one) => (one.parser === 'hermes' && one.conditions === 'reference' ? [one.case] : []))
    expect(lines.map((line) => line.case).toSorted()).toEqual(cases?.toSorted())
    const stream = lines.find((line) => line.case === 'auto.stream')
    expect(stream?.chunks?.[0]?.[1]).toBe(0)
    // Asked without a socket, the mock answers alike.
    const mock = createVllm(made)
    for (const line of lines) {
      const key = line.authorization === undefined ? `Bearer ${made.apiKey}` : line.authorization
      const headers = { 'content-type': 'application/json', ...(key === null ? {} : { authorization: key }) }
      const answer = mock.answer({ method: line.method, path: line.path, headers, body: line.request ?? '' })
      const body = Buffer.concat(answer.chunks.map(({ bytes }) => bytes)).toString()
      expect(factsOfLine(line), line.case).toEqual(factsOf({ status: answer.status, headers: answer.headers, body }))
    }
  } finally {
    await server.close()
    rmSync(out, { recursive: true })
  }
})
