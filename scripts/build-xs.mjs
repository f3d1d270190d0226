// Bundles a guest for the XS engine of xsnap: node scripts/build-xs.mjs [entry] [output]
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * What XS 13 understands. Its static initialisers do not see the name of their own class, so static fields and blocks are lowered. Instance fields and private
 * names stay: esbuild would replace them with a WeakMap, which costs nine times the byte codes.
 */
export const XS_TARGET = {
  target: 'es2022',
  supported: { 'class-static-field': false, 'class-static-blocks': false },
  legalComments: 'none',
  logLevel: 'warning',
}

/** One script without imports. */
export async function buildGuest(entry, output) {
  await build({
    absWorkingDir: root,
    entryPoints: [resolve(root, entry)],
    outfile: resolve(root, output),
    bundle: true,
    format: 'iife',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    ...XS_TARGET,
    charset: 'utf8',
    // Everything at the top of the bundle is a local of one function, and XS has 4,096 slots of stack (xsnap-worker.c, stackCount). With constants put in where they are used,
    // hundreds of locals are less.
    minifySyntax: true,
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await buildGuest(process.argv[2] ?? 'boards/virtual/guest.ts', process.argv[3] ?? 'build/xs/guest.js')
}
