import { beforeEach, describe, expect, test } from 'vitest'
import { esp32FirmwareSlots, esp32Program } from '../../../hal/esp32/firmware.ts'
import { Esp32Flash } from '../../../hal/esp32/flash.ts'
import { esp32Key } from '../../../hal/esp32/key.ts'
import { esp32ResetReason, esp32Restart, startEsp32Watchdog } from '../../../hal/esp32/system.ts'
import { BootLoader, imageOf, noSlots } from '../../support/moddable/firmware.ts'
import { machine, newMachine } from '../../support/moddable/machine.ts'
import { system } from '../../support/moddable/system.ts'

const FACTORY = { major: 1, minor: 0, revision: 0, build: 0 }
const NEXT = { major: 1, minor: 2, revision: 300, build: 0x12345678 }
const text = (content: string) => Uint8Array.from(content, (letter) => letter.charCodeAt(0))

let loader: BootLoader
beforeEach(() => {
  newMachine()
  loader = new BootLoader()
  machine()
    .partitions.get('ota_0')
    ?.program(imageOf(text('factory')), 0)
})

/** What the firmware finds after a reset. */
function started() {
  const slots = esp32FirmwareSlots(FACTORY)
  if (slots === undefined) throw new Error('no slots')
  return slots
}

function transfer(image: Uint8Array): void {
  const { spare } = started()
  const { blocks } = spare.status()
  spare.eraseBlock(0, blocks)
  spare.write(image, 0)
}

function update(image = imageOf(text('next'))): void {
  transfer(image)
  started().activate(image.length, NEXT)
  loader.reset()
}

describe('OTA partitions of an ESP32', () => {
  test('a firmware that came over the serial port has the version of the factory', () => {
    const { running, trial, rolledBack } = started()
    expect([running, trial, rolledBack]).toEqual([FACTORY, false, false])
  })

  test('new firmware runs on trial under its version, and stays when it is confirmed', () => {
    update()
    const slots = started()
    expect([slots.running, slots.trial, slots.rolledBack]).toEqual([NEXT, true, false])
    expect(() => slots.activate(16, NEXT)).toThrow('on trial')
    slots.confirm()
    expect(slots.trial).toBe(false)
    loader.reset()
    expect([started().running, started().trial]).toEqual([NEXT, false])
  })

  test('a reset before it is confirmed brings the one before back, which is told until it confirms', () => {
    update()
    loader.reset()
    const back = started()
    expect([back.running, back.trial, back.rolledBack]).toEqual([FACTORY, false, true])
    loader.reset()
    expect(started().rolledBack).toBe(true)
    started().confirm()
    expect(started().rolledBack).toBe(false)
    // The next update begins anew.
    update()
    loader.reset()
    expect(started().rolledBack).toBe(true)
  })

  test('an image that is damaged, or none at all, is refused with what is there as before', () => {
    const image = imageOf(text('next'))
    image[10] ^= 1
    transfer(image)
    for (const work of [() => {}, () => started().spare.eraseBlock(0)]) {
      work()
      expect(() => started().activate(image.length, NEXT)).toThrow(expect.objectContaining({ code: 'FIRMWARE_SLOT' }))
      loader.reset()
      expect([started().running, started().trial]).toEqual([FACTORY, false])
    }
  })

  test('a firmware that was written over the serial port later does not bear the version of the one before', () => {
    update()
    started().confirm()
    const array = machine().partitions.get('ota_1')
    array?.eraseBlock(0, array.blocks)
    array?.program(imageOf(text('by cable')), 0)
    expect(started().running).toEqual(FACTORY)
  })

  test('the program that runs can be read, and has the digest that it carries', () => {
    const program = esp32Program()
    const image = imageOf(text('factory'))
    expect(program?.length).toBe(image.length - 32)
    expect(program?.expected).toEqual(image.slice(-32))
    const head = new Uint8Array(16)
    program?.read(head, 0)
    expect(head).toEqual(image.slice(0, 16))
  })

  test('a flash with one place for firmware has no slots', () => {
    noSlots()
    expect(esp32FirmwareSlots(FACTORY)).toBeUndefined()
    expect(esp32Program()).toBeUndefined()
  })

  test('what ferraris writes is aligned as the spare slot wants it', () => {
    expect(() => new Esp32Flash('nextota').write(new Uint8Array(8), 0)).toThrow(RangeError)
  })
})

describe('key of the device', () => {
  test('is made once, and kept', () => {
    system.fuse = undefined
    const [first, second] = [esp32Key(), esp32Key()]
    expect(first.length).toBe(32)
    expect(second).toEqual(first)
    newMachine()
    expect(esp32Key()).not.toEqual(first)
  })

  test('comes from a fuse where one is burned', () => {
    system.fuse = new Uint8Array(32).fill(0xaa)
    expect(esp32Key()).toEqual(system.fuse)
    expect(machine().nvs.size).toBe(0)
    system.fuse = undefined
  })
})

test('watchdog, restart and reason', () => {
  const watchdog = startEsp32Watchdog(8000)
  watchdog.feed()
  expect([watchdog.timeout_ms, system.timeout_ms, system.fed]).toEqual([8000, 8000, 1])
  expect(() => startEsp32Watchdog(0)).toThrow(RangeError)
  expect(esp32ResetReason()).toBe('power')
  esp32Restart()
  expect(system.restarts).toBe(1)
})
