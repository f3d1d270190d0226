import type { Flash } from '../../hal/api/flash.ts'
import { FileFlash } from '../../hal/lin/file-flash.ts'
import { File, makeFolder, readFile, readText, remove, rename, systemRandom } from '../../hal/lin/system.ts'
import { MemoryFlash } from '../../hal/portable/flash.ts'
import { ascii } from '../../src/lib/ascii.ts'
import { FerrarisError } from '../../src/lib/errors.ts'
import { BOARD } from '../virtual/board.ts'
import { resumeTime, worldText } from '../virtual/world-state.ts'
import type { Options } from './args.ts'

const KEY_BYTES = 32
/** A key is for the owner only. */
const SECRET = 0o600
const PERMISSIONS = 0o644

function shapeOf({ size, blockLength, writeAlign }: { readonly size: number; readonly blockLength: number; readonly writeAlign: number }) {
  return { blocks: size / blockLength, blockLength, writeAlign }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && error.message === 'ENOENT'
}

/** Undefined where there is no such file. */
function orNothing<Content>(read: (path: string) => Content, path: string): Content | undefined {
  try {
    return read(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw new FerrarisError('DATA', `${path}: ${String(error)}`, { cause: error })
  }
}

/** Never over an existing key: without it the secrets in the flash are lost. */
function deviceKey(path: string): Uint8Array {
  const stored = orNothing(readFile, path)
  if (stored?.length === KEY_BYTES) return stored
  if (stored !== undefined) throw new FerrarisError('DATA', `${path}: found ${stored.length} bytes, expected ${KEY_BYTES}`)
  const key = new Uint8Array(KEY_BYTES)
  systemRandom(key)
  const file = new File(path, SECRET)
  file.write(key, 0)
  file.sync()
  file.close()
  return key
}

/** What a meter has that outlives the program: as files of `--data`, in the one of `--flash`, or not at all. */
export interface Keeping {
  readonly storage: Flash
  readonly firmware: Flash
  readonly key: Uint8Array | undefined
  /** World time at which it goes on; undefined for a new meter. */
  resume_ms(wall_ms: number): number | undefined
  /** Notes where the world stands. */
  note(time_ms: number, wall_ms: number): void
  close(): void
}

function imageOf(flash: Flash): Uint8Array {
  const image = new Uint8Array(flash.status().size)
  flash.read(image, 0)
  return image
}

/** Replaced in one step, so that a killed process leaves the old one or the new one. */
function replace(path: string, text: string): void {
  const temporary = `${path}.new`
  if (orNothing(readFile, temporary) !== undefined) remove(temporary)
  const file = new File(temporary, PERMISSIONS)
  file.write(ascii(text), 0)
  file.close()
  rename(temporary, path)
}

function inFolder(folder: string): Keeping {
  makeFolder(folder)
  const storage = new FileFlash(`${folder}/meter.flash`, shapeOf(BOARD.flash))
  const firmware = new FileFlash(`${folder}/firmware.flash`, shapeOf(BOARD.firmware))
  const world = `${folder}/world.json`
  return {
    storage,
    firmware,
    key: deviceKey(`${folder}/device.key`),
    resume_ms: (wall_ms) => resumeTime(orNothing(readText, world), imageOf(storage), wall_ms),
    note: (time_ms, wall_ms) => replace(world, worldText({ time_ms, wall_ms })),
    close: () => {
      storage.close()
      firmware.close()
    },
  }
}

function inMemory(storage: Flash): Keeping {
  const firmware = new MemoryFlash(shapeOf(BOARD.firmware))
  return {
    storage,
    firmware,
    key: undefined,
    resume_ms: (wall_ms) => resumeTime(undefined, imageOf(storage), wall_ms),
    note: () => {},
    close: () => storage.close(),
  }
}

/** Throws FerrarisError when folder or image cannot be used. */
export function openKeeping({ data, flash }: Options): Keeping {
  if (data !== undefined) return inFolder(data)
  return inMemory(flash === undefined ? new MemoryFlash(shapeOf(BOARD.flash)) : new FileFlash(flash, shapeOf(BOARD.flash)))
}
