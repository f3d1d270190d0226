import { describe, expect, test } from 'vitest'
import { ProfileStatus, StandardEvent } from '../../src/core/events/codes.ts'
import { profileValue } from '../../src/core/profile/load-profile.ts'
import { MeteringStatus } from '../../src/lib/metering-sample.ts'
import type { Task } from '../../src/world/scheduler.ts'
import { wrap } from '../protocols/dlms/bytes.ts'
import { aarq, getNormal } from '../protocols/dlms/client.ts'
import { HOUR_MS, Rig, type RigOptions } from './rig.ts'
import { TestNetwork } from './supervision-network.ts'

const MINUTE_MS = 60_000
const SECOND_US = 1_000_000
/** APenergyT: what the IC has counted of active import in sum. */
const ACTIVE_IMPORT = 0x80
const SYSTEM_ERROR = 'Measurement system error'
const ASSOCIATE = wrap(aarq({ secret: '12345678' }), 17)
const POWER_FAILURES = wrap(getNormal(1, '0.0.96.7.0.255', 2), 17)
const ENERGY = wrap(getNormal(3, '1.0.1.8.0.255', 2), 17)

function networkRig(options: RigOptions = {}) {
  const network = new TestNetwork()
  const rig = new Rig({ ...options, network, config: { meter: { face: { enabled: false } } } })
  rig.run(MINUTE_MS)
  return { rig, network }
}

const healthOf = (rig: Rig, name: string) => rig.machine.meter?.health.find((part) => part.name === name)
const bookedCounts = (rig: Rig) => rig.core.energy.count(0, 0)

/** Lets time pass in small steps; registers never decrease, and never pass what the IC has counted. */
function watch(rig: Rig, duration_ms: number, step_ms = 7000): void {
  let before = bookedCounts(rig)
  for (let passed_ms = 0; passed_ms < duration_ms; passed_ms += step_ms) {
    rig.run(step_ms)
    const now = bookedCounts(rig)
    expect(now).toBeGreaterThanOrEqual(before)
    expect(now).toBeLessThanOrEqual(rig.machine.chip.generated(ACTIVE_IMPORT))
    before = now
  }
}

/** What the IC has counted and the meter does not have. */
const missingCounts = (rig: Rig) => rig.machine.chip.generated(ACTIVE_IMPORT) - rig.machine.chip.peek(ACTIVE_IMPORT) - bookedCounts(rig)

describe('the metering IC', () => {
  test.each([0, 1] as const)('bus stuck at %d for an hour: one event, nothing booked, then it goes on within seconds', (level) => {
    const rig = new Rig()
    rig.run(HOUR_MS)
    const before = bookedCounts(rig)
    rig.machine.chip.stick(level)
    watch(rig, HOUR_MS)
    expect(bookedCounts(rig)).toBe(before)
    expect(rig.events.filter((text) => text === SYSTEM_ERROR)).toHaveLength(1)
    expect(healthOf(rig, 'metering')).toMatchObject({ state: 'waiting', episodes: 1 })
    expect(rig.core.profile.lastStatus & ProfileStatus.dataNotValid).not.toBe(0)
    rig.machine.chip.stick(undefined)
    rig.run(10_000)
    expect(healthOf(rig, 'metering')?.state).toBe('running')
    expect(rig.core.now.status & MeteringStatus.fault).toBe(0)
    const back = bookedCounts(rig)
    watch(rig, HOUR_MS)
    expect(bookedCounts(rig)).toBeGreaterThan(back)
    expect(rig.machine.generation).toBe(1)
  })

  test('a bus that dies for some seconds again and again loses and doubles nothing, whoever repairs it', () => {
    const rig = new Rig()
    rig.run(HOUR_MS)
    for (let seconds = 1; seconds <= 16; seconds++) {
      rig.machine.chip.stick(seconds % 2 === 0 ? 0 : 1)
      watch(rig, seconds * 1000 + 300, 500)
      rig.machine.chip.stick(undefined)
      watch(rig, 20_000, 500)
      expect(missingCounts(rig)).toBe(0)
    }
    expect(healthOf(rig, 'metering')?.restarts).toBeGreaterThan(5)
  })

  test('a hundred spontaneous resets of the IC: each costs at most the second in which it happens', () => {
    const rig = new Rig()
    rig.run(HOUR_MS)
    for (let i = 0; i < 100; i++) {
      rig.run(5000)
      const held = rig.machine.chip.peek(ACTIVE_IMPORT)
      const missing = missingCounts(rig)
      rig.machine.chip.spontaneousReset()
      watch(rig, 5000, 500)
      expect(missingCounts(rig) - missing).toBeLessThanOrEqual(held + 1)
    }
    expect(rig.machine.generation).toBe(1)
    expect(rig.core.profile.lastStatus & ProfileStatus.dataNotValid).not.toBe(0)
    expect(rig.core.now.status & MeteringStatus.fault).toBe(0)
  })

  test('a profile entry that a gap touches says so, and the registers in it do not decrease', () => {
    const rig = new Rig()
    rig.run(HOUR_MS)
    rig.machine.chip.stick(1)
    rig.run(20 * MINUTE_MS)
    rig.machine.chip.stick(undefined)
    rig.run(HOUR_MS)
    const cursor = rig.core.profile.cursor(rig.core.profile.log.firstSequence)
    const marked: boolean[] = []
    let value = 0
    while (cursor.next()) {
      marked.push((cursor.status & ProfileStatus.dataNotValid) !== 0)
      expect(profileValue(cursor.payload, 0)).toBeGreaterThanOrEqual(value)
      value = profileValue(cursor.payload, 0)
    }
    expect(marked).toHaveLength(9)
    expect(marked.filter(Boolean).length).toBeGreaterThanOrEqual(2)
    expect(marked.slice(-2)).toEqual([false, false])
  })
})

describe('communication dies', () => {
  test('a service that throws at each answer: its connections end, the service is started again, and metering knows nothing of it', () => {
    const { rig, network } = networkRig()
    const before_mWh = rig.imported_mWh
    network.writeError = new Error('no buffer')
    for (let i = 0; i < 600; i++) {
      const peer = network.connect()
      peer?.send(ASSOCIATE)
      expect(peer?.gone ?? true).toBe(true)
      rig.run(6000)
    }
    const health = healthOf(rig, 'dlms')
    expect(health).toMatchObject({ lastReason: 'no buffer', episodes: 1 })
    expect(health?.restarts).toBeGreaterThan(5)
    expect(rig.imported_mWh).toBeGreaterThan(before_mWh + 100_000)
    expect(rig.core.profile.lastStatus & ProfileStatus.dataNotValid).toBe(0)
    expect(rig.machine.generation).toBe(1)
    network.writeError = undefined
    rig.run(300_000)
    const peer = network.connect()
    peer?.send(ASSOCIATE)
    expect(peer?.received[8]).toBe(0x61)
    expect(network.listeners).toBe(1)
  })

  test('a network that throws below the service: one restart, with all connections closed', () => {
    const { rig, network } = networkRig()
    const [first, second] = [network.connect(), network.connect()]
    network.readError = new Error('socket')
    first?.send(ASSOCIATE)
    expect([first?.gone, second?.gone, network.listeners]).toEqual([true, true, 0])
    network.readError = undefined
    rig.run(2000)
    expect(network.listeners).toBe(1)
    expect(healthOf(rig, 'dlms')).toMatchObject({ restarts: 1, faults: 1 })
  })

  test('a view that throws while a client reads: "hardware fault", and the connection goes on', () => {
    const { rig, network } = networkRig()
    const peer = network.connect()
    peer?.send(ASSOCIATE)
    Object.defineProperty(rig.core, 'powerFailures', {
      get: () => {
        throw new Error('broken register')
      },
    })
    for (let i = 0; i < 5; i++) {
      if (peer !== undefined) peer.received = []
      peer?.send(POWER_FAILURES)
      expect(peer?.received.slice(8)).toEqual([0xc4, 0x01, 0xc1, 0x01, 0x01])
    }
    if (peer !== undefined) peer.received = []
    peer?.send(ENERGY)
    expect(peer?.received.slice(8, 12)).toEqual([0xc4, 0x01, 0xc1, 0x00])
    expect(peer?.gone).toBe(false)
    expect(healthOf(rig, 'dlms')).toMatchObject({ faults: 5, episodes: 1, restarts: 0, lastReason: 'broken register' })
  })
})

describe('the core', () => {
  test('that throws once: services and sampling go on', () => {
    const { rig, network } = networkRig({ mayThrow: true })
    const second = rig.core.second
    let thrown = 0
    Object.assign(rig.core, {
      second: () => {
        if (thrown++ === 0) throw new Error('once')
        second.call(rig.core)
      },
    })
    rig.run(MINUTE_MS)
    expect(rig.machine.generation).toBe(1)
    expect(healthOf(rig, 'core')).toMatchObject({ faults: 1, lastReason: 'once' })
    expect(missingCounts(rig)).toBe(0)
    expect(network.connect()?.gone).toBe(false)
  })

  test('that throws every second is reset by the watchdog, and the registers are at most one save interval back', () => {
    const rig = new Rig({ mayThrow: true })
    rig.run(HOUR_MS + 30_000)
    const before_mWh = rig.imported_mWh
    Object.assign(rig.core, {
      second: () => {
        throw new Error('always')
      },
    })
    rig.run(7000)
    expect(rig.machine.generation).toBe(1)
    rig.run(3000)
    expect(rig.machine.generation).toBe(2)
    expect(rig.events.slice(1)).toEqual(['Watchdog reset'])
    expect(rig.imported_mWh).toBeGreaterThan(before_mWh - 25_000_000 / 60)
    expect(rig.core.powerFailures).toBe(0)
    // The IC kept its supply: what it counted while nobody asked is not lost.
    watch(rig, HOUR_MS)
    expect(rig.machine.generation).toBe(2)
  })

  test('a ticker that stops is found by the watchdog', () => {
    const rig = new Rig()
    rig.run(HOUR_MS)
    // After a step of the clock the meter sets its ticker anew; this is how the test gets hold of it.
    const { scheduler } = rig.machine
    const { after } = scheduler
    let ticker: Task | undefined
    scheduler.after = (delay_us, callback, repeat_us) => {
      const task = after.call(scheduler, delay_us, callback, repeat_us)
      if (repeat_us === SECOND_US) ticker = task
      return task
    }
    rig.core.shiftClock(300)
    rig.run(3000)
    scheduler.after = after
    expect(ticker).toBeDefined()
    const before_mWh = rig.imported_mWh
    if (ticker !== undefined) scheduler.cancel(ticker)
    rig.run(7000)
    expect(rig.machine.generation).toBe(1)
    rig.run(2000)
    expect(rig.machine.generation).toBe(2)
    expect(rig.events.slice(1)).toEqual(['Watchdog reset'])
    expect(rig.imported_mWh).toBeGreaterThan(before_mWh - 25_000_000 / 60)
    watch(rig, HOUR_MS)
    expect(rig.machine.generation).toBe(2)
  })

  test('that throws while it sets its ticker goes on', () => {
    const rig = new Rig({ mayThrow: true })
    rig.run(HOUR_MS)
    const clock = rig.core.time.clock as { now_ms: () => number }
    const { now_ms } = clock
    let reads = 0
    clock.now_ms = () => {
      if (++reads % 97 === 0) throw new Error('clock')
      return now_ms.call(clock)
    }
    rig.run(MINUTE_MS)
    Reflect.deleteProperty(clock, 'now_ms')
    watch(rig, MINUTE_MS)
    expect(healthOf(rig, 'core')?.state).toBe('running')
    expect(missingCounts(rig)).toBe(0)
  })
})

test('a full event log drops its oldest entries, and the sequence shows it', () => {
  const rig = new Rig({ trace: null })
  rig.run(MINUTE_MS)
  const { events } = rig.core.storage
  for (let i = 0; events.firstSequence === 1 && i < 10_000; i++) {
    rig.core.record(StandardEvent.selfCheckPassed)
    rig.run(1000)
  }
  expect(events.firstSequence).toBeGreaterThan(1)
  expect(events.count).toBe(events.nextSequence - events.firstSequence)
  const cursor = events.cursor(events.firstSequence)
  let expected = events.firstSequence
  while (cursor.next()) expect(cursor.sequence).toBe(expected++)
  expect(expected).toBe(events.nextSequence)
  expect(rig.core.standardLog.last?.sequence).toBe(events.nextSequence - 1)
})
