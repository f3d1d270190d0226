import type { FirmwareUpdate, TransferResult } from '../../core/firmware/update.ts'
import { ActionResult } from '../../protocols/dlms/apdu.ts'
import type { ImageToActivate, ImageTransferSource } from '../../protocols/dlms/objects/image-transfer.ts'

/** What the steps of an update answer, as Action-Result has them: it knows nothing closer for an image that is not taken. */
const RESULTS: Readonly<Record<TransferResult, ActionResult>> = Object.freeze({
  success: ActionResult.success,
  'hardware-fault': ActionResult.hardwareFault,
  'temporary-failure': ActionResult.temporaryFailure,
  'read-write-denied': ActionResult.readWriteDenied,
  'data-not-valid': ActionResult.otherReason,
  'other-reason': ActionResult.otherReason,
})

/** The part of a firmware update that this view needs. */
export type FirmwareTransfer = Pick<
  FirmwareUpdate,
  | 'blockSize'
  | 'enabled'
  | 'status'
  | 'blocks'
  | 'has'
  | 'firstNotTransferred'
  | 'toActivate'
  | 'initiate'
  | 'transfer'
  | 'verify'
  | 'activate'
  | 'activation_s'
  | 'activateAt'
>

/** A firmware update as the source of an image transfer object. */
export class ImageTransferView implements ImageTransferSource {
  readonly #update: FirmwareTransfer

  constructor(update: FirmwareTransfer) {
    this.#update = update
  }

  get blockSize(): number {
    return this.#update.blockSize
  }

  get enabled(): boolean {
    return this.#update.enabled
  }

  set enabled(enabled: boolean) {
    this.#update.enabled = enabled
  }

  get status(): number {
    return this.#update.status
  }

  get blocks(): number {
    return this.#update.blocks
  }

  has(block: number): boolean {
    return this.#update.has(block)
  }

  get firstNotTransferred(): number {
    return this.#update.firstNotTransferred
  }

  get toActivate(): readonly ImageToActivate[] {
    return this.#update.toActivate
  }

  initiate(identifier: Uint8Array, size: number): ActionResult {
    return RESULTS[this.#update.initiate(identifier, size)]
  }

  transfer(block: number, data: Uint8Array): ActionResult {
    return RESULTS[this.#update.transfer(block, data)]
  }

  verify(): ActionResult {
    return RESULTS[this.#update.verify()]
  }

  activate(): ActionResult {
    return RESULTS[this.#update.activate()]
  }
}
