/** What this project uses of `modules/io/spi` (Moddable SDK 8.2.3); its C source is `modules/io/spi/esp/spi.c`. */
declare module 'embedded:io/spi' {
  export default class SPI {
    /** Throws when a pin is in use: two instances cannot share a bus. */
    constructor(options: {
      clock: number
      in?: number
      out?: number
      select?: number
      active?: 0 | 1
      hz: number
      mode?: number
      /** Number of the controller (`SPI2_HOST` is 1). */
      port: number
    })
    /** Sends what the buffer holds, and fills it. */
    read(buffer: Uint8Array): void
    write(buffer: Uint8Array): void
    transfer(buffer: Uint8Array): void
    close(): void
  }
}
