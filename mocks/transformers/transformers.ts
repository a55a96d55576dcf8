import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/**
 * Releases of KAITO whose transformers runtime behaves alike on the wire, named by the last of them. Held against the real runtime:
 * inference_api.py of tags v0.8.1, v0.10.0, v0.11.0 and v0.12.0 with transformers 4.57.6, 5.6.0 and 5.14.1 and a small model on a CPU.
 */
export type TransformersRelease = 'v0.8' | 'v0.10' | 'v0.12'

/** Which release the stand-in behaves like, and what it serves. */
export interface TransformersOptions {
  readonly release: TransformersRelease
  /** Served model name. Default phi-4. */
  readonly model?: string
}

/** The fields that the chat route takes: CompletionCreateParamsStreaming of the openai package, and three of transformers' own. */
const known = new Set(
  'audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages metadata modalities model n parallel_tool_calls prediction presence_penalty prompt_cache_key reasoning_effort response_format safety_identifier seed service_tier stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity web_search_options generation_config chat_template_kwargs'.split(
    ' ',
  ),
)

interface Chat {
  readonly messages?: readonly { readonly content?: unknown }[]
  readonly tools?: readonly { readonly function: { readonly name: string } }[]
  readonly model?: string
  readonly stream?: boolean
}

/** A stand-in for KAITO's transformers runtime: routes, metrics and answers of the release; tools go into the prompt and nothing reads calls. */
export function createTransformers({ release, model = 'phi-4' }: TransformersOptions): ReturnType<typeof createServer> {
  let asked = 0

  function chat(body: Chat, response: ServerResponse): void {
    const unexpected = Object.keys(body).filter((key) => !known.has(key))
    if (unexpected.length > 0) {
      const word = release === 'v0.10' ? 'keys' : 'fields'
      return json(response, 422, { detail: `Unexpected ${word} in the request: {${unexpected.map((key) => `'${key}'`).join(', ')}}` })
    }
    if (body.model !== model && release === 'v0.10')
      return void response.writeHead(500, { 'content-type': 'text/plain' }).end('Internal Server Error')
    if (body.model !== model)
      return json(response, 400, { detail: `Server is pinned to '/workspace/weights@main'; requested '${body.model}'.` })
    asked += 1
    const [tool] = body.tools ?? []
    const text = tool
      ? `<tool_call>\n{"name": "${tool.function.name}", "arguments": {}}\n</tool_call>`
      : 'The weather is mostly sunny with a light breeze.'
    const usage = { completion_tokens: text.split(' ').length, prompt_tokens: 20, total_tokens: 20 + text.split(' ').length }
    const head = {
      id: release === 'v0.10' ? `req_${asked - 1}` : crypto.randomUUID(),
      created: Math.floor(Date.now() / 1000),
      model: '/workspace/weights@main',
    }
    // v0.9 and v0.10 stream whatever is asked.
    if (release !== 'v0.10' && body.stream !== true) {
      const message = { content: text, role: 'assistant' }
      return json(response, 200, { ...head, choices: [{ finish_reason: 'stop', index: 0, message }], object: 'chat.completion', usage })
    }
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    const chunk = (choice: object, more: object = {}): unknown =>
      response.write(
        `data: ${JSON.stringify({ ...head, choices: [{ ...choice, index: 0 }], object: 'chat.completion.chunk', system_fingerprint: '', ...more })}\n\n`,
      )
    chunk({ delta: { role: 'assistant' } })
    for (const piece of text.match(/\S*\s?/g) ?? []) if (piece !== '') chunk({ delta: { content: piece } })
    chunk({ delta: {}, finish_reason: 'stop' }, release === 'v0.10' ? {} : { usage })
    // No [DONE] is sent.
    response.end()
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Uint8Array[] = []
    for await (const part of request) parts.push(part)
    const text = Buffer.concat(parts).toString()
    const route = `${request.method} ${request.url?.split('?')[0]}`
    const old = release === 'v0.8'
    if (route === 'GET /health') return json(response, 200, { status: 'Healthy' })
    if (route === 'GET /metrics') return json(response, 200, machine)
    if (route === 'GET /' && old) return json(response, 200, { message: 'Server is running' })
    if (route === 'GET /v1/models' && !old) {
      const card = { id: model, object: 'model', created: Math.floor(Date.now() / 1000), owned_by: 'kaito' }
      return json(response, 200, { object: 'list', data: [card] })
    }
    if ((route === 'POST /v1/chat/completions' && !old) || (route === 'POST /chat' && old)) {
      let body: unknown
      try {
        body = JSON.parse(text)
      } catch {
        return json(response, 422, { detail: [{ type: 'json_invalid', loc: ['body', 0], msg: 'JSON decode error', input: {} }] })
      }
      if (typeof body !== 'object' || body === null || Array.isArray(body))
        return json(response, 422, {
          detail: [{ type: 'dict_type', loc: ['body'], msg: 'Input should be a valid dictionary', input: body }],
        })
      return old ? json(response, 200, { Result: 'hello' }) : chat(body, response)
    }
    json(response, 404, { detail: 'Not Found' })
  }

  return createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy())
  })
}

const machine = {
  gpu_info: null,
  cpu_info: { load_percentage: 31.3, physical_cores: 2, total_cores: 2, memory: { used: '2.95 GB', total: '23.54 GB' } },
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { server: 'uvicorn', 'content-type': 'application/json' }).end(JSON.stringify(body))
}
