import type { World } from '../world.ts'
import type { Fault } from '../../vllm/fault.ts'
import { faultOf } from '../../vllm/faults/index.ts'
import { type Situation, containerOf, pod0 } from './state.ts'

/** Chats are refused as vLLM refuses them for a tokenizer that has no chat template. Source: vllm/renderers/hf.py (0.25.1). */
function withoutTemplate(): Fault {
  const message =
    'As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template if the tokenizer does not define one.'
  return {
    id: 'no-chat-template',
    what: 'The tokenizer has no chat template.',
    trigger: [],
    verdict: (refusal) => refusal ?? { status: 400, message, type: 'BadRequestError', param: null },
  }
}

/** KAITO wires a parser for a preset that does not read what its model writes. */
function unfit(unfitting: {
  readonly name: string
  readonly says: readonly string[]
  readonly preset: string
  readonly model: string
  readonly served: string
  readonly parser: string
  readonly writes: (name: string, values: readonly (readonly [string, unknown])[]) => string
}): Situation {
  const { name, says, preset, model, served, parser, writes } = unfitting
  return {
    name,
    cause: 'parser-unfit',
    says,
    options: { preset, model, flags: { 'tool-call-parser': parser, 'served-model-name': served } },
    change: (world) => strip(world, ['chat-template']),
    server: {
      model: served,
      fault: {
        id: 'calls-in-another-form',
        what: 'Calls of auto come through as text, in the form of the model.',
        trigger: [],
        said(said, { turn }) {
          if (turn.mode !== 'auto' || said.calls.length === 0) return
          said.text = said.calls.map((call) => writes(call.name, Object.entries(JSON.parse(call.arguments) as object))).join('\n')
          said.calls = []
        },
      },
    },
  }
}

/** Takes flags out of the pod's command. */
function strip(world: World, names: readonly string[]): void {
  const container = containerOf(world)
  const line = (container['command'] as string[])[2] ?? ''
  const kept = line.split(' ').filter((word) => !names.some((name) => word.startsWith(`--${name}`)))
  container['command'] = ['/bin/sh', '-c', kept.join(' ')]
}

/** A server that answers, but not as it should. */
export const serverSituations: readonly Situation[] = [
  {
    name: 'the key is missing',
    cause: 'key-required',
    server: { apiKey: 'sk-of-the-server' },
    options: { flags: { 'api-key': 'sk-of-the-server' } },
  },
  { name: 'the key is wrong', cause: 'key-refused', server: { apiKey: 'sk-of-the-server' }, env: { OPENAI_API_KEY: 'sk-another-key' } },
  {
    name: 'the model is not served',
    cause: 'model-not-served',
    says: ['qwen2.5-coder-7b-instruct'],
    env: { CONFORMANCE_MODEL: 'qwen2.5-coder-7b' },
  },
  {
    name: 'the preset has no parser',
    cause: 'no-parser',
    says: ['tool-call-parser: hermes'],
    server: { parser: 'none' },
    change: (world) => strip(world, ['tool-call-parser', 'enable-auto-tool-choice']),
  },
  {
    name: 'the parser is named, but not the flag',
    cause: 'no-auto-flag',
    says: ['enable-auto-tool-choice: true'],
    server: { parser: 'hermes-without-auto' },
    change: (world) => strip(world, ['enable-auto-tool-choice']),
  },
  {
    name: 'the parser is one for another model',
    cause: 'wrong-parser',
    says: ['llama3_json'],
    server: { fault: faultOf('auto-call-as-markup') },
    options: { flags: { 'tool-call-parser': 'llama3_json' } },
  },
  {
    name: 'the template is one for another parser',
    cause: 'template-mismatch',
    says: ['tool-chat-llama3.1-json.jinja', 'hermes'],
    server: { fault: faultOf('auto-call-as-markup') },
    options: { flags: { 'chat-template': '/workspace/chat_templates/tool-chat-llama3.1-json.jinja' } },
  },
  {
    name: 'KAITO 0.12 wires no parser for phi-4-mini-instruct',
    cause: 'no-parser',
    says: ['KAITO v0.12 wires no parser for phi-4-mini-instruct, although its documentation lists it', 'phi4_mini_json'],
    options: { preset: 'phi-4-mini-instruct', model: 'microsoft/phi-4-mini-instruct' },
    server: { parser: 'none', model: 'phi-4-mini-instruct' },
    change: (world) => strip(world, ['tool-call-parser', 'enable-auto-tool-choice', 'chat-template']),
  },
  {
    name: 'the context is too small',
    cause: 'context-too-small',
    server: { maxModelLen: 300 },
    options: { flags: { 'max-model-len': '300' } },
  },
  { name: 'the queue is guarded', cause: 'rate-limited', server: { queueLimit: 0 } },
  {
    name: 'the ConfigMap sets a parser, and the server was started before',
    cause: 'config-not-applied',
    says: ['tc-inference-params', `kubectl delete pod ${pod0}`],
    server: { parser: 'none' },
    change: (world) => {
      strip(world, ['tool-call-parser', 'enable-auto-tool-choice'])
      Object.assign(world.workspace['inference'] as object, { config: 'tc-inference-params' })
      world.more.push({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'tc-inference-params', namespace: 'default' },
        data: { 'inference_config.yaml': 'vllm:\n  tool-call-parser: hermes\n  enable-auto-tool-choice: true\n' },
      })
    },
  },
  {
    name: 'the model is a base model without a chat template',
    cause: 'no-chat-template',
    says: ['was never trained to call tools'],
    server: { fault: withoutTemplate() },
  },
  unfit({
    name: 'KAITO wires functiongemma for gemma-3, and the model writes Python',
    says: [
      'KAITO v0.12 wires the parser functiongemma for gemma-3-4b-instruct',
      '--tool-call-parser=functiongemma',
      'tool_choice required',
    ],
    preset: 'gemma-3-4b-instruct',
    model: 'google/gemma-3-4b-it',
    served: 'gemma-3-4b-it',
    parser: 'functiongemma',
    writes: (name, values) =>
      `\`\`\`tool_code\n${name}(${values.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(', ')})\n\`\`\``,
  }),
  unfit({
    name: 'KAITO wires functiongemma for gemma-3, and the model writes JSON',
    says: ['JSON in its text'],
    preset: 'gemma-3-4b-instruct',
    model: 'google/gemma-3-4b-it',
    served: 'gemma-3-4b-it',
    parser: 'functiongemma',
    writes: (name, values) => `\`\`\`json\n${JSON.stringify({ name, parameters: Object.fromEntries(values) })}\n\`\`\``,
  }),
  unfit({
    name: 'KAITO wires qwen3_coder for Nemotron Nano v2, whose form only a plugin reads',
    says: [
      'KAITO v0.12 wires the parser qwen3_coder for nvidia-nemotron-nano-9b-v2',
      'JSON in <TOOLCALL>',
      '--tool-parser-plugin FILE --tool-call-parser nemotron_json',
    ],
    preset: 'nvidia-nemotron-nano-9b-v2',
    model: 'nvidia/NVIDIA-Nemotron-Nano-9B-v2',
    served: 'nvidia-nemotron-nano-9b-v2',
    parser: 'qwen3_coder',
    writes: (name, values) => `<TOOLCALL>[${JSON.stringify({ name, arguments: Object.fromEntries(values) })}]</TOOLCALL>`,
  }),
]
