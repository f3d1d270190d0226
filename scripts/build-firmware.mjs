// Makes the firmware of the virtual board as one script whose value is the program: node scripts/build-firmware.mjs [output]
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { XS_TARGET } from './build-xs.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const output = resolve(root, process.argv[2] ?? 'build/firmware/virtual.js')

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: [resolve(root, 'boards/virtual/firmware.ts')],
  bundle: true,
  write: false,
  format: 'iife',
  globalName: 'firmware',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  // As for the guest of the XS engine: the same image runs there.
  ...XS_TARGET,
  minify: true,
  // The slot holds bytes, and ASCII is the same in every reading of them.
  charset: 'ascii',
})
mkdirSync(dirname(output), { recursive: true })
// A function of its own, so that the image leaves no name behind in the engine.
writeFileSync(output, `(function(){${outputFiles[0].text}return firmware.default})()\n`)
