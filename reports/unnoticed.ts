/** Faults of the mock that no MUST notices, each with the reason. */
export const unnoticed: Readonly<Record<string, string>> = {
  'tool-id-shared-by-choices': 'legal: choices are alternatives, and Kimi numbers the calls of each from 0',
  'second-call-lost': 'the model itself makes one call only; logprobs agree with it',
  'second-call-reuses-arguments': 'the model itself asks twice for the same',
  'second-call-without-arguments': 'the model itself leaves the arguments out, which only a SHOULD can say',
  'call-repeated-to-limit': 'the model itself repeats; a SHOULD says so',
  'null-choice-loses-call': 'null is no value of tool_choice in the API',
  'null-choice-rejected': 'null is no value of tool_choice in the API',
  'auto-calls-without-need': "the model's choice: a SHOULD",
  'empty-tool-calls-on-text': 'a SHOULD: vLLM sent it up to 0.23',
  'markup-on-truncation': 'a SHOULD: most parsers of vLLM do so',
  'error-with-file-path': 'a SHOULD: vLLM did so up to 0.25',
  'bad-schema-accepted': 'legal: vLLM 0.32 constrains only tools that say strict',
}
