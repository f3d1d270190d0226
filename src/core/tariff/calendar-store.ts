import { ByteReader, ByteWriter, DecodeError } from '../../lib/bytes.ts'
import { crc32 } from '../../lib/crc.ts'
import type { Settings } from '../storage/settings.ts'
import type { ActivityCalendar, SpecialDay } from './activity-calendar.ts'
import { decodeCalendar, decodeSpecialDays, encodeCalendar, encodeSpecialDays } from './codec.ts'

const STATE_KEY = 'tariff'
const STATE_VERSION = 1
/** Largest value of a setting. */
const PART = 240
/** Parts of the largest table. */
const PARTS_MAX = 4
/** Places for a table: one for each calendar in use, and one to write the next into. */
const CALENDAR_SLOTS = [1, 2, 3] as const
const SPECIAL_SLOTS = [1, 2] as const

type Kind = 'calendar' | 'specialDays'

/** Where a stored table is. Slot 0: nothing stored. */
interface Place {
  readonly slot: number
  readonly length: number
  readonly crc: number
}

const NOWHERE: Place = Object.freeze({ slot: 0, length: 0, crc: 0 })

interface State {
  readonly active: Place
  readonly passive: Place
  readonly specialDays: Place
  readonly activation_s: number | undefined
}

const EMPTY: State = Object.freeze({ active: NOWHERE, passive: NOWHERE, specialDays: NOWHERE, activation_s: undefined })

/** What is stored; undefined where nothing is, or nothing that can be read. */
export interface StoredTariff {
  readonly active: ActivityCalendar | undefined
  readonly passive: ActivityCalendar | undefined
  readonly specialDays: readonly SpecialDay[] | undefined
  /** Seconds of UTC at which the passive calendar becomes active. */
  readonly activation_s: number | undefined
  /** Tables that were stored and cannot be read. */
  readonly damaged: number
}

function keyOf(kind: Kind, slot: number, part: number): string {
  return `tariff.${kind === 'calendar' ? 'c' : 's'}${slot}.${part}`
}

function writePlace(writer: ByteWriter, { slot, length, crc }: Place): void {
  writer.uint8(slot)
  writer.uint16(length)
  writer.uint32(crc)
}

function readPlace(reader: ByteReader, slots: readonly number[]): Place {
  const place = { slot: reader.uint8(), length: reader.uint16(), crc: reader.uint32() }
  if (place.slot === 0) return NOWHERE
  if (!slots.includes(place.slot) || place.length > PART * PARTS_MAX) throw new DecodeError('tariff in an unknown place')
  return place
}

function encodeState(state: State): Uint8Array {
  const writer = new ByteWriter(32, 32)
  writer.uint8(STATE_VERSION)
  writePlace(writer, state.active)
  writePlace(writer, state.passive)
  writePlace(writer, state.specialDays)
  writer.uint8(state.activation_s === undefined ? 0 : 1)
  writer.uint32(state.activation_s ?? 0)
  return writer.copy()
}

function decodeState(bytes: Uint8Array): State {
  const reader = new ByteReader(bytes)
  if (reader.uint8() !== STATE_VERSION) throw new DecodeError('tariff of another version')
  const active = readPlace(reader, CALENDAR_SLOTS)
  const passive = readPlace(reader, CALENDAR_SLOTS)
  const specialDays = readPlace(reader, SPECIAL_SLOTS)
  const timed = reader.uint8() !== 0
  const activation_s = reader.uint32()
  return { active, passive, specialDays, activation_s: timed ? activation_s : undefined }
}

/**
 * Keeps the calendars, the special days and the time of activation in the settings, each change whole or not at all, wherever the supply fails.
 *
 * A table takes several settings, which cannot be written at once. So a new one goes to a free slot; then one small setting, the state, says by its length
 * and checksum that it is there; then the old slot is cleared. To activate is to write the state alone: both calendars then lie in the same slot.
 *
 * Errors of all that writes: FerrarisError `SETTINGS_FULL` and `STORAGE_WORN`; the old tables are still in use then.
 */
export class CalendarStore {
  readonly #settings: Pick<Settings, 'get' | 'set' | 'delete'>
  #state: State = EMPTY

  constructor(settings: Pick<Settings, 'get' | 'set' | 'delete'>) {
    this.#settings = settings
  }

  /** Must be called first. Writes nothing. */
  load(): StoredTariff {
    const stored = this.#settings.get(STATE_KEY)
    let damaged = 0
    const tryTo = <T>(read: () => T): T | undefined => {
      try {
        return read()
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        damaged++
        return undefined
      }
    }
    this.#state = (stored && tryTo(() => decodeState(stored))) ?? EMPTY
    const { active, passive, specialDays, activation_s } = this.#state
    const calendarAt = (place: Place) => (place.slot === 0 ? undefined : tryTo(() => decodeCalendar(this.read('calendar', place))))
    const activeCalendar = calendarAt(active)
    return {
      active: activeCalendar,
      passive: passive.slot === active.slot ? activeCalendar : calendarAt(passive),
      specialDays: specialDays.slot === 0 ? undefined : tryTo(() => decodeSpecialDays(this.read('specialDays', specialDays))),
      activation_s,
      damaged,
    }
  }

  /** `calendar` has no `tableErrors`. The time of activation stays. */
  savePassive(calendar: ActivityCalendar): void {
    const { active, passive } = this.#state
    const place = this.write('calendar', encodeCalendar(calendar), CALENDAR_SLOTS, [active, passive])
    this.commit({ ...this.#state, passive: place })
    if (passive.slot !== active.slot) this.clear('calendar', passive.slot)
  }

  saveSpecialDays(specialDays: readonly SpecialDay[]): void {
    const old = this.#state.specialDays
    const place = this.write('specialDays', encodeSpecialDays(specialDays), SPECIAL_SLOTS, [old])
    this.commit({ ...this.#state, specialDays: place })
    this.clear('specialDays', old.slot)
  }

  saveActivation(activation_s: number | undefined): void {
    this.commit({ ...this.#state, activation_s })
  }

  /** The passive calendar is active from now on, and stays passive too. Its time of activation is over. */
  activate(): void {
    const { active, passive } = this.#state
    if (passive.slot === 0) return
    this.commit({ ...this.#state, active: passive, activation_s: undefined })
    if (active.slot !== passive.slot) this.clear('calendar', active.slot)
  }

  private commit(state: State): void {
    this.#settings.set(STATE_KEY, encodeState(state))
    this.#state = state
  }

  private read(kind: Kind, place: Place): Uint8Array {
    const bytes = new Uint8Array(place.length)
    for (let part = 0; part * PART < place.length; part++) {
      const value = this.#settings.get(keyOf(kind, place.slot, part))
      if (value === undefined || value.length !== Math.min(PART, place.length - part * PART)) throw new DecodeError('a part is missing')
      bytes.set(value, part * PART)
    }
    // A part whose newest record is damaged comes back with older content.
    if (crc32(bytes) !== place.crc) throw new DecodeError('parts that do not belong together')
    return bytes
  }

  /** Writes a table to a slot that is not taken. When it does not fit, the slot is left empty. */
  private write(kind: Kind, bytes: Uint8Array, slots: readonly number[], taken: readonly Place[]): Place {
    const slot = slots.find((candidate) => taken.every((place) => place.slot !== candidate)) ?? 0
    // What a failure of the supply has left behind must not take the room. It may lie in any slot.
    for (const other of slots) if (taken.every((place) => place.slot !== other)) this.clear(kind, other)
    try {
      for (let part = 0; part * PART < bytes.length; part++) {
        this.#settings.set(keyOf(kind, slot, part), bytes.subarray(part * PART, (part + 1) * PART))
      }
    } catch (error) {
      this.clear(kind, slot)
      throw error
    }
    return { slot, length: bytes.length, crc: crc32(bytes) }
  }

  private clear(kind: Kind, slot: number): void {
    if (slot === 0) return
    for (let part = 0; part < PARTS_MAX; part++) this.#settings.delete(keyOf(kind, slot, part))
  }
}
