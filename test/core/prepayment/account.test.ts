import '../../support/fast-check.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { CreditAccount, type CreditAccountOptions } from '../../../src/core/prepayment/account.ts'
import { decodeAccount, encodeAccount } from '../../../src/core/prepayment/account-state.ts'
import { EntryLock } from '../../../src/core/prepayment/entry-lock.ts'
import { isFriendly } from '../../../src/core/prepayment/friendly-hours.ts'
import { IDENTIFIERS_MAX, IdentifierList } from '../../../src/core/prepayment/identifier-list.ts'
import { Settings } from '../../../src/core/storage/settings.ts'
import { NorFlash, PowerLoss, type Tear } from '../../../src/world/chips/nor-flash.ts'

const EXTENT = { area: 1, firstBlock: 0, blocks: 4 } as const

/** Settings on a flash, and an import register whose counts are mWh. */
class AccountRig {
  readonly flash = new NorFlash(new MemoryFlash({ blocks: 4, blockLength: 1024 }))
  count = 0
  readonly events: [string, number][] = []
  settings!: Settings
  account!: CreditAccount

  start(options: Partial<CreditAccountOptions> = {}, active = true): this {
    this.settings = new Settings(this.flash, EXTENT)
    this.settings.mount()
    this.settings.prepare()
    this.account = new CreditAccount(
      {
        settings: this.settings,
        energy: { count: () => this.count, mWh: (counts) => counts },
        initial_Wh: 0,
        low_Wh: 1000,
        emergency_Wh: 0,
        emergencyAutomatic: false,
        onEvent: (event, value) => this.events.push([event, value]),
        ...options,
      },
      active,
    )
    return this
  }
}

const KWH_MWH = 1_000_000

describe('the account', () => {
  test('is tokens minus consumption, to the count', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(5 * KWH_MWH)), { maxLength: 40 }), (steps) => {
        const rig = new AccountRig().start()
        rig.count = 123_456_789
        let expected_mWh = -rig.count
        for (const [index, [paid, amount]] of steps.entries()) {
          if (paid) expect(rig.account.add(index + 1, amount)).toBe('ok')
          else rig.count += amount
          expected_mWh += paid ? amount : -amount
          rig.account.second(true)
          expect(rig.account.balance_mWh).toBe(expected_mWh)
          // A restart changes nothing.
          if (index % 7 === 0) rig.start()
          expect(rig.account.balance_mWh).toBe(expected_mWh)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('takes a token once, whatever comes between', () => {
    const rig = new AccountRig().start()
    expect(rig.account.add(7, KWH_MWH)).toBe('ok')
    expect([rig.account.add(7, KWH_MWH), rig.account.use(7), rig.account.clear(7)]).toEqual(['used', 'used', 'used'])
    rig.start()
    expect(rig.account.add(7, KWH_MWH)).toBe('used')
    for (let identifier = 100; identifier < 100 + IDENTIFIERS_MAX; identifier++) rig.account.add(identifier, 1)
    expect(rig.account.add(7, KWH_MWH)).toBe('old')
    expect(rig.account.balance_mWh).toBe(KWH_MWH + IDENTIFIERS_MAX)
  })

  test('holds what DLMS can show, and no more', () => {
    const rig = new AccountRig().start()
    expect(rig.account.add(1, 0x7fffffff * 1000)).toBe('ok')
    expect(rig.account.add(2, 1)).toBe('overflow')
    rig.count += 1
    expect(rig.account.add(2, 1)).toBe('ok')
  })

  test('warns once, and once more after it was well', () => {
    const rig = new AccountRig().start({ initial_Wh: 2000 })
    const told = (name: string) => rig.events.filter(([event]) => event === name).length
    rig.count = KWH_MWH
    rig.account.second(true)
    rig.start({ initial_Wh: 2000 }).account.second(true)
    expect(told('creditLow')).toBe(1)
    rig.account.add(1, 5 * KWH_MWH)
    rig.count = 7 * KWH_MWH
    expect([rig.account.second(true), rig.account.second(true)]).toEqual([true, true])
    expect([told('creditLow'), told('creditExhausted')]).toEqual([2, 1])
  })

  test('stays used up until there is credit again, and then wants the supply back', () => {
    const rig = new AccountRig().start({ initial_Wh: 1 })
    rig.count = 2000
    expect(rig.account.second(true)).toBe(true)
    // The register may have lost what was not saved: that is no new credit.
    rig.count = 500
    rig.start({ initial_Wh: 1 })
    expect([rig.account.exhausted, rig.account.reconnectDue]).toEqual([true, false])
    rig.account.add(1, 10)
    expect([rig.account.exhausted, rig.account.reconnectDue]).toEqual([false, true])
    rig.start({ initial_Wh: 1 })
    expect(rig.account.reconnectDue).toBe(true)
    rig.account.reconnected()
    expect(rig.start().account.reconnectDue).toBe(false)
  })

  test('rests while prepayment is off', () => {
    const rig = new AccountRig().start({ initial_Wh: 10 })
    rig.count = 4000
    rig.start({}, false)
    rig.count = 900_000
    rig.start({}, false)
    rig.count = 1_000_000
    rig.start()
    expect(rig.account.balance_mWh).toBe(6000)
    rig.count += 1000
    expect(rig.start().account.balance_mWh).toBe(5000)
  })

  test('clears credit and debt', () => {
    const rig = new AccountRig().start({ initial_Wh: 10 })
    expect(rig.account.clear(1)).toBe('ok')
    expect([rig.account.balance_mWh, rig.events.at(-1)]).toEqual([0, ['creditCleared', 10]])
    rig.count = 5000
    expect(rig.account.clear(2)).toBe('ok')
    expect([rig.account.balance_mWh, rig.events.at(-1)]).toEqual([0, ['creditCleared', 0]])
  })

  test('emergency credit without asking', () => {
    const options = { initial_Wh: 1, emergency_Wh: 5, emergencyAutomatic: true }
    const rig = new AccountRig().start(options)
    rig.count = 1000
    expect(rig.account.second(true)).toBe(false)
    expect([rig.account.emergencyTaken, rig.account.floor_mWh]).toEqual([true, -5000])
    rig.count = 6000
    expect(rig.account.second(true)).toBe(true)
    rig.account.add(1, 5000)
    expect(rig.account.emergencyTaken).toBe(true)
    rig.account.add(2, 1)
    expect(rig.account.emergencyTaken).toBe(false)
  })

  test('a key of a new era forgets the identifiers of the old one', () => {
    const rig = new AccountRig().start()
    rig.account.add(9, 1)
    expect(rig.account.enterEra(0)).toBe(true)
    expect(rig.account.judge(9)).toBe('used')
    rig.account.enterEra(1)
    expect(rig.account.judge(9)).toBe('new')
    expect(rig.start().account.era).toBe(1)
  })

  test('flash that takes no more: nothing is given', () => {
    const rig = new AccountRig().start()
    for (let block = 0; block < 4; block++) rig.flash.wearOut(block)
    const results = new Set<string>()
    for (let identifier = 0; identifier < 60; identifier++) {
      const before_mWh = rig.account.balance_mWh
      const result = rig.account.add(identifier, 5)
      results.add(result)
      expect(rig.account.balance_mWh - before_mWh).toBe(result === 'ok' ? 5 : 0)
    }
    expect(results).toContain('not-stored')
  })
})

describe('a power cut while a token is taken', () => {
  const tears: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage']
  test.each(tears)('credit and identifier come together or not at all: %s', (tear) => {
    let cuts = 0
    for (let operation = 1; operation < 400; operation++) {
      const rig = new AccountRig().start()
      rig.flash.cutAt(rig.flash.operations + operation, tear)
      let taken = 0
      let next = 1
      try {
        for (; next <= 60; next++) {
          rig.account.add(next, 10)
          taken = next
        }
        break
      } catch (error) {
        if (!(error instanceof PowerLoss)) throw error
      }
      cuts++
      rig.flash.powerOn()
      rig.start()
      const { balance_mWh } = rig.account
      expect([10 * taken, 10 * (taken + 1)], `operation ${operation}`).toContain(balance_mWh)
      expect(rig.account.judge(next), `operation ${operation}`).toBe(balance_mWh === 10 * taken ? 'new' : 'used')
    }
    expect(cuts).toBeGreaterThan(50)
  })
})

describe('what is stored', () => {
  test('is read back', () => {
    const identifiers = new IdentifierList(41, [42, 70_000, 0xffffff])
    const flags = { low: true, exhausted: false, emergency: true, reconnect: false, suspended: true }
    const state = { start: 2 ** 48 + 1, granted_mWh: -(2 ** 40) - 3, era: 200, ...flags, identifiers }
    expect(decodeAccount(encodeAccount(state))).toEqual(state)
    let full = new IdentifierList()
    for (let identifier = 0; identifier < 100; identifier++) full = full.with(identifier)
    expect(decodeAccount(encodeAccount({ ...state, identifiers: full }))?.identifiers).toEqual(full)
  })

  test('and never taken for something else', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeAccount(bytes)))
    expect(decodeAccount(Uint8Array.of(2))).toBeUndefined()
  })

  test('the base of the identifiers never falls', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffffff), { minLength: 1, maxLength: 200 }), (tokens) => {
        let list = new IdentifierList()
        const taken = new Set<number>()
        for (const identifier of tokens) {
          const verdict = list.judge(identifier)
          if (taken.has(identifier)) expect(verdict).not.toBe('new')
          if (verdict !== 'new') continue
          taken.add(identifier)
          const after = list.with(identifier)
          expect(after.base).toBeGreaterThanOrEqual(list.base)
          list = after
        }
      }),
    )
  })
})

test('friendly hours, over midnight and at the weekend', () => {
  const night = { from_h: 18, to_h: 8, weekend: true }
  expect([17, 18, 23, 0, 7, 8].map((hour) => isFriendly(night, hour, 3))).toEqual([false, true, true, true, true, false])
  expect([5, 6, 7].map((weekday) => isFriendly(night, 12, weekday))).toEqual([false, true, true])
  expect(isFriendly({ from_h: 5, to_h: 5, weekend: false }, 5, 7)).toBe(false)
})

test('the lock survives a restart, and opens for a right token only', () => {
  const { settings } = new AccountRig().start()
  let ticks_ms = 0
  const open = () => new EntryLock({ settings, ticks_ms: () => ticks_ms, attempts: 2, lockOut_s: 10 })
  let lock = open()
  expect([lock.wrong(), lock.remaining_s, lock.wrong(), lock.remaining_s]).toEqual([false, 0, true, 10])
  ticks_ms = 9_001
  lock = open()
  expect(lock.remaining_s).toBe(10)
  ticks_ms += 10_000
  expect([lock.remaining_s, lock.wrong()]).toEqual([0, true])
  ticks_ms += 10_000
  lock.right()
  expect([lock.wrong(), open().remaining_s]).toEqual([false, 0])
})
