import { expect, test } from 'vitest'
import { UserMistake } from '../fixtures/user-mistake.ts'
import { unitsOf } from '../fixtures/run/plan.ts'
import { loadScenarios } from './scenarios.ts'
import { namesOf } from './terms.ts'
import { readWaivers } from './waivers.ts'

const names = namesOf(unitsOf(await loadScenarios(5)))
const NOW = new Date('2026-11-28T12:00:00Z')

const GOOD = {
  check: 'stream.done',
  expect: 'failed',
  reason: 'the agent does not look at it',
  link: 'https://github.com/vllm-project/vllm/issues/47963',
  owner: 'platform-team',
  expires: '2026-12-31',
}

/** A file with one entry: the good one with some lines replaced, or left out where they are undefined. */
function entry(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const lines = Object.entries({ ...GOOD, ...changes }).flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`]))
  return `waivers:\n  - ${lines.join('\n    ')}\n`
}

const read = (text: string) => readWaivers(text, 'w.yaml', names, NOW)

function refusalOf(text: string): string {
  try {
    read(text)
  } catch (error) {
    return error instanceof UserMistake ? error.message : `an error of another kind: ${String(error)}`
  }
  return 'accepted'
}

test.for([
  ['a rule', entry()],
  ['a requirement in one form', entry({ check: 'truncation.call:stream' })],
  ['a rule in one form', entry({ check: 'finish.truncated:stream' })],
  ['a requirement on a workspace', entry({ check: 'cluster.kubernetes', expect: 'warning' })],
  ['a cause', entry({ check: 'cause:body-limit' })],
  ['what is flaky', entry({ check: 'truncation.call:stream', expect: 'flaky' })],
  ['conditions', entry({ when: "{ workspace: 'team-a/*', vllm: '>=0.25 <0.33', parser: hermes }" })],
  ['its last day', entry({ expires: '2026-11-28' })],
  ['the furthest day', entry({ expires: '2027-05-27' })],
  ['one that is over, which a run judges', entry({ expires: '2026-11-27' })],
  ['quotation marks', entry({ expires: "'2026-12-31'", reason: '"a: b # c"' })],
  [
    'the same check under other conditions',
    `${entry({ when: '{ parser: hermes }' })}${entry({ when: '{ parser: mistral }' }).replace('waivers:\n', '')}`,
  ],
  ['no entries', 'waivers: []\n'],
  [
    'a reason as people type it, and a comment',
    entry({ reason: 'the agent\u2019s \u201Cno\u201D \u2013 see #1' }).replace('expect: failed', 'expect: failed # \u2013 for now'),
  ],
  ['a byte order mark', `\uFEFF${entry()}`],
  ['comments', `# ours\n${entry()}# the end\n`],
] as const)('reads %s', ([, text]) => {
  expect(refusalOf(text)).toBe('accepted')
})

test('an entry carries its line and the days that are left', () => {
  expect(read(`# a comment\n\n${entry()}`)).toMatchObject([{ at: 'w.yaml:4', daysLeft: 33, check: 'stream.done' }])
})

/** What is wrong, the line that must be named, and words of its sentence. */
const wrong: readonly (readonly [what: string, text: string, line: number, words: string])[] = [
  // Ids.
  ['UTF-16', entry().replaceAll(/(?=.)/gs, '\0'), 1, 'UTF-16'],
  ['a mistyped rule', entry({ check: 'stream.don' }), 2, 'did you mean stream.done?'],
  ['letters the other way round', entry({ check: 'stream.odne' }), 2, 'there is no check stream.odne'],
  ['capitals', entry({ check: 'Stream.Done' }), 2, 'there is no check Stream.Done'],
  ['a requirement without its form', entry({ check: 'truncation.call' }), 2, 'truncation.call:plain and truncation.call:stream'],
  ['a form that does not exist', entry({ check: 'truncation.call:streamed' }), 2, 'there is no check'],
  ['a form that its rule never judges', entry({ check: 'stream.done:plain' }), 2, 'there is no check stream.done:plain'],
  ['a form of a requirement on both', entry({ check: 'auto.not-needed:plain' }), 2, 'there is no check'],
  ['a title', entry({ check: 'MUST end a stream' }), 2, 'there is no check'],
  ['a fault of the mock', entry({ check: 'done-missing' }), 2, 'there is no check'],
  ['a known defect', entry({ check: 'paths-in-errors' }), 2, 'there is no check'],
  ['a group', entry({ check: '"Contract: stream"' }), 2, 'there is no check'],
  ['a star', entry({ check: "'*'" }), 2, 'is a pattern'],
  ['a pattern', entry({ check: 'stream.*' }), 2, 'is a pattern'],
  ['a pattern of one letter', entry({ check: 'stream.don?' }), 2, 'is a pattern'],
  ['two ids', entry({ check: 'stream.done, stream.json' }), 2, 'there is no check'],
  ['a list of ids', entry({ check: '[stream.done]' }), 2, 'check is no text'],
  ['a number', entry({ check: '7' }), 2, 'check (7) is no text'],
  ['null', entry({ check: 'null' }), 2, 'check is no text'],
  ['nothing', entry({ check: '' }), 2, 'check is no text'],
  ['an empty id', entry({ check: "''" }), 2, 'is empty'],
  ['an id in a map', entry({ check: '{ id: stream.done }' }), 2, 'check is no text'],
  ['a cause that does not exist', entry({ check: 'cause:body-limits' }), 2, 'did you mean body-limit?'],
  ['a cause without an id', entry({ check: "'cause:'" }), 2, 'there is no cause'],
  ['a cause without its prefix', entry({ check: 'body-limit' }), 2, 'there is no check body-limit'],
  ['a cause with a space', entry({ check: '"cause: body-limit"' }), 2, 'there is no cause'],
  ['an id with a trailing full stop', entry({ check: 'stream.done.' }), 2, 'there is no check'],
  [
    'an id with a zero-width space',
    entry({ check: 'stream.\u200bdone' }),
    2,
    'ZERO WIDTH SPACE (U+200B) at character 19 stands in this line',
  ],
  [
    'an id in typographic quotation marks',
    entry({ check: '\u201Cstream.done\u201D' }),
    2,
    'LEFT DOUBLE QUOTATION MARK (U+201C) at character 12',
  ],
  ['a dash that is none', entry().replace('- check', '\u2013 check'), 2, 'EN DASH (U+2013) at character 3 stands in this line'],
  ['no-break spaces', entry().replace('    expect', '\u00a0   expect'), 3, 'NO-BREAK SPACE (U+00A0) at character 1 stands in this line'],
  ['a no-break space behind a colon', entry().replace('reason: ', 'reason:\u00a0'), 4, 'NO-BREAK SPACE (U+00A0) at character 12'],
  ['an indentation of its own', entry().replace('    expect', '   expect'), 3, 'indented otherwise than its entry'],
  ['an owner that begins with a sign', entry({ owner: '@team' }), 6, 'a value that begins with this character needs quotation marks'],
  ['a link in Markdown', entry({ link: '[x](https://example.com)' }), 5, 'put all of the value in quotation marks'],
  // Aliases that stand for millions of entries.
  [
    'an alias of aliases of aliases',
    `a: &a [x, x]\n${['b', 'c', 'd', 'e'].map((name, index) => `${name}: &${name} [${`*${'abcd'[index]}, `.repeat(9)}]\n`).join('')}waivers: []\n`,
    1,
    'its aliases',
  ],
  ['a colon without its space', entry().replace('expect: failed', 'expect:failed'), 3, 'has to stand in one line with its colon'],
  ['a reason that is put off', entry({ reason: 'TODO ask the team' }), 4, 'is still to be filled in'],
  ['a reason of signs', entry({ reason: '"🙈"' }), 4, 'is still to be filled in'],
  ['a link that runs a script', entry({ link: 'javascript:alert(1)' }), 5, 'is no address'],
  ['a range that holds nothing', entry({ when: "{ vllm: '>=1 <1' }" }), 8, 'can never hold'],
  // The core.
  ['the call under auto', entry({ check: 'auto.calls' }), 2, 'belongs to the core'],
  ['its arguments, plain', entry({ check: 'auto.article:plain' }), 2, 'belongs to the core'],
  ['its arguments, streamed', entry({ check: 'auto.article:stream' }), 2, 'belongs to the core'],
  ['the named call, plain', entry({ check: 'named.calls:plain' }), 2, 'belongs to the core'],
  ['the named call, streamed', entry({ check: 'named.calls:stream' }), 2, 'belongs to the core'],
  ['the rule on named calls', entry({ check: 'calls.named' }), 2, 'belongs to the core'],
  ['one form of it', entry({ check: 'calls.named:stream' }), 2, 'belongs to the core'],
  ['arguments that are no JSON', entry({ check: 'arguments.json' }), 2, 'belongs to the core'],
  ['an ordinary argument', entry({ check: 'arguments.plain.token:plain' }), 2, 'belongs to the core'],
  ['the local function', entry({ check: 'local.runs:stream' }), 2, 'belongs to the core'],
  ['the status of every answer', entry({ check: 'http.status' }), 2, 'belongs to the core'],
  ['the official client', entry({ check: 'client.create' }), 2, 'belongs to the core'],
  ['the core, expected to be flaky', entry({ check: 'auto.calls', expect: 'flaky' }), 2, 'belongs to the core'],
  ['the core under a condition', entry({ check: 'auto.calls', when: '{ parser: hermes }' }), 2, 'belongs to the core'],
  ['a cause that breaks the core', entry({ check: 'cause:no-parser' }), 2, 'breaks the core'],
  // What is expected.
  ['no expectation', entry({ expect: undefined }), 2, 'expect is missing'],
  ['an empty expectation', entry({ expect: '' }), 3, 'is none of failed'],
  ['passed', entry({ expect: 'passed' }), 3, 'is none of failed'],
  ['fail', entry({ expect: 'fail' }), 3, 'is none of failed'],
  ['skip', entry({ expect: 'skip' }), 3, 'is none of failed'],
  ['known', entry({ expect: 'known' }), 3, 'is none of failed'],
  ['capitals', entry({ expect: 'Failed' }), 3, 'is none of failed'],
  ['two expectations', entry({ expect: '[failed, flaky]' }), 3, 'is none of failed'],
  ['true', entry({ expect: 'true' }), 3, 'is none of failed'],
  ['a warning of a MUST', entry({ expect: 'warning' }), 2, 'never warns'],
  ['a flaky cause', entry({ check: 'cause:body-limit', expect: 'flaky' }), 2, 'cannot be flaky'],
  ['an inconclusive cause', entry({ check: 'cause:body-limit', expect: 'inconclusive' }), 2, 'cannot be inconclusive'],
  ['a check of the core without its form', entry({ check: 'named.calls' }), 2, 'belongs to the core'],
  // Reason, link, owner.
  ['no reason', entry({ reason: undefined }), 2, 'reason is missing'],
  ['an empty reason', entry({ reason: '' }), 4, 'reason is no text'],
  ['a blank reason', entry({ reason: "'  '" }), 4, 'is empty'],
  ['a reason to be written', entry({ reason: 'TODO' }), 4, 'is still to be filled in'],
  ['a reason to be written, with words', entry({ reason: 'todo.' }), 4, 'is still to be filled in'],
  ['a reason that is a dash', entry({ reason: "'-'" }), 4, 'is still to be filled in'],
  ['a reason that is a number', entry({ reason: '7' }), 4, 'reason (7) is no text'],
  ['a reason that is a list', entry({ reason: '[a, b]' }), 4, 'reason is no text'],
  ['no link', entry({ link: undefined }), 2, 'link is missing'],
  ['an empty link', entry({ link: '' }), 5, 'link is no text'],
  ['a link to be written', entry({ link: 'TODO' }), 5, 'is still to be filled in'],
  ['the number of an issue', entry({ link: "'#47963'" }), 5, 'is no address'],
  ['an issue in short', entry({ link: 'vllm#47963' }), 5, 'is no address'],
  ['a link without scheme', entry({ link: 'github.com/vllm-project/vllm/issues/1' }), 5, 'is no address'],
  ['a link of another scheme', entry({ link: 'ftp://example.com/1' }), 5, 'is no address'],
  ['a script', entry({ link: "'javascript:alert(1)'" }), 5, 'is no address'],
  ['a link without host', entry({ link: "'https://'" }), 5, 'is no address'],
  ['a link with words', entry({ link: "'https://example.com/1 and more'" }), 5, 'is no address'],
  ['no owner', entry({ owner: undefined }), 2, 'owner is missing'],
  ['an empty owner', entry({ owner: '' }), 6, 'owner is no text'],
  ['an owner to be written', entry({ owner: 'TBD' }), 6, 'is still to be filled in'],
  ['an owner that is a list', entry({ owner: '[a]' }), 6, 'owner is no text'],
  // Dates.
  ['no date', entry({ expires: undefined }), 2, 'expires is missing'],
  ['an empty date', entry({ expires: '' }), 7, 'expires is no date'],
  ['a date too far', entry({ expires: '2027-05-28' }), 7, '181 days ahead, and 180 are the most: give 2027-05-27 or earlier'],
  ['a date in ten years', entry({ expires: '2036-01-01' }), 7, '180 are the most'],
  ['never', entry({ expires: 'never' }), 7, 'is no date'],
  ['a day that does not exist', entry({ expires: '2027-02-30' }), 7, 'is no date'],
  ['a month that does not exist', entry({ expires: '2027-13-01' }), 7, 'is no date'],
  ['a date of another country', entry({ expires: '31.12.2026' }), 7, 'is no date'],
  ['a date with slashes', entry({ expires: '12/31/2026' }), 7, 'is no date'],
  ['a short date', entry({ expires: '2026-12-1' }), 7, 'is no date'],
  ['a date with a time', entry({ expires: '2026-12-31T00:00:00Z' }), 7, 'is no date'],
  ['a number of days', entry({ expires: '30' }), 7, 'is no date'],
  // Conditions.
  ['a condition that is a text', entry({ when: 'always' }), 8, 'is no map of conditions'],
  ['no condition', entry({ when: '{}' }), 8, 'holds no condition'],
  ['an unknown condition', entry({ when: '{ modell: x }' }), 8, 'the key modell is not read'],
  ['a mistyped condition', entry({ when: '{ parsers: hermes }' }), 8, 'did you mean parser?'],
  ['a range that nothing lies in', entry({ when: "{ vllm: '>=0.33 <0.25' }" }), 8, 'can never hold'],
  ['a range below all', entry({ when: "{ vllm: '<0.0.0' }" }), 8, 'can never hold'],
  ['a range that is none', entry({ when: "{ vllm: 'new ones' }" }), 8, 'is no range'],
  ['a range that is a number', entry({ when: '{ vllm: 0.25 }' }), 8, 'is no text'],
  ['a workspace in capitals', entry({ when: "{ workspace: 'Team-A/*' }" }), 8, 'can never hold'],
  ['a workspace in three parts', entry({ when: "{ workspace: 'a/b/c' }" }), 8, 'can never hold'],
  ['a parser in capitals', entry({ when: '{ parser: Hermes }' }), 8, 'can never hold'],
  ['a mistyped parser', entry({ when: '{ parser: hermse }' }), 8, 'did you mean hermes?'],
  ['several parsers', entry({ when: '{ parser: [hermes, mistral] }' }), 8, 'is no text'],
  ['a condition of no value', entry({ when: '{ parser: }' }), 8, 'is no text'],
  // Keys.
  ['an unknown key', entry({ severity: 'low' }), 8, 'the key severity is not read'],
  ['a mistyped key', entry({ reason: undefined, reasn: 'x' }), 7, 'did you mean reason?'],
  ['a key of another tool', entry({ expires: undefined, expired_at: '2026-12-31' }), 7, 'the key expired_at is not read'],
  ['a duplicate key', entry().replace('    owner', '    reason: again\n    owner'), 6, 'a key stands twice'],
  ['a second list', `${entry()}${entry({ check: 'stream.json' })}`, 8, 'a key stands twice'],
  // The whole file.
  ['an empty file', '', 1, 'the file is empty'],
  ['comments only', '# none yet\n', 1, 'the file is empty'],
  ['no list', 'waivers: none\n', 1, 'is no list'],
  ['a list that is null', 'waivers:\n', 1, 'is no list'],
  ['a map in place of the list', 'waivers:\n  check: stream.done\n', 1, 'is no list'],
  ['a bare list', entry().replace('waivers:\n', ''), 1, 'begin it with waivers:'],
  ['a text', 'stream.done\n', 1, 'begin it with waivers:'],
  ['another name of the list', entry().replace('waivers', 'waiver'), 1, 'did you mean waivers?'],
  ['another list beside it', `${entry()}ignore: []\n`, 8, 'the key ignore is not read'],
  ['no space behind the colon', 'waivers:\n  - check:stream.done\n', 2, 'with a space behind the colon'],
  ['an entry that is a text', 'waivers:\n  - stream.done\n', 2, 'is no entry'],
  ['an entry that is null', 'waivers:\n  -\n', 2, 'is no entry'],
  ['a tab', entry().replace('    expect', '\texpect'), 3, 'it is no valid YAML'],
  ['a wrong indentation', entry().replace('    owner', '   owner'), 6, 'it is no valid YAML'],
  ['a quotation mark that is never closed', entry({ reason: "'open" }), 8, 'is not closed here'],
  ['a bracket that is never closed', entry({ when: '{ parser: hermes' }), 9, 'is not closed'],
  ['a second document', `${entry()}---\n${entry()}`, 8, 'a second document begins'],
  ['JSON that is cut', '{"waivers": [', 1, 'it is no valid YAML'],
  ['the same twice', `${entry()}${entry().replace('waivers:\n', '')}`, 8, 'is waived already in line 2'],
  [
    'the same twice under the same conditions',
    `${entry({ when: '{ parser: hermes }' })}${entry({ when: "{ parser: 'hermes' }", expect: 'flaky' }).replace('waivers:\n', '')}`,
    9,
    'in line 2 under the same conditions',
  ],
]

test.for(wrong)('refuses %s', ([, text, line, words]) => {
  const refusal = refusalOf(text)
  const first = refusal.split('\n').find((each) => each.includes(words))
  expect(first, refusal).toMatch(new RegExp(`^w\\.yaml:${line}: \\S.*[.?]$`))
  expect(refusal).not.toMatch(/\n\s|undefined|Invalid|expected|at Object/)
})

test('what breaks the form of a file is told once, and not again for each line behind it', () => {
  const lines = refusalOf(entry().replace('    expect', '   expect')).split('\n')
  expect(lines).toEqual([expect.stringMatching(/^w\.yaml:3: it is no valid YAML: /)])
})

test('a hundred mistakes are tried, and those of one file are told together', () => {
  expect(wrong.length).toBeGreaterThanOrEqual(100)
  const refusal = refusalOf(entry({ check: 'stream.don', reason: 'TODO', owner: undefined }))
  expect(refusal.split('\n').map((each) => each.split(' ')[0])).toEqual(['w.yaml:2:', 'w.yaml:4:'])
})
