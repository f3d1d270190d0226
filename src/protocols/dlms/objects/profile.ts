/** Interface class 7 "Profile generic", version 1 (IEC 62056-6-2 clause 4.3.6), with selective access by range and by entry. */
import { type ByteWriter, DecodeError } from '../../../lib/bytes.ts'
import { ActionResult, DataAccessResult } from '../apdu.ts'
import {
  DataTag,
  type DataValue,
  writeArray,
  writeDoubleLongUnsigned,
  writeEnum,
  writeInteger,
  writeLength,
  writeLongUnsigned,
  writeStructure,
} from '../axdr.ts'
import { writeLogicalName } from '../logical-name.ts'
import type { AssociationContext, RowStream, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject } from './base.ts'
import { nothing } from './parameters.ts'
import { ENTRY_DESCRIPTOR, RANGE_DESCRIPTOR, resolveEntries, resolveRange, type Window } from './profile-selection.ts'
import {
  type CaptureObject,
  type ColumnList,
  captureObject,
  clockColumn,
  type ProfileCursor,
  type ProfileSource,
} from './profile-source.ts'

const SortMethod = Object.freeze({ fifo: 1, lifo: 2, largest: 3, smallest: 4, nearestToZero: 5, farthestFromZero: 6 })

export interface ProfileOptions extends ObjectOptions {
  readonly source: ProfileSource
  /** Method 1, for clients with access to it; false when it was not done. Absent: nobody can erase the buffer. */
  readonly reset?: () => boolean
}

const BUFFER = 2
const RESET = 1
const SELECTORS: readonly number[] = Object.freeze([RANGE_DESCRIPTOR, ENTRY_DESCRIPTOR])
const NO_SELECTORS: readonly number[] = Object.freeze([])

/** capture_object_definition; lists of pushed objects have the same form. */
function writeCaptureObject(writer: ByteWriter, column: CaptureObject): void {
  writeStructure(writer, 4)
  writeLongUnsigned(writer, column.classId)
  writeLogicalName(writer, column.logicalName)
  writeInteger(writer, column.attribute)
  writeLongUnsigned(writer, column.dataIndex)
}

/** An array of them. */
export function writeColumns(writer: ByteWriter, columns: ColumnList): void {
  writeArray(writer, columns.length)
  for (let index = 0; index < columns.length; index++) writeCaptureObject(writer, columns.at(index) ?? NO_SORT_OBJECT)
}

/** Class 0 stands for none. */
const NO_SORT_OBJECT: CaptureObject = captureObject(0, '0.0.0.0.0.0', 0)

/** Rows of a window, each written straight from the cursor into the response. */
class Rows implements RowStream {
  readonly count: number
  readonly #cursor: ProfileCursor
  readonly #columns: readonly number[]

  constructor(cursor: ProfileCursor, window: Window) {
    this.count = window.count
    this.#columns = window.columns
    this.#cursor = cursor
  }

  next(writer: ByteWriter): boolean {
    if (!this.#cursor.next()) return false
    const columns = this.#columns
    writer.uint8(DataTag.structure)
    writeLength(writer, columns.length)
    for (let i = 0; i < columns.length; i++) this.#cursor.write(columns[i] as number, writer)
    return true
  }
}

export class ProfileObject extends InterfaceObject {
  readonly #source: ProfileSource
  readonly #reset: (() => boolean) | undefined

  constructor(options: ProfileOptions) {
    super(options, 7, 1, 8, 2)
    this.#source = options.source
    this.#reset = options.reset
  }

  selectors(attribute: number): readonly number[] {
    return attribute === BUFFER ? SELECTORS : NO_SELECTORS
  }

  get(attribute: number, selection: Selection | undefined, _context: AssociationContext, writer: ByteWriter): DataAccessResult | RowStream {
    const source = this.#source
    if (attribute === BUFFER) return this.buffer(selection)
    if (attribute === 3) writeColumns(writer, source.columns)
    else if (attribute === 4) writeDoubleLongUnsigned(writer, source.capturePeriod_s)
    else if (attribute === 5) writeEnum(writer, SortMethod.fifo)
    // A FIFO needs no sort object, but clients take it as the restricting object of a range: it names the clock, by which entries are in order.
    else if (attribute === 6) writeCaptureObject(writer, clockColumn(source.columns) ?? NO_SORT_OBJECT)
    else if (attribute === 7) writeDoubleLongUnsigned(writer, source.entriesInUse)
    else writeDoubleLongUnsigned(writer, source.profileEntries)
    return DataAccessResult.success
  }

  override action(method: number, parameter: DataValue | undefined): ActionResult {
    nothing(parameter)
    if (method !== RESET || this.#reset === undefined) return ActionResult.readWriteDenied
    return this.#reset() ? ActionResult.success : ActionResult.temporaryFailure
  }

  private buffer(selection: Selection | undefined): DataAccessResult | RowStream {
    const source = this.#source
    const columns = Array.from({ length: source.columns.length }, (_, index) => index)
    if (selection === undefined) return this.rows({ first: 0, count: source.entriesInUse, columns })
    try {
      const resolve = selection.selector === RANGE_DESCRIPTOR ? resolveRange : resolveEntries
      const window = resolve(source, selection.parameters, columns)
      return typeof window === 'number' ? window : this.rows(window)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      return DataAccessResult.typeUnmatched
    }
  }

  private rows(window: Window): Rows {
    return new Rows(this.#source.cursor(window.first), window)
  }
}
