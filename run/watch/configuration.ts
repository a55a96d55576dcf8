import { join } from 'node:path'
import { profiles } from '../../fixtures/contract/profiles.ts'
import { readConfiguration, type Configuration } from '../../fixtures/target/configuration.ts'
import type { Environment } from '../../fixtures/target/environment.ts'
import { UserMistake } from '../../fixtures/user-mistake.ts'
import { NEIGHBOURS } from '../../reports/store.ts'
import { typed } from '../../fixtures/typed.ts'

/** What a watch is to do. Throws a UserMistake for what only a single run can do. */
export function watchConfiguration(env: Environment): Configuration {
  const unset = (name: string): boolean => (env[name] ?? '').trim() === ''
  const light = { CONFORMANCE_DEPTH: 'smoke', CONFORMANCE_CONCURRENCY: '1' }
  const own = Object.fromEntries(Object.entries(light).filter(([name]) => unset(name)))
  const configuration = readConfiguration(
    { ...env, ...own },
    profiles.map(({ id }) => id),
  )
  const { target, clients, resume } = configuration
  if (target.kind === 'image')
    throw new UserMistake(`CONFORMANCE_IMAGE starts a server for one run, and ${typed('watch')} watches one that runs: give its address.`)
  if (clients.length > 0)
    throw new UserMistake(
      `CONFORMANCE_CLIENTS is set, but ${typed('watch')} runs no clients: unset it, and judge them with ${typed('test')}.`,
    )
  if (resume) throw new UserMistake(`CONFORMANCE_RESUME is set, but ${typed('watch')} has nothing to go on with: unset it.`)
  return { ...configuration, reportDir: join(configuration.reportDir, NEIGHBOURS.watch) }
}
