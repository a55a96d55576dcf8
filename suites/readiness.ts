import { scenario, shown } from '../fixtures/scenario.ts'

export default scenario('Readiness of the endpoint', ({ request, must, should }) => {
  const health = request('health', { method: 'GET', path: '/health' })
  const version = request('version', { method: 'GET', path: '/version' })
  const models = request('models', { method: 'GET', path: '/v1/models' }, { expect: 'answer' })

  must(
    'readiness.models',
    'MUST answer /v1/models with status 200 when it is ready',
    'KAITO tool calling article: check the /v1/models endpoint',
    models,
    ({ status }) => (status === 200 ? undefined : { where: 'status line', got: String(status), wanted: '200' }),
  )

  should(
    'readiness.health',
    'SHOULD answer /health with status 200 and an empty body',
    'vLLM vllm/entrypoints/serve/instrumentator/health.py: GET /health',
    health,
    ({ status, text }) => {
      if (status === 404) return { notApplicable: 'the server has no /health, as servers other than vLLM may' }
      if (status !== 200) return { where: 'status line', got: String(status), wanted: '200' }
      return text === '' ? undefined : { note: `the body is not empty: ${text.slice(0, 80)}` }
    },
  )

  should(
    'readiness.version',
    'SHOULD report its version at /version',
    'vLLM vllm/entrypoints/serve/instrumentator/basic.py: GET /version',
    version,
    ({ status, document }) => {
      if (status === 404) return { notApplicable: 'the server has no /version, as servers other than vLLM may' }
      const told = document?.ok === true ? (document.value as { version?: unknown } | null)?.version : undefined
      return typeof told === 'string' && told !== '' ? undefined : { where: 'version', got: shown(told), wanted: 'a version' }
    },
  )
})
