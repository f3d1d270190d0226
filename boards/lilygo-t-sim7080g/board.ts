/** A LilyGO T-SIM7080G (ESP32-S3) and a module with an ATM90E32AS in the place of its camera. Numbers are GPIOs. */
export const BOARD = Object.freeze({
  name: 'lilygo-t-sim7080g',
  chip: 'esp32s3',
  flash_MiB: 16,
  /** Lines of the camera, which stays away. */
  metering: Object.freeze({ clock: 12, in: 13, out: 11, select: 10, port: 1 }),
  /** Pin IRQ1 of the ATM90E32AS. */
  interrupt: Object.freeze({ pin: 9 }),
  /** Jumper to ground: open seal. */
  seal: Object.freeze({ pin: 14 }),
  /** UART 0: service console. */
  console: Object.freeze({ port: 0, baud: 115_200, transmit: 43, receive: 44 }),
})
