import { argumentsOf, fields, list, scenario, shown, user, type Check, type Facts, type Fields, type Reply } from '../fixtures/scenario.ts'
import { beyond, leastTokens } from '../fixtures/tools/agents.ts'
import { codes, conversation, conversationTools, explainedTools, midway, traces } from '../fixtures/tools/turns.ts'

const MOST_TOKENS = 256
const isVllm = ({ profile }: Facts): boolean => profile.engine === 'vllm'
const sizeOf = (messages: readonly unknown[]): number => JSON.stringify([messages, explainedTools]).length
const answered = ({ content, calls }: Reply): Check =>
  content.trim() !== '' || calls.length > 0 ? undefined : { where: 'message', got: 'neither content nor call', wanted: 'an answer' }

/** Holds when a prompt has as many tokens as /tokenize counts for the same messages and tools; without it, as so many characters need at least. */
function sameAsTokenizer([asked, counted]: readonly Reply[]): Check {
  if (asked?.status !== 200) return { notApplicable: 'the server refuses such a conversation' }
  const tokens = asked.answer.usage?.['prompt_tokens']
  const count = counted?.status === 200 ? fields(counted.document?.ok === true ? counted.document.value : undefined)?.['count'] : undefined
  if (typeof count !== 'number') {
    const least = leastTokens(sizeOf(asked.request?.messages ?? []))
    return typeof tokens === 'number' && tokens < least
      ? { where: 'usage.prompt_tokens', got: shown(tokens), wanted: `at least ${least}: so long is the conversation` }
      : { notApplicable: 'the server has no /tokenize that is open' }
  }
  return tokens === count ? undefined : { where: 'usage.prompt_tokens', got: shown(tokens), wanted: `${shown(count)}, as /tokenize counts` }
}

export default scenario('Turns as agents send them', ({ ask, request, must, should, together }) => {
  const whole = conversation({ reasoning: true })
  const tooLong = beyond(sizeOf(whole), MOST_TOKENS)
  const six = ask(
    'six-turns',
    async (facts) => ({
      // OpenAI's API refuses keys of messages that it does not know.
      messages: conversation({ reasoning: isVllm(facts) }),
      // OpenAI's API takes 1024 characters of a description.
      tools: isVllm(facts) ? explainedTools : conversationTools,
      tool_choice: 'auto',
      max_tokens: MOST_TOKENS,
    }),
    { mayRefuse: 'size', unless: tooLong },
  )
  const prompt = request(
    'prompt',
    {
      method: 'POST',
      path: '/tokenize',
      body: JSON.stringify({ model: '$MODEL', messages: whole, tools: explainedTools, return_token_strs: true }),
    },
    { whatever: true, unless: (facts) => (isVllm(facts) ? tooLong(facts) : 'the server is not vLLM, which alone has /tokenize') },
  )

  must(
    'turns.answers',
    'MUST answer a conversation of six turns: four results in another order, an error, an empty one, one of 20 KB, and markup in one',
    'OpenAI API reference: tool_call_id says which call a result is for; vllm#39614, vllm#48846',
    six,
    answered,
  )

  together(
    'turns.prompt-tokens',
    'MUST put the same conversation into the prompt that /tokenize shows',
    'vLLM tokenizer API, which renders messages and tools as the chat route does: https://docs.vllm.ai/en/latest/serving/openai_compatible_server/',
    [six, prompt],
    sameAsTokenizer,
    ['plain'],
  )

  must(
    'turns.in-prompt',
    'MUST put every message, call and result, and the descriptions of tools and their parameters, into the prompt',
    'vLLM POST /tokenize shows the prompt; --chat-template-content-format says what parts become; vllm#39611, vllm#54337, vllm#30648, vllm#32827, MoonshotAI/kimi-cli PR#2112',
    prompt,
    ({ status, document }) => {
      const strings = status === 200 ? list(fields(document?.ok === true ? document.value : undefined)?.['token_strs']) : []
      if (strings.length === 0) return { notApplicable: 'the server has no /tokenize that is open and shows tokens' }
      const text = strings.join('')
      const lost = Object.entries(traces).filter(([, trace]) => !text.includes(trace))
      // A template that takes text alone writes a list of parts as it finds it; tokens spell a space in their own way.
      const parts = /["']type["']:.{0,2}["']text["']/u.exec(text)
      if (lost.length === 0 && parts !== null)
        return { where: 'prompt', got: `parts of a message as ${shown(parts[0])}`, wanted: 'their text' }
      return lost.length === 0
        ? undefined
        : { where: 'prompt', got: `without ${lost.map(([what]) => what).join(', ')}`, wanted: 'all of it' }
    },
  )

  should(
    'turns.codes',
    'SHOULD hand on what the results of earlier turns gave',
    "vLLM tests/tool_use: the answer contains the result; the model's choice",
    six,
    ({ calls, content, finishReason }) => {
      const told = calls.length > 0 ? calls.map(({ arguments: text }) => text).join(' ') : content
      const missing = codes.filter((code) => !told.includes(code))
      if (missing.length === 0) return undefined
      // A model that hands on none did not understand the question.
      if (missing.length === codes.length || finishReason === 'length')
        return { inconclusive: `the model answered otherwise: ${shown(told)}` }
      return { where: 'answer', got: `without ${missing.join(', ')}`, wanted: codes.join(', ') }
    },
  )

  must('turns.calls', 'MUST NOT lose the arguments of a call that follows results', 'vllm#42683, vllm#46863', six, ({ calls }) => {
    if (calls.length === 0) return { inconclusive: 'the model answered in text' }
    const empty = calls.find((call) => call.name === 'save_codes' && argumentsOf(call)?.['codes'] === undefined)
    return empty === undefined ? undefined : { where: 'arguments', got: shown(empty.arguments), wanted: 'codes' }
  })

  for (const role of ['system', 'developer'] as const) {
    const turned = ask(
      `${role}-midway`,
      { messages: midway(role), tools: conversationTools, max_tokens: MOST_TOKENS },
      { forms: ['plain', 'stream'], from: 'full', mayRefuse: 'explained' },
    )
    const shows = request(
      `${role}-midway-prompt`,
      { method: 'POST', path: '/tokenize', body: JSON.stringify({ model: '$MODEL', messages: midway(role), tools: conversationTools }) },
      {
        from: 'full',
        whatever: true,
        unless: (facts) => (isVllm(facts) ? undefined : 'the server is not vLLM, which alone has /tokenize'),
      },
    )
    together(
      `turns.${role}-midway.prompt-tokens`,
      `MUST put a ${role} message in the middle into the prompt that /tokenize shows, where it takes one there`,
      'vLLM tokenizer API, as above; a gateway that drops roles which it does not know: vllm#48874',
      [turned, shows],
      sameAsTokenizer,
      ['plain'],
    )
    should(
      `turns.${role}-midway`,
      `SHOULD take a ${role} message in the middle of a conversation, as agents send it; a template may refuse it`,
      'OpenAI API reference: messages may have any order of roles, and agents (Claude Code, codex) send it; some chat templates raise an error',
      turned,
      answered,
    )
  }

  // One by one in a full run, so that what is refused shows which turn it is.
  const alone: Readonly<Record<string, readonly [what: string, messages: readonly Fields[]]>> = {
    order: ['results in another order than their calls', whole.slice(0, 7).map(unmarked)],
    markup: ['a result with markup of calls', midwayWith(String(whole[3]?.['content']))],
    error: ['an error as result', midwayWith(String(whole[6]?.['content']))],
    empty: ['an empty result', midwayWith('')],
    long: ['a result of 20 KB', midwayWith(String(whole[4]?.['content']))],
  }
  for (const [key, [what, messages]] of Object.entries(alone)) {
    const one = ask(
      key,
      { messages, tools: conversationTools, max_tokens: MOST_TOKENS },
      { forms: ['plain'], from: 'full', mayRefuse: 'size', unless: beyond(sizeOf(messages), MOST_TOKENS) },
    )
    must(`turns.alone.${key}`, `MUST answer behind ${what}`, 'OpenAI API reference: role tool, tool_call_id', one, answered)
  }
})

/** Without markup, which a model that quotes the results would repeat as a call of its own. */
function unmarked(message: Fields): Fields {
  return message['role'] === 'tool' && String(message['content']).includes('<tool_call>')
    ? { ...message, content: 'C-3 was damaged.' }
    : message
}

/** A conversation in which a call has this result, and a question that nobody answers by quoting it. */
function midwayWith(content: string): readonly Fields[] {
  const before = midway('system')
    .slice(0, 3)
    .map((message) => (message['role'] === 'tool' ? { ...message, content } : message))
  return [...before, user('Thank you. Say goodbye.')]
}
