import { MS_PER_DAY } from '../../lib/calendar.ts'
import { FerrarisError } from '../../lib/errors.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Flow } from './flow.ts'

/** A recorded flow: seconds in which something flowed, in between nothing. For ever repeated, in whole days. */
export interface FlowTrace {
  /** Local standard time of the midnight that begins the recording, written as if it were UTC. */
  readonly start_ms: number
  readonly days: number
  /** Seconds since the start, in ascending order. */
  readonly second: Int32Array
  /** ml/s in each of them. */
  readonly flow_ml_s: Int32Array
}

const ROWS_MAX = 2_000_000
/** Half a litre a second is a burst pipe in a flat; a hundred are an industrial meter. */
const FLOW_MAX_ML_S = 100_000
const DAYS_MAX = 400
const SECONDS_PER_DAY = MS_PER_DAY / 1000
const ML_S_TO_ML_H = 3600

function refuse(file: string, line: number, reason: string): never {
  throw new FerrarisError('TRACE', `${file}:${line}: ${reason}`)
}

function cell(text: string | undefined, name: string, max: number, file: string, line: number): number {
  const value = text !== undefined && /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN
  if (!(value <= max)) refuse(file, line, `${name}: found "${text ?? ''}", allowed is an integer from 0 to ${max}`)
  return value
}

/**
 * Reads a recorded flow from CSV: `epoch_s` (UTC, ascending) and `flow_ml_per_s`, one row for each second with a flow. `standardOffset_min` is local standard
 * time ahead of UTC: the recording begins at the local midnight before its first row and ends at the one after its last.
 * Throws FerrarisError `TRACE` with file and line.
 */
export function parseFlowTrace(text: string, file: string, standardOffset_min: number): FlowTrace {
  const lines = text.split(/\r?\n/)
  while (lines.length > 0 && lines[lines.length - 1].trim() === '') lines.pop()
  if (lines.length < 2) refuse(file, 1, 'a header and at least one row are needed')
  if (lines.length > ROWS_MAX) refuse(file, ROWS_MAX, `more than ${ROWS_MAX} rows`)
  const names = lines[0].split(',').map((name) => name.trim())
  const [time, flow] = [names.indexOf('epoch_s'), names.indexOf('flow_ml_per_s')]
  if (time < 0 || flow < 0) refuse(file, 1, `columns "epoch_s" and "flow_ml_per_s" are needed; found ${names.slice(0, 12).join(', ')}`)
  const second = new Int32Array(lines.length - 1)
  const flow_ml_s = new Int32Array(lines.length - 1)
  let start_s = 0
  let last_s = -1
  for (let i = 1; i < lines.length; i++) {
    const cells = lines[i].split(',')
    const epoch_s = cell(cells[time], 'epoch_s', 0xffffffff, file, i + 1)
    if (i === 1) start_s = midnight_s(epoch_s, standardOffset_min)
    if (epoch_s - start_s <= last_s)
      refuse(file, i + 1, `epoch_s: found ${epoch_s}, allowed is more than the ${start_s + last_s} of the row before`)
    last_s = epoch_s - start_s
    if (last_s >= DAYS_MAX * SECONDS_PER_DAY) refuse(file, i + 1, `more than ${DAYS_MAX} days`)
    second[i - 1] = last_s
    flow_ml_s[i - 1] = cell(cells[flow], 'flow_ml_per_s', FLOW_MAX_ML_S, file, i + 1)
  }
  return { start_ms: (start_s + standardOffset_min * 60) * 1000, days: Math.floor(last_s / SECONDS_PER_DAY) + 1, second, flow_ml_s }
}

function midnight_s(epoch_s: number, standardOffset_min: number): number {
  const local_s = epoch_s + standardOffset_min * 60
  return local_s - (local_s % SECONDS_PER_DAY) - standardOffset_min * 60
}

export interface FlowReplayOptions {
  readonly scheduler: Scheduler
  readonly flow: Flow
  readonly trace: FlowTrace
  /** Local standard time ahead of UTC: where in the recording a moment lies. */
  readonly standardOffset_min: number
}

const SOURCE = 'recording'

/** Replays a recorded flow. A recording of whole weeks keeps its weekdays and hours for ever, whatever the date. */
export class FlowReplay {
  readonly #options: FlowReplayOptions
  /** Row that comes next, and the beginning of its repetition in seconds. */
  #row = 0
  #base_s: number

  constructor(options: FlowReplayOptions) {
    this.#options = options
    const { scheduler, trace, standardOffset_min } = options
    const start_s = trace.start_ms / 1000 - standardOffset_min * 60
    const length_s = trace.days * SECONDS_PER_DAY
    const now_s = Math.ceil(scheduler.now_us / 1_000_000)
    this.#base_s = start_s + Math.floor((now_s - start_s) / length_s) * length_s
    while (this.#row < trace.second.length && this.#base_s + trace.second[this.#row] < now_s) this.#row++
    this.#planRow()
  }

  #planRow(): void {
    const { scheduler, trace } = this.#options
    if (this.#row >= trace.second.length) {
      this.#row = 0
      this.#base_s += trace.days * SECONDS_PER_DAY
    }
    scheduler.at((this.#base_s + trace.second[this.#row]) * 1_000_000, () => this.#begin())
  }

  /** One second with a flow; the next one follows at once or after a pause. */
  #begin(): void {
    const { scheduler, flow, trace } = this.#options
    const row = this.#row++
    flow.set(SOURCE, trace.flow_ml_s[row] * ML_S_TO_ML_H)
    const next = this.#row < trace.second.length ? trace.second[this.#row] : Number.POSITIVE_INFINITY
    if (next !== trace.second[row] + 1) scheduler.after(1_000_000, () => flow.set(SOURCE, 0))
    this.#planRow()
  }
}
