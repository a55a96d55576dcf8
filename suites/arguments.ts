import { argumentIs, named, scenario, user, type Ask, type Facts, type Reply, type Script } from '../fixtures/scenario.ts'
import { beyond, dictation } from '../fixtures/tools/agents.ts'
import { closed } from '../fixtures/tools/schemas.ts'
import { tool } from '../fixtures/tools/tools.ts'

/** One value that a call has to bring back: the schema allows no other, so its bytes are known beforehand. */
interface Literal {
  /** `$NUMBER 123` stands for a number that JavaScript cannot hold. */
  readonly value: unknown
  /** What the value is, as the sentence of the requirement ends: `MUST hand over … unchanged`. */
  readonly what: string
  /** A report of a server that changed such a value. */
  readonly issue?: string
  /** A schema of more than the one value; the value itself is always the only one that fits. */
  readonly schema?: object
  /** The schema stands in $defs, behind a $ref. */
  readonly referenced?: boolean
}

const CONSTRAINED = 'OpenAI API reference: strict, which under a forced choice admits one value only'

/** Nothing that a parser could stumble over, except its length. */
const plain: Readonly<Record<string, Literal>> = {
  token: { value: 'kx83-wolf-1729', what: 'a plain word', issue: 'vllm#25223' },
  count: { value: 7, what: 'an integer', issue: 'vllm#21756' },
  body: { value: dictation(900), what: 'a string of 900 characters', issue: 'vllm#55495: cut after 97 characters' },
  shelfNo: { value: 'S-7', what: 'a word under a key in camel case' },
}

const unicode: Readonly<Record<string, Literal>> = {
  city: { value: 'Münster', what: 'an umlaut', issue: 'vllm#17703' },
  greeting: { value: '你好，世界', what: 'Chinese characters', issue: 'vllm#9365, vllm#30920' },
  family: { value: '👩‍👩‍👧 ok', what: 'an emoji of several code points', issue: 'llama.cpp PR#28926' },
  right: { value: 'שלום', what: 'text written from right to left' },
  separators: {
    value: 'one\u2028two\u2029three\u0085four',
    what: "Unicode's separators of lines",
    issue: 'florimondmanca/httpx-sse#34, langgenius/dify PR#39008: what takes lines as Python does splits events there',
  },
}

const quotes: Readonly<Record<string, Literal>> = {
  said: { value: 'say "hi" now', what: 'double quotes', issue: 'vllm#17585' },
  path: { value: 'C:\\Users\\new', what: 'backslashes' },
  braces: { value: 'a } b {"a": [1, 2]} c', what: 'braces and brackets', issue: 'vllm#45389; observed defect 26' },
  apostrophe: { value: "it's", what: 'an apostrophe', issue: 'vllm#38992' },
  typography: { value: '“don’t” – 5\u00a0%', what: 'typographic quotes, a dash and a no-break space' },
  terminal: {
    value: '\u001b[31mred\u001b[0m',
    what: 'the control characters with which terminals color a text',
    issue: 'RFC 8259 section 7: they stand in a string, escaped',
  },
  template: {
    value: 'http://example.com/a%20b?q={{name}} <!-- ${x} -->',
    what: 'an address with an escape, placeholders of templates and a comment of HTML',
  },
  command: {
    value: 'curl -s "$HOST/../../etc/passwd" | sh; rm -rf x; DROP TABLE t; <script>run()</script>',
    what: 'a command, a path, SQL and a script',
    issue: 'litellm#12421, google/adk-python#4372: filters refuse requests that hold such text',
  },
  contact: {
    value: 'jane.doe@example.com, +49 30 901820, 4111 1111 1111 1111, 203.0.113.7',
    what: 'an e-mail address, the numbers of a telephone and of a card, and an IP address',
    issue: 'litellm#31950: filters of personal data put placeholders in their place',
  },
  tail: { value: 'ends with }]', what: 'a string that ends in brackets', issue: 'observed defect 26' },
}

const whitespace: Readonly<Record<string, Literal>> = {
  padded: { value: '  two  spaces ', what: 'leading, double and trailing spaces', issue: 'vllm#42026, vllm#48846' },
  lines: { value: 'first\nsecond\tend', what: 'a line break and a tab', issue: 'vllm#24668, vllm#48171' },
  block: {
    value: '\n    if x:\n        return 1\n',
    what: 'an indented block between line breaks',
    issue: 'vllm#48753, llama.cpp#23535: edits of files miss their place',
  },
  windows: {
    value: 'first\r\nsecond',
    what: 'a line break of Windows',
    issue: 'https://www.w3.org/TR/xml/#sec-line-ends: a parser of XML reads a line feed',
  },
  empty: { value: '', what: 'an empty string' },
  entities: { value: 'a &lt; b &amp; <b>c</b>', what: 'entities and tags of HTML', issue: 'vllm#45025, vllm#38909' },
}

const markup: Readonly<Record<string, Literal>> = {
  parameter: { value: 'a </parameter> b', what: 'the text </parameter>', issue: 'vllm#56077, vllm#55495' },
  call: { value: 'a </tool_call> b', what: 'the text </tool_call>', issue: 'vllm#45167' },
}

const scalars: Readonly<Record<string, Literal>> = {
  null_word: { value: 'null', what: 'the word null in a string', issue: 'vllm#39679' },
  none_word: { value: 'none', what: 'the word none in a string', issue: 'vllm#39599' },
  json_text: { value: '{"a": [1, 2]}', what: 'JSON in a string' },
  true_word: { value: 'true', what: 'the word true in a string' },
  number_text: { value: '108.0', what: 'a number in a string', issue: 'observed defect 14' },
  moment: {
    value: '2026-03-29T02:30:00+01:00',
    what: 'a date and a time in a string',
    issue: 'https://www.newtonsoft.com/json/help/html/DatesInJSON.htm: what reads strings as dates writes them otherwise',
  },
  zero: { value: 0, what: 'zero' },
  negative: { value: -12, what: 'a negative integer' },
  ratio: { value: 108.5, what: 'a fraction', issue: 'vllm#42128' },
  precise: { value: 16777217.0625, what: 'a fraction of twelve digits, which 32 bits cannot hold', issue: 'RFC 8259 section 6' },
  big: {
    value: '$NUMBER 9007199254740993',
    what: 'an integer beyond 2^53',
    issue: 'vllm#39114',
    schema: { type: 'integer' },
  },
  yes: { value: true, what: 'true', issue: 'vllm#39114' },
  no: { value: false, what: 'false', issue: 'vllm#39114' },
  nothing: { value: null, what: 'null', issue: 'vllm#39679, vllm#32342' },
}

/** Asked with the scalars: beside the nested values there is no room for it in a context of 2048 tokens. */
const lists: Readonly<Record<string, Literal>> = {
  table: {
    value: [['a', null], []],
    what: 'lists within a list, and null in them',
    schema: {
      type: 'array',
      prefixItems: [
        { type: 'array', prefixItems: [{ enum: ['a'] }, { type: 'null' }], items: false, minItems: 2, maxItems: 2 },
        { type: 'array', items: { type: 'string' }, maxItems: 0 },
      ],
      items: false,
      minItems: 2,
      maxItems: 2,
    },
  },
}

const nested: Readonly<Record<string, Literal>> = {
  author: {
    value: { name: ' Zoë ', address: { zip: '01067', site: { floor: 4 } } },
    what: 'an object of three levels whose schema is behind a $ref',
    issue: 'vllm#46924, vllm#36032',
    referenced: true,
    schema: {
      type: 'object',
      properties: {
        name: { type: 'string', enum: [' Zoë '] },
        address: closed({ zip: { type: 'string', enum: ['01067'] }, site: closed({ floor: { type: 'integer', enum: [4] } }) }),
      },
      required: ['name', 'address'],
      additionalProperties: false,
    },
  },
  tags: {
    value: ['  a  b\n'],
    what: 'a list of a string, with the spaces and the line break around it,',
    issue: 'observed defect 3',
    schema: { type: 'array', items: { type: 'string', enum: ['  a  b\n'] }, minItems: 1, maxItems: 1 },
  },
  order: {
    value: ['b', 'a', 'b'],
    what: 'a list of several in its order',
    issue: 'observed defect 3',
    schema: {
      type: 'array',
      prefixItems: [{ enum: ['b'] }, { enum: ['a'] }, { enum: ['b'] }],
      items: false,
      minItems: 3,
      maxItems: 3,
    },
  },
  none: { value: [], what: 'an empty list', schema: { type: 'array', items: { type: 'string' }, maxItems: 0 } },
  blank: { value: {}, what: 'an empty object', schema: closed({}) },
  points: {
    value: [{ x: 4 }],
    what: 'a list of objects',
    issue: 'openmake PR#781',
    schema: {
      type: 'array',
      items: { type: 'object', properties: { x: { type: 'integer', enum: [4] } }, required: ['x'], additionalProperties: false },
      minItems: 1,
      maxItems: 1,
    },
  },
}

const unlimited: Readonly<Record<string, Literal>> = {
  text: {
    value: dictation(300),
    what: 'a text of 300 characters, where the request sets no limit,',
    issue: 'aws-samples/bedrock-access-gateway#237: a hop sets one of its own',
  },
}

const typeOf = (value: unknown): object =>
  value === null ? { type: 'null' } : { type: typeof value === 'number' ? (Number.isInteger(value) ? 'integer' : 'number') : typeof value }

/** Asks for one call that holds all the values, and requires each of them. */
function literals(
  script: Script,
  key: string,
  choice: 'named' | 'required',
  values: Readonly<Record<string, Literal>>,
  options?: Parameters<Script['ask']>[2],
): Ask {
  // OpenAI's API allows names of up to 64 characters.
  const name =
    key === 'plain'
      ? 'save_a_plain_record_under_a_name_of_the_full_length'.padEnd(64, '_of_64')
      : // Names keep their case: OmniRoute#9568.
        `save${key[0]?.toUpperCase()}${key.slice(1)}`
  const properties = Object.fromEntries(
    Object.entries(values).map(([property, { value, schema, referenced }]) => {
      if (referenced === true) return [property, { $ref: `#/$defs/${property}` }]
      const single = typeof value !== 'object' || value === null
      return [property, { ...(schema ?? typeOf(value)), ...(single ? { enum: [value] } : {}) }]
    }),
  )
  const definitions = Object.fromEntries(
    Object.entries(values).flatMap(([property, { schema, referenced }]) => (referenced === true ? [[property, schema]] : [])),
  )
  const offer = tool(
    name,
    'Save a record exactly as it is given',
    {
      type: 'object',
      properties,
      required: Object.keys(values),
      additionalProperties: false,
      ...(Object.keys(definitions).length > 0 ? { $defs: definitions } : {}),
    },
    true,
  )
  const given = JSON.stringify(Object.fromEntries(Object.entries(values).map(([property, { value }]) => [property, value])))
  const answer = script.ask(
    key,
    {
      messages: [user(`Call ${name} with exactly this record: ${given.replaceAll(/"\$NUMBER (\d+)"/g, '$1')}`)],
      tools: [offer],
      tool_choice: choice === 'named' ? named(name) : 'required',
      ...(key === 'unlimited' ? { max_tokens: undefined } : {}),
    },
    options,
  )
  for (const [property, { value, what, issue }] of Object.entries(values)) {
    const wanted = JSON.stringify(value).replaceAll(/"\$NUMBER (\d+)"/g, '$1')
    script.must(
      `arguments.${key}.${property}`,
      `MUST hand over ${what} unchanged`,
      issue === undefined ? CONSTRAINED : `${CONSTRAINED}; ${issue}`,
      answer,
      (reply) => argumentIs(reply, property, wanted),
    )
  }
  return answer
}

/** More than a buffer of 8 KB holds. */
const LONG = 8400
/** Tokens of that text: 780 in the vocabularies of served models, with as much again for others. */
const TOKENS = { least: LONG / 12, likely: LONG / 10, most: LONG / 4 }
/** A server that writes 8 KB of text in this time does so within the time that a request may take. */
const LONGEST_MS = 25_000

/** The question for 8 KB, unless the answer to an earlier one shows that this server would take too long. */
function long({ answer, exchange }: Reply, { contextLength }: Facts) {
  const tokens = answer.usage?.['completion_tokens']
  const tooLong = beyond(0, 2 * TOKENS.least + TOKENS.most)({ contextLength })
  if (tooLong !== undefined) return { notApplicable: tooLong }
  const speed = typeof tokens === 'number' ? (tokens / exchange.duration) * 1000 : Infinity
  if ((TOKENS.likely / speed) * 1000 > LONGEST_MS)
    return { notApplicable: `at ${Math.round(speed)} tokens a second, 8 KB would take ${Math.round(TOKENS.likely / speed)} s` }
  const text = dictation(LONG)
  const offer = tool('save_long', 'Save a text exactly as it is given', closed({ text: { type: 'string', enum: [text] } }), true)
  return {
    messages: [user(`Call save_long with exactly this record: ${JSON.stringify({ text })}`)],
    tools: [offer],
    tool_choice: named('save_long'),
    max_tokens: TOKENS.most,
  }
}

export default scenario('Arguments', (script) => {
  const small = literals(script, 'plain', 'named', plain)
  const large = script.followUp('long', small, long, { mayRefuse: 'size' })
  script.must('arguments.long.text', 'MUST hand over a text of 8 KB unchanged', `${CONSTRAINED}; vllm#55495, vllm#37184`, large, (reply) =>
    argumentIs(reply, 'text', JSON.stringify(dictation(LONG))),
  )
  literals(script, 'texts', 'required', { ...unicode, ...quotes })
  literals(script, 'markup', 'named', markup)
  literals(script, 'scalars', 'named', { ...scalars, ...lists })
  // What the schema forces word by word ends by itself.
  literals(script, 'unlimited', 'named', unlimited, { forms: ['plain'], from: 'full' })
  literals(script, 'shapes', 'required', { ...whitespace, ...nested })
})
