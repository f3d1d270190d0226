/** What this project uses of `modules/io/flash` (Moddable SDK 8.2.3); its C source is `modules/io/flash/esp32/flash-esp32.c`. */
declare module 'embedded:storage/flash' {
  /** A partition. */
  export interface FlashPartition {
    /** Neither `writeAlign` nor `eraseValue` is among it. */
    status(): { size: number; blockLength: number; blocks: number }
    eraseBlock(start: number, end?: number): void
    read(buffer: Uint8Array, offset: number): number
    write(buffer: Uint8Array, offset: number): void
    close(): void
  }
  const flash: {
    /** `path` is the label of a data partition, or `running` or `nextota` for one with firmware. Throws when there is none. */
    open(options: { path: string; mode?: 'r' | 'r+' }): FlashPartition
  }
  export default flash
}
