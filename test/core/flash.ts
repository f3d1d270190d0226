import { MemoryFlash } from '../../hal/portable/flash.ts'
import { openStorage, type Storage } from '../../src/core/storage/storage.ts'

/** Storage on a small erased flash. */
export function blankStorage(): Storage {
  return openStorage(new MemoryFlash({ blocks: 64, blockLength: 4096, writeAlign: 16 }))
}
