/**
 * Recorded cases that are no model to follow. `defect` numbers the defects of real vLLM in the project's list of
 * observations; 0 stands for the circumstances of the recording, told in `why`. Raw markup under none needs no entry:
 * content is not compared.
 */
export interface Exclusion {
  defect: number
  why: string
  /** Version and parser of the recording → cases. */
  cases: Readonly<Record<string, readonly string[]>>
}

export const exclusions: readonly Exclusion[] = [
  {
    defect: 1,
    why: 'tool_choice null loses the call of a plain answer',
    cases: {
      '0.12.0 hermes': ['auto.null-choice'],
      '0.14.1 hermes': ['auto.null-choice'],
      '0.17.1 hermes': ['auto.null-choice'],
      '0.22.1 hermes': ['auto.null-choice'],
      '0.25.1 hermes': ['auto.null-choice'],
      '0.32.0 hermes': ['auto.null-choice'],
    },
  },
  {
    defect: 8,
    why: 'a streamed call that max_tokens cut says tool_calls',
    cases: {
      '0.12.0 hermes': ['truncated.auto.stream', 'truncated.required.stream'],
      '0.14.1 hermes': ['truncated.auto.stream', 'truncated.required.stream'],
      '0.17.1 hermes': ['truncated.auto.stream', 'truncated.required.stream'],
      '0.22.1 hermes': ['truncated.auto.stream', 'truncated.auto-early.stream', 'truncated.required.stream'],
      '0.25.1 hermes': ['truncated.auto.stream', 'truncated.required.stream'],
    },
  },
  {
    defect: 10,
    why: 'a value with a closing tag breaks the call',
    cases: {
      '0.12.0 hermes': ['auto.markup', 'auto.markup.stream'],
      '0.14.1 hermes': ['auto.markup', 'auto.markup.stream'],
      '0.17.1 hermes': ['auto.markup', 'auto.markup.stream'],
      '0.22.1 hermes': ['auto.markup'],
      '0.25.1 hermes': ['auto.markup'],
      '0.32.0 hermes': ['auto.markup'],
    },
  },
  {
    defect: 18,
    why: 'a schema that does not compile gives 500',
    cases: {
      '0.25.1 hermes': ['error.schema-required'],
    },
  },
  {
    defect: 20,
    why: 'a body that is a list gives 500',
    cases: {
      '0.12.0 hermes': ['error.body-list'],
      '0.12.0 none': ['error.body-list'],
      '0.14.1 hermes': ['error.body-list'],
      '0.14.1 none': ['error.body-list'],
      '0.17.1 hermes': ['error.body-list'],
      '0.17.1 none': ['error.body-list'],
      '0.22.1 hermes': ['error.body-list'],
      '0.22.1 none': ['error.body-list'],
      '0.25.1 hermes-without-auto': ['error.body-list'],
      '0.25.1 hermes': ['error.body-list'],
      '0.25.1 none': ['error.body-list'],
    },
  },
  {
    defect: 25,
    why: 'none is ignored when streamed',
    cases: {
      '0.22.1 hermes': ['none.stream'],
    },
  },
  {
    defect: 27,
    why: 'a cut required call gives 400',
    cases: {
      '0.12.0 hermes': ['truncated.required', 'truncated.required-1'],
      '0.14.1 hermes': ['truncated.required', 'truncated.required-1'],
      '0.17.1 hermes': ['truncated.required', 'truncated.required-1'],
    },
  },
  {
    defect: 28,
    why: 'fragments of two choices go through one parser',
    cases: {
      '0.12.0 hermes': ['n2.auto.stream'],
      '0.14.1 hermes': ['n2.auto.stream'],
      '0.17.1 hermes': ['n2.auto.stream'],
    },
  },
  {
    defect: 30,
    why: 'arguments are never streamed',
    cases: {
      '0.12.0 hermes': ['auto.zero.stream', 'auto.zero-bare.stream', 'auto.empty-string.stream'],
      '0.14.1 hermes': ['auto.zero.stream', 'auto.zero-bare.stream', 'auto.quotes.stream'],
      '0.17.1 hermes': ['auto.zero.stream', 'auto.zero-bare.stream', 'auto.unicode.stream', 'auto.quotes.stream', 'auto.types.stream'],
    },
  },
  {
    defect: 38,
    why: 'without parser nothing guides a forced call',
    cases: {
      '0.12.0 none': ['required', 'required.stream', 'required.parallel', 'required.parallel.stream', 'required.parallel-false', 'required.parallel-false.stream', 'required.not-needed', 'required.not-needed.stream', 'required.zero', 'required.zero.stream', 'required.quotes', 'required.quotes.stream', 'required.types', 'required.types.stream', 'truncated.required', 'truncated.required.stream', 'truncated.required-1', 'usage.required.stream', 'usage-continuous.required.stream', 'error.schema-required.stream'],
    },
  },
  {
    defect: 0,
    why: 'the machine was busy, so that the whole call shares the delta of the finish reason',
    cases: {
      '0.12.0 hermes': ['required.quotes.stream', 'usage.required.stream'],
      '0.17.1 hermes': ['required.parallel-false.stream', 'usage-continuous.required.stream'],
    },
  },
  {
    defect: 0,
    why: 'the scripted model wrote byte by byte, which no request can ask for',
    cases: {
      '0.12.0 hermes': ['auto.bytewise.stream'],
      '0.17.1 hermes': ['auto.bytewise.stream'],
    },
  },
  {
    defect: 9,
    why: 'a cut response shows the markup as the text of a message',
    cases: {
      '0.12.0 hermes': ['responses.truncated.stream'],
      '0.14.1 hermes': ['responses.truncated', 'responses.truncated.stream'],
      '0.17.1 hermes': ['responses.truncated', 'responses.truncated.stream'],
      '0.22.1 hermes': ['responses.truncated', 'responses.truncated.stream'],
      '0.25.1 hermes': ['responses.truncated', 'responses.truncated.stream'],
      '0.32.0 hermes': ['responses.truncated'],
    },
  },
  {
    defect: 22,
    why: 'without parser /v1/responses answers 200 with the raw markup',
    cases: {
      '0.12.0 none': ['responses.auto', 'responses.auto.stream', 'responses.parallel', 'responses.parallel.stream', 'responses.truncated', 'responses.truncated.stream'],
      '0.14.1 none': ['responses.auto', 'responses.auto.stream', 'responses.parallel', 'responses.parallel.stream', 'responses.required.stream', 'responses.named', 'responses.named.stream', 'responses.truncated', 'responses.truncated.stream'],
      '0.17.1 none': ['responses.auto', 'responses.auto.stream', 'responses.parallel', 'responses.parallel.stream', 'responses.required', 'responses.required.stream', 'responses.named', 'responses.named.stream', 'responses.truncated', 'responses.truncated.stream'],
      '0.22.1 none': ['responses.auto', 'responses.auto.stream', 'responses.parallel', 'responses.parallel.stream', 'responses.required', 'responses.required.stream', 'responses.named', 'responses.named.stream', 'responses.truncated', 'responses.truncated.stream'],
      '0.25.1 hermes-without-auto': ['responses.auto', 'responses.auto.stream', 'responses.parallel', 'responses.parallel.stream', 'responses.required', 'responses.required.stream', 'responses.named', 'responses.named.stream', 'responses.truncated', 'responses.truncated.stream'],
      '0.25.1 none': ['responses.auto', 'responses.auto.stream', 'responses.parallel', 'responses.parallel.stream', 'responses.required', 'responses.required.stream', 'responses.named', 'responses.named.stream', 'responses.truncated', 'responses.truncated.stream'],
      '0.32.0 none': ['responses.auto', 'responses.auto.stream', 'responses.parallel', 'responses.parallel.stream', 'responses.required', 'responses.required.stream', 'responses.named', 'responses.named.stream', 'responses.truncated', 'responses.truncated.stream'],
    },
  },
  {
    defect: 24,
    why: 'a forced tool ends with end_turn',
    cases: {
      '0.17.1 hermes': ['messages.tool'],
      '0.22.1 hermes': ['messages.tool', 'messages.tool.stream'],
      '0.25.1 hermes': ['messages.tool', 'messages.tool.stream'],
    },
  },
  {
    defect: 29,
    why: 'a forced streamed response is cut with an empty body',
    cases: {
      '0.12.0 hermes': ['responses.required.stream', 'responses.named.stream'],
      '0.14.1 hermes': ['responses.required.stream', 'responses.named.stream'],
      '0.17.1 hermes': ['responses.required.stream', 'responses.named.stream'],
    },
  },
  {
    defect: 38,
    why: 'without parser nothing guides a forced call',
    cases: {
      '0.12.0 none': ['responses.required', 'responses.required.stream', 'responses.named', 'responses.named.stream', 'messages.any', 'messages.any.stream', 'messages.tool', 'messages.tool.stream'],
    },
  },
  {
    defect: 39,
    why: 'a streamed response has the markup as text',
    cases: {
      '0.12.0 hermes': ['responses.auto.stream', 'responses.parallel.stream'],
      '0.14.1 hermes': ['responses.auto.stream', 'responses.parallel.stream'],
      '0.17.1 hermes': ['responses.auto.stream', 'responses.parallel.stream'],
    },
  },
  {
    defect: 40,
    why: 'a cut response says completed',
    cases: {
      '0.12.0 hermes': ['responses.truncated'],
    },
  },
  {
    defect: 41,
    why: 'an empty text block before the call; a [DONE] behind the stream; a text block between calls',
    cases: {
      '0.12.0 hermes': ['messages.text.stream', 'messages.auto', 'messages.auto.stream', 'messages.parallel', 'messages.parallel.stream', 'messages.any', 'messages.any.stream', 'messages.tool', 'messages.tool.stream'],
      '0.12.0 none': ['messages.text.stream'],
      '0.14.1 hermes': ['messages.text.stream', 'messages.auto', 'messages.auto.stream', 'messages.parallel', 'messages.parallel.stream', 'messages.any', 'messages.any.stream', 'messages.tool', 'messages.tool.stream'],
      '0.14.1 none': ['messages.text.stream'],
      '0.17.1 hermes': ['messages.text.stream', 'messages.auto.stream', 'messages.parallel.stream', 'messages.any.stream', 'messages.tool.stream'],
      '0.17.1 none': ['messages.text.stream'],
    },
  },
  {
    defect: 0,
    why: 'the final event of the recording has no output',
    cases: {
      '0.12.0 none': ['responses.text.stream'],
    },
  },
]
