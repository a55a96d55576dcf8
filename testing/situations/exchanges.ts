import type { Evidence, Readiness } from '../../fixtures/cause/evidence.ts'
import type { CauseId } from '../../fixtures/cause-catalogue.ts'
import type { End, Exchange, Form } from '../../fixtures/exchange/exchange.ts'

/** A vLLM that is ready. */
export const readiness: Readiness = {
  status: 'ready',
  models: ['qwen2.5-7b'],
  model: 'qwen2.5-7b',
  version: '0.25.1',
  ownedBy: 'vllm',
  exchanges: [],
  waitedMs: 1,
  attempts: 1,
}
const tools = [{ type: 'function', function: { name: 'get_weather', parameters: { type: 'object' } } }]
let clock = 0

/** What a made-up exchange asks. */
interface Asked {
  form?: Form
  question?: string
  choice?: unknown
  authorization?: 'none'
  path?: string
  extra?: object
}

/** A chat request and its answer: status and body, or how it ended without them. */
export function exchange(status: number | undefined, body: string, asked: Asked = {}, end: End = { kind: 'complete' }): Exchange {
  const { form = 'plain', question = 'weather?', choice, authorization, path = '/v1/chat/completions', extra } = asked
  clock += 1
  return {
    id: `q${clock}.${form}`,
    request: {
      method: 'POST',
      path,
      form,
      body: JSON.stringify({
        model: 'qwen2.5-7b',
        messages: [{ role: 'user', content: question }],
        tools,
        ...(choice === undefined ? {} : { tool_choice: choice }),
        ...(form === 'stream' ? { stream: true } : {}),
        ...extra,
      }),
      ...(authorization ? { authorization } : {}),
    },
    sentAt: clock,
    ...(status === undefined ? {} : { status }),
    headers: [['content-type', form === 'stream' && status === 200 ? 'text/event-stream' : 'application/json']],
    chunks: body === '' ? [] : [{ at: 1, bytes: Buffer.from(body) }],
    end,
    duration: 1,
    postponed: [],
  }
}

/** An error in vLLM's form. */
export const error = (message: string, code = 400, type = 'BadRequestError'): string =>
  JSON.stringify({ error: { message, type, param: null, code } })
/** A call as it is in a message. */
export const call = { id: 'chatcmpl-tool-0', type: 'function', function: { name: 'get_weather', arguments: '{}' } }
/** A whole answer with this message. */
export const answer = (message: object, finish = 'stop'): string =>
  JSON.stringify({ object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish }] })
/** A stream of these deltas. */
export const events = (...deltas: object[]): string =>
  [...deltas.map((delta) => `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null }] })}`), 'data: [DONE]'].join(
    '\n\n',
  ) + '\n\n'
/** So many exchanges. */
export const times = (count: number, make: () => Exchange): Exchange[] => Array.from({ length: count }, make)
/** The answer did not come in time. */
export const limit: End = { kind: 'limit', limit: 'first byte', detail: 'no answer within 50 s' }
/** Nothing listens there. */
export const refused: End = { kind: 'failed', code: 'ECONNREFUSED', detail: 'connection refused: nothing listens there' }
const reset: End = { kind: 'failed', code: 'ECONNRESET', detail: 'the connection was reset' }
const cutShort: End = { kind: 'cut', code: 'ECONNRESET', detail: 'the connection was reset' }
/** The guard against hangs kept the request back. */
export const unsent: End = { kind: 'unsent', code: 'HANG_GUARD', detail: 'not sent' }
/** An answer with a call. */
export const good = (): Exchange => exchange(200, answer({ content: null, tool_calls: [call] }, 'tool_calls'))

/** Many answers, and requests between them that end so. */
const amongMany = (end: End): Exchange[] =>
  [0, 1].flatMap(() => [exchange(undefined, '', {}, end), ...times(20, () => exchange(200, answer({ content: `${clock}` })))])

/** A forced call with a word that the grammar of vLLM does not support. */
const uniqueItems: Asked = {
  choice: 'required',
  extra: {
    tools: [
      {
        type: 'function',
        function: { name: 'tag', parameters: { type: 'object', properties: { tags: { type: 'array', uniqueItems: true } } } },
      },
    ],
  },
}

/** The exchanges of a run that failed, as they were recorded, and the cause that must be named. */
export const exchangesOfRuns: readonly (readonly [
  id: CauseId,
  sentence: string,
  exchanges: readonly Exchange[],
  more?: Partial<Evidence>,
])[] = [
  [
    'never-answers',
    'http://localhost:8000 lists its models, but answers no chat within 50 s: it hangs, or needs longer than that.',
    [
      ...times(8, () => ({ ...exchange(undefined, '', {}, limit), duration: 50_000 })),
      ...times(20, () => exchange(undefined, '', {}, unsent)),
    ],
  ],
  [
    'port-forward-lost',
    'The connection was lost after 10 answers; nothing listens at http://localhost:8000 any more, as when a kubectl port-forward has ended, which happens when its pod restarts or the connection to the cluster breaks.',
    [...times(10, good), ...times(3, () => exchange(undefined, '', {}, refused)), ...times(9, () => exchange(undefined, '', {}, unsent))],
  ],
  [
    'engine-dead',
    'The engine behind http://localhost:8000 is dead.',
    [
      good(),
      exchange(500, error('EngineCore encountered an issue. See stack trace (above) for the root cause.', 500, 'InternalServerError')),
    ],
  ],
  [
    'key-required',
    'http://localhost:8000 wants a key and none is set (status 401).',
    times(4, () => exchange(401, '{"error":"Unauthorized"}')),
  ],
  [
    'key-refused',
    'http://localhost:8000 refuses the key in OPENAI_API_KEY (status 403).',
    times(4, () => exchange(403, '')),
    { hasKey: true },
  ],
  [
    'rate-limited',
    "KAITO's queue guard turns requests away (429): the server has more waiting requests than max-num-seqs.",
    times(3, () => exchange(429, error('Too many requests: waiting queue (9) exceeds max-num-seqs (8).', 429))),
  ],
  [
    'transformers-runtime',
    "The workspace runs on KAITO's transformers runtime, which does not support tool calling.",
    [exchange(422, '{"detail":"Unsupported fields in the request: {\'tool_choice\'}"}')],
  ],
  [
    'transformers-runtime',
    "The workspace runs on KAITO's transformers runtime, which does not support tool calling.",
    [],
    { readiness: { ...readiness, ownedBy: 'kaito' } },
  ],
  [
    'no-chat-route',
    'The server lists models, but has no route /v1/chat/completions.',
    times(3, () => exchange(404, '{"detail":"Not Found"}')),
  ],
  [
    'model-not-served',
    'http://localhost:8000 offers the model qwen2.5-7b, and says that it does not exist when it is asked for it: what lists models there is not what answers.',
    times(3, () => exchange(404, error('The model `qwen2.5-7b` does not exist.', 404, 'NotFoundError'))),
  ],
  [
    'context-too-small',
    "The server's context is too small for the tools and the question.",
    times(3, () =>
      exchange(
        400,
        error(
          "This model's maximum context length is 512 tokens. However, you requested 400 output tokens and your prompt contains 200 input tokens",
        ),
      ),
    ),
  ],
  [
    'server-stopped',
    'The server stopped answering after 10 answers. http://localhost:8000 accepts connections and closes them without an answer.',
    [...times(10, good), ...times(3, () => exchange(undefined, '', {}, reset)), ...times(9, () => exchange(undefined, '', {}, unsent))],
  ],
  [
    'no-connection',
    'No connection to http://localhost:8000 could be made: no connection within 5 s.',
    times(3, () => exchange(undefined, '', {}, { kind: 'limit', limit: 'connect', detail: 'no connection within 5 s' })),
  ],
  [
    'connections-break',
    'The name of http://localhost:8000 is found now and then only: 2 of 42 requests got no address for it (the name server gave no answer).',
    amongMany({ kind: 'failed', code: 'EAI_AGAIN', detail: 'the name server gave no answer' }),
    { failed: [{ id: 'http.complete', title: 'MUST finish' }] },
  ],
  [
    'connections-break',
    '2 of 42 requests got no connection to http://localhost:8000 (no connection within 10 s), and the others did.',
    amongMany({ kind: 'limit', limit: 'connect', detail: 'no connection within 10 s' }),
    { failed: [{ id: 'http.complete', title: 'MUST finish' }] },
  ],
  [
    'connections-break',
    '2 of 42 connections to http://localhost:8000 fail in TLS (the certificate has expired), and the others do not.',
    amongMany({ kind: 'failed', code: 'CERT_HAS_EXPIRED', detail: 'the certificate has expired' }),
    { failed: [{ id: 'http.complete', title: 'MUST finish' }] },
  ],
  [
    'answers-cut',
    '2 answers of http://localhost:8000 broke off in the middle, at different times.',
    [good(), ...[100, 3000].map((duration) => ({ ...exchange(200, '{"choices":', {}, cutShort), duration }))],
  ],
  [
    'schema-words',
    'The server cannot force a call of a tool whose schema uses words that its grammar does not support: tag.tags: uniqueItems.',
    [...times(4, good), exchange(400, error('The provided JSON schema contains features not supported by xgrammar.'), uniqueItems)],
  ],
  [
    'parser-cannot-stream',
    "The server's parser reads calls in plain answers only: the same requests streamed give neither a call nor text.",
    [good(), exchange(200, events({ role: 'assistant', content: '' }, {}), { form: 'stream' })],
  ],
  [
    'buffering-proxy',
    'Something in between collects streams and passes them on in large pieces: they are complete, and useless to someone who waits for the words.',
    [{ ...exchange(200, events(...Array.from({ length: 20 }, () => ({ content: 'x' }))), { form: 'stream' }), duration: 3000 }],
    { failed: [{ id: 'streaming.arrives', title: 'SHOULD arrive' }] },
  ],
  [
    'arguments-late',
    'Arguments of streamed calls are held back until the model has written all of them: 908 characters at once, 2.6 s after their call began.',
    [{ ...exchange(200, events({ tool_calls: [{ index: 0, ...call }] }), { form: 'stream' }), id: 'held' }],
    {
      failed: [
        { id: 'auth.asks-for-key', title: 'SHOULD ask for a key' },
        {
          id: 'streaming.arguments',
          title: 'SHOULD stream',
          findings: [
            {
              exchange: 'held',
              where: 'arrival of 1 calls',
              got: '908 characters at once, 2.6 s after their call began',
              wanted: 'pieces, as they are generated',
            },
          ],
        },
      ],
    },
  ],
  [
    'no-key-asked',
    'http://localhost:8000 asks for no key, as KAITO sets none: everyone who reaches the Service may use the model.',
    [good()],
    { failed: [{ id: 'auth.asks-for-key', title: 'SHOULD ask for a key' }] },
  ],
]
