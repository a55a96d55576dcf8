import { parseArgs } from 'node:util'
import { messageOf } from '../../fixtures/thrown.ts'
import { STOPPED } from '../../fixtures/exit-codes.ts'
import { mcpFaults } from './faults.ts'
import { stopWithNpm } from '../orphan.ts'
import { serveTime } from './serve.ts'

/** npm run mcp: our time server, healthy or with one fault, until it is stopped. */
async function main(): Promise<number> {
  let flags
  try {
    flags = parseArgs({
      options: { port: { type: 'string', default: '0' }, fault: { type: 'string' }, 'list-faults': { type: 'boolean' } },
    }).values
  } catch (error) {
    return refuse(messageOf(error))
  }
  if (flags['list-faults'] === true) {
    process.stdout.write(mcpFaults.map(({ id, what }) => `${id.padEnd(30)} ${what}\n`).join(''))
    return 0
  }
  const fault = mcpFaults.find(({ id }) => id === flags.fault)
  if (flags.fault !== undefined && fault === undefined) return refuse(`There is no fault ${flags.fault}: npm run mcp -- --list-faults`)
  if (!/^\d{1,5}$/.test(flags.port) || Number(flags.port) > 65_535) return refuse('--port takes a number from 0 to 65535.')
  const door = await serveTime(fault, Number(flags.port))
  process.stdout.write(`MCP_SERVER_URL=${door.url.replace(/\/mcp$/, fault?.path ?? '/mcp')}\n`)
  const signal = await new Promise<'SIGINT' | 'SIGTERM'>((resolve) => {
    for (const one of ['SIGINT', 'SIGTERM'] as const) process.once(one, () => resolve(one))
    stopWithNpm(() => resolve('SIGTERM'))
  })
  await door.close()
  return STOPPED[signal]
}

function refuse(sentence: string): number {
  process.stderr.write(`${sentence}\n`)
  return 2
}

try {
  process.exitCode = await main()
} catch (error) {
  process.exitCode = refuse(
    error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      ? 'That port is taken: give another by --port.'
      : String(error),
  )
}
