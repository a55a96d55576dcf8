import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { TestResult } from 'allure-js-commons'
import { LABELS, STATUS, withEffect } from './allure.ts'
import { effectOf, type Effect } from './counts.ts'
import { isHeard, tally } from './headline.ts'
import { compiledFolder, VITEST_HOME, withScratch } from './scratch.ts'
import { FILES, type Recording } from './store.ts'
import { OWN_EXTENSION } from '../fixtures/own-extension.ts'
import { excerpt } from '../fixtures/text.ts'

const execute = promisify(execFile)
const ROOT = resolve(import.meta.dirname, '..')

/**
 * Makes Allure's report of a record as one file that asks no host for anything. Uses the Allure results that the run left, with what was
 * decided after them (waivers), when they then agree with the record verdict by verdict; else makes them from the record. Resolves to its size
 * in bytes; rejects with what Allure says.
 */
export async function allureReport(folder: string, recording: Recording): Promise<number> {
  const results = join(folder, FILES.allure)
  settle(results, recording)
  if (!agrees(results, recording)) {
    const output = await replay(folder, recording)
    if (!agrees(results, recording)) throw new Error(`The Allure results of the record in ${folder} could not be made.\n${output}`)
  }
  const draft = join(folder, `.${FILES.allureReport}`)
  // Part by part: the page is 6 MB, and as text each change would copy twice that.
  await writeFile(draft, dress(await generate(results, recording)), 'latin1')
  const { size } = statSync(draft)
  renameSync(draft, join(folder, FILES.allureReport))
  return size
}

/** Brings the results that were written while the run went on to what was decided when it had ended: vitest need not run again for it. */
function settle(results: string, { run, verdicts }: Recording): void {
  if (!existsSync(results)) return
  const byId = new Map(verdicts.map((verdict) => [verdict.id, verdict]))
  for (const path of resultsIn(results)) {
    const result = readResult(path)
    const verdict = result === undefined ? undefined : byId.get(verdictOf(result))
    if (result === undefined || verdict === undefined) continue
    const effect = effectOf(verdict, run.failOn)
    if (effect === result.labels.find(({ name }) => name === LABELS.effect)?.value) continue
    writeFileSync(path, JSON.stringify(withEffect(result, verdict, effect)))
  }
}

const resultsIn = (results: string): readonly string[] =>
  readdirSync(results)
    .filter((file) => file.endsWith('-result.json'))
    .map((file) => join(results, file))

/** Whether a folder of Allure results says of every verdict, and of nothing else, what the record says. */
export function agrees(results: string, { run: { failOn }, verdicts }: Recording): boolean {
  if (!existsSync(results)) return false
  const wanted = new Map<string, string>(verdicts.map((verdict) => [verdict.id, STATUS[effectOf(verdict, failOn)]]))
  for (const path of resultsIn(results)) {
    const result = readResult(path)
    const id = result === undefined ? '' : verdictOf(result)
    if (wanted.get(id) !== result?.status) return false
    wanted.delete(id)
  }
  return wanted.size === 0
}

const verdictOf = ({ labels }: TestResult): string => labels.find(({ name }) => name === LABELS.verdict)?.value ?? ''

/** An Allure result; undefined for one that was cut while it was written. */
function readResult(path: string): TestResult | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as TestResult
  } catch {
    return undefined
  }
}

/** Makes the Allure results of a record in a separate vitest; resolves to its output. */
async function replay(folder: string, { verdicts }: Recording): Promise<string> {
  const results = join(folder, FILES.allure)
  rmSync(results, { recursive: true, force: true })
  mkdirSync(results)
  if (verdicts.length === 0) return ''
  const vitest = join(dirname(fileURLToPath(import.meta.resolve('vitest/package.json'))), 'vitest.mjs')
  const args = [vitest, 'run', '--configLoader', 'native', '--config', join(import.meta.dirname, `replay.config${OWN_EXTENSION}`)]
  // Its exit code is 1 whenever a verdict failed, so the results that it wrote are checked instead.
  return await withScratch(
    folder,
    async (scratch) =>
      await new Promise((done) => {
        const env = { ...environment(), CONFORMANCE_REPORT_DIR: resolve(folder), [VITEST_HOME]: scratch }
        execFile(process.execPath, args, { cwd: ROOT, env, maxBuffer: Number.POSITIVE_INFINITY }, (_error, stdout, stderr) =>
          done(stdout + stderr),
        )
      }),
  )
}

/** The page as Allure makes it, each byte as one character. */
async function generate(results: string, recording: Recording): Promise<string> {
  return await withScratch(dirname(results), async (scratch) => {
    const config = join(scratch, 'allurerc.json')
    writeFileSync(config, JSON.stringify(allureConfig(recording)))
    const output = join(scratch, 'report')
    const args = [join(import.meta.dirname, `allure-page${OWN_EXTENSION}`), resolve(results), config, output]
    await execute(process.execPath, args, { cwd: scratch, env: environment() })
    return readFileSync(join(output, 'index.html'), 'latin1')
  })
}

/** An environment without the caller's variables: vitest and Allure read dozens of them, those of CI included. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, SystemRoot } = process.env
  return { PATH, HOME, TMPDIR, SystemRoot, NODE_COMPILE_CACHE: compiledFolder() }
}

function allureConfig(recording: Recording): object {
  const { run: about } = recording
  return {
    name: `${excerpt(about.suite.name, 80)} on ${excerpt(about.target.name, 120)}`,
    variables: {
      target: excerpt(about.target.name),
      server: excerpt(about.server.name),
      ...(isHeard(about) ? { profile: excerpt(`${about.server.profile} (${about.server.profileReason})`) } : {}),
      model: excerpt(about.server.model ?? about.server.models.join(', ')),
      suite: excerpt(`${about.suite.name} ${about.suite.version}`),
      verdicts: tally(recording),
    },
    categories: {
      rules: [
        category('Failed requirements', 'failure'),
        category('Known defects of the engine', 'known'),
        category('Waived', 'waived'),
        category('Warnings', 'warning'),
        category('Blocked: a prerequisite is missing', 'blocked', true),
        category('Broken: a defect of this suite', 'broken'),
        category('Inconclusive', 'inconclusive', true),
        category('Not applicable', 'not applicable', true),
      ],
    },
    plugins: {
      awesome: {
        options: {
          singleFile: true,
          reportLanguage: 'en',
          groupBy: ['feature'],
          sections: [],
        },
      },
    },
  }
}

function category(name: string, effect: Effect, groupByMessage = false): object {
  return { name, matchers: { labels: { tag: `^${effect}$` } }, groupByMessage }
}

/** What is empty here, and what contradicts the record: a share without what could not be judged, and times of single exchanges. */
const HIDDEN = [
  ...['qualityGate', 'globalAttachments', 'globalErrors', 'timeline'].map((name) => `[data-testid="nav-tab-${name}"]`),
  '[data-testid="report-data"]',
  '[data-testid="report-header"] svg',
]

/** Allure's page in parts, without its calls to the outside, under a policy that forbids them. */
function* dress(page: string): Generator<string> {
  const nonce = randomBytes(16).toString('base64')
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src 'unsafe-inline' data:`,
    `img-src data: blob:`,
    `font-src data:`,
    `media-src data: blob:`,
    `connect-src data: blob:`,
    `frame-src blob:`,
    `base-uri 'self' file:`,
    `form-action 'none'`,
  ].join('; ')
  const head = `<head><meta http-equiv="Content-Security-Policy" content="${policy}"><style>${HIDDEN.join(', ')} { display: none !important }</style>`
  const [beginning = '', ...scripts] = page.split('<script')
  yield beginning.replace('<head>', () => head)
  let isFetched = false
  for (const part of scripts) {
    // A script from another host goes, and with it the next one, which calls it.
    const goes = isFetched
    isFetched = part.startsWith(' async src="https://')
    if (goes || isFetched) {
      yield part.slice(part.indexOf(SCRIPT_END) + SCRIPT_END.length)
    } else {
      yield `<script nonce="${nonce}"`
      yield part
    }
  }
}

const SCRIPT_END = '</script>'
