import { toHex } from '../../../lib/hex.ts'
import type { Command, Dialect, ModemOptions, Sink } from '../dialect.ts'

/** What each part is for. */
const Regions: Readonly<Record<'RN2483' | 'RN2903', readonly string[]>> = Object.freeze({ RN2483: ['EU868'], RN2903: ['US915', 'AU915'] })
const CHANNELS = 72
const NARROW = 64
const REPETITIONS = 7
/** The second answer ends an uplink. */
const SETTLE_MS = 60_000
/** `mac get mrgn` before the first answer to a link check. */
const NO_MARGIN = 255
const LINK_CHECK_S = 1

const command = (text: string): Command => Object.freeze({ text })

/** Words of the first answer that refuse, and what they mean. */
const Refusals: Readonly<Record<string, 'busy' | 'length' | 'notJoined' | 'other'>> = Object.freeze({
  busy: 'busy',
  no_free_ch: 'busy',
  mac_paused: 'busy',
  invalid_data_len: 'length',
  not_joined: 'notJoined',
  frame_counter_err_rejoin_needed: 'notJoined',
  silent: 'other',
  invalid_param: 'other',
  keys_not_init: 'other',
})

/** Values that commands ask for, by the command. */
const Values: Readonly<Record<string, RegExp>> = Object.freeze({
  'sys get ver': /^RN\d{4} /,
  'mac get deveui': /^[0-9A-Fa-f]{16}$/,
  'mac get devaddr': /^[0-9A-Fa-f]{8}$/,
  'mac get dr': /^\d{1,2}$/,
  'mac get mrgn': /^\d{1,3}$/,
  'mac get gwnb': /^\d{1,3}$/,
})

/** One word answers a command, and one more tells how a join or an uplink ended. */
export class RNDialect implements Dialect {
  readonly name: string
  readonly bauds = Object.freeze([57_600])
  readonly probe: Command = Object.freeze({ text: 'sys get ver', timeout_ms: 500 })
  readonly inspect = Object.freeze([command('mac get deveui'), command('mac get devaddr')])
  readonly join = Object.freeze([{ text: 'mac join otaa', once: true }])
  readonly session = Object.freeze([command('mac get devaddr')])
  readonly requestTime = undefined
  readonly requestLinkCheck = Object.freeze([command(`mac set linkchk ${LINK_CHECK_S}`)])
  readonly settle_ms = SETTLE_MS
  readonly #options: ModemOptions
  #devEui = ''
  #ours = false
  #confirmed = false
  /** A link check was asked for and not answered. */
  #checking = false
  #margin = NO_MARGIN

  /** RangeError for a region that the module does not know. */
  constructor(part: 'RN2483' | 'RN2903', options: ModemOptions) {
    this.name = part
    this.#options = options
    if (!Regions[part].includes(options.region)) throw new RangeError(`${part} does not know the region ${options.region}`)
  }

  configure(): readonly Command[] {
    const { deviceClass, joinEui, devEui, appKey, adr, dataRate, publicNetwork = true } = this.#options
    const commands: Command[] = []
    if (!this.#ours) {
      commands.push(command(this.name === 'RN2483' ? 'mac reset 868' : 'mac reset'))
      commands.push(command(`mac set deveui ${toHex(devEui).toUpperCase()}`), command(`mac set appeui ${toHex(joinEui).toUpperCase()}`))
      commands.push(...this.#channels(), { ...command(`mac set sync ${publicNetwork ? 34 : 12}`), optional: true })
    }
    commands.push({ text: `mac set appkey ${toHex(appKey).toUpperCase()}`, secret: true })
    if (deviceClass === 'C' || this.#ours) commands.push(command(`mac set class ${deviceClass.toLowerCase()}`))
    commands.push(command(`mac set adr ${adr ? 'on' : 'off'}`))
    if (!this.#ours || !adr) commands.push(command(`mac set dr ${dataRate}`))
    commands.push(command(`mac set retx ${REPETITIONS}`), command('mac set ar on'))
    this.#ours = true
    return commands
  }

  /** Only those of the sub-band stay on. */
  #channels(): Command[] {
    const { subBand } = this.#options
    const commands: Command[] = []
    for (let i = 0; this.name === 'RN2903' && subBand !== undefined && i < CHANNELS; i++) {
      const on = (i < NARROW ? Math.floor(i / 8) : i - NARROW) === subBand - 1
      commands.push(command(`mac set ch status ${i} ${on ? 'on' : 'off'}`))
    }
    return commands
  }

  uplink(fPort: number, hex: string, confirmed: boolean): readonly Command[] {
    this.#confirmed = confirmed
    return [{ text: `mac tx ${confirmed ? 'cnf' : 'uncnf'} ${fPort} ${hex}`, once: true }]
  }

  /** The module asks with the first uplink that is later than its interval, so the answer may come with the uplink after the next. */
  after({ linkCheck }: { readonly linkCheck: boolean }): readonly Command[] {
    this.#checking ||= linkCheck
    return [...(this.#checking ? [command('mac get mrgn'), command('mac get gwnb')] : []), command('mac get dr')]
  }

  line(line: string, open: Command | undefined, sink: Sink): void {
    const value = open && Values[open.text]
    const refusal = Refusals[line]
    if (value?.test(line)) this.#value(line, open as Command, sink)
    else if (/^RN(2483|2903) /.test(line)) this.#restarted(sink)
    else if (refusal !== undefined) sink.refused(refusal, line)
    // A value is still to come: this word ends something older.
    else if (line === 'ok') {
      if (value === undefined) sink.done()
    } else this.#event(line, sink)
  }

  #restarted(sink: Sink): void {
    this.#ours = false
    sink.restarted()
  }

  #value(line: string, { text }: Command, sink: Sink): void {
    if (text === 'mac get deveui') this.#devEui = line.toLowerCase()
    else if (text === 'mac get devaddr') this.#onAddress(line !== '00000000', sink)
    else if (text === 'mac get dr') sink.dataRate(Number(line))
    else if (text === 'mac get mrgn') this.#margin = Number(line)
    else if (text === 'mac get gwnb' && this.#margin !== NO_MARGIN) {
      this.#checking = false
      sink.insert([command('mac set linkchk 0')])
      sink.linkCheck(this.#margin, Number(line))
    }
    sink.done()
  }

  /** A device that has not joined has no address. */
  #onAddress(joined: boolean, sink: Sink): void {
    if (!this.#ours) {
      this.#ours = joined && this.#devEui === toHex(this.#options.devEui)
      if (this.#ours) sink.session(true)
      return
    }
    if (!joined) this.#ours = false
    sink.session(joined)
  }

  #event(line: string, sink: Sink): void {
    const received = /^mac_rx (\d+) ([0-9A-Fa-f]*)$/.exec(line)
    if (line === 'accepted') sink.joined(undefined)
    else if (line === 'denied') sink.joinFailed()
    else if (line === 'mac_tx_ok') {
      sink.acknowledged(this.#confirmed)
      sink.over()
    } else if (line === 'mac_err' || line === 'radio_err') {
      sink.acknowledged(false)
      sink.failed()
    } else if (received !== null) {
      sink.payload(Number(received[1]), received[2])
      sink.downlinkEnd()
      // In class A it ends the uplink in place of mac_tx_ok; in class C it may have come at any time.
      if (this.#options.deviceClass === 'A') {
        sink.acknowledged(this.#confirmed)
        sink.over()
      }
    }
  }
}
