import type { Crypto } from '../../hal/api/crypto.ts'
import type { SerialConstructor } from '../../hal/api/io.ts'
import type { LoRaWiring } from '../../hal/api/lora.ts'
import type { RegionName } from '../../src/links/lorawan/regions-table.ts'
import type { LoRaAir } from '../../src/world/lora/air.ts'
import type { PinBank } from '../../src/world/pins.ts'
import type { Scheduler } from '../../src/world/scheduler.ts'
import type { VirtualConfig } from './config.ts'
import { BoardModem } from './lora-modem.ts'
import { RealModule } from './lora-module.ts'
import { BoardTransceiver } from './lora-radio.ts'

export type BoardRadio = VirtualConfig['world']['lorawan']['radio']

/** What the board has for LoRa. */
export interface BoardLoRa {
  wiring(): LoRaWiring
  powerOn(): void
  powerOff(): void
  /** The processor lost its supply, or starts again: nobody holds its lines. */
  release(): void
}

export interface BoardLoRaOptions {
  readonly scheduler: Scheduler
  readonly pins: PinBank
  readonly air: LoRaAir
  readonly radio: BoardRadio
  readonly region: RegionName
  readonly crypto: Crypto
  readonly seed: number
}

/** A real module. Throws Error for a transceiver: nobody can reach its SPI over a serial port. */
export function realModule(
  { io, device }: { readonly io: SerialConstructor; readonly device: string },
  scheduler: Scheduler,
  radio: BoardRadio,
  region: RegionName,
): BoardLoRa {
  if (radio === 'SX1262' || radio === 'SX1276') throw new Error(`${radio} is no module`)
  return new RealModule({ scheduler, radio, io, device, american: region === 'US915' || region === 'AU915' })
}

export function createLoRa(options: BoardLoRaOptions): BoardLoRa {
  const { scheduler, pins, air, radio } = options
  if (radio === 'SX1262' || radio === 'SX1276') return new BoardTransceiver(scheduler, pins, air, radio)
  return new BoardModem({ ...options, radio })
}
