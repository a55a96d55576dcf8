import { readdirSync, readFileSync } from 'node:fs'
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'

/** One exchange with a real vLLM, as it was recorded. */
export interface Recorded {
  /** The tool parser; `none` without one, `hermes-without-auto` without --enable-auto-tool-choice. */
  readonly parser: string
  /** `reference`, `busy` (16 other clients), `stream-interval 5` (that option of the server), `generated` (a model that is not scripted). */
  readonly conditions: string
  readonly case: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** The body that was sent. */
  readonly request?: string
  /** Where it was not the right key: the Authorization header, null without one. */
  readonly authorization?: string | null
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array
  /** Of a stream: milliseconds since the request and offset in the body of each piece that arrived. */
  readonly pieces?: readonly (readonly [number, number])[]
  /** Why the connection ended early. */
  readonly cut?: string
  /** What the model wrote, byte for byte unless max_tokens or a grammar stopped it; absent where it is not known. */
  readonly wrote?: string
  /** The calls that this text means. */
  readonly calls?: readonly (readonly [string, unknown])[]
}

export interface Packed {
  readonly version: string
  readonly exchanges: readonly Recorded[]
}

/** How a file holds it: strings that recur are listed once, bodies are the UTF-8 text that they are. */
interface Stored {
  readonly version: string
  readonly texts: readonly string[]
  readonly exchanges: readonly StoredExchange[]
}

type StoredExchange = Omit<Recorded, 'parser' | 'conditions' | 'case' | 'request' | 'wrote' | 'body' | 'pieces'> & {
  readonly of: readonly [parser: number, conditions: number, name: number, request: number, wrote: number]
  readonly body: string
  /** Each number less the one before it of its kind. */
  readonly pieces?: readonly number[]
}

/** The bytes of a file of recordings. Answers to one question stand together, which halves the file. */
export function pack({ version, exchanges }: Packed): Uint8Array {
  const texts: string[] = []
  const places = new Map<string, number>()
  const placeOf = (text: string | undefined): number => {
    if (text === undefined) return -1
    let place = places.get(text)
    if (place === undefined) {
      place = texts.push(text) - 1
      places.set(text, place)
    }
    return place
  }
  const stored = exchanges
    .toSorted((a, b) => (a.case < b.case ? -1 : a.case > b.case ? 1 : 0))
    .map(({ parser, conditions, case: name, request, wrote, body, pieces, ...rest }): StoredExchange => {
      const text = Buffer.from(body).toString('utf8')
      if (!Buffer.from(text).equals(body)) throw new Error(`${version} ${parser} ${name}: the body is no UTF-8`)
      return {
        of: [placeOf(parser), placeOf(conditions), placeOf(name), placeOf(request), placeOf(wrote)],
        ...rest,
        body: text,
        ...(pieces === undefined
          ? {}
          : { pieces: pieces.flatMap(([ms, offset], at) => [ms - (pieces[at - 1]?.[0] ?? 0), offset - (pieces[at - 1]?.[1] ?? 0)]) }),
      }
    })
  const json = Buffer.from(JSON.stringify({ version, texts, exchanges: stored } satisfies Stored))
  return brotliCompressSync(json, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: json.length },
  })
}

/** Every recording in mocks/recordings/answers. */
export function recordedAnswers(): Packed[] {
  const folder = new URL('answers/', import.meta.url)
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json.br'))
    .toSorted()
    .map((name) => unpack(readFileSync(new URL(name, folder))))
}

function unpack(bytes: Uint8Array): Packed {
  const { version, texts, exchanges } = JSON.parse(brotliDecompressSync(bytes).toString('utf8')) as Stored
  return {
    version,
    exchanges: exchanges.map(({ of, body, pieces, ...rest }): Recorded => {
      const [parser, conditions, name, request, wrote] = of
      return {
        parser: texts[parser] ?? '',
        conditions: texts[conditions] ?? '',
        case: texts[name] ?? '',
        ...rest,
        ...(request === -1 ? {} : { request: texts[request] ?? '' }),
        ...(wrote === -1 ? {} : { wrote: texts[wrote] ?? '' }),
        body: Buffer.from(body),
        ...(pieces === undefined ? {} : { pieces: sums(pieces) }),
      }
    }),
  }
}

function sums(steps: readonly number[]): [number, number][] {
  let [ms, offset] = [0, 0]
  return Array.from({ length: steps.length / 2 }, (_, at) => {
    ms += steps[2 * at] ?? 0
    offset += steps[2 * at + 1] ?? 0
    return [ms, offset]
  })
}
