/** A WT32-ETH01 (ESP32, LAN8720A) and a module with an ATM90E32AS. Numbers are GPIOs. */
export const BOARD = Object.freeze({
  name: 'wt32-eth01',
  chip: 'esp32',
  flash_MiB: 4,
  /** LAN8720A; its oscillator, which GPIO16 switches, clocks the controller. */
  ethernet: Object.freeze({ management: 23, managementData: 18, address: 1, power: 16, clockIn: 0 }),
  /** At the headers: IO14, IO35, IO4, 485_EN. */
  metering: Object.freeze({ clock: 14, in: 35, out: 4, select: 33, port: 1 }),
  /** Pin IRQ1 of the ATM90E32AS. */
  interrupt: Object.freeze({ pin: 36 }),
  /** TXD: an LED with a resistor of 1 kilohm to ground: metrological LED. */
  led: Object.freeze({ pin: 17 }),
  /** CFG: jumper to ground: open seal. */
  seal: Object.freeze({ pin: 32 }),
  /** UART 0: service console. */
  console: Object.freeze({ port: 0, baud: 115_200, transmit: 1, receive: 3 }),
})
