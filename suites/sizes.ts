import { excerpt, isRouteMissing, named, scenario, shown, user, type FunctionTool, type Facts, type Reply } from '../fixtures/scenario.ts'
import { beyond, catalogue, ledger } from '../fixtures/tools/agents.ts'
import { everydayQuestion, refusesContents } from '../fixtures/tools/schemas.ts'
import { articleQuestion, namedQuestion, tool } from '../fixtures/tools/tools.ts'

const MOST_TOKENS = 256
const called = tool('warehouse-inventory--look_up_the_shelf_of_an_article_by_its_sku9', 'Look up where an article is kept', {
  type: 'object',
  properties: { sku: { type: 'string' } },
  required: ['sku'],
})

// OpenAI's API takes letters, digits, underscores and hyphens; vLLM takes dots too, as MCP servers write them.
const dotted = (name: string, { profile }: Facts): string => (profile.engine === 'vllm' ? name : name.replaceAll('.', '_'))

/** A question with a tool list of that many bytes, the tool that is wanted in its middle. */
const listOf = (count: number, bytes: number, facts: Facts) => {
  const others = catalogue(count - 2, bytes - 700)
  const half = Math.floor(others.length / 2)
  const other = { ...called, function: { ...called.function, name: dotted('warehouse.audit.v2', facts) } }
  return {
    messages: [
      { role: 'system', content: 'You are an assistant with many tools.' },
      user(`Use ${called.function.name} with {"sku": "AX-4471"}.`),
    ],
    tools: [...others.slice(0, half), called, other, ...others.slice(half)],
    tool_choice: 'auto' as const,
    max_tokens: MOST_TOKENS,
  }
}

/** A forced call of the only tool, whose description is that many bytes long, as that of a tool that explains a whole database. */
const single = (bytes: number, facts: Facts) => {
  const only = tool(dotted('warehouse.stock.query', facts), ledger(bytes), called.function.parameters)
  return {
    messages: [user(`Use ${only.function.name} with {"sku": "AX-4471"}.`)],
    tools: [only],
    tool_choice: named(only.function.name),
    max_tokens: MOST_TOKENS,
  }
}

/** A question to another API with 200 tools; what its stream says of the request may make one event as large. */
const toOthers = {
  responses: (tools: readonly FunctionTool[]) => ({
    input: 'Say hello.',
    tools: tools.map(({ function: of }) => ({ type: 'function', ...of })),
    max_output_tokens: MOST_TOKENS,
  }),
  messages: (tools: readonly FunctionTool[]) => ({
    messages: [user('Say hello.')],
    tools: tools.map(({ function: { parameters, ...of } }) => ({ ...of, input_schema: parameters })),
    max_tokens: MOST_TOKENS,
  }),
}

/** Judged beside a small question with the same choice: where that is refused too, the size is not to blame. */
const served = ([large]: readonly Reply[]) => {
  if (large === undefined) return { blocked: 'there is no answer' }
  if (isRouteMissing(large.exchange)) return { notApplicable: `the server has no ${large.exchange.request.path}` }
  const { status, text, exchange, finishReason } = large
  const kilobytes = Math.round((exchange.request.body?.length ?? 0) / 1000)
  if (refusesContents(large)) return { blocked: `the server refuses what the request holds: ${status} ${excerpt(text, 160)}` }
  if (status === 200 && exchange.end.kind === 'complete' && finishReason !== undefined) return { note: `${kilobytes} KB were answered` }
  const got = status === 200 ? `an answer that broke off: ${shown(text.slice(-120))}` : `${status} ${excerpt(text, 160)}`
  return { where: `a request of ${kilobytes} KB`, exchange: exchange.id, got, wanted: 'an answer' }
}

/** Holds when the prompt has as many tokens for each byte of a long list of tools as of a short one, which is made of the same words. */
const allInPrompt = ([few, many]: readonly Reply[]) => {
  if (few === undefined || many === undefined) return { blocked: 'there is no answer' }
  if (isRouteMissing(many.exchange)) return { notApplicable: `the server has no ${many.exchange.request.path}` }
  const [before, after] = [perByte(few), perByte(many)]
  if (Number.isNaN(before) || Number.isNaN(after)) return { blocked: 'there is no usage' }
  return after >= 0.8 * before
    ? undefined
    : {
        where: 'usage.prompt_tokens',
        got: `${shown(many.answer.usage?.['prompt_tokens'])} for ${many.exchange.request.body?.length} bytes`,
        wanted: `about ${Math.round(before * (many.exchange.request.body?.length ?? 0))}, as many for each byte as with 20 tools`,
      }
}

const perByte = ({ answer, exchange }: Reply): number => Number(answer.usage?.['prompt_tokens']) / (exchange.request.body?.length ?? 0)

export default scenario('Requests as large as agents send them', ({ ask, request, must, should, together }) => {
  const source = 'captured from agents: 41 KB (codex), 78 KB (Claude Code); nginx client_max_body_size; vllm#44576'
  const small = ask('tools-20', everydayQuestion, { forms: ['stream'], whatever: true, mayRefuse: 'size', unless: beyond(10_000, 1024) })
  const large = ask('tools-100', async (facts) => listOf(100, 64_000, facts), {
    forms: ['plain', 'stream'],
    from: { plain: 'full', stream: 'default' },
    whatever: true,
    mayRefuse: 'size',
    unless: beyond(65_000, MOST_TOKENS),
  })
  const huge = ask('tools-250', async (facts) => listOf(250, 200_000, facts), {
    forms: ['stream'],
    from: 'full',
    whatever: true,
    mayRefuse: 'size',
    unless: beyond(201_000, MOST_TOKENS),
  })

  const one = ask('tools-1', async (facts) => single(50_000, facts), {
    forms: ['plain', 'stream'],
    from: 'full',
    whatever: true,
    mayRefuse: 'size',
    unless: beyond(51_000, MOST_TOKENS),
  })

  // Other scenarios ask these two as well; each is sent once.
  const smallNamed = ask('named', namedQuestion)
  const smallAuto = ask('auto', articleQuestion)

  together('sizes.kb-10', 'MUST serve a legal request with 20 tools, 10 KB', source, [small, smallNamed], served, small.forms)
  together('sizes.one-tool', 'MUST serve a legal request with a single tool of 50 KB', source, [one, smallNamed], served, one.forms)
  must(
    'sizes.dotted',
    'MUST give a forced call the name that was asked for, with its dots where the server takes them',
    'names of MCP tools may have dots: https://modelcontextprotocol.io/community/seps/986-specify-format-for-tool-names; vllm takes any name',
    one,
    ({ calls, request: sent, status }) => {
      if (status !== 200) return { blocked: 'there is no answer' }
      const asked = sent?.tools?.[0]?.function.name
      return calls[0]?.name === asked ? undefined : { where: 'name', got: shown(calls[0]?.name), wanted: shown(asked) }
    },
  )
  together('sizes.kb-64', 'MUST serve a legal request with 100 tools, 64 KB', source, [large, smallAuto], served, large.forms)
  together('sizes.kb-200', 'MUST serve a legal request with 250 tools, 200 KB', source, [huge, smallAuto], served, huge.forms)

  const inPrompt = 'OpenAI API reference: usage.prompt_tokens; a list that is cut in silence loses tools'
  together(
    'sizes.in-prompt',
    'MUST put every tool of a long list into the prompt: prompt_tokens grow with it',
    inPrompt,
    [small, large],
    allInPrompt,
    ['stream'],
  )
  together(
    'sizes.in-prompt.kb-200',
    'MUST put every one of 250 tools into the prompt: prompt_tokens grow with them',
    `${inPrompt}; OpenAI's API takes 128`,
    [small, huge],
    allInPrompt,
    ['stream'],
  )

  for (const api of ['responses', 'messages'] as const) {
    const body = { model: '$MODEL', temperature: 0, stream: true, ...toOthers[api](catalogue(200, 140_000)) }
    const path = `/v1/${api}`
    const asked = request(
      api,
      { method: 'POST', path, body: JSON.stringify(body) },
      { expect: 'answer', form: 'stream', from: 'full', mayRefuse: 'size', unless: beyond(141_000, MOST_TOKENS) },
    )
    together(
      `sizes.${api}`,
      `MUST serve a legal request to ${path} with 200 tools, 140 KB`,
      `${source}; open-webui/open-webui PR#24928: hops that read line by line end at an event of 128 KB`,
      [asked],
      served,
    )
    together(
      `sizes.in-prompt.${api}`,
      `MUST put every one of 200 tools into the prompt of ${path}: input_tokens grow with them`,
      inPrompt,
      [small, asked],
      allInPrompt,
      ['stream'],
    )
  }

  should(
    'sizes.calls',
    'SHOULD call the tool that is named among a hundred, by its name of 64 characters',
    "OpenAI API reference: names of up to 64 characters; the model's choice",
    large,
    ({ calls, status }) => {
      if (status !== 200) return { blocked: 'there is no answer' }
      if (calls[0] === undefined) return { inconclusive: 'the model answered in text' }
      return calls[0].name === called.function.name ? undefined : { where: 'name', got: shown(calls[0].name), wanted: called.function.name }
    },
  )
})
