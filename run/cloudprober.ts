import { EXIT } from '../fixtures/exit-codes.ts'
import { runCommand } from '../fixtures/command.ts'
import { nameOf, probeOnce, type OneProbe } from './once.ts'

// An external probe of cloudprober in the mode ONCE: each line on stdout is a metric, `name{label=value} number`, and the exit code says
// whether the probe succeeded (https://cloudprober.org/docs/how-to/external-probe/). Why it did not goes to stderr, which cloudprober logs.

/** A value of a label without what separates labels. */
const plain = (text: string): string => text.replaceAll(/[^\w./:@-]+/g, '_')

function metrics({ place, conformance, failed, seconds }: OneProbe): readonly string[] {
  const own = Object.entries({ context: place.context, namespace: place.namespace, workspace: place.workspace })
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${plain(value)}`)
  const line = (name: string, value: number, more: readonly string[] = []): string => `${name}{${[...own, ...more].join(',')}} ${value}`
  return [
    line('toolcalling_conformance', conformance),
    ...Object.entries(failed ?? {}).map(([level, count]) => line('toolcalling_failed_requirements', count, [`level=${level}`])),
    line('toolcalling_run_seconds', seconds),
  ]
}

await runCommand(async () => {
  const probes = await probeOnce(process.env)
  process.stdout.write(probes.flatMap((one) => metrics(one).map((line) => `${line}\n`)).join(''))
  for (const { place, error } of probes) if (error !== undefined) process.stderr.write(`${nameOf(place)}: ${error}\n`)
  const codes = probes.map(({ conformance }) => conformance)
  if (probes.length === 0) process.stderr.write('No workspace was found.\n')
  return codes.includes(1) ? EXIT.fails : codes.includes(2) || probes.length === 0 ? EXIT.blocked : EXIT.conforms
})
