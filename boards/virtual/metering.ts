import type { MeteringWiring } from '../../hal/api/metering.ts'
import { ADE7953 } from '../../src/world/chips/ade7953.ts'
import { ATM90E32 } from '../../src/world/chips/atm90e32.ts'
import { BL0942 } from '../../src/world/chips/bl0942.ts'
import { CSE7766 } from '../../src/world/chips/cse7766.ts'
import type { ThreePhaseSkew } from '../../src/world/chips/front-end.ts'
import type { Electrical } from '../../src/world/electrical.ts'
import { I2CBus } from '../../src/world/i2c-bus.ts'
import { SerialWire } from '../../src/world/serial-wire.ts'
import { PulseHouse, type PulseWorld } from './pulse.ts'
import { BOARDS, type BoardName } from './variants.ts'

/** Voltages below this part of the nominal one may be a sag for an IC. */
const SAG_FACTOR = 0.9
/** Register SagPeakDetCfg of the ATM90E32; its low byte is the time in ms after which it decides. */
const SAG_PEAK_DETECTION = 0x05

/** The driver of the ADE7953 has it call a sag after three half cycles, a voltage without crossings lost after 100 ms. */
const ADE7953_DECIDES_MS = [31, 101]

/** The emulated metering IC of a board, and its wiring as the firmware gets it. */
export interface MeteringPart {
  readonly chip: ATM90E32 | ADE7953 | BL0942 | CSE7766 | PulseHouse
  readonly wiring: MeteringWiring
  setInputs(electrical: Electrical, nominal_V: number): void
  /** The processor stopped: its end of the bus is free. */
  release(): void
}

interface World extends PulseWorld {
  /** How the inputs differ from the nominal ones. Default: not at all. */
  readonly skew?: ThreePhaseSkew | undefined
}

/** A resistance that makes the chip read `gain` too much. */
const skewed = (value: number, gain = 0) => value * (1 + gain)

type Data<Part> = Extract<(typeof BOARDS)[BoardName]['metering'], { readonly part: Part }>

function atm90e32({ scheduler, pins, skew }: World, data: Data<'ATM90E32'>): MeteringPart {
  const { part, hz, select, interrupt } = data
  const chip = new ATM90E32({
    now_us: () => scheduler.now_us,
    interrupt: (irq, level) => {
      if (irq === 1) pins.drive(interrupt, level)
    },
    frontEnd: { skew },
  })
  return {
    chip,
    wiring: { part, sensor: { io: chip.bus(), hz, mode: 3, select }, interrupt: { io: pins.constructorFor(), pin: interrupt } },
    setInputs: (electrical, nominal_V) => {
      chip.setInputs(electrical)
      // The IC decides on a sag a while after it began, without anybody looking; somebody has to look, for its interrupt to come in time.
      if (!electrical.voltage_V.some((voltage_V) => voltage_V < nominal_V * SAG_FACTOR)) return
      const period_ms = chip.peek(SAG_PEAK_DETECTION) & 0xff
      scheduler.after(period_ms * 1000, () => chip.advance())
    },
    release: () => {},
  }
}

function ade7953({ scheduler, pins, skew }: World, data: Data<'ADE7953'>): MeteringPart {
  const { part, hz, address, interrupt, circuit } = data
  const chip = new ADE7953({
    now_us: () => scheduler.now_us,
    interrupt: (level) => pins.drive(interrupt, level),
    frontEnd: {
      voltage_V: circuit.fullScaleVoltage_V,
      current_A: circuit.fullScaleCurrent_A,
      skew: skew?.[0],
      neutralSkew: skew?.[1],
    },
  })
  const bus = new I2CBus()
  bus.attach(chip.peripheral)
  const interruptPin = { io: pins.constructorFor(), pin: interrupt, active: 0 } as const
  return {
    chip,
    wiring: { part, bus: 'I2C', sensor: { io: bus.constructorFor(), hz, address }, circuit, interrupt: interruptPin },
    setInputs: (electrical, nominal_V) => {
      chip.setInputs(electrical)
      if (electrical.voltage_V[0] >= nominal_V * SAG_FACTOR) return
      for (const delay_ms of ADE7953_DECIDES_MS) scheduler.after(delay_ms * 1000, () => chip.advance())
    },
    release: () => {},
  }
}

function bl0942({ scheduler, skew }: World, data: Data<'BL0942'>): MeteringPart {
  const { part, baud, circuit, rating } = data
  const wire = new SerialWire(scheduler, { bursts: true })
  const frontEnd = {
    ...circuit,
    shunt_uOhm: skewed(circuit.shunt_uOhm, skew?.[0].currentGain),
    lower_Ohm: skewed(circuit.lower_Ohm, skew?.[0].voltageGain),
  }
  const chip = new BL0942({ scheduler, io: wire.end(1), sclkBps: baud === 9600 ? 1 : 0, frontEnd })
  return {
    chip,
    wiring: { part, sensor: { io: wire.end(0), baud }, circuit, rating },
    setInputs: (electrical) => chip.setInputs(electrical),
    release: () => wire.release(0),
  }
}

function cse7766({ scheduler, skew }: World, data: Data<'CSE7766'>): MeteringPart {
  const { part, circuit, rating } = data
  const wire = new SerialWire(scheduler, { bursts: true })
  const chip = new CSE7766({
    scheduler,
    io: wire.end(1),
    shunt_uOhm: skewed(circuit.shunt_uOhm, skew?.[0].currentGain),
    // A greater resistance lets the chip read less.
    divider_Ohm: circuit.divider_Ohm / skewed(1, skew?.[0].voltageGain),
  })
  return {
    chip,
    wiring: { part, sensor: { io: wire.end(0) }, circuit, rating },
    setInputs: (electrical) => chip.setInputs(electrical),
    release: () => wire.release(0),
  }
}

/** The metering IC of a board, new. */
export function createMetering(board: BoardName, world: World): MeteringPart {
  const { metering } = BOARDS[board]
  switch (metering.part) {
    case 'ATM90E32':
      return atm90e32(world, metering)
    case 'ADE7953':
      return ade7953(world, metering)
    case 'BL0942':
      return bl0942(world, metering)
    case 'CSE7766':
      return cse7766(world, metering)
    case 'PULSE': {
      const chip = new PulseHouse(board, world)
      const setInputs: MeteringPart['setInputs'] = (electrical, nominal_V) => chip.setInputs(electrical, nominal_V)
      return { chip, wiring: chip.wiring, setInputs, release: () => {} }
    }
  }
}
