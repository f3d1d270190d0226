import { expect, test } from 'vitest'
import { COUNTER_BATCH } from '../../../src/core/storage/counters.ts'
import { Area } from '../../../src/core/storage/format.ts'
import type { RecordLog } from '../../../src/core/storage/record-log.ts'
import { blankFlash, HOUR_MS, Rig } from '../../scenarios/rig.ts'
import { type PageRecord, readArea, readCounters, readLayout, readRegisters, readSettings } from './page-reader.ts'

function entries(log: RecordLog): Omit<PageRecord, 'payload'>[] {
  const list: (Omit<PageRecord, 'payload'> & { hex: string })[] = []
  for (const cursor = log.cursor(); cursor.next(); ) {
    const { type, status, sequence, utc_s: time, payload } = cursor
    list.push({ type, status, sequence, time, hex: Buffer.from(payload).toString('hex') })
  }
  return list
}

/** docs/storage.md describes the format byte by byte: a reader that was written from the page alone finds what the meter has stored. */
test('the flash of a meter that has lived for four hours reads as the page says', () => {
  const storage = blankFlash()
  const rig = new Rig({ storage })
  rig.run(2 * HOUR_MS)
  rig.machine.mains.disturbAll(0)
  rig.run(60_000)
  rig.machine.mains.disturbAll(1)
  rig.run(2 * HOUR_MS)
  const { core } = rig
  core.save()
  const image = Buffer.from(storage.image())
  const places = [...readLayout(image)].map(([area, { first, blocks }]) => ({ area, firstBlock: first, blocks }))
  expect(places).toEqual(core.storage.layout.areas.map(({ area, firstBlock, blocks }) => ({ area, firstBlock, blocks })))
  const registers = readRegisters(image)
  const stored = new Float64Array(core.storage.registers.count)
  core.storage.registers.load(stored)
  expect(registers).toEqual([...stored])
  expect(registers[0]).toBeGreaterThan(0)
  for (const [area, log] of [
    [Area.profile, core.storage.profile],
    [Area.events, core.storage.events],
    [Area.powerFailures, core.storage.powerFailures],
  ] as const) {
    const found = readArea(image, area).flat()
    expect(found.map(({ payload, ...rest }) => ({ ...rest, hex: payload.toString('hex') }))).toEqual(entries(log))
    expect(found.length).toBeGreaterThan(0)
  }
  const settings = [...readSettings(image)].filter(([key]) => !key.includes(' '))
  expect(settings.map(([key]) => key).sort()).toEqual(core.storage.settings.keys().sort())
  for (const [key, value] of settings) expect(Buffer.from(core.storage.settings.get(key) ?? [])).toEqual(Buffer.from(value))
  const limits = readCounters(image)
  expect(limits).toHaveLength(COUNTER_BATCH.length)
  for (const [id, limit] of limits.entries()) expect(limit).toBeGreaterThanOrEqual(core.storage.counters.last(id))
})
