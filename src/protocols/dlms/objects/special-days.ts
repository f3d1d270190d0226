/** Interface class 11 "Special days table", version 0 (IEC 62056-6-2 clause "Special days table"): days on which another day profile holds. */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { ActionResult, DataAccessResult } from '../apdu.ts'
import { DataTag, type DataValue, writeArray, writeLongUnsigned, writeStructure, writeUnsigned } from '../axdr.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject } from './base.ts'
import { decodeOpenDate, type OpenDate, writeOpenDateOctetString } from './open-date.ts'
import { elements, integer, octets } from './parameters.ts'

/** A `spec_day_entry`. */
export interface SpecialDayEntry {
  readonly index: number
  readonly date: OpenDate
  /** Id of a day profile. */
  readonly day: number
}

export interface SpecialDaysSource {
  readonly entries: readonly SpecialDayEntry[]
  /** Replaces all of them. */
  setEntries(entries: readonly SpecialDayEntry[]): DataAccessResult
}

export interface SpecialDaysOptions extends ObjectOptions {
  readonly source: SpecialDaysSource
}

const ENTRIES = 2
const INSERT = 1
/** What the management client writes and invokes. */
export const SPECIAL_DAYS_ATTRIBUTES: readonly number[] = Object.freeze([ENTRIES])
export const SPECIAL_DAYS_METHODS: readonly number[] = Object.freeze([1, 2])

/** Both results have one number in SET and ACTION. */
const ACTION_RESULTS: ReadonlyMap<DataAccessResult, ActionResult> = new Map([
  [DataAccessResult.success, ActionResult.success],
  [DataAccessResult.hardwareFault, ActionResult.hardwareFault],
])

function readEntry(value: DataValue | undefined): SpecialDayEntry {
  const [index, date, day] = elements(value, DataTag.structure, 3)
  return {
    index: integer(index, DataTag.longUnsigned),
    date: decodeOpenDate(octets(date, 5)),
    day: integer(day, DataTag.unsigned),
  }
}

function sameDate(a: OpenDate, b: OpenDate): boolean {
  return a.year === b.year && a.month === b.month && a.day === b.day && a.weekday === b.weekday
}

export class SpecialDaysObject extends InterfaceObject {
  readonly #source: SpecialDaysSource

  constructor(options: SpecialDaysOptions) {
    super(options, 11, 0, 2, 2)
    this.#source = options.source
  }

  get(_attribute: number, _selection: Selection | undefined, _context: AssociationContext, writer: ByteWriter): DataAccessResult {
    const { entries } = this.#source
    writeArray(writer, entries.length)
    for (const { index, date, day } of entries) {
      writeStructure(writer, 3)
      writeLongUnsigned(writer, index)
      writeOpenDateOctetString(writer, date)
      writeUnsigned(writer, day)
    }
    return DataAccessResult.success
  }

  override set(attribute: number, value: DataValue): DataAccessResult {
    if (attribute !== ENTRIES) return DataAccessResult.readWriteDenied
    return this.#source.setEntries(elements(value, DataTag.array).map(readEntry))
  }

  /** 1 insert: an entry, which takes the place of those with its index or its date; 2 delete: the index of an entry. */
  override action(method: number, parameter: DataValue | undefined): ActionResult {
    const { entries } = this.#source
    if (method === INSERT) {
      const entry = readEntry(parameter)
      const others = entries.filter(({ index, date }) => index !== entry.index && !sameDate(date, entry.date))
      return this.replace([...others, entry])
    }
    const index = integer(parameter, DataTag.longUnsigned)
    const rest = entries.filter((entry) => entry.index !== index)
    return rest.length === entries.length ? ActionResult.otherReason : this.replace(rest)
  }

  private replace(entries: readonly SpecialDayEntry[]): ActionResult {
    return ACTION_RESULTS.get(this.#source.setEntries(entries)) ?? ActionResult.otherReason
  }
}
