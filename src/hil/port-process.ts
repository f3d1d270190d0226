/**
 * A serial port as a program: what comes in at the standard input goes out on the line, and the other way round. It ends with its input, or with status 1
 * and a line on stderr when the port is gone.
 *
 * The package `serialport` waits for a port in the event loop of the main thread (`uv_default_loop()` in its poller, version 13), so a thread cannot use it
 * while the main thread stands still. A process of its own can.
 */
import { SerialPort } from '../../hal/host/serial-port.ts'
import { ByteQueue } from '../lib/byte-queue.ts'

const [device, baud] = process.argv.slice(2)
const waiting = new ByteQueue()
let room = 0

function pump(): void {
  const bytes = waiting.take(room)
  if (bytes === undefined) return
  room -= bytes.length
  line.write(bytes)
}

const line = new SerialPort({
  device,
  baud: Number(baud),
  onReadable: () => {
    const bytes = line.read()
    if (bytes !== undefined) process.stdout.write(bytes)
  },
  onWritable: (count) => {
    room = count
    pump()
  },
  onError: (reason) => {
    process.stderr.write(`${reason}\n`)
    process.exit(1)
  },
})
process.stdin.on('data', (bytes: Buffer) => {
  waiting.push(Uint8Array.from(bytes))
  pump()
})
process.stdin.on('end', () => process.exit())
