import { describe, expect, test } from 'vitest'
import { ANY_PORTS, Ferraris } from '../support/ferraris.ts'
import { available, runPython, tellWhenSkipped } from './python.ts'

/** A foreign DLMS client reads meters with one phase. */
tellWhenSkipped()

interface Result {
  readonly reading: {
    readonly objects: readonly (readonly [classId: number, name: string])[]
    readonly energy: readonly [value_Wh: number, unit: number]
    readonly voltage: readonly [value_V: number, unit: number]
    readonly profile: { readonly columns: readonly (readonly [number, string, number])[]; readonly rows: number }
  }
}

const CLOCK = [8, '0.0.1.0.0.255', 2]
const STATUS = [1, '0.0.96.10.1.255', 2]

describe.skipIf(!available)('gurux-dlms and a meter with one phase', () => {
  test.each([
    ['virtual-plug', [1]],
    ['virtual-1p', [1, 2]],
    ['virtual-1pn', [1, 2, 3, 4]],
  ])('%s', async (board, quantities) => {
    const meter = new Ferraris(['run', '--board', board, '--history', '6h', ...ANY_PORTS])
    const port = await meter.dlmsPort()
    await meter.line(/^6h.* of history, now /m)
    const { reading } = JSON.parse(await runPython('dlms-gurux.py', ['127.0.0.1', String(port), '12345678'])) as Result
    expect((await meter.end('SIGTERM')).code).toBe(0)
    expect(reading.energy[0]).toBeGreaterThan(500)
    expect(Math.abs(reading.voltage[0] - 235)).toBeLessThan(25)
    expect(reading.profile.columns).toEqual([CLOCK, STATUS, ...quantities.map((c) => [3, `1.0.${c}.8.0.255`, 2])])
    expect(reading.profile.rows).toBeGreaterThanOrEqual(23)
    const names = reading.objects.map(([, name]) => name)
    expect(names.filter((name) => /^1\.0\.(4[1-9]|[567]\d)\./.test(name))).toEqual([])
    expect(names.some((name) => /^1\.0\.3\./.test(name))).toBe(quantities.includes(3))
    expect(names.some((name) => /^1\.0\.2\./.test(name))).toBe(quantities.includes(2))
  })
})
