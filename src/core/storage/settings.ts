import type { Flash } from '../../../hal/api/flash.ts'
import { assert } from '../../lib/assert.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { BlockRing, type Extent } from './block-ring.ts'
import { HEADER_LENGTH } from './format.ts'
import { PAYLOAD_OFFSET, type RecordBuffer, recordSize, type Workspace } from './record.ts'

const KEY_MAX = 31
const VALUE_MAX = 240

/** Record types of this area. */
const SET = 1
const DELETED = 2
/** All entries of the block before are in this block now. */
const COMPLETE = 3

export interface SettingsOptions extends Extent {
  readonly workspace?: Workspace
}

export interface SettingsReport {
  readonly torn: number
  readonly corruptBlocks: number
  /** Changes that cannot be read: a setting may have an older value, or be gone. */
  readonly missing: number
  readonly unknownVersion: number
}

function isKey(key: string): boolean {
  return key.length >= 1 && key.length <= KEY_MAX && /^[\x21-\x7e]+$/.test(key)
}

/** Key of a stored entry; '' when the payload is none. */
function keyOf(payload: Uint8Array): string {
  const length = payload[0]
  if (payload.length < 1 + length || length > KEY_MAX) return ''
  let key = ''
  for (let i = 1; i <= length; i++) key += String.fromCharCode(payload[i])
  return key
}

/**
 * Small key-value store: keys of 1 to 31 ASCII characters, values of up to 240 bytes, together less than one erase block. Each change is
 * one record; when the block is full, what is alive moves to the next one, which counts only when it is complete. After a power loss
 * every key has its old value or the new one.
 */
export class Settings {
  readonly ring: BlockRing
  /** Flash offset of each key's record. */
  #index = new Map<string, number>()

  constructor(flash: Flash, options: SettingsOptions) {
    this.ring = new BlockRing(flash, options, options.workspace)
  }

  /** Finds the newest complete generation. Must be called first. Writes nothing. */
  mount(): SettingsReport {
    const { ring } = this
    const report = ring.mount()
    this.#index = new Map()
    while (ring.used > 0) {
      // Holes in the newest generation: an older value is better than none, above all for a secret that has a default.
      if (report.missing > 0 && ring.used > 1) this.readBlock(ring.at(ring.used - 2))
      if (this.readBlock(ring.newest)) break
      // Power was lost while it was filled, before the record that completes it.
      ring.retreat(report)
      this.#index.clear()
    }
    return report
  }

  /** Erases one block if none is erased ahead. True when more is to do. */
  prepare(): boolean {
    return this.ring.prepare()
  }

  /** All keys but those that the storage keeps for itself. */
  keys(): string[] {
    return [...this.#index.keys()].filter(isKey)
  }

  /** A copy of the value. */
  get(key: string): Uint8Array | undefined {
    const offset = this.#index.get(key)
    if (offset === undefined) return undefined
    const record = this.read(offset)
    return record?.payload.slice(1 + key.length)
  }

  /**
   * Stores a value; it is in flash when this returns. The value that is stored already costs nothing.
   * Errors: RangeError for a key or value that is too long; FerrarisError `SETTINGS_FULL` when all entries together exceed a block (nothing
   * changes then), `STORAGE_WORN` when the flash takes no more.
   */
  set(key: string, value: Uint8Array): void {
    if (!isKey(key)) throw new RangeError(`a setting's key has 1 to ${KEY_MAX} printable ASCII characters`)
    if (value.length > VALUE_MAX) throw new RangeError(`a setting has at most ${VALUE_MAX} bytes`)
    this.change(key, value)
  }

  /**
   * As `set`, for what the storage itself has to remember: a key of the same length with a space in it, which `keys` does not list, and which
   * neither `set` nor `delete` touch.
   */
  keep(key: string, value: Uint8Array): void {
    assert(!isKey(key) && key.length <= KEY_MAX && value.length <= VALUE_MAX, 'not a key of the storage itself')
    this.change(key, value)
  }

  private change(key: string, value: Uint8Array): void {
    if (this.equals(key, value)) return
    if (!this.append(SET, key, value, this.#index)) this.compact(key, value)
    this.ring.anchor()
  }

  /** Removes a key; nothing happens when there is none. */
  delete(key: string): void {
    if (!isKey(key) || !this.#index.has(key)) return
    const none = new Uint8Array(0)
    if (this.append(DELETED, key, none, this.#index)) this.#index.delete(key)
    else this.compact(key, undefined)
    this.ring.anchor()
  }

  private equals(key: string, value: Uint8Array): boolean {
    const known = this.get(key)
    if (known === undefined || known.length !== value.length) return false
    for (let i = 0; i < value.length; i++) if (known[i] !== value[i]) return false
    return true
  }

  private read(offset: number): RecordBuffer | undefined {
    const record = this.ring.workspace.in
    const { blockLength, flash } = this.ring
    const end = (Math.floor(offset / blockLength) + 1) * blockLength
    return record.read(flash, offset, end) ? record : undefined
  }

  /** Reads a block into the index, over what is there. False when it is not complete. */
  private readBlock(block: number): boolean {
    let complete = false
    this.ring.forEach(block, (record, offset) => {
      if (record.type === COMPLETE) complete = true
      const key = record.type === SET || record.type === DELETED ? keyOf(record.payload) : ''
      if (key === '') return
      if (record.type === SET) this.#index.set(key, offset)
      else this.#index.delete(key)
    })
    return complete
  }

  /** Writes one record into the open block; false when it does not fit or the cells are bad. */
  private append(type: number, key: string, value: Uint8Array, index: Map<string, number>): boolean {
    const { ring } = this
    const length = 1 + key.length + value.length
    if (!ring.fits(recordSize(length))) return false
    const { bytes } = ring.workspace.out
    bytes[PAYLOAD_OFFSET] = key.length
    for (let i = 0; i < key.length; i++) bytes[PAYLOAD_OFFSET + 1 + i] = key.charCodeAt(i)
    bytes.set(value, PAYLOAD_OFFSET + 1 + key.length)
    const offset = ring.position
    if (!ring.write(type, 0, 0, length)) return false
    index.set(key, offset)
    return true
  }

  /**
   * Moves everything alive to the next block, with `key` changed to `value` (undefined: without it). The new block says of a deleted key that it is
   * deleted: should another record of it be damaged, the block before must not bring the key back.
   */
  private compact(key: string, value: Uint8Array | undefined): void {
    const { ring } = this
    const changed = value ?? new Uint8Array(0)
    let needed = HEADER_LENGTH + recordSize(0) + recordSize(1 + key.length + changed.length)
    for (const [other, offset] of this.#index) if (other !== key) needed += this.read(offset)?.size ?? 0
    if (needed > ring.blockLength) throw new FerrarisError('SETTINGS_FULL', 'the settings together do not fit into a block of the flash')
    for (;;) {
      ring.open(0)
      const moved = this.move(key)
      if (moved === undefined || !this.append(value === undefined ? DELETED : SET, key, changed, moved)) continue
      if (!ring.fits(recordSize(0)) || !ring.write(COMPLETE, 0, 0, 0)) continue
      if (value === undefined) moved.delete(key)
      this.#index = moved
      return
    }
  }

  /** Copies all entries but `except` into the block just opened. Undefined when its cells are bad. */
  private move(except: string): Map<string, number> | undefined {
    const moved = new Map<string, number>()
    for (const key of this.#index.keys()) {
      const value = key === except ? undefined : this.get(key)
      if (value !== undefined && !this.append(SET, key, value, moved)) return undefined
    }
    return moved
  }
}
