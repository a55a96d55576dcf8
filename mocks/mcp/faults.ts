import { randomUUID } from 'node:crypto'
import type { CauseId } from '../../fixtures/cause-catalogue.ts'
import { refuse, tell, type McpBehaviour, type Rpc } from './serve.ts'

/** One trouble of an MCP server: what it does, and what the suite has to say of it. */
export interface McpFault extends McpBehaviour {
  readonly id: string
  readonly what: string
  /** The verdict that it turns red, and no other. */
  readonly verdict: string
  /** Id of the cause that is named. */
  readonly cause: CauseId
  /** Path of the URL that the user gives, where it is not that of the server. */
  readonly path?: string
}

type Tools = { name: string; inputSchema: Record<string, unknown> }[]

/** Changes the first tool of the list: get_current_time. */
const listed =
  (change: (tool: Tools[number], tools: Tools) => void): NonNullable<McpBehaviour['result']> =>
  ({ method }, result) => {
    if (method !== 'tools/list') return result
    const tools = structuredClone(result['tools']) as Tools
    change(tools[0] as Tools[number], tools)
    return { ...result, tools }
  }

/** Another result of every call. */
const returning =
  (result: Record<string, unknown>): NonNullable<McpBehaviour['result']> =>
  ({ method }, healthy) =>
    method === 'tools/call' ? result : healthy

const failed = (text: string): Record<string, unknown> => ({ isError: true, content: [{ type: 'text', text }] })
const isCall = ({ method }: Rpc): boolean => method === 'tools/call'

/** Answers every request, or those that are meant, with a status. */
const status =
  (
    code: number,
    message: string,
    headers: Record<string, string> = {},
    meant: (rpc: Rpc) => boolean = () => true,
  ): NonNullable<McpBehaviour['door']> =>
  (_request, response, rpc) => {
    if (!meant(rpc)) return false
    refuse(response, code, message, headers)
    return true
  }

const page: NonNullable<McpBehaviour['door']> = (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Welcome</title>')
  return true
}

/** The transport of 2024: GET opens a stream whose first event names the URL to post to. */
const oldSse: NonNullable<McpBehaviour['door']> = ({ method }, response) => {
  if (method === 'GET')
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: endpoint\ndata: /messages?session_id=1\n\n')
  else response.writeHead(405, { allow: 'GET' }).end('Method Not Allowed')
  return true
}

/** An inference server: it lists models and knows nothing of MCP. */
const inference: NonNullable<McpBehaviour['door']> = ({ url }, response) => {
  const models = url === '/v1/models'
  response
    .writeHead(models ? 200 : 404, { 'content-type': 'application/json' })
    .end(models ? '{"object":"list","data":[{"id":"phi-4-mini-instruct","object":"model"}]}' : '{"detail":"Not Found"}')
  return true
}

/** What MCP servers are seen to do wrong; each is a server that can be started, and the verdict and cause that it must lead to. */
export const mcpFaults: readonly McpFault[] = [
  {
    id: 'key-needed',
    what: 'A key is wanted.',
    verdict: 'mcp.session',
    cause: 'mcp-key-required',
    door: status(401, 'Unauthorized', { 'www-authenticate': 'Bearer' }),
  },
  {
    id: 'forbidden',
    what: 'Without a key everything is forbidden.',
    verdict: 'mcp.session',
    cause: 'mcp-key-required',
    door: status(403, 'Forbidden'),
  },
  {
    id: 'header-needed',
    what: 'A header of its own is wanted.',
    verdict: 'mcp.session',
    cause: 'mcp-header-required',
    door: status(401, 'Missing required header: X-Api-Key'),
  },
  {
    id: 'host-refused',
    what: 'The host name is not allowed.',
    verdict: 'mcp.session',
    cause: 'mcp-host-refused',
    door: status(403, 'Invalid Host header: 127.0.0.1'),
  },
  { id: 'never-answers', what: 'No request is answered.', verdict: 'mcp.session', cause: 'mcp-slow', door: () => true },
  {
    id: 'list-tools-path',
    what: 'The URL is the /mcp/list_tools of the AKS article.',
    verdict: 'mcp.session',
    cause: 'mcp-list-tools-path',
    path: '/mcp/list_tools',
  },
  { id: 'wrong-path', what: 'The URL lacks the path of the endpoint.', verdict: 'mcp.session', cause: 'mcp-no-endpoint', path: '/' },
  {
    id: 'stateless-wrong-path',
    what: 'The URL lacks the path of a server without sessions.',
    verdict: 'mcp.session',
    cause: 'mcp-no-endpoint',
    path: '/',
    stateless: true,
  },
  {
    id: 'get-only',
    what: 'Only GET is allowed.',
    verdict: 'mcp.session',
    cause: 'mcp-no-endpoint',
    door: status(405, 'Method Not Allowed', { allow: 'GET' }),
  },
  { id: 'web-page', what: 'A web page stands there.', verdict: 'mcp.session', cause: 'mcp-no-endpoint', door: page },
  { id: 'old-sse', what: 'The transport is HTTP+SSE of 2024.', verdict: 'mcp.session', cause: 'mcp-old-sse', door: oldSse },
  {
    id: 'inference-server',
    what: 'An inference server stands there.',
    verdict: 'mcp.session',
    cause: 'mcp-inference-server',
    path: '/v1',
    door: inference,
  },
  {
    id: 'redirect',
    what: 'The URL redirects to one with a slash.',
    verdict: 'mcp.session',
    cause: 'mcp-redirect',
    door: status(307, '', { location: '/mcp/' }),
  },
  {
    id: 'gateway',
    what: 'A gateway finds no server behind it.',
    verdict: 'mcp.session',
    cause: 'mcp-server-error',
    door: status(502, 'Bad Gateway'),
  },
  {
    id: 'rate-limited',
    what: 'Too many requests.',
    verdict: 'mcp.session',
    cause: 'mcp-rate-limited',
    door: status(429, 'Too Many Requests'),
  },
  {
    id: 'closes',
    what: 'Connections are closed without an answer.',
    verdict: 'mcp.session',
    cause: 'mcp-connection-closed',
    door({ socket }) {
      socket.destroy()
      return true
    },
  },
  {
    id: 'key-needed-400',
    what: 'A missing key is refused with status 400.',
    verdict: 'mcp.session',
    cause: 'mcp-key-required',
    door: status(400, 'API key is missing'),
  },
  {
    id: 'key-needed-by-protocol',
    what: 'A missing key is refused as an error of JSON-RPC, with the code that the client uses for its own timeout.',
    verdict: 'mcp.session',
    cause: 'mcp-key-required',
    door: (_request, response, { id }) => tell(response, { id, error: { code: -32_001, message: 'Unauthorized' } }),
  },
  {
    id: 'session-refused',
    what: 'A session is refused as an error of JSON-RPC.',
    verdict: 'mcp.session',
    cause: 'mcp-refused',
    door: (_request, response, { id }) => tell(response, { id, error: { code: -32_603, message: 'The server is being updated' } }),
  },
  {
    id: 'version-unknown',
    what: 'initialize is answered with a version that no client knows.',
    verdict: 'mcp.session',
    cause: 'mcp-protocol-version',
    result: ({ method }, result) => (method === 'initialize' ? { ...result, protocolVersion: '1999-01-01' } : result),
  },
  {
    id: 'version-refused',
    what: "The client's version is refused.",
    verdict: 'mcp.session',
    cause: 'mcp-protocol-version',
    door: status(400, 'Bad Request: Unsupported protocol version (supported versions: 2024-11-05)'),
  },
  {
    id: 'no-tools',
    what: 'The list of tools is empty.',
    verdict: 'mcp.tools',
    cause: 'mcp-no-tools',
    result: listed((_tool, tools) => tools.splice(0)),
  },
  {
    id: 'list-with-arguments',
    what: 'Tools say arguments in place of inputSchema, as in the AKS article.',
    verdict: 'mcp.tools',
    cause: 'mcp-list-malformed',
    result: listed((tool) => {
      Object.assign(tool, { arguments: tool.inputSchema })
      delete (tool as Partial<Tools[number]>).inputSchema
    }),
  },
  {
    id: 'schema-invalid',
    what: 'An inputSchema is no JSON Schema.',
    verdict: 'mcp.tools',
    cause: 'mcp-schema-invalid',
    result: listed(
      (_tool, tools) =>
        (tools[1] = { ...(tools[1] as Tools[number]), inputSchema: { type: 'object', properties: { time: { type: 'clock' } } } }),
    ),
  },
  {
    id: 'session-lost-always',
    what: 'No session is known behind initialize.',
    verdict: 'mcp.tools',
    cause: 'mcp-session-lost',
    door: status(404, 'Session not found', {}, ({ method }) => method === 'tools/list'),
  },
  {
    id: 'session-lost-once',
    what: 'The session is forgotten between the list and the call.',
    verdict: 'mcp.session-kept',
    cause: 'mcp-session-forgotten',
    door: (() => {
      const seen = new WeakSet<object>()
      return (_request, response, rpc, { sessions }) => {
        if (!isCall(rpc) || seen.has(sessions)) return false
        seen.add(sessions)
        refuse(response, 404, 'Session not found')
        return true
      }
    })(),
  },
  {
    id: 'tool-name-refused',
    what: 'The name of a tool holds a dot.',
    verdict: 'mcp.names',
    cause: 'mcp-tool-names',
    result: listed((_tool, tools) => Object.assign(tools[1] as object, { name: 'time.convert' })),
  },
  {
    id: 'tool-name-long',
    what: 'The name of a tool has 65 characters.',
    verdict: 'mcp.names',
    cause: 'mcp-tool-names',
    result: listed((_tool, tools) => Object.assign(tools[1] as object, { name: 'c'.repeat(65) })),
  },
  {
    id: 'schema-words',
    what: 'An inputSchema uses words that the grammar of vLLM does not know.',
    verdict: 'mcp.schema-words',
    cause: 'mcp-schema-words',
    result: listed((_tool, tools) =>
      Object.assign((tools[1] as Tools[number]).inputSchema['properties'] as object, {
        days: { type: 'array', items: { type: 'integer', multipleOf: 2 }, uniqueItems: true },
        labels: { type: 'object', propertyNames: { pattern: '^[a-z]+$' } },
      }),
    ),
  },
  {
    id: 'unknown-tool',
    what: 'A tool that is listed is unknown when it is called.',
    verdict: 'mcp.result',
    cause: 'mcp-unknown-tool',
    result: returning(failed('MCP error -32602: Tool get_current_time not found')),
  },
  {
    id: 'arguments-refused',
    what: 'Arguments that fit the inputSchema are refused in the result.',
    verdict: 'mcp.result',
    cause: 'mcp-invalid-arguments',
    result: returning(failed('MCP error -32602: Input validation error: Invalid arguments for tool get_current_time: timezone')),
  },
  {
    id: 'arguments-refused-by-protocol',
    what: 'Arguments that fit the inputSchema are refused as an error of JSON-RPC.',
    verdict: 'mcp.result',
    cause: 'mcp-invalid-arguments',
    door: (_request, response, rpc) => isCall(rpc) && tell(response, { id: rpc.id, error: { code: -32_602, message: 'Invalid params' } }),
  },
  {
    id: 'tool-fails',
    what: 'The tool fails.',
    verdict: 'mcp.result',
    cause: 'mcp-tool-error',
    result: returning(failed('The clock cannot be read.')),
  },
  {
    id: 'call-slow',
    what: 'The call is never answered.',
    verdict: 'mcp.result',
    cause: 'mcp-slow',
    door: (_request, _response, rpc) => isCall(rpc),
  },
  {
    id: 'call-unauthorized',
    what: 'Tools may be listed without a key, but not called.',
    verdict: 'mcp.result',
    cause: 'mcp-key-required',
    door: status(401, 'Unauthorized', {}, isCall),
  },
  {
    id: 'result-image',
    what: 'The result is an image alone.',
    verdict: 'mcp.result',
    cause: 'mcp-result-not-text',
    result: returning({ content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] }),
  },
  {
    id: 'result-empty',
    what: 'The result is empty.',
    verdict: 'mcp.result',
    cause: 'mcp-result-empty',
    result: returning({ content: [] }),
  },
  {
    id: 'result-huge',
    what: 'The result has two million characters.',
    verdict: 'mcp.result',
    cause: 'mcp-result-too-large',
    result: returning({ content: [{ type: 'text', text: 'tick '.repeat(400_000) }] }),
  },
  {
    id: 'stateless-later',
    what: 'It speaks a later revision of MCP alone.',
    verdict: 'mcp.session',
    cause: 'mcp-protocol-version',
    door: (_request, response, { id }) =>
      tell(response, { id, error: { code: -32_022, message: 'Unsupported protocol version', data: { supported: ['2027-03-31'] } } }, 400),
  },
  {
    id: 'stateless-headers-lost',
    what: 'What lies before a server without sessions takes out the headers by which it knows a request.',
    verdict: 'mcp.session',
    cause: 'mcp-headers-lost',
    stateless: true,
    door({ headers }) {
      delete headers['mcp-method']
      delete headers['mcp-protocol-version']
      return false
    },
  },
  {
    id: 'stateless-asks-back',
    what: 'The tool of a server without sessions wants something of the user first.',
    verdict: 'mcp.result',
    cause: 'mcp-asks-back',
    stateless: true,
    result: returning({
      resultType: 'input_required',
      requestState: 'state',
      inputRequests: {
        zone: {
          method: 'elicitation/create',
          params: { mode: 'form', message: 'Which zone?', requestedSchema: { type: 'object', properties: {} } },
        },
      },
    }),
  },
  {
    id: 'asks-back',
    what: 'The tool wants something of the user, which the client cannot ask.',
    verdict: 'mcp.result',
    cause: 'mcp-asks-back',
    result: returning(failed('Client does not support form elicitation.')),
  },
  {
    id: 'tools-not-announced',
    what: 'initialize does not say that there are tools.',
    verdict: 'mcp.tools',
    cause: 'mcp-no-tools',
    result: ({ method }, result) => (method === 'initialize' ? { ...result, capabilities: {} } : result),
  },
  {
    id: 'list-fails',
    what: 'The tools cannot be listed, which is said as an error of JSON-RPC.',
    verdict: 'mcp.tools',
    cause: 'mcp-list-refused',
    door: (_request, response, { id, method }) =>
      method === 'tools/list' && tell(response, { id, error: { code: -32_603, message: 'The catalogue of tools is down' } }),
  },
  {
    id: 'list-needs-key',
    what: 'The tools are listed with a key alone, which is said as an error of JSON-RPC.',
    verdict: 'mcp.tools',
    cause: 'mcp-key-required',
    door: (_request, response, { id, method }) =>
      method === 'tools/list' && tell(response, { id, error: { code: -32_001, message: 'Unauthorized' } }),
  },
  {
    id: 'accept-lost',
    what: 'What lies before the server sends an Accept of its own.',
    verdict: 'mcp.session',
    cause: 'mcp-headers-lost',
    door: status(406, 'Not Acceptable: Client must accept both application/json and text/event-stream'),
  },
  {
    id: 'list-endless',
    what: 'The list of tools has always one page more.',
    verdict: 'mcp.tools',
    cause: 'mcp-list-endless',
    result: ({ method }, result) => (method === 'tools/list' ? { ...result, nextCursor: randomUUID() } : result),
  },
  {
    id: 'output-invalid',
    what: 'The result does not fit the outputSchema.',
    verdict: 'mcp.result',
    cause: 'mcp-output-invalid',
    result: ({ method }, result) =>
      method === 'tools/list'
        ? listed((tool) => Object.assign(tool, { outputSchema: { type: 'object', required: ['datetime'] } }))({ method }, result)
        : method === 'tools/call'
          ? { ...result, structuredContent: { date: 'today' } }
          : result,
  },
  {
    id: 'content-type-wrong',
    what: 'A gateway labels JSON as text.',
    verdict: 'mcp.session',
    cause: 'mcp-content-type',
    door(_request, response, { id, method }) {
      const result = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'time', version: '1' } }
      response
        .writeHead(200, { 'content-type': 'text/plain' })
        .end(JSON.stringify({ jsonrpc: '2.0', id, ...(method === 'initialize' ? { result } : {}) }))
      return true
    },
  },
  {
    id: 'session-header-lost',
    what: 'What lies between takes out the header of the session.',
    verdict: 'mcp.session',
    cause: 'mcp-session-lost',
    door({ headers }) {
      delete headers['mcp-session-id']
      return false
    },
  },
  {
    id: 'call-stream-ends',
    what: 'The stream of a call ends without its result.',
    verdict: 'mcp.result',
    cause: 'mcp-answer-lost',
    door(_request, response, rpc) {
      if (!isCall(rpc)) return false
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': keep-alive\n\n')
      return true
    },
  },
]
