/**
 * RAK3172 with RUI3 firmware, at the level of its serial line, with the project's own MAC inside.
 * Source: RAKwireless RUI3 AT command manual; events of firmware 4.x as public code shows them. That the session does not outlive a restart is what users report.
 */
import { civilFromUtc } from '../../lib/calendar.ts'
import { toHex } from '../../lib/hex.ts'
import type { Downlink, UplinkResult } from '../../lib/lorawan-link.ts'
import { REGIONS, type RegionName } from '../../links/lorawan/regions-table.ts'
import { hexOf, isUplinkRate, Modem, type ModemOptions } from './modem.ts'

/** `rui3-1.0` gives values without their names; events of 3.x are words, those of 4.x fields. */
export type Rui3Firmware = 'rui3-1.0' | 'rui3-3.x' | 'rui3-4.x'

export interface EmulatedRAK3172Options extends ModemOptions {
  readonly firmware?: Rui3Firmware
}

/** AT+BAND; the real module knows more regions than the MAC here. */
const BANDS: Readonly<Record<string, RegionName>> = Object.freeze({ 3: 'IN865', 4: 'EU868', 5: 'US915', 6: 'AU915', 8: 'AS923' })
const VERSIONS: Readonly<Record<Rui3Firmware, string>> = Object.freeze({
  'rui3-1.0': 'RUI_1.0.4_RAK3172',
  'rui3-3.x': 'RUI_3.2.0_RAK3172',
  'rui3-4.x': 'RUI_4.1.0_RAK3172-E',
})
/** GPS time begins here, and so does the clock of the module. */
const EPOCH_MS = 315_964_800_000
const PORT_MAX = 233
const PAYLOAD_DIGITS_MAX = 500

const OK = 'OK'
const ERROR = 'AT_ERROR'
const PARAM = 'AT_PARAM_ERROR'
const BUSY = 'AT_BUSY_ERROR'

/** Settings by the name of their command. */
interface Setting {
  readonly get: () => string
  /** Gives the status. */
  readonly set?: (value: string) => string
  /** The MAC takes no change while it is at work. */
  readonly mac?: boolean
}

const two = (value: number): string => String(value).padStart(2, '0')

export class EmulatedRAK3172 extends Modem {
  readonly #firmware: Rui3Firmware
  readonly #settings: ReadonlyMap<string, Setting>
  #confirm = false
  #confirmed = false
  #received = '0:'
  #signal = { rssi: 0, snr: 0 }
  #timeAsked = false
  #linkAsked = false
  #attempts = 0
  #interval_s = 8

  constructor(options: EmulatedRAK3172Options) {
    super(options, {
      baud: 115_200,
      boot_ms: 300,
      think_ms: 2,
      factory: {
        region: 'EU868',
        deviceClass: 'A',
        joinEui: new Uint8Array(8),
        devEui: new Uint8Array(8),
        appKey: new Uint8Array(16),
        adr: true,
        dataRate: 0,
        subBand: undefined,
        publicNetwork: true,
        repetitions: 0,
      },
    })
    this.#firmware = options.firmware ?? 'rui3-4.x'
    this.#settings = this.#createSettings()
  }

  protected banner(): void {
    this.line.maybe('RAKwireless RAK3172 Example')
    this.line.maybe('------------------------------------------------------')
    this.line.maybe('Current Work Mode: LoRaWAN.')
  }

  protected forget(): void {
    this.#received = '0:'
    this.#timeAsked = false
    this.#linkAsked = false
    this.#attempts = 0
  }

  protected command(line: string): void {
    if (line === 'AT') this.#status(OK)
    else if (line === 'ATZ') this.restart()
    else if (line === 'ATR') {
      this.core.factoryReset()
      this.restart()
    } else {
      const parts = /^AT\+([A-Z0-9]+)(=\?|=(.*))?$/.exec(line)
      if (parts === null) this.#status(ERROR)
      else this.#run(parts[1], parts[2], parts[3])
    }
  }

  #status(status: string): void {
    this.line.say('')
    this.line.say(status)
  }

  #event(text: string): void {
    this.line.maybe(`+EVT:${text}`)
  }

  #run(name: string, equals: string | undefined, value: string | undefined): void {
    if (name === 'JOIN') this.#status(this.#join(value ?? '1:0:8:0'))
    else if (name === 'SEND') this.#status(this.#send(value ?? ''))
    else {
      const setting = this.#settings.get(name)
      if (setting === undefined) this.#status(ERROR)
      else if (equals === '=?') {
        this.line.say(this.#firmware === 'rui3-1.0' ? setting.get() : `AT+${name}=${setting.get()}`)
        this.#status(OK)
      } else if (setting.set === undefined || value === undefined) this.#status(ERROR)
      else this.#status(setting.mac === true && this.core.mac.busy ? BUSY : setting.set(value))
    }
  }

  #join(value: string): string {
    const parts = /^([01])(?::([01]))?(?::(\d+))?(?::(\d+))?$/.exec(value)
    if (parts === null) return PARAM
    if (parts[1] === '0') {
      this.core.mac.cancelJoin()
      this.joining = false
      return OK
    }
    this.#interval_s = Number(parts[3] ?? 8)
    this.#attempts = Number(parts[4] ?? 0)
    if (this.#interval_s < 7 || this.#interval_s > 255 || this.#attempts > 255) return PARAM
    if (this.core.mac.busy) return BUSY
    if (this.core.joinWait_ms > 0) return this.#restricted(this.core.joinWait_ms)
    this.joining = true
    this.core.mac.join()
    return OK
  }

  #restricted(wait_ms: number): string {
    this.line.maybe(`Restricted_Wait_${wait_ms}_ms`)
    return BUSY
  }

  #send(value: string): string {
    const parts = /^(\d+):([0-9a-fA-F]+)$/.exec(value)
    if (parts === null || parts[2].length > PAYLOAD_DIGITS_MAX || parts[2].length % 2 !== 0) return PARAM
    const port = Number(parts[1])
    if (port < 1 || port > PORT_MAX) return PARAM
    const { mac } = this.core
    const payload = hexOf(parts[2], parts[2].length / 2) as Uint8Array
    if (!mac.joined) return 'AT_NO_NETWORK_JOINED'
    if (mac.busy) return BUSY
    if (payload.length > mac.payload_max || port > 223) return PARAM
    if (this.core.sendWait_ms > 0) return this.#restricted(this.core.sendWait_ms)
    this.sending = { confirmed: this.#confirm, name: 'SEND' }
    mac.send(port, payload, this.#confirm)
    return OK
  }

  protected joined(): void {
    this.line.say('+EVT:JOINED')
  }

  protected joinFailed(): void {
    if (this.#attempts > 0) {
      this.#attempts--
      this.joining = true
      // The MAC waits for itself as long as the duty cycle asks for.
      this.core.mac.join()
    } else this.#event(this.#firmware === 'rui3-4.x' ? 'JOIN_FAILED_RX_TIMEOUT' : 'JOIN FAILED')
  }

  protected sent({ acknowledged }: UplinkResult): void {
    const fields = this.#firmware === 'rui3-4.x'
    this.#confirmed = acknowledged === true
    if (acknowledged === undefined) {
      if (fields) this.#event('TX_DONE')
    } else if (fields) this.#event(acknowledged ? 'SEND_CONFIRMED_OK' : 'SEND_CONFIRMED_FAILED(4)')
    else this.#event(acknowledged ? 'SEND CONFIRMED OK' : 'SEND CONFIRMED FAILED')
    if (this.#linkAsked) this.#event('LINKCHECK:1,0,0,0,0')
    if (this.#timeAsked) this.#event(fields ? 'TIMEREQ_FAILED' : 'TIMEREQ FAILED')
    this.#linkAsked = false
    this.#timeAsked = false
  }

  protected downlink({ fPort, payload, rssi_dBm = 0, snr_dB = 0, window }: Downlink): void {
    const hex = toHex(payload)
    const [rssi, snr] = [Math.round(rssi_dBm), Math.round(snr_dB)]
    this.#received = `${fPort}:${hex}`
    this.#signal = { rssi, snr }
    if (this.#firmware === 'rui3-4.x') {
      this.line.say(`+EVT:RX_${window === 'RX1' ? 1 : window === 'RX2' ? 2 : 'C'}:${rssi}:${snr}:UNICAST:${fPort}:${hex}`)
      return
    }
    this.#event(`RX${window === 'RX1' ? 1 : window === 'RX2' ? 2 : 'C'}, RSSI ${rssi}, SNR ${snr}`)
    this.line.say(`+EVT:${fPort}:${hex}`)
    this.#event('UNICAST')
  }

  protected timeKnown(): void {
    if (!this.#timeAsked) return
    this.#timeAsked = false
    this.#event(this.#firmware === 'rui3-4.x' ? 'TIMEREQ_OK' : 'TIMEREQ OK')
  }

  protected linkCheck(margin_dB: number, gateways: number): void {
    if (!this.#linkAsked) return
    this.#linkAsked = false
    this.#event(`LINKCHECK:0,${margin_dB},${gateways},${this.#signal.rssi},${this.#signal.snr}`)
  }

  #createSettings(): ReadonlyMap<string, Setting> {
    const { core } = this
    const eui = (name: 'devEui' | 'joinEui' | 'appKey', bytes: number): Setting => ({
      mac: true,
      get: () => toHex(core.settings[name]).toUpperCase(),
      set: (value) => {
        const found = hexOf(value, bytes)
        if (found === undefined) return PARAM
        core.change({ [name]: found })
        return OK
      },
    })
    const flag = (get: () => boolean, set: (on: boolean) => void, mac = false): Setting => ({
      mac,
      get: () => (get() ? '1' : '0'),
      set: (value) => {
        if (value !== '0' && value !== '1') return PARAM
        set(value === '1')
        return OK
      },
    })
    return new Map<string, Setting>([
      ['DEVEUI', eui('devEui', 8)],
      ['APPEUI', eui('joinEui', 8)],
      ['APPKEY', eui('appKey', 16)],
      [
        'ADR',
        flag(
          () => core.settings.adr,
          (adr) => core.change({ adr }),
          true,
        ),
      ],
      [
        'PNM',
        flag(
          () => core.settings.publicNetwork,
          (publicNetwork) => core.change({ publicNetwork }),
          true,
        ),
      ],
      [
        'CFM',
        flag(
          () => this.#confirm,
          (on) => this.#setConfirm(on),
        ),
      ],
      [
        'TIMEREQ',
        flag(
          () => this.#timeAsked,
          (on) => this.#askTime(on),
        ),
      ],
      [
        'LINKCHECK',
        flag(
          () => this.#linkAsked,
          (on) => this.#askLink(on),
        ),
      ],
      ['NWM', { get: () => '1', set: (value) => (value === '1' ? OK : PARAM) }],
      // Activation by personalisation is not emulated.
      ['NJM', { get: () => '1', set: (value) => (value === '1' ? OK : PARAM) }],
      ['NJS', { get: () => (core.mac.joined ? '1' : '0') }],
      ['CFS', { get: () => (this.#confirmed ? '1' : '0') }],
      ['VER', { get: () => VERSIONS[this.#firmware] }],
      ['HWMODEL', { get: () => 'rak3172' }],
      ['DEVADDR', { get: () => (core.mac.devAddr ?? 0).toString(16).toUpperCase().padStart(8, '0') }],
      ['RSSI', { get: () => String(this.#signal.rssi) }],
      ['SNR', { get: () => String(this.#signal.snr) }],
      ['RECV', { get: () => this.#recall() }],
      ['LTIME', { get: () => this.#localTime() }],
      ...this.#createMacSettings(),
    ])
  }

  #createMacSettings(): (readonly [string, Setting])[] {
    const { core } = this
    return [
      [
        'BAND',
        {
          mac: true,
          get: () => Object.keys(BANDS).find((band) => BANDS[band] === core.settings.region) ?? '',
          set: (value) => {
            const region = BANDS[value]
            if (region === undefined) return PARAM
            core.change({ region, subBand: undefined, dataRate: REGIONS[region].joinDataRates[0] })
            return OK
          },
        },
      ],
      [
        'CLASS',
        {
          mac: true,
          get: () => core.settings.deviceClass,
          set: (value) => {
            if (value === 'B') return 'AT_NO_CLASSB_ENABLE'
            if (value !== 'A' && value !== 'C') return PARAM
            core.change({ deviceClass: value })
            return OK
          },
        },
      ],
      [
        'DR',
        {
          mac: true,
          get: () => String(core.mac.parameters.dataRate),
          set: (value) => {
            const rate = /^\d$/.test(value) ? Number(value) : -1
            if (!isUplinkRate(rate, REGIONS[core.settings.region])) return PARAM
            core.change({ dataRate: rate })
            return OK
          },
        },
      ],
      [
        'RETY',
        {
          mac: true,
          get: () => String(core.settings.repetitions),
          set: (value) => {
            if (!/^[0-7]$/.test(value)) return PARAM
            core.change({ repetitions: Number(value) })
            return OK
          },
        },
      ],
      ['MASK', { mac: true, get: () => maskOf(core.settings.subBand), set: (value) => this.#setMask(value) }],
    ]
  }

  /** One sub-band or all; the MAC here knows no other masks. */
  #setMask(value: string): string {
    if (REGIONS[this.core.settings.region].plan !== 'fixed') return ERROR
    if (!/^[0-9a-fA-F]{4}$/.test(value)) return PARAM
    const mask = Number.parseInt(value, 16)
    const bank = [0, 1, 2, 3, 4, 5, 6, 7].find((bit) => mask === 1 << bit)
    if (bank === undefined && mask !== 0x1ff) return PARAM
    this.core.change({ subBand: bank === undefined ? undefined : bank + 1 })
    return OK
  }

  #setConfirm(on: boolean): void {
    this.#confirm = on
  }

  #askTime(on: boolean): void {
    this.#timeAsked = on
    if (on) this.core.mac.requestTime()
  }

  #askLink(on: boolean): void {
    this.#linkAsked = on
    if (on) this.core.mac.requestLinkCheck()
  }

  #recall(): string {
    const received = this.#received
    this.#received = '0:'
    return received
  }

  #localTime(): string {
    const { year, month, day, hour, minute, second } = civilFromUtc(this.core.utc_ms(EPOCH_MS))
    return `LTIME:${two(hour)}h${two(minute)}m${two(second)}s on ${two(day)}/${two(month)}/${year}`
  }
}

function maskOf(subBand: number | undefined): string {
  return (subBand === undefined ? 0x1ff : 1 << (subBand - 1)).toString(16).toUpperCase().padStart(4, '0')
}
