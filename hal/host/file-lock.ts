import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { FerrarisError } from '../../src/lib/errors.ts'

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/**
 * When a process started, in clock ticks since boot (Linux: field 22 of /proc/<pid>/stat; elsewhere empty). Process numbers are used again,
 * in a container even at once (number 1 after every restart); together with this they are not.
 */
function startOf(pid: number): string {
  const stat = readText(`/proc/${pid}/stat`)
  if (stat === undefined) return ''
  // The second field is the program's name in parentheses and may contain spaces.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

function isAlive(owner: string): boolean {
  const [first = '', start = ''] = owner.trim().split(' ')
  const pid = Number(first)
  if (!Number.isInteger(pid) || pid < 1) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false
  }
  return start === '' || start === startOf(pid)
}

/**
 * Keeps a second process away from a file: `path` holds "<pid> <start>" of the owner. The lock of a process that is gone is taken over.
 * Errors: FerrarisError `FLASH_IN_USE` while the owner lives; `FLASH_IO` when the lock cannot be written.
 */
export class FileLock {
  readonly #path: string
  #held = false

  constructor(path: string) {
    this.#path = path
    try {
      this.#take()
    } catch (error) {
      if (error instanceof FerrarisError) throw error
      throw new FerrarisError('FLASH_IO', `cannot create lock ${path}: ${String(error)}`, { cause: error })
    }
  }

  release(): void {
    if (!this.#held) return
    this.#held = false
    try {
      unlinkSync(this.#path)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
    }
  }

  #take(): void {
    // Linked into place complete, so that nobody ever reads a half-written lock.
    const own = `${this.#path}.${process.pid}`
    writeFileSync(own, `${process.pid} ${startOf(process.pid)}\n`)
    try {
      for (let tries = 0; tries < 10 && !this.#held; tries++) this.#held = this.#link(own) || this.#dropStale()
    } finally {
      unlinkSync(own)
    }
    if (!this.#held) throw new FerrarisError('FLASH_IN_USE', `${this.#path} changes hands all the time`)
  }

  #link(own: string): boolean {
    try {
      linkSync(own, this.#path)
      return true
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false
      throw error
    }
  }

  /** Removes a lock whose owner is gone; throws when it lives. Always false: the lock is not ours yet. */
  #dropStale(): boolean {
    const owner = readText(this.#path)
    if (owner === undefined) return false
    if (isAlive(owner)) {
      const image = this.#path.replace(/\.lock$/, '')
      throw new FerrarisError('FLASH_IN_USE', `flash image ${image} is in use by process ${owner.trim().split(' ')[0]}`)
    }
    // Two processes may find the same stale lock: renaming tells who was first, and a fresh lock caught by mistake is put back.
    const aside = `${this.#path}.${process.pid}.stale`
    try {
      renameSync(this.#path, aside)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    }
    if (readText(aside) !== owner) this.#link(aside)
    unlinkSync(aside)
    return false
  }
}
