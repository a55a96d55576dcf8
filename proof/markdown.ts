import { linksOf } from '../fixtures/source.ts'

/** A table of Markdown. Line breaks in cells become spaces. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')

const cell = (text: string): string => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')

/** A source as Markdown for a file in docs/: what can be opened is a link. */
export const linked = (source: string): string =>
  linksOf(source)
    // Brackets of code are no link.
    .map(({ text, url }) =>
      url === undefined ? text.replaceAll(/\[(?=[^[\]]*\]\()/g, String.raw`\[`) : `[${text}](${url.replace(/^docs\//, '')})`,
    )
    .join('')
