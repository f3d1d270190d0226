import type { FlashStatus } from '../../../hal/api/flash.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { BLOCKS_MIN, type Extent } from './block-ring.ts'
import { Area } from './format.ts'

/** Blocks at the start of the flash that say how it is divided; two copies. */
export const SUPERBLOCKS = 2
/** Erase blocks below which a flash cannot hold a meter. */
const LAYOUT_BLOCKS_MIN = 24
/** Most areas that a layout may name. */
export const AREAS_MAX = 16

/** How the flash is divided. The areas do not overlap; blocks that none of them names are free for later versions. */
export interface Layout {
  readonly areas: readonly Extent[]
}

/** Every area that this version needs. */
const NEEDED = [Area.settings, Area.registers, Area.profile, Area.events, Area.powerFailures, Area.counters] as const

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, Math.floor(value)))
}

/** Blocks of the counters where there is room. */
const COUNTER_BLOCKS = 4

/**
 * The layout for a new flash: the load profile gets what the small areas leave, and from 128 blocks on a sixteenth stays free. The counters lie
 * where `withCounters` puts them in a flash that was divided before there were counters: both can be calculated again.
 * Errors: FerrarisError `STORAGE_SMALL` below 24 blocks.
 */
export function defaultLayout(status: FlashStatus): Layout {
  const { blocks, blockLength } = status
  if (blocks < LAYOUT_BLOCKS_MIN) {
    throw new FerrarisError('STORAGE_SMALL', `${blocks} blocks of flash, at least ${LAYOUT_BLOCKS_MIN} of ${blockLength} bytes are needed`)
  }
  const settings = blocks < 64 ? 3 : 4
  const registers = clamp(blocks / 4, 6, 16)
  const events = clamp(blocks / 32, BLOCKS_MIN, 16)
  const powerFailures = clamp(blocks / 64, BLOCKS_MIN, 8)
  const free = blocks < 128 ? BLOCKS_MIN : Math.floor(blocks / 16)
  const profile = blocks - SUPERBLOCKS - settings - registers - events - powerFailures - free
  let firstBlock = SUPERBLOCKS
  const place = (area: number, count: number): Extent => {
    const extent = { area, firstBlock, blocks: count }
    firstBlock += count
    return extent
  }
  return withCounters(
    {
      areas: [
        place(Area.settings, settings),
        place(Area.registers, registers),
        place(Area.events, events),
        place(Area.powerFailures, powerFailures),
        place(Area.profile, profile),
      ],
    },
    status,
  )
}

/**
 * The layout with an area for the counters, in the first free blocks that are enough for it; a layout that has one stays as it is. The same
 * layout always gives the same result.
 * Errors: FerrarisError `STORAGE_LAYOUT` when not even three blocks in a row are free.
 */
export function withCounters(layout: Layout, status: FlashStatus): Layout {
  if (layout.areas.some((extent) => extent.area === Area.counters)) return layout
  const sorted = [...layout.areas].sort((a, b) => a.firstBlock - b.firstBlock)
  let free = SUPERBLOCKS
  for (const next of [...sorted.map((extent) => extent.firstBlock), status.blocks]) {
    const blocks = Math.min(COUNTER_BLOCKS, next - free)
    if (blocks >= BLOCKS_MIN) return { areas: [...layout.areas, { area: Area.counters, firstBlock: free, blocks }] }
    const taken = sorted.find((extent) => extent.firstBlock === next)
    free = next + (taken?.blocks ?? 0)
  }
  throw new FerrarisError('STORAGE_LAYOUT', `no ${BLOCKS_MIN} blocks of the flash are free for the counters; it is left as it is`)
}

/** Errors: FerrarisError `STORAGE_LAYOUT` when areas are missing, too small, overlap, or leave the flash. */
export function checkLayout(layout: Layout, status: FlashStatus): void {
  const refuse = (reason: string): never => {
    throw new FerrarisError('STORAGE_LAYOUT', `layout of the flash: ${reason}`)
  }
  for (const area of NEEDED) {
    if (layout.areas.filter((extent) => extent.area === area).length !== 1) refuse(`area ${area} is missing or named twice`)
  }
  if (layout.areas.length > AREAS_MAX) refuse('too many areas')
  const sorted = [...layout.areas].sort((a, b) => a.firstBlock - b.firstBlock)
  let free = SUPERBLOCKS
  for (const { area, firstBlock, blocks } of sorted) {
    if (blocks < BLOCKS_MIN) refuse(`area ${area} has ${blocks} blocks, at least ${BLOCKS_MIN} are needed`)
    if (firstBlock < free || firstBlock + blocks > status.blocks) refuse(`area ${area} overlaps or leaves the flash`)
    free = firstBlock + blocks
  }
}

/** The part of an area. The layout must have been checked. */
export function extentOf(layout: Layout, area: number): Extent {
  return layout.areas.find((extent) => extent.area === area)!
}

export function sameLayout(a: Layout, b: Layout): boolean {
  const within = (extent: Extent) =>
    b.areas.some((other) => other.area === extent.area && other.firstBlock === extent.firstBlock && other.blocks === extent.blocks)
  return a.areas.length === b.areas.length && a.areas.every(within)
}
