/** An ESP32-C6-DevKitC-1 and a module with an ATM90E32AS. Numbers are GPIOs. */
export const BOARD = Object.freeze({
  name: 'esp32-c6-devkit',
  chip: 'esp32c6',
  flash_MiB: 8,
  /** SPI2, with the pins that the ESP32-C6 has for it without its pin matrix, but for the chip select. */
  metering: Object.freeze({ clock: 6, in: 2, out: 7, select: 10, port: 1 }),
  /** Pin IRQ1 of the ATM90E32AS. */
  interrupt: Object.freeze({ pin: 11 }),
  /** An LED with a resistor of 1 kilohm to ground: metrological LED. */
  led: Object.freeze({ pin: 0 }),
  /** Jumper to ground: open seal. */
  seal: Object.freeze({ pin: 3 }),
  /** UART 0: service console. */
  console: Object.freeze({ port: 0, baud: 115_200, transmit: 16, receive: 17 }),
})
