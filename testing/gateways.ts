import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Loopback } from './loopback.ts'

/** The gateways that Debian and PyPI have. */
export type Program = 'nginx' | 'haproxy' | 'apache2' | 'modsecurity' | 'caddy' | 'varnish' | 'lighttpd' | 'litellm' | 'vllm-router'

/** Where a gateway listens, what stands behind it, and a folder of its own. */
interface Place {
  readonly port: number
  /** For the metrics of its own, where it cannot go without. */
  readonly metricsPort: number
  /** `127.0.0.1:8000`, at least one. */
  readonly upstreams: readonly [string, ...string[]]
  readonly folder: string
}

/**
 * What is written into the configuration: `site` where the route to the server stands (nginx: location, haproxy: backend, apache2:
 * VirtualHost, caddy: reverse_proxy, varnish: VCL behind the backend, lighttpd: the end), `around` one level above it (nginx: http, haproxy: frontend, apache2:
 * server, caddy: the site, varnish: flags of varnishd), `upstream` beside the list of servers.
 */
export interface Settings {
  readonly site?: string
  readonly around?: string
  readonly upstream?: string
  /** A folder of its own that goes away when it listens: `client_body` and `proxy` hold what nginx writes to disk. */
  readonly lost?: 'client_body' | 'proxy'
}

interface Recipe {
  readonly command: string
  /** What installs it. */
  readonly install: string
  /** A file that comes with it, where the command comes with something else. */
  readonly file?: string
  /** Writes the configuration and gives the arguments of the command, which must stay in the foreground. */
  readonly prepare: (place: Place, settings: Settings) => readonly string[]
  readonly env?: (place: Place) => Record<string, string>
}

const written = ({ folder }: Place, name: string, text: string): string => {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

const MODULES = '/usr/lib/apache2/modules'
const APACHE_MODULES = [
  'mpm_event',
  'authz_core',
  'buffer',
  'deflate',
  'env',
  'filter',
  'headers',
  'lbmethod_byrequests',
  'proxy',
  'proxy_http',
  'proxy_balancer',
  'ratelimit',
  'reqtimeout',
  'setenvif',
  'slotmem_shm',
]

const apache = (place: Place, { site = '', around = '', upstream = '' }: Settings): readonly string[] => {
  const { folder, port, upstreams } = place
  const loaded = APACHE_MODULES.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')
  const file = written(
    place,
    'apache2.conf',
    `ServerRoot ${folder}
ServerName localhost
PidFile ${folder}/pid
DefaultRuntimeDir ${folder}
Mutex file:${folder} default
ErrorLog ${folder}/error.log
LogLevel crit
Listen 127.0.0.1:${port}
${loaded}
Timeout 300
KeepAliveTimeout 5
${around}
<Proxy balancer://servers>
  ${upstreams.map((server) => `BalancerMember http://${server}`).join('\n  ')}
  ${upstream}
</Proxy>
<VirtualHost 127.0.0.1:${port}>
  ${site}
  ProxyPass / balancer://servers/
</VirtualHost>
`,
  )
  return ['-X', '-f', file]
}

const recipes: Readonly<Record<Program, Recipe>> = {
  nginx: {
    command: 'nginx',
    install: 'apt-get install nginx-light',
    prepare(place, { site = '', around = '', upstream = '' }) {
      const { folder, port, upstreams } = place
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((name) => `${name}_temp_path ${folder}/${name};`)
        .join('\n')
      const file = written(
        place,
        'nginx.conf',
        `daemon off; master_process off; pid ${folder}/pid; error_log stderr crit;
events {}
http {
  access_log off; ${temporary}
  ${around}
  upstream servers { ${upstreams.map((server) => `server ${server};`).join(' ')} ${upstream} }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://servers; ${site} } }
}`,
      )
      return ['-p', folder, '-c', file, '-e', 'stderr']
    },
  },
  haproxy: {
    command: 'haproxy',
    install: 'apt-get install haproxy',
    // The time-outs are those of Debian's haproxy.cfg; a later line of the same name wins.
    prepare(place, { site = '', around = '', upstream = '' }) {
      const file = written(
        place,
        'haproxy.cfg',
        `global
  ${upstream}
defaults
  mode http
  timeout connect 5000
  timeout client 50000
  timeout server 50000
frontend door
  bind 127.0.0.1:${place.port}
  ${around.replaceAll('\n', '\n  ')}
  default_backend servers
backend servers
  ${site.replaceAll('\n', '\n  ')}
  ${place.upstreams.map((server, at) => `server s${at} ${server}`).join('\n  ')}
`,
      )
      return ['-db', '-f', file]
    },
  },
  apache2: { command: 'apache2', install: 'apt-get install apache2', prepare: apache },
  // JSON is read as its own example of a configuration does.
  modsecurity: {
    command: 'apache2',
    install: 'apt-get install libapache2-mod-security2 modsecurity-crs',
    file: `${MODULES}/mod_security2.so`,
    prepare: (place, { site = '' }) =>
      apache(place, {
        around: `LoadModule unique_id_module ${MODULES}/mod_unique_id.so
LoadModule security2_module ${MODULES}/mod_security2.so
SecDataDir ${place.folder}
SecTmpDir ${place.folder}`,
        site: `SecRuleEngine On
SecRequestBodyAccess On
SecRule REQUEST_HEADERS:Content-Type "^application/json" "id:'200001',phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
${site}`,
      }),
  },
  caddy: {
    command: 'caddy',
    install: 'apt-get install caddy',
    prepare(place, { site = '', around = '', upstream = '' }) {
      const file = written(
        place,
        'Caddyfile',
        `{
  admin off
  auto_https off
  log {
    level ERROR
  }
  ${upstream}
}
http://127.0.0.1:${place.port} {
  ${around}
  reverse_proxy ${place.upstreams.join(' ')} {
    ${site}
  }
}
`,
      )
      return ['run', '--config', file, '--adapter', 'caddyfile']
    },
    env: ({ folder }) => ({ HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }),
  },
  varnish: {
    command: 'varnishd',
    install: 'apt-get install varnish',
    prepare(place, { site = '', around = '' }) {
      const [server] = place.upstreams
      const [host, port] = server.split(':')
      const file = written(place, 'varnish.vcl', `vcl 4.1;\nbackend server { .host = "${host}"; .port = "${port}"; }\n${site}\n`)
      mkdirSync(join(place.folder, 'varnish'))
      const flags = around === '' ? [] : around.split(' ')
      return [
        '-F',
        '-j',
        'none',
        '-a',
        `127.0.0.1:${place.port}`,
        '-f',
        file,
        '-n',
        join(place.folder, 'varnish'),
        '-s',
        'malloc,32m',
        ...flags,
      ]
    },
  },
  lighttpd: {
    command: 'lighttpd',
    install: 'apt-get install lighttpd',
    prepare(place, { site = '' }) {
      const hosts = place.upstreams.map((server) => server.split(':')).map(([host, port]) => `("host" => "${host}", "port" => ${port})`)
      const file = written(
        place,
        'lighttpd.conf',
        `server.modules = ("mod_proxy")
server.document-root = "${place.folder}"
server.upload-dirs = ("${place.folder}")
server.bind = "127.0.0.1"
server.port = ${place.port}
proxy.server = ("" => (${hosts.join(', ')}))
${site}
`,
      )
      return ['-D', '-f', file]
    },
  },
  litellm: {
    command: 'litellm',
    install: "pip install 'litellm[proxy]'",
    prepare(place) {
      const servers = place.upstreams.map(
        (server) => `  - model_name: phi-4-mini-instruct
    litellm_params: { model: hosted_vllm/phi-4-mini-instruct, api_base: 'http://${server}/v1', api_key: none }`,
      )
      const file = written(place, 'litellm.yaml', `model_list:\n${servers.join('\n')}\n`)
      return ['--config', file, '--host', '127.0.0.1', '--port', `${place.port}`]
    },
    env: ({ folder }) => ({
      HOME: folder,
      LITELLM_LOCAL_MODEL_COST_MAP: 'True',
      LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY: 'true',
    }),
  },
  'vllm-router': {
    command: 'vllm-router',
    install: 'pip install vllm-router',
    prepare({ port, metricsPort, upstreams }) {
      const where = ['--host', '127.0.0.1', '--port', `${port}`, '--prometheus-port', `${metricsPort}`]
      return [...where, '--policy', 'round_robin', '--worker-urls', ...upstreams.map((server) => `http://${server}`)]
    },
  },
}

/** One sentence for each of these programs that is not installed; empty when all are there. */
export const missingPrograms = (programs: readonly Program[]): string[] =>
  programs.flatMap((program) => {
    const { command, install, file } = recipes[program]
    return isInstalled(command) && (file === undefined || existsSync(file)) ? [] : [`${command} is not installed: ${install}.`]
  })

/** Debian keeps servers where users other than root do not look. */
const PATH = `${process.env['PATH']}:/usr/sbin:/sbin`

const isInstalled = (command: string): boolean => spawnSync(command, ['-v'], { env: { PATH }, stdio: 'ignore' }).error === undefined

/** `{folder}` in a configuration is the folder of the gateway. */
const within = ({ lost: _lost, ...texts }: Settings, folder: string): Settings =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, text.replaceAll('{folder}', folder)]))

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

/**
 * Starts a real gateway before these servers (their roots) with a configuration that is made for it, and resolves to its root when it
 * listens. It is ended with the loopback. Rejects with what the program said when it does not start.
 */
export async function startGateway(
  loopback: Loopback,
  program: Program,
  upstreams: readonly string[],
  settings: Settings = {},
): Promise<string> {
  const { command, prepare, env } = recipes[program]
  const folder = mkdtempSync(join(tmpdir(), `${program}-`))
  const [first, ...others] = upstreams.map((url) => new URL(url).host)
  const place: Place = { folder, port: await freePort(), metricsPort: await freePort(), upstreams: [first ?? '', ...others] }
  const child = spawn(command, prepare(place, within(settings, folder)), {
    env: { PATH, ...env?.(place) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (said += part.toString()))
  const failed = new Promise<never>((_resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`${command} ended: ${said}`)))
  })
  failed.catch(() => {})
  // A run that is stopped half-way closes no loopback.
  const abandoned = (): void => void child.kill('SIGTERM')
  process.once('exit', abandoned)
  loopback.defer(async () => {
    process.off('exit', abandoned)
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    }
    rmSync(folder, { recursive: true, force: true })
  })
  const url = `http://127.0.0.1:${place.port}`
  for (let tries = 0; tries < 3000; tries += 1) {
    const answer = await Promise.race([fetch(url, { redirect: 'manual' }).catch(() => undefined), failed])
    if (answer) {
      if (settings.lost !== undefined) rmSync(join(folder, settings.lost), { recursive: true })
      return url
    }
    await Promise.race([delay(20), failed])
  }
  throw new Error(`${command} does not listen: ${said}`)
}
