import { describe, expect, test } from 'vitest'
import { hostCrypto } from '../../../hal/host/crypto.ts'
import { LogId } from '../../../src/core/events/codes.ts'
import { MeterError } from '../../../src/core/events/error-register.ts'
import { FraudEvent } from '../../../src/core/events/log-codes-table.ts'
import { Tamper } from '../../../src/core/tamper/tampers-table.ts'
import { toHex } from '../../../src/lib/hex.ts'
import { createMeteringSample } from '../../../src/lib/metering-sample.ts'
import { sameSecret } from '../../../src/lib/secret.ts'
import { MeterCore } from '../../../src/meter/core.ts'
import { DlmsView } from '../../../src/meter/views/dlms.ts'
import { ascii } from '../../protocols/dlms/bytes.ts'
import { MANAGER_SECRET } from '../../protocols/dlms/managed-source.ts'
import type { Rig } from '../../scenarios/rig.ts'
import { Reader } from './dlms-reader.ts'
import { quietRig } from './rig.ts'

const DENIED = 3
const uint32 = (value: number) => `06${value.toString(16).padStart(8, '0')}`

function manager(core: MeterCore, rig: Rig): Reader {
  return new Reader(
    new DlmsView({
      core,
      config: rig.machine.options.config.meter,
      version: '0.2.0',
      authenticate: (_sap, secret) => sameSecret(secret, ascii(MANAGER_SECRET)),
      ...(rig.machine.meter && { parameters: rig.machine.meter.parameters }),
    }),
  )
}

describe('what is sealed', () => {
  test('can be changed only while the seal is open; each change is counted and logged', () => {
    const rig = quietRig()
    rig.run(5000)
    const client = manager(rig.core, rig)
    expect(client.get(3, '1.0.0.3.0.255', 2)).toBe(1000)
    expect(client.get(1, '0.0.96.2.10.255', 2)).toBe(0)
    expect(client.set(3, '1.0.0.3.0.255', 2, uint32(500))).toBe(DENIED)
    expect(client.set(1, '0.0.128.30.0.255', 2, '0904302e3553')).toBe(DENIED)
    rig.machine.board.tamper('seal', true)
    rig.run(5000)
    expect(client.get(1, '0.0.96.2.4.255', 2)).toBe(1)
    const before = client.get(1, '0.0.128.30.1.255', 2)
    expect(client.set(3, '1.0.0.3.0.255', 2, uint32(5))).toBe(250)
    expect(client.set(3, '1.0.0.3.0.255', 2, uint32(500))).toBe(0)
    expect(client.set(1, '0.0.128.30.0.255', 2, '0904302e3553')).toBe(0)
    rig.machine.board.tamper('seal', false)
    rig.run(5000)
    expect([client.get(3, '1.0.0.3.0.255', 2), client.get(1, '0.0.128.30.0.255', 2)]).toEqual([500, toHex(ascii('0.5S'))])
    expect(client.get(1, '0.0.96.2.10.255', 2)).toBe(2)
    expect(client.get(1, '0.0.128.30.1.255', 2)).not.toBe(before)
    const events = rig.core.logs.get(LogId.fraud)?.newest(9).reverse()
    expect(events?.map(({ code, parameter }) => (code === FraudEvent.sealedParameterChanged ? parameter : code))).toEqual([
      FraudEvent.sealBroken,
      1,
      2,
      FraudEvent.sealClosed,
    ])
    // The LED flashes with it from the next start on.
    rig.machine.mains.disturbAll(0, 10_000)
    rig.run(20_000)
    expect(rig.machine.meter?.led.constant).toBe(500)
  })

  test('a parameter that is not the one that was stored is told once', () => {
    const rig = quietRig()
    rig.run(5000)
    rig.machine.board.tamper('seal', true)
    const { meter } = rig.machine
    meter?.parameters.setConstant(500, rig.core.clock.now_s())
    const stored = rig.core.storage.settings.get('sealed.constant')?.slice() ?? new Uint8Array(0)
    stored[stored.length - 1] ^= 1
    rig.core.storage.settings.set('sealed.constant', stored)
    for (let i = 0; i < 2; i++) {
      rig.machine.mains.disturbAll(0, 10_000)
      rig.run(20_000)
      expect(rig.core.watch.tamper.counters[Tamper.sealedParameter]).toBe(1)
    }
  })
})

describe('the running firmware', () => {
  test('has a checksum; one that is wrong is an error of the program memory, and entries say so', () => {
    const rig = quietRig()
    rig.run(5000)
    const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i % 251)
    const expected = hostCrypto.digest('SHA256', bytes)
    const sample = createMeteringSample()
    const { storage, clock } = rig.core
    const core = new MeterCore({
      device: {
        ...{ clock, crypto: hostCrypto, flash: storage.flash, timer: { set: () => ({}), clear: () => {} } },
        random: () => {},
        metering: { part: 'ATM90E32', sensor: { io: class {} as never, hz: 1 } },
        program: { length: bytes.length, read: (buffer, offset) => buffer.set(bytes.subarray(offset, offset + buffer.length)), expected },
        resetReason: 'restart',
      },
      storage,
      metering: {
        energyUnit: { numerator: 25, denominator: 8 },
        identification: { model: 'script' },
        sample: () => sample,
        acknowledge: () => {},
        close: () => {},
      },
      config: rig.machine.options.config.meter,
    })
    const client = manager(core, rig)
    expect(client.get(1, '1.0.0.2.8.255', 2)).toBe('')
    for (let i = 0; i < 5; i++) core.second()
    expect(client.get(1, '1.0.0.2.8.255', 2)).toBe(toHex(expected))
    expect(client.get(1, '0.0.128.30.2.255', 2)).not.toBe('ffffffffffffffffffffffff')
    bytes[5000] ^= 1
    expect(client.set(1, '0.0.128.30.2.255', 2, '0f00')).toBe(0)
    for (let i = 0; i < 5; i++) core.second()
    expect(core.watch.errors.bits).toBe(1 << MeterError.programMemory)
    expect(core.watch.profileStatus).toBe(0x01 | 0x04)
    expect(client.get(1, '1.0.0.2.8.255', 2)).not.toBe(toHex(expected))
  })
})
