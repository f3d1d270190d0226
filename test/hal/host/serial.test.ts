import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { HostSerial } from '../../../hal/host/serial.ts'
import { SerialPort } from '../../../hal/host/serial-port.ts'
import { serialContract } from '../../contract/serial.ts'
import { until } from '../../contract/until.ts'

// A pseudo-terminal whose other end returns every byte; prints the path of the terminal.
const ECHO = `
import os, pty, tty
master, slave = pty.openpty()
tty.setraw(slave)
print(os.ttyname(slave), flush=True)
while True:
    data = os.read(master, 1024)
    while data:
        data = data[os.write(master, data):]
`

const able = spawnSync('python3', ['-c', 'import pty']).status === 0 && spawnSync('stty', ['--version']).error === undefined

async function openLine(): Promise<{ path: string; echo: ChildProcess }> {
  const echo = spawn('python3', ['-c', ECHO], { stdio: ['ignore', 'pipe', 'ignore'] })
  const [path] = (await once(echo.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  return { path: path.toString().trim(), echo }
}

describe.skipIf(!able)('serial line of the PC', () => {
  serialContract('host, pseudo-terminal', async () => {
    const { path, echo } = await openLine()
    return { Serial: HostSerial, options: { baud: 9600, device: path }, close: () => void echo.kill() }
  })

  serialContract('package serialport, pseudo-terminal', async () => {
    const { path, echo } = await openLine()
    return { Serial: SerialPort, options: { baud: 12_345, device: path }, close: () => void echo.kill() }
  })

  test('a port of the package that is not there, or goes away, is told', async () => {
    const reasons: string[] = []
    const onError = (reason: string) => void reasons.push(reason)
    const missing = new SerialPort({ baud: 9600, device: '/dev/no-such-line', onError })
    await until(() => reasons.length > 0, 'onError')
    expect(reasons[0]).toMatch(/no-such-line/)
    expect(() => missing.write(Uint8Array.of(1))).toThrow(RangeError)
    missing.close()
    const { path, echo } = await openLine()
    let writable = 0
    const serial = new SerialPort({ baud: 9600, device: path, onError, onWritable: (count) => (writable = count) })
    await until(() => writable > 0, 'onWritable')
    echo.kill()
    await until(() => reasons.length > 1, 'onError')
    serial.close()
    expect(reasons).toHaveLength(2)
  })

  test('a speed that the line refuses is a RangeError with the words of stty', async () => {
    const { path, echo } = await openLine()
    expect(() => new HostSerial({ baud: 12345, device: path })).toThrow(RangeError)
    expect(() => new HostSerial({ baud: 12345, device: path })).toThrow(/12345/)
    echo.kill()
  })

  test('a line that goes away is told', async () => {
    const { path, echo } = await openLine()
    const reasons: string[] = []
    const serial = new HostSerial({ baud: 300, device: path, onError: (reason) => reasons.push(reason) })
    echo.kill()
    await until(() => reasons.length > 0, 'onError')
    serial.close()
    expect(reasons).toHaveLength(1)
  })
})

test('a device that is not there is an error of the system', () => {
  if (!able) console.log('skipped: no python3 or no stty')
  expect(() => new HostSerial({ baud: 9600, device: '/dev/no-such-line' })).toThrow(/ENOENT/)
})
