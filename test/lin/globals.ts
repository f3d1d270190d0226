/** What the suites take for granted and an engine without Node has not; `scripts/test-lin.mjs` puts these in their places. */
import { createTimer } from '../../hal/esp32/time.ts'
import { readFile, ticks_ms } from '../../hal/lin/system.ts'

const timer = createTimer()

export function setTimeout(callback: () => void, delay_ms: number): object {
  return timer.set(callback, delay_ms)
}

export const performance = Object.freeze({ now: ticks_ms })

/** A path relative to that of a module. */
export class URL {
  readonly path: string

  constructor(path: string, base: string) {
    this.path = `${base.slice(0, base.lastIndexOf('/'))}/${path}`
  }
}

/** Of `node:fs`: vectors are ASCII. */
export function readFileSync(url: URL): string {
  const bytes = readFile(url.path)
  let text = ''
  for (let at = 0; at < bytes.length; at += 256) text += String.fromCharCode(...bytes.subarray(at, at + 256))
  return text
}
