/** A Sonoff POW Elite 16 A (POWR316D, ESP32), as it is sold. Numbers are GPIOs. */
export const BOARD = Object.freeze({
  name: 'sonoff-pow-elite-16a',
  chip: 'esp32',
  flash_MiB: 4,
  /** CSE7759B (CSE7766) at UART 1, which only listens, with the shunt and the divider of its reference circuit. */
  metering: Object.freeze({
    sensor: Object.freeze({ port: 1, receive: 16 }),
    circuit: Object.freeze({ shunt_uOhm: 1000, divider_Ohm: 1_000_000 }),
    rating: Object.freeze({ reference_A: 5, maximum_A: 16 }),
  }),
  /** Relay, open without current. */
  coil: Object.freeze({ pin: 13 }),
  /** Low while pressed. */
  button: Object.freeze({ pin: 0 }),
  /** Status LED, lit by a low pin: metrological LED. */
  led: Object.freeze({ pin: 18 }),
  /** UART 0: service console. */
  console: Object.freeze({ port: 0, baud: 115_200, transmit: 1, receive: 3 }),
})
