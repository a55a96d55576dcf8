import type { Fault } from '../fault.ts'
import { parseJson, record, word } from '../json.ts'
import type { Reply } from '../wire.ts'
import { broken, named, noTools, oneCall, plain, required } from './triggers.ts'

const unknownNamed = plain({ ...named, tool_choice: { type: 'function', function: { name: 'get_wether' } } })
const badJson = { ...plain({}), body: '{"messages": [' }

/** Changes refusals of the chat endpoint. */
function refusals(change: (reply: Reply) => Partial<Reply>): NonNullable<Fault['reply']> {
  return (reply, { request }) =>
    reply.status >= 400 && reply.status < 500 && request.path.startsWith('/v1/chat') && reply.status !== 401
      ? { ...reply, ...change(reply) }
      : undefined
}

/** Changes the text of an error. */
function worded(change: (message: string) => unknown): NonNullable<Fault['reply']> {
  return refusals((reply) => {
    const body = record(parseJson(reply.body))
    const error = record(body['error'])
    error['message'] = change(word(error['message']))
    return { body: JSON.stringify(body) }
  })
}

export const errors: Fault[] = [
  {
    id: 'bad-json-500',
    what: 'Malformed JSON gives status 500.',
    class: 'C58',
    issue: 'llama.cpp#25510',
    trigger: [badJson],
    verdict: (refusal) => (refusal?.message.includes('json_invalid') ? { ...refusal, status: 500, type: 'InternalServerError' } : refusal),
  },
  {
    id: 'body-list-500',
    what: 'A body that is a list gives status 500.',
    class: 'C58',
    issue: 'vllm#51654',
    trigger: [{ ...plain({}), body: '[]' }],
    verdict: (refusal) =>
      refusal?.message.includes('model_attributes_type')
        ? { status: 500, message: "'list' object has no attribute 'get'", type: 'InternalServerError', param: null }
        : refusal,
  },
  {
    id: 'unknown-choice-500',
    what: 'An unknown value of tool_choice gives status 500.',
    class: 'C58',
    issue: 'vllm#24232',
    trigger: [plain({ ...oneCall, tool_choice: 'sometimes' })],
    verdict: (refusal) =>
      refusal?.message.includes('Invalid value for `tool_choice`') ? { ...refusal, status: 500, type: 'InternalServerError' } : refusal,
  },
  {
    id: 'unknown-named-500',
    what: 'A named tool that was not offered gives status 500.',
    class: 'C58',
    issue: 'vllm#10567',
    trigger: [unknownNamed],
    verdict: (refusal) =>
      refusal?.message.includes('does not match any') ? { ...refusal, status: 500, type: 'InternalServerError' } : refusal,
  },
  {
    id: 'bad-schema-500',
    what: 'A schema that does not compile gives status 500 with an empty message.',
    class: 'C58',
    issue: 'vllm#52394',
    trigger: [plain(broken)],
    verdict: (refusal) =>
      refusal?.message.includes('Grammar error') ? { ...refusal, status: 500, type: 'InternalServerError', message: '' } : refusal,
  },
  {
    id: 'unknown-choice-accepted',
    what: 'An unknown value of tool_choice is taken for auto.',
    class: 'C59',
    trigger: [plain({ ...oneCall, tool_choice: 'sometimes' })],
    body: (body) =>
      ['auto', 'none', 'required'].includes(word(body['tool_choice'])) || typeof body['tool_choice'] !== 'string'
        ? body
        : { ...body, tool_choice: 'auto' },
  },
  {
    id: 'unknown-named-accepted',
    what: 'A named tool that was not offered is taken for auto.',
    class: 'C59',
    trigger: [unknownNamed],
    body(body) {
      const name = record(record(body['tool_choice'])['function'])['name']
      return name && !JSON.stringify(body['tools'] ?? []).includes(JSON.stringify(name)) ? { ...body, tool_choice: 'auto' } : body
    },
  },
  {
    id: 'required-without-tools-accepted',
    what: 'required without tools is answered with text.',
    class: 'C59',
    issue: 'vllm#30613',
    trigger: [plain({ ...noTools, tool_choice: 'required' })],
    body: (body) => (body['tools'] || !body['tool_choice'] ? body : { ...body, tool_choice: 'none' }),
  },
  {
    id: 'empty-tools-accepted',
    what: 'tools [] is accepted.',
    class: 'C59',
    issue: 'vllm#39741',
    trigger: [plain({ ...noTools, tools: [] })],
    body: (body) => (Array.isArray(body['tools']) && body['tools'].length === 0 ? { ...body, tools: null } : body),
  },
  {
    id: 'unknown-model-accepted',
    what: 'Any model name is served.',
    class: 'C59',
    trigger: [plain({ ...noTools, model: 'no-such-model' })],
    body: (body) => ({ ...body, model: null }),
  },
  {
    id: 'bad-schema-accepted',
    what: 'A required tool with an impossible schema is called.',
    class: 'C59',
    trigger: [plain(broken)],
    body: (body) => (JSON.stringify(body).includes('florb') ? record(parseJson(JSON.stringify(body).replaceAll('florb', 'string'))) : body),
  },
  {
    id: 'missing-messages-accepted',
    what: 'A body without messages is answered.',
    class: 'C59',
    trigger: [plain({})],
    body: (body) => ('messages' in body ? body : { ...body, messages: [{ role: 'user', content: 'Hello.' }] }),
  },
  {
    id: 'error-as-html',
    what: 'Errors are HTML pages.',
    class: 'C60',
    trigger: [plain({ ...required, tools: undefined })],
    reply: refusals((reply) => ({
      headers: [['content-type', 'text/html']],
      body: `<html><body><h1>Error ${reply.status}</h1></body></html>`,
    })),
  },
  {
    id: 'error-message-empty',
    what: 'The message of an error is empty.',
    class: 'C60',
    issue: 'vllm#35438',
    trigger: [unknownNamed],
    reply: worded(() => ''),
  },
  {
    id: 'error-with-file-path',
    what: 'The message of an error names a file of the server.',
    class: 'C60',
    issue: 'vllm#46415',
    trigger: [unknownNamed],
    reply: worded(
      (message) =>
        `${message}\n\n  File "/usr/local/lib/python3.12/dist-packages/vllm/entrypoints/serve/utils/api_utils.py", line 40, in create_chat_completion`,
    ),
  },
  {
    id: 'error-as-string',
    what: 'error is a string in place of an object.',
    class: 'C60',
    trigger: [unknownNamed],
    reply: refusals(() => ({ body: '{"error":"Bad Request"}' })),
  },
  {
    id: 'error-as-detail',
    what: 'Errors are FastAPI details with status 422.',
    class: 'C60',
    issue: 'vllm#47028',
    trigger: [badJson],
    reply: refusals((reply) => ({
      status: reply.status === 404 ? 404 : 422,
      body: '{"detail":[{"type":"value_error","loc":["body"],"msg":"Value error"}]}',
    })),
  },
  {
    id: 'error-with-status-200',
    what: 'Errors come with status 200.',
    class: 'C60',
    trigger: [unknownNamed],
    reply: refusals(() => ({ status: 200 })),
  },
]
