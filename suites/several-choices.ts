import { leastChoices, named, scenario, shown, user } from '../fixtures/scenario.ts'
import { time, weather } from '../fixtures/tools/tools.ts'

export default scenario('Several choices (n=2)', ({ ask, must }) => {
  const two = ask(
    'named',
    {
      messages: [user('What is the weather like in Lisbon?')],
      tools: [weather.offer, time],
      tool_choice: named('get_weather'),
      n: 2,
      logprobs: true,
      temperature: 0.7,
    },
    { unless: ({ profile }) => (profile.severalChoices ? undefined : `${profile.id} refuses n above 1 (vLLM rust/src/server)`) },
  )

  must('choices.two', 'MUST give as many choices as n asks for', 'OpenAI API reference: n', two, ({ answer, request }, { profile }) => {
    const { length } = answer.choices
    if (length === 2) return undefined
    return length === leastChoices(request, profile)
      ? { notApplicable: 'the server gives one choice, whatever n asks for' }
      : { where: 'choices', got: `${length}`, wanted: '2' }
  })

  must('choices.each-calls', 'MUST make a call in each choice', 'vllm#38158: choices shared the state of the parser', two, ({ answer }) => {
    const silent = answer.choices.find((choice) => choice.calls.length === 0)
    return silent === undefined
      ? undefined
      : { where: `choice ${silent.index}`, got: `no call, content ${shown(silent.content)}`, wanted: 'a call of get_weather' }
  })
})
