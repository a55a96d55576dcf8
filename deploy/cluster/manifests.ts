import { stringify } from 'yaml'
import { EXIT } from '../../fixtures/exit-codes.ts'
import { helps, runCommand } from '../../fixtures/command.ts'
import { manifests } from './objects.ts'
import { filled } from './slots.ts'
import { readValues } from './values.ts'

// `npm run manifests -- NAME=VALUE …`: what the chart installs, as plain YAML on stdout.

const HELP = `Prints what the chart installs as plain YAML: npm run -s manifests -- NAME=VALUE …

  namespace=NAME   where it is installed
  image=NAME:TAG   the image of the suite
  env.NAME=VALUE   any variable of the suite

deploy/chart/values.yaml lists all values; docs/in-cluster.md says more.`

await runCommand(() => {
  if (helps(process.argv.slice(2), HELP)) return EXIT.conforms
  const objects = filled(manifests, readValues(process.argv.slice(2)))
  process.stdout.write(objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n'))
  return EXIT.conforms
})
