import { NorArray } from '../../../src/lib/nor-array.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'

type Level = 0 | 1
type Edges = (level: Level) => void

/** A wire at a pin: the world drives it, or the pin does. */
interface Wire {
  level: Level
  readonly watchers: Set<Edges>
}

/** A chip on an I2C bus. Throws nothing: false is a missing acknowledge. */
export interface I2CPeripheral {
  readonly address: number
  write(bytes: Uint8Array): boolean
  read(count: number): Uint8Array
}

/**
 * What the emulated modules of an ESP32 share: pins that belong to one instance, the queue of messages to the engine, partitions of the flash, NVS. They behave as the C of the
 * SDK 8.2.3 does, and as ours in `hal/esp32/native`; each says where that stands.
 */
export class Machine {
  #running = false
  readonly #used = new Set<number>()
  readonly #wires = new Map<number, Wire>()
  /** Its time. */
  readonly scheduler = new Scheduler(0)
  /** By label. */
  readonly partitions = new Map<string, NorArray>()
  /** By domain and key. */
  readonly nvs = new Map<string, Uint8Array>()
  readonly peripherals: I2CPeripheral[] = []
  /** Addresses that have an instance. */
  readonly opened = new Set<number>()
  /** What a UART sends, by number of its port. */
  readonly onSent = new Map<number, (bytes: Uint8Array) => void>()
  /** Of a UART, by number of its port: what its line receives. */
  readonly receive = new Map<number, (bytes: Uint8Array) => void>()
  /** A chip at a chip select: full duplex in place. */
  readonly spi = new Map<number, (bytes: Uint8Array) => void>()

  /** `modMessagePostToMachine`: a call from the main loop, never from inside another. */
  post(message: () => void): void {
    this.scheduler.after(0, message)
  }

  /** Turns of the main loop for so long; without a time until nothing waits. */
  run(duration_us = 0): void {
    // Who blocks in a message holds up the others: time stands still for them.
    if (this.#running) return
    this.#running = true
    try {
      this.scheduler.run(this.scheduler.now_us + duration_us)
    } finally {
      this.#running = false
    }
  }

  /** `builtinUsePin` of `modules/io/common/builtinCommon.c`: a pin is in one instance. */
  usePins(pins: readonly (number | undefined)[]): void {
    const wanted = pins.filter((pin) => pin !== undefined)
    for (const pin of wanted) if (this.#used.has(pin)) throw new Error('in use')
    for (const pin of wanted) this.#used.add(pin)
  }

  /** Pins that an instance has. */
  get used(): number[] {
    return [...this.#used]
  }

  freePins(pins: readonly (number | undefined)[]): void {
    for (const pin of pins) if (pin !== undefined) this.#used.delete(pin)
  }

  wire(pin: number): Wire {
    let wire = this.#wires.get(pin)
    if (wire === undefined) {
      wire = { level: 0, watchers: new Set() }
      this.#wires.set(pin, wire)
    }
    return wire
  }

  drive(pin: number, level: Level): void {
    const wire = this.wire(pin)
    if (wire.level === level) return
    wire.level = level
    for (const watcher of [...wire.watchers]) watcher(level)
  }

  /** A partition that is erased. */
  addPartition(label: string, blocks: number): NorArray {
    const array = new NorArray({ blocks, blockLength: 4096, writeAlign: 1 })
    this.partitions.set(label, array)
    return array
  }
}

const holder = { machine: new Machine() }

/** The machine that the modules live on. */
export function machine(): Machine {
  return holder.machine
}

/** A new one, for a test. */
export function newMachine(): Machine {
  holder.machine = new Machine()
  return holder.machine
}
