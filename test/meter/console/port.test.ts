import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Serial } from '../../../hal/api/io.ts'
import { ascii } from '../../../src/lib/ascii.ts'
import { ConsolePort } from '../../../src/meter/console/port.ts'
import { ConsoleSession } from '../../../src/meter/console/session.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'
import { SerialWire } from '../../../src/world/serial-wire.ts'
import { FakeTarget, SECRET } from './fake-target.ts'

const BAUD = 115_200

/** A console at one end of a cable and a terminal at the other. */
class Rig {
  readonly scheduler = new Scheduler(0)
  readonly target = new FakeTarget()
  readonly wire: SerialWire
  readonly errors: string[] = []
  port: ConsolePort
  heard = ''
  readonly #terminal: Serial
  #room = 0
  #queue: number[] = []

  constructor(baud = BAUD) {
    this.wire = new SerialWire(this.scheduler)
    this.port = this.plug()
    this.#terminal = new (this.wire.end(1))({
      baud,
      onReadable: () => {
        for (const byte of this.#terminal.read() ?? []) this.heard += String.fromCharCode(byte)
      },
      onWritable: (count) => {
        this.#room = count
        this.#type()
      },
    })
    this.run(0.1)
  }

  plug(): ConsolePort {
    const port = { io: this.wire.end(0), baud: BAUD }
    return new ConsolePort({ port, session: new ConsoleSession(this.target), onError: (reason) => this.errors.push(reason) })
  }

  run(duration_s: number): void {
    this.scheduler.run(this.scheduler.now_us + Math.ceil(duration_s * 1_000_000))
  }

  /** Types, and gives what came back within a second. */
  say(text: string | Uint8Array, duration_s = 1): string {
    this.heard = ''
    this.#queue.push(...(typeof text === 'string' ? ascii(text) : text))
    this.#type()
    this.run(duration_s)
    return this.heard
  }

  #type(): void {
    const piece = this.#queue.splice(0, this.#room)
    this.#room -= piece.length
    if (piece.length > 0) this.#terminal.write(Uint8Array.from(piece))
  }
}

describe('console at a serial port', () => {
  test('greets, prompts and answers, without echo', () => {
    const rig = new Rig()
    expect(rig.heard).toBe('\r\nFake 1.0; help lists the commands\r\n> ')
    expect(rig.say('clock\r')).toBe('2026-01-01T00:00:00Z\r\n> ')
    expect(rig.say('clock\n')).toBe('2026-01-01T00:00:00Z\r\n> ')
    expect(rig.say('clock\r\n')).toBe('2026-01-01T00:00:00Z\r\n> ')
    expect(rig.say('\r\n\r\n')).toBe('> > ')
  })

  test('never writes more than announced, however long the answer', () => {
    const rig = new Rig()
    const answer = rig.say('events 200\r', 5)
    expect(answer.split('\r\n')).toHaveLength(201)
    expect(answer.endsWith('\r\n> ')).toBe(true)
    expect(rig.errors).toEqual([])
  })

  test('several lines at once are answered in turn', () => {
    const rig = new Rig()
    expect(rig.say('clock\rget face\rclock\r')).toBe('2026-01-01T00:00:00Z\r\n> face.port 8080\r\n> 2026-01-01T00:00:00Z\r\n> ')
  })

  test('a line in pieces is a line', () => {
    const rig = new Rig()
    expect(rig.say('clo')).toBe('')
    expect(rig.say('ck')).toBe('')
    expect(rig.say('\r')).toBe('2026-01-01T00:00:00Z\r\n> ')
  })

  test('backspace, delete and Ctrl-U edit the line', () => {
    const rig = new Rig()
    expect(rig.say('\b\x7fclosk\b\x7fck\r')).toBe('2026-01-01T00:00:00Z\r\n> ')
    expect(rig.say('garbage\x15clock\r')).toBe('2026-01-01T00:00:00Z\r\n> ')
  })

  test('echo repeats what is typed, but no secrets', () => {
    const rig = new Rig()
    rig.say('echo on\r')
    expect(rig.say('cloxk\b\bck\r')).toBe('cloxk\b \b\b \bck\r\n2026-01-01T00:00:00Z\r\n> ')
    expect(rig.say('abc\x15')).toBe('abc\b \b\b \b\b \b')
    const answer = rig.say(`login ${SECRET}\r`)
    expect(answer).toContain('login **')
    expect(answer).not.toContain('secret')
    expect(answer).toContain('logged in\r\n# ')
    expect(rig.say('secret dlms.reading geheim1\r')).toBe('secret dlms.reading *******\r\nstored\r\n# ')
    rig.say('echo off\r')
    expect(rig.say('clock\r')).toBe('2026-01-01T00:00:00Z\r\n# ')
  })

  test('a line that is too long, or not ASCII, is refused as a whole', () => {
    const rig = new Rig()
    expect(rig.say(`${'x'.repeat(513)}\r`, 2)).toBe('error: the line has more than 512 characters\r\n> ')
    expect(rig.say(`${'restart '.repeat(5000)}\rclock\r`, 10)).toBe(
      'error: the line has more than 512 characters\r\n> 2026-01-01T00:00:00Z\r\n> ',
    )
    expect(rig.say(Uint8Array.of(0x63, 0xc3, 0xa4, 0x0d))).toBe('error: the line has characters that are not printable ASCII\r\n> ')
    expect(rig.say('clock\r')).toBe('2026-01-01T00:00:00Z\r\n> ')
    expect(rig.say(`${'x'.repeat(512)}\r`, 2)).toMatch(/^error: unknown command "x{20}"/)
  })

  test('Ctrl-C gives up a long answer and what was typed ahead', () => {
    const rig = new Rig()
    rig.say('events 200\rrestart\r', 0.05)
    const rest = rig.say('\x03', 5)
    expect(rest.split('\r\n').length).toBeLessThan(30)
    expect(rest.endsWith('\r\n> ')).toBe(true)
    expect(rig.say('clock\r')).toBe('2026-01-01T00:00:00Z\r\n> ')
  })

  test('a wrong baud is garbage that does no harm', () => {
    const rig = new Rig(9600)
    rig.say('status\rhelp\r', 5)
    expect(rig.target.done).toEqual([])
  })

  test('a short circuit between the wires of the port comes to rest', () => {
    const scheduler = new Scheduler(0)
    const wire = new SerialWire(scheduler)
    const port = new ConsolePort({ port: { io: wire.end(0), baud: BAUD }, session: new ConsoleSession(new FakeTarget()) })
    let bytes = 0
    const mirror: Serial = new (wire.end(1))({
      baud: BAUD,
      onReadable: () => {
        const heard = mirror.read()
        bytes += heard?.length ?? 0
        if (heard !== undefined) mirror.write(heard)
      },
    })
    scheduler.run(2_000_000)
    const after = bytes
    scheduler.run(20_000_000)
    expect(bytes).toBe(after)
    expect(bytes).toBeLessThan(1000)
    port.close()
  })

  test('a command may close the port; closing twice is fine', () => {
    const rig = new Rig()
    rig.target.access = 'open'
    rig.target.restart = () => {
      rig.port.close()
      return true
    }
    rig.say('restart\rclock\r')
    expect(rig.errors).toEqual([])
    rig.port.close()
    rig.port = rig.plug()
    expect(rig.say('')).toContain('Fake 1.0')
  })

  test('any bytes at any pace: it answers afterwards, and nothing was changed', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ maxLength: 40 }).map(ascii),
      fc.constantFrom('help\r', 'echo on\n', 'events 200\r\n', '\x03', '\r', 'set dlms.port 1\r', 'login x\r', '\x15\b').map(ascii),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.double({ min: 0, max: 0.02, noNaN: true }), (pieces, pause_s) => {
        const rig = new Rig()
        for (const bytes of pieces) rig.say(bytes, pause_s)
        rig.say('\x03echo off\r', 10)
        expect(rig.say('clock\r', 2)).toBe('2026-01-01T00:00:00Z\r\n> ')
        expect(rig.target.done.filter((done) => !done.startsWith('locked'))).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
})
