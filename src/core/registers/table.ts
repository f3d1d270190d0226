import type { Instantaneous } from '../metrology/instantaneous.ts'
import { EVERYTHING, hasRegister, type Measured } from '../metrology/measured.ts'
import { type EnergyRegisters, Quantity, RATE_QUANTITIES, RATES } from './energy.ts'
import { mediumRegisters } from './media.ts'

/** COSEM physical units (IEC 62056-6-2, table "enumerated values for physical units"). */
const Unit = Object.freeze({ degree: 8, W: 27, VA: 28, var: 29, Wh: 30, VAh: 31, varh: 32, A: 33, V: 35, Hz: 44, count: 255 })

/** How a register's value is transported: unsigned 32 or 16 bits, or signed. */
export type ValueType = 'uint32' | 'uint16' | 'int32' | 'int16'

/** What a register reads from. */
export interface Readings {
  readonly energy: EnergyRegisters
  readonly now: Instantaneous
}

export interface RegisterEntry {
  /** OBIS code `A.B.C.D.E.F`. */
  readonly logicalName: string
  /** OBIS code as a display shows it, `C.D.E`. */
  readonly code: string
  readonly name: string
  readonly unit: number
  readonly unitText: string
  /** Energies: what a thousand units are called on a display. Default: `k` and the unit. */
  readonly shown?: string
  /** Value = integer * 10^scaler. */
  readonly scaler: number
  readonly type: ValueType
  readonly kind: 'energy' | 'instantaneous'
  readonly read: (from: Readings) => number
  /** Energies: the exact value in thousandths, rounded down. */
  readonly exact?: (from: Readings) => number
}

const ELEMENT_NAMES = ['', ' L1', ' L2', ' L3']

function entry(
  c: number,
  d: number,
  e: number,
  name: string,
  unit: number,
  unitText: string,
  scaler: number,
  type: ValueType,
  read: (from: Readings) => number,
  exact?: (from: Readings) => number,
): RegisterEntry {
  const kind = d === 8 ? 'energy' : 'instantaneous'
  return Object.freeze({
    logicalName: `1.0.${c}.${d}.${e}.255`,
    code: `${c}.${d}.${e}`,
    name,
    unit,
    unitText,
    scaler,
    type,
    kind,
    read,
    exact,
  })
}

/** OBIS value group C of the sum, name, unit: one row per energy quantity, in the order of `Quantity`. */
const ENERGIES: readonly (readonly [c: number, name: string, unit: number, unitText: string])[] = [
  [1, 'Active energy import (+A)', Unit.Wh, 'Wh'],
  [2, 'Active energy export (-A)', Unit.Wh, 'Wh'],
  [3, 'Reactive energy import (+R)', Unit.varh, 'varh'],
  [4, 'Reactive energy export (-R)', Unit.varh, 'varh'],
  [5, 'Reactive energy QI (+Ri)', Unit.varh, 'varh'],
  [6, 'Reactive energy QII (+Rc)', Unit.varh, 'varh'],
  [7, 'Reactive energy QIII (-Ri)', Unit.varh, 'varh'],
  [8, 'Reactive energy QIV (-Rc)', Unit.varh, 'varh'],
  [9, 'Apparent energy import (+VA)', Unit.VAh, 'VAh'],
  [10, 'Apparent energy export (-VA)', Unit.VAh, 'VAh'],
]

function energies(): RegisterEntry[] {
  const entries: RegisterEntry[] = []
  for (let element = 0; element < 4; element++) {
    for (let quantity = 0; quantity < ENERGIES.length; quantity++) {
      const [c, name, unit, unitText] = ENERGIES[quantity]
      const read = ({ energy }: Readings) => energy.value(quantity, element)
      const exact = ({ energy }: Readings) => energy.thousandths(energy.count(quantity, element))
      entries.push(entry(c + 20 * element, 8, 0, name + ELEMENT_NAMES[element], unit, unitText, 0, 'uint32', read, exact))
    }
  }
  const imported = ({ energy }: Readings) => energy.count(Quantity.activeImport, 0)
  const exported = ({ energy }: Readings) => energy.count(Quantity.activeExport, 0)
  entries.push(
    entry(15, 8, 0, 'Active energy |+A|+|-A|', Unit.Wh, 'Wh', 0, 'uint32', (from) =>
      from.energy.wholeUnits(imported(from) + exported(from)),
    ),
    entry(16, 8, 0, 'Active energy |+A|-|-A|', Unit.Wh, 'Wh', 0, 'int32', (from) =>
      from.energy.wholeUnits(imported(from) - exported(from)),
    ),
  )
  return entries
}

const positive = (value: number) => Math.max(0, value)
const negative = (value: number) => (value < 0 ? -value : 0)
const whole = (thousandths: number) => Math.round(thousandths / 1000)

function powers(): RegisterEntry[] {
  const entries: RegisterEntry[] = []
  for (let element = 0; element < 4; element++) {
    const c = 20 * element
    const suffix = ELEMENT_NAMES[element]
    entries.push(
      entry(1 + c, 7, 0, `Active power import (+A)${suffix}`, Unit.W, 'W', 0, 'uint32', ({ now }) =>
        whole(positive(now.active_mW[element])),
      ),
      entry(2 + c, 7, 0, `Active power export (-A)${suffix}`, Unit.W, 'W', 0, 'uint32', ({ now }) =>
        whole(negative(now.active_mW[element])),
      ),
      entry(3 + c, 7, 0, `Reactive power import (+R)${suffix}`, Unit.var, 'var', 0, 'uint32', ({ now }) =>
        whole(positive(now.reactive_mvar[element])),
      ),
      entry(4 + c, 7, 0, `Reactive power export (-R)${suffix}`, Unit.var, 'var', 0, 'uint32', ({ now }) =>
        whole(negative(now.reactive_mvar[element])),
      ),
      entry(9 + c, 7, 0, `Apparent power import (+VA)${suffix}`, Unit.VA, 'VA', 0, 'uint32', ({ now }) =>
        now.active_mW[element] < 0 ? 0 : whole(Math.abs(now.apparent_mVA[element])),
      ),
      entry(10 + c, 7, 0, `Apparent power export (-VA)${suffix}`, Unit.VA, 'VA', 0, 'uint32', ({ now }) =>
        now.active_mW[element] < 0 ? whole(Math.abs(now.apparent_mVA[element])) : 0,
      ),
      entry(13 + c, 7, 0, `Power factor${suffix}`, Unit.count, '', -3, 'int16', ({ now }) => now.powerFactor_milli[element]),
    )
  }
  entries.push(
    entry(15, 7, 0, 'Active power |+A|+|-A|', Unit.W, 'W', 0, 'uint32', ({ now }) => whole(Math.abs(now.active_mW[0]))),
    entry(16, 7, 0, 'Active power (+A)-(-A)', Unit.W, 'W', 0, 'int32', ({ now }) => whole(now.active_mW[0])),
  )
  return entries
}

function mains(): RegisterEntry[] {
  const entries: RegisterEntry[] = []
  for (let phase = 0; phase < 3; phase++) {
    const c = 20 * (phase + 1)
    const suffix = ELEMENT_NAMES[phase + 1]
    entries.push(
      entry(12 + c, 7, 0, `Voltage${suffix}`, Unit.V, 'V', -1, 'uint16', ({ now }) => Math.round(now.voltage_mV[phase] / 100)),
      entry(11 + c, 7, 0, `Current${suffix}`, Unit.A, 'A', -2, 'uint16', ({ now }) => Math.round(now.current_mA[phase] / 10)),
    )
  }
  entries.push(
    entry(90, 7, 0, 'Current, sum of all phases', Unit.A, 'A', -2, 'uint32', ({ now }) =>
      Math.round((now.current_mA[0] + now.current_mA[1] + now.current_mA[2]) / 10),
    ),
    entry(91, 7, 0, 'Neutral current', Unit.A, 'A', -2, 'uint16', ({ now }) => Math.round(now.neutral_mA / 10)),
    entry(14, 7, 0, 'Frequency', Unit.Hz, 'Hz', -2, 'uint16', ({ now }) => Math.round(now.frequency_mHz / 10)),
  )
  // 81.7.xy: angle from x to y; 0 1 2 = U(L1..L3), 4 5 6 = I(L1..L3) (IEC 62056-61, "extended phase angle measurement").
  for (let phase = 1; phase < 3; phase++) {
    entries.push(
      entry(
        81,
        7,
        phase * 10,
        `Angle U(L${phase + 1}) to U(L1)`,
        Unit.degree,
        '°',
        -1,
        'uint16',
        ({ now }) => now.voltageAngle_ddeg[phase],
      ),
    )
  }
  for (let phase = 0; phase < 3; phase++) {
    entries.push(
      entry(
        81,
        7,
        40 + phase * 11,
        `Angle I(L${phase + 1}) to U(L${phase + 1})`,
        Unit.degree,
        '°',
        -1,
        'uint16',
        ({ now }) => now.currentAngle_ddeg[phase],
      ),
    )
  }
  return entries
}

/** Every register of a meter without rates that measures everything: those with one value and a unit, in the order of a display or an object list. */
export const REGISTER_TABLE: readonly RegisterEntry[] = Object.freeze([...energies(), ...powers(), ...mains()])

function rates(): RegisterEntry[] {
  const entries: RegisterEntry[] = []
  for (let quantity = 0; quantity < RATE_QUANTITIES; quantity++) {
    const [c, name, unit, unitText] = ENERGIES[quantity]
    for (let rate = 1; rate <= RATES; rate++) {
      const read = ({ energy }: Readings) => energy.wholeUnits(energy.rateCount(quantity, rate))
      const exact = ({ energy }: Readings) => energy.thousandths(energy.rateCount(quantity, rate))
      entries.push(entry(c, 8, rate, `${name} rate ${rate}`, unit, unitText, 0, 'uint32', read, exact))
    }
  }
  return entries
}

/** X.8.1 to X.8.8 of +A, -A, +R, -R: index = quantity * 8 + rate - 1. */
const RATE_TABLE: readonly RegisterEntry[] = Object.freeze(rates())

/** OBIS value groups C, D, E. */
function groupsOf({ code }: RegisterEntry): readonly [c: number, d: number, e: number] {
  const [c, d, e] = code.split('.')
  return [Number(c), Number(d), Number(e)]
}

/**
 * The registers of a meter with `count` rates and an IC that measures `measured`: each total is followed by its rates. With one rate there is nothing to
 * tell apart.
 */
export function registerTable(count: number, measured: Measured = EVERYTHING): readonly RegisterEntry[] {
  if (measured.medium !== undefined) return mediumRegisters(measured.medium, count)
  const entries: RegisterEntry[] = []
  for (const [index, candidate] of REGISTER_TABLE.entries()) {
    if (!hasRegister(measured, ...groupsOf(candidate))) continue
    entries.push(candidate)
    // The totals of the sum of all phases come first, in the order of `Quantity`.
    const rated = count > 1 && index < RATE_QUANTITIES
    if (rated) entries.push(...RATE_TABLE.slice(index * RATES, index * RATES + Math.min(count, RATES)))
  }
  return entries
}

/** The entry of an OBIS code `C.D.E` in such a meter; undefined when it has none. */
export function registerOf(code: string, count = 1, measured: Measured = EVERYTHING): RegisterEntry | undefined {
  return registerTable(count, measured).find((candidate) => candidate.code === code)
}
