/** How one vLLM release answers when it is healthy. Known defects of a release are faults, never part of its profile. */
export interface MockProfile {
  id: string
  version: string
  /** KAITO releases that ship it. */
  kaito: string
  /** Of a release without recordings: what the profile was made from. */
  unrecorded?: string
  /** Whose server it is: the Python or the Rust one of vLLM, or the OpenAI API. */
  dialect: 'vllm' | 'vllm-rust' | 'openai'
  /** Paths that are not served, though the others have them. */
  without: readonly string[]
  /** Length of the random part of completion, call and permission ids. */
  idHex: number
  /** What ids of calls begin with. */
  callPrefix: string
  /** Content beside a forced call, or in the place of one that was cut. */
  forcedContent: '' | null
  /** /v1/responses. */
  responses: {
    /** What call ids begin with. */
    callPrefix: string
    /** Null keys of a function_call item before its status, of a message item at its end. */
    callNulls: readonly string[]
    messageNulls: readonly string[]
    /** Null keys of an echoed tool before and behind its description. */
    toolNulls: readonly string[]
    toolTail: readonly string[]
    /** Keys of the body between user and input_messages. */
    tail: Readonly<Record<string, 0 | null>>
    /** What is echoed as tool_choice when neither it nor tools were sent. */
    choiceWithoutTools: 'auto' | 'none'
    /** Key of the schema in the text format that a JSON-guided call is told by. */
    schemaKey: 'schema_' | 'schema'
    /** The form before 0.11: no incomplete_details, input_messages, output_messages and counts of tools and turns. */
    early: boolean
    /** The echoed keys prompt_cache_options, prompt_cache_key, prompt_cache_retention and safety_identifier. */
    cacheKeys: boolean
    /** A cut answer ends with response.incomplete. */
    incompleteEvent: boolean
    /** Tools of type namespace: their functions are offered under flat names, and calls come back with name and namespace. */
    namespaces: 'refused' | 'served'
    /** `summary: []` on a message item that is done. */
    doneSummary: boolean
    /** Key of usage.input_tokens_details behind cached_tokens. */
    cacheWrites: boolean
  }
  /** /v1/messages. */
  messages: {
    /** Keys of the message in message_start besides id, content and model. */
    start: readonly ('type' | 'role' | 'stop_reason' | 'stop_sequence' | 'usage')[]
    /** `stop_sequence: null` in message_delta. */
    stopSequence: boolean
    /** Names of error types: vLLM's classes, or Anthropic's. */
    errorTypes: 'vllm' | 'anthropic'
  }
  /** Reasoning keys of a message, all null without a reasoning parser. */
  reasoning: readonly string[]
  /** Always-null keys of a message. */
  messageNulls: readonly string[]
  /** `tool_calls: []` on an answer without calls. */
  emptyToolCalls: boolean
  /** Keys of a choice behind finish_reason and stop_reason, all null. */
  choiceNulls: readonly string[]
  /** Further null keys of the choice that ends a stream. */
  finishNulls: readonly string[]
  /** Keys of the body between choices and usage. */
  bodyHead: readonly string[]
  /** Keys of the body behind usage, all null. */
  bodyTail: readonly string[]
  /** Null keys of usage in a plain answer. */
  usageNulls: readonly string[]
  /** Null keys of usage on the chunks of a continuous count. */
  chunkUsageNulls: readonly string[]
  fingerprint: string | null
  /** Null keys beside the choices of a role chunk. */
  roleChunkNulls: readonly string[]
  /** Null keys beside the choices of the chunks behind the role chunk. */
  chunkNulls: readonly string[]
  /** `token_ids: null` on the choices of chunks behind the role chunk. */
  chunkTokenIds: boolean
  /** `reasoning_content: null` in every delta. */
  deltaReasoningNull: boolean
  /** `content: null` in the deltas of parsed (not JSON-guided) calls. */
  deltaContentNull: boolean
  /** `tool_calls: []` in text deltas when a tool parser is loaded. */
  deltaEmptyToolCalls: boolean
  /** Last delta of a streamed text or parsed call. */
  finishDelta: 'content' | 'empty'
  /** The same on a server without tool parser. */
  finishDeltaWithoutParser: 'content' | 'empty'
  /** parallel_tool_calls: false keeps the first call alone. */
  obeysParallelFalse: boolean
  /** What is left of a delta whose call parallel_tool_calls:false removed. */
  droppedCallDelta: 'empty-list' | 'content-null' | 'none'
  /** The line break between two parsed calls is streamed as text. */
  textBetweenCalls: boolean
  /** With logprobs every token gets a chunk, also those that the parser holds back. */
  logprobsOfHeldBack: boolean
  /** How named and required are constrained: plain JSON, or the parser's own format. */
  forced: 'json' | 'native'
  /** `name: null` in later fragments of a JSON-guided required call. */
  laterNameNull: boolean
  /** Arguments of forced calls follow the schema only for tools with strict: true. */
  strictOnly: boolean
  toolsEmpty: 'accepted' | 'refused'
  /** Named and required work without a tool parser. */
  forcedWithoutParser: boolean
  /** Text of the refusal of a named tool without parser. */
  namedRefusal: 'repr' | 'name'
  /** A schema that does not compile, streamed: refused at once, or told in the stream. */
  badSchemaStream: 'status' | 'event'
  /** Envelope and texts of refused bodies. */
  errors: { object: boolean; wrapped: boolean; params: boolean; modelParam: boolean; type: string; aliases: boolean }
  /** `vary: Origin` on answers that passed the CORS layer. */
  vary: boolean
  /** Names of counters and labels that came or went. */
  metrics: {
    finished: readonly string[]
    parserInvocations: boolean
    waitingByReason: boolean
    itl: boolean
    tpot: boolean
    cacheName: string
    flops: boolean
    prefillComputed: boolean
    cached: boolean
    recomputed: boolean
    newest: boolean
  }
}

const openAiNulls = ['refusal', 'annotations', 'audio', 'function_call']

// Recording of 0.12.0 (KAITO v0.8), parsers hermes and none.
const v0_12_0: MockProfile = {
  id: '0.12.0',
  version: '0.12.0',
  kaito: 'v0.8',
  dialect: 'vllm',
  without: ['/v1/messages/count_tokens'],
  idHex: 16, // vllm#29375
  callPrefix: 'chatcmpl-tool-',
  forcedContent: '',
  responses: {
    callPrefix: 'call_',
    callNulls: [],
    messageNulls: [],
    toolNulls: [],
    toolTail: [],
    tail: {},
    choiceWithoutTools: 'auto',
    schemaKey: 'schema_',
    early: false,
    cacheKeys: false,
    incompleteEvent: false,
    namespaces: 'refused',
    doneSummary: true,
    cacheWrites: false,
  },
  messages: { start: ['usage'], stopSequence: false, errorTypes: 'vllm' },
  reasoning: ['reasoning', 'reasoning_content'], // both names from 0.11.1 to 0.15: vllm#27752
  messageNulls: openAiNulls,
  emptyToolCalls: true,
  choiceNulls: ['token_ids'],
  finishNulls: [],
  bodyHead: ['service_tier', 'system_fingerprint'],
  bodyTail: ['prompt_logprobs', 'prompt_token_ids', 'kv_transfer_params'],
  usageNulls: ['prompt_tokens_details'],
  chunkUsageNulls: [],
  fingerprint: null,
  roleChunkNulls: ['prompt_token_ids'],
  chunkNulls: [],
  chunkTokenIds: true,
  deltaReasoningNull: true,
  deltaContentNull: false,
  deltaEmptyToolCalls: false,
  finishDelta: 'content',
  finishDeltaWithoutParser: 'content',
  obeysParallelFalse: true, // vllm#26233
  droppedCallDelta: 'empty-list', // it filters after parsing
  textBetweenCalls: true,
  logprobsOfHeldBack: false,
  forced: 'json',
  laterNameNull: true,
  strictOnly: false,
  toolsEmpty: 'accepted',
  forcedWithoutParser: true, // the check came with vllm#30613; that nothing is guided is a defect
  namedRefusal: 'repr',
  badSchemaStream: 'status',
  errors: { object: false, wrapped: true, params: false, modelParam: false, type: 'Bad Request', aliases: false },
  vary: false,
  metrics: {
    finished: ['stop', 'length', 'abort'],
    parserInvocations: false,
    waitingByReason: false,
    itl: true,
    tpot: true,
    cacheName: 'kv_cache_usage_perc',
    flops: false,
    prefillComputed: false,
    cached: false,
    recomputed: false,
    newest: false,
  },
}

// Recording of 0.10.1.1 (KAITO v0.7).
const v0_10_1_1: MockProfile = {
  ...v0_12_0,
  id: '0.10.1.1',
  version: '0.10.1.1',
  kaito: 'v0.7',
  without: ['/v1/messages', '/v1/messages/count_tokens'], // /v1/messages came with 0.11
  idHex: 32, // until vllm#29375
  reasoning: ['reasoning_content'], // until vllm#27752
  roleChunkNulls: [],
  choiceNulls: [],
  chunkTokenIds: false,
  bodyTail: ['prompt_logprobs', 'kv_transfer_params'],
  deltaReasoningNull: false,
  obeysParallelFalse: false, // until vllm#26233
  badSchemaStream: 'event',
  responses: { ...v0_12_0.responses, early: true },
  metrics: {
    ...v0_12_0.metrics,
    itl: false, // vllm#24110
    tpot: false, // vllm#24015
  },
}

const v0_9_0: MockProfile = {
  ...v0_10_1_1,
  id: '0.9.0',
  version: '0.9.0',
  kaito: 'v0.5, v0.6',
  unrecorded: 'the sources of v0.8.5 and v0.10.0',
  without: ['/v1/responses', '/v1/messages', '/v1/messages/count_tokens'], // /v1/responses came with 0.10
  messageNulls: [],
  bodyHead: [],
  errors: { ...v0_10_1_1.errors, object: true, type: 'BadRequestError' }, // envelope until vllm#22099
  metrics: { ...v0_10_1_1.metrics, cacheName: 'gpu_cache_usage_perc' }, // until vllm#18354
}

// Recording of 0.14.1 (KAITO v0.9).
const v0_14_1: MockProfile = {
  ...v0_12_0,
  id: '0.14.1',
  version: '0.14.1',
  kaito: 'v0.9',
  messages: { ...v0_12_0.messages, start: ['usage'] },
  forcedWithoutParser: false, // vllm#30613
  errors: { ...v0_12_0.errors, modelParam: true },
  metrics: { ...v0_12_0.metrics, finished: ['stop', 'length', 'abort', 'error'], prefillComputed: true }, // vllm#26813
}

// Recording of 0.17.1 (KAITO v0.10).
const v0_17_1: MockProfile = {
  ...v0_14_1,
  id: '0.17.1',
  version: '0.17.1',
  kaito: 'v0.10',
  responses: { ...v0_14_1.responses, callPrefix: 'chatcmpl-tool-', messageNulls: ['phase'] },
  messages: { ...v0_14_1.messages, start: ['stop_reason', 'stop_sequence', 'usage'] },
  reasoning: ['reasoning'], // vllm#33402
  deltaReasoningNull: false,
  badSchemaStream: 'event',
  metrics: {
    ...v0_14_1.metrics,
    finished: ['stop', 'length', 'abort', 'error', 'repetition'], // vllm#35451
    flops: true,
    cached: true,
    recomputed: true,
  },
}

// Recording of 0.22.1 (KAITO v0.11).
const v0_22_1: MockProfile = {
  ...v0_17_1,
  id: '0.22.1',
  version: '0.22.1',
  kaito: 'v0.11',
  without: [], // that /v1/messages/count_tokens is there is read, not recorded
  responses: {
    ...v0_17_1.responses,
    callNulls: ['namespace'],
    toolNulls: ['defer_loading'],
    choiceWithoutTools: 'none',
    schemaKey: 'schema',
    tail: { presence_penalty: 0, frequency_penalty: 0, kv_transfer_params: null },
  },
  choiceNulls: ['token_ids', 'routed_experts'],
  bodyTail: ['prompt_logprobs', 'prompt_token_ids', 'prompt_text', 'kv_transfer_params'],
  fingerprint: 'vllm-0.22.1-c2f0e17a', // vllm#40537
  roleChunkNulls: ['prompt_token_ids', 'prompt_text'],
  deltaContentNull: true,
  deltaEmptyToolCalls: true,
  finishDelta: 'empty',
  textBetweenCalls: false,
  toolsEmpty: 'refused', // vllm#39780
  metrics: { ...v0_17_1.metrics, waitingByReason: true, recomputed: false }, // vllm#38435
}

// Recording of 0.25.1 (KAITO v0.12).
const v0_25_1: MockProfile = {
  ...v0_22_1,
  id: '0.25.1',
  version: '0.25.1',
  kaito: 'v0.12',
  responses: {
    ...v0_22_1.responses,
    callNulls: ['caller', 'namespace'],
    toolNulls: ['allowed_callers', 'defer_loading'],
    toolTail: ['output_schema'],
    namespaces: 'served', // vllm#47024
  },
  messages: { ...v0_22_1.messages, start: ['type', 'role', 'stop_reason', 'stop_sequence', 'usage'] },
  emptyToolCalls: false, // vllm#44105
  bodyTail: [...v0_22_1.bodyTail, 'metrics'],
  fingerprint: 'vllm-0.25.1-e865095c',
  deltaEmptyToolCalls: false,
  finishDeltaWithoutParser: 'empty',
  droppedCallDelta: 'content-null',
  forced: 'native', // vllm#40894, for parsers with a structural tag
  laterNameNull: false,
  errors: { ...v0_22_1.errors, params: true },
  metrics: { ...v0_22_1.metrics, parserInvocations: true }, // vllm#44448
}

// Recording of 0.32.0 (no KAITO release yet).
const v0_32_0: MockProfile = {
  ...v0_25_1,
  id: '0.32.0',
  version: '0.32.0',
  kaito: 'none',
  responses: {
    ...v0_25_1.responses,
    callNulls: ['async', 'caller', 'namespace'],
    toolNulls: ['allowed_callers', 'async', 'defer_loading'],
    tail: { ...v0_25_1.responses.tail, ec_transfer_params: null },
    doneSummary: false,
    cacheWrites: true,
  },
  messages: { ...v0_25_1.messages, stopSequence: true },
  bodyTail: ['prompt_logprobs', 'prompt_token_ids', 'prompt_text', 'kv_transfer_params', 'ec_transfer_params', 'metrics'],
  usageNulls: ['prompt_tokens_details', 'completion_tokens_details'],
  chunkUsageNulls: ['completion_tokens_details'],
  fingerprint: 'vllm-0.32.0-9ce164b5',
  droppedCallDelta: 'none', // the grammar ends after one call
  logprobsOfHeldBack: true,
  strictOnly: true,
  namedRefusal: 'name', // vllm#47028
  errors: { ...v0_25_1.errors, wrapped: false, aliases: true }, // vllm#49665
  vary: true,
  metrics: { ...v0_25_1.metrics, newest: true },
}

// Recording of 0.33.0 (no KAITO release yet).
const v0_33_0: MockProfile = {
  ...v0_32_0,
  id: '0.33.0',
  version: '0.33.0',
  responses: { ...v0_32_0.responses, cacheKeys: true, incompleteEvent: true },
  messages: { ...v0_32_0.messages, errorTypes: 'anthropic' },
  choiceNulls: [...v0_32_0.choiceNulls, 'weight_versions'],
  finishNulls: ['weight_versions'],
  chunkNulls: ['kv_transfer_params'],
  fingerprint: 'vllm-0.33.0-860bef5c',
}

const rust: MockProfile = {
  ...v0_25_1,
  id: 'vllm-rust',
  version: '0.27.0',
  kaito: 'none',
  unrecorded: 'rust/src/server of vLLM main just after 0.27.0; bodies of unknown paths and of 401 are inferred',
  dialect: 'vllm-rust',
  without: ['/v1/responses', '/v1/messages', '/v1/messages/count_tokens', '/ping'],
  idHex: 8,
  callPrefix: 'call_',
  forcedContent: null,
  reasoning: [],
  messageNulls: [],
  choiceNulls: [],
  bodyHead: [],
  bodyTail: [],
  usageNulls: [],
  chunkUsageNulls: [],
  fingerprint: null,
  roleChunkNulls: [],
  chunkTokenIds: false,
  deltaContentNull: false,
  droppedCallDelta: 'none',
  errors: { ...v0_25_1.errors, wrapped: false, type: 'invalid_request_error', aliases: true },
}

const openai: MockProfile = {
  ...rust,
  id: 'openai',
  version: '2026-08-21',
  unrecorded: 'the reference of chat, responses, models and errors (openai-openapi at f85dbe22) and the error texts that its users quote',
  dialect: 'openai',
  without: ['/v1/messages', '/v1/messages/count_tokens', '/tokenize', '/detokenize', '/health', '/ping', '/load', '/version', '/metrics'],
  idHex: 24,
  messageNulls: ['refusal'],
  responses: {
    ...rust.responses,
    callPrefix: 'call_',
    callNulls: [],
    messageNulls: [],
    toolNulls: [],
    toolTail: [],
    namespaces: 'served',
    tail: {},
    choiceWithoutTools: 'auto',
    incompleteEvent: true,
    doneSummary: false,
    cacheWrites: false,
  },
  fingerprint: 'fp_50cad350e4',
  logprobsOfHeldBack: false,
  strictOnly: false,
}

export const profiles: Readonly<Record<string, MockProfile>> = Object.fromEntries(
  [v0_9_0, v0_10_1_1, v0_12_0, v0_14_1, v0_17_1, v0_22_1, v0_25_1, v0_32_0, v0_33_0, rust, openai].map((profile) => [profile.id, profile]),
)

/** The newest vLLM that a KAITO release ships. */
export const newestOfKaito = '0.25.1'
