import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, renameSync, writeSync } from 'node:fs'
import { FerrarisError } from '../../src/lib/errors.ts'
import { type FlashShape, type FlashStore, StoredFlash } from '../portable/stored-flash.ts'
import { FileLock } from './file-lock.ts'

export interface FileFlashOptions extends FlashShape {
  /** The image: the raw content of the partition, nothing else. Created erased when it does not exist. */
  readonly path: string
  /** Waits for the disk after each operation, so that a power failure of the PC loses nothing either. Default false: safe against `kill -9` only. */
  readonly sync?: boolean
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function writeAll(fd: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, offset + done)
}

/** Creates an erased image under another name first: a process killed meanwhile leaves no image of the wrong size. */
function createImage(path: string, { blocks, blockLength = 4096 }: FlashShape): void {
  const temporary = `${path}.new`
  const fd = openSync(temporary, 'w')
  try {
    const block = new Uint8Array(blockLength).fill(0xff)
    for (let index = 0; index < blocks; index++) writeAll(fd, block, index * blockLength)
    fdatasyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, path)
}

function openOrCreate(path: string, shape: FlashShape): number {
  try {
    return openSync(path, 'r+')
  } catch (error) {
    if (!isMissing(error)) throw error
    createImage(path, shape)
    return openSync(path, 'r+')
  }
}

/** The image as a file that this process alone has. */
class ImageFile implements FlashStore {
  readonly #path: string
  readonly #sync: boolean
  readonly #lock: FileLock
  readonly #fd: number

  constructor(options: FileFlashOptions) {
    const { path, blocks, blockLength = 4096, sync = false } = options
    this.#path = path
    this.#sync = sync
    this.#lock = new FileLock(`${path}.lock`)
    try {
      this.#fd = openOrCreate(path, options)
    } catch (error) {
      this.#lock.release()
      throw this.#unusable(error)
    }
    const [found, expected] = [fstatSync(this.#fd).size, blocks * blockLength]
    if (found === expected) return
    this.close()
    throw new FerrarisError('FLASH_SIZE', `flash image ${path} has ${found} bytes, expected ${expected}`)
  }

  load(buffer: Uint8Array, offset: number): void {
    try {
      for (let done = 0; done < buffer.length; ) {
        const count = readSync(this.#fd, buffer, done, buffer.length - done, offset + done)
        if (count === 0) throw new Error(`it ends at ${offset + done}`)
        done += count
      }
    } catch (error) {
      this.close()
      throw this.#unusable(error)
    }
  }

  store(bytes: Uint8Array, offset: number): void {
    try {
      writeAll(this.#fd, bytes, offset)
      if (this.#sync) fdatasyncSync(this.#fd)
    } catch (error) {
      throw new FerrarisError('FLASH_IO', `cannot write flash image ${this.#path}: ${String(error)}`, { cause: error })
    }
  }

  close(): void {
    closeSync(this.#fd)
    this.#lock.release()
  }

  #unusable(cause: unknown): FerrarisError {
    return new FerrarisError('FLASH_IO', `cannot open flash image ${this.#path}: ${String(cause)}`, { cause })
  }
}

/**
 * Flash in a file of the PC. Every operation is in the operating system's hands when it returns (`pwrite`), reads come from a mirror in
 * memory. One process at a time: a lock file `<path>.lock` keeps a second one out.
 *
 * Errors: FerrarisError `FLASH_SIZE` (an existing image of another size), `FLASH_IN_USE` (another process has it), `FLASH_IO` (the file
 * cannot be read or written; `cause` has the system's error).
 */
export class FileFlash extends StoredFlash {
  constructor(options: FileFlashOptions) {
    super(options, options.path, new ImageFile(options))
  }
}
