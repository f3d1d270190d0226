import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Files, Project } from './arrows.ts'

/** The root: the nearest folder above this file that holds the package. Also true for the compiled copy of this file. */
const ROOT = (() => {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package-lock.json'))) folder = dirname(folder)
  return folder
})()

const SKIPPED = new Set(['node_modules', 'build', '.git'])

/** All files below a folder, as paths from the root with `/`. */
export function filesBelow(folder: string): string[] {
  if (!existsSync(join(ROOT, folder))) return []
  const found: string[] = []
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    if (SKIPPED.has(entry.name)) continue
    const path = posix.join(folder, entry.name)
    if (entry.isDirectory()) found.push(...filesBelow(path))
    else if (entry.isFile()) found.push(path)
  }
  return found.sort()
}

/** Names of the folders directly below a folder. */
export function foldersIn(folder: string): string[] {
  if (!existsSync(join(ROOT, folder))) return []
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
}

export function exists(path: string): boolean {
  return existsSync(join(ROOT, path))
}

/** Text of a file; empty where there is none. */
export function textOf(path: string): string {
  return exists(path) ? readFileSync(join(ROOT, path), 'utf8') : ''
}

/** The sources that the arrow table is about. */
export function sources(): Files {
  const paths = ['hal', 'src', 'boards'].flatMap(filesBelow).filter((path) => path.endsWith('.ts'))
  return new Map(paths.map((path) => [path, textOf(path)]))
}

interface Config {
  readonly compilerOptions?: { readonly types?: readonly string[]; readonly noEmit?: boolean; readonly emitDeclarationOnly?: boolean }
  readonly references?: readonly { readonly path: string }[]
}

/** Every tsconfig.json but the one of the root, which only lists the others. */
export function projects(): Project[] {
  const paths = filesBelow('.').filter((path) => posix.basename(path) === 'tsconfig.json' && path !== 'tsconfig.json')
  return paths.map((path) => {
    const config: Config = JSON.parse(textOf(path))
    const folder = posix.dirname(path)
    return {
      folder,
      references: (config.references ?? []).map((reference) => posix.join(folder, reference.path)),
      node: config.compilerOptions?.types?.includes('node') ?? false,
      bundled: config.compilerOptions?.noEmit ?? config.compilerOptions?.emitDeclarationOnly ?? false,
    }
  })
}
