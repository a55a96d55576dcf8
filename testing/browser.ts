import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The first Chromium in the PATH, or what CHROMIUM names, for self tests of the page. */
const CHROMIUM = [
  process.env['CHROMIUM'],
  ...(process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name))),
].find((path) => path !== undefined && existsSync(path))

/** A page in a real browser. `requests` are the addresses that it asked for, `dialogs` what it showed, `errors` what its console says. */
export interface Page extends AsyncDisposable {
  readonly requests: readonly string[]
  readonly dialogs: readonly string[]
  readonly errors: readonly string[]
  /** The value of a JavaScript expression; promises are awaited. Rejects when it throws. */
  evaluate(expression: string): Promise<unknown>
  /** Shows the page in a window of this width (CSS pixels), as a user sees it who prefers these colours. */
  show(width: number, colors: 'light' | 'dark'): Promise<void>
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly request?: { readonly url: string }; readonly message?: string; readonly entry?: { readonly text: string } }
  readonly result?: {
    readonly result?: { readonly value?: unknown }
    readonly exceptionDetails?: unknown
    readonly targetId?: string
    readonly sessionId?: string
  }
}

/** Of a browser that hangs; far longer than the slowest of its answers takes on a busy machine. */
const LONGEST_SILENCE_MS = 100_000

/** How the message of an error begins that says no more than that the browser is gone: such a test is tried again. */
const CRASHED = 'Chromium crashed'

/** For tests in a browser: one that crashes says nothing of the page. */
export const IN_BROWSER = { skip: CHROMIUM === undefined, retry: { count: 2, condition: new RegExp(`^${CRASHED}`) } }

/** Opens an address in a new, empty Chromium and resolves when the page has loaded. Rejects, as all of its page does from then on, when the browser crashes. */
export async function openPage(url: string): Promise<Page> {
  if (CHROMIUM === undefined) throw new Error('there is no Chromium')
  const profile = mkdtempSync(join(tmpdir(), 'conformance-browser-'))
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-dev-shm-usage',
  ]
  const quiet = ['--disable-component-update', '--disable-sync', `--user-data-dir=${profile}`, '--remote-debugging-port=0']
  const browser = spawn(CHROMIUM, [...flags, ...quiet], { stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = once(browser, 'exit')
  const close = async (): Promise<void> => {
    browser.kill('SIGKILL')
    await exited
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
  const socket = await Promise.race([
    exited.then(() => {
      throw new Error(`${CRASHED}: it ended before it could be used`)
    }),
    (async () => {
      for await (const line of createInterface(browser.stderr)) {
        const address = /DevTools listening on (ws:\S+)/.exec(line)?.[1]
        if (address === undefined) continue
        const opened = new WebSocket(address)
        await once(opened, 'open')
        browser.stderr.resume()
        return opened
      }
      return await new Promise<never>(() => {})
    })(),
  ])

  const requests: string[] = []
  const dialogs: string[] = []
  const errors: string[] = []
  const waiting = new Map<number, PromiseWithResolvers<Message['result']>>()
  let session: string | undefined
  let last = 0
  let gone: Error | undefined
  const send = (method: string, params: object = {}): Promise<Message['result']> => {
    if (gone !== undefined) return Promise.reject(gone)
    const answer = Promise.withResolvers<Message['result']>()
    waiting.set(++last, answer)
    socket.send(JSON.stringify({ id: last, method, params, ...(session === undefined ? {} : { sessionId: session }) }))
    const silent = setTimeout(() => lose(`it has not answered ${method} for ${LONGEST_SILENCE_MS / 1000} s`), LONGEST_SILENCE_MS)
    return answer.promise.finally(() => clearTimeout(silent))
  }
  const lose = (what: string): void => {
    gone = new Error(`${CRASHED}: ${what}`)
    for (const { reject } of waiting.values()) reject(gone)
  }
  socket.addEventListener('close', () => lose('its connection was closed'))
  socket.addEventListener('message', ({ data }) => {
    const message: Message = JSON.parse(String(data))
    if (message.id !== undefined) waiting.get(message.id)?.resolve(message.result)
    if (message.method === 'Inspector.targetCrashed') lose('its page crashed')
    if (message.method === 'Network.requestWillBeSent') requests.push(message.params?.request?.url ?? '')
    if (message.method === 'Log.entryAdded') errors.push(message.params?.entry?.text ?? '')
    if (message.method === 'Page.javascriptDialogOpening') {
      dialogs.push(message.params?.message ?? '')
      void send('Page.handleJavaScriptDialog', { accept: false })
    }
  })

  const page: Page = {
    requests,
    dialogs,
    errors,
    async evaluate(expression) {
      const result = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
      if (result?.exceptionDetails) throw new Error(JSON.stringify(result.exceptionDetails))
      return result?.result?.value
    },
    async show(width, colors) {
      await send('Emulation.setDeviceMetricsOverride', { width, height: 900, deviceScaleFactor: 1, mobile: width < 500 })
      await send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: colors }] })
      await until(page, `innerWidth === ${width} && matchMedia('(prefers-color-scheme: ${colors})').matches`)
    },
    [Symbol.asyncDispose]: close,
  }
  try {
    const created = await send('Target.createTarget', { url: 'about:blank' })
    session = (await send('Target.attachToTarget', { targetId: created?.targetId, flatten: true }))?.sessionId
    for (const domain of ['Inspector', 'Page', 'Network', 'Runtime', 'Log']) await send(`${domain}.enable`)
    await send('Page.navigate', { url })
    await until(page, `location.href !== 'about:blank' && document.readyState === 'complete'`)
  } catch (error) {
    await close()
    throw error
  }
  return page
}

const AXE = fileURLToPath(import.meta.resolve('axe-core/axe.min.js'))
/** The faults that axe calls serious or critical, with the element. */
const SERIOUS = `axe.run().then(({ violations }) => violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))`

/** What keeps people from reading a page on a phone, light or dark: serious faults by axe, and a width that does not fit. */
export async function faultsOnPhone(page: Page): Promise<readonly unknown[]> {
  await page.evaluate(`${readFileSync(AXE, 'utf8')}; 0`)
  const faults: unknown[] = []
  for (const colors of ['light', 'dark'] as const) {
    await page.show(390, colors)
    const found = await page.evaluate(SERIOUS)
    const width = await page.evaluate('document.documentElement.scrollWidth')
    faults.push(...(Array.isArray(found) ? found : [found]), ...(width === 390 ? [] : [`${String(width)} px wide`]))
  }
  return faults
}

/** A safety net below the time limit of a test, so that the message says what never came. */
const LONGEST_WAIT_MS = 240_000

/** Resolves when a JavaScript expression is true in the page. */
export async function until(page: Page, expression: string): Promise<void> {
  const end = performance.now() + LONGEST_WAIT_MS
  while ((await page.evaluate(expression)) !== true) {
    if (performance.now() > end) throw new Error(`this never became true in the page: ${expression}`)
    await delay(50)
  }
}

/** Opens the text of a page, which it writes into a folder of its own. */
export async function openText(html: string): Promise<Page> {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-page-'))
  writeFileSync(join(folder, 'index.html'), html)
  const page = await openPage(pathToFileURL(join(folder, 'index.html')).href)
  const close = page[Symbol.asyncDispose].bind(page)
  return {
    ...page,
    async [Symbol.asyncDispose]() {
      await close()
      rmSync(folder, { recursive: true })
    },
  }
}
