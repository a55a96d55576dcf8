import { fields, isVllmAlone, list, scenario, shown } from '../fixtures/scenario.ts'
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
    'MUST answer in the name of a model, vLLM in one that its models list holds',
    'OpenAI API reference: model, the model used for the completion, which for an alias is another name; vLLM vllm/config/model.py: served_model_name; vllm#7260',
    [models, chat],
    ([listed, answered], { profile }) => {
      const ids = list(fields(listed?.document?.ok === true ? listed.document.value : undefined)?.['data']).map(
        (card) => fields(card)?.['id'],
      )
      const model = answered?.answer.model
      if (!isVllmAlone(profile) && typeof model === 'string' && model !== '' && !ids.includes(model))
        return { note: `the answer names ${shown(model)}, which the models list does not hold` }
      return ids.includes(model) ? undefined : { where: 'model', got: String(model), wanted: ids.join(', ') }
    },
  )
})
