import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { pack, type Packed, type Recorded } from './answers.ts'

/**
 * Makes mocks/recordings/answers from a folder of recordings: vllm-VERSION/PARSER/record*.jsonl.gz, and vllm-VERSION/FOLDER with
 * NAME.request, NAME.head, NAME.body and NAME.times. Left out are /metrics, /health, /version, /tokenize and other doors that
 * no rule of the contract judges.
 */
interface Line {
  readonly case: string
  readonly method: Recorded['method']
  readonly path: string
  readonly request: string | null
  readonly authorization?: string | null
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
  readonly chunks?: Recorded['pieces']
  readonly cut?: string
  readonly failed?: string
  readonly scripts?: readonly Script[]
}

/** What the model was to write, and, where a grammar made it write something else, what it wrote (`said`). */
interface Script {
  readonly event: string
  readonly script?: string
  readonly said?: string
  readonly calls?: Recorded['calls']
}

/** The model's text and the calls it means; a grammar may change more than white space, and then the calls are not known. */
function wordsOf(scripts: readonly Script[] = []): Pick<Recorded, 'wrote' | 'calls'> {
  const [first] = scripts
  if (first?.script === undefined) return {}
  const said = scripts.find((script) => script.event === 'repaired')?.said?.replace(/<\|im_end\|>$/, '')
  const same =
    said === undefined ||
    (dense(said) === dense(first.script) &&
      leaves(first.calls).every((leaf) => said.includes(leaf) || said.includes(JSON.stringify(leaf).slice(1, -1))))
  return { wrote: said ?? first.script, ...(first.calls === undefined || !same ? {} : { calls: first.calls }) }
}

const wanted = (path: string): boolean => /^\/v1\/(?:chat\/completions|models|responses|messages)(?:\/|$)/.test(path)

const conditionsOf: Readonly<Record<string, string>> = {
  'record.jsonl.gz': 'reference',
  'record-busy.jsonl.gz': 'busy',
  'record-stream-interval-5.jsonl.gz': 'stream-interval 5',
}

/** Folders of a model that really generates, and what their server was started with. */
const generated: Readonly<Record<string, string>> = { auto: 'hermes', noauto: 'hermes-noauto', noparser: 'none' }

const dense = (text: string): string => text.replaceAll(/\s/g, '')

/** Every string within a value. */
function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : []
}

function readLines(folder: string, parser: string): Recorded[] {
  const files = readdirSync(folder).filter((name) => name in conditionsOf)
  const lines = (file: string): Line[] =>
    gunzipSync(readFileSync(join(folder, file)))
      .toString('utf8')
      .split('\n')
      .filter((text) => text !== '')
      .map((text) => JSON.parse(text) as Line)
  // The log of a busy server holds the words of other clients' requests too: the model is scripted, so the reference run tells.
  const words = new Map(lines('record.jsonl.gz').map((line) => [line.case, wordsOf(line.scripts)]))
  return files.flatMap((file) =>
    lines(file)
      .filter(({ path }) => wanted(path))
      .map((line): Recorded => {
        const spoken = words.get(line.case) ?? wordsOf(line.scripts)
        return {
          parser,
          conditions: conditionsOf[file] ?? file,
          case: line.case,
          method: line.method,
          path: line.path,
          ...(line.request === null ? {} : { request: line.request }),
          ...(line.authorization === undefined ? {} : { authorization: line.authorization }),
          status: line.status,
          headers: line.headers,
          body: Buffer.from(line.body),
          ...(line.chunks === undefined ? {} : { pieces: line.chunks }),
          ...(line.cut === undefined ? {} : { cut: line.cut }),
          ...spoken,
        }
      }),
  )
}

function readFolder(folder: string, parser: string): Recorded[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.request'))
    .toSorted()
    .flatMap((file): Recorded[] => {
      const name = file.slice(0, -'.request'.length)
      const sent = readFileSync(join(folder, file), 'utf8')
      const at = sent.indexOf('\r\n\r\n') === -1 ? sent.indexOf('\n\n') : sent.indexOf('\r\n\r\n')
      const [head = '', request] = at === -1 ? [sent] : [sent.slice(0, at), sent.slice(at).replace(/^(?:\r?\n){2}/, '')]
      const [method = '', path = ''] = head.split(' ')
      if (!wanted(path)) return []
      const key = /^Authorization: (.*?)\r?$/im.exec(head)?.[1]
      const [line = '', ...fields] = readFileSync(join(folder, `${name}.head`), 'utf8')
        .trim()
        .split(/\r?\n/)
      const times = join(folder, `${name}.times`)
      const pieces = existsSync(times)
        ? readFileSync(times, 'utf8')
            .trim()
            .split('\n')
            .map((text) => text.split('\t').map(Number) as [number, number])
        : undefined
      return [
        {
          parser,
          conditions: 'generated',
          case: name,
          method: method as Recorded['method'],
          path,
          ...(request === undefined || method === 'GET' ? {} : { request }),
          ...(key === 'Bearer sk-test' ? {} : { authorization: key ?? null }),
          status: Number(line.split(' ')[1]),
          headers: fields.map((field) => [field.slice(0, field.indexOf(':')), field.slice(field.indexOf(':') + 1).trim()] as const),
          body: readFileSync(join(folder, `${name}.body`)),
          ...(pieces === undefined ? {} : { pieces }),
        },
      ]
    })
}

const { positionals } = parseArgs({ allowPositionals: true })
const [source] = positionals
if (source === undefined) throw new Error('usage: node mocks/recordings/pack.ts FOLDER')
for (const folder of readdirSync(source).filter((name) => name.startsWith('vllm-'))) {
  const version = basename(folder).slice('vllm-'.length)
  const exchanges = readdirSync(join(source, folder))
    .filter((name) => statSync(join(source, folder, name)).isDirectory())
    .toSorted()
    .flatMap((name) =>
      name in generated ? readFolder(join(source, folder, name), generated[name] as string) : readLines(join(source, folder, name), name),
    )
  const packed: Packed = { version, exchanges }
  const file = new URL(`answers/vllm-${version}.json.br`, import.meta.url)
  const bytes = pack(packed)
  writeFileSync(file, bytes)
  console.log(`${basename(file.pathname)}: ${exchanges.length} exchanges, ${bytes.length} bytes`)
}
