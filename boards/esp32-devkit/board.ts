/** An ESP32-DevKitC (any board with an ESP32-WROOM-32) and an ATM90E32AS: what the wiring says, as data. Numbers are GPIOs. */
export const BOARD = Object.freeze({
  name: 'esp32-devkit',
  chip: 'esp32',
  flash_MiB: 4,
  /** VSPI, with the pins that the ESP32 has for it without its pin matrix. */
  metering: Object.freeze({ clock: 18, in: 19, out: 23, select: 5, port: 2 }),
  /** Pin IRQ1 of the ATM90E32AS: high on sag and phase loss. An input only, which IRQ1 drives both ways. */
  interrupt: Object.freeze({ pin: 34 }),
  /** The LED of the board: metrological LED. */
  led: Object.freeze({ pin: 2 }),
  /** Jumper to ground: open seal. */
  seal: Object.freeze({ pin: 33 }),
  /** UART 0: service console. */
  console: Object.freeze({ port: 0, baud: 115_200, transmit: 1, receive: 3 }),
})
