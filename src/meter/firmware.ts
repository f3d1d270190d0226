import type { Device } from '../../hal/api/device.ts'
import { StandardEvent } from '../core/events/codes.ts'
import { FirmwareTrial } from '../core/firmware/trial.ts'
import { type FirmwareEvent, FirmwareUpdate } from '../core/firmware/update.ts'
import type { KeyStore } from '../core/security/key-store.ts'
import { modelOf } from './config.ts'
import type { MeterCore } from './core.ts'
import { firmwareKey } from './secrets.ts'

/** Parameter of the event "firmware refused", from 1. The order is for ever. */
const FIRMWARE_REFUSALS = [
  'no-key',
  'malformed',
  'wrong-product',
  'wrong-key',
  'hash',
  'signature',
  'downgrade',
  'too-large',
  'incomplete',
] as const

export interface MeterFirmwareOptions {
  readonly device: Device
  readonly core: MeterCore
  readonly keys: KeyStore
  /** Good seconds after which a new firmware stays. */
  readonly confirm_s: number
  /** Saves and starts the firmware again. */
  readonly restart: () => void
}

/** The firmware update of a meter: undefined where the board has no second slot. */
export function meterFirmware(options: MeterFirmwareOptions): MeterFirmware | undefined {
  const { firmware } = options.device
  return firmware === undefined ? undefined : new MeterFirmware(options, firmware)
}

/** Transfer, verification, activation and trial of new firmware, with their events in the standard log. */
export class MeterFirmware {
  readonly update: FirmwareUpdate
  readonly #trial: FirmwareTrial
  readonly #core: MeterCore

  constructor(options: MeterFirmwareOptions, slots: NonNullable<Device['firmware']>) {
    const { device, core, keys, confirm_s, restart } = options
    this.#core = core
    this.update = new FirmwareUpdate({
      slots,
      settings: core.storage.settings,
      crypto: device.crypto,
      model: modelOf(core.measured),
      publicKey: () => firmwareKey(keys),
      restart,
      report: (event) => this.#report(event),
    })
    this.#trial = new FirmwareTrial({ update: this.update, healthy_s: confirm_s, limit_s: Math.max(900, 2 * confirm_s), restart })
  }

  second(): void {
    const { clock, healthy } = this.#core
    this.#trial.second(healthy)
    this.update.step(clock.valid ? clock.now_s() : undefined)
  }

  #report(event: FirmwareEvent): void {
    const core = this.#core
    if (event.kind === 'ready') core.record(StandardEvent.firmwareReady)
    else if (event.kind === 'activated') core.record(StandardEvent.firmwareActivated)
    else if (event.kind === 'refused') core.record(StandardEvent.firmwareRefused, 1 + FIRMWARE_REFUSALS.indexOf(event.reason))
    else core.record(StandardEvent.firmwareRolledBack)
  }
}
