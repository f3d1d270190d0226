/** Own native module, `hal/esp32/native/pulse-count`. */
declare module 'ferraris/pulse-count' {
  export default class PulseCounter {
    /**
     * `rising`: 1 counts that edge, 0 the falling one; `pull`: 0 none, 1 up, 2 down; `filter` in nanoseconds. Error when the pin is in use or no counter is
     * free, RangeError for a filter that is too long.
     */
    constructor(options: { signal: number; rising: 0 | 1; pull: 0 | 1 | 2; filter: number })
    /** Pulses since the constructor. */
    read(): number
    close(): void
  }
}
