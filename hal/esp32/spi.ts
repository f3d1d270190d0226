import NativeSPI from 'ferraris/spi'
import { checkBytes, closedError } from '../../src/lib/check.ts'
import type { Bytes, SPI, SPIConstructor, SPIOptions } from '../api/io.ts'
import { checkPin } from './pin.ts'

/** Above it ESP-IDF cannot move bytes in both directions at once through the pin matrix ("SPI Master Driver", "Timing Considerations"). */
const HZ_MAX = 26_000_000
/** `SPI2_HOST`, the controller that every ESP32 has free. */
const DEFAULT_PORT = 1

/** Throws TypeError or RangeError; gives what the port wants. */
function settings(options: SPIOptions): ConstructorParameters<typeof NativeSPI>[0] {
  const { hz, mode = 0, select, active = 0, clock, in: input, out, port = DEFAULT_PORT } = options
  if (!(hz >= 1 && hz <= HZ_MAX)) throw new RangeError(`hz: found ${hz}, allowed is 1 to ${HZ_MAX}`)
  if (mode !== 0 && mode !== 1 && mode !== 2 && mode !== 3) throw new RangeError(`mode: found ${mode}`)
  if (active !== 0 && active !== 1) throw new RangeError(`active: found ${active}`)
  if (input === undefined && out === undefined) throw new TypeError('in or out expected')
  const wanted = { clock: checkPin('clock', clock), hz, mode, active, port } as ConstructorParameters<typeof NativeSPI>[0]
  // The native module takes a name that is there for a pin, even when its value is undefined.
  if (input !== undefined) wanted.in = checkPin('in', input)
  if (out !== undefined) wanted.out = checkPin('out', out)
  if (select !== undefined) wanted.select = checkPin('select', select)
  return wanted
}

/** SPI of the ESP32. The chip select is asserted around each call. Several peripherals share a bus when they name the same pins; Error when a pin is in use otherwise. */
class Esp32SPIPort implements SPI {
  #io: NativeSPI | undefined

  constructor(options: SPIOptions) {
    this.#io = new NativeSPI(settings(options))
  }

  transfer(buffer: Bytes): void {
    this.#open(buffer).transfer(buffer)
  }

  write(buffer: Bytes): void {
    this.#open(buffer).write(buffer)
  }

  read(buffer: Bytes): void {
    const io = this.#open(buffer)
    // The bus clocks out what the buffer holds.
    buffer.fill(0)
    io.transfer(buffer)
  }

  close(): void {
    this.#io?.close()
    this.#io = undefined
  }

  #open(buffer: Bytes): NativeSPI {
    if (this.#io === undefined) throw closedError('SPI')
    checkBytes(buffer)
    return this.#io
  }
}

export const Esp32SPI: SPIConstructor = Esp32SPIPort
