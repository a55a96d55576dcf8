import { commandLines, typed } from '../fixtures/typed.ts'

/** What `--help` prints: one screen. */
export const HELP = `${[
  'Judges whether OpenAI-style tool calling works on a server.',
  '',
  ...commandLines([
    [typed('test'), 'the mock vLLM that comes with the suite'],
    [`OPENAI_BASE_URL=http://host:8000/v1 ${typed('test')}`, 'any server by its address'],
    [`KAITO_WORKSPACE=NAME ${typed('test')}`, 'a KAITO workspace of the current kubeconfig context'],
    [`CONFORMANCE_IMAGE=registry/name:tag ${typed('test')}`, 'an image, in a container of its own'],
    ['', ''],
    [typed('test', "-t 'Named tool choice'"), 'part of a group, title or id'],
    [typed('test', "--tags-filter 'stream and must'"), 'by tag'],
    ['', ''],
    [typed('report'), 'makes the reports of the last run again'],
    [typed('waive'), `writes waivers for what failed; ${typed('waive', '--prune')} takes out stale ones`],
    [typed('compare', 'A B'), 'what changed from one run to another'],
    [typed('load'), 'up to how many requests at once tool calling is right'],
    [typed('watch'), 'a few requests every few minutes, and metrics for Prometheus'],
    [typed('mock', '--port 8000'), 'a server to try the suite on'],
  ]),
  '',
  'Exit codes: 0 conforms, 1 does not conform, 2 wrong request, 3 could not be judged, 4 a defect of this suite.',
  'Reports: reports/out, or CONFORMANCE_REPORT_DIR. All variables are in README.md under Configuration.',
].join('\n')}\n`
