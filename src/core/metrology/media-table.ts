import { Quantity } from '../registers/energy.ts'

/** COSEM physical units (IEC 62056-6-2, table "enumerated values for physical units") of what pulses stand for. */
const Unit = Object.freeze({ cubicMetre: 13, cubicMetreBase: 14, cubicMetrePerHour: 15, joule: 25, watt: 27, wattHour: 30 })

/** What a register shows: value * 10^scaler, and the unit in words. */
export interface Scale {
  readonly unit: number
  readonly unitText: string
  readonly scaler: number
}

/** OBIS value groups C and D. */
export interface Groups {
  readonly c: number
  readonly d: number
}

/** A flow or power beside a quantity: which instantaneous value, and its OBIS code. */
export interface MediumRate extends Groups, Scale {
  readonly name: string
  /** Thousandths per hour that are one unit of the register's last digit. */
  readonly divisor: number
}

/** One thing that a meter of a medium counts. The registers keep whole units: Wh, kJ or litres. */
export interface MediumQuantity extends Groups, Scale {
  /** Where it is counted: an index of `Quantity`. */
  readonly quantity: number
  readonly name: string
  /** Unit on the display, a thousand of the register's own. */
  readonly shown: string
  readonly rate?: MediumRate
  /** Averages over the demand period, and their maximum: OBIS groups as far as the medium has them. */
  readonly current?: Groups
  readonly last?: Groups
  readonly maximum?: Groups
}

/** A medium that is metered by pulses. */
export interface Medium {
  readonly kind: 'water' | 'hotWater' | 'gas' | 'heat' | 'cooling'
  /** OBIS value group A. */
  readonly a: number
  readonly model: string
  readonly quantities: readonly MediumQuantity[]
  /** OBIS names of load profile and daily values. */
  readonly profiles: { readonly load: string; readonly daily: string }
}

/** What depends on the meter and not on its medium. */
export interface MediumOptions {
  /** There is an output for what flows back. */
  readonly reverse: boolean
  /** A heat meter with an output for its volume. */
  readonly volume: boolean
  /** A heat meter that counts joules. */
  readonly joule: boolean
  /** Of a gas meter: the volume that its pulses stand for. */
  readonly conditions: 'measuring' | 'temperature' | 'base'
  /** Of a gas meter: the volume at base conditions and the energy are calculated. */
  readonly baseVolume: boolean
  readonly energy: boolean
}

const LITRES = Object.freeze({ unit: Unit.cubicMetre, unitText: 'm³', shown: 'm³', scaler: -3 })
const LITRES_BASE = Object.freeze({ ...LITRES, unit: Unit.cubicMetreBase })
const WATT_HOURS = Object.freeze({ unit: Unit.wattHour, unitText: 'Wh', shown: 'kWh', scaler: 0 })
const KILOJOULES = Object.freeze({ unit: Unit.joule, unitText: 'J', shown: 'MJ', scaler: 3 })
const flow = (c: number, d: number): MediumRate => ({
  ...{ c, d, name: 'Flow rate', divisor: 1000 },
  ...{ unit: Unit.cubicMetrePerHour, unitText: 'm³/h', scaler: -3 },
})

/**
 * Water, EN 13757-1: C = 1 accumulated volume, C = 2 flow rate; D = 0 current, D = 5 maximum value; E = total and rates (read from a manufacturer's
 * table of that standard). There is no code for what flows back: D = 128 is manufacturer-specific.
 */
function water(kind: 'water' | 'hotWater', a: number, { reverse }: MediumOptions): Medium {
  const quantities: MediumQuantity[] = [
    {
      ...{ quantity: Quantity.activeImport, c: 1, d: 0, name: 'Volume', ...LITRES },
      ...{ rate: flow(2, 0), maximum: { c: 2, d: 5 } },
    },
  ]
  if (reverse) quantities.push({ quantity: Quantity.activeExport, c: 1, d: 128, name: 'Volume, reverse', ...LITRES })
  return { kind, a, model: 'Ferraris W', quantities, profiles: { load: `${a}.0.99.1.0.255`, daily: `${a}.0.99.2.0.255` } }
}

const CONDITIONS = Object.freeze({ measuring: 0, temperature: 1, base: 2 })

/**
 * Gas, DLMS UA Blue Book: C = 3 forward absolute volume, C = 43 flow rate, D = 0 at measuring conditions, 1 corrected (for temperature), 2 at base conditions; 43.15, 43.19
 * and 43.31 are current and last average and the maximum of the billing period; profiles 99.1.4 and 99.2.4 (all read from the code list of the Gurux
 * library). C = 6 reverse absolute volume and C = 33 energy are from memory.
 */
function gas({ reverse, conditions, baseVolume, energy }: MediumOptions): Medium {
  const d = CONDITIONS[conditions]
  const litres = conditions === 'base' ? LITRES_BASE : LITRES
  const quantities: MediumQuantity[] = [
    {
      ...{ quantity: Quantity.activeImport, c: 3, d, name: 'Volume', ...litres, rate: flow(43, d) },
      ...{ current: { c: 43, d: 15 }, last: { c: 43, d: 19 }, maximum: { c: 43, d: 31 } },
    },
  ]
  if (reverse) quantities.push({ quantity: Quantity.activeExport, c: 6, d, name: 'Volume, reverse', ...litres })
  if (baseVolume) quantities.push({ quantity: Quantity.reactiveImport, c: 3, d: 2, name: 'Volume at base conditions', ...LITRES_BASE })
  if (energy) quantities.push({ quantity: Quantity.reactiveExport, c: 33, d: 2, name: 'Energy', ...WATT_HOURS })
  return { kind: 'gas', a: 7, model: 'Ferraris G', quantities, profiles: { load: '7.0.99.1.4.255', daily: '7.0.99.2.4.255' } }
}

/**
 * Heat and cooling, EN 13757-1: C = 1 energy, 2 volume, 8 power, 9 flow rate, D = 0 current value (read from lists of heat meters in the field); D = 5 maximum as with
 * water.
 */
function heat(kind: 'heat' | 'cooling', a: number, { volume, joule }: MediumOptions): Medium {
  const power = { c: 8, d: 0, name: 'Power', unit: Unit.watt, unitText: 'W', scaler: 0 }
  const quantities: MediumQuantity[] = [
    {
      ...{ quantity: Quantity.activeImport, c: 1, d: 0, name: 'Energy', ...(joule ? KILOJOULES : WATT_HOURS) },
      ...{ rate: { ...power, divisor: joule ? 3600 : 1000 }, maximum: { c: 8, d: 5 } },
    },
  ]
  if (volume) quantities.push({ quantity: Quantity.reactiveImport, c: 2, d: 0, name: 'Volume', ...LITRES, rate: flow(9, 0) })
  return { kind, a, model: 'Ferraris H', quantities, profiles: { load: `${a}.0.99.1.0.255`, daily: `${a}.0.99.2.0.255` } }
}

/** What a meter of a medium counts, and what that is called. */
export function mediumOf(kind: Medium['kind'], options: MediumOptions): Medium {
  switch (kind) {
    case 'water':
      return water(kind, 8, options)
    case 'hotWater':
      return water(kind, 9, options)
    case 'gas':
      return gas(options)
    case 'heat':
      return heat(kind, 6, options)
    case 'cooling':
      return heat(kind, 5, options)
  }
}
