import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listenKube, type KubeOptions, type KubeServer } from '../mocks/kubernetes/server.ts'
import { createWorld, thingsOf, type Thing, type World } from '../mocks/kubernetes/world.ts'
import { listen, type Listening } from '../mocks/vllm/listen.ts'
import { createVllm, type VllmOptions } from '../mocks/vllm/vllm.ts'

/** One workspace of a mock fleet. */
export interface FleetMember {
  readonly name: string
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  /** What serves it: of members with the same value it is one server. `silent` accepts connections and says nothing. */
  readonly server?: VllmOptions
  /** What is different from a healthy workspace. */
  readonly change?: (world: World) => void
}

/** A cluster of many workspaces. */
export interface MockFleet {
  readonly kube: KubeServer
  /** Path of a kubeconfig for it. */
  readonly kubeconfig: string
  readonly close: () => Promise<void>
}

/** Serves workspaces by a mock API server and mock vLLMs. */
export async function serveFleet(
  members: readonly FleetMember[],
  more: readonly Thing[] = [],
  options: Pick<KubeOptions, 'creates'> = {},
): Promise<MockFleet> {
  const doors = new Map<string, Listening>()
  const ports = new Map<string, number>()
  for (const { name, server = {} } of members) {
    const key = JSON.stringify(server)
    const door = doors.get(key) ?? (await listen(createVllm({ model: 'qwen2.5-coder-7b-instruct', ...server })))
    doors.set(key, door)
    ports.set(`${name}-0`, door.port)
  }
  const things = members.flatMap(worldThings)
  // All share one controller.
  const kube = await listenKube({
    things: [
      ...new Map([...things, ...more].map((thing) => [`${thing.kind}/${thing.metadata.namespace}/${thing.metadata.name}`, thing])).values(),
    ],
    forwardTo: (pod) => ports.get(pod),
    ...options,
  })
  const folder = await mkdtemp(join(tmpdir(), 'conformance-fleet-'))
  const kubeconfig = join(folder, 'config')
  await writeFile(kubeconfig, kube.kubeconfig())
  return {
    kube,
    kubeconfig,
    async close() {
      await kube.close()
      await Promise.all([...doors.values()].map((door) => door.close()))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The objects of one workspace, on a node of its own. */
export function worldThings({ name, namespace, labels, change }: FleetMember): Thing[] {
  const world = createWorld({ workspace: name, ...(namespace === undefined ? {} : { namespace }) })
  const node = `aks-${name}`
  world.node.metadata.name = node
  world.nodeClaim.metadata.name = name
  ;(world.nodeClaim['status'] as { nodeName: string }).nodeName = node
  ;(world.pod['spec'] as { nodeName: string }).nodeName = node
  ;(world.workspace['status'] as { workerNodes: string[] }).workerNodes = [node]
  if (labels !== undefined) world.workspace.metadata.labels = { ...labels }
  change?.(world)
  return thingsOf(world)
}
