import { createRequire, registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'

// `node reports/allure-page.ts RESULTS CONFIG OUTPUT` makes Allure's page of a folder of results, as `allure generate` does: by its core, without
// its command line and without what is used for archives, uploads, XML, Markdown and other files of configuration: half of all modules.

/** What results in JSON with descriptions in HTML never use, with what is imported of it by name. */
const UNUSED: Readonly<Record<string, readonly string[]>> = {
  axios: ['isAxiosError'],
  'fast-xml-parser': ['XMLParser'],
  jiti: ['createJiti'],
  'markdown-it': [],
  'node-stream-zip': [],
  yaml: ['parse'],
  'zip-stream': [],
}

/** Stands in for a module: what it exports can be constructed, which happens while others are loaded, and throws as soon as it is used. */
const standIn = (name: string, exported: readonly string[]): string => `
const leftOut = () => { throw new Error('${name} is left out of making the page') }
const unused = new Proxy(function () {}, { construct: () => new Proxy({}, { get: leftOut }), get: leftOut, apply: leftOut })
export { unused as default${exported.map((one) => `, unused as ${one}`).join('')} }`

registerHooks({
  resolve(specifier, context, next) {
    const exported = Object.hasOwn(UNUSED, specifier) ? UNUSED[specifier] : undefined
    if (exported === undefined) return next(specifier, context)
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
const report = new AllureReport(await readConfig(process.cwd(), config, { output }))
await report.start()
await report.readDirectory(results)
await report.done()
