import { stringify } from 'yaml'
import { EXIT } from '../../fixtures/exit-codes.ts'
import { runCommand } from '../../fixtures/command.ts'
import { manifests } from './objects.ts'
import { filled } from './slots.ts'
import { readValues } from './values.ts'

// `npm run manifests -- NAME=VALUE …`: what the chart installs, as plain YAML on stdout.

await runCommand(() => {
  const objects = filled(manifests, readValues(process.argv.slice(2)))
  process.stdout.write(objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n'))
  return EXIT.conforms
})
