import { toHex } from '../../../lib/hex.ts'
import { readTime } from '../clock-text.ts'
import type { Command, Dialect, ModemOptions, Sink } from '../dialect.ts'

/** AT+BAND, RUI3 AT command manual, "LoRaWAN Network Management". */
const Band: Readonly<Record<string, number>> = Object.freeze({ IN865: 3, EU868: 4, US915: 5, AU915: 6, AS923: 8 })
/** Events of the air that make an uplink's end known come within the windows; older firmware tells no end of unconfirmed uplinks at all. */
const SETTLE_MS = 10_000
/** AT+RETY: repetitions of a confirmed uplink. */
const REPETITIONS = 7
/** LTIME is a whole second, the past one. */
const HALF_SECOND_MS = 500

const query = (name: string): Command => Object.freeze({ text: `AT+${name}=?` })
const set = (name: string, value: string | number): Command => ({ text: `AT+${name}=${value}` })

/** Commands and events of RUI3, as the RAK3172 has them: firmware 3.x with events in words, 4.x with events in fields, and before 1.0.5 values without their names. */
export class Rui3 implements Dialect {
  readonly name = 'RAK3172'
  readonly bauds = Object.freeze([115_200, 9600])
  readonly probe: Command = Object.freeze({ text: 'AT', timeout_ms: 500 })
  readonly inspect = Object.freeze([query('NWM'), query('BAND'), query('DEVEUI'), query('APPEUI'), query('APPKEY'), query('NJS')])
  readonly join = Object.freeze([{ text: 'AT+JOIN=1:0:10:0', once: true }])
  readonly session = Object.freeze([query('NJS')])
  readonly requestTime = Object.freeze([{ text: 'AT+TIMEREQ=1', optional: true }])
  readonly requestLinkCheck = Object.freeze([{ text: 'AT+LINKCHECK=1', optional: true }])
  readonly settle_ms = SETTLE_MS
  readonly #options: ModemOptions
  readonly #band: number
  /** What was answered, by name of the command; few names, all known. */
  readonly #values = new Map<string, string>()
  /** The open query, and whether its value has come. */
  #asked: Command | undefined
  #valued = false
  /** The session of the module is that of our device. */
  #ours = false
  #confirmed = false
  #wait_ms: number | undefined

  /** RangeError for a region that the module does not know. */
  constructor(options: ModemOptions) {
    this.#options = options
    const band = Band[options.region]
    if (band === undefined) throw new RangeError(`RAK3172 does not know the region ${options.region}`)
    this.#band = band
  }

  configure(): readonly Command[] {
    const { region, deviceClass, joinEui, devEui, appKey, adr, dataRate, subBand, publicNetwork = true } = this.#options
    const commands: Command[] = []
    if (!this.#ours) {
      const key = { ...set('APPKEY', toHex(appKey).toUpperCase()), secret: true }
      commands.push(set('NJM', 1), set('BAND', this.#band), set('DEVEUI', toHex(devEui).toUpperCase()))
      commands.push(set('APPEUI', toHex(joinEui).toUpperCase()), key)
      if (region === 'US915' || region === 'AU915') commands.push(set('MASK', maskOf(subBand)))
    }
    commands.push(set('CLASS', deviceClass), set('ADR', adr ? 1 : 0))
    if (!this.#ours || !adr) commands.push(set('DR', dataRate))
    commands.push(set('RETY', REPETITIONS), { ...set('PNM', publicNetwork ? 1 : 0), optional: true })
    this.#ours = true
    return commands
  }

  uplink(fPort: number, hex: string, confirmed: boolean): readonly Command[] {
    this.#confirmed = confirmed
    return [set('CFM', confirmed ? 1 : 0), { text: `AT+SEND=${fPort}:${hex}`, once: true }]
  }

  after(): readonly Command[] {
    return [query('DR')]
  }

  line(line: string, open: Command | undefined, sink: Sink): void {
    if (line.startsWith('+EVT:')) {
      this.#event(line.slice(5).trim(), sink)
      return
    }
    if (line.startsWith('RAKwireless') || line.startsWith('Current Work Mode')) {
      sink.restarted()
      return
    }
    const restricted = /^Restricted_Wait_(\d+)_ms/i.exec(line)
    if (restricted !== null) this.#wait_ms = Number(restricted[1])
    else if (line === 'OK') this.#onOk(open, sink)
    else if (/^AT_[A-Z_]+$/.test(line)) this.#onStatus(line, open, sink)
    else if (open?.text.endsWith('=?')) this.#onValue(line, open, sink)
  }

  /** The value comes first: an OK without it ends something older. */
  #onOk(open: Command | undefined, sink: Sink): void {
    if (open?.text.endsWith('=?') && !(this.#asked === open && this.#valued)) return
    this.#asked = undefined
    sink.done()
  }

  #onStatus(status: string, open: Command | undefined, sink: Sink): void {
    const wait_ms = this.#wait_ms
    this.#wait_ms = undefined
    const sending = open === undefined || open.text.startsWith('AT+SEND')
    if (status === 'AT_BUSY_ERROR') sink.refused('busy', status, wait_ms)
    else if (status === 'AT_NO_NETWORK_JOINED') sink.refused('notJoined', status)
    else sink.refused(status === 'AT_PARAM_ERROR' && sending ? 'length' : 'other', status)
  }

  #onValue(line: string, open: Command, sink: Sink): void {
    const name = open.text.slice(3, -2)
    const named = new RegExp(`^(?:AT\\+)?${name}[=:]\\s*(.*)$`).exec(line)
    // A line with another name answers another question.
    if (named === null && /^AT\+/.test(line)) return
    const value = named?.[1] ?? line
    this.#asked = open
    this.#valued = true
    this.#values.set(name, value)
    if (name === 'NWM' && value === '0') sink.insert([set('NWM', 1)])
    else if (name === 'DR' && /^\d+$/.test(value)) sink.dataRate(Number(value))
    else if (name === 'NJS') this.#onSession(value === '1', sink)
    else if (name === 'LTIME') {
      const utc_ms = readTime(value)
      if (utc_ms !== undefined) sink.time(utc_ms + HALF_SECOND_MS)
    }
  }

  #onSession(joined: boolean, sink: Sink): void {
    const { devEui, joinEui, appKey } = this.#options
    const same = (name: string, bytes: Uint8Array) => this.#values.get(name)?.toLowerCase() === toHex(bytes)
    if (!this.#ours) {
      this.#ours =
        joined &&
        same('DEVEUI', devEui) &&
        same('APPEUI', joinEui) &&
        same('APPKEY', appKey) &&
        this.#values.get('BAND') === String(this.#band)
      if (this.#ours) sink.session(true)
    } else {
      if (!joined) this.#ours = false
      sink.session(joined)
    }
  }

  #event(text: string, sink: Sink): void {
    if (text === 'JOINED') sink.joined(undefined)
    else if (/^JOIN[ _]FAILED/.test(text)) sink.joinFailed()
    else if (/^TX[ _]DONE$/.test(text)) {
      sink.left()
      if (!this.#confirmed) sink.over()
    } else if (/^SEND[ _]CONFIRMED[ _]/.test(text)) {
      sink.acknowledged(/OK$/.test(text))
      sink.over()
    } else if (/^TIMEREQ[ _]OK$/.test(text)) sink.insert([query('LTIME')])
    else if (!this.#downlink(text, sink)) this.#linkCheck(text, sink)
  }

  #downlink(text: string, sink: Sink): boolean {
    const fields = /^RX_?(\w):(-?\d+):(-?\d+):(UNICAST|MULTICAST):(\d+):([0-9a-fA-F]*)$/.exec(text)
    if (fields !== null) {
      sink.signal(Number(fields[2]), Number(fields[3]), windowOf(fields[1]))
      if (fields[4] === 'MULTICAST') sink.multicast()
      sink.payload(Number(fields[5]), fields[6])
      sink.downlinkEnd()
      return true
    }
    const signal = /^RX_?(\w), RSSI (-?\d+), SNR (-?\d+)/.exec(text)
    const payload = /^(\d{1,3}):([0-9a-fA-F]*)$/.exec(text)
    if (signal !== null) sink.signal(Number(signal[2]), Number(signal[3]), windowOf(signal[1]))
    else if (payload !== null) sink.payload(Number(payload[1]), payload[2])
    else if (/^MULTI?CAST/.test(text) || /^MULCAST/.test(text)) {
      sink.multicast()
      sink.downlinkEnd()
    } else if (text === 'UNICAST') sink.downlinkEnd()
    else return false
    return true
  }

  #linkCheck(text: string, sink: Sink): void {
    const check = /^LINKCHECK[:,]\s*(\d+)[:,](\d+)[:,](\d+)/.exec(text)
    if (check !== null && check[1] === '0') sink.linkCheck(Number(check[2]), Number(check[3]))
  }
}

/** RX3 is what firmware 3.x calls the window of class C. */
function windowOf(name: string): 'RX1' | 'RX2' | 'RXC' | undefined {
  if (name === '1') return 'RX1'
  if (name === '2') return 'RX2'
  return name === 'C' || name === '3' ? 'RXC' : undefined
}

/** A bit for eight channels. */
function maskOf(subBand: number | undefined): string {
  const mask = subBand === undefined ? 0x1ff : 1 << (subBand - 1)
  return mask.toString(16).toUpperCase().padStart(4, '0')
}
