/**
 * A device under test: the firmware of the meter with nothing but real time, two serial ports and flash in memory. Its BL0942 is whatever answers at the second port.
 * Arguments: device files of the service port and of the metering IC.
 */
import { BOARD } from '../../boards/virtual/board.ts'
import { VIRTUAL_CONFIG } from '../../boards/virtual/config.ts'
import { BOARDS } from '../../boards/virtual/variants.ts'
import { hostCrypto, hostRandom } from '../../hal/host/crypto.ts'
import { SerialPort } from '../../hal/host/serial-port.ts'
import { createHostClock, createHostTimer } from '../../hal/host/time.ts'
import { MemoryFlash } from '../../hal/portable/flash.ts'
import { validate } from '../../src/lib/schema-validate.ts'
import { Meter } from '../../src/meter/app.ts'

const [console, metering] = process.argv.slice(2)
const { part, baud, circuit, rating } = BOARDS['virtual-1p'].metering
const { size, blockLength, writeAlign } = BOARD.flash
const config = validate(VIRTUAL_CONFIG, { meter: { dlms: { enabled: false }, face: { enabled: false } } })
if (!config.ok) throw new Error(config.errors.map(({ text }) => text).join('\n'))
new Meter({
  config: config.value.meter,
  device: {
    clock: createHostClock(),
    timer: createHostTimer(),
    random: hostRandom,
    crypto: hostCrypto,
    flash: new MemoryFlash({ blocks: size / blockLength, blockLength, writeAlign }),
    metering: { part, sensor: { io: SerialPort, device: metering, baud }, circuit, rating },
    console: { io: SerialPort, device: console, baud: BOARD.console.baud },
  },
  onFault: (name, reason) => process.stderr.write(`${name}: ${reason}\n`),
})
process.stdout.write('ready\n')
process.stdin.on('end', () => process.exit()).resume()
