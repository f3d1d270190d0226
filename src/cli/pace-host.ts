import type { PaceHost } from '../../boards/virtual/pace.ts'

/** Real time and the event loop of this process. */
export const PACE_HOST: PaceHost = {
  now_ms: () => Date.now(),
  ticks_ms: () => performance.now(),
  breathe: (delay_ms) =>
    new Promise((resolve) => {
      if (delay_ms > 0) setTimeout(resolve, delay_ms)
      else setImmediate(resolve)
    }),
}
