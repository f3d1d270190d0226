import type { Random } from '../api/crypto.ts'
import type { Bytes } from '../api/io.ts'

/** A function in C that is linked into the program: `native` files beside this one. The compiler of the SDK resolves the call. */
declare function native(name: string): { call(self: undefined, ...parameters: readonly unknown[]): unknown }

/** Words of the command line, without the name of the program. */
export function commandLine(): readonly string[] {
  return native('lin_arguments').call(undefined) as string[]
}

/** Calls back at the first SIGINT or SIGTERM; the second one ends the program at once. */
export function onSignal(callback: () => void): void {
  native('lin_onSignal').call(undefined, callback)
}

/** Ends the program when the present callback has returned. */
export function exit(status: number): void {
  native('lin_exit').call(undefined, status)
}

/** A line on the standard output, or on that for errors. */
export function print(text: string, toErrors = false): void {
  native('lin_print').call(undefined, text, toErrors)
}

/** Milliseconds of a clock that nobody sets. */
export function ticks_ms(): number {
  return native('lin_ticks').call(undefined) as number
}

/** The operating system's generator; fit for keys. */
export const systemRandom: Random = (buffer) => {
  native('lin_random').call(undefined, buffer)
}

/** Folder of the program. */
export function programFolder(): string {
  const path = native('lin_program').call(undefined) as string
  return path.slice(0, path.lastIndexOf('/'))
}

/** Number of this process. */
export function processNumber(): number {
  return native('lin_process').call(undefined) as number
}

/** The whole content of a file. Throws Error whose message is the name of the system's error (`ENOENT`), as everything below. */
export function readFile(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(native('lin_readAll').call(undefined, path, false) as ArrayBuffer)
}

/** As `readFile`, of a file in UTF-8. */
export function readText(path: string): string {
  return native('lin_readAll').call(undefined, path, true) as string
}

export function rename(from: string, to: string): void {
  native('lin_rename').call(undefined, from, to)
}

export function remove(path: string): void {
  native('lin_remove').call(undefined, path)
}

/** One level; no error when it is there already. */
export function makeFolder(path: string): void {
  native('lin_makeFolder').call(undefined, path)
}

/** A file that is open for reading and writing. */
export class File {
  readonly #file: number

  /** With `create` (permission bits) a new one; there must be none yet. */
  constructor(path: string, create?: number) {
    this.#file = native('lin_open').call(undefined, path, create !== undefined, create ?? 0) as number
  }

  /** Takes it for this process alone; false when another one has it. The end of the process, however it comes, lets it go. */
  lock(): boolean {
    return native('lin_lock').call(undefined, this.#file) as boolean
  }

  /** Bytes in it. */
  get size(): number {
    return native('lin_size').call(undefined, this.#file) as number
  }

  /** Fills the buffer. */
  read(buffer: Bytes, offset: number): void {
    native('lin_read').call(undefined, this.#file, buffer, offset)
  }

  /** When it returns the operating system has the bytes: they survive the end of this process. */
  write(bytes: Bytes, offset: number): void {
    native('lin_write').call(undefined, this.#file, bytes, offset)
  }

  /** Waits for the disk. */
  sync(): void {
    native('lin_sync').call(undefined, this.#file)
  }

  close(): void {
    native('lin_close').call(undefined, this.#file)
  }
}
