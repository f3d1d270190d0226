/** CircuitSetup's 6-channel meter with a NodeMCU-32S or ESP32-DevKitC in its socket. Numbers are GPIOs; names are those of its schematic. */
export const BOARD = Object.freeze({
  name: 'circuitsetup-6ch',
  chip: 'esp32',
  flash_MiB: 4,
  /** CS1: the ATM90E32AS of CT1 to CT3. */
  metering: Object.freeze({ clock: 18, in: 19, out: 23, select: 5, port: 2 }),
  /** CS2: the ATM90E32AS of CT4 to CT6 stays deselected. */
  held: Object.freeze([Object.freeze({ pin: 4, level: 1 })]),
  /** LED of the ESP32 board: metrological LED. */
  led: Object.freeze({ pin: 2 }),
  /** IO26 on J16; jumper to ground: open seal. */
  seal: Object.freeze({ pin: 26 }),
  /** UART 0: service console. */
  console: Object.freeze({ port: 0, baud: 115_200, transmit: 1, receive: 3 }),
})
