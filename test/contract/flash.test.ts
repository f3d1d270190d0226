import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileFlash } from '../../hal/host/flash.ts'
import { MemoryFlash } from '../../hal/portable/flash.ts'
import { NorFlash } from '../../src/world/chips/nor-flash.ts'
import { CONTRACT_FLASH, flashContract } from './flash.ts'

let folder = ''

function createFile(sync: boolean): FileFlash {
  folder = mkdtempSync(join(tmpdir(), 'ferraris-flash-'))
  return new FileFlash({ ...CONTRACT_FLASH, path: join(folder, 'flash.bin'), sync })
}
const removeFile = () => rmSync(folder, { recursive: true })

flashContract('FileFlash', () => createFile(false), removeFile)
flashContract('FileFlash with sync', () => createFile(true), removeFile)
flashContract('MemoryFlash', () => new MemoryFlash(CONTRACT_FLASH))
flashContract('MemoryFlash with dirty pages', () => new MemoryFlash({ ...CONTRACT_FLASH, page: 256 }))
flashContract('NorFlash', () => new NorFlash(new MemoryFlash(CONTRACT_FLASH)))
