import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { DlmsServer } from '../../../src/protocols/dlms/server.ts'
import { memorySource } from './memory-source.ts'

interface Transcript {
  readonly sessions: readonly (readonly { readonly request: string; readonly response: string }[])[]
}

function transcript(peer: string): Transcript {
  return JSON.parse(readFileSync(new URL(`../../vectors/dlms/transcript-${peer}.json`, import.meta.url), 'utf8'))
}

/** Feeds a session in pieces of `size` bytes and gives the responses in order. */
function replay(session: Transcript['sessions'][number], size: number): string[] {
  let response = ''
  const connection = new DlmsServer(memorySource()).connect(
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
    for (const session of sessions) expect(replay(session, size)).toEqual(session.map((exchange) => exchange.response))
  })
})
