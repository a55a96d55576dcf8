import { cpSync, existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { planFor } from '../../fixtures/run/filter.ts'
import type { Unit } from '../../fixtures/run/plan.ts'
import { mcpServers } from '../../fixtures/mcp/servers.ts'
import { countersIn, type Counters } from '../../fixtures/load/counters.ts'
import { makeFolder } from '../../fixtures/make-folder.ts'
import type { TargetTools } from '../../fixtures/target/target.ts'
import { readResults } from '../../reports/earlier.ts'
import { resultsOf, type Results } from '../../reports/results.ts'
import type { Recording } from '../../reports/store.ts'
import { againBound, judgeHere, NOTHING_KNOWN } from '../judging.ts'
import type { Terms } from '../terms.ts'
import type { Subject } from './subjects.ts'

/** What every probe needs. */
export interface Probing {
  readonly units: readonly Unit[]
  readonly terms: Terms
  readonly startMock: TargetTools['startMock']
  /** Of the local MCP server, which a probe of a greater depth asks. */
  readonly timeUrl: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What a probe came to. */
export interface Probed {
  readonly results: Results
  /** Requests that reached for the model. */
  readonly requests: number
  /** The server turned requests away (429). */
  readonly refused: boolean
  readonly preset?: string
}

/** The folders of the records of one server: of the last probe, and of the last that does not conform. */
const KEPT = { last: 'last', failed: 'failed' } as const
const UNDER_WAY = 'now'

/**
 * Probes one server once: a run like any other, of little depth, that does not wait and does not try again what failed. `admit` is told
 * what /metrics says, and how many requests at most reach for the model, before any does; undefined when it says no. Rejects as `judgeHere` does.
 */
export async function probe(
  { configuration, compare }: Subject,
  { units, terms, startMock, timeUrl, env }: Probing,
  {
    signal,
    admit = () => true,
    earlier,
  }: {
    readonly signal: AbortSignal
    readonly admit?: (counters: Counters | undefined, requests: number) => boolean
    /** What it is compared with where no earlier run was named. */
    readonly earlier?: Terms['earlier']
  },
): Promise<Probed | undefined> {
  const folder = configuration.reportDir
  const mcp = mcpServers(configuration, timeUrl)
  const held = compare !== undefined && existsSync(compare) ? { results: readResults(compare), from: compare } : earlier
  let preset: string | undefined
  try {
    makeFolder(folder)
    const recording = await judgeHere(
      {
        configuration: { ...configuration, readyTimeoutMs: 0, reportDir: join(folder, UNDER_WAY) },
        units,
        terms: { waivers: terms.waivers, ...(held === undefined ? {} : { earlier: held }) },
        filter: {},
        mcp,
        say: () => {},
      },
      {
        say: () => {},
        startMock,
        env,
        signal,
        admit(target) {
          preset = target.cluster?.facts.object.value?.inference?.preset?.name
          const { status, exchanges: made } = target.readiness
          const metrics = made.find(({ request }) => request.path === '/metrics')
          const options = { facts: NOTHING_KNOWN, depth: configuration.depth, made }
          const most = planFor(units, {}, options).bound.requests - made.length + againBound({ configuration, units, terms }, options)
          if (status === 'ready' && !admit(metrics && countersIn(metrics), most)) return undefined
          // What fails is not tried by other ways as well: the next probe is a try.
          return { ...target, beside: async () => undefined }
        },
      },
    )
    if (recording === undefined || signal.aborted) return undefined
    const results = resultsOf(recording)
    keep(folder, results.run.exitCode)
    return { results, ...toModel(recording), ...(preset === undefined ? {} : { preset }) }
  } finally {
    await Promise.all([mcp.subject.close(), mcp.official?.close()])
  }
}

function toModel({ exchanges }: Recording): Pick<Probed, 'requests' | 'refused'> {
  const asked = [...exchanges.values()].filter(({ request }) => request.method === 'POST')
  return {
    requests: asked.filter(({ end }) => end.kind !== 'unsent').length,
    refused: asked.some(({ status, postponed }) => status === 429 || postponed.length > 0),
  }
}

/** Puts the record of a probe that has ended where it stays until the next one, whole at any moment. */
function keep(folder: string, exitCode: number): void {
  const now = join(folder, UNDER_WAY)
  const replace = (name: string, put: (path: string) => void): void => {
    rmSync(join(folder, name), { recursive: true, force: true })
    put(join(folder, name))
  }
  if (exitCode !== 0) replace(KEPT.failed, (path) => cpSync(now, path, { recursive: true }))
  replace(KEPT.last, (path) => renameSync(now, path))
}
