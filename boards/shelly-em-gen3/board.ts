/** A Shelly EM Gen3 (S3EM-002CXCEU50: ESP-Shelly-C38F, an ESP32-C3), as it is sold. Numbers are GPIOs. */
export const BOARD = Object.freeze({
  name: 'shelly-em-gen3',
  chip: 'esp32c3',
  flash_MiB: 8,
  /** ADE7953. Full scale from the gains of one device that its owner calibrated at 120 V with transformers of 50 A. */
  metering: Object.freeze({
    sensor: Object.freeze({ data: 7, clock: 6, address: 0x38, hz: 400_000 }),
    circuit: Object.freeze({ fullScaleVoltage_V: 275.6, fullScaleCurrent_A: 103.1, fullScaleNeutral_A: 103.8 }),
    rating: Object.freeze({ reference_A: 5, maximum_A: 50 }),
  }),
  /** Pin IRQ of the ADE7953: low on a failure of the voltage. */
  interrupt: Object.freeze({ pin: 4, active: 0 }),
  /** Its pin RESET. */
  held: Object.freeze([Object.freeze({ pin: 5, level: 1 })]),
  /** AiP8563, a PCF8563 by its registers, on the same bus. */
  rtc: Object.freeze({ data: 7, clock: 6 }),
  /** Status LED, lit by a low pin: metrological LED. */
  led: Object.freeze({ pin: 9 }),
  /** Dry contact, open without current: for the coil of a contactor. */
  coil: Object.freeze({ pin: 0 }),
  button: Object.freeze({ pin: 1 }),
  /** UART 0: service console. */
  console: Object.freeze({ port: 0, baud: 115_200, transmit: 21, receive: 20 }),
})
