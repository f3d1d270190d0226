/** Interface class 71 "Limiter", version 0 (IEC 62056-6-2 clause "Limiter"): a threshold, and scripts that are executed when a value crosses it. */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { DataAccessResult } from '../apdu.ts'
import {
  DataTag,
  type DataValue,
  writeArray,
  writeBoolean,
  writeDoubleLongUnsigned,
  writeInteger,
  writeLongUnsigned,
  writeOctetString,
  writeStructure,
} from '../axdr.ts'
import { decodeDateTime, exactDateTimeToUtc, writeDateTimeOctetString } from '../datetime.ts'
import { logicalNameText, writeLogicalName } from '../logical-name.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject } from './base.ts'
import { elements, integer, octets } from './parameters.ts'

/** `value_definition`: which attribute is monitored. */
export interface ValueDefinition {
  readonly classId: number
  /** 'a.b.c.d.e.f' */
  readonly logicalName: string
  readonly attribute: number
}

export interface EmergencyProfileValue {
  readonly id: number
  /** Undefined: "not specified", so it never begins. */
  readonly activation_ms: number | undefined
  readonly duration_s: number
}

/** `action_item`: a script of a script table; no script has the name 0.0.0.0.0.0 and the selector 0. */
export interface ActionItem {
  /** 'a.b.c.d.e.f' */
  readonly script: string
  readonly selector: number
}

export interface LimiterActions {
  readonly over: ActionItem
  readonly under: ActionItem
}

/** Thresholds are double-long-unsigned, as the values that can be monitored. */
export interface LimiterSource {
  readonly monitored: ValueDefinition
  readonly thresholdActive: number
  readonly thresholdNormal: number
  readonly thresholdEmergency: number
  readonly minOver_s: number
  readonly minUnder_s: number
  readonly emergencyProfile: EmergencyProfileValue
  readonly groups: readonly number[]
  readonly emergencyActive: boolean
  readonly actions: LimiterActions
  monitor(value: ValueDefinition): DataAccessResult
  setThresholdNormal(value: number): DataAccessResult
  setThresholdEmergency(value: number): DataAccessResult
  setMinOver(duration_s: number): DataAccessResult
  setMinUnder(duration_s: number): DataAccessResult
  setEmergencyProfile(profile: EmergencyProfileValue): DataAccessResult
  setGroups(groups: readonly number[]): DataAccessResult
  setActions(actions: LimiterActions): DataAccessResult
  /** Local time to UTC, for times that a client writes without a deviation. */
  utcOfLocal(local_ms: number): number
  /** Minutes from local time to UTC at a moment (UTC = local + deviation). */
  deviation_min(utc_ms: number): number
  /** Clock status of a moment. */
  clockStatus(utc_ms: number): number
}

export interface LimiterOptions extends ObjectOptions {
  readonly source: LimiterSource
}

/** Twelve bytes of "not specified". */
const NEVER = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0xff)

function writeAction(writer: ByteWriter, { script, selector }: ActionItem): void {
  writeStructure(writer, 2)
  writeLogicalName(writer, script)
  writeLongUnsigned(writer, selector)
}

function readAction(value: DataValue | undefined): ActionItem {
  const [script, selector] = elements(value, DataTag.structure, 2)
  return { script: logicalNameText(octets(script, 6)), selector: integer(selector, DataTag.longUnsigned) }
}

export class LimiterObject extends InterfaceObject {
  readonly #source: LimiterSource

  constructor(options: LimiterOptions) {
    super(options, 71, 0, 11, 0)
    this.#source = options.source
  }

  get(attribute: number, _selection: Selection | undefined, _context: AssociationContext, writer: ByteWriter): DataAccessResult {
    const source = this.#source
    switch (attribute) {
      case 2:
        this.writeMonitored(writer)
        break
      case 3:
        writeDoubleLongUnsigned(writer, source.thresholdActive)
        break
      case 4:
        writeDoubleLongUnsigned(writer, source.thresholdNormal)
        break
      case 5:
        writeDoubleLongUnsigned(writer, source.thresholdEmergency)
        break
      case 6:
        writeDoubleLongUnsigned(writer, source.minOver_s)
        break
      case 7:
        writeDoubleLongUnsigned(writer, source.minUnder_s)
        break
      case 8:
        this.writeEmergencyProfile(writer)
        break
      case 9:
        writeArray(writer, source.groups.length)
        for (const group of source.groups) writeLongUnsigned(writer, group)
        break
      case 10:
        writeBoolean(writer, source.emergencyActive)
        break
      default:
        writeStructure(writer, 2)
        writeAction(writer, source.actions.over)
        writeAction(writer, source.actions.under)
    }
    return DataAccessResult.success
  }

  override set(attribute: number, value: DataValue): DataAccessResult {
    const source = this.#source
    switch (attribute) {
      case 2:
        return this.setMonitored(value)
      case 4:
        return source.setThresholdNormal(integer(value, DataTag.doubleLongUnsigned))
      case 5:
        return source.setThresholdEmergency(integer(value, DataTag.doubleLongUnsigned))
      case 6:
        return source.setMinOver(integer(value, DataTag.doubleLongUnsigned))
      case 7:
        return source.setMinUnder(integer(value, DataTag.doubleLongUnsigned))
      case 8:
        return this.takeEmergencyProfile(value)
      case 9:
        return source.setGroups(elements(value, DataTag.array).map((group) => integer(group, DataTag.longUnsigned)))
      case 11: {
        const [over, under] = elements(value, DataTag.structure, 2)
        return source.setActions({ over: readAction(over), under: readAction(under) })
      }
      default:
        return DataAccessResult.readWriteDenied
    }
  }

  private writeMonitored(writer: ByteWriter): void {
    const { classId, logicalName: name, attribute } = this.#source.monitored
    writeStructure(writer, 3)
    writeLongUnsigned(writer, classId)
    writeLogicalName(writer, name)
    writeInteger(writer, attribute)
  }

  private setMonitored(value: DataValue): DataAccessResult {
    const [classId, name, attribute] = elements(value, DataTag.structure, 3)
    return this.#source.monitor({
      classId: integer(classId, DataTag.longUnsigned),
      logicalName: logicalNameText(octets(name, 6)),
      attribute: integer(attribute, DataTag.integer),
    })
  }

  private writeEmergencyProfile(writer: ByteWriter): void {
    const { id, activation_ms, duration_s } = this.#source.emergencyProfile
    writeStructure(writer, 3)
    writeLongUnsigned(writer, id)
    if (activation_ms === undefined) writeOctetString(writer, NEVER)
    else writeDateTimeOctetString(writer, activation_ms, this.#source.deviation_min(activation_ms), this.#source.clockStatus(activation_ms))
    writeDoubleLongUnsigned(writer, duration_s)
  }

  /** A time with some wildcards gets "other reason"; without year, month and day it is "not specified". */
  private takeEmergencyProfile(value: DataValue): DataAccessResult {
    const [id, time, duration] = elements(value, DataTag.structure, 3)
    const moment = decodeDateTime(octets(time, 12))
    const never = moment.year === undefined && moment.month === undefined && moment.day === undefined
    const activation_ms = never ? undefined : exactDateTimeToUtc(moment, (local_ms) => this.#source.utcOfLocal(local_ms))
    if (!never && activation_ms === undefined) return DataAccessResult.otherReason
    return this.#source.setEmergencyProfile({
      id: integer(id, DataTag.longUnsigned),
      activation_ms,
      duration_s: integer(duration, DataTag.doubleLongUnsigned),
    })
  }
}
