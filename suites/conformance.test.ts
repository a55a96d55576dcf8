import { afterAll, describe, inject, test, type RunnerTask } from 'vitest'
import { createRun, type Planned } from '../fixtures/run.ts'
import { loadScenarios } from '../run/scenarios.ts'
import { profileNamed } from '../fixtures/contract/profiles.ts'
import { mcpServers } from '../fixtures/mcp/servers.ts'
import { connect, secretsOf } from '../fixtures/target/target.ts'
import { publish } from '../reports/allure.ts'
import { createRedactor } from '../fixtures/exchange/redact.ts'
import { joinRecord } from '../reports/store.ts'
import type { Exchange } from '../fixtures/exchange/exchange.ts'

// Every scenario of this folder is run by this one file, so that all questions share one server, one budget and one set of answers.
const { run: about, target, configuration, contextLength, rulesAlone, timeUrl } = inject('conformance')
const profile = profileNamed(about.server.profile)
if (profile === undefined) throw new Error(`unknown profile ${about.server.profile}`)

const record = joinRecord(configuration.reportDir, createRedactor(secretsOf(target)))
const exchanges = new Map<string, Exchange>()
const keep = (exchange: Exchange): void => void exchanges.set(exchange.id, record.keep(exchange))
const sender = connect(target, configuration)
const mcp = mcpServers(configuration, timeUrl)
afterAll(() => Promise.all([mcp.subject.close(), mcp.official?.close()]))
const run = createRun({
  scenarios: await loadScenarios(configuration.tries),
  send: sender.send,
  model: about.server.model ?? '',
  world: { profile, models: about.server.models, contextLength },
  made: target.readiness.exchanges,
  hasKey: target.keyed,
  knownFails: configuration.known === 'fail',
  blocked: target.readiness.cause?.sentence,
  cluster: target.cluster,
  onExchange: keep,
  mcp,
})
target.readiness.exchanges.forEach(keep)

/** Ids of the verdicts that no filter left out. */
function chosen(task: RunnerTask): ReadonlySet<string> {
  const ids = (tasks: readonly RunnerTask[]): string[] =>
    tasks.flatMap((each) => ('tasks' in each ? ids(each.tasks) : each.mode === 'run' && each.meta.id !== undefined ? [each.meta.id] : []))
  return new Set(ids(task.file.tasks))
}

const groups = new Map<string, Planned[]>()
for (const planned of run.plan) groups.set(planned.group, [...(groups.get(planned.group) ?? []), planned])

for (const [group, verdicts] of groups) {
  describe.concurrent(group, () => {
    // A verdict carries its title, and publish() ends the test as the verdict says.
    // oxlint-disable vitest/expect-expect
    for (const { id, title, tags } of verdicts) {
      test(`${title} [${id}]`, { tags: [...tags], meta: { id }, timeout: 0 }, async (context) => {
        run.select(chosen(context.task), rulesAlone)
        const verdict = record.append(await run.reach(id))
        context.task.meta.verdict = verdict
        await publish(verdict, exchanges, context, about)
      })
    }
  })
}
