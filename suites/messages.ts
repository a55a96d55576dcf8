import {
  answered,
  answers,
  responds,
  grewByFiller,
  grewWith,
  hasRouteAlways,
  promptTokens,
  refuses,
  sameInputTokens,
  tells,
  questions,
  aloud,
  aloudInChat,
  keepsText,
  sameCalls,
  saysAsMuch,
  uniqueCallIds,
  uniqueIds,
  contents,
  explained,
  paris,
  silent,
  tale,
  taleInChat,
  tokyo,
  twoCities,
} from '../fixtures/tools/apis.ts'
import { literalQuestion, literalsKept, literalTool } from '../fixtures/tools/literals.ts'
import { filler, ping, time, weather, words } from '../fixtures/tools/tools.ts'
import { argumentsOf, fields, isBefore, scenario, shown, user, type Reply } from '../fixtures/scenario.ts'

const SOURCE = 'Anthropic API reference'
const flat = ({ function: { name, description, parameters } }: typeof time): object => ({ name, description, input_schema: parameters })
const tools = [flat(weather.offer), flat(time), flat(ping)]

const called = (id: string, location: string): object => ({
  type: 'tool_use',
  id,
  name: 'get_weather',
  input: { location, unit: 'celsius' },
})
const returned = (id: string, content: unknown, more: object = {}): object => ({ type: 'tool_result', tool_use_id: id, content, ...more })
const history = [
  user(twoCities),
  { role: 'assistant', content: [{ type: 'text', text: 'Let me look that up.' }, called('toolu_aaaaaaaa1', `Tokyo. ${filler} ${filler}`)] },
  { role: 'user', content: [returned('toolu_aaaaaaaa1', silent)] },
  { role: 'assistant', content: [called('toolu_aaaaaaaa2', 'Paris'), called('toolu_aaaaaaaa3', 'Tokyo')] },
  // Results come back when they are ready, not in the order of the calls.
  { role: 'user', content: [returned('toolu_aaaaaaaa3', tokyo), returned('toolu_aaaaaaaa2', [{ type: 'text', text: paris }])] },
]
const hi = [user('Hi.')]

/** Wrong requests, each with what is wrong with it; the first is part of every run. */
const wrong: Readonly<Record<string, readonly [what: string, body: object]>> = {
  'tool-not-offered': [
    'a tool_choice that names a tool that is not offered',
    { messages: hi, tools, tool_choice: { type: 'tool', name: 'get_wether' } },
  ],
  'max-tokens-missing': ['a body without max_tokens', { messages: hi, max_tokens: undefined }],
  'messages-missing': ['a body without messages', {}],
  'role-unknown': ['an unknown role', { messages: [{ role: 'wizard', content: 'Hi.' }] }],
  'tool-without-schema': ['a tool without input_schema', { messages: hi, tools: [{ name: 'get_weather' }] }],
  'choice-unknown': ['an unknown tool_choice', { messages: hi, tools, tool_choice: { type: 'sometimes' } }],
  'content-number': ['a content that is a number', { messages: [{ role: 'user', content: 7 }] }],
}

const messageIdOf = ({ document, chunks }: Reply): unknown =>
  fields(document?.ok === true ? document.value : chunks[0]?.value?.['message'])?.['id']

export default scenario('Messages API', (script) => {
  const { request, must, should, together } = script
  const defaults = { model: '$MODEL', max_tokens: 512, temperature: 0 }
  const ask = questions(script, '/v1/messages', defaults)

  const any = ask('any', { messages: [user(twoCities)], tools, tool_choice: { type: 'any' } })
  const auto = ask(
    'auto',
    {
      // Claude Code sends its system prompt in several blocks, and marks what may be cached.
      system: [
        { type: 'text', text: aloud.system[0] },
        { type: 'text', text: aloud.system[1], cache_control: { type: 'ephemeral' } },
      ],
      messages: [user(aloud.question)],
      tools,
      tool_choice: { type: 'auto' },
    },
    { plain: 'full' },
  )
  const { name, description, parameters } = literalTool
  const literals = ask(
    'literals',
    {
      messages: [user(literalQuestion)],
      tools: [{ name, description, input_schema: parameters, strict: true }, flat(weather.offer)],
      tool_choice: { type: 'tool', name },
    },
    { stream: 'full' },
  )
  // Anthropic's beta clients, Claude Code among them, add a query, which gateways stumble over (1Panel-dev/1Panel#13723).
  const results = questions(script, '/v1/messages?beta=true', defaults)('results', { messages: history, tools }, { plain: 'full' })
  const none = ask('none', { messages: [user(twoCities)], tools, tool_choice: { type: 'none' } }, { stream: 'full' })
  const cutText = ask('cut-text', { messages: [user(`Say ${words}.`)], max_tokens: 16 }, { stream: 'full', truncated: true })
  const cutCall = ask(
    'cut-call',
    {
      messages: [user(`Call note with {"text": "${words}"}`)],
      tools: [
        {
          name: 'note',
          description: 'Write a note',
          input_schema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
        },
      ],
      max_tokens: 24,
    },
    { plain: 'full', stream: 'full', truncated: true },
  )
  const text = ask('text', { messages: [user('Say hello to the world.')] }, { plain: 'full', stream: 'full' })
  const zero = ask(
    'zero',
    { messages: [user('Check that the backend is alive.')], tools: [flat(ping), flat(time)], tool_choice: { type: 'tool', name: 'ping' } },
    { plain: 'full', stream: 'full' },
  )
  const single = ask(
    'one-at-a-time',
    { messages: [user(twoCities)], tools, tool_choice: { type: 'any', disable_parallel_tool_use: true } },
    { plain: 'full', stream: 'full' },
  )
  const stopped = ask('stop', { messages: [user(`Say ${words}.`)], stop_sequences: ['five'] }, { plain: 'full', stream: 'full' })
  const long = ask(
    'long',
    {
      system: tale.system.map((each) => ({ type: 'text', text: each })),
      messages: [
        user(tale.question),
        { role: 'assistant', content: [{ type: 'text', text: tale.beside }, called('toolu_bbbbbbbb1', 'Paris')] },
        { role: 'user', content: [returned('toolu_bbbbbbbb1', tale.failed, { is_error: true })] },
        { role: 'assistant', content: [called('toolu_bbbbbbbb2', 'Paris')] },
        { role: 'user', content: [returned('toolu_bbbbbbbb2', tale.result), { type: 'text', text: tale.again }] },
        { role: 'assistant', content: tale.answer },
        user(tale.last),
      ],
      tools: [flat(weather.offer), flat(time), flat(explained)],
    },
    { plain: 'full', stream: 'full' },
  )
  const aloudByChat = script.ask('aloud', aloudInChat, { forms: ['plain'] })
  const inChat = script.ask('tale', taleInChat, { forms: ['plain'], from: 'full', mayRefuse: 'explained' })

  for (const [key, what, asked] of [
    ['any', 'a question with tools under tool_choice any', any],
    ['auto', 'a question with tools under tool_choice auto', auto],
    ['literals', 'a question under a tool_choice that names a tool', literals],
    ['results', 'a turn with calls and their results', results],
    ['none', 'a question with tools under tool_choice none', none],
    ['cut-text', 'a question without tools whose answer is cut', cutText],
    ['cut-call', 'a question whose call is cut', cutCall],
    ['text', 'a question without tools', text],
    ['zero', 'a question whose call takes no input', zero],
    ['one-at-a-time', 'a question with disable_parallel_tool_use', single],
    ['stop', 'a question with stop_sequences', stopped],
    ['long', 'a long history with a result that is an error', long],
  ] as const)
    for (const form of ['plain', 'stream'] as const)
      must(
        `messages.answers.${key}.${form}`,
        `MUST answer ${what}${form === 'stream' ? ', streamed' : ''}`,
        `${SOURCE}: create a message; vllm#35836`,
        asked[form],
        key === 'cut-call' ? responds : answers,
      )

  for (const form of ['plain', 'stream'] as const) {
    must(
      `messages.literals.${form}`,
      'MUST hand over every value of a strict tool unchanged',
      `${SOURCE}: strict tool use; vllm#17703, vllm#45389`,
      literals[form],
      answered((reply, { profile }) => {
        const check = literalsKept(reply)
        const isHeld = profile.constrains && (profile.engine !== 'vllm' || (isBefore(profile, '0.26') && profile.assumed !== true))
        return isHeld || check === undefined || !('got' in check)
          ? check
          : { inconclusive: `the server holds the model to no schema on this route: ${check.got}` }
      }),
    )
    must(
      `messages.cut.${form}`,
      'MUST say max_tokens when it cuts the answer',
      `${SOURCE}: stop_reason`,
      cutText[form],
      answered(({ finishReason, answer }) =>
        // A terse model may end before the limit.
        finishReason === 'length' || Number(answer.usage?.['completion_tokens']) < 16
          ? undefined
          : { where: 'stop_reason', got: String(finishReason), wanted: 'max_tokens' },
      ),
    )
    must(
      `messages.stops.${form}`,
      'MUST end at a stop sequence and leave it out',
      `${SOURCE}: stop_sequences`,
      stopped[form],
      answered(({ content }) => {
        if (content.includes('five')) return { where: 'content', got: shown(content), wanted: 'no text from the sequence on' }
        return content.includes('one') ? undefined : { inconclusive: `the model said something else: ${content.slice(0, 80)}` }
      }),
    )
    must(
      `messages.zero.${form}`,
      'MUST give the input of a tool that takes none as {}',
      `${SOURCE}: tool_use; vllm#11392`,
      zero[form],
      answered(({ calls }) =>
        calls[0] === undefined || argumentsOf(calls[0]) !== undefined
          ? undefined
          : { where: 'input', got: shown(calls[0].arguments), wanted: '{}' },
      ),
    )
    should(
      `messages.two-calls.${form}`,
      'SHOULD make two calls when the question names two cities',
      `${SOURCE}: parallel tool use; the model's choice`,
      any[form],
      answered(({ calls, finishReason }) =>
        calls.length >= 2 || finishReason === 'length'
          ? undefined
          : { where: 'content', got: `${calls.length} call(s)`, wanted: '2 calls' },
      ),
    )
    should(
      `messages.calls-by-itself.${form}`,
      'SHOULD call a tool under auto when the question asks for it',
      `${SOURCE}: tool_choice auto; the model's choice`,
      auto[form],
      answered(({ calls, content }) =>
        calls.length > 0 ? undefined : { where: 'content', got: `the text ${shown(content)}`, wanted: 'a call' },
      ),
    )
    should(
      `messages.tells-results.${form}`,
      'SHOULD tell the results of both calls',
      `${SOURCE}: tool_result; the model's choice`,
      results[form],
      answered(tells('content', ['17.4', '31.6'])),
    )
    together(
      `messages.system-in-prompt.${form}`,
      'MUST put every block of the system prompt into the prompt: input_tokens grow with them',
      `${SOURCE}: system; vllm#39614`,
      [any.plain, auto[form]],
      ([before, after]) => grewByFiller(promptTokens(before), promptTokens(after), 4),
    )
    together(
      `messages.results-in-prompt.${form}`,
      'MUST put calls and results of the history into the prompt: input_tokens grow with each of them',
      `${SOURCE}: tool_result; vllm#39614`,
      [any.plain, auto[form], results[form]],
      ([before, one, all]) => grewWith(contents, before, one, all, 4),
    )
  }

  together(
    'messages.as-chat',
    'MUST put as much of a conversation into the prompt as chat completions do: system blocks, texts beside calls and results, descriptions',
    `${SOURCE}: content blocks; OpenAI API reference: usage`,
    [long.plain, inChat],
    saysAsMuch,
  )

  for (const [key, asked] of [
    ['any', any],
    ['auto', auto],
    ['results', results],
    ['literals', literals],
    ['none', none],
    ['text', text],
  ] as const)
    together(
      `messages.agree.${key}`,
      'MUST count the same input_tokens for the same question, plain and streamed',
      `${SOURCE}: usage; vllm#8625`,
      [asked.plain, asked.stream],
      ([plain, stream]) => sameInputTokens(plain, stream),
    )

  for (const [key, [what, body]] of Object.entries(wrong)) {
    const refused = request(
      `wrong-${key}`,
      { method: 'POST', path: '/v1/messages', body: JSON.stringify({ model: '$MODEL', max_tokens: 16, temperature: 0, ...body }) },
      { expect: 'refusal', ...(key === 'tool-not-offered' ? {} : { from: 'full' }) },
    )
    must(`messages.refuses.${key}`, `MUST refuse ${what}`, `${SOURCE}: errors`, refused, refuses)
  }

  const counted = request(
    'count-tokens',
    {
      method: 'POST',
      path: '/v1/messages/count_tokens',
      body: JSON.stringify({ model: '$MODEL', messages: [user(twoCities)], tools, tool_choice: { type: 'any' } }),
    },
    { from: 'full' },
  )
  together(
    'messages.count-tokens',
    'MUST count the tokens of a question as many as it takes, its tools included, where it counts them beforehand',
    `${SOURCE}: count tokens, tools included, which may differ by a few; Claude Code asks it before it sends`,
    [any.plain, counted],
    ([asked, counting]) => {
      const count = counting?.status === 200 ? fields(counting.document?.ok === true ? counting.document.value : undefined) : undefined
      if (count === undefined) return { notApplicable: 'the server has no /v1/messages/count_tokens, or guards it' }
      const [told, taken] = [count['input_tokens'], promptTokens(asked)]
      if (taken === undefined) return { notApplicable: 'no tokens were counted' }
      return typeof told === 'number' && Math.abs(told - taken) <= taken / 10
        ? undefined
        : { where: 'input_tokens', got: shown(told), wanted: `about ${taken}, as the question took` }
    },
    ['plain'],
  )

  together(
    'messages.ids',
    'MUST give every message an id of its own',
    `${SOURCE}: the message object`,
    [any.plain, any.stream, auto.stream, results.stream],
    (replies) => uniqueIds(replies, messageIdOf),
  )
  together(
    'messages.call-ids',
    'MUST give a call an id that no call of another answer has',
    `${SOURCE}, tool_use_id refers to one call; vllm#50420, hermes-agent#11722`,
    [any.plain, any.stream, auto.stream, literals.plain],
    uniqueCallIds,
  )
  together(
    'messages.route',
    'MUST have the route for every question, when it has it for one',
    `${SOURCE}: create a message`,
    [any.plain, any.stream, auto.stream, literals.plain, results.stream, none.plain, cutText.plain],
    hasRouteAlways,
  )
  together(
    'messages.same-calls',
    'MUST make the same calls of the same number of tokens, plain and streamed',
    `${SOURCE}: streaming; vllm#49316`,
    [any.plain, any.stream],
    ([plain, stream]) => sameCalls(plain, stream),
  )
  together(
    'messages.text-beside-calls',
    'MUST hand over the text that the model writes beside its calls, as chat completions do',
    `${SOURCE}: tool_use; what is generated alike has to arrive alike`,
    [aloudByChat, auto.stream],
    keepsText,
  )
})
