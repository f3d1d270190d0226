/** An ESP32-DevKitC, a LoRaWAN module RAK3172 at UART 2, and a module with an ATM90E32AS. Numbers are GPIOs. */
export const BOARD = Object.freeze({
  name: 'esp32-rak3172',
  chip: 'esp32',
  flash_MiB: 4,
  /** UART 2; the module starts with 115200 baud 8N1. */
  lora: Object.freeze({ port: 2, baud: 115_200, transmit: 17, receive: 16 }),
  /** VSPI, with the pins that the ESP32 has for it without its pin matrix. */
  metering: Object.freeze({ clock: 18, in: 19, out: 23, select: 5, port: 2 }),
  /** Pin IRQ1 of the ATM90E32AS. */
  interrupt: Object.freeze({ pin: 34 }),
  /** The LED of the board: metrological LED. */
  led: Object.freeze({ pin: 2 }),
  /** Jumper to ground: open seal. */
  seal: Object.freeze({ pin: 33 }),
  /** UART 0: service console. */
  console: Object.freeze({ port: 0, baud: 115_200, transmit: 1, receive: 3 }),
})
