import type { Crypto, Random } from './crypto.ts'
import type { Flash } from './flash.ts'
import type { DigitalConstructor, SPIConstructor, SPIOptions } from './io.ts'
import type { Network } from './sockets.ts'
import type { Clock, Timer } from './time.ts'

/** What a board hands over to the meter: constructors and the parts wired to them. Nothing else knows a pin. */
export interface Device {
  readonly clock: Clock
  readonly timer: Timer
  readonly random: Random
  readonly crypto: Crypto
  /** The raw partition `meter`: registers, profiles, logs, settings. */
  readonly flash: Flash
  /** Metering IC: its bus (ECMA-419 "sensor.io" pattern) and its interrupt pin. */
  readonly metering: {
    readonly sensor: SPIOptions & { readonly io: SPIConstructor }
    readonly interrupt?: { readonly io: DigitalConstructor; readonly pin: number }
  }
  /** Blocks the firmware for a time, for chips that need it while they start. Absent where all parts are ready at once. */
  readonly wait_ms?: (duration_ms: number) => void
  /** The metrological LED. */
  readonly led?: { readonly io: DigitalConstructor; readonly pin: number }
  /** Absent on a meter without IP. */
  readonly network?: Network
}
