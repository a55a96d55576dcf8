import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { z } from 'zod'
import packageJson from '../../package.json' with { type: 'json' }
import { helmTest, manifests } from './objects.ts'
import { templates } from './slots.ts'
import { chartValues } from './values.ts'

/** Where the chart stands. */
export const CHART = resolve(import.meta.dirname, '../chart')

/** The chart: the path of each file in it to its text. */
export function chartFiles(): Readonly<Record<string, string>> {
  const defaults = chartValues.parse({})
  const schema = z.toJSONSchema(
    chartValues.extend({ global: z.unknown().optional().describe('Helm sets it where this chart is part of another.') }),
    {
      io: 'input',
      // The newest that the validator of Helm 3 reads.
      target: 'draft-7',
    },
  )
  const chart = {
    apiVersion: 'v2',
    name: packageJson.name,
    description: packageJson.description,
    type: 'application',
    version: packageJson.version,
    appVersion: packageJson.version,
    // backoffLimitPerIndex has been stable since then.
    kubeVersion: '>=1.33.0-0',
  }
  return {
    'Chart.yaml': stringify(chart, { lineWidth: 0 }),
    'values.yaml': Object.entries(chartValues.shape)
      .map(([name, type]) => `# ${type.description}\n${stringify({ [name]: defaults[name as keyof typeof defaults] }, { lineWidth: 0 })}`)
      .join('\n'),
    'values.schema.json': `${JSON.stringify(schema, null, 2)}\n`,
    ...Object.fromEntries(Object.entries(templates([...manifests, helmTest])).map(([name, text]) => [`templates/${name}`, text])),
  }
}

// `npm run chart`: writes deploy/chart anew.
if (process.argv[1] === import.meta.filename) {
  rmSync(CHART, { recursive: true, force: true })
  for (const [name, text] of Object.entries(chartFiles())) {
    mkdirSync(dirname(join(CHART, name)), { recursive: true })
    writeFileSync(join(CHART, name), text)
  }
}
