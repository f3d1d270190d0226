import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseFlowTrace } from '../../src/world/pulse/flow-trace.ts'
import { ANY_PORTS, Ferraris } from '../support/ferraris.ts'
import { available, runPython, tellWhenSkipped } from './python.ts'

/** A foreign DLMS client reads water, gas and heat meters that `ferraris run` starts. */
tellWhenSkipped()

const SECRET = '12345678'
const FILE = 'boards/virtual/data/household_water_1s.csv'
const REGISTER = 3
const EXTENDED = 4
const CLOCK = [8, '0.0.1.0.0.255']
const STATUS = [1, '0.0.96.10.1.255']

interface Result {
  readonly objects: readonly (readonly [classId: number, name: string])[]
  readonly registers: Readonly<Record<string, readonly [value: number, scaler: number, unit: number, name: string]>>
  readonly load: {
    readonly period: number
    readonly entries: number
    readonly columns: readonly (readonly [number, string])[]
    readonly rows: readonly (readonly [string, ...number[]])[]
  }
}

async function read(words: readonly string[], loadProfile: string, registers: readonly string[]): Promise<Result> {
  const meter = new Ferraris(['run', ...words, ...ANY_PORTS, '--no-http'])
  try {
    const port = await meter.dlmsPort()
    await meter.line(/ of history, now /m)
    return JSON.parse(await runPython('dlms-gurux-pulse.py', ['127.0.0.1', String(port), SECRET, loadProfile, ...registers])) as Result
  } finally {
    await meter.end('SIGTERM')
  }
}

describe.skipIf(!available)('gurux-dlms and a meter with pulse inputs', () => {
  test('water: m³, hours of the recorded household', async () => {
    const { objects, registers, load } = await read(
      ['--board', 'virtual-water', '--from', '2019-03-14T03:00', '--history', '75h'],
      '8.0.99.1.0.255',
      ['8.0.1.0.0.255', '8.0.1.128.0.255', '8.0.2.0.0.255'],
    )
    const { second, flow_ml_s } = parseFlowTrace(readFileSync(FILE, 'utf8'), FILE, 60)
    const until = (end_s: number) => flow_ml_s.reduce((sum, flow, row) => (second[row] < end_s ? sum + flow : sum), 0)
    const [volume_m3, ...scale] = registers['8.0.1.0.0.255']
    expect(scale).toEqual([0.001, 13, 'VOLUME_CUBIC_METER'])
    expect(Math.abs(volume_m3 * 1e6 - until(75 * 3600))).toBeLessThanOrEqual(1000)
    expect(registers['8.0.1.128.0.255']).toEqual([0, 0.001, 13, 'VOLUME_CUBIC_METER'])
    expect(registers['8.0.2.0.0.255'].slice(1)).toEqual([0.001, 15, 'VOLUME_FLUX_HOUR'])
    expect([load.period, load.entries, load.columns]).toEqual([
      3600,
      75,
      [CLOCK, STATUS, [REGISTER, '8.0.1.0.0.255'], [REGISTER, '8.0.1.128.0.255']],
    ])
    for (const [index, [time, status, litres, reverse]] of load.rows.entries()) {
      expect([time, status, reverse]).toEqual([new Date(Date.UTC(2019, 2, 11, index)).toISOString().replace('.000', ''), 0, 0])
      expect(Math.abs(litres * 1000 - until(3600 * (index + 1)))).toBeLessThanOrEqual(1000)
    }
    expect(objects).toContainEqual([EXTENDED, '8.0.2.5.0.255'])
    // Nothing of an electricity meter's registers and profiles.
    expect(objects.filter(([classId, name]) => [REGISTER, EXTENDED, 5].includes(classId) && name.startsWith('1.'))).toEqual([])
  })

  test('gas: m³, converted to base conditions and energy', async () => {
    const { objects, registers, load } = await read(
      ['test/peers/gas.json', '--board', 'virtual-gas', '--from', '2026-01-15T00:00', '--history', '2d'],
      '7.0.99.1.4.255',
      ['7.0.3.0.0.255', '7.0.3.2.0.255', '7.0.33.2.0.255', '7.0.43.0.0.255'],
    )
    const [measured_m3, base_m3, energy_Wh] = ['7.0.3.0.0.255', '7.0.3.2.0.255', '7.0.33.2.0.255'].map((name) => registers[name][0])
    expect(measured_m3).toBeGreaterThan(10)
    expect(Math.abs(base_m3 - measured_m3 * 0.9636)).toBeLessThan(0.0011)
    expect(Math.abs(energy_Wh - base_m3 * 11_236)).toBeLessThan(13)
    expect([registers['7.0.3.2.0.255'][3], registers['7.0.33.2.0.255'][2]]).toEqual(['CORRECTED_VOLUME', 30])
    expect([load.period, load.entries, load.columns.length]).toEqual([3600, 48, 5])
    for (const name of ['7.0.43.15.0.255', '7.0.43.19.0.255', '7.0.43.31.0.255']) expect(objects.map(([, one]) => one)).toContain(name)
  })

  test('heat: energy, volume, power', async () => {
    const { registers, load } = await read(['--board', 'virtual-heat', '--from', '2026-01-15T00:00', '--history', '1d'], '6.0.99.1.0.255', [
      '6.0.1.0.0.255',
      '6.0.2.0.0.255',
      '6.0.8.0.0.255',
      '6.0.9.0.0.255',
    ])
    const [energy_Wh, volume_m3] = [registers['6.0.1.0.0.255'][0], registers['6.0.2.0.0.255'][0]]
    expect(energy_Wh % 1000).toBe(0)
    expect(energy_Wh).toBeGreaterThan(50_000)
    expect(Math.abs(volume_m3 - (energy_Wh * 43) / 1e6)).toBeLessThan(0.06)
    expect(Object.values(registers).map(([, , unit]) => unit)).toEqual([30, 13, 27, 15])
    expect([load.entries, load.columns.map(([, name]) => name)]).toEqual([24, [CLOCK[1], STATUS[1], '6.0.1.0.0.255', '6.0.2.0.0.255']])
  })
})
