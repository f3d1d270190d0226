import { Esp32Digital } from '../../../hal/esp32/digital.ts'
import { Esp32Flash } from '../../../hal/esp32/flash.ts'
import { Esp32I2C } from '../../../hal/esp32/i2c.ts'
import { esp32PulseCount } from '../../../hal/esp32/pulse-count.ts'
import { Esp32Serial, rs485Serial } from '../../../hal/esp32/serial.ts'
import { Esp32SPI } from '../../../hal/esp32/spi.ts'
import { ATM90E32 } from '../../../src/world/chips/atm90e32.ts'
import { DS3231 } from '../../../src/world/chips/ds3231.ts'
import { RV3028 } from '../../../src/world/chips/rv3028.ts'
import { I2CBus } from '../../../src/world/i2c-bus.ts'
import { WorldTimer } from '../../../src/world/time.ts'
import { digitalContract } from '../../contract/digital.ts'
import { CONTRACT_FLASH, flashContract } from '../../contract/flash.ts'
import { i2cContract } from '../../contract/i2c.ts'
import { pulseCountContract } from '../../contract/pulse-count.ts'
import { serialContract } from '../../contract/serial.ts'
import { spiContract } from '../../contract/spi.ts'
import { type I2CPeripheral, newMachine } from '../../support/moddable/machine.ts'

// The adapters of hal/esp32 on emulations of what stands below them (test/support/moddable).

digitalContract('ESP32', () => {
  const machine = newMachine()
  return {
    Digital: Esp32Digital,
    pin: 4,
    drive: (level) => machine.drive(4, level),
    level: () => machine.wire(4).level,
    settle: () => machine.run(),
  }
})

spiContract('ESP32, ATM90E32', () => {
  const machine = newMachine()
  const chip = new (new ATM90E32({ now_us: () => 0 }).bus())({ hz: 1_000_000, mode: 3, select: 5 })
  machine.spi.set(5, (bytes) => chip.transfer(bytes))
  return {
    SPI: Esp32SPI,
    options: { clock: 18, in: 19, out: 23, select: 5, hz: 1_000_000, mode: 3 },
    refused: [
      ['a clock beyond the port', { hz: 80_000_000 }],
      ['no clock pin', { clock: undefined }],
      ['half a pin', { clock: 18.5 }],
      ['neither in nor out', { in: undefined, out: undefined }],
    ],
    exchange: { send: [0x80, 0x05, 0, 0], receive: [undefined, undefined, 0x14, 0x3f] },
  }
})

/** A chip of the world on the emulated port, which asks it in transfers that end with STOP. */
function peripheral(bus: I2CBus, address: number): I2CPeripheral {
  const io = new (bus.constructorFor())({ address, hz: 100_000 })
  return {
    address,
    write(bytes) {
      try {
        io.write(bytes)
        return true
      } catch {
        return false
      }
    },
    read: (count) => io.read(count),
  }
}

for (const [name, address, exchange, store] of [
  ['DS3231', 0x68, { write: [0x0e], read: [0x1c, 0x88] }, { pointer: 0x07, bytes: [0x12, 0x34, 0x56] }],
  ['RV-3028-C7', 0x52, { write: [0x35], read: [0xc0, 0x00, 0x10] }, { pointer: 0x1f, bytes: [0xaa, 0x55] }],
] as const) {
  i2cContract(`ESP32, ${name}`, () => {
    const machine = newMachine()
    const bus = new I2CBus()
    for (const chip of [new DS3231({ now_us: () => 0 }), new RV3028({ now_us: () => 0 })]) bus.attach(chip)
    machine.peripherals.push(peripheral(bus, address))
    return { I2C: Esp32I2C, options: { data: 21, clock: 22, address, hz: 100_000 }, absent: 0x50, exchange, store }
  })
}

for (const [name, Serial, format] of [
  ['8N1', Esp32Serial, {}],
  ['8E1', Esp32Serial, { parity: 'even' }],
  ['RS-485, 8N2', rs485Serial(4), { stop: 2 }],
] as const) {
  serialContract(`ESP32, ${name}`, () => {
    const machine = newMachine()
    machine.onSent.set(1, (bytes) => machine.receive.get(1)?.(bytes))
    return { Serial, options: { baud: 9600, transmit: 17, receive: 16, ...format }, advance: () => machine.run() }
  })
}

pulseCountContract('ESP32', () => {
  const machine = newMachine()
  return {
    PulseCount: esp32PulseCount(new WorldTimer(machine.scheduler)),
    signal: 3,
    filter: 12_000,
    tooLong: 20_000,
    drive: (level) => machine.drive(3, level),
    pass: (duration_us) => machine.run(duration_us),
  }
})

flashContract('ESP32', () => {
  newMachine().addPartition('meter', CONTRACT_FLASH.blocks)
  return new Esp32Flash('meter')
})
