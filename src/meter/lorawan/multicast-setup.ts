import { ByteWriter } from '../../lib/bytes.ts'
import {
  type ClassCSession,
  decodeMulticastDownlink,
  encodeMulticastDownlink,
  encodeMulticastUplink,
  GROUPS_MAX,
  type GroupSetup,
  type MulticastDownlink,
  type MulticastUplink,
  type SessionAnswer,
} from '../../protocols/lorawan-app/multicast-setup.ts'
import { MULTICAST_SETUP, utcOfGps } from '../../protocols/lorawan-app/package.ts'
import { ifFlashTakesIt } from '../secrets.ts'
import type { PackageContext } from './packages.ts'

/** Setting: the requests that made the present groups and session. Keys in them are under the McKEKey. */
export const GROUPS_KEY = 'lorawan.groups'

interface Session {
  readonly request: ClassCSession
  readonly group: number
  readonly start_s: number
  readonly end_s: number
  readonly frequency_Hz: number
  readonly dataRate: number
  begun: boolean
}

/** Takes the meter into multicast groups and listens for them when the server says so, TS005-1.0.0. One session of class C at a time. */
export class MulticastSetup {
  readonly #context: PackageContext
  readonly #groups = new Map<number, GroupSetup>()
  #session: Session | undefined

  constructor(context: PackageContext) {
    this.#context = context
  }

  /** DecodeError for what is no message of the package. */
  take(payload: Uint8Array): void {
    for (const downlink of decodeMulticastDownlink(payload)) {
      this.#answer(this.#obey(downlink))
      if (downlink.type !== 'version-request' && downlink.type !== 'status-request') this.#keep()
    }
  }

  /** Takes up the groups and the session of before a restart. */
  restore(kept: Uint8Array): void {
    for (const downlink of decodeMulticastDownlink(kept)) this.#obey(downlink)
  }

  #keep(): void {
    const requests = [...this.#groups.values()].map((setup) => encodeMulticastDownlink({ type: 'setup-request', ...setup }))
    if (this.#session !== undefined) requests.push(encodeMulticastDownlink({ type: 'class-c-request', ...this.#session.request }))
    const writer = new ByteWriter(64, 256)
    for (const request of requests) writer.write(request)
    const { settings } = this.#context.core.storage
    ifFlashTakesIt(() => {
      if (writer.length === 0) settings.delete(GROUPS_KEY)
      else settings.set(GROUPS_KEY, writer.copy())
    })
  }

  second(now_s: number): void {
    const session = this.#session
    if (session === undefined) return
    if (!session.begun && now_s >= session.start_s) {
      session.begun = true
      this.#context.multicast()?.listenTo(session)
    }
    if (now_s >= session.end_s) this.#end()
  }

  #end(): void {
    if (this.#session?.begun === true) this.#context.multicast()?.listenTo(undefined)
    this.#session = undefined
  }

  #answer(uplink: MulticastUplink): void {
    this.#context.send(MULTICAST_SETUP.port, encodeMulticastUplink(uplink))
  }

  #obey(downlink: MulticastDownlink): MulticastUplink {
    if (downlink.type === 'version-request') return { type: 'version-answer', ...MULTICAST_SETUP }
    if (downlink.type === 'setup-request') return { type: 'setup-answer', group: downlink.group, error: !this.#setUp(downlink) }
    if (downlink.type === 'delete-request')
      return { type: 'delete-answer', group: downlink.group, undefinedGroup: !this.#delete(downlink.group) }
    if (downlink.type === 'status-request') {
      const groups = [...this.#groups].filter(([group]) => downlink.mask & (1 << group)).sort(([a], [b]) => a - b)
      return { type: 'status-answer', total: this.#groups.size, groups: groups.map(([group, { address }]) => ({ group, address })) }
    }
    const { group } = downlink
    if (downlink.type === 'class-c-request') return { type: 'class-c-answer', ...this.#schedule(downlink) }
    // Beacons are not received: the data rate of a ping slot is as good a reason as there is.
    return {
      type: 'class-b-answer',
      group,
      undefinedGroup: !this.#groups.has(group),
      frequencyError: false,
      dataRateError: true,
      timeToStart_s: undefined,
    }
  }

  #setUp(setup: GroupSetup): boolean {
    const { group, address, keyEncrypted, fCntMin, fCntMax } = setup
    const { multicast, keyKey, crypto } = this.#context
    const receiver = multicast()
    const hiding = keyKey()
    if (receiver === undefined || hiding === undefined || group >= GROUPS_MAX) return false
    if (this.#session?.group === group) this.#end()
    // The device decrypts by encrypting.
    receiver.setGroup(group, { address, key: crypto.encryptBlocks(hiding, keyEncrypted), fCntMin, fCntMax })
    this.#groups.set(group, setup)
    return true
  }

  #delete(group: number): boolean {
    if (this.#session?.group === group) this.#end()
    this.#context.multicast()?.setGroup(group, undefined)
    return this.#groups.delete(group)
  }

  #schedule(request: ClassCSession): SessionAnswer {
    const { group, start_gps_s, timeout, frequency_Hz, dataRate } = request
    const now_s = this.#context.core.clock.now_s()
    const can = this.#context.multicast()?.canListen(frequency_Hz, dataRate) ?? { frequency: false, dataRate: false }
    const faults = { undefinedGroup: !this.#groups.has(group), frequencyError: !can.frequency, dataRateError: !can.dataRate }
    if (faults.undefinedGroup || faults.frequencyError || faults.dataRateError) return { group, ...faults, timeToStart_s: undefined }
    this.#end()
    const start_s = utcOfGps(start_gps_s, now_s)
    this.#session = { request, group, start_s, end_s: start_s + 2 ** timeout, frequency_Hz, dataRate, begun: false }
    return { group, ...faults, timeToStart_s: Math.max(0, start_s - now_s) }
  }
}
