import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostCrypto } from '../../../hal/host/crypto.ts'
import { LogId, ProfileStatus, StandardEvent } from '../../../src/core/events/codes.ts'
import { ErrorRegister, MeterError } from '../../../src/core/events/error-register.ts'
import { ClockWatch } from '../../../src/core/selftest/clock-watch.ts'
import { ImageDigest } from '../../../src/core/selftest/image-digest.ts'
import { faultyBytes, type Memory, testRam } from '../../../src/core/selftest/ram-pattern.ts'
import { SelfTest, type SelfTestOptions } from '../../../src/core/selftest/self-test.ts'
import { softwareIdentity } from '../../../src/core/selftest/software-identity.ts'
import { MeteringStatus } from '../../../src/lib/metering-sample.ts'
import { blankStorage } from '../flash.ts'

const START_S = 1_767_614_400

/** A memory with a fault, as a row of cells that a Proxy stands for. */
function faulty(length: number, handler: { get?: (at: number, value: number) => number; at?: (at: number) => number }): Memory {
  const cells = new Uint8Array(length)
  const place = (key: string | symbol) => handler.at?.(Number(key)) ?? Number(key)
  return new Proxy(cells, {
    get: (_, key) => {
      if (key === 'length') return length
      const value = cells[place(key)]
      return handler.get?.(Number(key), value) ?? value
    },
    set: (_, key, value) => {
      cells[place(key)] = value
      return true
    },
  })
}

describe('RAM', () => {
  test('good memory is good', () => {
    expect(testRam()).toBe(0)
  })

  test('each single bit that is stuck is found, wherever it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 7 }), fc.boolean(), (place, bit, one) => {
        const get = (at: number, value: number) => (at !== place ? value : one ? value | (1 << bit) : value & ~(1 << bit))
        expect(faultyBytes(faulty(256, { get }))).toBeGreaterThan(0)
      }),
      { numRuns: 50 },
    )
  })

  test('an address line that is stuck is found', () => {
    for (let line = 0; line < 8; line++) expect(faultyBytes(faulty(256, { at: (at) => at & ~(1 << line) }))).toBeGreaterThan(0)
  })
})

describe('ImageDigest', () => {
  const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i % 253)
  const expected = hostCrypto.digest('SHA256', bytes)
  const create = (content: Uint8Array, wanted?: Uint8Array) => {
    const read = (buffer: Uint8Array, offset: number) => buffer.set(content.subarray(offset, offset + buffer.length))
    return new ImageDigest({ length: content.length, read, ...(wanted && { expected: wanted }) }, () => hostCrypto.hash('SHA256'))
  }

  test('needs a step for each 4 KB, and can be repeated', () => {
    const image = create(bytes, expected)
    expect([image.step(), image.digest, image.good]).toEqual([false, undefined, undefined])
    for (let run = 0; run < 2; run++) {
      image.start()
      expect([image.step(), image.step(), image.step(), image.step()]).toEqual([false, false, true, false])
      expect([image.digest, image.good]).toEqual([expected, true])
    }
    const identity = softwareIdentity('1.2.3', image)
    expect([identity.identifier, identity.signature]).toEqual(['1.2.3', expected])
    expect(softwareIdentity('1.2.3', undefined).signature).toHaveLength(0)
  })

  test('one bit that is wrong', () => {
    const wrong = bytes.slice()
    wrong[7000] ^= 1
    const image = create(wrong, expected)
    image.start()
    while (!image.step());
    expect(image.good).toBe(false)
    const unknown = create(bytes)
    unknown.start()
    while (!unknown.step());
    expect(unknown.good).toBeUndefined()
  })
})

class Rig {
  readonly logged: number[][] = []
  readonly errors: ErrorRegister
  readonly clock = { valid: true, utc_ms: START_S * 1000, ticks: 0, now_ms: () => this.clock.utc_ms, ticks_ms: () => this.clock.ticks }
  readonly watch = new ClockWatch(this.clock)
  storageFailed = false
  ramFaults = false
  readonly test: SelfTest

  constructor(options: Partial<SelfTestOptions> = {}) {
    const log = (id: number, code: number, utc_s: number, parameter: number) => this.logged.push([id, code, utc_s - START_S, parameter])
    this.errors = new ErrorRegister({ settings: blankStorage().settings, log })
    this.test = new SelfTest({
      ...{ errors: this.errors, log, report: { worn: [], damaged: 0 }, clock: this.watch, storageFailed: () => this.storageFailed },
      allocate: (length) => (this.ramFaults ? faulty(length, { get: (_, value) => value & 0xfe }) : new Uint8Array(length)),
      ...options,
    })
  }

  get utc_s(): number {
    return Math.floor(this.clock.utc_ms / 1000)
  }

  seconds(count: number, status = 0): void {
    for (let i = 0; i < count; i++) {
      this.clock.utc_ms += 1000
      this.clock.ticks += 1000
      this.test.second(status, this.utc_s)
    }
  }
}

describe('SelfTest', () => {
  test('all is well: nothing in the register, and the check after an update is logged', () => {
    const rig = new Rig({ battery_mV: () => 3000 })
    rig.test.start(rig.utc_s, true)
    rig.seconds(100)
    expect([rig.errors.bits, rig.errors.profileStatus]).toEqual([0, 0])
    expect(rig.logged).toEqual([[LogId.standard, StandardEvent.selfCheckPassed, 0, 0]])
  })

  test('a RAM that fails in service is found by the test of the day, and entries say so', () => {
    const rig = new Rig()
    rig.test.start(rig.utc_s)
    rig.seconds(10)
    rig.ramFaults = true
    rig.seconds(86_400)
    expect(rig.logged.map(([, code]) => code)).toEqual([StandardEvent.memoryRamError])
    expect(rig.errors.profileStatus).toBe(ProfileStatus.criticalError | ProfileStatus.dataNotValid)
  })

  test('what happens when: IC, flash, clock, battery', () => {
    let battery_mV = 3000
    const rig = new Rig({ battery_mV: () => battery_mV, report: { worn: [], damaged: 2 } })
    rig.test.start(rig.utc_s)
    expect(rig.errors.bits).toBe(1 << MeterError.nonVolatileMemory)
    rig.seconds(2, MeteringStatus.fault)
    rig.seconds(1)
    expect(rig.errors.profileStatus & ProfileStatus.dataNotValid).toBe(0)
    rig.seconds(3, MeteringStatus.fault)
    expect(rig.errors.profileStatus & ProfileStatus.dataNotValid).not.toBe(0)
    rig.seconds(1)
    expect(rig.errors.profileStatus & ProfileStatus.dataNotValid).toBe(0)
    rig.storageFailed = true
    rig.clock.valid = false
    rig.seconds(1)
    expect(rig.errors.active & 1).toBe(1)
    rig.clock.valid = true
    battery_mV = 2000
    rig.seconds(86_400)
    expect(rig.errors.active & 3).toBe(2)
    // The clock, the IC and the flash have their events from the core.
    expect(rig.logged.map(([, code]) => code)).toEqual([StandardEvent.replaceBattery])
  })

  test('a clock that runs away is an error until it is set', () => {
    const rig = new Rig()
    rig.test.start(rig.utc_s)
    rig.seconds(100)
    rig.clock.utc_ms += 5000
    rig.seconds(1)
    expect(rig.errors.active).toBe(1 << MeterError.clockInvalid)
    expect(rig.logged.at(-1)).toEqual([0, StandardEvent.clockInvalid, 106, 5000])
    rig.watch.set()
    rig.seconds(1)
    expect(rig.errors.active).toBe(0)
    rig.clock.utc_ms += 15_000
    rig.clock.ticks += 15_001
    expect(rig.watch.good).toBe(true)
  })

  test('a clock error of an earlier start goes when the clock is good', () => {
    const rig = new Rig()
    rig.errors.set(MeterError.clockInvalid, true, START_S, 0, true)
    rig.test.start(rig.utc_s)
    rig.seconds(1)
    expect(rig.errors.bits).toBe(0)
  })

  test('a program memory that does not hold the image', () => {
    const content = new Uint8Array(9000)
    const image = new ImageDigest(
      {
        length: 9000,
        read: (buffer, offset) => buffer.set(content.subarray(offset, offset + buffer.length)),
        expected: new Uint8Array(32),
      },
      () => hostCrypto.hash('SHA256'),
    )
    const rig = new Rig({ image })
    rig.test.start(rig.utc_s, true)
    rig.seconds(2)
    expect([rig.logged, rig.test.lastRun_s]).toEqual([[], -1])
    rig.seconds(1)
    expect(rig.logged).toEqual([[0, StandardEvent.memoryProgramError, 3, 0]])
    expect(rig.test.lastRun_s).toBe(rig.utc_s)
  })
})
