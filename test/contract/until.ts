/** Waits until `condition` holds; fails with `what` after `limit_ms`. */
export async function until(condition: () => boolean, what: string, limit_ms = 10_000): Promise<void> {
  const end_ms = performance.now() + limit_ms
  while (!condition()) {
    if (performance.now() > end_ms) throw new Error(`did not happen in ${limit_ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** Gives everything that is on its way time to arrive. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
