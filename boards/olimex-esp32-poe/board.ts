/** An Olimex ESP32-POE or ESP32-POE-ISO (ESP32, LAN8710A) and a module with an ATM90E32AS at UEXT. Numbers are GPIOs. */
export const BOARD = Object.freeze({
  name: 'olimex-esp32-poe',
  chip: 'esp32',
  flash_MiB: 4,
  /** The ESP32 clocks the PHY. */
  ethernet: Object.freeze({ management: 23, managementData: 18, address: 0, power: 12, clockOut: 17 }),
  /** SPI of UEXT; the slot for SD cards, which has three of its lines, stays empty. */
  metering: Object.freeze({ clock: 14, in: 15, out: 2, select: 5, port: 1 }),
  /** RXD of UEXT, as pin IRQ1 of the ATM90E32AS. */
  interrupt: Object.freeze({ pin: 36 }),
  /** An LED with a resistor of 1 kilohm to ground: metrological LED. */
  led: Object.freeze({ pin: 32 }),
  /** Jumper to ground: open seal. */
  seal: Object.freeze({ pin: 33 }),
  /** UART 0: service console. */
  console: Object.freeze({ port: 0, baud: 115_200, transmit: 1, receive: 3 }),
})
