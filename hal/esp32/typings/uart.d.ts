/** Own native module, `hal/esp32/native/uart`. */
declare module 'ferraris/uart' {
  export default class UART {
    /** Error when the port or a pin is in use, or the driver refuses. */
    constructor(options: {
      port: number
      baud: number
      bits: 7 | 8
      /** 0: none, 1: even, 2: odd. */
      parity: 0 | 1 | 2
      stop: 1 | 2
      transmit?: number
      receive?: number
      /** RS-485: high while bytes are sent. */
      driverEnable?: number
      onReadable?: (count: number) => void
      /** There is room for half of the buffer. */
      onWritable?: (count: number) => void
      onError?: (reason: string) => void
    })
    readonly readable: number
    readonly writable: number
    /** Gives how many bytes it read. */
    read(buffer: Uint8Array): number
    /** RangeError for more than `writable`. */
    write(buffer: Uint8Array): void
    close(): void
  }
}
