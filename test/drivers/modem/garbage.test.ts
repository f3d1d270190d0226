import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readTime } from '../../../src/drivers/modem/clock-text.ts'
import { LinePort } from '../../../src/drivers/modem/line-port.ts'
import { ascii } from '../../../src/lib/ascii.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'
import { SerialWire } from '../../../src/world/serial-wire.ts'
import { type ModemKind, ModemRig } from './modem-rig.ts'

const KINDS: readonly ModemKind[] = ['rui3-4.x', 'rui3-3.x', 'LoRa-E5', 'RN2483']

/** Words that mean something to some driver, and numbers that do not fit. */
const WORDS = [
  'OK',
  'AT_ERROR',
  'AT_BUSY_ERROR',
  'AT_NO_NETWORK_JOINED',
  '+EVT:JOINED',
  '+EVT:TX_DONE',
  '+EVT:RX_1:-1:1:UNICAST:999:00',
  '+EVT:RX_C:-1:1:UNICAST:3:0',
  '+EVT:5:zz',
  '+EVT:UNICAST',
  '+EVT:TIMEREQ_OK',
  '+EVT:LINKCHECK:0,1',
  'AT+DR=99999999999999999999',
  'AT+LTIME=LTIME:99h99m99s on 99/99/9999',
  'Restricted_Wait_999999999_ms',
  'Current Work Mode: LoRaWAN.',
  '+JOIN: Done',
  '+JOIN: NetID zz DevAddr ::::',
  '+MSGHEX: Done',
  '+MSGHEX: PORT: 0; RX: "00"',
  '+CMSGHEX: ERROR(-21)',
  '+MSGHEX: No band in 99999999ms',
  '+LW: LEN, 0',
  '+RTC: 2024-02-30 00:00:00',
  '+ID: DevEui, ',
  'accepted',
  'denied',
  'mac_tx_ok',
  'mac_err',
  'mac_rx 1 ',
  'mac_rx 999 00',
  'invalid_param',
  'not_joined',
  'RN2483 ',
  '00000000',
]

const NOISE = fc.array(fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 700, unit: 'binary-ascii' })), {
  minLength: 1,
  maxLength: 12,
})

describe.each(KINDS)('%s', (kind) => {
  test('lines out of nowhere harm nothing for long', () => {
    fc.assert(
      fc.property(NOISE, fc.integer({ min: 0, max: 8000 }), (lines, at_ms) => {
        const rig = new ModemRig(kind)
        rig.link.join()
        rig.run(at_ms / 1000)
        for (const line of lines) {
          rig.modem.line.say(line)
          rig.run(0.05)
        }
        rig.until(() => rig.link.joined && !rig.link.busy, 5)
        const before = rig.network.heard.length
        for (let i = 0; i < 3; i++) {
          rig.until(() => rig.link.joined && !rig.link.busy, 5)
          rig.send('still here')
        }
        expect(rig.network.heard.length).toBeGreaterThan(before)
      }),
      { numRuns: 40 },
    )
  })

  test('the emulated module takes any command', () => {
    const name = fc.constantFrom('DEVEUI', 'BAND', 'DR', 'SEND', 'JOIN', 'ID', 'KEY', 'CH', 'MSGHEX', 'LW', 'RTC', 'PORT', 'CLASS', 'MASK')
    const words = fc.constantFrom('mac tx', 'mac set', 'mac get', 'mac join', 'mac reset', 'sys', 'mac set ch status', 'mac tx cnf 1')
    const rest = fc.oneof(fc.string({ maxLength: 40 }), fc.constantFrom('=?', '=', '=1:2', '="00"', '=LEN', '=NUM,0-7', ' 1 00', ' 99 on'))
    const command = fc.oneof(
      fc.tuple(name, rest).map(([a, b]) => `AT+${a}${b}`),
      fc.tuple(words, rest).map(([a, b]) => `${a}${b}`),
      fc.string({ maxLength: 700 }),
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 20 }), (commands) => {
        const rig = new ModemRig(kind).ready()
        rig.link.close()
        const End = rig.wire.end(0)
        let answered = 0
        const serial = new End({
          baud: { 'rui3-4.x': 115_200, 'rui3-3.x': 115_200, 'rui3-1.0': 115_200, 'LoRa-E5': 9600, RN2483: 57_600 }[kind],
          onReadable: () => {
            answered += serial.read()?.length ?? 0
          },
        })
        rig.run(0.5)
        for (const text of commands) {
          for (let i = 0; i < text.length; i += 200) {
            serial.write(ascii(text.slice(i, i + 200)))
            rig.run(0.3)
          }
          serial.write(ascii('\r\n'))
          rig.run(0.5)
        }
        // A restart by command takes a while.
        rig.run(60)
        const before = answered
        serial.write(ascii(kind === 'RN2483' ? 'sys get ver\r\n' : 'AT\r\n'))
        rig.run(1)
        expect(answered).toBeGreaterThan(before)
      }),
      { numRuns: 25 },
    )
  })
})

test('times as modules write them', () => {
  const utc_ms = Date.UTC(2021, 9, 22, 2, 46, 12)
  expect(readTime('LTIME:02h46m12s on 22/10/2021')).toBe(utc_ms)
  expect(readTime('02h46m12s 2021-10-22')).toBe(utc_ms)
  expect(readTime('2021-10-22 02:46:12.345')).toBe(utc_ms + 345)
  expect(readTime('2021-10-22 02:46:12')).toBe(utc_ms)
  for (const text of ['', '02h46m12s', '2021-02-30 00:00:00', '25h00m00s on 01/01/2021']) expect(readTime(text)).toBeUndefined()
})

test('lines: an overlong one is dropped as a whole, a damaged one stays recognisable as damaged', () => {
  const scheduler = new Scheduler(0)
  const wire = new SerialWire(scheduler, { transmit_bytes: 4096, receive_bytes: 4096 })
  const lines: string[] = []
  const port = new LinePort(wire.end(0), { baud: 115_200 }, (line) => lines.push(line))
  const Other = wire.end(1)
  const other = new Other({ baud: 115_200 })
  scheduler.run(1000)
  other.write(ascii(`one\r\n\n\r${'x'.repeat(700)}\r\ntwo`))
  other.write(Uint8Array.of(0, 0xc3, 0x0a))
  scheduler.run(1_000_000)
  expect(lines).toEqual(['one', 'two??'])
  expect(() => port.write('x'.repeat(601))).toThrow(RangeError)
  port.close()
  port.close()
})
