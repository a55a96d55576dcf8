import { linksOf } from '../fixtures/source.ts'
import { escapeMarkup, excerpt } from '../fixtures/text.ts'

/** The addresses that a source names, each once; a path of this repository is none, because a report travels without it. */
export function addressesIn(source: string): { readonly name: string; readonly url: string }[] {
  const found = linksOf(source).flatMap(({ text, url }) => (url?.startsWith('https:') === true ? [{ name: text, url }] : []))
  return [...new Map(found.map((link) => [link.url, link])).values()]
}

/** A source as HTML, at most `limit` characters of its text: addresses are links that open beside the report, paths of this repository stand in brackets. */
export function linked(source: string, limit: number): string {
  return linksOf(excerpt(source, limit))
    .map(({ text, url }) => {
      if (url === undefined) return escapeMarkup(text)
      if (!url.startsWith('https:')) return escapeMarkup(url === text ? text : `${text} (${url})`)
      return `<a href="${escapeMarkup(url)}" target="_blank" rel="noopener noreferrer">${escapeMarkup(text)}</a>`
    })
    .join('')
}
