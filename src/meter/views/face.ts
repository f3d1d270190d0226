import { Alarm1 } from '../../core/events/alarms-table.ts'
import { LogId, StandardEvent } from '../../core/events/codes.ts'
import { MeterError } from '../../core/events/error-register.ts'
import type { GroupLog } from '../../core/events/group-log.ts'
import { eventText } from '../../core/events/log-codes-table.ts'
import type { Medium } from '../../core/metrology/media-table.ts'
import { profileValue } from '../../core/profile/load-profile.ts'
import type { RegisterEntry } from '../../core/registers/table.ts'
import { Tamper } from '../../core/tamper/tampers-table.ts'
import { formatDuration } from '../../lib/iso8601.ts'
import { MeteringStatus } from '../../lib/metering-sample.ts'
import type { Meter } from '../app.ts'
import { modelOf } from '../config.ts'
import type { FaceCurve, FaceEvent, FacePhase, FaceSource, FaceUnit, LcdFlags, LcdItem } from '../face/state.ts'
import { displayValue } from './display.ts'
import { RadioView } from './radio.ts'

/** Profile entries that the load curve shows: 48 hours of quarter hours. */
const CURVE_ENTRIES = 192
const LIVE_POINTS = 300
const EVENTS = 60

/** Something that a person wants to see in words. */
interface Condition {
  readonly bits: number
  readonly text: string
  /** Not with one of these: a phase that is lost sags as well, which nobody needs to be told. */
  readonly unless: number
}

const condition = (bits: number, text: string, unless = 0): Condition => Object.freeze({ bits, text, unless })
const bitCondition = (bit: number, text: string) => condition(1 << bit, text)

const CONDITIONS: readonly Condition[] = Object.freeze([
  condition(MeteringStatus.fault, 'Metering IC does not answer', MeteringStatus.starting),
  condition(MeteringStatus.sagL1, 'Sag L1', MeteringStatus.phaseLossL1),
  condition(MeteringStatus.sagL2, 'Sag L2', MeteringStatus.phaseLossL2),
  condition(MeteringStatus.sagL3, 'Sag L3', MeteringStatus.phaseLossL3),
  condition(MeteringStatus.phaseLossL1, 'Phase loss L1'),
  condition(MeteringStatus.phaseLossL2, 'Phase loss L2'),
  condition(MeteringStatus.phaseLossL3, 'Phase loss L3'),
  condition(MeteringStatus.phaseSequence, 'Phase order reversed'),
])

/** What the display shows in turn, as far as the meter has it. */
const DISPLAY_CODES = ['1.8.0', '2.8.0', '3.8.0', '4.8.0', '16.7.0', '32.7.0', '52.7.0', '72.7.0', '31.7.0', '51.7.0', '71.7.0', '14.7.0']
/** The same without a direction, where power has no sign. */
const DISPLAY_CODES_IMPORT = DISPLAY_CODES.map((code) => (code === '16.7.0' ? '1.7.0' : code))

/** Tampers that last, and errors. */
const TAMPER_CONDITIONS: readonly Condition[] = Object.freeze([
  bitCondition(Tamper.terminalCover, 'Terminal cover off'),
  bitCondition(Tamper.meterCover, 'Meter cover off'),
  bitCondition(Tamper.moduleCover, 'Module cover off'),
  bitCondition(Tamper.magneticField, 'Strong magnetic field'),
  ...[0, 1, 2].map((phase) => bitCondition(Tamper.currentWithoutVoltage + phase, `Current without voltage L${phase + 1}`)),
  ...[0, 1, 2].map((phase) => bitCondition(Tamper.currentReversed + phase, `Current reversed L${phase + 1}`)),
  bitCondition(Tamper.neutralMismatch, 'Neutral current does not match'),
  bitCondition(Tamper.currentWhileOpen, 'Current through the open switch'),
  bitCondition(Tamper.seal, 'Seal broken'),
])
const ERROR_CONDITIONS: readonly Condition[] = Object.freeze([
  bitCondition(MeterError.replaceBattery, 'Replace battery'),
  bitCondition(MeterError.programMemory, 'Program memory error'),
  bitCondition(MeterError.ram, 'RAM error'),
  bitCondition(MeterError.nonVolatileMemory, 'Storage error'),
  bitCondition(MeterError.measurementSystem, 'Measurement system error'),
  bitCondition(MeterError.watchdog, 'Watchdog reset'),
])
/** By `LogId`. */
const LOG_TEXTS: readonly string[] = ['standard', 'fraud', 'disconnector', 'M-Bus', 'power quality', 'communication']

function hex(bits: number): string {
  return bits.toString(16).toUpperCase().padStart(8, '0')
}

/** Below this a phase counts as dead: 20 V. */
const DEAD_MV = 20_000

/** As in IEC 62053-23, Annex C. */
function quadrantOf(active: number, reactive: number): 1 | 2 | 3 | 4 {
  if (active >= 0) return reactive >= 0 ? 1 : 4
  return reactive >= 0 ? 2 : 3
}

/** What the curve of a medium shows: l/h, or the power of a heat meter. */
function mediumUnit({ quantities }: Medium): { readonly flow?: FaceUnit } {
  return quantities[0].rate?.scaler === -3 ? { flow: { unit: 'l/h', kilo: 'm³/h' } } : {}
}

/** Another medium shows all that it has, without rates. */
function mediumCodes({ core }: Meter): readonly string[] | undefined {
  if (core.measured.medium === undefined) return undefined
  return core.registers.map(({ code }) => code).filter((code) => code.endsWith('.0'))
}

function addConditions(found: string[], conditions: readonly Condition[], status: number): void {
  for (const { bits, text, unless } of conditions) if ((status & bits) !== 0 && (status & unless) === 0) found.push(text)
}

/** Maps the meter onto what its web page shows. */
export class FaceView implements FaceSource {
  readonly #meter: Meter
  readonly #display: readonly RegisterEntry[]
  readonly #logs: readonly GroupLog[]
  readonly #live: [number, number][] = []
  /** Thousandths per hour of the registers' unit that are one of the curve's. */
  readonly #divisor: number
  #curve: FaceCurve['points'] = []
  #curveOf = -1
  #radio: RadioView | undefined

  constructor(meter: Meter) {
    this.#meter = meter
    this.#logs = meter.core.logs.all()
    this.#divisor = meter.core.measured.medium?.quantities[0].rate?.divisor ?? 1000
    const { registers } = meter.core
    const codes = meter.config.display.codes ?? mediumCodes(meter) ?? (meter.core.measured.direction ? DISPLAY_CODES : DISPLAY_CODES_IMPORT)
    const shown = codes.map((code) => registers.find((entry) => entry.code === code))
    this.#display = shown.filter((entry) => entry !== undefined)
  }

  /** The meter has LoRaWAN. */
  get radio(): RadioView | undefined {
    const { lorawan, config, core } = this.#meter
    if (lorawan !== undefined) this.#radio ??= new RadioView({ part: lorawan, config: config.lorawan, clock: core.clock })
    return this.#radio
  }

  hello(): ReturnType<FaceSource['hello']> {
    const { measured } = this.#meter.core
    const { medium } = measured
    const { identity, mains } = this.#meter.config
    const { reference_A, maximum_A } = this.#meter.rating
    return {
      manufacturer: identity.manufacturer,
      model: modelOf(measured),
      serial: identity.serial,
      firmware: this.#meter.version,
      ...(medium === undefined ? { meterConstant_imp_kWh: this.#meter.led.constant } : mediumUnit(medium)),
      nameplate:
        medium !== undefined
          ? []
          : [
              `${measured.phases === 3 ? '3 × ' : ''}${mains.nominalVoltage_V} V`,
              `${reference_A}(${maximum_A}) A`,
              `${mains.frequency_Hz} Hz`,
            ],
    }
  }

  /** `live`: the meter runs, so its power now is a point of the live curve. */
  state(live = true): ReturnType<FaceSource['state']> {
    const { core, led } = this.#meter
    const time_ms = core.clock.now_ms()
    if (live) this.record(Math.floor(time_ms / 1000))
    return {
      time_ms,
      timeValid: core.clock.valid,
      offset_min: core.clock.offset_min(time_ms),
      powered: true,
      lcd: this.#display.map((entry) => this.item(entry)),
      flags: this.flags(),
      phases:
        core.measured.medium !== undefined
          ? []
          : core.measured.phases === 3
            ? [this.phase(0), this.phase(1), this.phase(2)]
            : [this.phase(0)],
      total: {
        active_W: core.now.active_mW[0] / this.#divisor,
        ...(core.measured.reactive && { reactive_var: core.now.reactive_mvar[0] / 1000 }),
        powerFactor: core.now.powerFactor_milli[0] / 1000,
      },
      ...(core.measured.neutral && { neutral_A: core.now.neutral_mA / 1000 }),
      ...(core.measured.frequency && { frequency_Hz: core.now.frequency_mHz / 1000 }),
      pulses: led.pulses,
      conditions: this.conditions(),
    }
  }

  private conditions(): string[] {
    const { now, watch } = this.#meter.core
    const { status } = now
    const { active } = watch.tamper
    const found: string[] = []
    addConditions(found, CONDITIONS, status)
    addConditions(found, TAMPER_CONDITIONS, active)
    addConditions(found, ERROR_CONDITIONS, watch.errors.bits)
    for (const [index, { register }] of watch.alarms.entries()) {
      const shown = index === 0 ? (register & ~(1 << Alarm1.powerUp)) >>> 0 : register
      if (shown !== 0) found.push(`Alarm ${index + 1}: ${hex(shown)}`)
    }
    return found
  }

  curve(): ReturnType<FaceSource['curve']> {
    const { profile } = this.#meter.core
    if (this.#curveOf !== this.curveRevision) {
      this.#curveOf = this.curveRevision
      this.#curve = this.points()
    }
    return { interval_s: profile.period_s, points: this.#curve, live: this.#live }
  }

  events(): readonly FaceEvent[] {
    const all = this.#meter.core.logs.all().flatMap((log) => log.newest(EVENTS))
    // In the order of their times; of the same second, what a log has later is newer.
    all.sort((a, b) => b.utc_s - a.utc_s || b.sequence - a.sequence)
    return all.slice(0, EVENTS).map(({ sequence, utc_s, code, parameter, log }) => {
      const after = log === LogId.standard && code === StandardEvent.powerUp && parameter > 0
      const text = eventText(log, code) + (after ? ` after ${formatDuration(parameter * 1000)}` : '')
      return { seq: sequence, time_ms: utc_s * 1000, log: LOG_TEXTS[log] ?? '', code, text }
    })
  }

  get curveRevision(): number {
    return this.#meter.core.storage.profile.nextSequence
  }

  get eventsRevision(): number {
    let entries = 0
    for (const log of this.#logs) entries += log.nextSequence
    return entries
  }

  private item(entry: RegisterEntry): LcdItem {
    const { energy, now } = this.#meter.core
    const { value, unit } = displayValue(entry, entry.read({ energy, now }))
    return { obis: entry.code, value, unit, label: entry.name }
  }

  private flags(): LcdFlags {
    const { now, clock, tariff, measured } = this.#meter.core
    const supply = this.#meter.supplySwitch?.supply
    const active = now.active_mW[0]
    const reactive = now.reactive_mvar[0]
    const idle = (now.status & MeteringStatus.noLoad) !== 0 || (active === 0 && reactive === 0)
    return {
      phases: Array.from({ length: measured.medium === undefined ? measured.phases : 0 }, (_, phase) => now.voltage_mV[phase] > DEAD_MV),
      import: !idle && active > 0,
      ...(measured.direction && { export: !idle && active < 0 }),
      ...(measured.reactive && measured.medium === undefined && { quadrant: idle ? 0 : quadrantOf(active, reactive) }),
      tariff: tariff.activeRate,
      relay: supply === undefined ? 'none' : supply.disconnector.outputState ? 'closed' : 'open',
      fault: (now.status & (MeteringStatus.fault | MeteringStatus.starting)) === MeteringStatus.fault,
      clockInvalid: !clock.valid,
    }
  }

  private phase(phase: number): FacePhase {
    const { now, measured } = this.#meter.core
    return {
      voltage_V: now.voltage_mV[phase] / 1000,
      current_A: now.current_mA[phase] / 1000,
      active_W: now.active_mW[phase + 1] / 1000,
      ...(measured.reactive && { reactive_var: now.reactive_mvar[phase + 1] / 1000 }),
      powerFactor: now.powerFactor_milli[phase + 1] / 1000,
      voltageAngle_deg: now.voltageAngle_ddeg[phase] / 10,
      ...(measured.angle && { currentAngle_deg: now.currentAngle_ddeg[phase] / 10 }),
    }
  }

  /** Keeps the power of the last minutes, one point a second of the meter's clock. */
  private record(now_s: number): void {
    const last = this.#live[this.#live.length - 1]
    if (last !== undefined && last[0] === now_s) return
    this.#live.push([now_s, Math.round(this.#meter.core.now.active_mW[0] / this.#divisor)])
    if (this.#live.length > LIVE_POINTS) this.#live.shift()
  }

  /** Average powers of the last intervals from the differences of their registers. */
  private points(): FaceCurve['points'] {
    const { profile } = this.#meter.core
    const { log } = profile
    const points: [number, number, number, number][] = []
    const cursor = profile.cursor(Math.max(log.firstSequence, log.nextSequence - CURVE_ENTRIES - 1))
    let previous_s = -1
    let imported = 0
    let exported = 0
    while (cursor.next()) {
      const nowImported = profileValue(cursor.payload, 0)
      const nowExported = profileValue(cursor.payload, 1)
      const elapsed_s = cursor.utc_s - previous_s
      if (previous_s >= 0 && elapsed_s > 0) {
        // Registers in kJ, and the curve in W.
        const scale = (3600 / elapsed_s) * (1000 / this.#divisor)
        points.push([
          cursor.utc_s,
          Math.round((nowImported - imported) * scale),
          Math.round((nowExported - exported) * scale),
          cursor.status,
        ])
      }
      previous_s = cursor.utc_s
      imported = nowImported
      exported = nowExported
    }
    return points
  }
}
