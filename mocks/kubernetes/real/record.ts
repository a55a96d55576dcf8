import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { listen } from '../../vllm/listen.ts'
import { createVllm } from '../../vllm/vllm.ts'
import { probe, probes, type Probed } from '../probes.ts'
import { createWorld, thingsOf } from '../world.ts'
import { findAssets, installCrds, KUBERNETES, startControlPlane } from './control-plane.ts'

/** Writes what a real API server answers to the probes into recorded.json, against which the mock is held. */
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const plane = await startControlPlane(await findAssets(say))
const door = await listen(createVllm({}))
try {
  await installCrds(plane, say)
  await plane.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kaito-workspace' } })
  for (const thing of thingsOf(createWorld())) await plane.apply(thing)
  await plane.forward('default', door.port)
  await new Promise((done) => setTimeout(done, 1000))
  const answers: Probed[] = []
  for (const one of probes) answers.push(await probe(plane.url, { admin: plane.admin.token, nobody: plane.user.token }, one, plane.ca))
  writeFileSync(
    resolve(import.meta.dirname, '../recorded.json'),
    `${JSON.stringify({ source: `kube-apiserver ${KUBERNETES}`, answers }, null, 2)}\n`,
  )
  say(`${answers.length} answers recorded`)
} finally {
  await plane.close()
  await door.close()
}
