import { readFileSync } from 'node:fs'
import { createRequire, registerHooks } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

// `node reports/allure-page.ts RESULTS CONFIG OUTPUT` makes Allure's page of a folder of results, as `allure generate` does: by its core, without
// its command line and without what is used for archives, uploads, XML, Markdown and other files of configuration: half of all modules.

/** What results in JSON with descriptions in HTML never use. */
const UNUSED = new Set(['axios', 'fast-xml-parser', 'jiti', 'node-stream-zip', 'yaml', 'zip-stream'])
const leftOut = new Set<string>()

/** Stands in for a module: what it exports can be constructed, which happens while others are loaded, and throws as soon as it is used. */
const standIn = (name: string, exported: readonly string[]): string => `
const leftOut = () => { throw new Error('${name} is left out of making the page') }
const unused = new Proxy(function () {}, { construct: () => new Proxy({}, { get: leftOut }), get: leftOut, apply: leftOut })
export { unused as default${exported.map((one) => `, unused as ${one}`).join('')} }`

/** What a module imports of another by name. */
function importedBy(url: string, specifier: string): string[] {
  const [, names = ''] =
    new RegExp(`import [^;]*\\{([^}]*)\\} from ["']${specifier}["']`).exec(readFileSync(fileURLToPath(url), 'utf8')) ?? []
  return names.split(',').flatMap((name) => /[\w$]+/.exec(name)?.[0] ?? [])
}

registerHooks({
  resolve(specifier, context, next) {
    if (!UNUSED.has(specifier) || context.parentURL === undefined) return next(specifier, context)
    leftOut.add(specifier)
    const exported = importedBy(context.parentURL, specifier)
    return { url: `data:text/javascript,${encodeURIComponent(standIn(specifier, exported))}`, shortCircuit: true }
  },
})

/** Allure's core, as far as it is used here. */
interface Core {
  readonly readConfig: (cwd: string, path: string, given: { readonly output: string }) => Promise<object>
  readonly AllureReport: new (config: object) => {
    readonly start: () => Promise<void>
    readonly readDirectory: (path: string) => Promise<void>
    readonly done: () => Promise<void>
  }
}

const [results = '', config = '', output = ''] = process.argv.slice(2)
const core = createRequire(import.meta.resolve('allure')).resolve('@allurereport/core')
const { readConfig, AllureReport } = (await import(pathToFileURL(core).href)) as Core
const strange = [...UNUSED].filter((name) => !leftOut.has(name))
if (strange.length > 0) throw new Error(`Allure imports ${strange.join(', ')} no more: take that out of UNUSED`)
const report = new AllureReport(await readConfig(process.cwd(), config, { output }))
await report.start()
await report.readDirectory(results)
await report.done()
