/** A Heltec WiFi LoRa 32 V3 (ESP32-S3, SX1262) and a module with an ATM90E32AS on a bus of its own. Numbers are GPIOs. */
export const BOARD = Object.freeze({
  name: 'heltec-lora32-v3',
  chip: 'esp32s3',
  flash_MiB: 8,
  /** On the board; DIO3 feeds the TCXO, DIO2 switches the antenna. */
  lora: Object.freeze({
    radio: Object.freeze({ clock: 9, in: 11, out: 10, select: 8, port: 1 }),
    reset: Object.freeze({ pin: 12 }),
    busy: Object.freeze({ pin: 13 }),
    /** DIO1. */
    interrupt: Object.freeze({ pin: 14 }),
    tcxo_mV: 1800,
    dio2Switch: true,
  }),
  /** At the header. */
  metering: Object.freeze({ clock: 4, in: 5, out: 6, select: 7, port: 2 }),
  /** Pin IRQ1 of the ATM90E32AS. */
  interrupt: Object.freeze({ pin: 2 }),
  /** White LED of the board: metrological LED. */
  led: Object.freeze({ pin: 35 }),
  /** Jumper to ground: open seal. */
  seal: Object.freeze({ pin: 47 }),
  /** UART 0: service console. */
  console: Object.freeze({ port: 0, baud: 115_200, transmit: 43, receive: 44 }),
})
