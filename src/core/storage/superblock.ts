import type { Flash } from '../../../hal/api/flash.ts'
import { FerrarisError } from '../../lib/errors.ts'
import type { Extent } from './block-ring.ts'
import { Area, BlockHeader, getUint16, getUint32, HEADER_LENGTH, Kind, setUint16, setUint32 } from './format.ts'
import { AREAS_MAX, type Layout, SUPERBLOCKS } from './layout.ts'
import { PAYLOAD_OFFSET, type Workspace } from './record.ts'

const LAYOUT = 1
/** Payload: blocks(4) blockLength(4) count(1), then area(1) firstBlock(2) blocks(2) for each. */
const FIXED = 9
const PER_AREA = 5

export interface Superblocks {
  /** Undefined when no copy can be read. */
  readonly layout: Layout | undefined
  /** Copies that cannot be read, as block numbers. */
  readonly bad: readonly number[]
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
  const bad: number[] = []
  let layout: Layout | undefined
  for (let block = 0; block < SUPERBLOCKS; block++) {
    const offset = block * blockLength
    const kind = header.read(flash, offset)
    if (kind === Kind.unknownVersion) throw unknownVersion(header.version)
    const usable = kind === Kind.valid && header.area === Area.superblock
    const record = workspace.in
    const read = usable && record.read(flash, offset + HEADER_LENGTH, offset + blockLength) && record.type === LAYOUT
    const found = read ? decode(record.payload, flash) : undefined
    if (found === undefined) bad.push(block)
    layout ??= found
  }
  return { layout, bad }
}

/** Writes one copy. The other one is left alone, so that one is always whole. */
export function writeSuperblock(flash: Flash, workspace: Workspace, block: number, layout: Layout): void {
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
  header.encode(Area.superblock, 1, 1, 0)
  flash.eraseBlock(block)
  flash.write(header.bytes, block * blockLength)
  flash.write(out.view(size), block * blockLength + HEADER_LENGTH)
}

function unknownVersion(version: number): FerrarisError {
  return new FerrarisError(
    'STORAGE_VERSION',
    `the flash has format version ${version}, which this firmware does not know; it is left as it is`,
  )
}
