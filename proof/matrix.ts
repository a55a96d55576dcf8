import { Worker } from 'node:worker_threads'
import type { Depth } from '../fixtures/depth.ts'
import { profileNamed } from '../fixtures/contract/profiles.ts'
import { freshReader, type Reader } from '../fixtures/run/reader.ts'
import { faultOf } from '../mocks/vllm/faults/index.ts'
import { loadScenarios } from '../run/scenarios.ts'
import type { McpServers } from '../fixtures/mcp/servers.ts'
import { mcpInProcess } from '../mocks/mcp/in-process.ts'
import { sendTo } from '../mocks/vllm/in-process.ts'
import { createVllm, type Vllm, type VllmOptions } from '../mocks/vllm/vllm.ts'
import type { Outcome, Verdict } from '../fixtures/record.ts'
import { reachAll } from '../testing/reach-all.ts'
import { rememberingReader } from '../testing/remember.ts'

/** The key that the mocks of these runs ask for. */
export const KEY = 'sk-of-the-matrix'

const localMcp = mcpInProcess()
const scenarios = await loadScenarios(5)

/** How a run is made, beside how its mock is set up. */
interface Way {
  readonly depth?: Depth | undefined
  /** Only what concerns requests to this route is asked and judged. */
  readonly route?: string | undefined
  readonly mcp?: McpServers | undefined
  readonly reader?: Reader | undefined
}

/** Runs the whole suite in this process against a mock, without a socket. Resolves to all verdicts in the order of the plan. */
export async function runAgainst({ depth, route, mcp, reader, ...options }: VllmOptions & Way): Promise<readonly Verdict[]> {
  return runOn(createVllm({ apiKey: KEY, ...options }), options, { depth, route, mcp, reader })
}

/** The second at which all runs of the matrix are made: what does not change between two faults is the same bytes. */
export const clock = (): number => Date.UTC(2026, 10, 28)

/**
 * Makes the function that runs the suite against a fault and tells what differs from the healthy server. What a fault leaves as it is is
 * not read and judged again, and where it concerns one route only, nothing else is asked; `everything`: all is asked all the same.
 */
export function createMatrix({ everything = false } = {}): (fault: string) => Promise<Row> {
  const reader = rememberingReader()
  const healthy = new Map<string | undefined, Promise<readonly Verdict[]>>()
  return async (id) => {
    const fault = faultOf(id)
    const route = everything ? undefined : fault.path
    const before = healthy.get(route) ?? runAgainst({ clock, reader, route })
    healthy.set(route, before)
    return differences(id, await before, await runAgainst({ clock, reader, route, fault }))
  }
}

/** One server that is judged each time the result is called: its counters keep what earlier runs left. */
export function createJudged(options: VllmOptions): () => Promise<readonly Verdict[]> {
  const vllm = createVllm({ apiKey: KEY, ...options })
  return () => runOn(vllm, options)
}

/** Runs the whole suite against an address at which several servers answer: `serverOf` says which one gets the request of a turn. */
export async function runAgainstSeveral(serverOf: (turn: number) => Vllm): Promise<readonly Verdict[]> {
  let turn = 0
  return runOn(serverOf(0), {}, {}, (id, request) => sendTo(serverOf(turn++), KEY)(id, request))
}

/** Answers are read in the order in which they came, one a turn: what is asked next, and when, never depends on how long reading takes. */
function inOrder(reader: Reader): Reader {
  let last: Promise<unknown> = Promise.resolve()
  return {
    judge: (...asked) => reader.judge(...asked),
    read(...asked) {
      const [before, view] = [last, reader.read(...asked)]
      const inTurn = before.then(() => view)
      last = inTurn.then(
        () => new Promise(setImmediate),
        () => {},
      )
      return inTurn
    },
  }
}

async function runOn(
  vllm: Vllm,
  options: VllmOptions,
  { depth = 'default', route, mcp = localMcp, reader = freshReader }: Way = {},
  send = sendTo(vllm, KEY),
): Promise<readonly Verdict[]> {
  const made = await Promise.all(
    ['/health', '/version', '/metrics', '/v1/models'].map((path) => send(`readiness${path}`, { method: 'GET', path, form: 'plain' })),
  )
  const profile = profileNamed(options.profile ?? vllm.profile.version)
  if (profile === undefined) throw new Error(`the contract has no profile ${options.profile ?? vllm.profile.version}`)
  return reachAll(scenarios, {
    send,
    reader: inOrder(reader),
    made,
    depth,
    route,
    model: vllm.model,
    models: [vllm.model],
    facts: { profile, hasKey: true, contextLength: options.maxModelLen ?? 32_768, mcp },
  })
}

/** What a fault does to the verdicts: those that end otherwise than on the healthy server, by outcome. */
export interface Row {
  readonly fault: string
  readonly changed: Readonly<Partial<Record<Outcome, readonly string[]>>>
}

/** The verdicts of one fault that differ from the healthy run. */
function differences(fault: string, healthy: readonly Verdict[], faulty: readonly Verdict[]): Row {
  const before = new Map(healthy.map((verdict) => [verdict.id, verdict.outcome]))
  const changed: Partial<Record<Outcome, string[]>> = {}
  for (const { id, outcome } of faulty) {
    if (before.get(id) !== outcome) (changed[outcome] ??= []).push(id)
  }
  return { fault, changed }
}

/**
 * Runs the suite against every fault named, in two threads; `onRow` is called as each row is there. Resolves to a row for each, in the
 * order of `faults`.
 */
export async function runMatrix(faults: readonly string[], onRow?: (row: Row) => void): Promise<readonly Row[]> {
  const halves = [0, 1].map((half) => faults.filter((_fault, index) => index % 2 === half)).filter((half) => half.length > 0)
  const rows = new Map<string, Row>()
  await Promise.all(
    halves.map(
      (half) =>
        new Promise<void>((resolve, reject) => {
          const worker = new Worker(new URL('./matrix-worker.ts', import.meta.url), {
            workerData: half,
            execArgv: [],
            // Every run leaves much garbage at once: a small young generation would be collected too often.
            resourceLimits: { maxYoungGenerationSizeMb: 128 },
          })
          worker.on('message', (row: Row) => {
            rows.set(row.fault, row)
            onRow?.(row)
          })
          worker.once('error', reject)
          worker.once('exit', () => resolve())
        }),
    ),
  )
  return faults.flatMap((fault) => rows.get(fault) ?? [])
}
