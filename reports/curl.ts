import { acceptedBy } from '../fixtures/exchange/coding.ts'
import type { Request } from '../fixtures/exchange/exchange.ts'

/** Longer arguments are refused by Linux. */
const LONGEST_ARGUMENT = 100_000

/**
 * A command for a POSIX shell that sends the same bytes again. The key is taken from $OPENAI_API_KEY and never written.
 * `baseUrl` is the target's, with or without its `/v1`. With `recorded` a body of more than so many characters is read from the record.
 */
export function curl(
  request: Request,
  baseUrl: string,
  recorded?: { readonly id: string; readonly file: string; readonly above: number },
): string {
  const root = baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '')
  const options = ['curl', '--silent', '--show-error', '--include', '--globoff', '--path-as-is']
  if (request.form === 'stream') options.push('--no-buffer')
  if (request.method !== (request.body === undefined ? 'GET' : 'POST')) options.push(`--request ${request.method}`)
  if (acceptedBy(request) !== 'identity') options.push('--compressed')
  const headers = Object.entries(request.headers ?? {})
  const typed = headers.some(([name]) => name.toLowerCase() === 'content-type')
  if (request.body !== undefined && !typed) options.push(header('content-type', 'application/json'))
  const { authorization = 'key' } = request
  if (authorization === 'key') options.push('--header "Authorization: Bearer $OPENAI_API_KEY"')
  else if (authorization !== 'none') options.push(header('authorization', authorization.literal))
  for (const [name, value] of headers) options.push(header(name, value))
  const url = quote(`${root}${request.path}`)
  const { body } = request
  if (body === undefined) return `${options.join(' ')} ${url}`
  if (recorded !== undefined && body.length > recorded.above)
    return `jq -j ${quote(`select(.id == ${JSON.stringify(recorded.id)}).request.body`)} ${recorded.file} | ${options.join(' ')} --data-binary @- ${url}`
  if (body.length < LONGEST_ARGUMENT && !/[^\P{C}\n]/u.test(body)) return `${options.join(' ')} --data-raw ${quote(body)} ${url}`
  const lines = Buffer.from(body)
    .toString('base64')
    .replace(/.{76}(?=.)/g, '$&\n')
  return `base64 -d <<'END' | ${options.join(' ')} --data-binary @- ${url}\n${lines}\nEND`
}

function header(name: string, value: string): string {
  return `--header ${quote(value === '' ? `${name};` : `${name}: ${value}`)}`
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
