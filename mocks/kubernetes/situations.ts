import { createWorld, type World } from './world.ts'
import { accessSituations } from './situations/access.ts'
import { containerSituations } from './situations/container.ts'
import { healthySituations } from './situations/healthy.ts'
import { leavingSituations } from './situations/leaving.ts'
import { nodeSituations } from './situations/node.ts'
import { podSituations } from './situations/pod.ts'
import { serverSituations } from './situations/server.ts'
import { waySituations } from './situations/way.ts'
import { workspaceSituations } from './situations/workspace.ts'
import type { Situation } from './situations/state.ts'

/**
 * What goes wrong with a workspace, and what only looks as if it did. Source of many:
 * https://learn.microsoft.com/en-us/azure/aks/ai-toolchain-operator-tool-calling
 */
export const situations: readonly Situation[] = [
  ...healthySituations,
  ...accessSituations,
  ...workspaceSituations,
  ...nodeSituations,
  ...podSituations,
  ...containerSituations,
  ...leavingSituations,
  ...waySituations,
  ...serverSituations,
]

/** A fresh world of a situation. */
export function worldOf({ options, change }: Situation): World {
  const made = structuredClone(createWorld(options))
  change?.(made)
  return made
}
