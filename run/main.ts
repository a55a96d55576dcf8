import { randomUUID } from 'node:crypto'
import { quote } from 'shlex'
import { EXIT } from '../fixtures/exit-codes.ts'
import { endBySignal, helps, readArguments, runCommand } from '../fixtures/command.ts'
import { excerpt } from '../fixtures/text.ts'
import { profiles } from '../fixtures/contract/profiles.ts'
import { createRedactor } from '../fixtures/exchange/redact.ts'
import { mcpServers } from '../fixtures/mcp/servers.ts'
import type { Filter } from '../fixtures/run/filter.ts'
import { unitsOf } from '../fixtures/run/plan.ts'
import { configuredSecrets, readConfiguration } from '../fixtures/target/configuration.ts'
import { loadEnv } from '../fixtures/target/environment.ts'
import { variableNames, variables } from '../fixtures/target/variables.ts'
import { resolveTarget } from '../fixtures/target/target.ts'
import { holdFolder } from '../reports/lock.ts'
import { reportOn } from '../reports/make.ts'
import { diskTrouble } from '../reports/store.ts'
import { progress } from '../reports/terminal.ts'
import { loadScenarios } from './scenarios.ts'
import { HELP } from './help.ts'
import { embeddedMock } from './embedded-mock.ts'
import { againBound, begin, conclude } from './judging.ts'
import { readTerms } from './terms.ts'
import { typed } from '../fixtures/typed.ts'
import { UserMistake } from '../fixtures/user-mistake.ts'
import packageJson from '../package.json' with { type: 'json' }

/** The commands of a clone; the package has another entry, which knows its own. */
const manifest: { readonly scripts?: Readonly<Record<string, string>> } = packageJson

/** Reads the arguments behind `npm test --`. Throws a UserMistake for anything but a filter. */
function readFilter(args: readonly string[]): Filter {
  const [first = ''] = args
  const name = variableNames.find((one) => first.startsWith(`${one}=`))
  // Its value may be a key.
  if (name !== undefined)
    throw new UserMistake(`${name} stands behind the command, where nothing reads it: write ${name}=… ${typed('test')}.`)
  if (Object.hasOwn(manifest.scripts ?? {}, first)) throw new UserMistake(`${first} is a command of its own: ${typed(first)}.`)
  const address = args.find((argument) => /^(?:https?:\/\/|[\w.-]+:\d+(?:\/|$))/.test(argument))
  const { values } = readArguments(
    { args: [...args], options: { testNamePattern: { type: 'string', short: 't' }, 'tags-filter': { type: 'string' } } },
    address !== undefined
      ? `a server is named by a variable: OPENAI_BASE_URL=${excerpt(address.replace(/^(?!https?:)/, 'http://'))} ${typed('test')}`
      : `use ${typed('test', "-t 'part of a name'")} or ${typed('test', "--tags-filter 'stream and must'")}`,
  )
  return {
    ...(values.testNamePattern === undefined ? {} : { name: values.testNamePattern }),
    ...(values['tags-filter'] === undefined ? {} : { tags: values['tags-filter'] }),
  }
}

/** The whole command that makes the reports of a folder. */
const reportCommand = (folder: string): string =>
  folder === variables.reportDir.default ? typed('report') : `CONFORMANCE_REPORT_DIR=${quote(folder)} ${typed('report')}`

let redactor = createRedactor([])
/** A line for the user, on stderr. */
const say = (line: string): void => void process.stderr.write(`${redactor.text(line)}\n`)

/** Seconds that a run spends beside waiting for answers, for the estimate. */
const OVERHEAD_S = 3

async function main(): Promise<number> {
  if (helps(process.argv.slice(2), HELP)) return EXIT.conforms
  const filter = readFilter(process.argv.slice(2))
  loadEnv(say)
  const configuration = readConfiguration(
    process.env,
    profiles.map((profile) => profile.id),
  )
  redactor = createRedactor(configuredSecrets(configuration))
  const units = unitsOf(await loadScenarios(configuration.tries))
  const terms = readTerms(configuration, units, new Date())
  const release = holdFolder(configuration.reportDir)
  if (configuration.target.kind === 'fleet') {
    // Only a fleet pays for what judges one.
    const { judgeFleet } = await import('./fleet.ts')
    return judgeFleet({ configuration, target: configuration.target, units, terms, filter, say })
  }
  const began = Date.now()
  let meaning = ' before anything was judged: the reports of an earlier run are as they were.'
  let meter: ReturnType<typeof progress> | undefined
  endBySignal(
    (line) => {
      meter?.done()
      say(line)
    },
    () => meaning,
  )
  const target = await resolveTarget(configuration, {
    say,
    startMock: embeddedMock({ apiKey: randomUUID() }),
  })
  const { serveTime } = await import('../mocks/mcp/serve.ts')
  const timeDoor = await serveTime()
  const mcp = mcpServers(configuration, timeDoor.url)
  try {
    const judging = { configuration, units, terms, filter, say, mcp }
    const begun = begin(target, judging, began)
    const { plan, record } = begun
    redactor = begun.redactor
    if (target.readiness.status === 'ready') {
      const { requests, tokens } = plan.bound
      const again = againBound(judging, begun.options)
      const seconds = Math.ceil(plan.questions.length / configuration.concurrency) + OVERHEAD_S
      say(
        `${target.run.name}: at most ${requests} requests${again > 0 ? `, ${again} more for what is expected to be flaky,` : ''} and ${tokens.toLocaleString('en-US')} completion tokens, ${configuration.concurrency} at once; about ${seconds} s when an answer takes one second.`,
      )
      if (configuration.mcp.url !== undefined && !plan.verdicts.some(({ tags }) => tags.includes('mcp')))
        say('MCP_SERVER_URL is not tried: nothing that this run asks has to do with MCP servers.')
    }
    // Where nothing is asked, nothing can be waited for.
    if (target.readiness.status === 'ready') meter = progress(process.stderr, plan.verdicts.length, configuration.failOn)
    meaning = `. What was judged until then is kept; this makes its reports: ${reportCommand(configuration.reportDir)}`
    // A fleet has no need of vitest, and no room for it.
    const { reachByVitest } = await import('./conformance.ts')
    const reached = await reachByVitest(begun, (verdict) => meter?.verdict(verdict))
    meter?.done()
    const { problems } = reached
    const ended = await conclude(begun, reached)
    const { text, trouble } = await reportOn(
      configuration.reportDir,
      ended,
      record.trouble ?? problems.flatMap((one) => diskTrouble(one, configuration.reportDir) ?? [])[0],
    )
    process.stdout.write(text)
    if (trouble !== undefined) {
      say(
        `The reports could not be written to ${configuration.reportDir} (${trouble}); what stands above is all of them: make room, or name another folder in CONFORMANCE_REPORT_DIR.`,
      )
      return EXIT.request
    }
    for (const problem of problems) say(problem)
    return ended.run.ended?.exitCode ?? EXIT.suite
  } finally {
    release()
    await Promise.all([mcp.subject.close(), mcp.official?.close(), target.close(), timeDoor.close()])
  }
}

await runCommand(main, say)
