/**
 * A bridge board that is emulated: the firmware of the bridge at pins and buses of the world, in real time, behind a serial port.
 * Started as a program of its own: a test that waits inside a synchronous call would stop it otherwise.
 */
import { SerialPort } from '../../hal/host/serial-port.ts'
import { Bridge } from '../../src/hil/bridge/bridge.ts'
import { RealTimeWorld } from '../../src/hil/real-time.ts'
import { EmulatedBoard } from './emulated-board.ts'

const [device] = process.argv.slice(2)
const world = new RealTimeWorld()
const { board } = new EmulatedBoard(world.scheduler)
new Bridge({ board, line: { io: world.line(SerialPort), device, baud: 115_200 } })
process.stdout.write('ready\n')
process.stdin.on('end', () => process.exit()).resume()
