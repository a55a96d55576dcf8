// @module-tag slow
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { detectProfile } from '../fixtures/contract/profiles.ts'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import { unitsOf } from '../fixtures/run/plan.ts'
import { causeOfRun } from '../fixtures/target/cause-of-run.ts'
import { readConfiguration } from '../fixtures/target/configuration.ts'
import { connect, resolveTarget } from '../fixtures/target/target.ts'
import { listenKube } from '../mocks/kubernetes/server.ts'
import { worldOf } from '../mocks/kubernetes/situations.ts'
import { thingsOf } from '../mocks/kubernetes/world.ts'
import { listen } from '../mocks/vllm/listen.ts'
import { createVllm } from '../mocks/vllm/vllm.ts'
import { createLoopback } from '../testing/loopback.ts'
import { reachAll } from '../testing/reach-all.ts'
import { between, hopBefore } from '../testing/situations/between.ts'
import { besideTheAddress } from './both-ways.ts'
import { loadScenarios } from './scenarios.ts'

const loopback = createLoopback()
afterEach(loopback.close)

const asked = new Set(['auto-tool-choice', 'models', 'named-tool-choice', 'readiness'])

describe('an address and the Service behind it', () => {
  test.for(between.map((one) => one))('%s', async ([, { server = {}, cause: id, says, evidence = [], ...hop }]) => {
    const pod = await listen(createVllm({ model: 'qwen2.5-coder-7b-instruct', ...server }))
    loopback.defer(() => pod.close())
    const kube = await listenKube({ things: thingsOf(worldOf({ name: 'healthy' })), forwardTo: pod.port })
    loopback.defer(() => kube.close())
    const folder = await mkdtemp(join(tmpdir(), 'conformance-both-ways-'))
    loopback.defer(() => rm(folder, { recursive: true, force: true }))
    await writeFile(join(folder, 'config'), kube.kubeconfig())
    const address = await hopBefore(loopback, pod.url, hop)
    const configuration = readConfiguration({
      KAITO_WORKSPACE: 'workspace-phi-4-mini-toolcall',
      OPENAI_BASE_URL: address,
      CONFORMANCE_READY_TIMEOUT: '2',
      CONFORMANCE_TIMEOUT: '10',
    })
    const said: string[] = []
    const say = (line: string): void => void said.push(line)
    const target = await resolveTarget(configuration, {
      say,
      startMock: () => Promise.reject(new Error('no mock')),
      env: { KUBECONFIG: join(folder, 'config') },
    })
    loopback.defer(() => target.close())
    const scenarios = new Map([...(await loadScenarios(1))].filter(([slug]) => asked.has(slug)))
    const facts = { profile: detectProfile(target.readiness).profile, hasKey: false, contextLength: undefined, cluster: target.cluster }
    const run = { model: target.server.model ?? '', models: target.server.models, facts }
    const sender = connect(target, configuration)
    const exchanges: Exchange[] = [...target.readiness.exchanges]
    const verdicts = await reachAll(scenarios, {
      ...run,
      send: sender.send,
      made: target.readiness.exchanges,
      blocked: target.readiness.cause?.sentence,
      onExchange: (exchange) => exchanges.push(exchange),
    })
    await sender.close()
    const failed = verdicts.filter(({ level, outcome }) => level === 'MUST' && (outcome === 'failed' || outcome === 'blocked'))
    const what = { units: unitsOf(scenarios), options: { facts: { ...facts, views: () => [] } }, run, verdicts, failed }
    const cause = await causeOfRun(target, { hasKey: false, exchanges, failed }, () => besideTheAddress(target, configuration, what, say))
    const { id: named, sentence = '' } = cause ?? {}
    expect({ id: named, sentence }).toEqual({ id, sentence: expect.stringMatching(id === undefined ? /^$/ : (says ?? /./)) })
    // The workspace is known: what is to be typed names it.
    expect(cause?.remedy ?? '').not.toMatch(/\bWORKSPACE\b/)
    for (const words of evidence) expect(cause?.evidence.join('\n')).toContain(words)
    expect(failed.length > 0).toBe(id !== undefined || server.fault !== undefined)
    // A healthy address costs no second look.
    expect(said.some((line) => line.startsWith('What failed is tried again'))).toBe(
      failed.length > 0 && target.readiness.status === 'ready',
    )
  })
})
