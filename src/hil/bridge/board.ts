import type { I2CConstructor } from '../../../hal/api/i2c.ts'
import type { DigitalConstructor, PulseCountConstructor, SerialConstructor, SPIConstructor } from '../../../hal/api/io.ts'
import type { RegisterTable } from './register-table.ts'

/** The bus of the device under test, at which the bridge answers. `registers` may be read and written at any time between two transactions. */
interface TargetOptions {
  readonly registers: RegisterTable
  readonly port?: number
  readonly clock?: number
}

export interface SPITargetOptions extends TargetOptions {
  readonly mode?: 0 | 1 | 2 | 3
  /** Pins: chip select, what the device sends, what it receives. */
  readonly select?: number
  readonly in?: number
  readonly out?: number
}

export interface I2CTargetOptions extends TargetOptions {
  /** Seven bits. */
  readonly address: number
  readonly data?: number
}

/** A target answers by itself, without JavaScript in between: between the address and the first data bit is half a clock. */
interface Target {
  close(): void
}

/** What a bridge board hands over to the bridge firmware. What is absent, the board does not have. */
export interface BridgeBoard {
  readonly name: string
  /** Microseconds since some fixed point; never goes back. */
  now_us(): number
  /** Calls `callback` once, as precisely as the board can; never from inside. */
  after_us(callback: () => void, delay_us: number): void
  /** Shortest period of a train of pulses that this board makes evenly. */
  readonly pulsePeriodMin_us: number
  readonly digital?: DigitalConstructor
  readonly spi?: SPIConstructor
  readonly i2c?: I2CConstructor
  readonly serial?: SerialConstructor
  readonly pulseCount?: PulseCountConstructor
  readonly spiTarget?: new (options: SPITargetOptions) => Target
  readonly i2cTarget?: new (options: I2CTargetOptions) => Target
}
