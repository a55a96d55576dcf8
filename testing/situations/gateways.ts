import type { CauseId } from '../../fixtures/cause-catalogue.ts'
import type { Fault } from '../../mocks/vllm/fault.ts'
import type { VllmOptions } from '../../mocks/vllm/vllm.ts'
import type { Program, Settings } from '../gateways.ts'

/** A real gateway before servers, how it is judged, and what must be said of it. */
interface GatewaySituation extends Settings {
  /** The servers behind it; `gone` is one at whose address nothing listens. Default: one healthy server. */
  readonly servers?: readonly (VllmOptions | 'gone')[]
  readonly apiKey?: string
  readonly timeoutMs?: number
  /** Without it the run must be green. */
  readonly cause?: CauseId
  /** What the sentence of the cause must hold. */
  readonly says?: RegExp
  /** Whether streams arrive as they are generated; judged where a stream takes long enough. */
  readonly arrives?: 'passed' | 'failed'
}

/** A slow model: streams take a second and more. The context is too small for the longest answers. */
const paced: VllmOptions = { gapMs: 25, maxModelLen: 8192 }
const key = (characters: number): string => `sk-${'x'.repeat(characters)}`

const chatFault = (id: string, what: string, reply: NonNullable<Fault['reply']>): Fault => ({
  id,
  what,
  trigger: [],
  reply: (answer, scene) => (scene.turn && answer.status === 200 ? reply(answer, scene) : undefined),
})
const plainHangs = chatFault('plain-hangs', 'Plain answers never come.', (reply) =>
  reply.events ? undefined : { ...reply, body: '', end: 'hang' },
)
const streamsPause = chatFault('streams-pause', 'Streams stop after their first event.', (reply) =>
  reply.events ? { ...reply, events: reply.events.slice(0, 1), end: 'hang' } : undefined,
)
/** A server that crashes: what it was sending breaks off. */
const breaksOff = chatFault('breaks-off', 'Streams break off after two events.', (reply) =>
  reply.events ? { ...reply, events: reply.events.slice(0, 2), end: 'reset' } : undefined,
)

const unbuffered = 'proxy_buffering off;'
const eventStreams = { haproxy: 'if { res.hdr(content-type) -m sub event-stream }' }

/** Gateways as they are set up by default, and with the mistakes that people make. */
export const gateways: readonly (readonly [program: Program, what: string, situation: GatewaySituation])[] = [
  // As they come.
  ['nginx', 'by default', {}],
  ['haproxy', 'by default', {}],
  ['apache2', 'by default', {}],
  ['caddy', 'by default', {}],
  ['haproxy', 'by default, before a slow model', { servers: [paced], arrives: 'passed' }],
  ['apache2', 'by default, before a slow model', { servers: [paced], arrives: 'passed' }],
  ['caddy', 'by default, before a slow model', { servers: [paced], arrives: 'passed' }],
  ['nginx', 'without buffering, before a slow model', { site: unbuffered, servers: [paced], arrives: 'passed' }],
  ['apache2', 'HTTP/1.0 to the server', { site: 'SetEnv force-proxy-request-1.0 1\nSetEnv proxy-nokeepalive 1' }],
  ['apache2', 'HTTP/1.0 to the client', { site: 'SetEnv downgrade-1.0 1\nSetEnv force-response-1.0 1' }],
  ['nginx', 'one of two servers is gone, and the other gets its requests', { servers: [{}, 'gone'] }],
  ['nginx', 'two healthy servers in turn', { servers: [{}, { seed: 2 }] }],
  ['haproxy', 'two healthy servers in turn', { servers: [{}, { seed: 2 }] }],
  ['nginx', 'two healthy servers, a client stays with one', { upstream: 'ip_hash;', servers: [{}, { seed: 2 }] }],

  // Streams that are held back: a warning.
  ['nginx', 'by default, before a slow model', { servers: [paced], arrives: 'failed' }],
  ['lighttpd', 'by default, before a slow model', { servers: [paced], arrives: 'failed' }],
  ['lighttpd', 'streams answers, before a slow model', { site: 'server.stream-response-body = 2', servers: [paced], arrives: 'passed' }],
  ['caddy', 'buffers answers', { site: 'buffer_responses', servers: [paced], arrives: 'failed' }],
  ['apache2', 'mod_buffer, through which flushed pieces pass', { site: 'SetOutputFilter BUFFER', servers: [paced], arrives: 'passed' }],
  [
    'varnish',
    'fetches whole answers first',
    {
      site: 'sub vcl_backend_response { set beresp.do_stream = false; }',
      servers: [{ ...paced, apiKey: 'sk-1' }],
      apiKey: 'sk-1',
      arrives: 'failed',
    },
  ],

  // Sizes.
  [
    'nginx',
    'client_max_body_size',
    { site: 'client_max_body_size 8k;', cause: 'body-limit', says: /^nginx refuses requests of 1\d{4} bytes as too large/ },
  ],
  [
    'nginx',
    'no folder for large bodies',
    {
      lost: 'client_body',
      cause: 'body-limit',
      says: /^nginx fails every request of \d{5} bytes or more \(status 500\); one of \d+ bytes was answered\.$/,
    },
  ],
  [
    'haproxy',
    'denies large bodies with 413',
    {
      around: 'option http-buffer-request\nhttp-request deny deny_status 413 if { req.body_size gt 8000 }',
      cause: 'body-limit',
      says: /^HAProxy refuses requests of/,
    },
  ],
  [
    'haproxy',
    'denies large bodies with 403',
    {
      around: 'http-request deny if { req.hdr_val(content-length) gt 8000 }',
      cause: 'body-limit',
      says: /^HAProxy fails every request of/,
    },
  ],
  ['apache2', 'LimitRequestBody, which is not for requests that it passes on', { site: 'LimitRequestBody 8000' }],
  ['caddy', 'request_body', { around: 'request_body {\nmax_size 8KB\n}', cause: 'body-limit', says: /^Caddy fails every request of/ }],
  [
    'nginx',
    'a key of 9 KB',
    { servers: [{ apiKey: key(9000) }], apiKey: key(9000), cause: 'header-limit', says: /^nginx .*\(status 400\)/ },
  ],
  ['apache2', 'a key of 9 KB', { servers: [{ apiKey: key(9000) }], apiKey: key(9000), cause: 'header-limit', says: /^Apache / }],
  ['haproxy', 'a key of 18 KB', { servers: [{ apiKey: key(18_000) }], apiKey: key(18_000), cause: 'header-limit', says: /^HAProxy / }],
  [
    'caddy',
    'a key of 9 KB, a limit of 4 KB',
    { upstream: 'servers {\nmax_header_size 4096\n}', servers: [{ apiKey: key(9000) }], apiKey: key(9000), cause: 'header-limit' },
  ],
  [
    'varnish',
    'a key of 9 KB',
    { servers: [{ apiKey: key(9000) }], apiKey: key(9000), cause: 'header-limit', says: /may be smaller than the key/ },
  ],

  // Time.
  [
    'nginx',
    'waits too short for plain answers',
    {
      site: `${unbuffered} proxy_read_timeout 2s;`,
      servers: [{ fault: plainHangs }],
      cause: 'gateway-timeout',
      says: /^nginx .* after \d\.\d s/,
    },
  ],
  [
    'haproxy',
    'waits too short for plain answers',
    { site: 'timeout server 2s', servers: [{ fault: plainHangs }], cause: 'gateway-timeout', says: /^HAProxy / },
  ],
  [
    'apache2',
    'waits too short for plain answers',
    { around: 'ProxyTimeout 2', servers: [{ fault: plainHangs }], cause: 'gateway-timeout', says: /^Apache / },
  ],
  [
    'caddy',
    'waits too short for plain answers',
    {
      site: 'transport http {\nresponse_header_timeout 2s\n}',
      servers: [{ fault: plainHangs }],
      cause: 'gateway-timeout',
      says: /^Caddy /,
    },
  ],
  [
    'varnish',
    'waits too short for plain answers',
    { around: '-p first_byte_timeout=2', servers: [{ fault: plainHangs }], apiKey: 'sk-1', cause: 'gateway-timeout', says: /^Varnish / },
  ],
  [
    'nginx',
    'cuts streams that pause',
    {
      site: `${unbuffered} proxy_read_timeout 4s;`,
      servers: [{ fault: streamsPause }],
      cause: 'idle-timeout',
      says: /[34]\.\d s pass without a byte/,
    },
  ],
  ['haproxy', 'cuts streams that pause', { site: 'timeout server 4s', servers: [{ fault: streamsPause }], cause: 'idle-timeout' }],
  ['apache2', 'cuts streams that pause', { around: 'ProxyTimeout 4', servers: [{ fault: streamsPause }], cause: 'idle-timeout' }],
  [
    'varnish',
    'cuts streams that pause',
    { around: '-p between_bytes_timeout=4', servers: [{ fault: streamsPause }], apiKey: 'sk-1', cause: 'idle-timeout' },
  ],
  [
    'caddy',
    'cuts long streams',
    {
      upstream: 'servers {\ntimeouts {\nwrite 1s\n}\n}',
      servers: [{ gapMs: 60, maxModelLen: 8192 }],
      cause: 'idle-timeout',
      says: /after they were asked for/,
    },
  ],
  [
    'apache2',
    'limits the bandwidth',
    {
      site: 'SetOutputFilter RATE_LIMIT\nSetEnv rate-limit 4',
      timeoutMs: 5000,
      cause: 'throttled',
      says: /the server generates \d+ tokens a second for each/,
    },
  ],

  // Bytes.
  ['apache2', 'compresses whatever is asked', { site: 'SetOutputFilter DEFLATE\nSetEnv force-gzip 1', cause: 'compressed' }],
  [
    'haproxy',
    'compresses whatever is asked',
    {
      around: 'http-request set-header accept-encoding gzip\ncompression algo gzip\ncompression type text/event-stream application/json',
      cause: 'compressed',
    },
  ],
  ['caddy', 'compresses whatever is asked', { around: 'encode gzip\nrequest_header Accept-Encoding gzip', cause: 'compressed' }],
  [
    'varnish',
    'compresses whatever is asked',
    {
      site: 'sub vcl_recv { set req.http.Accept-Encoding = "gzip"; } sub vcl_backend_response { set beresp.do_gzip = true; }',
      cause: 'compressed',
    },
  ],
  ['nginx', 'a second transfer-encoding', { site: 'add_header Transfer-Encoding chunked;', cause: 'wrong-framing' }],
  ['nginx', 'a content-length of its own', { site: 'add_header Content-Length 200;', cause: 'wrong-framing' }],
  ['apache2', 'a second transfer-encoding', { site: 'Header always add Transfer-Encoding chunked', cause: 'wrong-framing' }],
  [
    'haproxy',
    'a content-length on streams',
    { site: `http-response set-header content-length 200 ${eventStreams.haproxy}`, cause: 'wrong-framing' },
  ],
  ['caddy', 'a content-length of its own', { site: 'header_down Content-Length 200', cause: 'models-unreadable' }],

  // What is answered in the server's place.
  ['nginx', 'nothing behind it', { servers: ['gone'], cause: 'no-upstream', says: /^nginx .* \(status 502\)\.$/ }],
  ['haproxy', 'nothing behind it', { servers: ['gone'], cause: 'no-upstream', says: /^HAProxy .* \(status 503\)\.$/ }],
  ['apache2', 'nothing behind it', { servers: ['gone'], cause: 'no-upstream', says: /^Apache .* \(status 503\)\.$/ }],
  ['caddy', 'nothing behind it', { servers: ['gone'], cause: 'no-upstream', says: /^Caddy .* \(status 502\)\.$/ }],
  ['lighttpd', 'nothing behind it', { servers: ['gone'], cause: 'no-upstream', says: /^lighttpd .* \(status 503\)\.$/ }],
  ['varnish', 'nothing behind it', { servers: ['gone'], cause: 'no-upstream', says: /^Varnish .* \(status 503\)\.$/ }],
  [
    'nginx',
    'pages in place of errors',
    { site: 'proxy_intercept_errors on; error_page 400 404 422 500 /error;', cause: 'errors-replaced', says: /^nginx replaces/ },
  ],
  ['apache2', 'pages in place of errors', { site: 'ProxyErrorOverride On', cause: 'errors-replaced', says: /^Apache replaces/ }],
  [
    'nginx',
    'limits the rate',
    {
      around: 'limit_req_zone $binary_remote_addr zone=z:1m rate=30r/s;',
      site: 'limit_req zone=z burst=5 nodelay;',
      cause: 'rate-limited',
      says: /^nginx turns \d+ of \d+ requests away at once/,
    },
  ],
  [
    'haproxy',
    'a short queue',
    { site: 'timeout queue 30\ndefault-server maxconn 4', servers: [{ latencyMs: 20 }], cause: 'rate-limited', says: /^HAProxy turns/ },
  ],
  ['nginx', 'no route', { site: 'return 404;', cause: 'no-route-in-proxy', says: /^nginx answers at .* but has no route/ }],
  ['nginx', 'an address that is not allowed', { site: 'deny all;', cause: 'forbidden-by-proxy', says: /^nginx at .* forbids the request/ }],
  [
    'nginx',
    'a password',
    { site: 'auth_basic x; auth_basic_user_file /dev/null;', cause: 'wrong-scheme', says: /^nginx at .* wants a login by Basic/ },
  ],
  [
    'nginx',
    'https is wanted',
    { site: 'return 301 https://gateway.example.com$request_uri;', cause: 'redirect', says: /redirects to gateway\.example\.com/ },
  ],
  [
    'nginx',
    'the key is dropped on the way',
    { site: 'proxy_set_header Authorization "";', servers: [{ apiKey: 'sk-right' }], apiKey: 'sk-right', cause: 'key-refused' },
  ],

  // Caches.
  ['varnish', 'by default', { cause: 'cached-answers', says: /^Varnish answers GET \/metrics from a cache/ }],
  ['varnish', 'by default, with a key: nothing is kept', { servers: [{ apiKey: 'sk-1' }], apiKey: 'sk-1' }],
  [
    'nginx',
    'keeps GET',
    {
      around: 'proxy_cache_path {folder}/cache keys_zone=c:1m;',
      site: 'proxy_cache c; proxy_cache_valid 200 1m;',
      cause: 'cached-answers',
      says: /not one byte changed/,
    },
  ],
  [
    'nginx',
    'keeps POST',
    {
      around: 'proxy_cache_path {folder}/cache keys_zone=c:1m;',
      site: 'proxy_cache c; proxy_cache_methods GET HEAD POST; proxy_cache_key $uri; proxy_cache_valid 200 1m;',
      cause: 'cached-answers',
      says: /^nginx answers \d+ different chat requests with one and the same answer|^Something in between answers \d+ different/,
    },
  ],

  // Servers that differ, and requests that are sent again.
  [
    'nginx',
    'sends POST again to the same slow server',
    {
      site: `${unbuffered} proxy_read_timeout 2s; proxy_next_upstream error timeout non_idempotent;`,
      servers: [{ fault: plainHangs }, { fault: plainHangs, seed: 2 }],
      cause: 'gateway-timeout',
      says: /^nginx .* after \d\.\d s/,
    },
  ],
  [
    'haproxy',
    'sends POST again to the same slow server',
    { site: 'retry-on all-retryable-errors\nretries 1\ntimeout server 2s', servers: [{ fault: plainHangs }], cause: 'gateway-timeout' },
  ],
  ['nginx', 'a server that breaks off, over HTTP/1.0', { site: unbuffered, servers: [{ fault: breaksOff }], cause: 'answers-cut' }],
  ['nginx', 'one of two servers has no parser', { servers: [{}, { parser: 'none', seed: 2 }], cause: 'replicas-differ' }],
  ['haproxy', 'one of two servers serves another model', { servers: [{}, { model: 'another-model', seed: 2 }], cause: 'replicas-differ' }],
  // Filters.
  [
    'modsecurity',
    'the rules of OWASP',
    {
      site: 'Include /etc/modsecurity/crs/crs-setup.conf\nInclude /usr/share/modsecurity-crs/rules/*.conf',
      cause: 'content-refused',
      says: /^Apache refuses requests for what they hold: \d+ of \d+ got status 403/,
    },
  ],
  [
    'modsecurity',
    'a limit on how deep JSON may be, by which bodies are refused with 400',
    {
      site: `SecRequestBodyJsonDepthLimit 10\nSecRule REQBODY_ERROR "!@eq 0" "id:'200002',phase:2,t:none,deny,status:400"`,
      cause: 'content-refused',
      says: /^Apache refuses requests for what they hold: \d+ of \d+ got status 400/,
    },
  ],
  ['litellm', 'nothing behind it', { servers: ['gone'], cause: 'no-upstream', says: /^LiteLLM at \S+ says that it gets no answer from/ }],
  ['litellm', 'the server wants a key', { servers: [{ apiKey: 'sk-right' }], cause: 'upstream-key', says: /^LiteLLM at / }],
  ['litellm', 'by default', { cause: 'answers-rewritten', says: /^LiteLLM reads what the server answers/ }],
  ['vllm-router', 'by default', { cause: 'optional-demanded', says: /demands parameters/ }],
  [
    'vllm-router',
    'one of two servers serves another model',
    { servers: [{}, { model: 'another-model', seed: 2 }], cause: 'replicas-differ' },
  ],
]
