import { isBefore, scenario, user, type Check, type Facts, type Reply } from '../fixtures/scenario.ts'
import { filler, ping, weather } from '../fixtures/tools/tools.ts'

const call = (id: string, name: string, args: string): object => ({ id, type: 'function', function: { name, arguments: args } })
const result = (id: string, content: string): { role: string; tool_call_id: string; content: string } => ({
  role: 'tool',
  tool_call_id: id,
  content,
})

// Long enough that its absence from the prompt shows in the count of tokens.
const paris = 'In Paris it is 17.4 degrees with a light wind from the west and some clouds over the river in the afternoon.'
const oslo =
  'In Oslo it is 3.9 degrees with fresh snow on the hills around the city, a cold wind from the north, clear air, and the ferries run late until the evening.'

const answered = ({ content, calls }: Reply): Check =>
  content.trim() !== '' || calls.length > 0 ? undefined : { where: 'message', got: 'neither content nor call', wanted: 'an answer' }

const before =
  (version: string) =>
  ({ profile }: Facts): string | undefined =>
    profile.engine !== 'vllm'
      ? 'OpenAI refuses an empty list of calls, and others may'
      : isBefore(profile, version)
        ? `vLLM accepts it since ${version}`
        : undefined

export default scenario('Conversation history', ({ ask, must, together }) => {
  const question = user('What is the weather like in Paris and in Oslo? Use celsius.')
  const twoCalls = ask(
    'two-calls',
    {
      messages: [
        question,
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            call('call_aaaaaaaa1', 'get_weather', '{"location": "Paris", "unit": "celsius"}'),
            call('call_aaaaaaaa2', 'get_weather', JSON.stringify({ location: `Oslo. ${filler}`, unit: 'celsius' })),
          ],
        },
        result('call_aaaaaaaa1', paris),
        result('call_aaaaaaaa2', `${oslo} ${filler}`),
      ],
      tools: [weather.offer],
    },
    { forms: ['plain'] },
  )
  const oneCall = ask(
    'one-call',
    {
      messages: [
        question,
        {
          role: 'assistant',
          content: null,
          tool_calls: [call('call_aaaaaaaa1', 'get_weather', '{"location": "Paris", "unit": "celsius"}')],
        },
        result('call_aaaaaaaa1', paris),
      ],
      tools: [weather.offer],
    },
    { forms: ['plain'] },
  )
  const odd = ask(
    'empty-arguments',
    {
      messages: [
        user('Ping the backend.'),
        { role: 'assistant', tool_calls: [call('call_bbbbbbbb1', 'ping', '')] },
        result('call_bbbbbbbb1', ''),
        { role: 'assistant', content: 'I will try again.', tool_calls: [call('call_bbbbbbbb2', 'ping', '{}')] },
        result('call_bbbbbbbb2', 'The backend is alive.'),
        { role: 'assistant', content: 'The backend is alive.', tool_calls: [] },
        user('Thank you. Say goodbye.'),
      ],
      tools: [ping],
    },
    { forms: ['plain'], unless: before('0.12') },
  )

  must(
    'history.two-calls',
    'MUST accept a history with two calls, content null, and both results',
    'OpenAI API reference: tool_calls, tool_call_id; vllm#25108',
    twoCalls,
    answered,
  )

  together(
    'history.all-results',
    'MUST put every result into the prompt: prompt_tokens grow with a second call and its result',
    'vllm#39614, vllm#9951: prompt_tokens grow with what is in the prompt',
    [oneCall, twoCalls],
    ([one, two]) => {
      const [a, b] = [one?.answer.usage?.['prompt_tokens'], two?.answer.usage?.['prompt_tokens']]
      return typeof a !== 'number' || typeof b !== 'number' || b > a + 140
        ? undefined
        : {
            where: 'usage.prompt_tokens',
            got: `${b} with two calls, ${a} with one`,
            wanted: 'at least 140 more tokens: they hold that many words',
          }
    },
  )

  must(
    'history.empty',
    'MUST accept a history with empty arguments, absent content and an empty list of calls',
    'vllm#28820, vllm#43862, vllm#30648, rig#1362',
    odd,
    answered,
  )
})
