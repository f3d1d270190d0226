import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { boardData, boardNames } from '../../scripts/device/boards.mjs'
import { ascii } from '../../src/lib/ascii.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import type { Machine } from '../support/moddable/machine.ts'
import type { BoardMetering } from './metering.ts'
import { pinsOf } from './pins.ts'
import type { BoardRadio } from './radio.ts'

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
  const random = new SeededRandom(1, 0)
  maths.irandom = (max) => Math.floor(random.float() * max)
  machine = (await import('../support/moddable/machine.ts')).newMachine()
  machine.addPartition('meter', 128)
})

afterEach(() => {
  vi.useRealTimers()
  globals.trace = undefined
  maths.irandom = undefined
})

/** A bridge board measures nothing. */
const METERS = boardNames().filter((board) => board !== 'esp32-bridge')

type Data = BoardMetering & { readonly chip: string; readonly lora?: BoardRadio }

async function dataOf(board: string): Promise<Data> {
  return (await boardData(board)) as unknown as Data
}

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

describe.each(METERS)('%s', (board) => {
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

describe.each(METERS)('%s with its metering IC', (board) => {
  /** What the service console answers. */
  function ask(command: string): string {
    let text = ''
    machine.onSent.set(0, (bytes) => {
      text += String.fromCharCode(...bytes)
    })
    machine.receive.get(0)?.(ascii(`${command}\r\n`))
    pass(1)
    return text
  }

  const energy_Wh = () => 1000 * Number(/1\.8\.0 +(\d+\.\d+) kWh/.exec(ask('registers'))?.[1])

  test('counts energy, which its console tells, and has no fault; its pins are those of its data', async () => {
    const data = await dataOf(board)
    const { connectMetering } = await import('./metering.ts')
    connectMetering(machine, data)
    await start(board)
    pass(10)
    const before = energy_Wh()
    pass(119)
    const phases = data.metering.select === undefined ? 1 : 3
    // Two minutes; a sample is up to a second old, and a chip that counts pulses knows whole ones only.
    expect(Math.abs(energy_Wh() - before - (phases * 2300) / 30)).toBeLessThanOrEqual(phases * 2)
    // There are no sockets behind the emulated Ethernet.
    expect(lines.filter((line) => !line.endsWith('no network\n'))).toEqual([])
    // Without a key nothing of LoRaWAN is started.
    const expected = pinsOf({ ...data, lora: undefined } as typeof data)
    expect(machine.used.filter((pin) => !expected.includes(pin))).toEqual([])
    expect(expected.filter((pin) => !machine.used.includes(pin))).toEqual([])
  })
})

describe('LoRaWAN', async () => {
  const all = await Promise.all(METERS.map(async (board) => ({ board, data: await dataOf(board) })))
  const radios = all.filter(({ data }) => data.lora !== undefined)

  test('there are transceivers and a module', () => {
    expect(radios.length).toBeGreaterThan(3)
  })

  test.each(radios)('$board joins with its radio; all its pins are in use', async ({ board, data }) => {
    const { connectMetering } = await import('./metering.ts')
    const { connectRadio } = await import('./radio.ts')
    const { portableCrypto } = await import('../../hal/portable/crypto.ts')
    const config = (await import('../support/moddable/config.ts')).default
    config.meter = { lorawan: { enabled: true, appKey: '000102030405060708090a0b0c0d0e0f' } }
    connectMetering(machine, data)
    const sent = connectRadio(machine, data.lora ?? {}, portableCrypto)
    await start(board)
    for (let waited = 0; sent.length === 0 && waited < 300; waited++) pass(1)
    // MHDR of a join request, and its length (LoRaWAN 1.0.4, 6.2.5).
    expect([sent[0]?.[0], sent[0]?.length]).toEqual([0x00, 23])
    expect(lines).toEqual([])
    expect([...machine.used].sort((a, b) => a - b)).toEqual(pinsOf(data))
  })
})

describe('esp32-devkit', () => {
  test('counts energy: its metrological LED gives 1000 pulses for a kilowatt-hour', async () => {
    const { connectMetering } = await import('./metering.ts')
    connectMetering(machine, await dataOf('esp32-devkit'))
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
