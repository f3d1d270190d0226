/** A broken invariant of our own code. Never thrown for what comes from outside. */
export class AssertionError extends Error {
  override name = 'AssertionError'
  readonly code = 'ASSERTION'
}

/** Stays on in every build. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}
