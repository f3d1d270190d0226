import type { FlowTrace } from '../pulse/flow-trace.ts'
import type { Trace } from './trace.ts'

/** What a world replays: a load, or a flow. */
export type Recording = Trace | FlowTrace

export function isFlow(recording: Recording): recording is FlowTrace {
  return 'flow_ml_s' in recording
}

/** The numbers of a recording beside its bytes, as JSON carries them. A flow has `days`. */
export interface TraceHead {
  readonly start_ms: number
  readonly period_ms: number
  readonly rows: number
  readonly bridged: number
  readonly days?: number
}

/** Words of a row. */
const LOAD_WORDS = 5
const FLOW_WORDS = 2

function flowToBytes({ start_ms, days, second, flow_ml_s }: FlowTrace): { head: TraceHead; bytes: Uint8Array } {
  const rows = second.length
  const words = new Int32Array(FLOW_WORDS * rows)
  words.set(second)
  words.set(flow_ml_s, rows)
  return { head: { start_ms, period_ms: 1000, rows, bridged: 0, days }, bytes: new Uint8Array(words.buffer) }
}

/** A recording on its way into another engine on the same machine (native byte order). */
export function traceToBytes(trace: Recording): { head: TraceHead; bytes: Uint8Array } {
  if (isFlow(trace)) return flowToBytes(trace)
  const { start_ms, period_ms, rows, bridged } = trace
  const words = new Int32Array(LOAD_WORDS * rows)
  words.set(trace.active_W)
  words.set(trace.reactive_var, 3 * rows)
  words.set(trace.voltage_cV, 4 * rows)
  return { head: { start_ms, period_ms, rows, bridged }, bytes: new Uint8Array(words.buffer) }
}

/** Throws RangeError when the bytes do not belong to the head. */
export function traceFromBytes(head: TraceHead, bytes: Uint8Array): Recording {
  const { start_ms, period_ms, rows, bridged, days } = head
  if (bytes.length !== 4 * rows * (days === undefined ? LOAD_WORDS : FLOW_WORDS))
    throw new RangeError(`${bytes.length} bytes for ${rows} rows`)
  // A copy: the view may start anywhere in a message.
  const words = new Int32Array(bytes.slice().buffer)
  if (days !== undefined) return { start_ms, days, second: words.slice(0, rows), flow_ml_s: words.slice(rows) }
  return {
    ...{ start_ms, period_ms, rows, bridged },
    ...{ active_W: words.slice(0, 3 * rows), reactive_var: words.slice(3 * rows, 4 * rows), voltage_cV: words.slice(4 * rows) },
  }
}
