import type { Crypto, Random } from './crypto.ts'
import type { FirmwareSlots } from './firmware.ts'
import type { Flash } from './flash.ts'
import type { I2CConstructor, I2COptions } from './i2c.ts'
import type { Bytes, DigitalConstructor, DigitalMode, SerialConstructor, SerialOptions } from './io.ts'
import type { LoRaWiring } from './lora.ts'
import type { MeteringWiring } from './metering.ts'
import type { Network } from './sockets.ts'
import type { Clock, Timer } from './time.ts'
import type { ResetReason, Watchdog } from './watchdog.ts'

/** What a board hands over to the meter: constructors and the parts wired to them. Nothing else knows a pin. */
export interface Device {
  /** Of the processor. Its time of day counts on a board without `rtc` only. */
  readonly clock: Clock
  /** Real-time clock chip with a supply of its own. */
  readonly rtc?: RtcPart
  readonly timer: Timer
  readonly random: Random
  readonly crypto: Crypto
  /** The raw partition `meter`: registers, profiles, logs, settings. */
  readonly flash: Flash
  readonly metering: MeteringWiring
  /** Blocks the firmware for a time, for chips that need it while they start. Absent where all parts are ready at once. */
  readonly wait_ms?: (duration_ms: number) => void
  /** The metrological LED. */
  readonly led?: { readonly io: DigitalConstructor; readonly pin: number }
  /** Absent on a meter without IP. */
  readonly network?: Network
  /** Absent on a meter without LoRa. */
  readonly lora?: LoRaWiring
  /** Serial port of the service console. */
  readonly console?: SerialOptions & { readonly io: SerialConstructor }
  /** Contact of the metrological seal: reads 1 while the seal is whole. Without one the seal counts as whole. */
  readonly seal?: { readonly io: DigitalConstructor; readonly pin: number }
  /** Contacts that betray who opens the meter: absent where a board has none. A pin reads `active` while the cover is off, or the field is there. */
  readonly tamperContacts?: {
    readonly terminalCover?: TamperContact
    readonly meterCover?: TamperContact
    /** Of a communication module. */
    readonly moduleCover?: TamperContact
    /** A reed contact or a Hall switch. */
    readonly magneticField?: TamperContact
  }
  /** Relay between the mains and the customer; absent on a meter without one. */
  readonly supplySwitch?: {
    /** A bistable relay has a coil for each direction, a monostable one rests in one of its positions. */
    readonly coil:
      | { readonly type: 'bistable'; readonly io: DigitalConstructor; readonly closePin: number; readonly openPin: number }
      | { readonly type: 'monostable'; readonly io: DigitalConstructor; readonly pin: number; readonly energised: 'closed' | 'open' }
    /** A contact that tells where the relay is: reads `closed` while it is closed. */
    readonly feedback?: { readonly io: DigitalConstructor; readonly pin: number; readonly closed: 0 | 1; readonly mode?: DigitalMode }
    /** The customer's button; reads 0 while pressed. */
    readonly button?: { readonly io: DigitalConstructor; readonly pin: number }
  }
  /** 16 or 32 bytes that only this device has and that nothing outside can read: what secrets in flash are encrypted with. Absent where the platform has no such place. */
  readonly key?: Bytes
  /** The program memory that the firmware runs from, for its self-test and its checksum. Absent on a board that cannot read it. */
  readonly program?: {
    /** Bytes of the image. */
    readonly length: number
    /** Fills `buffer` from `offset` on. */
    read(buffer: Bytes, offset: number): void
    /** SHA-256 that the image should have, where there is something to compare with. */
    readonly expected?: Bytes
  }
  /** Absent where firmware cannot be replaced in the field. */
  readonly firmware?: FirmwareSlots
  readonly watchdog?: Watchdog
  /** Default: `power`. */
  readonly resetReason?: ResetReason
  /** Starts the firmware again. Returns, and nothing after it counts. */
  readonly restart?: () => void
  /** What the board stores for the time after its supply failed: from the moment that the failure shows to the brown-out reset. */
  readonly holdUp?: HoldUp
}

/** A real-time clock chip and what keeps it alive without mains. */
export interface RtcPart {
  readonly part: 'RV3028' | 'DS3231' | 'PCF8563'
  /** Its bus (ECMA-419 "sensor.io" pattern); address and speed have defaults. */
  readonly clock: Partial<I2COptions> & { readonly io: I2CConstructor }
  /** Series resistor through which an RV-3028-C7 charges its capacitor; absent where a battery stands there. */
  readonly trickle_ohm?: 3000 | 5000 | 9000 | 15_000
  /** A voltage detector at the store: reads 0 while the store is too low to last. */
  readonly storeLow?: { readonly io: DigitalConstructor; readonly pin: number }
}

/** A digital input that tells of tampering. */
export interface TamperContact {
  readonly io: DigitalConstructor
  readonly pin: number
  readonly active: 0 | 1
  /** Default: `InputPullUp`, for a contact against ground. */
  readonly mode?: DigitalMode
}

/** Energy store of a board and what drains it. */
export interface HoldUp {
  readonly energy_mJ: number
  /** Processor awake, radio off. */
  readonly run_mW: number
  /** What one message on the board's link costs, from the decision to its last bit; absent where the link dies with the supply. */
  readonly message_mJ?: number
}
