import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { request as http, type IncomingMessage } from 'node:http'
import { request as https } from 'node:https'
import { join } from 'node:path'
import { readArguments, runCommand } from '../../fixtures/command.ts'
import { EXIT } from '../../fixtures/exit-codes.ts'
import { messageOf } from '../../fixtures/thrown.ts'
import { UserMistake } from '../../fixtures/user-mistake.ts'
import { excerpt } from '../../fixtures/text.ts'
import { attempt, isObject } from '../vllm/json.ts'
import { writeLines, type Line } from './lines.ts'

/*
 * Asks a live server every request of requests.json, in its order, and writes the answers byte for byte to
 * FOLDER/vllm-VERSION/PARSER/record-generated.jsonl.gz, which pack.ts packs. `--scripted` says that the model writes what the requests
 * lead to (auto: a call, text: no call …), as the mock does: the file is then record.jsonl.gz, which the mock is held against.
 */

/** One entry of requests.json: its body names the model puppet, which the served one takes the place of. */
interface Asked {
  readonly method: Line['method']
  readonly path: string
  readonly body?: string
  /** The Authorization header, null for none; absent where it is the server's own key. */
  readonly authorization?: string | null
}

const usage = 'npm run record -- --base-url URL --parser NAME [--key KEY] [--out FOLDER] [--scripted]'
const options = {
  'base-url': { type: 'string' },
  parser: { type: 'string' },
  key: { type: 'string' },
  out: { type: 'string', default: 'recordings' },
  scripted: { type: 'boolean', default: false },
} as const

/** The server that is recorded. */
interface Live {
  readonly base: URL
  readonly key: string | undefined
}

/** The answer as it arrived; `cut` when the connection ended before the body did. */
async function ask({ base, key }: Live, name: string, { method, path, body, authorization }: Asked): Promise<Line> {
  const url = new URL(path, base)
  const bearer = authorization === undefined ? (key === undefined ? null : `Bearer ${key}`) : authorization
  const headers = {
    connection: 'close',
    ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    ...(bearer === null ? {} : { authorization: bearer }),
  }
  const begun = performance.now()
  const sent = (url.protocol === 'https:' ? https : http)(url, { method, headers, agent: false })
  sent.end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const pieces: Buffer[] = []
  const chunks: [ms: number, offset: number][] = []
  let length = 0
  let cut: string | undefined
  try {
    for await (const piece of answer as AsyncIterable<Buffer>) {
      chunks.push([Math.round(performance.now() - begun), length])
      pieces.push(piece)
      length += piece.length
    }
  } catch (error) {
    cut = String(error)
  }
  const raw = answer.rawHeaders
  return {
    case: name,
    method,
    path,
    request: body ?? null,
    ...(authorization === undefined ? {} : { authorization }),
    status: answer.statusCode ?? 0,
    headers: Array.from({ length: raw.length / 2 }, (_, at) => [raw[2 * at] ?? '', raw[2 * at + 1] ?? ''] as const),
    body: Buffer.concat(pieces).toString('utf8'),
    ...(answer.headers['content-type']?.startsWith('text/event-stream') === true ? { chunks } : {}),
    ...(cut === undefined ? {} : { cut }),
  }
}

/** A key of a JSON answer that has to be 200: what a server that cannot be recorded lacks. */
async function told(server: Live, path: string, pick: (body: Record<string, unknown>) => string | undefined): Promise<string> {
  const { status, body } = await ask(server, path, { method: 'GET', path }).catch((error: unknown) => {
    throw new UserMistake(`${server.base.origin} does not answer: ${messageOf(error)}.`, { cause: error })
  })
  const read = status === 200 ? attempt(body) : undefined
  const found = isObject(read) ? pick(read) : undefined
  if (found === undefined) throw new UserMistake(`${server.base.origin} cannot be recorded: GET ${path} answers ${status} ${excerpt(body, 200)}.`)
  return found
}

async function main(): Promise<number> {
  const { values } = readArguments({ options }, usage)
  const { 'base-url': address, parser, key } = values
  if (address === undefined || parser === undefined) throw new UserMistake(`The server and its parser are missing: ${usage}.`)
  const base = URL.parse(address)
  if (base === null || !/^https?:$/.test(base.protocol)) throw new UserMistake(`${excerpt(address)} is no address such as http://localhost:8000.`)
  const server = { base, key }
  const version = await told(server, '/version', (body) => body['version'] as string | undefined)
  const model = await told(server, '/v1/models', (body) => (body['data'] as { readonly id: string }[] | undefined)?.[0]?.id)
  const requests = JSON.parse(readFileSync(new URL('requests.json', import.meta.url), 'utf8')) as Readonly<Record<string, Asked>>
  const lines: Line[] = []
  for (const [name, asked] of Object.entries(requests)) {
    const body = asked.body?.replaceAll('"puppet"', JSON.stringify(model))
    const path = asked.path.replace('/puppet', `/${encodeURIComponent(model)}`)
    lines.push(await ask(server, name, { ...asked, path, ...(body === undefined ? {} : { body }) }))
  }
  const folder = join(values.out, `vllm-${version.replace(/[^\d.].*$/, '')}`, parser)
  mkdirSync(folder, { recursive: true })
  const file = join(folder, values.scripted ? 'record.jsonl.gz' : 'record-generated.jsonl.gz')
  writeLines(file, lines)
  console.log(`${file}: ${lines.length} answers of ${model}, vLLM ${version}`)
  return EXIT.conforms
}

await runCommand(main)
