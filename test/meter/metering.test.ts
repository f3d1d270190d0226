import { describe, expect, test } from 'vitest'
import type { MeteringSource } from '../../src/core/metrology/source.ts'
import { createMeteringSample, MeteringStatus } from '../../src/lib/metering-sample.ts'
import { METERING_PAUSE_MAX_MS, PatientMetering, WaitBudget } from '../../src/meter/metering.ts'
import { FaultRecord } from '../../src/meter/supervisor.ts'

const UNIT = { numerator: 25, denominator: 8 }

/** Drivers that do what the test says, one count per sample. */
function bench(settle_ms?: number) {
  const time = { ms: 0 }
  const events: string[] = []
  const made_s: number[] = []
  let closed = 0
  const behaviour = { create: () => {}, sample: () => {}, status: 0, unit: UNIT }
  /** Where each driver reports what it throws by itself. */
  const faults: ((error: unknown) => void)[] = []
  const create = (onFault: (error: unknown) => void): MeteringSource => {
    faults.push(onFault)
    made_s.push(time.ms / 1000)
    behaviour.create()
    const sample = createMeteringSample()
    return {
      energyUnit: behaviour.unit,
      identification: { model: 'demo' },
      sample: () => {
        behaviour.sample()
        sample.activeImport[0] = behaviour.status === 0 ? 1 : 0
        sample.voltage_mV[0] = 230_000
        sample.status = behaviour.status
        return sample
      },
      acknowledge: () => behaviour.sample(),
      close: () => {
        closed++
      },
    }
  }
  const ticks_ms = () => time.ms
  const onFault = (_part: string, reason: string) => events.push(reason)
  const record = new FaultRecord('metering', { most_ms: METERING_PAUSE_MAX_MS, ticks_ms, onFault })
  const metering = new PatientMetering({ create, energyUnit: UNIT, settle_ms, ticks_ms, record })
  const pass = (seconds: number) => {
    let counts = 0
    for (let i = 0; i < seconds; i++) {
      time.ms += 1000
      counts += metering.sample().activeImport[0]
    }
    return counts
  }
  return { time, faults, events, made_s, behaviour, record, metering, pass, closed: () => closed }
}

describe('PatientMetering', () => {
  test('a driver that throws once: fault sample with the old values, a new driver a second later, one event', () => {
    const { behaviour, metering, made_s, closed, events, pass, record } = bench()
    expect(pass(10)).toBe(10)
    behaviour.sample = () => {
      throw new Error('bus')
    }
    expect(pass(1)).toBe(0)
    behaviour.sample = () => {}
    expect(metering.sample().status & MeteringStatus.fault).toBe(MeteringStatus.fault)
    expect(metering.sample().voltage_mV[0]).toBe(230_000)
    expect(metering.sample().activeImport[0]).toBe(0)
    expect([made_s, closed(), record.state]).toEqual([[0], 1, 'waiting'])
    expect(pass(1)).toBe(1)
    expect(made_s).toEqual([0, 12])
    expect(metering.identification.model).toBe('demo')
    expect(events).toEqual(['bus'])
  })

  test('a chip that answers late: no fault until the time for it is over, and none after its first answer', () => {
    const late = bench(3000)
    late.behaviour.status = MeteringStatus.fault
    late.pass(1)
    expect(late.metering.sample().status).toBe(MeteringStatus.fault | MeteringStatus.starting)
    late.behaviour.status = 0
    late.pass(1)
    expect(late.metering.sample().status).toBe(0)
    late.behaviour.status = MeteringStatus.fault
    expect(late.metering.sample().status).toBe(MeteringStatus.fault)
    expect(late.events).toEqual([])

    const dead = bench(3000)
    dead.behaviour.status = MeteringStatus.fault
    dead.pass(2)
    dead.pass(1)
    expect(dead.metering.sample().status).toBe(MeteringStatus.fault)
    dead.pass(4)
    expect([dead.events, dead.closed()]).toEqual([['the metering IC does not answer'], 1])
  })

  test('a driver that fails while nobody calls it is made again', () => {
    const { faults, pass, events, made_s, metering } = bench()
    pass(3)
    faults.at(-1)?.(new Error('byte'))
    expect(metering.sample().status & MeteringStatus.fault).toBe(MeteringStatus.fault)
    expect(pass(2)).toBe(2)
    expect([events, made_s]).toEqual([['byte'], [0, 4]])
  })

  test('the first sample of a new driver says that the configuration was written again', () => {
    const { behaviour, metering, pass, time } = bench()
    behaviour.sample = () => {
      throw new Error('bus')
    }
    pass(1)
    behaviour.sample = () => {}
    time.ms += 1000
    expect(metering.sample().status).toBe(MeteringStatus.reconfigured)
    expect(metering.sample().status).toBe(0)
  })

  test('five faulty samples in a row: a new driver, after pauses that end at 8 s', () => {
    const { behaviour, pass, made_s, events, closed } = bench()
    behaviour.status = MeteringStatus.fault
    pass(4)
    expect(closed()).toBe(0)
    pass(596)
    const gaps_s = made_s.slice(1).map((made, i) => made - made_s[i])
    expect(gaps_s.slice(0, 6)).toEqual([6, 6, 8, 12, 12, 12])
    expect(events).toEqual(['the metering IC does not answer'])
    behaviour.status = 0
    expect(pass(100)).toBeGreaterThanOrEqual(92)
  })

  test('four faulty samples and a good one, again and again: the driver stays', () => {
    const { behaviour, pass, made_s } = bench()
    for (let i = 0; i < 20; i++) {
      behaviour.status = MeteringStatus.fault
      pass(4)
      behaviour.status = 0
      pass(1)
    }
    expect(made_s).toEqual([0])
  })

  test('a driver that cannot be made: the meter lives, and tries again', () => {
    const { behaviour, pass, made_s, metering } = bench()
    behaviour.create = () => {
      throw new RangeError('no bus')
    }
    behaviour.sample = () => {
      throw new Error('gone')
    }
    pass(1)
    pass(60)
    expect(made_s.slice(0, 6)).toEqual([0, 2, 4, 8, 16, 24])
    expect(metering.identification.model).toBe('demo')
    behaviour.create = () => {}
    behaviour.sample = () => {}
    expect(pass(8)).toBeGreaterThan(0)
  })

  test('a sample that takes too long is a fault, but what it counted is booked', () => {
    const { behaviour, pass, time, metering, closed, events } = bench()
    behaviour.sample = () => {
      time.ms += 501
    }
    expect(metering.sample().status).toBe(MeteringStatus.fault)
    expect(pass(4)).toBe(4)
    expect([closed(), events]).toEqual([1, ['samples take too long']])
  })

  test('a driver that suddenly counts in another unit is not used', () => {
    const { behaviour, pass, events, closed } = bench()
    behaviour.sample = () => {
      throw new Error('bus')
    }
    pass(1)
    behaviour.sample = () => {}
    behaviour.unit = { numerator: 5, denominator: 1 }
    expect(pass(10)).toBe(0)
    expect(closed()).toBeGreaterThan(1)
    expect(events).toHaveLength(1)
  })

  test('an acknowledgement that throws ends the driver, not the meter', () => {
    const { behaviour, metering, record } = bench()
    behaviour.sample = () => {
      throw new Error('bus')
    }
    metering.acknowledge()
    metering.acknowledge()
    expect(record).toMatchObject({ faults: 1, state: 'waiting' })
  })

  test('closed: nothing is tried any more', () => {
    const { metering, pass, made_s, closed } = bench()
    metering.close()
    metering.close()
    expect(pass(100)).toBe(0)
    expect([made_s, closed()]).toEqual([[0], 1])
  })
})

test('WaitBudget: the sum counts, until it is renewed', () => {
  let waited_ms = 0
  const budget = new WaitBudget((duration_ms) => {
    waited_ms += duration_ms
  }, 100)
  for (let i = 0; i < 20; i++) budget.wait_ms?.(5)
  expect(() => budget.wait_ms?.(1)).toThrow(expect.objectContaining({ code: 'TIMEOUT' }))
  expect(waited_ms).toBe(100)
  budget.renew()
  budget.wait_ms?.(100)
  expect(waited_ms).toBe(200)
  expect(new WaitBudget(undefined, 100).wait_ms).toBeUndefined()
})
