/** A Heltec WiFi LoRa 32 V2 (SX1276) and a module with an ATM90E32AS on a bus of its own. Numbers are GPIOs. */
export const BOARD = Object.freeze({
  name: 'heltec-lora32-v2',
  chip: 'esp32',
  flash_MiB: 8,
  /** On the board. */
  lora: Object.freeze({
    radio: Object.freeze({ clock: 5, in: 19, out: 27, select: 18, port: 2 }),
    reset: Object.freeze({ pin: 14 }),
    /** DIO0. */
    interrupt: Object.freeze({ pin: 26 }),
    dio1: Object.freeze({ pin: 35 }),
    paBoost: true,
  }),
  /** At the headers. */
  metering: Object.freeze({ clock: 17, in: 36, out: 23, select: 22, port: 1 }),
  /** Pin IRQ1 of the ATM90E32AS. */
  interrupt: Object.freeze({ pin: 39 }),
  /** White LED of the board: metrological LED. */
  led: Object.freeze({ pin: 25 }),
  /** Jumper to ground: open seal. */
  seal: Object.freeze({ pin: 2 }),
  /** UART 0: service console. */
  console: Object.freeze({ port: 0, baud: 115_200, transmit: 1, receive: 3 }),
})
