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
