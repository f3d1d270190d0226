import { expect, test } from 'vitest'
import type { Bytes, Serial } from '../../../hal/api/io.ts'
import { Esp32Flash } from '../../../hal/esp32/flash.ts'
import { Esp32I2C } from '../../../hal/esp32/i2c.ts'
import { Esp32Serial, rs485Serial } from '../../../hal/esp32/serial.ts'
import { Esp32SPI } from '../../../hal/esp32/spi.ts'
import { newMachine } from '../../support/moddable/machine.ts'

const LINE = { baud: 9600, transmit: 17, receive: 16 }

test('seven bits leave as seven bits', () => {
  const machine = newMachine()
  const sent: number[] = []
  machine.onSent.set(1, (bytes) => sent.push(...bytes))
  const serial = new Esp32Serial({ ...LINE, bits: 7, parity: 'even' })
  machine.run()
  serial.write(Uint8Array.of(0x2f, 0xaf))
  machine.run()
  expect(sent).toEqual([0x2f, 0x2f])
})

test('a receiver that does not read loses bytes, and is told once', () => {
  const machine = newMachine()
  const errors: string[] = []
  const counts: number[] = []
  const serial: Serial = new Esp32Serial({ ...LINE, onError: (reason) => errors.push(reason), onReadable: (count) => counts.push(count) })
  machine.run()
  machine.receive.get(1)?.(new Uint8Array(2000))
  machine.run()
  expect([errors, counts]).toEqual([['overrun'], [1152]])
  expect((serial.read() as Bytes).length).toBe(1152)
})

test('what was written before close still leaves; no callback follows', () => {
  const machine = newMachine()
  let sent = 0
  let calls = 0
  machine.onSent.set(1, (bytes) => {
    sent += bytes.length
  })
  const serial = new Esp32Serial({ ...LINE, onWritable: () => calls++ })
  machine.run()
  serial.write(new Uint8Array(100))
  const before = calls
  serial.close()
  machine.run()
  expect([sent, calls]).toEqual([100, before])
})

test('a line needs a pin, and its pins belong to it alone', () => {
  newMachine()
  expect(() => new Esp32Serial({ baud: 9600 })).toThrow(TypeError)
  const first = new Esp32Serial({ ...LINE, port: 1 })
  expect(() => new Esp32Serial({ ...LINE, port: 2 })).toThrow('in use')
  expect(() => new (rs485Serial(16))({ baud: 9600, transmit: 18, port: 2 })).toThrow('in use')
  first.close()
  ;new (rs485Serial(16))({ baud: 9600, transmit: 18, port: 2 }).close()
  expect(() => rs485Serial(-1)).toThrow(RangeError)
})

test('I2C: writes without STOP that no read follows are ended with STOP, in order', () => {
  const machine = newMachine()
  const written: number[][] = []
  machine.peripherals.push({
    address: 0x38,
    write: (bytes) => written.push([...bytes]) > 0,
    read: (count) => new Uint8Array(count).fill(7),
  })
  const io = new Esp32I2C({ address: 0x38, hz: 100_000, data: 7, clock: 6 })
  const command = Uint8Array.of(1, 2)
  io.write(command, false)
  // The bytes are those of the call, whatever becomes of the buffer.
  command.fill(9)
  io.write(Uint8Array.of(3), false)
  io.write(Uint8Array.of(4))
  expect(written).toEqual([[1, 2], [3], [4]])
  expect([...io.read(2)]).toEqual([7, 7])
  expect(written.length).toBe(3)
})

test('I2C: nobody at the address is an error, whether bytes are sent or none', () => {
  newMachine()
  const io = new Esp32I2C({ address: 0x38, hz: 100_000, data: 7, clock: 6 })
  expect(() => io.write(new Uint8Array(0))).toThrow('no acknowledge')
  expect(() => io.write(Uint8Array.of(1))).toThrow('write failed')
  io.write(Uint8Array.of(1), false)
  expect(() => io.read(1)).toThrow('writeRead failed')
  // What failed is not sent again.
  expect(() => io.read(1)).toThrow('read failed')
})

test('a flash that the partition table lacks, or that may only be read', () => {
  newMachine().addPartition('running', 2)
  expect(() => new Esp32Flash('meter')).toThrow("can't find partition")
  const program = new Esp32Flash('running', 'r')
  program.read(new Uint8Array(16), 0)
  expect(() => program.write(new Uint8Array(16), 0)).toThrow('read-only')
  expect(() => program.eraseBlock(0)).toThrow('read-only')
})

test('two chips share a bus, a third has one of its own; other lines at a taken controller are refused', () => {
  const machine = newMachine()
  for (const select of [5, 4, 22]) machine.spi.set(select, (bytes) => bytes.fill(select))
  const bus = { clock: 18, in: 19, out: 23, port: 2, hz: 1_000_000, mode: 3 } as const
  const [one, two] = [new Esp32SPI({ ...bus, select: 5 }), new Esp32SPI({ ...bus, select: 4 })]
  const three = new Esp32SPI({ clock: 17, in: 36, out: 27, port: 1, hz: 8_000_000, select: 22 })
  const read = [one, two, three].map((chip) => {
    const buffer = Uint8Array.of(1, 2)
    chip.transfer(buffer)
    return [...buffer]
  })
  expect(read).toEqual([
    [5, 5],
    [4, 4],
    [22, 22],
  ])
  expect(() => new Esp32SPI({ ...bus, clock: 14, select: 13 })).toThrow('in use')
  expect(() => new Esp32SPI({ ...bus, select: 4 })).toThrow('in use')
  one.close()
  expect(() => machine.usePins([18])).toThrow('in use')
  two.close()
  machine.usePins([18, 19, 23, 4, 5])
})
