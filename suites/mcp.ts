import {
  argumentsOf,
  brokenSchema,
  mcpTrouble,
  named,
  nearestName,
  refusedNames,
  scenario,
  shown,
  taskFor,
  unsupportedWords,
  user,
  validator,
  type Called,
  type Cause,
  type ChatBody,
  type Check,
  type Facts,
  type McpServer,
  type Reply,
  type Task,
  type Unaskable,
} from '../fixtures/scenario.ts'

type Of = (facts: Facts) => McpServer | undefined
const subject: Of = ({ mcp }) => mcp?.subject
const official: Of = ({ mcp }) => mcp?.official

const unavailable = 'no MCP server is available'
const nameOf = (server: McpServer | undefined): string => server?.name ?? 'the MCP server'
const unlessSubject = (facts: Facts): string | undefined => (subject(facts) === undefined ? unavailable : undefined)
const unlessOfficial = (facts: Facts): string | undefined =>
  official(facts) === undefined ? 'MCP_SERVER_URL names the MCP server to judge' : undefined

/** What the model is asked with the tools of the server, or why there is nothing to ask. */
async function taskOf(server: McpServer | undefined, { mcp, contextLength }: Facts): Promise<Task | { unaskable: string; cause?: Cause }> {
  const opened = await server?.open()
  if (opened === undefined) return { unaskable: unavailable }
  if (opened.cause !== undefined) return { unaskable: opened.cause.sentence, cause: opened.cause }
  const task = taskFor(opened.tools, { wanted: mcp?.tool, question: mcp?.question, contextLength })
  if (typeof task !== 'string') return task
  const names = opened.tools.map(({ name }) => name)
  const tool = nearestName(mcp?.tool ?? '', names) ?? names[0] ?? ''
  const cause = mcpTrouble('mcp-no-task', { name: nameOf(server), why: task, tool }, [`tools/list → ${names.join(', ')}`])
  return { unaskable: cause.sentence, cause }
}

/** The question with all tools of the server on offer; `forced` names the one that answers it. */
const offering =
  (of: Of, forced: boolean) =>
  async (facts: Facts): Promise<ChatBody | Unaskable> => {
    const task = await taskOf(of(facts), facts)
    if ('unaskable' in task) return task
    return {
      messages: [user(task.question)],
      tools: task.offer,
      tool_choice: forced ? named(task.tool.name) : 'auto',
    }
  }

/** Carries the model's first call to the MCP server. The same call is carried once. */
async function carried(of: Of, { calls, content }: Reply, facts: Facts): Promise<Called | { inconclusive: string }> {
  const task = await taskOf(of(facts), facts)
  if ('unaskable' in task) return { cause: task.cause as Cause }
  const [call] = calls
  if (call === undefined) return { inconclusive: `the model answered in text: ${shown(content)}` }
  // Another tool might change something: only the one that was asked for is run.
  if (call.name !== task.tool.name) return { inconclusive: `the model called ${shown(call.name)}, where ${task.tool.name} was asked for` }
  const args = argumentsOf(call)
  const problem = args === undefined ? 'they are no JSON object' : validator(task.tool.inputSchema)(args)
  if (args === undefined || problem !== undefined)
    return { inconclusive: `the model's arguments do not fit the inputSchema: ${problem}: ${shown(call.arguments)}` }
  const called = await (of(facts) as McpServer).call(task.tool.name, args)
  // What the question did not say is the model's choice, and no server has to accept it.
  const asked = new Set(task.question.split(/[\s?.]+|"([^"]*)"/))
  const own = textsIn(args).find((text) => !asked.has(text))
  return own !== undefined && (called.cause?.id === 'mcp-tool-error' || called.cause?.id === 'mcp-invalid-arguments')
    ? { inconclusive: `the tool refused arguments of the model's own choice: ${call.arguments} (${called.cause.evidence[0]})` }
    : called
}

/** Every text among the values of some JSON. */
const textsIn = (json: unknown): readonly string[] =>
  typeof json === 'string' ? [json] : typeof json === 'object' && json !== null ? Object.values(json).flatMap(textsIn) : []

/** The conversation with the result of the MCP server. */
const afterCall =
  (of: Of) =>
  async (prior: Reply, facts: Facts): Promise<ChatBody | Unaskable> => {
    const called = await carried(of, prior, facts)
    if ('inconclusive' in called) return called
    if (called.cause !== undefined) return { unaskable: called.cause.sentence, cause: called.cause }
    const [call] = prior.calls
    return {
      messages: [
        ...(prior.request?.messages ?? []),
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: call?.id, type: 'function', function: { name: call?.name, arguments: call?.arguments } }],
        },
        { role: 'tool', tool_call_id: call?.id, content: called.text },
      ],
      tools: prior.request?.tools ?? [],
    }
  }

/** A call of the tool that was asked for, with arguments that its inputSchema admits. */
async function callsTool(of: Of, { calls, content, request }: Reply, facts: Facts): Promise<Check> {
  const task = await taskOf(of(facts), facts)
  if ('unaskable' in task) return { blocked: task.unaskable }
  const [call] = calls
  if (call === undefined) {
    return request?.tool_choice === 'auto'
      ? { inconclusive: `the model answered in text this time: ${shown(content)}` }
      : { where: 'tool_calls', got: `no call but ${shown(content)}`, wanted: `a call of ${task.tool.name}` }
  }
  const offered = task.offer.map((tool) => tool.function.name)
  if (!offered.includes(call.name ?? '')) return { where: 'name', got: shown(call.name), wanted: `one of ${offered.join(', ')}` }
  if (call.name !== task.tool.name) {
    return request?.tool_choice === 'auto'
      ? { inconclusive: `the model chose ${call.name}` }
      : { where: 'name', got: shown(call.name), wanted: task.tool.name }
  }
  const args = argumentsOf(call)
  if (args === undefined) return { where: 'arguments', got: shown(call.arguments), wanted: 'a JSON object' }
  const problem = validator(task.tool.inputSchema)(args)
  return problem === undefined
    ? { note: `${call.name}(${call.arguments})` }
    : { inconclusive: `the model's arguments do not fit the inputSchema: ${problem}` }
}

const answered = ({ content, calls }: Reply): Check =>
  content.trim() !== '' || calls.length > 0 ? undefined : { where: 'message', got: 'neither content nor call', wanted: 'an answer' }

/** Whether the answer tells a figure of the result, or a long word, that the question did not hold. */
function tells({ content, request, finishReason }: Reply): boolean | undefined {
  const messages = request?.messages ?? []
  const said = (role: string): string => {
    const text = messages.findLast((message) => message['role'] === role)?.['content']
    return typeof text === 'string' ? text : ''
  }
  const before = said('user')
  const news = (said('tool').match(/\d{2,}|\p{L}{5,}/gu) ?? []).filter((word) => !before.includes(word))
  if (news.length === 0) return undefined
  return news.some((word) => content.includes(word)) ? true : finishReason === 'length' ? undefined : false
}

const failing = (where: string, cause: Cause, wanted: string): Check => ({
  where,
  got: cause.evidence[0] ?? cause.sentence,
  wanted,
  cause,
})

/** The tools, or why another verdict decides. */
async function toolsOf(
  facts: Facts,
): Promise<Check | { readonly tools: Extract<Awaited<ReturnType<McpServer['open']>>, { tools: unknown }>['tools'] }> {
  const opened = await subject(facts)?.open()
  if (opened === undefined) return { notApplicable: unavailable }
  return opened.cause === undefined ? opened : { blocked: opened.cause.sentence, cause: opened.cause }
}

export default scenario('MCP', ({ ask, followUp, fact, must, should, together }) => {
  fact(
    'mcp.session',
    'MUST let a client connect to the MCP server',
    'MCP specification 2025-06-18: lifecycle, streamable HTTP; MCP specification 2026-07-28: server/discover; AKS article: troubleshooting of an external MCP server',
    async (facts) => {
      const opened = await subject(facts)?.open()
      if (opened === undefined) return { notApplicable: unavailable }
      return opened.cause !== undefined && opened.at === 'session'
        ? failing('initialize', opened.cause, 'an answer to initialize')
        : undefined
    },
  )
  fact(
    'mcp.tools',
    'MUST list tools whose inputSchema can be used as parameters of a function',
    'MCP specification 2025-06-18: tools/list; OpenAI API reference: function.parameters',
    async (facts) => {
      const opened = await subject(facts)?.open()
      if (opened === undefined) return { notApplicable: unavailable }
      if (opened.cause !== undefined) {
        return opened.at === 'tools'
          ? failing('tools/list', opened.cause, 'a list of tools')
          : { blocked: opened.cause.sentence, cause: opened.cause }
      }
      const broken = opened.tools.flatMap((tool) => {
        const problem = brokenSchema(tool)
        return problem === undefined ? [] : [`${tool.name}: ${problem}`]
      })
      if (broken.length === 0) return undefined
      return failing(
        'tools/list',
        mcpTrouble(
          'mcp-schema-invalid',
          { name: nameOf(subject(facts)), broken: broken.length, all: opened.tools.length },
          broken.slice(0, 3),
        ),
        'a JSON Schema of an object',
      )
    },
  )
  fact(
    'mcp.names',
    'MUST give its tools names that the OpenAI API accepts',
    'OpenAI API reference: function.name, ^[a-zA-Z0-9_-]{1,64}$; AutoGen: assert_valid_name',
    async (facts) => {
      const listed = await toolsOf(facts)
      if (listed === undefined || !('tools' in listed)) return listed
      const refused = refusedNames(listed.tools)
      if (refused.length === 0) return undefined
      const names = refused.slice(0, 5).map((name) => shown(name))
      const values = {
        name: nameOf(subject(facts)),
        tools: refused.length === 1 ? 'a tool' : `${refused.length} tools`,
        names: names.slice(0, 3).join(', '),
      }
      return failing('tools/list', mcpTrouble('mcp-tool-names', values, [`tools/list → ${names.join(', ')}`]), '^[a-zA-Z0-9_-]{1,64}$')
    },
  )
  fact(
    'mcp.schema-words',
    "SHOULD describe arguments with keywords of JSON Schema that vLLM's grammar supports",
    'vLLM: vllm/v1/structured_output/backend_xgrammar.py; vllm#16880, club-3090#45',
    async (facts) => {
      const listed = await toolsOf(facts)
      if (listed === undefined || !('tools' in listed)) return listed
      const found = listed.tools.flatMap((tool) => unsupportedWords(tool.inputSchema, tool.name))
      if (found.length === 0) return undefined
      return failing(
        'tools/list',
        mcpTrouble('mcp-schema-words', { name: nameOf(subject(facts)), words: found.slice(0, 3).join('; ') }, found.slice(0, 5)),
        'words that the grammar of xgrammar knows',
      )
    },
  )

  const call = ask('call', offering(subject, true), { unless: unlessSubject })
  const answer = followUp('result', call, afterCall(subject))
  const officialCall = ask('official', offering(official, false), { forms: ['plain'], unless: unlessOfficial })
  const officialAnswer = followUp('official-result', officialCall, afterCall(official))

  must(
    'mcp.call',
    'MUST call the tool of the MCP server, with arguments that its inputSchema admits',
    'KAITO and AKS documentation: MCP tools are ordinary tools of the request',
    call,
    (reply, facts) => callsTool(subject, reply, facts),
  )
  must(
    'mcp.result',
    "MUST answer the model's call with a result that can be passed to a model (the MCP server)",
    'MCP specification 2025-06-18: tools/call, isError; AKS article: tool not found',
    call,
    async (reply, facts) => {
      const called = await carried(subject, reply, facts)
      if ('inconclusive' in called) return called
      return called.cause === undefined ? { note: shown(called.text) } : failing('tools/call', called.cause, 'a result with text')
    },
    ['plain'],
  )
  should(
    'mcp.session-kept',
    'SHOULD keep its session (the MCP server)',
    'MCP specification 2025-06-18: session management, 404 and a new initialize',
    call,
    async (reply, facts) => {
      const opened = await subject(facts)?.open()
      if (opened?.cause === undefined && opened?.hasSession === false)
        return { notApplicable: 'it speaks MCP 2026-07-28, which has no sessions' }
      await carried(subject, reply, facts)
      const lost = subject(facts)?.lost() ?? []
      if (lost.length === 0) return undefined
      return failing(
        'Mcp-Session-Id',
        mcpTrouble('mcp-session-forgotten', { name: nameOf(subject(facts)) }, lost.slice(0, 3)),
        'the session of initialize',
      )
    },
    ['plain'],
  )
  must(
    'mcp.answer',
    'MUST accept the result of the MCP tool and answer it',
    'AKS article: ToolCallExecutionEvent, then a summary',
    answer,
    answered,
  )
  must(
    'mcp.official-call',
    'MUST call a tool of the official MCP server under auto: names with hyphens, schemas with $schema and default',
    'modelcontextprotocol/servers: everything; KAITO documentation: tool_choice is left at auto',
    officialCall,
    (reply, facts) => callsTool(official, reply, facts),
  )
  must(
    'mcp.official-answer',
    'MUST accept the result of the official MCP server and answer it',
    'modelcontextprotocol/servers: everything',
    officialAnswer,
    answered,
  )
  together(
    'mcp.uses-result',
    'SHOULD answer with what the MCP tool returned',
    'KAITO and AKS documentation: MCP: the sentence that the agent ends with',
    [answer],
    (replies) => {
      const told = replies.map(tells)
      if (told.includes(true)) return undefined
      return told.includes(false)
        ? { where: 'content', got: shown(replies.map(({ content }) => content)), wanted: 'a figure or a word of the result' }
        : { inconclusive: 'the result holds nothing by which to recognise an answer' }
    },
  )
})
