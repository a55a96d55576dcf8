import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { bodyText, json } from '../fixtures/exchange/body.ts'
import { causeOfRun } from '../fixtures/target/cause-of-run.ts'
import { detectProfile, profileNamed, profiles } from '../fixtures/contract/profiles.ts'
import { fields, list } from '../fixtures/contract/view.ts'
import { createRedactor } from '../fixtures/exchange/redact.ts'
import { mcpCause } from '../fixtures/mcp/cause.ts'
import { mcpServers } from '../fixtures/mcp/servers.ts'
import type { Run } from '../fixtures/record.ts'
import { FilterError, planFor, type Filter } from '../fixtures/run/filter.ts'
import { unitsOf } from '../fixtures/run/plan.ts'
import { configuredSecrets, readConfiguration } from '../fixtures/target/configuration.ts'
import { loadEnvFile } from '../fixtures/target/environment.ts'
import { resolveTarget, secretsOf, type Target } from '../fixtures/target/target.ts'
import { UserMistake } from '../fixtures/user-mistake.ts'
import packageJson from '../package.json' with { type: 'json' }
import { effectOf } from '../reports/counts.ts'
import { holdFolder } from '../reports/lock.ts'
import { makeReports } from '../reports/make.ts'
import { openRecord, RecordError } from '../reports/store.ts'
import { progress } from '../reports/terminal.ts'
import { runVitest } from './conformance.ts'
import { gate } from './gate.ts'
import { loadScenarios } from './scenarios.ts'
import { judgeSeveral } from './several.ts'

const ROOT = resolve(import.meta.dirname, '..')

/** Reads the arguments behind `npm test --`. Throws a UserMistake for anything but a filter. */
function readFilter(args: readonly string[]): Filter {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { testNamePattern: { type: 'string', short: 't' }, 'tags-filter': { type: 'string' } },
    })
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

/** Seconds that a run spends beside waiting for answers, for the estimate. */
const OVERHEAD_S = 3

async function main(): Promise<number> {
  const filter = readFilter(process.argv.slice(2))
  loadEnvFile(resolve(ROOT, '.env'))
  const configuration = readConfiguration(
    process.env,
    profiles.map((profile) => profile.id),
  )
  redactor = createRedactor(configuredSecrets(configuration))
  const release = holdFolder(configuration.reportDir)
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
    const { readiness } = target
    const detected = detectProfile({ version: readiness.version, ownedBy: readiness.ownedBy })
    const profile = configuration.profile === undefined ? detected.profile : (profileNamed(configuration.profile) ?? detected.profile)
    const facts = { profile, hasKey: target.keyed, contextLength: contextLengthOf(target), cluster: target.cluster }
    const plan = planFor(unitsOf(await loadScenarios(configuration.tries)), filter, {
      facts: { ...facts, mcp: mcpServers(configuration, timeDoor.url), views: () => [] },
      made: readiness.exchanges,
      depth: configuration.depth,
    })
    const run: Run = {
      suite: { name: packageJson.name, version: packageJson.version },
      target: target.run,
      server: {
        ...target.server,
        profile: profile.id,
        profileReason: configuration.profile === undefined ? detected.reason : 'CONFORMANCE_PROFILE says so',
      },
      started: new Date(began).toISOString(),
      planned: plan.verdicts.length,
      ...(plan.filter === undefined ? {} : { filter: plan.filter }),
      failOn: configuration.failOn,
      ...(readiness.status === 'blocked' ? { blocked: readiness.cause?.sentence ?? 'the server is not ready' } : {}),
    }
    redactor = createRedactor(secretsOf(target))
    const record = openRecord(configuration.reportDir, run, redactor)
    if (readiness.status === 'ready') {
      const { requests, tokens } = plan.bound
      const seconds = Math.ceil(plan.questions.length / configuration.concurrency) + OVERHEAD_S
      say(
        `${target.run.name}: at most ${requests} requests and ${tokens.toLocaleString('en-US')} completion tokens, ${configuration.concurrency} at once; about ${seconds} s when an answer takes one second.`,
      )
    }
    const meter = progress(process.stderr, plan.verdicts.length, configuration.failOn)
    const stop = (signal: NodeJS.Signals): void => {
      meter.done()
      say(`Stopped by ${signal}. What was judged until then is kept: npm run report makes its reports.`)
      process.exit(signal === 'SIGINT' ? 130 : 143)
    }
    process.once('SIGINT', stop).once('SIGTERM', stop)
    const { close: _close, explain: _explain, ...targetFacts } = target
    const { problems, verdicts, exchanges } = await runVitest(
      { run, target: targetFacts, configuration, facts, plan, timeUrl: timeDoor.url },
      {
        verdict: (verdict) => {
          meter.verdict(verdict)
          return record.append(verdict)
        },
        exchange: (exchange) => record.keep(exchange),
      },
    )
    meter.done()
    const failed = verdicts.filter(
      (verdict) => effectOf(verdict, configuration.failOn) === 'failure' || (verdict.outcome === 'blocked' && verdict.level === 'MUST'),
    )
    const inference = failed.filter(({ cause }) => cause === undefined)
    const found = await causeOfRun(target, {
      hasKey: target.mockKey !== undefined || ('apiKey' in configuration.target && configuration.target.apiKey !== undefined),
      exchanges,
      failed: inference.map(({ id, title }) => ({ id, title })),
    })
    const cause = found ?? mcpCause(verdicts, inference.length === 0)
    const verdict = problems.length > 0 ? { code: 4, sentence: problems.join('; ') } : gate(verdicts, configuration.failOn, run.blocked)
    record.end({
      ...run,
      ended: {
        at: new Date().toISOString(),
        exitCode: verdict.code,
        requests: exchanges.length,
        tokens: exchanges.reduce((sum, exchange) => sum + tokensOf(bodyText(exchange)), 0),
        seconds: Math.round((Date.now() - began) / 100) / 10,
        ...(cause === undefined ? {} : { cause }),
      },
    })
    process.stdout.write(await makeReports(configuration.reportDir, { color: process.stdout.isTTY && !process.env['NO_COLOR'] }))
    for (const problem of problems) say(problem)
    return verdict.code
  } finally {
    release()
    await Promise.all([target.close(), timeDoor.close()])
  }
}

/** Completion tokens that an answer reports: the last count, as usage may stand in every chunk. */
function tokensOf(body: string): number {
  return Number([...body.matchAll(/"completion_tokens": ?(\d+)/g)].at(-1)?.[1] ?? 0)
}

try {
  process.exitCode = await main()
} catch (error) {
  const own = error instanceof UserMistake || error instanceof RecordError || error instanceof FilterError
  say(
    own
      ? (error as Error).message
      : `This is a defect of the suite: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  )
  process.exitCode = own ? 2 : 4
}
