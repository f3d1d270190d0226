import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostCrypto } from '../../../hal/host/crypto.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { MAX_MESSAGE, WebSocketConnection } from '../../../src/protocols/websocket/connection.ts'
import { encodeFrame, Opcode } from '../../../src/protocols/websocket/frame.ts'
import { acceptKey, answerHandshake } from '../../../src/protocols/websocket/handshake.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A masked client frame; `length` may lie. */
function clientFrame(first: number, payload: Uint8Array, mask = [0x37, 0xfa, 0x21, 0x3d]): Uint8Array {
  const size = payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 255]
  return Uint8Array.from([
    first,
    0x80 | (size[0] as number),
    ...size.slice(1),
    ...mask,
    ...payload.map((byte, i) => byte ^ (mask[i & 3] as number)),
  ])
}

function open(room?: () => number) {
  const log = { out: [] as string[], texts: [] as string[], binaries: [] as number[][], closes: 0, codes: [] as number[] }
  const make = (binary: boolean) =>
    new WebSocketConnection({
      send: (bytes) => log.out.push(toHex(bytes)),
      ...(room === undefined ? {} : { room }),
      close: () => log.closes++,
      onText: (text) => log.texts.push(text),
      ...(binary ? { onBinary: (bytes: Uint8Array) => log.binaries.push([...bytes]) } : {}),
      onClose: (code) => log.codes.push(code),
    })
  return { socket: make(true), textOnly: make(false), log }
}

/** Code of a close frame in hexadecimal. */
const closeCode = (frame: string | undefined): number => (frame?.startsWith('88') ? Number.parseInt(frame.slice(4, 8), 16) : 0)

describe('handshake', () => {
  const headers = new Map([
    ['upgrade', 'websocket'],
    ['connection', 'keep-alive, Upgrade'],
    ['sec-websocket-version', '13'],
    ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ])

  test('example of RFC 6455 section 1.3', () => {
    expect(acceptKey('dGhlIHNhbXBsZSBub25jZQ==', hostCrypto)).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
    expect(answerHandshake({ method: 'GET', headers }, hostCrypto)).toMatchObject({ status: 101 })
  })

  test.each([
    ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=', 400],
    ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZR==', 400],
    ['sec-websocket-key', 'c2hvcnQ=', 400],
    ['sec-websocket-version', '8', 426],
    ['upgrade', 'h2c', 426],
    ['connection', 'keep-alive', 426],
  ])('refuses %s: %s', (name, value, status) => {
    expect(answerHandshake({ method: 'GET', headers: new Map([...headers, [name, value]]) }, hostCrypto)).toMatchObject({ status })
  })
})

describe('vectors of RFC 6455 section 5.7', () => {
  test('a single-frame masked text message', () => {
    const { socket, log } = open()
    socket.receive(fromHex('818537fa213d7f9f4d5158'))
    expect(log.texts).toEqual(['Hello'])
  })

  test('a single-frame unmasked text message is what a server sends, and what a client may not', () => {
    const { socket, log } = open()
    expect(socket.sendText('Hello')).toBe(true)
    expect(log.out).toEqual(['810548656c6c6f'])
    socket.receive(fromHex('810548656c6c6f'))
    expect(closeCode(log.out[1])).toBe(1002)
    expect(log).toMatchObject({ closes: 1, texts: [], codes: [1002] })
  })

  test('a fragmented text message, with a ping between', () => {
    const { socket, log } = open()
    socket.receive(clientFrame(0x01, utf8('Hel')))
    socket.receive(fromHex('898537fa213d7f9f4d5158'))
    socket.receive(clientFrame(0x80, utf8('lo')))
    expect(log.texts).toEqual(['Hello'])
    expect(log.out).toEqual(['8a0548656c6c6f'])
  })

  test('256 bytes and 64 KiB of binary data', () => {
    expect(toHex(encodeFrame(Opcode.binary, new Uint8Array(256))).slice(0, 8)).toBe('827e0100')
    expect(toHex(encodeFrame(Opcode.binary, new Uint8Array(65_536))).slice(0, 20)).toBe('827f0000000000010000')
    const { socket, log } = open()
    socket.receive(clientFrame(0x82, new Uint8Array(256).fill(7)))
    expect(log.binaries).toEqual([new Array(256).fill(7)])
  })
})

describe('what a client may not do', () => {
  const mask = '00000000'
  test.each([
    ['reserved bit', `c180${mask}`, 1002],
    ['reserved opcode 3', `8380${mask}`, 1002],
    ['reserved opcode 11', `8b80${mask}`, 1002],
    ['fragmented ping', `0980${mask}`, 1002],
    ['ping of 126 bytes', '89fe007e', 1002],
    ['continuation of nothing', `8080${mask}`, 1002],
    ['new message inside a fragmented one', `0180${mask}8180${mask}`, 1002],
    ['length 5 in 16 bits', `81fe0005${mask}`, 1002],
    ['length 5 in 64 bits', `81ff0000000000000005${mask}`, 1002],
    ['length with the top bit', `81ff8000000000010000${mask}`, 1002],
    ['message too big', `81fe4001${mask}`, 1009],
    ['enormous message', `81ff7fffffffffffffff${mask}`, 1009],
    ['close with one byte', `8881${mask}03`, 1002],
    ['close with code 1005', `8882${mask}03ed`, 1002],
    ['close with code 999', `8882${mask}03e7`, 1002],
    ['close with a reason that is not UTF-8', `8883${mask}03e8ff`, 1007],
    ['text that is not UTF-8', `8181${mask}ff`, 1007],
    ['text with a surrogate', `8183${mask}eda080`, 1007],
  ])('%s', (_name, hex, code) => {
    const { socket, log } = open()
    socket.receive(fromHex(hex))
    expect(closeCode(log.out[0])).toBe(code)
    expect(log).toMatchObject({ closes: 1, codes: [code], texts: [] })
    // Nothing that follows is looked at.
    socket.receive(fromHex('818537fa213d7f9f4d5158'))
    socket.closed()
    expect(log).toMatchObject({ closes: 1, codes: [code], texts: [] })
  })

  test('binary where only text is spoken', () => {
    const { textOnly, log } = open()
    textOnly.receive(clientFrame(0x82, new Uint8Array(1)))
    expect(closeCode(log.out[0])).toBe(1003)
  })

  test('fragments that add up to too much', () => {
    const { socket, log } = open()
    socket.receive(clientFrame(0x01, new Uint8Array(MAX_MESSAGE).fill(65)))
    expect(log.codes).toEqual([])
    socket.receive(clientFrame(0x80, new Uint8Array(1)))
    expect(log.codes).toEqual([1009])
  })
})

describe('closing', () => {
  test('a close frame is answered with its code, and frames behind it are ignored', () => {
    const { socket, log } = open()
    socket.receive(Uint8Array.from([...clientFrame(0x88, Uint8Array.of(0x03, 0xe9)), ...clientFrame(0x82, new Uint8Array(300))]))
    expect(log).toMatchObject({ out: ['880203e9'], closes: 1, codes: [1001], binaries: [] })
  })

  test('an empty close frame too', () => {
    const { socket, log } = open()
    socket.receive(clientFrame(0x88, new Uint8Array(0)))
    expect(log).toMatchObject({ out: ['8800'], closes: 1, codes: [1005] })
  })

  test('a lost transport is 1006, once', () => {
    const { socket, log } = open()
    socket.closed()
    socket.closed()
    expect(log).toMatchObject({ out: [], closes: 0, codes: [1006] })
    expect(socket.sendText('x')).toBe(false)
  })

  test('waits until the transport took everything', () => {
    let room = 0
    const { socket, log } = open(() => room)
    socket.sendText('Hello')
    socket.close(1000)
    expect(log.closes).toBe(0)
    room = 1000
    socket.writable()
    expect(log).toMatchObject({ out: ['810548656c6c6f', '880203e8'], closes: 1 })
  })
})

test('a client that reads nothing holds no more than the limit', () => {
  const { socket } = open(() => 0)
  let sent = 0
  while (socket.sendText('x'.repeat(1000))) sent++
  expect(sent).toBeLessThan(70)
  for (let i = 0; i < 1000; i++) socket.receive(clientFrame(0x89, new Uint8Array(125)))
  expect(socket.waiting).toBeLessThanOrEqual(0x10000)
})

test('any cut of the bytes gives the same messages', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 200 }), { maxLength: 5 }),
      fc.array(fc.nat(2000), { maxLength: 10 }),
      (texts, cuts) => {
        const { socket, log } = open()
        const bytes = Uint8Array.from(texts.flatMap((text) => [...clientFrame(0x81, utf8(text))]))
        const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b)
        for (let i = 1; i < at.length; i++) socket.receive(bytes.slice(at[i - 1], at[i]))
        expect(log.texts).toEqual(texts)
      },
    ),
  )
})

test('random bytes and random frames never throw', () => {
  const frame = fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 200 })).map(([first, payload]) => clientFrame(first, payload))
  fc.assert(
    fc.property(fc.array(fc.oneof(frame, fc.uint8Array({ maxLength: 30 })), { maxLength: 12 }), (pieces) => {
      const { socket, log } = open()
      for (const piece of pieces) socket.receive(piece.slice())
      expect(log.closes).toBeLessThanOrEqual(1)
      expect(log.codes.length).toBe(log.closes)
    }),
    { numRuns: 2000 },
  )
})
