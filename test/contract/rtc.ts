import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { RealTimeClock } from '../../src/core/clock/real-time-clock.ts'
import type { I2CBus } from '../../src/world/i2c-bus.ts'

/** A chip on a bus, its driver, and the world's hand on both. */
export interface RtcUnderTest {
  readonly rtc: RealTimeClock & { close(): void }
  readonly bus: I2CBus
  readonly chip: { powerOff(): void; powerOn(): void; garble(byte?: number): void }
  /** Lets true time pass. */
  advance(ms: number): void
  /** The store lasts so long. */
  readonly reserve_s: number
  /** Starts the driver again, as after a restart of the processor. */
  restart(): RealTimeClock
}

const DAY_S = 86_400
const NOON_S = Date.UTC(2026, 5, 15, 12) / 1000
const LAST_S = Date.UTC(2099, 11, 31, 23, 59, 59) / 1000

/** What every RTC with its driver has to do. */
export function rtcContract(name: string, open: () => RtcUnderTest): void {
  describe(`rtc: ${name}`, () => {
    let under: RtcUnderTest
    const shown = () => {
      const { state, utc_s } = under.rtc.sample()
      return { state, utc_s }
    }
    /** Sets the time at its moment of the second: the next one begins in `1000 - setPhase_ms`. */
    const set = (utc_s: number) => {
      expect(under.rtc.set(utc_s)).toBe(true)
      under.advance(1000 - under.rtc.setPhase_ms)
    }
    beforeEach(() => {
      under = open()
    })

    test('a new chip has lost its time; set, it keeps it', () => {
      expect(shown()).toEqual({ state: 'lost', utc_s: 0 })
      expect(under.rtc.set(NOON_S)).toBe(true)
      expect(shown()).toEqual({ state: 'set', utc_s: NOON_S })
      under.advance(10_500 - under.rtc.setPhase_ms)
      expect(shown()).toEqual({ state: 'set', utc_s: NOON_S + 10 })
    })

    test('seconds begin with the phase of the moment at which it was set', () => {
      set(NOON_S)
      under.advance(-5 + 1000)
      expect(shown().utc_s).toBe(NOON_S + 1)
      under.advance(10)
      expect(shown().utc_s).toBe(NOON_S + 2)
    })

    test('every moment from 2000 to 2099 comes back', () => {
      const moments = fc.integer({ min: 946_684_800, max: LAST_S - 1 })
      fc.assert(
        fc.property(moments, (utc_s) => {
          set(utc_s)
          under.advance(5)
          expect(shown()).toEqual({ state: 'set', utc_s: utc_s + 1 })
        }),
        { numRuns: 200 },
      )
    })

    test('each new year and each end of February', () => {
      for (let year = 2000; year < 2100; year++) {
        for (const [month, day] of [
          [2, 1],
          [1, 29],
          [0, 1],
        ]) {
          const midnight_s = Date.UTC(year, month, day) / 1000
          if (midnight_s === 946_684_800) continue
          set(midnight_s - 1)
          under.advance(5)
          expect(shown(), `${year}-${month + 1}-${day}`).toEqual({ state: 'set', utc_s: midnight_s })
        }
      }
    })

    test('what is beyond the chip is refused and changes nothing', () => {
      set(NOON_S)
      for (const wrong of [946_684_799, LAST_S + 1, 0.5, Number.NaN]) expect(() => under.rtc.set(wrong)).toThrow(RangeError)
      expect(shown().state).toBe('set')
      set(LAST_S)
      under.advance(2000)
      expect(shown().state, 'after 2099').not.toBe('fault')
    })

    test('the time survives a power failure as long as the store lasts, and not longer', () => {
      set(NOON_S)
      under.chip.powerOff()
      expect(shown().state).toBe('fault')
      under.advance((under.reserve_s - 60) * 1000)
      under.chip.powerOn()
      const { state, utc_s } = under.restart().sample()
      expect(state).toBe('set')
      // On its store a clock may be wrong by 1 s a day.
      expect(Math.abs(utc_s - (NOON_S + 1 + under.reserve_s - 60))).toBeLessThanOrEqual(1 + under.reserve_s / DAY_S)
      under.chip.powerOff()
      under.advance((under.reserve_s + 60) * 1000)
      under.chip.powerOn()
      expect(under.restart().sample()).toMatchObject({ state: 'lost', utc_s: 0 })
      // Until it is set.
      under.advance(DAY_S * 1000)
      expect(shown().state).toBe('lost')
      set(NOON_S)
      expect(shown().state).toBe('set')
    })

    test('registers that hold no time are a lost time', () => {
      for (const byte of [0xff, 0x5a, 0x00, 0x3f]) {
        set(NOON_S)
        under.chip.garble(byte)
        expect(shown(), `${byte}`).toEqual({ state: 'lost', utc_s: 0 })
        under.advance(5000)
        expect(shown().state).toBe('lost')
      }
      set(NOON_S)
      expect(shown().state).toBe('set')
    })

    test('a bus that fails is a fault, and nothing is lost', () => {
      set(NOON_S)
      const start_s = shown().utc_s
      const faults: (readonly [string, () => void, () => void])[] = [
        ['nobody answers', () => under.bus.refuse(1000), () => under.bus.refuse(0)],
        ['data held', () => under.bus.hold('data'), () => under.bus.hold(undefined)],
        ['clock held', () => under.bus.hold('clock'), () => under.bus.hold(undefined)],
        ['stretched for too long', () => under.bus.stretch(30_000), () => under.bus.stretch(0)],
      ]
      for (const [what, begin, end] of faults) {
        begin()
        expect(shown(), what).toEqual({ state: 'fault', utc_s: 0 })
        expect(under.rtc.set(NOON_S), what).toBe(false)
        end()
        expect(shown(), what).toEqual({ state: 'set', utc_s: start_s })
      }
      under.bus.refuse(1)
      expect(shown().state, 'a single refusal').toBe('set')
    })

    test('a single disturbed byte never shows as a time', () => {
      set(NOON_S)
      const start_s = shown().utc_s
      for (let index = 0; index < 10; index++) {
        for (let bit = 0; bit < 8; bit++) {
          under.bus.corrupt(index, 1 << bit)
          expect(shown(), `byte ${index}, bit ${bit}`).toEqual({ state: 'set', utc_s: start_s })
        }
      }
    })

    test('the processor dies in the middle of setting: the time is the old one, the new one, or known to be lost', () => {
      const NEW_S = Date.UTC(2031, 10, 28, 23, 58, 57) / 1000
      let whole = false
      for (let cut = 0; !whole; cut++) {
        expect(cut).toBeLessThan(200)
        set(NOON_S)
        let died = false
        under.bus.cutAfter(cut, () => {
          died = true
          under.bus.hold('data')
        })
        const taken = under.rtc.set(NEW_S)
        whole = taken && !died
        under.bus.hold(undefined)
        under.bus.cutAfter(undefined)
        const { state, utc_s } = under.restart().sample()
        if (state === 'set') expect([NOON_S, NOON_S + 1, NEW_S, NEW_S + 1], `cut after ${cut} bytes`).toContain(utc_s)
        else expect(state).toBe('lost')
        if (whole) expect(utc_s).toBe(NEW_S)
      }
    })

    test('close may be called twice, other methods throw afterwards', () => {
      const { rtc } = under
      rtc.close()
      rtc.close()
      expect(() => rtc.sample()).toThrow()
      expect(() => rtc.set(NOON_S)).toThrow()
    })
  })
}
