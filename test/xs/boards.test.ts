import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { xsnapWorkerIfBuilt } from '../../src/cli/xs/binary.ts'
import { flashPath, readImage } from '../cli/image.ts'
import { reportOf, temporaryFolder } from '../support/ferraris.ts'

const built = xsnapWorkerIfBuilt() !== undefined
if (!built) console.log('skipped: xsnap is not built')

describe.skipIf(!built)('a meter whose IC talks on a UART, on V8 and inside XS', () => {
  test('the same registers and the same flash, byte for byte', async () => {
    const run = async (engine: string) => {
      const data = temporaryFolder()
      // One key for both: what is encrypted with it is in the flash.
      writeFileSync(`${data}/device.key`, new Uint8Array(32).fill(7))
      const words = ['--board', 'virtual-plug', '--engine', engine, '--data', data, '--from', '2026-03-28T16:24:00Z', '--for', '8m']
      return { data, report: await reportOf([...words, '--speed', 'max', '--no-http', '--dlms-port', '0']) }
    }
    const [v8, xs] = [await run('v8'), await run('xs')]
    expect(xs.report.registers).toEqual(v8.report.registers)
    expect(xs.report.registers['1.0.1.8.0.255'].value).toBeGreaterThan(0)
    expect(readImage(xs.data).events.map(({ code }) => code)).toEqual([1, 2])
    expect(readFileSync(flashPath(xs.data)).equals(readFileSync(flashPath(v8.data)))).toBe(true)
  }, 120_000)
})
