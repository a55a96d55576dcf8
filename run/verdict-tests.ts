import { afterAll, describe, inject, test } from 'vitest'
import type { Publication } from '../reports/allure.ts'
import { publish } from '../reports/publish.ts'
import type { Asked, Said } from './conformance.ts'

// A test for each verdict; all of them share one server, one budget and one set of answers.
const { verdicts, channel: name } = inject('conformance')

declare module 'vitest' {
  interface TaskMeta {
    /** A verdict was reached: how the test ends follows from it. */
    judged?: true
  }
}

const channel = new BroadcastChannel(name)
afterAll(() => channel.close())
const waiting = new Map<string, PromiseWithResolvers<Publication>>()
channel.addEventListener('message', (event) => {
  const said = (event as MessageEvent).data as Said
  if ('publication' in said) waiting.get(said.publication.id)?.resolve(said.publication)
  else waiting.get(said.id)?.reject(new Error(said.problem))
})
const reach = (id: string): Promise<Publication> => {
  const publication = Promise.withResolvers<Publication>()
  waiting.set(id, publication)
  const asked: Asked = { reach: id }
  channel.postMessage(asked)
  return publication.promise
}

for (const [group, planned] of Map.groupBy(verdicts, (verdict) => verdict.group)) {
  describe.concurrent(group, () => {
    // A verdict carries its title, and publish() ends the test as the verdict says.
    // oxlint-disable vitest/expect-expect
    for (const { id, title, tags } of planned) {
      test(`${title} [${id}]`, { tags: [...tags], timeout: 0 }, async (context) => {
        const publication = await reach(id)
        context.task.meta.judged = true
        await publish(publication, context)
      })
    }
  })
}
