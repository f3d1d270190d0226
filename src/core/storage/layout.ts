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

/** An area that came after the first version. */
interface AddedArea {
  readonly area: number
  /** Blocks where there is room; three are enough. */
  readonly blocks: number
  /** Without room for it the flash is refused. The others are left out then, and what they would hold goes elsewhere or nowhere. */
  readonly needed: boolean
  /** Areas that one version brought have one number: they are written into the layout together. */
  readonly change: number
}

/**
 * The areas that came later, in the order in which they get room: new ones go to the end, so that every firmware calculates the same places. A
 * block of a log holds 127 events (records of 32 bytes); a ring of three keeps at least so many. Power quality has the most to say, hence four.
 */
const ADDED: readonly AddedArea[] = Object.freeze([
  Object.freeze({ area: Area.counters, blocks: 4, needed: true, change: 1 }),
  Object.freeze({ area: Area.billing, blocks: 4, needed: false, change: 2 }),
  Object.freeze({ area: Area.fraud, blocks: 3, needed: false, change: 2 }),
  Object.freeze({ area: Area.quality, blocks: 4, needed: false, change: 2 }),
  Object.freeze({ area: Area.disconnector, blocks: 3, needed: false, change: 2 }),
  Object.freeze({ area: Area.communication, blocks: 3, needed: false, change: 2 }),
  Object.freeze({ area: Area.daily, blocks: 4, needed: false, change: 2 }),
  Object.freeze({ area: Area.monthly, blocks: 3, needed: false, change: 2 }),
  // A week of ten minutes where there is room; what is left on a smaller flash.
  Object.freeze({ area: Area.powerQuality, blocks: 16, needed: false, change: 3 }),
])

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, Math.floor(value)))
}

/**
 * The layout for a new flash: the load profile gets what the small areas leave, and from 128 blocks on a sixteenth stays free. Areas that
 * came later lie where `withAreas` puts them in a flash that was divided before there were any: both can be calculated again. Below 128 blocks
 * only the counters have room.
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
  return withAreas(
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

/** The first free blocks in a row, at most `most` and at least `BLOCKS_MIN` of them; undefined when there are none. */
function findRoom(layout: Layout, status: FlashStatus, area: number, most: number): Extent | undefined {
  const sorted = [...layout.areas].sort((a, b) => a.firstBlock - b.firstBlock)
  let free = SUPERBLOCKS
  for (const next of [...sorted, { firstBlock: status.blocks, blocks: 0 }]) {
    const blocks = Math.min(most, next.firstBlock - free)
    if (blocks >= BLOCKS_MIN) return { area, firstBlock: free, blocks }
    free = next.firstBlock + next.blocks
  }
  return undefined
}

/**
 * The layout with the areas that it does not name yet, each in the first free blocks that are enough for it. A layout to which nothing can be added
 * is returned as it is. The same layout always gives the same result.
 * Errors: FerrarisError `STORAGE_LAYOUT` when there is no room for an area that the meter cannot do without.
 */
export function withAreas(layout: Layout, status: FlashStatus): Layout {
  let result = layout
  for (const { area, blocks, needed } of ADDED) {
    if (result.areas.some((extent) => extent.area === area) || result.areas.length === AREAS_MAX) continue
    const extent = findRoom(result, status, area, blocks)
    if (extent !== undefined) result = { areas: [...result.areas, extent] }
    else if (needed) {
      throw new FerrarisError('STORAGE_LAYOUT', `no ${BLOCKS_MIN} blocks of the flash are free for area ${area}; it is left as it is`)
    }
  }
  return result
}

/** The areas of the layout that were added last, by a migration or from the start. */
export function newestAreas(layout: Layout): readonly number[] {
  const present = ADDED.filter(({ area }) => layout.areas.some((extent) => extent.area === area))
  const last = present.reduce((latest, { change }) => Math.max(latest, change), 0)
  return present.filter(({ change }) => change === last).map(({ area }) => area)
}

/** Errors: FerrarisError `STORAGE_LAYOUT` when areas are missing, too small, overlap, or leave the flash. */
export function checkLayout(layout: Layout, status: FlashStatus): void {
  const refuse = (reason: string): never => {
    throw new FerrarisError('STORAGE_LAYOUT', `layout of the flash: ${reason}`)
  }
  for (const area of NEEDED) {
    if (findExtent(layout, area) === undefined) refuse(`area ${area} is missing`)
  }
  if (new Set(layout.areas.map(({ area }) => area)).size < layout.areas.length) refuse('an area is named twice')
  if (layout.areas.length > AREAS_MAX) refuse('too many areas')
  const sorted = [...layout.areas].sort((a, b) => a.firstBlock - b.firstBlock)
  let free = SUPERBLOCKS
  for (const { area, firstBlock, blocks } of sorted) {
    if (blocks < BLOCKS_MIN) refuse(`area ${area} has ${blocks} blocks, at least ${BLOCKS_MIN} are needed`)
    if (firstBlock < free || firstBlock + blocks > status.blocks) refuse(`area ${area} overlaps or leaves the flash`)
    free = firstBlock + blocks
  }
}

/** The part of an area that the meter needs. The layout must have been checked. */
export function extentOf(layout: Layout, area: number): Extent {
  return findExtent(layout, area)!
}

/** The part of an area; undefined when the flash had no room for it. */
export function findExtent(layout: Layout, area: number): Extent | undefined {
  return layout.areas.find((extent) => extent.area === area)
}

export function sameLayout(a: Layout, b: Layout): boolean {
  const within = (extent: Extent) =>
    b.areas.some((other) => other.area === extent.area && other.firstBlock === extent.firstBlock && other.blocks === extent.blocks)
  return a.areas.length === b.areas.length && a.areas.every(within)
}
