import { describe, expect, test } from 'vitest'
import { hostCrypto } from '../../../hal/host/crypto.ts'
import { ascii } from '../../../src/lib/ascii.ts'
import { REGIONS } from '../../../src/links/lorawan/regions-table.ts'
import { LoRaAir } from '../../../src/world/lora/air.ts'
import { EmulatedLoRaE5 } from '../../../src/world/modems/lora-e5.ts'
import type { Modem } from '../../../src/world/modems/modem.ts'
import { EmulatedRAK3172, type EmulatedRAK3172Options } from '../../../src/world/modems/rak3172.ts'
import { EmulatedRN2483 } from '../../../src/world/modems/rn2483.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'
import { SerialWire } from '../../../src/world/serial-wire.ts'
import { TestNetwork } from '../../links/lorawan/rig.ts'

/** A person at a terminal. */
class Terminal {
  readonly scheduler = new Scheduler(1_700_000_000_000_000)
  readonly air = new LoRaAir({ scheduler: this.scheduler, seed: 1 })
  readonly network = new TestNetwork(this.scheduler, this.air, REGIONS.EU868)
  readonly wire = new SerialWire(this.scheduler, { transmit_bytes: 1024, receive_bytes: 4096 })
  readonly modem: Modem
  #text = ''
  readonly #write: (text: string) => void

  constructor(baud: number, make: (options: EmulatedRAK3172Options) => Modem) {
    this.modem = make({
      scheduler: this.scheduler,
      air: this.air,
      name: 'device',
      position: { x_m: 200, y_m: 0 },
      crypto: hostCrypto,
      seed: 1,
      io: this.wire.end(1),
    })
    const End = this.wire.end(0)
    const serial = new End({
      baud,
      onReadable: () => {
        this.#text += String.fromCharCode(...(serial.read() ?? []))
      },
    })
    this.#write = (text) => serial.write(ascii(text))
    this.run(1)
  }

  run(duration_s: number): void {
    this.scheduler.run(this.scheduler.now_us + duration_s * 1e6)
  }

  /** Lines that came since the last look. */
  read(): string[] {
    const lines = this.#text.split('\r\n').filter((line) => line !== '')
    this.#text = ''
    return lines
  }

  ask(command: string, wait_s = 0.2): string[] {
    this.read()
    this.#write(`${command}\r\n`)
    this.run(wait_s)
    return this.read()
  }
}

const EUI = '0004A30B001C0530'
const JOIN = '70B3D57ED0000001'
const KEY = '000102030405060708090A0B0C0D0E0F'

describe('RAK3172', () => {
  const terminal = (firmware: EmulatedRAK3172Options['firmware'] = 'rui3-4.x') =>
    new Terminal(115_200, (options) => new EmulatedRAK3172({ ...options, firmware }))

  test('says who it is, and refuses in its own words', () => {
    const rak = terminal()
    expect(rak.read()).toContain('Current Work Mode: LoRaWAN.')
    expect(rak.ask('AT')).toEqual(['OK'])
    expect(rak.ask('AT+NOTHING=1')).toEqual(['AT_ERROR'])
    expect(rak.ask('AT+BAND=99')).toEqual(['AT_PARAM_ERROR'])
    expect(rak.ask('AT+DEVEUI=12')).toEqual(['AT_PARAM_ERROR'])
    expect(rak.ask('AT+CLASS=B')).toEqual(['AT_NO_CLASSB_ENABLE'])
    expect(rak.ask('AT+DR=9')).toEqual(['AT_PARAM_ERROR'])
    expect(rak.ask('AT+NJS=1')).toEqual(['AT_ERROR'])
    expect(rak.ask('AT+SEND=2:0102')).toEqual(['AT_NO_NETWORK_JOINED'])
    expect(rak.ask('AT+SEND=2:010')).toEqual(['AT_PARAM_ERROR'])
    expect(rak.ask('AT+JOIN=1:0:5:0')).toEqual(['AT_PARAM_ERROR'])
    expect(rak.ask('AT+MASK=0002')).toEqual(['AT_ERROR'])
    expect(rak.ask('AT+DR=?')).toEqual(['AT+DR=0', 'OK'])
    expect(terminal('rui3-1.0').ask('AT+DR=?')).toEqual(['0', 'OK'])
  })

  test('joins and sends; while it is at work it is busy', () => {
    const rak = terminal()
    for (const command of [`AT+DEVEUI=${EUI}`, `AT+APPEUI=${JOIN}`, `AT+APPKEY=${KEY}`, 'AT+ADR=0'])
      expect(rak.ask(command)).toEqual(['OK'])
    expect(rak.ask('AT+JOIN=1:0:8:0')).toEqual(['OK'])
    expect(rak.ask('AT+CLASS=C')).toEqual(['AT_BUSY_ERROR'])
    expect(rak.ask('AT', 10)).toEqual(['OK', '+EVT:JOINED'])
    expect(rak.ask('AT+NJS=?')).toEqual(['AT+NJS=1', 'OK'])
    expect(rak.ask(`AT+SEND=2:${'00'.repeat(243)}`)).toEqual(['AT_PARAM_ERROR'])
    rak.network.answer = () => ({ window: 'RX1', phy: rak.network.down({ fPort: 2 }, Uint8Array.of(0, 0, 7, 0x10)) })
    expect(rak.ask('AT+SEND=2:0102', 10)).toEqual([
      'OK',
      '+EVT:TX_DONE',
      expect.stringMatching(/^\+EVT:RX_1:-\d+:-?\d+:UNICAST:2:00000710$/),
    ])
    expect(rak.ask('AT+SEND=2:0102')).toEqual([expect.stringMatching(/^Restricted_Wait_\d+_ms$/), 'AT_BUSY_ERROR'])
    expect(rak.ask('AT+RECV=?')).toEqual(['AT+RECV=2:00000710', 'OK'])
    expect(rak.ask('AT+RECV=?')).toEqual(['AT+RECV=0:', 'OK'])
    expect(rak.ask('ATZ', 1)).toContain('Current Work Mode: LoRaWAN.')
    expect(rak.ask('AT+NJS=?')).toEqual(['AT+NJS=0', 'OK'])
    expect(rak.ask('AT+DEVEUI=?')).toEqual([`AT+DEVEUI=${EUI}`, 'OK'])
  })
})

test('LoRa-E5: every answer has the name of its command', () => {
  const e5 = new Terminal(9600, (options) => new EmulatedLoRaE5(options))
  expect(e5.ask('AT')).toEqual(['+AT: OK'])
  expect(e5.ask('AT+NOTHING')).toEqual(['+NOTHING: ERROR(-10)'])
  expect(e5.ask('AT+CLASS=X')).toEqual(['+CLASS: ERROR(-1)'])
  expect(e5.ask('AT+ID=DevEui,"12"')).toEqual(['+ID: ERROR(-1)'])
  expect(e5.ask(`AT+ID=DevEui,"${EUI}"`)).toEqual(['+ID: DevEui, 00:04:A3:0B:00:1C:05:30'])
  expect(e5.ask(`AT+ID=AppEui,"${JOIN}"`)).toEqual(['+ID: AppEui, 70:B3:D5:7E:D0:00:00:01'])
  expect(e5.ask(`AT+KEY=APPKEY,"${KEY}"`)).toEqual([`+KEY: APPKEY ${KEY}`])
  expect(e5.ask('AT+DR=DR5')).toEqual(['+DR: DR5', '+DR: EU868 DR5  SF7  BW125K'])
  expect(e5.ask('AT+MSGHEX="00"')).toEqual(['+MSGHEX: Please join network first'])
  expect(e5.ask('AT+JOIN', 10)).toEqual([
    '+JOIN: Start',
    '+JOIN: NORMAL',
    '+JOIN: Network joined',
    '+JOIN: NetID 000013 DevAddr 26:01:1B:DA',
    '+JOIN: Done',
  ])
  expect(e5.ask('AT+JOIN')).toEqual(['+JOIN: Joined already'])
  expect(e5.ask(`AT+MSGHEX="${'00'.repeat(243)}"`, 1)).toEqual([expect.stringMatching(/^\+MSGHEX: Length error \d+$/)])
  e5.network.answer = () => ({ window: 'RX1', phy: e5.network.down({ fPort: 15, ack: true }, ascii('Hello')) })
  expect(e5.ask('AT+CMSGHEX="01 02"', 10)).toEqual([
    '+CMSGHEX: Start',
    '+CMSGHEX: Wait ACK',
    '+CMSGHEX: PORT: 15; RX: "48656C6C6F"',
    expect.stringMatching(/^\+CMSGHEX: RXWIN1, RSSI -\d+, SNR \d+\.\d$/),
    '+CMSGHEX: ACK Received',
    '+CMSGHEX: Done',
  ])
})

test('RN2483: one word, and one more', () => {
  const rn = new Terminal(57_600, (options) => new EmulatedRN2483(options))
  expect(rn.read()).toEqual([expect.stringMatching(/^RN2483 1\.0\.5 /)])
  expect(rn.ask('AT')).toEqual(['invalid_param'])
  expect(rn.ask('mac join otaa')).toEqual(['keys_not_init'])
  expect(rn.ask('mac set deveui 12')).toEqual(['invalid_param'])
  for (const command of [`deveui ${EUI}`, `appeui ${JOIN}`, `appkey ${KEY}`]) expect(rn.ask(`mac set ${command}`)).toEqual(['ok'])
  expect(rn.ask('mac tx uncnf 1 00')).toEqual(['not_joined'])
  expect(rn.ask('mac join otaa')).toEqual(['ok'])
  expect(rn.ask('mac join otaa')).toEqual(['busy'])
  rn.run(10)
  expect(rn.read()).toEqual(['accepted'])
  expect(rn.ask('mac tx uncnf 224 00')).toEqual(['invalid_param'])
  expect(rn.ask(`mac tx uncnf 1 ${'00'.repeat(243)}`)).toEqual(['invalid_data_len'])
  expect(rn.ask('mac tx uncnf 1 00', 10)).toEqual(['ok', 'mac_tx_ok'])
  expect(rn.ask('mac get devaddr')).toEqual(['26011BDA'])
  expect(rn.ask('sys reset', 1)).toEqual([expect.stringMatching(/^RN2483 /)])
  expect(rn.ask('mac get devaddr')).toEqual(['00000000'])
})
