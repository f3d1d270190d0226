import { describe, expect, test } from 'vitest'
import { ControlState } from '../../src/core/switch/control-modes.ts'
import { fromHex } from '../../src/lib/hex.ts'
import { encodeAmount } from '../../src/protocols/sts/amount.ts'
import { formatTokenNumber } from '../../src/protocols/sts/number.ts'
import { createTokenCipher, encodeToken, type TokenType } from '../../src/protocols/sts/token.ts'
import { HOUR_MS, Rig, type RigOptions } from './rig.ts'

/** CTSA01 of STS 531-1. */
const KEY = 'e653341f9d5bf36f'
const WATT = 2000
/** Of one second of the load, in mWh: what a second of delay costs at most. */
const SECOND_MWH = (WATT * 1000) / 3600
const MANUAL = 2

function token(type: TokenType, identifier: number, value: number, key = KEY): string {
  return formatTokenNumber(encodeToken({ type, fields: { random: 5, identifier, value } }, createTokenCipher('EA07', fromHex(key))))
}

const credit = (identifier: number, tenths_kWh: number) => token('electricityCredit', identifier, encodeAmount(tenths_kWh))

function rigWith(prepayment: object = {}, more: object = {}, options: Partial<RigOptions> = {}): Rig {
  const rig = new Rig({
    trace: null,
    ...options,
    config: {
      world: { load: 'none', appliances: [{ id: 'heater', name: 'Heater', active_W: WATT, on: true }] },
      meter: { prepayment: { enabled: true, decoderKey: KEY, lowCredit_Wh: 500, ...prepayment }, ...more },
    },
  })
  rig.run(10_000)
  return rig
}

function meterOf(rig: Rig) {
  const { meter } = rig.machine
  const { prepayment, supplySwitch } = meter ?? {}
  if (prepayment === undefined || supplySwitch === undefined) throw new Error('no prepayment')
  return { prepayment, account: prepayment.account, disconnector: supplySwitch.supply.disconnector }
}

const power_W = (rig: Rig) => rig.core.now.active_mW[0] / 1000

/** Runs until the supply is off; a second at a time. */
function runDown(rig: Rig, most_s = 7200): void {
  for (let second = 0; second < most_s && power_W(rig) > 0; second++) rig.run(1000)
}

describe('a prepayment meter', () => {
  test('disconnects in the second in which the credit is used up, and connects after a token', () => {
    const rig = rigWith({ initialCredit_Wh: 1000 }, { switch: { mode: 5 } })
    const { account, prepayment, disconnector } = meterOf(rig)
    runDown(rig)
    expect(disconnector.controlState).toBe(ControlState.readyForReconnection)
    expect(account.balance_mWh).toBeLessThanOrEqual(0)
    // The second of the decision, the moment of the relay, and one of the meter's start.
    expect(account.balance_mWh).toBeGreaterThan(-3 * SECOND_MWH)
    expect(rig.imported_mWh).toBeLessThan(1_000_000 + 3 * SECOND_MWH + 10 * SECOND_MWH)
    const off_mWh = rig.imported_mWh
    rig.run(HOUR_MS)
    expect(rig.imported_mWh).toBe(off_mWh)
    expect(rig.events).toEqual(expect.arrayContaining(['Credit low', 'Credit used up', 'Disconnected by the meter']))

    const owed_mWh = account.balance_mWh
    expect(prepayment.enter(credit(1000, 5), MANUAL)).toMatchObject({ result: 'accepted', credit_Wh: 500 })
    expect(account.balance_mWh).toBe(owed_mWh + 500_000)
    rig.run(3000)
    expect(power_W(rig)).toBeGreaterThan(0.9 * WATT)
    expect(prepayment.enter(credit(1000, 5), MANUAL).result).toBe('used')
    runDown(rig)
    expect(rig.imported_mWh - off_mWh).toBeGreaterThanOrEqual(500_000 + owed_mWh)
    expect(rig.imported_mWh - off_mWh).toBeLessThan(500_000 + 3 * SECOND_MWH)
  })

  test('waits for the hand of the customer where the control mode says so, and gives him nothing without credit', () => {
    const rig = rigWith({ initialCredit_Wh: 100 }, { switch: { mode: 4 } })
    const { prepayment, disconnector } = meterOf(rig)
    runDown(rig)
    expect(disconnector.trigger('manualReconnect')).toBe('not-now')
    expect(disconnector.trigger('remoteDisconnect')).toBe('success')
    expect(disconnector.trigger('remoteReconnect')).toBe('not-now')
    rig.run(5000)
    expect(power_W(rig)).toBe(0)
    prepayment.enter(credit(1, 10), MANUAL)
    rig.run(5000)
    expect(power_W(rig)).toBe(0)
    expect(disconnector.trigger('remoteReconnect')).toBe('success')
    rig.run(5000)
    expect(power_W(rig)).toBeGreaterThan(0.9 * WATT)
  })

  test('keeps account, identifiers and the open contact over a power failure', () => {
    const rig = rigWith({ initialCredit_Wh: 100 }, { switch: { mode: 5 } })
    meterOf(rig).prepayment.enter(credit(5000, 1), MANUAL)
    runDown(rig)
    const before_mWh = meterOf(rig).account.balance_mWh
    rig.machine.mains.disturbAll(0, 20_000)
    rig.run(60_000)
    const { account, prepayment, disconnector } = meterOf(rig)
    expect(account.balance_mWh).toBe(before_mWh)
    expect(disconnector.outputState).toBe(false)
    expect(prepayment.enter(credit(5000, 1), MANUAL).result).toBe('used')
    expect(prepayment.enter(credit(5001, 1), MANUAL).result).toBe('accepted')
    rig.run(5000)
    expect(power_W(rig)).toBeGreaterThan(0.9 * WATT)
  })

  test('emergency credit is taken on demand and paid back by the next token', () => {
    const rig = rigWith({ initialCredit_Wh: 100, emergencyCredit_Wh: 200 }, { switch: { mode: 5 } })
    const { account, prepayment } = meterOf(rig)
    runDown(rig)
    expect(account.exhausted).toBe(true)
    expect(prepayment.takeEmergency()).toBe(true)
    expect(prepayment.takeEmergency()).toBe(false)
    rig.run(15_000)
    expect(power_W(rig)).toBeGreaterThan(0.9 * WATT)
    runDown(rig)
    expect(account.balance_mWh).toBeLessThanOrEqual(-200_000)
    expect(prepayment.takeEmergency()).toBe(false)
    prepayment.enter(credit(1, 1), MANUAL)
    // Still owed, but above the floor: on again until that is used up.
    rig.run(15_000)
    expect(account.emergencyTaken).toBe(true)
    expect(power_W(rig)).toBeGreaterThan(0.9 * WATT)
    prepayment.enter(credit(2, 10), MANUAL)
    expect(account.emergencyTaken).toBe(false)
  })

  test('nobody is disconnected in friendly hours; what is used then is owed', () => {
    const start_ms = Date.UTC(2026, 0, 7, 16, 50)
    const friendly = { friendlyFrom_h: 18, friendlyTo_h: 19 }
    const rig = rigWith({ initialCredit_Wh: 600, ...friendly }, { switch: { mode: 5 } }, { start_ms })
    const { account } = meterOf(rig)
    rig.run(HOUR_MS)
    // 18:50 local time.
    expect(power_W(rig)).toBeGreaterThan(0.9 * WATT)
    expect(account.balance_mWh).toBeLessThan(-1_000_000)
    rig.run(HOUR_MS / 2)
    expect(power_W(rig)).toBe(0)
  })

  test('management tokens: power limit, clear credit, and what this meter does not know', () => {
    const rig = rigWith({ initialCredit_Wh: 100_000 })
    const { account, prepayment } = meterOf(rig)
    expect(prepayment.enter(token('powerLimit', 1, encodeAmount(1500)), MANUAL).result).toBe('accepted')
    expect(rig.machine.meter?.supplySwitch?.supply.limiter.settings.thresholdNormal).toBe(1500)
    for (const type of ['tariffRate', 'phaseUnbalance', 'waterFactor'] as const) {
      expect(prepayment.enter(token(type, 2, 1), MANUAL).result).toBe('function')
    }
    expect(prepayment.enter(token('waterCredit', 2, 1), MANUAL).result).toBe('function')
    expect(prepayment.enter(token('clearTamper', 2, 0), MANUAL).result).toBe('accepted')
    expect(prepayment.enter(token('clearTamper', 2, 0), MANUAL).result).toBe('used')
    expect(prepayment.enter(token('clearCredit', 3, 1), MANUAL).result).toBe('range')
    expect(prepayment.enter(token('clearCredit', 3, 0xffff), MANUAL).result).toBe('accepted')
    expect(account.balance_mWh).toBe(0)
    rig.run(3000)
    expect(power_W(rig)).toBe(0)
  })

  test('wrong tokens close the entry, and a restart does not open it', () => {
    const rig = rigWith({ attempts: 3, lockOut_s: 60, initialCredit_Wh: 10_000 })
    const wrong = token('electricityCredit', 1, 1, '0011223344556677')
    const enter = (text: string) => meterOf(rig).prepayment.enter(text, MANUAL).result
    expect([enter(wrong), enter(wrong), enter(wrong), enter(credit(1, 1))]).toEqual(['crc', 'crc', 'crc', 'locked'])
    expect(rig.events).toContain('Too many wrong tokens')
    rig.machine.mains.disturbAll(0, 20_000)
    rig.run(40_000)
    expect(enter(credit(1, 1))).toBe('locked')
    rig.run(60_000)
    expect(enter(wrong)).toBe('crc')
    expect(enter(credit(1, 1))).toBe('locked')
    rig.run(61_000)
    expect(enter(credit(1, 1))).toBe('accepted')
    expect([enter(wrong), enter(credit(2, 1))]).toEqual(['crc', 'accepted'])
  })
})
