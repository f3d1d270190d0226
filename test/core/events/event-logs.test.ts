import { describe, expect, test } from 'vitest'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { LogId, StandardEvent, standardEventText } from '../../../src/core/events/codes.ts'
import { EventLog } from '../../../src/core/events/event-log.ts'
import { EventLogs } from '../../../src/core/events/event-logs.ts'
import type { LoggedEvent } from '../../../src/core/events/group-log.ts'
import { CommunicationEvent, eventText, FraudEvent, QualityEvent } from '../../../src/core/events/log-codes-table.ts'
import { type OpenCodes, openEvents } from '../../../src/core/events/open-events.ts'
import { openStorage } from '../../../src/core/storage/storage.ts'
import { SwitchEvent } from '../../../src/core/switch/events.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { NorFlash, PowerLoss, type Tear } from '../../../src/world/chips/nor-flash.ts'

const NOW_S = 1_767_614_400
const SHAPE = { blocks: 512, blockLength: 4096, writeAlign: 16 } as const
const { fraud, quality, disconnector, communication } = LogId

function createLogs(flash = new MemoryFlash(SHAPE), told: LoggedEvent[] = []) {
  const storage = openStorage(flash)
  const logs = new EventLogs(storage, (event) => told.push(event))
  logs.start(NOW_S)
  return { logs, storage, flash, told }
}

const short = (events: readonly LoggedEvent[] | undefined) => events?.map(({ sequence, code, parameter }) => [sequence, code, parameter])

describe('EventLogs', () => {
  test('each log has its own numbers; a code means something only with its log', () => {
    const { logs, told, flash } = createLogs()
    logs.add(fraud, FraudEvent.secretChanged, NOW_S, 7, 8)
    logs.add(quality, QualityEvent.sagEndedL1, NOW_S + 1, 250, 190_000)
    logs.add(LogId.standard, StandardEvent.firmwareRolledBack, NOW_S + 2)
    logs.add(disconnector, SwitchEvent.remoteDisconnection, NOW_S + 3)
    logs.add(communication, CommunicationEvent.clientConnected, NOW_S + 4, 17)
    const expected = [
      { sequence: 1, utc_s: NOW_S, code: 200, parameter: 7, value: 8, log: fraud },
      { sequence: 1, utc_s: NOW_S + 1, code: 200, parameter: 250, value: 190_000, log: quality },
      { sequence: 1, utc_s: NOW_S + 2, code: 200, parameter: 0, value: 0, log: 0 },
      { sequence: 1, utc_s: NOW_S + 3, code: 62, parameter: 0, value: 0, log: disconnector },
      { sequence: 1, utc_s: NOW_S + 4, code: 200, parameter: 17, value: 0, log: communication },
    ]
    expect(told).toEqual(expected)
    const again = createLogs(flash).logs
    expect(again.all().map((log) => log.last)).toEqual([2, 0, 3, 1, 4].map((index) => expected[index]))
    expect(expected.map(({ log, code }) => eventText(log, code))).toEqual([
      'Secret changed',
      'Voltage sag L1 ended',
      'Firmware rolled back',
      'Disconnected remotely',
      'Client connected',
    ])
  })

  test('events of the log before there were values are read as they were', () => {
    const { storage } = createLogs()
    new EventLog(storage.events).add(StandardEvent.powerUp, NOW_S, 90)
    const logs = new EventLogs(storage)
    logs.add(LogId.standard, StandardEvent.powerDown, NOW_S + 1, 0xffffffff, 2 ** 40)
    expect(logs.standard.newest(5)).toMatchObject([
      { sequence: 2, parameter: 0xffffffff, value: 0xffffffff },
      { sequence: 1, parameter: 90, value: 0 },
    ])
    expect(new EventLog(storage.events).newest(1)[0].parameter).toBe(0xffffffff)
  })

  test('clearing a log is the first entry of what follows; numbers go on, other logs stay', () => {
    const { logs, flash } = createLogs()
    for (let i = 0; i < 10; i++) logs.add(fraud, FraudEvent.meterCoverRemoved, NOW_S + i)
    logs.add(quality, QualityEvent.sagL1, NOW_S)
    expect(logs.clear(fraud, NOW_S + 20)).toBe(true)
    logs.add(fraud, FraudEvent.meterCoverClosed, NOW_S + 21)
    const expected = [
      [12, 45, 0],
      [11, 255, 10],
    ]
    for (const { get } of [logs, createLogs(flash).logs].map((some) => ({ get: (id: number) => some.get(id) }))) {
      const log = get(fraud)
      expect(short(log?.newest(100))).toEqual(expected)
      expect([log?.count, log?.firstSequence, log?.nextSequence, log?.last?.code]).toEqual([2, 11, 13, 45])
      expect(log?.firstAtOrAfter(0)).toBe(11)
      expect(log?.latest(100)).toHaveLength(12)
      const cursor = log?.cursor(1)
      expect(cursor?.next() && cursor.sequence).toBe(11)
      expect(get(quality)?.count).toBe(1)
    }
    expect(eventText(fraud, 255)).toBe('Event log cleared')
  })

  test('an empty log can be cleared too, and again and again', () => {
    const { logs } = createLogs()
    for (let i = 0; i < 3; i++) logs.clear(LogId.standard, NOW_S + i)
    expect(short(logs.standard.newest(10))).toEqual([[3, 255, 1]])
  })

  const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage']
  test.each(TEARS)('power lost anywhere while a log is cleared, torn as %j: cleared and logged, or neither', (tear) => {
    const prepared = createLogs()
    for (let i = 0; i < 5; i++) prepared.logs.add(fraud, FraudEvent.meterCoverRemoved, NOW_S + i)
    const image = prepared.flash.image()
    const rig = (cut: number) => {
      const memory = new MemoryFlash(SHAPE)
      memory.load(image)
      const chip = new NorFlash(memory, { random: new SeededRandom(cut, 4) })
      return { chip, logs: new EventLogs(openStorage(chip)) }
    }
    const outcomes = new Set<number>()
    for (let cut = 1; ; cut++) {
      const { chip, logs } = rig(cut)
      chip.cutAt(cut, tear)
      let through = true
      try {
        logs.clear(fraud, NOW_S + 10)
      } catch (error) {
        if (!(error instanceof PowerLoss)) throw error
        through = false
      }
      if (through) break
      chip.powerOn()
      const again = new EventLogs(openStorage(chip))
      again.start(NOW_S + 30)
      const log = again.get(fraud)
      outcomes.add(log?.count ?? 0)
      if (log?.count === 1) expect([log.last?.code, log.last?.sequence]).toEqual([255, 6])
      else expect([log?.count, log?.last?.sequence]).toEqual([5, 5])
    }
    expect([...outcomes].sort()).toEqual([1, 5])
  })

  test('a log that lost its entries does not hide the new ones', () => {
    const { logs, storage, flash } = createLogs()
    for (let i = 0; i < 50; i++) logs.add(fraud, FraudEvent.meterCoverRemoved, NOW_S + i)
    logs.clear(fraud, NOW_S + 60)
    const extent = storage.fraud?.ring.extent
    const image = flash.image()
    const [from, to] = [extent?.firstBlock ?? 0, (extent?.firstBlock ?? 0) + (extent?.blocks ?? 0)]
    image.fill(0xff, from * SHAPE.blockLength, to * SHAPE.blockLength)
    flash.load(image)
    const again = createLogs(flash).logs
    expect(short(again.get(fraud)?.newest(5))).toEqual([[1, 255, 0]])
    again.add(fraud, FraudEvent.meterCoverClosed, NOW_S + 70)
    expect(createLogs(flash).logs.get(fraud)?.count).toBe(2)
  })

  test('where the flash is too small, the standard log takes all, and says whose events they are', () => {
    const { logs, flash } = createLogs(new MemoryFlash({ ...SHAPE, blocks: 64 }))
    expect(logs.get(fraud)).toBeUndefined()
    expect(logs.clear(fraud, NOW_S)).toBe(false)
    logs.add(fraud, FraudEvent.secretChanged, NOW_S)
    logs.add(LogId.standard, StandardEvent.firmwareRolledBack, NOW_S)
    for (const { standard } of [logs, createLogs(flash).logs]) {
      expect(standard.newest(5).map(({ log, code }) => eventText(log, code))).toEqual(['Firmware rolled back', 'Secret changed'])
    }
  })
})

describe('codes', () => {
  test('every code of every log has words of its own', () => {
    const tables = [
      [LogId.standard, StandardEvent],
      [fraud, FraudEvent],
      [quality, QualityEvent],
      [communication, CommunicationEvent],
      [disconnector, SwitchEvent],
    ] as const
    for (const [log, table] of tables) {
      const codes = Object.entries(table).flatMap(([name, code]) => (name.endsWith('L1') ? [code, code + 1, code + 2] : [code]))
      expect(new Set(codes).size, `log ${log}`).toBe(codes.length)
      for (const code of codes) {
        expect(code).toBeLessThanOrEqual(255)
        expect(eventText(log, code)).not.toMatch(/^Event \d/)
      }
    }
    expect([eventText(quality, 88), eventText(quality, 84), eventText(fraud, 203)]).toEqual([
      'Phase outage L3',
      'Voltage normal L2',
      'Current without voltage L3',
    ])
    expect([eventText(fraud, 1), eventText(3, 1), eventText(0, 1)]).toEqual(['Event 1', 'Event 1', standardEventText(1)])
  })
})

describe('openEvents', () => {
  test('are starts without an end, as far as the newest entries go', () => {
    const { logs } = createLogs()
    const pairs: OpenCodes[] = [
      { start: 77, end: 83 },
      { start: 80, end: 83 },
      { start: 93, end: 200 },
    ]
    for (const code of [77, 83, 80, 93, 200, 93]) logs.add(quality, code, NOW_S, code)
    const log = logs.get(quality)
    if (log === undefined) throw new Error('no log')
    expect([...openEvents(log, pairs).keys()]).toEqual([80, 93])
    for (let i = 0; i < 300; i++) logs.add(quality, 1, NOW_S)
    expect(openEvents(log, pairs).size).toBe(0)
  })
})
