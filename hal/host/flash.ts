import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, renameSync, writeSync } from 'node:fs'
import { FerrarisError } from '../../src/lib/errors.ts'
import { NorArray } from '../../src/lib/nor-array.ts'
import type { Flash, FlashStatus } from '../api/flash.ts'
import { FileLock } from './file-lock.ts'

export interface FileFlashOptions {
  /** The image: the raw content of the partition, nothing else. Created erased when it does not exist. */
  readonly path: string
  readonly blocks: number
  /** Bytes in one erase block. Default 4096. */
  readonly blockLength?: number
  /** Program unit in bytes. Default 16. */
  readonly writeAlign?: number
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
function createImage(path: string, array: NorArray): void {
  const temporary = `${path}.new`
  const fd = openSync(temporary, 'w')
  try {
    const block = new Uint8Array(array.blockLength).fill(0xff)
    for (let index = 0; index < array.blocks; index++) writeAll(fd, block, index * array.blockLength)
    fdatasyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, path)
}

function loadImage(fd: number, path: string, array: NorArray): void {
  const found = fstatSync(fd).size
  if (found !== array.size) {
    throw new FerrarisError('FLASH_SIZE', `flash image ${path} has ${found} bytes, expected ${array.size}`)
  }
  const block = new Uint8Array(array.blockLength)
  for (let index = 0; index < array.blocks; index++) {
    const offset = index * array.blockLength
    for (let done = 0; done < block.length; ) {
      const count = readSync(fd, block, done, block.length - done, offset + done)
      if (count === 0) throw new FerrarisError('FLASH_IO', `flash image ${path} ends at ${offset + done}`)
      done += count
    }
    array.set(block, offset)
  }
}

/**
 * Flash in a file of the PC. Every operation is in the operating system's hands when it returns (`pwrite`), reads come from a mirror in
 * memory. One process at a time: a lock file `<path>.lock` keeps a second one out.
 *
 * Errors: FerrarisError `FLASH_SIZE` (an existing image of another size), `FLASH_IN_USE` (another process has it), `FLASH_IO` (the file
 * cannot be read or written; `cause` has the system's error).
 */
export class FileFlash implements Flash {
  readonly #array: NorArray
  readonly #status: FlashStatus
  readonly #path: string
  readonly #sync: boolean
  readonly #lock: FileLock
  #scratch: Uint8Array
  #fd: number | undefined

  constructor(options: FileFlashOptions) {
    const { path, blocks, blockLength = 4096, writeAlign = 16, sync = false } = options
    this.#array = new NorArray({ blocks, blockLength, writeAlign })
    this.#status = Object.freeze({ size: this.#array.size, blockLength, blocks, writeAlign, eraseValue: 0xff })
    this.#path = path
    this.#sync = sync
    this.#scratch = new Uint8Array(blockLength)
    this.#lock = new FileLock(`${path}.lock`)
    try {
      this.#fd = this.#openImage()
    } catch (error) {
      this.#lock.release()
      if (error instanceof FerrarisError) throw error
      throw new FerrarisError('FLASH_IO', `cannot open flash image ${path}: ${String(error)}`, { cause: error })
    }
  }

  status(): FlashStatus {
    this.#open()
    return this.#status
  }

  eraseBlock(start: number, end = start + 1): void {
    const fd = this.#open()
    this.#array.eraseBlock(start, end)
    const { blockLength } = this.#status
    const erased = this.#buffer(blockLength).fill(0xff)
    for (let block = start; block < end; block++) this.#store(fd, erased, block * blockLength)
  }

  read(buffer: Uint8Array, offset: number): void {
    this.#open()
    this.#array.read(buffer, offset)
  }

  write(buffer: Uint8Array, offset: number): void {
    const fd = this.#open()
    this.#array.program(buffer, offset)
    const cells = this.#buffer(buffer.length)
    this.#array.read(cells, offset)
    this.#store(fd, cells, offset)
  }

  /** Back door: replaces the content of a range, as the mirror of a flash that lives in another engine. In one write, so that nothing tears. */
  mirror(content: Uint8Array, offset: number): void {
    const fd = this.#open()
    this.#array.set(content, offset)
    this.#store(fd, content, offset)
  }

  close(): void {
    if (this.#fd === undefined) return
    closeSync(this.#fd)
    this.#fd = undefined
    this.#lock.release()
  }

  #openImage(): number {
    let fd: number
    try {
      fd = openSync(this.#path, 'r+')
    } catch (error) {
      if (!isMissing(error)) throw error
      createImage(this.#path, this.#array)
      fd = openSync(this.#path, 'r+')
    }
    try {
      loadImage(fd, this.#path, this.#array)
    } catch (error) {
      closeSync(fd)
      throw error
    }
    return fd
  }

  #open(): number {
    if (this.#fd === undefined) throw new FerrarisError('CLOSED', `flash image ${this.#path} is closed`)
    return this.#fd
  }

  #buffer(length: number): Uint8Array {
    if (length > this.#scratch.length) this.#scratch = new Uint8Array(length)
    return length === this.#scratch.length ? this.#scratch : this.#scratch.subarray(0, length)
  }

  #store(fd: number, bytes: Uint8Array, offset: number): void {
    try {
      writeAll(fd, bytes, offset)
      if (this.#sync) fdatasyncSync(fd)
    } catch (error) {
      throw new FerrarisError('FLASH_IO', `cannot write flash image ${this.#path}: ${String(error)}`, { cause: error })
    }
  }
}
