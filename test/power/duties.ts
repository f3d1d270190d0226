import type { FirmwareSlots } from '../../hal/api/firmware.ts'
import type { Flash } from '../../hal/api/flash.ts'
import { portableCrypto } from '../../hal/portable/crypto.ts'
import { BLOCK_LENGTH } from '../../src/core/firmware/block-store.ts'
import { HEADER_LENGTH } from '../../src/core/firmware/image.ts'
import { FirmwareUpdate } from '../../src/core/firmware/update.ts'
import type { KeyStore } from '../../src/core/security/key-store.ts'
import type { Storage } from '../../src/core/storage/storage.ts'
import { ascii } from '../../src/lib/ascii.ts'
import { openKeys } from '../../src/meter/secrets.ts'
import type { Expected } from './expected.ts'
import { must } from './violation.ts'

/** Key of the device. */
const DEVICE_KEY = new Uint8Array(32).fill(0x42)
/** Bytes of a firmware image: seven whole blocks and a part of one. */
const IMAGE_LENGTH = 7 * BLOCK_LENGTH + 100
const IMAGE_BLOCKS = Math.ceil(IMAGE_LENGTH / BLOCK_LENGTH)
/** Name of the secret that the script changes; a factory reset takes it. */
const SECRET = 'script'

/** A firmware image on its way. `blocks` is a bit set of those that were taken. */
export interface Transfer {
  readonly id: number
  readonly blocks: number
}

function imageByte(id: number, at: number): number {
  return (Math.imul(id * 4096 + at + 1, 0x9e3779b1) >>> 24) & 0xff
}

function imageBlock(id: number, block: number): Uint8Array {
  const start = block * BLOCK_LENGTH
  return Uint8Array.from({ length: Math.min(BLOCK_LENGTH, IMAGE_LENGTH - start) }, (_, i) => imageByte(id, start + i))
}

/** What the application does beside the core, on the same chip: secrets, and firmware images into the spare slot. */
export class Duties {
  readonly #expected: Expected
  readonly #keys: KeyStore
  readonly #update: FirmwareUpdate
  readonly #spare: Flash

  constructor(storage: Storage, spare: Flash, expected: Expected) {
    this.#expected = expected
    this.#spare = spare
    this.#keys = openKeys(storage, { crypto: portableCrypto, key: DEVICE_KEY })
    const slots: FirmwareSlots = {
      running: { major: 1, minor: 0, revision: 0, build: 0 },
      trial: false,
      rolledBack: false,
      spare,
      activate: () => must(false, () => 'an image was activated that nobody signed'),
      confirm: () => {},
    }
    this.#update = new FirmwareUpdate({
      slots,
      settings: storage.settings,
      crypto: portableCrypto,
      model: 'script',
      publicKey: () => undefined,
      restart: () => must(false, () => 'a restart without an image'),
    })
  }

  second(utc_s: number): void {
    this.#update.step(utc_s)
  }

  /** The next piece of an image, or a new image. */
  transfer(choice: number): void {
    const { transfer } = this.#expected
    if (transfer === undefined || transfer.blocks === (1 << IMAGE_BLOCKS) - 1) {
      const id = (transfer?.id ?? 0) + 1
      this.#expected.initiating = true
      if (this.#update.initiate(Uint8Array.of(id & 0xff), IMAGE_LENGTH) !== 'success') return
      this.#expected.initiating = false
      this.#expected.transfer = { id, blocks: 0 }
      return
    }
    let block = choice % IMAGE_BLOCKS
    while ((transfer.blocks >> block) & 1) block = (block + 1) % IMAGE_BLOCKS
    if (this.#update.transfer(block, imageBlock(transfer.id, block)) !== 'success') return
    this.#expected.transfer = { id: transfer.id, blocks: transfer.blocks | (1 << block) }
  }

  changeSecret(choice: number): void {
    const secret = `secret ${choice}`
    this.#expected.secrets = [...this.#expected.secrets, secret]
    this.#keys.set(SECRET, ascii(secret))
    this.#expected.secrets = [secret]
  }

  /** Secrets have their old value or the new one, and blocks of an image that were taken are in the flash. */
  check(): void {
    this.#checkSecret()
    const { transfer, initiating } = this.#expected
    if (transfer === undefined) return
    const id = this.#update.identifier[0]
    // One that was being started when power was lost may be there, without blocks, or none.
    if (initiating && id !== (transfer.id & 0xff)) {
      this.#expected.initiating = false
      this.#expected.transfer = id === undefined ? undefined : { id: transfer.id + 1, blocks: 0 }
      return
    }
    must(id === (transfer.id & 0xff), () => `firmware: image ${id}, was ${transfer.id}`)
    for (let block = 0; block < IMAGE_BLOCKS; block++) if ((transfer.blocks >> block) & 1) this.#checkBlock(transfer.id, block)
  }

  #checkSecret(): void {
    const { secrets } = this.#expected
    const found = secrets.filter((secret) => (secret === undefined ? !this.#keys.has(SECRET) : this.#keys.check(SECRET, ascii(secret))))
    must(found.length > 0, () => `secret: ${this.#keys.state(SECRET)}, none of ${secrets.join(', ')}`)
    this.#expected.secrets = found.slice(0, 1)
  }

  #checkBlock(id: number, block: number): void {
    must(this.#update.has(block), () => `firmware: block ${block} of image ${id} is missing`)
    // The header of the image is kept elsewhere; the payload lies at the start of the slot.
    const start = Math.max(HEADER_LENGTH, block * BLOCK_LENGTH)
    const end = Math.min(IMAGE_LENGTH, (block + 1) * BLOCK_LENGTH)
    const cells = new Uint8Array(end - start)
    this.#spare.read(cells, start - HEADER_LENGTH)
    const wrong = cells.findIndex((byte, i) => byte !== imageByte(id, start + i))
    must(wrong < 0, () => `firmware: byte ${start + wrong} of image ${id} has changed`)
  }
}
