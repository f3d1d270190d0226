import { Quantity } from '../../core/registers/energy.ts'
import type { RegisterEntry } from '../../core/registers/table.ts'
import type { Reading } from '../../protocols/yobiiq/encode.ts'
import type { MeasurementName } from '../../protocols/yobiiq/types-table.ts'
import type { MeterCore } from '../core.ts'

type Read = (core: MeterCore) => number

/** Rate 1 stands for everything on a meter without rates. */
function energy(quantity: number, rate: 1 | 2): Read {
  return (core) => {
    if (core.tariff.rates > 1) return core.energy.wholeUnits(core.energy.rateCount(quantity, rate))
    return rate === 1 ? core.energy.value(quantity, 0) : 0
  }
}

/** In the units of `types-table.ts`. */
const READ: Readonly<Partial<Record<MeasurementName, Read>>> = Object.freeze({
  activeImportT1: energy(Quantity.activeImport, 1),
  activeImportT2: energy(Quantity.activeImport, 2),
  activeExportT1: energy(Quantity.activeExport, 1),
  activeExportT2: energy(Quantity.activeExport, 2),
  reactiveImportT1: energy(Quantity.reactiveImport, 1),
  reactiveImportT2: energy(Quantity.reactiveImport, 2),
  reactiveExportT1: energy(Quantity.reactiveExport, 1),
  reactiveExportT2: energy(Quantity.reactiveExport, 2),
  voltageL1: ({ now }) => now.voltage_mV[0] / 100,
  voltageL2: ({ now }) => now.voltage_mV[1] / 100,
  voltageL3: ({ now }) => now.voltage_mV[2] / 100,
  currentL1: ({ now }) => now.current_mA[0],
  currentL2: ({ now }) => now.current_mA[1],
  currentL3: ({ now }) => now.current_mA[2],
  activePower: ({ now }) => now.active_mW[0] / 1000,
  activePowerL1: ({ now }) => now.active_mW[1] / 1000,
  activePowerL2: ({ now }) => now.active_mW[2] / 1000,
  activePowerL3: ({ now }) => now.active_mW[3] / 1000,
  reactivePowerL1: ({ now }) => now.reactive_mvar[1] / 1000,
  reactivePowerL2: ({ now }) => now.reactive_mvar[2] / 1000,
  reactivePowerL3: ({ now }) => now.reactive_mvar[3] / 1000,
  apparentPowerL1: ({ now }) => now.apparent_mVA[1] / 1000,
  apparentPowerL2: ({ now }) => now.apparent_mVA[2] / 1000,
  apparentPowerL3: ({ now }) => now.apparent_mVA[3] / 1000,
  powerFactorL1: ({ now }) => now.powerFactor_milli[1] / 10,
  powerFactorL2: ({ now }) => now.powerFactor_milli[2] / 10,
  powerFactorL3: ({ now }) => now.powerFactor_milli[3] / 10,
  phaseAngleL1: ({ now }) => signedAngle(now.currentAngle_ddeg[0]),
  phaseAngleL2: ({ now }) => signedAngle(now.currentAngle_ddeg[1]),
  phaseAngleL3: ({ now }) => signedAngle(now.currentAngle_ddeg[2]),
  frequency: ({ now }) => now.frequency_mHz / 10,
})

/** 0 to 3599 tenths of a degree as -18,000 to 17,999 hundredths. */
function signedAngle(angle_ddeg: number): number {
  return 10 * (angle_ddeg >= 1800 ? angle_ddeg - 3600 : angle_ddeg)
}

/** The meter measures it. */
function isMeasured(name: MeasurementName, { measured }: MeterCore): boolean {
  const { phases, direction, reactive, frequency, angle } = measured
  if (/L[23]$/.test(name)) return phases === 3
  if (name.startsWith('activeExport')) return direction
  if (name.startsWith('reactive')) return reactive
  if (name.startsWith('phaseAngle')) return angle
  return name !== 'frequency' || frequency
}

/** Present values, in the order asked for; what the meter does not measure is left out. */
export function readMeter(core: MeterCore, names: readonly MeasurementName[]): Reading[] {
  const readings: Reading[] = []
  for (const name of names) {
    const read = READ[name]
    if (read !== undefined && isMeasured(name, core)) readings.push([name, read(core)])
  }
  return readings
}

/** OBIS value groups C.D.E of what has a name; `E` stands for the rate, 0 on a meter without rates. A value with a sign has two registers. */
const OBIS: Readonly<Partial<Record<MeasurementName, readonly string[]>>> = Object.freeze({
  activeImportT1: ['1.8.E'],
  activeImportT2: ['1.8.E'],
  activeExportT1: ['2.8.E'],
  activeExportT2: ['2.8.E'],
  reactiveImportT1: ['3.8.E'],
  reactiveImportT2: ['3.8.E'],
  reactiveExportT1: ['4.8.E'],
  reactiveExportT2: ['4.8.E'],
  voltageL1: ['32.7.0'],
  voltageL2: ['52.7.0'],
  voltageL3: ['72.7.0'],
  currentL1: ['31.7.0'],
  currentL2: ['51.7.0'],
  currentL3: ['71.7.0'],
  activePower: ['16.7.0'],
  activePowerL1: ['21.7.0', '22.7.0'],
  activePowerL2: ['41.7.0', '42.7.0'],
  activePowerL3: ['61.7.0', '62.7.0'],
  reactivePowerL1: ['23.7.0', '24.7.0'],
  reactivePowerL2: ['43.7.0', '44.7.0'],
  reactivePowerL3: ['63.7.0', '64.7.0'],
  apparentPowerL1: ['29.7.0', '30.7.0'],
  apparentPowerL2: ['49.7.0', '50.7.0'],
  apparentPowerL3: ['69.7.0', '70.7.0'],
  powerFactorL1: ['33.7.0'],
  powerFactorL2: ['53.7.0'],
  powerFactorL3: ['73.7.0'],
  phaseAngleL1: ['81.7.40'],
  phaseAngleL2: ['81.7.51'],
  phaseAngleL3: ['81.7.62'],
  frequency: ['14.7.0'],
})

/** The registers of what is asked for, in that order; of a water, gas or heat meter its volume or energy. */
export function registersOf(core: MeterCore, names: readonly MeasurementName[]): RegisterEntry[] {
  const { registers, tariff, measured } = core
  if (measured.medium !== undefined) return registers.filter(({ kind }) => kind === 'energy').slice(0, 1)
  const rated = tariff.rates > 1
  const found = new Set<RegisterEntry>()
  for (const name of names) {
    for (const code of OBIS[name] ?? []) {
      const wanted = code.replace('E', rated ? name.slice(-1) : '0')
      const entry = registers.find((register) => register.code === wanted)
      if (entry !== undefined) found.add(entry)
    }
  }
  return [...found]
}
