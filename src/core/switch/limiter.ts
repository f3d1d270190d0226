import { DecodeError } from '../../lib/bytes.ts'
import { FerrarisError } from '../../lib/errors.ts'
import type { Settings } from '../storage/settings.ts'
import { ControlState } from './control-modes.ts'
import type { Disconnector, SwitchListener } from './disconnector.ts'
import { SwitchEvent } from './events.ts'
import {
  areKeepable,
  decodeSettings,
  encodeSettings,
  LimiterScript,
  type LimiterSettings,
  type MonitoredAttribute,
  sameAttribute,
  UINT32_MAX,
} from './limiter-settings.ts'

const KEY = 'switch.limiter'
/** The limiter reconnects so often at once, and then once in so long: a load that comes back with the supply must not wear out the relay. */
const RECONNECTS_MAX = 5
const RECONNECT_REFILL_MS = 600_000
/** Seconds do not come to the millisecond. */
const ELAPSED_MAX_MS = 1500

/** COSEM attribute of each setting: the parameter of `SwitchEvent.limiterChanged`. */
const ATTRIBUTES: Readonly<Record<keyof LimiterSettings, number>> = Object.freeze({
  monitored: 2,
  thresholdNormal: 4,
  thresholdEmergency: 5,
  minOver_s: 6,
  minUnder_s: 7,
  emergency: 8,
  groups: 9,
  actionOver: 11,
  actionUnder: 11,
})
const EMERGENCY_ACTIVE = 10

/** A value that can be monitored. */
export interface MonitoredValue extends MonitoredAttribute {
  /** The value of the attribute, 32 bits without sign; undefined while the meter does not know it. */
  readonly read: () => number | undefined
}

export interface LimiterOptions {
  readonly settings: Pick<Settings, 'get' | 'set'>
  readonly disconnector: Disconnector
  /** What a client may choose from; a new meter monitors the first. */
  readonly monitored: readonly [MonitoredValue, ...MonitoredValue[]]
  readonly clock: { now_s(): number; readonly valid: boolean; ticks_ms(): number }
  readonly onEvent: SwitchListener
}

/** `data-not-valid`: a value that the limiter cannot have, or an attribute that it cannot monitor. */
export type LimiterResult = 'success' | 'data-not-valid' | 'hardware-fault'

/** Thresholds beyond all loads: a new meter limits nothing. */
function defaults({ classId, logicalName, attribute }: MonitoredAttribute): LimiterSettings {
  return {
    monitored: { classId, logicalName, attribute },
    thresholdNormal: UINT32_MAX,
    thresholdEmergency: UINT32_MAX,
    minOver_s: 60,
    minUnder_s: 60,
    emergency: { id: 0, activation_s: undefined, duration_s: 0 },
    groups: [],
    actionOver: LimiterScript.disconnect,
    actionUnder: LimiterScript.none,
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** COSEM attributes whose values differ. */
function changedAttributes(before: LimiterSettings, after: LimiterSettings): Set<number> {
  const changed = new Set<number>()
  const stored = encodeSettings(before)
  for (const name of Object.keys(ATTRIBUTES) as (keyof LimiterSettings)[]) {
    if (!sameBytes(encodeSettings({ ...before, [name]: after[name] }), stored)) changed.add(ATTRIBUTES[name])
  }
  return changed
}

/**
 * Limits what the supply may deliver (COSEM interface class 71): a value above the threshold for `minOver_s` executes one script, the value back at or below
 * it for `minUnder_s` another. Both are scripts of the disconnector, and count as local triggers there.
 *
 * Time is counted by the monotonic clock, in seconds in which the value is known. What the limiter has switched off it finds again after a restart, from the
 * last transition of the disconnector.
 */
export class Limiter {
  readonly #options: LimiterOptions
  #settings: LimiterSettings
  #value: MonitoredValue
  #emergency = false
  /** The value was over the threshold for long enough. */
  #exceeded: boolean
  /** The limiter has switched off, and nobody has switched on again since. */
  #tripped: boolean
  /** A reconnection that is due and has to wait for its turn. */
  #owed = false
  /** For how long the value has been on the other side of the threshold; undefined while it is not. */
  #crossed_ms: number | undefined
  #ticks_ms: number
  #reconnects = RECONNECTS_MAX
  #refilled_ms: number

  constructor(options: LimiterOptions) {
    const { monitored, disconnector, clock } = options
    this.#options = options
    this.#value = monitored[0]
    this.#settings = this.load() ?? defaults(this.#value)
    this.#value = this.find(this.#settings.monitored) ?? this.#value
    this.#tripped = disconnector.lastTransition?.trigger === 'localDisconnect'
    this.#exceeded = this.#tripped
    this.#ticks_ms = clock.ticks_ms()
    this.#refilled_ms = this.#ticks_ms
  }

  get settings(): LimiterSettings {
    return this.#settings
  }

  get thresholdActive(): number {
    return this.#emergency ? this.#settings.thresholdEmergency : this.#settings.thresholdNormal
  }

  get emergencyActive(): boolean {
    return this.#emergency
  }

  /** The monitored value was over the threshold for long enough, and has not been under it for long enough since. */
  get exceeded(): boolean {
    return this.#exceeded
  }

  /** Changes settings; they are in flash when this returns `success`, and nothing has changed otherwise. */
  change(change: Partial<LimiterSettings>): LimiterResult {
    const settings = { ...this.#settings, ...change }
    const value = this.find(settings.monitored)
    if (value === undefined || !areKeepable(settings)) return 'data-not-valid'
    const changed = changedAttributes(this.#settings, settings)
    if (changed.size === 0) return 'success'
    if (!this.store(encodeSettings(settings))) return 'hardware-fault'
    this.#settings = settings
    if (value !== this.#value) this.#crossed_ms = undefined
    this.#value = value
    for (const attribute of changed) this.#options.onEvent(SwitchEvent.limiterChanged, attribute)
    return 'success'
  }

  /** To be called once a second, after the disconnector. */
  second(): void {
    const { clock } = this.#options
    const ticks_ms = clock.ticks_ms()
    // Where seconds are missing, nobody knows what the value was.
    const elapsed_ms = Math.min(ticks_ms - this.#ticks_ms, ELAPSED_MAX_MS)
    this.#ticks_ms = ticks_ms
    this.watchEmergency(clock.valid, clock.now_s())
    this.rearm()
    const value = this.#value.read()
    if (value !== undefined) this.evaluate(value, elapsed_ms)
    if (this.#owed) this.reconnect()
  }

  private watchEmergency(valid: boolean, now_s: number): void {
    const { emergency, groups } = this.#settings
    const { id, activation_s, duration_s } = emergency
    const due = valid && activation_s !== undefined && now_s >= activation_s && now_s - activation_s < duration_s
    const active = due && groups.includes(id)
    if (active === this.#emergency) return
    this.#emergency = active
    this.#options.onEvent(SwitchEvent.limiterChanged, EMERGENCY_ACTIVE)
  }

  /** Somebody reconnected what the limiter had switched off: it begins anew, or it would wait for ever for the value to fall first. */
  private rearm(): void {
    if (!this.#tripped) return
    const { controlState, lastTransition } = this.#options.disconnector
    if (controlState === ControlState.readyForReconnection && lastTransition?.trigger === 'localDisconnect') return
    this.#tripped = false
    this.#owed = false
    if (controlState !== ControlState.connected) return
    this.#exceeded = false
    this.#crossed_ms = undefined
  }

  private evaluate(value: number, elapsed_ms: number): void {
    const over = value > this.thresholdActive
    if (over === this.#exceeded) {
      this.#crossed_ms = undefined
      return
    }
    // The crossing itself was somewhere in the last second: time counts from the first value beyond it.
    this.#crossed_ms = this.#crossed_ms === undefined ? 0 : this.#crossed_ms + elapsed_ms
    const needed_s = over ? this.#settings.minOver_s : this.#settings.minUnder_s
    if (this.#crossed_ms < needed_s * 1000) return
    this.#crossed_ms = undefined
    this.#exceeded = over
    this.#options.onEvent(over ? SwitchEvent.limiterExceeded : SwitchEvent.limiterNormal, Math.min(value, UINT32_MAX))
    if (over) this.disconnect()
    else this.#owed = this.#tripped && this.#settings.actionUnder === LimiterScript.reconnect
  }

  private disconnect(): void {
    const { disconnector } = this.#options
    this.#owed = false
    if (this.#settings.actionOver !== LimiterScript.disconnect) return
    disconnector.trigger('localDisconnect')
    this.#tripped = disconnector.lastTransition?.trigger === 'localDisconnect'
  }

  /** Only what the limiter has switched off: what a person or a client switched off stays off. */
  private reconnect(): void {
    const refill = Math.floor((this.#ticks_ms - this.#refilled_ms) / RECONNECT_REFILL_MS)
    if (this.#reconnects + refill >= RECONNECTS_MAX) this.#refilled_ms = this.#ticks_ms
    else this.#refilled_ms += refill * RECONNECT_REFILL_MS
    this.#reconnects = Math.min(RECONNECTS_MAX, this.#reconnects + refill)
    if (this.#reconnects === 0) return
    this.#owed = false
    if (this.#options.disconnector.trigger('localReconnect') === 'success') this.#reconnects--
  }

  private find(attribute: MonitoredAttribute): MonitoredValue | undefined {
    return this.#options.monitored.find((candidate) => sameAttribute(candidate, attribute))
  }

  private load(): LimiterSettings | undefined {
    const stored = this.#options.settings.get(KEY)
    if (stored === undefined) return undefined
    try {
      const settings = decodeSettings(stored)
      // A firmware that cannot monitor this value any more: a threshold of other units would be wrong.
      return this.find(settings.monitored) === undefined ? undefined : settings
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      return undefined
    }
  }

  private store(bytes: Uint8Array): boolean {
    try {
      this.#options.settings.set(KEY, bytes)
      return true
    } catch (error) {
      if (!(error instanceof FerrarisError) || !/^(STORAGE|SETTINGS)/.test(error.code)) throw error
      return false
    }
  }
}
