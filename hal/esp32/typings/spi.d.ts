/** Own native module, `hal/esp32/native/spi`. */
declare module 'ferraris/spi' {
  export default class SPI {
    /** Several instances share a bus when they name the same pins. Error when a pin or the port is in use otherwise, or the driver refuses. */
    constructor(options: {
      clock: number
      in?: number
      out?: number
      select?: number
      active: 0 | 1
      hz: number
      mode: number
      /** Number of the controller: 1 (`SPI2_HOST`), on an ESP32 and an ESP32-S3 also 2. */
      port: number
    })
    /** Sends what the buffer holds, and fills it; the chip select is asserted meanwhile. */
    transfer(buffer: Uint8Array): void
    write(buffer: Uint8Array): void
    close(): void
  }
}
