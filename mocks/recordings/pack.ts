import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { readArguments, runCommand } from '../../fixtures/command.ts'
import { EXIT } from '../../fixtures/exit-codes.ts'
import { excerpt } from '../../fixtures/text.ts'
import { UserMistake } from '../../fixtures/user-mistake.ts'
import { pack, recordedAnswers, type Packed, type Recorded } from './answers.ts'
import { readLines, type Script } from './lines.ts'

/*
 * Makes mocks/recordings/answers from a folder of recordings: vllm-VERSION/PARSER/record*.jsonl.gz as record.ts writes them, and
 * vllm-VERSION/FOLDER with NAME.request, NAME.head, NAME.body and NAME.times. What is packed of other parsers, or was recorded under other conditions, stays.
 */

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

/** Endpoints that the contract judges; the others are kept for the parsers that the mock stands in for. */
const isJudged = (path: string): boolean => /^\/v1\/(?:chat\/completions|models|responses|messages)(?:\/|$)/.test(path)
const mocked = ['hermes', 'hermes-without-auto', 'none']

const conditionsOf: Readonly<Record<string, string>> = {
  'record.jsonl.gz': 'reference',
  'record-busy.jsonl.gz': 'busy',
  'record-stream-interval-5.jsonl.gz': 'stream-interval 5',
  'record-generated.jsonl.gz': 'generated',
}

/** Folders whose name is no parser as it is called here. */
const parserOf = (folder: string): string => (folder === 'hermes-noauto' ? 'hermes-without-auto' : folder)

/** Folders of a model that really generates, and what their server was started with. */
const generated: Readonly<Record<string, string>> = { auto: 'hermes', noauto: 'hermes-without-auto', noparser: 'none' }

const dense = (text: string): string => text.replaceAll(/\s/g, '')

/** Every string within a value. */
function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : []
}

function readRecords(folder: string, parser: string): Recorded[] {
  const files = readdirSync(folder).filter((name) => name in conditionsOf)
  // The log of a busy server holds the words of other clients' requests too: the model is scripted, so the reference run tells.
  const reference = files.includes('record.jsonl.gz') ? readLines(join(folder, 'record.jsonl.gz')) : []
  const words = new Map(reference.map((line) => [line.case, wordsOf(line.scripts)]))
  return files.flatMap((file) =>
    readLines(join(folder, file))
      .filter(({ path }) => isJudged(path) || (file === 'record.jsonl.gz' && mocked.includes(parser)))
      .map(({ case: name, request, scripts, chunks, body, method, path, authorization, status, headers, cut }): Recorded => {
        const spoken = words.get(name) ?? wordsOf(scripts)
        return {
          parser,
          conditions: conditionsOf[file] ?? file,
          case: name,
          method,
          path,
          ...(request === null ? {} : { request }),
          ...(authorization === undefined ? {} : { authorization }),
          status,
          headers,
          body: Buffer.from(body),
          ...(chunks === undefined ? {} : { pieces: chunks }),
          ...(cut === undefined ? {} : { cut }),
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
      if (!isJudged(path)) return []
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

/** What one folder of a release replaces as a whole. */
const seriesOf = ({ parser, conditions }: Recorded): string => `${parser} ${conditions}`

function main(): number {
  const usage = 'npm run record:pack -- FOLDER takes a folder that npm run record wrote'
  const { positionals } = readArguments({ allowPositionals: true }, usage)
  const [source] = positionals
  if (source === undefined) throw new UserMistake(`Which folder to pack is missing: ${usage}.`)
  const folders = statSync(source, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(source).filter((name) => name.startsWith('vllm-')) : []
  if (folders.length === 0) throw new UserMistake(`${excerpt(source)} holds no recordings: ${usage}.`)
  const packedBefore = recordedAnswers()
  for (const folder of folders) {
    const version = basename(folder).slice('vllm-'.length)
    const read = readdirSync(join(source, folder))
      .filter((name) => statSync(join(source, folder, name)).isDirectory())
      .toSorted()
      .flatMap((name) => {
        const place = join(source, folder, name)
        return name in generated ? readFolder(place, generated[name] as string) : readRecords(place, parserOf(name))
      })
    const renewed = new Set(read.map(seriesOf))
    const kept = packedBefore.find((one) => one.version === version)?.exchanges.filter((one) => !renewed.has(seriesOf(one))) ?? []
    const packed: Packed = { version, exchanges: [...kept, ...read] }
    const file = new URL(`answers/vllm-${version}.json.br`, import.meta.url)
    const bytes = pack(packed)
    writeFileSync(file, bytes)
    console.log(`${basename(file.pathname)}: ${packed.exchanges.length} exchanges, ${bytes.length} bytes`)
  }
  return EXIT.conforms
}

await runCommand(main)
