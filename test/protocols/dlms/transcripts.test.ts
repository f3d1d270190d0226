import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { DlmsServer } from '../../../src/protocols/dlms/server.ts'
import { ManagedMeter } from './managed-source.ts'
import { memorySource } from './memory-source.ts'

interface Transcript {
  readonly sessions: readonly (readonly { readonly request: string; readonly response: string }[])[]
}

function transcript(peer: string): Transcript {
  return JSON.parse(readFileSync(new URL(`../../vectors/dlms/transcript-${peer}.json`, import.meta.url), 'utf8'))
}

/** Feeds a session in pieces of `size` bytes and gives the responses in order. */
function replay(server: DlmsServer, session: Transcript['sessions'][number], size: number): string[] {
  let response = ''
  const connection = server.connect(
    (bytes) => {
      response += toHex(bytes)
      return true
    },
    () => {
      response += 'closed'
    },
  )
  return session.map(({ request }) => {
    response = ''
    const bytes = fromHex(request)
    for (let at = 0; at < bytes.length; at += size) connection.receive(bytes.subarray(at, at + size))
    return response
  })
}

describe.each(['gurux-dlms', 'dlms-cosem', 'jdlms'])('sessions of %s', (peer) => {
  const { sessions } = transcript(peer)

  test('cover public and reading client, a wrong secret, and small PDUs or what is denied', () => {
    expect(sessions).toHaveLength(4)
    expect(sessions.map((session) => session.length).every((length) => length > 0)).toBe(true)
  })

  test.each([1, 7, 4096])('get the same bytes again, in pieces of %i', (size) => {
    const server = new DlmsServer(memorySource())
    for (const session of sessions) expect(replay(server, session, size)).toEqual(session.map((exchange) => exchange.response))
  })
})

describe.each([
  ['gurux-dlms-manage', 1000, 4],
  ['gurux-dlms-pieces', 2048, 4],
  ['dlms-cosem-manage', undefined, 1],
  ['jdlms-manage', 500, 1],
] as const)('sessions of %s', (name, blockSize, count) => {
  test.each([1, 7, 4096])('change the meter in the same way again, in pieces of %i', (size) => {
    const { sessions } = transcript(name)
    expect(sessions).toHaveLength(count)
    const meter = new ManagedMeter(blockSize)
    const server = new DlmsServer(meter)
    for (const session of sessions) expect(replay(server, session, size)).toEqual(session.map((exchange) => exchange.response))
    if (blockSize !== undefined) expect(meter.image.activated).toBe(1)
  })
})
