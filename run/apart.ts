import { AsyncLocalStorage } from 'node:async_hooks'

/** Judgings that are under way at once, each safe from the errors of the others. */
export interface Apart {
  /** Runs one of them; an error of its own that nobody caught rejects it, one that belongs to none rejects all. */
  readonly run: <T>(judge: () => Promise<T>) => Promise<T>
  /** Errors that nobody caught end the process again. */
  readonly close: () => void
}

/** One that is under way. */
interface Flight {
  readonly fail: (error: unknown) => void
}

/** Keeps what is judged at once apart until it is closed. */
export function keepApart(): Apart {
  const flights = new Set<Flight>()
  const current = new AsyncLocalStorage<Flight>()
  const stray = (error: unknown): void => {
    const flight = current.getStore()
    for (const one of flight === undefined ? flights : [flight]) one.fail(error)
  }
  process.on('uncaughtException', stray).on('unhandledRejection', stray)
  return {
    async run(judge) {
      const broken = Promise.withResolvers<never>()
      const flight: Flight = { fail: broken.reject }
      flights.add(flight)
      try {
        return await Promise.race([current.run(flight, judge), broken.promise])
      } finally {
        flights.delete(flight)
      }
    },
    close: () => void process.off('uncaughtException', stray).off('unhandledRejection', stray),
  }
}
