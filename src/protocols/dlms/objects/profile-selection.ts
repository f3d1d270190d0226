/** Access parameters of a profile's buffer: which entries and which columns a client wants (IEC 62056-6-2 clause 4.3.6.3). */
import { DecodeError } from '../../../lib/bytes.ts'
import { DataAccessResult } from '../apdu.ts'
import { DataTag, type DataValue } from '../axdr.ts'
import { dateTimeToUtc, decodeDateTime } from '../datetime.ts'
import { logicalNameText } from '../logical-name.ts'
import { elements, integer, octets } from './parameters.ts'
import { type CaptureObject, clockColumn, findColumn, type ProfileSource } from './profile-source.ts'

export const RANGE_DESCRIPTOR = 1
export const ENTRY_DESCRIPTOR = 2

/** Entries `first` to `first + count - 1`, and the columns of each in the order in which they are sent. */
export interface Window {
  readonly first: number
  readonly count: number
  readonly columns: readonly number[]
}

/** capture_object_definition ::= structure { class_id, logical_name, attribute_index, data_index }. */
function captureDefinition(data: DataValue): CaptureObject {
  const fields = elements(data, DataTag.structure, 4)
  return {
    classId: integer(fields[0], DataTag.longUnsigned),
    logicalName: logicalNameText(octets(fields[1], 6)),
    attribute: integer(fields[2], DataTag.integer),
    // Clients built on a widespread Java library write data_index as long; the number is the same.
    dataIndex: integer(fields[3], fields[3]?.tag === DataTag.long ? DataTag.long : DataTag.longUnsigned),
  }
}

function sameColumn(a: CaptureObject, b: CaptureObject): boolean {
  return a.classId === b.classId && a.attribute === b.attribute && a.dataIndex === b.dataIndex && a.logicalName === b.logicalName
}

/** Columns that a range names; all of them for an empty list. Undefined when one is not captured, or when there are more than the profile has. */
function selectedColumns(source: ProfileSource, data: DataValue, all: readonly number[]): readonly number[] | undefined {
  const definitions = elements(data, DataTag.array)
  if (definitions.length === 0) return all
  if (definitions.length > all.length) return undefined
  const columns: number[] = []
  for (const definition of definitions) {
    const wanted = captureDefinition(definition)
    const index = findColumn(source.columns, (column) => sameColumn(column, wanted))
    if (index < 0) return undefined
    columns.push(index)
  }
  return columns
}

/** A bound of a range: a date-time as octet-string of 12 bytes or as type date-time. */
function instant(source: ProfileSource, data: DataValue): number {
  if (data.tag !== DataTag.octetString && data.tag !== DataTag.dateTime) throw new DecodeError('access parameters')
  const utc_ms = dateTimeToUtc(decodeDateTime(data.value), (local_ms) => source.utcOfLocal(local_ms))
  if (utc_ms === undefined) throw new DecodeError('date-time without a date')
  return utc_ms
}

/**
 * range_descriptor ::= structure { restricting_object, from_value, to_value, selected_values }, both bounds included. The restricting object
 * has to be the clock column: entries are kept in order of time, so the range is found without reading them.
 * Throws DecodeError for parameters of other types.
 */
export function resolveRange(source: ProfileSource, parameters: DataValue, all: readonly number[]): Window | DataAccessResult {
  const fields = elements(parameters, DataTag.structure, 4)
  const restricting = captureDefinition(fields[0] as DataValue)
  const clock = clockColumn(source.columns)
  if (clock === undefined || !sameColumn(clock, restricting)) return DataAccessResult.scopeOfAccessViolated
  const from = instant(source, fields[1] as DataValue)
  const to = instant(source, fields[2] as DataValue)
  const columns = selectedColumns(source, fields[3] as DataValue, all)
  if (columns === undefined) return DataAccessResult.scopeOfAccessViolated
  const first = source.firstAtOrAfter(from)
  const end = to < from ? first : source.firstAtOrAfter(to + 1)
  return { first, count: Math.max(0, end - first), columns }
}

/**
 * entry_descriptor ::= structure { from_entry, to_entry, from_selected_value, to_selected_value }: numbers from 1, inclusive; 0 as the end
 * means the last one. Throws DecodeError for parameters of other types.
 */
export function resolveEntries(source: ProfileSource, parameters: DataValue, all: readonly number[]): Window | DataAccessResult {
  const fields = elements(parameters, DataTag.structure, 4)
  const fromEntry = integer(fields[0], DataTag.doubleLongUnsigned)
  const toEntry = integer(fields[1], DataTag.doubleLongUnsigned)
  const fromColumn = integer(fields[2], DataTag.longUnsigned)
  const toColumn = integer(fields[3], DataTag.longUnsigned)
  // Some clients number from 0; an entry 0 does not exist, so it can only mean the first.
  const first = Math.max(1, fromEntry) - 1
  const end = toEntry === 0 ? source.entriesInUse : Math.min(toEntry, source.entriesInUse)
  const columns = all.slice(Math.max(1, fromColumn) - 1, toColumn === 0 ? all.length : toColumn)
  if (columns.length === 0) return DataAccessResult.scopeOfAccessViolated
  return { first, count: Math.max(0, end - first), columns }
}
