/** A DPTechnics Walter (ESP32-S3, Sequans GM02SP) and a module with an ATM90E32AS. Numbers are GPIOs. */
export const BOARD = Object.freeze({
  name: 'walter',
  chip: 'esp32s3',
  flash_MiB: 16,
  /** The SPI of its Arduino variant. */
  metering: Object.freeze({ clock: 12, in: 13, out: 11, select: 10, port: 1 }),
  /** Pin IRQ1 of the ATM90E32AS. */
  interrupt: Object.freeze({ pin: 7 }),
  /** Low: the output 3V3 feeds the module. */
  held: Object.freeze([Object.freeze({ pin: 0, level: 0 })]),
  /** Jumper to ground: open seal. */
  seal: Object.freeze({ pin: 6 }),
  /** UART 0: service console. */
  console: Object.freeze({ port: 0, baud: 115_200, transmit: 43, receive: 44 }),
})
