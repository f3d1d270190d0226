import type { I2CConstructor } from '../../../hal/api/i2c.ts'
import type { Bytes, SPIConstructor } from '../../../hal/api/io.ts'
import type { MeteringSource } from '../../../src/core/metrology/source.ts'
import { ADE7953 } from '../../../src/drivers/metering/ade7953/ade7953.ts'
import { PendingEnergy as PendingOfADE7953 } from '../../../src/drivers/metering/ade7953/energy.ts'
import { ATM90E32 } from '../../../src/drivers/metering/atm90e32/atm90e32.ts'
import { PendingEnergy } from '../../../src/drivers/metering/atm90e32/energy.ts'
import { BL0942 } from '../../../src/drivers/metering/bl0942/bl0942.ts'
import { CSE7766 } from '../../../src/drivers/metering/cse7766/cse7766.ts'
import { ADE7953 as EmulatedADE7953 } from '../../../src/world/chips/ade7953.ts'
import { ATM90E32 as EmulatedATM90E32 } from '../../../src/world/chips/atm90e32.ts'
import { BL0942 as EmulatedBL0942 } from '../../../src/world/chips/bl0942.ts'
import { CSE7766 as EmulatedCSE7766 } from '../../../src/world/chips/cse7766.ts'
import type { UartOutput } from '../../../src/world/chips/uart-output.ts'
import { createElectrical, type Electrical } from '../../../src/world/electrical.ts'
import { I2CBus } from '../../../src/world/i2c-bus.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'
import { SerialWire } from '../../../src/world/serial-wire.ts'
import type { MeteringTraits, MeteringUnderTest } from '../../contract/metering.ts'

type Named = readonly (readonly [string, () => void])[]

/** What all rigs share: time, and a load on L1. */
function world(setInputs: (electrical: Electrical) => void, phases: 1 | 3) {
  const scheduler = new Scheduler(0)
  const inputs = createElectrical()
  inputs.frequency_Hz = 50
  const load = (active_W: number, reactive_var = 0, voltage_V = 230): void => {
    inputs.voltage_V.fill(voltage_V, 0, phases)
    inputs.active_W[0] = active_W
    inputs.reactive_var[0] = reactive_var
    inputs.current_A[0] = voltage_V > 0 ? Math.hypot(active_W, reactive_var) / voltage_V : 0
    setInputs(inputs)
  }
  return {
    scheduler,
    load,
    pass: (duration_us: number) => scheduler.run(scheduler.now_us + duration_us),
    ticks_ms: () => Math.floor(scheduler.now_us / 1000),
  }
}

/** Calls something before the n-th transaction from now, and something else `length` transactions later. */
class Moments {
  #left = -1
  #begin: () => void = () => {}
  #length = Number.POSITIVE_INFINITY
  #end: () => void = () => {}

  at(transaction: number, begin: () => void, length = Number.POSITIVE_INFINITY, end: () => void = () => {}): void {
    this.#left = transaction
    this.#begin = begin
    this.#length = length
    this.#end = end
  }

  clear(): void {
    this.at(-1, () => {}, Number.POSITIVE_INFINITY)
  }

  passed(): void {
    if (this.#left === 0) this.#begin()
    if (this.#left === -this.#length) this.#end()
    this.#left--
  }
}

/** Makes the next transaction throw. */
class Broken {
  #armed = false
  readonly next = (): void => {
    this.#armed = true
  }

  check(): void {
    if (!this.#armed) return
    this.#armed = false
    throw new Error('bus')
  }
}

/** An SPI bus of which single transactions can be spoiled. */
function watched(Bus: SPIConstructor, moments: Moments, broken: Broken): SPIConstructor {
  return class extends Bus {
    override transfer(frame: Bytes): void {
      moments.passed()
      broken.check()
      super.transfer(frame)
    }
  }
}

function watchedI2c(Bus: I2CConstructor, moments: Moments): I2CConstructor {
  return class extends Bus {
    override read(buffer: Bytes, stop?: boolean): void
    override read(count: number, stop?: boolean): Bytes
    override read(target: Bytes | number, stop?: boolean): Bytes | undefined {
      moments.passed()
      if (typeof target === 'number') return super.read(target, stop)
      super.read(target, stop)
      return undefined
    }

    override write(buffer: Bytes, stop?: boolean): void {
      moments.passed()
      super.write(buffer, stop)
    }
  }
}

const THREE_PHASES: MeteringTraits = {
  exports: true,
  reactive: true,
  frequency: true,
  neutral: true,
  maximum_W: 13_000,
  misplaced: 0,
  reset_s: 1.5,
  // The registers are cleared by reading; what goes round while nobody reads is lost.
  wraps: false,
}

export function rigATM90E32(): MeteringUnderTest {
  const it = world((electrical) => chip.setInputs(electrical), 3)
  const chip = new EmulatedATM90E32({ now_us: () => it.scheduler.now_us })
  const moments = new Moments()
  const broken = new Broken()
  const pending = new PendingEnergy()
  const sensor = { io: watched(chip.bus(), moments, broken) }
  const create = () => {
    const driver = new ATM90E32({ sensor, pending })
    driver.configure()
    return driver
  }
  let source = create()
  const flips: readonly (readonly [number, number])[] = [
    [0x31, 4],
    [0x61, 15],
    [0x33, 2],
    [0x20, 1],
    [0x6f, 0],
  ]
  return {
    ...it,
    traits: THREE_PHASES,
    get source() {
      return source
    },
    counted: () => {
      const [activeImport, activeExport, reactiveImport, reactiveExport] = [0x80, 0x84, 0x88, 0x8c].map((address) =>
        chip.generated(address),
      )
      return { activeImport, activeExport, reactiveImport, reactiveExport }
    },
    align: () => {},
    restart: () => {
      source.close()
      source = create()
    },
    unconfigured: () => new ATM90E32({ sensor: { io: new EmulatedATM90E32({ now_us: () => 0 }).bus() } }),
    // Data bits: an address bit that is lost can make the chip clear another register than the one that was asked for.
    disturb: (kind, moment) => moments.at(moment % 110, kind % 3 === 0 ? broken.next : () => chip.loseClock(17 + (kind % 15))),
    stick: (level) => {
      moments.clear()
      chip.stick(level)
    },
    deaden: (gap, length, level) =>
      moments.at(
        gap,
        () => chip.stick(level),
        length,
        () => chip.stick(undefined),
      ),
    implausible: [['frequency above and below its limits', () => chip.forge(0x72, 0x8800)]],
    corrupt: flips.map(([address, bit]) => [`${address}:${bit}`, () => chip.flip(address, bit)] as const),
    reset: () => chip.spontaneousReset(),
    power: (on) => (on ? chip.powerOn() : chip.powerOff()),
    // 65536 counts are 204 Wh: 56 s at 13 kW.
    wrap: (run) => {
      it.load(13_000)
      run(5)
      chip.stick(1)
      run(70)
      chip.stick(undefined)
    },
  }
}

/** mWh in one count: 347.4 V * 90.32 A at 206.9 kHz. */
const COUNT_MWH = (347.4 * 90.32) / 206_900 / 3.6

export function rigADE7953(bus: 'SPI' | 'I2C'): MeteringUnderTest {
  const it = world((electrical) => chip.setInputs(electrical), 1)
  const now_us = () => it.scheduler.now_us
  const chip = new EmulatedADE7953({ now_us })
  const wires = new I2CBus()
  wires.attach(chip.peripheral)
  const moments = new Moments()
  const broken = new Broken()
  const pending = new PendingOfADE7953()
  const io = watched(chip.bus(), moments, broken)
  const driverOn = (made: EmulatedADE7953, common: object) =>
    bus === 'SPI'
      ? new ADE7953({ bus, sensor: { io: made === chip ? io : made.bus() }, ...common })
      : new ADE7953({ bus, sensor: { io: watchedI2c(wires.constructorFor(), moments) }, ...common })
  const create = () => {
    const driver = driverOn(chip, { pending, ticks_ms: it.ticks_ms })
    driver.configure()
    return driver
  }
  let source = create()
  const disturb = (kind: number, moment: number): void => {
    if (bus === 'I2C') {
      if (kind % 3 === 0) wires.corrupt(moment % 300, 1 << (kind % 8))
      else if (kind % 3 === 1) wires.refuse(1 + (kind % 3))
      else wires.corrupt(moment % 20, 0xff)
    } else {
      const faults = [broken.next, () => chip.spi.loseClock(kind % 56), () => chip.spi.garble(1 << (kind % 8))]
      moments.at(moment % 120, faults[kind % 3])
    }
  }
  const stick = (level: 0 | 1 | undefined): void => {
    if (bus === 'SPI') chip.spi.stick(level)
    else wires.hold(level === undefined ? undefined : level === 0 ? 'data' : 'clock')
  }
  const forged: readonly (readonly [string, number, number])[] = [
    ['a voltage above the range of the converter', 0x31c, 0xffffff],
    ['a negative current', 0x31a, 0xfffffff0],
    ['a power above full scale', 0x312, 0x7fffff00],
  ]
  const flips: readonly (readonly [number, number])[] = [
    [0x380, 20],
    [0x102, 2],
    [0x120, 4],
    [0x303, 9],
    [0x103, 1],
    [0x285, 0],
    [0x040, 1],
  ]
  return {
    ...it,
    traits: { ...THREE_PHASES, maximum_W: 20_000, wraps: true },
    get source() {
      return source
    },
    counted: () => {
      const whole = (counts: number) => Math.floor(counts * COUNT_MWH)
      const active = chip.generated(0x21e)
      const reactive = chip.generated(0x220)
      return {
        activeImport: whole(active.forward),
        activeExport: whole(active.reverse),
        reactiveImport: whole(reactive.forward),
        reactiveExport: whole(reactive.reverse),
      }
    },
    align: () => {},
    restart: () => {
      source.close()
      source = create()
    },
    unconfigured: () => driverOn(bus === 'SPI' ? new EmulatedADE7953({ now_us }) : chip, {}),
    disturb,
    stick: (level) => {
      moments.clear()
      stick(level)
    },
    deaden: (gap, length, level) =>
      moments.at(
        gap,
        () => stick(level),
        length,
        () => stick(undefined),
      ),
    implausible: forged.map(([name, address, value]) => [name, () => chip.forge(address, value)] as const),
    corrupt: flips.map(([address, bit]) => [`${address}:${bit}`, () => chip.flip(address, bit)] as const),
    reset: () => chip.spontaneousReset(),
    power: (on) => (on ? chip.powerOn() : chip.powerOff()),
    // The register holds 2^23 counts: 40 s at full scale.
    wrap: (run) => {
      it.load(30_000)
      run(5)
      stick(0)
      run(45)
      stick(undefined)
      run(5)
      it.load(-30_000)
      run(5)
      stick(1)
      run(50)
      stick(undefined)
    },
  }
}

/** Lost and garbled bytes of the line from an IC. */
function disturbLine(line: UartOutput, kind: number, moment: number): void {
  const at = moment % 24
  if (kind % 2 === 0) line.loseByte(at)
  else line.garbleByte(at, 1 + (kind % 255))
}

const SINGLE_PHASE: MeteringTraits = {
  exports: true,
  reactive: false,
  frequency: true,
  neutral: false,
  maximum_W: 6600,
  // A change of direction within a second.
  misplaced: 16,
  reset_s: 3,
  wraps: true,
}

export function rigBL0942(): MeteringUnderTest {
  const it = world((electrical) => chip.setInputs(electrical), 1)
  const wire = new SerialWire(it.scheduler)
  const chip = new EmulatedBL0942({ scheduler: it.scheduler, io: wire.end(1) })
  const create = (counted?: number) => {
    const driver = new BL0942({ sensor: { io: wire.end(0) }, ticks_ms: it.ticks_ms })
    driver.configure(counted === undefined ? {} : { counted })
    return driver
  }
  let source = create(0)
  const forge = (name: string, change: (packet: Uint8Array) => void) => [name, () => chip.forge(change)] as const
  const flips: readonly (readonly [number, number])[] = [
    [0x1a, 0],
    [0x19, 2],
    [0x14, 7],
    [0x18, 1],
  ]
  return {
    ...it,
    traits: SINGLE_PHASE,
    get source(): MeteringSource {
      return source
    },
    counted: () => ({ ...NOTHING, activeImport: chip.generated.forward, activeExport: chip.generated.reverse }),
    align: () => {},
    restart: () => {
      const { counted } = source
      source.close()
      source = create(counted)
    },
    unconfigured: () => new BL0942({ sensor: { io: new SerialWire(new Scheduler(0)).end(0) }, ticks_ms: () => 0 }),
    disturb: (kind, moment) => disturbLine(chip.line, kind, moment),
    stick: (level) => chip.line.stick(level),
    implausible: [
      forge('no voltage', (packet) => packet.fill(0, 4, 7)),
      forge('voltage beyond reason', (packet) => packet.fill(0xff, 4, 7)),
      forge('current beyond reason', (packet) => packet.fill(0xff, 1, 4)),
      forge('power without current', (packet) => packet.fill(0x7f, 10, 13)),
      forge('no period', (packet) => packet.fill(0, 16, 18)),
      forge('counter far ahead', (packet) => packet.fill(0x55, 13, 16)),
      forge('counter a little ahead', (packet) => packet.set([packet[13] + 9], 13)),
      forge('counter at 0', (packet) => packet.fill(0, 13, 16)),
    ] satisfies Named,
    corrupt: flips.map(([address, bit]) => [`${address}:${bit}`, () => chip.flip(address, bit)] as const),
    reset: () => chip.spontaneousReset(),
    power: (on) => (on ? chip.powerOn() : chip.powerOff()),
    wrap: (run) => {
      chip.setPulseCount(2 ** 24 - 100)
      source.configure({ counted: 2 ** 24 - 100 })
      it.load(5000)
      run(60)
    },
  }
}

const NOTHING = Object.freeze({ activeImport: 0, activeExport: 0, reactiveImport: 0, reactiveExport: 0 })
/** Microjoules of a pulse of the emulated chip. */
const COEFFICIENT = 0x4f0a60

export function rigCSE7766(): MeteringUnderTest {
  const it = world((electrical) => chip.setInputs(electrical), 1)
  const wire = new SerialWire(it.scheduler)
  const chip = new EmulatedCSE7766({ scheduler: it.scheduler, io: wire.end(1) })
  const create = (counted?: number) => {
    const driver = new CSE7766({ sensor: { io: wire.end(0) }, ticks_ms: it.ticks_ms })
    driver.configure(counted === undefined ? {} : { counted })
    return driver
  }
  let source = create(0)
  const forge = (name: string, change: (frame: Uint8Array) => void) => [name, () => chip.forge(change)] as const
  return {
    ...it,
    traits: { ...SINGLE_PHASE, exports: false, frequency: false, misplaced: 0 },
    get source(): MeteringSource {
      return source
    },
    counted: () => ({ ...NOTHING, activeImport: Math.floor((chip.generated * COEFFICIENT) / 3_600_000) }),
    // While the low byte of the counter is 0 the chip hides it.
    align: () => {
      for (let i = 0; i < 100 && chip.generated % 256 === 0; i++) it.pass(10_000)
    },
    restart: () => {
      const { counted } = source
      source.close()
      source = create(counted)
    },
    unconfigured: () => new CSE7766({ sensor: { io: new SerialWire(new Scheduler(0)).end(0) }, ticks_ms: () => 0 }),
    disturb: (kind, moment) => disturbLine(chip.line, kind, moment),
    stick: (level) => chip.line.stick(level),
    implausible: [
      forge('0.4 V', (frame) => frame.set([0x07, 0x17, 0x1d], 5)),
      forge('no period', (frame) => frame.fill(0, 5, 20)),
      forge('voltage beyond reason', (frame) => frame.fill(0, 5, 7)),
      forge('current beyond reason', (frame) => frame.set([0, 0, 9], 11)),
      forge('power without current', (frame) => frame.set([0, 0, 90], 17)),
      forge('other coefficients', (frame) => frame.set([0x5f], 14)),
      forge('counter far ahead', (frame) => frame.set([frame[21] ^ 0x80], 21)),
      forge('counter a little ahead', (frame) => frame.set([frame[21] + 1], 21)),
      forge('counter near 0', (frame) => frame.set([0, 3], 21)),
      forge('carry', (frame) => frame.set([frame[20] ^ 0x80], 20)),
      forge('all ones', (frame) => frame.fill(0xff, 2, 23)),
      forge('not calibrated', (frame) => frame.set([0xaa])),
      forge('coefficients damaged', (frame) => frame.set([0xf1])),
    ] satisfies Named,
    corrupt: [],
    reset: () => chip.spontaneousReset(),
    power: (on) => (on ? chip.powerOn() : chip.powerOff()),
    // 2^17 pulses are 104 s at 6.5 kW.
    wrap: (run) => {
      it.load(6500)
      run(300)
    },
  }
}
