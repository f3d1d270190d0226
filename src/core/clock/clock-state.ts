import { getUint32, setUint32 } from '../storage/format.ts'

/** What the meter knows about its clock and keeps over a restart. */
export interface ClockState {
  /** Part that `trim_ppm` and `drift_ppm` belong to; '' for the processor's own clock. */
  readonly part: string
  /** Correction that was given to the chip. */
  readonly trim_ppm?: number
  /** What was learned beyond that. */
  readonly drift_ppm?: number
  /** Last time that somebody set, in seconds of UTC. */
  readonly reference_s?: number
  /** What that may be wrong by. */
  readonly uncertainty_ms?: number
}

const VERSION = 1
/** Version, flags, trim(4), drift(4), reference(4), uncertainty(4), then the name of the part. */
const FIXED = 18
const TRIM = 1
const DRIFT = 2
const REFERENCE = 4
/** Corrections are kept in thousandths of a ppm. */
const STEPS_PER_PPM = 1000

function putSigned(bytes: Uint8Array, at: number, ppm: number): void {
  setUint32(bytes, at, Math.round(ppm * STEPS_PER_PPM) >>> 0)
}

function getSigned(bytes: Uint8Array, at: number): number {
  return (getUint32(bytes, at) | 0) / STEPS_PER_PPM
}

/** As an entry of the settings; its length only depends on the part. */
export function encodeClockState(state: ClockState): Uint8Array {
  const { part, trim_ppm, drift_ppm, reference_s, uncertainty_ms = 0 } = state
  const bytes = new Uint8Array(FIXED + part.length)
  bytes[0] = VERSION
  bytes[1] = (trim_ppm === undefined ? 0 : TRIM) | (drift_ppm === undefined ? 0 : DRIFT) | (reference_s === undefined ? 0 : REFERENCE)
  putSigned(bytes, 2, trim_ppm ?? 0)
  putSigned(bytes, 6, drift_ppm ?? 0)
  setUint32(bytes, 10, reference_s ?? 0)
  setUint32(bytes, 14, Math.ceil(uncertainty_ms))
  for (let i = 0; i < part.length; i++) bytes[FIXED + i] = part.charCodeAt(i)
  return bytes
}

/** What is known of the clock with this part. A stored entry of another part still knows when the time was set. */
export function decodeClockState(bytes: Uint8Array | undefined, part: string): ClockState {
  if (bytes === undefined || bytes.length < FIXED || bytes[0] !== VERSION) return { part }
  let stored = ''
  for (let i = FIXED; i < bytes.length; i++) stored += String.fromCharCode(bytes[i])
  const flags = bytes[1]
  const same = stored === part
  return {
    part,
    ...(same && (flags & TRIM) !== 0 ? { trim_ppm: getSigned(bytes, 2) } : {}),
    ...(same && (flags & DRIFT) !== 0 ? { drift_ppm: getSigned(bytes, 6) } : {}),
    ...((flags & REFERENCE) !== 0 ? { reference_s: getUint32(bytes, 10), uncertainty_ms: getUint32(bytes, 14) } : {}),
  }
}
