import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pause, until } from '../contract/until.ts'
import { ANY_PORTS, Ferraris } from '../support/ferraris.ts'
import { Broker, brokerAvailable, tellWithoutBroker } from './broker.ts'

const DEVICE = 'application/00000000-0000-4000-8000-000000000001/device/0004a30b001c0530'
const WORDS = ['run', 'test/peers/lorawan.json', '--no-http', ...ANY_PORTS]

tellWithoutBroker()

describe.skipIf(!brokerAvailable)('the built-in network server at mosquitto', () => {
  let broker: Broker
  beforeAll(async () => {
    broker = await Broker.open()
  })
  afterAll(() => broker.close())

  test('publishes joins and uplinks, and takes downlinks', async () => {
    const meter = new Ferraris([...WORDS, '--history', '0s', '--speed', '20', '--lorawan-mqtt', `mqtt://127.0.0.1:${broker.port}`])
    await until(() => broker.of('/event/up').length > 0, 'an uplink', 60_000)
    expect(broker.of('/event/join')).toHaveLength(1)
    const [up] = broker.of('/event/up')
    expect(up).toMatchObject({
      fCnt: 0,
      fPort: 1,
      object: { activePower: expect.any(Number) },
      rxInfo: [{ gatewayId: '020000fffe000001' }],
    })
    broker.publish(`${DEVICE}/command/down`, 'no JSON')
    // What answers the uplink leaves first: the transmitter sends one frame at a time, and a command at once would be lost.
    await pause(500)
    // The relay opens; the device acknowledges, and tells.
    const command = { devEui: '0004a30b001c0530', confirmed: true, fPort: 50, data: 'B0gA', id: 'mine' }
    broker.publish(`${DEVICE}/command/down`, JSON.stringify(command))
    await until(() => broker.of('/event/ack').length > 0, 'an acknowledgement', 60_000)
    expect(broker.of('/event/txack')[0]).toMatchObject({ queueItemId: 'mine', gatewayId: '020000fffe000001' })
    expect(broker.of('/event/ack')[0]).toMatchObject({ queueItemId: 'mine', acknowledged: true })
    await until(() => broker.of('/event/up').some(({ fPort }) => fPort === 11), 'the position of the relay', 60_000)
    const { stdout } = await meter.interrupt()
    expect(stdout).toMatch(/MQTT: command on .*: no JSON/)
  })
})
