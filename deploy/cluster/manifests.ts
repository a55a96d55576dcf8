import { stringify } from 'yaml'
import { failureOf } from '../../fixtures/user-mistake.ts'
import { manifests } from './objects.ts'
import { filled } from './slots.ts'
import { readValues } from './values.ts'

// `npm run manifests -- NAME=VALUE …`: what the chart installs, as plain YAML on stdout.

try {
  const objects = filled(manifests, readValues(process.argv.slice(2)))
  process.stdout.write(objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n'))
} catch (error) {
  const { text, exitCode } = failureOf(error)
  console.error(text)
  process.exitCode = exitCode
}
