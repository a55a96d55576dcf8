import type { Fault } from '../fault.ts'
import { attempt, isObject, list, record } from '../json.ts'
import type { Refusal, Draft } from '../wire.ts'
import { broken, echoes, get, named, noTools, oneCall, ping, plain, required, respond, streamed, tell } from './triggers.ts'

const dead: Refusal = {
  status: 500,
  message: 'EngineCore encountered an issue. See stack trace (above) for the root cause.',
  type: 'InternalServerError',
  param: null,
}

function on(path: string, change: (body: string) => string): NonNullable<Fault['reply']> {
  return (reply: Draft, { request }) => (request.path === path && reply.status === 200 ? { ...reply, body: change(reply.body) } : undefined)
}

function asking(body: string): Record<string, unknown> {
  return record(attempt(body))
}

/** Faults of the service around the answers: health, keys, load, metrics, models list. */
export const service: Fault[] = [
  {
    id: 'engine-dead-after-bad-schema',
    what: 'A schema that does not compile kills the engine: every later request fails, health is 503.',
    class: 'C61',
    issue: 'vllm#17248',
    trigger: [plain(broken), get('/health'), plain(noTools)],
    verdict(refusal, { memory }) {
      if (refusal?.message.includes('Grammar error')) memory.set('dead', true)
      return memory.has('dead') ? dead : refusal
    },
    reply: (reply, { request, memory }) => (memory.has('dead') && request.path === '/health' ? { ...reply, status: 503 } : undefined),
  },
  {
    id: 'schema-reference-rejected',
    what: 'A tool whose schema has $ref is refused.',
    class: 'C62',
    issue: 'vllm#16880',
    trigger: [
      plain({
        messages: [{ role: 'user', content: 'Use locate with "Paris".' }],
        tools: [
          {
            type: 'function',
            function: {
              name: 'locate',
              parameters: { $defs: { place: { type: 'string' } }, properties: { place: { $ref: '#/$defs/place' } } },
            },
          },
        ],
      }),
    ],
    verdict: (refusal, { request }) =>
      refusal ??
      (request.body.includes('"$ref"')
        ? {
            ...dead,
            status: 400,
            type: 'BadRequestError',
            message: 'The provided JSON schema contains features not supported by xgrammar.',
          }
        : undefined),
  },
  {
    id: 'none-without-tools-rejected',
    what: 'tool_choice none without tools is refused.',
    class: 'C62',
    issue: 'vllm#10000',
    trigger: [plain({ ...noTools, tool_choice: 'none' })],
    verdict(refusal, { request }) {
      const body = refusal ? {} : asking(request.body)
      return body['tool_choice'] === 'none' && !body['tools']
        ? { ...dead, status: 400, type: 'BadRequestError', message: 'When using `tool_choice`, `tools` must be set.' }
        : refusal
    },
  },
  {
    id: 'null-choice-rejected',
    what: 'tool_choice null is refused.',
    class: 'C62',
    issue: 'vllm#19679',
    trigger: [plain({ ...oneCall, tool_choice: null })],
    verdict: (refusal, { request }) =>
      refusal ??
      (asking(request.body)['tool_choice'] === null
        ? { ...dead, status: 400, type: 'BadRequestError', message: 'Invalid value for `tool_choice`: None!' }
        : undefined),
  },
  {
    id: 'logprobs-with-tools-500',
    what: 'logprobs together with tools gives status 500.',
    class: 'C62',
    issue: 'vllm#49144',
    trigger: [plain({ ...oneCall, logprobs: true })],
    verdict(refusal, { request }) {
      const body = refusal ? {} : asking(request.body)
      return body['logprobs'] && body['tools'] ? { ...dead, message: "'NoneType' object is not subscriptable" } : refusal
    },
  },
  {
    id: 'truncated-required-rejected',
    what: 'required that max_tokens cuts gives status 400.',
    class: 'C62',
    issue: 'vllm#36841',
    trigger: [plain({ ...required, max_tokens: 3 })],
    verdict(refusal, { request }) {
      const body = refusal ? {} : asking(request.body)
      if (body['tool_choice'] !== 'required' || Number(body['max_tokens'] ?? 99) > 10) return refusal
      return {
        ...dead,
        status: 400,
        type: 'BadRequestError',
        message: '1 validation error for list: Invalid JSON: EOF while parsing a list',
      }
    },
  },
  {
    id: 'auto-choice-rejected',
    what: 'auto is refused as if no parser were configured.',
    class: 'C62',
    trigger: [plain(oneCall)],
    verdict(refusal, { request }) {
      const body = refusal ? {} : asking(request.body)
      const auto = body['tools'] && (body['tool_choice'] === undefined || body['tool_choice'] === 'auto')
      const message = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
      return auto ? { ...dead, status: 400, type: 'BadRequestError', message } : refusal
    },
  },
  {
    id: 'requests-mixed-under-load',
    what: 'A call gets the arguments of another request that is under way.',
    class: 'C63',
    issue: 'vllm#10583',
    trigger: [plain(echoes('one'), { meanwhile: 'asks on' }), plain(echoes('two'))],
    said(said, { memory, running }) {
      const other = memory.get('arguments')
      memory.set('arguments', said.calls[0]?.arguments)
      if (running > 1 && typeof other === 'string' && said.calls[0]) said.calls[0].arguments = other
    },
  },
  {
    id: 'arguments-empty-under-load',
    what: 'Arguments are {} while another request is under way.',
    class: 'C64',
    issue: 'vllm#49248',
    trigger: [plain(oneCall, { meanwhile: 'asks on' }), plain(oneCall)],
    said(said, { running }) {
      if (running > 1) for (const call of said.calls) call.arguments = '{}'
    },
  },
  {
    id: 'fails-under-load',
    what: 'A second request at the same time gives status 500.',
    class: 'C64',
    issue: 'vllm#40059',
    trigger: [plain(oneCall, { meanwhile: 'asks on' }), plain(oneCall)],
    verdict: (refusal, { running }) => refusal ?? (running > 0 ? dead : undefined),
  },
  {
    id: 'disconnect-not-noticed',
    what: 'A request whose client left runs on for ever.',
    class: 'C65',
    issue: 'vllm#10806',
    trigger: [streamed(noTools, { meanwhile: 'leaves' }), get('/metrics')],
    deafToDisconnect: true,
  },
  {
    id: 'metrics-frozen',
    what: 'No counter moves.',
    class: 'C66',
    issue: 'vllm#31503',
    trigger: [plain(oneCall), get('/metrics')],
    reply: on('/metrics', (body) => body.replaceAll(/^(vllm:\S+) \S+$/gm, '$1 0.0')),
  },
  {
    id: 'metrics-success-missing',
    what: 'request_success_total does not move.',
    class: 'C66',
    issue: 'vllm#7782',
    trigger: [plain(oneCall), get('/metrics')],
    reply: on('/metrics', (body) => body.replaceAll(/^(vllm:request_success_total\S+) \S+$/gm, '$1 0.0')),
  },
  {
    id: 'metrics-finish-label-wrong',
    what: 'Finished requests are counted as abort.',
    class: 'C66',
    trigger: [plain(oneCall), get('/metrics')],
    reply: on('/metrics', (body) =>
      body
        .replaceAll('finished_reason="stop"', 'finished_reason="_"')
        .replaceAll('finished_reason="abort"', 'finished_reason="stop"')
        .replaceAll('finished_reason="_"', 'finished_reason="abort"'),
    ),
  },
  {
    id: 'metrics-tokens-missing',
    what: 'generation_tokens_total does not move.',
    class: 'C66',
    trigger: [plain(oneCall), get('/metrics')],
    reply: on('/metrics', (body) => body.replaceAll(/^(vllm:generation_tokens_total\S+) \S+$/gm, '$1 0.0')),
  },
  {
    id: 'metrics-running-stuck',
    what: 'num_requests_running never falls to 0.',
    class: 'C66',
    trigger: [get('/metrics')],
    reply: on('/metrics', (body) => body.replaceAll(/^(vllm:num_requests_running\S+) \S+$/gm, '$1 1.0')),
  },
  {
    id: 'metrics-parser-missing',
    what: 'The metrics have no series about the tool parser.',
    class: 'C67',
    trigger: [get('/metrics')],
    reply: on('/metrics', (body) => body.replaceAll(/^.*vllm:tool_call_parser_invocations_total.*\n/gm, '')),
  },
  {
    id: 'metrics-cache-usage-missing',
    what: 'The metrics have no gauge of the cache under any of its names.',
    class: 'C67',
    trigger: [get('/metrics')],
    reply: on('/metrics', (body) => body.replaceAll(/^.*vllm:(?:kv|gpu)_cache_usage_perc.*\n/gm, '')),
  },
  {
    id: 'metrics-first-token-missing',
    what: 'time_to_first_token_seconds is not exported.',
    class: 'C66',
    issue: 'vllm#8115',
    trigger: [get('/metrics')],
    reply: on('/metrics', (body) => body.replaceAll(/^.*vllm:time_to_first_token_seconds.*\n/gm, '')),
  },
  {
    id: 'models-list-empty',
    what: 'The list of models is empty.',
    class: 'C67',
    issue: 'worker-vllm#162',
    trigger: [get('/v1/models')],
    reply: on('/v1/models', () => '{"object":"list","data":[]}'),
  },
  {
    id: 'models-list-other-name',
    what: 'The list of models holds a path in place of the served name.',
    class: 'C67',
    issue: 'kserve#3715',
    trigger: [get('/v1/models')],
    reply: on('/v1/models', (body) => {
      const models: { data: { id: string }[] } = JSON.parse(body)
      for (const card of models.data) card.id = `/mnt/models/${card.id}`
      return JSON.stringify(models)
    }),
  },
  {
    id: 'models-list-without-length',
    what: 'The model card has no max_model_len.',
    class: 'C67',
    trigger: [get('/v1/models')],
    reply: on('/v1/models', (body) => body.replace(/"max_model_len":\d+,/, '')),
  },
  {
    id: 'answer-names-other-model',
    what: 'Answers name another model than the list.',
    class: 'C67',
    issue: 'vllm#7260',
    trigger: [plain(named)],
    plain(completion) {
      completion.model = 'default'
    },
  },
  {
    id: 'auth-open',
    what: 'Requests without a key are served.',
    class: 'C68',
    issue: 'vllm#58144',
    needsKey: true,
    trigger: [plain(noTools)],
    admits: (request) => (request.headers['authorization'] === undefined ? true : undefined),
  },
  {
    id: 'auth-accepts-any-key',
    what: 'Requests with any key are served.',
    class: 'C68',
    issue: 'vllm#42591',
    needsKey: true,
    trigger: [plain(noTools, { headers: { 'content-type': 'application/json', authorization: 'Bearer wrong' } })],
    admits: (request) => (request.headers['authorization'] ? true : undefined),
  },
  {
    id: 'auth-open-on-models',
    what: 'The list of models needs no key.',
    class: 'C68',
    issue: 'vllm#18892',
    needsKey: true,
    trigger: [get('/v1/models')],
    admits: (request) => (request.path === '/v1/models' ? true : undefined),
  },
  {
    id: 'auth-refuses-good-key',
    what: 'The right key is refused.',
    class: 'C68',
    needsKey: true,
    trigger: [plain(noTools, { headers: { 'content-type': 'application/json', authorization: 'Bearer sk-test' } })],
    admits: () => false,
  },
  {
    id: 'dead-after-disconnect',
    what: 'When a client has left a stream, later requests fail.',
    class: 'C61',
    issue: 'vllm#32442',
    trigger: [streamed(noTools, { meanwhile: 'leaves' }), plain(noTools)],
    left: (memory) => void memory.set('dead', true),
    verdict: (refusal, { memory }) => (memory.has('dead') ? dead : refusal),
  },
  {
    id: 'dead-after-long-prompt',
    what: 'A prompt beyond the context length makes every later request fail.',
    class: 'C61',
    trigger: [plain({ messages: [{ role: 'user', content: 'word '.repeat(40_000) }] }), plain(noTools)],
    verdict(refusal, { memory }) {
      if (memory.has('dead')) return dead
      if (refusal?.message.includes('maximum context length')) memory.set('dead', true)
      return refusal
    },
  },
  {
    id: 'health-always-503',
    what: 'Health is 503 though the server works.',
    class: 'C61',
    trigger: [get('/health')],
    reply: (reply, { request }) => (request.path === '/health' ? { ...reply, status: 503 } : undefined),
  },
  {
    id: 'array-schema-rejected',
    what: 'A tool with a list of limited length is refused.',
    class: 'C62',
    trigger: [
      plain({
        messages: [{ role: 'user', content: 'Use tag with {"tags": ["a"]}' }],
        tools: [
          {
            type: 'function',
            function: {
              name: 'tag',
              parameters: { type: 'object', properties: { tags: { type: 'array', items: { type: 'string' }, minItems: 1 } } },
            },
          },
        ],
      }),
    ],
    verdict: (refusal, { request }) =>
      refusal ??
      (request.body.includes('"minItems"')
        ? {
            ...dead,
            status: 400,
            type: 'BadRequestError',
            message: 'The provided JSON schema contains features not supported by xgrammar.',
          }
        : undefined),
  },
  {
    id: 'tool-without-parameters-500',
    what: 'A tool without parameters gives status 500.',
    class: 'C62',
    trigger: [plain({ messages: [{ role: 'user', content: 'Please ping.' }], tools: [ping] })],
    verdict: (refusal, { request }) =>
      refusal ??
      (list(asking(request.body)['tools']).some((tool) => isObject(tool) && record(tool['function'])['parameters'] === undefined)
        ? { ...dead, message: "'NoneType' object has no attribute 'get'" }
        : undefined),
  },
  {
    id: 'user-field-rejected',
    what: 'The field user of the API is refused.',
    class: 'C62',
    trigger: [plain({ ...noTools, user: 'someone' })],
    verdict: (refusal, { request }) =>
      refusal ??
      ('user' in asking(request.body)
        ? { ...dead, status: 400, type: 'BadRequestError', message: 'Extra inputs are not permitted', param: 'user' }
        : undefined),
  },
  {
    id: 'previous-answer-repeated',
    what: 'An answer is that of the request before.',
    class: 'C63',
    trigger: [plain(echoes('one')), plain(echoes('two'))],
    said(said, { memory }) {
      const before = memory.get('said')
      memory.set('said', said.calls[0]?.arguments)
      if (typeof before === 'string' && said.calls[0]) said.calls[0].arguments = before
    },
  },
  {
    id: 'ids-equal-under-load',
    what: 'Calls of requests at the same time have equal ids.',
    class: 'C63',
    trigger: [plain(oneCall, { meanwhile: 'asks on' }), plain(oneCall)],
    choice(choice, { memory, running }) {
      for (const [i, call] of choice.calls.entries()) {
        if (running > 1) call.id = memory.get(String(i)) ?? call.id
        memory.set(String(i), call.id)
      }
    },
  },
  {
    id: 'rate-limited-when-idle',
    what: 'Every second request of an idle server gives status 429.',
    class: 'C64',
    trigger: [plain(noTools), plain(noTools)],
    verdict(refusal, { memory }) {
      const count = Number(memory.get('count') ?? 0)
      memory.set('count', count + 1)
      return refusal ?? (count % 2 === 1 ? { ...dead, status: 429, type: 'requests', message: 'Too many requests' } : undefined)
    },
  },
  {
    id: 'metrics-prompt-missing',
    what: 'prompt_tokens_total does not move.',
    class: 'C66',
    trigger: [plain(oneCall), get('/metrics')],
    reply: on('/metrics', (body) => body.replaceAll(/^(vllm:prompt_tokens_total\S+) \S+$/gm, '$1 0.0')),
  },
  {
    id: 'metrics-success-twice',
    what: 'request_success_total counts every request twice.',
    class: 'C66',
    trigger: [plain(oneCall), get('/metrics')],
    reply: on('/metrics', (body) =>
      body.replaceAll(/^(vllm:request_success_total\S+) (\S+)$/gm, (_all, name: string, count: string) => `${name} ${Number(count) * 2}.0`),
    ),
  },
  {
    id: 'metrics-first-token-not-counted',
    what: 'time_to_first_token_seconds does not move.',
    class: 'C66',
    trigger: [plain(oneCall), get('/metrics')],
    reply: on('/metrics', (body) => body.replaceAll(/^(vllm:time_to_first_token_seconds_\S+) \S+$/gm, '$1 0.0')),
  },
  {
    id: 'metrics-not-found',
    what: 'There is no /metrics.',
    class: 'C66',
    trigger: [get('/metrics')],
    reply: (reply, { request }) =>
      request.path === '/metrics'
        ? { ...reply, status: 404, headers: [['content-type', 'application/json']], body: '{"detail":"Not Found"}' }
        : undefined,
  },
  {
    id: 'metrics-500',
    what: 'GET /metrics gives status 500.',
    class: 'C66',
    trigger: [get('/metrics')],
    reply: (reply, { request }) =>
      request.path === '/metrics'
        ? { ...reply, status: 500, headers: [['content-type', 'text/plain; charset=utf-8']], body: 'Internal Server Error' }
        : undefined,
  },
  {
    id: 'metrics-unparseable',
    what: 'Values of metrics are written with a comma.',
    class: 'C66',
    trigger: [plain(oneCall), get('/metrics')],
    reply: on('/metrics', (body) => body.replaceAll(/ (\d+)\.(\d+)$/gm, ' $1,$2')),
  },
  {
    id: 'models-list-bare',
    what: 'The list of models is a bare array.',
    class: 'C67',
    trigger: [get('/v1/models')],
    reply: on('/v1/models', (body) => JSON.stringify(record(attempt(body))['data'] ?? [])),
  },
  {
    id: 'models-list-object-wrong',
    what: 'The list of models says object models.',
    class: 'C67',
    trigger: [get('/v1/models')],
    reply: on('/v1/models', (body) => body.replace('"object":"list"', '"object":"models"')),
  },
  {
    id: 'models-list-length-as-text',
    what: 'max_model_len is a string.',
    class: 'C67',
    trigger: [get('/v1/models')],
    reply: on('/v1/models', (body) => body.replace(/"max_model_len":(\d+)/, '"max_model_len":"$1"')),
  },
  {
    id: 'answer-without-model',
    what: 'Answers have model null.',
    class: 'C67',
    trigger: [plain(noTools)],
    plain(completion) {
      completion.model = null
    },
  },
  {
    id: 'auth-refuses-with-403',
    what: 'A missing key gives status 403.',
    class: 'C60',
    needsKey: true,
    trigger: [plain(noTools)],
    reply: (reply) => (reply.status === 401 ? { ...reply, status: 403 } : undefined),
  },
  {
    id: 'auth-open-on-responses-and-messages',
    what: 'Only chat asks for the key.',
    class: 'C68',
    needsKey: true,
    trigger: [respond(noTools), tell(noTools)],
    admits: (request) => (/^\/v1\/(?:responses|messages)/.test(request.path) ? true : undefined),
  },
  {
    id: 'auth-accepts-beginning-of-key',
    what: 'The first letters of the key are enough.',
    class: 'C68',
    needsKey: true,
    trigger: [plain(noTools, { headers: { 'content-type': 'application/json', authorization: 'Bearer sk' } })],
    admits: (request) => (request.headers['authorization']?.startsWith('Bearer sk') ? true : undefined),
  },
  {
    id: 'auth-accepts-other-scheme',
    what: 'A key of another scheme than Bearer is accepted.',
    class: 'C68',
    needsKey: true,
    trigger: [plain(noTools, { headers: { 'content-type': 'application/json', authorization: 'Basic c2stdGVzdA==' } })],
    admits: (request) => (request.headers['authorization']?.startsWith('Basic ') ? true : undefined),
  },
  {
    id: 'auth-shown-in-error',
    what: 'The refusal of a key repeats it.',
    class: 'C60',
    needsKey: true,
    trigger: [plain(noTools, { headers: { 'content-type': 'application/json', authorization: 'Bearer wrong' } })],
    reply: (reply, { request }) =>
      reply.status === 401
        ? { ...reply, body: JSON.stringify({ error: `Unauthorized: ${request.headers['authorization'] ?? ''}` }) }
        : undefined,
  },
  {
    id: 'models-card-without-owner',
    what: 'The model card has no owned_by.',
    class: 'C67',
    trigger: [get('/v1/models')],
    reply: on('/v1/models', (body) => body.replace(/"owned_by":"[^"]*",/, '')),
  },
  {
    id: 'version-without-version',
    what: 'The route /version answers an empty object.',
    class: 'C67',
    trigger: [get('/version')],
    reply: on('/version', () => '{}'),
  },
  {
    id: 'unauthorized-as-html',
    what: 'A request without the key is refused with a page.',
    class: 'C60',
    trigger: [plain(noTools)],
    needsKey: true,
    reply: (reply) =>
      reply.status === 401 ? { ...reply, headers: [['content-type', 'text/html']], body: '<h1>Unauthorized</h1>' } : undefined,
  },
  {
    id: 'auth-open-on-messages',
    what: 'The route /v1/messages does not ask for the key.',
    class: 'C68',
    needsKey: true,
    trigger: [tell(noTools)],
    admits: (request) => (request.path.startsWith('/v1/messages') ? true : undefined),
  },
  {
    id: 'metrics-waiting-stuck',
    what: 'num_requests_waiting never falls to 0.',
    class: 'C66',
    trigger: [get('/metrics')],
    reply: on('/metrics', (body) => body.replaceAll(/^(vllm:num_requests_waiting\S+) \S+$/gm, '$1 2.0')),
  },
  {
    id: 'metrics-label-unquoted',
    what: 'A label of a series is without quotes.',
    class: 'C66',
    trigger: [get('/metrics')],
    reply: on('/metrics', (body) => body.replaceAll(/^(vllm:generation_tokens_total\{.*)model_name="([^"]*)"/gm, '$1model_name=$2')),
  },
  {
    id: 'metrics-tokens-of-other-model',
    what: 'Tokens are counted under the name of a model that is not served.',
    class: 'C66',
    trigger: [get('/metrics')],
    reply: on('/metrics', (body) => body.replaceAll(/^(vllm:generation_tokens_total\{.*)model_name="[^"]*"/gm, '$1model_name="other"')),
  },
  {
    id: 'metrics-success-one-short',
    what: 'The first request that ends is not counted.',
    class: 'C66',
    trigger: [plain(noTools), get('/metrics')],
    reply: on('/metrics', (body) =>
      body.replaceAll(/^(vllm:request_success_total\S*"stop"\S*) (\S+)$/gm, (line, series: string, count: string) =>
        Number(count) > 0 ? `${series} ${(Number(count) - 1).toFixed(1)}` : line,
      ),
    ),
  },
]
