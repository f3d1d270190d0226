import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostCrypto } from '../../../hal/host/crypto.ts'
import { parseRequest } from '../../../src/meter/face/command.ts'
import { isOwnHost, isSameOrigin } from '../../../src/meter/face/origin.ts'
import type { FaceRadioSource } from '../../../src/meter/face/radio-state.ts'
import { FaceServer } from '../../../src/meter/face/server.ts'
import type { FaceExtension, FaceMessage, FaceSource, WorldCommand } from '../../../src/meter/face/state.ts'

const PHASE = { voltage_V: 230, current_A: 1, active_W: 230, reactive_var: 0, powerFactor: 1, voltageAngle_deg: 0, currentAngle_deg: 0 }

class Source implements FaceSource {
  radio: FaceRadioSource | undefined
  curveRevision = 1
  eventsRevision = 1
  hello() {
    return { manufacturer: 'F', model: 'M', serial: '1', firmware: '0', meterConstant_imp_kWh: 1000, nameplate: [] }
  }
  state(): ReturnType<FaceSource['state']> {
    return {
      time_ms: 1,
      timeValid: true,
      offset_min: 0,
      powered: true,
      lcd: [{ obis: '1.8.0', value: '000001.000', unit: 'kWh', label: 'Import' }],
      flags: {
        phases: [true, true, true],
        import: true,
        export: false,
        quadrant: 1,
        tariff: 1,
        relay: 'none',
        fault: false,
        clockInvalid: false,
      },
      phases: [PHASE, PHASE, PHASE],
      total: { active_W: 690, reactive_var: 0, powerFactor: 1 },
      frequency_Hz: 50,
      pulses: 0,
      conditions: [],
    }
  }
  curve() {
    return { interval_s: 900, points: [[900, 1, 0, 0]] as const, live: [] }
  }
  events() {
    return [{ seq: 1, time_ms: 1, log: 'standard', code: 1, text: 'Power failed' }]
  }
}

class Radio implements FaceRadioSource {
  revision = 1
  newest = 2
  state(): ReturnType<FaceRadioSource['state']> {
    const device = { part: 'SX1262', region: 'EU868', deviceClass: 'C', devEui: '00', joinEui: '00', adr: true } as const
    return { ...device, time_ms: 1, state: 'joined', busy: false, confirmed: false, backlog: 0, urgent: 0 }
  }
  frames(seq: number) {
    return [1, 2, 3, 4, 5].filter((n) => n > seq && n <= this.newest).map((n) => ({ seq: n, time_ms: n, up: true }))
  }
}

class World implements FaceExtension {
  readonly commands: WorldCommand[] = []
  state(): ReturnType<FaceExtension['state']> {
    const household = { name: 'H', power_W: 1 }
    const pv = { on: false, power_W: 0, max_W: 5000 }
    const tamper = { terminalCover: false, meterCover: false, magneticField: false, seal: false }
    return { time_ms: 1, speed: 1, actualSpeed: 1, seed: 1, mains: ['on', 'on', 'on'], household, appliances: [], pv, tamper }
  }
  command(command: WorldCommand): { readonly ok: true } | { readonly error: string } {
    this.commands.push(command)
    return command.command === 'speed' ? { error: 'Time cannot be changed.' } : { ok: true }
  }
}

/** A face whose timer the test winds by hand. */
function face(options: { world?: World; names?: string[] } = {}) {
  const callbacks = new Map<object, () => void>()
  const timer = {
    set: (callback: () => void) => {
      const handle = {}
      callbacks.set(handle, callback)
      return handle
    },
    clear: (handle: object) => void callbacks.delete(handle),
  }
  const source = new Source()
  const { world, ...rest } = options
  const server = new FaceServer({ source, crypto: hostCrypto, timer, ...rest, ...(world === undefined ? {} : { extension: world }) })
  const tick = (count = 1) => {
    for (let i = 0; i < count; i++) for (const callback of callbacks.values()) callback()
  }
  return { server, source, tick, timers: callbacks }
}

function connect(server: FaceServer, room: () => number = () => 1_000_000) {
  let out = Buffer.alloc(0)
  let closes = 0
  const stream = {
    send: (bytes: Uint8Array) => {
      out = Buffer.concat([out, bytes])
    },
    room,
    close: () => {
      closes++
    },
  }
  const connection = server.connect(stream)
  return {
    connection,
    say: (text: string) => connection.receive(Uint8Array.from(Buffer.from(text, 'latin1'))),
    take: () => {
      const taken = out
      out = Buffer.alloc(0)
      return taken
    },
    closes: () => closes,
  }
}

const split = (answer: Buffer): { head: string; body: Buffer } => {
  const at = answer.indexOf('\r\n\r\n')
  return { head: answer.subarray(0, at).toString('latin1'), body: answer.subarray(at + 4) }
}

const get = (path: string, fields = ''): string => `GET ${path} HTTP/1.1\r\nHost: 192.0.2.7:8080\r\n${fields}\r\n`

const UPGRADE = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
const ORIGIN = 'Origin: http://192.0.2.7:8080\r\n'

/** Texts of unmasked frames. */
function messages(bytes: Buffer): FaceMessage[] {
  const found: FaceMessage[] = []
  for (let at = 0; at < bytes.length; ) {
    const short = (bytes[at + 1] as number) & 127
    const start = at + (short === 126 ? 4 : 2)
    const length = short === 126 ? bytes.readUInt16BE(at + 2) : short
    if (((bytes[at] as number) & 15) === 1) found.push(JSON.parse(bytes.subarray(start, start + length).toString()) as FaceMessage)
    at = start + length
  }
  return found
}

function clientText(text: string): Uint8Array {
  const bytes = Buffer.from(text)
  const size = bytes.length < 126 ? [0x80 | bytes.length] : [0x80 | 126, bytes.length >> 8, bytes.length & 255]
  return Uint8Array.from([0x81, ...size, 0, 0, 0, 0, ...bytes])
}

function openSocket(options: { world?: World } = {}) {
  const all = face(options)
  const client = connect(all.server)
  client.say(get('/ws', UPGRADE + ORIGIN))
  const { head, body } = split(client.take())
  return { ...all, client, head, first: messages(body) }
}

describe('the page', () => {
  test('is one gzipped document with a policy that lets in nothing foreign', () => {
    const client = connect(face().server)
    client.say(get('/', 'Accept-Encoding: gzip, br\r\n'))
    const { head, body } = split(client.take())
    expect(head).toContain('content-encoding: gzip')
    expect(head).toMatch(/content-security-policy: default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-/)
    expect(body.length).toBeLessThan(60_000)
    const text = gunzipSync(body).toString()
    expect(text).toMatch(/^<!doctype html>/)
    expect(text).not.toMatch(/(src|href)=["']?(https?:)?\/\//)
    const script = /<script>([\s\S]*)<\/script>/.exec(text)?.[1] ?? ''
    expect(head).toContain(createHash('sha256').update(script).digest('base64'))
  })

  test('is not sent again to a browser that has it', () => {
    const client = connect(face().server)
    client.say(get('/'))
    const tag = /etag: ("[^"]+")/.exec(split(client.take()).head)?.[1]
    client.say(get('/', `If-None-Match: "x", ${tag}\r\n`))
    expect(split(client.take())).toMatchObject({ head: expect.stringMatching(/^HTTP\/1.1 304 /), body: Buffer.alloc(0) })
  })

  test.each(['identity', 'gzip;q=0', 'br'])('is refused to a client that accepts only %s', (accept) => {
    const client = connect(face().server)
    client.say(get('/', `Accept-Encoding: ${accept}\r\n`))
    expect(split(client.take()).head).toMatch(/^HTTP\/1.1 406 /)
  })

  test('leaves in small pieces when there is little room', () => {
    let room = 100
    const client = connect(face().server, () => room)
    client.say(get('/'))
    const first = client.take().length
    expect(first).toBeGreaterThan(0)
    room = 0
    client.connection.writable()
    expect(client.take().length).toBe(0)
  })
})

describe('who may ask', () => {
  test.each([
    ['evil.example', 421],
    ['evil.example:8080', 421],
    ['127.0.0.1.evil.example', 421],
    ['1.2.3.400', 421],
    ['[::1]:8080', 200],
    ['localhost', 200],
    ['LOCALHOST:80', 200],
    ['meter.home', 200],
  ])('Host %s', (host, status) => {
    const client = connect(face({ names: ['meter.home'] }).server)
    client.say(`GET /api/state HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    expect(split(client.take()).head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  })

  test.each([
    ['', 403],
    ['Origin: null\r\n', 403],
    ['Origin: http://evil.example\r\n', 403],
    ['Origin: http://192.0.2.7\r\n', 403],
    ['Origin: http://192.0.2.7:8080.evil.example\r\n', 403],
    [ORIGIN, 101],
  ])('WebSocket with %j', (origin, status) => {
    const client = connect(face().server)
    client.say(get('/ws', UPGRADE + origin))
    expect(split(client.take()).head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  })

  test('any text is judged without a throw', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(typeof isOwnHost(a, [b])).toBe('boolean')
        expect(isSameOrigin(a, b)).toBe(a.toLowerCase() === `http://${b.toLowerCase()}` || a.toLowerCase() === `https://${b.toLowerCase()}`)
      }),
    )
  })
})

test('/api/state, other paths and other methods', () => {
  const client = connect(face({ world: new World() }).server)
  client.say(get('/api/state'))
  const state = JSON.parse(split(client.take()).body.toString())
  expect(state).toMatchObject({ meter: { model: 'M', world: true }, state: { powered: true }, world: { seed: 1 }, events: [{ seq: 1 }] })
  client.say(get('/etc/passwd'))
  expect(split(client.take()).head).toMatch(/^HTTP\/1.1 404 /)
  client.say(get('/').replace('GET', 'POST'))
  expect(split(client.take()).head).toMatch(/^HTTP\/1.1 405 [\s\S]*allow: GET, HEAD/)
  client.say(get('/ws'))
  expect(split(client.take()).head).toMatch(/^HTTP\/1.1 426 /)
})

describe('live', () => {
  test('greets, then pushes states, and lists only when they changed', () => {
    const { client, first, source, tick, head } = openSocket()
    expect(head).toContain('sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
    expect(first.map((message) => message.type)).toEqual(['hello', 'state', 'events', 'curve'])
    expect(first[0]).toMatchObject({ world: false })
    tick()
    expect(messages(client.take()).map((message) => message.type)).toEqual(['state'])
    source.curveRevision++
    source.eventsRevision++
    tick(4)
    const types = messages(client.take()).map((message) => message.type)
    expect(types.filter((type) => type !== 'state')).toEqual(['events', 'curve'])
  })

  test('a meter with LoRaWAN tells its state when it changes, and each frame once', () => {
    const { client, source, tick } = openSocket()
    const radio = new Radio()
    const told = () =>
      messages(client.take()).flatMap((message) =>
        message.type === 'radio' ? ['radio'] : message.type === 'frames' ? [message.frames.map(({ seq }) => seq).join()] : [],
      )
    source.radio = radio
    tick()
    expect(told()).toEqual(['radio', '1,2'])
    tick(8)
    expect(told()).toEqual([])
    radio.newest = 4
    radio.revision = 2
    tick()
    expect(told()).toEqual(['radio', '3,4'])
    radio.revision = 3
    // Once a second at most.
    tick(3)
    expect(told()).toEqual([])
    tick()
    expect(told()).toEqual(['radio'])
  })

  test('carries out commands of the world and answers each', () => {
    const world = new World()
    const { client, first } = openSocket({ world })
    expect(first.map((message) => message.type)).toEqual(['hello', 'state', 'world', 'events', 'curve'])
    client.connection.receive(clientText('{"type":"world","id":7,"command":"mains","phase":2,"state":"sag","extra":1}'))
    expect(messages(client.take())).toMatchObject([{ type: 'reply', id: 7 }, { type: 'world' }])
    expect(world.commands).toEqual([{ command: 'mains', phase: 2, state: 'sag' }])
    client.connection.receive(clientText('{"type":"world","id":8,"command":"speed","speed":10}'))
    expect(messages(client.take())[0]).toEqual({ type: 'reply', id: 8, error: 'Time cannot be changed.' })
    client.connection.receive(clientText('{"type":"world","id":9,"command":"mains","phase":4,"state":"sag"}'))
    expect(messages(client.take())[0]).toEqual({ type: 'reply', id: 9, error: 'This command is not known.' })
    expect(world.commands).toHaveLength(2)
  })

  test('a meter without a world obeys nobody', () => {
    const { client } = openSocket()
    client.connection.receive(clientText('{"type":"world","id":1,"command":"speed","speed":10}'))
    expect(messages(client.take())[0]).toMatchObject({ type: 'reply', error: expect.stringContaining('no world') })
  })

  test('what is no request ends the connection', () => {
    const { client, server } = openSocket()
    client.connection.receive(clientText('hello?'))
    expect(client.take().subarray(0, 4).toString('hex')).toMatch(/^88..03f0$/)
    expect({ closes: client.closes(), left: server.connections }).toEqual({ closes: 1, left: 0 })
  })

  test('a client that takes nothing is skipped, then dropped', () => {
    let room = 1_000_000
    const { server, tick } = face()
    const client = connect(server, () => room)
    client.say(get('/ws', UPGRADE + ORIGIN))
    client.take()
    room = 0
    tick(100)
    expect(client.closes()).toBe(0)
    room = 1_000_000
    client.connection.writable()
    // One state had been made before the queue was seen to stand still, and no more.
    expect(messages(client.take()).filter((message) => message.type === 'state')).toHaveLength(1)
    room = 0
    tick(130)
    expect({ closes: client.closes(), left: server.connections }).toEqual({ closes: 1, left: 0 })
  })
})

describe('connections', () => {
  test('a silent one is closed after half a minute', () => {
    const { server, tick } = face()
    const client = connect(server)
    client.say('GET / HT')
    tick(119)
    client.say('TP/1.1\r\n')
    expect(client.closes()).toBe(0)
    tick(2)
    expect({ closes: client.closes(), left: server.connections }).toEqual({ closes: 1, left: 0 })
  })

  test('are spare while nobody asks for anything, or takes too long to ask', () => {
    const { server, tick } = face()
    const client = connect(server)
    expect(client.connection.spare).toBe(true)
    client.say('GET / HT')
    expect(client.connection.spare).toBe(false)
    tick(4)
    expect(client.connection.spare).toBe(true)
    client.say('TP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    expect(client.take().length).toBeGreaterThan(0)
    client.say('GET')
    expect(client.connection.spare).toBe(false)
  })

  test('that show the live page are never spare', () => {
    const { client, tick } = openSocket()
    tick(8)
    expect(client.connection.spare).toBe(false)
  })

  test('all end with the server', () => {
    const { server, client, timers } = openSocket()
    const plain = connect(server)
    client.take()
    server.close()
    expect(client.take().subarray(0, 4).toString('hex')).toMatch(/^88..03e9$/)
    expect([client.closes(), plain.closes(), server.connections, timers.size]).toEqual([1, 1, 0, 0])
  })
})

test('requests: any JSON is judged without a throw, and only known fields pass', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(parseRequest(text)?.command).toBeUndefined()
    }),
  )
  const known = fc.record({
    type: fc.constant('world'),
    id: fc.nat(),
    command: fc.constantFrom('appliance', 'pv', 'mains', 'speed', 'x'),
    on: fc.oneof(fc.boolean(), fc.string()),
    phase: fc.integer({ min: -1, max: 5 }),
    state: fc.constantFrom('on', 'off', 'sag', 'up'),
    speed: fc.oneof(fc.double(), fc.constant('max')),
    appliance: fc.string({ maxLength: 80 }),
    power_W: fc.double(),
  })
  fc.assert(
    fc.property(known, (fields) => {
      const text = JSON.stringify(fields)
      const command = parseRequest(text)?.command
      if (command === undefined) return
      // As JSON knows them: without negative zero.
      expect(JSON.parse(text)).toMatchObject(command)
      expect(Object.keys(command).length).toBeLessThanOrEqual(3)
    }),
  )
})
