import { ActionResult } from '../../../src/protocols/dlms/apdu.ts'
import { ImageStatus, type ImageToActivate, type ImageTransferSource } from '../../../src/protocols/dlms/objects/image-transfer.ts'

const FIRST_BYTE = 0x46

/** Takes images into memory. An image is good when it begins with 'F'; it is verified in the second call, as if that took time. */
export class MemoryImage implements ImageTransferSource {
  readonly blockSize: number
  enabled = true
  status: number = ImageStatus.notInitiated
  toActivate: readonly ImageToActivate[] = []
  image = new Uint8Array(0)
  identifier = new Uint8Array(0)
  /** Images that were activated. */
  activated = 0
  #has: boolean[] = []

  constructor(blockSize = 64) {
    this.blockSize = blockSize
  }

  get blocks(): number {
    return this.#has.length
  }

  has(block: number): boolean {
    return this.#has[block] === true
  }

  get firstNotTransferred(): number {
    const missing = this.#has.indexOf(false)
    return missing < 0 ? this.blocks : missing
  }

  initiate(identifier: Uint8Array, size: number): ActionResult {
    if (!this.enabled) return ActionResult.readWriteDenied
    if (size === 0 || size > 100_000) return ActionResult.otherReason
    this.identifier = identifier.slice()
    this.image = new Uint8Array(size)
    this.#has = new Array(Math.ceil(size / this.blockSize)).fill(false)
    this.status = ImageStatus.initiated
    this.toActivate = []
    return ActionResult.success
  }

  transfer(block: number, data: Uint8Array): ActionResult {
    if (!this.enabled || this.status !== ImageStatus.initiated) return ActionResult.readWriteDenied
    if (block >= this.blocks) return ActionResult.otherReason
    const at = block * this.blockSize
    if (data.length !== Math.min(this.blockSize, this.image.length - at)) return ActionResult.otherReason
    this.image.set(data, at)
    this.#has[block] = true
    return ActionResult.success
  }

  verify(): ActionResult {
    if (this.firstNotTransferred < this.blocks || this.blocks === 0) return ActionResult.otherReason
    if (this.status === ImageStatus.initiated) {
      this.status = ImageStatus.verificationInitiated
      return ActionResult.temporaryFailure
    }
    const good = this.image[0] === FIRST_BYTE
    this.status = good ? ImageStatus.verificationSuccessful : ImageStatus.verificationFailed
    if (!good) return ActionResult.otherReason
    this.toActivate = [{ size: this.image.length, identification: this.identifier, signature: Uint8Array.of(1, 2, 3, 4) }]
    return ActionResult.success
  }

  activate(): ActionResult {
    if (this.status !== ImageStatus.verificationSuccessful) return ActionResult.otherReason
    this.status = ImageStatus.activationSuccessful
    this.activated++
    return ActionResult.success
  }
}
