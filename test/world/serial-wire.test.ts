import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bytes, Serial, SerialOptions } from '../../hal/api/io.ts'
import { Scheduler } from '../../src/world/scheduler.ts'
import { SerialWire, type SerialWireOptions } from '../../src/world/serial-wire.ts'
import { serialContract } from '../contract/serial.ts'
import '../support/fast-check.ts'

serialContract('world', () => {
  const scheduler = new Scheduler(0)
  const wire = new SerialWire(scheduler)
  let writable = 0
  const echo: Serial = new (wire.end(1))({
    baud: 9600,
    onWritable: (count) => (writable = count),
    onReadable: () => {
      const bytes = echo.read(writable) as Bytes
      writable -= bytes.length
      echo.write(bytes)
    },
  })
  return { Serial: wire.end(0), options: { baud: 9600 }, advance: () => scheduler.run(scheduler.now_us + 100_000) }
})

const FORMAT: SerialOptions = { baud: 9600, bits: 8, parity: 'even', stop: 1 }

/** An end that records what it is told, and reads at once unless `read` is false. */
class Recorder {
  readonly serial: Serial
  readonly bytes: number[] = []
  readonly times_us: number[] = []
  readonly rooms: number[] = []
  readonly counts: number[] = []
  readonly errors: string[] = []

  constructor(scheduler: Scheduler, wire: SerialWire, which: 0 | 1, options: SerialOptions, read = true) {
    this.serial = new (wire.end(which))({
      ...options,
      onReadable: (count) => {
        this.counts.push(count)
        if (!read) return
        for (const byte of this.serial.read() as Bytes) {
          this.bytes.push(byte)
          this.times_us.push(scheduler.now_us)
        }
      },
      onWritable: (count) => this.rooms.push(count),
      onError: (reason) => this.errors.push(reason),
    })
  }
}

function connect(sender: SerialOptions, receiver: SerialOptions, options?: SerialWireOptions, read = true) {
  const scheduler = new Scheduler(0)
  const wire = new SerialWire(scheduler, options)
  const a = new Recorder(scheduler, wire, 0, sender)
  const b = new Recorder(scheduler, wire, 1, receiver, read)
  scheduler.run(0)
  return { scheduler, wire, a, b }
}

/** What arrives of one byte that is sent alone. */
function sendOne(byte: number, sender: SerialOptions, receiver: SerialOptions) {
  const { scheduler, a, b } = connect(sender, receiver)
  a.serial.write(Uint8Array.of(byte))
  scheduler.run(1_000_000)
  return { bytes: b.bytes, errors: b.errors }
}

describe('time on the wire', () => {
  test('a byte takes 11 bits at 8E1: 1145.83 µs at 9600 baud, and fractions do not add up', () => {
    const { scheduler, a, b } = connect(FORMAT, FORMAT)
    a.serial.write(new Uint8Array(12))
    scheduler.run(1145)
    expect(b.bytes).toEqual([])
    scheduler.run(20_000)
    expect(b.times_us).toEqual(Array.from({ length: 12 }, (_, i) => Math.ceil(((i + 1) * 11e6) / 9600)))
    expect(b.times_us.at(-1)).toBe(13_750)
  })

  test.each([
    [{ bits: 7, parity: 'none', stop: 1 }, 9],
    [{ bits: 8, parity: 'none', stop: 1 }, 10],
    [{ bits: 7, parity: 'even', stop: 1 }, 10],
    [{ bits: 8, parity: 'odd', stop: 2 }, 12],
  ] as const)('%j has %i bits', (format, bits) => {
    const { scheduler, a, b } = connect({ baud: 1000, ...format }, { baud: 1000, ...format })
    a.serial.write(Uint8Array.of(0x41, 0x42))
    scheduler.run(100_000)
    expect(b.bytes).toEqual([0x41, 0x42])
    expect(b.times_us).toEqual([bits * 1000, bits * 2000])
  })

  test('a sender that keeps its queue filled leaves no gap, also beyond as many frames as the baud', () => {
    const scheduler = new Scheduler(0)
    const wire = new SerialWire(scheduler)
    const sender: Serial = new (wire.end(0))({ baud: 300, onWritable: (count) => sender.write(new Uint8Array(count)) })
    const b = new Recorder(scheduler, wire, 1, { baud: 300 })
    scheduler.run(60_000_000)
    expect(b.times_us).toEqual(Array.from({ length: 1800 }, (_, i) => Math.ceil(((i + 1) * 10e6) / 300)))
  })

  test('a pause starts a new count', () => {
    const { scheduler, a, b } = connect(FORMAT, FORMAT)
    a.serial.write(Uint8Array.of(1))
    scheduler.run(5000)
    a.serial.write(Uint8Array.of(2))
    scheduler.run(10_000)
    expect(b.times_us).toEqual([1146, 6146])
  })

  test('both directions run at the same time', () => {
    const { scheduler, a, b } = connect(FORMAT, FORMAT)
    a.serial.write(Uint8Array.of(1))
    b.serial.write(Uint8Array.of(2))
    scheduler.run(1146)
    expect([a.bytes, b.bytes]).toEqual([[2], [1]])
  })
})

describe('bounds', () => {
  test('room is announced after opening, at half and at the end; more throws and sends nothing', () => {
    const { scheduler, a, b } = connect(FORMAT, FORMAT)
    expect(a.rooms).toEqual([128])
    expect(() => a.serial.write(new Uint8Array(129))).toThrow(RangeError)
    a.serial.write(new Uint8Array(128))
    expect(() => a.serial.write(Uint8Array.of(1))).toThrow(RangeError)
    scheduler.run(Math.ceil((64 * 11e6) / 9600))
    expect(a.rooms).toEqual([128, 64])
    expect(() => a.serial.write(new Uint8Array(65))).toThrow(RangeError)
    scheduler.run(1_000_000)
    expect(a.rooms).toEqual([128, 64, 128])
    expect(b.bytes).toHaveLength(128)
  })

  test('a sender whose queue never empties is told its room as well', () => {
    const { scheduler, a, b } = connect(FORMAT, FORMAT)
    a.serial.write(Uint8Array.of(0))
    // One byte just before each byte ends.
    for (let i = 1; i < 300; i++) {
      scheduler.run(Math.floor((i * 11e6) / 9600) - 1)
      a.serial.write(Uint8Array.of(i))
    }
    expect(a.rooms).toEqual([128, 127, 127, 127, 127])
    scheduler.run(1_000_000)
    expect(b.bytes).toHaveLength(300)
  })

  test('nothing may be written before room is announced', () => {
    const serial = new (new SerialWire(new Scheduler(0)).end(0))(FORMAT)
    expect(() => serial.write(Uint8Array.of(1))).toThrow(RangeError)
  })

  test('a full receive FIFO drops bytes and tells it once, until it was read', () => {
    const { scheduler, a, b } = connect(FORMAT, FORMAT, { transmit_bytes: 200 }, false)
    a.serial.write(Uint8Array.from({ length: 200 }, (_, i) => i))
    scheduler.run(1_000_000)
    expect(b.counts).toEqual(Array.from({ length: 128 }, (_, i) => i + 1))
    expect(b.errors).toEqual(['receive overrun'])
    expect([...(b.serial.read(1) as Bytes)]).toEqual([0])
    a.serial.write(Uint8Array.of(201, 202, 203))
    scheduler.run(2_000_000)
    expect(b.errors).toEqual(['receive overrun', 'receive overrun'])
    expect([...(b.serial.read() as Bytes)]).toEqual([...Array.from({ length: 127 }, (_, i) => i + 1), 201])
    expect(b.serial.read()).toBeUndefined()
  })

  test.each([0, -1, 1.5, 65_537, Number.NaN])('a FIFO of %d bytes is refused', (length) => {
    expect(() => new SerialWire(new Scheduler(0), { transmit_bytes: length })).toThrow(RangeError)
    expect(() => new SerialWire(new Scheduler(0), { receive_bytes: length })).toThrow(RangeError)
  })

  test('whatever is written in pieces arrives in order and complete', () => {
    const format = fc.record({
      baud: fc.integer({ min: 50, max: 5_000_000 }),
      bits: fc.constantFrom(7, 8),
      parity: fc.constantFrom('none', 'even', 'odd'),
      stop: fc.constantFrom(1, 2),
    })
    const fifos = fc.record({ transmit_bytes: fc.integer({ min: 1, max: 140 }), receive_bytes: fc.integer({ min: 1, max: 4 }) })
    fc.assert(
      fc.property(
        format,
        fifos,
        fc.uint8Array({ maxLength: 400 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 60 })),
        (f, size, bytes, pieces) => {
          const sent = f.bits === 7 ? bytes.map((byte) => byte & 0x7f) : bytes
          const scheduler = new Scheduler(0)
          const wire = new SerialWire(scheduler, size)
          let at = 0
          const sender: Serial = new (wire.end(0))({
            ...f,
            onWritable: (count) => {
              for (let room = count; room > 0 && at < sent.length; ) {
                const piece = sent.slice(at, at + Math.min(room, pieces.next().value as number))
                sender.write(piece)
                at += piece.length
                room -= piece.length
                piece.fill(0)
              }
            },
          })
          const b = new Recorder(scheduler, wire, 1, f)
          scheduler.run(200_000_000)
          expect(b.bytes).toEqual([...sent])
          expect(b.errors).toEqual([])
          expect(scheduler.pending).toBe(0)
          expect(b.times_us.at(-1) ?? 0).toBe(
            Math.ceil((sent.length * (1 + f.bits + (f.parity === 'none' ? 0 : 1) + f.stop) * 1e6) / f.baud),
          )
        },
      ),
    )
  })
})

describe('bursts', () => {
  const LENGTHS = { bursts: true, transmit_bytes: 64, receive_bytes: 32 }

  test('what waits is one burst: told once, when its last frame is over, at the time of single bytes', () => {
    const { scheduler, a, b } = connect(FORMAT, FORMAT, LENGTHS)
    a.serial.write(Uint8Array.of(1, 2, 3, 4))
    scheduler.run(10_000)
    expect([b.bytes, b.counts]).toEqual([[1, 2, 3, 4], [4]])
    const single = connect(FORMAT, FORMAT)
    single.a.serial.write(Uint8Array.of(1, 2, 3, 4))
    single.scheduler.run(10_000)
    expect(b.times_us.at(-1)).toBe(single.b.times_us.at(-1))
  })

  test('longer than the FIFO of the receiver: what does not fit is dropped and told once', () => {
    const { scheduler, a, b } = connect(FORMAT, FORMAT, LENGTHS, false)
    a.serial.write(new Uint8Array(40).fill(7))
    scheduler.run(100_000)
    expect([b.serial.read()?.length, b.errors]).toEqual([32, ['receive overrun']])
  })

  test('of another format: each frame for itself', () => {
    const { scheduler, a, b } = connect(FORMAT, { ...FORMAT, parity: 'odd' }, LENGTHS)
    a.serial.write(Uint8Array.of(1, 2, 3))
    scheduler.run(10_000)
    expect([b.bytes, b.errors]).toEqual([[], ['parity error', 'parity error', 'parity error']])
  })

  test('a cut loses what is on the wire, an end that opened meanwhile misses it', () => {
    const { scheduler, wire, a, b } = connect(FORMAT, FORMAT, LENGTHS)
    a.serial.write(Uint8Array.of(1, 2, 3))
    scheduler.run(2000)
    wire.cut(true)
    wire.cut(false)
    scheduler.run(10_000)
    expect(b.bytes).toEqual([])
    a.serial.write(Uint8Array.of(4, 5))
    scheduler.run(20_000)
    expect(b.bytes).toEqual([4, 5])
  })
})

describe('ends that do not agree', () => {
  const plain: SerialOptions = { baud: 9600 }
  const seven: SerialOptions = { baud: 9600, bits: 7, parity: 'even' }

  test('the other parity is an error for every byte', () => {
    for (let byte = 0; byte < 256; byte++)
      expect(sendOne(byte, FORMAT, { ...FORMAT, parity: 'odd' })).toEqual({ bytes: [], errors: ['parity error'] })
  })

  test('7E1 read as 8N1 has the parity in bit 7', () => {
    // '/' has five ones, '?' six, '!' two, 'C' three.
    expect([0x2f, 0x3f, 0x21, 0x43].map((byte) => sendOne(byte, seven, plain).bytes)).toEqual([[0xaf], [0x3f], [0x21], [0xc3]])
  })

  test('8N1 read as 8E1 takes the stop bit for the parity', () => {
    expect(sendOne(0x01, plain, FORMAT)).toEqual({ bytes: [0x01], errors: [] })
    expect(sendOne(0x03, plain, FORMAT)).toEqual({ bytes: [], errors: ['parity error'] })
  })

  test('8E1 read as 8N1 takes the parity for the stop bit', () => {
    expect(sendOne(0x01, FORMAT, plain)).toEqual({ bytes: [0x01], errors: [] })
    expect(sendOne(0x03, FORMAT, plain)).toEqual({ bytes: [], errors: ['framing error'] })
  })

  test('another number of stop bits does no harm, nor do four per cent of baud', () => {
    for (let byte = 0; byte < 256; byte++)
      for (const receiver of [{ baud: 9600, stop: 2 } as const, { baud: 9984 }, { baud: 9216 }])
        expect(sendOne(byte, plain, receiver)).toEqual({ bytes: [byte], errors: [] })
  })

  test('twice the baud reads every bit twice', () => {
    // 0x55 on the wire is 0101010101. From its first edge: start 0, data 01100110, and 0 where the stop bit should be. From the next edge,
    // that of data bit 5: start 0, data 01100111 (lowest first), stop 1.
    expect(sendOne(0x55, plain, { baud: 19_200 })).toEqual({ bytes: [0xe6], errors: ['framing error'] })
    // 0xff is one low bit: start and one data bit of the faster end.
    expect(sendOne(0xff, plain, { baud: 19_200 })).toEqual({ bytes: [0xfe], errors: [] })
  })

  test('a much faster end sees a break, a much slower one a disturbance', () => {
    expect(sendOne(0, { baud: 300 }, plain)).toEqual({ bytes: [], errors: ['framing error'] })
    expect(sendOne(0xff, plain, { baud: 300 })).toEqual({ bytes: [], errors: [] })
  })

  test('no mismatch ever gives more bytes than falling edges, nor a byte beyond the data bits', () => {
    const options = fc.record({
      baud: fc.constantFrom(50, 300, 2400, 9600, 14_400, 115_200, 5_000_000),
      bits: fc.constantFrom(7, 8),
      parity: fc.constantFrom('none', 'even', 'odd'),
      stop: fc.constantFrom(1, 2),
    })
    fc.assert(
      fc.property(fc.nat(255), options, options, (byte, sender, receiver) => {
        const { bytes, errors } = sendOne(byte, sender, receiver)
        expect(bytes.length + errors.length).toBeLessThanOrEqual(6)
        for (const received of bytes) expect(received).toBeLessThan(1 << receiver.bits)
      }),
    )
  })
})

describe('ends and wire', () => {
  test('over a cut wire nothing arrives, and the sender notices nothing', () => {
    const { scheduler, wire, a, b } = connect(FORMAT, FORMAT)
    a.serial.write(Uint8Array.of(1, 2, 3, 4, 5))
    scheduler.run(1500)
    wire.cut(true)
    scheduler.run(3000)
    wire.cut(false)
    scheduler.run(10_000)
    // The second byte was on the wire at the cut, the third began before it was mended.
    expect(b.bytes).toEqual([1, 4, 5])
    expect(a.rooms).toEqual([128, 128])
    expect([...a.errors, ...b.errors]).toEqual([])
  })

  test('an end has one owner at a time, and wrong options take nothing', () => {
    const wire = new SerialWire(new Scheduler(0))
    expect(() => new (wire.end(0))({ baud: 0 })).toThrow(RangeError)
    const first = new (wire.end(0))(FORMAT)
    expect(() => new (wire.end(0))(FORMAT)).toThrow('in use')
    const other = new (wire.end(1))(FORMAT)
    first.close()
    ;new (wire.end(0))(FORMAT)
    // Closing it once more does not take the end from its next owner.
    first.close()
    expect(() => new (wire.end(0))(FORMAT)).toThrow('in use')
    other.close()
  })

  test('an end that opens while a byte is under way misses it', () => {
    const scheduler = new Scheduler(0)
    const wire = new SerialWire(scheduler)
    const a = new Recorder(scheduler, wire, 0, FORMAT)
    scheduler.run(0)
    a.serial.write(Uint8Array.of(1, 2))
    scheduler.run(500)
    const b = new Recorder(scheduler, wire, 1, FORMAT)
    scheduler.run(5000)
    expect(b.bytes).toEqual([2])
  })

  test('after close or loss of supply nothing is sent or told any more', () => {
    const { scheduler, wire, a, b } = connect(FORMAT, FORMAT)
    a.serial.write(Uint8Array.of(1, 2, 3))
    b.serial.write(Uint8Array.of(4, 5, 6))
    scheduler.run(1200)
    wire.release(0)
    wire.release(0)
    scheduler.run(10_000)
    expect([a.bytes, b.bytes]).toEqual([[4], [1]])
    expect(a.rooms).toEqual([128])
    expect(() => a.serial.read()).toThrow('closed')
    // The end is free; one that closes before its room was announced is not told it.
    const next = new Recorder(scheduler, wire, 0, FORMAT)
    next.serial.close()
    scheduler.run(20_000)
    expect([a.rooms, next.rooms]).toEqual([[128], []])
    expect(scheduler.pending).toBe(0)
  })

  test('an end may be closed from its own callback', () => {
    const scheduler = new Scheduler(0)
    const wire = new SerialWire(scheduler)
    const a = new Recorder(scheduler, wire, 0, FORMAT)
    let calls = 0
    const b: Serial = new (wire.end(1))({
      ...FORMAT,
      onReadable: () => {
        calls++
        b.close()
      },
    })
    scheduler.run(0)
    a.serial.write(Uint8Array.of(1, 2, 3))
    scheduler.run(10_000)
    expect(calls).toBe(1)
  })

  test('a callback that throws does not stop the sender', () => {
    const scheduler = new Scheduler(0)
    const wire = new SerialWire(scheduler)
    const a = new Recorder(scheduler, wire, 0, FORMAT)
    let calls = 0
    ;new (wire.end(1))({
      ...FORMAT,
      onReadable: () => {
        if (calls++ === 0) throw new Error('crash')
      },
    })
    scheduler.run(0)
    a.serial.write(Uint8Array.of(1, 2, 3))
    expect(() => scheduler.run(10_000)).toThrow('crash')
    scheduler.run(10_000)
    expect(calls).toBe(3)
    expect(a.rooms).toEqual([128, 128])
  })
})
