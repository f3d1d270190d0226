import type { Flash } from '../../../hal/api/flash.ts'
import { FerrarisError } from '../../lib/errors.ts'
import type { Extent } from './block-ring.ts'
import { Area, BlockHeader, getUint16, getUint32, HEADER_LENGTH, HELD_BACK, Kind, setUint16, setUint32, UNIT } from './format.ts'
import { AREAS_MAX, type Layout, SUPERBLOCKS } from './layout.ts'
import { PAYLOAD_OFFSET, type Workspace } from './record.ts'

const LAYOUT = 1
/** Nothing; pushes the copy out of every cache before the other one is touched. */
const FILLER = 2
/** Payload: blocks(4) blockLength(4) count(1), then area(1) firstBlock(2) blocks(2) for each. */
const FIXED = 9
const PER_AREA = 5

export interface Superblocks {
  /** The newest one; undefined when no copy can be read. */
  readonly layout: Layout | undefined
  /** Version of the layout: 1 for the first, one more for each change. 0 when no copy can be read. */
  readonly epoch: number
  /** Copies that cannot be read, as block numbers. */
  readonly bad: readonly number[]
  /** Copies of an older layout than the other one: a change of the layout was cut off. */
  readonly stale: readonly number[]
}

function decode(payload: Uint8Array, flash: Flash): Layout | undefined {
  const { blocks, blockLength } = flash.status()
  const count = payload.length < FIXED ? 0 : payload[FIXED - 1]
  if (count < 1 || count > AREAS_MAX || payload.length !== FIXED + PER_AREA * count) return undefined
  if (getUint32(payload, 0) !== blocks || getUint32(payload, 4) !== blockLength) {
    const found = `${getUint32(payload, 0)} blocks of ${getUint32(payload, 4)} bytes`
    throw new FerrarisError('STORAGE_LAYOUT', `the flash was written as ${found} and now has ${blocks} of ${blockLength}`)
  }
  const areas: Extent[] = []
  for (let at = FIXED; at < payload.length; at += PER_AREA) {
    areas.push({ area: payload[at], firstBlock: getUint16(payload, at + 1), blocks: getUint16(payload, at + 3) })
  }
  return { areas }
}

/**
 * Reads the copies of the layout at the start of the flash.
 * Errors: FerrarisError `STORAGE_VERSION` when one of them is of a newer format, `STORAGE_LAYOUT` when it is of a flash of another shape.
 */
export function readSuperblocks(flash: Flash, workspace: Workspace): Superblocks {
  const { blockLength } = flash.status()
  const header = new BlockHeader()
  const epochs: number[] = []
  let layout: Layout | undefined
  let newest = 0
  for (let block = 0; block < SUPERBLOCKS; block++) {
    const offset = block * blockLength
    const kind = header.read(flash, offset)
    if (kind === Kind.unknownVersion) throw unknownVersion(header.version)
    const usable = kind === Kind.valid && header.area === Area.superblock && header.epoch > 0
    const record = workspace.in
    const read = usable && record.read(flash, offset + HEADER_LENGTH, offset + blockLength) && record.type === LAYOUT
    const found = read ? decode(record.payload, flash) : undefined
    epochs.push(found === undefined ? 0 : header.epoch)
    if (epochs[block] <= newest) continue
    newest = epochs[block]
    layout = found
  }
  const blocks = [...epochs.keys()]
  const bad = blocks.filter((block) => epochs[block] === 0)
  return { layout, epoch: newest, bad, stale: blocks.filter((block) => epochs[block] > 0 && epochs[block] < newest) }
}

/**
 * Writes one copy, with fillers after it: when this returns, it can no longer be lost, and the other copy may be touched. False when the cells do
 * not hold it.
 */
export function writeSuperblock(flash: Flash, workspace: Workspace, block: number, layout: Layout, epoch: number): boolean {
  const { blocks, blockLength } = flash.status()
  const { out } = workspace
  const length = FIXED + PER_AREA * layout.areas.length
  const payload = out.bytes.subarray(PAYLOAD_OFFSET, PAYLOAD_OFFSET + length)
  setUint32(payload, 0, blocks)
  setUint32(payload, 4, blockLength)
  payload[FIXED - 1] = layout.areas.length
  for (const [index, extent] of layout.areas.entries()) {
    const at = FIXED + PER_AREA * index
    payload[at] = extent.area
    setUint16(payload, at + 1, extent.firstBlock)
    setUint16(payload, at + 3, extent.blocks)
  }
  const size = out.seal(LAYOUT, 0, 1, 0, length)
  const header = new BlockHeader()
  header.encode(Area.superblock, epoch, 1, 0)
  const offset = block * blockLength
  flash.eraseBlock(block)
  flash.write(header.bytes, offset)
  flash.write(out.view(size), offset + HEADER_LENGTH)
  const record = workspace.in
  const holds =
    header.read(flash, offset) === Kind.valid && header.epoch === epoch && record.read(flash, offset + HEADER_LENGTH, offset + blockLength)
  const room = Math.min(HELD_BACK, (blockLength - HEADER_LENGTH - size) / UNIT)
  for (let i = 0; i < room; i++) {
    out.seal(FILLER, 0, i + 2, 0, 0)
    flash.write(out.view(UNIT), offset + HEADER_LENGTH + size + UNIT * i)
  }
  return holds
}

function unknownVersion(version: number): FerrarisError {
  return new FerrarisError(
    'STORAGE_VERSION',
    `the flash has format version ${version}, which this firmware does not know; it is left as it is`,
  )
}
