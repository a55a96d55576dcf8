import { afterAll, beforeAll, expect, test } from 'vitest'
import { listen, type Listening } from '../vllm/listen.ts'
import { createVllm } from '../vllm/vllm.ts'
import { probe, probes } from './probes.ts'
import recorded from './recorded.json' with { type: 'json' }
import { listenKube, type KubeServer } from './server.ts'
import { createWorld, thingsOf } from './world.ts'

let door: Listening
let kube: KubeServer
beforeAll(async () => {
  door = await listen(createVllm({}))
  kube = await listenKube({
    things: thingsOf(createWorld()),
    forwardTo: door.port,
    token: 'admin',
    nobody: { name: 'conformance', token: 'nobody' },
  })
})
afterAll(async () => {
  await kube.close()
  await door.close()
})

test('what is recorded is what is asked', () => {
  expect(recorded.answers.map(({ id }) => id)).toEqual(probes.map(({ id }) => id))
})

for (const one of probes) {
  test(`the mock answers as ${recorded.source}: ${one.id}`, async () => {
    expect(await probe(kube.url, { admin: 'admin', nobody: 'nobody' }, one)).toEqual(recorded.answers.find(({ id }) => id === one.id))
  })
}

test('nothing but a dry run is taken', async () => {
  const response = await fetch(`${kube.url}/apis/kaito.sh/v1beta1/namespaces/default/workspaces`, {
    method: 'POST',
    headers: { authorization: 'Bearer admin' },
    body: '{}',
  })
  expect(response.status).toBe(405)
})
