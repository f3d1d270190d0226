// The boards with an ESP32: every folder of boards/ with a main program and a manifest for the Moddable SDK.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Their names, sorted. */
export function boardNames() {
  return readdirSync(join(root, 'boards'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => ['main.ts', 'board.ts', 'manifest.json'].every((file) => existsSync(join(root, 'boards', name, file))))
    .sort()
}

/** Parts and pins of a board, as its compiled board.ts has them. */
export async function boardData(name) {
  const { BOARD } = await import(pathToFileURL(join(root, 'build/js/boards', name, 'board.js')).href)
  return BOARD
}
