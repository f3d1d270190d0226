/** What this folder uses of the Moddable SDK (8.2.3), as its sources have it: `modules/io/socket`, `modules/base`, `modules/crypt`. */

declare module 'timer' {
  /** A running timer; opaque. */
  export type Running = object
  const Timer: {
    set(callback: () => void, delay_ms?: number, repeat_ms?: number): Running
    clear(timer: Running): void
    /** Blocks. */
    delay(duration_ms: number): void
  }
  export default Timer
}

declare module 'time' {
  const Time: {
    /** Sets the processor's time of day; without effect on a PC. */
    set(seconds: number): void
    /** Milliseconds as a number that wraps at 32 bits on a device. */
    readonly ticks: number
  }
  export default Time
}

declare module 'embedded:io/socket/tcp' {
  export interface TCPDictionary {
    readonly address?: string
    readonly port?: number
    readonly from?: TCP
    readonly nodelay?: boolean
    readonly onReadable?: (count: number) => void
    readonly onWritable?: (count: number) => void
    /** Only the sockets of `hal/lin` say why. */
    readonly onError?: (reason?: string) => void
  }
  export default class TCP {
    constructor(dictionary?: TCPDictionary)
    readonly remoteAddress: string
    readonly remotePort: number
    /** Everything that waits. */
    read(): ArrayBuffer | undefined
    /** Gives how much more can be written; undefined when the connection is gone. */
    write(bytes: Uint8Array): number | undefined
    close(): void
  }
}

declare module 'embedded:io/socket/listener' {
  import type TCP from 'embedded:io/socket/tcp'
  export default class Listener {
    constructor(dictionary: { readonly port: number; readonly address?: string; readonly onReadable?: (count: number) => void })
    readonly port: number
    read(): TCP | undefined
    close(): void
  }
}

declare module 'embedded:io/socket/udp' {
  export default class UDP {
    constructor(dictionary: { readonly port?: number; readonly address?: string; readonly onReadable?: (count: number) => void })
    read(): (ArrayBuffer & { readonly address: string; readonly port: number }) | undefined
    write(bytes: Uint8Array, address: string, port: number): void
    close(): void
  }
}

declare module 'crypt' {
  export class Digest {
    constructor(type: 'SHA1' | 'SHA256')
    write(data: Uint8Array | ArrayBuffer): void
    close(): ArrayBuffer
  }
  /** The state of GCM's hash (NIST SP 800-38D, section 6.4); `close` adds the lengths. */
  export class GHASH {
    constructor(hashKey: ArrayBuffer, additionalData: ArrayBuffer)
    write(data: Uint8Array | ArrayBuffer): void
    close(): ArrayBuffer
  }
  export class BlockCipher {
    constructor(cipher: 'AES', key: ArrayBuffer)
    encrypt(block: ArrayBuffer): ArrayBuffer
  }
  export class Mode {
    constructor(mode: 'ECB' | 'CBC' | 'CTR', cipher: BlockCipher, iv?: ArrayBuffer)
    encrypt(data: ArrayBuffer): ArrayBuffer
    decrypt(data: ArrayBuffer): ArrayBuffer
  }
}

declare module 'ecp' {
  export default class ECPoint {
    constructor(x: bigint, y: bigint)
    readonly X: bigint
    readonly Y: bigint
    isZero(): boolean
  }
}

declare module 'ec' {
  import type ECPoint from 'ecp'
  export default class EC {
    /** y² = x³ + ax + b modulo m. */
    constructor(a: bigint, b: bigint, m: bigint)
    /** a1·k1 + a2·k2. */
    mul2(a1: ECPoint, k1: bigint, a2: ECPoint, k2: bigint): ECPoint
  }
}

declare module 'mont' {
  export default class Mont {
    constructor(dictionary: { readonly m: bigint })
    mul(a: bigint, b: bigint): bigint
    mulinv(a: bigint): bigint
  }
}

interface Math {
  /** An integer from 0 to below `max`. */
  irandom(max: number): number
}
