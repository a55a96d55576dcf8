import type { Fault } from '../fault.ts'
import { typed } from '../../../fixtures/typed.ts'
import { instead } from '../../instead.ts'
import { agents } from './agents.ts'
import { apis } from './apis.ts'
import { args } from './arguments.ts'
import { choice } from './choice.ts'
import { clients } from './clients.ts'
import { content } from './content.ts'
import { envelope } from './envelope.ts'
import { errors } from './errors.ts'
import { finish } from './finish.ts'
import { framing } from './framing.ts'
import { load } from './load.ts'
import { messageShapes } from './message-shapes.ts'
import { messages } from './messages.ts'
import { responseShapes } from './response-shapes.ts'
import { responses } from './responses.ts'
import { service } from './service.ts'
import { shape } from './shape.ts'
import { turns } from './turns.ts'
import { usage } from './usage.ts'
import { values } from './values.ts'

/** Faults that only several requests at once can show. */
export { load as loadFaults } from './load.ts'

/** Faults of one route. */
const on = (path: string, those: readonly Fault[]): readonly Fault[] => those.map((fault) => ({ ...fault, path }))

/** Every fault that requests one at a time can show, by kind. */
export const faults: readonly Fault[] = [
  framing,
  envelope,
  usage,
  shape,
  args,
  values,
  choice,
  finish,
  content,
  turns,
  errors,
  service,
  on('/v1/responses', responses),
  on('/v1/messages', messages),
  apis,
  on('/v1/responses', responseShapes),
  on('/v1/messages', messageShapes),
  agents,
  clients,
].flat()

const all: readonly Fault[] = [...faults, ...load]

/** The fault of a name. Throws RangeError with what to write instead. */
export function faultOf(id: string): Fault {
  const found = all.find((fault) => fault.id === id)
  if (found) return found
  throw new RangeError(
    `There is no fault ${id}; ${instead(
      id,
      all.map((fault) => fault.id),
      `${typed('mock', '--list-faults')} shows them all`,
    )}.`,
  )
}
