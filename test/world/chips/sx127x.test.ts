import { expect, test } from 'vitest'
import { EmulatedSX127x } from '../../../src/world/chips/sx127x.ts'
import { LoRaAir } from '../../../src/world/lora/air.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'

/** The bare chip on its bus, 20 ms after power-on. */
function bench() {
  const scheduler = new Scheduler(0)
  const air = new LoRaAir({ scheduler, seed: 1 })
  const edges: string[] = []
  const chip = new EmulatedSX127x({
    scheduler,
    air,
    name: 'chip',
    position: { x_m: 0, y_m: 0 },
    onDio0: (level) => edges.push(`DIO0 ${level}`),
    onDio1: (level) => edges.push(`DIO1 ${level}`),
  })
  const SPI = chip.bus()
  const bus = new SPI({ hz: 1_000_000 })
  const write = (address: number, ...values: number[]): void => bus.transfer(Uint8Array.of(address | 0x80, ...values))
  const read = (address: number, count = 1): number[] => {
    const bytes = new Uint8Array(1 + count)
    bytes[0] = address
    bus.transfer(bytes)
    return [...bytes.subarray(1)]
  }
  const run = (duration_us: number): void => scheduler.run(scheduler.now_us + duration_us)
  run(20_000)
  return { chip, SPI, edges, write, read, run }
}

test('after power-on: FSK, lower band, standby; registers have the values of the datasheet', () => {
  const { read } = bench()
  expect(read(0x01)).toEqual([0x09])
  expect(read(0x42)).toEqual([0x12])
  expect(read(0x06, 3)).toEqual([0x6c, 0x80, 0x00])
  expect(read(0x27, 3)).toEqual([0x93, 0x01, 0x01])
})

test('the modem changes in sleep only', () => {
  const { chip, write, read } = bench()
  write(0x01, 0x81)
  expect(read(0x01)).toEqual([0x01])
  expect(chip.refused).toBe(1)
  write(0x01, 0x00)
  write(0x01, 0x80)
  write(0x01, 0x81)
  expect(read(0x01)).toEqual([0x81])
  // Leaving LoRa has the same rule.
  write(0x01, 0x01)
  expect(read(0x01)).toEqual([0x81])
  expect(chip.refused).toBe(2)
})

test('each modem has its own registers at the same addresses', () => {
  const { write, read } = bench()
  write(0x01, 0x00)
  write(0x3a, 0x55)
  write(0x01, 0x80)
  expect(read(0x3b)).toEqual([0x1d])
  write(0x3a, 0x64)
  write(0x01, 0x00)
  expect(read(0x3a)).toEqual([0x55])
})

test('the FIFO of LoRa: not in sleep, not before the oscillator runs, filled in standby only; the pointer goes round', () => {
  const { chip, write, read, run } = bench()
  write(0x01, 0x00)
  write(0x01, 0x80)
  write(0x00, 1)
  write(0x01, 0x81)
  write(0x00, 2)
  expect(chip.refused).toBe(2)
  run(300)
  write(0x0d, 0xff)
  write(0x00, 3, 4)
  expect(read(0x0d)).toEqual([0x01])
  write(0x0d, 0xff)
  expect(read(0x00, 2)).toEqual([3, 4])
  write(0x01, 0x85)
  write(0x00, 5)
  expect(chip.refused).toBe(3)
  // Sleep clears it.
  write(0x01, 0x80)
  write(0x01, 0x81)
  run(300)
  write(0x0d, 0xff)
  expect(read(0x00)).toEqual([0])
})

test('static registers keep their value while the chip receives; what tells of frames cannot be written', () => {
  const { chip, write, read, run } = bench()
  write(0x01, 0x00)
  write(0x01, 0x80)
  write(0x01, 0x85)
  run(300)
  write(0x1e, 0xc4)
  write(0x33, 0x66)
  write(0x13, 9)
  expect([...read(0x1e), ...read(0x33), ...read(0x13)]).toEqual([0x70, 0x27, 0])
  expect(chip.refused).toBe(3)
})

test('FSK has no single reception; detection of activity is not there', () => {
  const { chip, write, read } = bench()
  write(0x01, 0x06)
  expect(read(0x01)).toEqual([0x01])
  write(0x01, 0x00)
  write(0x01, 0x80)
  write(0x01, 0x87)
  expect(read(0x01)).toEqual([0x80])
  expect(chip.refused).toBe(2)
})

test('flags of LoRa: masked ones do not stand, one is cleared by writing 1, and DIO lines follow mapping and flags', () => {
  const { write, read, run, edges } = bench()
  write(0x01, 0x00)
  write(0x01, 0x80)
  write(0x01, 0x86)
  run(200_000)
  // RxTimeout of 100 symbols at SF7.
  expect(read(0x01)).toEqual([0x81])
  expect(read(0x12)).toEqual([0x80])
  expect(edges).toEqual(['DIO1 1'])
  write(0x40, 0x10)
  write(0x40, 0x00)
  write(0x12, 0x40)
  expect(read(0x12)).toEqual([0x80])
  write(0x12, 0x80)
  expect(edges).toEqual(['DIO1 1', 'DIO1 0', 'DIO1 1', 'DIO1 0'])
  write(0x11, 0x80)
  write(0x01, 0x86)
  run(200_000)
  expect(read(0x12)).toEqual([0])
})

test('the FIFO of FSK holds 64 bytes; more is an overrun that clears it', () => {
  const { write, read, edges } = bench()
  write(0x00, ...Array.from({ length: 64 }, (_, i) => i))
  expect(read(0x3f)).toEqual([0xa0])
  expect(edges).toEqual(['DIO1 1'])
  write(0x00, 65)
  expect(read(0x3f)).toEqual([0xb0])
  write(0x3f, 0x10)
  expect(read(0x3f)).toEqual([0x40])
})

test('calibration runs in standby only, and ends', () => {
  const { chip, write, read, run } = bench()
  write(0x3b, 0x42)
  expect(read(0x3b)).toEqual([0x22])
  run(10_001)
  expect(read(0x3b)).toEqual([0x02])
  write(0x01, 0x05)
  write(0x3b, 0x42)
  expect(read(0x3b)).toEqual([0x02])
  expect(chip.refused).toBe(1)
})

test('nothing is taken in the first 10 ms, and a bus that is too fast is refused', () => {
  const { chip, SPI, read, run } = bench()
  expect(() => new SPI({ hz: 12_000_000 })).toThrow(RangeError)
  expect(() => new SPI({ hz: 1_000_000, mode: 3 })).toThrow(RangeError)
  chip.powerOff()
  chip.powerOn()
  expect(read(0x42)).toEqual([0])
  expect(chip.refused).toBe(1)
  run(10_000)
  expect(read(0x42)).toEqual([0x12])
})
