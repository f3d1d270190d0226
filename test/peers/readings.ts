import { expect } from 'vitest'
import { NAME } from '../protocols/dlms/memory-source.ts'

/** What the programs of this folder print of one reading. */
export interface Reading {
  readonly name: string
  readonly clock: string
  readonly energy: readonly [value_Wh: number, unit: number]
  readonly voltage: readonly [value_V: number, unit: number]
  readonly objects: readonly unknown[]
  readonly profile: {
    readonly capturePeriod: number
    readonly entriesInUse: number
    readonly rows: number
    readonly byRange: readonly (readonly unknown[])[]
  }
}

/** The objects and the name that test/protocols/dlms/memory-source.ts shows a public client. */
export function expectFixedPublic(seen: { readonly objects: readonly unknown[]; readonly name: string }): void {
  expect(seen).toEqual({
    objects: [
      [1, '0.0.42.0.0.255'],
      [15, '0.0.40.0.0.255'],
    ],
    name: NAME,
  })
}

/** A reading of test/protocols/dlms/memory-source.ts, which never changes. */
export function expectFixedReading(reading: Reading): void {
  expect(reading).toMatchObject({
    name: NAME,
    partners: [17, 1],
    saps: [[1, NAME]],
    clock: '2026-03-01T12:00:00Z',
    energy: [1000000, 30],
    voltage: [230.1, 35],
  })
  expect(reading.objects).toHaveLength(37)
  expect(reading.profile).toMatchObject({ capturePeriod: 900, entriesInUse: 200, rows: 200 })
  expect(reading.profile.byRange[0]).toEqual(['2026-03-01T10:15:00Z', 1000000 + 137 * 192, 192])
}

/** A reading of the meter that `ferraris run --history 3d` starts. */
export function expectRunningReading(reading: Reading): void {
  expect(reading.name).toBe('FRR0000000000001')
  expect(reading.energy[1]).toBe(30)
  expect(reading.voltage[1]).toBe(35)
  expect(Math.abs(reading.voltage[0] - 235)).toBeLessThan(25)
  expect(reading.objects.length).toBeGreaterThan(80)
  expect(Math.abs(Date.parse(reading.clock) - Date.now())).toBeLessThan(30_000)
  expect(reading.profile.capturePeriod).toBe(900)
  expect(reading.profile.rows).toBe(reading.profile.entriesInUse)
  // Three days of quarter hours, whatever the time of day.
  expect(Math.abs(reading.profile.rows - 3 * 96)).toBeLessThanOrEqual(1)
}
