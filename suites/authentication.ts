import { fields, scenario, shown, user, type Check, type Facts, type Reply } from '../fixtures/scenario.ts'

const unless = ({ hasKey }: Facts): string | undefined => (hasKey ? undefined : 'no key is set, so nothing says that the server wants one')
const chat = {
  method: 'POST',
  path: '/v1/chat/completions',
  body: JSON.stringify({ model: '$MODEL', messages: [user('Say hi.')], max_tokens: 1 }),
} as const

/** 401 of vLLM and of OpenAI; 403 where a gateway has the keys (RFC 9110 section 15.5.4). */
const refused = ({ status }: Pick<Reply, 'status'>): Check =>
  status === 401 || status === 403 ? undefined : { where: 'status line', got: String(status), wanted: '401' }

export default scenario('Authentication', ({ request, must, should }) => {
  const keyless = request('chat-without-key', { ...chat, authorization: 'none' }, { unless })
  const wrongKey = request('chat-with-wrong-key', { ...chat, authorization: { literal: 'Bearer sk-this-is-not-the-key' } }, { unless })
  const responses = request(
    'responses-without-key',
    {
      method: 'POST',
      path: '/v1/responses',
      body: JSON.stringify({ model: '$MODEL', input: 'Say hi.', max_output_tokens: 1 }),
      authorization: 'none',
    },
    { unless },
  )
  const messages = request(
    'messages-without-key',
    {
      method: 'POST',
      path: '/v1/messages',
      body: JSON.stringify({ model: '$MODEL', messages: [user('Say hi.')], max_tokens: 1 }),
      authorization: 'none',
    },
    { unless },
  )
  const models = request('models-without-key', { method: 'GET', path: '/v1/models', authorization: 'none' })

  must(
    'auth.chat-without-key',
    'MUST refuse a chat request without the key',
    'OpenAI API reference: authentication; vLLM --api-key; vllm#18892',
    keyless,
    refused,
  )
  must(
    'auth.chat-with-wrong-key',
    'MUST refuse a chat request with a wrong key',
    'OpenAI API reference: authentication; vLLM --api-key',
    wrongKey,
    refused,
  )
  must(
    'auth.models-without-key',
    'MUST refuse to list the models without the key',
    'vLLM --api-key guards all of /v1; vllm#42591',
    models,
    ({ status }, facts) =>
      facts.hasKey ? refused({ status }) : { notApplicable: 'no key is set; auth.asks-for-key says what that means' },
  )

  must(
    'auth.responses-without-key',
    'MUST refuse a request to /v1/responses without the key',
    'vLLM --api-key guards all of /v1; vllm-mlx#317, vllm#42591',
    responses,
    ({ status }) => (status === 404 || status === 405 ? { notApplicable: 'the server has no /v1/responses' } : refused({ status })),
  )

  must(
    'auth.messages-without-key',
    'MUST refuse a request to /v1/messages without the key',
    'vLLM --api-key guards all of /v1; vllm-mlx#317, vllm#42591',
    messages,
    ({ status }) => (status === 404 || status === 405 ? { notApplicable: 'the server has no /v1/messages' } : refused({ status })),
  )

  must(
    'auth.silent',
    'MUST NOT repeat the key of a request in its answer',
    'OWASP ASVS 7.1: no credentials in messages',
    wrongKey,
    ({ text }) => (text.includes('sk-this-is-not-the-key') ? { where: 'body', got: shown(text), wanted: 'no key' } : undefined),
  )

  should(
    'auth.body',
    'SHOULD explain the refusal in a JSON object with a field error; gateways that have the keys answer in words of their own',
    'vLLM vllm/entrypoints/serve/middleware/authenticate.py: {"error":"Unauthorized"}; OpenAI API reference: an error object',
    keyless,
    ({ status, document, text }) => {
      if (status !== 401 && status !== 403) return { notApplicable: 'nothing was refused' }
      const error = document?.ok === true ? fields(document.value)?.['error'] : undefined
      const said = typeof error === 'string' ? error : fields(error)?.['message']
      return typeof said === 'string' && said !== '' ? undefined : { where: 'body', got: text.slice(0, 160), wanted: '{"error": …}' }
    },
  )

  should(
    'auth.asks-for-key',
    'SHOULD require a key: KAITO sets none, so anyone who reaches the Service can use the model',
    'vLLM vllm/entrypoints/serve/middleware/authenticate.py: --api-key; KAITO passes none by default, and its Service answers every pod of the cluster',
    models,
    ({ status }) =>
      status === 200
        ? { where: 'status line', got: '200 without a key', wanted: '401: set api-key in the inference_config.yaml' }
        : undefined,
  )
})
