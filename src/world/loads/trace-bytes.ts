import type { Trace } from './trace.ts'

/** The numbers of a trace beside its bytes, as JSON carries them. */
export interface TraceHead {
  readonly start_ms: number
  readonly period_ms: number
  readonly rows: number
  readonly bridged: number
}

/** A trace on its way into another engine on the same machine (native byte order). */
export function traceToBytes(trace: Trace): { head: TraceHead; bytes: Uint8Array } {
  const { start_ms, period_ms, rows, bridged } = trace
  const words = new Int32Array(5 * rows)
  words.set(trace.active_W)
  words.set(trace.reactive_var, 3 * rows)
  words.set(trace.voltage_cV, 4 * rows)
  return { head: { start_ms, period_ms, rows, bridged }, bytes: new Uint8Array(words.buffer) }
}

/** Throws RangeError when the bytes do not belong to the head. */
export function traceFromBytes(head: TraceHead, bytes: Uint8Array): Trace {
  const { rows } = head
  if (bytes.length !== 20 * rows) throw new RangeError(`${bytes.length} bytes for ${rows} rows`)
  // A copy: the view may start anywhere in a message.
  const words = new Int32Array(bytes.slice().buffer)
  return { ...head, active_W: words.slice(0, 3 * rows), reactive_var: words.slice(3 * rows, 4 * rows), voltage_cV: words.slice(4 * rows) }
}
