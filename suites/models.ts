import { fields, list, scenario, shown } from '../fixtures/scenario.ts'
import { hello } from '../fixtures/tools/tools.ts'

export default scenario('Models endpoint', ({ request, ask, together, must }) => {
  const models = request('list', { method: 'GET', path: '/v1/models' }, { expect: 'answer', from: 'smoke' })
  const chat = ask('who-answers', hello, { forms: ['plain'] })

  must(
    'models.some',
    'MUST list at least one model with an id to ask for',
    'KAITO tool calling article: /v1/models shows phi-4-mini-instruct',
    models,
    ({ document }) => {
      const ids = list(fields(document?.ok === true ? document.value : undefined)?.['data']).flatMap((card) => fields(card)?.['id'] ?? [])
      return ids.some((id) => typeof id === 'string' && id !== '') ? undefined : { where: 'data', got: shown(ids), wanted: 'an id' }
    },
  )

  together(
    'models.answers',
    'MUST answer in the name of the model that was asked for, when the models list holds it',
    'OpenAI API reference: model; vllm#7260',
    [models, chat],
    ([listed, answered]) => {
      const ids = list(fields(listed?.document?.ok === true ? listed.document.value : undefined)?.['data']).map(
        (card) => fields(card)?.['id'],
      )
      const model = answered?.answer.model
      return ids.includes(model) ? undefined : { where: 'model', got: String(model), wanted: ids.join(', ') }
    },
  )
})
