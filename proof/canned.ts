import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the canned server sends, by form: a content type, and the pieces of the body in base64. */
export type Canned = Readonly<Record<'plain' | 'stream', { readonly type: string; readonly pieces: readonly string[] }>>

// What node:http can do at best: it looks at one word of the request, and writes bytes that are ready. Prints its address.
const canned = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Canned
const ready = Object.fromEntries(
  Object.entries(canned).map(([form, { type, pieces }]) => [form, { type, pieces: pieces.map((piece) => Buffer.from(piece, 'base64')) }]),
)
const server = createServer((request, response) => {
  let body = ''
  request.setEncoding('utf8').on('data', (text: string) => (body += text))
  request.on('end', () => {
    const { type, pieces } = ready[body.includes('"stream":true') ? 'stream' : 'plain'] ?? { type: '', pieces: [] }
    response.writeHead(200, { 'content-type': type })
    for (const piece of pieces) response.write(piece)
    response.end()
  })
}).listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
