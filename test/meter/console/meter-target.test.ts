import { describe, expect, test } from 'vitest'
import type { Device } from '../../../hal/api/device.ts'
import { hostCrypto } from '../../../hal/host/crypto.ts'
import { MeterConsoleTarget } from '../../../src/meter/console/meter-target.ts'
import { ConsoleSession } from '../../../src/meter/console/session.ts'
import { Provisioning } from '../../../src/meter/provisioning.ts'
import { SealContact } from '../../../src/meter/seal.ts'
import { openKeys, provisionFirst } from '../../../src/meter/secrets.ts'
import { PinBank } from '../../../src/world/pins.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'
import { WorldTimer } from '../../../src/world/time.ts'
import { KEY } from '../../core/security/rig.ts'
import { configOf } from '../provisioning-rig.ts'
import { quietRig } from '../views/rig.ts'

const SEAL_PIN = 7

/** A console on the core of a running meter. */
function connect({ restartable = true } = {}) {
  const { core } = quietRig()
  const scheduler = new Scheduler(0)
  const pins = new PinBank(scheduler)
  pins.drive(SEAL_PIN, 1)
  const device = {
    crypto: hostCrypto,
    key: KEY,
    timer: new WorldTimer(scheduler),
    seal: { io: pins.constructorFor(), pin: SEAL_PIN },
  } as Partial<Device> as Device
  const keys = openKeys(core.storage, device)
  const base = configOf()
  provisionFirst(core.storage, keys, base)
  const provisioning = new Provisioning({ storage: core.storage, keys, base })
  let restarts = 0
  const restart = restartable ? () => void restarts++ : undefined
  const target = new MeterConsoleTarget({
    core,
    device,
    keys,
    provisioning,
    seal: new SealContact(device),
    serial: '4711',
    version: '0.2.0',
    restart,
    status: () => [['more', 'yes']],
  })
  const session = new ConsoleSession(target)
  const run = (line: string): string => [...session.execute(line)].join('\n')
  return { core, keys, scheduler, pins, target, run, restarts: () => restarts }
}

describe('console of a meter', () => {
  test('shows what the meter is', () => {
    const { run, core } = connect()
    const status = run('status')
    expect(status).toContain('meter        Ferraris 3P, serial 4711')
    expect(status).toContain('seal         closed')
    expect(status).toContain('management   no secret: manufacturing state, all commands are open')
    expect(status).toContain('secrets      encrypted')
    expect(status).toContain('more         yes')
    expect(run('registers')).toMatch(/^1\.8\.0 +\d{6}\.\d{3} kWh {3}/m)
    expect(run('events 1')).toMatch(new RegExp(`^2\\d{3}-.*Z +${core.standardLog.count} +\\d+ `))
    expect(run('get face')).toBe('face.enabled true\nface.port 8080\nface.connections_max 8')
  })

  test('takes a new meter through its provisioning', () => {
    const { run, keys, core } = connect()
    expect(run('set identity.serial "0815"')).toBe('stored; it counts from the next start on')
    expect(run('set identity.serial 815')).toBe('error: identity.serial: found 815, allowed is 1 to 13 letters or digits')
    expect(run('secret dlms.management hex:00010203040506070809')).toBe('stored')
    expect(run('secret dlms.reading a reading secret')).toBe('stored')
    expect(keys.names()).toEqual(['dlms.management', 'dlms.reading'])
    expect(run('logout')).toBe('logged out')
    expect(run('set dlms.port 1')).toBe('error: set: log in first')
    expect(run('login hex:00010203040506070809')).toBe('logged in')
    expect(run('clock 2030-01-01T00:00:00Z')).toBe('2030-01-01T00:00:00Z')
    expect(core.clock.now_ms()).toBe(Date.UTC(2030, 0, 1))
    expect(run('clock 2500-01-01T00:00:00Z')).toBe('error: clock: allowed is a time from 1970-01-01 to 2106-02-07')
    expect(run('status')).toMatch(/reading +secret set\nmanagement +secret set/)
    expect(run('get')).not.toMatch(/ecret/)
  })

  test('erases everything with an open seal only, and restarts a little later', () => {
    const { run, pins, scheduler, restarts } = connect()
    expect(run('factory-reset all')).toBe('error: the seal is closed: registers and logs cannot be erased')
    pins.drive(SEAL_PIN, 0)
    expect(run('status')).toContain('seal         open')
    expect(run('factory-reset all')).toBe('everything is erased at the next start\nrestarting')
    expect(restarts()).toBe(0)
    scheduler.run(1_000_000)
    expect(restarts()).toBe(1)
  })

  test('says when the board cannot restart', () => {
    expect(connect({ restartable: false }).run('restart')).toMatch(/^error: restart: this board cannot/)
  })
})
