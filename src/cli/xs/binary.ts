import { accessSync, constants } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { FerrarisError } from '../../lib/errors.ts'

const HOW = 'Build it with `npm rebuild @agoric/xsnap` (needs make and a C compiler), or use `--engine v8`.'

/**
 * Path of the `xsnap-worker` program in the optional npm package `@agoric/xsnap`. The package itself is never loaded: it freezes the
 * built-ins of the process that imports it.
 *
 * `from` is the module (path or URL) whose `node_modules` are searched.
 *
 * Errors: FerrarisError `XS_MISSING` when package or program is not there.
 */
export function findXsnapWorker(from: string = import.meta.url): string {
  const platform = process.platform === 'darwin' ? 'mac' : 'lin'
  const require = createRequire(from)
  let folder: string
  try {
    folder = dirname(require.resolve('@agoric/xsnap/package.json'))
  } catch (cause) {
    throw new FerrarisError('XS_MISSING', `The optional package @agoric/xsnap is not installed. ${HOW}`, { cause })
  }
  const path = join(folder, 'xsnap-native/xsnap/build/bin', platform, 'release/xsnap-worker')
  try {
    accessSync(path, constants.X_OK)
  } catch (cause) {
    throw new FerrarisError('XS_MISSING', `The XS engine is not built: ${path} is missing. ${HOW}`, { cause })
  }
  return path
}

/** Path of the worker, or undefined where it is not built. */
export function xsnapWorkerIfBuilt(): string | undefined {
  try {
    return findXsnapWorker()
  } catch (error) {
    if (error instanceof FerrarisError && error.code === 'XS_MISSING') return undefined
    throw error
  }
}
