import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { startVitest, type Reporter, type TestCase } from 'vitest/node'
import { bodyText, json } from '../fixtures/cause/reach.ts'
import { causeOfRun } from '../fixtures/cause/run-cause.ts'
import { detectProfile, profileNamed, profiles } from '../fixtures/contract/profiles.ts'
import { fields, list } from '../fixtures/contract/view.ts'
import { mcpCause } from '../fixtures/mcp/cause.ts'
import { mcpServers } from '../fixtures/mcp/servers.ts'
import { createRun, type Planned } from '../fixtures/run.ts'
import { loadScenarios, scenarioSlugs } from './scenarios.ts'
import { configuredSecrets, readConfiguration, type Configuration } from '../fixtures/target/configuration.ts'
import { loadEnvFile } from '../fixtures/target/environment.ts'
import { resolveTarget, secretsOf, type Target, type TargetFacts } from '../fixtures/target/target.ts'
import { UserMistake } from '../fixtures/user-mistake.ts'
import packageJson from '../package.json' with { type: 'json' }
import { allureReporter } from '../reports/allure-reporter.ts'
import { effectOf } from '../reports/counts.ts'
import { gate } from './gate.ts'
import { makeReports } from '../reports/make.ts'
import { judgeSeveral } from './several.ts'
import type { Run, Verdict } from '../fixtures/record.ts'
import { createRedactor } from '../fixtures/exchange/redact.ts'
import { joinRecord, openRecord, readRecord, RecordError } from '../reports/store.ts'
import { progress } from '../reports/terminal.ts'

/** What the run in vitest's worker is given. */
export interface Given {
  readonly run: Run
  readonly target: TargetFacts
  readonly configuration: Configuration
  readonly contextLength: number | undefined
  /** The filter asks for rules of the contract by themselves. */
  readonly rulesAlone: boolean
  /** Where the local time server listens. */
  readonly timeUrl: string
}

declare module 'vitest' {
  interface ProvidedContext {
    conformance: Given
  }
  interface TaskMeta {
    id?: string
    verdict?: Verdict
  }
}

const ROOT = resolve(import.meta.dirname, '..')

interface Filter {
  readonly name?: string
  readonly tags?: string
}

/** Reads the arguments behind `npm test --`. Throws a UserMistake for anything but a filter. */
function readFilter(args: readonly string[]): Filter {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { testNamePattern: { type: 'string', short: 't' }, 'tags-filter': { type: 'string' } },
    })
    if (values.testNamePattern !== undefined) RegExp(values.testNamePattern)
    return {
      ...(values.testNamePattern === undefined ? {} : { name: values.testNamePattern }),
      ...(values['tags-filter'] === undefined ? {} : { tags: values['tags-filter'] }),
    }
  } catch (error) {
    const problem = error instanceof Error ? (error.message.split('. ')[0] ?? error.message) : String(error)
    throw new UserMistake(
      `The arguments cannot be read: ${problem}; use npm test -- -t 'part of a name' or npm test -- --tags-filter 'stream and must'.`,
    )
  }
}

const noMatch = (words: string): UserMistake =>
  new UserMistake(
    `The filter ${words} matches no requirement; docs/rules.md lists their ids and titles, and npm test without a filter runs them all.`,
  )

/** The words of a tags filter that are no tag. */
function unknownTags(expression: string, known: ReadonlySet<string>): string[] {
  const words = expression.split(/[\s()!&|,]+/).filter((word) => word !== '' && !/^(?:and|or|not)$/i.test(word))
  return words.filter(
    (word) =>
      ![...known].some((tag) => new RegExp(`^${word.replaceAll(/[.+?^${}[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*')}$`).test(tag)),
  )
}

const contextLengthOf = (target: Target): number | undefined => {
  const exchange = target.readiness.exchanges.find(({ request }) => request.path === '/v1/models')
  const card = list(exchange && fields(json(exchange))?.['data'])
    .map(fields)
    .find((candidate) => candidate?.['id'] === target.readiness.model)
  return typeof card?.['max_model_len'] === 'number' ? card['max_model_len'] : undefined
}

let redactor = createRedactor([])
/** A line for the user, on stderr. */
const say = (line: string): void => void process.stderr.write(`${redactor.text(line)}\n`)

async function main(): Promise<number> {
  const filter = readFilter(process.argv.slice(2))
  loadEnvFile(resolve(ROOT, '.env'))
  const configuration = readConfiguration(
    process.env,
    profiles.map((profile) => profile.id),
  )
  redactor = createRedactor(configuredSecrets(configuration))
  const tags = new Set(['plain', 'stream', 'must', 'should', 'may', 'contract', 'sample', ...scenarioSlugs()])
  const strange = filter.tags === undefined ? [] : unknownTags(filter.tags, tags)
  if (strange.length > 0)
    throw new UserMistake(`The filter --tags-filter names ${strange.join(', ')}, which is no tag; the tags are ${[...tags].join(', ')}.`)

  if (configuration.target.kind === 'several') return judgeSeveral(configuration, configuration.target, process.argv.slice(2), say)
  const began = Date.now()
  const target = await resolveTarget(configuration, {
    say,
    startMock: async () => {
      const [{ createVllm }, { listen }] = await Promise.all([import('../mocks/vllm/vllm.ts'), import('../mocks/vllm/listen.ts')])
      const apiKey = randomUUID()
      const door = await listen(createVllm({ apiKey }))
      return { url: door.url, apiKey, close: () => door.close() }
    },
  })
  const { serveTime } = await import('../mocks/mcp/serve.ts')
  const timeDoor = await serveTime()
  try {
    const detected = detectProfile({ version: target.readiness.version, ownedBy: target.readiness.ownedBy })
    const profile = configuration.profile === undefined ? detected.profile : (profileNamed(configuration.profile) ?? detected.profile)
    const contextLength = contextLengthOf(target)
    const plan = createRun({
      scenarios: await loadScenarios(configuration.tries),
      send: () => Promise.reject(new Error('a plan sends nothing')),
      model: '',
      world: { profile, models: target.readiness.models, contextLength },
      made: target.readiness.exchanges,
      hasKey: target.keyed,
      cluster: target.cluster,
      mcp: mcpServers(configuration, timeDoor.url),
    })
    const words = [filter.name === undefined ? '' : `-t ${filter.name}`, filter.tags === undefined ? '' : `--tags-filter ${filter.tags}`]
      .filter((word) => word !== '')
      .join(' ')
    const wanted = planned(plan.plan, filter)
    const rulesAlone =
      filter.name !== undefined
        ? plan.plan.some((one) => one.tags.includes('contract') && new RegExp(filter.name ?? '').test(nameOf(one)))
        : /\b(?:contract|plain|stream|must|should|may)\b/.test(filter.tags ?? 'contract')
    if (filter.name !== undefined && !plan.plan.some((one) => new RegExp(filter.name ?? '').test(nameOf(one)))) throw noMatch(words)
    const run: Run = {
      suite: { name: packageJson.name, version: packageJson.version },
      target: target.run,
      server: {
        ...target.server,
        profile: profile.id,
        profileReason: configuration.profile === undefined ? detected.reason : 'CONFORMANCE_PROFILE says so',
      },
      started: new Date(began).toISOString(),
      planned: wanted,
      ...(words === '' ? {} : { filter: words }),
      failOn: configuration.failOn,
      ...(target.readiness.status === 'blocked' ? { blocked: target.readiness.cause?.sentence ?? 'the server is not ready' } : {}),
    }
    redactor = createRedactor(secretsOf(target))
    openRecord(configuration.reportDir, run, redactor)
    if (target.readiness.status === 'ready') {
      const { requests, tokens } = plan.cost
      const seconds = Math.ceil(requests / configuration.concurrency) + 3
      say(
        `${target.run.name}: ${words === '' ? '' : 'at most '}${requests} requests, ${tokens.toLocaleString('en-US')} tokens at most, ${configuration.concurrency} at once; about ${seconds} s when an answer takes one second.`,
      )
    }
    const { close: _close, explain: _explain, ...facts } = target
    const meter = progress(process.stderr, wanted, configuration.failOn)
    const stop = (signal: NodeJS.Signals): void => {
      meter.done()
      say(`Stopped by ${signal}. What was judged until then is kept: npm run report makes its reports.`)
      process.exit(signal === 'SIGINT' ? 130 : 143)
    }
    process.once('SIGINT', stop).once('SIGTERM', stop)
    const problems = await runVitest(
      { run, target: facts, configuration, contextLength, rulesAlone, timeUrl: timeDoor.url },
      filter,
      tags,
      meter.verdict,
    )
    meter.done()
    if (problems.some((problem) => problem.includes('Invalid tags expression'))) {
      throw new UserMistake("The filter --tags-filter cannot be read: write it like 'stream and must' or '(plain or stream) and !should'.")
    }
    const { verdicts, exchanges } = readRecord(configuration.reportDir)
    if (words !== '' && !verdicts.some((one) => !one.tags.includes('contract')) && !rulesAlone) throw noMatch(words)

    const failed = verdicts.filter(
      (verdict) => effectOf(verdict, configuration.failOn) === 'failure' || (verdict.outcome === 'blocked' && verdict.level === 'MUST'),
    )
    const inference = failed.filter(({ cause }) => cause === undefined)
    const found = await causeOfRun(target, {
      hasKey: target.mockKey !== undefined || ('apiKey' in configuration.target && configuration.target.apiKey !== undefined),
      exchanges: [...exchanges.values()],
      failed: inference.map(({ id, title }) => ({ id, title })),
    })
    const cause = found ?? mcpCause(verdicts, inference.length === 0)
    const verdict = problems.length > 0 ? { code: 4, sentence: problems.join('; ') } : gate(verdicts, configuration.failOn, run.blocked)
    const tokensUsed = [...exchanges.values()].reduce((sum, exchange) => sum + tokensOf(bodyText(exchange)), 0)
    const record = joinRecord(configuration.reportDir, redactor)
    if (cause !== undefined) record.explain(cause)
    record.write({
      ...run,
      ended: {
        at: new Date().toISOString(),
        exitCode: verdict.code,
        requests: exchanges.size,
        tokens: tokensUsed,
        seconds: Math.round((Date.now() - began) / 100) / 10,
        ...(cause === undefined ? {} : { cause }),
      },
    })
    process.stdout.write(await makeReports(configuration.reportDir, { color: process.stdout.isTTY && !process.env['NO_COLOR'] }))
    for (const problem of problems) say(problem)
    return verdict.code
  } finally {
    await Promise.all([target.close(), timeDoor.close()])
  }
}

const nameOf = ({ group, title, id }: Planned): string => `${group} > ${title} [${id}]`

/** Rules judge whatever the chosen scenarios exchange, so they are part of every filtered run. */
const withContract = ({ name, tags }: Filter): Filter => ({
  ...(name === undefined ? {} : { name: `(?:${name})|^Contract: ` }),
  ...(tags === undefined ? {} : { tags: `(${tags}) or contract` }),
})

function planned(plan: readonly Planned[], { name, tags }: Filter): number {
  if (name === undefined && tags === undefined) return plan.length
  // What a filter by tags leaves is known to vitest alone: every verdict is the bound.
  if (tags !== undefined) return plan.length
  return plan.filter((one) => one.tags.includes('contract') || (name !== undefined && new RegExp(name).test(nameOf(one)))).length
}

/** Completion tokens that an answer reports: the last count, as usage may stand in every chunk. */
function tokensOf(body: string): number {
  return Number([...body.matchAll(/"completion_tokens": ?(\d+)/g)].at(-1)?.[1] ?? 0)
}

/** Runs the conformance project; resolves to what went wrong with the suite itself. */
async function runVitest(
  given: Given,
  filter: Filter,
  tags: ReadonlySet<string>,
  onVerdict: (verdict: Verdict) => void,
): Promise<string[]> {
  const problems: string[] = []
  const { name, tags: expression } = withContract(filter)
  const reporter: Reporter = {
    onTestCaseResult(testCase: TestCase) {
      const { verdict } = testCase.meta()
      if (verdict !== undefined) onVerdict(verdict)
      else if (testCase.result().state === 'failed') problems.push(testCase.result().errors?.[0]?.message ?? 'a check broke')
    },
    onTestRunEnd(modules, errors) {
      for (const error of [...errors, ...modules.flatMap((module) => module.errors())]) problems.push(error.message)
    },
  }
  const exitCode = process.exitCode
  const vitest = await startVitest('test', [], {
    root: ROOT,
    config: resolve(ROOT, 'vitest.config.ts'),
    run: true,
    watch: false,
    project: ['conformance'],
    reporters: [reporter, allureReporter(resolve(given.configuration.reportDir))],
    provide: { conformance: given },
    maxConcurrency: 10_000,
    ...(name === undefined ? {} : { testNamePattern: name }),
    ...(expression === undefined ? {} : { tagsFilter: [expression] }),
    tags: [...tags].map((tag) => ({ name: tag })),
  })
  await vitest.close()
  process.exitCode = exitCode
  return problems
}

try {
  process.exitCode = await main()
} catch (error) {
  const own = error instanceof UserMistake || error instanceof RecordError
  say(
    own
      ? (error as Error).message
      : `This is a defect of the suite: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  )
  process.exitCode = own ? 2 : 4
}
