import type { Bytes, SerialConstructor } from '../../hal/api/io.ts'
import type { Electrical } from '../world/electrical.ts'

/** A metering IC that the PC plays in real time. */
export interface PlayedIc {
  setInputs(electrical: Electrical): void
  powerOff(): void
  powerOn(): void
  close(): void
}

/** The command that reads the packet of a BL0942 (datasheet V1.1, section 3.2.5); the driver sends it once a sample. */
const READ = 0x58
const PACKET = 0xaa

/** The same line; `onRequest` is told of each request for a packet of a BL0942 with address 0. */
export function watchRequests(io: SerialConstructor, onRequest: () => void): SerialConstructor {
  let last = 0
  return class extends io {
    override read(count?: number): Bytes | undefined {
      const bytes = super.read(count)
      for (const byte of bytes ?? []) {
        if (last === READ && byte === PACKET) onRequest()
        last = byte
      }
      return bytes
    }
  }
}
