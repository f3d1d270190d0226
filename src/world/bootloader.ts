import type { FirmwareSlots, FirmwareVersion } from '../../hal/api/firmware.ts'
import type { Flash, FlashStatus } from '../../hal/api/flash.ts'
import { crc32 } from '../lib/crc.ts'
import { FerrarisError } from '../lib/errors.ts'

/**
 * Emulated boot loader with two slots, after the OTA partitions of ESP-IDF with "app rollback" (ESP-IDF Programming Guide, "Over The Air Updates"):
 * two sectors of "otadata" say which slot is to run and how far it is trusted; the sector with the highest sequence number decides, and a slot
 * that was started on trial and never confirmed is given up at the next start.
 *
 * Unlike ESP-IDF, which erases a sector to change the state in it, a change is appended behind the record before, so that a power failure leaves one of
 * the two. The layout: block 0 and block 1 otadata, then slot 0, then slot 1, of the same size.
 *
 * Record, 32 bytes, little-endian: sequence number (4; slot = (number - 1) mod 2), state (4), length of the payload (4), major (1), minor (1),
 * revision (2), build (4), CRC-32 of the payload (4), 0xFF (4), CRC-32 of the 28 bytes before (4).
 */
const RECORD_LENGTH = 32
const RECORD_CRC = 28
const UNIT = 16
const ATTEMPTS = 3

/** `esp_ota_img_states_t`. Here `invalid` is an aborted image that the firmware knows of. */
const State = Object.freeze({ new: 0, pendingVerify: 1, valid: 2, invalid: 3, aborted: 4 })

type Slot = 0 | 1

interface BootRecord {
  readonly sequence: number
  readonly state: number
  readonly length: number
  readonly version: FirmwareVersion
  readonly payloadCrc: number
}

/** A record, and which otadata sector holds it. */
interface Placed extends BootRecord {
  readonly sector: Slot
}

export interface BootImage {
  readonly slot: Slot
  readonly version: FirmwareVersion
  readonly payload: Uint8Array
}

function encode({ sequence, state, length, version, payloadCrc }: BootRecord): Uint8Array {
  const bytes = new Uint8Array(RECORD_LENGTH).fill(0xff)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, sequence, true)
  view.setUint32(4, state, true)
  view.setUint32(8, length, true)
  view.setUint8(12, version.major)
  view.setUint8(13, version.minor)
  view.setUint16(14, version.revision, true)
  view.setUint32(16, version.build, true)
  view.setUint32(20, payloadCrc, true)
  view.setUint32(RECORD_CRC, crc32(bytes, 0, RECORD_CRC), true)
  return bytes
}

function decode(bytes: Uint8Array): BootRecord | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, RECORD_LENGTH)
  if (view.getUint32(RECORD_CRC, true) !== crc32(bytes, 0, RECORD_CRC)) return undefined
  const sequence = view.getUint32(0, true)
  const state = view.getUint32(4, true)
  if (sequence === 0 || state > State.aborted) return undefined
  const revision = view.getUint16(14, true)
  return {
    sequence,
    state,
    length: view.getUint32(8, true),
    version: { major: view.getUint8(12), minor: view.getUint8(13), revision, build: view.getUint32(16, true) },
    payloadCrc: view.getUint32(20, true),
  }
}

function slotOf(record: BootRecord): Slot {
  return ((record.sequence - 1) % 2) as Slot
}

/** A part of a flash as a flash of its own. */
class FlashWindow implements Flash {
  readonly #flash: Flash
  readonly #first: number
  readonly #status: FlashStatus
  #closed = false

  constructor(flash: Flash, first: number, blocks: number) {
    const { blockLength, writeAlign } = flash.status()
    this.#flash = flash
    this.#first = first
    this.#status = Object.freeze({ size: blocks * blockLength, blockLength, blocks, writeAlign, eraseValue: 0xff })
  }

  status(): FlashStatus {
    if (this.#closed) throw new FerrarisError('CLOSED', 'the slot is closed')
    return this.#status
  }

  eraseBlock(start: number, end = start + 1): void {
    const { blocks } = this.status()
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start || end > blocks) {
      throw new RangeError(`erase of blocks ${start} to ${end} in a slot of ${blocks}`)
    }
    this.#flash.eraseBlock(this.#first + start, this.#first + end)
  }

  read(buffer: Uint8Array, offset: number): void {
    this.#flash.read(buffer, this.#place(buffer.length, offset))
  }

  write(buffer: Uint8Array, offset: number): void {
    this.#flash.write(buffer, this.#place(buffer.length, offset))
  }

  /** The flash around it stays open: it belongs to the boot loader. */
  close(): void {
    this.#closed = true
  }

  #place(length: number, offset: number): number {
    const { size, blockLength } = this.status()
    if (!Number.isInteger(offset) || offset < 0 || length > size - offset) {
      throw new RangeError(`${length} bytes at ${offset} in a slot of ${size}`)
    }
    return this.#first * blockLength + offset
  }
}

/** One otadata sector: the last valid record counts. */
class OtaSector {
  readonly #flash: Flash
  readonly #block: Slot
  readonly #blockLength: number

  constructor(flash: Flash, block: Slot) {
    this.#flash = flash
    this.#block = block
    this.#blockLength = flash.status().blockLength
  }

  read(): Placed | undefined {
    const cells = this.#cells()
    let last: BootRecord | undefined
    for (let at = 0; at + RECORD_LENGTH <= cells.length; ) {
      const record = decode(cells.subarray(at, at + RECORD_LENGTH))
      last = record ?? last
      at += record === undefined ? UNIT : RECORD_LENGTH
    }
    return last === undefined ? undefined : { ...last, sector: this.#block }
  }

  /** Puts a record behind what is there. False when the cells do not take it. */
  append(record: BootRecord): boolean {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const at = this.#end()
      // Full of torn records: the sector is begun anew. A power failure just here costs this record, and the other sector decides.
      if (at + RECORD_LENGTH > this.#blockLength) return this.replace(record)
      if (this.#program(record, at)) return true
    }
    return false
  }

  /** Erases the sector and puts a record into it. */
  replace(record: BootRecord): boolean {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      this.#flash.eraseBlock(this.#block)
      if (this.#end() === 0 && this.#program(record, 0)) return true
    }
    return false
  }

  #cells(): Uint8Array {
    const cells = new Uint8Array(this.#blockLength)
    this.#flash.read(cells, this.#block * this.#blockLength)
    return cells
  }

  /** Where nothing was programmed since the last erase. */
  #end(): number {
    const cells = this.#cells()
    let end = cells.length
    while (end > 0 && cells[end - 1] === 0xff) end--
    return Math.ceil(end / UNIT) * UNIT
  }

  #program(record: BootRecord, at: number): boolean {
    const bytes = encode(record)
    const check = new Uint8Array(RECORD_LENGTH)
    const offset = this.#block * this.#blockLength + at
    this.#flash.write(bytes, offset)
    this.#flash.read(check, offset)
    return check.every((byte, i) => byte === bytes[i])
  }
}

/**
 * Chooses the firmware at each start, and lets the running one choose the next. `boot` once per start, then `slots` for the device.
 *
 * Power lost in any operation leaves a firmware that starts: the one before or the one after the change.
 */
export class BootLoader {
  readonly #factory: FirmwareVersion
  readonly #sectors: readonly [OtaSector, OtaSector]
  readonly #slots: readonly [Flash, Flash]
  #running: Placed | undefined

  /** `factory` is the firmware that is always there, and runs when neither slot can. RangeError for a flash without room for two slots. */
  constructor(flash: Flash, factory: FirmwareVersion) {
    const { blocks, blockLength } = flash.status()
    const each = Math.floor((blocks - 2) / 2)
    if (each < 1 || blockLength < 4 * RECORD_LENGTH)
      throw new RangeError(`no room for two slots in ${blocks} blocks of ${blockLength} bytes`)
    this.#factory = factory
    this.#sectors = [new OtaSector(flash, 0), new OtaSector(flash, 1)]
    this.#slots = [new FlashWindow(flash, 2, each), new FlashWindow(flash, 2 + each, each)]
  }

  /** A start of the device: gives up what was on trial, and chooses. Undefined: the factory firmware runs. */
  boot(): BootImage | undefined {
    for (const record of this.#records()) {
      if (record.state === State.pendingVerify) this.#change(record, State.aborted)
    }
    for (;;) {
      const best = this.#candidate()
      this.#running = best
      if (best === undefined) return undefined
      const image = this.#load(best)
      if (image === undefined) {
        // Not what was activated; the next best is tried. A sector that cannot be written ends the search.
        if (!this.#change(best, State.aborted)) return this.#useFactory()
        continue
      }
      if (best.state === State.new && !this.#change(best, State.pendingVerify)) return this.#useFactory()
      return image
    }
  }

  /** Reads the slot of what `boot` chose, as the processor that runs from it would. */
  read(slot: Slot, buffer: Uint8Array, offset: number): void {
    this.#slots[slot].read(buffer, offset)
  }

  /** What the firmware that `boot` chose sees. */
  slots(): FirmwareSlots {
    const running = this.#running
    const spare: Slot = running !== undefined && slotOf(running) === 0 ? 1 : 0
    let trial = running?.state === State.new
    let rolledBack = this.#aborted().length > 0
    return {
      running: running?.version ?? this.#factory,
      get trial() {
        return trial
      },
      get rolledBack() {
        return rolledBack
      },
      spare: this.#slots[spare],
      activate: (length, version) => {
        // The other sector holds the firmware to go back to.
        if (trial) throw new FerrarisError('FIRMWARE_SLOT', 'the running firmware is on trial')
        this.#activate(spare, length, version)
        rolledBack = false
      },
      confirm: () => {
        this.#confirm()
        trial = false
        rolledBack = false
      },
    }
  }

  #useFactory(): undefined {
    this.#running = undefined
    return undefined
  }

  #records(): Placed[] {
    return this.#sectors.map((sector) => sector.read()).filter((record) => record !== undefined)
  }

  #candidate(): Placed | undefined {
    return this.#records()
      .filter(({ state }) => state === State.new || state === State.valid)
      .sort((a, b) => b.sequence - a.sequence)[0]
  }

  /** Images given up after the running one was chosen. */
  #aborted(): Placed[] {
    const since = this.#running?.sequence ?? 0
    return this.#records().filter(({ state, sequence }) => state === State.aborted && sequence > since)
  }

  #load(record: Placed): BootImage | undefined {
    const slot = slotOf(record)
    if (record.length > this.#slots[slot].status().size) return undefined
    const payload = new Uint8Array(record.length)
    this.#slots[slot].read(payload, 0)
    return crc32(payload) === record.payloadCrc ? { slot, version: record.version, payload } : undefined
  }

  #change(record: Placed, state: number): boolean {
    return this.#sectors[record.sector].append({ ...record, state })
  }

  #activate(slot: Slot, length: number, version: FirmwareVersion): void {
    const { size } = this.#slots[slot].status()
    if (!Number.isInteger(length) || length < 1 || length > size) throw new RangeError(`image of ${length} bytes in a slot of ${size}`)
    const payload = new Uint8Array(length)
    this.#slots[slot].read(payload, 0)
    const records = this.#records()
    const highest = records.reduce((most, { sequence }) => Math.max(most, sequence), 0)
    const sequence = highest + (highest % 2 === slot ? 1 : 2)
    const sector = this.#sectorToReplace(records)
    const record = { sequence, state: State.new, length, version, payloadCrc: crc32(payload) }
    if (!this.#sectors[sector].replace(record)) throw new FerrarisError('FIRMWARE_SLOT', 'the boot loader cannot store its choice')
  }

  /** The sector of the running firmware stays; without one, that of the older record goes. */
  #sectorToReplace(records: readonly Placed[]): Slot {
    if (this.#running !== undefined) return this.#running.sector === 0 ? 1 : 0
    if (records.length < 2) return records[0]?.sector === 0 ? 1 : 0
    return records[0].sequence < records[1].sequence ? 0 : 1
  }

  #confirm(): void {
    const running = this.#running
    const kept = running?.state !== State.new || this.#change(running, State.valid)
    const known = this.#aborted().every((record) => this.#change(record, State.invalid))
    if (!kept || !known) throw new FerrarisError('FIRMWARE_SLOT', 'the boot loader cannot store that the firmware works')
    if (running !== undefined) this.#running = { ...running, state: State.valid }
  }
}
