/** A LilyGO (TTGO) T3 V1.6.1 (ESP32-PICO-D4, SX1276) and a module with an ATM90E32AS on a bus of its own. Numbers are GPIOs. */
export const BOARD = Object.freeze({
  name: 'lilygo-t3',
  chip: 'esp32',
  flash_MiB: 4,
  /** On the board. */
  lora: Object.freeze({
    radio: Object.freeze({ clock: 5, in: 19, out: 27, select: 18, port: 2 }),
    reset: Object.freeze({ pin: 23 }),
    /** DIO0. */
    interrupt: Object.freeze({ pin: 26 }),
    dio1: Object.freeze({ pin: 33 }),
    paBoost: true,
  }),
  /** At the headers; 13 and 14 belong to the slot for SD cards, which stays empty. */
  metering: Object.freeze({ clock: 14, in: 34, out: 13, select: 4, port: 1 }),
  /** Pin IRQ1 of the ATM90E32AS. */
  interrupt: Object.freeze({ pin: 36 }),
  /** Green LED of the board: metrological LED. */
  led: Object.freeze({ pin: 25 }),
  /** Jumper to ground: open seal. */
  seal: Object.freeze({ pin: 15 }),
  /** UART 0: service console. */
  console: Object.freeze({ port: 0, baud: 115_200, transmit: 1, receive: 3 }),
})
