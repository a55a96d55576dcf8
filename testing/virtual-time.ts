import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { vi } from 'vitest'

/** Rounds of the event loop with nothing under way after which everybody waits: what is done with a body takes some. */
const QUIET_ROUNDS = 12

/** Rounds and milliseconds after which bytes that nobody reads are taken for left behind. */
const STUCK_ROUNDS = 50
const STUCK_MS = 100

/** The connections between sockets of this process. */
function createWire(): { underWay: () => string; close: () => void } {
  /** Each client, with its server once that has accepted it. */
  const peers = new Map<Socket, Socket | undefined>()
  const accepted = new Map<number | undefined, Socket>()
  const onClient = (message: unknown): void => void peers.set((message as { socket: Socket }).socket, undefined)
  const onServer = (message: unknown): void => {
    const { socket } = message as { socket: Socket }
    accepted.set(socket.remotePort, socket)
  }
  subscribe('net.client.socket', onClient)
  subscribe('net.server.socket', onServer)

  function serverOf(client: Socket): Socket | undefined {
    const known = peers.get(client) ?? accepted.get(client.localPort)
    if (known === undefined) return undefined
    peers.set(client, known)
    accepted.delete(client.localPort)
    return known
  }

  /** What one end has done and the other does not know yet; empty when both know the same. */
  function between(client: Socket): string {
    if (client.connecting) return 'connecting'
    const server = serverOf(client)
    // Of a connection that is over nothing is kept: a test may open thousands.
    if (client.destroyed && (server?.destroyed ?? true)) {
      peers.delete(client)
      return ''
    }
    if (server === undefined) return 'not accepted'
    if (client.destroyed || server.destroyed) return `closed after ${client.bytesRead} ${server.bytesRead}`
    const [there, back] = [client.bytesWritten - server.bytesRead, server.bytesWritten - client.bytesRead]
    return there === 0 && back === 0 ? '' : `${there} ${back} of ${client.bytesWritten} ${server.bytesWritten}`
  }

  return {
    underWay: () => [...peers.keys()].flatMap((client) => between(client) || []).join(', '),
    close: () => {
      unsubscribe('net.client.socket', onClient)
      unsubscribe('net.server.socket', onServer)
    },
  }
}

const realMs = (): number => Number(process.hrtime.bigint() / 1_000_000n)

/**
 * Runs something that waits, with its servers and clients in this process: time passes only while nobody has anything to do, and then at
 * once, up to the next timer. No delay takes time then, and no limit is reached because the machine is busy.
 */
export async function inVirtualTime<T>(run: () => Promise<T>): Promise<T> {
  const toFake = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'] as const
  vi.useFakeTimers({ toFake: [...toFake], fakeNodeBuiltins: true, now: Date.UTC(2026, 10, 28) })
  const wire = createWire()
  /** What is under way and nobody reads. */
  let leftBehind = ''
  let over = false
  const isOver = (): boolean => over

  async function untilAllWait(): Promise<void> {
    let before = ''
    let [quiet, same, since] = [0, 0, 0]
    while (quiet < QUIET_ROUNDS && !isOver()) {
      await turn()
      const now = wire.underWay()
      if (now === leftBehind) quiet += 1
      else {
        quiet = 0
        if (now !== before) [same, since] = [0, realMs()]
        same += 1
        if (same > STUCK_ROUNDS && realMs() - since > STUCK_MS) leftBehind = now
      }
      before = now
    }
  }

  const ended = run().finally(() => (over = true))
  try {
    while (!isOver()) {
      await untilAllWait()
      if (!isOver()) vi.advanceTimersToNextTimer()
    }
    return await ended
  } finally {
    wire.close()
    vi.useRealTimers()
  }
}
