import { OWN_EXTENSION } from '../fixtures/own-extension.ts'

/** A command as it is typed in a clone, or with the package. */
const command = (name: string, args = ''): string =>
  OWN_EXTENSION === '.ts'
    ? `npm ${name === 'test' ? name : `run ${name}`}${args === '' ? '' : ` -- ${args}`}`
    : `kaito-tool-calling${name === 'test' ? '' : ` ${name}`}${args === '' ? '' : ` ${args}`}`

const WIDTH = OWN_EXTENSION === '.ts' ? 48 : 58
const line = (typed: string, what: string): string => `  ${typed.padEnd(WIDTH)}${what}`

/** What `--help` prints: one screen. */
export const HELP = `${[
  'Judges whether OpenAI-style tool calling works on a server.',
  '',
  line(command('test'), 'the mock vLLM that comes with the suite'),
  line(`OPENAI_BASE_URL=http://host:8000/v1 ${command('test')}`, 'any server by its address'),
  line(`KAITO_WORKSPACE=NAME ${command('test')}`, 'a KAITO workspace of the current kubeconfig context'),
  line(`CONFORMANCE_IMAGE=registry/name:tag ${command('test')}`, 'an image, in a container of its own'),
  '',
  line(command('test', "-t 'Named tool choice'"), 'part of a group, title or id'),
  line(command('test', "--tags-filter 'stream and must'"), 'by tag'),
  '',
  line(command('report'), 'makes the reports of the last run again'),
  line(command('waive'), `writes waivers for what failed; ${command('waive', '--prune')} takes out stale ones`),
  line(command('compare', 'A B'), 'what changed from one run to another'),
  line(command('load'), 'up to how many requests at once tool calling is right'),
  line(command('watch'), 'a few requests every few minutes, and metrics for Prometheus'),
  line(command('mock', '--port 8000'), 'a server to try the suite on'),
  '',
  'Exit codes: 0 conforms, 1 does not conform, 2 wrong request, 3 could not be judged, 4 a defect of this suite.',
  'Reports: reports/out, or CONFORMANCE_REPORT_DIR. All variables are in README.md under Configuration.',
].join('\n')}\n`
