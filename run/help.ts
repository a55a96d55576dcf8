/** What `npm test -- --help` prints: one screen. */
export const HELP = `Judges whether OpenAI-style tool calling works on a server.

  npm test                                        the mock vLLM that comes with the suite
  OPENAI_BASE_URL=http://host:8000/v1 npm test    any server by its address
  KAITO_WORKSPACE=NAME npm test                   a KAITO workspace of the current kubeconfig context
  CONFORMANCE_IMAGE=registry/name:tag npm test    an image, in a container of its own

  npm test -- -t 'Named tool choice'              part of a group, title or id
  npm test -- --tags-filter 'stream and must'     by tag

  npm run report                                  makes the reports of the last run again
  npm run waive [-- --prune]                      writes waivers for what failed, or takes out stale ones
  npm run compare -- A B                          what changed from one run to another
  npm run mock -- --port 8000                     a server to try the suite on

Exit codes: 0 conforms, 1 does not conform, 2 wrong request, 3 could not be judged, 4 a defect of this suite.
Reports: reports/out, or CONFORMANCE_REPORT_DIR. All variables are in README.md under Configuration.
`
