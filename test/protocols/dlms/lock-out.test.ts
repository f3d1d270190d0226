import { beforeEach, describe, expect, test } from 'vitest'
import { LockOut } from '../../../src/protocols/dlms/lock-out.ts'

const CLIENT = 1
const OTHER = 17

describe('lock-out', () => {
  let now_ms: number
  let locks: [number, number][]
  let guard: LockOut

  beforeEach(() => {
    now_ms = 0
    locks = []
    guard = new LockOut([CLIENT, OTHER], { ticks_ms: () => now_ms, onLockOut: (sap, duration_ms) => locks.push([sap, duration_ms]) })
  })

  function wrong(times: number, sap = CLIENT): void {
    for (let i = 0; i < times; i++) expect(guard.admit(sap, () => false)).toBe(false)
  }
  const right = (sap = CLIENT) => guard.admit(sap, () => true)

  test('after five wrong secrets the right one is refused too, for a minute', () => {
    wrong(5)
    expect(locks).toEqual([[CLIENT, 60_000]])
    now_ms = 59_999
    expect(right()).toBe(false)
    now_ms = 60_000
    expect(right()).toBe(true)
  })

  test('a right secret in time forgets the wrong ones', () => {
    for (let i = 0; i < 10; i++) {
      wrong(4)
      expect(right()).toBe(true)
    }
    expect(locks).toEqual([])
  })

  test('secrets are not looked at while a client is refused, and do not make it longer', () => {
    wrong(5)
    let asked = 0
    for (let i = 0; i < 100; i++) guard.admit(CLIENT, () => ++asked > 0)
    expect([asked, locks.length]).toEqual([0, 1])
    now_ms = 60_000
    expect(right()).toBe(true)
  })

  test('each refusal is twice as long, up to a quarter of an hour; a right secret starts again', () => {
    for (let i = 0; i < 6; i++) {
      wrong(5)
      now_ms += 900_000
    }
    expect(locks.map(([, duration_ms]) => duration_ms / 1000)).toEqual([60, 120, 240, 480, 900, 900])
    expect(right()).toBe(true)
    wrong(5)
    expect(locks.at(-1)).toEqual([CLIENT, 60_000])
  })

  test('clients do not lock each other out', () => {
    wrong(5)
    expect(right(OTHER)).toBe(true)
    wrong(4, OTHER)
    expect(locks).toEqual([[CLIENT, 60_000]])
  })

  test('an unknown client is never asked', () => {
    expect(guard.admit(99, () => true)).toBe(false)
  })
})
