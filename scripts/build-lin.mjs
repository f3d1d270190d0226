// Builds the virtual meter as a native program of the Moddable SDK for Linux: npm run build -- lin
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { buildProgram, root } from './device/linux.mjs'

const NAME = 'ferraris-lin'
const program = await buildProgram(NAME, 'boards/lin/main.ts')
const target = join(root, 'build/lin', NAME)
mkdirSync(join(root, 'build/lin'), { recursive: true })
copyFileSync(program, target)
console.log(target)
