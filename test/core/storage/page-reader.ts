import { crc32 } from 'node:zlib'

/** A reader of flash images that knows docs/storage.md and nothing of the code: it shares no line with it. */

interface Header {
  readonly block: number
  readonly area: number
  readonly epoch: number
  readonly firstSequence: number
}

export interface PageRecord {
  readonly type: number
  readonly status: number
  readonly sequence: number
  readonly time: number
  readonly payload: Buffer
}

const BLOCK = 4096

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(`not as the page says: ${what}`)
}

function header(image: Buffer, block: number): Header | undefined {
  const head = image.subarray(block * BLOCK, block * BLOCK + 32)
  if (head.toString('latin1', 0, 4) !== 'Ferr') return undefined
  must(head.readUInt32BE(28) === checksum(head.subarray(0, 28)), `checksum of block ${block}`)
  must(head[4] === 1 && head.readUInt16BE(6) === 0xffff, `header of block ${block}`)
  must(
    head.subarray(20, 28).every((byte) => byte === 0xff),
    `padding of block ${block}`,
  )
  return { block, area: head[5], epoch: head.readUInt32BE(8), firstSequence: head.readUInt32BE(12) }
}

function records(image: Buffer, { block, firstSequence }: Header): PageRecord[] {
  const cells = image.subarray(block * BLOCK, (block + 1) * BLOCK)
  const list: PageRecord[] = []
  let at = 32
  while (at < BLOCK && cells.subarray(at, at + 16).some((byte) => byte !== 0xff)) {
    const length = cells.readUInt16BE(at)
    const size = 16 * Math.ceil((length + 16) / 16)
    const record = cells.subarray(at, at + size)
    must(length <= 1008 && at + size <= BLOCK, `length in block ${block} at ${at}`)
    must(record.readUInt32BE(size - 4) === checksum(record.subarray(0, size - 4)), `checksum in block ${block} at ${at}`)
    must(
      record.subarray(12 + length, size - 4).every((byte) => byte === 0xff),
      `padding in block ${block} at ${at}`,
    )
    must(record.readUInt32BE(4) === firstSequence + list.length, `sequence number in block ${block} at ${at}`)
    const [type, status] = [record[2], record[3]]
    list.push({ type, status, sequence: record.readUInt32BE(4), time: record.readUInt32BE(8), payload: record.subarray(12, 12 + length) })
    at += size
  }
  must(
    cells.subarray(at).every((byte) => byte === 0xff),
    `the rest of block ${block} is erased`,
  )
  return list
}

/** Areas and their places, from the superblock. */
export function readLayout(image: Buffer): Map<number, { first: number; blocks: number }> {
  const [one] = [0, 1].flatMap((block) => header(image, block) ?? []).sort((a, b) => b.epoch - a.epoch)
  const [{ type, payload }, ...fillers] = records(image, one)
  must(type === 1 && fillers.length === 4 && fillers.every((filler) => filler.type === 2), 'the superblock')
  must(payload.readUInt32BE(0) * payload.readUInt32BE(4) === image.length && payload.length === 9 + 5 * payload[8], 'its payload')
  const areas = Array.from({ length: payload[8] }, (_, i) => payload.subarray(9 + 5 * i, 14 + 5 * i))
  return new Map(areas.map((area) => [area[0], { first: area.readUInt16BE(1), blocks: area.readUInt16BE(3) }]))
}

/** Records of an area, block by block, the oldest first. */
export function readArea(image: Buffer, area: number): PageRecord[][] {
  const { first, blocks } = readLayout(image).get(area) ?? { first: 0, blocks: 0 }
  return Array.from({ length: blocks }, (_, i) => header(image, first + i))
    .filter((head) => head !== undefined)
    .filter((head) => head.area === area)
    .sort((a, b) => a.epoch - b.epoch)
    .map((head) => records(image, head))
}

/** Varints one after the other, to the end. */
function varints(bytes: Buffer): number[] {
  const list: number[] = []
  let value = 0
  let factor = 1
  for (const byte of bytes) {
    value += (byte & 0x7f) * factor
    factor *= 128
    if (byte >= 0x80) continue
    list.push(value)
    value = 0
    factor = 1
  }
  return list
}

/** The newest register image. */
export function readRegisters(image: Buffer): number[] {
  const block = readArea(image, 2).at(-1) ?? []
  const [checkpoint] = block
  must(checkpoint.type === 1 && checkpoint.payload[0] === 1, 'the checkpoint')
  const values = varints(checkpoint.payload.subarray(2))
  must(values.length === checkpoint.payload[1], 'the count of values')
  const last = block.filter(({ type }) => type === 2).at(-1)
  if (last === undefined) return values
  const mask = Math.ceil(values.length / 8)
  const increases = varints(last.payload.subarray(mask))
  return values.map((value, i) => (((last.payload[i >> 3] >> (i & 7)) & 1) === 0 ? value : value + (increases.shift() ?? Number.NaN)))
}

/** Settings by key, those of the storage itself included. */
export function readSettings(image: Buffer): Map<string, Buffer> {
  const settings = new Map<string, Buffer>()
  for (const { type, payload } of readArea(image, 1).at(-1) ?? []) {
    const key = payload.toString('latin1', 1, 1 + payload[0])
    if (type === 1) settings.set(key, payload.subarray(1 + payload[0]))
    if (type === 2) settings.delete(key)
  }
  return settings
}

/** Limits of the counters. */
export function readCounters(image: Buffer): number[] {
  const limits = readArea(image, 6)
    .flat()
    .filter(({ type }) => type === 1)
    .at(-1)
  return varints(limits?.payload ?? Buffer.alloc(0))
}

function checksum(bytes: Uint8Array): number {
  return crc32(bytes) >>> 0
}
