import { ascii } from '../../src/lib/ascii.ts'
import { FerrarisError } from '../../src/lib/errors.ts'
import { File, processNumber, readText, remove } from './system.ts'

const PERMISSIONS = 0o644

function textOrNothing(path: string): string | undefined {
  try {
    return readText(path)
  } catch (error) {
    if (error instanceof Error && error.message === 'ENOENT') return undefined
    throw error
  }
}

/** When a process started: field 22 of /proc/<pid>/stat. Process numbers are used again; together with this they are not. Undefined when it is gone. */
function startOf(pid: number): string | undefined {
  const stat = textOrNothing(`/proc/${pid}/stat`)
  // The second field is the program's name in parentheses and may contain spaces.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}

function isAlive(owner: string): boolean {
  const [pid = '', start = ''] = owner.trim().split(' ')
  const found = /^[1-9]\d*$/.test(pid) ? startOf(Number(pid)) : undefined
  return found !== undefined && (start === '' || start === found)
}

/** Says who has a file, as `hal/host/file-lock.ts` does: "<pid> <start>". What a dead process left is taken over. FerrarisError `FLASH_IN_USE` while the owner lives. */
export class OwnerFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
    const owner = textOrNothing(path)
    if (owner !== undefined) {
      if (isAlive(owner))
        throw new FerrarisError(
          'FLASH_IN_USE',
          `flash image ${path.replace(/\.lock$/, '')} is in use by process ${owner.trim().split(' ')[0]}`,
        )
      remove(path)
    }
    const file = new File(path, PERMISSIONS)
    const pid = processNumber()
    file.write(ascii(`${pid} ${startOf(pid) ?? ''}\n`), 0)
    file.close()
  }

  release(): void {
    remove(this.#path)
  }
}
