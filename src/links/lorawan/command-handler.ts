import { getUint24 } from '../../lib/little-endian.ts'
import type { ChannelPlan } from './channels.ts'
import type { DutyCycle } from './duty-cycle.ts'
import { FOPTS_MAX } from './frame.ts'
import { Cid, deviceTime_ms, FREQUENCY_STEP_HZ, MAX_EIRP_DBM, type MacCommand } from './mac-commands.ts'
import { inRange, type Region } from './region.ts'
import type { MacParameters } from './session.ts'

/** Keep what is (LinkADRReq). */
const KEEP = 15

export interface CommandHandlerOptions {
  readonly region: Region
  readonly plan: ChannelPlan
  readonly parameters: MacParameters
  readonly duty: DutyCycle
  /** 0: mains; 1 to 254: charge; 255: unknown. */
  readonly battery: () => number
  /** The device lets the network choose data rate and power. */
  readonly adr: boolean
  readonly onTime: (utcAtEndOfUplink_ms: number) => void
  readonly onLinkCheck: (margin_dB: number, gateways: number) => void
}

/** Does what MAC commands of the network ask for, and keeps the answers until they have left. LoRaWAN 1.0.4 §5. */
export class CommandHandler {
  readonly #options: CommandHandlerOptions
  /** Sent once. */
  #answers: number[][] = []
  /** Sent with each uplink until the network is heard again (§5.4, §5.7, §5.8). */
  #sticky: number[][] = []
  readonly #requests = new Set<number>()

  constructor(options: CommandHandlerOptions) {
    this.#options = options
  }

  /** Something waits to be sent. */
  get pending(): boolean {
    return this.#answers.length > 0 || this.#sticky.length > 0
  }

  /** LinkCheckReq or DeviceTimeReq, with the next uplink. */
  request(cid: number): void {
    this.#requests.add(cid)
  }

  /** Whole commands for the next uplink, at most `room` bytes; what does not fit waits. */
  take(room: number): Uint8Array {
    const limit = Math.min(room, FOPTS_MAX)
    const bytes: number[] = []
    const put = (command: readonly number[]): boolean => {
      if (bytes.length + command.length > limit) return false
      bytes.push(...command)
      return true
    }
    for (const answer of this.#sticky) put(answer)
    this.#answers = this.#answers.filter((answer) => !put(answer))
    for (const cid of [...this.#requests]) if (put([cid])) this.#requests.delete(cid)
    return Uint8Array.from(bytes)
  }

  /** Length of what `take` would give. */
  length(): number {
    const waiting = [...this.#sticky, ...this.#answers].reduce((sum, answer) => sum + answer.length, this.#requests.size)
    return Math.min(waiting, FOPTS_MAX)
  }

  /** Forgets everything, for a new session. */
  clear(): void {
    this.#answers = []
    this.#sticky = []
    this.#requests.clear()
  }

  /** Commands of one frame, heard with `snr_dB`. */
  handle(commands: readonly MacCommand[], snr_dB: number): void {
    this.#sticky = []
    for (let i = 0; i < commands.length; ) {
      if (commands[i].cid === Cid.linkAdr) i += this.linkAdr(commands.slice(i))
      else this.one(commands[i++], snr_dB)
    }
  }

  private one({ cid, payload }: MacCommand, snr_dB: number): void {
    const { battery, onLinkCheck, onTime } = this.#options
    if (cid === Cid.linkCheck) onLinkCheck(payload[0], payload[1])
    else if (cid === Cid.deviceTime) onTime(deviceTime_ms(payload))
    else if (cid === Cid.devStatus) {
      const margin = Math.max(-32, Math.min(31, Math.round(snr_dB)))
      this.#answers.push([cid, battery(), margin & 0x3f])
    } else if (cid === Cid.dutyCycle) this.dutyCycle(payload)
    else if (cid === Cid.rxParamSetup) this.rxParamSetup(payload)
    else if (cid === Cid.newChannel) this.newChannel(payload)
    else if (cid === Cid.rxTimingSetup) this.rxTimingSetup(payload)
    else if (cid === Cid.txParamSetup) this.txParamSetup(payload)
    else if (cid === Cid.dlChannel) this.dlChannel(payload)
  }

  /** A block of LinkADRReqs is one request: all of it or nothing; each gets the same answer (§5.3). Returns its length. */
  private linkAdr(commands: readonly MacCommand[]): number {
    const { plan, parameters, adr } = this.#options
    const end = commands.findIndex(({ cid }) => cid !== Cid.linkAdr)
    const block = end < 0 ? commands : commands.slice(0, end)
    let enabled: readonly boolean[] | undefined = plan.enabled
    for (const { payload } of block) {
      if (enabled !== undefined) enabled = plan.masked(enabled, (payload[3] >> 4) & 7, payload[1] | (payload[2] << 8))
    }
    const maskOk = enabled?.some((on) => on) === true
    const last = block[block.length - 1].payload
    const dataRate = last[0] >> 4 === KEEP || !adr ? parameters.dataRate : last[0] >> 4
    const txPower = (last[0] & 15) === KEEP || !adr ? parameters.txPower : last[0] & 15
    const rateOk = maskOk && this.carries(enabled as readonly boolean[], dataRate)
    const powerOk = txPower <= this.#options.region.txPower_max
    if (maskOk && rateOk && powerOk) {
      plan.adopt(enabled as readonly boolean[])
      parameters.dataRate = dataRate
      parameters.txPower = txPower
      const redundancy = last[3] & 15
      if (redundancy > 0) parameters.nbTrans = redundancy
    }
    const status = (maskOk ? 1 : 0) | (rateOk ? 2 : 0) | (powerOk ? 4 : 0)
    for (let i = 0; i < block.length; i++) this.#answers.push([Cid.linkAdr, status])
    return block.length
  }

  /** One of these channels carries the data rate, and the region has it. */
  private carries(enabled: readonly boolean[], dataRate: number): boolean {
    const { region, plan } = this.#options
    if (region.dataRates[dataRate] === undefined || dataRate > region.uplinkDataRate_max) return false
    return enabled.some((on, i) => {
      const channel = plan.channel(i)
      return on && channel !== undefined && dataRate >= channel.minDataRate && dataRate <= channel.maxDataRate
    })
  }

  private dutyCycle([maximum]: Uint8Array): void {
    const { parameters, duty } = this.#options
    parameters.maxDutyCycle = maximum & 15
    duty.aggregatedDivisor = 2 ** parameters.maxDutyCycle
    this.#answers.push([Cid.dutyCycle])
  }

  private rxParamSetup(payload: Uint8Array): void {
    const { region, parameters } = this.#options
    const offset = (payload[0] >> 4) & 7
    const dataRate = payload[0] & 15
    const frequency_Hz = getUint24(payload, 1) * FREQUENCY_STEP_HZ
    const status =
      (inRange(region, frequency_Hz) ? 1 : 0) |
      (region.dataRates[dataRate] === undefined ? 0 : 2) |
      (offset <= region.rx1Offset_max ? 4 : 0)
    if (status === 7) {
      parameters.rx1DrOffset = offset
      parameters.rx2DataRate = dataRate
      parameters.rx2_Hz = frequency_Hz
    }
    this.#sticky.push([Cid.rxParamSetup, status])
  }

  private newChannel(payload: Uint8Array): void {
    const { region, plan } = this.#options
    if (region.plan !== 'dynamic') return
    const index = payload[0]
    const frequency_Hz = getUint24(payload, 1) * FREQUENCY_STEP_HZ
    const minDataRate = payload[4] & 15
    const maxDataRate = payload[4] >> 4
    const own = index >= region.defaultChannels.length && index < plan.size
    const frequencyOk = own && (frequency_Hz === 0 || inRange(region, frequency_Hz))
    const ratesOk = own && minDataRate <= maxDataRate && maxDataRate <= region.uplinkDataRate_max
    if (frequencyOk && ratesOk) plan.set(index, frequency_Hz === 0 ? undefined : { frequency_Hz, minDataRate, maxDataRate })
    this.#answers.push([Cid.newChannel, (frequencyOk ? 1 : 0) | (ratesOk ? 2 : 0)])
  }

  private rxTimingSetup([settings]: Uint8Array): void {
    this.#options.parameters.rxDelay_s = Math.max(1, settings & 15)
    this.#sticky.push([Cid.rxTimingSetup])
  }

  /** Only where the region has a dwell time; elsewhere it is not answered (§5.9). */
  private txParamSetup([settings]: Uint8Array): void {
    const { region, parameters } = this.#options
    if (region.dwell_ms === undefined) return
    parameters.maxEirp_dBm = Math.min(MAX_EIRP_DBM[settings & 15], region.maxEirp_dBm)
    parameters.uplinkDwell = (settings & 0x10) !== 0
    parameters.downlinkDwell = (settings & 0x20) !== 0
    this.#answers.push([Cid.txParamSetup])
  }

  private dlChannel(payload: Uint8Array): void {
    const { region, plan } = this.#options
    if (region.plan !== 'dynamic') return
    const frequency_Hz = getUint24(payload, 1) * FREQUENCY_STEP_HZ
    const frequencyOk = inRange(region, frequency_Hz)
    const exists = plan.channel(payload[0]) !== undefined
    if (frequencyOk && exists) plan.setDownlink(payload[0], frequency_Hz)
    this.#sticky.push([Cid.dlChannel, (frequencyOk ? 1 : 0) | (exists ? 2 : 0)])
  }
}
