import { agreement as rulesOfAgreement, compareParts } from '../fixtures/contract/agreement.ts'
import { viewOf, type ChatRequest } from '../fixtures/contract/view.ts'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import { apart, excerpt, plural } from '../fixtures/text.ts'
import { answerLine, piecesOf, type Piece } from './bytes.ts'
import { curl } from './curl.ts'
import { FILES, type Recording } from './store.ts'

/** Bodies of answers and requests that prove something are shown whole up to this size, others up to the second. */
const PROOF = { whole: 16_384, around: 2_048, request: 16_384 }
const OTHER = { whole: 3_072, around: 0, request: 2_048 }

/** Exchanges as the page shows them: one by one, and the two forms of one question together where their answers differ. */
export interface ShownExchanges {
  /** The anchor at which an exchange is shown; undefined for one that the record does not have. */
  readonly anchorOf: (id: string) => string | undefined
  /** All of them as HTML, each behind its line. */
  readonly html: string
}

/** Every exchange of a record with its bytes in order of arrival, each breach marked, and the curl command that sends it again. */
export function shownExchanges(recording: Recording): ShownExchanges {
  const { run, verdicts, exchanges } = recording
  const breaches = new Map<string, Set<number>>()
  const proofs = new Set<string>()
  for (const verdict of verdicts) {
    for (const { exchange, byte } of verdict.findings) {
      proofs.add(exchange)
      const found = breaches.get(exchange) ?? new Set()
      if (byte !== undefined) found.add(byte)
      breaches.set(exchange, found)
    }
  }
  const anchors = new Map<string, string>()
  const blocks: string[] = []
  for (const exchange of exchanges.values()) {
    if (anchors.has(exchange.id)) continue
    const anchor = `x-${anchors.size}`
    const other = siblingOf(exchange, exchanges)
    const differing = other === undefined ? [] : differences(exchange, other)
    const shown = other === undefined || differing.length === 0 ? [exchange] : [exchange, other]
    for (const { id } of shown) anchors.set(id, anchor)
    const sides = shown.map((one) => {
      const room = proofs.has(one.id) ? PROOF : OTHER
      const heading = shown.length > 1 ? `<h3>${one.request.form === 'stream' ? 'Streamed' : 'Plain'}: ${text(one.id)}</h3>` : ''
      return `<div>${heading}${sideOf(one, [...(breaches.get(one.id) ?? [])], room, run.target.baseUrl)}</div>`
    })
    const names = shown.map((one) => `<b>${text(one.id, 120)}</b> <small>${text(answerLine(one), 400)}</small>`)
    blocks.push(
      `<details class="exchange" id="${anchor}"><summary>${names.join('<br>')}</summary><div class="body">${differencesTable(differing)}<div class="sides">${sides.join('')}</div></div></details>`,
    )
  }
  return { anchorOf: (id) => anchors.get(id), html: blocks.join('\n') }
}

/** The same question in the other form. */
function siblingOf({ id, request }: Exchange, exchanges: Recording['exchanges']): Exchange | undefined {
  return request.path === '/v1/chat/completions' && id.endsWith('.plain')
    ? exchanges.get(`${id.slice(0, -'plain'.length)}stream`)
    : undefined
}

interface Difference {
  readonly what: string
  readonly plain: string
  readonly stream: string
}

/** In what the plain and the streamed answer to one question differ, by the rules of agreement. */
function differences(plain: Exchange, stream: Exchange): readonly Difference[] {
  try {
    const [a, b] = [plain, stream].map((one) => viewOf(one, { expect: 'answer' }, JSON.parse(one.request.body ?? '') as ChatRequest))
    if (a === undefined || b === undefined) return []
    return rulesOfAgreement.flatMap((rule) => {
      const breach = compareParts(rule, a, b)
      return breach === undefined
        ? []
        : [{ what: rule.id.replace('agree.', '').replaceAll('-', ' '), plain: breach.wanted, stream: breach.got }]
    })
  } catch {
    // A body that is no JSON was sent so on purpose.
    return []
  }
}

function differencesTable(found: readonly Difference[]): string {
  if (found.length === 0) return ''
  const rows = found.map(({ what, plain, stream }) => {
    const cut = apart(plain, stream, 240)
    return `<tr><td>≠ ${what}</td><td><code>${text(cut.got, 400)}</code></td><td><code>${text(cut.wanted, 400)}</code></td></tr>`
  })
  return `<table class="differs"><thead><tr><th>The two answers differ in</th><th>plain</th><th>streamed</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
}

function sideOf(exchange: Exchange, breaches: readonly number[], room: typeof PROOF, baseUrl: string): string {
  const { request, headers, postponed, lost } = exchange
  const recorded = { id: exchange.id, file: FILES.exchanges, above: room.request }
  const reads =
    (request.body?.length ?? 0) > room.request ? ' <small>the body is read from exchanges.jsonl: run it in the report folder</small>' : ''
  const later = postponed.map(
    ({ status, waitMs, body }) => `<p>Asked again ${waitMs} ms after status ${status}: <code>${text(body)}</code></p>`,
  )
  if (lost !== undefined)
    later.unshift(
      `<p>Asked again, as the kept-alive connection was closed after ${lost.afterMs.toFixed(1)} ms: <code>${text(lost.detail)}</code></p>`,
    )
  const head = headers.map(([name, value]) => `<em>${text(name)}: ${text(value)}</em>`)
  const command = curl(request, baseUrl, recorded)
    .split('\n')
    .map((line) => text(line, Infinity))
    .join('\n')
  return `${later.join('')}<h3>Answer <small>${text(answerLine(exchange), 400)}</small></h3><pre class="bytes" tabindex="0" aria-label="Bytes of the answer">${head.join('')}${bytesHtml(exchange, breaches, room)}</pre>
<h3>The same request with curl ${reads}</h3><pre class="paste">${command}</pre>`
}

/** Each chunk on a line of its own with its time; a new line within it is shown as what it is. */
function bytesHtml(exchange: Exchange, breaches: readonly number[], room: typeof PROOF): string {
  let html = ''
  let isOpen = false
  const close = (): void => {
    if (isOpen) html += '</span>'
    isOpen = false
  }
  for (const piece of piecesOf(exchange, breaches, room)) {
    if ('bytes' in piece) {
      close()
      html += `<em>… ${plural(piece.bytes, 'byte')} left out: exchanges.jsonl has them</em>`
      continue
    }
    if (piece.at !== undefined || !isOpen) {
      close()
      html += piece.at === undefined ? '<span>' : `<span data-t="${piece.at.toFixed(1)} ms">`
      html += '<i>'
      isOpen = true
    }
    html += pieceHtml(piece)
  }
  close()
  return html.replaceAll('</span>', '</i></span>')
}

function pieceHtml({ text: shown, from, marked }: Piece): string {
  const lines = shown
    .split('\n')
    .map((line) => text(line, Infinity))
    .join('<u>⏎</u>\n')
    .replace(/(?:<u>⏎<\/u>\n)+$/, (ends) => ends.replaceAll('\n', ''))
  return marked ? `<mark data-b="${from}">${lines}</mark>` : lines
}

/** Text of others between tags; lighter than in attributes, as answers are full of quotes. */
const text = (value: string, limit = 300): string => excerpt(value, limit).replaceAll('&', '&amp;').replaceAll('<', '&lt;')
