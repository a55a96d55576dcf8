import { shown } from '../fixtures/contract/rule.ts'
import { fields } from '../fixtures/contract/view.ts'
import { named, scenario, user } from '../fixtures/scenario.ts'
import { time, weather } from '../fixtures/tools/tools.ts'

export default scenario('Usage', ({ ask, must, together }) => {
  const body = {
    messages: [user('What is the weather like in San Francisco in fahrenheit?')],
    tools: [weather.offer, time],
    tool_choice: named('get_weather'),
  }
  const whole = ask('plain', body, { forms: ['plain'] })
  const continuous = ask(
    'continuous',
    { ...body, stream_options: { include_usage: true, continuous_usage_stats: true } },
    { forms: ['stream'] },
  )

  must(
    'usage.last-is-whole',
    'MUST end a continuous count with the count of the whole answer',
    'vLLM continuous_usage_stats; vllm PR#9357',
    continuous,
    ({ chunks }) => {
      const counts = chunks.flatMap(({ value }) => fields(value?.['usage'])?.['completion_tokens'] ?? [])
      if (counts.length < 2) return { notApplicable: 'the server sends usage once: continuous_usage_stats is an option of vLLM' }
      const last = Number(counts.at(-1))
      return counts.every((count) => Number(count) <= last)
        ? undefined
        : { where: 'usage.completion_tokens', got: shown(counts), wanted: 'a count that grows' }
    },
  )

  together(
    'usage.same-prompt',
    'MUST',
    'MUST count the same prompt_tokens for the same question, whatever usage is asked for',
    'OpenAI API reference: usage',
    [whole, continuous],
    ([plain, streamed]) => {
      const [a, b] = [plain?.answer.usage?.['prompt_tokens'], streamed?.answer.usage?.['prompt_tokens']]
      return b === undefined || a === b
        ? undefined
        : { where: 'usage.prompt_tokens', got: `${shown(b)} streamed`, wanted: `${shown(a)} as plain` }
    },
  )
})
