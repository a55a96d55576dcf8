import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { EXIT } from '../fixtures/exit-codes.ts'
import { readArguments, runCommand } from '../fixtures/command.ts'
import { loadEnv } from '../fixtures/target/environment.ts'
import { excerpt, plural } from '../fixtures/text.ts'
import { UserMistake } from '../fixtures/user-mistake.ts'
import { readResults } from '../reports/earlier.ts'
import { folderOfLastRun } from '../reports/store.ts'
import { compatibilityDocuments } from './compatibility.ts'
import { EVIDENCE_FOLDER, evidenceOf, evidenceText, readEvidence, type Told } from './evidence.ts'

const ROOT = resolve(import.meta.dirname, '..')

const NAME = /^[a-z0-9][a-z0-9._-]*$/

/** `npm run evidence -- NAME`: keeps what the last run showed, and renews what is made of it. */
function main(args: readonly string[]): number {
  const { name, told } = read(args)
  loadEnv(() => {})
  const from = folderOfLastRun()
  const record = evidenceOf(readResults(from), told)
  const folder = resolve(ROOT, EVIDENCE_FOLDER)
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${name}.json`)
  const before = existsSync(file)
  writeFileSync(file, evidenceText(record))
  for (const [path, text] of compatibilityDocuments(readEvidence(folder))) writeFileSync(resolve(ROOT, path), text)
  const { passed, failed, known } = record.verdicts
  process.stdout.write(
    `${EVIDENCE_FOLDER}/${name}.json ${before ? 'renewed' : 'added'}: vLLM ${record.vllm}, parser ${record.parser}, ${passed.length} passed, ${failed.length} failed, ${plural(known.length, 'known defect')}; docs/compatibility.md says so.\n`,
  )
  return EXIT.conforms
}

function read(args: readonly string[]): { readonly name: string; readonly told: Told } {
  const usage = 'npm run evidence -- NAME [--parser NAME] [--form NAME] [--template FILE] [--model WORDS]'
  const parsed = readArguments(
    {
      args: [...args],
      options: { parser: { type: 'string' }, form: { type: 'string' }, template: { type: 'string' }, model: { type: 'string' } },
      allowPositionals: true,
    },
    usage,
  )
  const [name, ...others] = parsed.positionals
  if (name === undefined || others.length > 0) throw new UserMistake(`Give one name for the record, such as vllm-0.25.1-hermes: ${usage}.`)
  if (!NAME.test(name))
    throw new UserMistake(`${excerpt(name)} is no name for a record: lower-case letters, digits, dots, dashes and underscores only.`)
  return { name, told: parsed.values }
}

if (process.argv[1] === import.meta.filename) await runCommand(() => main(process.argv.slice(2)))
