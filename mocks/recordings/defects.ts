/** Which findings an entry explains: every part that is given must fit. */
export interface Where {
  readonly versions?: readonly string[]
  readonly parsers?: readonly string[]
  readonly conditions?: readonly string[]
  readonly cases?: RegExp
  readonly rules?: RegExp
  readonly got?: RegExp
}

/** A defect of real vLLM, and what of the recorded answers it explains. */
export interface RecordedDefect {
  /** Number in our list of observed defects; 0 circumstances that are no defect. */
  readonly defect: number
  readonly sentence: string
  readonly issue: string
  /** Findings that fixtures/contract/known.ts does not explain. */
  readonly where: readonly Where[]
  /** Findings that known.ts explains by the entry named, and that are this defect. */
  readonly known?: readonly (Where & { readonly id: string })[]
  /**
   * Recorded cases in which the mock, which has no defects but its faults, answers as a server without this one. They are among those of
   * the parsers that it stands in for. Raw markup under none needs no entry: content is not compared.
   */
  readonly mended?: readonly Where[]
  /** Why no rule of the contract can notice it. */
  readonly unnoticed?: string
  /** One recorded answer: what the model wrote (absent where it matters not), and a piece of the body that arrived, or a whole content or arguments. */
  readonly proof: {
    readonly version: string
    readonly parser: string
    readonly case: string
    readonly conditions?: string
    readonly wrote?: string
    readonly arrived: string
  }
}

const OLD = ['0.12.0', '0.14.1', '0.17.1'] as const
const TO_22 = [...OLD, '0.22.1'] as const
const SINCE_25 = ['0.25.1', '0.32.0', '0.33.0'] as const
const SINCE_12 = [...TO_22, ...SINCE_25] as const
const NO_PARSER = ['none', 'hermes-without-auto'] as const
const PARIS = '{"name": "get_weather", "arguments": {"location": "Paris"}}'

export const recordedDefects: readonly RecordedDefect[] = [
  {
    defect: 0,
    sentence: 'The server was started without --tool-call-parser or --enable-auto-tool-choice, and refuses what needs it.',
    issue: 'none: vLLM documents it',
    where: [{ parsers: NO_PARSER, rules: /^(?:http\.status|responses\.answers)$/, got: /requires --/ }],
    proof: {
      version: '0.25.1',
      parser: 'none',
      case: 'auto',
      arrived: 'tool choice requires --enable-auto-tool-choice and --tool-call-parser',
    },
  },
  {
    defect: 0,
    sentence: 'A model of 135 million parameters wrote arguments that do not fit the schema; nothing constrains a tool that is not strict.',
    issue: 'none: the model wrote it',
    where: [{ conditions: ['generated'], rules: /^arguments\.schema$/ }],
    proof: { version: '0.32.0', parser: 'hermes', case: 'named.nested', conditions: 'generated', arrived: '"arguments":' },
  },
  {
    defect: 0,
    sentence:
      'The grammar forces a blank line into a qwen3_coder call without parameters: the scripted model lost its thread and ran into max_tokens.',
    issue: 'none: no defect by itself',
    where: [{ versions: ['0.32.0', '0.33.0'], parsers: ['qwen3_coder'], cases: /^named\.zero\.stream$/, rules: /^zero\.object$/ }],
    proof: {
      version: '0.32.0',
      parser: 'qwen3_coder',
      case: 'named.zero.stream',
      wrote: '<function=ping>',
      arrived: '"finish_reason":"length"',
    },
  },
  {
    defect: 1,
    sentence:
      'tool_choice null beside tools: the call of a plain answer vanishes, the streamed one arrives until 0.32.0; without a parser the markup is content.',
    issue: 'vllm#19679',
    where: [
      { cases: /^auto\.null-choice$/ },
      { cases: /^auto\.null-choice\.stream$/, rules: /^agree\./ },
      { cases: /^auto\.null-choice\.stream$/, parsers: NO_PARSER },
      { versions: ['0.33.0'], cases: /^auto\.null-choice\.stream$/, rules: /^recorded\./ },
    ],
    mended: [{ parsers: ['hermes'], cases: /^auto\.null-choice$/ }, { versions: ['0.33.0'], parsers: ['hermes'], cases: /^auto\.null-choice\.stream$/ }],
    proof: { version: '0.25.1', parser: 'hermes', case: 'auto.null-choice', wrote: PARIS, arrived: '"content":null' },
  },
  {
    defect: 2,
    sentence: 'phi4_mini_json streams nothing under auto: neither calls nor text.',
    issue: 'none known',
    where: [
      {
        parsers: ['phi4_mini_json'],
        cases: /^(?:auto|auto\.(?!null-choice).*|n2\.auto|logprobs\.auto|usage(?:-continuous)?\.auto|round-trip(?:\..*)?)\.stream$/,
      },
      {
        versions: ['0.10.1.1', ...TO_22, '0.25.1', '0.32.0'],
        parsers: ['phi4_mini_json'],
        cases: /^auto\.null-choice\.stream$/,
        rules: /^(?!agree\.)/,
      },
      { versions: ['0.33.0'], parsers: ['phi4_mini_json'], cases: /^auto\.null-choice\.stream$/, rules: /^(?!agree\.|recorded\.)/ },
      { parsers: ['phi4_mini_json'], cases: /^(?:responses|messages)\.(?:auto|parallel|text)\.stream$/, rules: /^(?:responses|messages)\./ },
    ],
    proof: {
      version: '0.25.1',
      parser: 'phi4_mini_json',
      case: 'auto.stream',
      wrote: 'functools[',
      arrived: '"delta":{},"logprobs":null,"finish_reason":"stop"',
    },
  },
  {
    defect: 3,
    sentence: 'phi4_mini_json loses a plain call whose arguments hold a closing bracket.',
    issue: 'none known',
    where: [{ parsers: ['phi4_mini_json'], cases: /^auto\.(?:quotes|types|markup)$/ }],
    proof: { version: '0.25.1', parser: 'phi4_mini_json', case: 'auto.types', wrote: '"tags": ["a b", "c,d"]', arrived: '"content":null' },
  },
  {
    defect: 4,
    sentence: 'Text before the call is dropped from a plain answer; llama3_json streams call and text as content.',
    issue: 'none known',
    where: [
      { parsers: ['phi4_mini_json', 'llama3_json'], cases: /^auto\.text-before$/ },
      { parsers: ['llama3_json'], cases: /^auto\.text-before\.stream$/ },
    ],
    known: [{ id: 'text-before-call-dropped' }, { id: 'call-after-text-streamed-as-text' }],
    proof: { version: '0.25.1', parser: 'llama3_json', case: 'auto.text-before', wrote: 'Let me look that up.', arrived: '"content":null' },
  },
  {
    defect: 5,
    sentence: 'llama3_json never streams the empty arguments of a function without parameters.',
    issue: 'vllm#11392',
    where: [
      { parsers: ['llama3_json'], cases: /^(?:auto|named)\.zero.*\.stream$/ },
      { versions: SINCE_12, parsers: ['llama3_json'], cases: /^required\.zero.*\.stream$/ },
    ],
    known: [{ id: 'zero-arguments-not-streamed' }],
    proof: {
      version: '0.25.1',
      parser: 'llama3_json',
      case: 'named.zero.stream',
      wrote: '{"name": "ping", "parameters": {}}',
      arrived: '"function":{"name":"ping"}',
    },
  },
  {
    defect: 6,
    sentence:
      'llama3_json under required: two calls come without a separator, which the parser cannot read; plain all is content, streamed one call arrives.',
    issue: 'none known',
    where: [{ versions: ['0.25.1'], parsers: ['llama3_json'], cases: /^required\.parallel/ }],
    proof: { version: '0.25.1', parser: 'llama3_json', case: 'required.parallel', arrived: '}}{\\"name\\"' },
  },
  {
    defect: 7,
    sentence: 'A plain call that max_tokens cut is closed by the parser and says tool_calls.',
    issue: 'vllm#47963',
    where: [],
    known: [{ id: 'truncated-call-completed' }],
    proof: { version: '0.25.1', parser: 'glm45', case: 'truncated.auto', wrote: 'one two three', arrived: '"arguments":"{}"' },
  },
  {
    defect: 8,
    sentence: 'A streamed call that max_tokens cut says tool_calls.',
    issue: 'vllm#47963',
    where: [{ versions: ['0.25.1'], parsers: ['deepseek_v32'], cases: /^truncated\..*\.stream$/, rules: /^arguments\.schema$/ }],
    known: [{ id: 'truncated-stream-says-tool-calls' }],
    mended: [{ versions: ['0.10.1.1'], parsers: ['hermes'], cases: /^truncated\.auto\.stream$/ }, { versions: [...TO_22, '0.25.1'], parsers: ['hermes'], cases: /^truncated\.(?:auto|required)\.stream$/ }, { versions: ['0.22.1'], parsers: ['hermes'], cases: /^truncated\.auto-early\.stream$/ }],
    proof: {
      version: '0.25.1',
      parser: 'hermes',
      case: 'truncated.auto.stream',
      wrote: 'one two three',
      arrived: '"finish_reason":"tool_calls"',
    },
  },
  {
    defect: 9,
    sentence: 'The beginning of a call that max_tokens cut is shown as content.',
    issue: 'vllm#47137',
    where: [],
    known: [{ id: 'markup-of-cut-call' }],
    mended: [{ parsers: ['hermes'], versions: ['0.14.1', '0.17.1', '0.22.1', '0.25.1', '0.32.0', '0.33.0'], cases: /^responses\.truncated$/ }, { parsers: ['hermes'], versions: [...TO_22, '0.25.1'], cases: /^responses\.truncated\.stream$/ }],
    proof: { version: '0.25.1', parser: 'hermes', case: 'truncated.auto', wrote: 'one two three', arrived: '"content":"<tool_call>' },
  },
  {
    defect: 10,
    sentence:
      'A value that holds </tool_call> ends the call there: plain it is lost with its markup in content, streamed the arguments are cut.',
    issue: 'vllm#45167',
    where: [{ parsers: ['hermes', 'granite4'], cases: /^auto\.markup/ }],
    known: [{ id: 'markup-in-value', parsers: ['hermes', 'granite4'] }],
    mended: [{ parsers: ['hermes'], cases: /^auto\.markup$/ }, { versions: ['0.10.1.1', ...OLD], parsers: ['hermes'], cases: /^auto\.markup\.stream$/ }],
    proof: { version: '0.25.1', parser: 'hermes', case: 'auto.markup', wrote: 'a </tool_call> b', arrived: '"content":"<tool_call>' },
  },
  {
    defect: 11,
    sentence: 'A value that holds </parameter> is cut there, the rest is lost.',
    issue: 'vllm#56077',
    where: [
      { versions: SINCE_25, parsers: ['qwen3_coder'], cases: /^auto\.markup/ },
      { parsers: ['minimax_m2'], cases: /^auto\.markup/ },
    ],
    known: [
      { id: 'markup-in-value', versions: SINCE_25, parsers: ['qwen3_coder'] },
      { id: 'markup-in-value', parsers: ['minimax_m2'] },
    ],
    proof: { version: '0.25.1', parser: 'qwen3_coder', case: 'auto.markup', wrote: 'b </parameter> c', arrived: 'a </tool_call> b\\"}' },
  },
  {
    defect: 12,
    sentence: 'Spaces and line breaks at the ends of a value are stripped.',
    issue: 'vllm#42026',
    where: [],
    known: [{ id: 'spaces-stripped' }],
    unnoticed: 'no rule knows the value that the model wrote; a requirement with a forced literal does (arguments.shapes.padded)',
    proof: {
      version: '0.25.1',
      parser: 'qwen3_coder',
      case: 'auto.spaces',
      wrote: '  two  spaces ',
      arrived: '{\\"text\\": \\"two  spaces\\"}',
    },
  },
  {
    defect: 13,
    sentence: 'A value with closing tags: the plain call has empty arguments, the streamed one the right value.',
    issue: 'none known',
    where: [{ versions: ['0.25.1'], parsers: ['glm45', 'glm47'], cases: /^auto\.markup/ }],
    known: [{ id: 'markup-in-value', parsers: ['glm45', 'glm47'] }],
    proof: { version: '0.25.1', parser: 'glm45', case: 'auto.markup', wrote: 'a </tool_call> b', arrived: '"arguments":"{}"' },
  },
  {
    defect: 14,
    sentence: 'functiongemma delivers string values only, puts nested keys on the top level, and streams what is no JSON.',
    issue: 'none known',
    where: [{ parsers: ['functiongemma'], cases: /^auto\.(?:types|zero)/ }],
    proof: {
      version: '0.25.1',
      parser: 'functiongemma',
      case: 'auto.types',
      wrote: 'count:-3',
      arrived: '{"title": "Blue river", "color": "none", "code": "007", "name": "Zoë", "city": "Köln", "zip": 50667}',
    },
  },
  {
    defect: 15,
    sentence: 'deepseek_v3 and deepseek_v31 lose calls, their beginnings or their ends when several tokens share a delta.',
    issue: 'vllm#31501',
    where: [
      { versions: ['0.25.1', '0.32.0'], parsers: ['deepseek_v3', 'deepseek_v31'], cases: /^(?!auto\.null-choice).*\.stream$/ },
      { versions: ['0.25.1', '0.32.0'], parsers: ['deepseek_v3', 'deepseek_v31'], cases: /^auto\.null-choice\.stream$/, rules: /^(?!agree\.)/ },
      { versions: ['0.12.0'], parsers: ['deepseek_v3'], cases: /^(?:auto\.parallel|logprobs\.auto|round-trip\.again)\.stream$/ },
      { versions: ['0.22.1'], parsers: ['deepseek_v3'], cases: /^auto\.(?:quotes|unicode)\.stream$/ },
    ],
    proof: {
      version: '0.32.0',
      parser: 'deepseek_v3',
      case: 'auto.parallel.stream',
      wrote: '{"location": "Paris"}',
      arrived: '{"location": "Par',
    },
  },
  {
    defect: 16,
    sentence: 'Where JSON is constrained, two streamed calls that share a delta are mixed: index 1 first, or two texts in one call.',
    issue: 'none known',
    where: [
      {
        versions: SINCE_12,
        parsers: ['granite4', 'functiongemma', 'mistral', 'phi4_mini_json'],
        cases: /^required\.parallel.*\.stream$/,
        rules: /^(?!calls\.later-null)/,
      },
      { versions: OLD, parsers: ['deepseek_v3', 'qwen3_coder'], cases: /^required\.parallel.*\.stream$/ },
    ],
    proof: {
      version: '0.17.1',
      parser: 'phi4_mini_json',
      case: 'required.parallel.stream',
      wrote: '"Tokyo"',
      arrived: '"}{"location": "Tokyo"}',
    },
  },
  {
    defect: 17,
    sentence: 'llama3_json on a busy server: id, type and name of the first call are never sent.',
    issue: 'none known',
    where: [{ versions: ['0.25.1'], parsers: ['llama3_json'], cases: /^auto\.two-tools\.stream$/ }],
    proof: {
      version: '0.25.1',
      parser: 'llama3_json',
      case: 'auto.two-tools.stream',
      wrote: '"Paris"',
      arrived: '"tool_calls":[{"index":0,"function":{"arguments":',
    },
  },
  {
    defect: 18,
    sentence: 'A tool schema with an unknown type is answered with 500 and an empty message under required.',
    issue: 'vllm#35438',
    where: [],
    known: [{ id: 'impossible-schema-500' }],
    unnoticed:
      'refusing the schema and ignoring it are both right, so no rule judges the request; the requirement bad.schema-impossible does',
    mended: [{ versions: ['0.25.1'], parsers: ['hermes'], cases: /^error\.schema-required$/ }],
    proof: {
      version: '0.25.1',
      parser: 'hermes',
      case: 'error.schema-required',
      arrived: '{"error":{"message":"","type":"InternalServerError"',
    },
  },
  {
    defect: 19,
    sentence: 'A message about an invalid body ends with a file path and a line number of the server.',
    issue: 'vllm#46415',
    where: [],
    known: [{ id: 'paths-in-errors' }],
    proof: { version: '0.25.1', parser: 'hermes', case: 'error.bad-json', arrived: 'File \\"' },
  },
  {
    defect: 20,
    sentence: 'A body that is a list is answered with 500.',
    issue: 'vllm#51654, vllm#52528',
    where: [],
    known: [{ id: 'body-list-500', rules: /^(?:errors\.status|bad\.body-list)$/ }],
    mended: [{ versions: ['0.10.1.1', ...TO_22, '0.25.1'], cases: /^error\.body-list$/ }],
    proof: { version: '0.25.1', parser: 'hermes', case: 'error.body-list', arrived: "'list' object has no attribute 'get'" },
  },
  {
    defect: 21,
    sentence: 'gemma4 under required: the model may answer in prose; the plain answer then says tool_calls without a call.',
    issue: 'vllm#53255, vllm#53363',
    where: [{ parsers: ['gemma4'], cases: /^required\.not-needed/ }],
    proof: {
      version: '0.25.1',
      parser: 'gemma4',
      case: 'required.not-needed',
      wrote: 'You said:',
      arrived: '"finish_reason":"tool_calls"',
    },
  },
  {
    defect: 22,
    sentence: 'Without a parser /v1/responses answers 200 with the markup as text, also under required.',
    issue: 'none known',
    where: [{ parsers: NO_PARSER, cases: /^responses\.(?:auto|required|named|parallel)/, rules: /^responses\./ }],
    mended: [{ versions: ['0.12.0'], parsers: NO_PARSER, cases: /^responses\.(?:auto|parallel|truncated)/ }, { versions: ['0.14.1'], parsers: NO_PARSER, cases: /^responses\.(?:auto|parallel|named|truncated|required\.stream)/ }, { versions: ['0.17.1', '0.22.1', ...SINCE_25], parsers: NO_PARSER, cases: /^responses\.(?:auto|parallel|named|required|truncated)/ }],
    proof: { version: '0.25.1', parser: 'none', case: 'responses.required', wrote: PARIS, arrived: '"status":"completed"' },
  },
  {
    defect: 23,
    sentence: 'A cut /v1/responses answer holds a function_call that says completed, with arguments {}.',
    issue: 'none known',
    where: [],
    known: [{ id: 'responses-cut-call-completed' }],
    proof: { version: '0.25.1', parser: 'glm45', case: 'responses.truncated', arrived: '"type":"function_call"' },
  },
  {
    defect: 24,
    sentence: 'A forced tool of /v1/messages ends with end_turn beside its tool_use block.',
    issue: 'none known',
    where: [],
    known: [{ id: 'messages-forced-end-turn' }],
    mended: [{ versions: ['0.17.1'], parsers: ['hermes'], cases: /^messages\.tool$/ }, { versions: ['0.22.1', '0.25.1'], parsers: ['hermes'], cases: /^messages\.tool/ }],
    proof: { version: '0.25.1', parser: 'hermes', case: 'messages.tool', arrived: '"stop_reason":"end_turn"' },
  },
  {
    defect: 25,
    sentence: 'Under tool_choice none a stream still carries calls and says tool_calls.',
    issue: 'vllm#42747',
    where: [],
    known: [{ id: 'none-streams-calls' }],
    mended: [{ versions: ['0.22.1'], parsers: ['hermes'], cases: /^none\.stream$/ }],
    proof: { version: '0.22.1', parser: 'hermes', case: 'none.stream', wrote: PARIS, arrived: '"finish_reason":"tool_calls"' },
  },
  {
    defect: 26,
    sentence: 'Under required a streamed value that ends in a brace drags the bracket of the list along.',
    issue: 'none known',
    where: [
      {
        versions: TO_22,
        parsers: ['deepseek_v3', 'hermes', 'llama3_json', 'mistral', 'phi4_mini_json', 'qwen3_coder'],
        cases: /^required\.quotes\.stream$/,
      },
    ],
    known: [{ id: 'bracket-after-brace' }],
    proof: {
      version: '0.22.1',
      parser: 'hermes',
      case: 'required.quotes.stream',
      wrote: 'tab }"}}]',
      arrived: '{"text": "say \\"hi\\" \\\\ {a: [1]} it\'s\\nline2\\ttab }"}]',
    },
  },
  {
    defect: 27,
    sentence: 'A legal request under required that max_tokens cuts is answered with 400 about its own unfinished JSON.',
    issue: 'vllm#36841, vllm#40148',
    where: [],
    known: [{ id: 'truncated-required-refused', versions: ['0.10.1.1', '0.14.1'] }],
    mended: [{ versions: OLD, parsers: ['hermes'], cases: /^truncated\.required(?:-1)?$/ }, { versions: ['0.10.1.1'], cases: /^truncated\.required(?:-1)?$/ }],
    proof: { version: '0.14.1', parser: 'hermes', case: 'truncated.required', arrived: 'Invalid JSON' },
  },
  {
    defect: 28,
    sentence: 'With n = 2 the streamed fragments of both choices go through one parser: index, id and name are wrong, arguments are cut.',
    issue: 'vllm#38158',
    where: [
      { versions: ['0.10.1.1', '0.14.1'], parsers: ['deepseek_v3', 'hermes', 'llama3_json', 'mistral', 'qwen3_coder'], cases: /^n2\.auto\.stream$/ },
    ],
    known: [{ id: 'choices-share-parser', versions: ['0.10.1.1', '0.14.1'] }],
    mended: [{ versions: ['0.10.1.1', ...OLD], parsers: ['hermes'], cases: /^n2\.auto\.stream$/ }],
    proof: { version: '0.14.1', parser: 'hermes', case: 'n2.auto.stream', wrote: PARIS, arrived: ' "Paris"}\n' },
  },
  {
    defect: 29,
    sentence: 'A streamed /v1/responses answer under required or a named tool is cut with an empty body.',
    issue: 'none known',
    where: [],
    known: [{ id: 'responses-forced-stream-cut', versions: ['0.14.1'] }],
    mended: [{ versions: OLD, parsers: ['hermes'], cases: /^responses\.(?:required|named)\.stream$/ }],
    proof: { version: '0.14.1', parser: 'hermes', case: 'responses.named.stream', arrived: '' },
  },
  {
    defect: 30,
    sentence: 'hermes loses streamed arguments that are short, or whose delta is shared; escapes and joiners are lost too.',
    issue: 'vllm#28806, vllm#22885',
    where: [
      { versions: OLD, parsers: ['hermes'], cases: /^auto\.(?:zero.*|quotes|unicode|bytewise|empty-string|types)\.stream$/ },
      { versions: ['0.10.1.1'], parsers: ['hermes'], cases: /^auto\.zero(?:-bare)?\.stream$/ },
    ],
    mended: [{ versions: ['0.10.1.1', ...OLD], parsers: ['hermes'], cases: /^auto\.zero(?:-bare)?\.stream$/ }, { versions: ['0.12.0'], parsers: ['hermes'], cases: /^auto\.empty-string\.stream$/ }, { versions: ['0.14.1', '0.17.1'], parsers: ['hermes'], cases: /^auto\.quotes\.stream$/ }, { versions: ['0.17.1'], parsers: ['hermes'], cases: /^auto\.(?:unicode|types)\.stream$/ }],
    proof: {
      version: '0.14.1',
      parser: 'hermes',
      case: 'auto.zero.stream',
      wrote: '"arguments": {}',
      arrived: '"function":{"name":"ping"}',
    },
  },
  {
    defect: 31,
    sentence: 'hermes streams a brace too many after a call that follows a text.',
    issue: 'none known',
    where: [{ versions: ['0.14.1'], parsers: ['hermes'], cases: /^auto\.text-before\.stream$/ }],
    proof: { version: '0.14.1', parser: 'hermes', case: 'auto.text-before.stream', wrote: PARIS, arrived: '{"location": "Paris"}}' },
  },
  {
    defect: 32,
    sentence: 'deepseek_v3 streams arguments that are encoded twice.',
    issue: 'none known',
    where: [{ versions: ['0.14.1'], parsers: ['deepseek_v3'], cases: /^auto\.stream$/ }],
    proof: {
      version: '0.14.1',
      parser: 'deepseek_v3',
      case: 'auto.stream',
      wrote: '{"location": "Paris"}',
      arrived: '"{\\"location\\": \\"Paris\\"}"',
    },
  },
  {
    defect: 33,
    sentence: 'A streamed call breaks off with an error event: list index out of range.',
    issue: 'none known',
    where: [{ versions: OLD, parsers: ['qwen3_coder', 'mistral'], rules: /^stream\.no-error$/, got: /list index out of range/ }],
    proof: {
      version: '0.14.1',
      parser: 'qwen3_coder',
      case: 'auto.strict.stream',
      wrote: '<function=get_weather>',
      arrived: 'list index out of range',
    },
  },
  {
    defect: 34,
    sentence: 'mistral with parallel_tool_calls false glues the second call to the first.',
    issue: 'none known',
    where: [{ versions: ['0.22.1'], parsers: ['mistral'], cases: /^auto\.parallel-false\.stream$/ }],
    proof: {
      version: '0.22.1',
      parser: 'mistral',
      case: 'auto.parallel-false.stream',
      wrote: '"Tokyo"',
      arrived: '{"location": "Paris"}{"location": "Tokyo"}',
    },
  },
  {
    defect: 35,
    sentence: 'llama3_json swallows a streamed JSON answer to a request without tools.',
    issue: 'none known',
    where: [{ versions: ['0.22.1'], parsers: ['llama3_json'], cases: /^format\.json-schema\.stream$/ }],
    proof: {
      version: '0.22.1',
      parser: 'llama3_json',
      case: 'format.json-schema.stream',
      wrote: '{"city": "Paris", "n": 2}',
      arrived: '"delta":{"role":"assistant","content":""}',
    },
  },
  {
    defect: 36,
    sentence: 'qwen3_coder cuts a value at a closing tag; streamed the arguments are no JSON.',
    issue: 'none known',
    where: [
      { versions: TO_22, parsers: ['qwen3_coder'], cases: /^auto\.markup/ },
      { versions: ['0.10.1.1'], parsers: ['qwen3_coder'], cases: /^auto\.markup/, rules: /^(?:arguments\.|recorded\.|agree\.calls)/ },
    ],
    known: [{ id: 'markup-in-value', versions: ['0.10.1.1', ...TO_22], parsers: ['qwen3_coder'] }],
    proof: { version: '0.22.1', parser: 'qwen3_coder', case: 'auto.markup', wrote: 'a </tool_call> b', arrived: '\\"a ' },
  },
  {
    defect: 37,
    sentence: 'A body that is a list is answered with 500 in plain text, not JSON.',
    issue: 'none known',
    where: [],
    known: [{ id: 'body-list-500', rules: /^errors\.(?:body|content-type)$/ }],
    proof: { version: '0.14.1', parser: 'hermes', case: 'error.body-list', arrived: 'Internal Server Error' },
  },
  {
    defect: 38,
    sentence:
      'Without a parser a forced choice constrains nothing: named hands the raw text over as arguments, required is an error event or nothing.',
    issue: 'none known',
    where: [
      { versions: ['0.12.0'], parsers: ['none'], cases: /^messages\.any\.stream$/, rules: /^messages\.events$/ },
      { versions: ['0.12.0', '0.14.1'], parsers: ['none'], cases: /^(?:messages\.(?:any|tool)|responses\.required)$/, rules: /^http\.status$/, got: /validation error|Expecting value/ },
      { versions: ['0.12.0'], parsers: ['none'], cases: /^(?:named|required|truncated\.|usage)/, rules: /^(?!http\.status$)/ },
      { versions: ['0.12.0'], parsers: ['none'], cases: /^required/, rules: /^http\.status$/, got: /validation error/ },
    ],
    mended: [{ versions: ['0.12.0'], parsers: ['none'], cases: /^(?:required|truncated\.required(?:-1|\.stream)?$|usage(?:-continuous)?\.required|responses\.(?:required|named)|messages\.(?:any|tool)|error\.schema-required\.stream$)/ }],
    proof: { version: '0.12.0', parser: 'none', case: 'named', wrote: PARIS, arrived: '"arguments":"<tool_call>' },
  },
  {
    defect: 39,
    sentence: 'A streamed call of /v1/responses comes as text with its markup.',
    issue: 'none known',
    where: [],
    known: [{ id: 'responses-streams-markup' }],
    mended: [{ versions: OLD, parsers: ['hermes'], cases: /^responses\.(?:auto|parallel)\.stream$/ }],
    proof: {
      version: '0.17.1',
      parser: 'hermes',
      case: 'responses.auto.stream',
      wrote: PARIS,
      arrived: '"type":"response.output_text.delta"',
    },
  },
  {
    defect: 40,
    sentence: 'A /v1/responses answer that max_tokens cut says completed.',
    issue: 'none known',
    where: [],
    known: [{ id: 'responses-cut-says-completed' }],
    mended: [{ versions: ['0.12.0'], parsers: ['hermes'], cases: /^responses\.truncated$/ }],
    proof: { version: '0.12.0', parser: 'hermes', case: 'responses.truncated', arrived: '"status":"completed"' },
  },
  {
    defect: 41,
    sentence: 'A /v1/messages answer holds an empty text block before the call, and its stream ends with [DONE].',
    issue: 'none known',
    where: [],
    known: [{ id: 'messages-done' }, { id: 'messages-empty-text' }],
    mended: [{ versions: ['0.12.0', '0.14.1'], parsers: ['hermes'], cases: /^messages\.(?!text$)/ }, { versions: ['0.17.1'], parsers: ['hermes'], cases: /^messages\..*\.stream$/ }, { versions: OLD, parsers: ['none'], cases: /^messages\.text\.stream$/ }],
    proof: { version: '0.14.1', parser: 'hermes', case: 'messages.auto', arrived: '"type":"text"' },
  },
  {
    defect: 42,
    sentence: 'Defects 27, 28 and 29 in the versions before and after: cut required, n = 2, forced Responses streams.',
    issue: 'vllm#36841, vllm#38158',
    where: [
      {
        versions: ['0.12.0', '0.17.1'],
        parsers: ['deepseek_v3', 'hermes', 'llama3_json', 'mistral', 'qwen3_coder'],
        cases: /^n2\.auto\.stream$/,
      },
    ],
    known: [
      { id: 'truncated-required-refused', versions: ['0.12.0', '0.17.1'] },
      { id: 'choices-share-parser', versions: ['0.12.0', '0.17.1'] },
      { id: 'responses-forced-stream-cut', versions: ['0.12.0', '0.17.1'] },
    ],
    proof: { version: '0.17.1', parser: 'hermes', case: 'truncated.required', arrived: 'Invalid JSON' },
  },
  {
    defect: 43,
    sentence: 'deepseek_v3 streams the arguments twice, the second time escaped.',
    issue: 'none known',
    where: [{ versions: ['0.12.0'], parsers: ['deepseek_v3'], cases: /^auto\.(?:quotes|strict)\.stream$/ }],
    proof: {
      version: '0.12.0',
      parser: 'deepseek_v3',
      case: 'auto.quotes.stream',
      wrote: 'say \\"hi',
      arrived: '{"text": "say \\"hi"{\\"text\\": \\"say \\\\\\"hi"',
    },
  },
  {
    defect: 44,
    sentence: 'mistral streams no empty arguments, loses short ones, and an escaped quote.',
    issue: 'none known',
    where: [
      { versions: ['0.12.0'], parsers: ['mistral'], cases: /^(?:auto\.(?:zero.*|types)|usage\.auto)\.stream$/ },
      {
        versions: ['0.10.1.1'],
        parsers: ['mistral'],
        cases: /^auto\.(?:zero.*|types)\.stream$/,
        rules: /^(?:arguments\.json|agree\.calls|recorded\.calls)$/,
      },
    ],
    proof: { version: '0.12.0', parser: 'mistral', case: 'auto.zero.stream', wrote: '"ping"', arrived: '' },
  },
  {
    defect: 45,
    sentence: 'Streamed arguments under required end with the bracket of the list.',
    issue: 'none known',
    where: [{ versions: ['0.12.0'], parsers: ['qwen3_coder', 'llama3_json'], cases: /^required\.stream$/ }],
    proof: {
      version: '0.12.0',
      parser: 'qwen3_coder',
      case: 'required.stream',
      wrote: '{"location": "Paris"}}]',
      arrived: '{"location": "Paris"}]',
    },
  },
  {
    defect: 46,
    sentence: 'gemma4 does not enforce a named choice: prose comes instead of the call, finish stop.',
    issue: 'vllm#53363',
    where: [{ parsers: ['gemma4'], cases: /^named\.(?:other|zero)/ }],
    proof: { version: '0.32.0', parser: 'gemma4', case: 'named.zero', wrote: 'You said: Go.', arrived: '"content":"You said: Go."' },
  },
  {
    defect: 47,
    sentence: 'phi4_mini_json streams no text either when the request has no tools.',
    issue: 'none known; compare observed defect 2, observed defect 35',
    where: [
      { versions: ['0.22.1'], parsers: ['phi4_mini_json'], cases: /^(?:text|usage(?:-continuous)?\.text|format\.json-schema)\.stream$/ },
    ],
    proof: {
      version: '0.22.1',
      parser: 'phi4_mini_json',
      case: 'text.stream',
      wrote: 'hello to the world',
      arrived: '"finish_reason":"stop"',
    },
  },
  {
    defect: 48,
    sentence: 'hermes loses a piece of a streamed value, and what is left is valid JSON: Paris arrives as Par.',
    issue: 'none known; compare observed defect 30',
    where: [{ versions: ['0.17.1'], parsers: ['hermes'], cases: /^usage-continuous\.auto\.stream$/ }],
    proof: {
      version: '0.17.1',
      parser: 'hermes',
      case: 'usage-continuous.auto.stream',
      wrote: '"Paris"',
      arrived: '{\\"location\\": \\"Par"}',
    },
  },
  {
    defect: 49,
    sentence: 'functiongemma loses arguments, or the last character of a text, when several tokens share a delta.',
    issue: 'none known',
    where: [{ parsers: ['functiongemma'], cases: /^auto\.(?:bytewise|two-tools|text-before)\.stream$/ }],
    proof: {
      version: '0.25.1',
      parser: 'functiongemma',
      case: 'auto.text-before.stream',
      conditions: 'stream-interval 5',
      wrote: 'Let me look that up.',
      arrived: 'Let me look that up',
    },
  },
  {
    defect: 50,
    sentence: 'llama3_json on a busy server loses streamed arguments, or the whole call.',
    issue: 'none known; compare observed defect 17',
    where: [
      { versions: ['0.14.1', '0.22.1'], parsers: ['llama3_json'], cases: /^auto(?:\.(?:parallel|two-tools|empty-string))?\.stream$/ },
    ],
    proof: {
      version: '0.22.1',
      parser: 'llama3_json',
      case: 'auto.stream',
      wrote: '"Paris"',
      arrived: '',
    },
  },
  {
    defect: 51,
    sentence: 'qwen3_coder on a busy server streams {} for the arguments, or loses the call.',
    issue: 'none known; compare observed defect 33',
    where: [
      {
        versions: ['0.14.1', '0.17.1', '0.22.1'],
        parsers: ['qwen3_coder'],
        cases: /^auto(?:\.(?:explicit|two-tools|zero-bare))?\.stream$/,
      },
    ],
    proof: { version: '0.17.1', parser: 'qwen3_coder', case: 'auto.explicit.stream', wrote: 'Paris', arrived: '{}' },
  },
  {
    defect: 52,
    sentence: 'A legal request is answered with 400 Already borrowed: two requests meet in the tokenizer.',
    issue: 'vllm#40949, vllm#41181',
    where: [
      {
        versions: ['0.17.1'],
        rules: /^(?:http|agree)\.status$/,
        parsers: ['mistral', 'qwen3_coder'],
        cases: /^auto\.(?:bytewise|types)(?:\.stream)?$/,
      },
    ],
    proof: { version: '0.17.1', parser: 'qwen3_coder', case: 'auto.types.stream', arrived: 'Already borrowed' },
  },
  {
    defect: 53,
    sentence: 'Where JSON is constrained, later fragments of a call hold name: null.',
    issue: 'vllm#31438',
    where: [{ versions: SINCE_25, parsers: ['granite4', 'functiongemma', 'phi4_mini_json', 'mistral'], rules: /^calls\.later-null$/ }],
    proof: { version: '0.32.0', parser: 'granite4', case: 'required.stream', arrived: '"function":{"name":null,"arguments":' },
  },
  {
    defect: 54,
    sentence: 'A tool without a name beside a named choice is answered with 500.',
    issue: 'none known',
    where: [{ versions: ['0.32.0'], conditions: ['generated'], cases: /^error\.tool-without-name-named$/ }],
    proof: {
      version: '0.32.0',
      parser: 'hermes',
      case: 'error.tool-without-name-named',
      conditions: 'generated',
      arrived: '"InternalServerError"',
    },
  },
  {
    defect: 55,
    sentence: 'kimi_k2 streams a name before it is complete: functions, of functions.get_weather:0.',
    issue: 'none known',
    where: [{ versions: ['0.32.0', '0.33.0'], parsers: ['kimi_k2'], cases: /^truncated\.auto-early\.stream$/, rules: /^calls\.name$/ }],
    proof: {
      version: '0.32.0',
      parser: 'kimi_k2',
      case: 'truncated.auto-early.stream',
      wrote: 'functions.get_weather:0',
      arrived: '"name":"functions"',
    },
  },
  {
    defect: 56,
    sentence: 'A streamed call of /v1/responses has another call_id in its events than in response.completed.',
    issue: 'vllm#47916',
    where: [],
    known: [{ id: 'responses-call-id-differs' }, { id: 'responses-item-id-differs' }, { id: 'responses-cut-stream-differs' }],
    proof: { version: '0.25.1', parser: 'hermes', case: 'responses.auto.stream', arrived: '"call_id":' },
  },
  {
    defect: 57,
    sentence: 'A forced call that /v1/messages streams lacks the first piece of its input.',
    issue: 'vllm#34887, vllm#45287',
    where: [],
    known: [{ id: 'messages-input-cut' }],
    proof: { version: '0.14.1', parser: 'hermes', case: 'messages.tool.stream', arrived: 'input_json_delta' },
  },
  {
    defect: 58,
    sentence: 'mistral on /v1/responses: the call comes as text, without its marker.',
    issue: 'none known; compare observed defect 39',
    where: [{ versions: ['0.12.0', '0.14.1'], parsers: ['mistral'], cases: /^responses\.(?:auto|parallel)$/, rules: /^responses\.content\.call-as-text$/ }],
    proof: {
      version: '0.14.1',
      parser: 'mistral',
      case: 'responses.auto',
      wrote: '[TOOL_CALLS][{"name": "get_weather"',
      arrived: '"text":"[{\\"name\\": \\"get_weather\\"',
    },
  },
  {
    defect: 59,
    sentence: 'Tools on /v1/responses are refused with 400.',
    issue: 'none known',
    where: [],
    known: [{ id: 'responses-tools-refused' }],
    mended: [
      { versions: ['0.10.1.1'], parsers: ['hermes'], cases: /^responses\.(?!text)/ },
      { versions: ['0.10.1.1'], parsers: ['none'], cases: /^responses\.(?:named|required)/ },
    ],
    proof: {
      version: '0.10.1.1',
      parser: 'hermes',
      case: 'responses.auto',
      arrived: 'Tool use is not supported in Responses API without Harmony',
    },
  },
  {
    defect: 60,
    sentence: 'Every streamed answer of /v1/responses is cut with an empty body.',
    issue: 'none known; compare observed defect 29',
    where: [],
    known: [{ id: 'responses-forced-stream-cut', versions: ['0.10.1.1'] }],
    mended: [{ versions: ['0.10.1.1'], cases: /^responses\.text\.stream$/ }],
    proof: { version: '0.10.1.1', parser: 'hermes', case: 'responses.text.stream', arrived: '' },
  },
  {
    defect: 61,
    sentence: 'A plain call under required ends with finish_reason stop.',
    issue: 'vllm PR#25054',
    where: [],
    known: [{ id: 'required-says-stop' }],
    mended: [{ versions: ['0.10.1.1'], cases: /^required(?!.*\.stream$)/ }],
    proof: { version: '0.10.1.1', parser: 'hermes', case: 'required', wrote: '"Paris"', arrived: '"finish_reason":"stop"' },
  },
  {
    defect: 62,
    sentence: 'A streamed answer under required breaks off with an error event before the call begins.',
    issue: 'vllm#24509, vllm PR#23312',
    where: [
      {
        versions: ['0.10.1.1'],
        cases: /^(?:required.*|truncated\.required|usage(?:-continuous)?\.required)\.stream$/,
        rules: /^(?:stream\.no-error|calls\.required|truncation\.call)$/,
      },
    ],
    mended: [{ versions: ['0.10.1.1'], cases: /^(?:required.*|truncated\.required|usage(?:-continuous)?\.required)\.stream$/ }],
    proof: {
      version: '0.10.1.1',
      parser: 'hermes',
      case: 'required.stream',
      wrote: '"Paris"',
      arrived: 'Expecting property name enclosed in double quotes',
    },
  },
  {
    defect: 63,
    sentence: 'hermes streams a call without its closing brace: a line break comes instead.',
    issue: 'vllm#22885, vllm#18791',
    where: [
      {
        versions: ['0.10.1.1'],
        parsers: ['hermes'],
        cases: /^(?:auto(?:\.(?!null-choice|markup|zero\.|zero-bare).*)?|logprobs\.auto|round-trip\.again|usage(?:-continuous)?\.auto)\.stream$/,
      },
      { versions: ['0.10.1.1'], parsers: ['hermes'], cases: /^auto\.null-choice\.stream$/, rules: /^(?!agree\.)/ },
    ],
    mended: [{ versions: ['0.10.1.1'], parsers: ['hermes'], cases: /^auto\.parallel(?:-false)?\.stream$/ }],
    proof: { version: '0.10.1.1', parser: 'hermes', case: 'auto.stream', wrote: PARIS, arrived: '{"location": "Paris"\n' },
  },
  {
    defect: 64,
    sentence: 'A stream whose last pieces the parser held back ends without a finish_reason.',
    issue: 'none known',
    where: [
      {
        versions: ['0.10.1.1'],
        cases: /^(?:truncated\..*|auto\.(?:zero|zero-bare|empty-string|markup|parallel))\.stream$/,
        parsers: ['deepseek_v3', 'hermes', 'mistral', 'none', 'qwen3_coder'],
        rules: /^(?:envelope\.finish-reason|client\.stream-helper|agree\.finish-reason)$/,
      },
      {
        versions: ['0.10.1.1'],
        cases: /^truncated\..*\.stream$/,
        parsers: ['llama3_json', 'phi4_mini_json'],
        rules: /^(?:envelope\.finish-reason|client\.stream-helper)$/,
      },
    ],
    mended: [
      { versions: ['0.10.1.1'], parsers: ['hermes'], cases: /^truncated\.auto-early\.stream$/ },
      { versions: ['0.10.1.1'], cases: /^truncated\.required-1\.stream$/ },
    ],
    proof: {
      version: '0.10.1.1',
      parser: 'qwen3_coder',
      case: 'auto.parallel.stream',
      wrote: '<parameter=location>',
      arrived: '"delta":{"tool_calls":',
    },
  },
  {
    defect: 65,
    sentence: 'llama3_json does not read a plain call whose arguments hold braces: it comes as text. The streamed call is right.',
    issue: 'none known',
    where: [{ versions: ['0.10.1.1'], parsers: ['llama3_json'], cases: /^auto\.(?:quotes|types|markup)/ }],
    proof: {
      version: '0.10.1.1',
      parser: 'llama3_json',
      case: 'auto.types',
      wrote: '"author": {"name"',
      arrived: '"tool_calls":[]',
    },
  },
  {
    defect: 66,
    sentence: 'qwen3_coder hands over lists and objects as text, streamed numbers and booleans too.',
    issue: 'none known',
    where: [{ versions: ['0.10.1.1'], parsers: ['qwen3_coder'], cases: /^auto\.types/ }],
    proof: { version: '0.10.1.1', parser: 'qwen3_coder', case: 'auto.types', wrote: '<parameter=tags>', arrived: '\\"tags\\": \\"[' },
  },
  {
    defect: 67,
    sentence: 'deepseek_v3: a plain call that max_tokens cut says tool_calls, and there is no call.',
    issue: 'none known; compare observed defect 7',
    where: [{ versions: ['0.10.1.1'], parsers: ['deepseek_v3'], cases: /^truncated\.auto(?:-early)?$/ }],
    proof: { version: '0.10.1.1', parser: 'deepseek_v3', case: 'truncated.auto', arrived: '"finish_reason":"tool_calls"' },
  },
  {
    defect: 0,
    sentence: 'The machine was busy, so that the end of a call shares its delta with the finish reason.',
    issue: 'none known',
    where: [],
    mended: [
      { versions: ['0.12.0'], parsers: ['hermes'], cases: /^(?:required\.quotes|usage\.required)\.stream$/ },
      { versions: ['0.17.1'], parsers: ['hermes'], cases: /^(?:required\.parallel-false|usage-continuous\.required)\.stream$/ },
    ],
    unnoticed: 'an answer may come in whatever pieces',
    proof: { version: '0.12.0', parser: 'hermes', case: 'usage.required.stream', wrote: '"Paris"', arrived: '"finish_reason":"tool_calls"' },
  },
  {
    defect: 0,
    sentence: 'The scripted model wrote byte by byte, which no request can ask of the mock.',
    issue: 'none known',
    where: [],
    mended: [{ versions: ['0.12.0', '0.17.1'], parsers: ['hermes'], cases: /^auto\.bytewise\.stream$/ }],
    unnoticed: 'an answer may come in whatever pieces',
    proof: { version: '0.17.1', parser: 'hermes', case: 'auto.bytewise.stream', wrote: '"Paris"', arrived: '"finish_reason":"tool_calls"' },
  },
  {
    defect: 68,
    sentence: 'An empty text block stands between two calls that /v1/messages streams.',
    issue: 'none known',
    where: [
      { versions: ['0.17.1', '0.22.1'], cases: /^messages\.parallel\.stream$/, rules: /^messages\.empty-text$/ },
      { parsers: ['granite4'], cases: /^messages\.parallel\.stream$/, rules: /^messages\.empty-text$/ },
      { versions: ['0.33.0'], parsers: ['deepseek_v3'], cases: /^messages\.parallel\.stream$/, rules: /^messages\.empty-text$/ },
    ],
    proof: { version: '0.33.0', parser: 'granite4', case: 'messages.parallel.stream', arrived: '"type":"text","text":""' },
  },
  {
    defect: 70,
    sentence: 'An input that /v1/messages streams lacks its end.',
    issue: 'vllm#34887',
    where: [{ versions: ['0.12.0', '0.14.1'], cases: /^messages\.(?:auto|parallel|tool)\.stream$/, rules: /^messages\.(?:arguments\.json|client)$/ }],
    proof: { version: '0.14.1', parser: 'hermes', case: 'messages.parallel.stream', arrived: 'input_json_delta' },
  },
  {
    defect: 71,
    sentence: 'mistral: a stream of /v1/messages with two calls breaks off with an error event.',
    issue: 'none known',
    where: [{ versions: ['0.14.1'], parsers: ['mistral'], cases: /^messages\.parallel\.stream$/, rules: /^messages\.(?:events|blocks)$/ }],
    proof: { version: '0.14.1', parser: 'mistral', case: 'messages.parallel.stream', arrived: 'internal_error' },
  },
  {
    defect: 72,
    sentence: 'Of two calls that /v1/messages streams, the first has the inputs of both.',
    issue: 'none known',
    where: [{ versions: ['0.22.1'], parsers: ['mistral', 'qwen3_coder'], cases: /^messages\.parallel\.stream$/, rules: /^messages\.(?:arguments|client)/ }],
    proof: { version: '0.22.1', parser: 'mistral', case: 'messages.parallel.stream', arrived: 'input_json_delta' },
  },
  {
    defect: 73,
    sentence: 'The line break between two streamed calls comes as a text: of /v1/responses as a message of its own, of /v1/messages within the first call.',
    issue: 'none known',
    where: [],
    known: [{ id: 'responses-line-break-between-calls' }, { id: 'messages-text-in-call' }],
    proof: { version: '0.25.1', parser: 'granite4', case: 'responses.parallel.stream', arrived: '"type":"response.output_text.delta"' },
  },
  {
    defect: 74,
    sentence: 'Each event of a text that /v1/responses streams has the next content_index.',
    issue: 'none known',
    where: [],
    known: [{ id: 'responses-content-index-counts' }],
    proof: { version: '0.14.1', parser: 'hermes', case: 'responses.text.stream', arrived: '"content_index":2' },
  },
  {
    defect: 75,
    sentence: 'The response at the end of a stream of /v1/responses has no output, or only the end of it.',
    issue: 'none known',
    where: [],
    known: [{ id: 'responses-output-lost' }],
    mended: [{ versions: ['0.12.0'], parsers: ['none'], cases: /^responses\.text\.stream$/ }],
    proof: { version: '0.12.0', parser: 'none', case: 'responses.text.stream', wrote: 'hello', arrived: '"output":[]' },
  },
  {
    defect: 76,
    sentence: 'message_start of /v1/messages has no usage, on which the official client fails.',
    issue: 'vllm#45367',
    where: [],
    known: [{ id: 'messages-start-bare' }],
    proof: { version: '0.12.0', parser: 'hermes', case: 'messages.text.stream', arrived: '"type":"message_start"' },
  },
]
