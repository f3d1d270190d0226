import { describe, expect, test } from 'vitest'
import type { BoardName } from '../../../boards/virtual/variants.ts'
import { fromHex } from '../../../src/lib/hex.ts'
import { sameSecret } from '../../../src/lib/secret.ts'
import { DlmsView, MANAGEMENT_CLIENT } from '../../../src/meter/views/dlms.ts'
import { logicalNameText } from '../../../src/protocols/dlms/logical-name.ts'
import { ascii } from '../../protocols/dlms/bytes.ts'
import { MANAGER_SECRET } from '../../protocols/dlms/managed-source.ts'
import { HOUR_MS } from '../../scenarios/rig.ts'
import { Reader } from './dlms-reader.ts'
import { quietRig, switchOn } from './rig.ts'

const LOAD_PROFILE = '1.0.99.1.0.255'
const DAILY = '1.0.99.2.0.255'
const BILLING = '0.0.98.1.0.255'

/** A meter with two rates that has lived for an hour and seen its first midnight and end of billing. */
function meterOn(board: BoardName) {
  const day = {
    id: 1,
    switches: [
      { at: '00:00', rate: 1 },
      { at: '00:30', rate: 2 },
    ],
  }
  const meter = { tariff: { rates: 2, days: [day] } }
  const rig = quietRig({ start_ms: Date.UTC(2026, 0, 5, 22, 45), config: { world: { board, wander: false }, meter } })
  switchOn(rig, 'kettle')
  rig.run(HOUR_MS)
  expect(rig.core.endBilling()).toBe(true)
  const view = new DlmsView({
    core: rig.core,
    config: rig.machine.options.config.meter,
    version: '0.2.0',
    authenticate: (_sap, secret) => sameSecret(secret, ascii(MANAGER_SECRET)),
  })
  return { rig, reader: new Reader(view, MANAGEMENT_CLIENT) }
}

type ListEntry = readonly [classId: number, version: number, name: string, rights: [[number, number][], unknown]]

const columnsOf = (reader: Reader, name: string): string[] =>
  (reader.get(7, name, 3) as [number, string, number, number][]).map(([, column, attribute]) => {
    return `${logicalNameText(fromHex(column)).replace(/^\d+\.\d+\.|\.255$/g, '')}${attribute === 2 ? '' : ` ${attribute}`}`
  })

/** Registers of what the IC measures: group C and what has rates. */
const BOARDS = [
  { board: 'virtual-plug', model: 'Ferraris 1P', quantities: [1] },
  { board: 'virtual-1p', model: 'Ferraris 1P', quantities: [1, 2] },
  { board: 'virtual-1pn', model: 'Ferraris 1P', quantities: [1, 2, 3, 4] },
] as const

describe.each(BOARDS)('DLMS on the board $board', ({ board, model, quantities }) => {
  const { rig, reader } = meterOn(board)
  const list = reader.get(15, '0.0.40.0.0.255', 2) as ListEntry[]
  const names = list.map(([classId, , name]) => `${classId} ${logicalNameText(fromHex(name))}`)
  /** Groups C of the electricity objects, without those of the meter itself. */
  const groups = names.map((name) => name.split(/[ .]/).map(Number)).filter(([, a, , c]) => a === 1 && c > 0 && c < 96)

  test('every attribute of the object list can be read', () => {
    expect(new Set(names).size).toBe(names.length)
    for (const [classId, , name, [attributes]] of list) {
      const text = logicalNameText(fromHex(name))
      for (const [attribute, access] of attributes) {
        if (access !== 0 && access !== 2)
          expect(() => reader.get(classId, text, attribute), `${classId} ${text} ${attribute}`).not.toThrow()
      }
    }
    expect(Buffer.from(reader.get(1, '0.0.96.1.1.255', 2) as string, 'hex').toString()).toBe(model)
  })

  test('nothing of L2 and L3, nothing that the IC does not count', () => {
    const phases = groups.filter(([classId, , , c]) => classId === 3 && c > 40 && c < 80)
    expect(phases).toEqual([])
    const counted = new Set(groups.filter(([, , , c, d]) => c < 5 && [2, 4, 5, 6, 8].includes(d)).map(([, , , c]) => c))
    expect([...counted].sort()).toEqual([...quantities])
    for (const quantity of quantities) {
      for (const rate of [0, 1, 2]) expect(names).toContain(`3 1.0.${quantity}.8.${rate}.255`)
      expect(names).toContain(`5 1.0.${quantity}.4.0.255`)
    }
    for (const code of ['1.0.1.7.0.255', '1.0.21.7.0.255', '1.0.32.7.0.255', '1.0.31.7.0.255']) expect(names).toContain(`3 ${code}`)
    expect(names.includes('3 1.0.91.7.0.255')).toBe(board === 'virtual-1pn')
  })

  test('columns of the profiles, and their values', () => {
    expect(columnsOf(reader, LOAD_PROFILE)).toEqual(['1.0.0', '96.10.1', ...quantities.map((c) => `${c}.8.0`)])
    expect(columnsOf(reader, DAILY).filter((name) => name.includes('.8.'))).toEqual(
      quantities.flatMap((c) => [0, 1, 2].map((rate) => `${c}.8.${rate}`)),
    )
    const billing = columnsOf(reader, BILLING)
    expect(billing.filter((name) => /\.6\.0$/.test(name))).toEqual(quantities.map((c) => `${c}.6.0`))
    const rows = reader.get(7, LOAD_PROFILE, 2) as (string | number)[][]
    expect(rows).toHaveLength(4)
    for (const row of rows) expect(row).toHaveLength(2 + quantities.length)
    const last = rows[3][2] as number
    // An hour of the kettle.
    expect(Math.abs(last - 2000)).toBeLessThan(10)
    expect(reader.get(3, '1.0.1.8.0.255', 2)).toBeGreaterThanOrEqual(last)
    expect((reader.get(7, BILLING, 2) as unknown[][])[0]).toHaveLength(billing.length)
    const rates = [1, 2].map((rate) => rig.core.energy.rateCount(0, rate))
    expect(rates[0] + rates[1]).toBe(rig.core.energy.count(0, 0))
    expect(Math.min(...rates)).toBeGreaterThan(0)
  })
})
