import { fields, scenario, shown, user } from '../fixtures/scenario.ts'
import { hello, time, weather } from '../fixtures/tools/tools.ts'

export default scenario('Usage', ({ ask, must, request, together }) => {
  const body = {
    messages: [{ role: 'system', content: 'You are a helpful assistant.' }, user('What time is it in Paris?')],
    tools: [weather.offer, time],
    tool_choice: 'required' as const,
    stream_options: { include_usage: true, continuous_usage_stats: true },
  }
  const whole = ask('plain', body, { forms: ['plain'] })
  const continuous = ask('continuous', body, { forms: ['stream'] })

  must(
    'usage.last-is-whole',
    'MUST end continuous usage with the counts of the whole answer',
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

  const chat = ask('hello', hello, { forms: ['plain'] })
  const counted = request(
    'tokenize',
    {
      method: 'POST',
      path: '/tokenize',
      body: JSON.stringify({ model: '$MODEL', messages: hello.messages }),
    },
    { whatever: true },
  )
  together(
    'usage.tokenize',
    'MUST count as many prompt_tokens as its tokenizer counts for the same messages',
    'vLLM vllm/entrypoints/serve/tokenize: POST /tokenize; vllm#39614',
    [chat, counted],
    ([answered, tokenized]) => {
      if (tokenized === undefined || tokenized.status !== 200) return { notApplicable: 'the server has no /tokenize, or guards it' }
      const count = fields(tokenized.document?.ok === true ? tokenized.document.value : undefined)?.['count']
      if (typeof count !== 'number') return { notApplicable: 'the server has another /tokenize, which counts nothing' }
      const prompt = answered?.answer.usage?.['prompt_tokens']
      return count === prompt
        ? undefined
        : { where: 'usage.prompt_tokens', got: shown(prompt), wanted: `${shown(count)}, as /tokenize counts` }
    },
  )

  together(
    'usage.same-prompt',
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
