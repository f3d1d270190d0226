import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FileFlash } from '../../hal/host/flash.ts'
import { FerrarisError } from '../../src/lib/errors.ts'

let folder = ''
let path = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ferraris-flash-'))
  path = join(folder, 'meter.flash')
})
afterEach(() => rmSync(folder, { recursive: true }))

function codeOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof FerrarisError) return `${error.code}: ${error.message}`
    throw error
  }
  return 'no error'
}

describe('FileFlash', () => {
  test('creates an erased image and finds its content again', () => {
    const first = new FileFlash({ path, blocks: 4 })
    expect(statSync(path).size).toBe(16384)
    expect(readFileSync(path).every((byte) => byte === 0xff)).toBe(true)
    first.write(new Uint8Array(32).fill(0x5a), 4096)
    first.eraseBlock(3)
    expect(readFileSync(path).subarray(4096, 4128)).toEqual(Buffer.alloc(32, 0x5a))
    first.close()
    expect(readdirSync(folder)).toEqual(['meter.flash'])
    const second = new FileFlash({ path, blocks: 4 })
    const bytes = new Uint8Array(33)
    second.read(bytes, 4095)
    expect([...bytes]).toEqual([0xff, ...new Array(32).fill(0x5a)])
    second.close()
  })

  test('refuses an image of another size and leaves it alone', () => {
    writeFileSync(path, 'not a flash')
    expect(codeOf(() => new FileFlash({ path, blocks: 4 }))).toBe(`FLASH_SIZE: flash image ${path} has 11 bytes, expected 16384`)
    expect(readFileSync(path, 'utf8')).toBe('not a flash')
    expect(readdirSync(folder)).toEqual(['meter.flash'])
  })

  test('names the file that cannot be opened', () => {
    const away = join(folder, 'missing', 'meter.flash')
    expect(codeOf(() => new FileFlash({ path: away, blocks: 4 }))).toMatch(/^FLASH_IO: .*missing/)
  })

  test('keeps a second user out, in this process and in another one', async () => {
    const flash = new FileFlash({ path, blocks: 4 })
    expect(codeOf(() => new FileFlash({ path, blocks: 4 }))).toBe(`FLASH_IN_USE: flash image ${path} is in use by process ${process.pid}`)
    flash.close()
    const other = spawn('sleep', ['60'])
    try {
      await once(other, 'spawn')
      writeFileSync(`${path}.lock`, `${other.pid}\n`)
      expect(codeOf(() => new FileFlash({ path, blocks: 4 }))).toContain(`is in use by process ${other.pid}`)
      expect(existsSync(`${path}.lock`)).toBe(true)
    } finally {
      other.kill('SIGKILL')
    }
    await once(other, 'exit')
    new FileFlash({ path, blocks: 4 }).close()
    expect(readdirSync(folder)).toEqual(['meter.flash'])
  })

  test.each(['', 'nonsense', '0', `${process.pid} 1`, '999999999 5'])('takes over the lock %j of a process that is gone', (lock) => {
    writeFileSync(`${path}.lock`, lock)
    // A number used again is told from its first owner by the time it started; only Linux says that.
    if (lock.endsWith(' 1') && process.platform !== 'linux') return
    const flash = new FileFlash({ path, blocks: 4 })
    expect(readFileSync(`${path}.lock`, 'utf8')).toMatch(new RegExp(`^${process.pid}( |$)`))
    flash.close()
    expect(readdirSync(folder)).toEqual(['meter.flash'])
  })

  const url = new URL('../../build/js/hal/host/flash.js', import.meta.url)
  test.skipIf(!existsSync(url))('what a killed process had programmed is there', () => {
    const program = `
      import { FileFlash } from ${JSON.stringify(url.href)}
      const flash = new FileFlash({ path: ${JSON.stringify(path)}, blocks: 64 })
      for (let i = 0; i < 100; i++) flash.write(new Uint8Array(16).fill(i), 16 * i)
      process.kill(process.pid, 'SIGKILL')`
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program])
    expect(signal).toBe('SIGKILL')
    const flash = new FileFlash({ path, blocks: 64 })
    const bytes = new Uint8Array(1616)
    flash.read(bytes, 0)
    expect(bytes).toEqual(Uint8Array.from({ length: 1616 }, (_, i) => (i < 1600 ? i >> 4 : 0xff)))
    flash.close()
  })
})
