import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { LABELS, STATUS } from './allure.ts'
import { startGenerator, type Generator } from './allure-generator.ts'
import { replay } from './allure-replay.ts'
import { effectOf, type Effect } from './counts.ts'
import { headline, tally } from './headline.ts'
import { panel } from './panel.ts'
import { FILES, readRecord, type Recording } from './store.ts'
import { excerpt } from '../fixtures/text.ts'

/**
 * Makes index.html in a report folder: one file that asks no host for anything. Uses the Allure results that the run left when they agree with
 * the record verdict by verdict, else makes them from the record. Resolves to the path of the page; rejects with a RecordError or what
 * Allure says. A generator that is given serves many pages, and stays open.
 */
export async function html(folder: string, generator?: Generator): Promise<string> {
  const recording = readRecord(folder)
  const results = join(folder, FILES.allure)
  if (!agrees(results, recording)) {
    await replay(results, recording)
    if (!agrees(results, recording)) throw new Error(`The Allure results of the record in ${folder} could not be made.`)
  }
  const page = join(folder, FILES.html)
  const draft = join(folder, `.${FILES.html}`)
  const own = generator ?? startGenerator()
  try {
    writeFileSync(draft, dress(await generate(own, results, recording), recording))
  } finally {
    if (generator === undefined) await own.close()
  }
  renameSync(draft, page)
  return page
}

/** Whether a folder of Allure results says of every verdict, and of nothing else, what the record says. */
export function agrees(results: string, { run: { failOn }, verdicts }: Recording): boolean {
  if (!existsSync(results)) return false
  const wanted = new Map<string, string>(verdicts.map((verdict) => [verdict.id, STATUS[effectOf(verdict, failOn)]]))
  for (const name of readdirSync(results).filter((file) => file.endsWith('-result.json'))) {
    const { id, status } = readResult(join(results, name))
    if (wanted.get(id) !== status) return false
    wanted.delete(id)
  }
  return wanted.size === 0
}

/** Verdict id and status of an Allure result; empty and `unreadable` for one that was cut while it was written. */
function readResult(path: string): { readonly id: string; readonly status: string } {
  try {
    const result: { status: string; labels: { name: string; value: string }[] } = JSON.parse(readFileSync(path, 'utf8'))
    return { id: result.labels.find((label) => label.name === LABELS.verdict)?.value ?? '', status: result.status }
  } catch {
    return { id: '', status: 'unreadable' }
  }
}

/** The page as Allure makes it. */
async function generate(generator: Generator, results: string, recording: Recording): Promise<string> {
  const scratch = mkdtempSync(join(tmpdir(), 'conformance-'))
  try {
    const output = join(scratch, 'report')
    await generator.generate({ results: resolve(results), output, config: allureConfig(recording) })
    return readFileSync(join(output, 'index.html'), 'utf8')
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function allureConfig(recording: Recording): object {
  const { run: about } = recording
  const { numbers } = headline(recording)
  return {
    name: `${excerpt(about.suite.name, 80)} on ${excerpt(about.target.name, 120)}`,
    variables: {
      target: excerpt(about.target.name),
      server: excerpt(about.server.name),
      profile: excerpt(`${about.server.profile} (${about.server.profileReason})`),
      model: excerpt(about.server.model ?? about.server.models.join(', ')),
      suite: excerpt(`${about.suite.name} ${about.suite.version}`),
      verdicts: tally(numbers),
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
          sections: ['charts'],
          charts: [{ type: 'currentStatus' }, { type: 'testResultSeverities' }],
        },
      },
    },
  }
}

function category(name: string, effect: Effect, groupByMessage = false): object {
  return { name, matchers: { labels: { tag: `^${effect}$` } }, groupByMessage }
}

/** Allure's page without its calls to the outside, under a policy that forbids them, with our summary above it. */
export function dress(page: string, recording: Recording): string {
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
  const ids = resultIds(page)
  return page
    .replace(/<script async src="https:\/\/[^"]*"><\/script>\s*<script>[^]*?<\/script>/g, '')
    .replaceAll('<script', `<script nonce="${nonce}"`)
    .replace('<head>', () => `<head><meta http-equiv="Content-Security-Policy" content="${policy}">`)
    .replace('<div id="app"></div>', () => `${panel(recording, ids)}<div id="app"></div>`)
}

/** Allure's id of each verdict's result, by verdict id. */
function resultIds(page: string): Map<string, string> {
  const ids = new Map<string, string>()
  for (const [, id = '', data = ''] of page.matchAll(/d\("data\/test-results\/([^"]+)\.json","([^"]*)"\)/g)) {
    const result: { readonly fullName: string } = JSON.parse(Buffer.from(data, 'base64').toString('utf8'))
    ids.set(result.fullName, id)
  }
  return ids
}
