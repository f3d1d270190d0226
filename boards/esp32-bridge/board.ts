/** An ESP32-DevKitC as a bridge board: what `npm run test:hil` expects to be connected, as data. Numbers are GPIOs. Peripherals are opened by the PC, with any pins. */
export const BOARD = Object.freeze({
  name: 'esp32-bridge',
  chip: 'esp32',
  flash_MiB: 4,
  /** UART 0, at the USB of the board: the line to the PC. */
  line: Object.freeze({ port: 0, baud: 115_200, transmit: 1, receive: 3 }),
  /** Joined by a resistor of 1 kilohm. */
  jumper: Object.freeze({ from: Object.freeze({ pin: 25 }), to: Object.freeze({ pin: 26 }) }),
  /** Joined to each other. */
  uart: Object.freeze({ port: 1, baud: 115_200, transmit: 17, receive: 16 }),
  /** `out` joined to `in`. */
  spi: Object.freeze({ port: 2, clock: 18, in: 19, out: 23, select: 21 }),
})
