import { readFileSync } from 'node:fs'

/** One recorded cycle of an appliance: PLAID 2018, submetered (R. Medico et al., CC BY 4.0); see test/vectors/waveforms. */
export interface RecordedCycle {
  readonly cycle: number
  readonly appliance: string
  /** 500 samples, in V and A, without the direct current of the recorder. */
  readonly voltage: Float64Array
  readonly current: Float64Array
}

const FILE = new URL('../vectors/waveforms/appliance_waveforms_1cycle.csv', import.meta.url)
const FIRST = 9
const SAMPLES = 500

export function recordedCycles(): RecordedCycle[] {
  const [, ...lines] = readFileSync(FILE, 'utf8').trim().split('\n')
  return lines.map((line) => {
    const cells = line.split(',')
    const column = (from: number, unit: number) => {
      const values = Float64Array.from(cells.slice(from, from + SAMPLES), (cell) => Number(cell) / unit)
      const mean = values.reduce((sum, value) => sum + value, 0) / SAMPLES
      return values.map((value) => value - mean)
    }
    return { cycle: Number(cells[0]), appliance: cells[1], voltage: column(FIRST, 100), current: column(FIRST + SAMPLES, 1000) }
  })
}

/** What a reference meter says of a cycle: sums over the samples and, for the fundamental, correlation with a sine. No transformation of the product's. */
export interface Truth {
  readonly voltage_V: number
  readonly current_A: number
  readonly active_W: number
  /** Of the fundamental. */
  readonly active1_W: number
  readonly reactive1_var: number
  readonly thdVoltage: number
  readonly thdCurrent: number
  readonly apparent_VA: number
  readonly powerFactor: number
}

export function truthOf(voltage: ArrayLike<number>, current: ArrayLike<number>): Truth {
  const { length } = voltage
  const mean = (value: (k: number) => number) => {
    let sum = 0
    for (let k = 0; k < length; k++) sum += value(k)
    return sum / length
  }
  const turn = (k: number) => (2 * Math.PI * k) / length
  const voltage_V = Math.sqrt(mean((k) => voltage[k] ** 2))
  const current_A = Math.sqrt(mean((k) => current[k] ** 2))
  const [us, uc] = [mean((k) => voltage[k] * Math.sin(turn(k))), mean((k) => voltage[k] * Math.cos(turn(k)))]
  const [is, ic] = [mean((k) => current[k] * Math.sin(turn(k))), mean((k) => current[k] * Math.cos(turn(k)))]
  const active_W = mean((k) => voltage[k] * current[k])
  const apparent_VA = voltage_V * current_A
  return {
    voltage_V,
    current_A,
    active_W,
    active1_W: 2 * (us * is + uc * ic),
    reactive1_var: 2 * (uc * is - us * ic),
    thdVoltage: Math.sqrt(voltage_V ** 2 / (2 * (us ** 2 + uc ** 2)) - 1),
    thdCurrent: Math.sqrt(current_A ** 2 / (2 * (is ** 2 + ic ** 2)) - 1),
    apparent_VA,
    powerFactor: active_W / apparent_VA,
  }
}
