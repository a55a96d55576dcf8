import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }

const ROOT = resolve(import.meta.dirname, '..')
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(ROOT, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
]
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
/** What is code is no link. */
const prose = (text: string): string => text.replaceAll(/^```[^]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '')

/** Anchors of a page, as GitHub makes them of its headings, and those that it sets itself. */
const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set([
    ...[...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
    ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id),
  ])

test.each(pages)('every link of %s leads somewhere', (page) => {
  const links = [...prose(read(page)).matchAll(/(?<!\\)\[[^[\]]*\]\(([^)\s]+)\)/g)]
    .map(([, to = '']) => to)
    .filter((to) => !/^[a-z]+:/.test(to))
  const broken = links.filter((to) => {
    const [path = '', anchor] = to.split('#')
    const target = path === '' ? page : join(dirname(page), path)
    if (!existsSync(join(ROOT, target))) return true
    return anchor !== undefined && target.endsWith('.md') && !anchorsOf(read(target)).has(anchor)
  })
  expect(broken).toEqual([])
})

test('every script that a page names is there', () => {
  const named = pages.flatMap((page) => [...read(page).matchAll(/npm run ([a-z][a-z:]*)/g)].map(([, script = '']) => `${page}: ${script}`))
  expect(named.length).toBeGreaterThan(30)
  expect(named.filter((one) => !Object.hasOwn(packageJson.scripts, one.split(': ')[1] ?? ''))).toEqual([])
})

test('every script is named on a page', () => {
  const all = pages.map(read).join('\n')
  // The parts of npm run check are what CONTRIBUTING.md says of it.
  const own = Object.keys(packageJson.scripts).filter((script) => !/^(?:test|check:(?:types|lint|format|unused|self))$/.test(script))
  expect(own.filter((script) => !new RegExp(`npm run ${script}(?![\\w:])`).test(all))).toEqual([])
})
