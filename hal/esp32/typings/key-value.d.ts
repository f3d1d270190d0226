/** What this project uses of `modules/io/storage` (Moddable SDK 8.2.3): NVS; its C source is `modules/io/storage/esp32/storage-esp32.c`. */
declare module 'embedded:storage/key-value' {
  /** A domain. Names of domains and keys have at most 15 characters. */
  export interface Domain {
    /** Undefined for a key that is not there. */
    read(key: string): ArrayBuffer | undefined
    write(key: string, value: Uint8Array): void
    delete(key: string): void
    close(): void
  }
  const storage: { open(options: { path: string; format: 'buffer'; mode?: 'r' | 'r+' }): Domain }
  export default storage
}
