import { PROFILES } from '../../core/profile/definitions.ts'
import { type ComplianceWeek, complies, EN_50160, type Share } from '../../core/quality/compliance.ts'
import { QualityCounter } from '../../core/quality/failure-counters.ts'
import type { Disturbance, QualityMonitor } from '../../core/quality/quality-monitor.ts'
import type { QualityThresholds } from '../../core/quality/thresholds.ts'
import { DataAccessResult } from '../../protocols/dlms/apdu.ts'
import { DataTag, writeDoubleLongUnsigned, writeLongUnsigned, writeUnsigned } from '../../protocols/dlms/axdr.ts'
import { integer } from '../../protocols/dlms/objects/parameters.ts'
import { DataObject, RegisterObject, Unit } from '../../protocols/dlms/objects/register.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import type { MeterCore } from '../core.ts'
import type { QualityWatch } from '../quality-watch.ts'
import { captureProfileObjects, powerQualityRegisters } from './dlms-captures.ts'
import { managedByReaders, READERS } from './dlms-clients.ts'
import { type LocalTimes, writeStampIfAny } from './dlms-times.ts'

const UINT32 = 0x100000000
/** Value group C of the voltage of L1, L2, L3. */
const VOLTAGES: readonly number[] = [32, 52, 72]
/** Inside `failures` and `longFailures`. */
const ANY = 4

/**
 * Counters of sags, swells and failures, the last sag and swell of each phase, thresholds, weekly figures, and the profile (IEC 62056-6-1 and the object
 * lists of network operators for the names; those with C = 128 are our own).
 */
export function qualityObjects(core: MeterCore, times: LocalTimes): CosemObject[] {
  const { quality } = core.watch
  const { phases } = core.measured
  const voltages = VOLTAGES.slice(0, phases)
  const { profile } = quality
  return [
    ...counters(() => quality.monitor, voltages),
    ...disturbances(() => quality.monitor, voltages),
    ...thresholds(quality, () => core.watch.changed('configuration')),
    ...week('0', quality.compliance.last, times),
    ...week('1', quality.compliance.current, times),
    ...(profile === undefined
      ? []
      : [...captureProfileObjects(profile.profile, PROFILES.powerQuality, times), ...powerQualityRegisters(profile.profile)]),
  ]
}

function counters(monitor: () => QualityMonitor, voltages: readonly number[]): CosemObject[] {
  const count = (logicalName: string, index: number) =>
    new DataObject({ logicalName, access: READERS, value: (writer) => writeDoubleLongUnsigned(writer, monitor().counters[index] % UINT32) })
  const { sagsL1, swellsL1, failures, longFailures } = QualityCounter
  const failure = (e: number, index: number) => count(`0.0.96.7.${e}.255`, index)
  return [
    ...voltages.flatMap((c, phase) => [count(`1.0.${c}.32.0.255`, sagsL1 + phase), count(`1.0.${c}.36.0.255`, swellsL1 + phase)]),
    ...voltages.map((_, i) => i + 1).map((phase) => failure(phase, failures + phase)),
    failure(21, failures + ANY),
    ...[0, ...voltages.map((_, i) => i + 1)].map((phase) => failure(5 + phase, longFailures + phase)),
    failure(9, longFailures + ANY),
  ]
}

/** Duration in milliseconds, magnitude in 0.1 V; 0 before the first one. */
function disturbances(monitor: () => QualityMonitor, voltages: readonly number[]): CosemObject[] {
  const register = (logicalName: string, scaler: number, unit: number, read: () => number) =>
    new RegisterObject({
      ...{ logicalName, scaler, unit, access: READERS },
      value: (writer) => writeDoubleLongUnsigned(writer, Math.min(Math.round(read()), UINT32 - 1)),
    })
  const last = (c: number, d: number, read: () => Disturbance) => [
    register(`1.0.${c}.${d}.0.255`, -3, Unit.second, () => read().duration_ms),
    register(`1.0.${c}.${d + 1}.0.255`, -1, Unit.volt, () => read().magnitude_mV / 100),
  ]
  return voltages.flatMap((c, phase) => [...last(c, 33, () => monitor().lastSag[phase]), ...last(c, 37, () => monitor().lastSwell[phase])])
}

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
function thresholds(quality: QualityWatch, onChange: () => void): CosemObject[] {
  return THRESHOLDS.map(([logicalName, field, scaler, unit, factor]) => {
    return new RegisterObject({
      ...{ logicalName, scaler, unit, access: managedByReaders([2], []) },
      value: (writer) => writeLongUnsigned(writer, Math.min(Math.round(quality.thresholds[field] / factor), 0xffff)),
      write: (value) => {
        const wanted = factor * integer(value, DataTag.longUnsigned)
        if (!quality.change({ ...quality.thresholds, [field]: wanted })) return DataAccessResult.otherReason
        onChange()
        return DataAccessResult.success
      },
    })
  })
}

/**
 * A week of EN 50160 under 1.0.128.D.E, D = 0 the last complete one, D = 1 the running one: E = 0 its begin, 1 to 3 share of the ten-minute means of L1 to
 * L3 within the narrow limits, 4 frequency, 5 unbalance (0.1 %), 6 intervals that do not count, 7 bits of what complies: 0 to 2 L1 to L3, 3 frequency,
 * 4 unbalance; a bit is also 0 without any interval.
 */
function week(d: string, figures: ComplianceWeek, times: LocalTimes): CosemObject[] {
  const { voltage, frequency, unbalance } = figures
  const shares: readonly (readonly [e: number, Share, number])[] = [
    ...voltage.map((share, i) => [1 + i, share, EN_50160.voltage.share_percent] as const),
    [4, frequency, EN_50160.frequency.share_percent],
    [5, unbalance, EN_50160.unbalance.share_percent],
  ]
  const access = READERS
  const name = (e: number) => `1.0.128.${d}.${e}.255`
  return [
    new DataObject({ logicalName: name(0), access, value: (writer) => writeStampIfAny(writer, times, Math.max(0, figures.begin_s), 0) }),
    ...shares.map(([e, share]) => {
      const permille = () => (share.count === 0 ? 0 : Math.floor((1000 * share.within) / share.count))
      const value = { scaler: -1, unit: Unit.percent, access }
      return new RegisterObject({ ...value, logicalName: name(e), value: (writer) => writeLongUnsigned(writer, permille()) })
    }),
    new DataObject({ logicalName: name(6), access, value: (writer) => writeLongUnsigned(writer, figures.flagged) }),
    new DataObject({
      ...{ logicalName: name(7), access },
      value: (writer) =>
        writeUnsigned(
          writer,
          shares.reduce((bits, [e, share, percent]) => (complies(share, percent) === true ? bits | (1 << (e - 1)) : bits), 0),
        ),
    }),
  ]
}
