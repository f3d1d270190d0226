import type { Flash } from '../../../hal/api/flash.ts'
import { HELD_BACK } from '../storage/format.ts'
import type { Settings } from '../storage/settings.ts'

/** Changes again and again while old records are pushed out; gone afterwards. */
const FILLER_KEY = 'wipe.filler'
const FILLER_BYTES = 64

/** Writes something that does not matter, until `done`; then `HELD_BACK` times more, so that all before survives a chip that loses its last operations. */
function fill(settings: Settings, count: number, done: () => boolean): void {
  const filler = new Uint8Array(FILLER_BYTES)
  const write = (): void => {
    filler[0]++
    settings.set(FILLER_KEY, filler)
    settings.prepare()
  }
  for (let i = 0; i < count && !done(); i++) write()
  for (let i = 0; i < HELD_BACK; i++) write()
  settings.delete(FILLER_KEY)
}

/**
 * Settings are appended, so what was deleted or replaced is still in the flash until its block is erased. This writes until every block of the area
 * has been erased once: only what is valid now remains. Needs as many erases as the area has blocks, and is safe at every moment; cut off, it
 * has to be done again. Errors: those of `Settings.set`.
 */
export function wipeOldSettings(settings: Settings): void {
  const { ring } = settings
  let left = ring.extent.blocks
  let { newest } = ring
  fill(settings, (ring.extent.blocks * ring.blockLength) / FILLER_BYTES + ring.extent.blocks, () => {
    if (ring.newest !== newest) left--
    newest = ring.newest
    return left <= 0
  })
}

/**
 * After this, the settings stored before survive even a chip that loses its last operations in any order: needed where the next change relies on
 * the one before. Errors: those of `Settings.set`.
 */
export function settleSettings(settings: Settings): void {
  fill(settings, 0, () => true)
}

function isErased(flash: Flash, block: number, buffer: Uint8Array): boolean {
  flash.read(buffer, block * buffer.length)
  return buffer.every((byte) => byte === 0xff)
}

/**
 * Erases the whole flash; the block that holds the newest settings goes last, so that a mark in it is there until nothing else is. `onBlock` is
 * called before each erase, which takes up to some hundred milliseconds: for whoever feeds a watchdog.
 */
export function eraseFlash(flash: Flash, settings: Settings, onBlock?: () => void): void {
  const { blocks, blockLength } = flash.status()
  const { extent, newest, used } = settings.ring
  const buffer = new Uint8Array(blockLength)
  const last = used === 0 ? -1 : extent.firstBlock + newest
  const erase = (block: number): void => {
    if (isErased(flash, block, buffer)) return
    onBlock?.()
    flash.eraseBlock(block)
  }
  // The settings of before must not come to light when the newest are gone.
  for (let block = extent.firstBlock; block < extent.firstBlock + extent.blocks; block++) if (block !== last) erase(block)
  for (let block = 0; block < blocks; block++) if (block !== last) erase(block)
  // A chip may lose its last operations without trace: these do not matter.
  for (let i = 0; i < HELD_BACK; i++) flash.eraseBlock(0)
  if (last >= 0) erase(last)
}
