/**
 * What the core needs of an RTC chip; the drivers in `src/drivers/rtc` have this shape.
 */
export interface RealTimeClock {
  /** Time that has passed of the running second when `set` is called, so that the chip's seconds begin with the world's. */
  readonly setPhase_ms: number
  /**
   * `utc_s` is the running second of UTC when `state` is `set`. `lost`: the chip has not kept its time. `fault`: it does not answer. The object may
   * change with the next call. Never throws for what the chip does.
   */
  sample(): { readonly state: 'set' | 'lost' | 'fault'; readonly utc_s: number }
  /** False when the chip does not take it. Takes 2000-01-01 to 2099-12-31. */
  set(utc_s: number): boolean
}
