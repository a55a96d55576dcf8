/**
 * A recorded case that is no model to follow. `defect` numbers the defects of real vLLM in the project's list of
 * observations; 0 stands for the circumstances of the recording, told in `why`.
 */
export interface Exclusion {
  defect: number
  why: string
  cases: RegExp
  vllm?: readonly string[]
  parser?: string
}

const untilNative = ['0.12.0', '0.14.1', '0.17.1']

export const exclusions: readonly Exclusion[] = [
  { defect: 1, why: 'tool_choice null loses the call of a plain answer', cases: /^auto\.null-choice$/, parser: 'hermes' },
  {
    defect: 8,
    why: 'a streamed call that max_tokens cut says tool_calls',
    cases: /^truncated\.(auto|auto-early|required)\.stream$/,
    vllm: [...untilNative, '0.22.1', '0.25.1'],
    parser: 'hermes',
  },
  { defect: 10, why: 'a value with a closing tag breaks the call', cases: /^auto\.markup(\.stream)?$/, parser: 'hermes' },
  { defect: 18, why: 'a schema that does not compile gives 500', cases: /^error\.schema-required(\.stream)?$/, vllm: ['0.25.1'], parser: 'hermes' },
  { defect: 20, why: 'a body that is a list gives 500', cases: /^error\.body-list$/, vllm: [...untilNative, '0.22.1', '0.25.1'] },
  { defect: 25, why: 'none is ignored when streamed', cases: /^none\.stream$/, vllm: ['0.22.1'], parser: 'hermes' },
  { defect: 27, why: 'a cut required call gives 400', cases: /^truncated\.required(-1)?$/, vllm: untilNative, parser: 'hermes' },
  { defect: 28, why: 'fragments of two choices go through one parser', cases: /^n2\.auto\.stream$/, vllm: untilNative, parser: 'hermes' },
  {
    defect: 30,
    why: 'arguments are never streamed',
    cases: /^auto\.(zero|zero-bare|zero-first|empty-string|quotes|unicode|types)\.stream$/,
    vllm: untilNative,
    parser: 'hermes',
  },
  {
    defect: 38,
    why: 'without parser nothing guides a forced call',
    cases: /required/,
    vllm: ['0.12.0'],
    parser: 'none',
  },
  {
    defect: 0,
    why: 'the machine was busy, so that the whole call shares the delta of the finish reason',
    cases: /^(required\.(quotes|parallel-false)|usage(-continuous)?\.required)\.stream$/,
    vllm: ['0.12.0', '0.17.1'],
    parser: 'hermes',
  },
  {
    defect: 0,
    why: 'the scripted model wrote byte by byte, which no request can ask for',
    cases: /^auto\.bytewise\.stream$/,
    vllm: ['0.12.0', '0.17.1'],
    parser: 'hermes',
  },
]
