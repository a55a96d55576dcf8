import { edits } from '../../fixtures/nearest.ts'

/** The name of a list with the fewest edits from what was written; empty for an empty list. */
export function nearest(written: string, names: readonly string[]): string {
  const name = written.toLowerCase()
  return names.toSorted((a, b) => edits(name, a.toLowerCase()) - edits(name, b.toLowerCase()))[0] ?? ''
}
