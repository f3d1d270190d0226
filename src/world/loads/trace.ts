import { FerrarisError } from '../../lib/errors.ts'
import { formatInstant, parseInstant } from '../../lib/iso8601.ts'

/** A recorded load: one row per period, constant inside it, for ever repeated. */
export interface Trace {
  /** Local standard time of the first row, written as if it were UTC. */
  readonly start_ms: number
  readonly period_ms: number
  readonly rows: number
  /** W per phase: three values a row. */
  readonly active_W: Int32Array
  /** var, one value a row; shared out like the active power. */
  readonly reactive_var: Int32Array
  /** 0.01 V, one value a row; 0 = not recorded. */
  readonly voltage_cV: Int32Array
  /** Rows that were missing or empty and repeat the row before. */
  readonly bridged: number
}

/** Rows of a file; a year of minutes is half a million. */
const ROWS_MAX = 2_000_000
/** A longer gap is no gap any more but another recording. */
const GAP_MAX = 120
const ACTIVE_MAX_W = 200_000
const VOLTAGE_MAX_V = 500

interface Columns {
  readonly time: number
  readonly active: number
  readonly reactive: number
  readonly voltage: number
  readonly kitchen: number
  readonly laundry: number
  readonly hvac: number
}

interface Row {
  readonly time_ms: number
  /** Undefined where the row is empty. */
  readonly values: readonly [l1_W: number, l2_W: number, l3_W: number, q_var: number, u_cV: number] | undefined
}

function refuse(file: string, line: number, reason: string): never {
  throw new FerrarisError('TRACE', `${file}:${line}: ${reason}`)
}

function columnsOf(header: string, file: string): Columns {
  const names = header.split(',').map((name) => name.trim())
  const at = (name: string) => names.indexOf(name)
  for (const needed of ['time_local', 'p_w']) {
    if (at(needed) < 0) refuse(file, 1, `column "${needed}" is missing; found ${names.slice(0, 12).join(', ')}`)
  }
  return {
    time: at('time_local'),
    active: at('p_w'),
    reactive: at('q_var'),
    voltage: at('u_v'),
    kitchen: at('sub_kitchen_wh'),
    laundry: at('sub_laundry_wh'),
    hvac: at('sub_hvac_wh'),
  }
}

/** A number of a cell inside its limits; undefined when the cell is empty or the column absent. */
function cell(
  cells: readonly string[],
  column: number,
  name: string,
  min: number,
  max: number,
  file: string,
  line: number,
): number | undefined {
  const text = column < 0 ? '' : (cells[column] ?? '').trim()
  if (text === '') return undefined
  const value = Number(text)
  if (!Number.isFinite(value) || value < min || value > max) refuse(file, line, `${name}: found "${text}", allowed is ${min} to ${max}`)
  return value
}

/**
 * The three sub-meters hang on L2 (kitchen, laundry) and L3 (heating), the rest of the house on L1, so that a single-phase recording loads a
 * three-phase meter. The sum of the phases is exactly the recorded power.
 */
function parseRow(text: string, columns: Columns, minutes: number, file: string, line: number): Row {
  const cells = text.split(',')
  const time = parseInstant((cells[columns.time] ?? '').trim())
  if (!time.ok) refuse(file, line, `time_local: ${time.reason}`)
  const active = cell(cells, columns.active, 'p_w', -ACTIVE_MAX_W, ACTIVE_MAX_W, file, line)
  if (active === undefined) return { time_ms: time.value.utc_ms, values: undefined }
  const total_W = Math.round(active)
  const power = (column: number, name: string) => Math.round(((cell(cells, column, name, 0, 100_000, file, line) ?? 0) * 60) / minutes)
  let l2_W = power(columns.kitchen, 'sub_kitchen_wh') + power(columns.laundry, 'sub_laundry_wh')
  let l3_W = power(columns.hvac, 'sub_hvac_wh')
  if (l2_W + l3_W > Math.abs(total_W)) {
    l2_W = 0
    l3_W = 0
  }
  const reactive = cell(cells, columns.reactive, 'q_var', -ACTIVE_MAX_W, ACTIVE_MAX_W, file, line) ?? 0
  const voltage = cell(cells, columns.voltage, 'u_v', 0, VOLTAGE_MAX_V, file, line) ?? 0
  return { time_ms: time.value.utc_ms, values: [total_W - l2_W - l3_W, l2_W, l3_W, Math.round(reactive), Math.round(voltage * 100)] }
}

function periodOf(lines: readonly string[], columns: Columns, file: string): number {
  const times: number[] = []
  for (let i = 1; i <= 2; i++) {
    const time = parseInstant((lines[i]?.split(',')[columns.time] ?? '').trim())
    if (!time.ok) refuse(file, i + 1, `time_local: ${time.reason}`)
    times.push(time.value.utc_ms)
  }
  const period_ms = times[1] - times[0]
  if (period_ms < 1000 || period_ms > 3_600_000) refuse(file, 3, `rows are ${period_ms / 1000} s apart, allowed is 1 s to 3600 s`)
  return period_ms
}

/**
 * Reads a recorded load from CSV: `time_local` (ISO 8601, evenly spaced) and `p_w`, and where present `q_var`, `u_v` and the sub-meters
 * `sub_*_wh`. Empty and missing rows repeat the row before and are counted in `bridged`; more than 120 in a row, wrong columns, times out of
 * order and absurd values refuse the file. Throws FerrarisError `TRACE` with file and line.
 */
export function parseTrace(text: string, file: string): Trace {
  const lines = text.split(/\r?\n/)
  while (lines.length > 0 && lines[lines.length - 1].trim() === '') lines.pop()
  if (lines.length < 3) refuse(file, 1, 'a header and at least two rows are needed')
  if (lines.length > ROWS_MAX) refuse(file, ROWS_MAX, `more than ${ROWS_MAX} rows`)
  const columns = columnsOf(lines[0], file)
  const period_ms = periodOf(lines, columns, file)
  const builder = new TraceBuilder(period_ms, file)
  for (let i = 1; i < lines.length; i++) builder.add(parseRow(lines[i], columns, period_ms / 60_000, file, i + 1), i + 1)
  return builder.finish()
}

/** Collects evenly spaced rows and bridges what is missing. */
class TraceBuilder {
  readonly #period_ms: number
  readonly #file: string
  readonly #active: number[] = []
  readonly #reactive: number[] = []
  readonly #voltage: number[] = []
  #start_ms = 0
  #bridged = 0
  #gap = 0

  constructor(period_ms: number, file: string) {
    this.#period_ms = period_ms
    this.#file = file
  }

  add(row: Row, line: number): void {
    if (this.#reactive.length === 0) {
      if (row.values === undefined) refuse(this.#file, line, 'the first row must not be empty')
      this.#start_ms = row.time_ms
    }
    const due = (row.time_ms - this.#start_ms) / this.#period_ms
    const missing = due - this.#reactive.length
    if (!Number.isInteger(due) || missing < 0) {
      const expected = formatInstant(this.#start_ms + this.#reactive.length * this.#period_ms)
      refuse(this.#file, line, `time_local: rows must be ${this.#period_ms / 1000} s apart; expected ${expected}`)
    }
    if (missing > GAP_MAX) refuse(this.#file, line, `gap of ${missing} rows before this one, at most ${GAP_MAX} are bridged`)
    if (due >= ROWS_MAX) refuse(this.#file, line, `more than ${ROWS_MAX} rows, bridged ones included`)
    for (let i = 0; i < missing; i++) this.#bridge(line)
    if (row.values === undefined) this.#bridge(line)
    else this.#push(row.values)
  }

  finish(): Trace {
    return {
      start_ms: this.#start_ms,
      period_ms: this.#period_ms,
      rows: this.#reactive.length,
      active_W: Int32Array.from(this.#active),
      reactive_var: Int32Array.from(this.#reactive),
      voltage_cV: Int32Array.from(this.#voltage),
      bridged: this.#bridged,
    }
  }

  #push(values: NonNullable<Row['values']>): void {
    this.#active.push(values[0], values[1], values[2])
    this.#reactive.push(values[3])
    this.#voltage.push(values[4])
    this.#gap = 0
  }

  #bridge(line: number): void {
    if (++this.#gap > GAP_MAX) refuse(this.#file, line, `more than ${GAP_MAX} rows in a row are missing or empty`)
    const last = this.#reactive.length - 1
    const gap = this.#gap
    this.#push([this.#active[3 * last], this.#active[3 * last + 1], this.#active[3 * last + 2], this.#reactive[last], this.#voltage[last]])
    this.#gap = gap
    this.#bridged++
  }
}
