import { equal, named, scenario, user } from '../fixtures/scenario.ts'
import { get, order, ping, stock, time, tool, weather } from '../fixtures/tools/tools.ts'

const hyphenName = tool('convert-currency', 'Convert an amount of money', {
  type: 'object',
  properties: { amount: { type: 'number' } },
  required: ['amount'],
})
const tools = [get, weather.offer, time, stock, ping, order.offer, hyphenName]

export default scenario('Several tools', ({ ask, must, should }) => {
  const shortName = ask('name-is-prefix', {
    messages: [user('Fetch the page https://example.com please.')],
    tools,
    tool_choice: named('get'),
  })
  const free = ask('free-choice', {
    messages: [user('What is the latest price of the stock with the ticker symbol MSFT?')],
    tools,
    tool_choice: 'required',
  })

  must(
    'several.prefix',
    'MUST keep apart a function whose name begins another one',
    'tool-call-bugs section 4: one name a prefix of another',
    shortName,
    ({ calls }) => equal([...new Set(calls.map((call) => call.name))], ['get'], 'tool_calls'),
  )

  must(
    'several.offered',
    'MUST call one of the seven functions that are offered',
    'OpenAI API reference: tool_choice required',
    free,
    ({ calls }) =>
      calls.length > 0 && calls.every((call) => tools.some((offered) => offered.function.name === call.name))
        ? undefined
        : { where: 'tool_calls', got: JSON.stringify(calls.map((call) => call.name)), wanted: 'an offered function' },
  )

  should('several.fitting', 'SHOULD call the one of seven functions that fits', "the model's choice", free, ({ calls }) =>
    calls.some((call) => call.name === 'get_stock_price')
      ? undefined
      : { where: 'name', got: calls.map((call) => call.name).join(', '), wanted: 'get_stock_price' },
  )
})
