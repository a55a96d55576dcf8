import { scenario, shown } from '../fixtures/scenario.ts'
import { articleSnippet, asOpenAiNode, runTools } from '../fixtures/tools/clients.ts'
import { articleQuestion, weather } from '../fixtures/tools/tools.ts'

/** The function of the article, which only tells what it was called with. */
const getWeather = {
  offer: weather.offer,
  run: ({ location, unit }: { location: string; unit: string }) => `Getting the weather for ${location} in ${unit}...`,
}

export default scenario('Clients as users have them', ({ ask, followUp, must, together }) => {
  const snippet = ask('article', articleQuestion, { forms: ['plain'] })
  must(
    'clients.article',
    'MUST work with the snippet of the article: create, tool_calls[0], json.loads, the function with these arguments',
    'KAITO tool calling article: the Python snippet',
    snippet,
    (reply) => articleSnippet(reply, { get_weather: getWeather }),
  )

  for (const form of ['plain', 'stream'] as const) {
    const call = ask(`agent-${form}`, articleQuestion, { forms: [form] })
    const answer = followUp(
      `agent-${form}-result`,
      call,
      async (prior) => {
        const run = await runTools([prior], [weather])
        if ('next' in run) return { messages: run.next.messages, tools: run.next.tools ?? [], tool_choice: 'auto' }
        return 'threw' in run
          ? { unaskable: `runTools stops: ${run.threw}` }
          : { inconclusive: 'the model answered in text this time, so runTools has nothing to run; auto.calls has the rate' }
      },
      // A plain turn that hands results back is one of local functions as well.
      { headers: asOpenAiNode, ...(form === 'plain' ? { from: 'full' } : {}) },
    )
    together(
      `clients.run-tools.${form}`,
      `MUST support the automatic execution of agent frameworks${form === 'stream' ? ', streamed' : ''}: runTools calls the function and ends with an answer`,
      'openai-node: chat.completions.runTools; KAITO tool calling article: agent frameworks',
      [call, answer],
      async (replies) => {
        const run = await runTools(replies, [weather])
        if ('threw' in run) return { where: 'runTools', got: run.threw, wanted: 'a final answer' }
        if ('next' in run)
          return { inconclusive: 'the model made another call after the result of the function, so an agent would continue' }
        if (run.content.trim() === '')
          return { where: 'runTools', got: `no text after the result of ${run.ran.join(', ')}`, wanted: 'a final answer' }
        return { note: `runTools ran ${run.ran.join(', ')} and ended with: ${shown(run.content)}` }
      },
    )
  }
})
