import { MemoryFlash } from '../../hal/portable/flash.ts'
import { openStorage } from '../../src/core/storage/storage.ts'
import { lastSign_s } from '../../src/meter/last-sign.ts'
import { BOARD } from './board.ts'

/** Where the world stood when it was last written down. */
interface WorldState {
  readonly time_ms: number
  readonly wall_ms: number
}

/** Seconds of 32 bits are what the flash keeps of a time. */
const TIME_MAX_MS = 0xffffffff * 1000

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= TIME_MAX_MS
}

/** Content of `world.json`. */
export function worldText({ time_ms, wall_ms }: WorldState): string {
  return `${JSON.stringify({ time_ms, wall_ms })}\n`
}

function parseWorld(text: string): WorldState | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return undefined
    const { time_ms, wall_ms } = value as { time_ms?: unknown; wall_ms?: unknown }
    return isTime(time_ms) && isTime(wall_ms) ? { time_ms, wall_ms } : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** From a copy of the image: opening a storage repairs it, and the meter itself must find the damage to log it. */
function lastSign_ms(image: Uint8Array): number {
  const { size, blockLength, writeAlign } = BOARD.flash
  const copy = new MemoryFlash({ blocks: size / blockLength, blockLength, writeAlign })
  copy.load(image)
  return lastSign_s(openStorage(copy)) * 1000
}

/**
 * World time at which a new run of a kept meter goes on: real time has passed in the world too while nobody ran it. Undefined for a new one. `text` is the
 * content of `world.json`, `image` that of the flash: after `kill -9` at full speed it may know a later time than the last note of the world; time never
 * goes back.
 */
export function resumeTime(text: string | undefined, image: Uint8Array, wall_ms: number): number | undefined {
  const sign_ms = lastSign_ms(image)
  const world = text === undefined ? undefined : parseWorld(text)
  if (world === undefined) return sign_ms > 0 ? sign_ms + 1000 : undefined
  return Math.max(world.time_ms + Math.max(0, wall_ms - world.wall_ms), sign_ms)
}
