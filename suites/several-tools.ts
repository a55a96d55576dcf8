import { equal, scenario } from '../fixtures/scenario.ts'
import { namedAgainst } from '../fixtures/tools/tools.ts'

export default scenario('Several tools', ({ ask, must }) => {
  const shortName = ask('name-is-prefix', namedAgainst)

  must(
    'several.prefix',
    'MUST NOT confuse a function with others whose names begin with its name',
    'OpenAI API reference: tool_choice; one offered name is the beginning of another',
    shortName,
    ({ calls }) => equal([...new Set(calls.map((call) => call.name))], ['get'], 'tool_calls'),
  )
})
