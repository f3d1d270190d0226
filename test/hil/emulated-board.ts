import type { Serial, SerialConstructor, SPI, SPIConstructor, SPIOptions } from '../../hal/api/io.ts'
import type { BridgeBoard, SPITargetOptions } from '../../src/hil/bridge/board.ts'
import { ATM90E32 } from '../../src/world/chips/atm90e32.ts'
import { PCF8563 } from '../../src/world/chips/pcf8563.ts'
import { I2CBus } from '../../src/world/i2c-bus.ts'
import { PinBank } from '../../src/world/pins.ts'
import { CounterUnit } from '../../src/world/pulse-counter.ts'
import { Scheduler } from '../../src/world/scheduler.ts'
import { SerialWire } from '../../src/world/serial-wire.ts'

/** Pins with a jumper between them. */
export const JUMPER = { output: 4, input: 5 } as const
/** SPI port with the chip; the others have a jumper from MOSI to MISO. */
export const CHIP_PORT = 1

/** Jumper between MOSI and MISO. */
class LoopedSPI implements SPI {
  #open = true

  constructor({ hz, mode = 0 }: SPIOptions) {
    if (!(hz > 0 && hz <= 80_000_000)) throw new RangeError(`hz: found ${hz}`)
    if (![0, 1, 2, 3].includes(mode)) throw new RangeError(`mode: found ${mode}`)
  }

  transfer(): void {
    this.#check()
  }

  write(): void {
    this.#check()
  }

  read(buffer: Uint8Array): void {
    this.#check()
    buffer.fill(0)
  }

  close(): void {
    this.#open = false
  }

  #check(): void {
    if (!this.#open) throw new Error('closed')
  }
}

/** An SPI whose options choose what hangs on it. */
function chosenBus(choose: (options: SPIOptions) => SPI): SPIConstructor {
  return class implements SPI {
    readonly #bus: SPI

    constructor(options: SPIOptions) {
      this.#bus = choose(options)
    }

    transfer(buffer: Uint8Array): void {
      this.#bus.transfer(buffer)
    }

    write(buffer: Uint8Array): void {
      this.#bus.write(buffer)
    }

    read(buffer: Uint8Array): void {
      this.#bus.read(buffer)
    }

    close(): void {
      this.#bus.close()
    }
  }
}

/** Pins, a jumper between two of them, an echo on the UART, a metering IC on SPI, a clock chip on I2C. */
export class EmulatedBoard {
  readonly scheduler: Scheduler
  readonly pins: PinBank
  /** What the device under test would clock, by the port of the target. */
  readonly targets = new Map<number, SPITargetOptions>()
  readonly board: BridgeBoard

  constructor(scheduler = new Scheduler(0)) {
    this.scheduler = scheduler
    const pins = new PinBank(scheduler)
    this.pins = pins
    pins.listen(JUMPER.output, (level) => pins.drive(JUMPER.input, level))
    pins.listen(JUMPER.input, (level) => pins.drive(JUMPER.output, level))
    const counters = new CounterUnit({ scheduler, pins })
    const wire = new SerialWire(scheduler)
    const i2c = new I2CBus()
    i2c.attach(new PCF8563({ now_us: () => scheduler.now_us }))
    this.#echo(wire.end(1))
    const ChipSPI = new ATM90E32({ now_us: () => scheduler.now_us }).bus()
    const { targets } = this
    this.board = {
      name: 'emulated',
      pulsePeriodMin_us: 10,
      now_us: () => scheduler.now_us,
      after_us: (callback, delay_us) => void scheduler.after(delay_us, callback),
      digital: pins.constructorFor(),
      pulseCount: counters.constructorFor(),
      serial: wire.end(0),
      i2c: i2c.constructorFor(),
      spi: chosenBus((options) => (options.port === CHIP_PORT ? new ChipSPI(options) : new LoopedSPI(options))),
      spiTarget: class {
        readonly #port: number

        constructor(options: SPITargetOptions) {
          this.#port = options.port ?? 0
          targets.set(this.#port, options)
        }

        close(): void {
          targets.delete(this.#port)
        }
      },
    }
  }

  /** Jumper between TX and RX. */
  #echo(io: SerialConstructor): void {
    let room = 0
    const waiting: number[] = []
    const pump = (): void => {
      const bytes = waiting.splice(0, room)
      room -= bytes.length
      if (bytes.length > 0) serial.write(Uint8Array.from(bytes))
    }
    const serial: Serial = new io({
      baud: 115_200,
      onReadable: () => {
        waiting.push(...(serial.read() ?? []))
        pump()
      },
      onWritable: (count) => {
        room = count
        pump()
      },
    })
  }
}
