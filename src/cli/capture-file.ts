import { closeSync, openSync, writeSync } from 'node:fs'
import { type CapturedFrame, captureFrame, captureHeader } from '../headend/lorawan/capture.ts'
import { FerrarisError } from '../lib/errors.ts'

/** A file that Wireshark reads, with the frames of a gateway. */
export class CaptureFile {
  readonly #file: number

  /** FerrarisError `FILE` for a file that cannot be written; one that is there is replaced. */
  constructor(name: string) {
    try {
      this.#file = openSync(name, 'w')
      writeSync(this.#file, captureHeader())
    } catch (error) {
      throw new FerrarisError('FILE', `${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  write(frame: CapturedFrame): void {
    writeSync(this.#file, captureFrame(frame))
  }

  close(): void {
    closeSync(this.#file)
  }
}
