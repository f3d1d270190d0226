import type { Crypto } from '../../../hal/api/crypto.ts'
import type { FirmwareSlots, FirmwareVersion } from '../../../hal/api/firmware.ts'
import { DecodeError } from '../../lib/bytes.ts'
import { FerrarisError } from '../../lib/errors.ts'
import type { Settings } from '../storage/settings.ts'
import { BLOCK_LENGTH, BlockStore } from './block-store.ts'
import { formatVersion, HEADER_LENGTH, type ImageInfo, readImage } from './image.ts'
import { decodeState, encodeState, IDENTIFIER_MAX, TransferStatus, type UpdateState } from './state.ts'
import { ImageVerifier, type Refusal } from './verify.ts'

/** Hashed in one `step`: even on a slow engine far less than a second. */
const SLICE = 16384
/** Activations that are started again after a power loss, before they count as failed. */
const ATTEMPTS_MAX = 3
const EVENTS_MAX = 8
/** The setting that keeps the state. */
const KEY = 'firmware'

/** How a method of IC 18 ends; the words are those of the DLMS action results. */
export type TransferResult = 'success' | 'hardware-fault' | 'temporary-failure' | 'read-write-denied' | 'data-not-valid' | 'other-reason'

/** Why an activation failed: the boot loader gave the image up, it did not start at all, or the slots could not be switched. */
export type ActivationFailure = 'rolled-back' | 'not-started' | 'flash'

export type FirmwareEvent =
  /** An image is verified and waits for its activation. */
  | { readonly kind: 'ready'; readonly version: FirmwareVersion }
  | { readonly kind: 'refused'; readonly reason: Refusal | 'too-large' | 'incomplete'; readonly detail: string }
  /** The firmware that runs was confirmed. */
  | { readonly kind: 'activated'; readonly version: FirmwareVersion }
  | { readonly kind: 'failed'; readonly reason: ActivationFailure }

export interface ImageToActivate {
  readonly size: number
  /** Product and version, ASCII. */
  readonly identification: Uint8Array
  /** ECDSA, DER. */
  readonly signature: Uint8Array
}

export interface FirmwareUpdateOptions {
  readonly slots: FirmwareSlots
  /** Of the meter: they outlive the slots. One entry of at most 110 bytes. */
  readonly settings: Pick<Settings, 'get' | 'set'>
  readonly crypto: Crypto
  /** What the product TLV of an image must say. */
  readonly model: string
  /** Key that images must be signed with: SEC 1 uncompressed, 65 bytes; undefined when there is none yet. */
  readonly publicKey: () => Uint8Array | undefined
  /** Starts the firmware again; called from `step`. */
  readonly restart: () => void
  /** Called from `step`. */
  readonly report?: (event: FirmwareEvent) => void
}

/** The slots could not be switched or confirmed (see `FirmwareSlots`). */
function isSlotError(error: unknown): boolean {
  return error instanceof FerrarisError && error.code === 'FIRMWARE_SLOT'
}

/**
 * Firmware update, shaped for DLMS "Image transfer" (IC 18, IEC 62056-6-2): blocks in any order into the spare slot, verification,
 * activation at once or at a set time, and a trial that ends with `confirm` or with the firmware before. Whatever returned `success` survives a power loss
 * at any moment after it. Nothing here touches the flash of the registers, but for one small setting.
 *
 * Call `step` once a second. It does what takes time in small pieces: at most one erase, at most 16 KiB hashed.
 */
export class FirmwareUpdate {
  readonly blockSize = BLOCK_LENGTH
  readonly #options: FirmwareUpdateOptions
  readonly #store: BlockStore
  readonly #state: UpdateState
  readonly #events: FirmwareEvent[] = []
  #verifier: ImageVerifier | undefined
  /** What the verified image says of itself. */
  #image: ImageInfo | undefined
  #restart = false
  /** The boot loader gave an image up, and nobody was told yet. */
  #rolledBack: boolean

  constructor(options: FirmwareUpdateOptions) {
    this.#options = options
    this.#state = decodeState(options.settings.get(KEY))
    this.#store = new BlockStore(options.slots.spare)
    this.#rolledBack = options.slots.rolledBack
    this.recover()
  }

  /** Methods are refused while this is false; an activation that was set for a time still comes. */
  get enabled(): boolean {
    return this.#state.enabled
  }

  set enabled(enabled: boolean) {
    this.#state.enabled = enabled
    this.save()
  }

  /** One of `TransferStatus`. */
  get status(): number {
    return this.#state.status
  }

  /** Given by the client with `initiate`; at most 64 bytes. */
  get identifier(): Uint8Array {
    return this.#state.identifier
  }

  get size(): number {
    return this.#state.size
  }

  get blocks(): number {
    return Math.ceil(this.#state.size / BLOCK_LENGTH)
  }

  has(block: number): boolean {
    return this.transferring ? this.#store.has(block) : block < this.blocks
  }

  /** Equals `blocks` when all are there. */
  get firstNotTransferred(): number {
    return this.transferring ? this.#store.firstMissing : this.blocks
  }

  get toActivate(): readonly ImageToActivate[] {
    if (this.#image === undefined) return []
    const text = `${this.#image.model ?? ''} ${formatVersion(this.#image.version)}`
    const identification = Uint8Array.from(text, (character) => character.charCodeAt(0))
    return [{ size: this.#state.size, identification, signature: this.#image.signature }]
  }

  /** When the image is to be activated; undefined when no time is set. */
  get activation_s(): number | undefined {
    return this.#state.due_s
  }

  /** The firmware that runs must still be confirmed; until then the spare slot holds the one to go back to, and takes nothing. */
  get trial(): boolean {
    return this.#options.slots.trial
  }

  /** Begins the transfer of an image file of `size` bytes; what was transferred before is forgotten. */
  initiate(identifier: Uint8Array, size: number): TransferResult {
    const refused = this.refused()
    if (refused !== undefined) return refused
    if (!Number.isInteger(size) || size <= HEADER_LENGTH || identifier.length > IDENTIFIER_MAX) return 'data-not-valid'
    if (size > this.#store.capacity) {
      this.refuse('too-large', `${size} bytes, the slot takes ${this.#store.capacity}`)
      return 'data-not-valid'
    }
    return this.guard(() => {
      this.#verifier = this.#image = undefined
      // First the state that makes the old map void, so that a power loss in between leaves no mixture.
      this.set(TransferStatus.notInitiated, { size: 0, identifier: new Uint8Array(0), due_s: undefined, attempts: 0 })
      this.#store.start(size)
      this.set(TransferStatus.initiated, { size, identifier: identifier.slice() })
      return 'success'
    })
  }

  /** Stores a block. Every block has `blockSize` bytes, the last one what is left. */
  transfer(block: number, data: Uint8Array): TransferResult {
    const refused = this.refused()
    if (refused !== undefined) return refused
    const { status, size } = this.#state
    // After a failed verification blocks may be put right without beginning again.
    if (status !== TransferStatus.initiated && status !== TransferStatus.verificationFailed) return 'other-reason'
    if (!Number.isInteger(block) || block < 0 || block >= this.blocks) return 'data-not-valid'
    if (data.length !== Math.min(BLOCK_LENGTH, size - block * BLOCK_LENGTH)) return 'data-not-valid'
    return this.guard(() => {
      if (status !== TransferStatus.initiated) this.set(TransferStatus.initiated)
      return this.#store.write(block, data) ? 'success' : 'hardware-fault'
    })
  }

  /**
   * Verifies the image: at once when it is small, otherwise `temporary-failure` until `step` has got through; ask again, or read `status`.
   * `other-reason`: the image was refused.
   */
  /** Bytes of the image from `offset` on, as far as they were transferred; what is missing reads as whatever the slot holds. */
  read(buffer: Uint8Array, offset: number): void {
    this.#store.read(buffer, offset)
  }

  verify(): TransferResult {
    const refused = this.refused()
    if (refused !== undefined) return refused
    return this.guard(() => this.#verify())
  }

  /** Activates the image, verifying it first if that was not done: the restart follows with the next `step`. */
  activate(): TransferResult {
    const refused = this.refused()
    if (refused !== undefined) return refused
    return this.guard(() => this.#activate())
  }

  /**
   * Sets the time to activate (UTC; undefined: none). A time that is over activates with the next `step`; an image that cannot be activated
   * then is reported, and the time is forgotten. Errors: FerrarisError `STORAGE_WORN`, as of `enabled`.
   */
  activateAt(utc_s: number | undefined): void {
    this.#state.due_s = utc_s === undefined ? undefined : Math.max(0, Math.floor(utc_s))
    this.save()
  }

  /** The firmware on trial works and stays. */
  confirm(): void {
    const { slots } = this.#options
    if (!slots.trial) return
    const { securityCounter, pendingCounter } = this.#state
    // Stored first: a power loss in between is a restart during the trial, and the boot loader's verdict then corrects the status.
    this.guard(() => {
      const changes = { securityCounter: Math.max(securityCounter, pendingCounter), pendingCounter: 0, attempts: 0 }
      this.set(TransferStatus.activationSuccessful, changes)
      return 'success'
    })
    if (this.confirmSlot()) this.push({ kind: 'activated', version: slots.running })
  }

  /** Once a second, with the time if the meter knows it. */
  step(utc_s?: number): void {
    const rolledBack = this.#rolledBack
    if (!this.#restart) this.guard(() => this.work(utc_s))
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) this.#options.report?.(event)
    // Only now, so that a power loss in between repeats the report and does not swallow it.
    if (rolledBack) this.confirmSlot()
    if (this.#restart) this.#options.restart()
  }

  private work(utc_s: number | undefined): TransferResult {
    const { status, due_s } = this.#state
    if (this.#rolledBack) this.giveUp()
    // Never before a transfer: until then the slot belongs to the firmware in it.
    else if (status === TransferStatus.initiated) this.#store.prepare()
    if (status === TransferStatus.verificationInitiated) this.slice(this.#verifier ?? this.beginVerification())
    else if (due_s !== undefined && utc_s !== undefined && utc_s >= due_s) this.fallDue()
    return 'success'
  }

  /** The store holds an image of this transfer, whole or in part. */
  private get transferring(): boolean {
    const { status } = this.#state
    return status >= TransferStatus.initiated && status <= TransferStatus.verificationFailed
  }

  /** Takes up what the restart interrupted. Writes nothing. */
  private recover(): void {
    const state = this.#state
    const { slots } = this.#options
    if (slots.rolledBack) {
      state.status = TransferStatus.activationFailed
      return
    }
    if (slots.trial) {
      state.status = TransferStatus.activationInitiated
      return
    }
    // Power was lost before the boot loader knew of it: verified once more, then activated at once.
    if (state.status === TransferStatus.activationInitiated) {
      state.status = TransferStatus.verificationInitiated
      state.due_s = 0
    }
    if (!this.transferring) return
    if (state.size <= HEADER_LENGTH || state.size > this.#store.capacity) {
      state.status = TransferStatus.notInitiated
      return
    }
    this.#store.resume(state.size)
    if (state.status === TransferStatus.verificationSuccessful) this.readVerified()
  }

  /** The image was verified before the restart; without readable TLVs it no longer is what it was. */
  private readVerified(): void {
    try {
      this.#image = readImage(this.#store)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#state.status = TransferStatus.verificationFailed
    }
  }

  private giveUp(): void {
    this.#rolledBack = false
    this.push({ kind: 'failed', reason: 'rolled-back' })
    this.set(TransferStatus.activationFailed, { due_s: undefined, attempts: 0 })
  }

  /** False when the boot loader's flash does not take it: the slots are as before. */
  private confirmSlot(): boolean {
    try {
      this.#options.slots.confirm()
      return true
    } catch (error) {
      if (!isSlotError(error)) throw error
      return false
    }
  }

  /** Why no method may run now. */
  private refused(): TransferResult | undefined {
    if (!this.#state.enabled) return 'read-write-denied'
    const busy = this.#options.slots.trial || this.#restart
    return busy ? 'temporary-failure' : undefined
  }

  /** Runs an action on flash; a flash that takes no more is a result, not an exception. */
  private guard(action: () => TransferResult): TransferResult {
    try {
      return action()
    } catch (error) {
      if (error instanceof FerrarisError && (error.code === 'STORAGE_WORN' || error.code === 'SETTINGS_FULL')) return 'hardware-fault'
      throw error
    }
  }

  private beginVerification(): ImageVerifier {
    const { crypto, publicKey, model, slots } = this.#options
    const { securityCounter } = this.#state
    this.#image = undefined
    this.#verifier = new ImageVerifier(this.#store, { crypto, publicKey: publicKey(), model, running: slots.running, securityCounter })
    return this.#verifier
  }

  #verify(): TransferResult {
    const { status } = this.#state
    if (status === TransferStatus.verificationSuccessful) return 'success'
    if (status === TransferStatus.verificationInitiated) return 'temporary-failure'
    if (status !== TransferStatus.initiated && status !== TransferStatus.verificationFailed) return 'other-reason'
    if (this.#store.firstMissing < this.blocks) {
      this.refuse('incomplete', `block ${this.#store.firstMissing} of ${this.blocks} is missing`)
      return 'other-reason'
    }
    const verifier = this.beginVerification()
    this.set(TransferStatus.verificationInitiated)
    this.slice(verifier)
    if (this.#verifier !== undefined) return 'temporary-failure'
    return this.#state.status === TransferStatus.verificationSuccessful ? 'success' : 'other-reason'
  }

  private slice(verifier: ImageVerifier): void {
    if (!verifier.step(SLICE)) return
    this.#verifier = undefined
    const { info, refusal, detail } = verifier
    if (refusal !== undefined || info === undefined) {
      // A time that was set must not try the same image again and again.
      this.set(TransferStatus.verificationFailed, { due_s: undefined })
      this.refuse(refusal ?? 'malformed', detail)
      return
    }
    this.#image = info
    this.set(TransferStatus.verificationSuccessful, { pendingCounter: info.securityCounter ?? 0 })
    this.push({ kind: 'ready', version: info.version })
  }

  #activate(): TransferResult {
    const verified = this.#verify()
    if (verified !== 'success' || this.#image === undefined) return verified
    const { payloadLength, version } = this.#image
    const attempts = this.#state.attempts + 1
    if (attempts > ATTEMPTS_MAX) return this.fail('not-started')
    this.set(TransferStatus.activationInitiated, { due_s: undefined, attempts })
    this.#image = undefined
    try {
      this.#options.slots.activate(payloadLength, version)
    } catch (error) {
      if (!isSlotError(error)) throw error
      return this.fail('flash')
    }
    this.#restart = true
    return 'success'
  }

  private fail(reason: ActivationFailure): TransferResult {
    this.#image = undefined
    this.set(TransferStatus.activationFailed, { due_s: undefined, attempts: 0 })
    this.push({ kind: 'failed', reason })
    return 'other-reason'
  }

  private fallDue(): void {
    // During a trial the spare slot holds the firmware to go back to: the time waits.
    if (this.#options.slots.trial) return
    const result = this.#activate()
    if (result !== 'temporary-failure' && result !== 'success') this.activateAt(undefined)
  }

  private refuse(reason: Refusal | 'too-large' | 'incomplete', detail: string): void {
    this.push({ kind: 'refused', reason, detail })
  }

  /** Kept until the next `step`; a client that repeats a mistake faster than that is not worth more than the first reports. */
  private push(event: FirmwareEvent): void {
    if (this.#events.length < EVENTS_MAX) this.#events.push(event)
  }

  private set(status: number, changes: Partial<UpdateState> = {}): void {
    Object.assign(this.#state, changes)
    this.#state.status = status
    this.save()
  }

  private save(): void {
    this.#options.settings.set(KEY, encodeState(this.#state))
  }
}
