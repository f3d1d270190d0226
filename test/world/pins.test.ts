import { describe, expect, test } from 'vitest'
import { PinBank } from '../../src/world/pins.ts'
import { Scheduler } from '../../src/world/scheduler.ts'
import { digitalContract } from '../contract/digital.ts'

digitalContract('world', () => {
  const scheduler = new Scheduler(0)
  const bank = new PinBank(scheduler)
  return {
    Digital: bank.constructorFor(),
    pin: 4,
    drive: (level) => bank.drive(4, level),
    level: () => bank.level(4),
    settle: () => scheduler.run(scheduler.now_us),
  }
})

function create() {
  const scheduler = new Scheduler(0)
  const bank = new PinBank(scheduler)
  return { scheduler, bank, Digital: bank.constructorFor() }
}

describe('PinBank', () => {
  test.each([
    ['rising', 2],
    ['falling', 2],
    ['both', 4],
  ] as const)('an input tells its %s edges', (edge, expected) => {
    const { scheduler, bank, Digital } = create()
    let calls = 0
    new Digital({ pin: 7, mode: 'Input', edge, onReadable: () => calls++ })
    for (const level of [1, 1, 0, 0, 1, 0] as const) {
      bank.drive(7, level)
      scheduler.run(scheduler.now_us + 1000)
    }
    expect(calls).toBe(expected)
  })

  test('the world hears each change of an output once', () => {
    const { bank, Digital } = create()
    const levels: number[] = []
    bank.listen(2, (level) => levels.push(level))
    const output = new Digital({ pin: 2, mode: 'Output', initialValue: 1 })
    for (const level of [1, 0, 0, 1] as const) output.write(level)
    expect(levels).toEqual([1, 0, 1])
  })

  test('an input cannot be written', () => {
    const { Digital } = create()
    const input = new Digital({ pin: 7, mode: 'Input' })
    expect(() => input.write(1)).toThrow('input')
  })

  test('without supply nobody owns a pin, and an edge on its way is lost', () => {
    const { scheduler, bank, Digital } = create()
    let calls = 0
    bank.listen(2, () => {})
    const output = new Digital({ pin: 2, mode: 'Output', initialValue: 1 })
    new Digital({ pin: 4, mode: 'Input', edge: 'rising', onReadable: () => calls++ })
    bank.drive(4, 1)
    bank.release()
    scheduler.run(1000)
    expect([calls, bank.level(2)]).toEqual([0, 0])
    expect(() => output.write(1)).toThrow('closed')
    // The next start of the firmware finds them free; the world's level stays.
    new Digital({ pin: 2, mode: 'Output' })
    expect(new Digital({ pin: 4, mode: 'Input' }).read()).toBe(1)
  })
})
