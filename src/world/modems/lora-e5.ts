/**
 * Seeed LoRa-E5, at the level of its serial line, with the project's own MAC inside.
 * Source: LoRa-E5 AT command specification V1.0 as quoted by public drivers, and logs of its users; which lines of an answer are always there is not said anywhere.
 */
import { civilFromUtc } from '../../lib/calendar.ts'
import { toHex } from '../../lib/hex.ts'
import type { Downlink, UplinkResult } from '../../lib/lorawan-link.ts'
import { REGIONS, type RegionName } from '../../links/lorawan/regions-table.ts'
import { hexOf, isUplinkRate, Modem, type ModemOptions } from './modem.ts'

/** 2020-01-01: where the clock of the module begins. */
const EPOCH_MS = 1_577_836_800_000
const BAD_PARAMETERS = 'ERROR(-1)'
const UNKNOWN_COMMAND = 'ERROR(-10)'
const BUSY = 'LoRaWAN modem is busy'

const two = (value: number): string => String(value).padStart(2, '0')
const pairs = (hex: string): string => hex.toUpperCase().replace(/..(?=.)/g, '$&:')
const bare = (text: string): string => text.trim().replace(/^"(.*)"$/, '$1')

export class EmulatedLoRaE5 extends Modem {
  readonly #commands: ReadonlyMap<string, (value: string | undefined) => void>
  #port = 8
  /** The transaction that is about to end. */
  #open: string | undefined

  constructor(options: ModemOptions) {
    super(options, {
      baud: 9600,
      boot_ms: 200,
      think_ms: 5,
      factory: {
        region: 'EU868',
        deviceClass: 'A',
        joinEui: new Uint8Array(8),
        devEui: Uint8Array.of(0x2c, 0xf7, 0xf1, 0x20, 0, 0, 0, 1),
        appKey: new Uint8Array(16),
        adr: true,
        dataRate: 0,
        subBand: undefined,
        publicNetwork: true,
        repetitions: 3,
      },
    })
    this.#commands = this.#createCommands()
  }

  /** It says nothing. */
  protected banner(): void {}

  protected forget(): void {
    this.#port = 8
    this.core.settings = { ...this.core.settings, deviceClass: 'A' }
  }

  protected command(line: string): void {
    // 0xff wakes a module that sleeps.
    const parts = /^\u00ff*AT(?:\+([A-Z0-9]+)(?:=(.*))?)?$/.exec(line.trim())
    if (parts === null) this.line.say('+AT: ERROR(-10)')
    else if (parts[1] === undefined) this.line.say('+AT: OK')
    else {
      const run = this.#commands.get(parts[1])
      if (run === undefined) this.#say(parts[1], UNKNOWN_COMMAND)
      else run(parts[2])
    }
  }

  #say(name: string, text: string): void {
    this.line.say(`+${name}: ${text}`)
  }

  #maybe(name: string, text: string): void {
    this.line.maybe(`+${name}: ${text}`)
  }

  #createCommands(): ReadonlyMap<string, (value: string | undefined) => void> {
    const { core } = this
    const say = (name: string, text: string) => this.#say(name, text)
    return new Map<string, (value: string | undefined) => void>([
      ['VER', () => say('VER', '4.0.11')],
      ['ID', (value) => this.#id(value)],
      ['KEY', (value) => this.#key(value)],
      ['MODE', (value) => this.#setMode(value)],
      ['DR', (value) => this.#dataRate(value)],
      ['CH', (value) => this.#channels(value)],
      ['CLASS', (value) => this.#class(value)],
      [
        'ADR',
        (value) => {
          if (value === 'ON' || value === 'OFF') this.#change({ adr: value === 'ON' })
          if (value !== undefined && value !== 'ON' && value !== 'OFF') say('ADR', BAD_PARAMETERS)
          else say('ADR', core.settings.adr ? 'ON' : 'OFF')
        },
      ],
      ['PORT', (value) => this.#setPort(value)],
      [
        'RETRY',
        (value) => {
          if (value !== undefined && !/^([0-9]|[12]\d|30)$/.test(value)) say('RETRY', BAD_PARAMETERS)
          else {
            if (value !== undefined) this.#change({ repetitions: Number(value) })
            say('RETRY', String(core.settings.repetitions))
          }
        },
      ],
      ['LW', (value) => this.#lorawan(value ?? '')],
      ['RTC', (value) => this.#clock(value)],
      ['JOIN', (value) => this.#join(value)],
      ['MSG', (value) => this.#message('MSG', value, false, false)],
      ['MSGHEX', (value) => this.#message('MSGHEX', value, false, true)],
      ['CMSG', (value) => this.#message('CMSG', value, true, false)],
      ['CMSGHEX', (value) => this.#message('CMSGHEX', value, true, true)],
      ['RESET', () => this.#reset('RESET')],
      [
        'FDEFAULT',
        () => {
          core.factoryReset()
          this.#reset('FDEFAULT')
        },
      ],
    ])
  }

  /** The line leaves before the processor starts again. */
  #reset(name: string): void {
    this.#say(name, 'OK')
    this.soon(() => this.restart())
  }

  /** Nothing changes while the MAC is at work. */
  #change(changes: Parameters<typeof this.core.change>[0]): void {
    if (!this.core.mac.busy) this.core.change(changes)
  }

  #id(value: string | undefined): void {
    const { core } = this
    const [which, text] = (value ?? '').split(',')
    if (text !== undefined) {
      const bytes = hexOf(bare(text), 8)
      if (bytes === undefined || (which !== 'DevEui' && which !== 'AppEui')) {
        this.#say('ID', BAD_PARAMETERS)
        return
      }
      this.#change(which === 'DevEui' ? { devEui: bytes } : { joinEui: bytes })
    }
    const { devEui, joinEui } = core.settings
    const address = (core.mac.devAddr ?? 0).toString(16).padStart(8, '0')
    if (value === undefined || which === 'DevAddr') this.#say('ID', `DevAddr, ${pairs(address)}`)
    if (value === undefined || which === 'DevEui') this.#say('ID', `DevEui, ${pairs(toHex(devEui))}`)
    if (value === undefined || which === 'AppEui') this.#say('ID', `AppEui, ${pairs(toHex(joinEui))}`)
  }

  #key(value: string | undefined): void {
    const [which, text] = (value ?? '').split(',')
    const key = text === undefined ? undefined : hexOf(bare(text), 16)
    if (which !== 'APPKEY' || key === undefined) {
      this.#say('KEY', BAD_PARAMETERS)
      return
    }
    this.#change({ appKey: key })
    this.#say('KEY', `APPKEY ${toHex(key).toUpperCase()}`)
  }

  /** Activation by personalisation and the test mode are not emulated. */
  #setMode(value: string | undefined): void {
    if (value !== undefined && value !== 'LWOTAA') this.#say('MODE', BAD_PARAMETERS)
    else this.#say('MODE', 'LWOTAA')
  }

  #dataRate(value: string | undefined): void {
    const { core } = this
    if (value !== undefined && value in REGIONS) {
      const region = value as RegionName
      this.#change({ region, subBand: undefined, dataRate: REGIONS[region].joinDataRates[0] })
      this.#say('DR', region)
      return
    }
    const rate = value === undefined ? core.mac.parameters.dataRate : Number(value.replace(/^DR/, '') || 'x')
    if (!isUplinkRate(rate, REGIONS[core.settings.region])) {
      this.#say('DR', BAD_PARAMETERS)
      return
    }
    if (value !== undefined) this.#change({ dataRate: rate })
    const modulation = REGIONS[core.settings.region].dataRates[rate]
    this.#say('DR', `DR${rate}`)
    this.#say(
      'DR',
      modulation?.type === 'lora'
        ? `${core.settings.region} DR${rate}  SF${modulation.spreadingFactor}  BW${modulation.bandwidth_Hz / 1000}K`
        : `${core.settings.region} DR${rate}  FSK50`,
    )
  }

  /** One sub-band or all; the MAC here knows no other masks. */
  #channels(value: string | undefined): void {
    const parts = /^NUM, ?(\d+)-(\d+)(?:, ?(\d+))?$/.exec(value ?? '')
    const [first, last, wide] = (parts ?? []).slice(1).map((text) => (text === undefined ? undefined : Number(text)))
    const all = first === 0 && last === 71
    const whole = first !== undefined && first % 8 === 0 && last === first + 7 && wide === 64 + first / 8
    if (REGIONS[this.core.settings.region].plan !== 'fixed' || !(all || whole)) {
      this.#say('CH', BAD_PARAMETERS)
      return
    }
    this.#change({ subBand: all ? undefined : 1 + (first as number) / 8 })
    this.#say('CH', `NUM, ${first}-${last}${wide === undefined ? '' : `,${wide}`}`)
  }

  #class(value: string | undefined): void {
    if (value !== undefined && value !== 'A' && value !== 'C') {
      this.#say('CLASS', BAD_PARAMETERS)
      return
    }
    if (value !== undefined) this.#change({ deviceClass: value })
    this.#say('CLASS', this.core.settings.deviceClass)
  }

  #setPort(value: string | undefined): void {
    const port = value === undefined ? this.#port : Number(bare(value) || 'x')
    if (!Number.isInteger(port) || port < 1 || port > 223) {
      this.#say('PORT', BAD_PARAMETERS)
      return
    }
    this.#port = port
    this.#say('PORT', String(port))
  }

  #lorawan(value: string): void {
    const [what, ...rest] = value.split(',').map((text) => text.trim())
    if (what === 'LEN') this.#say('LW', `LEN, ${this.core.mac.payload_max}`)
    else if (what === 'DTR') {
      this.core.mac.requestTime()
      this.#say('LW', 'DTR')
    } else if (what === 'LCR') {
      this.core.mac.requestLinkCheck()
      this.#say('LW', 'LCR')
    } else if (what === 'NET') {
      if (rest[0] === 'ON' || rest[0] === 'OFF') this.#change({ publicNetwork: rest[0] === 'ON' })
      this.#say('LW', `NET, ${this.core.settings.publicNetwork ? 'ON' : 'OFF'}`)
    } else this.#say('LW', BAD_PARAMETERS)
  }

  #clock(value: string | undefined): void {
    if (value !== undefined && value !== 'UTCMS') {
      this.#say('RTC', BAD_PARAMETERS)
      return
    }
    const { year, month, day, hour, minute, second, ms } = civilFromUtc(this.core.utc_ms(EPOCH_MS))
    const time = `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`
    this.#say('RTC', value === undefined ? time : `${time}.${String(ms).padStart(3, '0')}`)
  }

  #join(value: string | undefined): void {
    const { mac } = this.core
    if (mac.busy) this.#say('JOIN', BUSY)
    else if (mac.joined && value !== 'FORCE') this.#say('JOIN', 'Joined already')
    else {
      this.joining = true
      mac.join()
      this.#maybe('JOIN', 'Start')
      this.#maybe('JOIN', value === 'FORCE' ? 'FORCE' : 'NORMAL')
    }
  }

  protected joined(devAddr: number | undefined): void {
    const address = devAddr ?? 0
    this.#maybe('JOIN', 'Network joined')
    // Of a NetID of type 0 the address shows the seven lowest bits.
    const netId = (address >>> 25).toString(16).toUpperCase().padStart(6, '0')
    this.#maybe('JOIN', `NetID ${netId} DevAddr ${pairs(address.toString(16).padStart(8, '0'))}`)
    this.#say('JOIN', 'Done')
  }

  protected joinFailed(): void {
    this.#maybe('JOIN', 'Join failed')
    this.#say('JOIN', 'Done')
  }

  #message(name: string, value: string | undefined, confirmed: boolean, hex: boolean): void {
    const { mac } = this.core
    const text = bare(value ?? '').replace(hex ? /\s/g : /$^/, '')
    const payload = hex ? hexOf(text, text.length / 2) : Uint8Array.from(text, (character) => character.charCodeAt(0))
    if (payload === undefined) this.#say(name, BAD_PARAMETERS)
    else if (!mac.joined) this.#say(name, 'Please join network first')
    else if (mac.busy) this.#say(name, BUSY)
    else if (payload.length > mac.payload_max) this.#say(name, `Length error ${mac.payload_max}`)
    else if (this.core.sendWait_ms > 0) this.#say(name, `No band in ${this.core.sendWait_ms}ms`)
    else {
      this.sending = { confirmed, name }
      mac.send(this.#port, payload, confirmed)
      this.#maybe(name, 'Start')
      if (confirmed) this.#maybe(name, 'Wait ACK')
    }
  }

  protected sent({ acknowledged }: UplinkResult, name: string): void {
    // What a downlink brought stands before the end.
    this.#open = name
    this.soon(() => {
      this.#open = undefined
      if (acknowledged === true) this.#say(name, 'ACK Received')
      this.#say(name, 'Done')
    })
  }

  protected downlink({ fPort, payload, rssi_dBm = 0, snr_dB = 0, window }: Downlink): void {
    const open = this.#open ?? this.sending?.name
    const name = open ?? 'MSG'
    this.#say(name, `PORT: ${fPort}; RX: "${toHex(payload).toUpperCase()}"`)
    const number = window === 'RX1' ? 1 : window === 'RX2' ? 2 : 0
    this.#maybe(name, `RXWIN${number}, RSSI ${Math.round(rssi_dBm)}, SNR ${snr_dB.toFixed(1)}`)
    if (open === undefined) this.#maybe(name, 'Done')
  }

  protected timeKnown(): void {}

  protected linkCheck(margin_dB: number, gateways: number): void {
    this.#maybe(this.sending?.name ?? 'MSG', `Link ${margin_dB}, ${gateways}`)
  }
}
