import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AlarmRegister } from '../../../src/core/events/alarm-register.ts'
import { ALARM_RULES, Alarm1, Alarm2 } from '../../../src/core/events/alarms-table.ts'
import { LogId, ProfileStatus, StandardEvent } from '../../../src/core/events/codes.ts'
import { ErrorRegister, MeterError } from '../../../src/core/events/error-register.ts'
import { FraudEvent, QualityEvent } from '../../../src/core/events/log-codes-table.ts'
import { blankStorage } from '../flash.ts'

const NOW_S = 1_767_614_400

function createAlarms(register: 1 | 2 = 1, settings = blankStorage().settings) {
  const logged: number[][] = []
  const pushed: number[] = []
  const alarms = new AlarmRegister({
    register,
    settings,
    log: (log, code, _utc_s, parameter) => logged.push([log, code, parameter]),
    onAlarm: (bits) => pushed.push(bits),
  })
  return { alarms, settings, logged, pushed, all: () => [alarms.register, alarms.filter, alarms.descriptor] }
}

describe('AlarmRegister', () => {
  test('events set bits, once each, and survive a restart', () => {
    const { alarms, settings, pushed, all } = createAlarms()
    alarms.event(LogId.fraud, FraudEvent.meterCoverRemoved)
    alarms.event(LogId.fraud, FraudEvent.magneticFieldDetected)
    alarms.event(LogId.standard, FraudEvent.meterCoverRemoved)
    alarms.event(LogId.standard, StandardEvent.watchdog)
    const bits = (1 << Alarm1.fraudAttempt) | (1 << Alarm1.watchdogError)
    expect(all()).toEqual([bits, 0xffffffff, bits])
    expect(pushed).toEqual([1 << Alarm1.fraudAttempt, 1 << Alarm1.watchdogError])
    expect(createAlarms(1, settings).all()).toEqual([bits, 0xffffffff, bits])
  })

  test('what the filter keeps out is nowhere', () => {
    const { alarms, pushed, all } = createAlarms()
    alarms.writeFilter(~(1 << Alarm1.fraudAttempt))
    alarms.event(LogId.fraud, FraudEvent.meterCoverRemoved)
    expect(all()).toEqual([0, 0xffffdfff, 0])
    expect(pushed).toEqual([])
  })

  test('a cause that is over leaves the register, and stays in the descriptor until it was fetched', () => {
    const { alarms, all, pushed } = createAlarms()
    alarms.event(LogId.quality, QualityEvent.phaseOutageL1 + 2)
    alarms.event(LogId.quality, QualityEvent.phaseReturnedL1 + 2)
    expect(all()).toEqual([0, 0xffffffff, 1 << Alarm1.phaseOutageL3])
    alarms.writeDescriptor(0)
    expect(all()).toEqual([0, 0xffffffff, 0])
    alarms.event(LogId.quality, QualityEvent.phaseOutageL1 + 2)
    expect(pushed).toHaveLength(2)
  })

  test('the management takes bits out, sets none, and that is logged', () => {
    const { alarms, logged, all } = createAlarms()
    alarms.event(LogId.standard, StandardEvent.powerUp)
    alarms.event(LogId.standard, StandardEvent.clockInvalid)
    alarms.writeRegister(0xffffffff, NOW_S)
    expect(logged).toEqual([])
    alarms.writeRegister(0xfffffff0 | 4, NOW_S)
    expect(logged).toEqual([[0, StandardEvent.alarmRegisterCleared, 1]])
    expect(all()[0]).toBe(4)
  })

  test('the second register has sags and swells', () => {
    const { alarms } = createAlarms(2)
    alarms.event(LogId.quality, QualityEvent.sagL1 + 1)
    alarms.event(LogId.quality, QualityEvent.swellL1)
    alarms.event(LogId.standard, StandardEvent.watchdog)
    expect(alarms.register).toBe((1 << Alarm2.sagL2) | (1 << Alarm2.swellL1))
  })

  test('any events and writes: unsigned, within the filter, and the same after a restart', () => {
    const step = fc.oneof(
      fc.constantFrom(...ALARM_RULES.filter(({ register }) => register === 1)),
      fc.record({ write: fc.constantFrom('writeRegister', 'writeFilter', 'writeDescriptor'), value: fc.integer() }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { alarms, settings, all } = createAlarms()
        for (const one of steps) {
          const before = alarms.register
          if ('code' in one) alarms.event(one.log, one.code)
          else if (one.write === 'writeRegister') alarms.writeRegister(one.value, NOW_S)
          else if (one.write === 'writeFilter') alarms.writeFilter(one.value)
          else alarms.writeDescriptor(one.value)
          expect(((alarms.register & ~before) >>> 0) & ~alarms.filter).toBe(0)
          for (const value of all()) expect(value).toBeGreaterThanOrEqual(0)
        }
        expect(createAlarms(1, settings).all()).toEqual(all())
      }),
      { numRuns: 50 },
    )
  })
})

describe('ErrorRegister', () => {
  function createErrors(settings = blankStorage().settings) {
    const logged: number[][] = []
    const errors = new ErrorRegister({ settings, log: (log, code, _utc_s, parameter) => logged.push([log, code, parameter]) })
    return { errors, settings, logged }
  }

  test('a fault is logged once; its bit stays when the cause is over, and over a restart', () => {
    const { errors, settings, logged } = createErrors()
    for (let i = 0; i < 3; i++) errors.set(MeterError.ram, true, NOW_S, 5)
    expect(errors.profileStatus).toBe(ProfileStatus.criticalError | ProfileStatus.dataNotValid)
    errors.set(MeterError.ram, false, NOW_S)
    expect([errors.bits, errors.active, errors.profileStatus]).toEqual([1 << MeterError.ram, 0, ProfileStatus.criticalError])
    expect(logged).toEqual([[0, StandardEvent.memoryRamError, 5]])
    expect(createErrors(settings).errors.bits).toBe(1 << MeterError.ram)
  })

  test('the management clears what is over, not what lasts', () => {
    const { errors, logged } = createErrors()
    errors.set(MeterError.ram, true, NOW_S)
    errors.set(MeterError.watchdog, true, NOW_S)
    errors.set(MeterError.watchdog, false, NOW_S)
    logged.length = 0
    errors.write(0, NOW_S)
    errors.write(0, NOW_S)
    expect(errors.bits).toBe(1 << MeterError.ram)
    expect(logged).toEqual([[0, StandardEvent.errorRegisterCleared, 1 << MeterError.watchdog]])
  })

  test('clock and battery go by themselves; neither makes values invalid', () => {
    const { errors } = createErrors()
    errors.set(MeterError.clockInvalid, true, NOW_S)
    errors.set(MeterError.replaceBattery, true, NOW_S)
    expect([errors.bits, errors.profileStatus, errors.critical]).toEqual([3, ProfileStatus.clockInvalid, false])
    errors.set(MeterError.clockInvalid, false, NOW_S)
    errors.set(MeterError.replaceBattery, false, NOW_S)
    expect([errors.bits, errors.profileStatus]).toEqual([0, 0])
  })
})
