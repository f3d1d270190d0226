import { createHash } from 'node:crypto'
import { machine } from './machine.ts'

/** States of `esp_ota_img_states_t` that matter here. */
type State = 'new' | 'pending' | 'valid' | 'aborted' | 'undefined'
export type Slot = 'ota_0' | 'ota_1'

const DIGEST_BYTES = 32
/** First byte of an image (ESP-IDF, esp_image_format.h); here the length of what follows stands behind it, and the digest at the end. */
const MAGIC = 0xe9
const HEADER_BYTES = 8
const ERR_IMAGE_INVALID = 0x2002
const ERR_NOT_FOUND = 0x105

/** An image with a header, its content and its SHA-256, padded to the program unit. */
export function imageOf(content: Uint8Array): Uint8Array {
  const bare = new Uint8Array(Math.ceil((HEADER_BYTES + content.length) / 16) * 16)
  bare[0] = MAGIC
  new DataView(bare.buffer).setUint32(4, bare.length)
  bare.set(content, HEADER_BYTES)
  return Uint8Array.of(...bare, ...createHash('sha256').update(bare).digest())
}

interface Found {
  readonly length: number
  readonly digest: Uint8Array
  readonly whole: boolean
}

/** Boot loader and OTA data as `components/app_update` of ESP-IDF 6.0 behaves with CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE. */
export class BootLoader {
  readonly states: Record<Slot, State> = { ota_0: 'undefined', ota_1: 'undefined' }
  running: Slot = 'ota_0'
  #chosen: Slot = 'ota_0'

  constructor() {
    const { partitions } = machine()
    for (const label of ['ota_0', 'ota_1']) machine().addPartition(label, 16)
    partitions.set('running', partitions.get('ota_0') as never)
    partitions.set('nextota', partitions.get('ota_1') as never)
    current.loader = this
  }

  get spare(): Slot {
    return this.running === 'ota_0' ? 'ota_1' : 'ota_0'
  }

  image(slot: Slot): Found | undefined {
    const array = machine().partitions.get(slot)
    if (array === undefined) return undefined
    const header = new Uint8Array(HEADER_BYTES)
    array.read(header, 0)
    const length = new DataView(header.buffer).getUint32(4)
    if (header[0] !== MAGIC || length + DIGEST_BYTES > array.size) return undefined
    const [content, digest] = [new Uint8Array(length), new Uint8Array(DIGEST_BYTES)]
    array.read(content, 0)
    array.read(digest, length)
    return { length, digest, whole: createHash('sha256').update(content).digest().equals(digest) }
  }

  choose(slot: Slot): number {
    if (this.image(slot)?.whole !== true) return ERR_IMAGE_INVALID
    this.#chosen = slot
    this.states[slot] = 'new'
    return 0
  }

  confirm(): number {
    this.states[this.running] = 'valid'
    return 0
  }

  /** A reset: new firmware runs on trial; firmware that was on trial and did not confirm is given up. */
  reset(): void {
    if (this.states[this.#chosen] === 'pending') {
      this.states[this.#chosen] = 'aborted'
      this.#chosen = this.#chosen === 'ota_0' ? 'ota_1' : 'ota_0'
    } else if (this.states[this.#chosen] === 'new') this.states[this.#chosen] = 'pending'
    this.running = this.#chosen
    const { partitions } = machine()
    partitions.set('running', partitions.get(this.running) as never)
    partitions.set('nextota', partitions.get(this.spare) as never)
  }
}

const current: { loader?: BootLoader } = {}
const slotOf = (spare: boolean): Slot | undefined => (spare ? current.loader?.spare : current.loader?.running)

// --- `ferraris/firmware`, as `hal/esp32/native/firmware/ferraris-firmware.c` behaves ---

export function label(spare: boolean): string | undefined {
  return slotOf(spare)
}

export function image(spare: boolean, digest: Uint8Array): number {
  const slot = slotOf(spare)
  const found = slot && current.loader?.image(slot)
  if (found === undefined) return 0
  digest.set(found.digest)
  return found.length
}

export const onTrial = (): boolean => current.loader !== undefined && current.loader.states[current.loader.running] === 'pending'
export const spareGivenUp = (): boolean => current.loader?.states[current.loader.spare] === 'aborted'
export const activate = (): number => current.loader?.choose(current.loader.spare) ?? ERR_NOT_FOUND
export const confirm = (): number => current.loader?.confirm() ?? ERR_NOT_FOUND

/** A flash with a single place for firmware. */
export function noSlots(): void {
  current.loader = undefined
}
