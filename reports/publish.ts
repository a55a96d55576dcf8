import * as allure from 'allure-js-commons'
import type { TestContext } from 'vitest'
import type { Publication } from './allure.ts'

/**
 * Turns one verdict into one Allure result and ends the vitest test that it is called in: returns for passed, throws for failed and broken,
 * skips for the rest. All that it shows was worked out before: the thread of the tests loads nothing for it.
 */
export async function publish(publication: Publication, context: TestContext): Promise<void> {
  const { id, tags, labels, links, findings, more, exchange, end } = publication
  await allure.displayName(publication.name)
  await allure.testCaseId(id)
  await allure.historyId(id)
  await allure.epic(publication.epic)
  await allure.feature(publication.feature)
  await allure.severity(publication.severity)
  await allure.tags(...tags)
  for (const [name, value] of labels) await allure.label(name, value)
  await allure.descriptionHtml(publication.description)
  // Allure's frame around a description lets no link out of it.
  for (const { name, url } of links) await allure.link(url, name)
  for (const { where, got, wanted } of findings)
    await allure.step(where, async (step) => {
      await step.parameter('got', got)
      await step.parameter('wanted', wanted)
    })
  if (more > 0) await allure.logStep(`and ${more} more, in verdicts.jsonl`)
  if (exchange !== undefined) {
    const text = { contentType: allure.ContentType.TEXT, fileExtension: 'txt' }
    await allure.step(`Exchange ${exchange.id}`, async () => {
      await allure.attachment('Answer as received', exchange.answer, text)
      await allure.attachment('The same request with curl', exchange.curl, text)
    })
  }
  if (end.kind === 'thrown') throw Object.assign(new Error(end.message), { name: end.name, stack: '', ...end.details })
  if (end.kind === 'skipped') context.skip(end.why)
}
