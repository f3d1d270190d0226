import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Bytes, Serial, SerialConstructor, SerialOptions } from '../../hal/api/io.ts'
import { until } from './until.ts'

/** A serial line whose other end returns every byte. */
export interface SerialUnderTest {
  readonly Serial: SerialConstructor
  /** Options that the line works with, without callbacks. */
  readonly options: SerialOptions
  /** Lets time pass where it is virtual. */
  advance?(): void
  close?(): void | Promise<void>
}

/** The rules of ECMA-419 section 10.7 as `hal/api/io.ts` states them. */
export function serialContract(name: string, open: () => SerialUnderTest | Promise<SerialUnderTest>): void {
  describe(`serial: ${name}`, () => {
    let line: SerialUnderTest
    beforeEach(async () => {
      line = await open()
    })
    afterEach(() => line.close?.())

    function happens(condition: () => boolean, what: string): Promise<void> {
      return until(() => {
        line.advance?.()
        return condition()
      }, what)
    }

    test('options are validated and not modified', () => {
      const { Serial, options } = line
      const wrong: [string, object, typeof RangeError | typeof TypeError][] = [
        ['no speed', { baud: undefined }, TypeError],
        ['speed 0', { baud: 0 }, RangeError],
        ['six bits', { bits: 6 }, RangeError],
        ['mark parity', { parity: 'mark' }, RangeError],
        ['three stop bits', { stop: 3 }, RangeError],
        ['a callback that is no function', { onReadable: 1 }, TypeError],
      ]
      for (const [what, change, error] of wrong) expect(() => new Serial({ ...options, ...change }), what).toThrow(error)
      new Serial(Object.freeze({ ...options })).close()
    })

    test('bytes come back as they were sent; no callback from inside a method', async () => {
      const { Serial, options } = line
      let inside = true
      let broken = 0
      let writable = 0
      let largest = 0
      const received: number[] = []
      const serial: Serial = new Serial({
        ...options,
        onWritable: (count) => {
          if (inside) broken++
          writable = count
          largest = Math.max(largest, count)
        },
        onReadable: (count) => {
          if (inside) broken++
          const bytes = serial.read() as Bytes
          expect(bytes.length).toBe(count)
          received.push(...bytes)
        },
      })
      expect(serial.read()).toBeUndefined()
      inside = false
      // Every value: a line that is not transparent swallows or changes control characters.
      for (let sent = 0; sent < 256; ) {
        await happens(() => writable > 0, 'onWritable')
        const piece = Uint8Array.from({ length: Math.min(writable, 256 - sent) }, (_, i) => sent + i)
        sent += piece.length
        writable -= piece.length
        inside = true
        serial.write(piece)
        inside = false
        piece.fill(0)
      }
      await happens(() => received.length >= 256, 'all bytes back')
      expect(received).toEqual(Array.from({ length: 256 }, (_, i) => i))
      expect(broken).toBe(0)
      expect(() => serial.write(new Uint8Array(largest + 1))).toThrow(RangeError)
      serial.close()
    })

    test('read takes at most what is asked for', async () => {
      const { Serial, options } = line
      let waiting = 0
      let writable = 0
      const serial = new Serial({ ...options, onReadable: (count) => (waiting = count), onWritable: (count) => (writable = count) })
      await happens(() => writable > 0, 'onWritable')
      serial.write(Uint8Array.of(1, 2, 3, 4, 5))
      await happens(() => waiting === 5, 'five bytes')
      expect([...(serial.read(2) as Bytes)]).toEqual([1, 2])
      expect([...(serial.read() as Bytes)]).toEqual([3, 4, 5])
      expect(serial.read()).toBeUndefined()
      serial.close()
    })

    test('close may be called twice, other methods throw afterwards', () => {
      const { Serial, options } = line
      const serial = new Serial(options)
      serial.close()
      serial.close()
      expect(() => serial.read()).toThrow()
      expect(() => serial.write(Uint8Array.of(1))).toThrow()
    })
  })
}
