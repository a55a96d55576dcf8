import {
  excerpt,
  argumentIs,
  argumentsOf,
  fields,
  scenario,
  shown,
  user,
  validator,
  type Call,
  type Check,
  type Facts,
  type Reply,
} from '../fixtures/scenario.ts'
import { closed, everydayQuestion, keywords, refusesContents, strictQuestion } from '../fixtures/tools/schemas.ts'
import { tool } from '../fixtures/tools/tools.ts'

const route = 'mcp__maps__plan-route'
const note = 'mcp__notes__file-note'
/** An MCP server need not describe a tool, nor give it parameters. */
const bare: ReturnType<typeof tool> = { type: 'function', function: { name: 'mcp__health__check-backend' } }
/** Agents explain a tool in pages. */
const explained = `File a note. ${'A note is kept for as long as its desk is open, and whoever reads it signs it. '.repeat(16)}`.trim()

const routeArguments = { straße: 'Lange Gasse 5', 城市: 'München', '-n': 'b3', 'site.id': 'c4' }
const noteArguments = { type: 'memo', required: 3, properties: ['urgent'], parent: null }
const only = (value: unknown): object => ({ type: typeof value === 'number' ? 'integer' : 'string', enum: [value] })

/** Two strict tools that have no key in common, and one of which nothing but its name is known. */
const twoTools = ({ profile }: Facts) => {
  const draft = { type: 'boolean', description: 'Whether this is a draft' }
  const keys = closed(Object.fromEntries(Object.entries(routeArguments).map(([key, value]) => [key, only(value)])))
  // OpenAI's API wants every key of a strict tool to be required; vLLM takes optional ones.
  const optional = profile.engine === 'vllm' ? { properties: { ...fields(keys['properties']), draft } } : {}
  return [
    bare,
    tool(route, 'Plan a route', { ...keys, ...optional }, true),
    tool(
      note,
      explained,
      closed({
        type: only('memo'),
        required: only(3),
        properties: { type: 'array', items: only('urgent'), minItems: 1, maxItems: 1 },
        parent: { anyOf: [{ type: 'null' }, { type: 'string', enum: ['none'] }] },
      }),
      true,
    ),
  ]
}

/** The call of one of the two tools, told by its arguments: no key of one is a key of the other. */
const callWith = ({ calls }: Reply, keys: object): Call | undefined =>
  calls.find((call) => Object.keys(argumentsOf(call) ?? {}).some((key) => key in keys))

const ofCall =
  (keys: object, check: (args: Readonly<Record<string, unknown>>, call: Call) => Check) =>
  (reply: Reply): Check => {
    const call = callWith(reply, keys) ?? reply.calls.find(({ name }) => name === (keys === routeArguments ? route : note))
    if (call === undefined) return { inconclusive: 'the model did not make this one of the two calls' }
    const args = argumentsOf(call)
    return args === undefined ? { inconclusive: 'the arguments of this call cannot be read as an object' } : check(args, call)
  }

const sameAs = (keys: Readonly<Record<string, unknown>>, wanted: readonly string[]) =>
  ofCall(keys, (args, call) => {
    const wrong = wanted.find((key) => JSON.stringify(args[key]) !== JSON.stringify(keys[key]))
    return wrong === undefined
      ? undefined
      : {
          where: `arguments.${wrong}`,
          got: wrong in args ? shown(args[wrong]) : `absent from ${shown(call.arguments)}`,
          wanted: shown(keys[wrong]),
        }
  })

const free = ({ profile }: Facts): string | undefined =>
  profile.constrains ? undefined : 'this server does not say that it constrains arguments'

const kept =
  (keys: readonly string[]) =>
  (reply: Reply): Check => {
    const args = argumentsOf(reply.calls[0])
    if (args === undefined)
      return reply.finishReason === 'length'
        ? { inconclusive: 'the arguments were cut off' }
        : { where: 'tool_calls', got: shown(reply.calls[0]?.arguments), wanted: 'a call with an object' }
    for (const key of keys) {
      const word = keywords[key]
      const problem =
        word === undefined
          ? undefined
          : validator({ ...word.schema, ...(word.definitions === undefined ? {} : { $defs: word.definitions }) })(args[key])
      if (problem !== undefined)
        return { where: `arguments.${key}`, got: `${shown(args[key])}: ${problem}`, wanted: `${word?.what}, as the schema has it` }
      if (word !== undefined && word.tempts === undefined && key !== 'labels') {
        const check = argumentIs(reply, key, JSON.stringify(word.asked))
        if (check !== undefined) return { inconclusive: 'the model chose another value that fits' }
      }
    }
    return undefined
  }

export default scenario('Schemas as zod, pydantic and MCP servers write them', ({ ask, must }) => {
  const strict = 'OpenAI API reference: strict; a strict tool under a forced choice admits one value only'
  const two = ask('two-tools', async (facts) => ({
    messages: [
      user(
        `Call ${bare.function.name} with {}, then call ${route} with exactly ${JSON.stringify(routeArguments)} and then call ${note} with exactly ${JSON.stringify(noteArguments)}`,
      ),
    ],
    tools: twoTools(facts),
    tool_choice: 'required',
  }))

  must('schemas.own-name', 'MUST give each of two calls the name of the function that its arguments are for', strict, two, (reply) => {
    if (reply.calls.length === 0) return { where: 'tool_calls', got: 'no call', wanted: 'a call' }
    for (const [keys, name] of [
      [routeArguments, route],
      [noteArguments, note],
    ] as const) {
      const call = callWith(reply, keys)
      if (call !== undefined && call.name !== name)
        return { where: 'tool_calls', got: `${shown(call.name)} with ${shown(call.arguments)}`, wanted: name }
    }
    return undefined
  })
  must(
    'schemas.keys',
    'MUST keep a parameter whose name is beyond ASCII or holds punctuation',
    `${strict}; RFC 8259: names are strings of any characters; vllm-project/vllm-ascend#12815: Claude Code names parameters -n and -A`,
    two,
    sameAs(routeArguments, Object.keys(routeArguments)),
  )
  must(
    'schemas.words',
    'MUST keep parameters that are called properties, type and required',
    `${strict}; names of parameters are not words of JSON Schema`,
    two,
    sameAs(noteArguments, ['type', 'required', 'properties', 'parent']),
  )
  must(
    'schemas.optional',
    'MUST NOT fill an optional parameter with null where the schema has no null',
    'JSON Schema type: https://json-schema.org/draft/2020-12/json-schema-validation; a client fills in what is absent',
    two,
    ofCall(routeArguments, (args) =>
      args['draft'] === null ? { where: 'arguments.draft', got: 'null', wanted: 'a boolean, or absent' } : undefined,
    ),
  )

  const everyday = ask('everyday', everydayQuestion, {
    forms: ['plain', 'stream'],
    from: { plain: 'full', stream: 'default' },
    whatever: true,
    mayRefuse: 'size',
  })
  must(
    'schemas.everyday',
    'MUST serve a named call of a tool whose schema has anyOf, oneOf, $defs, const, defaults and optional parameters',
    'what clients write for ordinary types: https://docs.pydantic.dev/latest/concepts/json_schema/ and https://zod.dev/json-schema',
    everyday,
    (reply) => {
      const { answer, calls, finishReason, status, text } = reply
      const args = argumentsOf(calls[0])
      if (args !== undefined) return undefined
      if (refusesContents(reply)) return { where: 'the request', got: `${status} ${excerpt(text, 160)}`, wanted: 'a call' }
      if (status !== 200 || answer.choices.length === 0) return { blocked: `the server answered ${status} ${excerpt(text, 160)}` }
      return finishReason === 'length'
        ? { inconclusive: 'the arguments were cut off' }
        : { where: 'tool_calls', got: shown(calls[0]?.arguments), wanted: 'a call with an object' }
    },
  )

  const all = Object.keys(keywords)
  const some = ask(
    'strict',
    strictQuestion(
      'save_checked',
      all.filter((key) => !['variant', 'labels', 'day', 'deep'].includes(key)),
    ),
    {
      forms: ['plain'],
      mayRefuse: 'explained',
      unless: free,
    },
  )
  must(
    'schemas.strict',
    'MUST hold a strict call to its schema or refuse the schema: no word of it is dropped in silence',
    'OpenAI API reference: strict; vLLM structured outputs: a schema that no grammar holds is refused',
    some,
    kept(all.filter((key) => !['variant', 'labels', 'day', 'deep'].includes(key))),
  )
  for (const [key, { what, source }] of Object.entries(keywords)) {
    const one = ask(key, strictQuestion(`save_${key}`, [key]), {
      forms: ['plain', 'stream'],
      from: 'full',
      mayRefuse: 'explained',
      unless: free,
    })
    must(`schemas.strict.${key}`, `MUST hold a strict call to ${what}, or refuse the schema`, source, one, kept([key]))
  }
})
