import { join } from 'node:path'
import { EXIT } from '../fixtures/exit-codes.ts'
import { endBySignal, helps, readArguments, runCommand } from '../fixtures/command.ts'
import { wiringOf } from '../fixtures/cluster/wiring.ts'
import { profileFor, profiles } from '../fixtures/contract/profiles.ts'
import { createRedactor } from '../fixtures/exchange/redact.ts'
import { hold, readThresholds, requireLevels, type Held, type Threshold } from '../fixtures/load/thresholds.ts'
import { MAX_TOKENS } from '../fixtures/load/questions.ts'
import { fitted } from '../fixtures/causes.ts'
import { contextLengthOf } from '../fixtures/cause/context-length.ts'
import { configuredSecrets, readConfiguration, type Configuration } from '../fixtures/target/configuration.ts'
import { loadEnv } from '../fixtures/target/environment.ts'
import { resolveTarget, secretsOf, type Target } from '../fixtures/target/target.ts'
import { UserMistake } from '../fixtures/user-mistake.ts'
import {
  clearLoad,
  fails,
  isUnjudged,
  LOAD_FILES,
  loadText,
  readLoad,
  writeLoad,
  type EarlierLoad,
  type LoadRecord,
} from '../reports/load.ts'
import { holdFolder } from '../reports/lock.ts'
import { NEIGHBOURS } from '../reports/store.ts'
import { causeLines } from '../reports/terminal.ts'
import { embeddedMock } from './embedded-mock.ts'
import { causeOfLoad } from './load-cause.ts'
import { runLevels } from './load-levels.ts'
import { commandLines, typed } from '../fixtures/typed.ts'
import { existsSync } from 'node:fs'

const HELP = `Judges tool calling under load: up to how many requests at once it is right, how fast it is, and what breaks first.

${commandLines([
  [typed('load'), `levels 1, 4, 16, 32 and 64; the server as for ${typed('test')}`],
  [typed('load', '--levels 1,8,128'), 'other levels'],
  [typed('load', '--requests 1000 --seconds 60'), 'what a level may cost: 560 requests or 600 s unless told otherwise'],
  [typed('load', '--rate 20'), '20 requests a second that arrive by chance, however many are unanswered'],
  [typed('load', '--workers 2'), 'so many threads that ask'],
  [typed('load', '--compare FOLDER'), 'what differs from an earlier load by more than chance'],
]).join('\n')}

CONFORMANCE_LOAD_EXPECT='goodput>=20,ttft_p95{level:16}<1500,error_rate<0.01' sets bounds: goodput, tokens_per_second, error_rate,
ttft_p50 to ttft_p99 (first byte of a call) and whole_p50 to whole_p99, in milliseconds; without a level the highest counts.
Exit codes: 0 right, 1 not right or a bound does not hold, 2 wrong request, 3 no verdict. Reports: reports/out/load.
`

const LEVELS = [1, 4, 16, 32, 64]
const MOST_AT_ONCE = 1024

interface Options {
  readonly levels: readonly number[] | undefined
  readonly requests: number
  readonly seconds: number
  readonly rate: number | undefined
  readonly workers: number
  readonly compare: string | undefined
}

function readOptions(args: readonly string[]): Options {
  const flags = {
    levels: { type: 'string' },
    requests: { type: 'string' },
    seconds: { type: 'string' },
    rate: { type: 'string' },
    workers: { type: 'string' },
    compare: { type: 'string' },
  } as const
  const { values } = readArguments({ args: [...args], options: flags }, `see ${typed('load', '--help')}`)
  const whole = (name: 'requests' | 'seconds' | 'workers', preset: number, most: number): number => {
    const text = values[name] ?? String(preset)
    if (!/^\d+$/.test(text) || Number(text) < 1 || Number(text) > most)
      throw new UserMistake(`--${name} takes a whole number from 1 to ${most}, not ${text}.`)
    return Number(text)
  }
  const levels = values.levels?.split(',').map((text) => {
    if (!/^\s*\d+\s*$/.test(text) || Number(text) < 1 || Number(text) > MOST_AT_ONCE)
      throw new UserMistake(`--levels takes whole numbers from 1 to ${MOST_AT_ONCE} with commas between them, not ${values.levels}.`)
    return Number(text)
  })
  if (values.rate !== undefined && !(Number(values.rate) > 0 && Number(values.rate) <= 10_000))
    throw new UserMistake(`--rate takes requests a second, more than 0 and at most 10000, not ${values.rate}.`)
  if (values.rate !== undefined && levels !== undefined)
    throw new UserMistake('--rate and --levels contradict each other: requests arrive at a rate, or so many at once.')
  return {
    levels: levels && [...new Set(levels)].toSorted((a, b) => a - b),
    requests: whole('requests', 560, 1_000_000),
    seconds: whole('seconds', 600, 86_400),
    rate: values.rate === undefined ? undefined : Number(values.rate),
    workers: whole('workers', 1, 64),
    compare: values.compare,
  }
}

/** `--max-num-seqs` of a workspace whose pod can be read. */
function sequencesOf({ cluster }: Target): number | undefined {
  const wiring = cluster && wiringOf(cluster.facts)
  const value = Number(wiring?.overridden['max-num-seqs'] ?? wiring?.flags['max-num-seqs'])
  return Number.isInteger(value) && value >= 1 && value <= MOST_AT_ONCE ? value : undefined
}

let redactor = createRedactor([])
const say = (line: string): void => void process.stderr.write(`${redactor.text(line)}\n`)

async function main(args: readonly string[]): Promise<number> {
  if (helps(args, HELP)) return EXIT.conforms
  const options = readOptions(args)
  loadEnv(say)
  const configuration = readConfiguration(
    process.env,
    profiles.map(({ id }) => id),
  )
  redactor = createRedactor(configuredSecrets(configuration))
  const thresholds = configuration.loadExpect === undefined ? [] : readThresholds(configuration.loadExpect)
  const earlier = options.compare === undefined ? undefined : readLoad(options.compare)
  if (configuration.compare !== undefined && options.compare === undefined)
    say(`CONFORMANCE_COMPARE is not read here: ${typed('load', '--compare FOLDER')} compares with an earlier load.`)
  if (configuration.target.kind === 'fleet')
    throw new UserMistake(`${typed('load')} judges one server: name one workspace in KAITO_WORKSPACE.`)
  const folder = join(configuration.reportDir, NEIGHBOURS.load)
  const release = holdFolder(folder)
  endBySignal(say, () => ': nothing is said of a load that has not come to its end.')
  const target = await resolveTarget(configuration, {
    say,
    // A model takes its time; without it the mock's own speed would be measured, in the process that measures.
    startMock: embeddedMock({ latencyMs: 50, gapMs: 2 }),
  })
  try {
    const { readiness } = target
    redactor = createRedactor(secretsOf(target))
    if (readiness.status === 'blocked') {
      const { cause } = readiness
      const why = cause === undefined ? ['The server is not ready.'] : causeLines(fitted(cause, target.run.kind, target.baseUrl))
      const kept = existsSync(join(folder, LOAD_FILES.results)) ? [`What ${folder} holds is of an earlier load.`] : []
      process.stdout.write(
        `${redactor.text([`Tool calling under load could not be judged on ${target.run.name}.`, ...why, ...kept].join('\n'))}\n`,
      )
      return EXIT.blocked
    }
    return await judge(target, configuration, options, { thresholds, earlier, folder })
  } finally {
    release()
    await target.close()
  }
}

async function judge(
  target: Target,
  configuration: Configuration,
  options: Options,
  {
    thresholds,
    earlier,
    folder,
  }: { readonly thresholds: readonly Threshold[]; readonly earlier: EarlierLoad | undefined; readonly folder: string },
): Promise<number> {
  const { close: _close, explain: _explain, beside: _beside, ...facts } = target
  const { readiness } = target
  const { profile } = profileFor(readiness, configuration.profile)
  const { requests, seconds, rate, workers } = options
  const sequences = sequencesOf(target)
  const sizes = options.levels ?? [...new Set([...LEVELS, ...(sequences === undefined ? [] : [sequences])])].toSorted((a, b) => a - b)
  requireLevels(thresholds, rate === undefined ? sizes : [rate])
  const most = requests * (rate === undefined ? sizes.length : 1)
  const unit = rate === undefined ? 'at once' : 'requests a second'
  say(
    `${target.run.name}: at most ${most.toLocaleString('en-US')} requests and ${(most * MAX_TOKENS).toLocaleString('en-US')} completion tokens; ${rate ?? sizes.join(', ')} ${unit}, each level at most ${requests} requests or ${seconds} s.`,
  )
  const started = new Date().toISOString()
  clearLoad(folder)
  const load = await runLevels({
    target: facts,
    configuration,
    context: { profile, models: target.server.models, contextLength: contextLengthOf(target) },
    sizes,
    budget: { requests, seconds },
    rate,
    workers,
    onLevel: (level, served) =>
      say(
        `${level.concurrency} ${unit}: ${served} of ${level.requests} answered in ${level.seconds.toFixed(1)} s${fails(level) ? ', not right' : ''}`,
      ),
  })
  const { levels, evidence, findings } = load
  const hasKey = target.mockKey !== undefined || ('apiKey' in configuration.target && configuration.target.apiKey !== undefined)
  const cause = await causeOfLoad(target, load, hasKey)
  const finish = (held: readonly Held[], exitCode: number): number => {
    const record: LoadRecord = {
      schema: 1,
      target: target.run.name,
      server: target.server.name,
      model: target.server.model ?? '',
      started,
      loop: rate === undefined ? 'closed' : 'open',
      ...(rate === undefined ? {} : { rate }),
      levels,
      ...(cause === undefined ? {} : { cause }),
      findings,
      thresholds: held,
      exitCode,
    }
    const text = loadText(record, earlier)
    writeLoad(folder, record, text, evidence, redactor)
    process.stdout.write(redactor.text(`${text}Report: ${join(folder, LOAD_FILES.page)}\n`))
    return exitCode
  }
  try {
    const held = hold(thresholds, levels)
    const broken = levels.some(fails) || held.some(({ holds }) => holds === false)
    const unjudged = levels.every(isUnjudged) || held.some(({ holds }) => holds === undefined)
    return finish(held, broken ? EXIT.fails : unjudged ? EXIT.blocked : EXIT.conforms)
  } catch (error) {
    // What was measured is worth keeping although the bounds ask for something else.
    finish([], EXIT.request)
    throw error
  }
}

await runCommand(() => main(process.argv.slice(2)), say)
