import {
  configTraps,
  parserOfTemplate,
  scenario,
  wiredByRelease,
  wiringOf,
  type Check,
  type ClusterEvidence,
  type ClusterFacts,
  type Facts,
  type Wiring,
} from '../fixtures/scenario.ts'

/** A check of a command line that is known to be vLLM's own. */
const ofVllm =
  (check: (wiring: Wiring, facts: ClusterFacts, about: Facts) => Check) =>
  ({ facts }: ClusterEvidence, about: Facts): Check => {
    const wiring = wiringOf(facts)
    if (wiring === undefined)
      return { notApplicable: facts.pods.problem?.sentence ?? 'there is no pod and no StatefulSet to read a command from' }
    if (wiring.runtime === 'transformers') return { notApplicable: 'the pod runs the transformers runtime' }
    if (wiring.runtime === 'unknown') return { notApplicable: `${wiring.where}: its command is not one of KAITO's` }
    if (facts.object.value?.inference?.config && facts.inferenceConfig.problem?.kind === 'forbidden')
      return { notApplicable: facts.inferenceConfig.problem.sentence }
    return check(wiring, facts, about)
  }

/** Models whose format vLLM reads without a parser being named: the mistral tokenizer up to v0.10, gpt-oss. */
const reads = ({ flags }: Wiring): boolean =>
  flags['tokenizer-mode'] === 'mistral' || /gpt-oss/.test(flags['model'] ?? flags['served-model-name'] ?? '')

export default scenario('Wiring of the workspace', ({ cluster }) => {
  cluster(
    'wiring.runtime',
    'MUST run vLLM, not the transformers runtime',
    'KAITO tool calling article: misaligned runtime; kaito GetWorkspaceRuntimeName',
    ({ facts }): Check => {
      const wiring = wiringOf(facts)
      if (wiring === undefined)
        return { blocked: facts.pods.problem?.sentence ?? 'there is no pod and no StatefulSet to read a command from' }
      const annotation = facts.object.value?.metadata?.annotations?.['kaito.sh/runtime']
      if (wiring.runtime === 'transformers')
        return { where: wiring.where, got: `/workspace/tfs (annotation kaito.sh/runtime: ${annotation ?? 'absent'})`, wanted: 'vLLM' }
      if (wiring.runtime === 'unknown') return { notApplicable: `${wiring.where}: its command is not one of KAITO's` }
      return annotation === undefined || annotation === 'vllm'
        ? undefined
        : { note: `annotation kaito.sh/runtime: "${annotation}" is not a runtime that KAITO knows, so it runs vLLM` }
    },
  )

  cluster(
    'wiring.parser',
    'MUST start vLLM with --tool-call-parser',
    'vLLM documentation: tool calling; kaito presets/workspace/models/vllm_model.go',
    ofVllm((wiring) =>
      wiring.flags['tool-call-parser'] !== undefined
        ? { note: `--tool-call-parser=${wiring.flags['tool-call-parser']}` }
        : reads(wiring)
          ? { notApplicable: 'vLLM reads the calls of this model without a parser being named' }
          : { where: wiring.where, got: 'no --tool-call-parser', wanted: '--tool-call-parser=PARSER' },
    ),
  )

  cluster(
    'wiring.auto',
    'MUST start vLLM with --enable-auto-tool-choice',
    'vLLM documentation: tool calling; kaito presets/workspace/models/vllm_model.go; vllm#55754',
    ofVllm((wiring) =>
      wiring.flags['enable-auto-tool-choice'] !== undefined
        ? undefined
        : reads(wiring)
          ? { notApplicable: 'vLLM offers this model its tools without the flag' }
          : { where: wiring.where, got: 'no --enable-auto-tool-choice', wanted: '--enable-auto-tool-choice' },
    ),
  )

  cluster(
    'wiring.as-released',
    'SHOULD use the parser that this release of KAITO sets for the preset, or any parser where it sets none',
    'kaito presets/workspace/models and presets/workspace/generator/generator.go at each tag',
    ofVllm((wiring, facts) => {
      const released = wiredByRelease(facts)
      if (released === undefined) return { notApplicable: 'the preset, or the release of KAITO, is not known' }
      const { preset, release, parser, documented } = released
      const own = wiring.flags['tool-call-parser']
      if (parser === 'absent') return { notApplicable: `KAITO ${release} has no preset ${preset}` }
      if (parser !== 'none' && own !== parser)
        return {
          where: wiring.where,
          got: own === undefined ? 'no --tool-call-parser' : `--tool-call-parser=${own}`,
          wanted: `--tool-call-parser=${parser}`,
        }
      if (parser === 'none' && own === undefined)
        return {
          where: wiring.where,
          got: `no parser: KAITO ${release} wires none for ${preset}${documented ? ', although its documentation lists it' : ''}`,
          wanted: 'one set by inference.config',
        }
      return { note: `KAITO ${release} wires ${parser} for ${preset}` }
    }),
  )

  cluster(
    'wiring.template',
    'SHOULD have a chat template of the same family as the parser',
    'kaito#1093, kaito#1278, kaito PR#1422: wrong template for phi-4-mini; vLLM documentation: tool calling',
    ofVllm((wiring) => {
      const parser = wiring.flags['tool-call-parser']
      const meant = parserOfTemplate(wiring)
      if (parser === undefined || meant === undefined) return { notApplicable: 'no parser, or no chat template of KAITO, is named' }
      return meant === parser
        ? undefined
        : {
            where: wiring.where,
            got: `--chat-template=${wiring.flags['chat-template']} with --tool-call-parser=${parser}`,
            wanted: `the template for ${parser}`,
          }
    }),
  )

  cluster(
    'wiring.config',
    'SHOULD have an inference_config.yaml that takes effect as it is written',
    'kaito presets/workspace/inference/vllm/inference_api.py; vllm#36216',
    ({ facts }, { profile }): Check => {
      const config = facts.inferenceConfig
      if (facts.object.value?.inference?.config === undefined) return { notApplicable: 'the workspace names no inference.config' }
      if (config.problem)
        return config.problem.kind === 'absent'
          ? { where: 'inference.config', got: config.problem.sentence, wanted: 'a ConfigMap with inference_config.yaml' }
          : { notApplicable: config.problem.sentence }
      if (config.value.vllm === undefined)
        return { where: `ConfigMap ${config.value.configMap}`, got: 'not YAML', wanted: 'YAML with the key vllm' }
      const wiring = wiringOf(facts)
      if (wiring === undefined || wiring.runtime !== 'vllm') return { notApplicable: 'the pod does not run vLLM' }
      const traps = configTraps(wiring, Number(/^0\.(\d+)/.exec(profile.version ?? '')?.[1] ?? Number.NaN))
      // The parser without the flag is a trap only where the flag is missing in the end.
      const real = traps.filter(
        (trap) => !trap.startsWith('tool-call-parser is set') || wiring.flags['enable-auto-tool-choice'] === undefined,
      )
      return real.length === 0
        ? undefined
        : { where: `ConfigMap ${config.value.configMap}: inference_config.yaml`, got: real.join('; '), wanted: 'no such entry' }
    },
  )

  cluster(
    'wiring.context',
    'SHOULD have a context large enough for tools and a conversation: 4096 tokens or more',
    'kaito presets/workspace/models/vllm_model.go: max-model-len',
    ofVllm((wiring, _facts, { contextLength }) => {
      const length = contextLength ?? Number(wiring.flags['max-model-len'])
      if (Number.isNaN(length))
        return {
          notApplicable: `max-model-len is ${wiring.flags['max-model-len'] ?? 'not set'}, and the models list gives no max_model_len`,
        }
      return length >= 4096 ? { note: `${length} tokens` } : { where: 'max-model-len', got: String(length), wanted: '4096 or more' }
    }),
  )
})
