/**
 * Microchip RN2483 and RN2903 at the level of their serial line, with the project's own MAC inside.
 * Source: command references DS40001784 (RN2483) and DS40001811 (RN2903), firmware 1.0.5.
 */
import { toHex } from '../../lib/hex.ts'
import type { Downlink, UplinkResult } from '../../lib/lorawan-link.ts'
import { REGIONS, type RegionName } from '../../links/lorawan/regions-table.ts'
import { hexOf, isUplinkRate, Modem, type ModemOptions } from './modem.ts'

export interface EmulatedRN2483Options extends ModemOptions {
  readonly part?: 'RN2483' | 'RN2903'
  /** Of an RN2903, whose firmware is made for one region. */
  readonly region?: RegionName
}

const INVALID = 'invalid_param'
const CHANNELS = 72
const NARROW = 64
const NO_MARGIN = 255
const FIRMWARE = '1.0.5 Oct 31 2018 15:06:52'

export class EmulatedRN2483 extends Modem {
  readonly #part: 'RN2483' | 'RN2903'
  readonly #region: RegionName
  #keys = { devEui: false, joinEui: false, appKey: false }
  #autoReply = false
  #margin = NO_MARGIN
  #gateways = 0
  #linkCheck_s = 0
  #linkChecked_ms = 0
  readonly #channels: boolean[] = Array.from({ length: CHANNELS }, () => true)
  #received: Downlink | undefined

  constructor(options: EmulatedRN2483Options) {
    const part = options.part ?? 'RN2483'
    const region = part === 'RN2483' ? 'EU868' : (options.region ?? 'US915')
    super(options, {
      baud: 57_600,
      boot_ms: 100,
      think_ms: 2,
      factory: {
        region,
        deviceClass: 'A',
        joinEui: new Uint8Array(8),
        devEui: new Uint8Array(8),
        appKey: new Uint8Array(16),
        adr: false,
        dataRate: part === 'RN2483' ? 5 : 3,
        subBand: undefined,
        publicNetwork: true,
        repetitions: 7,
      },
    })
    this.#part = part
    this.#region = region
  }

  protected banner(): void {
    this.line.maybe(`${this.#part} ${FIRMWARE}`)
  }

  /** Without `mac save` the settings are those of the factory. */
  protected forget(): void {
    this.core.factoryReset()
    this.#keys = { devEui: false, joinEui: false, appKey: false }
    this.#margin = NO_MARGIN
    this.#linkCheck_s = 0
    this.#channels.fill(true)
    this.#received = undefined
  }

  protected command(line: string): void {
    const words = line.trim().split(' ')
    const [area, verb] = words
    if (area === 'sys') this.#system(words.slice(1).join(' '))
    else if (area !== 'mac') this.line.say(INVALID)
    else if (verb === 'get') this.line.say(this.#get(words.slice(2).join(' ')))
    else if (verb === 'set') this.line.say(this.#set(words[2], words.slice(3)))
    else if (verb === 'join') this.line.say(this.#join(words[2]))
    else if (verb === 'tx') this.line.say(this.#send(words.slice(2)))
    else if (verb === 'reset') this.line.say(this.#reset(words[2]))
    else this.line.say(INVALID)
  }

  #system(text: string): void {
    if (text === 'get ver') this.line.say(`${this.#part} ${FIRMWARE}`)
    else if (text === 'get hweui') this.line.say('0004A30B001C0530')
    else if (text === 'get vdd') this.line.say('3300')
    else if (text === 'reset' || text === 'factoryRESET') this.restart()
    else this.line.say(INVALID)
  }

  #reset(band: string | undefined): string {
    if (band !== (this.#part === 'RN2483' ? '868' : undefined)) return INVALID
    this.forget()
    return 'ok'
  }

  #get(name: string): string {
    const { core } = this
    const { settings } = core
    const address = (core.mac.devAddr ?? 0).toString(16).toUpperCase().padStart(8, '0')
    const values: Readonly<Record<string, () => string>> = {
      deveui: () => toHex(settings.devEui).toUpperCase(),
      appeui: () => toHex(settings.joinEui).toUpperCase(),
      devaddr: () => address,
      dr: () => String(core.mac.parameters.dataRate),
      adr: () => (settings.adr ? 'on' : 'off'),
      ar: () => (this.#autoReply ? 'on' : 'off'),
      class: () => settings.deviceClass,
      retx: () => String(settings.repetitions),
      mrgn: () => String(this.#margin),
      gwnb: () => String(this.#gateways),
      sync: () => (settings.publicNetwork ? '34' : '12'),
    }
    return Object.hasOwn(values, name) ? values[name]() : INVALID
  }

  #set(name: string, values: readonly string[]): string {
    const [value] = values
    if (value === undefined) return INVALID
    if (name === 'ch') return this.#setChannel(values)
    if (name === 'linkchk') return this.#setLinkCheck(value)
    if (this.core.mac.busy) return 'busy'
    const { core } = this
    if (name === 'deveui' || name === 'appeui' || name === 'appkey') return this.#setKey(name, value)
    if (name === 'class' && (value === 'a' || value === 'c')) core.change({ deviceClass: value === 'a' ? 'A' : 'C' })
    else if (name === 'adr' && (value === 'on' || value === 'off')) core.change({ adr: value === 'on' })
    else if (name === 'ar' && (value === 'on' || value === 'off')) this.#autoReply = value === 'on'
    else if (name === 'dr' && /^\d$/.test(value) && isUplinkRate(Number(value), REGIONS[this.#region]))
      core.change({ dataRate: Number(value) })
    else if (name === 'retx' && /^\d{1,3}$/.test(value) && Number(value) < 256) core.change({ repetitions: Number(value) })
    else if (name === 'sync' && (value === '34' || value === '12')) core.change({ publicNetwork: value === '34' })
    else return INVALID
    return 'ok'
  }

  #setKey(name: 'deveui' | 'appeui' | 'appkey', value: string): string {
    const bytes = hexOf(value, name === 'appkey' ? 16 : 8)
    if (bytes === undefined) return INVALID
    const setting = { deveui: 'devEui', appeui: 'joinEui', appkey: 'appKey' } as const
    this.#keys = { ...this.#keys, [setting[name]]: true }
    this.core.change({ [setting[name]]: bytes })
    return 'ok'
  }

  #setLinkCheck(value: string): string {
    if (!/^\d{1,5}$/.test(value)) return INVALID
    this.#linkCheck_s = Number(value)
    this.#linkChecked_ms = this.core.now_ms
    return 'ok'
  }

  #setChannel(values: readonly string[]): string {
    const [what, number, state] = values
    const index = Number(number)
    const { plan } = REGIONS[this.#region]
    if (what !== 'status' || plan !== 'fixed' || !(index >= 0 && index < CHANNELS) || (state !== 'on' && state !== 'off')) return INVALID
    this.#channels[index] = state === 'on'
    return 'ok'
  }

  /** The MAC here knows one sub-band or all: the one whose channels are all on, when no other is. */
  #subBand(): number | undefined {
    const on = [0, 1, 2, 3, 4, 5, 6, 7].filter((bank) => this.#channels.slice(8 * bank, 8 * bank + 8).every((channel) => channel))
    return on.length === 1 && this.#channels[NARROW + on[0]] ? on[0] + 1 : undefined
  }

  #join(mode: string | undefined): string {
    // Activation by personalisation is not emulated.
    if (mode !== 'otaa') return INVALID
    const { devEui, joinEui, appKey } = this.#keys
    if (!devEui || !joinEui || !appKey) return 'keys_not_init'
    const { core } = this
    if (core.mac.busy) return 'busy'
    const subBand = this.#subBand()
    if (subBand !== core.settings.subBand) core.change({ subBand })
    if (core.joinWait_ms > 0) return 'no_free_ch'
    this.joining = true
    core.mac.join()
    return 'ok'
  }

  #send(words: readonly string[]): string {
    const [mode, port, hex = ''] = words
    const fPort = /^\d+$/.test(port) ? Number(port) : 0
    const payload = hexOf(hex, hex.length / 2)
    if ((mode !== 'cnf' && mode !== 'uncnf') || fPort < 1 || fPort > 223 || payload === undefined) return INVALID
    const { core } = this
    if (!core.mac.joined) return 'not_joined'
    if (core.mac.busy) return 'busy'
    const due = this.#linkCheck_s > 0 && core.now_ms - this.#linkChecked_ms >= 1000 * this.#linkCheck_s
    if (payload.length > core.mac.payload_max - (due ? 1 : 0)) return 'invalid_data_len'
    if (core.sendWait_ms > 0) return 'no_free_ch'
    if (due) {
      this.#linkChecked_ms = core.now_ms
      core.mac.requestLinkCheck()
    }
    this.sending = { confirmed: mode === 'cnf', name: 'tx' }
    core.mac.send(fPort, payload, mode === 'cnf')
    return 'ok'
  }

  protected joined(): void {
    this.line.say('accepted')
  }

  protected joinFailed(): void {
    this.line.say('denied')
  }

  protected sent({ acknowledged }: UplinkResult): void {
    // In class A what was received takes the place of mac_tx_ok.
    this.soon(() => {
      const received = this.#received
      this.#received = undefined
      if (acknowledged === false) this.line.say('mac_err')
      else if (received === undefined) this.line.say('mac_tx_ok')
      if (received !== undefined) this.#tell(received)
    })
  }

  protected downlink(downlink: Downlink): void {
    if (this.core.settings.deviceClass === 'C') this.#tell(downlink)
    else this.#received = downlink
  }

  #tell({ fPort, payload }: Downlink): void {
    this.line.say(`mac_rx ${fPort} ${toHex(payload).toUpperCase()}`)
  }

  protected timeKnown(): void {}

  protected linkCheck(margin_dB: number, gateways: number): void {
    this.#margin = margin_dB
    this.#gateways = gateways
  }
}
