import type { RedDefectId } from '../../fixtures/contract/known/red.ts'

/** Which findings an entry explains: every part that is given must fit. */
export interface Where {
  readonly versions?: readonly string[]
  readonly parsers?: readonly string[]
  readonly conditions?: readonly string[]
  readonly cases?: RegExp
  readonly rules?: RegExp
  readonly got?: RegExp
}

/** What of the recorded answers shows a known defect of real vLLM, or a circumstance that is no defect. */
export interface RecordedDefect {
  /** Under which the documents cite it: observed defect 26. */
  readonly number?: number
  /** The red known defect that its findings show. */
  readonly of?: RedDefectId
  /** What it is, where it is no defect. */
  readonly circumstance?: string
  /** Findings that no amber known defect explains. */
  readonly where: readonly Where[]
  /** Findings that the amber known defect named explains. */
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
    circumstance: 'The server was started without --tool-call-parser or --enable-auto-tool-choice, and refuses what needs it.',
    where: [{ parsers: NO_PARSER, rules: /^(?:http\.status|responses\.answers)$/, got: /requires --/ }],
    proof: {
      version: '0.25.1',
      parser: 'none',
      case: 'auto',
      arrived: 'tool choice requires --enable-auto-tool-choice and --tool-call-parser',
    },
  },
  {
    circumstance: 'A model of 135 million parameters wrote arguments that do not fit the schema; nothing constrains a tool that is not strict.',
    where: [{ conditions: ['generated'], rules: /^arguments\.schema$/ }],
    proof: { version: '0.32.0', parser: 'hermes', case: 'named.nested', conditions: 'generated', arrived: '"arguments":' },
  },
  {
    circumstance:
      'The grammar forces a blank line into a qwen3_coder call without parameters: the scripted model lost its thread and ran into max_tokens.',
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
    number: 1,
    of: 'null-choice-loses-call',
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
    number: 2,
    of: 'streams-nothing',
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
      {
        versions: ['0.10.1.1'],
        parsers: ['phi4_mini_json'],
        cases: /^truncated\.auto.*\.stream$/,
        rules: /^(?:envelope\.finish-reason|client\.stream-helper)$/,
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
    number: 3,
    of: 'bracket-loses-call',
    where: [{ parsers: ['phi4_mini_json'], cases: /^auto\.(?:quotes|types|markup)$/ }],
    proof: { version: '0.25.1', parser: 'phi4_mini_json', case: 'auto.types', wrote: '"tags": ["a b", "c,d"]', arrived: '"content":null' },
  },
  {
    number: 4,
    where: [
      { parsers: ['phi4_mini_json', 'llama3_json'], cases: /^auto\.text-before$/ },
      { parsers: ['llama3_json'], cases: /^auto\.text-before\.stream$/ },
    ],
    known: [{ id: 'text-before-call-dropped' }, { id: 'call-after-text-streamed-as-text' }],
    proof: { version: '0.25.1', parser: 'llama3_json', case: 'auto.text-before', wrote: 'Let me look that up.', arrived: '"content":null' },
  },
  {
    number: 5,
    where: [
      { parsers: ['llama3_json'], cases: /^(?:auto|named)\.zero.*\.stream$/, rules: /^(?!envelope\.|client\.|agree\.finish)/ },
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
    number: 6,
    of: 'required-two-calls-unread',
    where: [{ versions: ['0.25.1'], parsers: ['llama3_json'], cases: /^required\.parallel/ }],
    proof: { version: '0.25.1', parser: 'llama3_json', case: 'required.parallel', arrived: '}}{\\"name\\"' },
  },
  {
    number: 7,
    where: [],
    known: [{ id: 'truncated-call-completed' }],
    proof: { version: '0.25.1', parser: 'glm45', case: 'truncated.auto', wrote: 'one two three', arrived: '"arguments":"{}"' },
  },
  {
    number: 8,
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
    number: 9,
    where: [],
    known: [{ id: 'markup-of-cut-call' }],
    mended: [{ parsers: ['hermes'], versions: ['0.14.1', '0.17.1', '0.22.1', '0.25.1', '0.32.0', '0.33.0'], cases: /^responses\.truncated$/ }, { parsers: ['hermes'], versions: [...TO_22, '0.25.1'], cases: /^responses\.truncated\.stream$/ }],
    proof: { version: '0.25.1', parser: 'hermes', case: 'truncated.auto', wrote: 'one two three', arrived: '"content":"<tool_call>' },
  },
  {
    number: 10,
    where: [{ parsers: ['hermes', 'granite4'], cases: /^auto\.markup/ }],
    known: [{ id: 'markup-in-value', parsers: ['hermes', 'granite4'] }],
    mended: [{ parsers: ['hermes'], cases: /^auto\.markup$/ }, { versions: ['0.10.1.1', ...OLD], parsers: ['hermes'], cases: /^auto\.markup\.stream$/ }],
    proof: { version: '0.25.1', parser: 'hermes', case: 'auto.markup', wrote: 'a </tool_call> b', arrived: '"content":"<tool_call>' },
  },
  {
    number: 11,
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
    number: 12,
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
    number: 13,
    where: [{ versions: ['0.25.1'], parsers: ['glm45', 'glm47'], cases: /^auto\.markup/ }],
    known: [{ id: 'markup-in-value', parsers: ['glm45', 'glm47'] }],
    proof: { version: '0.25.1', parser: 'glm45', case: 'auto.markup', wrote: 'a </tool_call> b', arrived: '"arguments":"{}"' },
  },
  {
    number: 14,
    of: 'arguments-fall-apart',
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
    number: 15,
    of: 'shared-delta-loses-call',
    where: [
      { versions: ['0.25.1', '0.32.0'], parsers: ['deepseek_v3', 'deepseek_v31'], cases: /^(?!auto\.null-choice).*\.stream$/, rules: /^(?!messages\.empty-text)/ },
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
    number: 16,
    of: 'required-calls-mixed',
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
    number: 17,
    of: 'first-piece-lost',
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
    number: 18,
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
    number: 19,
    where: [],
    known: [{ id: 'paths-in-errors' }],
    proof: { version: '0.25.1', parser: 'hermes', case: 'error.bad-json', arrived: 'File \\"' },
  },
  {
    number: 20,
    where: [],
    known: [{ id: 'body-list-500', rules: /^(?:errors\.status|bad\.body-list)$/ }],
    mended: [{ versions: ['0.10.1.1', ...TO_22, '0.25.1'], cases: /^error\.body-list$/ }],
    proof: { version: '0.25.1', parser: 'hermes', case: 'error.body-list', arrived: "'list' object has no attribute 'get'" },
  },
  {
    number: 21,
    of: 'forced-not-enforced',
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
    number: 22,
    of: 'responses-without-parser',
    where: [{ parsers: NO_PARSER, cases: /^responses\.(?:auto|required|named|parallel)/, rules: /^responses\./ }],
    mended: [{ versions: ['0.12.0'], parsers: NO_PARSER, cases: /^responses\.(?:auto|parallel|truncated)/ }, { versions: ['0.14.1'], parsers: NO_PARSER, cases: /^responses\.(?:auto|parallel|named|truncated|required\.stream)/ }, { versions: ['0.17.1', '0.22.1', ...SINCE_25], parsers: NO_PARSER, cases: /^responses\.(?:auto|parallel|named|required|truncated)/ }],
    proof: { version: '0.25.1', parser: 'none', case: 'responses.required', wrote: PARIS, arrived: '"status":"completed"' },
  },
  {
    number: 23,
    where: [],
    known: [{ id: 'responses-cut-call-completed' }],
    proof: { version: '0.25.1', parser: 'glm45', case: 'responses.truncated', arrived: '"type":"function_call"' },
  },
  {
    number: 24,
    where: [],
    known: [{ id: 'messages-forced-end-turn' }],
    mended: [{ versions: ['0.17.1'], parsers: ['hermes'], cases: /^messages\.tool$/ }, { versions: ['0.22.1', '0.25.1'], parsers: ['hermes'], cases: /^messages\.tool/ }],
    proof: { version: '0.25.1', parser: 'hermes', case: 'messages.tool', arrived: '"stop_reason":"end_turn"' },
  },
  {
    number: 25,
    where: [],
    known: [{ id: 'none-streams-calls' }],
    mended: [{ versions: ['0.22.1'], parsers: ['hermes'], cases: /^none\.stream$/ }],
    proof: { version: '0.22.1', parser: 'hermes', case: 'none.stream', wrote: PARIS, arrived: '"finish_reason":"tool_calls"' },
  },
  {
    number: 26,
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
    number: 27,
    where: [],
    known: [{ id: 'truncated-required-refused', versions: ['0.10.1.1', '0.14.1'] }],
    mended: [{ versions: OLD, parsers: ['hermes'], cases: /^truncated\.required(?:-1)?$/ }, { versions: ['0.10.1.1'], cases: /^truncated\.required(?:-1)?$/ }],
    proof: { version: '0.14.1', parser: 'hermes', case: 'truncated.required', arrived: 'Invalid JSON' },
  },
  {
    number: 28,
    where: [
      { versions: ['0.10.1.1', '0.14.1'], parsers: ['deepseek_v3', 'hermes', 'llama3_json', 'mistral', 'qwen3_coder'], cases: /^n2\.auto\.stream$/ },
    ],
    known: [{ id: 'choices-share-parser', versions: ['0.10.1.1', '0.14.1'] }],
    mended: [{ versions: ['0.10.1.1', ...OLD], parsers: ['hermes'], cases: /^n2\.auto\.stream$/ }],
    proof: { version: '0.14.1', parser: 'hermes', case: 'n2.auto.stream', wrote: PARIS, arrived: ' "Paris"}\n' },
  },
  {
    number: 29,
    where: [],
    known: [{ id: 'responses-forced-stream-cut', versions: ['0.14.1'] }],
    mended: [{ versions: OLD, parsers: ['hermes'], cases: /^responses\.(?:required|named)\.stream$/ }],
    proof: { version: '0.14.1', parser: 'hermes', case: 'responses.named.stream', arrived: '' },
  },
  {
    number: 30,
    of: 'short-arguments-lost',
    where: [
      { versions: OLD, parsers: ['hermes'], cases: /^auto\.(?:zero.*|quotes|unicode|bytewise|empty-string|types)\.stream$/ },
      { versions: ['0.10.1.1'], parsers: ['hermes'], cases: /^auto\.zero(?:-bare|-first)?\.stream$/, got: /^(?!the text ends before)/ },
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
    number: 31,
    of: 'short-arguments-lost',
    where: [{ versions: ['0.14.1'], parsers: ['hermes'], cases: /^auto\.text-before\.stream$/ }],
    proof: { version: '0.14.1', parser: 'hermes', case: 'auto.text-before.stream', wrote: PARIS, arrived: '{"location": "Paris"}}' },
  },
  {
    number: 32,
    of: 'shared-delta-loses-call',
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
    number: 33,
    of: 'list-index-out-of-range',
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
    number: 34,
    of: 'second-call-glued',
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
    number: 35,
    of: 'text-stream-swallowed',
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
    number: 36,
    where: [
      { versions: TO_22, parsers: ['qwen3_coder'], cases: /^auto\.markup/ },
      { versions: ['0.10.1.1'], parsers: ['qwen3_coder'], cases: /^auto\.markup/, rules: /^(?:arguments\.|recorded\.|agree\.calls)/ },
    ],
    known: [{ id: 'markup-in-value', versions: ['0.10.1.1', ...TO_22], parsers: ['qwen3_coder'] }],
    proof: { version: '0.22.1', parser: 'qwen3_coder', case: 'auto.markup', wrote: 'a </tool_call> b', arrived: '\\"a ' },
  },
  {
    number: 37,
    where: [],
    known: [{ id: 'body-list-500', rules: /^errors\.(?:body|content-type)$/ }],
    proof: { version: '0.14.1', parser: 'hermes', case: 'error.body-list', arrived: 'Internal Server Error' },
  },
  {
    number: 38,
    of: 'forced-without-parser',
    where: [
      { versions: ['0.12.0'], parsers: ['none'], cases: /^messages\.any\.stream$/, rules: /^messages\.events$/ },
      { versions: ['0.12.0', '0.14.1'], parsers: ['none'], cases: /^responses\.required\.stream$/, rules: /^http\.complete$/ },
      { versions: ['0.12.0', '0.14.1'], parsers: ['none'], cases: /^(?:messages\.(?:any|tool)|responses\.required)$/, rules: /^http\.status$/, got: /validation error|Expecting value/ },
      { versions: ['0.12.0'], parsers: ['none'], cases: /^(?:named|required|truncated\.|usage)/, rules: /^(?!http\.status$)/ },
      { versions: ['0.12.0'], parsers: ['none'], cases: /^required/, rules: /^http\.status$/, got: /validation error/ },
    ],
    mended: [{ versions: ['0.12.0'], parsers: ['none'], cases: /^(?:required|truncated\.required(?:-1|\.stream)?$|usage(?:-continuous)?\.required|responses\.(?:required|named)|messages\.(?:any|tool)|error\.schema-required\.stream$)/ }],
    proof: { version: '0.12.0', parser: 'none', case: 'named', wrote: PARIS, arrived: '"arguments":"<tool_call>' },
  },
  {
    number: 39,
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
    number: 40,
    where: [],
    known: [{ id: 'responses-cut-says-completed' }],
    mended: [{ versions: ['0.12.0'], parsers: ['hermes'], cases: /^responses\.truncated$/ }],
    proof: { version: '0.12.0', parser: 'hermes', case: 'responses.truncated', arrived: '"status":"completed"' },
  },
  {
    number: 41,
    where: [],
    known: [{ id: 'messages-done' }, { id: 'messages-empty-text' }],
    mended: [{ versions: ['0.12.0', '0.14.1'], parsers: ['hermes'], cases: /^messages\.(?!text$)/ }, { versions: ['0.17.1'], parsers: ['hermes'], cases: /^messages\..*\.stream$/ }, { versions: OLD, parsers: ['none'], cases: /^messages\.text\.stream$/ }],
    proof: { version: '0.14.1', parser: 'hermes', case: 'messages.auto', arrived: '"type":"text"' },
  },
  {
    number: 42,
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
    number: 43,
    of: 'shared-delta-loses-call',
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
    number: 44,
    of: 'empty-arguments-lost',
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
    number: 45,
    of: 'required-bracket-streamed',
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
    number: 46,
    of: 'forced-not-enforced',
    where: [{ parsers: ['gemma4'], cases: /^named\.(?:other|zero)/ }],
    proof: { version: '0.32.0', parser: 'gemma4', case: 'named.zero', wrote: 'You said: Go.', arrived: '"content":"You said: Go."' },
  },
  {
    number: 47,
    of: 'text-stream-swallowed',
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
    number: 48,
    of: 'short-arguments-lost',
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
    number: 49,
    of: 'arguments-fall-apart',
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
    number: 50,
    of: 'first-piece-lost',
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
    number: 51,
    of: 'streamed-arguments-replaced',
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
    number: 52,
    of: 'already-borrowed',
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
    number: 53,
    of: 'later-names-null',
    where: [{ versions: SINCE_25, parsers: ['granite4', 'functiongemma', 'phi4_mini_json'], rules: /^calls\.later-null$/ }],
    proof: { version: '0.32.0', parser: 'granite4', case: 'required.stream', arrived: '"function":{"name":null,"arguments":' },
  },
  {
    number: 54,
    of: 'tool-without-name-500',
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
    number: 55,
    of: 'name-streamed-early',
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
    number: 56,
    where: [],
    known: [{ id: 'responses-call-id-differs' }, { id: 'responses-item-id-differs' }, { id: 'responses-cut-stream-differs' }],
    proof: { version: '0.25.1', parser: 'hermes', case: 'responses.auto.stream', arrived: '"call_id":' },
  },
  {
    number: 57,
    where: [],
    known: [{ id: 'messages-input-cut' }],
    proof: { version: '0.14.1', parser: 'hermes', case: 'messages.tool.stream', arrived: 'input_json_delta' },
  },
  {
    number: 58,
    of: 'responses-call-as-text',
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
    number: 59,
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
    number: 60,
    where: [],
    known: [{ id: 'responses-forced-stream-cut', versions: ['0.10.1.1'] }],
    mended: [{ versions: ['0.10.1.1'], cases: /^responses\.text\.stream$/ }],
    proof: { version: '0.10.1.1', parser: 'hermes', case: 'responses.text.stream', arrived: '' },
  },
  {
    number: 61,
    where: [],
    known: [{ id: 'required-says-stop' }],
    mended: [{ versions: ['0.10.1.1'], cases: /^required(?!.*\.stream$)/ }],
    proof: { version: '0.10.1.1', parser: 'hermes', case: 'required', wrote: '"Paris"', arrived: '"finish_reason":"stop"' },
  },
  {
    number: 62,
    of: 'required-stream-error',
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
    number: 63,
    of: 'closing-brace-lost',
    where: [
      {
        versions: ['0.10.1.1'],
        parsers: ['hermes'],
        cases: /^(?:auto(?:\.(?!null-choice|markup|zero).*)?|logprobs\.auto|round-trip\.again|usage(?:-continuous)?\.auto)\.stream$/,
      },
      { versions: ['0.10.1.1'], parsers: ['hermes'], cases: /^auto\.zero-first\.stream$/, got: /^the text ends before/ },
      { versions: ['0.10.1.1'], parsers: ['hermes'], cases: /^auto\.null-choice\.stream$/, rules: /^(?!agree\.)/ },
    ],
    mended: [{ versions: ['0.10.1.1'], parsers: ['hermes'], cases: /^auto\.parallel(?:-false)?\.stream$/ }],
    proof: { version: '0.10.1.1', parser: 'hermes', case: 'auto.stream', wrote: PARIS, arrived: '{"location": "Paris"\n' },
  },
  {
    number: 64,
    of: 'stream-without-finish-reason',
    where: [
      {
        versions: ['0.10.1.1'],
        cases: /^(?:truncated\..*|auto\.(?:zero|zero-bare|empty-string|markup|parallel))\.stream$/,
        parsers: ['deepseek_v3', 'hermes', 'mistral', 'none', 'qwen3_coder'],
        rules: /^(?:envelope\.finish-reason|client\.stream-helper|agree\.finish-reason)$/,
      },
      {
        versions: ['0.10.1.1'],
        cases: /^truncated\.required.*\.stream$/,
        parsers: ['phi4_mini_json'],
        rules: /^(?:envelope\.finish-reason|client\.stream-helper)$/,
      },
      {
        versions: ['0.10.1.1'],
        cases: /^truncated\..*\.stream$/,
        parsers: ['llama3_json'],
        rules: /^(?:envelope\.finish-reason|client\.stream-helper)$/,
      },
      {
        versions: ['0.10.1.1'],
        cases: /^auto\.zero.*\.stream$/,
        parsers: ['llama3_json'],
        rules: /^(?:envelope\.finish-reason|client\.stream-helper|agree\.finish-reason)$/,
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
    number: 65,
    of: 'braces-keep-call-as-text',
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
    number: 66,
    of: 'types-as-text',
    where: [{ versions: ['0.10.1.1'], parsers: ['qwen3_coder'], cases: /^auto\.types/ }],
    proof: { version: '0.10.1.1', parser: 'qwen3_coder', case: 'auto.types', wrote: '<parameter=tags>', arrived: '\\"tags\\": \\"[' },
  },
  {
    number: 67,
    of: 'cut-call-vanishes',
    where: [{ versions: ['0.10.1.1'], parsers: ['deepseek_v3'], cases: /^truncated\.auto(?:-early)?$/ }],
    proof: { version: '0.10.1.1', parser: 'deepseek_v3', case: 'truncated.auto', arrived: '"finish_reason":"tool_calls"' },
  },
  {
    circumstance: 'The machine was busy, so that the end of a call shares its delta with the finish reason.',
    where: [],
    mended: [
      { versions: ['0.12.0'], parsers: ['hermes'], cases: /^(?:required\.quotes|usage\.required)\.stream$/ },
      { versions: ['0.17.1'], parsers: ['hermes'], cases: /^(?:required\.parallel-false|usage-continuous\.required)\.stream$/ },
    ],
    unnoticed: 'an answer may come in whatever pieces',
    proof: { version: '0.12.0', parser: 'hermes', case: 'usage.required.stream', wrote: '"Paris"', arrived: '"finish_reason":"tool_calls"' },
  },
  {
    circumstance: 'The scripted model wrote byte by byte, which no request can ask of the mock.',
    where: [],
    mended: [{ versions: ['0.12.0', '0.17.1'], parsers: ['hermes'], cases: /^auto\.bytewise\.stream$/ }],
    unnoticed: 'an answer may come in whatever pieces',
    proof: { version: '0.17.1', parser: 'hermes', case: 'auto.bytewise.stream', wrote: '"Paris"', arrived: '"finish_reason":"tool_calls"' },
  },
  {
    number: 68,
    of: 'messages-empty-text-between-calls',
    where: [
      { versions: ['0.17.1', '0.22.1'], cases: /^messages\.parallel\.stream$/, rules: /^messages\.empty-text$/ },
      { parsers: ['granite4'], cases: /^messages\.parallel\.stream$/, rules: /^messages\.empty-text$/ },
      { versions: ['0.25.1', '0.32.0', '0.33.0'], parsers: ['deepseek_v3', 'deepseek_v31'], cases: /^messages\.parallel\.stream$/, rules: /^messages\.empty-text$/ },
    ],
    proof: { version: '0.33.0', parser: 'granite4', case: 'messages.parallel.stream', arrived: '"type":"text","text":""' },
  },
  {
    number: 70,
    of: 'messages-input-end-lost',
    where: [{ versions: ['0.12.0', '0.14.1'], cases: /^messages\.(?:auto|parallel|tool)\.stream$/, rules: /^messages\.(?:arguments\.json|client)$/ }],
    proof: { version: '0.14.1', parser: 'hermes', case: 'messages.parallel.stream', arrived: 'input_json_delta' },
  },
  {
    number: 71,
    of: 'messages-stream-breaks',
    where: [{ versions: ['0.14.1'], parsers: ['mistral'], cases: /^messages\.parallel\.stream$/, rules: /^messages\.(?:events|blocks)$/ }],
    proof: { version: '0.14.1', parser: 'mistral', case: 'messages.parallel.stream', arrived: 'internal_error' },
  },
  {
    number: 72,
    of: 'messages-inputs-joined',
    where: [{ versions: ['0.22.1'], parsers: ['mistral', 'qwen3_coder'], cases: /^messages\.parallel\.stream$/, rules: /^messages\.(?:arguments|client)/ }],
    proof: { version: '0.22.1', parser: 'mistral', case: 'messages.parallel.stream', arrived: 'input_json_delta' },
  },
  {
    number: 73,
    where: [],
    known: [{ id: 'responses-line-break-between-calls' }, { id: 'messages-text-in-call' }],
    proof: { version: '0.25.1', parser: 'granite4', case: 'responses.parallel.stream', arrived: '"type":"response.output_text.delta"' },
  },
  {
    number: 74,
    where: [],
    known: [{ id: 'responses-content-index-counts' }],
    proof: { version: '0.14.1', parser: 'hermes', case: 'responses.text.stream', arrived: '"content_index":2' },
  },
  {
    number: 75,
    where: [],
    known: [{ id: 'responses-output-lost' }],
    mended: [{ versions: ['0.12.0'], parsers: ['none'], cases: /^responses\.text\.stream$/ }],
    proof: { version: '0.12.0', parser: 'none', case: 'responses.text.stream', wrote: 'hello', arrived: '"output":[]' },
  },
  {
    number: 76,
    where: [],
    known: [{ id: 'messages-start-bare' }],
    proof: { version: '0.12.0', parser: 'hermes', case: 'messages.text.stream', arrived: '"type":"message_start"' },
  },
]
