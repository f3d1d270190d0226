import { beforeEach, describe, expect, test } from 'vitest'
import { EthernetPort } from '../../../hal/esp32/ethernet.ts'
import { WiFiStation } from '../../../hal/esp32/wifi.ts'
import { WorldTimer } from '../../../src/world/time.ts'
import Ethernet from '../../support/moddable/ethernet.ts'
import { machine, newMachine } from '../../support/moddable/machine.ts'
import NetworkInterface from '../../support/moddable/network-interface.ts'

beforeEach(() => {
  newMachine()
  NetworkInterface.open.length = 0
})

function opened(): NetworkInterface {
  const [found] = NetworkInterface.open
  return found
}

function becomes(...state: Parameters<NetworkInterface['become']>): void {
  opened().become(...state)
  machine().run()
}

const pass = (seconds: number) => machine().run(seconds * 1_000_000)

describe('Wi-Fi', () => {
  function start(addresses: (string | undefined)[] = []): WiFiStation {
    const timer = new WorldTimer(machine().scheduler)
    return new WiFiStation({
      ssid: 'home',
      password: '12345678',
      hostname: 'meter',
      timer,
      onAddress: (address) => addresses.push(address),
    })
  }

  test('connects and tells its address, and when it is lost', () => {
    const addresses: (string | undefined)[] = []
    const station = start(addresses)
    expect(opened().attempts).toEqual([{ SSID: 'home', password: '12345678' }])
    expect(opened().configured).toEqual([{ hostname: 'meter' }])
    becomes(400)
    expect([addresses, station.address]).toEqual([[], undefined])
    becomes(500, '192.0.2.7')
    becomes(500, '192.0.2.7')
    expect([addresses, station.address]).toEqual([['192.0.2.7'], '192.0.2.7'])
    becomes(200)
    expect([addresses.at(-1), station.address]).toEqual([undefined, undefined])
  })

  test('tries again after 1, 2, 4 … 60 s, and anew after it was reachable', () => {
    start()
    const waits = []
    for (let attempt = 0; attempt < 9; attempt++) {
      becomes(200)
      const before = opened().attempts.length
      let waited = 0
      for (; opened().attempts.length === before; waited++) pass(1)
      waits.push(waited)
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
    becomes(500, '192.0.2.7')
    becomes(200)
    const before = opened().attempts.length
    pass(1)
    expect(opened().attempts.length).toBe(before + 1)
  })

  test('an access point that comes back by itself ends the wait', () => {
    start()
    becomes(200)
    becomes(400)
    pass(120)
    expect(opened().attempts.length).toBe(1)
  })

  test('after close nothing is tried and nobody is told', () => {
    const addresses: (string | undefined)[] = []
    const station = start(addresses)
    becomes(200)
    station.close()
    station.close()
    becomes(500, '192.0.2.7')
    pass(120)
    expect([opened().attempts.length, addresses]).toEqual([1, []])
  })

  test('names and passwords that no network has are refused before the radio is touched', () => {
    const timer = new WorldTimer(machine().scheduler)
    for (const options of [{ ssid: '' }, { ssid: 'x'.repeat(33) }, { ssid: 'home', password: 'x'.repeat(64) }]) {
      expect(() => new WiFiStation({ ...options, timer })).toThrow(RangeError)
    }
    expect(NetworkInterface.open).toEqual([])
    new WiFiStation({ ssid: 'open', timer })
    expect(opened().attempts).toEqual([{ SSID: 'open' }])
  })
})

describe('Ethernet', () => {
  const WIRING = { management: 23, managementData: 18, address: 1, power: 16, clockIn: 0 } as const

  test('tells its address, its loss and its return', () => {
    const addresses: (string | undefined)[] = []
    const port = new EthernetPort({ ...WIRING, hostname: 'meter', onAddress: (address) => addresses.push(address) })
    const gets = (address: string | undefined): void => {
      Ethernet.become(address)
      machine().run()
    }
    expect(Ethernet.started()).toEqual({
      management: 23,
      managementData: 18,
      address: 1,
      power: 16,
      hostname: 'meter',
      onChanged: expect.any(Function),
    })
    gets('192.0.2.8')
    gets('192.0.2.8')
    expect(port.address).toBe('192.0.2.8')
    gets(undefined)
    expect(port.address).toBeUndefined()
    gets('192.0.2.9')
    expect(addresses).toEqual(['192.0.2.8', undefined, '192.0.2.9'])
    port.close()
    port.close()
    gets(undefined)
    expect(addresses.length).toBe(3)
  })

  test('its pins are its own, the one of the clock too', () => {
    new EthernetPort({ management: 23, managementData: 18, address: 0, clockOut: 17 })
    for (const pin of [17, 18, 23]) expect(() => machine().usePins([pin])).toThrow('in use')
    machine().usePins([0, 16])
    expect(() => new EthernetPort(WIRING)).toThrow('in use')
  })

  test.each([
    ['address of the PHY', { address: 32 }, RangeError],
    ['half an address', { address: 0.5 }, RangeError],
    ['no pin', { management: -1 }, RangeError],
    ['text for a pin', { power: '16' as never }, TypeError],
  ])('refuses: %s', (_, options, kind) => {
    expect(() => new EthernetPort({ ...WIRING, ...options })).toThrow(kind)
    expect(Ethernet.started()).toBeUndefined()
  })
})
