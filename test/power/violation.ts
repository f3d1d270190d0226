/** An invariant of the meter is broken. The message says which one, with the numbers. */
export class Violation extends Error {
  override name = 'Violation'
}

/** `words` are only put together when they are needed: checks run millions of times. */
export function must(condition: boolean, words: () => string): asserts condition {
  if (!condition) throw new Violation(words())
}
