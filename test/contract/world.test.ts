import { ADE7953 } from '../../src/world/chips/ade7953.ts'
import { ATM90E32 } from '../../src/world/chips/atm90e32.ts'
import { spiContract } from './spi.ts'

// The pins and the time of the world run their suites beside their own tests in test/world, the flash in flash.test.ts.
spiContract('world, ATM90E32', () => ({
  SPI: new ATM90E32({ now_us: () => 0 }).bus(),
  options: { hz: 1_000_000, mode: 3, select: 5 },
  refused: [
    ['a clock beyond the chip', { hz: 2_000_000 }],
    ['a clock below the chip', { hz: 100 }],
    ['another mode', { mode: 0 }],
  ],
  // Reads register 0x05 (SagPeakDetCfg), whose value after reset is 0x143f.
  exchange: { send: [0x80, 0x05, 0, 0], receive: [undefined, undefined, 0x14, 0x3f] },
}))

spiContract('world, ADE7953', () => ({
  SPI: new ADE7953({ now_us: () => 0 }).bus(),
  options: { hz: 2_000_000, mode: 0 },
  refused: [
    ['too fast', { hz: 6_000_000 }],
    ['mode 1', { mode: 1 }],
    ['mode 2', { mode: 2 }],
  ],
  exchange: { send: [0x01, 0x02, 0x80, 0, 0], receive: [undefined, undefined, undefined, 0x80, 0x04] },
}))
