import { conditionOf, mainPod, scenario, type Check, type ClusterEvidence } from '../fixtures/scenario.ts'

/** The condition as it was when the wait ended: the facts are read a little later. */
const is =
  (type: string) =>
  ({ facts, waited }: ClusterEvidence): Check => {
    const object = waited?.object.value ?? facts.object.value
    if (object === undefined) return { blocked: facts.object.problem?.sentence ?? 'the workspace could not be read' }
    const condition = conditionOf(object, type)
    const last = waited?.transitions.findLast((transition) => transition.type === type)
    if (condition?.status === 'True')
      return {
        note:
          last && last.at > 1000
            ? `True after ${(last.at / 1000).toFixed(1)} s`
            : `True when first seen, since ${condition.lastTransitionTime ?? 'an unknown time'}`,
      }
    return {
      where: `status.conditions: ${type}`,
      got: condition ? `${condition.status}, ${condition.reason ?? 'no reason'}: ${condition.message ?? ''}` : 'absent',
      wanted: `True${waited ? ` within ${Math.round(waited.waitedMs / 1000)} s` : ''}`,
    }
  }

const source = 'KAITO tool calling article: ResourceReady, InferenceReady, WorkspaceSucceeded; kaito api/v1beta1/condition_types.go'

export default scenario('Readiness of the workspace', ({ cluster }) => {
  cluster('workspace.resource-ready', 'MUST become ResourceReady', source, is('ResourceReady'))
  cluster('workspace.inference-ready', 'MUST become InferenceReady', source, is('InferenceReady'))
  cluster('workspace.succeeded', 'MUST become WorkspaceSucceeded', source, is('WorkspaceSucceeded'))

  cluster(
    'workspace.state',
    'SHOULD have the state Ready when its conditions are True',
    'kaito api/v1beta1/workspace_types.go: status.state, from v0.9 on',
    ({ waited, facts }): Check => {
      const object = waited?.object.value ?? facts.object.value
      const state = object?.status?.state
      if (state === undefined) return { notApplicable: 'this release of KAITO reports no state' }
      if (waited?.ready !== true) return { notApplicable: `the conditions are not True; the state is ${state}` }
      return state === 'Ready' ? undefined : { where: 'status.state', got: state, wanted: 'Ready' }
    },
  )

  cluster(
    'workspace.order',
    'SHOULD become ResourceReady before InferenceReady, and that before WorkspaceSucceeded',
    'kaito pkg/workspace/controllers/workspace_controller.go: applyInferenceWorkspaceStatus',
    ({ waited }): Check => {
      const becameTrue = ['ResourceReady', 'InferenceReady', 'WorkspaceSucceeded'].map((type) =>
        waited?.transitions.find((one) => one.type === type && one.status === 'True'),
      )
      const [resource, inference, succeeded] = becameTrue.map((one) => one?.at)
      if (resource === undefined || inference === undefined || succeeded === undefined)
        return { notApplicable: 'not all of them became True in this run' }
      return resource <= inference && inference <= succeeded
        ? { note: `ResourceReady after ${resource} ms, InferenceReady after ${inference} ms, WorkspaceSucceeded after ${succeeded} ms` }
        : {
            where: 'order of the conditions',
            got: `${resource} ms, ${inference} ms, ${succeeded} ms`,
            wanted: 'ResourceReady, InferenceReady, WorkspaceSucceeded',
          }
    },
  )

  cluster(
    'workspace.answers',
    'MUST answer over HTTP when its conditions say that it is ready',
    'kaito#931, kaito#1493: conditions stayed True after the pod had died; Service: publishNotReadyAddresses',
    ({ waited, facts, answered }): Check => {
      if (waited?.ready !== true) return { blocked: facts.object.problem?.sentence ?? 'the conditions are not True' }
      if (answered) return undefined
      const missing = facts.service.problem ?? facts.pods.problem
      if (missing?.kind === 'forbidden') return { blocked: missing.sentence }
      return { where: 'GET /v1/models', got: missing?.sentence ?? 'no answer', wanted: 'an answer' }
    },
  )

  cluster(
    'workspace.pod-ready',
    'MUST have its pod Ready when its conditions say that it is ready',
    'kaito#931, kaito#1493: conditions stayed True after the pod had died',
    ({ waited, facts }): Check => {
      if (waited?.ready !== true) return { blocked: facts.object.problem?.sentence ?? 'the conditions are not True' }
      if (facts.pods.problem)
        return facts.pods.problem.kind === 'forbidden'
          ? { blocked: facts.pods.problem.sentence }
          : { notApplicable: facts.pods.problem.sentence }
      const pod = mainPod(facts)
      if (pod === undefined) return { where: `pods with kaito.sh/workspace=${facts.workspace}`, got: 'none', wanted: 'a pod' }
      const ready = conditionOf(pod, 'Ready')
      return ready?.status === 'True'
        ? undefined
        : {
            where: `pod ${pod.metadata?.name}: condition Ready`,
            got: `${ready?.status ?? 'absent'} ${ready?.reason ?? ''}`.trim(),
            wanted: 'True',
          }
    },
  )
})
