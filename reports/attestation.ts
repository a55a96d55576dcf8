import { createHash } from 'node:crypto'
import { counts, effectOf, type Effect } from './counts.ts'
import { gate } from './gate.ts'
import { problemsOf } from './problems.ts'
import type { Recording } from './store.ts'

/**
 * The record as an unsigned in-toto Statement with the predicate test-result v0.1. The subject is the image that was judged, by its digest,
 * else the served model at its address, by a digest of these names; its weights are not known here.
 */
export function attestation(recording: Recording): string {
  const { run, verdicts } = recording
  const named = (...effects: readonly Effect[]): string[] =>
    verdicts.filter((verdict) => effects.includes(effectOf(verdict, run.failOn))).map(({ id }) => id)
  const problems = problemsOf(recording)
  const { effect } = counts(verdicts, run.failOn)
  const warned = effect.warning + effect.known + effect.waived + effect.inconclusive
  const code = run.ended?.exitCode ?? gate(recording).code
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [subjectOf(recording)],
    predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
    predicate: {
      result: code !== 0 || problems.length > 0 || effect.failure > 0 ? 'FAILED' : warned > 0 ? 'WARNED' : 'PASSED',
      configuration: configurationOf(recording),
      passedTests: named('passed'),
      // What is accepted, or said nothing, is not passed.
      warnedTests: named('warning', 'known', 'waived', 'inconclusive'),
      failedTests: named('failure', 'blocked', 'broken'),
    },
  }
  return `${JSON.stringify(statement, null, 1)}\n`
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

function subjectOf({ run: { target, server } }: Recording) {
  const { image = target.name, imageDigest } = server.identity ?? {}
  if (imageDigest !== undefined) return { name: image.replace(/@sha256:.*$/, ''), digest: { sha256: imageDigest.replace('sha256:', '') } }
  const name = `${server.model ?? server.models[0] ?? 'no model'} at ${target.name}`
  return {
    name,
    digest: { sha256: sha256(name) },
    annotations: { digestOf: 'the name of this subject: the digest of the server is not known' },
  }
}

function configurationOf({ run: { suite, target, server, failOn, gate: scope = 'all', filter, ended } }: Recording) {
  const files = [...new Set((ended?.waivers ?? []).map(({ at }) => at.replace(/:\d+$/, '')))]
  return [
    { name: `${suite.name} ${suite.version}`, annotations: { failOn, gate: scope, ...(filter === undefined ? {} : { filter }) } },
    {
      name: target.name,
      uri: target.baseUrl,
      annotations: { server: server.name, profile: server.profile, ...(server.model === undefined ? {} : { model: server.model }) },
    },
    ...files.map((name) => ({
      name,
      annotations: { waivers: (ended?.waivers ?? []).map(({ check, state, expires }) => `${check}: ${state}, until ${expires}`) },
    })),
  ]
}
