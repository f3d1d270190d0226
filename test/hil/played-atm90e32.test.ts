import { expect, test } from 'vitest'
import type { SPI, SPIConstructor } from '../../hal/api/io.ts'
import { ATM90E32 as Driver } from '../../src/drivers/metering/atm90e32/atm90e32.ts'
import { PlayedATM90E32 } from '../../src/hil/played-atm90e32.ts'
import { MeteringStatus } from '../../src/lib/metering-sample.ts'
import { createElectrical } from '../../src/world/electrical.ts'
import { BridgeRig } from './bridge-rig.ts'

const PORT = 3
/** A count of the driver: 10000 / 3200 mWh. */
const COUNT_WH = 10 / 3200

/** The bus of the device under test: what it clocks, the bridge answers out of the table. */
function busOf({ board }: BridgeRig): SPIConstructor {
  return class implements SPI {
    transfer(buffer: Uint8Array): void {
      board.targets.get(PORT)?.registers.transfer(buffer)
    }

    write(buffer: Uint8Array): void {
      this.transfer(buffer.slice())
    }

    read(buffer: Uint8Array): void {
      this.transfer(buffer)
    }

    close(): void {}
  }
}

test('a driver measures with an ATM90E32 that lives on the PC and answers out of the bridge; no energy is lost or counted twice', () => {
  const rig = new BridgeRig()
  let samples = 0
  const ic = new PlayedATM90E32({ scheduler: rig.board.scheduler, bridge: rig, bus: { port: PORT }, onSample: () => samples++ })
  const electrical = createElectrical()
  electrical.frequency_Hz = 50
  electrical.voltage_V.fill(230)
  electrical.current_A.set([10, 5, 0])
  electrical.active_W.set([2300, 1150, 0])
  const wait_ms = (duration_ms: number) => rig.pass(duration_ms * 1000)
  const driver = new Driver({ sensor: { io: busOf(rig) }, wait_ms })
  driver.configure()
  rig.pass(1_000_000)
  driver.sample()
  ic.setInputs(electrical)
  const began_us = rig.board.scheduler.now_us
  let counts = 0
  for (let second = 0; second < 120; second++) {
    // Odd pauses: reads fall before, between and after what the PC adds.
    rig.pass(700_000 + 137 * second)
    const sample = driver.sample()
    counts += sample.activeImport[1] + sample.activeImport[2] + sample.activeImport[3]
    if (second > 2) expect(sample.status & (MeteringStatus.fault | MeteringStatus.reconfigured)).toBe(0)
  }
  const sample = driver.sample()
  expect([...sample.active_mW].map((value) => Math.round(value / 1000))).toEqual([3450, 2300, 1150, 0])
  // The last tenth of a second may still be on its way.
  rig.pass(200_000)
  const after = driver.sample()
  counts += sample.activeImport[1] + sample.activeImport[2] + after.activeImport[1] + after.activeImport[2]
  const applied_Wh = (3450 * (rig.board.scheduler.now_us - began_us)) / 3.6e9
  expect(Math.abs(counts * COUNT_WH - applied_Wh)).toBeLessThan(0.2)
  expect(samples).toBeGreaterThanOrEqual(122)
})
