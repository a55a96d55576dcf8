import { scenario, shown } from '../fixtures/scenario.ts'

/** Whether a route is a gateway's to answer: redirected, forbidden, not there. */
const isClosed = (status: number): boolean => status > 299 && status < 500

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
      // A gateway closes this route or leads it elsewhere; only what fails is not healthy.
      if (isClosed(status)) return { notApplicable: 'the server has no /health, as servers other than vLLM may' }
      if (status > 299) return { where: 'status line', got: String(status), wanted: '200' }
      return text === '' ? undefined : { note: `the body is not empty: ${text.slice(0, 80)}` }
    },
  )

  should(
    'readiness.version',
    'SHOULD report its version at /version',
    'vLLM vllm/entrypoints/serve/instrumentator/basic.py: GET /version',
    version,
    ({ status, document }) => {
      if (isClosed(status) || (status === 200 && document?.ok !== true))
        return { notApplicable: 'the server has no /version, as servers other than vLLM may' }
      const told = document?.ok === true ? (document.value as { version?: unknown } | null)?.version : undefined
      return typeof told === 'string' && told !== '' ? undefined : { where: 'version', got: shown(told), wanted: 'a version' }
    },
  )
})
