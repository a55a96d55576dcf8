import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join, resolve } from 'node:path'
import type { Configuration, SeveralTargets } from '../fixtures/target/configuration.ts'
import { OWN_EXTENSION } from '../fixtures/own-extension.ts'
import { escapeMarkup, excerpt, plural } from '../fixtures/text.ts'

/** Stands for a workspace that was left out because it is not ready. */
const NOT_READY = -1

const meanings: Readonly<Record<number, string>> = {
  0: 'conforms',
  1: 'does not conform',
  2: 'could not begin',
  3: 'could not be judged',
  4: 'a defect of this suite',
  [NOT_READY]: 'not judged: it is not ready',
}

/** Gravest first: what one of several runs ended with is what all of them end with. */
const gravest = [4, 1, 3, 2, 0]

/**
 * Judges each workspace that a pattern, a label selector or an InferenceSet stands for by a run of its own, one after the other, each with
 * its reports in a folder named after it, and one page that leads to them. Resolves to the exit code.
 */
export async function judgeSeveral(
  configuration: Configuration,
  target: SeveralTargets,
  args: readonly string[],
  say: (line: string) => void,
): Promise<number> {
  const { findWorkspaces } = await import('../fixtures/target/workspaces.ts')
  const found = await findWorkspaces(target.wanted, target, process.env)
  for (const note of found.notes) say(note)
  if (found.cause) {
    const { sentence, layer, evidence, remedy } = found.cause
    process.stdout.write(`Cause: ${excerpt(sentence)} [${layer}]\nEvidence: ${excerpt(evidence[0] ?? '')}\nRemedy: ${excerpt(remedy)}\n`)
    return 3
  }
  say(`${plural(found.names.length, 'workspace')} of namespace ${found.namespace}: ${found.names.join(', ')}`)
  const ended: { readonly name: string; readonly code: number }[] = []
  for (const name of found.names) {
    say('')
    const code = await runOf(name, found.namespace, configuration, args)
    ended.push({ name, code })
    if (code > 4) return code
  }
  for (const name of found.leftOut ?? []) ended.push({ name, code: NOT_READY })
  const unready = found.unready === true ? ['The InferenceSet itself is not ready.'] : []
  const lines = ended.map(({ name, code }) => `${code === 0 ? '✓' : '✗'} ${name}: ${meanings[code] ?? `exit ${code}`}`)
  const page = join(configuration.reportDir, 'index.html')
  mkdirSync(configuration.reportDir, { recursive: true })
  writeFileSync(page, overview(ended, [...found.notes, ...unready]))
  process.stdout.write(`\n${[...lines, ...unready, `Report: ${page}`].join('\n')}\n`)
  const codes = [...ended.map(({ code }) => (code === NOT_READY ? 3 : code)), ...(unready.length > 0 ? [1] : [])]
  return gravest.find((code) => codes.includes(code)) ?? 4
}

/** `npm test` for one workspace in a process of its own; signals reach it. */
function runOf(name: string, namespace: string, { reportDir, compare }: Configuration, args: readonly string[]): Promise<number> {
  // Each is compared with its own earlier run, where there is one.
  const earlier = compare !== undefined && existsSync(join(compare, name)) ? join(compare, name) : ''
  return new Promise((done) => {
    const child = spawn(
      process.execPath,
      [resolve(import.meta.dirname, 'start.cjs'), resolve(import.meta.dirname, `main${OWN_EXTENSION}`), ...args],
      {
        stdio: 'inherit',
        // Empty counts as unset, and wins over a .env file.
        env: {
          ...process.env,
          KAITO_WORKSPACE: name,
          KAITO_NAMESPACE: namespace,
          KAITO_INFERENCESET: '',
          CONFORMANCE_REPORT_DIR: join(reportDir, name),
          CONFORMANCE_COMPARE: earlier,
        },
      },
    )
    const pass = (signal: NodeJS.Signals): void => void child.kill(signal)
    process.on('SIGINT', pass).on('SIGTERM', pass)
    child.once('close', (code, signal) => {
      process.off('SIGINT', pass).off('SIGTERM', pass)
      done(code ?? 128 + (signal ? constants.signals[signal] : 0))
    })
  })
}

function overview(ended: readonly { readonly name: string; readonly code: number }[], notes: readonly string[]): string {
  const rows = ended.map(
    ({ name, code }) =>
      `<tr class="${code === 0 ? 'good' : 'bad'}"><td>${code === NOT_READY ? escapeMarkup(name) : `<a href="${escapeMarkup(name)}/index.html">${escapeMarkup(name)}</a>`}</td><td>${escapeMarkup(meanings[code] ?? `exit ${code}`)}</td></tr>`,
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tool calling on ${ended.length} workspaces</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:50rem;padding:0 1rem}table{border-collapse:collapse;width:100%}td{border-bottom:1px solid #ddd;padding:.5rem}.good td:last-child{color:#137333}.bad td:last-child{color:#b3261e;font-weight:600}</style></head>
<body><h1>Tool calling on ${ended.length} workspaces</h1><table>${rows.join('')}</table>${notes.map((note) => `<p>${escapeMarkup(note)}</p>`).join('')}</body></html>
`
}
