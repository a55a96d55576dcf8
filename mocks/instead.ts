import { nearestName } from '../fixtures/nearest.ts'

/** So many names can be read in a sentence. */
const FEW = 12

/** What to write in place of a name that there is not: the nearest, those that hold it as a word, all where they are few; else `elsewhere`, which says where they are listed. */
export function instead(written: string, names: readonly string[], elsewhere: string): string {
  const near = nearestName(written, names)
  if (near !== undefined) return `the nearest is ${near}`
  const holding = names.filter((name) => `-${name}`.includes(`-${written.toLowerCase()}`))
  if (written !== '' && holding.length > 0 && holding.length <= FEW) return `these hold it: ${holding.join(', ')}`
  return names.length <= FEW ? `there are ${names.join(', ')}` : elsewhere
}
