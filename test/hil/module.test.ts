import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { VIRTUAL_CONFIG } from '../../boards/virtual/config.ts'
import { LoRaWorld } from '../../boards/virtual/lorawan.ts'
import { hostCrypto } from '../../hal/host/crypto.ts'
import { SerialPort } from '../../hal/host/serial-port.ts'
import { createHostTimer } from '../../hal/host/time.ts'
import { BuiltInNetwork } from '../../src/cli/lorawan.ts'
import { openPtyPair } from '../../src/hil/pty.ts'
import { RealTimeWorld } from '../../src/hil/real-time.ts'
import { validate } from '../../src/lib/schema-validate.ts'
import { EmulatedRAK3172 } from '../../src/world/modems/rak3172.ts'
import { until } from '../contract/until.ts'
import { ANY_PORTS, Ferraris, ferraris, temporaryFolder } from '../support/ferraris.ts'

const LORAWAN = { enabled: true, devEui: '0004a30b001c0530', appKey: '000102030405060708090a0b0c0d0e0f' }
const able = spawnSync('python3', ['-c', 'import pty']).status === 0
if (!able) console.log('skipped: no python3')

function fileOf(configuration: object): string {
  const path = join(temporaryFolder(), 'config.json')
  writeFileSync(path, JSON.stringify(configuration))
  return path
}

describe.skipIf(!able)('a real module at the virtual meter', () => {
  test('a RAK3172 at a serial port joins a network that only it can hear', async () => {
    const cable = await openPtyPair()
    const world = new RealTimeWorld(Date.now())
    const { scheduler } = world
    const notes: string[] = []
    // On the desk: the module, its air, a gateway and a network server. The meter is a process of its own and has none of them.
    const checked = validate(VIRTUAL_CONFIG, { meter: { lorawan: LORAWAN } })
    if (!checked.ok) throw new Error(checked.errors.map(({ text }) => text).join('\n'))
    const config = checked.value
    const air = new LoRaWorld({
      ...{ scheduler, seed: 1, config, network: undefined, crypto: hostCrypto, wall: createHostTimer() },
      serve: new BuiltInNetwork(config).serve,
      onNote: (text) => notes.push(text),
    })
    const module = new EmulatedRAK3172({
      ...{ scheduler, air: air.air, name: 'module', position: { x_m: 0, y_m: 0 }, antennaGain_dBi: 2, crypto: hostCrypto, seed: 1 },
      io: world.line(SerialPort, { device: cable.far }),
    })
    const path = fileOf({ meter: { lorawan: LORAWAN }, world: { lorawan: { radio: 'RAK3172', device: cable.near } } })
    const meter = new Ferraris(['run', path, ...ANY_PORTS])
    try {
      await meter.line(new RegExp(`RAK3172 at ${cable.near}, DevEUI 0004a30b001c0530`))
      await until(() => notes.some((note) => /joined as/.test(note)), `joined in:\n${notes.join('\n')}`, 60_000)
      expect((await meter.end('SIGTERM')).code).toBe(0)
    } finally {
      module.powerOff()
      air.close()
      world.stop()
      cable.close()
    }
  })

  test.each([
    [{ radio: 'SX1262', device: '/dev/x' }, [], /world\.lorawan\.radio: found "SX1262", allowed with a module at "\/dev\/x" is "RAK3172"/],
    [{ radio: 'RAK3172', device: '/dev/x' }, ['--speed', 'max'], /world\.lorawan\.device: a real module goes without --speed/],
    [{ radio: 'RAK3172', device: '/dev/x' }, ['--engine', 'xs'], /goes without --engine xs/],
  ])('%j with %j is refused', async (lorawan, words, message) => {
    const { code, stderr } = await ferraris(['run', fileOf({ meter: { lorawan: LORAWAN }, world: { lorawan } }), ...words])
    expect(stderr).toMatch(message)
    expect(code).toBe(1)
  })
})
