import type { SX126xWiring, SX127xWiring } from '../hal/api/lora.ts'
import type { ATM90E32Wiring } from '../hal/api/metering.ts'
import { Esp32SPI } from '../hal/esp32/spi.ts'
import { at, type Pin } from './esp32-parts.ts'

/** Where a peripheral is on an SPI bus. */
interface SPIPins {
  readonly clock: number
  readonly in: number
  readonly out: number
  readonly select: number
  /** Number of the controller: 1, on an ESP32 and an ESP32-S3 also 2. */
  readonly port: 1 | 2
}

/** Mode 3: datasheet of the ATM90E32AS, 4.2.1. */
const ATM90E32_BUS = Object.freeze({ hz: 1_000_000, mode: 3, active: 0 } as const)
/** Mode 0; an SX1262 takes 16 MHz (datasheet, 8.2), an SX1276 10 MHz (datasheet, table 10). */
const RADIO_BUS = Object.freeze({ hz: 8_000_000, mode: 0, active: 0 } as const)

/** An ATM90E32AS; `interrupt` is its pin IRQ1. */
export function atm90e32(pins: SPIPins, interrupt?: Pin): ATM90E32Wiring {
  return { part: 'ATM90E32', sensor: { io: Esp32SPI, ...pins, ...ATM90E32_BUS }, interrupt: interrupt && at(interrupt) }
}

/** An SX1262. */
export function sx1262(chip: {
  readonly radio: SPIPins
  readonly reset: Pin
  readonly busy: Pin
  /** DIO1. */
  readonly interrupt: Pin
  readonly tcxo_mV?: number
  readonly dio2Switch: boolean
}): SX126xWiring {
  const { radio, reset, busy, interrupt, tcxo_mV, dio2Switch } = chip
  const bus = { io: Esp32SPI, ...radio, ...RADIO_BUS }
  return { part: 'SX1262', radio: bus, reset: at(reset), busy: at(busy), interrupt: at(interrupt), tcxo_mV, dio2Switch }
}

/** An SX1276. */
export function sx1276(chip: {
  readonly radio: SPIPins
  readonly reset: Pin
  /** DIO0. */
  readonly interrupt: Pin
  readonly dio1: Pin
  readonly paBoost: boolean
}): SX127xWiring {
  const { radio, reset, interrupt, dio1, paBoost } = chip
  return {
    part: 'SX1276',
    radio: { io: Esp32SPI, ...radio, ...RADIO_BUS },
    reset: at(reset),
    interrupt: at(interrupt),
    dio1: at(dio1),
    paBoost,
  }
}
