import type { FaceAir, FaceAirSource, FaceSignals } from './air-state.ts'
import type { FaceFrames, FaceRadio, FaceRadioSource } from './radio-state.ts'

/**
 * What the page and the meter say to each other over the WebSocket: one JSON object per message, told apart by `type`.
 * Times are UTC in milliseconds since 1970. Arrays of phases are L1, or L1, L2, L3. What the meter does not measure is absent. Types only, shared by both sides.
 */

/** What a curve shows where that is no power: `l/h`, and a thousand of it, `m³/h`. */
export interface FaceUnit {
  readonly unit: string
  readonly kilo: string
}

/** First message of a connection. */
export interface FaceHello {
  readonly type: 'hello'
  readonly manufacturer: string
  readonly model: string
  readonly serial: string
  readonly firmware: string
  /** Metrological LED: pulses per kWh. Absent on a meter without one. */
  readonly meterConstant_imp_kWh?: number
  /** Of a water or gas meter: unit of everything that is called power here. Absent: W. */
  readonly flow?: FaceUnit
  /** Further lines of the nameplate, for example `3 × 230/400 V`, `5(60) A`, `50 Hz`. */
  readonly nameplate: readonly string[]
  /** This meter lives in a virtual world whose controls the page may show. */
  readonly world: boolean
}

/** One step of the rotation of the display. */
export interface LcdItem {
  /** As displayed: `1.8.0`. */
  readonly obis: string
  /** As displayed, leading zeros and decimals included: `000123.456`, `14:05:09`, `-1.250`. Digits, `-`, `.`, `:`, blank, letters that seven segments can form. */
  readonly value: string
  /** `kWh`, `kvarh`, `kW`, `V`, `A`, `Hz`, or ''. */
  readonly unit: string
  /** For people: `Active energy import, total`. */
  readonly label: string
}

/** Annunciators of the display. */
export interface LcdFlags {
  /** Voltage present. */
  readonly phases: readonly boolean[]
  /** Energy is registered in this direction now: +A, -A. */
  readonly import: boolean
  readonly export?: boolean
  /** 1..4 as in IEC 62053-23 Annex C, 0 when no load flows. */
  readonly quadrant?: 0 | 1 | 2 | 3 | 4
  /** Active tariff, from 1. */
  readonly tariff: number
  readonly relay: 'closed' | 'open' | 'none'
  readonly fault: boolean
  readonly clockInvalid: boolean
}

export interface FacePhase {
  readonly voltage_V: number
  readonly current_A: number
  /** Positive = import. */
  readonly active_W: number
  /** Positive = inductive import. */
  readonly reactive_var?: number
  /** Signed like the active power. */
  readonly powerFactor: number
  /** Lag of U behind U1, 0..360: 0, 120, 240 in the normal sequence. */
  readonly voltageAngle_deg: number
  /** Lag of I behind U of the same phase, 0..360: 30 is inductive, 180 is pure export. */
  readonly currentAngle_deg?: number
}

/** Sent a few times a second. */
export interface FaceState {
  readonly type: 'state'
  readonly time_ms: number
  readonly timeValid: boolean
  /** Local time minus UTC, now. */
  readonly offset_min: number
  /** False when the meter has no supply: the display is dark and nothing else is meaningful. */
  readonly powered: boolean
  /** At most 32. */
  readonly lcd: readonly LcdItem[]
  readonly flags: LcdFlags
  readonly phases: readonly FacePhase[]
  readonly total: { readonly active_W: number; readonly reactive_var?: number; readonly powerFactor: number }
  readonly frequency_Hz?: number
  /** Current of the neutral, measured or calculated. */
  readonly neutral_A?: number
  /** Pulses of the metrological LED since the meter started; wraps never. */
  readonly pulses: number
  /** Conditions worth words, empty when all is well: `Sag L1`, `Phase order reversed`. */
  readonly conditions: readonly string[]
}

/** Load curve: one row per profile interval, oldest first, at most 200. */
export interface FaceCurve {
  readonly type: 'curve'
  readonly interval_s: number
  /** `[end of interval in s since 1970, average import in W, average export in W, status byte of the profile]`. */
  readonly points: readonly (readonly [number, number, number, number])[]
  /** Signed power of the last minutes, oldest first, at most 300: `[s since 1970, W]`. The page goes on from the state messages. */
  readonly live: readonly (readonly [number, number])[]
}

export interface FaceEvent {
  /** Running number within its log. */
  readonly seq: number
  readonly time_ms: number
  /** `standard`, `power quality`, `fraud` … */
  readonly log: string
  readonly code: number
  readonly text: string
}

/** Newest first, at most 100. */
export interface FaceEvents {
  readonly type: 'events'
  readonly events: readonly FaceEvent[]
}

export type MainsState = 'on' | 'sag' | 'off'

export interface FaceAppliance {
  readonly id: string
  readonly name: string
  /** What it takes when it is on. */
  readonly power_W: number
  readonly on: boolean
  /** 1..3, or 0 for all three. */
  readonly phase: 0 | 1 | 2 | 3
}

/** The world around a virtual meter; sent like `state`, only where there is one. */
export interface FaceWorld {
  readonly type: 'world'
  readonly time_ms: number
  /** Wanted speed: 0 = paused, 'max' = as fast as it goes. */
  readonly speed: number | 'max'
  /** Seconds of the world per second, measured. */
  readonly actualSpeed: number
  readonly seed: number
  /** Unit of the house and its appliances. Absent: W. */
  readonly flow?: FaceUnit
  /** Of each phase that the meter has. */
  readonly mains: readonly MainsState[]
  /** The recorded household as it is now, and what it is called. */
  readonly household: { readonly name: string; readonly power_W: number }
  readonly appliances: readonly FaceAppliance[]
  /** Absent where nothing is fed in. */
  readonly pv?: { readonly on: boolean; readonly power_W: number; readonly max_W: number }
  /** What somebody does to the meter. */
  readonly tamper: Readonly<Record<FaceTamper, boolean>>
}

/** Covers that are off, a magnet that is held to the meter, a seal that is broken. */
export type FaceTamper = 'terminalCover' | 'meterCover' | 'magneticField' | 'seal'

/** A control of the world. */
export type WorldCommand =
  | { readonly command: 'appliance'; readonly appliance: string; readonly on: boolean }
  | { readonly command: 'pv'; readonly on: boolean; readonly power_W: number }
  /** `phase` 0 is all three. */
  | { readonly command: 'mains'; readonly phase: 0 | 1 | 2 | 3; readonly state: MainsState }
  | { readonly command: 'tamper'; readonly what: FaceTamper; readonly on: boolean }
  | { readonly command: 'speed'; readonly speed: number | 'max' }

/** From the page. `id` comes back in the reply. */
export type FaceRequest = { readonly type: 'world'; readonly id: number } & WorldCommand

/** `error` is missing when it worked. */
export interface FaceReply {
  readonly type: 'reply'
  readonly id: number
  readonly error?: string
}

export type FaceMessage =
  | FaceHello
  | FaceState
  | FaceCurve
  | FaceEvents
  | FaceWorld
  | FaceRadio
  | FaceFrames
  | FaceAir
  | FaceSignals
  | FaceReply

/** What the face needs of a meter. Every method is cheap, synchronous and returns plain data that JSON can carry. */
export interface FaceSource {
  hello(): Omit<FaceHello, 'type' | 'world'>
  state(): Omit<FaceState, 'type'>
  curve(): Omit<FaceCurve, 'type'>
  events(): readonly FaceEvent[]
  /** Changes when `curve()` has a new interval; the page is then told. */
  readonly curveRevision: number
  /** Changes when `events()` has a new event. */
  readonly eventsRevision: number
  /** LoRaWAN, on a meter that has it. */
  readonly radio?: FaceRadioSource | undefined
}

/** What a virtual world adds to the face. */
export interface FaceExtension {
  state(): Omit<FaceWorld, 'type'>
  /** Carries out a checked command; the error is a sentence for people. */
  command(command: WorldCommand): { readonly ok: true } | { readonly error: string }
  /** The air around a meter with LoRaWAN. */
  readonly air?: FaceAirSource | undefined
}
