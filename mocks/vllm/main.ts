import type { ParseArgsOptionsConfig } from 'node:util'
import { onStop, readArguments, runCommand } from '../../fixtures/command.ts'
import { EXIT } from '../../fixtures/exit-codes.ts'
import { codeOf } from '../../fixtures/thrown.ts'
import { UserMistake } from '../../fixtures/user-mistake.ts'
import { faultOf, faults, loadFaults } from './faults/index.ts'
import { listen } from './listen.ts'
import { instead } from '../instead.ts'
import { profiles } from './profiles.ts'
import { createVllm, type VllmOptions } from './vllm.ts'
import { typed } from '../../fixtures/typed.ts'

/** Every option, and what follows it in the help: its value and what it is for. */
const flags = {
  port: { type: 'string', default: '0', help: 'N        port to listen on; 0 takes a free one' },
  host: { type: 'string', default: '127.0.0.1', help: 'ADDRESS  address to listen on' },
  profile: { type: 'string', help: `NAME     release to answer as: ${Object.keys(profiles).join(', ')}` },
  parser: { type: 'string', help: 'NAME     hermes, hermes-without-auto (no --enable-auto-tool-choice), or none' },
  fault: { type: 'string', help: 'NAME     the one defect that the server has; --list-faults shows them' },
  'api-key': { type: 'string', help: 'KEY      key that it asks for' },
  model: { type: 'string', help: 'NAME     name of the model that it serves' },
  'max-model-len': { type: 'string', help: 'N        tokens that prompt and answer may have together' },
  latency: { type: 'string', help: 'MS       wait before the first byte of an answer' },
  gap: { type: 'string', help: 'MS       wait between two events of a stream' },
  chunking: { type: 'string', help: 'HOW      token, byte, whole, or the number of tokens in an event' },
  seed: { type: 'string', help: 'N        seed of ids' },
  'queue-limit': { type: 'string', help: 'N        requests at once, beyond which it answers 429' },
  loading: { type: 'string', help: 'MS       time for which it is not ready' },
  'list-faults': { type: 'boolean', help: '         all defects, one a line, behind each its class in docs/fault-matrix.md' },
  help: { type: 'boolean', help: '         this text' },
} satisfies Readonly<Record<string, ParseArgsOptionsConfig[string] & { readonly help: string }>>

const HELP = `${typed('mock', '--help')} shows what it takes`

function known(flag: string, value: string | undefined, names: readonly string[], elsewhere = HELP): string | undefined {
  if (value === undefined || names.includes(value)) return value
  throw new UserMistake(`--${flag} ${value} is unknown; ${instead(value, names, elsewhere)}.`)
}

function count(flag: string, value: string | undefined, most = Number.MAX_SAFE_INTEGER): number | undefined {
  if (value === undefined) return undefined
  const number = Number(value)
  if (value.trim() !== '' && Number.isInteger(number) && number >= 0 && number <= most) return number
  throw new UserMistake(`--${flag} takes a whole number${most < 1e9 ? ` from 0 to ${most}` : ''}, not ${value}.`)
}

function read() {
  for (const arg of process.argv.slice(2)) {
    const name = /^--([^=]+)/.exec(arg)?.[1]
    if (name !== undefined && !Object.hasOwn(flags, name)) {
      const options = Object.keys(flags).map((option) => `--${option}`)
      throw new UserMistake(`--${name} is no option; ${instead(`--${name}`, options, HELP)}.`)
    }
  }
  return readArguments({ options: flags }, HELP).values
}

async function main(): Promise<number> {
  const values = read()
  if (values.help) {
    console.log(`A mock vLLM. It prints its URL and serves until it is stopped.\n\n${typed('mock', '[options]')}\n`)
    for (const [name, { help }] of Object.entries(flags)) console.log(`  --${name.padEnd(14)} ${help}`)
    return EXIT.conforms
  }
  if (values['list-faults']) {
    for (const { id, class: kind, what } of [...faults, ...loadFaults])
      console.log(`${id.padEnd(44)} ${what}${kind === undefined ? '' : ` [${kind}]`}`)
    return EXIT.conforms
  }
  const chunking = /^\d+$/.test(values.chunking ?? '')
    ? count('chunking', values.chunking)
    : known('chunking', values.chunking, ['token', 'byte', 'whole'])
  if (chunking === 0) throw new UserMistake('--chunking takes at least 1 token.')
  const fault = known(
    'fault',
    values.fault,
    [...faults, ...loadFaults].map(({ id }) => id),
    `${typed('mock', '--list-faults')} shows them all`,
  )
  const options = {
    profile: known('profile', values.profile?.replace(/^vllm-(?=\d)/, ''), Object.keys(profiles)),
    parser: known('parser', values.parser, ['hermes', 'hermes-without-auto', 'none']),
    fault: fault === undefined ? undefined : faultOf(fault),
    apiKey: values['api-key'],
    model: values.model,
    maxModelLen: count('max-model-len', values['max-model-len']),
    latencyMs: count('latency', values.latency),
    gapMs: count('gap', values.gap),
    chunking,
    seed: count('seed', values.seed),
    queueLimit: count('queue-limit', values['queue-limit']),
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as VllmOptions
  const door = { port: count('port', values.port, 65_535) ?? 0, host: values.host, loadingMs: count('loading', values.loading) ?? 0 }
  const server = await listen(createVllm(given), door).catch((error: Error) => {
    throw new UserMistake(`${values.host}:${values.port} cannot be opened (${codeOf(error)}): give another in --port or --host.`, {
      cause: error,
    })
  })
  console.log(server.url)
  onStop(() => void server.close())
  return EXIT.conforms
}

await runCommand(main)
