import { unitsOf } from '../fixtures/run/plan.ts'
import { loadEnv } from '../fixtures/target/environment.ts'
import { excerpt } from '../fixtures/text.ts'
import { failureOf } from '../fixtures/user-mistake.ts'
import { conformanceOf, type Conformance, type MetricPlace } from '../reports/metrics.ts'
import { sharedMock } from './embedded-mock.ts'
import { loadScenarios } from './scenarios.ts'
import { readTerms } from './terms.ts'
import { watchConfiguration } from './watch/configuration.ts'
import { probe } from './watch/probe.ts'
import { findSubjects } from './watch/subjects.ts'

/** What one probe of one server says, for a program that asks for probes in its own time. */
export interface OneProbe {
  readonly place: MetricPlace
  readonly conformance: Conformance
  /** Failed requirements by level; none are known where nothing was judged. */
  readonly failed: Readonly<Record<'MUST' | 'SHOULD', number>> | undefined
  readonly seconds: number
  /** Why it does not conform, in one line. */
  readonly error?: string
}

/** Probes each server that the environment means once, one after the other. Rejects with a UserMistake for a wrong configuration. */
export async function probeOnce(env: NodeJS.ProcessEnv): Promise<readonly OneProbe[]> {
  loadEnv((line) => void process.stderr.write(`${line}\n`))
  const configuration = watchConfiguration(env)
  const units = unitsOf(await loadScenarios(configuration.tries))
  const terms = readTerms(configuration, units, new Date())
  const { subjects, troubles } = await findSubjects(configuration, env)
  const { serveTime } = await import('../mocks/mcp/serve.ts')
  const [timeDoor, mock] = [await serveTime(), sharedMock()]
  const said: OneProbe[] = troubles.map(({ place, cause }) => ({
    place,
    conformance: 2,
    failed: undefined,
    seconds: 0,
    error: cause.sentence,
  }))
  try {
    for (const subject of subjects) {
      const { place } = subject
      try {
        const probed = await probe(
          subject,
          { units, terms, startMock: mock.start, timeUrl: timeDoor.url, env },
          { signal: new AbortController().signal },
        )
        if (probed === undefined) continue
        const { run, cause, verdicts } = probed.results
        const count = (level: string): number => verdicts.filter((one) => one.level === level && one.outcome === 'failed').length
        said.push({
          place,
          conformance: conformanceOf(run.exitCode),
          failed: { MUST: count('MUST'), SHOULD: count('SHOULD') },
          seconds: run.seconds ?? 0,
          ...(run.exitCode === 0
            ? {}
            : {
                error: cause === undefined ? excerpt(run.headline) : `${excerpt(cause.sentence)} [${cause.layer}] ${excerpt(cause.remedy)}`,
              }),
        })
      } catch (error) {
        const { text } = failureOf(error)
        said.push({ place, conformance: 2, failed: undefined, seconds: 0, error: excerpt(text.split('\n')[0] ?? text) })
      }
    }
  } finally {
    await Promise.all([mock.close(), timeDoor.close()])
  }
  return said
}

/** How a place is called in one line. */
export const nameOf = ({ namespace, workspace }: MetricPlace): string => (namespace === '' ? workspace : `${namespace}/${workspace}`)
