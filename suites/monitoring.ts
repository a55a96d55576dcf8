import { pairsOf, scenario, type Check, type Monitor } from '../fixtures/scenario.ts'

/** Whether a monitor was made for this workspace, whether or not it finds it. */
const meant = ({ metadata, spec }: Monitor, names: readonly string[]): boolean =>
  [metadata?.name ?? '', ...Object.values(spec?.selector?.matchLabels ?? {})].some((text) =>
    names.some((name) => text === name || text.includes(`${name}-`) || text.endsWith(`-${name}`)),
  )

const isPodMonitor = ({ kind, spec }: Monitor): boolean => kind === 'PodMonitor' || spec?.podMetricsEndpoints !== undefined

export default scenario('Monitoring of the workspace', ({ cluster }) => {
  cluster(
    'monitoring.selected',
    'SHOULD be selected by the ServiceMonitor or PodMonitor that is meant for it',
    "AKS documentation: monitoring: KAITO's Service carries no labels; the article: next steps",
    ({ facts: { monitors, service, pods, namespace, workspace, object } }): Check => {
      if (monitors.problem) return { notApplicable: monitors.problem.sentence }
      const names = [workspace, object.value?.inference?.preset?.name].filter((name) => name !== undefined)
      const selects = (monitor: Monitor): boolean => {
        const { selector, namespaceSelector } = monitor.spec ?? {}
        const labels = isPodMonitor(monitor) ? pods.value?.[0]?.metadata?.labels : service.value?.metadata?.labels
        const there =
          namespaceSelector?.any === true ||
          namespaceSelector === undefined ||
          (namespaceSelector.matchNames ?? [monitor.metadata?.namespace]).includes(namespace)
        return there && Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels?.[key] === value)
      }
      const found = monitors.value.filter(selects)
      if (found.length > 0) return { note: found.map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`).join(', ') }
      const missed = monitors.value.find((monitor) => meant(monitor, names))
      if (missed === undefined) return { notApplicable: 'no monitor is meant for this workspace' }
      const labels = pairsOf(missed.spec?.selector?.matchLabels)
      return {
        where: `${isPodMonitor(missed) ? 'PodMonitor' : 'ServiceMonitor'} ${missed.metadata?.namespace}/${missed.metadata?.name}: spec.selector`,
        got: `the labels of ${isPodMonitor(missed) ? 'the pod' : `Service ${workspace}`} do not match`,
        wanted: `kubectl label service ${workspace} ${labels.join(' ')} -n ${namespace}`,
      }
    },
  )
})
