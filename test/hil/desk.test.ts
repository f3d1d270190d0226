import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { hil } from '../../src/cli/hil/command.ts'
import { openPtyPair } from '../../src/hil/pty.ts'

const DEVICE = fileURLToPath(new URL('../../build/js/test/hil/device.js', import.meta.url))
const able = spawnSync('python3', ['-c', 'import pty']).status === 0
if (!able) console.log('skipped: no python3')

const ending: (() => void)[] = []
afterEach(() => {
  for (const end of ending.splice(0)) end()
})

async function cable() {
  const pair = await openPtyPair()
  ending.push(() => pair.close())
  return pair
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'ferraris-hil-'))
  ending.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

describe.skipIf(!able)('a board on the desk', () => {
  test('the firmware in a process of its own measures with the BL0942 that this process plays, over two serial lines', async () => {
    const [port, metering] = [await cable(), await cable()]
    const device = spawn(process.execPath, [DEVICE, port.far, metering.far], { stdio: ['pipe', 'pipe', 'inherit'] })
    ending.push(() => device.stdin.end())
    await once(device.stdout, 'data')
    const files = folder()
    const bench = join(files, 'bench.json')
    const report = join(files, 'report.html')
    writeFileSync(bench, JSON.stringify({ console: { port: port.near }, metering: { port: metering.near } }))
    let output = ''
    const passed = await hil(['src/hil/plans/desk-1p.json', '--bench', bench, '--report', report], (text) => {
      output += text
    })
    expect(passed, output).toBe(true)
    expect(output).toMatch(/^samples +\d+ values/m)
    expect(readFileSync(report, 'utf8').match(/<svg/g)).toHaveLength(3)
  })

  test('a board that does not answer is told, not waited for', async () => {
    const port = await cable()
    const files = folder()
    const [bench, plan] = [join(files, 'bench.json'), join(files, 'plan.json')]
    writeFileSync(bench, JSON.stringify({ console: { port: port.near } }))
    writeFileSync(plan, JSON.stringify({ name: 'x', limits: { connect_ms: 100 }, steps: [{ at: '0s', mark: 'a' }] }))
    await expect(hil([plan, '--bench', bench], () => {})).rejects.toThrow(/^no answer to "echo on" at the service port/)
  })

  test.each([
    [{ console: {} }, /console: allowed is either port or tcp/],
    [{ console: { port: 'a' }, metering: {} }, /metering: found nothing, allowed is one of port, uart, spi/],
    [{ console: { port: 'a' }, metering: { uart: {} } }, /metering\.uart: needs a bridge/],
    [{ console: { tcp: 'nowhere' } }, /console\.tcp: found "nowhere", allowed is a host and a port such as/],
    [{ console: { port: 'a' }, metering: { port: 'b', spi: {} } }, /metering: found port and spi/],
  ])('%j is refused', async (bench, message) => {
    const path = join(folder(), 'bench.json')
    writeFileSync(path, JSON.stringify(bench))
    await expect(hil(['src/hil/plans/quick.json', '--bench', path], () => {})).rejects.toThrow(message)
  })
})
