import { afterAll, describe, inject, test } from 'vitest'
import { createRedactor } from '../fixtures/exchange/redact.ts'
import { createRun } from '../fixtures/run/run.ts'
import { unitsOf } from '../fixtures/run/plan.ts'
import { mcpServers } from '../fixtures/mcp/servers.ts'
import { clientsFor, connect, secretsOf } from '../fixtures/target/target.ts'
import { publish } from '../reports/allure.ts'
import type { RunEvent } from '../run/conformance.ts'
import { loadScenarios } from '../run/scenarios.ts'
import type { Exchange } from '../fixtures/exchange/exchange.ts'

// Every scenario of this folder is run by this one file, so that all questions share one server, one budget and one set of answers.
const { run: about, target, configuration, facts, plan, timeUrl, channel: name } = inject('conformance')

declare module 'vitest' {
  interface TaskMeta {
    /** A verdict was reached: how the test ends follows from it. */
    judged?: true
  }
}

const redactor = createRedactor(secretsOf(target))
const channel = new BroadcastChannel(name)
const tell = (said: RunEvent): void => channel.postMessage(said)
const exchanges = new Map<string, Exchange>()
const keep = (exchange: Exchange): void => {
  const kept = redactor.exchange(exchange)
  exchanges.set(exchange.id, kept)
  tell({ exchange: kept })
}
const sender = connect(target, configuration)
const mcp = mcpServers(configuration, timeUrl)
afterAll(async () => {
  await Promise.all([mcp.subject.close(), mcp.official?.close(), sender.close()])
  channel.close()
})
const run = createRun({
  units: unitsOf(await loadScenarios(configuration.tries)),
  plan,
  send: sender.send,
  model: about.server.model ?? '',
  models: about.server.models,
  facts: { ...facts, mcp, clients: clientsFor(target, configuration, about.server.model) },
  made: target.readiness.exchanges,
  knownFails: configuration.known === 'fail',
  blocked: target.readiness.cause?.sentence,
  onExchange: keep,
})
target.readiness.exchanges.forEach(keep)

for (const [group, verdicts] of Map.groupBy(plan.verdicts, (planned) => planned.group)) {
  describe.concurrent(group, () => {
    // A verdict carries its title, and publish() ends the test as the verdict says.
    // oxlint-disable vitest/expect-expect
    for (const { id, title, tags } of verdicts) {
      test(`${title} [${id}]`, { tags: [...tags], timeout: 0 }, async (context) => {
        const verdict = redactor.value(await run.reach(id))
        tell({ verdict })
        context.task.meta.judged = true
        await publish(verdict, exchanges, context, about)
      })
    }
  })
}
