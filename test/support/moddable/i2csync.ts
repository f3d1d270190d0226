import { type I2CPeripheral, type Machine, machine } from './machine.ts'

interface Options {
  readonly data: number
  readonly clock: number
  readonly address: number
  readonly hz: number
}

/** How many instances name these lines; by the pins of both. */
const buses = new WeakMap<Machine, Map<string, number>>()

/** `embedded:implementation/i2csync`, as `modules/io/i2c/esp32/_i2c.c` behaves: each call ends with STOP. */
export default class I2C {
  readonly #address: number
  readonly #machine = machine()
  readonly #lines: { readonly data: number; readonly clock: number }
  #open = true

  constructor({ data, clock, address, hz }: Options) {
    if (![data, clock].every((pin) => Number.isInteger(pin) && pin >= 0)) throw new RangeError('unusable pins')
    if (!Number.isInteger(address) || address < 0 || address > 127) throw new RangeError('invalid address')
    if (this.#machine.opened.has(address)) throw new RangeError('duplicate address')
    if (!(hz > 0 && hz <= 20_000_000)) throw new RangeError('invalid hz')
    const { name, uses, found } = this.#bus({ data, clock })
    if (uses === 0) this.#machine.usePins([data, clock])
    found.set(name, uses + 1)
    this.#lines = { data, clock }
    this.#machine.opened.add(address)
    this.#address = address
  }

  read(buffer: Uint8Array): number {
    const chip = this.#chip()
    if (chip === undefined) throw new Error('read failed')
    buffer.set(chip.read(buffer.length))
    return buffer.length
  }

  /** Without bytes it only looks whether anybody acknowledges the address (`i2c_master_probe`), and gives 1 when nobody does. */
  write(buffer: Uint8Array): number | undefined {
    const chip = this.#chip()
    if (buffer.length === 0) return chip === undefined ? 1 : undefined
    if (!chip?.write(buffer)) throw new Error('write failed')
    return undefined
  }

  writeRead(written: Uint8Array, read: Uint8Array): number {
    const chip = this.#chip()
    if (!chip?.write(written)) throw new Error('writeRead failed')
    read.set(chip.read(read.length))
    return read.length
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#machine.opened.delete(this.#address)
    const { data, clock } = this.#lines
    const { name, uses, found } = this.#bus(this.#lines)
    found.set(name, uses - 1)
    if (uses === 1) this.#machine.freePins([data, clock])
  }

  #bus({ data, clock }: { data: number; clock: number }): { name: string; uses: number; found: Map<string, number> } {
    const found = buses.get(this.#machine) ?? new Map<string, number>()
    buses.set(this.#machine, found)
    const name = `${data},${clock}`
    return { name, uses: found.get(name) ?? 0, found }
  }

  #chip(): I2CPeripheral | undefined {
    if (!this.#open) throw new TypeError('this: not a host object')
    return this.#machine.peripherals.find(({ address }) => address === this.#address)
  }
}
