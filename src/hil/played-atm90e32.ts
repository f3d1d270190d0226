import type { SPI } from '../../hal/api/io.ts'
import { ATM90E32 } from '../world/chips/atm90e32.ts'
import { ACCESS, Access, Address } from '../world/chips/atm90e32-registers.ts'
import type { Electrical } from '../world/electrical.ts'
import type { Scheduler } from '../world/scheduler.ts'
import { type Options, Peripheral } from './bridge/protocol-table.ts'
import { Flag } from './bridge/register-table.ts'
import type { PlayedIc } from './played-ic.ts'
import { type BridgeCalls, type RegisterAccess, RegisterTarget, type TargetRegister } from './register-target.ts'

/** How often the bridge gets what has changed. */
const REFRESH_US = 100_000
const REGISTERS = 0x100
/** 16 bits of address and direction, the address in ten of them (Atmel-46003B section 4.2.1). */
const LAYOUT = { headerBytes: 2, shift: 0, mask: 0x3ff, readMask: 0x8000, lastData: Address.LastSPIData } as const
/** The driver reads it once a sample. */
const SAMPLED = Address.Freq
const NOWHERE = -1

function flagsOf(address: number): number {
  if (ACCESS[address] === Access.energy) return Flag.clearOnRead
  if (address === SAMPLED) return Flag.tellReads
  return ACCESS[address] === Access.plain && address < Address.APenergyT ? Flag.writable : 0
}

export interface PlayedATM90E32Options {
  readonly scheduler: Scheduler
  readonly bridge: BridgeCalls
  /** Pins and port of the bus. */
  readonly bus: Options
  readonly onSample: () => void
}

/**
 * An ATM90E32 whose SPI the bridge answers out of a table of its registers. The emulated chip lives here: what the device writes is told and
 * written to it; what it measures goes to the table ten times a second; energies are taken out of the chip and added to the table, so that a read which
 * clears them at the bridge loses nothing and counts nothing twice.
 */
export class PlayedATM90E32 implements PlayedIc {
  readonly #chip: ATM90E32
  readonly #spi: SPI
  readonly #target: RegisterTarget
  readonly #onSample: () => void
  /** What the table holds, as far as is known here. */
  readonly #held = new Int32Array(REGISTERS).fill(NOWHERE)
  readonly #bytes = new Uint8Array(4)
  #on = true

  constructor({ scheduler, bridge, bus, onSample }: PlayedATM90E32Options) {
    this.#chip = new ATM90E32({ now_us: () => scheduler.now_us })
    this.#spi = new (this.#chip.bus())({ hz: 1_000_000, mode: 3 })
    this.#onSample = onSample
    const options = { ...bus, mode: 3 }
    this.#target = new RegisterTarget(bridge, Peripheral.spiTarget, options, (access) => this.#accessed(access))
    const registers = Array.from({ length: REGISTERS }, (_, address): TargetRegister => ({ address, bytes: 2, flags: flagsOf(address) }))
    this.#target.define(LAYOUT, registers)
    this.#refresh()
    scheduler.after(REFRESH_US, () => this.#refresh(), REFRESH_US)
  }

  setInputs(electrical: Electrical): void {
    this.#chip.setInputs(electrical)
    this.#refresh()
  }

  powerOff(): void {
    this.#on = false
    this.#chip.powerOff()
  }

  powerOn(): void {
    this.#on = true
    this.#chip.powerOn()
    this.#refresh()
  }

  close(): void {
    this.#on = false
    this.#target.close()
  }

  #accessed({ write, address, value }: RegisterAccess): void {
    if (!this.#on) return
    if (!write) {
      this.#onSample()
      return
    }
    if (address < REGISTERS && flagsOf(address) & Flag.writable) this.#held[address] = value
    this.#transfer(address, value)
    this.#refresh()
  }

  #refresh(): void {
    if (!this.#on) return
    this.#chip.advance()
    const changed: [number, number][] = []
    const energies: [number, number][] = []
    for (let address = 0; address < REGISTERS; address++) {
      if (address === Address.LastSPIData) continue
      if (ACCESS[address] === Access.energy) {
        if (this.#chip.peek(address) !== 0) energies.push([address, this.#transfer(0x8000 | address, 0)])
      } else {
        const value = this.#chip.peek(address)
        if (value === this.#held[address]) continue
        this.#held[address] = value
        changed.push([address, value])
      }
    }
    if (changed.length > 0) this.#target.set(changed)
    if (energies.length > 0) this.#target.add(energies)
  }

  #transfer(header: number, value: number): number {
    const bytes = this.#bytes
    bytes[0] = header >> 8
    bytes[1] = header
    bytes[2] = value >> 8
    bytes[3] = value
    this.#spi.transfer(bytes)
    return (bytes[2] << 8) | bytes[3]
  }
}
