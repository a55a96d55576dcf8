import type { CauseId } from '../../fixtures/cause-catalogue.ts'
import type { ContainerFacts } from '../../fixtures/cause/container.ts'
import type { Cause } from '../../fixtures/record.ts'

/** The log of a vLLM that does not know an argument. */
export const unrecognized = `INFO 11-22 18:06:40 [__init__.py:216] Automatically detected platform cuda.
usage: vllm serve [model_tag] [options]
vllm serve: error: unrecognized arguments: --swap-space 4
`

/** A container that runs. */
export const facts: ContainerFacts = { image: 'team/vllm:1', port: 5000, running: true, exitCode: 0, oomKilled: false, log: 'loading' }
/** What the wire shows of a port without a listener. */
export const closed: Cause = {
  id: 'connection-closed',
  layer: 'network',
  sentence: 'closed',
  evidence: ['GET /v1/models → (closed)'],
  remedy: 'kubectl logs',
}

type Row = readonly [
  what: string,
  special: Partial<ContainerFacts>,
  seen: Cause | undefined,
  final: boolean,
  expected: (Partial<Cause> & { readonly id?: CauseId }) | undefined,
]

/** What is special about a container, what the wire shows of it, and what its cause must be; none where it explains nothing. */
export const containers: readonly Row[] = [
  ['a healthy one explains nothing', {}, undefined, true, undefined],
  ['one that still loads is waited for', {}, closed, false, undefined],
  [
    'the port never opens',
    {},
    closed,
    true,
    { id: 'port-closed', sentence: 'The container of team/vllm:1 runs, but nothing ever answered on its port 5000.' },
  ],
  [
    'it listens elsewhere: no need to wait',
    { log: 'Uvicorn running on http://0.0.0.0:8000' },
    closed,
    false,
    { id: 'other-port', remedy: 'CONFORMANCE_IMAGE_PORT=8000' },
  ],
  ['another server beside it says nothing of it', { log: 'metrics server listening at http://0.0.0.0:9090' }, closed, false, undefined],
  [
    'it listens inside of the container only',
    { log: 'Uvicorn running on http://127.0.0.1:5000' },
    closed,
    false,
    { id: 'loopback-only', remedy: 'Add --host 0.0.0.0 to CONFORMANCE_IMAGE_ARGS.' },
  ],
  [
    'it exits with an error',
    { running: false, exitCode: 2, log: unrecognized },
    closed,
    false,
    {
      id: 'container-exited',
      sentence: 'The container of team/vllm:1 exited with an error, code 2.',
      remedy: 'Take --swap-space out of CONFORMANCE_IMAGE_ARGS: this release of the server does not know it.',
    },
  ],
  [
    'it ends without an error',
    { running: false },
    closed,
    false,
    { sentence: 'The container of team/vllm:1 ended by itself, without an error.' },
  ],
  [
    'it is killed for memory, also in the middle of a run',
    { running: false, exitCode: 137, oomKilled: true, memoryGiB: 16 },
    undefined,
    true,
    { id: 'container-oom', sentence: 'The container of team/vllm:1 was killed for memory (OOM): it may use 16 GiB.' },
  ],
  ['it is killed by others', { running: false, exitCode: 137 }, closed, true, { id: 'container-killed' }],
  [
    'what the wire says stays, without the words of a cluster',
    {},
    { ...closed, id: 'engine-dead', sentence: 'The engine is dead.' },
    true,
    {
      id: 'engine-dead',
      sentence: 'The engine is dead.',
      remedy: 'Correct the image or CONFORMANCE_IMAGE_ARGS; its log is in the report.',
    },
  ],
]

/** An answer of the container engine: status 200 unless it says otherwise. */
export interface EngineAnswer {
  readonly status?: number
  readonly body?: unknown
}

/** What a container engine refuses, and the cause that must be named. */
interface EngineSituation {
  readonly what: string
  readonly cause: CauseId
  readonly sentence: string
  /** What each line of evidence holds. */
  readonly evidence: readonly string[]
  /** How often the engine is asked to remove the container. */
  readonly removals: 0 | 1
  /** No engine answers. */
  readonly absent?: boolean
  /** The image that is asked for. */
  readonly image?: string
  /** The call that the engine answers in another way, and its answer. */
  readonly call?: readonly [call: string, answer: EngineAnswer]
  /** The container is removed by someone else once it runs. */
  readonly removed?: boolean
}

/** Container engines that give no container, or lose it. */
export const engines: readonly EngineSituation[] = [
  {
    what: 'there is no engine',
    cause: 'no-engine',
    sentence: 'No container engine answers, and CONFORMANCE_IMAGE needs one.',
    evidence: ['DOCKER_HOST=tcp://127.0.0.1:', '/var/run/docker.sock'],
    removals: 0,
    absent: true,
  },
  {
    what: 'the image does not exist',
    cause: 'no-image',
    sentence: 'The engine has no image team/vlm:1 and cannot pull it.',
    evidence: ['lookup registry: no such host', 'images that it has: team/vllm:1'],
    removals: 0,
    image: 'team/vlm:1',
  },
  ...(
    [
      ['could not select device driver "" with capabilities: [[gpu]]', 'The engine cannot give a GPU to the container of team/vllm:1.'],
      ['exec: "--model": executable file not found in $PATH: unknown', 'The container of team/vllm:1 has no program to start.'],
      ['invalid mount config', 'The engine cannot start a container of team/vllm:1.'],
    ] as const
  ).map(([message, sentence]): EngineSituation => ({
    what: `the engine refuses: ${message}`,
    cause: 'container-not-started',
    sentence,
    evidence: [message],
    removals: 1,
    call: ['POST /containers/c0ffee/start', { status: 500, body: { message } }],
  })),
  {
    what: 'the container was removed by something else',
    cause: 'container-gone',
    sentence: 'The container of team/vllm:1 is no longer there, and this run did not remove it.',
    evidence: ['the engine does not find it'],
    removals: 1,
    removed: true,
  },
]
