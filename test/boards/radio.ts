import type { Crypto } from '../../hal/api/crypto.ts'
import { EmulatedSX126x } from '../../src/world/chips/sx126x.ts'
import { EmulatedSX127x } from '../../src/world/chips/sx127x.ts'
import { LoRaAir } from '../../src/world/lora/air.ts'
import { EmulatedRAK3172 } from '../../src/world/modems/rak3172.ts'
import type { Machine } from '../support/moddable/machine.ts'
import { line } from './metering.ts'

interface Pin {
  readonly pin: number
}

/** What the data of a board says about its radio, whichever it is. */
export interface BoardRadio {
  readonly radio?: { readonly select: number }
  readonly reset?: Pin
  readonly busy?: Pin
  readonly interrupt?: Pin
  readonly dio1?: Pin
  readonly tcxo_mV?: number
  readonly port?: number
}

type Level = 0 | 1

/** Connects the transceiver or the module of a board; gives what it sends, from then on. */
export function connectRadio(machine: Machine, data: BoardRadio, crypto: Crypto): Uint8Array[] {
  const { scheduler } = machine
  const sent: Uint8Array[] = []
  const air = new LoRaAir({ scheduler, seed: 1, onSignal: ({ transmission }) => sent.push(transmission.payload.slice()) })
  const common = { scheduler, air, name: 'meter', position: { x_m: 0, y_m: 0 } }
  const { radio, reset, busy, interrupt, dio1, port = 1 } = data
  const drives = (pin: Pin | undefined) => (level: Level) => {
    if (pin !== undefined) machine.drive(pin.pin, level)
  }
  if (radio === undefined) {
    const modem = new EmulatedRAK3172({ ...common, crypto, seed: 1, io: line(machine, port, { baud: 115_200 }).end(1) })
    modem.powerOn()
    return sent
  }
  const chip =
    busy === undefined
      ? new EmulatedSX127x({ ...common, onDio0: drives(interrupt), onDio1: drives(dio1) })
      : new EmulatedSX126x({ ...common, onDio1: drives(interrupt), onBusy: drives(busy) })
  const bus = new (chip.bus())({ hz: 8_000_000, select: radio.select })
  machine.spi.set(radio.select, (bytes) => bus.transfer(bytes))
  if (reset !== undefined) machine.wire(reset.pin).watchers.add((level) => chip.reset(level))
  chip.powerOn()
  return sent
}
