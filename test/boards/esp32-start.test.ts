import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { boardNames } from '../../scripts/device/boards.mjs'
import type { ATM90E32 } from '../../src/world/chips/atm90e32.ts'
import type { Machine } from '../support/moddable/machine.ts'

// The main program of every board, as it is flashed, on emulations of the modules that only a device has.

const START_MS = Date.parse('2026-11-20T10:00:00Z')
const globals = globalThis as { trace?: (text: string) => void }
const maths = Math as { irandom?: (max: number) => number }
let lines: string[]
let machine: Machine

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: START_MS })
  vi.resetModules()
  lines = []
  globals.trace = (text) => void lines.push(text)
  maths.irandom = (max) => Math.floor(Math.random() * max)
  machine = (await import('../support/moddable/machine.ts')).newMachine()
  machine.addPartition('meter', 128)
})

afterEach(() => {
  vi.useRealTimers()
  globals.trace = undefined
  maths.irandom = undefined
})

/** Time passes, for the processor and for its clock. */
function pass(seconds: number): void {
  for (let i = 0; i < 10 * seconds; i++) {
    machine.run(100_000)
    vi.setSystemTime(START_MS + machine.scheduler.now_us / 1000)
  }
}

async function start(board: string): Promise<{ fed: number; timeout_ms: number }> {
  await import(`../../boards/${board}/main.ts`)
  return (await import('../support/moddable/system.ts')).system
}

describe.each(boardNames())('%s', (board) => {
  test('starts, even while its metering IC does not answer, and feeds its watchdog', async () => {
    const system = await start(board)
    pass(12)
    expect(system.timeout_ms).toBeGreaterThan(0)
    expect(system.fed).toBeGreaterThan(9)
    // Registers and settings found their place.
    const head = new Uint8Array(64)
    machine.partitions.get('meter')?.read(head, 0)
    expect(head.some((byte) => byte !== 0xff)).toBe(true)
  })
})

describe('esp32-devkit', () => {
  /** 2.3 kW on each phase. */
  async function connect(): Promise<ATM90E32> {
    const chips = await import('../../src/world/chips/atm90e32.ts')
    const { createElectrical } = await import('../../src/world/electrical.ts')
    const chip = new chips.ATM90E32({ now_us: () => machine.scheduler.now_us })
    const bus = new (chip.bus())({ hz: 1_000_000, mode: 3, select: 5 })
    machine.spi.set(5, (bytes) => bus.transfer(bytes))
    const mains = createElectrical()
    mains.voltage_V.fill(230)
    mains.current_A.fill(10)
    mains.active_W.fill(2300)
    mains.frequency_Hz = 50
    chip.powerOn()
    chip.setInputs(mains)
    return chip
  }

  test('counts energy: its metrological LED gives 1000 pulses for a kilowatt-hour', async () => {
    await connect()
    let pulses = 0
    machine.wire(2).watchers.add((level) => {
      pulses += level
    })
    await start('esp32-devkit')
    pass(10)
    const before = pulses
    pass(120)
    // 6.9 kW for two minutes are 230 Wh; the pulses of a second come with its sample.
    expect(Math.abs(pulses - before - 230)).toBeLessThanOrEqual(3)
    expect(lines).toEqual([])
  })
})
