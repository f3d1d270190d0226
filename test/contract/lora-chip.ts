import { describe, expect, test } from 'vitest'
import type { LoRaRadio, RadioEvents, RadioFrame, RadioReception } from '../../src/lib/lora-radio.ts'
import { LoRaAir } from '../../src/world/lora/air.ts'
import { AirRadio } from '../../src/world/lora/air-radio.ts'
import { Scheduler } from '../../src/world/scheduler.ts'

/** What an emulated transceiver can suffer, and what it tells about itself. */
interface Chip {
  readonly mode: string
  readonly faults: { silent: boolean; lostInterrupts: number; hangs: boolean }
  powerOn(): void
  powerOff(): void
}

interface Board<C extends Chip> {
  readonly chip: C
  readonly driver: (events: RadioEvents) => LoRaRadio
}

const CHANNEL: RadioReception = {
  frequency_Hz: 868_100_000,
  modulation: { type: 'lora', spreadingFactor: 9, bandwidth_Hz: 125_000, codingRate: 1 },
  invertedIq: false,
  preamble: 8,
  publicNetwork: true,
}
export const FRAME = { ...CHANNEL, payload: Uint8Array.of(1, 2, 3), power_dBm: 14, crc: true }

export function chipRig<C extends Chip>(make: (scheduler: Scheduler, air: LoRaAir) => Board<C>) {
  const scheduler = new Scheduler(0)
  const air = new LoRaAir({ scheduler, seed: 1 })
  const board = make(scheduler, air)
  const log: string[] = []
  const frames: RadioFrame[] = []
  const events: RadioEvents = {
    onTransmitted: () => log.push('transmitted'),
    onReceived: (frame) => {
      frames.push(frame)
      log.push('received')
    },
    onTimeout: () => log.push('timeout'),
    onError: (reason) => log.push(reason),
  }
  const run = (duration_ms: number): void => scheduler.run(scheduler.now_us + Math.round(duration_ms * 1000))
  return { scheduler, air, log, frames, run, radio: board.driver(events), chip: board.chip }
}

/** What a driver does when its chip misbehaves. `refused`: transactions that the chip did not follow. */
export function loraChipContract<C extends Chip>(
  part: string,
  make: (scheduler: Scheduler, air: LoRaAir) => Board<C>,
  refused: (chip: C) => number,
  dead: readonly ((chip: C, on: boolean) => void)[],
): void {
  const rig = () => chipRig(make)

  describe(`${part} behind its driver`, () => {
    test('the chip follows all that it is told, sleeps between jobs, and goes on after a sleep', () => {
      const { radio, chip, log, run } = rig()
      run(50)
      expect(chip.mode).toBe('sleep')
      for (let i = 0; i < 3; i++) {
        radio.transmit(FRAME)
        run(500)
        radio.sleep()
        run(10)
        expect(chip.mode).toBe('sleep')
      }
      expect(log).toEqual(['transmitted', 'transmitted', 'transmitted'])
      expect(refused(chip)).toBe(0)
    })

    test('a job that is asked for while the chip starts is done when it has', () => {
      const { radio, log, run } = rig()
      radio.transmit(FRAME)
      run(500)
      expect(log).toEqual(['transmitted'])
    })

    test('a lost interrupt is found by the watch', () => {
      const { radio, chip, log, run } = rig()
      run(50)
      chip.faults.lostInterrupts = 1
      radio.transmit(FRAME)
      run(2000)
      expect(log).toEqual(['transmitted'])
    })

    test('a transmission that hangs is reported once, and the chip is started again', () => {
      const { radio, chip, log, run } = rig()
      run(50)
      chip.faults.hangs = true
      radio.transmit(FRAME)
      run(2000)
      expect(log).toEqual([`${part}: does not end what it was told to do`])
      radio.transmit(FRAME)
      run(1000)
      expect(log.slice(1)).toEqual(['transmitted'])
    })

    test('a chip that does not answer is reported; when it is back, it works', () => {
      for (const fault of dead) {
        const { radio, chip, log, run } = rig()
        fault(chip, true)
        run(200)
        expect(log.length).toBeGreaterThan(0)
        expect(new Set(log).size).toBe(1)
        fault(chip, false)
        run(200)
        log.length = 0
        radio.transmit(FRAME)
        run(500)
        expect(log).toEqual(['transmitted'])
      }
    })

    test('a supply that failed: the next job is done by a chip that has forgotten everything', () => {
      const { radio, chip, log, run } = rig()
      run(50)
      chip.powerOff()
      radio.transmit(FRAME)
      run(20)
      chip.powerOn()
      run(3000)
      radio.transmit(FRAME)
      run(3000)
      expect(log[log.length - 1]).toBe('transmitted')
    })

    test('a damaged frame ends a window, and does not end listening', () => {
      const { radio, air, log, run, scheduler } = rig()
      run(50)
      const nobody: RadioEvents = { onTransmitted: () => {}, onReceived: () => {}, onTimeout: () => {}, onError: () => {} }
      const peer = (name: string, x_m: number) => new AirRadio({ scheduler, air, name, position: { x_m, y_m: 0 }, events: nobody })
      const [one, two] = [peer('one', 100), peer('two', -100)]
      for (const timeout_ms of [200, undefined]) {
        radio.receive({ ...CHANNEL, timeout_ms })
        run(20)
        one.transmit(FRAME)
        run(60)
        two.transmit({ ...FRAME, power_dBm: 27 })
        run(1000)
      }
      expect(log).toEqual(['timeout'])
      one.transmit(FRAME)
      run(1000)
      expect(log).toEqual(['timeout', 'received'])
    })
  })
}
