import { helps, onStop, readArguments, runCommand } from '../../fixtures/command.ts'
import { codeOf } from '../../fixtures/thrown.ts'
import { UserMistake } from '../../fixtures/user-mistake.ts'
import { EXIT, STOPPED, type StopSignal } from '../../fixtures/exit-codes.ts'
import { instead } from '../instead.ts'
import { mcpFaults } from './faults.ts'
import { serveTime } from './serve.ts'

/** npm run mcp: our time server, healthy or with one fault, until it is stopped. */
async function main(): Promise<number> {
  const takes = 'npm run mcp -- takes --port N, --fault NAME or --list-faults'
  if (helps(process.argv.slice(2), `${takes}: it serves the local time by MCP until it is stopped, or with one fault.`))
    return EXIT.conforms
  const { values: flags } = readArguments(
    { options: { port: { type: 'string', default: '0' }, fault: { type: 'string' }, 'list-faults': { type: 'boolean' } } },
    takes,
  )
  if (flags['list-faults'] === true) {
    process.stdout.write(mcpFaults.map(({ id, what }) => `${id.padEnd(30)} ${what}\n`).join(''))
    return EXIT.conforms
  }
  const fault = mcpFaults.find(({ id }) => id === flags.fault)
  if (flags.fault !== undefined && fault === undefined)
    throw new UserMistake(
      `There is no fault ${flags.fault}; ${instead(
        flags.fault,
        mcpFaults.map(({ id }) => id),
        'npm run mcp -- --list-faults shows them all',
      )}.`,
    )
  if (!/^\d{1,5}$/.test(flags.port) || Number(flags.port) > 65_535) throw new UserMistake('--port takes a number from 0 to 65535.')
  const door = await serveTime(fault, Number(flags.port)).catch((error: unknown) => {
    throw codeOf(error) === 'EADDRINUSE' ? new UserMistake(`Port ${flags.port} is taken: give another by --port.`, { cause: error }) : error
  })
  process.stdout.write(`MCP_SERVER_URL=${door.url.replace(/\/mcp$/, fault?.path ?? '/mcp')}\n`)
  const signal = await new Promise<StopSignal>(onStop)
  await door.close()
  return STOPPED[signal]
}

await runCommand(main)
