/** A Shelly 1PM Gen4 (ESP-Shelly-C68F, an ESP32-C6), as it is sold. Numbers are GPIOs. */
export const BOARD = Object.freeze({
  name: 'shelly-1pm-gen4',
  chip: 'esp32c6',
  flash_MiB: 8,
  /** BL0942 at UART 1, with the shunt and the divider of its reference circuit. */
  metering: Object.freeze({
    sensor: Object.freeze({ port: 1, baud: 9600, transmit: 6, receive: 7 }),
    circuit: Object.freeze({ shunt_uOhm: 1000, upper_Ohm: 1_950_000, lower_Ohm: 510 }),
    rating: Object.freeze({ reference_A: 5, maximum_A: 16 }),
  }),
  /** Relay, open without current. */
  coil: Object.freeze({ pin: 4 }),
  button: Object.freeze({ pin: 1 }),
  /** UART 0: service console. */
  console: Object.freeze({ port: 0, baud: 115_200, transmit: 16, receive: 17 }),
})
