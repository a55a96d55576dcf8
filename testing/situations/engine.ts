import type { RedDefectId } from '../../fixtures/contract/known/red.ts'
import type { Fault } from '../../mocks/vllm/fault.ts'
import { deltasOf, entriesOf, fragmentsOf } from '../../mocks/vllm/faults/edit.ts'

/** A release with a parser that has a defect, as a healthy mock of that release with the defect put in. */
interface EngineSituation {
  readonly cause: RedDefectId
  readonly profile: string
  readonly parser: string
  /** The sentence of the cause. */
  readonly says: string
  readonly defect: Omit<Fault, 'id' | 'what' | 'trigger'>
}

const isRequired = (body: string): boolean => body.includes('"tool_choice":"required"')
const POINTER = { status: 400, type: 'BadRequestError', message: "Grammar error: Pointer '/$defs/author' does not exist", param: null }

/** Red known defects that were seen live and are in no recording: docs/findings.md. */
export const engineSituations: readonly EngineSituation[] = [
  {
    cause: 'ref-as-text',
    profile: '0.33.0',
    parser: 'qwen3_coder',
    says: 'The parser qwen3_coder of vLLM 0.33.0 hands over values behind $ref as text (vllm#46924).',
    defect: {
      said({ calls }) {
        for (const call of calls) {
          const values = JSON.parse(call.arguments) as Record<string, unknown>
          if (typeof values['author'] === 'object') call.arguments = JSON.stringify({ ...values, author: JSON.stringify(values['author']) })
        }
      },
    },
  },
  {
    cause: 'bare-value-as-text',
    profile: '0.32.0',
    parser: 'gemma4',
    says: 'The parser gemma4 of vLLM 0.32.0 hands over numbers, booleans and null as text where $ref, prefixItems, additionalProperties or a union of objects says their type (vllm#47906).',
    defect: {
      said({ calls }) {
        for (const call of calls)
          call.arguments = call.arguments.replace(/("floor": ?)(\d+)/, '$1"$2"').replace(/(\["a", ?)null/, '$1"null"')
      },
    },
  },
  {
    cause: 'parameter-forced',
    profile: '0.32.0',
    parser: 'qwen3_coder',
    says: 'The parser qwen3_coder of vLLM 0.32.0 forces a parameter under required on a tool that declares none (docs/findings.md).',
    defect: {
      said({ calls }, { request: { body } }) {
        const at = isRequired(body) ? calls.findIndex(({ name }) => body.includes(`"function":{"name":"${name}"}`)) : -1
        const [first, second] = at === -1 ? [] : calls.splice(at)
        if (first === undefined || second === undefined) return
        calls.push({ ...first, arguments: JSON.stringify({ ion: second.name, ...(JSON.parse(second.arguments) as object) }) })
      },
    },
  },
  {
    cause: 'ref-refused-under-required',
    profile: '0.33.0',
    parser: 'mistral',
    says: 'The parser mistral of vLLM 0.33.0 refuses a tool whose schema holds $ref under required: the list schema that it makes leaves $defs behind (vllm#16467).',
    defect: {
      verdict: (refusal, { request: { body } }) =>
        isRequired(body) && body.includes('"$ref"') ? { ...POINTER, inStream: body.includes('"stream":true') } : refusal,
    },
  },
  {
    cause: 'arguments-streamed-twice',
    profile: '0.17.1',
    parser: 'glm45',
    says: 'The parser glm45 of vLLM 0.17.1 streams the arguments of a call twice (docs/findings.md).',
    defect: {
      events(events, { turn }) {
        if (turn.mode !== 'auto') return
        for (const fragment of fragmentsOf(events)) fragment.function.arguments += fragment.function.arguments
      },
    },
  },
  {
    cause: 'first-fragment-bare',
    profile: '0.12.0',
    parser: 'glm45',
    says: 'The parser glm45 of vLLM 0.12.0 streams the first fragment of a call without id, type and name when it shares a delta with arguments (docs/findings.md).',
    defect: {
      events(events, { turn }) {
        if (turn.mode !== 'auto') return
        for (const entry of entriesOf(events)) {
          delete entry.id
          delete entry.type
          if (entry.function) delete entry.function.name
        }
      },
    },
  },
  {
    cause: 'markers-lost-before-parser',
    profile: '0.17.1',
    parser: 'kimi_k2',
    says: 'The parser kimi_k2 of vLLM 0.17.1 gets the text of a call without its markers, so that a plain answer has no call (docs/findings.md).',
    defect: {
      plain({ choices }, { turn }) {
        if (turn.mode !== 'auto') return
        for (const choice of choices) {
          const [call] = choice.message.tool_calls ?? []
          if (call === undefined) continue
          const { name, arguments: text } = call.function as Record<string, string>
          choice.message.content = `functions.${name}:0${text}`
          choice.message.tool_calls = []
          choice.finish_reason = 'stop'
        }
      },
    },
  },
  {
    cause: 'responses-required-500',
    profile: '0.17.1',
    parser: 'minimax_m2',
    says: 'The parser minimax_m2 of vLLM 0.17.1 answers required on /v1/responses with 500 and an empty message (docs/findings.md).',
    defect: {
      verdict: (refusal, { request: { path, body } }) =>
        path === '/v1/responses' && isRequired(body) ? { status: 500, type: 'InternalServerError', message: '', param: null } : refusal,
    },
  },
  {
    cause: 'all-as-reasoning',
    profile: '0.22.1',
    parser: 'minimax_m2',
    says: 'The parser minimax_m2 of vLLM 0.22.1 hands over as reasoning all that the model writes before </think>, forced calls too, although no reasoning parser is set (docs/findings.md).',
    defect: {
      events(events, { turn }) {
        if (turn.mode === 'none') return
        for (const delta of deltasOf(events)) {
          const said = [delta.content, ...(delta.tool_calls ?? []).map((entry) => entry.function?.['arguments'])]
          delete delta.content
          delete delta.tool_calls
          const words = said.filter((part) => typeof part === 'string').join('')
          if (words !== '') delta['reasoning'] = words
        }
      },
    },
  },
]
