import { afterAll, describe, inject, test } from 'vitest'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import type { Verdict } from '../fixtures/record.ts'
import { publish } from '../reports/allure.ts'
import type { Asked, Said } from './conformance.ts'

// A test for each verdict; all of them share one server, one budget and one set of answers.
const { run, verdicts, channel: name } = inject('conformance')

declare module 'vitest' {
  interface TaskMeta {
    /** A verdict was reached: how the test ends follows from it. */
    judged?: true
  }
}

const channel = new BroadcastChannel(name)
afterAll(() => channel.close())
const exchanges = new Map<string, Exchange>()
const waiting = new Map<string, PromiseWithResolvers<Verdict>>()
channel.addEventListener('message', (event) => {
  const said = (event as MessageEvent).data as Said
  if ('exchange' in said) exchanges.set(said.exchange.id, said.exchange)
  else if ('verdict' in said) waiting.get(said.verdict.id)?.resolve(said.verdict)
  else waiting.get(said.id)?.reject(new Error(said.problem))
})
const reach = (id: string): Promise<Verdict> => {
  const verdict = Promise.withResolvers<Verdict>()
  waiting.set(id, verdict)
  const asked: Asked = { reach: id }
  channel.postMessage(asked)
  return verdict.promise
}

for (const [group, planned] of Map.groupBy(verdicts, (verdict) => verdict.group)) {
  describe.concurrent(group, () => {
    // A verdict carries its title, and publish() ends the test as the verdict says.
    // oxlint-disable vitest/expect-expect
    for (const { id, title, tags } of planned) {
      test(`${title} [${id}]`, { tags: [...tags], timeout: 0 }, async (context) => {
        const verdict = await reach(id)
        context.task.meta.judged = true
        await publish(verdict, exchanges, context, run)
      })
    }
  })
}
