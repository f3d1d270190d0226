import { PROFILES } from '../../core/profile/definitions.ts'
import { type ComplianceWeek, complies, EN_50160, type Share } from '../../core/quality/compliance.ts'
import { QualityCounter } from '../../core/quality/failure-counters.ts'
import type { QualityThresholds } from '../../core/quality/thresholds.ts'
import type { ByteWriter } from '../../lib/bytes.ts'
import { DataAccessResult } from '../../protocols/dlms/apdu.ts'
import { DataTag, writeDoubleLongUnsigned, writeLongUnsigned, writeUnsigned } from '../../protocols/dlms/axdr.ts'
import type { ObjectGroup, ObjectMaker } from '../../protocols/dlms/made-objects.ts'
import type { ValueWriter } from '../../protocols/dlms/objects/base.ts'
import { integer } from '../../protocols/dlms/objects/parameters.ts'
import { DataObject, RegisterObject, Unit } from '../../protocols/dlms/objects/register.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import { type CapturedProfile, captureProfile, captureStatus, powerQualityRegister } from './dlms-captures.ts'
import { managedByReaders, READERS } from './dlms-clients.ts'
import type { DlmsMeter } from './dlms-meter.ts'
import { writeStampIfAny } from './dlms-times.ts'

const UINT32 = 0x100000000
/** Value group C of the voltage of L1, L2, L3. */
const VOLTAGES: readonly number[] = [32, 52, 72]
/** Inside `failures` and `longFailures`. */
const ANY = 4

const access = READERS
const WRITABLE = managedByReaders([2], [])

/** Phases that are watched; none where the mains are no business of the meter. */
const phasesOf = ({ measured }: DlmsMeter) => (measured.medium === undefined ? measured.phases : 0)
const isElectric = (meter: DlmsMeter) => phasesOf(meter) > 0

/** Objects of an electricity meter, alone or `each` for a phase. */
function perPhase(...makers: readonly ((meter: DlmsMeter, phase: number) => CosemObject)[]): ObjectGroup<DlmsMeter> {
  return Object.freeze({
    count: (meter: DlmsMeter) => phasesOf(meter) * makers.length,
    make: (meter: DlmsMeter, index: number) => makers[index % makers.length](meter, Math.floor(index / makers.length)),
  })
}

function once(...makers: readonly ObjectMaker<DlmsMeter>[]): ObjectGroup<DlmsMeter> {
  return Object.freeze({
    count: (meter: DlmsMeter) => (isElectric(meter) ? makers.length : 0),
    make: (meter: DlmsMeter, index: number) => makers[index](meter),
  })
}

function counter({ core }: DlmsMeter, logicalName: string, index: number): CosemObject {
  const { quality } = core.watch
  const value = (writer: ByteWriter) => writeDoubleLongUnsigned(writer, quality.monitor.counters[index] % UINT32)
  return new DataObject({ logicalName, access, value })
}

const { sagsL1, swellsL1, failures, longFailures } = QualityCounter

const COUNTERS: readonly ObjectGroup<DlmsMeter>[] = [
  perPhase(
    (meter, phase) => counter(meter, `1.0.${VOLTAGES[phase]}.32.0.255`, sagsL1 + phase),
    (meter, phase) => counter(meter, `1.0.${VOLTAGES[phase]}.36.0.255`, swellsL1 + phase),
  ),
  perPhase((meter, phase) => counter(meter, `0.0.96.7.${1 + phase}.255`, failures + 1 + phase)),
  once(
    (meter) => counter(meter, '0.0.96.7.21.255', failures + ANY),
    (meter) => counter(meter, '0.0.96.7.5.255', longFailures),
  ),
  perPhase((meter, phase) => counter(meter, `0.0.96.7.${6 + phase}.255`, longFailures + 1 + phase)),
  once((meter) => counter(meter, '0.0.96.7.9.255', longFailures + ANY)),
]

function disturbance(logicalName: string, scaler: number, unit: number, read: () => number): CosemObject {
  return new RegisterObject({
    ...{ logicalName, scaler, unit, access },
    value: (writer) => writeDoubleLongUnsigned(writer, Math.min(Math.round(read()), UINT32 - 1)),
  })
}

type Kind = 'lastSag' | 'lastSwell'

function duration({ core }: DlmsMeter, phase: number, d: number, kind: Kind): CosemObject {
  const { quality } = core.watch
  return disturbance(`1.0.${VOLTAGES[phase]}.${d}.0.255`, -3, Unit.second, () => quality.monitor[kind][phase].duration_ms)
}

function magnitude({ core }: DlmsMeter, phase: number, d: number, kind: Kind): CosemObject {
  const { quality } = core.watch
  return disturbance(`1.0.${VOLTAGES[phase]}.${d}.0.255`, -1, Unit.volt, () => quality.monitor[kind][phase].magnitude_mV / 100)
}

/** Duration in milliseconds, magnitude in 0.1 V; 0 before the first one. */
const DISTURBANCES = perPhase(
  (meter, phase) => duration(meter, phase, 33, 'lastSag'),
  (meter, phase) => magnitude(meter, phase, 34, 'lastSag'),
  (meter, phase) => duration(meter, phase, 37, 'lastSwell'),
  (meter, phase) => magnitude(meter, phase, 38, 'lastSwell'),
)

/** Of each threshold the name, the field, and how many of its units a client's unit has. */
const THRESHOLDS: readonly (readonly [name: string, field: keyof QualityThresholds, scaler: number, unit: number, factor: number])[] = [
  ['1.0.12.31.0.255', 'sag_mV', -1, Unit.volt, 100],
  ['1.0.12.35.0.255', 'swell_mV', -1, Unit.volt, 100],
  ['1.0.12.39.0.255', 'cut_mV', -1, Unit.volt, 100],
  ['1.0.12.43.0.255', 'sagTime_s', 0, Unit.second, 1],
  ['1.0.12.44.0.255', 'swellTime_s', 0, Unit.second, 1],
  ['1.0.12.45.0.255', 'cutTime_s', 0, Unit.second, 1],
  ['0.0.96.7.20.255', 'longFailure_s', 0, Unit.second, 1],
]

/** They are no metrology: the management writes them while the seal is closed, and each change is an event. */
const THRESHOLD_OBJECTS = once(
  ...THRESHOLDS.map(([logicalName, field, scaler, unit, factor]) => ({ core }: DlmsMeter) => {
    const { quality } = core.watch
    return new RegisterObject({
      ...{ logicalName, scaler, unit, access: WRITABLE },
      value: (writer) => writeLongUnsigned(writer, Math.min(Math.round(quality.thresholds[field] / factor), 0xffff)),
      write: (value) => {
        const wanted = factor * integer(value, DataTag.longUnsigned)
        if (!quality.change({ ...quality.thresholds, [field]: wanted })) return DataAccessResult.otherReason
        core.watch.changed('configuration')
        return DataAccessResult.success
      },
    })
  }),
)

/** Value groups E of a week. */
const BEGIN = 0
const FREQUENCY = 4
const UNBALANCE = 5
const FLAGGED = 6
const COMPLYING = 7
const WEEK = COMPLYING + 1

function shareOf({ voltage, frequency, unbalance }: ComplianceWeek, e: number): Share | undefined {
  return e === FREQUENCY ? frequency : e === UNBALANCE ? unbalance : voltage[e - 1]
}

function complying(week: ComplianceWeek): number {
  let bits = 0
  for (let e = 1; e <= UNBALANCE; e++) {
    const share = shareOf(week, e)
    const limits = e === FREQUENCY ? EN_50160.frequency : e === UNBALANCE ? EN_50160.unbalance : EN_50160.voltage
    if (share !== undefined && complies(share, limits.share_percent) === true) bits |= 1 << (e - 1)
  }
  return bits
}

function shareObject(logicalName: string, share: Share | undefined): CosemObject | undefined {
  if (share === undefined) return undefined
  const permille = () => (share.count === 0 ? 0 : Math.floor((1000 * share.within) / share.count))
  return new RegisterObject({
    ...{ logicalName, scaler: -1, unit: Unit.percent, access },
    value: (writer) => writeLongUnsigned(writer, permille()),
  })
}

/**
 * A week of EN 50160 under 1.0.128.D.E, D = 0 the last complete one, D = 1 the running one: E = 0 its begin, 1 to 3 share of the ten-minute means of L1 to
 * L3 within the narrow limits, 4 frequency, 5 unbalance (0.1 %), 6 intervals that do not count, 7 bits of what complies: 0 to 2 L1 to L3, 3 frequency,
 * 4 unbalance; a bit is also 0 without any interval.
 */
function week(d: number, figuresOf: (meter: DlmsMeter) => ComplianceWeek): ObjectGroup<DlmsMeter> {
  return Object.freeze({
    count: (meter: DlmsMeter) => (isElectric(meter) ? WEEK : 0),
    make: (meter: DlmsMeter, e: number) => {
      const figures = figuresOf(meter)
      const logicalName = `1.0.128.${d}.${e}.255`
      const data = (value: ValueWriter) => new DataObject({ logicalName, access, value })
      if (e === BEGIN) return data((writer) => writeStampIfAny(writer, meter, Math.max(0, figures.begin_s), 0))
      if (e === FLAGGED) return data((writer) => writeLongUnsigned(writer, figures.flagged))
      if (e === COMPLYING) return data((writer) => writeUnsigned(writer, complying(figures)))
      return shareObject(logicalName, shareOf(figures, e))
    },
  })
}

function captured(meter: DlmsMeter): CapturedProfile | undefined {
  const profile = meter.core.watch.quality.profile?.profile
  return profile && { profile, times: meter, names: PROFILES.powerQuality }
}

/**
 * Counters of sags, swells and failures, the last sag and swell of each phase, thresholds, weekly figures, and the profile (IEC 62056-6-1 and the object
 * lists of network operators for the names; those with C = 128 are our own).
 */
export const QUALITY_GROUPS: readonly ObjectGroup<DlmsMeter>[] = Object.freeze([
  ...COUNTERS,
  DISTURBANCES,
  THRESHOLD_OBJECTS,
  week(0, ({ core }) => core.watch.quality.compliance.last),
  week(1, ({ core }) => core.watch.quality.compliance.current),
  once(
    (meter) => captureStatus(captured(meter)),
    (meter) => captureProfile(captured(meter)),
  ),
  {
    count: (meter: DlmsMeter) => (isElectric(meter) ? (captured(meter)?.profile.columns.length ?? 0) : 0),
    make: (meter: DlmsMeter, index: number) => {
      const profile = captured(meter)?.profile
      return profile && powerQualityRegister(profile, index)
    },
  },
])
