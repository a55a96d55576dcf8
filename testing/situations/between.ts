import { createServer, type ServerResponse } from 'node:http'
import type { CauseId } from '../../fixtures/cause-catalogue.ts'
import { faultOf } from '../../mocks/vllm/faults/index.ts'
import type { VllmOptions } from '../../mocks/vllm/vllm.ts'
import type { Loopback } from '../loopback.ts'

/** What a hop does to a request and to its answer, each as text; one that answers by itself returns true. */
interface Hop {
  readonly asks?: (body: Record<string, unknown>) => Record<string, unknown>
  readonly answers?: (body: string) => string
  readonly instead?: (path: string, bytes: number, response: ServerResponse) => boolean
}

/** A hop before a workspace that is reached by an address, and the cause that must be named. */
interface BetweenSituation extends Hop {
  readonly server?: VllmOptions
  readonly cause: CauseId | undefined
  readonly says?: RegExp
  /** Words that the evidence must hold. */
  readonly evidence?: readonly string[]
}

const chat = '/v1/chat/completions'

/** Hops between an address and the Service of a workspace. */
export const between: readonly (readonly [what: string, situation: BetweenSituation])[] = [
  ['a hop that changes nothing', { cause: undefined }],
  [
    'a hop that drops the tools of a request',
    {
      asks: ({ tools: _tools, tool_choice: _choice, ...rest }) => rest,
      cause: 'hop-between',
      says: /^What stands between http:\S+ and the Service of workspace workspace-phi-4-mini-toolcall breaks it: \d+ of \d+ requirements/,
      evidence: [
        'through the address: POST /v1/chat/completions → 200',
        'through the Service: POST /v1/chat/completions → 200',
        'it would read:',
      ],
    },
  ],
  [
    'a hop that ends streams before their last event',
    { answers: (body) => body.replace('data: [DONE]\n\n', ''), cause: 'hop-between', says: /hold through the forwarded Service\.$/ },
  ],
  [
    'a hop with a limit on bodies, which is named already',
    {
      instead: (path, bytes, response) => {
        if (path !== chat || bytes < 300) return false
        response.writeHead(413, { 'content-type': 'text/html' }).end('<html><center>nginx/1.22.1</center></html>')
        return true
      },
      cause: 'body-limit',
      says: /^nginx refuses requests of/,
      evidence: ['through the address: POST /v1/chat/completions → 413', 'through the Service: POST /v1/chat/completions → 200'],
    },
  ],
  [
    'a hop that answers as a server that is loading',
    {
      instead: (_path, _bytes, response) => {
        response.writeHead(404).end()
        return true
      },
      cause: 'hop-between',
      says: /GET \/v1\/models is answered through the forwarded Service, and not through the address\.$/,
      evidence: ['models through the address: GET /v1/models → 404', 'models through the Service: GET /v1/models → 200'],
    },
  ],
  ['the server itself, both ways', { server: { fault: faultOf('done-missing') }, cause: 'stream-end' }],
]

/** The root of a hop before a server. */
export const hopBefore = (loopback: Loopback, upstream: string, { asks, answers, instead }: Hop): Promise<string> =>
  loopback.listen(
    createServer(async (request, response) => {
      const parts: Uint8Array[] = []
      for await (const part of request) parts.push(part)
      const text = Buffer.concat(parts).toString()
      if (instead?.(request.url ?? '', text.length, response) === true) return
      const { host: _host, connection: _connection, 'content-length': _length, ...headers } = request.headers
      const answer = await fetch(upstream + request.url, {
        method: request.method ?? 'GET',
        headers: headers as Record<string, string>,
        ...(text === '' ? {} : { body: asks && text.startsWith('{') ? changed(text, asks) : text }),
      })
      const body = await answer.text()
      response
        .writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' })
        .end(answers === undefined ? body : answers(body))
    }),
  )

function changed(text: string, asks: NonNullable<Hop['asks']>): string {
  try {
    return JSON.stringify(asks(JSON.parse(text) as Record<string, unknown>))
  } catch {
    return text
  }
}
