/** Pins and parts of the virtual board: what a schematic says, as data. */
export const BOARD = Object.freeze({
  name: 'virtual',
  metering: Object.freeze({ part: 'ATM90E32AS', hz: 1_000_000, select: 5, interrupt: 4 }),
  led: Object.freeze({ pin: 2 }),
  /** Raw partition `meter`. */
  flash: Object.freeze({ size: 2 * 1024 * 1024, blockLength: 4096, writeAlign: 16 }),
  /** Of the supply's nominal voltage: below this on every phase the power supply stops. */
  supplyFactor: 0.5,
  /** From the return of the supply until the firmware runs. */
  boot_ms: 150,
})
