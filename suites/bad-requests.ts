import { excerpt, fields, named, scenario, shown, user, type Check, type Reply } from '../fixtures/scenario.ts'
import { hello, tool, weather } from '../fixtures/tools/tools.ts'

const model = '$MODEL'
const messages = [user('What is the weather like in Berlin?')]
const tools = [weather.offer]

const refused = ({ status, text }: Reply): Check =>
  status >= 400 && status < 500 ? undefined : { where: 'status line', got: `${status} ${excerpt(text, 160)}`, wanted: 'a 4xx' }

export default scenario('Bad requests', ({ wrong, request, ask, must, should, together }) => {
  const absent = wrong('absent-function', { model, messages, tools, tool_choice: named('get_whether') })
  const absentStreamed = wrong('absent-function-streamed', { model, messages, tools, tool_choice: named('get_whether'), stream: true })
  const noTools = wrong('required-without-tools', { model, messages, tool_choice: 'required' })
  const nameless = wrong('tool-without-name', {
    model,
    messages,
    tools: [{ type: 'function', function: { parameters: {} } }],
  })
  const bogusChoice = wrong('choice-unknown', { model, messages, tools, tool_choice: 'sometimes' })
  const emptyChoice = wrong('choice-empty', { model, messages, tools, tool_choice: {} })
  const namelessChoice = wrong('choice-nameless', { model, messages, tools, tool_choice: { type: 'function', function: {} } })
  const unknownModel = wrong(
    'model-unknown',
    { model: 'no-such-model', messages },
    {
      unless: ({ profile }) =>
        profile.engine === 'unknown' || profile.fronted === true
          ? 'what is not vLLM itself may serve every name, as llama.cpp does'
          : undefined,
    },
  )
  const notJson = wrong('body-no-json', '{"model": "$MODEL", "messages": [')
  const bodyList = wrong('body-list', '[]', { from: 'full' })
  // A hop that leaves the empty list out has it answered.
  const emptyTools = request(
    'tools-empty',
    { method: 'POST', path: '/v1/chat/completions', body: JSON.stringify({ model, messages, tools: [] }) },
    {
      unless: ({ profile }) => (profile.refusesEmptyTools ? undefined : 'vLLM before 0.20 reads an empty list as no tools (vllm#39780)'),
    },
  )
  const tooHot = wrong('temperature-out-of-range', { model, messages, temperature: 9 }, { from: 'full' })
  const messagesNoList = wrong('messages-no-list', { model, messages: 'What is the weather like?' }, { from: 'full' })
  const tooLong = wrong(
    'prompt-too-long',
    { model, messages: [user('word '.repeat(40_000))] },
    {
      unless: ({ contextLength }) =>
        contextLength !== undefined && contextLength <= 32_768 ? undefined : 'the context is too long to be exceeded cheaply, or not known',
    },
  )
  const noMessages = wrong('messages-missing', { model }, { from: 'full' })
  const impossible = request('schema-impossible', {
    method: 'POST',
    path: '/v1/chat/completions',
    body: JSON.stringify({
      model,
      messages,
      tools: [tool('broken', 'Broken schema', { type: 'object', properties: { x: { type: 'florb' } }, required: ['x'] })],
      tool_choice: 'required',
      max_tokens: 64,
    }),
  })

  must(
    'bad.absent-function',
    'MUST refuse a tool_choice that names a function that is not in tools',
    'vLLM vllm/entrypoints/openai/chat_completion/protocol.py: check_tool_usage; vllm#10567',
    absent,
    refused,
  )
  must(
    'bad.absent-function-streamed',
    'MUST refuse a tool_choice that names a function that is not in tools before a stream begins',
    'vLLM vllm/entrypoints/openai/chat_completion/protocol.py: check_tool_usage',
    absentStreamed,
    refused,
  )
  must(
    'bad.required-without-tools',
    'MUST refuse tool_choice required without tools',
    'OpenAI API reference: tool_choice is only allowed when tools are specified; Kimi-Vendor-Verifier',
    noTools,
    refused,
  )
  must(
    'bad.tool-without-name',
    'MUST refuse a tool without a name',
    'OpenAI API reference: function.name is required; sglang PR#10550',
    nameless,
    refused,
  )
  must('bad.choice-unknown', 'MUST refuse a tool_choice that the API does not define', 'vllm#24232', bogusChoice, refused)
  must(
    'bad.choice-empty',
    'MUST refuse a tool_choice that is an empty object, instead of taking it as auto',
    'OpenAI API reference: tool_choice is a word, or an object with type and function',
    emptyChoice,
    refused,
  )
  must(
    'bad.choice-nameless',
    'MUST refuse a named tool_choice without a name, instead of taking it as auto',
    'OpenAI API reference: tool_choice.function.name is required',
    namelessChoice,
    refused,
  )
  must(
    'bad.model-unknown',
    'MUST refuse a model that is not served with status 404',
    'OpenAI API reference: model_not_found; vLLM vllm/entrypoints/serve/engine/serving.py',
    unknownModel,
    ({ status }) => (status === 404 ? undefined : { where: 'status line', got: String(status), wanted: '404' }),
  )
  must('bad.body-no-json', 'MUST refuse a body that is not JSON', 'RFC 8259; OpenAI API reference: errors', notJson, refused)
  must(
    'bad.temperature',
    'MUST refuse a temperature that is out of range',
    'OpenAI API reference: temperature between 0 and 2; vLLM vllm/sampling_params.py',
    tooHot,
    refused,
  )
  must(
    'bad.messages-no-list',
    'MUST refuse messages that are not a list',
    'OpenAI API reference: messages is an array',
    messagesNoList,
    refused,
  )
  must(
    'bad.prompt-too-long',
    'MUST refuse a prompt that is longer than the context',
    'OpenAI API reference: context_length_exceeded; vLLM vllm/renderers/params.py',
    tooLong,
    refused,
  )
  must('bad.body-list', 'MUST refuse a body that is a list', 'vllm#51654, vllm#52528', bodyList, refused)
  should(
    'bad.tools-empty',
    'SHOULD refuse an empty list of tools; a hop that leaves it out does no harm',
    'OpenAI API reference: tools; vllm#39780',
    emptyTools,
    refused,
  )
  must(
    'bad.schema-impossible',
    'MUST NOT fail with a 5xx on an impossible schema',
    'vllm#17248, vllm#52394; observed defect 18; refusing it and ignoring it are both right',
    impossible,
    ({ status, text }) =>
      status < 500 ? undefined : { where: 'status line', got: `${status} ${excerpt(text, 160)}`, wanted: '400, or an answer' },
  )
  must('bad.messages-missing', 'MUST refuse a body without messages', 'OpenAI API reference: messages is required', noMessages, refused)

  const bad = [
    tooLong,
    absent,
    absentStreamed,
    noTools,
    nameless,
    bogusChoice,
    emptyChoice,
    namelessChoice,
    unknownModel,
    notJson,
    emptyTools,
    impossible,
  ]
  const health = request('health-after', { method: 'GET', path: '/health' }, { after: bad, from: 'full' })
  must(
    'bad.health-after',
    'MUST be healthy after all bad requests',
    'vllm#17248, vllm#30346: a poisoned request killed the engine',
    health,
    ({ status }) =>
      status === 200
        ? undefined
        : status === 404
          ? { notApplicable: 'the server has no /health' }
          : { where: 'status line', got: String(status), wanted: '200' },
  )

  // Another scenario asks it as well: it is sent before all bad requests, and again behind them.
  const first = ask('hello', hello, { forms: ['plain'] })
  const alive = ask('alive', hello, { forms: ['plain'], after: [...bad, first] })
  must(
    'bad.alive',
    'MUST still answer an ordinary question after all bad requests',
    'vllm#49981, vllm#32006',
    alive,
    ({ content, answer }) =>
      content.trim() !== '' || (answer.choices[0]?.reasoning ?? '') !== ''
        ? undefined
        : { where: 'content', got: shown(content), wanted: 'text' },
  )
  together(
    'chat.repeated',
    'MUST give a request that is repeated an answer of its own',
    'OpenAI API reference: id, a unique identifier for the chat completion; a cache gives the calls of two conversations one id',
    [first, alive],
    (replies) => {
      const [id, again] = replies.map(({ document }) => (document?.ok === true ? fields(document.value)?.['id'] : undefined))
      if (typeof id !== 'string') return { notApplicable: 'the answer has no id; envelope.id says so' }
      return id === again ? { where: 'id', got: `${shown(id)}, twice`, wanted: 'an id of its own' } : undefined
    },
  )
})
