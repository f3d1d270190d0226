import type { Flash } from './flash.ts'

/** Version of a firmware image as MCUboot writes it. */
export interface FirmwareVersion {
  /** 0…255 */
  readonly major: number
  /** 0…255 */
  readonly minor: number
  /** 0…65535 */
  readonly revision: number
  /** 32 bits. */
  readonly build: number
}

/**
 * The two places for firmware and the boot loader's choice between them, as ESP-IDF's OTA partitions with "app rollback": an image that was
 * activated runs on trial, and a reset before it was confirmed brings the one before back.
 */
export interface FirmwareSlots {
  /** What runs now. */
  readonly running: FirmwareVersion
  /** What runs now has not been confirmed yet. */
  readonly trial: boolean
  /** The image that ran on trial before this start was given up by the boot loader; true until `confirm` or `activate`. */
  readonly rolledBack: boolean
  /** The place that does not run: raw flash, which the payload of a new image fills from offset 0. */
  readonly spare: Flash
  /**
   * Makes the first `length` bytes of the spare slot what the next start runs, on trial. Errors: an error with `code` "FIRMWARE_SLOT" when the choice
   * cannot be stored, or while the running image is on trial; the slots are as before then.
   */
  activate(length: number, version: FirmwareVersion): void
  /** The running image works: it stays. Errors: as `activate`. */
  confirm(): void
}
