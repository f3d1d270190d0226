import { generateKeyPairSync } from 'node:crypto'
import type { Crypto } from '../../../hal/api/crypto.ts'
import type { FirmwareVersion } from '../../../hal/api/firmware.ts'
import { hostCrypto } from '../../../hal/host/crypto.ts'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { importPublicKey, type SignOptions, signImage } from '../../../src/cli/firmware.ts'
import { HEADER_LENGTH, type ImageSource } from '../../../src/core/firmware/image.ts'
import { FirmwareTrial } from '../../../src/core/firmware/trial.ts'
import { type FirmwareEvent, FirmwareUpdate } from '../../../src/core/firmware/update.ts'
import { Settings } from '../../../src/core/storage/settings.ts'
import { toHex } from '../../../src/lib/hex.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { BootLoader } from '../../../src/world/bootloader.ts'
import { NorFlash } from '../../../src/world/chips/nor-flash.ts'

export const MODEL = 'FER-1P'
export const BLOCK = 256
export const FACTORY: FirmwareVersion = { major: 1, minor: 0, revision: 0, build: 0 }
export const NEXT: FirmwareVersion = { major: 1, minor: 1, revision: 0, build: 7 }

/** Eight for the image, four for the journal. */
const SLOT_BLOCKS = 12
/** Small sectors, so that an image of few blocks fills several. */
const SECTOR = 1024

export interface Signer {
  readonly pem: string
  readonly publicPem: string
  readonly point: Uint8Array
}

export function newSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return { pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), publicPem, point: importPublicKey(publicPem) }
}

export const SIGNER = newSigner()

/** Signatures already judged: thousands of restarts check the same one, and only the first of them is about cryptography. */
const judged = new Map<string, boolean>()

const CRYPTO: Crypto = {
  ...hostCrypto,
  verify: (publicKey, digest, signature) => {
    const key = toHex(publicKey) + toHex(digest) + toHex(signature)
    const known = judged.get(key) ?? hostCrypto.verify(publicKey, digest, signature)
    judged.set(key, known)
    return known
  },
}

/** Random bytes with a run of 0xFF that is longer than two blocks: what erased flash looks like. */
export function payloadOf(length: number, seed = 1): Uint8Array {
  const payload = new Uint8Array(length)
  new SeededRandom(seed).fill(payload)
  if (length > 2000) payload.fill(0xff, 1000, 1700)
  return payload
}

export function imageOf(payload: Uint8Array, options: Partial<SignOptions> = {}, signer = SIGNER): Uint8Array {
  return signImage(payload, signer.pem, { version: NEXT, model: MODEL, securityCounter: 3, ...options })
}

export function sourceOf(image: Uint8Array): ImageSource {
  return { size: image.length, read: (buffer, offset) => buffer.set(image.subarray(offset, offset + buffer.length)) }
}

export function blockOf(image: Uint8Array, block: number): Uint8Array {
  return image.subarray(block * BLOCK, Math.min(image.length, (block + 1) * BLOCK))
}

export interface RigOptions {
  /** What the slots hold at first. Default: erased. */
  readonly stale?: boolean
  readonly seed?: number
  readonly publicKey?: Uint8Array | null
  readonly slotBlocks?: number
}

/** A device with a boot loader: two flashes, and what runs on them until the next restart. */
export class Rig {
  readonly slotFlash: NorFlash
  readonly meterFlash: NorFlash
  readonly events: FirmwareEvent[] = []
  readonly #options: RigOptions
  restarted = false
  loader!: BootLoader
  update!: FirmwareUpdate
  trial!: FirmwareTrial
  running: Uint8Array | undefined

  constructor(options: RigOptions = {}) {
    this.#options = options
    const { seed = 1, stale = false, slotBlocks = SLOT_BLOCKS } = options
    const memory = new MemoryFlash({ blocks: 2 + 2 * slotBlocks, blockLength: SECTOR })
    if (stale) {
      const image = memory.image()
      new SeededRandom(seed, 9).fill(image.subarray(2 * SECTOR))
      memory.load(image)
    }
    this.slotFlash = new NorFlash(memory, { random: new SeededRandom(seed) })
    this.meterFlash = new NorFlash(new MemoryFlash({ blocks: 3, blockLength: SECTOR }), { random: new SeededRandom(seed, 1) })
  }

  /** A start of the device. */
  start(): void {
    this.restarted = false
    this.loader = new BootLoader(this.slotFlash, FACTORY)
    this.running = this.loader.boot()?.payload
    const settings = new Settings(this.meterFlash, { area: 1, firstBlock: 0, blocks: 3 })
    settings.mount()
    const { publicKey = SIGNER.point } = this.#options
    const restart = () => {
      this.restarted = true
    }
    this.update = new FirmwareUpdate({
      slots: this.loader.slots(),
      settings,
      crypto: CRYPTO,
      model: MODEL,
      publicKey: () => publicKey ?? undefined,
      restart,
      report: (event) => this.events.push(event),
    })
    this.trial = new FirmwareTrial({ update: this.update, healthy_s: 2, limit_s: 5, restart })
  }

  /** Steps until the verification is over, at most `seconds`. */
  verified(seconds = 50): number {
    this.update.verify()
    for (let i = 0; i < seconds && this.update.status === 2; i++) this.update.step()
    return this.update.status
  }

  send(image: Uint8Array, order: readonly number[] = [...Array(Math.ceil(image.length / BLOCK)).keys()]): void {
    for (const block of order) {
      const result = this.update.transfer(block, blockOf(image, block))
      if (result !== 'success') throw new Error(`block ${block}: ${result}`)
    }
  }

  /** The cells of the spare slot where block `block` of an image should be, without what the journal holds. */
  cells(image: Uint8Array, block: number): Uint8Array {
    const start = Math.max(HEADER_LENGTH, block * BLOCK)
    const cells = new Uint8Array(Math.max(0, Math.min(image.length, (block + 1) * BLOCK) - start))
    this.loader.slots().spare.read(cells, start - HEADER_LENGTH)
    return cells
  }
}
