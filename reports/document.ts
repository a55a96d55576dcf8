import { createHash } from 'node:crypto'
import { escapeMarkup } from '../fixtures/text.ts'
import { WORDS, type Shown } from './headline.ts'

/**
 * A whole HTML page in the style of all pages of this suite: one file, light and dark, for any width, that asks no host for anything.
 * `title` is plain text, `body` is HTML in which foreign text is escaped; `style` comes on top of that of all pages, `script` is the only one
 * that may run.
 */
export function documentOf({
  title,
  body,
  style = '',
  script = '',
}: {
  readonly title: string
  readonly body: string
  readonly style?: string
  readonly script?: string
}): string {
  const hash = createHash('sha256').update(script).digest('base64')
  const scripts = script === '' ? '' : `; script-src 'sha256-${hash}'`
  const policy = `default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'${scripts}`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeMarkup(title)}</title>
<style>${STYLE}${style}</style></head>
<body>${body}${script === '' ? '' : `<script>${script}</script>`}</body></html>
`
}

/** Class of an outcome in the style of the page. */
export const classOf = (effect: Shown): string => effect.replace(' ', '-')

/** HTML in which no line ends within a flag: browsers break behind each hyphen. Longer ones may not fit a phone. */
export const flagged = (html: string): string => html.replaceAll(/(?<![\w-])--[a-z][\w-]{1,26}(?![\w-])/g, '<span class="flag">$&</span>')

/** An outcome as a sign and a word, so that nobody has to tell colours apart. */
export const badge = (effect: Shown): string =>
  `<span class="badge ${classOf(effect)}"><span aria-hidden="true">${WORDS[effect].sign}</span> ${WORDS[effect].word}</span>`

/** Counts as a bar with a legend; the parts of the bar are as wide as their counts. */
export function bar(parts: readonly { readonly effect: Shown; readonly count: number; readonly word: string }[]): string {
  const label = parts.map(({ count, word }) => `${count} ${word}`).join(', ')
  const stripes = parts.map(({ effect, count }) => `<i class="${classOf(effect)}" style="flex-grow:${count}"></i>`)
  const words = parts.map(
    ({ effect, count, word }) =>
      `<li class="${classOf(effect)}"><span class="sign" aria-hidden="true">${WORDS[effect].sign}</span><b>${count}</b> ${word}</li>`,
  )
  return `<div class="bar" role="img" aria-label="${label}">${stripes.join('')}</div><ul class="tally">${words.join('')}</ul>`
}

const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1c2127, #e8eaed); --soft: light-dark(#545d69, #a9b2bd); --line: light-dark(#d9dee4, #3a414a);
  --paper: light-dark(#fff, #16191d); --tint: light-dark(#f4f6f8, #20252b); --good: light-dark(#1a7f37, #56c271); --bad: light-dark(#c0242b, #ff7b72);
  --odd: light-dark(#8f5200, #e3a13c); --none: light-dark(#5f6975, #98a2ad); --mark: light-dark(#ffd33d, #8a6100); --accent: var(--ink) }
* { box-sizing: border-box }
html { background: var(--paper); -webkit-text-size-adjust: 100% }
body { margin: 0; background: var(--paper); color: var(--ink); border-top: 6px solid var(--accent);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
body:has(> .works) { --accent: var(--good) } body:has(> .fails) { --accent: var(--bad) } body:has(> .unjudged) { --accent: var(--odd) }
header, main, footer { max-width: 1240px; margin: 0 auto; padding: 0 clamp(14px, 3vw, 36px) }
header { padding-top: 18px } footer { padding-bottom: 32px }
p { margin: 0 0 6px } .suite, .explained, small, dt, .where { color: var(--soft) } .explained { font-size: 14px; max-width: 85ch }
h1 { margin: 2px 0 8px; color: var(--accent); font-size: clamp(21px, 2.6vw, 28px); line-height: 1.25; font-weight: 650; overflow-wrap: anywhere }
h2 { margin: 26px 0 8px; font-size: 18px; line-height: 1.35; font-weight: 650; overflow-wrap: anywhere }
h3 { margin: 12px 0 2px; font-size: 14px; font-weight: 600; color: var(--soft); overflow-wrap: anywhere }
h2 small, h3 small, summary small { font-weight: 400 } small { font-size: 12.5px; overflow-wrap: anywhere }
.note { font-weight: 600; overflow-wrap: anywhere }
a { color: inherit; text-decoration: underline; text-decoration-color: var(--soft); text-underline-offset: 2px; overflow-wrap: anywhere }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px }
.bar { display: flex; gap: 2px; height: 10px; margin: 14px 0 8px; border-radius: 5px; overflow: hidden } .bar i { flex-basis: 4px; background: var(--c) }
.bar .warning, .bar .known, .bar .waived { background: repeating-linear-gradient(45deg, var(--c) 0 5px, color-mix(in srgb, var(--c) 45%, var(--paper)) 5px 8px) }
.bar .not-reached { background: repeating-linear-gradient(90deg, var(--c) 0 2px, transparent 2px 7px) }
.passed { --c: var(--good) } .failure, .broken { --c: var(--bad) } .warning, .known, .waived, .blocked { --c: var(--odd) }
.inconclusive, .not-applicable, .not-reached { --c: var(--none) }
.tally { display: flex; flex-wrap: wrap; gap: 2px 20px; margin: 0 0 6px; padding: 0; list-style: none; font-size: 16px }
.sign { display: inline-block; min-width: 1.2em; color: var(--c); font-weight: 700 } .badge { color: var(--c); font-weight: 600; white-space: nowrap }
.cause { margin: 16px 0; padding: 14px 18px; background: var(--tint); border-left: 4px solid var(--accent); border-radius: 4px }
.cause h2 { margin-top: 0 } .cause > p { margin: 0; color: var(--soft); font-weight: 600; font-size: 14px } ul { margin: 0; padding-left: 20px } li { overflow-wrap: anywhere }
pre, code { font: 12.5px/1.55 ui-monospace, "SF Mono", Menlo, Consolas, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
pre { margin: 4px 0 10px; padding: 8px 12px; background: var(--paper); border: 1px solid var(--line); border-radius: 4px; max-width: 100% } .paste { user-select: all } .flag { white-space: nowrap }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 3px 16px; margin: 8px 0 } dd { margin: 0; overflow-wrap: anywhere }
dl.facts { max-width: 900px; margin: 16px 0 }
table { width: 100%; margin: 6px 0; border-collapse: collapse } th { text-align: left; white-space: nowrap; font-weight: 600; color: var(--soft); font-size: 13px } td, th { vertical-align: top; padding: 6px 14px 6px 0; overflow-wrap: anywhere }
td { border-top: 1px solid var(--line) } td code { overflow-wrap: anywhere } td:first-child { min-width: 13em }
details > summary { cursor: pointer; overflow-wrap: anywhere } .more > summary { font-size: 16px; font-weight: 650; margin: 12px 0 6px } .more[open] { margin-bottom: 18px }
.filter { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: 6px; align-items: center; margin: 0; padding: 8px 0; border: 0; min-width: 0; background: var(--paper); border-bottom: 1px solid var(--line) }
.filter label { padding: 3px 11px; border: 1px solid var(--line); border-radius: 15px; cursor: pointer; font-size: 14px } .filter label:has(:checked) { border-color: var(--ink); background: var(--tint); box-shadow: 0 0 0 1px var(--ink) }
.filter input[type=radio] { position: absolute; opacity: 0; pointer-events: none } .filter label:has(:focus-visible) { outline: 2px solid var(--accent); outline-offset: 2px }
.filter input[type=search] { flex: 1 1 160px; min-width: 0; max-width: 340px; padding: 4px 10px; font: inherit; font-size: 14px; color: inherit; background: var(--paper); border: 1px solid var(--none); border-radius: 4px }
.group h3 { margin: 18px 0 4px; color: var(--ink); font-size: 15px }
.check { border-top: 1px solid var(--line); scroll-margin-top: 100px } .check > summary { display: grid; grid-template-columns: 9.6em minmax(0, 1fr); gap: 0 10px; padding: 6px 4px; list-style: none } .check > summary::-webkit-details-marker { display: none }
.check > summary:hover { background: var(--tint) } .check[open] > summary .title { font-weight: 600 } .check .breach { display: block; margin-top: 2px; font-size: 13.5px }
.check .badge::before { content: "▸ "; color: var(--soft); font-weight: 400 } .check[open] > summary .badge::before { content: "▾ " }
.check > .body { margin: 0 0 14px; padding: 4px 14px 10px; border-left: 3px solid var(--c); background: var(--tint); border-radius: 0 4px 4px 0 }
.findings td:first-child, .findings th:first-child { width: 40% }
.exchange { border-top: 1px solid var(--line); scroll-margin-top: 12px } .exchange > summary { padding: 5px 4px } .exchange > .body { padding: 4px 14px 10px; background: var(--tint) }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 0 18px } .sides > div { min-width: 0 }
.bytes { padding: 6px 0; max-height: 34em; overflow: auto } .bytes > span { display: grid; grid-template-columns: 6.6em minmax(0, 1fr); gap: 0 10px; padding-right: 8px }
.bytes > span::before { content: attr(data-t); color: var(--soft); text-align: right; user-select: none } .bytes > em { display: block; padding-left: 7.4em; color: var(--soft) } .bytes :is(i, em) { font-style: normal } .bytes u { text-decoration: none; color: var(--soft); user-select: none }
mark { background: var(--mark); color: inherit; font-weight: 700; border-radius: 2px } mark::before { content: "▶ byte " attr(data-b) " "; font-weight: 400; user-select: none }
.differs { table-layout: fixed } .differs th:first-child { width: 17%; white-space: normal }
${(['passed', 'failure', 'warning', 'known', 'waived', 'broken', 'blocked', 'inconclusive', 'not-applicable'] as const)
  .map(
    (name) =>
      `#checks:has(#only-${name}:checked) :is(.check:not(.${name}), .group:not(:has(.check.${name}:not([hidden])))) { display: none }`,
  )
  .join('\n')}
.group:not(:has(.check:not([hidden]))) { display: none }
@media (max-width: 640px) { .check > summary { grid-template-columns: minmax(0, 1fr) } .stacked, .stacked tbody, .stacked tr, .stacked td { display: block; width: auto !important } .stacked thead, .stacked td:empty { display: none }
  .stacked td { border: 0; padding: 1px 0 } .stacked tr { border-top: 1px solid var(--line); padding: 5px 0 } .stacked td::before { content: attr(data-n) ": "; color: var(--soft) }
  dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: 5px } .bytes > span { grid-template-columns: 1fr } .bytes > span::before { text-align: left; padding-left: 8px } .bytes > span { padding-left: 8px } .check > .body, .exchange > .body { padding-inline: 8px } .filter { position: static } }
@media print { .filter { display: none } body { print-color-adjust: exact } .check, .cause { break-inside: avoid } .bytes { max-height: none } }
`
