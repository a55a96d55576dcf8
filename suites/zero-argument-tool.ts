import { named, scenario, shown, user } from '../fixtures/scenario.ts'
import { ping, tool, weather } from '../fixtures/tools/tools.ts'

const strictPing = tool(
  'ping',
  ping.function.description ?? '',
  { type: 'object', properties: {}, required: [], additionalProperties: false },
  true,
)

export default scenario('Zero-argument tool', ({ ask, must }) => {
  const call = ask('named', {
    messages: [user('Ping the backend, please.')],
    tools: [strictPing, weather.offer],
    tool_choice: named('ping'),
    // Usage is left out of this stream, as a client may.
    stream_options: { include_usage: false },
  })

  must(
    'zero.object',
    'MUST give {} as the arguments of a function without parameters',
    'vllm#11392, vercel/ai#5658: an empty string breaks clients',
    call,
    ({ calls }) => {
      const text = calls[0]?.arguments
      return text?.replaceAll(/\s/g, '') === '{}' ? undefined : { where: 'arguments', got: shown(text), wanted: '{}' }
    },
  )
})
