import { beforeEach, describe, expect, test } from 'vitest'
import type { Network } from '../../hal/api/sockets.ts'
import { toHex } from '../../src/lib/hex.ts'
import { HOUR_MS, Rig } from './rig.ts'

interface Datagram {
  readonly bytes: Uint8Array
  readonly to: string
}

/** Where the meter's datagrams go; it takes connections from nobody. */
function postbox(): { network: Network; sent: Datagram[] } {
  const sent: Datagram[] = []
  const silent = class {
    readonly remoteAddress = undefined
    readonly remotePort = undefined
    readonly writable = 0
    read(): undefined {
      return undefined
    }
    write(): void {}
    close(): void {}
  }
  const UDP = class extends silent {
    override write(bytes?: Uint8Array, address?: string, port?: number): void {
      if (bytes !== undefined) sent.push({ bytes: bytes.slice(), to: `${address}:${port}` })
    }
  }
  return { network: { TCP: silent, Listener: silent, UDP }, sent }
}

const QUIET = { dlms: { enabled: false }, face: { enabled: false } }
const PUSH = { ...QUIET, push: { address: '192.0.2.1', port: 4060 } }

let box: ReturnType<typeof postbox>
beforeEach(() => {
  box = postbox()
})

function rigWith(holdUp_ms: number, meter: object = PUSH): Rig {
  return new Rig({ network: box.network, config: { meter, world: { holdUp_ms } } })
}

describe('the last gasp', () => {
  test('is one data-notification when the supply fails, and one when it is back', () => {
    const rig = rigWith(500)
    rig.run(HOUR_MS)
    expect(box.sent).toEqual([])
    rig.machine.mains.disturbAll(0, 60_000)
    rig.run(400)
    expect(box.sent.map(({ to }) => to)).toEqual(['192.0.2.1:4060'])
    // Wrapper: version 1, from logical device 1 to the public client; tag 15, invoke id 1 with high priority.
    expect(toHex(box.sent[0].bytes)).toMatch(/^00010001001000..0f800000010c/)
    rig.run(120_000)
    expect(box.sent).toHaveLength(2)
    // The last three values: event code, register 1.8.0, number of the message.
    const codes = box.sent.map(({ bytes }) => toHex(bytes.subarray(-12)))
    expect(codes[0]).toMatch(/^110106.{8}0600000001$/)
    // Numbers are reserved in batches: what a start leaves of one is skipped.
    expect(codes[1]).toMatch(/^110206.{8}06000000..$/)
    expect(codes[1].slice(-2)).not.toBe('01')
  })

  test('leaves only when the energy is enough for it; the save comes first', () => {
    const rig = rigWith(160)
    rig.run(HOUR_MS + 34_000)
    const before_mWh = rig.imported_mWh
    rig.machine.mains.disturbAll(0, 60_000)
    rig.run(120_000)
    expect(box.sent).toHaveLength(1)
    expect(toHex(box.sent[0].bytes.subarray(-12))).toMatch(/^1102/)
    expect(rig.imported_mWh).toBeGreaterThanOrEqual(before_mWh)
    expect(rig.events).toEqual(['Power up', 'Power down', 'Power up', 'failure of 60 s'])
  })

  test('flickers send no message each', () => {
    const rig = rigWith(500)
    rig.run(HOUR_MS)
    for (let i = 0; i < 50; i++) {
      rig.machine.mains.disturbAll(0, 200)
      rig.run(1200)
    }
    rig.run(10_000)
    expect(box.sent).toHaveLength(2)
  })
})

describe('the energy of the capacitors', () => {
  test('whatever there is of it, nothing is lost but what was not saved yet', () => {
    let saved = 0
    for (let holdUp_ms = 55; holdUp_ms <= 90; holdUp_ms++) {
      const rig = rigWith(holdUp_ms, QUIET)
      rig.run(600_000 + 34_000)
      const before_mWh = rig.imported_mWh
      rig.machine.mains.disturbAll(0, 60_000)
      rig.run(60_200)
      const after_mWh = rig.imported_mWh
      // The last scheduled save was at most a minute ago, at less than 10 kW.
      expect(after_mWh).toBeGreaterThan(before_mWh - 10_000_000 / 60)
      rig.run(10_000)
      expect(rig.core.storage.report.damaged).toBe(0)
      expect(rig.events.filter((text) => text === 'Power down')).toHaveLength(1)
      expect(rig.core.storage.lateErases).toBe(0)
      if (after_mWh >= before_mWh) saved = saved === 0 ? holdUp_ms : saved
      else saved = 0
    }
    // The IC decides 63 ms after the voltage is gone; a save and an event follow in a few milliseconds.
    expect(saved).toBeGreaterThan(63)
    expect(saved).toBeLessThan(70)
  })

  test('fifty flickers that kill the meter each time are one failure, and wear nothing', () => {
    const rig = rigWith(100, QUIET)
    rig.run(HOUR_MS)
    const before_mWh = rig.imported_mWh
    const { flash } = rig.machine
    const wear = [...flash.wear]
    const programmed = flash.programmed_bytes
    for (let i = 0; i < 50; i++) {
      rig.machine.mains.disturbAll(0, 200)
      rig.run(1200)
    }
    rig.run(10_000)
    expect(rig.machine.generation).toBe(51)
    expect(rig.events).toEqual(['Power up', 'Power down', 'Power up', 'failure of 59 s'])
    expect(rig.core.powerFailures).toBe(1)
    expect(rig.imported_mWh).toBeGreaterThanOrEqual(before_mWh)
    const erases = [...flash.wear].reduce((sum, count, block) => sum + count - wear[block], 0)
    expect(erases).toBeLessThan(6)
    // A save for each flicker, and one pair of events: the starts themselves write nothing.
    expect(flash.programmed_bytes - programmed).toBeLessThan(50 * 112)
  })
})

describe('an alarm', () => {
  test('is one data-notification with the descriptors; what follows within a minute waits for one more', () => {
    const rig = rigWith(500)
    rig.run(60_000)
    rig.machine.board.tamper('meterCover', true)
    rig.run(5000)
    // The last three values: descriptors 1 (power up, fraud) and 2, number of the message.
    expect(box.sent.map(({ bytes }) => toHex(bytes.subarray(-15)))).toEqual(['060000200406000000000600000001'])
    rig.machine.mains.disturb(0, 0.7, 2000)
    rig.machine.mains.disturb(1, 0.7, 2000)
    rig.machine.board.tamper('terminalCover', true)
    rig.run(30_000)
    expect(box.sent).toHaveLength(1)
    rig.run(60_000)
    expect(box.sent.map(({ bytes }) => toHex(bytes.subarray(-15)))[1]).toBe('060000200406000000030600000002')
    rig.run(HOUR_MS)
    expect(box.sent).toHaveLength(2)
  })

  test('that the filter keeps out is not sent', () => {
    const rig = rigWith(500)
    rig.run(60_000)
    rig.core.watch.alarms[0].writeFilter(0)
    rig.machine.board.tamper('meterCover', true)
    rig.run(10_000)
    expect(box.sent).toEqual([])
  })
})
