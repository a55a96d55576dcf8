import type { Fault } from '../fault.ts'
import { countTokens } from '../tokens.ts'
import { chunksOf, isUsage } from './edit.ts'
import { counted, noTools, oneCall, pair, plain, streamed } from './triggers.ts'

/** Faults in token counts. */
export const usage: Fault[] = [
  {
    id: 'usage-missing-streamed',
    what: 'include_usage is ignored.',
    class: 'C08',
    issue: 'vllm-swift#19',
    trigger: [counted(oneCall)],
    events: (events) => events.filter((event) => !isUsage(event)),
  },
  {
    id: 'usage-missing-with-calls',
    what: 'The usage chunk is missing when the stream held a call.',
    class: 'C08',
    trigger: [counted(oneCall)],
    events: (events, { turn }) => (turn.mode === 'text' ? events : events.filter((event) => !isUsage(event))),
  },
  {
    id: 'usage-missing-plain',
    what: 'A plain answer has no usage.',
    class: 'C08',
    trigger: [plain(oneCall)],
    plain(completion) {
      delete completion.usage
    },
  },
  {
    id: 'usage-chunk-repeats-choice',
    what: 'The usage chunk carries a choice.',
    class: 'C08',
    trigger: [counted(noTools)],
    events(events) {
      for (const event of events.filter(isUsage)) {
        if ('chunk' in event) event.chunk.choices = [{ index: 0, delta: {}, logprobs: null, finish_reason: 'stop' }]
      }
    },
  },
  {
    id: 'usage-completion-zero',
    what: 'completion_tokens is 0.',
    class: 'C09',
    trigger: [plain(oneCall)],
    plain({ usage: counts }) {
      if (counts) Object.assign(counts, { completion_tokens: 0, total_tokens: counts['prompt_tokens'] })
    },
  },
  {
    id: 'usage-total-not-sum',
    what: 'total_tokens leaves the completion out.',
    class: 'C09',
    trigger: [plain(noTools)],
    plain({ usage: counts }) {
      if (counts) counts['total_tokens'] = counts['prompt_tokens']
    },
  },
  {
    id: 'usage-of-last-choice-only',
    what: 'With n > 1 the usage counts one choice.',
    class: 'C09',
    issue: 'vllm#8625',
    trigger: [plain(pair)],
    plain({ usage: counts, choices }) {
      if (!counts || choices.length < 2) return
      const one = Number(counts['completion_tokens']) / choices.length
      Object.assign(counts, { completion_tokens: one, total_tokens: Number(counts['prompt_tokens']) + one })
    },
  },
  {
    id: 'usage-unasked-on-every-chunk',
    what: 'Every chunk carries usage that nobody asked for.',
    class: 'C09',
    issue: 'vllm#36379',
    trigger: [streamed(noTools)],
    events(events, { turn }) {
      if (turn.includeUsage) return
      for (const chunk of chunksOf(events))
        chunk.usage = { prompt_tokens: turn.promptTokens, total_tokens: turn.promptTokens, completion_tokens: 0 }
    },
  },
  {
    id: 'usage-continuous-not-cumulative',
    what: 'With continuous usage each chunk counts only itself.',
    class: 'C09',
    trigger: [counted(noTools, true)],
    events(events, { turn }) {
      for (const { usage: counts, choices } of chunksOf(events)) {
        if (counts && choices.length > 0) Object.assign(counts, { completion_tokens: 1, total_tokens: turn.promptTokens + 1 })
      }
    },
  },
  {
    id: 'usage-streamed-counts-chunks',
    what: 'The streamed completion_tokens is the number of chunks.',
    class: 'C09',
    trigger: [counted(oneCall)],
    events(events, { turn }) {
      for (const event of events.filter(isUsage)) {
        if ('chunk' in event)
          Object.assign(event.chunk.usage ?? {}, { completion_tokens: events.length, total_tokens: turn.promptTokens + events.length })
      }
    },
  },
  {
    id: 'usage-prompt-without-tools',
    what: 'prompt_tokens leaves the tools out.',
    class: 'C09',
    trigger: [plain(oneCall)],
    turn(turn) {
      turn.promptTokens = turn.messages.reduce((sum, { text }) => sum + countTokens(text) + 4, 0)
    },
  },
  {
    id: 'usage-prompt-beyond-context',
    what: 'More prompt tokens are counted than the context holds.',
    class: 'C09',
    trigger: [plain(noTools)],
    plain({ usage: counts }) {
      for (const key of ['prompt_tokens', 'total_tokens']) if (counts) counts[key] = Number(counts[key]) + 100_000
    },
  },
  {
    id: 'usage-as-text',
    what: 'Counts of usage are strings.',
    class: 'C09',
    trigger: [plain(noTools)],
    plain({ usage: counts }) {
      for (const [key, value] of Object.entries(counts ?? {})) if (typeof value === 'number') counts![key] = String(value)
    },
  },
  {
    id: 'usage-zero-streamed-with-tools',
    what: 'The usage chunk of a stream counts nothing when tools were offered.',
    class: 'C09',
    issue: 'mudler/LocalAI#9927',
    trigger: [counted(oneCall)],
    events(events, { turn }) {
      if (turn.tools.length === 0) return
      for (const chunk of chunksOf(events)) if (chunk.usage) chunk.usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
    },
  },
  {
    id: 'usage-prompt-zero',
    what: 'prompt_tokens is 0.',
    class: 'C09',
    trigger: [plain(noTools)],
    plain({ usage: counts }) {
      if (counts) Object.assign(counts, { prompt_tokens: 0, total_tokens: counts['completion_tokens'] })
    },
  },
  {
    id: 'usage-beyond-limit',
    what: 'completion_tokens is larger than max_tokens.',
    class: 'C09',
    trigger: [plain({ messages: [{ role: 'user', content: 'Count to 50.' }], max_tokens: 5 })],
    plain({ usage: counts }, { turn }) {
      if (!counts || counts['completion_tokens'] !== turn.maxTokens) return
      Object.assign(counts, { completion_tokens: turn.maxTokens + 1, total_tokens: turn.promptTokens + turn.maxTokens + 1 })
    },
  },
  {
    id: 'usage-null-streamed',
    what: 'The usage chunk has usage null.',
    class: 'C08',
    trigger: [counted(noTools)],
    events(events) {
      for (const event of events.filter(isUsage)) if ('chunk' in event) Object.assign(event.chunk, { usage: null })
    },
  },
  {
    id: 'usage-chunk-twice',
    what: 'The usage chunk comes twice.',
    class: 'C08',
    trigger: [counted(noTools)],
    events: (events) => events.flatMap((event) => (isUsage(event) ? [event, event] : [event])),
  },
  {
    id: 'usage-chunk-first',
    what: 'The usage chunk comes before all others.',
    class: 'C08',
    trigger: [counted(noTools)],
    events: (events) => [...events.filter(isUsage), ...events.filter((event) => !isUsage(event))],
  },
  {
    id: 'usage-cached-above-prompt',
    what: 'More tokens are said to be cached than the prompt has.',
    class: 'C09',
    trigger: [plain(noTools)],
    plain({ usage: counts }) {
      if (counts) counts['prompt_tokens_details'] = { cached_tokens: Number(counts['prompt_tokens']) + 5 }
    },
  },
]
