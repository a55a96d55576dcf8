import type { Fault } from '../fault.ts'
import { attempt, parseJson, record, word } from '../json.ts'
import type { Draft } from '../wire.ts'
import { broken, named, noTools, oneCall, plain, required } from './triggers.ts'

const unknownNamed = plain({ ...named, tool_choice: { type: 'function', function: { name: 'get_wether' } } })
const badJson = { ...plain({}), body: '{"messages": [' }

/** Changes refusals of the chat endpoint. */
function refusals(change: (reply: Draft) => Partial<Draft>): NonNullable<Fault['reply']> {
  return (reply, { request }) =>
    reply.status >= 400 && reply.status < 500 && request.path.startsWith('/v1/chat') && reply.status !== 401
      ? { ...reply, ...change(reply) }
      : undefined
}

/** Changes the text of an error. */
function worded(change: (message: string) => unknown): NonNullable<Fault['reply']> {
  return refusals((reply) => {
    const body = record(attempt(reply.body))
    const error = record(body['error'])
    error['message'] = change(word(error['message']))
    return { body: JSON.stringify(body) }
  })
}

/** Faults in refusals. */
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
    id: 'error-flat',
    what: 'Errors have no object around them.',
    class: 'C60',
    issue: 'sglang#33504',
    trigger: [unknownNamed],
    reply: refusals((reply) => ({ body: JSON.stringify({ object: 'error', ...record(record(attempt(reply.body))['error']) }) })),
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
  {
    id: 'unknown-model-500',
    what: 'An unknown model gives status 500.',
    class: 'C58',
    trigger: [plain({ ...noTools, model: 'no-such-model' })],
    verdict: (refusal) => (refusal?.status === 404 ? { ...refusal, status: 500, type: 'InternalServerError' } : refusal),
  },
  {
    id: 'missing-messages-500',
    what: 'A body without messages gives status 500.',
    class: 'C58',
    trigger: [plain({})],
    verdict: (refusal, { request }) =>
      refusal && !('messages' in record(attempt(request.body))) && request.path.startsWith('/v1/chat')
        ? { status: 500, message: "'messages'", type: 'InternalServerError', param: null }
        : refusal,
  },
  {
    id: 'bad-sampling-500',
    what: 'A temperature out of range gives status 500.',
    class: 'C58',
    trigger: [plain({ ...noTools, temperature: 9 })],
    verdict: (refusal) =>
      refusal?.message.includes('temperature must be') ? { ...refusal, status: 500, type: 'InternalServerError' } : refusal,
  },
  {
    id: 'too-long-prompt-500',
    what: 'A prompt beyond the context length gives status 500.',
    class: 'C58',
    trigger: [plain({ messages: [{ role: 'user', content: 'word '.repeat(40_000) }] })],
    verdict: (refusal) =>
      refusal?.message.includes('maximum context length') ? { ...refusal, status: 500, type: 'InternalServerError' } : refusal,
  },
  {
    id: 'bad-sampling-accepted',
    what: 'A temperature out of range is accepted.',
    class: 'C59',
    trigger: [plain({ ...noTools, temperature: 9 })],
    body: (body) => (Number(body['temperature']) > 2 ? { ...body, temperature: 1 } : body),
  },
  {
    id: 'tool-without-name-accepted',
    what: 'A tool without name is accepted.',
    class: 'C59',
    trigger: [plain({ ...noTools, tools: [{ type: 'function', function: {} }] })],
    body: (body) => (JSON.stringify(body['tools'] ?? []).includes('"function":{}') ? { ...body, tools: undefined } : body),
  },
  {
    id: 'wrong-messages-type-accepted',
    what: 'messages as a string is accepted.',
    class: 'C59',
    trigger: [plain({ messages: 'Hello' })],
    body: (body) => (typeof body['messages'] === 'string' ? { ...body, messages: [{ role: 'user', content: body['messages'] }] } : body),
  },
  {
    id: 'error-code-differs',
    what: 'The code of an error is not its status.',
    class: 'C60',
    trigger: [unknownNamed],
    reply: refusals((reply) => ({ body: reply.body.replace(/"code":\d+/, '"code":500') })),
  },
  {
    id: 'error-without-type',
    what: 'Errors have no type.',
    class: 'C60',
    trigger: [unknownNamed],
    reply: refusals((reply) => {
      const body = record(attempt(reply.body))
      delete record(body['error'])['type']
      return { body: JSON.stringify(body) }
    }),
  },
  {
    id: 'error-message-as-object',
    what: 'The message of an error is an object.',
    class: 'C60',
    trigger: [unknownNamed],
    reply: worded((message) => ({ text: message })),
  },
  {
    id: 'error-with-traceback',
    what: 'The message of an error ends with a traceback.',
    class: 'C60',
    trigger: [unknownNamed],
    reply: worded((message) => `${message}\nTraceback (most recent call last):\n  raise ValueError`),
  },
  {
    id: 'error-body-empty',
    what: 'Errors have no body.',
    class: 'C60',
    trigger: [unknownNamed],
    reply: refusals(() => ({ body: '' })),
  },
  {
    id: 'error-of-stream-in-stream',
    what: 'A refused streamed request is 200 with an error event.',
    class: 'C60',
    trigger: [{ ...unknownNamed, body: unknownNamed.body.replace('"tools"', '"stream":true,"tools"') }],
    verdict: (refusal, { request }) =>
      refusal && record(attempt(request.body))['stream'] === true ? { ...refusal, inStream: true } : refusal,
  },
  {
    id: 'unknown-model-400',
    what: 'An unknown model gives status 400.',
    class: 'C60',
    trigger: [plain({ ...noTools, model: 'no-such-model' })],
    verdict: (refusal) => (refusal?.status === 404 ? { ...refusal, status: 400, type: 'BadRequestError' } : refusal),
  },
  {
    id: 'error-with-choices',
    what: 'A refusal has an empty list of choices beside its error.',
    class: 'C60',
    trigger: [unknownNamed],
    reply: refusals((reply) => ({ body: JSON.stringify({ ...record(attempt(reply.body)), choices: [] }) })),
  },
]
