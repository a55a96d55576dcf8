import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { quote } from 'shlex'
import { causeOfRun } from '../fixtures/target/cause-of-run.ts'
import { detectProfile, profileNamed, profiles } from '../fixtures/contract/profiles.ts'
import { createRedactor } from '../fixtures/exchange/redact.ts'
import { mcpCause } from '../fixtures/mcp/cause.ts'
import { mcpServers } from '../fixtures/mcp/servers.ts'
import type { Run } from '../fixtures/record.ts'
import { FilterError, planFor, type Filter } from '../fixtures/run/filter.ts'
import { unitsOf } from '../fixtures/run/plan.ts'
import { configuredSecrets, readConfiguration } from '../fixtures/target/configuration.ts'
import { contextLengthOf } from '../fixtures/target/context-length.ts'
import { loadEnvFile } from '../fixtures/target/environment.ts'
import { connect, resolveTarget, secretsOf } from '../fixtures/target/target.ts'
import { UserMistake } from '../fixtures/user-mistake.ts'
import packageJson from '../package.json' with { type: 'json' }
import { effectOf } from '../reports/counts.ts'
import { holdFolder } from '../reports/lock.ts'
import { reportOn } from '../reports/make.ts'
import { DEFAULT_FOLDER, diskTrouble, openRecord, RecordError } from '../reports/store.ts'
import { progress } from '../reports/terminal.ts'
import { runVitest } from './conformance.ts'
import { endRun } from './end.ts'
import { knownFlags } from './identity.ts'
import { repeat, repeatBound } from './repeat.ts'
import { loadScenarios } from './scenarios.ts'
import { HELP } from './help.ts'
import { judgeSeveral } from './several.ts'
import { readTerms } from './terms.ts'

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

/** The whole command that makes the reports of a folder. */
const reportCommand = (folder: string): string =>
  folder === DEFAULT_FOLDER ? 'npm run report' : `CONFORMANCE_REPORT_DIR=${quote(folder)} npm run report`

let redactor = createRedactor([])
/** A line for the user, on stderr. */
const say = (line: string): void => void process.stderr.write(`${redactor.text(line)}\n`)

/** Seconds that a run spends beside waiting for answers, for the estimate. */
const OVERHEAD_S = 3

async function main(): Promise<number> {
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(HELP)
    return 0
  }
  const filter = readFilter(process.argv.slice(2))
  loadEnvFile(resolve(ROOT, '.env'))
  const configuration = readConfiguration(
    process.env,
    profiles.map((profile) => profile.id),
  )
  redactor = createRedactor(configuredSecrets(configuration))
  const units = unitsOf(await loadScenarios(configuration.tries))
  const terms = readTerms(configuration, units, new Date())
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
    const facts = {
      profile,
      hasKey: target.keyed,
      contextLength: contextLengthOf(target),
      cluster: target.cluster,
      parser: knownFlags(target, configuration)?.['tool-call-parser'],
    }
    const options = {
      facts: { ...facts, mcp: mcpServers(configuration, timeDoor.url), views: () => [] },
      made: readiness.exchanges,
      depth: configuration.depth,
    }
    const plan = planFor(units, filter, options)
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
      depth: configuration.depth,
      gate: configuration.gate,
      ...(configuration.sarifFile === undefined ? {} : { manifest: configuration.sarifFile }),
      ...(readiness.status === 'blocked' ? { blocked: readiness.cause?.sentence ?? 'the server is not ready' } : {}),
    }
    redactor = createRedactor(secretsOf(target))
    const record = openRecord(configuration.reportDir, run, redactor)
    if (readiness.status === 'ready') {
      const { requests, tokens } = plan.bound
      const flaky = terms.waivers.filter(({ expect }) => expect === 'flaky').map(({ check }) => check)
      const again = repeatBound(flaky, units, options, configuration.tries)
      const seconds = Math.ceil(plan.questions.length / configuration.concurrency) + OVERHEAD_S
      say(
        `${target.run.name}: at most ${requests} requests${again > 0 ? `, ${again} more for what is expected to be flaky,` : ''} and ${tokens.toLocaleString('en-US')} completion tokens, ${configuration.concurrency} at once; about ${seconds} s when an answer takes one second.`,
      )
    }
    const meter = progress(process.stderr, plan.verdicts.length, configuration.failOn)
    const stop = (signal: NodeJS.Signals): void => {
      meter.done()
      say(`Stopped by ${signal}. What was judged until then is kept; this makes its reports: ${reportCommand(configuration.reportDir)}`)
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
      failed: inference,
      parser: facts.parser,
    })
    const cause = found ?? mcpCause(verdicts, inference.length === 0)
    const ended = await endRun({
      run,
      verdicts,
      exchanges,
      cause,
      target,
      configuration,
      terms,
      began,
      problems: problems.filter((problem) => diskTrouble(problem) === undefined),
      repeat: async (again) => {
        const sender = connect(target, configuration)
        const about = { model: run.server.model ?? '', models: run.server.models, facts: options.facts, made: readiness.exchanges }
        const { tries } = configuration
        return repeat(again, {
          units,
          options,
          run: about,
          send: sender.send,
          keep: (exchange) => void record.keep(exchange),
          tries,
        }).finally(() => sender.close())
      },
    })
    record.end(ended.run, ended.verdicts)
    const { text, trouble } = await reportOn(
      configuration.reportDir,
      ended,
      record.trouble ?? problems.flatMap((one) => diskTrouble(one) ?? [])[0],
    )
    process.stdout.write(text)
    if (trouble !== undefined) {
      say(
        `The reports could not be written to ${configuration.reportDir} (${trouble}); what stands above is all of them: make room, or name another folder in CONFORMANCE_REPORT_DIR.`,
      )
      return 2
    }
    for (const problem of problems) say(problem)
    return ended.run.ended?.exitCode ?? 4
  } finally {
    release()
    await Promise.all([target.close(), timeDoor.close()])
  }
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
