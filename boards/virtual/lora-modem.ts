import type { ModemWiring } from '../../hal/api/lora.ts'
import { EmulatedLoRaE5 } from '../../src/world/modems/lora-e5.ts'
import type { Modem } from '../../src/world/modems/modem.ts'
import { EmulatedRAK3172 } from '../../src/world/modems/rak3172.ts'
import { EmulatedRN2483 } from '../../src/world/modems/rn2483.ts'
import { SerialWire } from '../../src/world/serial-wire.ts'
import { BOARD } from './board.ts'
import type { BoardLoRa, BoardLoRaOptions } from './lora.ts'

export type ModemName = 'RAK3172' | 'LoRa-E5' | 'RN2483'

/** A LoRaWAN module on a UART of the board. */
export class BoardModem implements BoardLoRa {
  readonly modem: Modem
  readonly #wire: SerialWire
  readonly #part: ModemWiring['part']

  constructor({ scheduler, air, radio, region, crypto, seed }: BoardLoRaOptions & { readonly radio: ModemName }) {
    this.#wire = new SerialWire(scheduler, { transmit_bytes: 256, receive_bytes: 1024, bursts: true })
    const { antennaGain_dBi } = BOARD.lora
    const options = { scheduler, air, name: 'meter', position: { x_m: 0, y_m: 0 }, antennaGain_dBi, crypto, seed, io: this.#wire.end(1) }
    const part = region === 'US915' || region === 'AU915' ? 'RN2903' : 'RN2483'
    this.#part = radio === 'RN2483' ? part : radio
    if (radio === 'RAK3172') this.modem = new EmulatedRAK3172(options)
    else if (radio === 'LoRa-E5') this.modem = new EmulatedLoRaE5(options)
    else this.modem = new EmulatedRN2483({ ...options, part, region })
  }

  powerOn(): void {
    this.modem.powerOn()
  }

  powerOff(): void {
    this.modem.powerOff()
  }

  release(): void {
    this.#wire.release(0)
  }

  wiring(): ModemWiring {
    return { part: this.#part, serial: { io: this.#wire.end(0), baud: BOARD.lora.modemBaud[this.#part] } }
  }
}
