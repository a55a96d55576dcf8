import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setupServer } from 'msw/node'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { faultOf, faults, loadFaults } from './faults/index.ts'
import { handlers } from './handlers.ts'
import { listen, type Listening } from './listen.ts'
import { profiles } from './profiles.ts'
import { createVllm, type VllmOptions } from './vllm.ts'

const open: Listening[] = []
afterAll(() => Promise.all(open.map((server) => server.close())))

async function serve(options: VllmOptions = {}): Promise<string> {
  const server = await listen(createVllm(options))
  open.push(server)
  return server.url
}

const inProcess = setupServer()
beforeAll(() => inProcess.listen({ onUnhandledFrame: 'bypass' }))
afterEach(() => inProcess.resetHandlers())
afterAll(() => inProcess.close())

/** The official client of a mock in this process, without a port. */
function clientOf(options: VllmOptions = {}): OpenAI {
  inProcess.use(...handlers(createVllm(options), 'http://workspace.test'))
  return new OpenAI({ baseURL: 'http://workspace.test/v1', apiKey: options.apiKey ?? 'none', maxRetries: 0, timeout: 300_000 })
}

const model = 'phi-4-mini-instruct'
const weather: OpenAI.ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'lookup_weather',
    description: 'Weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}

describe('a stranger with the openai client', () => {
  test.each(['in this process', 'over a socket'])('makes a tool round trip, %s', async (where) => {
    const apiKey = 'secret'
    const client =
      where === 'over a socket' ? new OpenAI({ baseURL: `${await serve({ apiKey })}/v1`, apiKey, maxRetries: 0 }) : clientOf({ apiKey })
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'How is the weather in Lisbon today?' }]
    const first = await client.chat.completions.create({ model, messages, tools: [weather] })
    const call = first.choices[0]!.message.tool_calls![0]!
    expect(call).toMatchObject({ type: 'function', function: { name: 'lookup_weather', arguments: '{"city": "Lisbon"}' } })
    messages.push(first.choices[0]!.message, { role: 'tool', tool_call_id: call.id, content: 'sunny, 31 degrees' })
    const second = await client.chat.completions.create({ model, messages, tools: [weather] })
    expect(second.choices[0]!.message.content).toContain('sunny, 31 degrees')
    await expect(new OpenAI({ baseURL: client.baseURL, apiKey: 'wrong', maxRetries: 0 }).models.list()).rejects.toThrow('401')
  })

  test.each(Object.keys(profiles))('uses the stream helper and runs tools, %s', async (profile) => {
    const client = clientOf({ profile })
    const stream = client.chat.completions.stream({
      model,
      messages: [{ role: 'user', content: 'Weather in Oslo and Rome, please' }],
      tools: [weather],
      stream_options: { include_usage: true },
    })
    const final = await stream.finalChatCompletion()
    expect(final.choices[0]!.message.tool_calls!.map((call) => ('function' in call ? call.function.arguments : ''))).toEqual([
      '{"city": "Oslo"}',
      '{"city": "Rome"}',
    ])
    expect(final.usage!.completion_tokens).toBeGreaterThan(5)
    const asked: string[] = []
    const runner = client.chat.completions.runTools({
      model,
      stream: true,
      messages: [{ role: 'user', content: 'Weather in Oslo?' }],
      tools: [
        {
          type: 'function',
          function: {
            name: 'lookup_weather',
            description: 'Weather of a city',
            parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
            parse: JSON.parse,
            function: (args: { city: string }) => {
              asked.push(args.city)
              return 'rain all day'
            },
          },
        },
      ],
    })
    expect(await runner.finalContent()).toContain('rain all day')
    expect(asked).toEqual(['Oslo'])
  })

  test.each(Object.keys(profiles).filter((id) => !profiles[id]!.without.includes('/v1/responses')))(
    'uses the Responses helper, %s',
    async (profile) => {
      const client = clientOf({ profile })
      const tools: OpenAI.Responses.FunctionTool[] = [
        { type: 'function', strict: null, ...weather.function, parameters: weather.function.parameters! },
      ]
      const stream = client.responses.stream({ model, input: 'Weather in Oslo and Rome, please', tools })
      const final = await stream.finalResponse()
      expect(final.output.map((item) => (item.type === 'function_call' ? item.arguments : item.type))).toEqual([
        '{"city": "Oslo"}',
        '{"city": "Rome"}',
      ])
      const input: OpenAI.Responses.ResponseInput = [
        { role: 'user', content: 'Weather in Oslo?' },
        { type: 'function_call', call_id: 'call_1', name: 'lookup_weather', arguments: '{"city": "Oslo"}' },
        { type: 'function_call_output', call_id: 'call_1', output: 'rain all day' },
      ]
      expect((await client.responses.create({ model, input, tools })).output_text).toContain('rain all day')
    },
  )

  test('is told what is wrong', async () => {
    const client = clientOf({ parser: 'none' })
    await expect(client.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hi' }], tools: [weather] })).rejects.toThrow(
      '--enable-auto-tool-choice',
    )
    await expect(client.chat.completions.create({ model: 'gpt-5', messages: [] })).rejects.toThrow('does not exist')
  })
})

describe('the socket door', () => {
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'Count to 40.' }], stream: true })
  const post = (url: string, more: RequestInit = {}): Promise<Response> =>
    fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body, ...more })

  test('sends what the function answers, with uvicorn heads', async () => {
    const url = await serve({ chunking: 'byte' })
    const answer = await post(url)
    expect(answer.headers.get('server')).toBe('uvicorn')
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect((await answer.text()).endsWith('data: [DONE]\n\n')).toBe(true)
    const health = await fetch(`${url}/health`)
    expect([health.status, await health.text(), health.headers.get('content-length')]).toEqual([200, '', '0'])
  })

  test('notices that a client leaves', async () => {
    const url = await serve({ gapMs: 20 })
    const left = new AbortController()
    const answer = await post(url, { signal: left.signal })
    await answer.body!.getReader().read()
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/num_requests_running\{.*\} 1\.0/)
    left.abort()
    await expect.poll(async () => (await fetch(`${url}/metrics`)).text()).toMatch(/num_requests_running\{.*\} 0\.0/)
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/finished_reason="abort".*\} 1\.0/)
  })

  test('tears down, hangs and breaks heads when told so', async () => {
    const cut = await serve({ fault: faultOf('stream-reset-inside-arguments') })
    await expect(post(cut).then((answer) => answer.text())).rejects.toThrow('terminated')
    const short = await serve({ fault: faultOf('body-shorter-than-declared') })
    await expect(post(short, { body: body.replace('true', 'false') }).then((answer) => answer.text())).rejects.toThrow('terminated')
    const silent = await serve({ fault: faultOf('headers-never-come') })
    await expect(post(silent, { signal: AbortSignal.timeout(150) })).rejects.toThrow('timeout')
    const broken = await serve({ fault: faultOf('status-line-broken') })
    await expect(post(broken)).rejects.toThrow('fetch failed')
    const pings = await serve({ fault: faultOf('stream-only-comments') })
    const reader = (await post(pings)).body!.getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toContain('"role":"assistant"')
    await reader.cancel()
  })

  test('holds its port while weights are loading', async () => {
    const loading = await listen(createVllm(), { loadingMs: 3_600_000 })
    open.push(loading)
    const health = await fetch(`${loading.url}/health`)
    expect([health.status, await health.text(), health.headers.get('connection')]).toEqual([404, '', 'close'])
    expect((await fetch(`${loading.url}/v1/models`)).status).toBe(404)
    expect(await (await fetch(`${loading.url}/metrics`)).text()).toMatch(/kaito_model_download_remaining_seconds 3[45]\d\d\.\d/)
    const loaded = await listen(createVllm(), { loadingMs: 1 })
    open.push(loaded)
    await expect.poll(async () => (await fetch(`${loaded.url}/health`)).status).toBe(200)
    expect(await (await fetch(`${loaded.url}/metrics`)).text()).toContain('vllm:')
  })

  test('keeps connections and closes all of them', async () => {
    const server = await listen(createVllm())
    const answers = await Promise.all(Array.from({ length: 50 }, () => fetch(`${server.url}/version`).then((answer) => answer.json())))
    expect(answers).toHaveLength(50)
    await server.close()
    await expect(fetch(`${server.url}/version`)).rejects.toThrow('fetch failed')
  })
})

async function run(...args: string[]): Promise<{ code: number | null | undefined; out: string; err: string }> {
  const child = spawn(process.execPath, [`${import.meta.dirname}/main.ts`, ...args])
  let out = ''
  let err = ''
  child.stdout.on('data', (data: Buffer) => (out += data.toString()))
  child.stderr.on('data', (data: Buffer) => (err += data.toString()))
  const [code]: (number | null)[] = await once(child, 'close')
  return { code, out, err }
}

describe('the command', () => {
  test.each([
    [['--profile', '0.22'], '--profile 0.22 is unknown; the nearest is 0.22.1.'],
    [['--fault', 'done-mising'], 'the nearest is done-missing.'],
    [['--fault', 'nope'], '--fault nope is unknown; npm run mock -- --list-faults shows them all.'],
    [['--fault', 'markup'], '--fault markup is unknown; these hold it: arguments-raw-markup, '],
    [['--parser', 'x'], '--parser x is unknown; there are hermes, hermes-without-auto, none.'],
    [['--prot', '1'], '--prot is no option; the nearest is --port.'],
    [['--frobnicate', '1'], '--frobnicate is no option; npm run mock -- --help shows what it takes.'],
    [['--queue-limit', 'few'], '--queue-limit takes a whole number, not few.'],
    [['--loading', 'long'], '--loading takes a whole number, not long.'],
    [['--host', '192.0.2.1'], '192.0.2.1:0 cannot be opened (EADDRNOTAVAIL): give another in --port or --host.'],
    [['--latency', 'soon'], '--latency takes a whole number, not soon.'],
  ])('%j ends with code 2 and one sentence', async (args, text) => {
    const { code, err } = await run(...args)
    expect(code).toBe(2)
    expect(err.trim().split('\n')).toEqual([expect.stringContaining(text)])
  })

  test('lists the faults', async () => {
    const { code, out } = await run('--list-faults')
    expect(code).toBe(0)
    expect(out.trim().split('\n')).toHaveLength(faults.length + loadFaults.length)
    // What is typed behind --fault stands first.
    expect(out).toMatch(/^done-missing +The stream ends without \[DONE\]\. \[C01\]$/m)
  })

  test('serves until it is told to end', async () => {
    const child = spawn(process.execPath, [`${import.meta.dirname}/main.ts`, '--profile', '0.22.1', '--api-key', 'K', '--model', 'mine'])
    const [line]: Buffer[] = await once(child.stdout, 'data')
    const url = line!.toString().trim()
    const models = await fetch(`${url}/v1/models`, { headers: { authorization: 'Bearer K' } })
    expect(await models.json()).toMatchObject({ data: [{ id: 'mine' }] })
    child.kill('SIGTERM')
    const [code]: (number | null)[] = await once(child, 'close')
    expect(code).toBe(0)
  })
})
