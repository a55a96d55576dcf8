import {
  apiPort,
  declaredPorts,
  endpointsOf,
  expectedModelIds,
  isLoopback,
  listensAt,
  mainPod,
  podsBehind,
  portText,
  scenario,
  selectorOf,
  shutBy,
  strayAddresses,
  targetOf,
  unasked,
  wiringOf,
  type Check,
} from '../fixtures/scenario.ts'

export default scenario('Service of the workspace', ({ cluster }) => {
  cluster(
    'service.exists',
    'MUST have a Service with its name',
    'KAITO tool calling article: kubectl get svc; kaito pkg/workspace/manifests/manifests.go: GenerateServiceManifest',
    ({ facts, waited }): Check => {
      const { service } = facts
      if (service.problem === undefined) return undefined
      if (service.problem.kind !== 'absent' || waited?.ready !== true) return { blocked: service.problem.sentence }
      return { where: `Service ${facts.workspace}`, got: 'absent', wanted: 'a Service' }
    },
  )

  cluster(
    'service.port',
    'MUST forward port 80 to port 5000 of the pod',
    'KAITO tool calling article: port 80 for HTTP; kaito pkg/workspace/manifests/manifests.go: GenerateServiceManifest: http 80 → 5000',
    ({ facts: { service } }): Check => {
      if (service.problem) return { blocked: service.problem.sentence }
      const ports = (service.value.spec?.ports ?? []).map(portText)
      const port = apiPort(service.value)
      const target = port && targetOf(port)
      if (service.value.spec?.clusterIP === 'None')
        return { where: 'spec.clusterIP', got: 'None: this is the headless Service', wanted: 'an address' }
      return port?.port === 80 && (target === 5000 || typeof target === 'string')
        ? undefined
        : {
            where: 'spec.ports',
            got: ports.join(', ') || 'none',
            wanted: `http 80 → 5000${ports.some((one) => / 8000 /.test(one)) ? '; 8000 is the local end of a port-forward, not a port of the Service' : ''}`,
          }
    },
  )

  cluster(
    'service.endpoints',
    'MUST have an endpoint that is ready',
    'Kubernetes EndpointSlice; kaito pkg/workspace/manifests/manifests.go: GenerateServiceManifest: selector of pod 0',
    ({ facts: { service, slices, pods, object }, waited }): Check => {
      if (service.problem) return { blocked: service.problem.sentence }
      if (waited?.ready !== true) return { blocked: object.problem?.sentence ?? 'the conditions are not True' }
      if (pods.value && podsBehind(service.value, pods.value).length === 0)
        return { where: 'spec.selector', got: `${selectorOf(service.value).join(', ')}: no pod`, wanted: 'a pod' }
      if (slices.problem) return { notApplicable: slices.problem.sentence }
      if (slices.value.length === 0) return { notApplicable: 'no controller creates EndpointSlices for it' }
      const endpoints = endpointsOf(slices.value)
      if (endpoints.ready === 0)
        return { where: 'EndpointSlices', got: `${endpoints.all} endpoints, none ready`, wanted: 'one that is ready' }
      const stray = strayAddresses(service.value, slices.value, pods.value ?? [])
      return (
        stray && { where: 'EndpointSlices', got: `${stray.join(', ')}, where no pod of the Service is`, wanted: 'the address of its pod' }
      )
    },
  )

  cluster(
    'service.address',
    'MUST lead to an address at which the server listens',
    'Kubernetes EndpointSlice: connections go to the address of the pod; Kubernetes port-forward: these end at localhost inside of it',
    ({ facts }): Check => {
      if (facts.service.problem) return { blocked: facts.service.problem.sentence }
      const port = apiPort(facts.service.value)
      const target = port && targetOf(port)
      if (unasked(facts) === undefined || typeof target !== 'number') return undefined
      const at = listensAt(facts, target)
      if (at === undefined)
        return { notApplicable: 'neither a probe nor the command line nor the log says at which address the server listens' }
      return isLoopback(at.host) ? { where: at.where, got: at.host, wanted: 'the address of the pod, or all' } : undefined
    },
  )

  cluster(
    'service.policies',
    'SHOULD let clients in by the NetworkPolicies of its namespace',
    'Kubernetes NetworkPolicy: without a rule that lets a client in, no pod may connect; Kubernetes port-forward: it passes them by',
    ({ facts, forwarded }): Check => {
      if (facts.service.problem) return { blocked: facts.service.problem.sentence }
      if (facts.networkPolicies.problem) return { notApplicable: facts.networkPolicies.problem.sentence }
      // Another way shows whether they hold at all: not every network plugin keeps to them.
      if (!forwarded) return { notApplicable: 'no port-forward passes them by' }
      const pod = mainPod(facts)
      const port = apiPort(facts.service.value)
      const target = port && targetOf(port)
      const number = typeof target === 'string' ? declaredPorts(pod).find(({ name }) => name === target)?.containerPort : target
      if (pod === undefined || number === undefined) return { notApplicable: 'it is not known to which port of which pod it leads' }
      const names = shutBy(facts.networkPolicies.value, pod, number)
      return (
        names && {
          where: `NetworkPolicies of namespace ${facts.namespace}`,
          got: `${names.join(', ')}: no rule lets anybody in to port ${number} of pod ${pod.metadata?.name}`,
          wanted: 'a rule that lets its clients in',
        }
      )
    },
  )

  cluster(
    'service.container-port',
    'SHOULD forward to a port that the container declares',
    'kaito pkg/workspace/manifests: containerPort 5000',
    ({ facts }): Check => {
      if (facts.service.problem) return { blocked: facts.service.problem.sentence }
      const declared = declaredPorts(mainPod(facts))
      if (declared.length === 0) return { notApplicable: 'the container declares no port' }
      const port = apiPort(facts.service.value)
      const target = port && targetOf(port)
      return declared.some(({ name, containerPort }) => name === target || containerPort === target)
        ? undefined
        : { where: 'spec.ports: targetPort', got: String(target), wanted: declared.map(({ containerPort }) => containerPort).join(', ') }
    },
  )

  cluster(
    'service.model-id',
    'SHOULD list the model under the id that KAITO gives it',
    'kaito presets/workspace/models/vllm_model.go: served-model-name; kaito#1977, kaito#2001: ids of v0.11',
    ({ facts, models }): Check => {
      if (models.length === 0) return { notApplicable: 'the models list could not be read' }
      const told = wiringOf(facts)?.flags['served-model-name']
      const wanted = told === undefined ? expectedModelIds(facts.object.value, facts.kaito?.version) : [told]
      if (wanted.length === 0) return { notApplicable: 'neither a preset nor the command line says which id to expect' }
      return wanted.some((id) => models.includes(id))
        ? { note: models.join(', ') }
        : { where: 'GET /v1/models: data[].id', got: models.join(', '), wanted: wanted.join(' or ') }
    },
  )
})
