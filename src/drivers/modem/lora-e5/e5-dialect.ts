import { toHex } from '../../../lib/hex.ts'
import { readTime } from '../clock-text.ts'
import type { Command, Dialect, ModemOptions, Sink } from '../dialect.ts'

const REGIONS: readonly string[] = Object.freeze(['EU868', 'US915', 'AU915', 'AS923', 'IN865'])
const REPETITIONS = 7
/** The clock of the module begins in 2020 until the network has set it. */
const PLAUSIBLE_MS = 1_672_531_200_000
/** A clock that did not just go on was set. */
const JUMP_MS = 5000
/** A transaction of the radio ends with `Done`. */
const SETTLE_MS = 60_000
/** The module speaks at 9600 baud, and thinks before it answers. */
const SEND_MS = 5000
/** ERROR(-21): the command is too long. */
const TOO_LONG = '-21'
const MESSAGE = /^C?P?MSG(HEX)?$/

const command = (text: string): Command => Object.freeze({ text })

/** Answers repeat the name of the command (`+CMD: text`); there is no common end, so what ends a command depends on it. */
export class E5Dialect implements Dialect {
  readonly name = 'LoRa-E5'
  readonly bauds = Object.freeze([9600, 115_200, 38_400])
  readonly probe: Command = Object.freeze({ text: 'AT', timeout_ms: 500 })
  readonly inspect = Object.freeze([command('AT+ID=DevEui'), command('AT+DR'), command('AT+MODE')])
  readonly join = Object.freeze([{ text: 'AT+JOIN', timeout_ms: SEND_MS, once: true }])
  readonly session = Object.freeze([command('AT')])
  readonly requestTime = Object.freeze([command('AT+RTC=UTCMS'), command('AT+LW=DTR')])
  readonly requestLinkCheck = Object.freeze([command('AT+LW=LCR')])
  readonly settle_ms = SETTLE_MS
  readonly #options: ModemOptions
  #devEui = ''
  #region = ''
  #mode = ''
  /** Name of the command that sends. */
  #sending = ''
  /** Time of day less ticks, as it was read last; undefined before. */
  #clock_ms: number | undefined
  #clockSet = false
  /** What is read now is what the network has said. */
  #timeDue = false
  /** Of the join that is under way, or was. */
  #networkJoined = false
  #joinOver = true

  /** RangeError for a region that the module does not know. */
  constructor(options: ModemOptions) {
    this.#options = options
    if (!REGIONS.includes(options.region)) throw new RangeError(`LoRa-E5 does not know the region ${options.region}`)
  }

  configure(): readonly Command[] {
    const { region, deviceClass, joinEui, devEui, appKey, adr, dataRate, subBand, publicNetwork = true } = this.#options
    const commands: Command[] = []
    const ours = this.#devEui === toHex(devEui) && this.#region === region && this.#mode === 'LWOTAA'
    if (!ours) {
      commands.push(command('AT+MODE=LWOTAA'), command(`AT+DR=${region}`))
      commands.push(command(`AT+ID=DevEui,"${toHex(devEui).toUpperCase()}"`), command(`AT+ID=AppEui,"${toHex(joinEui).toUpperCase()}"`))
      if (region === 'US915' || region === 'AU915') commands.push(command(`AT+CH=NUM,${channelsOf(subBand)}`))
    }
    commands.push({ text: `AT+KEY=APPKEY,"${toHex(appKey).toUpperCase()}"`, secret: true })
    commands.push(command(`AT+CLASS=${deviceClass}`), command(`AT+ADR=${adr ? 'ON' : 'OFF'}`))
    if (!ours || !adr) commands.push(command(`AT+DR=DR${dataRate}`))
    commands.push(
      { text: `AT+RETRY=${REPETITIONS}`, optional: true },
      { text: `AT+LW=NET,${publicNetwork ? 'ON' : 'OFF'}`, optional: true },
    )
    return commands
  }

  uplink(fPort: number, hex: string, confirmed: boolean): readonly Command[] {
    this.#timeDue = false
    this.#sending = confirmed ? 'CMSGHEX' : 'MSGHEX'
    return [command(`AT+PORT=${fPort}`), { text: `AT+${this.#sending}="${hex}"`, timeout_ms: SEND_MS, once: true }]
  }

  after({ time }: { readonly time: boolean }): readonly Command[] {
    this.#timeDue = time
    return [...(time ? [command('AT+RTC=UTCMS')] : []), command('AT+LW=LEN')]
  }

  line(line: string, open: Command | undefined, sink: Sink): void {
    const parts = /^\+([A-Z0-9]+): ?(.*)$/.exec(line)
    if (parts === null) return
    const [, name, text] = parts
    const asked = open !== undefined && name === nameOf(open)
    if (/^ERROR/.test(text)) {
      if (asked) sink.refused(MESSAGE.test(name) && text.includes(TOO_LONG) ? 'length' : 'other', text)
    } else if (MESSAGE.test(name)) this.#message(text, asked, name === this.#sending, sink)
    else if (name === 'JOIN') this.#join(text, asked, sink)
    else this.#value(name, text, asked, open, sink)
  }

  /** `ours`: of the uplink that is under way, not of one before it. */
  #message(text: string, asked: boolean, ours: boolean, sink: Sink): void {
    if (!ours) {
      this.#downlink(text, sink)
      return
    }
    const wait = /^No band in (\d+) ?ms/.exec(text)
    if (text === 'LoRaWAN modem is busy' || text === 'No free channel') sink.refused('busy', text)
    else if (wait !== null) sink.refused('busy', text, Number(wait[1]))
    else if (text.startsWith('Please join')) sink.refused('notJoined', text)
    else if (text.startsWith('Length error')) sink.refused('length', text)
    else {
      // Whatever else it says: it has begun.
      if (asked) sink.done()
      sink.left()
      if (text === 'ACK Received') sink.acknowledged(true)
      else this.#downlink(text, sink)
      if (text === 'Done') sink.over()
    }
  }

  #downlink(text: string, sink: Sink): void {
    const payload = /^PORT: (\d+); RX: "([0-9a-fA-F]*)"$/.exec(text)
    const signal = /^RXWIN(\d)\d*, RSSI (-?\d+), SNR (-?[\d.]+)/.exec(text)
    const link = /^Link (\d+), (\d+)/i.exec(text)
    if (payload !== null) sink.payload(Number(payload[1]), payload[2])
    else if (signal !== null) sink.signal(Number(signal[2]), Number(signal[3]), windowOf(signal[1]))
    else if (link !== null) sink.linkCheck(Number(link[1]), Number(link[2]))
    else if (text === 'MULTICAST') sink.multicast()
    else if (text === 'Done') sink.downlinkEnd()
  }

  #join(text: string, asked: boolean, sink: Sink): void {
    if (text === 'LoRaWAN modem is busy') {
      sink.refused('busy', text)
      return
    }
    if (asked) sink.done()
    const network = /^NetID ([0-9A-Fa-f]+) DevAddr ([0-9A-Fa-f:]+)/.exec(text)
    if (text === 'Start') {
      this.#networkJoined = false
      this.#joinOver = false
    } else if (network !== null) this.#joined(Number.parseInt(network[2].replace(/:/g, ''), 16), sink)
    else if (text === 'Joined already') this.#joined(undefined, sink)
    else if (text === 'Network joined' && this.#joinOver) this.#joined(undefined, sink)
    else if (text === 'Network joined') this.#networkJoined = true
    else if (text === 'Join failed') sink.joinFailed()
    else if (text === 'Done') this.#joinDone(sink)
  }

  #joined(devAddr: number | undefined, sink: Sink): void {
    this.#networkJoined = false
    sink.joined(devAddr)
  }

  #joinDone(sink: Sink): void {
    this.#joinOver = true
    if (this.#networkJoined) this.#joined(undefined, sink)
    // After a success the join is over already, and this changes nothing.
    else sink.joinFailed()
  }

  #value(name: string, text: string, asked: boolean, open: Command | undefined, sink: Sink): void {
    if (!asked || open === undefined) return
    if (name === 'ID') {
      const id = /^(\w+), ([0-9A-Fa-f:]+)/.exec(text)
      if (id === null || !open.text.includes(`=${id[1]}`)) return
      if (id[1] === 'DevEui') this.#devEui = id[2].replace(/:/g, '').toLowerCase()
    } else if (name === 'DR') {
      const rate = /^([A-Z0-9]+) +DR(\d+)/.exec(text)
      if (rate !== null) this.#region = rate[1]
      else if (open.text === 'AT+DR') return
    } else if (name === 'MODE') this.#mode = text
    else if (name === 'RTC') this.#onClock(text, sink)
    else if (name === 'LW') {
      const length = /^LEN, ?(\d+)/.exec(text)
      if (open.text === 'AT+LW=LEN' && length === null) return
      if (length !== null) sink.room(Number(length[1]))
    }
    sink.done()
  }

  /** The module does not say whether the network has answered: its clock shows it. */
  #onClock(text: string, sink: Sink): void {
    const utc_ms = readTime(text)
    if (utc_ms === undefined) return
    const clock_ms = utc_ms - this.#options.ticks_ms()
    if (utc_ms > PLAUSIBLE_MS || (this.#clock_ms !== undefined && Math.abs(clock_ms - this.#clock_ms) > JUMP_MS)) this.#clockSet = true
    this.#clock_ms = clock_ms
    if (this.#timeDue && this.#clockSet) sink.time(utc_ms)
  }
}

/** `MSGHEX` of `AT+MSGHEX="01"`; `AT` alone answers as `+AT`. */
function nameOf({ text }: Command): string {
  const end = text.indexOf('=')
  return text === 'AT' ? 'AT' : text.slice(3, end < 0 ? undefined : end)
}

/** RXWIN0 is heard between the windows. */
function windowOf(digit: string): 'RX1' | 'RX2' | 'RXC' | undefined {
  if (digit === '0') return 'RXC'
  if (digit === '1') return 'RX1'
  return digit === '2' ? 'RX2' : undefined
}

function channelsOf(subBand: number | undefined): string {
  return subBand === undefined ? '0-71' : `${8 * (subBand - 1)}-${8 * subBand - 1},${63 + subBand}`
}
