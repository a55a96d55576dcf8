/**
 * A function of texts that keeps what it made of them until they have more than `most` characters together: prompts and answers that come
 * again are most of what a run, and a load, bring.
 */
export function remembered<T>(most: number, make: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  let kept = 0
  return (text) => {
    const before = known.get(text)
    if (before !== undefined) return before
    const made = make(text)
    if (kept + text.length > most) {
      known.clear()
      kept = 0
    }
    kept += text.length
    known.set(text, made)
    return made
  }
}
