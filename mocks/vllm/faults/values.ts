import type { Fault } from '../fault.ts'
import { ExactNumber, attempt, dumps, isObject } from '../json.ts'
import { fragmentsOf, leaves, rewrite, strings } from './edit.ts'
import { echoes, plain, required, saves, streamed, typed, zeroThenWeather } from './triggers.ts'

const awkward = 'say "hi" \\ {a: [1]} it\'s\nline2\ttab }'

/** Every list of a value, replaced. */
function lists(value: unknown, change: (list: unknown[]) => unknown): unknown {
  if (Array.isArray(value)) return change(value.map((item) => lists(item, change)))
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, lists(item, change)])) : value
}

/** What lies so many levels below a value is lost. */
function above(value: unknown, depth: number): unknown {
  if (!isObject(value)) return value
  return depth === 0 ? {} : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, above(item, depth - 1)]))
}

const masked = (text: string): string => text.replaceAll(/[\w.]+@[\w.]+\.\w+/g, '<EMAIL_ADDRESS>')

/** Faults in the values of arguments. */
export const values: Fault[] = [
  {
    id: 'quotes-unescaped',
    what: 'Quotes inside a value lose their backslash.',
    class: 'C32',
    issue: 'vllm#48171',
    trigger: [plain(echoes(awkward))],
    said(said) {
      for (const call of said.calls) call.arguments = call.arguments.replaceAll(String.raw`\"`, '"')
    },
  },
  {
    id: 'integers-as-floats',
    what: 'An integer is written as 7.0.',
    class: 'C35',
    issue: 'lidge-jun/opencodex#1611',
    trigger: [plain(saves(7))],
    said(said) {
      for (const call of said.calls) call.arguments = call.arguments.replaceAll(/(: ?-?\d+)(?=[,}\]])/g, '$1.0')
    },
  },
  {
    id: 'quotes-lost',
    what: 'Quotes inside a value are lost, the JSON stays valid.',
    class: 'C32',
    trigger: [plain(echoes(awkward))],
    said: (said) => rewrite(said, (args) => strings(args, (text) => text.replaceAll('"', ''))),
  },
  {
    id: 'backslash-doubled',
    what: 'Backslashes in a value are doubled.',
    class: 'C32',
    trigger: [plain(echoes(awkward))],
    said: (said) => rewrite(said, (args) => strings(args, (text) => text.replaceAll('\\', '\\\\'))),
  },
  {
    id: 'value-cut-at-brace',
    what: 'A value ends at its first brace.',
    class: 'C32',
    issue: 'vllm#45389',
    trigger: [plain(echoes(awkward))],
    said: (said) => rewrite(said, (args) => strings(args, (text) => text.replace(/[{}].*$/s, ''))),
  },
  {
    id: 'value-cut-at-markup',
    what: 'A value ends at a closing tag of tool markup.',
    class: 'C32',
    issue: 'vllm#45167',
    trigger: [plain(echoes('a </tool_call> b'))],
    said: (said) => rewrite(said, (args) => strings(args, (text) => text.replace(/<\/(?:tool_call|parameter)>.*$/s, ''))),
  },
  {
    id: 'call-lost-at-markup',
    what: 'A call whose value holds a closing tag arrives as text.',
    class: 'C32',
    issue: 'vllm#45167',
    trigger: [plain(echoes('a </tool_call> b'))],
    said(said) {
      if (!said.calls.some((call) => call.arguments.includes('</tool_call>'))) return
      said.text = said.calls.map((call) => `<tool_call>\n{"name": "${call.name}", "arguments": ${call.arguments}}\n</tool_call>`).join('\n')
      said.calls = []
    },
  },
  {
    id: 'unicode-mojibake',
    what: 'UTF-8 is read as Latin-1 and encoded again.',
    class: 'C33',
    issue: 'vllm#46308',
    trigger: [plain(echoes('Münster 你好 👩‍💻'))],
    said: (said) => rewrite(said, (args) => strings(args, (text) => Buffer.from(text).toString('latin1'))),
  },
  {
    id: 'unicode-replaced-streamed',
    what: 'Streamed characters beyond ASCII arrive as U+FFFD.',
    class: 'C33',
    issue: 'vllm#9365',
    trigger: [streamed(echoes('Münster 你好 👩‍💻'))],
    said(said, { turn }) {
      if (turn.stream) rewrite(said, (args) => strings(args, (text) => text.replaceAll(/[^\0-\x7f]/gu, '\ufffd')))
    },
  },
  {
    id: 'unicode-escaped-twice',
    what: 'Characters beyond ASCII arrive as the six letters of their escape.',
    class: 'C33',
    issue: 'vllm#8805',
    trigger: [plain(echoes('Münster 你好'))],
    said: (said) =>
      rewrite(said, (args) =>
        strings(args, (text) => text.replaceAll(/[^\0-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)),
      ),
  },
  {
    id: 'unicode-surrogate-lost',
    what: 'Half of a character beyond the basic plane is lost.',
    class: 'C33',
    trigger: [plain(echoes('ok 👍'))],
    said: (said) => rewrite(said, (args) => strings(args, (text) => text.replaceAll(/[\udc00-\udfff]/g, ''))),
  },
  {
    id: 'surrogates-split-between-deltas',
    what: 'The halves of a character beyond the basic plane come in two deltas.',
    class: 'C33',
    trigger: [streamed(echoes('ok 👍'))],
    events(events) {
      const fragments = fragmentsOf(events, 0).map(({ function: part }) => part)
      for (const [i, part] of fragments.entries()) {
        const [at, next] = [part.arguments.search(/[\ud800-\udbff][\udc00-\udfff]/), fragments[i + 1]]
        if (at < 0 || next === undefined) continue
        next.arguments = part.arguments.slice(at + 1) + next.arguments
        part.arguments = part.arguments.slice(0, at + 1)
      }
    },
  },
  {
    id: 'whitespace-trimmed',
    what: 'Spaces and line breaks around a value are lost.',
    class: 'C34',
    issue: 'vllm#42026',
    trigger: [plain(echoes('  two  spaces \n'))],
    said: (said) => rewrite(said, (args) => strings(args, (text) => text.trim())),
  },
  {
    id: 'whitespace-trimmed-in-lists',
    what: 'Spaces and line breaks around a value are lost in lists.',
    class: 'C34',
    trigger: [plain(saves([' a ']))],
    said: (said) => rewrite(said, (args) => lists(args, (list) => list.map((item) => (typeof item === 'string' ? item.trim() : item)))),
  },
  {
    id: 'whitespace-trimmed-in-objects',
    what: 'Spaces and line breaks around a value are lost in objects within the arguments.',
    class: 'C34',
    trigger: [plain(saves({ name: ' a ' }))],
    said: (said) =>
      rewrite(said, (args) =>
        Object.fromEntries(
          Object.entries(args).map(([key, value]) => [key, isObject(value) ? strings(value, (text) => text.trim()) : value]),
        ),
      ),
  },
  {
    id: 'whitespace-collapsed',
    what: 'Runs of spaces inside a value become one space.',
    class: 'C34',
    trigger: [plain(echoes('  two  spaces \n'))],
    said: (said) => rewrite(said, (args) => strings(args, (text) => text.replaceAll(/ +/g, ' '))),
  },
  {
    id: 'entities-unescaped',
    what: 'HTML entities in a value are decoded.',
    class: 'C34',
    issue: 'vllm#48846',
    trigger: [plain(echoes('<b>&lt;&amp;</b>'))],
    said: (said) => rewrite(said, (args) => strings(args, (text) => text.replaceAll('&lt;', '<').replaceAll('&amp;', '&'))),
  },
  {
    id: 'integers-as-strings',
    what: 'Numbers arrive as strings.',
    class: 'C35',
    issue: 'vllm#21756',
    trigger: [plain(typed)],
    said: (said) => rewrite(said, (args) => leaves(args, (leaf) => (typeof leaf === 'number' ? String(leaf) : leaf))),
  },
  {
    id: 'integers-as-strings-streamed',
    what: 'Numbers arrive as strings when streamed.',
    class: 'C35',
    issue: 'vllm#49316',
    trigger: [streamed(typed)],
    said(said, { turn }) {
      if (turn.stream) rewrite(said, (args) => leaves(args, (leaf) => (typeof leaf === 'number' ? String(leaf) : leaf)))
    },
  },
  {
    id: 'booleans-as-strings',
    what: 'Booleans arrive as strings.',
    class: 'C35',
    issue: 'vllm#41198',
    trigger: [plain(typed)],
    said: (said) => rewrite(said, (args) => leaves(args, (leaf) => (typeof leaf === 'boolean' ? String(leaf) : leaf))),
  },
  {
    id: 'digit-strings-as-numbers',
    what: 'Strings of digits arrive as numbers.',
    class: 'C35',
    trigger: [plain(typed)],
    said: (said) => rewrite(said, (args) => strings(args, (text) => (/^\d+$/.test(text) ? Number(text) : text))),
  },
  {
    id: 'null-as-string',
    what: 'null arrives as the string null.',
    class: 'C36',
    issue: 'vllm#39679',
    trigger: [plain(typed)],
    said: (said) => rewrite(said, (args) => leaves(args, (leaf) => (leaf === null ? 'null' : leaf))),
  },
  {
    id: 'none-string-as-null',
    what: 'The string none arrives as null.',
    class: 'C36',
    issue: 'vllm#39599',
    trigger: [plain(typed)],
    said: (said) => rewrite(said, (args) => strings(args, (text) => (text === 'none' ? null : text))),
  },
  {
    id: 'decimals-cut',
    what: 'The digits after the decimal point of a number are lost and the point stays.',
    class: 'C36',
    issue: 'vllm#42128',
    trigger: [plain(typed)],
    said(said) {
      for (const call of said.calls) call.arguments = call.arguments.replaceAll(/(: -?\d+\.)\d+/g, '$1')
    },
  },
  {
    id: 'big-integers-rounded',
    what: 'Integers beyond 2^53 are rounded.',
    class: 'C36',
    trigger: [
      plain({
        messages: [{ role: 'user', content: 'Use count with {"n": 9007199254740993}' }],
        tools: [{ type: 'function', function: { name: 'count', parameters: { type: 'object', properties: { n: { type: 'integer' } } } } }],
      }),
    ],
    said: (said) => rewrite(said, (args) => leaves(args, (leaf) => (leaf instanceof ExactNumber ? Number(leaf.digits) : leaf))),
  },
  {
    id: 'nested-as-json-text',
    what: 'Nested objects arrive as JSON text.',
    class: 'C37',
    issue: 'vllm#46924',
    trigger: [plain(typed)],
    said: (said) =>
      rewrite(said, (args) =>
        Object.fromEntries(Object.entries(args).map(([key, value]) => [key, isObject(value) ? dumps(value) : value])),
      ),
  },
  {
    id: 'nested-as-json-text-streamed',
    what: 'Nested objects arrive as JSON text when streamed.',
    class: 'C37',
    issue: 'vllm#36032',
    trigger: [streamed(typed)],
    said(said, { turn }) {
      if (turn.stream)
        rewrite(said, (args) =>
          Object.fromEntries(Object.entries(args).map(([key, value]) => [key, isObject(value) ? dumps(value) : value])),
        )
    },
  },
  {
    id: 'required-key-missing',
    what: 'The first key of the arguments is missing.',
    class: 'C38',
    issue: 'vllm#35615',
    trigger: [plain(required)],
    said: (said) => rewrite(said, (args) => Object.fromEntries(Object.entries(args).slice(1))),
  },
  {
    id: 'undeclared-key-added',
    what: 'The arguments hold a key that the schema does not have.',
    class: 'C38',
    issue: 'vllm#49661',
    trigger: [plain(required)],
    said: (said) => rewrite(said, (args) => ({ ...args, note: 'extra' })),
  },
  {
    id: 'values-outside-enum',
    what: 'Strings arrive in upper case, outside of their enum.',
    class: 'C38',
    trigger: [plain(typed)],
    said: (said) => rewrite(said, (args) => strings(args, (text) => text.toUpperCase())),
  },
  {
    id: 'line-breaks-escaped-twice',
    what: 'Line breaks in a value arrive as a backslash and an n.',
    class: 'C32',
    trigger: [plain(echoes(awkward))],
    said: (said) => rewrite(said, (args) => strings(args, (text) => text.replaceAll('\n', String.raw`\n`))),
  },
  {
    id: 'line-breaks-raw',
    what: 'Line breaks in a value stand unescaped in the JSON.',
    class: 'C32',
    trigger: [plain(echoes(awkward))],
    said(said) {
      for (const call of said.calls) call.arguments = call.arguments.replaceAll(String.raw`\n`, '\n')
    },
  },
  {
    id: 'emoji-joiners-lost',
    what: 'Joiners inside an emoji are lost.',
    class: 'C33',
    trigger: [plain(echoes('ok 👩‍💻'))],
    said: (said) => rewrite(said, (args) => strings(args, (text) => text.replaceAll('\u200d', ''))),
  },
  {
    id: 'accents-decomposed',
    what: 'Letters with accents arrive as letter and accent.',
    class: 'C33',
    trigger: [plain(echoes('Münster'))],
    said: (said) => rewrite(said, (args) => strings(args, (text) => text.normalize('NFD'))),
  },
  {
    id: 'tabs-as-spaces',
    what: 'Tabs in a value arrive as spaces.',
    class: 'C34',
    trigger: [plain(echoes(awkward))],
    said: (said) => rewrite(said, (args) => strings(args, (text) => text.replaceAll('\t', '    '))),
  },
  {
    id: 'minus-sign-lost',
    what: 'Negative numbers lose their sign.',
    class: 'C36',
    trigger: [plain(typed)],
    said: (said) => rewrite(said, (args) => leaves(args, (leaf) => (typeof leaf === 'number' ? Math.abs(leaf) : leaf))),
  },
  {
    id: 'decimals-as-integers',
    what: 'Numbers are cut to integers.',
    class: 'C36',
    trigger: [plain(typed)],
    said: (said) => rewrite(said, (args) => leaves(args, (leaf) => (typeof leaf === 'number' ? Math.trunc(leaf) : leaf))),
  },
  {
    id: 'empty-strings-lost',
    what: 'Keys whose value is an empty string are lost.',
    class: 'C36',
    trigger: [plain(echoes(''))],
    said: (said) => rewrite(said, (args) => Object.fromEntries(Object.entries(args).filter(([, value]) => value !== ''))),
  },
  {
    id: 'null-keys-lost',
    what: 'Keys whose value is null are lost.',
    class: 'C38',
    trigger: [plain(typed)],
    said: (said) => rewrite(said, (args) => Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null))),
  },
  {
    id: 'nested-flattened',
    what: 'Keys of nested objects arrive on the top level.',
    class: 'C37',
    trigger: [plain(typed)],
    said: (said) =>
      rewrite(said, (args) =>
        Object.assign({}, ...Object.entries(args).map(([key, value]) => (isObject(value) ? value : { [key]: value }))),
      ),
  },
  {
    id: 'only-strings-survive',
    what: 'Values that are not strings are lost.',
    class: 'C38',
    trigger: [plain(typed)],
    said: (said) => rewrite(said, (args) => Object.fromEntries(Object.entries(args).filter(([, value]) => typeof value === 'string'))),
  },
  {
    id: 'booleans-as-numbers',
    what: 'Booleans arrive as 0 and 1.',
    class: 'C35',
    trigger: [plain(typed)],
    said: (said) => rewrite(said, (args) => leaves(args, (leaf) => (typeof leaf === 'boolean' ? Number(leaf) : leaf))),
  },
  {
    id: 'keys-in-camel-case',
    what: 'Keys of the arguments begin with a capital.',
    class: 'C38',
    trigger: [plain(required)],
    said: (said) =>
      rewrite(said, (args) =>
        Object.fromEntries(Object.entries(args).map(([key, value]) => [key.replace(/^./, (c) => c.toUpperCase()), value])),
      ),
  },
  {
    id: 'lists-sorted',
    what: 'Lists arrive sorted.',
    class: 'C36',
    trigger: [plain(saves(['b', 'a']))],
    said: (said) => rewrite(said, (args) => lists(args, (items) => items.toSorted((a, b) => String(a).localeCompare(String(b), 'en')))),
  },
  {
    id: 'lists-of-one-alone',
    what: 'Lists keep their first element alone.',
    class: 'C36',
    trigger: [plain(saves(['b', 'a']))],
    said: (said) => rewrite(said, (args) => lists(args, (items) => items.slice(0, 1))),
  },
  {
    id: 'empty-lists-and-objects-lost',
    what: 'Keys whose value is an empty list or object are lost.',
    class: 'C36',
    trigger: [plain(saves([]))],
    said: (said) =>
      rewrite(said, (args) =>
        Object.fromEntries(
          Object.entries(args).filter(([, value]) => dumps(value) !== '[]' && !(isObject(value) && Object.keys(value).length === 0)),
        ),
      ),
  },
  {
    id: 'line-breaks-of-windows-lost',
    what: 'A line break of Windows in a value arrives as a line feed.',
    class: 'C34',
    trigger: [plain(echoes('a\r\nb'))],
    said: (said) => rewrite(said, (args) => strings(args, (text) => text.replaceAll('\r\n', '\n'))),
  },
  {
    id: 'outer-line-breaks-lost',
    what: 'One line break before a value and one behind it are taken for layout.',
    class: 'C34',
    issue: 'vllm#48753',
    trigger: [plain(echoes('\n  a\n'))],
    said: (said) => rewrite(said, (args) => strings(args, (text) => text.replace(/^\n/, '').replace(/\n$/, ''))),
  },
  {
    id: 'json-text-as-value',
    what: 'A string that holds JSON arrives as the value that it holds.',
    class: 'C35',
    trigger: [plain(echoes('{"a": [1, 2]}'))],
    said: (said) => rewrite(said, (args) => strings(args, (text) => (/^[[{]/.test(text) ? (attempt(text) ?? text) : text))),
  },
  {
    id: 'decimals-in-32-bits',
    what: 'Fractions pass through a number of 32 bits.',
    class: 'C36',
    trigger: [plain(saves(16777217.5))],
    said: (said) => rewrite(said, (args) => leaves(args, (leaf) => (typeof leaf === 'number' ? Math.fround(leaf) : leaf))),
  },
  {
    id: 'keys-in-snake-case',
    what: 'Capitals in keys of the arguments arrive as an underscore and a small letter.',
    class: 'C38',
    trigger: [
      plain({
        messages: [{ role: 'user', content: 'Use find with {"shelfNo": "S-7"}' }],
        tools: [
          { type: 'function', function: { name: 'find', parameters: { type: 'object', properties: { shelfNo: { type: 'string' } } } } },
        ],
      }),
    ],
    said: (said) =>
      rewrite(said, (args) =>
        Object.fromEntries(Object.entries(args).map(([key, value]) => [key.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), value])),
      ),
  },
  {
    id: 'personal-data-masked-in-arguments',
    what: 'E-mail addresses in arguments are replaced by a placeholder.',
    class: 'C36',
    issue: 'litellm#31950',
    trigger: [plain(saves('jane.doe@example.com'))],
    said: (said) => said.calls.forEach((call) => (call.arguments = masked(call.arguments))),
  },
  {
    id: 'personal-data-masked-in-messages',
    what: 'E-mail addresses in messages are replaced by a placeholder on their way to the model.',
    class: 'C56',
    issue: 'litellm#31950',
    trigger: [plain({ messages: [{ role: 'user', content: 'Write to jane.doe@example.com.' }] })],
    body: (body, { request }) =>
      request.path === '/tokenize' || !Array.isArray(body['messages'])
        ? body
        : { ...body, messages: attempt(masked(JSON.stringify(body['messages']))) },
  },
  {
    id: 'values-below-three-levels-lost',
    what: 'What lies below the third level of the arguments is lost.',
    class: 'C37',
    trigger: [plain(saves({ a: { b: { c: 1 } } }))],
    said: (said) => rewrite(said, (args) => above(args, 3)),
  },
  {
    id: 'arguments-lost-behind-empty-ones-streamed',
    what: 'Streamed, a call that follows one without arguments has none either.',
    class: 'C39',
    issue: 'vllm#47901',
    trigger: [streamed(zeroThenWeather)],
    said(said, { turn }) {
      const first = said.calls.findIndex((call) => call.arguments === '{}')
      if (turn.stream && first >= 0) for (const call of said.calls.slice(first + 1)) call.arguments = '{}'
    },
  },
  {
    id: 'control-characters-lost',
    what: 'Control characters in a value are lost, but for line breaks and tabs.',
    class: 'C32',
    trigger: [plain(echoes('\u001b[31mred'))],
    // oxlint-disable-next-line no-control-regex -- these are what is lost
    said: (said) => rewrite(said, (args) => strings(args, (text) => text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, ''))),
  },
  {
    id: 'typography-as-ascii',
    what: 'Typographic quotes, dashes and spaces in a value arrive as those of ASCII.',
    class: 'C33',
    trigger: [plain(echoes('“don’t” – 5'))],
    said: (said) =>
      rewrite(said, (args) =>
        strings(args, (text) =>
          text
            .replaceAll(/[\u2018\u2019]/g, "'")
            .replaceAll(/[\u201c\u201d]/g, '"')
            .replaceAll(/[\u2013\u2014]/g, '-')
            .replaceAll('\u00a0', ' '),
        ),
      ),
  },
  {
    id: 'placeholders-filled',
    what: 'Placeholders of templates in a value are filled with nothing.',
    class: 'C36',
    trigger: [plain(echoes('Dear {{name}}'))],
    said: (said) => rewrite(said, (args) => strings(args, (text) => text.replaceAll(/\{\{.*?\}\}/g, ''))),
  },
  {
    id: 'boolean-words-as-booleans',
    what: 'The words true and false arrive as booleans where a string is due.',
    class: 'C35',
    trigger: [plain(echoes('true'))],
    said: (said) => rewrite(said, (args) => strings(args, (text) => (/^(?:true|false)$/i.test(text) ? /^true$/i.test(text) : text))),
  },
  {
    id: 'dates-rewritten',
    what: 'Strings that are a date and a time arrive in another spelling, in UTC.',
    class: 'C36',
    trigger: [plain(echoes('2026-03-29T02:30:00+01:00'))],
    said: (said) =>
      rewrite(said, (args) => strings(args, (text) => (/^\d{4}-\d\d-\d\dT/.test(text) ? new Date(text).toISOString() : text))),
  },
  {
    id: 'fractions-rounded',
    what: 'Fractions are rounded to two digits.',
    class: 'C36',
    trigger: [plain(saves(0.0625))],
    said: (said) => rewrite(said, (args) => leaves(args, (leaf) => (typeof leaf === 'number' ? Math.round(leaf * 100) / 100 : leaf))),
  },
  {
    id: 'leading-zeros-lost',
    what: 'Strings of digits lose the zeros they begin with.',
    class: 'C36',
    trigger: [plain(typed)],
    said: (said) => rewrite(said, (args) => strings(args, (text) => (/^\d+$/.test(text) ? String(Number(text)) : text))),
  },
  {
    id: 'repeats-in-lists-lost',
    what: 'Lists keep each element once.',
    class: 'C36',
    trigger: [plain(saves(['b', 'a', 'b']))],
    said: (said) => rewrite(said, (args) => lists(args, (list) => [...new Set(list)])),
  },
  {
    id: 'lists-flattened',
    what: 'The elements of a list within a list arrive in the outer one.',
    class: 'C37',
    trigger: [plain(saves([['a', 'b'], []]))],
    said: (said) => rewrite(said, (args) => lists(args, (list) => list.flat())),
  },
  {
    id: 'nulls-in-lists-lost',
    what: 'Lists lose null.',
    class: 'C36',
    trigger: [plain(saves(['a', null]))],
    said: (said) => rewrite(said, (args) => lists(args, (list) => list.filter((item) => item !== null))),
  },
  {
    id: 'call-with-hyphenated-keys-as-text',
    what: 'A call that has an argument whose name begins with a hyphen arrives as text.',
    class: 'C50',
    issue: 'vllm-project/vllm-ascend#12815',
    trigger: [
      plain({
        messages: [{ role: 'user', content: 'Use grep with {"-n": true}' }],
        tools: [
          { type: 'function', function: { name: 'grep', parameters: { type: 'object', properties: { '-n': { type: 'boolean' } } } } },
        ],
      }),
    ],
    said(said) {
      if (!said.calls.some((call) => call.arguments.includes('"-'))) return
      said.text = said.calls.map((call) => `<minimax:tool_call>${call.name} ${call.arguments}</minimax:tool_call>`).join('\n')
      said.calls = []
    },
  },
]
