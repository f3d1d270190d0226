import { FerrarisError } from '../../src/lib/errors.ts'
import type { Bytes } from '../api/io.ts'
import { type FlashShape, type FlashStore, StoredFlash } from '../portable/stored-flash.ts'
import { OwnerFile } from './owner-file.ts'
import { File, rename } from './system.ts'

const PERMISSIONS = 0o644

/** The name of the system's error. */
function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Creates an erased image under another name first: a process killed meanwhile leaves no image of the wrong size. */
function createImage(path: string, { blocks, blockLength = 4096 }: FlashShape): void {
  // Left behind by a process that was killed here: its name is taken over.
  const temporary = `${path}.new`
  const file = openOrNew(temporary)
  const erased = new Uint8Array(blockLength).fill(0xff)
  for (let block = 0; block < blocks; block++) file.write(erased, block * blockLength)
  file.sync()
  file.close()
  rename(temporary, path)
}

function openOrNew(path: string): File {
  try {
    return new File(path, PERMISSIONS)
  } catch (error) {
    if (messageOf(error) !== 'EEXIST') throw error
    return new File(path)
  }
}

function openOrCreate(path: string, shape: FlashShape): File {
  try {
    return new File(path)
  } catch (error) {
    if (messageOf(error) !== 'ENOENT') throw error
    createImage(path, shape)
    return new File(path)
  }
}

/** The image as a file that this process alone has. */
class ImageFile implements FlashStore {
  readonly #path: string
  readonly #owner: OwnerFile
  readonly #file: File

  constructor(path: string, shape: FlashShape) {
    this.#path = path
    const { blocks, blockLength = 4096 } = shape
    try {
      this.#owner = new OwnerFile(`${path}.lock`)
      this.#file = openOrCreate(path, shape)
    } catch (error) {
      if (error instanceof FerrarisError) throw error
      throw new FerrarisError('FLASH_IO', `cannot open flash image ${path}: ${messageOf(error)}`, { cause: error })
    }
    if (!this.#file.lock()) throw new FerrarisError('FLASH_IN_USE', `flash image ${path} is in use by another process`)
    const [found, expected] = [this.#file.size, blocks * blockLength]
    if (found === expected) return
    this.close()
    throw new FerrarisError('FLASH_SIZE', `flash image ${path} has ${found} bytes, expected ${expected}`)
  }

  load(buffer: Bytes, offset: number): void {
    this.#file.read(buffer, offset)
  }

  store(bytes: Bytes, offset: number): void {
    try {
      this.#file.write(bytes, offset)
    } catch (error) {
      throw new FerrarisError('FLASH_IO', `cannot write flash image ${this.#path}: ${messageOf(error)}`, { cause: error })
    }
  }

  close(): void {
    this.#file.close()
    this.#owner.release()
  }
}

/**
 * Flash in a file, created erased when it does not exist. Every operation is in the operating system's hands when it returns; what a killed process had
 * programmed is there. One process at a time: the lock file is that of `hal/host`, so that `ferraris run` is kept out
 * too, and the file itself is locked for as long as the process lives.
 *
 * Errors: FerrarisError `FLASH_SIZE` (an existing image of another size), `FLASH_IN_USE` (another process has it), `FLASH_IO`.
 */
export class FileFlash extends StoredFlash {
  constructor(path: string, shape: FlashShape) {
    super(shape, path, new ImageFile(path, shape))
  }
}
