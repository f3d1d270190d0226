/**
 * What this project uses of `modules/io/i2c` (Moddable SDK 8.2.3); its C source is `modules/io/i2c/esp32/_i2c.c`. The option `stop` of ECMA-419 is read and
 * ignored there: `write` and `read` always end with STOP, only `writeRead` has a repeated START.
 */
declare module 'embedded:implementation/i2csync' {
  export default class I2C {
    /** `timeout` in milliseconds. Throws for a second instance with the same pins and address. */
    constructor(options: { data: number; clock: number; address: number; hz: number; port?: number; pullup?: boolean; timeout?: number })
    read(buffer: Uint8Array): number
    /** Returns 1 when nobody acknowledged a write without bytes. */
    write(buffer: Uint8Array): number | undefined
    writeRead(written: Uint8Array, read: Uint8Array): number
    close(): void
  }
}
