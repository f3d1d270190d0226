// Makes the firmware of the virtual board as one script whose value is the program: node scripts/build-firmware.mjs [output]
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

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
  target: 'es2022',
  // As for the guest of the XS engine (see build-xs.mjs): the same image runs there.
  supported: { 'class-static-field': false, 'class-static-blocks': false },
  minify: true,
  // The slot holds bytes, and ASCII is the same in every reading of them.
  charset: 'ascii',
  legalComments: 'none',
  logLevel: 'warning',
})
mkdirSync(dirname(output), { recursive: true })
// A function of its own, so that the image leaves no name behind in the engine.
writeFileSync(output, `(function(){${outputFiles[0].text}return firmware.default})()\n`)
