// Bundles a guest for the XS engine of xsnap: node scripts/build-xs.mjs [entry] [output]
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * One script without imports. In XS 13 a static initialiser does not see the name of its own class, so static fields and blocks are
 * lowered. Instance fields and private names stay: esbuild would replace them with a WeakMap, which costs nine times the byte codes.
 */
export async function buildGuest(entry, output) {
  await build({
    absWorkingDir: root,
    entryPoints: [resolve(root, entry)],
    outfile: resolve(root, output),
    bundle: true,
    format: 'iife',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    supported: { 'class-static-field': false, 'class-static-blocks': false },
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await buildGuest(process.argv[2] ?? 'boards/virtual/guest.ts', process.argv[3] ?? 'build/xs/guest.js')
}
