import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../../src/lib/bytes.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { decodeCommands } from '../../../src/protocols/yobiiq/commands.ts'
import { encodeReadings, type Reading, splitReadings } from '../../../src/protocols/yobiiq/encode.ts'
import { Measurement, type MeasurementName } from '../../../src/protocols/yobiiq/types-table.ts'

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../vectors/lorawan/${name}`, import.meta.url), 'utf8'))

interface Decoded {
  readonly model: string
  readonly readings: readonly Reading[]
  readonly hex: string
  readonly decoded: Readonly<Record<string, number | { readonly data: number }>>
}
const DECODED: readonly Decoded[] = read('yobiiq-decoded.json')
const VECTORS: { downlinks: Record<string, string>; uplinks: { id: string; fPort: number; hex: string }[] } = read('yobiiq.json')

/** What the codecs give for a measurement, by name and factor. */
const FOREIGN: Readonly<Record<string, readonly [string, number]>> = {
  index: ['index', 1],
  timestamp: ['timestamp', 1],
  activeImportT1: ['activeEnergyImportL123T1', 1],
  activeExportT2: ['activeEnergyExportL123T2', 1],
  reactiveExportT1: ['reactiveEnergyExportL123T1', 1],
  voltageL3: ['voltageL3N', 0.1],
  currentL2: ['currentL2', 1],
  activePower: ['activePowerL123', 1],
  activePowerL3: ['activePowerL3', 1],
  powerFactorL1: ['powerFactorL1', 0.01],
  phaseAngleL2: ['phaseAngleL2', 0.01],
  frequency: ['frequency', 0.01],
}

test('published codecs read what was encoded', () => {
  for (const { model, readings, hex, decoded } of DECODED) {
    expect(toHex(encodeReadings(readings))).toBe(hex)
    if (model !== 'em4301') continue
    for (const [name, value] of readings) {
      const [field, factor] = FOREIGN[name] ?? []
      if (field === undefined || factor === undefined) continue
      const given = decoded[field]
      const half = 2 ** (8 * Measurement[name].size - 1)
      const expected = Measurement[name].signed ? Math.max(-half, Math.min(half - 1, value)) : value % 2 ** 32
      expect(typeof given === 'number' ? given : given.data, `${name} ${value}`).toBeCloseTo(expected * factor, 2)
    }
  }
})

test('uplinks of the codecs own tests are encoded the same', () => {
  const find = (id: string) => VECTORS.uplinks.find((row) => row.id === id)?.hex
  expect(
    toHex(
      encodeReadings([
        ['index', 1],
        ['timestamp', 1000],
        ['activeImportT1', 12345678],
        ['voltageL1', 2300],
        ['currentL1', 5000],
        ['activePowerL1', 1150],
        ['frequency', 5000],
      ]),
    ),
  ).toBe(find('yobiiq-em2101-5'))
  expect(
    toHex(
      encodeReadings([
        ['activeImportT1', 12345678],
        ['activeImportT2', 10000],
      ]),
    ),
  ).toBe(find('yobiiq-em4301-9'))
})

describe('pieces', () => {
  const names = Object.keys(Measurement) as MeasurementName[]
  const readings = fc.uniqueArray(fc.constantFrom(...names), { maxLength: 30 }).map((list) => list.map((name, i): Reading => [name, i]))

  test('fit, begin with the head, and hold everything once and in order', () => {
    const head: Reading[] = [['timestamp', 7]]
    fc.assert(
      fc.property(readings, fc.integer({ min: 12, max: 242 }), (list, room) => {
        const pieces = splitReadings(head, list, room)
        const fits = list.length > 0 && 6 + 2 + Measurement[list[0][0]].size <= room
        const start = fits ? toHex(encodeReadings(head)) : ''
        for (const piece of pieces) {
          expect(piece.length).toBeLessThanOrEqual(room)
          expect(toHex(piece).startsWith(start)).toBe(true)
        }
        expect(pieces.map((piece) => toHex(piece).slice(start.length)).join('')).toBe(toHex(encodeReadings(list)))
      }),
    )
  })

  test('where the first reading does not fit beside the head there is no head', () => {
    const readings: Reading[] = [
      ['activeImportT1', 1],
      ['frequency', 2],
    ]
    expect(splitReadings([['timestamp', 7]], readings, 11).map(toHex)).toEqual([`010400000001${'01230002'}`])
    expect(splitReadings([['timestamp', 7]], readings, 5).map(toHex)).toEqual(['01230002'])
    expect(splitReadings([['timestamp', 7]], [], 50)).toEqual([])
  })
})

describe('downlinks', () => {
  test('of the codecs own tests', () => {
    const { downlinks } = VECTORS
    const decode = (name: string) => decodeCommands(fromHex(downlinks[name]))
    expect(decode('relayOpen')).toEqual([{ type: 'relay', closed: false }])
    expect(decode('relayClose')).toEqual([{ type: 'relay', closed: true }])
    expect(decode('restart')).toEqual([{ type: 'restart' }])
    expect(decode('dynCurrentLimit100A')).toEqual([{ type: 'currentLimit', limit_A: 100 }])
    expect(decode('dynPowerLimit5000W')).toEqual([{ type: 'powerLimit', limit_W: 5000 }])
    expect(decode('periodicPackage_10_V_I_P')).toEqual([
      { type: 'interval', interval_min: 10 },
      { type: 'periodic', active: true },
      { type: 'measurements', names: ['voltageL1', 'currentL1', 'activePowerL1'] },
    ])
    // Settings that this meter does not have.
    for (const name of ['relayControlModeLoRa', 'currentLimitFallback10A', 'requestSettings_Ilim_Vlim'])
      expect(() => decode(name)).toThrow(DecodeError)
  })

  test('foreign bytes are understood as a whole or refused with DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          expect(decodeCommands(bytes).length).toBeGreaterThan(0)
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }),
    )
  })
})
