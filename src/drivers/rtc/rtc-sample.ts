/**
 * `set`: the chip has kept its time since it was set. `lost`: it has not (no supply, or what it shows is no time), until it is set. `fault`: it does not
 * answer, or each time differently; nothing is known.
 */
export type RtcState = 'set' | 'lost' | 'fault'

/** What an RTC shows. The object belongs to the driver and changes with its next call. */
export interface RtcSample {
  state: RtcState
  /** Seconds of UTC since 1970, the second that is running. 0 unless `set`. */
  utc_s: number
  /** Of the chip; undefined where it does not measure it. */
  temperature_C: number | undefined
}
