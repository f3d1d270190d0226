import { ByteReader, ByteWriter, DecodeError } from '../../lib/bytes.ts'

const VERSION = 1
/** Most groups that a meter may belong to. */
const GROUPS_MAX = 32
const UINT16_MAX = 0xffff
export const UINT32_MAX = 0xffffffff

/** Which attribute of which object is monitored. */
export interface MonitoredAttribute {
  readonly classId: number
  /** 'a.b.c.d.e.f' */
  readonly logicalName: string
  readonly attribute: number
}

/** A threshold for a time: it counts while the identifier is one of the meter's groups. */
export interface EmergencyProfile {
  readonly id: number
  /** Seconds of UTC; undefined: never. */
  readonly activation_s: number | undefined
  readonly duration_s: number
}

/** Script of the disconnector's script table (0.0.10.0.106.255) that an action executes. */
export const LimiterScript = Object.freeze({ none: 0, disconnect: 1, reconnect: 2 })

/** The attributes of interface class 71 "Limiter" that can be written (IEC 62056-6-2, "Limiter"). */
export interface LimiterSettings {
  readonly monitored: MonitoredAttribute
  /** In units of the monitored value. */
  readonly thresholdNormal: number
  readonly thresholdEmergency: number
  readonly minOver_s: number
  readonly minUnder_s: number
  readonly emergency: EmergencyProfile
  readonly groups: readonly number[]
  /** Of `LimiterScript`: none or disconnect. */
  readonly actionOver: number
  /** Of `LimiterScript`: none or reconnect. */
  readonly actionUnder: number
}

export function sameAttribute(a: MonitoredAttribute, b: MonitoredAttribute): boolean {
  return a.classId === b.classId && a.attribute === b.attribute && a.logicalName === b.logicalName
}

function isUint(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most
}

/** Whether every value is one that the limiter can keep; which attributes can be monitored is not asked. */
export function areKeepable(settings: LimiterSettings): boolean {
  const { thresholdNormal, thresholdEmergency, minOver_s, minUnder_s, emergency, groups, actionOver, actionUnder } = settings
  const numbers = [thresholdNormal, thresholdEmergency, minOver_s, minUnder_s, emergency.activation_s ?? 0, emergency.duration_s]
  if (numbers.some((value) => !isUint(value, UINT32_MAX)) || !isUint(emergency.id, UINT16_MAX)) return false
  if (groups.length > GROUPS_MAX || groups.some((group) => !isUint(group, UINT16_MAX))) return false
  if (actionOver !== LimiterScript.none && actionOver !== LimiterScript.disconnect) return false
  return actionUnder === LimiterScript.none || actionUnder === LimiterScript.reconnect
}

/** At most 107 bytes. */
export function encodeSettings(settings: LimiterSettings): Uint8Array {
  const { monitored, emergency, groups } = settings
  const writer = new ByteWriter(128, 128)
  writer.uint8(VERSION)
  writer.uint16(monitored.classId)
  for (const group of monitored.logicalName.split('.')) writer.uint8(Number(group))
  writer.uint8(monitored.attribute)
  writer.uint32(settings.thresholdNormal)
  writer.uint32(settings.thresholdEmergency)
  writer.uint32(settings.minOver_s)
  writer.uint32(settings.minUnder_s)
  writer.uint16(emergency.id)
  writer.uint8(emergency.activation_s === undefined ? 0 : 1)
  writer.uint32(emergency.activation_s ?? 0)
  writer.uint32(emergency.duration_s)
  writer.uint8(settings.actionOver)
  writer.uint8(settings.actionUnder)
  writer.uint8(groups.length)
  for (const group of groups) writer.uint16(group)
  return writer.copy()
}

/** Throws DecodeError for what no version of ours wrote. */
export function decodeSettings(bytes: Uint8Array): LimiterSettings {
  const reader = new ByteReader(bytes)
  if (reader.uint8() !== VERSION) throw new DecodeError('limiter of another version')
  const monitored = { classId: reader.uint16(), logicalName: reader.take(6).join('.'), attribute: reader.uint8() }
  const thresholdNormal = reader.uint32()
  const thresholdEmergency = reader.uint32()
  const minOver_s = reader.uint32()
  const minUnder_s = reader.uint32()
  const id = reader.uint16()
  const timed = reader.uint8() !== 0
  const activation_s = reader.uint32()
  const emergency = { id, activation_s: timed ? activation_s : undefined, duration_s: reader.uint32() }
  const actionOver = reader.uint8()
  const actionUnder = reader.uint8()
  const count = reader.uint8()
  if (reader.remaining !== 2 * count) throw new DecodeError('groups of another number')
  const groups: number[] = []
  for (let i = 0; i < count; i++) groups.push(reader.uint16())
  const settings = {
    monitored,
    thresholdNormal,
    thresholdEmergency,
    minOver_s,
    minUnder_s,
    emergency,
    groups,
    actionOver,
    actionUnder,
  }
  if (!areKeepable(settings)) throw new DecodeError('limiter with impossible values')
  return settings
}
