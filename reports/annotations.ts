import { appendFileSync, statSync } from 'node:fs'
import { codeOf } from '../fixtures/thrown.ts'
import { excerpt, plural } from '../fixtures/text.ts'
import { titled } from '../fixtures/titled.ts'
import type { FleetResults } from './fleet/results.ts'
import { blockedOtherwise, headline, reasons, withEffect } from './headline.ts'
import { problemsOf } from './problems.ts'
import type { Recording } from './store.ts'

/** GitHub shows ten errors of a step, and drops the rest without a word. */
const MOST = 10
/** A step summary above 1 MiB is dropped as a whole, that of earlier steps of ours included. */
const SUMMARY_BYTES = 1_000_000

interface Note {
  readonly level: 'error' | 'warning'
  readonly title: string
  readonly text: string
  /** `conformance.waivers.yaml:3` */
  readonly at?: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** Lines that GitHub Actions or Azure DevOps show beside the run, the cause first; nothing anywhere else. */
export const annotations = (recording: Recording, env: Environment): readonly string[] => linesOf(() => notesOf(recording), env)

/** The same for a fleet: what it says of itself, then each cause with its workspaces, the most frequent first. */
export const fleetAnnotations = (fleet: FleetResults, env: Environment): readonly string[] => linesOf(() => fleetNotesOf(fleet), env)

function linesOf(read: () => readonly Note[], env: Environment): readonly string[] {
  const write = env['GITHUB_ACTIONS'] === 'true' ? github : env['TF_BUILD']?.toLowerCase() === 'true' ? azure : undefined
  if (write === undefined) return []
  const notes = read()
  const shown = notes.length > MOST ? notes.slice(0, MOST - 1) : notes
  const more = notes.length - shown.length
  const last: Note = { level: 'error', title: 'Tool calling conformance', text: `and ${more} more: the report has them all.` }
  return [...shown, ...(more > 0 ? [last] : [])].map(write)
}

function notesOf(recording: Recording): readonly Note[] {
  const { run } = recording
  const { state, sentence } = headline(recording)
  const cause = run.ended?.cause
  const red = state !== 'works'
  const about: Note = {
    level: 'error',
    title: excerpt(sentence, 200),
    text:
      cause === undefined
        ? excerpt(sentence, 400)
        : `${excerpt(cause.sentence, 400)} [${excerpt(cause.layer, 40)}] ${inLines(cause.remedy)}`,
  }
  const problems = problemsOf(recording).map(({ title, message, at }): Note => ({
    level: 'error',
    title: excerpt(title, 200),
    text: excerpt(message, 400),
    ...(at === undefined ? {} : { at }),
  }))
  const of = (effect: 'failure' | 'broken' | 'warning'): readonly Note[] =>
    withEffect(recording, effect).map((verdict) => {
      const {
        findings: [first],
        reason,
      } = verdict
      return {
        level: effect === 'warning' ? 'warning' : 'error',
        title: excerpt(titled(verdict), 200),
        text:
          first === undefined
            ? excerpt(reason ?? 'no reason recorded', 400)
            : `got ${excerpt(first.got, 200)}, wanted ${excerpt(first.wanted, 200)}`,
      }
    })
  const unjudged = reasons(blockedOtherwise(recording)).map(([reason, count]): Note => ({
    level: 'error',
    title: `${plural(count, 'requirement')} could not be judged`,
    text: excerpt(reason, 400),
  }))
  return [...(red ? [about] : []), ...problems, ...of('failure'), ...of('broken'), ...unjudged, ...of('warning')]
}

function fleetNotesOf({ run, causes, workspaces }: FleetResults): readonly Note[] {
  if (run.exitCode === 0) return []
  const whole: Note = {
    level: 'error',
    title: excerpt(run.headline, 200),
    text: excerpt([run.headline, ...run.notes].join(' '), 400),
  }
  const groups = causes.map(({ sentence, layer, remedy, workspaces: concerned }): Note => ({
    level: 'error',
    title: excerpt(`${concerned.length} of ${workspaces.length}: ${sentence}`, 200),
    text: [
      `${excerpt(sentence, 400)}${layer === undefined ? '' : ` [${excerpt(layer, 40)}]`}`,
      `Workspaces: ${excerpt(concerned.slice(0, MOST).join(', '), 300)}${concerned.length > MOST ? ` and ${concerned.length - MOST} more` : ''}.`,
      ...(remedy === undefined ? [] : [inLines(remedy)]),
    ].join(' '),
  }))
  return [whole, ...groups]
}

/** A remedy, which may be a file to write, line by line. */
const inLines = (remedy: string): string =>
  remedy
    .trimEnd()
    .split('\n')
    .map((line) => excerpt(line, 400))
    .join('\n')

const lines = (text: string): string => text.replaceAll('\r', '%0D').replaceAll('\n', '%0A')
const githubValue = (text: string): string => lines(text.replaceAll('%', '%25'))
const githubProperty = (text: string): string => githubValue(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
const azureValue = (text: string): string => lines(text.replaceAll('%', '%AZP25'))
const azureProperty = (text: string): string => azureValue(text).replaceAll(';', '%3B').replaceAll(']', '%5D')

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
function github({ level, title, text, at }: Note): string {
  const [, file = '', line = ''] = /^(.*):(\d+)$/.exec(at ?? '') ?? []
  const where = file === '' ? '' : `file=${githubProperty(file)},line=${line},`
  return `::${level} ${where}title=${githubProperty(title)}::${githubValue(text)}`
}

/** https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands */
function azure({ level, title, text, at }: Note): string {
  const [, file = '', line = ''] = /^(.*):(\d+)$/.exec(at ?? '') ?? []
  const where = file === '' ? '' : `sourcepath=${azureProperty(file)};linenumber=${line};`
  return `##vso[task.logissue type=${level};${where}]${azureValue(`${title}: ${text}`)}`
}

/** Text for a log whose reader takes commands from it: what a server wrote is none. */
export function withoutCommands(text: string, env: Environment): string {
  if (env['GITHUB_ACTIONS'] !== 'true' && env['TF_BUILD']?.toLowerCase() !== 'true') return text
  return text.replaceAll('##', '#\u200b#').replaceAll(/^(\s*):(?=:)/gm, '$1:\u200b')
}

/** Appends Markdown to the summary of a step of GitHub Actions, as far as that has room; returns what to say where it cannot be written. */
export function appendStepSummary(text: string, env: Environment): readonly string[] {
  const file = env['GITHUB_STEP_SUMMARY']
  if (file === undefined || file === '') return []
  try {
    const used = statSync(file, { throwIfNoEntry: false })?.size ?? 0
    if (used + Buffer.byteLength(text) <= SUMMARY_BYTES) appendFileSync(file, `${text}\n`)
    return []
  } catch (error) {
    const code = codeOf(error)
    return [`GITHUB_STEP_SUMMARY (${excerpt(file)}) could not be written: ${code}.\n`]
  }
}
