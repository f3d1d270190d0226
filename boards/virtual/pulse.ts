import type { PulseOutput, PulseWeight, PulseWiring } from '../../hal/api/metering.ts'
import type { Timer } from '../../hal/api/time.ts'
import { digitalPulseCount } from '../../hal/portable/pulse-count.ts'
import type { Fraction } from '../../src/lib/fraction.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import type { Electrical } from '../../src/world/electrical.ts'
import type { PinBank } from '../../src/world/pins.ts'
import { Flow } from '../../src/world/pulse/flow.ts'
import { Heating, type HeatingOptions } from '../../src/world/pulse/heating.ts'
import { Movement } from '../../src/world/pulse/movement.ts'
import { PulseSensor } from '../../src/world/pulse/pulse-sensor.ts'
import { CounterUnit } from '../../src/world/pulse-counter.ts'
import type { Scheduler } from '../../src/world/scheduler.ts'
import { BOARD } from './board.ts'
import { BOARDS, type BoardName } from './variants.ts'

type PulseData = Extract<(typeof BOARDS)[BoardName]['metering'], { readonly part: 'PULSE' }>

/** A counter of the low-power core filters in milliseconds. */
const LOW_POWER_FILTER_MAX_NS = 100_000_000
const NS_PER_MS = 1_000_000
/** Thousandths of the unit that a meter of this world counts: ml, mWh. */
const THOUSANDTHS = Object.freeze({ ml: 1, l: 1000, m3: 1_000_000, kWh: 1_000_000, Wh: 1000 })

export interface PulseWorld {
  readonly scheduler: Scheduler
  readonly pins: PinBank
  readonly seed: number
  /** Of the processor that runs now. */
  readonly timer: () => Timer
}

function perPulse({ pulses, amount, unit }: PulseWeight): Fraction {
  return { numerator: amount * THOUSANDTHS[unit as keyof typeof THOUSANDTHS], denominator: pulses }
}

/** ml/h of gas for a watt of heat, at 10 kWh/m³; a boiler of 20 kW goes down to a quarter. */
const GAS_ML_PER_WH = 100
const BOILER_LEAST_W = 5000
/** Heat: mW for a watt, and the water that gives it with 20 K between flow and return. */
const HEAT_MW_PER_W = 1000
const WATER_ML_PER_WH = 43

/** Heats the house with what the meter counts. */
export function heatHouse(house: PulseHouse, world: Pick<HeatingOptions, 'scheduler' | 'random' | 'standardOffset_min'>): void {
  const { flow, volume } = house
  if (volume === undefined) {
    new Heating({ ...world, meters: [{ flow, rate_per_W: GAS_ML_PER_WH }], least_W: BOILER_LEAST_W })
    return
  }
  const meters = [
    { flow, rate_per_W: HEAT_MW_PER_W },
    { flow: volume, rate_per_W: WATER_ML_PER_WH },
  ]
  new Heating({ ...world, meters, least_W: 0 })
}

/** Something that a person can open and close; thousandths per hour. */
interface Tap {
  readonly id: string
  readonly name: string
  readonly rate: number
  readonly on: boolean
}

const LITRE_H = 1000
const KILOWATT = 1_000_000
const tap = (id: string, name: string, rate: number): Tap => Object.freeze({ id, name, rate, on: false })
const TAPS = Object.freeze({
  water: [
    tap('shower', 'Shower', 540 * LITRE_H),
    tap('hose', 'Garden hose', 900 * LITRE_H),
    tap('toilet', 'Toilet that runs', 5 * LITRE_H),
    tap('pipe', 'Burst pipe', 3000 * LITRE_H),
    tap('backflow', 'Backflow', -100 * LITRE_H),
  ],
  gas: [tap('stove', 'Stove', 300 * LITRE_H), tap('heater', 'Radiant heater', 800 * LITRE_H)],
  heat: [tap('radiators', 'More radiators', 3 * KILOWATT)],
})
const HOUSES = Object.freeze({ water: 'Recorded household', gas: 'Heating', heat: 'Heating' })

/** The meters of a house with pulse outputs, their wires, and the counters of the board. What flows through them is set by the world. */
export class PulseHouse {
  /** What the main output counts. */
  readonly flow: Flow
  readonly movement: Movement
  readonly forward: PulseSensor
  /** Volume of a heat meter. */
  readonly volume: Flow | undefined
  readonly counters: CounterUnit
  readonly wiring: PulseWiring
  /** What the house takes by itself. */
  readonly house: string
  #taps: readonly Tap[]
  readonly #pins: PinBank
  readonly #data: PulseData

  constructor(board: BoardName, world: PulseWorld) {
    const data = BOARDS[board].metering as PulseData
    const { scheduler, pins, seed } = world
    this.#pins = pins
    this.#data = data
    this.house = HOUSES[data.medium]
    this.#taps = TAPS[data.medium]
    const random = new SeededRandom(seed, 11)
    const sensor = (pin: number) => new PulseSensor({ scheduler, random, kind: data.sensor, drive: (level) => pins.drive(pin, level) })
    this.forward = sensor(data.pins.forward)
    const reverse = data.hasReverse ? sensor(data.pins.reverse) : undefined
    this.movement = new Movement({ scheduler, perPulse: perPulse(data.weight), forward: this.forward, reverse })
    this.flow = new Flow(this.movement)
    if (data.volumeWeight !== undefined) {
      const forward = sensor(data.pins.volume)
      this.volume = new Flow(new Movement({ scheduler, perPulse: perPulse(data.volumeWeight), forward }))
    }
    const retained = data.counter === 'lowPower'
    this.counters = new CounterUnit({ scheduler, pins, retained, ...(retained && { filterMax_ns: LOW_POWER_FILTER_MAX_NS }) })
    this.wiring = this.#wire(world)
  }

  get taps(): readonly Tap[] {
    return this.#taps
  }

  /** What flows through open taps. */
  get tapped(): number {
    return this.#taps.reduce((sum, { rate, on }) => (on ? sum + rate : sum), 0)
  }

  /** Opens or closes a tap; false where there is none. */
  turn(id: string, on: boolean): boolean {
    const found = this.#taps.find((one) => one.id === id)
    if (found === undefined) return false
    this.flow.set(id, on ? found.rate : 0)
    this.#taps = this.#taps.map((one) => (one === found ? { ...one, on } : one))
    return true
  }

  /** The mains of the board's supply; a comparator watches them. */
  setInputs(electrical: Electrical, nominal_V: number): void {
    const good = electrical.voltage_V[0] >= BOARD.supply.factor * nominal_V
    const { supply, interrupt } = this.#data.pins
    this.#pins.drive(supply, good ? 1 : 0)
    this.#pins.drive(interrupt, good ? 0 : 1)
  }

  /** The meters turn whether the board has its supply or not. */
  powerOn(): void {}
  powerOff(): void {}

  #wire({ pins, timer }: PulseWorld): PulseWiring {
    const { part, medium, weight, volumeWeight, hasReverse, counter, filter_ms, pins: at } = this.#data
    const digital = pins.constructorFor()
    const io =
      counter === 'interrupt'
        ? digitalPulseCount({
            io: digital,
            timer: {
              set: (callback, delay_ms, repeat_ms) => timer().set(callback, delay_ms, repeat_ms),
              clear: (handle) => timer().clear(handle),
            },
          })
        : this.counters.constructorFor()
    const output = (signal: number): PulseOutput => ({ io, signal, filter: filter_ms * NS_PER_MS })
    return {
      ...{ part, medium, weight, hasReverse, retained: counter === 'lowPower' },
      ...(volumeWeight !== undefined && { volumeWeight }),
      outputs: {
        forward: output(at.forward),
        ...(hasReverse && { reverse: output(at.reverse) }),
        ...(volumeWeight !== undefined && { volume: output(at.volume) }),
      },
      supply: { io: digital, pin: at.supply },
      interrupt: { io: digital, pin: at.interrupt },
    }
  }
}
