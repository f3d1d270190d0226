import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { BOARD } from '../../boards/virtual/board.ts'
import { resumeTime, worldText } from '../../boards/virtual/world-state.ts'
import { FileFlash } from '../../hal/host/flash.ts'
import { FerrarisError } from '../lib/errors.ts'
import { deviceKey } from './device-key.ts'

/** As `mkdir -p`. Node's own recursive mkdir never returns where the file system answers ENOENT for a folder whose parent exists (`/proc`). */
function makeFolder(path: string): void {
  if (existsSync(path)) {
    if (!statSync(path).isDirectory()) throw new Error('is not a folder')
    return
  }
  const parent = dirname(path)
  if (parent !== path) makeFolder(parent)
  mkdirSync(path)
}

function openFlash(path: string, shape: { readonly size: number; readonly blockLength: number; readonly writeAlign: number }): FileFlash {
  const { size, blockLength, writeAlign } = shape
  return new FileFlash({ path, blocks: size / blockLength, blockLength, writeAlign })
}

function imageOf(flash: FileFlash): Uint8Array {
  const image = new Uint8Array(flash.status().size)
  flash.read(image, 0)
  return image
}

/**
 * The folder of `--data`: the raw flash image `meter.flash`, the partitions of the boot loader in `firmware.flash`, the device's own key in `device.key`,
 * and the world's time in `world.json`.
 */
export class DataDirectory {
  readonly path: string
  readonly flash: FileFlash
  readonly firmware: FileFlash
  /** 32 bytes that stand for what a device keeps in its fuses. */
  readonly key: Uint8Array
  readonly #worldFile: string

  /** Throws FerrarisError when the folder or the image cannot be used. */
  constructor(path: string) {
    this.path = path
    try {
      makeFolder(resolve(path))
    } catch (cause) {
      throw new FerrarisError('DATA', `--data ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    }
    this.#worldFile = join(path, 'world.json')
    this.flash = openFlash(join(path, 'meter.flash'), BOARD.flash)
    try {
      this.firmware = openFlash(join(path, 'firmware.flash'), BOARD.firmware)
      this.key = deviceKey(path)
    } catch (error) {
      this.flash.close()
      throw error
    }
  }

  /**
   * World time at which a new run goes on: real time has passed in the world too while nobody ran it. Undefined for a new folder. After `kill -9`
   * at full speed the flash may know a later time than the last note of the world; time never goes back.
   */
  resume_ms(wall_ms: number): number | undefined {
    return resumeTime(this.#worldText(), imageOf(this.flash), wall_ms)
  }

  /** Notes where the world stands; replaces the file in one step. */
  note(time_ms: number, wall_ms: number): void {
    try {
      writeFileSync(`${this.#worldFile}.new`, worldText({ time_ms, wall_ms }))
      renameSync(`${this.#worldFile}.new`, this.#worldFile)
    } catch (cause) {
      throw this.#fileError(cause)
    }
  }

  /** Both images, one after the other. */
  image(): Uint8Array {
    const image = new Uint8Array(BOARD.flash.size + BOARD.firmware.size)
    image.set(imageOf(this.flash))
    image.set(imageOf(this.firmware), BOARD.flash.size)
    return image
  }

  /** Mirrors pages that changed in the flash of another engine; offsets are those of `image`. */
  writePages(pages: readonly { readonly offset: number; readonly bytes: Uint8Array }[]): void {
    for (const { offset, bytes } of pages) {
      if (offset < BOARD.flash.size) this.flash.mirror(bytes, offset)
      else this.firmware.mirror(bytes, offset - BOARD.flash.size)
    }
  }

  close(): void {
    this.flash.close()
    this.firmware.close()
  }

  #worldText(): string | undefined {
    try {
      return readFileSync(this.#worldFile, 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw this.#fileError(error)
    }
  }

  #fileError(cause: unknown): FerrarisError {
    return new FerrarisError('DATA', `${this.#worldFile}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}
