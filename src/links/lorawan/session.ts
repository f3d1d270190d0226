import { ByteReader, ByteWriter, DecodeError } from '../../lib/bytes.ts'
import type { ChannelPlan } from './channels.ts'
import type { Channel, Region } from './region.ts'
import { REGION_NAMES } from './regions-table.ts'
import type { SessionKeys } from './security.ts'

const VERSION = 1
const KEY = 16
/** Frequencies of channels are multiples of it. */
const STEP_HZ = 100
const OWN_DOWNLINK = 0x80

/** What a device and its network agreed on: it outlives a restart. */
export interface Session {
  readonly devAddr: number
  readonly keys: SessionKeys
  /** Value of the stored counter at which FCntUp 0 of this session stands. */
  readonly fCntUpBase: number
  /** Last downlink; -1 before the first. */
  fCntDown: number
}

/** What the network sets, by the join accept and by MAC commands. */
export class MacParameters {
  readonly #region: Region
  dataRate = 0
  txPower = 0
  /** Times that each uplink is sent. */
  nbTrans = 1
  rxDelay_s = 1
  rx1DrOffset = 0
  rx2DataRate: number
  rx2_Hz: number
  maxEirp_dBm: number
  uplinkDwell: boolean
  downlinkDwell: boolean
  /** MaxDCycle of DutyCycleReq: all uplinks together 1 / 2^n. */
  maxDutyCycle = 0

  constructor(region: Region) {
    this.#region = region
    this.rx2DataRate = region.rx2.dataRate
    this.rx2_Hz = region.rx2.frequency_Hz
    this.maxEirp_dBm = region.maxEirp_dBm
    this.uplinkDwell = region.dwellByDefault
    this.downlinkDwell = region.dwellByDefault
  }

  /** As before the first join. */
  reset(dataRate: number): void {
    Object.assign(this, new MacParameters(this.#region))
    this.dataRate = dataRate
  }
}

export interface StoredState {
  readonly session: Session
  readonly parameters: MacParameters
}

/** The whole state as bytes, 197 at most; contains keys, so it must be kept where secrets are. */
export function encodeState(region: Region, session: Session, parameters: MacParameters, plan: ChannelPlan): Uint8Array {
  const writer = new ByteWriter(256, 1024)
  writer.uint8(VERSION)
  writer.uint8(REGION_NAMES.indexOf(region.name))
  writer.uint32(session.devAddr)
  writer.write(session.keys.nwkSKey)
  writer.write(session.keys.appSKey)
  writer.int64(session.fCntUpBase)
  writer.int64(session.fCntDown)
  const p = parameters
  for (const value of [p.dataRate, p.txPower, p.nbTrans, p.rxDelay_s, p.rx1DrOffset, p.rx2DataRate, p.maxEirp_dBm]) writer.uint8(value)
  writer.uint8((p.uplinkDwell ? 1 : 0) | (p.downlinkDwell ? 2 : 0))
  writer.uint8(p.maxDutyCycle)
  writer.uint32(p.rx2_Hz)
  for (let at = 0; at < plan.size; at += 8) {
    let bits = 0
    for (let i = 0; i < 8; i++) if (plan.isEnabled(at + i)) bits |= 1 << i
    writer.uint8(bits)
  }
  if (region.plan === 'dynamic') for (let i = 0; i < plan.size; i++) writeChannel(writer, i, plan.channel(i))
  return writer.copy()
}

function writeFrequency(writer: ByteWriter, frequency_Hz: number): void {
  const steps = Math.round(frequency_Hz / STEP_HZ)
  writer.uint8(steps >> 16)
  writer.uint16(steps & 0xffff)
}

/** Index with a flag for a downlink of its own, data rates, frequencies; nothing for a channel that is not there. */
function writeChannel(writer: ByteWriter, index: number, channel: Channel | undefined): void {
  if (channel === undefined) return
  const { frequency_Hz, downlink_Hz, minDataRate, maxDataRate } = channel
  writer.uint8(index | (downlink_Hz === undefined ? 0 : OWN_DOWNLINK))
  writer.uint8((maxDataRate << 4) | minDataRate)
  writeFrequency(writer, frequency_Hz)
  if (downlink_Hz !== undefined) writeFrequency(writer, downlink_Hz)
}

/** Takes `plan` and gives the rest; undefined, and `plan` reset, for bytes of another region or version, or that are damaged. */
export function decodeState(region: Region, bytes: Uint8Array, plan: ChannelPlan): StoredState | undefined {
  try {
    return readState(region, new ByteReader(bytes), plan)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    plan.reset()
    return undefined
  }
}

function int64(reader: ByteReader): number {
  const high = reader.uint32() | 0
  return high * 0x100000000 + reader.uint32()
}

function readState(region: Region, reader: ByteReader, plan: ChannelPlan): StoredState {
  if (reader.uint8() !== VERSION || REGION_NAMES[reader.uint8()] !== region.name) throw new DecodeError('another version or region')
  const devAddr = reader.uint32()
  const keys = { nwkSKey: reader.take(KEY).slice(), appSKey: reader.take(KEY).slice() }
  const session: Session = { devAddr, keys, fCntUpBase: int64(reader), fCntDown: int64(reader) }
  const p = new MacParameters(region)
  p.dataRate = reader.uint8()
  p.txPower = reader.uint8()
  p.nbTrans = reader.uint8()
  p.rxDelay_s = reader.uint8()
  p.rx1DrOffset = reader.uint8()
  p.rx2DataRate = reader.uint8()
  p.maxEirp_dBm = reader.uint8()
  const dwell = reader.uint8()
  p.uplinkDwell = (dwell & 1) !== 0
  p.downlinkDwell = (dwell & 2) !== 0
  p.maxDutyCycle = reader.uint8()
  p.rx2_Hz = reader.uint32()
  const masks = reader.take(Math.ceil(plan.size / 8))
  if (region.plan === 'dynamic') {
    for (let i = 0; i < plan.size; i++) plan.set(i, undefined)
    while (reader.remaining > 0) readChannel(reader, plan)
  }
  plan.adopt(Array.from({ length: plan.size }, (_, i) => plan.channel(i) !== undefined && ((masks[i >> 3] >> (i & 7)) & 1) === 1))
  return { session, parameters: p }
}

function readFrequency(reader: ByteReader): number {
  return (reader.uint8() * 0x10000 + reader.uint16()) * STEP_HZ
}

function readChannel(reader: ByteReader, plan: ChannelPlan): void {
  const index = reader.uint8()
  const rates = reader.uint8()
  const frequency_Hz = readFrequency(reader)
  const channel: Channel = { frequency_Hz, minDataRate: rates & 15, maxDataRate: rates >> 4 }
  if ((index & ~OWN_DOWNLINK) >= plan.size) throw new DecodeError(`channel ${index}`)
  plan.set(index & ~OWN_DOWNLINK, index & OWN_DOWNLINK ? { ...channel, downlink_Hz: readFrequency(reader) } : channel)
}
